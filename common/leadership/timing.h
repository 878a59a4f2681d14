/* common/leadership/timing.h - the durations of leadership, and the inequalities that make them safe.
 *
 * All durations are milliseconds, all times milliseconds of CLOCK_BOOTTIME of the host that measures them.
 * See docs/leadership.md for what each inequality is good for.
 */
#pragma once

#include "common/base/err.h"

struct timing {
	int64_t lease_ms;      /* L: who saw no change for so long may take a Lease */
	int64_t renew_ms;      /* R: an epoch is over so long after its oldest renewal that counts was sent */
	int64_t retry_ms;      /* P: from one renewal, or look, to the next */
	int64_t write_ms;      /* A: how long a write may take */
	int64_t margin_ms;     /* M: between a writer's last moment and the end of its Lease */
	int64_t fresh_ms;      /* P/5: how old a read of the record may be when a write starts */
	int64_t request_ms;    /* R/4: time-out of every request of leadership */
};

/* Fills `out` from the three durations that people set. ERR_INVALID, with the inequality and its numbers, where they are not
 * safe; `out` is untouched then. */
bool timing_init(struct timing *out, int64_t lease_ms, int64_t renew_ms, int64_t retry_ms, struct err *err);
