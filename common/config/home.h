/* common/config/home.h - what is read in the own cluster: GSLBConfigs, the credentials that one of them names, and for those who
 * ask policies and the own namespace.
 *
 * Ownership: owns the informers; what it returns is borrowed until the loop runs again.
 * Errors:    none reach the caller but as "not synced".
 */
#pragma once

#include "common/crd/gdp.h"
#include "common/crd/gslbconfig.h"
#include "common/kube/informer.h"

struct home;

/* Out of the Secret that GSLBConfig names. */
struct credentials {
	char *username;                        /* NULL: the Secret has none */
	struct secret password;
};

struct home_options {
	struct kube_client *kube;
	uv_loop_t *loop;
	const char *namespace;                 /* where configuration and Secret live: borrowed */
	void (*on_change)(void *arg);          /* anything changed, or a list became complete */
	bool wants_policies, wants_namespace;
	void (*on_policy_deleted)(void *arg, const char *namespace, const char *name);   /* seen to go */
	void *arg;
};

struct home *home_new(const struct home_options *options);
void home_free(struct home *home);                            /* NULL is fine */
/* Follows the Secret of this name; another one than before is asked for anew. */
void home_follow_secret(struct home *home, const char *name);

bool home_has_configs(const struct home *home);               /* the list is complete */
bool home_has_policies(const struct home *home);
bool home_has_secret(const struct home *home);
bool home_has_namespace(const struct home *home);
/* Oldest first (creation, namespace, name). Yours to free, the elements borrowed. */
const struct gslbconfig **home_configs(const struct home *home, size_t *n);
const struct gdp **home_policies(const struct home *home, size_t *n);
const struct credentials *home_credentials(const struct home *home);          /* NULL: no such Secret */
const char *home_tenant(const struct home *home);             /* the namespace's annotation; NULL: none */
/* Why the own cluster's API cannot be read; NULL when it can. */
const char *home_trouble(const struct home *home);

struct home_state {
	const char *kind, *resource_version;
	enum informer_state state;
	size_t n_objects;
};
#define HOME_STATES 4
void home_states(const struct home *home, struct home_state out[HOME_STATES]);
