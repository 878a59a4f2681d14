#include "leader/watch/cluster.h"

#include "common/io/backoff.h"

#define DISCOVERY_PERIOD_MS (5 * 60 * 1000)
#define DISCOVERY_RETRY_MIN_MS 1000
#define DISCOVERY_RETRY_MAX_MS 60000

enum served { SERVED_UNKNOWN, SERVED_NO, SERVED_YES };

/* What decides which kinds are watched. The core group is always served. */
enum { DISCOVER_ROUTES, DISCOVER_INGRESSES, N_DISCOVERIES };
static const struct kube_resource *const discovered[N_DISCOVERIES] = {
	[DISCOVER_ROUTES] = &KUBE_ROUTES, [DISCOVER_INGRESSES] = &KUBE_INGRESSES,
};

enum { WATCH_INGRESSES, WATCH_SERVICES, WATCH_NAMESPACES, N_WATCHES };
static const char *const watch_names[N_WATCHES] = { "Ingress", "Service", "Namespace" };

struct cluster {
	struct cluster_options options;
	char *name;
	struct kube_context context;
	struct kube_client *kube;
	struct informer *informers[N_WATCHES];
	enum served served[N_DISCOVERIES];
	/* Discovery asks which API groups there are, then runs through `discovered` one by one. */
	struct kube_call *call;
	bool is_listed[N_DISCOVERIES]; /* its group and version are among them */
	size_t at;
	uv_timer_t *timer;
	struct backoff backoff;
	struct err discovery_err;      /* code ERR_NONE: the last one went well */
	enum cluster_trouble told;
};

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle);
}

static void discover(struct cluster *cluster);

static void on_discovery_due(uv_timer_t *timer)
{
	discover(timer->data);
}

static void discover_after(struct cluster *cluster, int64_t wait_ms)
{
	uv_timer_start(cluster->timer, on_discovery_due, (uint64_t)wait_ms, 0);
}

static void *project_ingress(void *arg, const cJSON *object)
{
	(void)arg;
	return host_object_from_ingress(object);
}

static void *project_service(void *arg, const cJSON *object)
{
	(void)arg;
	return host_object_from_service(object);
}

static void *project_namespace(void *arg, const cJSON *object)
{
	(void)arg;
	return namespace_from_json(object);
}

static bool same_object(const void *a, const void *b)
{
	return host_object_same(a, b);
}

static bool same_namespace(const void *a, const void *b)
{
	return namespace_same(a, b);
}

static void free_object(void *object)
{
	host_object_free(object);
}

static void free_namespace(void *ns)
{
	namespace_free(ns);
}

static void on_object(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct cluster *cluster = arg;

	(void)namespace;
	(void)name;
	cluster->options.on_object(cluster->options.arg, cluster, before, after);
}

static void on_namespace(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct cluster *cluster = arg;

	(void)namespace;
	(void)before;
	(void)after;
	cluster->options.on_namespace(cluster->options.arg, cluster, name);
}

/* It answers again: what still waits for its back-off need not. */
static void wake_others(struct cluster *cluster)
{
	for (int i = 0; i < N_WATCHES; i++)
		if (cluster->informers[i] && informer_state(cluster->informers[i]) != INFORMER_SYNCED)
			informer_kick(cluster->informers[i]);
	if (cluster->discovery_err.code != ERR_NONE && !cluster->call)
		discover_after(cluster, 0);
}

static void on_state(void *arg, enum informer_state state, const struct err *err)
{
	struct cluster *cluster = arg;

	if (state == INFORMER_SYNCED)
		wake_others(cluster);
	/* The API may have gone or moved: ask what is served now. */
	if (err && err->code == ERR_NOTFOUND && !cluster->call)
		discover_after(cluster, DISCOVERY_RETRY_MIN_MS);
	cluster->options.on_state(cluster->options.arg, cluster);
}

static void watch(struct cluster *cluster, int which)
{
	static const struct {
		const struct kube_resource *resource;
		const char *field_selector;
		void *(*project)(void *arg, const cJSON *object);
		bool (*same)(const void *a, const void *b);
		void (*free)(void *projection);
		void (*on_change)(void *arg, const char *, const char *, const void *, const void *);
	} kinds[N_WATCHES] = {
		[WATCH_INGRESSES] = { &KUBE_INGRESSES, NULL, project_ingress, same_object, free_object, on_object },
		[WATCH_SERVICES] = { &KUBE_SERVICES, "spec.type=LoadBalancer", project_service, same_object, free_object, on_object },
		[WATCH_NAMESPACES] = { &KUBE_NAMESPACES, NULL, project_namespace, same_namespace, free_namespace, on_namespace },
	};

	if (cluster->informers[which])
		return;
	cluster->informers[which] = informer_new(&(struct informer_options){
		.kube = cluster->kube,
		.loop = cluster->options.loop,
		.resource = kinds[which].resource,
		.field_selector = kinds[which].field_selector,
		.project = kinds[which].project,
		.same = kinds[which].same,
		.free = kinds[which].free,
		.on_change = kinds[which].on_change,
		.on_state = on_state,
		.arg = cluster,
		.times = cluster->options.times,
	});
}

/* Once Ingresses are watched they stay so while the process lives: that Routes appear takes nothing away. */
static void watch_what_is_served(struct cluster *cluster)
{
	watch(cluster, WATCH_NAMESPACES);
	watch(cluster, WATCH_SERVICES);
	if (cluster->served[DISCOVER_ROUTES] == SERVED_NO && cluster->served[DISCOVER_INGRESSES] == SERVED_YES)
		watch(cluster, WATCH_INGRESSES);
}

static void discovery_failed(struct cluster *cluster, const char *what, const struct err *err, int64_t retry_after_ms)
{
	int64_t wait_ms = backoff_next_ms(&cluster->backoff);

	cluster->discovery_err = *err;
	err_wrap(&cluster->discovery_err, "discover %s", what);
	discover_after(cluster, MAX(wait_ms, MIN(retry_after_ms, DISCOVERY_RETRY_MAX_MS)));
	cluster->options.on_state(cluster->options.arg, cluster);
}

/* Only a list of that kind says that something is not in it; a gateway may answer 200 with anything. */
static bool is_list_of(const cJSON *answer, const char *kind, const char *key, struct err *err)
{
	if (streq0(json_str(answer, "kind"), kind) && cJSON_IsArray(json_get(answer, key)))
		return true;
	err_set(err, ERR_INVALID, "HTTP 200: the answer is no %s", kind);
	err->http_status = 200;
	return false;
}

static bool has_text(const cJSON *list, const char *key, const char *text)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
		if (streq0(json_str(item, key), text))
			return true;
	return false;
}

static bool lists_version(const cJSON *groups, const struct kube_resource *resource)
{
	const cJSON *group;

	cJSON_ArrayForEach(group, groups)
		if (streq0(json_str(group, "name"), resource->group) &&
		    has_text(json_get(group, "versions"), "version", resource->version))
			return true;
	return false;
}

/* What was seen served is never "absent" again in this process: its list is stale then. */
static void note_served(struct cluster *cluster, bool is_served)
{
	enum served *served = &cluster->served[cluster->at++];

	if (is_served)
		*served = SERVED_YES;
	else if (*served == SERVED_UNKNOWN)
		*served = SERVED_NO;
}

static void discover_next(struct cluster *cluster);

/* A 404 shows nothing of what was listed a moment ago; nor does the list of an API server that starts, which answers 503 for
 * what it does not have yet. Absent is what neither has. */
static void on_discovered(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct cluster *cluster = arg;
	const char *plural = discovered[cluster->at]->plural;
	struct err bad = { 0 };

	cluster->call = NULL;
	if (!err && !is_list_of(json, "APIResourceList", "resources", &bad))
		err = &bad;
	if (err && (err->http_status != 404 || cluster->is_listed[cluster->at])) {
		discovery_failed(cluster, plural, err, retry_after_ms);
		return;
	}
	note_served(cluster, !err && has_text(json_get(json, "resources"), "name", plural));
	discover_next(cluster);
}

static void discovery_done(struct cluster *cluster)
{
	cluster->discovery_err = (struct err){ 0 };
	backoff_reset(&cluster->backoff);
	watch_what_is_served(cluster);
	discover_after(cluster, DISCOVERY_PERIOD_MS);
	cluster->options.on_state(cluster->options.arg, cluster);
}

static void discover_next(struct cluster *cluster)
{
	CLEANUP(freep) char *path = NULL;

	if (cluster->at == N_DISCOVERIES) {
		discovery_done(cluster);
		return;
	}
	path = xasprintf("/apis/%s/%s", discovered[cluster->at]->group, discovered[cluster->at]->version);
	cluster->call = kube_start(cluster->kube, &(struct kube_request){
		.method = "GET", .path = path, .done = on_discovered, .arg = cluster });
}

static void on_groups(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct cluster *cluster = arg;
	struct err bad = { 0 };

	cluster->call = NULL;
	if (!err && !is_list_of(json, "APIGroupList", "groups", &bad))
		err = &bad;
	if (err) {
		discovery_failed(cluster, "API groups", err, retry_after_ms);
		return;
	}
	for (size_t i = 0; i < N_DISCOVERIES; i++)
		cluster->is_listed[i] = lists_version(json_get(json, "groups"), discovered[i]);
	cluster->at = 0;
	discover_next(cluster);
}

static void discover(struct cluster *cluster)
{
	if (!cluster->call)
		cluster->call = kube_start(cluster->kube, &(struct kube_request){
			.method = "GET", .path = "/apis", .done = on_groups, .arg = cluster });
}

struct cluster *cluster_new(const struct cluster_options *options)
{
	struct cluster *cluster = xcalloc(1, sizeof(*cluster));

	cluster->options = *options;
	cluster->name = xstrdup(options->name);
	cluster->backoff = (struct backoff){ .min_ms = DISCOVERY_RETRY_MIN_MS, .max_ms = DISCOVERY_RETRY_MAX_MS };
	cluster->told = CLUSTER_SYNCING;
	if (!options->context)
		return cluster;
	kube_context_copy(&cluster->context, options->context);
	if (cluster->context.error)
		return cluster;
	cluster->kube = kube_client_new(options->http, &cluster->context);
	cluster->timer = xcalloc(1, sizeof(*cluster->timer));
	uv_timer_init(options->loop, cluster->timer);
	cluster->timer->data = cluster;
	discover(cluster);
	return cluster;
}

static void take_out(void *arg, const char *namespace, const char *name, const void *projection)
{
	on_object(arg, namespace, name, projection, NULL);
}

void cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return;
	for (int i = WATCH_INGRESSES; i <= WATCH_SERVICES; i++)
		if (cluster->informers[i])
			informer_each(cluster->informers[i], take_out, cluster);
	for (int i = 0; i < N_WATCHES; i++)
		informer_free(cluster->informers[i]);
	kube_cancel(cluster->call);
	if (cluster->timer)
		uv_close((uv_handle_t *)cluster->timer, on_timer_closed);
	kube_client_free(cluster->kube);
	if (cluster->context.name)
		kube_context_release(&cluster->context);
	free(cluster->name);
	free(cluster);
}

const char *cluster_name(const struct cluster *cluster)
{
	return cluster->name;
}

bool cluster_has_context(const struct cluster *cluster, const struct kube_context *context)
{
	if (!context || !cluster->context.name)
		return !context && !cluster->context.name;
	return kube_context_same(&cluster->context, context);
}

const struct namespace_info *cluster_namespace(const struct cluster *cluster, const char *name)
{
	return cluster->informers[WATCH_NAMESPACES] ? informer_get(cluster->informers[WATCH_NAMESPACES], NULL, name) : NULL;
}

struct each_object {
	void (*each)(void *arg, const struct host_object *object);
	void *arg;
};

static void pass_object(void *arg, const char *namespace, const char *name, const void *projection)
{
	const struct each_object *to = arg;

	(void)namespace;
	(void)name;
	to->each(to->arg, projection);
}

void cluster_each_object(const struct cluster *cluster, void (*each)(void *arg, const struct host_object *object), void *arg)
{
	for (int i = WATCH_INGRESSES; i <= WATCH_SERVICES; i++)
		if (cluster->informers[i])
			informer_each(cluster->informers[i], pass_object, &(struct each_object){ each, arg });
}

static bool was_synced(const struct cluster *cluster, int which)
{
	return cluster->informers[which] && informer_was_synced(cluster->informers[which]);
}

/* Routes have no watch here yet: where they are served they are not known. MultiClusterIngresses are switched off. */
void cluster_knowledge(const struct cluster *cluster, struct cluster_knowledge *out)
{
	bool routes_absent = cluster->served[DISCOVER_ROUTES] == SERVED_NO;
	bool ingresses_are_off = cluster->served[DISCOVER_ROUTES] == SERVED_YES && !cluster->informers[WATCH_INGRESSES];

	*out = (struct cluster_knowledge){ .name = cluster->name };
	out->is_complete[KIND_INGRESS] = was_synced(cluster, WATCH_INGRESSES) || ingresses_are_off ||
					 (routes_absent && cluster->served[DISCOVER_INGRESSES] == SERVED_NO);
	out->is_complete[KIND_LBSVC] = was_synced(cluster, WATCH_SERVICES);
	out->is_complete[KIND_ROUTE] = routes_absent;
	out->is_complete[KIND_MCI] = true;
	out->has_namespaces = was_synced(cluster, WATCH_NAMESPACES);
}

bool cluster_is_settled(const struct cluster *cluster)
{
	if (!cluster->kube || cluster->discovery_err.code != ERR_NONE)
		return true;
	if (!cluster->informers[WATCH_NAMESPACES])
		return false;
	for (int i = 0; i < N_WATCHES; i++) {
		const struct informer *informer = cluster->informers[i];

		if (informer && !informer_was_synced(informer) && !informer_has_failed(informer))
			return false;
	}
	return true;
}

const char *cluster_trouble_reason(enum cluster_trouble trouble)
{
	static const char *const reasons[] = {
		[CLUSTER_FINE] = "Synced", [CLUSTER_SYNCING] = "Syncing", [CLUSTER_UNREACHABLE] = "Unreachable",
		[CLUSTER_UNAUTHORIZED] = "Unauthorized", [CLUSTER_FORBIDDEN] = "Forbidden",
		[CLUSTER_BAD_ANSWER] = "BadAnswer", [CLUSTER_UNKNOWN_CONTEXT] = "UnknownContext",
	};

	return reasons[trouble];
}

static enum cluster_trouble trouble_of_status(int http_status)
{
	switch (http_status) {
	case 401:
		return CLUSTER_UNAUTHORIZED;
	case 403:
		return CLUSTER_FORBIDDEN;
	default:
		return http_status >= 200 && http_status < 500 && http_status != 429 ? CLUSTER_BAD_ANSWER : CLUSTER_UNREACHABLE;
	}
}

static enum cluster_trouble informer_trouble(const struct cluster *cluster, int which, char **message)
{
	const struct informer *informer = cluster->informers[which];

	if (!informer || informer_state(informer) == INFORMER_SYNCED)
		return CLUSTER_FINE;
	if (!informer_has_failed(informer) && !*informer_error(informer)) {
		*message = xasprintf("cluster %s: %s: being listed", cluster->name, watch_names[which]);
		return CLUSTER_SYNCING;
	}
	*message = xasprintf("cluster %s: %s: %s", cluster->name, watch_names[which], informer_error(informer));
	return trouble_of_status(informer_http_status(informer));
}

enum cluster_trouble cluster_trouble(const struct cluster *cluster, char **message)
{
	enum cluster_trouble trouble;

	*message = NULL;
	if (!cluster->kube) {
		*message = xasprintf("cluster %s: %s", cluster->name,
				     cluster->context.error ? cluster->context.error : "no context of that name in the members' kubeconfig");
		return CLUSTER_UNKNOWN_CONTEXT;
	}
	for (int i = 0; i < N_WATCHES; i++) {
		trouble = informer_trouble(cluster, i, message);
		if (trouble != CLUSTER_FINE)
			return trouble;
	}
	if (cluster->discovery_err.code != ERR_NONE) {
		*message = xasprintf("cluster %s: %s", cluster->name, cluster->discovery_err.msg);
		return trouble_of_status(cluster->discovery_err.http_status);
	}
	if (cluster->informers[WATCH_NAMESPACES])
		return CLUSTER_FINE;
	*message = xasprintf("cluster %s: being discovered", cluster->name);
	return CLUSTER_SYNCING;
}

bool cluster_has_news(struct cluster *cluster, enum cluster_trouble *trouble, char **message)
{
	*trouble = cluster_trouble(cluster, message);
	if (*trouble == cluster->told || *trouble == CLUSTER_SYNCING)
		return false;
	cluster->told = *trouble;
	return true;
}

size_t cluster_states(const struct cluster *cluster, struct cluster_kind_state out[N_HOST_KINDS + 1])
{
	size_t n = 0;

	for (int i = 0; i < N_WATCHES; i++) {
		const struct informer *informer = cluster->informers[i];

		if (informer)
			out[n++] = (struct cluster_kind_state){ watch_names[i], informer_resource_version(informer),
								informer_state(informer), informer_count(informer) };
	}
	return n;
}
