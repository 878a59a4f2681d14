#include "common/kube/informer_parts.h"

#include "common/base/metrics.h"

#define MAX_OBJECTS 250000

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
	pages_release(&in->pages);
	free(in->resource_version);
	uv_close((uv_handle_t *)&in->retry, on_handle_closed);
	uv_close((uv_handle_t *)&in->stale, on_handle_closed);
	uv_close((uv_handle_t *)&in->proof, on_handle_closed);
}

void informer_enter(struct informer *in)
{
	in->n_inside++;
}

void informer_leave(struct informer *in)
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

int64_t informer_now_ms(const struct informer *in)
{
	return (int64_t)uv_now(in->options.loop);
}

void informer_tell(struct informer *in, enum happening what, const struct err *err)
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

/* Also of the very first list: who waits for it waits no longer. */
static void on_stale_timer(uv_timer_t *timer)
{
	struct informer *in = timer->data;
	struct err err = in->failure;
	long long stale_s = (long long)in->options.times.stale_ms / 1000;

	informer_enter(in);
	if (!err.code && in->was_synced)
		err_set(&err, ERR_RETRY, "watch %s: none lives for %lld s", in->plural, stale_s);
	else if (!err.code)
		err_set(&err, ERR_RETRY, "list %s: not complete after %lld s", in->plural, stale_s);
	in->has_failed = in->has_failed || !in->was_synced;
	informer_tell(in, SILENT, &err);
	informer_leave(in);
}

void informer_watch_is_gone(struct informer *in, bool for_long)
{
	in->is_live = false;
	if (for_long)
		uv_timer_start(&in->stale, on_stale_timer, 0, 0);
	else if (!uv_is_active((uv_handle_t *)&in->stale))
		uv_timer_start(&in->stale, on_stale_timer, (uint64_t)in->options.times.stale_ms, 0);
}

static void on_retry_timer(uv_timer_t *timer)
{
	struct informer *in = timer->data;

	informer_enter(in);
	informer_go_on(in);
	informer_leave(in);
}

/* Nothing is wrong, but what ends here may have ended everywhere: a server's restart must not bring all back at one moment. */
void informer_go_on_soon(struct informer *in)
{
	uint64_t wait_ms = random_below((uint64_t)in->options.times.spread_ms + 1);

	uv_timer_start(&in->retry, on_retry_timer, wait_ms, 0);
}

void informer_fail(struct informer *in, const struct err *err, int64_t retry_after_ms)
{
	int64_t wait_ms = backoff_next_ms(&in->backoff);
	bool is_refused = err->code == ERR_AUTH || err->code == ERR_FORBIDDEN;

	wait_ms = MAX(wait_ms, MIN(retry_after_ms, in->options.times.backoff_max_ms));
	in->last_wait_ms = wait_ms;
	in->has_failed = true;
	uv_timer_start(&in->retry, on_retry_timer, (uint64_t)wait_ms, 0);
	informer_tell(in, is_refused ? REFUSED : FAILED, err);
}

bool informer_bad_answer(struct err *err)
{
	err_wrap(err, "HTTP 200");
	err->http_status = 200;
	return false;
}

/* ---- objects ---- */

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

static void add_entry(struct informer *in, const struct object_id *id, void *projection)
{
	struct store_entry *entry = store_add(&in->store, id->namespace, id->name, projection);

	entry->uid = id->uid;
	call_on_change(in, entry, NULL, projection);
}

enum put informer_put(struct informer *in, const struct object_id *id, const cJSON *object)
{
	struct store_entry *entry = store_find(&in->store, id->namespace, id->name);
	void *after = in->options.project(in->options.arg, object);
	void *before = entry ? entry->projection : NULL;

	if (entry) {
		entry->seen = in->store.round;
		entry->uid = id->uid;
	}
	if (!after) {
		/* It was seen not to be of interest any more: as good as seeing it deleted. */
		if (entry)
			remove_entry(in, entry);
		return PUT_NOTHING;
	}
	if (!entry && HASH_COUNT(in->store.entries) >= in->options.max_objects) {
		in->options.free(after);
		return PUT_LEFT_OUT;
	}
	if (!entry) {
		add_entry(in, id, after);
	} else if (in->options.same(before, after)) {
		in->options.free(after);
	} else {
		entry->projection = after;
		call_on_change(in, entry, before, after);
		in->options.free(before);
	}
	return PUT_KEPT;
}

/* Not where it is news of another one that had this name before: an old event, told again. */
void informer_remove(struct informer *in, const struct object_id *id)
{
	struct store_entry *entry = store_find(&in->store, id->namespace, id->name);

	if (entry && (!entry->uid || !id->uid || entry->uid == id->uid))
		remove_entry(in, entry);
}

void informer_sweep(struct informer *in)
{
	struct store_entry *entry, *next;

	HASH_ITER(hh, in->store.entries, entry, next) {
		if (in->is_freed)
			return;
		if (entry->seen != in->store.round)
			remove_entry(in, entry);
	}
}

void informer_set_version(struct informer *in, const char *version)
{
	char *copy = xstrdup(version);

	free(in->resource_version);
	in->resource_version = copy;
}

/* ---- what goes on ---- */

static void add_parameter(struct buf *path, const char *key, const char *value)
{
	CLEANUP(freep) char *text = value ? http_escape(value) : NULL;

	if (text)
		buf_printf(path, "&%s=%s", key, text);
}

char *informer_path(const struct informer *in, const char *query)
{
	CLEANUP(freep) char *path = kube_path(in->options.resource, in->namespace, NULL, NULL);
	struct buf text;

	buf_init(&text, 1024 * 1024);
	buf_printf(&text, "%s?%s", path, query);
	add_parameter(&text, "fieldSelector", in->is_selector_refused ? NULL : in->field_selector);
	return buf_take(&text);
}

void informer_go_on(struct informer *in)
{
	if (in->is_freed)
		return;
	if (in->needs_list)
		informer_list(in);
	else
		informer_watch(in);
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
	t->proof_ms = or_default(t->proof_ms, 5000);
	t->spread_ms = or_default(t->spread_ms, 500);
	t->list_ms = or_default(t->list_ms, 600000);
	t->older_ms = or_default(t->older_ms, 600000);
}

struct informer *informer_new(const struct informer_options *options)
{
	struct informer *in = xcalloc(1, sizeof(*in));

	in->options = *options;
	set_times(&in->options.times);
	in->options.max_objects = options->max_objects ? options->max_objects : MAX_OBJECTS;
	in->namespace = xstrdup(options->namespace);
	in->field_selector = xstrdup(options->field_selector);
	in->cluster = xstrdup(kube_client_name(options->kube));
	in->plural = xstrdup(options->resource->plural);
	in->backoff = (struct backoff){ in->options.times.backoff_min_ms, in->options.times.backoff_max_ms, 0 };
	in->needs_list = true;
	watch_decoder_init(&in->decoder);
	uv_timer_init(options->loop, &in->retry);
	uv_timer_init(options->loop, &in->stale);
	uv_timer_init(options->loop, &in->proof);
	in->retry.data = in->stale.data = in->proof.data = in;
	in->n_open_handles = 3;
	in->n_objects_shown = SIZE_MAX;
	informer_watch_is_gone(in, false);
	informer_go_on(in);
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
	uv_timer_stop(&in->proof);
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
