/* tests/model/explore.h - every way a scenario can go, or many of them at random. */
#pragma once

#include "tests/model/world.h"

struct result {
	const char *violation;       /* NULL: none was found */
	bool is_complete;            /* every state that can be reached was looked at */
	int64_t n_states, n_steps, n_asked;      /* n_asked: states from which recovery was tried */
	int64_t n_firsts;            /* steps by which a newer epoch wrote for the first time: what the invariant is about */
	int depth;                   /* steps to the deepest state, or to the violation */
};

/* Breadth first, so that a counterexample is a shortest one; its steps go to stdout. */
struct result explore(const struct scenario *s, int max_states);
/* Walks of s->walk_steps steps; the same seed gives the same ones. */
struct result wander(const struct scenario *s, uint64_t seed, int n_walks);
