/* leader/avi/apply.h - run one name's plan against the controller: one operation after the other, actual kept up to date.
 *
 * What follows from an answer is decided by reaction.h. Beyond that: an answer that is not the object counts as unreadable;
 * what is read by name and is somebody else's ends in APPLY_FOREIGN; an object that was not found by an update and is there refers
 * to something that is missing: what of it should be ours is read by name too. Under a keeper each operation passes the fence first.
 *
 * A write of which it is not known what became of it ends the pass; its object is read before that name is planned anew, not at
 * once, as a controller that is away would not answer that either.
 *
 * Ownership: takes plan and wanted; apply_cancel() frees all (done is not called).
 * Errors:    by the result; done is called exactly once, never from inside apply_start().
 */
#pragma once

#include "leader/avi/actual.h"
#include "leader/avi/fence.h"
#include "leader/avi/reaction.h"

struct apply;

enum apply_end {
	APPLY_DONE,                    /* every operation was carried out */
	APPLY_AGAIN,                   /* actual has changed under the plan: make a new one at once */
	APPLY_FAILED,                  /* back off; class says why */
	APPLY_FOREIGN,                 /* an object of this name belongs to somebody else */
	APPLY_FENCED,                  /* the fence lets nothing through now: what is left is to be planned when it does */
};

struct apply_result {
	enum apply_end end;
	enum avi_class class;          /* of the answer that ended it */
	enum others others;            /* what it means for the other names */
	const char *message;           /* "" with APPLY_DONE, APPLY_FENCED */
	int64_t retry_after_ms;        /* what the controller asks for; -1: nothing */
	const struct op *unsure;       /* the write whose fate is not known, for apply_read(); borrowed; NULL: none */
};
typedef void apply_done_fn(void *arg, const struct apply_result *result);

struct apply_options {
	struct avi_session *session;
	struct actual *actual;                 /* outlives it */
	const char *owner;
	const char *fqdn;
	struct fence *fence;                   /* NULL: alone, no keeper */
	apply_done_fn *done;
	void *arg;
};

struct apply *apply_start(const struct apply_options *options, struct wanted *wanted, struct plan *plan);
/* Only reads the object of an operation by name. APPLY_AGAIN: actual has what is there. */
struct apply *apply_read(const struct apply_options *options, const struct op *op);
void apply_cancel(struct apply *apply);                    /* NULL is fine */
/* Likewise; the write that was under way and whose fate is not known now: yours to free, NULL: none was. */
struct op *apply_cut_off(struct apply *apply);
