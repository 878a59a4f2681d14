/* keeper/candidate.h - from wanting to lead to leading: looking, taking Leases, claiming the record, yielding. Pure.
 *
 * docs/leadership.md, "Acquire": the numbers in the code are those of its steps.
 */
#pragma once

#include "keeper/protocol.h"

/* REASON_NONE: this instance may stand, so it looks; whether it may begin is for candidate_plan(). */
enum reason candidate_may_stand(const struct protocol *p);
/* Step 1: the attempt that could begin now, or why not and because of whom. */
enum reason candidate_plan(const struct protocol *p, int64_t now_ms, struct tenure *out, int *about);
/* How long to hold back once a quorum is free. */
int64_t candidate_delay_ms(const struct protocol *p, const struct tenure *plan, int permille);
void candidate_begin(struct protocol *p, const struct tenure *plan);

/* It is free, or was when the attempt began and has not changed since. */
bool candidate_may_take(const struct protocol *p, int member, int64_t now_ms);
/* Step 3: the next Lease to take; NOBODY: none is left. */
int candidate_next(const struct protocol *p, int64_t now_ms);
/* Whether the attempt is still good; REASON_NONE: it is. */
enum reason candidate_failure(const struct protocol *p, int64_t now_ms);
bool candidate_has_quorum(const struct protocol *p, int64_t now_ms);

/* What an attempt writes into a Lease: what the Lease shows of view and fence stays until the holder leads. */
struct claim candidate_claim(const struct protocol *p, int member);
