#include "common/kube/event.h"

#include <inttypes.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/io/backoff.h"

#define MESSAGE_MAX_BYTES 1000
#define MAX_UNDER_WAY 8

/* One that is under way. */
struct sending {
	struct kube_call *call;                /* NULL: the place is free */
};

struct events {
	struct kube_client *kube;
	uv_loop_t *loop;
	char *component;
	struct event_budget budget;
	struct sending sendings[MAX_UNDER_WAY];
};

static struct metric events_total = METRIC_COUNTER("amko_kube_events_total", "Events about objects, by what became of them.", "result");

/* ---- what may be said ---- */

static void refill(struct event_budget *b, uint64_t now_ms)
{
	uint64_t n = (now_ms - b->refilled_ms) / EVENT_PERIOD_MS;

	b->n_spent -= (unsigned)MIN(n, (uint64_t)b->n_spent);
	b->refilled_ms += n * EVENT_PERIOD_MS;
}

bool event_budget_take(struct event_budget *b, uint64_t digest, uint64_t now_ms)
{
	refill(b, now_ms);
	for (size_t i = 0; i < EVENT_MEMORY; i++)
		if (b->said[i] == digest && b->said_ms[i] && now_ms - b->said_ms[i] < EVENT_REPEAT_MS)
			return false;
	if (b->n_spent == EVENT_BURST)
		return false;
	b->n_spent++;
	b->said[b->next] = digest;
	b->said_ms[b->next] = MAX(now_ms, (uint64_t)1);
	b->next = (b->next + 1) % EVENT_MEMORY;
	return true;
}

/* FNV-1a; the texts are few, and a false repetition costs one Event. */
static uint64_t digest_of(uint64_t digest, const char *text)
{
	for (; *text; text++)
		digest = (digest ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return (digest ^ 0xff) * UINT64_C(1099511628211);
}

/* ---- the object ---- */

/* Cut at a whole character. */
static char *bounded(const char *message)
{
	size_t n = strnlen(message, MESSAGE_MAX_BYTES + 1);

	if (n > MESSAGE_MAX_BYTES)
		for (n = MESSAGE_MAX_BYTES; n && ((unsigned char)message[n] & 0xc0) == 0x80;)
			n--;
	return xstrndup(message, n);
}

static void put_text(cJSON *object, const char *key, const char *text)
{
	if (text && *text)
		json_put_str(object, key, text);
}

cJSON *event_to_json(const struct event_object *about, bool is_warning, const char *component, const char *reason,
		     const char *message, int64_t now_s)
{
	cJSON *event = cJSON_CreateObject(), *metadata = json_put_object(event, "metadata"), *object;
	CLEANUP(freep) char *name = xasprintf("%.200s.%016" PRIx64, about->name, random_below(UINT64_MAX));
	CLEANUP(freep) char *text = bounded(message);
	char at[32];
	time_t now = (time_t)now_s;
	struct tm utc;

	strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	json_put_str(event, "apiVersion", "v1");
	json_put_str(event, "kind", "Event");
	json_put_str(metadata, "name", name);
	json_put_str(metadata, "namespace", about->namespace);
	object = json_put_object(event, "involvedObject");
	put_text(object, "apiVersion", about->api_version);
	put_text(object, "kind", about->kind);
	put_text(object, "namespace", about->namespace);
	put_text(object, "name", about->name);
	put_text(object, "uid", about->uid);
	json_put_str(event, "reason", reason);
	json_put_str(event, "message", text);
	json_put_str(event, "type", is_warning ? "Warning" : "Normal");
	json_put_str(json_put_object(event, "source"), "component", component);
	json_put_str(event, "firstTimestamp", at);
	json_put_str(event, "lastTimestamp", at);
	json_put_int(event, "count", 1);
	return event;
}

/* ---- sending ---- */

static void on_sent(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct sending *sending = arg;

	(void)json;
	(void)retry_after_ms;
	sending->call = NULL;
	metric_add(&events_total, 1, err ? "failed" : "written");
	if (err)
		log_debug("event_not_written", KV("err", (const char *)err->msg));
}

static struct sending *free_place(struct events *events)
{
	for (size_t i = 0; i < MAX_UNDER_WAY; i++)
		if (!events->sendings[i].call)
			return &events->sendings[i];
	return NULL;
}

void events_say(struct events *events, const struct event_object *about, bool is_warning, const char *reason, const char *message)
{
	uint64_t digest = digest_of(digest_of(digest_of(UINT64_C(14695981039346656037), about->name), reason), message);
	CLEANUP(cJSON_Deletep) cJSON *body = NULL;
	CLEANUP(freep) char *path = NULL;
	struct sending *place = free_place(events);

	if (!place || !event_budget_take(&events->budget, digest, uv_now(events->loop))) {
		metric_add(&events_total, 1, "dropped");
		return;
	}
	body = event_to_json(about, is_warning, events->component, reason, message, (int64_t)time(NULL));
	path = kube_path(&KUBE_EVENTS, about->namespace, NULL, NULL);
	place->call = kube_start(events->kube, &(struct kube_request){
		.method = "POST", .path = path, .body_type = KUBE_BODY_JSON, .body = body, .done = on_sent, .arg = place });
}

struct events *events_new(uv_loop_t *loop, struct kube_client *kube, const char *component)
{
	struct events *events = xcalloc(1, sizeof(*events));

	*events = (struct events){ .kube = kube, .loop = loop, .component = xstrdup(component) };
	return events;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	for (size_t i = 0; i < MAX_UNDER_WAY; i++)
		kube_cancel(events->sendings[i].call);
	free(events->component);
	free(events);
}
