/* common/kube/informer.h - a mirror of one resource of one API server: list by pages, watch, and a store of projections.
 *
 * Of each object only what project() returns is kept. Removals are told only when an object was seen to be deleted or is
 * missing from a *complete* list. (Promise P1: unknown is not absent.)
 *
 *   NEVER ──list complete──► SYNCED ◄──watch lives again──► STALE (30 s without a live watch)
 *     └──── 401/403 ────► FORBIDDEN (also from SYNCED and STALE; the store stays) ────► SYNCED
 *
 * A list or a stream that cannot be true (an object without a name or of another kind, versions that go back, a list in a
 * circle) is a failure and removes nothing. A list must come to its end within its limits, a watch's line within 30 s. After a
 * watch that was bad or short the next one must live 5 s before it counts as live: state does not follow each attempt.
 *
 * Ownership: the informer owns its store; projections are freed with options.free. Freeing it stops everything and calls
 *            nothing back any more but options.free; that is allowed in every callback but project, same and free. Run the loop afterwards.
 * Errors:    none reach the caller but by on_state: it goes on for ever with back-off 1 s ... 60 s and jitter, Retry-After kept.
 */
#pragma once

#include "common/kube/client.h"

enum informer_state { INFORMER_NEVER, INFORMER_SYNCED, INFORMER_STALE, INFORMER_FORBIDDEN };
const char *informer_state_name(enum informer_state state);       /* "never synced", "synced", "stale", "forbidden" */

struct informer;

/* 0: the default. Tests shorten them. */
struct informer_times {
	int64_t backoff_min_ms, backoff_max_ms;  /* 1 s, 60 s; the latter bounds Retry-After too */
	int64_t stale_ms;                        /* 30 s: so long without a live watch */
	int64_t idle_ms;                         /* 150 s: a watch that is silent for so long is dead */
	int64_t short_ms;                        /* 1 s: a watch that ends earlier is a failure */
	int64_t proof_ms;                        /* 5 s: so long a watch must live to be believed after a bad one, or to be no bad one */
	int64_t spread_ms;                       /* 500 ms: within this a watch that ended well, or expired, is taken up */
	int64_t list_ms;                         /* 600 s: for all pages of a list */
	int64_t older_ms;                        /* 600 s: so long lists older than what was seen are not believed */
};

struct informer_options {
	struct kube_client *kube;                /* outlives the informer */
	uv_loop_t *loop;
	const struct kube_resource *resource;
	const char *namespace;                   /* NULL: all */
	const char *field_selector;              /* NULL: none; when the server refuses it (400), it goes on without, until that fails too: project() must filter */
	/* What is kept of an object; NULL: nothing, as if it were absent. The JSON is borrowed. */
	void *(*project)(void *arg, const cJSON *object);
	bool (*same)(const void *a, const void *b);          /* equal projections cause no on_change */
	void (*free)(void *projection);
	/* before NULL: added; after NULL: removed. The store already holds `after`; `before` dies after the call. */
	void (*on_change)(void *arg, const char *namespace, const char *name, const void *before, const void *after);
	/* A new state, or a new reason for the old one. err NULL: all is well. */
	void (*on_state)(void *arg, enum informer_state state, const struct err *err);
	void *arg;
	struct informer_times times;
	size_t max_objects;                      /* of which something is kept; 0: 250000. More are a failure */
};

struct informer *informer_new(const struct informer_options *options);   /* starts at once */
void informer_free(struct informer *informer);                           /* NULL is fine */
/* Tries again now instead of after the back-off (a credential changed). */
void informer_kick(struct informer *informer);

enum informer_state informer_state(const struct informer *informer);
bool informer_was_synced(const struct informer *informer);        /* at least once: the store was complete then */
bool informer_has_failed(const struct informer *informer);        /* the last attempt failed (start-up waits no longer) */
const char *informer_error(const struct informer *informer);      /* why it is not synced; "" */
int informer_http_status(const struct informer *informer);        /* of the last failure, 0 */
const char *informer_resource_version(const struct informer *informer);   /* the newest seen; "" */
size_t informer_count(const struct informer *informer);
const void *informer_get(const struct informer *informer, const char *namespace, const char *name);
/* In no order. each must not change the store. */
void informer_each(const struct informer *informer, void (*each)(void *arg, const char *namespace, const char *name, const void *projection), void *arg);
