/* keeper/own_cluster.h - the AMKOCluster of the own cluster: watched, and what is kept on it written.
 *
 * Ownership: owns its informer; borrows the client. Values are the caller's.
 * Errors:    what cannot be read is a state; a refused or failed write is told.
 */
#pragma once

#include "common/kube/informer.h"
#include "keeper/protocol.h"

struct own_cluster;

struct own_cluster_options {
	uv_loop_t *loop;
	struct kube_client *kube;
	const char *namespace;
	int64_t request_ms;            /* time-out of a write */
	void (*on_change)(void *arg);
	void (*on_kept)(void *arg, bool is_done);
	void *arg;
};

struct own_cluster *own_cluster_new(const struct own_cluster_options *options);
void own_cluster_free(struct own_cluster *own);        /* NULL is fine */
/* The clusterContext of the one object that counts; NULL: there is none. Borrowed. */
const char *own_cluster_context(const struct own_cluster *own);
#define OWN_OBJECTS_MAX 16
/* All AMKOClusters of the cluster, in every namespace; returns how many, of more the first ones. Borrowed. */
size_t own_cluster_objects(const struct own_cluster *own, const cJSON *out[OWN_OBJECTS_MAX]);
/* *out where OWN_FOUND; *why is yours, NULL where there is nothing to complain of. */
enum own_state own_cluster_read(const struct own_cluster *own, const char *context, struct roster *roster, struct own *out,
				char **why);
bool own_cluster_is_live(const struct own_cluster *own);       /* its API server answers */
/* Writes the annotations role, promotion and fit; one at a time. Answered by on_kept, never from inside. */
void own_cluster_keep(struct own_cluster *own, const char *role, const struct kept *kept, const struct fitness *fitness);
