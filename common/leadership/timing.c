#include "common/leadership/timing.h"

#include <inttypes.h>

/* M > 2 r L + S + k: two clocks drift apart by r, a controller commits up to S after the client hung up, a killed process's
 * sockets are reset k after SIGKILL. */
#define DRIFT_PERCENT 1
#define LATE_COMMIT_MS 400

#define MS "%" PRId64 " ms"

static bool check(const struct timing *t, struct err *err)
{
	int64_t late_ms = 2 * DRIFT_PERCENT * t->lease_ms / 100 + LATE_COMMIT_MS;

	if (t->lease_ms <= 0 || t->renew_ms <= 0 || t->retry_ms <= 0)
		return err_set(err, ERR_INVALID, "lease duration, renew deadline and retry period must be positive");
	if (t->lease_ms > 3600 * 1000)
		return err_set(err, ERR_INVALID, "lease duration " MS " is over an hour", t->lease_ms);
	if (2 * t->lease_ms < 3 * t->renew_ms)
		return err_set(err, ERR_INVALID, "lease duration " MS " must be at least 1.5 times the renew deadline " MS,
			       t->lease_ms, t->renew_ms);
	if (12 * t->retry_ms + t->renew_ms > 4 * t->renew_ms)
		return err_set(err, ERR_INVALID, "three retry periods of " MS " and a quarter of the renew deadline must fit "
			       "into the renew deadline " MS, t->retry_ms, t->renew_ms);
	if (t->fresh_ms < 1 || t->request_ms < 1)
		return err_set(err, ERR_INVALID, "retry period " MS " is too short", t->retry_ms);
	if (t->margin_ms <= late_ms)
		return err_set(err, ERR_INVALID, "half of what the lease duration " MS " has over the renew deadline " MS
			       " must be more than " MS " (two clocks that differ by 1 %%, and a late commit of 400 ms)",
			       t->lease_ms, t->renew_ms, late_ms);
	return true;
}

bool timing_init(struct timing *out, int64_t lease_ms, int64_t renew_ms, int64_t retry_ms, struct err *err)
{
	struct timing t = { .lease_ms = lease_ms, .renew_ms = renew_ms, .retry_ms = retry_ms };

	/* R + A + M <= L: by making A and M of what L has over R. */
	t.write_ms = t.margin_ms = (lease_ms - renew_ms) / 2;
	t.fresh_ms = retry_ms / 5;
	t.request_ms = renew_ms / 4;
	if (!check(&t, err))
		return false;
	*out = t;
	return true;
}
