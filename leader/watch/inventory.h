/* leader/watch/inventory.h - all member clusters together: who is a member, what they serve under a host name.
 *
 * Ownership: owns the clusters and the index over their objects. What it returns is borrowed until the loop runs again.
 * Errors:    none; a cluster's troubles are its own.
 */
#pragma once

#include "common/crd/gslbconfig.h"
#include "leader/watch/cluster.h"

struct inventory;

struct inventory_options {
	struct http_client *http;
	uv_loop_t *loop;
	void (*on_host)(void *arg, const char *host);      /* something changed that this host name depends on */
	void (*on_state)(void *arg);                       /* a cluster's state, or the set of clusters */
	void *arg;
};

struct inventory *inventory_new(const struct inventory_options *options);
void inventory_free(struct inventory *inventory);          /* NULL is fine */

/* The clusters of this configuration, in its order, with the contexts of this kubeconfig (NULL: none is readable, the last
 * ones stay). Those that stay the same go on undisturbed; the others are left or started. True when anything changed. */
bool inventory_configure(struct inventory *inventory, const struct gslbconfig *config, const struct kubeconfig *kubeconfig);

size_t inventory_count(const struct inventory *inventory);
const struct cluster *inventory_cluster(const struct inventory *inventory, size_t i);
bool inventory_is_settled(const struct inventory *inventory);     /* every cluster is */

/* Everything served under this host, in no order. Yours to free. */
struct candidate *inventory_candidates(const struct inventory *inventory, const char *host, size_t *n);
/* Addresses that were seen to go from this host while some cluster was not known. Borrowed until the next event. */
const struct gone_address *inventory_gone(const struct inventory *inventory, const char *host, size_t *n);
/* While any cluster is unknown it matters what was seen to go; once all are known it is forgotten. */
void inventory_remember_gone(struct inventory *inventory, bool remembers);
void inventory_each_host(const struct inventory *inventory, void (*each)(void *arg, const char *host), void *arg);
/* In the order of memberClusters. Yours to release: it outlives the clusters. */
void inventory_knowledge(const struct inventory *inventory, struct knowledge *out);
