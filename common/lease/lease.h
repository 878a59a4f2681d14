/* common/lease/lease.h - a worker's end of the keeper's lease pipe: how long it may write, asked when it writes.
 *
 * The pipe is one end of a stream socket pair, with the lines of common/leadership/term.h in both directions. A worker that has
 * ended by itself says by its exit status how, see enum lease_exit.
 * Times are CLOCK_BOOTTIME: what is read late only ends earlier.
 * Ownership: the lease owns fd. lease_free() closes it; run the loop afterwards.
 * Errors:    an end of the pipe, or anything in it that is no term, is LEASE_LOST, for ever.
 */
#pragma once

#include <uv.h>

#include "common/leadership/claim.h"
#include "common/lease/reader.h"

enum lease_exit {
	LEASE_EXIT_CLEAN = 0,          /* every write that was started has been answered */
	LEASE_EXIT_OVERTAKEN = 3,      /* the record shows a greater claim; a write may have been cut off */
	LEASE_EXIT_CUT_OFF = 4,        /* a write was not answered: it may reach the controller yet. So after any other status */
};

/* The process is killed with its keeper from now on; ends it at once when the keeper is gone already. */
void lease_tie_to_keeper(void);

struct lease;

struct lease_options {
	uv_loop_t *loop;
	int fd;
	struct timing timing;
	const char *holder;            /* the keeper's identity, which the record must show */
	int64_t (*clock_ms)(void);     /* NULL: CLOCK_BOOTTIME; a test's own */
	/* The state or the epoch has become another one; never from inside lease_new(). */
	void (*on_change)(void *arg);
	void *arg;
};

/* NULL, and fd is still the caller's: fd is no socket or pipe. */
struct lease *lease_new(const struct lease_options *options, struct err *err);
void lease_free(struct lease *lease);                      /* NULL is fine */

/* As of now. */
enum lease_state lease_state(const struct lease *lease);
const char *lease_why_lost(const struct lease *lease);     /* "" unless LEASE_LOST */
const struct term *lease_term(const struct lease *lease);
const struct timing *lease_timing(const struct lease *lease);
const char *lease_holder(const struct lease *lease);
int64_t lease_now_ms(const struct lease *lease);           /* asks the clock each time */

/* For how long a write that starts now may take; 0: it may not start. record_ms as term_write_until()'s. */
int64_t lease_write_ms(const struct lease *lease, int64_t record_ms);
/* What the keeper shall know: sent when it changes, and every retry period. Before, all is well and nothing waits. */
void lease_report(struct lease *lease, const struct report *report);
