/* keeper/orphans.h - PID 1's duty: children that nobody waits for (of programs that ended before them) are reaped.
 *
 * The loop's own children are left to it. Not PID 1: nothing is done.
 */
#pragma once

#include <uv.h>

struct orphans;
struct orphans *orphans_new(uv_loop_t *loop);
void orphans_free(struct orphans *orphans);        /* NULL is fine */
/* Reaps what has ended and is not the loop's; how many. */
unsigned orphans_reap(uv_loop_t *loop);
