/* leader/avi/doubt.h - how long writes wait although the controller says that all is well. Pure: the time is handed in.
 *
 * A write that failed by the controller's fault raises a doubt. The first one costs nothing but a check. Where the check
 * finds nothing wrong and the writes of one name after the other fail, they wait longer each time, so that thousands of
 * names do not each find out for themselves. A name whose writes always fail holds up no other: only another name than
 * last time deepens the doubt, and a success ends it.
 */
#pragma once

#include "common/io/backoff.h"

struct doubt {
	struct backoff backoff;
	char *name;                    /* that raised it last; NULL: none since the last success */
	uint64_t until_ms;             /* on the loop's clock */
};

void doubt_init(struct doubt *doubt);
void doubt_release(struct doubt *doubt);
/* is_first: writes were not waiting already. retry_after_ms: what the controller asks for; -1: nothing. */
void doubt_raise(struct doubt *doubt, const char *name, bool is_first, int64_t retry_after_ms, uint64_t now_ms);
void doubt_end(struct doubt *doubt);                       /* a write went well */
int64_t doubt_left_ms(const struct doubt *doubt, uint64_t now_ms);     /* 0: writes may go on */
