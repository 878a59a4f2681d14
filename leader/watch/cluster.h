/* leader/watch/cluster.h - one member cluster: which kinds it serves, their informers, its health.
 *
 * Discovery first (GET /apis, then /apis/GROUP/VERSION of each kind): a kind that a successful discovery shows as not served is
 * an empty, complete list, unless this process has seen it served: then it is stale and its objects stay. A 404 alone shows
 * nothing, nor does a list of groups: an API server that starts lists next to nothing at first. Routes served: Ingresses are not watched, on purpose.
 * Discovery is repeated every 5 min and after a 404.
 *
 * Ownership: the cluster owns its client and informers. Freeing it first takes all its objects out (on_object with after NULL)
 *            so that nobody keeps a pointer.
 * Errors:    none reach the caller but as state, told by on_state; everything is tried again for ever.
 */
#pragma once

#include "common/kube/informer.h"
#include "leader/watch/knowledge.h"

struct cluster;

struct cluster_options {
	struct http_client *http;
	uv_loop_t *loop;
	const struct kube_context *context;    /* copied; its error, if any, is the cluster's */
	const char *name;                      /* of the context; also where the kubeconfig has none of that name */
	/* before NULL: new; after NULL: gone. */
	void (*on_object)(void *arg, struct cluster *cluster, const struct host_object *before, const struct host_object *after);
	void (*on_namespace)(void *arg, struct cluster *cluster, const char *name);
	void (*on_state)(void *arg, struct cluster *cluster);
	void *arg;
	struct informer_times times;           /* 0: the usual ones. Tests shorten them */
};

struct cluster *cluster_new(const struct cluster_options *options);
void cluster_free(struct cluster *cluster);                /* NULL is fine */

const char *cluster_name(const struct cluster *cluster);
/* The same context, to the letter: nothing needs to be started anew. */
bool cluster_has_context(const struct cluster *cluster, const struct kube_context *context);
const struct namespace_info *cluster_namespace(const struct cluster *cluster, const char *name);   /* NULL: not seen */
void cluster_each_object(const struct cluster *cluster, void (*each)(void *arg, const struct host_object *object), void *arg);
/* The name is borrowed. */
void cluster_knowledge(const struct cluster *cluster, struct cluster_knowledge *out);

/* Start-up waits for clusters until each is settled: everything is listed, or something has failed. */
bool cluster_is_settled(const struct cluster *cluster);

/* Why the cluster is not wholly synced: a condition's reason and a message with kind and HTTP status; NULL when it is. */
enum cluster_trouble {
	CLUSTER_FINE,
	CLUSTER_SYNCING,
	CLUSTER_UNREACHABLE,
	CLUSTER_UNAUTHORIZED,
	CLUSTER_FORBIDDEN,
	CLUSTER_BAD_ANSWER,
	CLUSTER_UNKNOWN_CONTEXT,
};
const char *cluster_trouble_reason(enum cluster_trouble trouble);     /* "Unreachable", ... */
enum cluster_trouble cluster_trouble(const struct cluster *cluster, char **message /* yours; NULL when fine */);
/* As cluster_trouble(); false when it is the trouble of the last call, or when the cluster only is on its way. */
bool cluster_has_news(struct cluster *cluster, enum cluster_trouble *trouble, char **message);

/* For /api/sync: one row a watched kind. */
struct cluster_kind_state {
	const char *kind, *resource_version;
	enum informer_state state;
	size_t n_objects;
};
size_t cluster_states(const struct cluster *cluster, struct cluster_kind_state out[N_HOST_KINDS + 1]);
