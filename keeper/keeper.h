/* keeper/keeper.h - the protocol and its edges, wired: who asks whom, and what becomes of the answers.
 *
 *  own cluster: AMKOCluster, GSLBConfig, Secret ─┐                              ┌─► voters: Leases, AMKOClusters of the members
 *  members' kubeconfig ──────────────────────────┼─► protocol ─► actions ───────┼─► fence: the record on the controller
 *  worker's reports and end ─────────────────────┘      ▲                       ├─► worker: start, feed, end
 *                                                       └──── answers ◄─────────┴─► own AMKOCluster: what is kept
 *
 * Ownership: owns all of it; the loop outlives it.
 * Errors:    keeper_new() fails where the own cluster's credentials cannot be read; everything else is tried again for ever.
 */
#pragma once

#include <uv.h>

#include "common/base/json.h"
#include "keeper/protocol.h"

enum keeper_role { KEEPER_AUTO, KEEPER_LEADER, KEEPER_FOLLOWER };      /* --role */

struct keeper_options {
	uv_loop_t *loop;
	const char *kubeconfig, *context;      /* own cluster; kubeconfig NULL: the pod's service account */
	const char *members_kubeconfig;        /* NULL: GSLB_CONFIG */
	const char *namespace;
	const char *pod, *pod_uid;             /* for the identity */
	enum keeper_role role;
	struct timing timing;
	const char *folder;                    /* of the workers' programs */
	const struct strs *worker_arguments;
	void (*on_exit)(void *arg);            /* after keeper_stop(): nothing is left to do */
	void *arg;
};

struct keeper;

struct keeper *keeper_new(const struct keeper_options *options, struct err *err);
void keeper_free(struct keeper *keeper);       /* NULL is fine */
void keeper_stop(struct keeper *keeper);       /* SIGTERM: releases, then on_exit */

/* {"role", "epoch", "leader", "stage", ...}; yours to delete. */
cJSON *keeper_status_json(const struct keeper *keeper);
bool keeper_is_ready(const struct keeper *keeper, char **why);       /* false: *why is yours */
