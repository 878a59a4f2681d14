#include "follower/membership.h"

#include "common/base/log.h"

struct membership {
	struct membership_options options;
	struct informer *informer;
};

static void *read_cluster(void *arg, const cJSON *object)
{
	(void)arg;
	return amkocluster_from_json(object);
}

static bool same_cluster(const void *a, const void *b)
{
	return amkocluster_same(a, b);
}

static void free_cluster(void *cluster)
{
	amkocluster_free(cluster);
}

static void on_object(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct membership *membership = arg;

	(void)namespace, (void)name, (void)before, (void)after;
	membership->options.on_change(membership->options.arg);
}

static void on_state(void *arg, enum informer_state state, const struct err *err)
{
	struct membership *membership = arg;

	if (err)
		log_warn("own_cluster_trouble", KV("state", informer_state_name(state)), KV("err", (const char *)err->msg));
	membership->options.on_change(membership->options.arg);
}

struct membership *membership_new(const struct membership_options *options)
{
	struct membership *membership = xcalloc(1, sizeof(*membership));

	membership->options = *options;
	membership->informer = informer_new(&(struct informer_options){
		.kube = options->kube, .loop = options->loop, .resource = &KUBE_AMKOCLUSTERS, .namespace = options->namespace,
		.project = read_cluster, .same = same_cluster, .free = free_cluster, .on_change = on_object,
		.on_state = on_state, .arg = membership });
	return membership;
}

void membership_free(struct membership *membership)
{
	if (!membership)
		return;
	informer_free(membership->informer);
	free(membership);
}

bool membership_is_read(const struct membership *membership)
{
	return informer_was_synced(membership->informer);
}

size_t membership_count(const struct membership *membership)
{
	return informer_count(membership->informer);
}

static void take_cluster(void *arg, const char *namespace, const char *name, const void *projection)
{
	const void **found = arg;

	(void)namespace, (void)name;
	*found = projection;
}

const struct amkocluster *membership_cluster(const struct membership *membership)
{
	const void *found = NULL;

	informer_each(membership->informer, take_cluster, &found);
	return membership_count(membership) == 1 ? found : NULL;
}

const char *membership_trouble(const struct membership *membership)
{
	const char *error = informer_error(membership->informer);

	return informer_state(membership->informer) != INFORMER_SYNCED && *error ? error : NULL;
}

const struct informer *membership_informer(const struct membership *membership)
{
	return membership->informer;
}
