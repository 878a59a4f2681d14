/* leader/avi/reconcile.h - the queue of global names: each is planned from scratch and applied, one pass at a time.
 *
 *           mark()                    plan is empty
 *   idle ──────────► pending ─────────────────────────► idle (forgotten)
 *                     ▲    │ plan has operations
 *   APPLY_AGAIN, or   │    ▼
 *   marked meanwhile  ├─ in flight ── failed ──► waiting (1 s ... 120 s) ──► pending
 *                     │    │ it may not be written now
 *     it may again    └─ fenced
 *
 * A name whose last write had no answer is read by name before it is planned again.
 * At most `width` names are in flight; the width is halved when the others are to slow down (reaction.h) and grows back by one a
 * success. Nothing starts while it is paused. One name never waits for another's failure.
 * Ownership: owns the queue and what is in flight.
 * Errors:    told by on_result; a name is retried for ever.
 */
#pragma once

#include <uv.h>

#include "leader/avi/apply.h"

struct reconcile;

struct reconcile_options {
	uv_loop_t *loop;
	/* What should happen to this name now. Both are filled and given away; a plan without operations ends the pass. */
	void (*make_plan)(void *arg, const char *fqdn, struct wanted *wanted, struct plan *plan);
	/* May anything be written now? NULL: always. A change to true is told by reconcile_lift_fence(). */
	bool (*may_write)(const void *arg);
	/* Each pass that had operations, when it ended. */
	void (*on_result)(void *arg, const char *fqdn, const struct apply_result *result);
	void (*on_idle)(void *arg);            /* nothing is pending or in flight any more (names may be waiting or fenced) */
	void *arg;
};

struct reconcile *reconcile_new(const struct reconcile_options *options);
void reconcile_free(struct reconcile *reconcile);          /* NULL is fine */

/* Where plans are applied; paused until resumed. apply's fqdn, done and arg are filled in here. What is in flight is cut off
 * and counted as unknown: its names are marked. */
void reconcile_set_target(struct reconcile *reconcile, const struct apply_options *target);
void reconcile_cut_off(struct reconcile *reconcile);       /* what is in flight; it is read before it is planned anew */
void reconcile_pause(struct reconcile *reconcile);         /* what is in flight goes on to its end */
void reconcile_resume(struct reconcile *reconcile);
bool reconcile_is_paused(const struct reconcile *reconcile);

void reconcile_mark(struct reconcile *reconcile, const char *fqdn);
void reconcile_retry_all(struct reconcile *reconcile);     /* what waits is pending now */
void reconcile_lift_fence(struct reconcile *reconcile);    /* what is fenced is pending now */

struct reconcile_counts {
	size_t n_pending, n_in_flight, n_failing;          /* failing: waiting after a failure */
	size_t n_fenced;                                   /* have operations that may not be written now */
	uint64_t n_passes;                                 /* with operations, so far */
};
void reconcile_counts(const struct reconcile *reconcile, struct reconcile_counts *out);
/* Names in flight now or whose pass ended after reconcile_note_start(): a listing that began then may be older. */
void reconcile_note_start(struct reconcile *reconcile);
void reconcile_noted(struct reconcile *reconcile, struct strs *out);
/* The failing names and why, at most max of them. */
void reconcile_each_failing(const struct reconcile *reconcile, size_t max,
			    void (*each)(void *arg, const char *fqdn, const char *message), void *arg);
