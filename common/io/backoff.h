/* common/io/backoff.h - how long to wait before trying again: doubling, with jitter, up to a limit. Pure but for the dice. */
#pragma once

#include "common/base/base.h"

struct backoff {
	int64_t min_ms, max_ms;        /* set by the owner */
	unsigned n_failures;
};

/* Counts a failure; the wait before the next try: between half and all of min * 2^(n-1), at most max. */
int64_t backoff_next_ms(struct backoff *b);
static inline void backoff_reset(struct backoff *b)
{
	b->n_failures = 0;
}
/* A number in [0, n), from a generator seeded once per process by the kernel. */
uint64_t random_below(uint64_t n);
