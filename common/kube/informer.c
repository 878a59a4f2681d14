#include "common/kube/informer.h"

#include "common/base/metrics.h"
#include "common/io/backoff.h"
#include "common/kube/store.h"
#include "common/kube/watch.h"

#define PAGE_SIZE 100
#define WATCH_MIN_S 300
#define WATCH_SPREAD_S 301

/* What is told to the state machine. */
enum happening {
	LISTED,         /* a complete list is in the store */
	LIVE,           /* the server accepted the watch */
	REFUSED,        /* 401, 403 */
	FAILED,         /* anything else went wrong */
	SILENT,         /* too long without a live watch */
	N_HAPPENINGS,
};

/* A stale or forbidden store is trusted again only when its watch lives; the very first list is trusted at once, so that
 * start-up need not wait for the watch. */
static const enum informer_state next_state[][N_HAPPENINGS] = {
	[INFORMER_NEVER] = { [LISTED] = INFORMER_SYNCED, [LIVE] = INFORMER_SYNCED, [REFUSED] = INFORMER_FORBIDDEN,
			     [FAILED] = INFORMER_NEVER, [SILENT] = INFORMER_NEVER },
	[INFORMER_SYNCED] = { [LISTED] = INFORMER_SYNCED, [LIVE] = INFORMER_SYNCED, [REFUSED] = INFORMER_FORBIDDEN,
			      [FAILED] = INFORMER_SYNCED, [SILENT] = INFORMER_STALE },
	[INFORMER_STALE] = { [LISTED] = INFORMER_STALE, [LIVE] = INFORMER_SYNCED, [REFUSED] = INFORMER_FORBIDDEN,
			     [FAILED] = INFORMER_STALE, [SILENT] = INFORMER_STALE },
	[INFORMER_FORBIDDEN] = { [LISTED] = INFORMER_FORBIDDEN, [LIVE] = INFORMER_SYNCED, [REFUSED] = INFORMER_FORBIDDEN,
				 [FAILED] = INFORMER_FORBIDDEN, [SILENT] = INFORMER_FORBIDDEN },
};

struct informer {
	struct informer_options options;
	char *namespace, *field_selector;
	bool is_selector_refused;                /* by a 400: left out, until something else is wrong too */
	char *plural, *cluster;                  /* for metrics, also when the client is gone */
	struct store store;
	size_t n_objects_shown;

	enum informer_state state;
	bool was_synced, has_failed;
	struct err failure;                      /* the last one; code ERR_NONE once all is well */
	struct backoff backoff;

	struct kube_call *call;                  /* the page or the watch under way */
	uv_timer_t retry, stale;
	int n_open_handles;

	bool needs_list;
	char *continue_token;                    /* of the list under way; NULL: from the start */
	bool has_restarted_list;                 /* its token had expired; the second time is a failure */
	bool has_relisted;                       /* because of a 410, and nothing new came from a watch since */
	char *resource_version;

	struct watch_decoder decoder;
	bool is_live, has_news;                  /* of the watch under way */
	int64_t live_since_ms;
	struct err watch_failure;                /* why we gave it up ourselves */

	int n_inside;                            /* callbacks on the stack: the memory must stay */
	bool is_freed;
};

static struct metric watch_events = METRIC_COUNTER("amko_kube_watch_events_total", "Watch events received.",
	"cluster", "resource");
static struct metric objects = METRIC_GAUGE("amko_informer_objects", "Objects of which something is kept.",
	"cluster", "resource");

/* ---- life and death ---- */

static void on_handle_closed(uv_handle_t *handle)
{
	struct informer *in = handle->data;

	if (--in->n_open_handles == 0)
		free(in);
}

static void destroy(struct informer *in)
{
	store_release(&in->store, in->options.free);
	watch_decoder_release(&in->decoder);
	metric_drop(&objects, in->cluster, in->plural);
	free(in->namespace);
	free(in->field_selector);
	free(in->cluster);
	free(in->plural);
	free(in->continue_token);
	free(in->resource_version);
	uv_close((uv_handle_t *)&in->retry, on_handle_closed);
	uv_close((uv_handle_t *)&in->stale, on_handle_closed);
}

/* Every callback of ours runs between enter() and leave(): the caller's callbacks inside may free the informer. */
static void enter(struct informer *in)
{
	in->n_inside++;
}

static void leave(struct informer *in)
{
	size_t n = HASH_COUNT(in->store.entries);

	if (--in->n_inside)
		return;
	if (in->is_freed) {
		destroy(in);
	} else if (n != in->n_objects_shown) {
		in->n_objects_shown = n;
		metric_set(&objects, (double)n, in->cluster, in->plural);
	}
}

/* ---- state ---- */

static int64_t now_ms(const struct informer *in)
{
	return (int64_t)uv_now(in->options.loop);
}

/* The only place that sets the state. err: NULL, or what happened. */
static void tell(struct informer *in, enum happening what, const struct err *err)
{
	enum informer_state before = in->state;
	bool is_news, was_well = !in->failure.code;

	in->state = next_state[before][what];
	if (!err && in->state == INFORMER_SYNCED)
		in->failure = (struct err){ 0 };
	is_news = in->state != before ||
		  (in->state != INFORMER_SYNCED && err && (was_well || !streq(err->msg, in->failure.msg)));
	if (err)
		in->failure = *err;
	if (is_news && !in->is_freed && in->options.on_state)
		in->options.on_state(in->options.arg, in->state, in->state == INFORMER_SYNCED ? NULL : &in->failure);
}

static void on_stale_timer(uv_timer_t *timer)
{
	struct informer *in = timer->data;
	struct err err = in->failure;

	enter(in);
	if (!err.code)
		err_set(&err, ERR_RETRY, "watch %s: none lives for %lld s", in->plural, (long long)in->options.times.stale_ms / 1000);
	tell(in, SILENT, &err);
	leave(in);
}

static void watch_is_gone(struct informer *in)
{
	in->is_live = false;
	if (!uv_is_active((uv_handle_t *)&in->stale))
		uv_timer_start(&in->stale, on_stale_timer, (uint64_t)in->options.times.stale_ms, 0);
}

static void go_on(struct informer *in);

static void on_retry_timer(uv_timer_t *timer)
{
	struct informer *in = timer->data;

	enter(in);
	go_on(in);
	leave(in);
}

/* Tells, and tries again after the back-off, or after Retry-After where that is longer. */
static void fail(struct informer *in, const struct err *err, int64_t retry_after_ms)
{
	int64_t wait_ms = backoff_next_ms(&in->backoff);
	bool is_refused = err->code == ERR_AUTH || err->code == ERR_FORBIDDEN;

	wait_ms = MAX(wait_ms, MIN(retry_after_ms, in->options.times.backoff_max_ms));
	in->has_failed = true;
	uv_timer_start(&in->retry, on_retry_timer, (uint64_t)wait_ms, 0);
	tell(in, is_refused ? REFUSED : FAILED, err);
}

/* ---- objects ---- */

struct object_name {
	const char *namespace, *name;
};

static bool read_name(const struct informer *in, const cJSON *object, struct object_name *out, struct err *err)
{
	const cJSON *metadata = json_get(object, "metadata");

	out->name = json_str(metadata, "name");
	out->namespace = in->options.resource->is_namespaced ? json_str(metadata, "namespace") : "";
	if (!cJSON_IsObject(object) || !out->name || !*out->name)
		return err_set(err, ERR_INVALID, "an object has no metadata.name");
	if (!out->namespace || (in->options.resource->is_namespaced && !*out->namespace))
		return err_set(err, ERR_INVALID, "object %.100s has no metadata.namespace", out->name);
	return true;
}

static void call_on_change(struct informer *in, const struct store_entry *entry, const void *before, const void *after)
{
	if (!in->is_freed)
		in->options.on_change(in->options.arg, store_entry_namespace(entry), entry->name, before, after);
}

static void remove_entry(struct informer *in, struct store_entry *entry)
{
	store_remove(&in->store, entry);
	call_on_change(in, entry, entry->projection, NULL);
	store_entry_free(entry, in->options.free);
}

static void put_object(struct informer *in, struct object_name at, const cJSON *object)
{
	struct store_entry *entry = store_find(&in->store, at.namespace, at.name);
	void *after = in->options.project(in->options.arg, object);
	void *before = entry ? entry->projection : NULL;

	if (entry)
		entry->seen = in->store.round;
	if (!after) {
		/* It was seen not to be of interest any more: as good as seeing it deleted. */
		if (entry)
			remove_entry(in, entry);
	} else if (!entry) {
		call_on_change(in, store_add(&in->store, at.namespace, at.name, after), NULL, after);
	} else if (in->options.same(before, after)) {
		in->options.free(after);
	} else {
		entry->projection = after;
		call_on_change(in, entry, before, after);
		in->options.free(before);
	}
}

static void delete_object(struct informer *in, struct object_name at)
{
	struct store_entry *entry = store_find(&in->store, at.namespace, at.name);

	if (entry)
		remove_entry(in, entry);
}

/* What a complete list did not name is gone. */
static void sweep(struct informer *in)
{
	struct store_entry *entry, *next;

	HASH_ITER(hh, in->store.entries, entry, next) {
		if (in->is_freed)
			return;
		if (entry->seen != in->store.round)
			remove_entry(in, entry);
	}
}

static void keep_version(struct informer *in, const char *version)
{
	if (!version || !*version || streq0(in->resource_version, version))
		return;
	free(in->resource_version);
	in->resource_version = xstrdup(version);
	in->has_news = true;
}

/* ---- list ---- */

static void add_parameter(struct buf *path, const char *key, const char *value)
{
	CLEANUP(freep) char *text = value ? http_escape(value) : NULL;

	if (text)
		buf_printf(path, "&%s=%s", key, text);
}

static char *path_of(const struct informer *in, const char *query)
{
	CLEANUP(freep) char *path = kube_path(in->options.resource, in->namespace, NULL, NULL);
	struct buf text;

	buf_init(&text, 1024 * 1024);
	buf_printf(&text, "%s?%s", path, query);
	add_parameter(&text, "fieldSelector", in->is_selector_refused ? NULL : in->field_selector);
	return buf_take(&text);
}

/* Some servers answer an empty list with "items": null; a missing "items" is no list. */
static bool read_items(const struct informer *in, const cJSON *list, const cJSON **items, struct err *err)
{
	const char *kind = json_str(list, "kind"), *version = json_str(json_get(list, "metadata"), "resourceVersion");
	size_t n_kind = kind ? strlen(kind) : 0;
	const cJSON *item;

	*items = cJSON_GetObjectItemCaseSensitive(list, "items");
	if (n_kind < 4 || !streq(kind + n_kind - 4, "List") || !(cJSON_IsArray(*items) || cJSON_IsNull(*items)))
		return err_set(err, ERR_INVALID, "the answer is no list");
	if (!version || !*version)
		return err_set(err, ERR_INVALID, "the list has no resourceVersion");
	cJSON_ArrayForEach(item, *items) {
		struct object_name at;

		if (!read_name(in, item, &at, err))
			return false;
	}
	return true;
}

static void put_items(struct informer *in, const cJSON *items)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, items) {
		struct object_name at;

		if (in->is_freed)
			return;
		if (read_name(in, item, &at, NULL))
			put_object(in, at, item);
	}
}

static void finish_list(struct informer *in, const cJSON *list)
{
	sweep(in);
	if (in->is_freed)
		return;
	free(TAKE(in->continue_token));
	keep_version(in, json_str(json_get(list, "metadata"), "resourceVersion"));
	in->has_restarted_list = false;
	in->needs_list = false;
	in->has_failed = false;
	in->was_synced = true;
	watch_is_gone(in);
	tell(in, LISTED, NULL);
	if (!in->is_freed)
		go_on(in);
}

/* True when this may be about the field selector: it is left out then. */
static bool refuses_selector(struct informer *in, const struct err *err)
{
	if (err->http_status != 400 || !in->field_selector || in->is_selector_refused)
		return false;
	in->is_selector_refused = true;
	return true;
}

static void list_failed(struct informer *in, const struct err *err, int64_t retry_after_ms)
{
	struct err text = *err;
	bool had_token = in->continue_token != NULL;

	free(TAKE(in->continue_token));
	if ((err->code == ERR_GONE || err->http_status == 400) && had_token && !in->has_restarted_list) {
		in->has_restarted_list = true;
		go_on(in);
		return;
	}
	if (refuses_selector(in, err)) {
		go_on(in);
		return;
	}
	/* Perhaps the 400 was not about the selector, and without it we may not even ask (RBAC by name). */
	in->is_selector_refused = false;
	in->has_restarted_list = false;
	err_wrap(&text, "list %s", in->plural);
	fail(in, &text, retry_after_ms);
}

static void on_page(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct informer *in = arg;
	const cJSON *items = NULL;
	const char *token;
	struct err bad = { 0 };

	enter(in);
	in->call = NULL;
	if (!err && !read_items(in, json, &items, &bad)) {
		bad.http_status = 200;
		err = &bad;
	}
	if (err) {
		list_failed(in, err, retry_after_ms);
		leave(in);
		return;
	}
	put_items(in, items);
	token = json_str(json_get(json, "metadata"), "continue");
	if (!in->is_freed && token && *token) {
		free(in->continue_token);
		in->continue_token = xstrdup(token);
		go_on(in);
	} else if (!in->is_freed) {
		finish_list(in, json);
	}
	leave(in);
}

static void list_page(struct informer *in)
{
	CLEANUP(freep) char *token = in->continue_token ? http_escape(in->continue_token) : NULL;
	CLEANUP(freep) char *query = xasprintf("limit=%d%s%s", PAGE_SIZE, token ? "&continue=" : "", token ? token : "");
	CLEANUP(freep) char *path = path_of(in, query);

	if (!in->continue_token)
		in->store.round++;
	in->call = kube_start(in->options.kube, &(struct kube_request){
		.method = "GET", .path = path, .done = on_page, .arg = in,
	});
}

/* ---- watch ---- */

static bool on_watch_status(void *arg, int status)
{
	struct informer *in = arg;

	if (status / 100 != 2)
		return true;
	enter(in);
	in->is_live = true;
	in->has_failed = false;
	in->live_since_ms = now_ms(in);
	uv_timer_stop(&in->stale);
	tell(in, LIVE, NULL);
	leave(in);
	return true;
}

static bool on_error_event(struct informer *in, const struct watch_event *event)
{
	const char *message = json_str(event->object, "message");

	err_set(&in->watch_failure, event->status_code == 410 ? ERR_GONE : ERR_RETRY, "error %d in the stream%s%.200s",
		event->status_code, message ? ": " : "", message ? message : "");
	in->watch_failure.http_status = event->status_code;
	return false;
}

static bool on_event(void *arg, const struct watch_event *event)
{
	struct informer *in = arg;
	struct object_name at;

	metric_add(&watch_events, 1, in->cluster, in->plural);
	if (event->type == WATCH_ERROR)
		return on_error_event(in, event);
	if (event->type != WATCH_BOOKMARK && !read_name(in, event->object, &at, &in->watch_failure))
		return false;
	in->has_relisted = false;
	backoff_reset(&in->backoff);
	keep_version(in, json_str(json_get(event->object, "metadata"), "resourceVersion"));
	if (event->type == WATCH_DELETED)
		delete_object(in, at);
	else if (event->type != WATCH_BOOKMARK)
		put_object(in, at, event->object);
	return !in->is_freed;
}

static bool on_watch_bytes(void *arg, struct slice bytes)
{
	struct informer *in = arg;
	struct err err = { 0 };
	bool goes_on;

	enter(in);
	goes_on = watch_decode(&in->decoder, bytes, on_event, in, &err);
	if (!goes_on && !in->watch_failure.code)
		in->watch_failure = err;
	leave(in);
	return goes_on;
}

/* The same version may be tried again; after anything else the stream itself was wrong. */
static bool is_about_the_way(const struct err *err)
{
	return err->code == ERR_RETRY || err->code == ERR_TLS || err->code == ERR_AUTH || err->code == ERR_FORBIDDEN;
}

static void watch_failed(struct informer *in, const struct err *err, int64_t retry_after_ms)
{
	struct err text = *err;
	bool is_ours = in->watch_failure.code != ERR_NONE;

	if (err->code == ERR_GONE && !in->has_relisted) {
		in->has_relisted = true;
		in->needs_list = true;
		go_on(in);
		return;
	}
	if (!is_ours && refuses_selector(in, err)) {
		in->needs_list = true;
		go_on(in);
		return;
	}
	in->needs_list = is_ours || !is_about_the_way(err) || (in->is_selector_refused && err->code == ERR_FORBIDDEN);
	err_wrap(&text, "watch %s", in->plural);
	fail(in, &text, retry_after_ms);
}

static void on_watch_done(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct informer *in = arg;
	bool was_short = now_ms(in) - in->live_since_ms < in->options.times.short_ms && !in->has_news;
	bool was_long = in->is_live && now_ms(in) - in->live_since_ms >= in->options.times.stale_ms;
	struct err failure = in->watch_failure;

	(void)json;
	enter(in);
	in->call = NULL;
	watch_is_gone(in);
	if (was_long)
		backoff_reset(&in->backoff);       /* it worked, even where nothing happened */
	if (!failure.code && err)
		failure = *err;
	if (!failure.code && was_short)
		err_set(&failure, ERR_RETRY, "ended at once");
	if (failure.code) {
		watch_failed(in, &failure, retry_after_ms);
	} else {
		backoff_reset(&in->backoff);
		go_on(in);
	}
	leave(in);
}

static void watch(struct informer *in)
{
	CLEANUP(freep) char *version = http_escape(informer_resource_version(in));
	CLEANUP(freep) char *query = xasprintf("watch=true&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%d", version,
					       WATCH_MIN_S + (int)random_below(WATCH_SPREAD_S));
	CLEANUP(freep) char *path = path_of(in, query);

	in->has_news = false;
	in->watch_failure = (struct err){ 0 };
	watch_decoder_release(&in->decoder);
	watch_decoder_init(&in->decoder);
	in->call = kube_stream_start(in->options.kube, &(struct kube_stream){
		.path = path, .idle_timeout_ms = in->options.times.idle_ms,
		.on_status = on_watch_status, .on_bytes = on_watch_bytes, .done = on_watch_done, .arg = in,
	});
}

static void go_on(struct informer *in)
{
	if (in->is_freed)
		return;
	if (in->needs_list)
		list_page(in);
	else
		watch(in);
}

/* ---- public ---- */

const char *informer_state_name(enum informer_state state)
{
	static const char *const names[] = {
		[INFORMER_NEVER] = "never synced", [INFORMER_SYNCED] = "synced", [INFORMER_STALE] = "stale",
		[INFORMER_FORBIDDEN] = "forbidden",
	};

	return names[state];
}

static int64_t or_default(int64_t given, int64_t absent)
{
	return given ? given : absent;
}

static void set_times(struct informer_times *t)
{
	t->backoff_min_ms = or_default(t->backoff_min_ms, 1000);
	t->backoff_max_ms = or_default(t->backoff_max_ms, 60000);
	t->stale_ms = or_default(t->stale_ms, 30000);
	t->idle_ms = or_default(t->idle_ms, 150000);
	t->short_ms = or_default(t->short_ms, 1000);
}

struct informer *informer_new(const struct informer_options *options)
{
	struct informer *in = xcalloc(1, sizeof(*in));

	in->options = *options;
	set_times(&in->options.times);
	in->namespace = xstrdup(options->namespace);
	in->field_selector = xstrdup(options->field_selector);
	in->cluster = xstrdup(kube_client_name(options->kube));
	in->plural = xstrdup(options->resource->plural);
	in->backoff = (struct backoff){ in->options.times.backoff_min_ms, in->options.times.backoff_max_ms, 0 };
	in->needs_list = true;
	watch_decoder_init(&in->decoder);
	uv_timer_init(options->loop, &in->retry);
	uv_timer_init(options->loop, &in->stale);
	in->retry.data = in->stale.data = in;
	in->n_open_handles = 2;
	in->n_objects_shown = SIZE_MAX;
	go_on(in);
	return in;
}

void informer_free(struct informer *in)
{
	if (!in || in->is_freed)
		return;
	in->is_freed = true;
	kube_cancel(TAKE(in->call));
	uv_timer_stop(&in->retry);
	uv_timer_stop(&in->stale);
	if (!in->n_inside)
		destroy(in);
}

void informer_kick(struct informer *in)
{
	if (!uv_is_active((uv_handle_t *)&in->retry))
		return;
	backoff_reset(&in->backoff);
	uv_timer_start(&in->retry, on_retry_timer, 0, 0);
}

enum informer_state informer_state(const struct informer *in)
{
	return in->state;
}

bool informer_was_synced(const struct informer *in)
{
	return in->was_synced;
}

bool informer_has_failed(const struct informer *in)
{
	return in->has_failed;
}

const char *informer_error(const struct informer *in)
{
	return in->state == INFORMER_SYNCED ? "" : in->failure.msg;
}

int informer_http_status(const struct informer *in)
{
	return in->failure.http_status;
}

const char *informer_resource_version(const struct informer *in)
{
	return in->resource_version ? in->resource_version : "";
}

size_t informer_count(const struct informer *in)
{
	return HASH_COUNT(in->store.entries);
}

const void *informer_get(const struct informer *in, const char *namespace, const char *name)
{
	const struct store_entry *entry = store_find(&in->store, namespace ? namespace : "", name);

	return entry ? entry->projection : NULL;
}

void informer_each(const struct informer *in, void (*each)(void *arg, const char *namespace, const char *name,
	const void *projection), void *arg)
{
	for (const struct store_entry *entry = in->store.entries; entry; entry = entry->hh.next)
		each(arg, store_entry_namespace(entry), entry->name, entry->projection);
}
