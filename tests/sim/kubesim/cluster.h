/* tests/sim/kubesim/cluster.h - one simulated cluster: its resources, its counter of versions, and how objects change.
 *
 * Ownership: a cluster owns its kinds. No I/O, no clock but for creation times; one thread.
 */
#pragma once

#include "tests/sim/kubesim/store.h"

struct ks_cluster {
	char *name;
	struct ks_kinds kinds;
	uint64_t rv;                   /* the newest change; one counter for all kinds */
	size_t max_events;             /* history of each kind */
	unsigned next_ip, next_port;   /* of Services */
	/* Every change, once it is stored. */
	void (*on_event)(struct ks_cluster *cluster, struct ks_kind *kind, const struct ks_event *event);
	void (*on_kind_gone)(struct ks_cluster *cluster, struct ks_kind *kind);
};

/* With the namespaces that every cluster has. */
struct ks_cluster *ks_cluster_new(const char *name, size_t max_events);
void ks_cluster_free(struct ks_cluster *cluster);                    /* NULL is fine */

struct ks_version *ks_cluster_find(const struct ks_kind *kind, const char *namespace, const char *name); /* borrowed */
/* Gives the object the next resourceVersion and stores it; what follows from it (a definition is served, the last
 * finalizer of a namespace is gone) happens too. Takes the object over. Borrowed until the next change. */
struct ks_version *ks_cluster_put(struct ks_cluster *cluster, struct ks_kind *kind, cJSON *object);
/* Removes for good, finalizers or not. */
void ks_cluster_remove(struct ks_cluster *cluster, struct ks_kind *kind, struct ks_version *version);
/* What a client's DELETE does: at once, or a deletionTimestamp where finalizers are. The object as it was left
 * (yours to unref), or NULL where it went at once. A namespace is told as terminating, also when it has gone by then.
 */
struct ks_version *ks_cluster_delete(struct ks_cluster *cluster, struct ks_kind *kind, struct ks_version *version);

bool ks_namespace_is_there(const struct ks_cluster *cluster, const char *name, bool *is_terminating);
/* All objects but definitions and the namespaces of every cluster; also a definition's objects. */
void ks_cluster_reset(struct ks_cluster *cluster);
/* Watches and lists at versions up to the present one get 410. */
void ks_cluster_compact(struct ks_cluster *cluster);
