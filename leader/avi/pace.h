/* leader/avi/pace.h - how many failing names are tried again in a second. Pure: the time is handed in.
 *
 * Each name has a back-off of its own, which is enough for a few of them. When thousands fail for one reason (a role that may not
 * write), the sum of their retries would be a storm. So few are tried a second while the ones that are tried fail, and twice as
 * many after each that goes well. What changes is never held back by this, only what failed before.
 */
#pragma once

#include "common/base/base.h"

struct pace {
	uint64_t second_ms;            /* when the present second began, on the loop's clock */
	size_t n, limit;               /* tried in it; 0: the least */
};

bool pace_take(struct pace *pace, uint64_t now_ms);        /* may one more be tried now? Counts it */
uint64_t pace_due_ms(const struct pace *pace, uint64_t now_ms);    /* when one more may: now or later */
void pace_note(struct pace *pace, bool is_good);           /* how one that was tried again ended */
