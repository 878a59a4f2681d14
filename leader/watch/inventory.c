#include "leader/watch/inventory.h"

#include "common/base/log.h"
#include "leader/watch/index.h"

struct inventory {
	struct inventory_options options;
	struct cluster **clusters;
	size_t n_clusters;
	struct index *index;
	bool is_closing, is_replacing;
};

struct inventory *inventory_new(const struct inventory_options *options)
{
	struct inventory *inventory = xcalloc(1, sizeof(*inventory));

	inventory->options = *options;
	inventory->index = index_new();
	return inventory;
}

void inventory_free(struct inventory *inventory)
{
	if (!inventory)
		return;
	inventory->is_closing = true;
	for (size_t i = 0; i < inventory->n_clusters; i++)
		cluster_free(inventory->clusters[i]);
	free(inventory->clusters);
	index_free(inventory->index);
	free(inventory);
}

static void touch(void *arg, const char *host)
{
	struct inventory *inventory = arg;

	if (!inventory->is_closing)
		inventory->options.on_host(inventory->options.arg, host);
}

static void on_object(void *arg, struct cluster *cluster, const struct host_object *before, const struct host_object *after)
{
	struct inventory *inventory = arg;
	const struct host_object *object = after ? after : before;

	log_debug("object", KV("cluster", cluster_name(cluster)), KV("kind", host_kind_name(object->kind)),
		  KV("namespace", object->namespace), KV("name", object->name), KV("hosts", object->n_records),
		  KV("what", !before ? "new" : after ? "changed" : "gone"));
	if (inventory->is_replacing)
		index_drop(inventory->index, before, touch, inventory);
	else
		index_change(inventory->index, cluster_name(cluster), before, after, touch, inventory);
}

struct namespace_touch {
	struct inventory *inventory;
	const char *namespace;
};

static void touch_in_namespace(void *arg, const struct host_object *object)
{
	const struct namespace_touch *of = arg;

	if (!object->namespace || !streq(object->namespace, of->namespace))
		return;
	for (size_t i = 0; i < object->n_records; i++)
		touch(of->inventory, object->records[i].host);
}

static void on_namespace(void *arg, struct cluster *cluster, const char *name)
{
	cluster_each_object(cluster, touch_in_namespace, &(struct namespace_touch){ arg, name });
}

static void log_news(struct cluster *cluster)
{
	CLEANUP(freep) char *message = NULL;
	enum cluster_trouble trouble;

	if (!cluster_has_news(cluster, &trouble, &message))
		return;
	if (trouble == CLUSTER_FINE)
		log_info("cluster_synced", KV("cluster", cluster_name(cluster)));
	else
		log_warn("cluster_trouble", KV("cluster", cluster_name(cluster)), KV("reason", cluster_trouble_reason(trouble)),
			 KV("err", message));
}

static void on_state(void *arg, struct cluster *cluster)
{
	struct inventory *inventory = arg;

	if (inventory->is_closing)
		return;
	log_news(cluster);
	inventory->options.on_state(inventory->options.arg);
}

static struct cluster *start_cluster(struct inventory *inventory, const char *name, const struct kube_context *context)
{
	struct cluster *cluster;

	log_info("cluster_started", KV("cluster", name), KV("server", context && context->server ? context->server : ""));
	cluster = cluster_new(&(struct cluster_options){
		.http = inventory->options.http,
		.loop = inventory->options.loop,
		.context = context,
		.name = name,
		.on_object = on_object,
		.on_namespace = on_namespace,
		.on_state = on_state,
		.arg = inventory,
	});
	log_news(cluster);         /* one that has no usable context says nothing later */
	return cluster;
}

/* Takes the running cluster of that name out of the list; NULL when there is none. */
static struct cluster *take_cluster(struct inventory *inventory, const char *name)
{
	for (size_t i = 0; i < inventory->n_clusters; i++)
		if (inventory->clusters[i] && streq(cluster_name(inventory->clusters[i]), name))
			return TAKE(inventory->clusters[i]);
	return NULL;
}

static bool has_name(struct cluster *const *clusters, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(cluster_name(clusters[i]), name))
			return true;
	return false;
}

/* Its objects are not gone, only not known until its successor has listed them. */
static void end_predecessor(struct inventory *inventory, struct cluster *running)
{
	inventory->is_replacing = true;
	cluster_free(running);
	inventory->is_replacing = false;
}

bool inventory_configure(struct inventory *inventory, const struct gslbconfig *config, const struct kubeconfig *kubeconfig)
{
	struct cluster **clusters = xcalloc(config->n_member_clusters, sizeof(struct cluster *));
	bool is_changed = false;
	size_t n = 0;

	for (size_t i = 0; i < config->n_member_clusters; i++) {
		const char *name = config->member_clusters[i].context;
		const struct kube_context *context = kubeconfig ? kubeconfig_find(kubeconfig, name) : NULL;
		struct cluster *running;

		if (!name || has_name(clusters, n, name))
			continue;
		running = take_cluster(inventory, name);
		if (running && kubeconfig && !cluster_has_context(running, context)) {
			end_predecessor(inventory, running);
			running = NULL;
		}
		is_changed = is_changed || !running;
		clusters[n++] = running ? running : start_cluster(inventory, name, context);
	}
	for (size_t i = 0; i < inventory->n_clusters; i++) {
		if (!inventory->clusters[i])
			continue;
		log_info("cluster_left", KV("cluster", cluster_name(inventory->clusters[i])));
		cluster_free(inventory->clusters[i]);
		is_changed = true;
	}
	free(inventory->clusters);
	inventory->clusters = clusters;
	inventory->n_clusters = n;
	return is_changed;
}

size_t inventory_count(const struct inventory *inventory)
{
	return inventory->n_clusters;
}

const struct cluster *inventory_cluster(const struct inventory *inventory, size_t i)
{
	return inventory->clusters[i];
}

bool inventory_is_settled(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->n_clusters; i++)
		if (!cluster_is_settled(inventory->clusters[i]))
			return false;
	return true;
}

static const struct cluster *find_cluster(const struct inventory *inventory, const char *name)
{
	for (size_t i = 0; i < inventory->n_clusters; i++)
		if (streq(cluster_name(inventory->clusters[i]), name))
			return inventory->clusters[i];
	return NULL;
}

struct candidate *inventory_candidates(const struct inventory *inventory, const char *host, size_t *n)
{
	const struct index_entry *entries = index_find(inventory->index, host, n);
	struct candidate *out = xcalloc(*n, sizeof(*out));

	for (size_t i = 0; i < *n; i++) {
		const struct cluster *cluster = find_cluster(inventory, entries[i].cluster);

		out[i] = (struct candidate){
			.cluster = entries[i].cluster,
			.ns = cluster && entries[i].object->namespace ?
				cluster_namespace(cluster, entries[i].object->namespace) : NULL,
			.object = entries[i].object,
			.record = entries[i].record,
		};
	}
	return out;
}

const struct gone_address *inventory_gone(const struct inventory *inventory, const char *host, size_t *n)
{
	return index_gone(inventory->index, host, n);
}

void inventory_remember_gone(struct inventory *inventory, bool remembers)
{
	if (index_remembers_gone(inventory->index) != remembers)
		index_remember_gone(inventory->index, remembers);
}

void inventory_each_host(const struct inventory *inventory, void (*each)(void *arg, const char *host), void *arg)
{
	index_each_host(inventory->index, each, arg);
}

void inventory_knowledge(const struct inventory *inventory, struct knowledge *out)
{
	struct cluster_knowledge *v = xcalloc(inventory->n_clusters, sizeof(*v));

	for (size_t i = 0; i < inventory->n_clusters; i++) {
		cluster_knowledge(inventory->clusters[i], &v[i]);
		v[i].name = xstrdup(v[i].name);
	}
	*out = (struct knowledge){ v, inventory->n_clusters };
}
