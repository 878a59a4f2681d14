/* leader/avi/fence.h - may a write go to the controller now? The lease says until when, the leadership record whether we are
 * still the ones. Only a worker under a keeper has a fence.
 *
 *  - A write enters when it is queued. It is let through when the lease is open and the record was read at most P/5 ago, for a
 *    deletion after it was queued. All that wait share one read; a read counts from its sending.
 *  - It is asked again directly before its first byte is sent, and has to end in what the lease leaves.
 *  - A greater claim in the record closes the fence for ever. An older one, none, nonsense or a refusal close it until a later
 *    read: the keeper claims the record again, or decides to go without.
 *
 * Ownership: borrows lease and session. A ticket is a part of its owner, who calls fence_leave() before it goes.
 * Errors:    told by the word that a ticket gets. No word comes from inside a call of this module.
 */
#pragma once

#include "common/avi/session.h"
#include "common/leadership/record.h"
#include "common/lease/lease.h"

struct fence;

enum fence_state {
	FENCE_OPEN,
	FENCE_NO_LEASE,                /* the lease is not open, or the fence was closed */
	FENCE_NOT_OURS,                /* the record does not show our claim, nor a greater one */
	FENCE_REFUSED,                 /* the controller does not let us read the record */
	FENCE_OVERTAKEN,               /* for ever */
};
const char *fence_state_name(enum fence_state state);      /* "open", ...: stable words for logs and metrics */

enum fence_word {
	FENCE_GO,                      /* send it now */
	FENCE_WAIT,                    /* not while the fence is as it is */
	FENCE_FAIL,                    /* the record could not be read in time: reply says why */
};

struct fence_ticket {
	bool is_deletion;
	void (*on_word)(struct fence_ticket *ticket, enum fence_word word, const struct avi_reply *reply);
	/* The fence's own. */
	enum { TICKET_OUT, TICKET_WAITING, TICKET_SENT } place;
	struct fence_ticket *prev, *next;
	int64_t entered_ms;
	unsigned n_reads;              /* that were too old when they were answered */
};

struct fence_options {
	uv_loop_t *loop;
	struct lease *lease;
	void (*on_change)(void *arg);  /* the state has become another one */
	void *arg;
};

struct fence *fence_new(const struct fence_options *options);
void fence_free(struct fence *fence);                      /* NULL is fine; no ticket is in it any more */
/* The controller with the record of this federation ("amko-<uuid>" is its owner). NULL: none for now. */
void fence_set_target(struct fence *fence, struct avi_session *session, const char *uuid);
void fence_lease_changed(struct fence *fence);             /* from the lease's on_change */
void fence_close(struct fence *fence);                     /* for ever: the process ends */

enum fence_state fence_state(const struct fence *fence);
const char *fence_why(const struct fence *fence);          /* of what the record has to do with it; "" */

/* True: send it now. False: the word comes later. */
bool fence_enter(struct fence *fence, struct fence_ticket *ticket);
/* Directly before it is sent, each time. *within_ms: what the lease leaves for it. */
bool fence_may_send(struct fence *fence, struct fence_ticket *ticket, int64_t *within_ms);
/* It has ended. AVI_NETWORK: nobody knows what became of it. */
void fence_done(struct fence *fence, struct fence_ticket *ticket, enum avi_class class);
void fence_leave(struct fence *fence, struct fence_ticket *ticket);    /* given up, wherever it is */

size_t fence_count_waiting(const struct fence *fence);
/* No write is under way, and none ended without an answer so lately that it may reach the controller yet. */
bool fence_is_quiet(const struct fence *fence);

/* Pure: what an answer to reading the record means. `claim` where RECORD_FOUND. */
enum fence_state fence_judge(const struct term *term, const char *holder, enum record_state state,
			     const struct claim *claim);
