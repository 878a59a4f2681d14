/* common/crd/sanity.h - AMKO's checks of a federation's AMKOClusters, as its conditions. Pure.
 *
 * Status and reason are AMKO's texts, to the letter; the message names the cluster and what to do. A failed check is a
 * condition and never an exit. Where AMKO stops and we do not: an unknown context and another version keep nobody but
 * that
 * cluster from anything; the own context need not be among spec.clusters; no other cluster is a sound federation.
 * Ownership: the verdict owns its texts: sanity_verdict_release().
 */
#pragma once

#include "common/crd/amkocluster.h"

/* Another cluster of spec.clusters, in its order. */
struct sanity_member {
	const char *context;
	bool is_unknown;               /* the members' kubeconfig has no such context */
	const char *unusable;          /* NULL, or why that context cannot be used */
	const char *unreachable;       /* NULL, or why its AMKOClusters could not be listed */
	bool is_listed;                /* `objects` are those of its namespace; false without `unreachable`: not asked yet */
	const struct amkocluster *const *objects;
	size_t n_objects;
	bool is_used_up;               /* a later promotion overtook its isLeader: true */
};

struct sanity_case {
	const struct amkocluster *object;              /* the one that is judged: its conditions are made */
	const struct amkocluster *const *objects;      /* all of this cluster, of every namespace */
	size_t n_objects;
	const char *namespace;                         /* "avi-system" */
	const char *running_version;
	bool is_leading;                               /* leads or stands for it; false: only the own object is judged */
	bool has_kubeconfig;                           /* the members' */
	const char *kubeconfig_error;                  /* NULL, or what is wrong with the whole of it */
	const struct strs *contexts;                   /* all that it has; never NULL where there is one */
	const struct sanity_member *members;
	size_t n_members;
};

struct sanity_verdict {
	bool is_sound;                 /* nothing about the own object or the kubeconfig keeps it from leading */
	struct condition conditions[3];                /* without times */
	size_t n_conditions;           /* stages that were not reached have none */
	struct strs valid;             /* contexts of members that may be federated to */
	const char *second_leader;     /* borrowed from the case; NULL: none is seen */
};

/* AMKO does not lead by an object without one. */
#define SANITY_NO_VERSION "version field can't be empty in AMKOCluster object"
/* With this begins the message of a follower's AMKOCluster that would keep it from leading. */
#define SANITY_COULD_NOT_LEAD "it could not lead: "

/* verdict: uninitialised. */
void sanity_judge(const struct sanity_case *sanity, struct sanity_verdict *verdict);
void sanity_verdict_release(struct sanity_verdict *verdict);
