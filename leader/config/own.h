/* leader/config/own.h - what the leader reads in its own cluster: GSLBConfigs, policies, the credentials, its namespace.
 *
 * Ownership: owns the informers; what it returns is borrowed until the loop runs again.
 * Errors:    none reach the caller but as "not synced".
 */
#pragma once

#include "common/crd/gdp.h"
#include "common/crd/gslbconfig.h"
#include "common/kube/informer.h"

struct own;

/* Out of the Secret that GSLBConfig names. */
struct credentials {
	char *username;                        /* NULL: the Secret has none */
	struct secret password;
};

struct own_options {
	struct kube_client *kube;
	uv_loop_t *loop;
	const char *namespace;                 /* where configuration and Secret live: borrowed */
	void (*on_change)(void *arg);          /* anything changed, or a list became complete */
	void (*on_policy_deleted)(void *arg, const char *namespace, const char *name);   /* seen to go */
	void *arg;
};

struct own *own_new(const struct own_options *options);
void own_free(struct own *own);                            /* NULL is fine */
/* Follows the Secret of this name; another one than before is asked for anew. */
void own_follow_secret(struct own *own, const char *name);

bool own_has_configs(const struct own *own);               /* the list is complete */
bool own_has_policies(const struct own *own);
bool own_has_secret(const struct own *own);
bool own_has_namespace(const struct own *own);
/* Oldest first (creation, namespace, name). Yours to free, the elements borrowed. */
const struct gslbconfig **own_configs(const struct own *own, size_t *n);
const struct gdp **own_policies(const struct own *own, size_t *n);
const struct credentials *own_credentials(const struct own *own);          /* NULL: no such Secret */
const char *own_tenant(const struct own *own);             /* the namespace's annotation; NULL: none */
/* Why the own cluster's API cannot be read; NULL when it can. */
const char *own_trouble(const struct own *own);

struct own_state {
	const char *kind, *resource_version;
	enum informer_state state;
	size_t n_objects;
};
#define OWN_STATES 4
void own_states(const struct own *own, struct own_state out[OWN_STATES]);
