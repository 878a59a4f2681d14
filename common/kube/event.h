/* common/kube/event.h - Kubernetes Events about an object: what `kubectl describe` shows at its end.
 *
 * Said once: the same about the same object is not said again within EVENT_REPEAT_MS. At most EVENT_BURST at once and one more
 * every EVENT_PERIOD_MS; what is over that is dropped and counted (amko_kube_events_total).
 * Ownership: copies everything; freeing it drops what is under way.
 * Errors:    none; an Event that cannot be written is logged at debug level and lost: it is news, not state.
 */
#pragma once

#include "common/kube/client.h"

#define EVENT_REPEAT_MS (10 * 60 * 1000)
#define EVENT_PERIOD_MS 5000
#define EVENT_BURST 20
#define EVENT_MEMORY 64                /* how many are remembered as said */

/* The object that an Event is about; texts are borrowed. */
struct event_object {
	const char *api_version, *kind, *namespace, *name, *uid;
};

struct events;
struct events *events_new(uv_loop_t *loop, struct kube_client *kube, const char *component);
void events_free(struct events *events);       /* NULL is fine */
/* reason: one word in camel case. A message over 1000 bytes is cut. */
void events_say(struct events *events, const struct event_object *about, bool is_warning, const char *reason, const char *message);

/* Pure: what was said, and whether this may be said now. Zero is: nothing yet. */
struct event_budget {
	uint64_t said[EVENT_MEMORY];           /* digests */
	uint64_t said_ms[EVENT_MEMORY];
	size_t next;
	uint64_t refilled_ms;
	unsigned n_spent;
};
bool event_budget_take(struct event_budget *budget, uint64_t digest, uint64_t now_ms);
/* The object to POST. now_s: seconds since 1970. Yours to delete. */
cJSON *event_to_json(const struct event_object *about, bool is_warning, const char *component, const char *reason,
		     const char *message, int64_t now_s);
