/* common/leadership/term.h - how long a worker may write: what the keeper's pipe tells it, the rule it obeys, and what it reports.
 *
 * One line a message, the last one counts. Until the first line, and while starts_before_ms is 0, nothing may be written.
 * A pipe that closes is a term that is over.
 */
#pragma once

#include "common/leadership/timing.h"
#include "common/base/slice.h"

#define TERM_LINE_MAX 128

struct term {
	int64_t epoch;
	int64_t starts_before_ms;    /* t0 + R; 0: no write yet, or none any more */
	int64_t ends_by_ms;          /* t0 + L - M: every write has ended or is cut off */
	bool is_fenced;              /* the record must be read before a write, and show this epoch and holder */
};

/* "term <epoch> <starts before> <ends by> fenced|fenceless\n" */
void term_line(const struct term *term, char out[TERM_LINE_MAX]);
bool term_parse(struct slice line, struct term *out, struct err *err);     /* without the newline */

/* The other way, from a worker to its keeper: whenever it changes, and at least every retry period. */
struct report {
	bool is_healthy;             /* its loop turns, and it gets on with its work */
	bool wants_write;            /* it has something to write, or is writing */
};

/* "report healthy|unhealthy wants|idle\n" */
void report_line(const struct report *report, char out[TERM_LINE_MAX]);
bool report_parse(struct slice line, struct report *out, struct err *err);     /* without the newline */

/* The moment by which a write that starts now must have ended; 0: it may not start.
 * record_ms: when the read of the record was *sent* that showed this epoch and holder, 0: none; a fenceless term needs none.
 * Asked when the write is queued, and again directly before its first byte is sent. */
int64_t term_write_until(const struct term *term, const struct timing *timing, int64_t now_ms, int64_t record_ms);
