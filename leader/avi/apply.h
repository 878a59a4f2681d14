/* leader/avi/apply.h - run one name's plan against the controller: one operation after the other, actual kept up to date.
 *
 *  answer                      what happens
 *  2xx                         actual takes the answer, next operation
 *  2xx that is not the object  it is read by name; plan anew at once
 *  404 on a deletion           the same as done
 *  404 on an update            it is read by name. Not there: plan anew at once. There: what it refers to is missing, back off
 *  409, or "already exists"    read by name: ours or nobody's is adopted, plan anew at once; somebody else's: APPLY_FOREIGN
 *  no answer, 5xx, 412         unknown what became of it: it is read by name, then the pass is tried again after a back-off
 *  anything else               the pass stops; tried again after a back-off
 *
 * Ownership: takes plan and wanted; apply_cancel() frees all (done is not called).
 * Errors:    by enum apply_end and a message; done is called exactly once, never from inside apply_start().
 */
#pragma once

#include "common/avi/session.h"
#include "leader/avi/actual.h"

struct apply;

enum apply_end {
	APPLY_DONE,                    /* every operation was carried out */
	APPLY_AGAIN,                   /* actual has changed under the plan: make a new one at once */
	APPLY_FAILED,                  /* back off; class says why */
	APPLY_FOREIGN,                 /* an object of this name belongs to somebody else */
};

typedef void apply_done_fn(void *arg, enum apply_end end, enum avi_class class, const char *message, int64_t retry_after_ms);

struct apply_options {
	struct avi_session *session;
	struct actual *actual;                 /* outlives it */
	const char *owner;
	const char *fqdn;
	bool (*may_send)(void *arg, int64_t *within_ms);   /* asked directly before each write; NULL: always */
	apply_done_fn *done;
	void *arg;
};

struct apply *apply_start(const struct apply_options *options, struct wanted *wanted, struct plan *plan);
void apply_cancel(struct apply *apply);                    /* NULL is fine */
