/* leader/leader.h - the parts of the leader, wired in the order of the data flow, and the phases they go through.
 *
 *   WAITING ──config is sound──► CHECKING ──controller leads──► LISTING ──listed──► SYNCING ──clusters and policy──► RUNNING
 *      ▲ no config, or it is refused │ ▲                                                                              │ │
 *      │                             │ └────────── GSLBConfig, credentials or kubeconfig edited; another leads ───────┘ │
 *      └─────────────────────────────┘                            controller away: paused, listed anew when it is back ◄┘
 *
 * Nothing is written to the controller outside RUNNING, and under a keeper nothing that its lease does not allow (look.c).
 * Ownership: owns every part. leader_free() after the loop has run leader_stop() to its end.
 */
#pragma once

#include <uv.h>

#include "common/base/json.h"
#include "common/lease/lease.h"

struct leader;

struct leader_options {
	uv_loop_t *loop;
	const char *kubeconfig, *context;      /* own cluster; kubeconfig NULL: the pod's service account */
	const char *members_kubeconfig;        /* NULL: GSLB_CONFIG */
	const char *namespace;
	bool is_dry_run;                       /* writes nothing, says what it would */
	bool has_log_level;                    /* given by flag: the GSLBConfig's does not change it */
	struct lease *lease;                   /* outlives it; its changes are told by leader_lease_changed(). NULL: alone */
	void (*on_overtaken)(void *arg);       /* the record shows a greater claim: nothing more is written */
	void *arg;
};

/* NULL when the own cluster's credentials cannot be read; the rest is tried again for ever. */
struct leader *leader_new(const struct leader_options *options, struct err *err);
/* Lets what is in flight end (10 s at most, and what the lease leaves), logs out, then calls stopped. */
void leader_stop(struct leader *leader, void (*stopped)(void *arg), void *arg);
void leader_free(struct leader *leader);                   /* NULL is fine */

void leader_lease_changed(struct leader *leader);
/* No write is left that the controller has not answered and may still carry out. */
bool leader_is_quiet(const struct leader *leader);

bool leader_is_ready(const struct leader *leader, char **why);
bool leader_is_connected(const struct leader *leader);
cJSON *leader_sync_json(const struct leader *leader);      /* /api/sync; yours */
