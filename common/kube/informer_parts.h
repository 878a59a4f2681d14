/* common/kube/informer_parts.h - struct informer, for informer.c (state, store, back-off) and the files that are parts of it:
 * informer_list.c (a list by pages) and informer_watch.c (a stream of events). Nobody else includes this. */
#pragma once

#include "common/io/backoff.h"
#include "common/kube/informer.h"
#include "common/kube/pages.h"
#include "common/kube/store.h"
#include "common/kube/watch.h"

/* What is told to the state machine. */
enum happening {
	LISTED,         /* a complete list is in the store */
	LIVE,           /* the server accepted the watch */
	REFUSED,        /* 401, 403 */
	FAILED,         /* anything else went wrong */
	SILENT,         /* too long without a live watch */
	N_HAPPENINGS,
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
	int64_t last_wait_ms;                    /* of the last failure */

	struct kube_call *call;                  /* the page or the watch under way */
	uv_timer_t retry, stale, proof;
	int n_open_handles;

	bool needs_list;
	struct pages pages;                      /* of the list under way */
	int64_t list_since_ms;
	size_t n_listed, n_left_out;             /* of its objects that are of interest; n_left_out: the store was full */
	bool has_restarted_list;                 /* its token had expired; the second time is a failure */
	bool has_relisted;                       /* because of a 410, and no watch lived long since */
	int64_t older_since_ms;                  /* since when lists are older than what was seen; 0: they are not */
	char *resource_version;

	struct watch_decoder decoder;
	bool is_live, has_events;                /* of the watch under way */
	bool is_doubted;                         /* the last one that lived was a bad one: this one must prove itself */
	int64_t live_since_ms, line_since_ms;    /* 0: not in the middle of a line */
	struct err watch_failure;                /* why we gave it up ourselves */

	int n_inside;                            /* callbacks on the stack: the memory must stay */
	bool is_freed;
};

/* Every callback runs between these two: the owner's callbacks inside may free the informer. */
void informer_enter(struct informer *in);
void informer_leave(struct informer *in);
int64_t informer_now_ms(const struct informer *in);

/* The only one that sets the state. err: NULL, or what happened. */
void informer_tell(struct informer *in, enum happening what, const struct err *err);
/* Tells, and tries again after the back-off, or after Retry-After where that is longer. */
void informer_fail(struct informer *in, const struct err *err, int64_t retry_after_ms);
/* The answer came, but it is not what it should be: says so in err. Always false. */
bool informer_bad_answer(struct err *err);
/* for_long: nothing has come through it for so long that the store is stale at once. */
void informer_watch_is_gone(struct informer *in, bool for_long);

void informer_go_on(struct informer *in);              /* with a list where one is needed, else with a watch */
void informer_go_on_soon(struct informer *in);
void informer_list(struct informer *in);               /* the next page */
void informer_watch(struct informer *in);
/* The resource's path with this query and the field selector. Yours to free. */
char *informer_path(const struct informer *in, const char *query);

enum put { PUT_NOTHING, PUT_KEPT, PUT_LEFT_OUT /* the store is full */ };
enum put informer_put(struct informer *in, const struct object_id *id, const cJSON *object);
void informer_remove(struct informer *in, const struct object_id *id);
void informer_sweep(struct informer *in);              /* what a complete list did not name is gone */
void informer_set_version(struct informer *in, const char *version);
