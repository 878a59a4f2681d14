#include "common/io/backoff.h"

#include <sys/random.h>

uint64_t random_below(uint64_t n)
{
	static uint64_t state;

	assert(n > 0);
	if (!state && getrandom(&state, sizeof(state), 0) != sizeof(state))
		abort();
	/* splitmix64: jitter needs no secrecy. */
	state += 0x9e3779b97f4a7c15u;
	uint64_t z = state;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % n;
}

int64_t backoff_next_ms(struct backoff *b)
{
	int64_t wait = b->min_ms;

	for (unsigned i = 0; i < b->n_failures && wait < b->max_ms; i++)
		wait *= 2;
	b->n_failures++;
	wait = MIN(wait, b->max_ms);
	return wait / 2 + (int64_t)random_below((uint64_t)(wait - wait / 2) + 1);
}
