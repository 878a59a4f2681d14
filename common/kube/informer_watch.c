/* A stream of events: what it brings, whether it lives, and what it is worth when it ends. */
#include "common/kube/informer_parts.h"

#include "common/base/metrics.h"

#define WATCH_MIN_S 300
#define WATCH_SPREAD_S 301

static struct metric watch_events = METRIC_COUNTER("amko_kube_watch_events_total", "Watch events received.",
	"cluster", "resource");

/* What a watch has brought, or that it lives, counts from now on. */
static void believe(struct informer *in)
{
	in->is_doubted = false;
	in->has_failed = false;
	uv_timer_stop(&in->stale);
	uv_timer_stop(&in->proof);
	informer_tell(in, LIVE, NULL);
}

static void on_proof_timer(uv_timer_t *timer)
{
	struct informer *in = timer->data;

	if (in->line_since_ms)
		return;                /* in the middle of a line that may never end: it is looked at again */
	informer_enter(in);
	believe(in);
	informer_leave(in);
}

static bool on_watch_status(void *arg, int status)
{
	struct informer *in = arg;
	uint64_t proof_ms = (uint64_t)in->options.times.proof_ms;

	if (status / 100 != 2)
		return true;
	informer_enter(in);
	in->is_live = true;
	in->live_since_ms = informer_now_ms(in);
	if (in->is_doubted)
		uv_timer_start(&in->proof, on_proof_timer, proof_ms, proof_ms);
	else
		believe(in);
	informer_leave(in);
	return true;
}

/* Versions in a stream never go back: where they do, it is not the sequel of what we know. */
static bool is_sequel(struct informer *in, const char *version)
{
	struct err *err = &in->watch_failure;
	const char *seen = informer_resource_version(in);

	if (strlen(version) > OBJECT_VERSION_MAX_BYTES)
		err_set(err, ERR_INVALID, "an event has a resourceVersion of over %u bytes", OBJECT_VERSION_MAX_BYTES);
	else if (version_is_older(version, seen))
		err_set(err, ERR_INVALID, "an event of version %s after version %.40s", version, seen);
	else
		return true;
	return informer_bad_answer(err);
}

static bool take_event(struct informer *in, const struct watch_event *event)
{
	struct object_id id = { .version = object_version(event->object) };

	if (event->type != WATCH_BOOKMARK && !object_id_read(in->options.resource, event->object, &id, &in->watch_failure))
		return informer_bad_answer(&in->watch_failure);
	if (!is_sequel(in, id.version))
		return false;
	if (*id.version)
		informer_set_version(in, id.version);
	if (event->type == WATCH_DELETED) {
		informer_remove(in, &id);
	} else if (event->type != WATCH_BOOKMARK && informer_put(in, &id, event->object) == PUT_LEFT_OUT) {
		err_set(&in->watch_failure, ERR_LIMIT, "more than %zu objects", in->options.max_objects);
		return informer_bad_answer(&in->watch_failure);
	}
	return !in->is_freed;
}

/* The same version may be tried again; after anything else the stream itself was wrong. */
static bool is_about_the_way(const struct err *err)
{
	return err->code == ERR_RETRY || err->code == ERR_TLS || err->code == ERR_AUTH || err->code == ERR_FORBIDDEN;
}

static void watch_failed(struct informer *in, const struct err *err, int64_t retry_after_ms)
{
	struct err text = *err;

	if (err->code == ERR_GONE && !in->has_relisted) {
		in->has_relisted = true;
		in->needs_list = true;
		informer_go_on_soon(in);
		return;
	}
	in->needs_list = in->needs_list || in->watch_failure.code || !is_about_the_way(err) ||
			 (in->is_selector_refused && err->code == ERR_FORBIDDEN);
	err_wrap(&text, "watch %s", in->plural);
	informer_fail(in, &text, retry_after_ms);
}

/* What the watch that ended says about the next ones. */
static void judge(struct informer *in, int64_t lived_ms)
{
	const struct informer_times *t = &in->options.times;
	bool was_bad = in->watch_failure.code != ERR_NONE;

	if (lived_ms >= t->stale_ms)
		in->has_relisted = false;
	/* It has paid for the pause before it. One that was bad costs a list too. */
	if (lived_ms >= t->stale_ms || (!was_bad && lived_ms > in->last_wait_ms))
		backoff_reset(&in->backoff);
	if (in->is_live)
		in->is_doubted = was_bad || lived_ms < t->proof_ms;
	/* Not a byte, no bookmark either: who knows what else was kept from us. */
	if (in->is_live && !in->has_events && lived_ms >= t->idle_ms)
		in->needs_list = true;
}

/* The stream is over, or given up. err: NULL, or how it ended. */
static void end_watch(struct informer *in, const struct err *err, int64_t retry_after_ms)
{
	int64_t lived_ms = in->is_live ? informer_now_ms(in) - in->live_since_ms : 0;
	bool was_stuck = in->line_since_ms && informer_now_ms(in) - in->line_since_ms >= in->options.times.stale_ms;
	struct err failure = in->watch_failure;

	in->call = NULL;
	uv_timer_stop(&in->proof);
	judge(in, lived_ms);
	informer_watch_is_gone(in, was_stuck);
	if (!failure.code && err)
		failure = *err;
	if (!failure.code && lived_ms < in->options.times.short_ms)
		err_set(&failure, ERR_RETRY, "ended at once");
	if (failure.code)
		watch_failed(in, &failure, retry_after_ms);
	else
		informer_go_on_soon(in);
}

static void on_watch_done(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct informer *in = arg;

	(void)json;
	informer_enter(in);
	end_watch(in, err, retry_after_ms);
	informer_leave(in);
}

static void on_over_timer(uv_timer_t *timer)
{
	struct informer *in = timer->data;

	informer_enter(in);
	kube_cancel(TAKE(in->call));
	end_watch(in, NULL, -1);
	informer_leave(in);
}

/* A server ends the stream behind an error. It gets a moment for that: a connection that is cut must be made anew. */
static bool take_error(struct informer *in, const struct watch_event *event)
{
	const char *message = json_str(event->object, "message");

	err_set(&in->watch_failure, event->status_code == 410 ? ERR_GONE : ERR_RETRY, "error %d in the stream%s%.200s",
		event->status_code, message ? ": " : "", message ? message : "");
	in->watch_failure.http_status = event->status_code;
	uv_timer_start(&in->proof, on_over_timer, (uint64_t)in->options.times.short_ms, 0);
	return true;
}

static bool on_event(void *arg, const struct watch_event *event)
{
	struct informer *in = arg;

	metric_add(&watch_events, 1, in->cluster, in->plural);
	in->has_events = true;
	if (in->watch_failure.code)
		return false;          /* something behind the error */
	return event->type == WATCH_ERROR ? take_error(in, event) : take_event(in, event);
}

/* A line that is not whole for so long that a watch would be called dead: nothing comes through there. */
static bool is_stuck(struct informer *in, struct slice bytes)
{
	if (!watch_decoder_is_inside(&in->decoder))
		in->line_since_ms = 0;
	else if (!in->line_since_ms || memchr(bytes.p, '\n', bytes.n))
		in->line_since_ms = informer_now_ms(in);
	if (!in->line_since_ms || informer_now_ms(in) - in->line_since_ms < in->options.times.stale_ms)
		return false;
	err_set(&in->watch_failure, ERR_RETRY, "an event is not whole after %lld s", (long long)in->options.times.stale_ms / 1000);
	return true;
}

static bool on_watch_bytes(void *arg, struct slice bytes)
{
	struct informer *in = arg;
	struct err err = { 0 };
	bool goes_on;

	informer_enter(in);
	goes_on = watch_decode(&in->decoder, bytes, on_event, in, &err);
	if (!goes_on && !in->watch_failure.code) {
		in->watch_failure = err;
		informer_bad_answer(&in->watch_failure);
	}
	goes_on = goes_on && !is_stuck(in, bytes);
	informer_leave(in);
	return goes_on;
}

void informer_watch(struct informer *in)
{
	CLEANUP(freep) char *version = http_escape(informer_resource_version(in));
	CLEANUP(freep) char *query = xasprintf("watch=true&allowWatchBookmarks=true&resourceVersion=%s&timeoutSeconds=%d", version,
					       WATCH_MIN_S + (int)random_below(WATCH_SPREAD_S));
	CLEANUP(freep) char *path = informer_path(in, query);

	in->has_events = false;
	in->line_since_ms = 0;
	in->watch_failure = (struct err){ 0 };
	watch_decoder_release(&in->decoder);
	watch_decoder_init(&in->decoder);
	in->call = kube_stream_start(in->options.kube, &(struct kube_stream){
		.path = path, .idle_timeout_ms = in->options.times.idle_ms,
		.on_status = on_watch_status, .on_bytes = on_watch_bytes, .done = on_watch_done, .arg = in,
	});
}
