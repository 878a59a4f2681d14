/* ctl/look.h - reads a federation: the AMKOCluster of one cluster names the others.
 *
 * Ownership: the eye owns the kubeconfig and the asker.
 * Errors:    opening fails without a usable kubeconfig or context; what a cluster does not answer is in its site.
 */
#pragma once

#include "ctl/args.h"
#include "ctl/ask.h"
#include "ctl/fleet.h"

struct eye {
	struct kubeconfig kubeconfig;
	const struct kube_context *entry;      /* where to begin */
	char *entry_name;                      /* what the federation calls it; the context's name until it has answered */
	const char *namespace;
	struct asker *asker;
};

/* eye: uninitialised. */
bool eye_open(struct eye *eye, const struct args *args, struct err *err);
void eye_close(struct eye *eye);

/* The context of a member; NULL: the kubeconfig has none. Borrowed. */
const struct kube_context *eye_context(const struct eye *eye, const char *member);
/* Every member that any AMKOCluster names, found by going on until no new one is named. fleet: uninitialised. */
void look(struct eye *eye, int64_t timeout_ms, struct fleet *fleet);
