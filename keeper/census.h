/* keeper/census.h - the AMKOClusters of the members as they were last listed, and AMKO's checks (common/crd/sanity.h) with them.
 * Pure.
 *
 * Ownership: copies what it is told; census_release(). Verdicts are the caller's.
 */
#pragma once

#include "common/crd/sanity.h"
#include "common/kube/kubeconfig.h"
#include "keeper/protocol.h"

#define CENSUS_OBJECTS_MAX 2                   /* more than one is one too many */

struct census {
	struct census_cluster {
		char context[CONTEXT_MAX];     /* numbers of the roster are given to others; "": nothing is known */
		char *unreachable;             /* why the last list failed; NULL: it did not */
		struct amkocluster *objects[CENSUS_OBJECTS_MAX];
		size_t n_objects;
	} v[ROSTER_MAX];
};

/* items: of a list that was answered; NULL: it was not, and why. */
void census_note(struct census *census, const char *context, int member, const cJSON *items, const char *why);
void census_release(struct census *census);

/* What is known besides. All borrowed. */
struct home_view {
	const char *namespace;
	const struct amkocluster *const *objects;      /* of the own cluster, in every namespace */
	size_t n_objects;
	bool has_kubeconfig;                           /* the members' is given, readable or not */
	const struct kubeconfig *kubeconfig;           /* in force; NULL: none was ever readable */
	const char *kubeconfig_error;                  /* why the newest cannot be read; NULL: it can */
};

/* p NULL: what the own cluster is called is not known yet. */
void census_judge(const struct census *census, const struct protocol *p, const struct home_view *home,
		  const struct amkocluster *object, struct sanity_verdict *out);
