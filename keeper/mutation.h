/* keeper/mutation.h - rules left out on purpose, in the model's build only: each must make the model find two writers. */
#pragma once

#ifdef AMKO_MODEL
enum mutation {
	MUTATION_NONE,
	MUTATION_NO_WAIT,            /* no wait between claim and first write */
	MUTATION_NO_READ,            /* the record is not read before a write */
	MUTATION_LONG_WRITES,        /* A = L - R, which leaves M nothing */
	MUTATION_ABSENT_IS_FREE,     /* an absent Lease is free at once */
	MUTATION_SAME_HOLDER,        /* the identity is the pod's, not the process's */
	MUTATION_ONE_VIEW,           /* a quorum in the latest view is enough while it changes */
	MUTATION_ANY_EMPTY,          /* a Lease that a failed attempt emptied counts as released */
	N_MUTATIONS,
};
extern enum mutation mutation;
#define MUTATED(m) (mutation == (m))
#else
#define MUTATED(m) false
#endif
