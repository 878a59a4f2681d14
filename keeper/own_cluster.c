#include "keeper/own_cluster.h"

#include "common/base/log.h"
#include "common/crd/sanity.h"

struct own_cluster {
	struct own_cluster_options options;
	struct informer *informer;
	struct kube_call *call;
	uv_timer_t *later;             /* tells that there was nothing to write to */
	bool was_deleted;              /* the last one was seen to go */
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

/* The object as it is: it is small, and parsed by common/leadership whenever it is asked for. */
static void *keep_object(void *arg, const cJSON *object)
{
	(void)arg;
	return cJSON_Duplicate(object, true);
}

static bool same_object(const void *a, const void *b)
{
	return json_same(a, b);
}

static void free_object(void *object)
{
	cJSON_Delete(object);
}

static void on_object(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct own_cluster *own = arg;

	(void)name;
	(void)before;
	if (streq(namespace, own->options.namespace))
		own->was_deleted = !after;
	own->options.on_change(own->options.arg);
}

static void on_state(void *arg, enum informer_state state, const struct err *err)
{
	struct own_cluster *own = arg;

	if (err)
		log_warn("own_cluster_trouble", KV("state", informer_state_name(state)), KV("err", (const char *)err->msg));
	own->options.on_change(own->options.arg);
}

struct home_objects {
	const struct own_cluster *own;
	const cJSON *first;
	size_t n;
};

static void count_object(void *arg, const char *namespace, const char *name, const void *object)
{
	struct home_objects *found = arg;

	(void)name;
	if (!streq(namespace, found->own->options.namespace))
		return;
	found->first = object;
	found->n++;
}

static struct home_objects objects_at_home(const struct own_cluster *own)
{
	struct home_objects found = { .own = own };

	informer_each(own->informer, count_object, &found);
	return found;
}

const char *own_cluster_context(const struct own_cluster *own)
{
	struct home_objects found = objects_at_home(own);
	const char *context = found.n == 1 ? json_str(json_get(found.first, "spec"), "clusterContext") : NULL;

	return context && *context ? context : NULL;
}

/* Those of the namespace that counts come first. */
struct gathering {
	const struct own_cluster *own;
	const cJSON **out;
	size_t n;
	bool is_home;
};

static void gather(void *arg, const char *namespace, const char *name, const void *object)
{
	struct gathering *g = arg;

	(void)name;
	if (streq(namespace, g->own->options.namespace) == g->is_home && g->n < OWN_OBJECTS_MAX)
		g->out[g->n++] = object;
}

size_t own_cluster_objects(const struct own_cluster *own, const cJSON *out[OWN_OBJECTS_MAX])
{
	struct gathering g = { .own = own, .out = out, .is_home = true };

	informer_each(own->informer, gather, &g);
	g.is_home = false;
	informer_each(own->informer, gather, &g);
	return g.n;
}

bool own_cluster_is_live(const struct own_cluster *own)
{
	return informer_state(own->informer) == INFORMER_SYNCED;
}

enum own_state own_cluster_read(const struct own_cluster *own, const char *context, struct roster *roster, struct own *out,
				char **why)
{
	struct home_objects found = objects_at_home(own);
	struct err err = { 0 };
	const char *version;

	*why = NULL;
	if (!informer_was_synced(own->informer)) {
		if (!informer_has_failed(own->informer))
			return OWN_UNREAD;
		*why = xstrdup(informer_error(own->informer));
		return OWN_UNREADABLE;
	}
	if (found.n > 1)
		return OWN_DOUBLED;
	if (!found.n)
		return own->was_deleted ? OWN_DELETED : OWN_MISSING;
	if (!own_from_json(found.first, context, roster, out, &err)) {
		*why = xstrdup(err.msg);
		return OWN_UNREADABLE;
	}
	/* AMKO does not lead by one without it either (sanity.h). */
	version = json_str(json_get(found.first, "spec"), "version");
	if (version && *version)
		return OWN_FOUND;
	*why = xstrdup(SANITY_NO_VERSION);
	return OWN_UNREADABLE;
}

/* ---- what is kept ---- */

static void on_written(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct own_cluster *own = arg;

	(void)json;
	(void)retry_after_ms;
	own->call = NULL;
	if (err)
		log_warn("amkocluster_write_failed", KV("err", (const char *)err->msg));
	own->options.on_kept(own->options.arg, !err);
}

static void on_nothing_there(uv_timer_t *timer)
{
	struct own_cluster *own = timer->data;

	own->options.on_kept(own->options.arg, false);
}

static void put_mark(cJSON *annotations, const char *name, const char *text)
{
	CLEANUP(freep) char *key = xasprintf(MARK_PREFIX "%s", name);

	json_put_str(annotations, key, text);
}

void own_cluster_keep(struct own_cluster *own, const char *role, const struct kept *kept, const struct fitness *fitness)
{
	struct home_objects found = objects_at_home(own);
	CLEANUP(cJSON_Deletep) cJSON *patch = cJSON_CreateObject();
	cJSON *annotations = json_put_object(json_put_object(patch, "metadata"), "annotations");
	const char *name = json_str(json_get(found.first, "metadata"), "name");
	CLEANUP(freep) char *promotion = kept_text(kept);
	CLEANUP(freep) char *fit = fitness_text(fitness);
	CLEANUP(freep) char *path = NULL;

	assert(!own->call);
	if (!name) {
		uv_timer_start(own->later, on_nothing_there, 0, 0);
		return;
	}
	put_mark(annotations, "role", role);
	put_mark(annotations, "promotion", promotion);
	put_mark(annotations, "fit", fit);
	path = kube_path(&KUBE_AMKOCLUSTERS, own->options.namespace, name, NULL);
	own->call = kube_start(own->options.kube, &(struct kube_request){
		.method = "PATCH", .path = path, .body_type = KUBE_BODY_MERGE_PATCH, .body = patch,
		.timeout_ms = own->options.request_ms, .done = on_written, .arg = own });
}

struct own_cluster *own_cluster_new(const struct own_cluster_options *options)
{
	struct own_cluster *own = xcalloc(1, sizeof(*own));

	own->options = *options;
	own->later = xcalloc(1, sizeof(*own->later));
	uv_timer_init(options->loop, own->later);
	own->later->data = own;
	own->informer = informer_new(&(struct informer_options){
		.kube = options->kube, .loop = options->loop, .resource = &KUBE_AMKOCLUSTERS, .project = keep_object,
		.same = same_object, .free = free_object, .on_change = on_object, .on_state = on_state, .arg = own });
	return own;
}

void own_cluster_free(struct own_cluster *own)
{
	if (!own)
		return;
	kube_cancel(own->call);
	informer_free(own->informer);
	uv_close((uv_handle_t *)own->later, close_handle);
	free(own);
}
