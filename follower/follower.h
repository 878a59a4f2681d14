/* follower/follower.h - the parts of the follower: its AMKOCluster, its copies of the configuration, the controller that it would
 * write to, and what follows: could this instance lead now. It writes nothing to anybody.
 *
 * Ownership: owns every part. follower_free() after the loop has run follower_stop() to its end.
 */
#pragma once

#include <uv.h>

#include "common/base/json.h"
#include "common/lease/lease.h"

struct follower;

struct follower_options {
	uv_loop_t *loop;
	const char *kubeconfig, *context;      /* own cluster; kubeconfig NULL: the pod's service account */
	const char *members_kubeconfig;        /* NULL: GSLB_CONFIG */
	const char *namespace;
};

/* NULL when the own cluster's credentials cannot be read; the rest is tried again for ever. */
struct follower *follower_new(const struct follower_options *options, struct err *err);
void follower_stop(struct follower *follower, void (*stopped)(void *arg), void *arg);      /* logs out first */
void follower_free(struct follower *follower);             /* NULL is fine */

bool follower_is_ready(const struct follower *follower, char **why);       /* it knows its AMKOCluster */
bool follower_is_connected(const struct follower *follower);               /* to the controller */
cJSON *follower_sync_json(const struct follower *follower);                /* /api/sync; yours */
cJSON *follower_fitness_json(const struct follower *follower);             /* /api/fitness; yours */
