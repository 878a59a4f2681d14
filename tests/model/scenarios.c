#include "tests/model/scenarios.h"

/* Ticks. L = 8, R = 4, P = R/4 = 1, A = M = 2, S = 1: every inequality holds, as tightly as whole ticks allow. A read of the
 * record is as old as the tick (P/5 = 0), or one tick. */
#define TICKS .lease = 8, .renew = 4, .retry = 1, .write = 2, .margin = 2, .fresh = 0, .request = 1, .late = 1
#define TICKS_FRESH .lease = 8, .renew = 4, .retry = 1, .write = 2, .margin = 2, .fresh = 1, .request = 1, .late = 1
/* M > 2 r L + S: a tick more, for clocks that differ by a tick within a lease. */
#define TICKS_DRIFT .lease = 10, .renew = 4, .retry = 1, .write = 3, .margin = 3, .fresh = 0, .request = 1, .late = 1

/* With a machine that was paused, nothing is promised of commits after the client hung up. */
#define TICKS_PAUSE .lease = 8, .renew = 4, .retry = 1, .write = 2, .margin = 2, .fresh = 1, .request = 1, .late = 0

/* Two keepers: in one cluster, in two, in two of three. */
#define ONE .n_keepers = 2, .n_members = 1, .member_of = { 0, 0 }
#define TWO .n_keepers = 2, .n_members = 2, .member_of = { 0, 1 }
#define THREE .n_keepers = 2, .n_members = 3, .member_of = { 0, 1 }

#define MANUAL .mode = MODE_MANUAL, .leaders = 1
#define AUTOMATIC .mode = MODE_AUTOMATIC, .must_lead = true
#define LED .starts_led = true
#define LIVE .liveness_every = 32

#define WALKS .acts_repeat = true, .walk_steps = 3000, .n_walks = 300, .liveness_every = 1, \
	.budget = { [CUTS] = 60, [CRASHES] = 15, [LOSSES] = 40, [LATES] = 15, [FREEZES] = 10, [ACTS] = 15, [RACES] = 800 }

enum { A = 1, B = 2, C = 4, D = 8, E = 16, RECORD = 1 << RECORD_TARGET };

const struct scenario scenarios[] = {
	/* First starts. */
	{ .name = "first start, one cluster", ONE, MANUAL, TICKS, LIVE,
	  .budget = { [LOSSES] = 1, [DELETIONS] = 1, [RACES] = 1 } },
	{ .name = "first start, two clusters, both promoted", TWO, TICKS, LIVE, .mode = MODE_MANUAL, .leaders = 3,
	  .budget = { [CUTS] = 1, [LOSSES] = 1, [RACES] = 1 } },
	{ .name = "first start, two clusters, automatic", TWO, AUTOMATIC, TICKS, LIVE,
	  .budget = { [LOSSES] = 1, [LATES] = 1, [RACES] = 1 } },
	{ .name = "first start, three clusters, automatic", THREE, AUTOMATIC, TICKS, LIVE,
	  .budget = { [CRASHES] = 1, [RACES] = 1 } },

	/* One cluster, two keepers. */
	{ .name = "one cluster, crashes and deletions", ONE, MANUAL, LED, TICKS, LIVE,
	  .budget = { [CRASHES] = 1, [DELETIONS] = 1, [LATES] = 1 } },
	{ .name = "one cluster, cuts and stops", ONE, MANUAL, LED, TICKS, LIVE,
	  .budget = { [CUTS] = 1, [FREEZES] = 1 } },
	{ .name = "one cluster, ended by SIGTERM", ONE, MANUAL, LED, TICKS_FRESH, LIVE, .acts = { { ACT_TERMINATE, 0 } },
	  .budget = { [ACTS] = 1, [LOSSES] = 1, [LATES] = 1, [RACES] = 1 } },

	/* Two clusters, Manual. */
	{ .name = "two clusters, switched over", TWO, MANUAL, LED, TICKS, LIVE,
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_DEMOTE, 0 } },
	  .budget = { [ACTS] = 2, [LOSSES] = 1, [LATES] = 1 } },
	{ .name = "two clusters, promoted behind a cut", TWO, MANUAL, LED, TICKS_FRESH, LIVE, .acts = { { ACT_PROMOTE, 1 } },
	  .cut_at_first = { B, A }, .cut_targets = RECORD, .budget = { [ACTS] = 1, [FREEZES] = 1 } },
	{ .name = "two clusters, promoted behind a cut, a PUT lost", TWO, MANUAL, LED, TICKS, LIVE, .acts = { { ACT_PROMOTE, 1 } },
	  .cut_at_first = { B, A }, .budget = { [ACTS] = 1, [FREEZES] = 1, [LOSSES] = 1 }, .is_deep = true },
	{ .name = "two clusters, promoted, cuts and a crash", TWO, MANUAL, LED, TICKS, LIVE, .acts = { { ACT_PROMOTE, 1 } },
	  .budget = { [ACTS] = 1, [CUTS] = 1, [CRASHES] = 1 } },
	{ .name = "two clusters, forced", TWO, MANUAL, LED, TICKS, LIVE, .acts = { { ACT_FORCE, 1 } },
	  .budget = { [ACTS] = 1, [CUTS] = 1 } },
	{ .name = "two clusters, forced, a late PUT", TWO, MANUAL, LED, TICKS, LIVE, .acts = { { ACT_FORCE, 1 } },
	  .budget = { [ACTS] = 1, [CUTS] = 1, [LATES] = 1 }, .is_deep = true },
	{ .name = "two clusters, promoted on both sides of a cut", TWO, MANUAL, LED, TICKS, LIVE, .cut_at_first = { B, A },
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_PROMOTE, 0 } }, .budget = { [ACTS] = 2 } },
	{ .name = "two clusters, promoted on both sides of a cut, a crash", TWO, MANUAL, LED, TICKS, LIVE, .cut_at_first = { B, A },
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_PROMOTE, 0 } }, .budget = { [ACTS] = 2, [CRASHES] = 1 }, .is_deep = true },

	/* Automatic. */
	{ .name = "two clusters, automatic, cuts", TWO, AUTOMATIC, LED, TICKS, LIVE, .budget = { [CUTS] = 2 } },
	{ .name = "two clusters, automatic, crash and late PUT", TWO, AUTOMATIC, LED, TICKS, LIVE,
	  .budget = { [CRASHES] = 1, [LATES] = 1 } },
	{ .name = "three clusters, automatic, cut and crash", THREE, AUTOMATIC, LED, TICKS, LIVE,
	  .budget = { [CUTS] = 1, [CRASHES] = 1 } },
	{ .name = "three clusters, automatic, cuts and stops", THREE, AUTOMATIC, LED, TICKS_FRESH, LIVE,
	  .cut_targets = A | B | RECORD, .budget = { [CUTS] = 1, [FREEZES] = 1 } },
	{ .name = "three clusters, automatic, promoted", THREE, AUTOMATIC, LED, TICKS, LIVE, .acts = { { ACT_PROMOTE, 1 } },
	  .budget = { [ACTS] = 1, [LOSSES] = 1, [LATES] = 1 } },
	{ .name = "three clusters, automatic, deleted Leases", THREE, AUTOMATIC, LED, TICKS, LIVE,
	  .budget = { [DELETIONS] = 1, [CUTS] = 1 }, .cut_targets = A | B },

	/* Clocks. */
	{ .name = "a clock that drifts", TWO, AUTOMATIC, LED, TICKS_DRIFT, .budget = { [DRIFTS] = 1, [CUTS] = 2 } },
	{ .name = "a clock that drifts, one cluster", ONE, MANUAL, LED, TICKS_DRIFT,
	  .budget = { [DRIFTS] = 1, [CUTS] = 1, [LATES] = 1 } },
	{ .name = "a paused machine", TWO, AUTOMATIC, LED, TICKS_PAUSE, LIVE, .budget = { [PAUSES] = 1, [CUTS] = 1 },
	  .cut_targets = A | B },
	{ .name = "a paused machine, one cluster", ONE, MANUAL, LED, TICKS_PAUSE, LIVE,
	  .budget = { [PAUSES] = 1, [LATES] = 1, [LOSSES] = 1 } },

	/* The record: refused, or without compare-and-set. */
	{ .name = "no record, two clusters", TWO, MANUAL, LED, TICKS, LIVE, .is_fence_refused = true,
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_DEMOTE, 0 } }, .budget = { [ACTS] = 2, [CUTS] = 1 } },
	{ .name = "no record, two clusters, automatic", TWO, AUTOMATIC, LED, TICKS, LIVE, .is_fence_refused = true,
	  .budget = { [CUTS] = 1, [CRASHES] = 1 } },
	{ .name = "a record refused and allowed again", TWO, AUTOMATIC, LED, TICKS, LIVE,
	  .acts = { { ACT_REFUSE, 0 }, { ACT_ALLOW, 0 } }, .budget = { [ACTS] = 2, [CUTS] = 1 } },
	{ .name = "a record without compare-and-set", TWO, MANUAL, LED, TICKS, LIVE, .is_lax = true, .cut_at_first = { B, A },
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_PROMOTE, 0 } }, .cut_targets = RECORD, .budget = { [ACTS] = 2, [RACES] = 1 } },
	{ .name = "a record without compare-and-set, a late PUT", TWO, MANUAL, LED, TICKS, LIVE, .is_lax = true, .cut_at_first = { B, A },
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_PROMOTE, 0 } }, .budget = { [ACTS] = 2, [LATES] = 1, [RACES] = 1 }, .is_deep = true },

	/* Views. */
	{ .name = "a member less", THREE, AUTOMATIC, LED, TICKS, LIVE, .acts = { { ACT_SPEC, 0, MODE_AUTOMATIC, A | B } },
	  .budget = { [ACTS] = 1, [CUTS] = 1 } },
	{ .name = "a member more", THREE, AUTOMATIC, LED, TICKS, LIVE, .members = A | B,
	  .acts = { { ACT_SPEC, 0, MODE_AUTOMATIC, A | B | C } }, .budget = { [ACTS] = 1, [CRASHES] = 1 } },
	{ .name = "only itself, behind a cut, no record", THREE, LED, TICKS, .mode = MODE_AUTOMATIC, .is_fence_refused = true,
	  .cut_at_first = { B | C, A }, .acts = { { ACT_SPEC, 0, MODE_AUTOMATIC, A } }, .cut_targets = A,
	  .budget = { [ACTS] = 1, [CUTS] = 1 } },
	{ .name = "from automatic to manual", THREE, LED, TICKS, LIVE, .mode = MODE_AUTOMATIC, .is_fence_refused = true,
	  .acts = { { ACT_SPEC, 0, MODE_MANUAL, A | B | C } }, .budget = { [ACTS] = 1, [CUTS] = 1 } },
	{ .name = "from manual to automatic", THREE, MANUAL, LED, TICKS, LIVE,
	  .acts = { { ACT_SPEC, 0, MODE_AUTOMATIC, A | B | C }, { ACT_PROMOTE, 1 } }, .budget = { [ACTS] = 2, [CUTS] = 1 },
	  .cut_targets = A | B },

	/* Hands on a Lease. */
	{ .name = "a Lease edited by hand", TWO, MANUAL, LED, TICKS, LIVE,
	  .acts = { { ACT_EDIT_LEASE, 0, .claim = { .handover = NOBODY } },
		    { ACT_EDIT_LEASE, 0, .claim = { .holder = "b/9/u/9", .epoch = 1000009, .promotion = 1, .is_acquired = true,
						    .handover = NOBODY } } },
	  .budget = { [ACTS] = 2, [CUTS] = 1 } },

	{ .name = "a Lease whose holder is cleared by hand", TWO, MANUAL, LED, TICKS, LIVE,
	  .acts = { { ACT_CLEAR_HOLDER, 0 }, { ACT_PROMOTE, 1 } }, .budget = { [ACTS] = 2, [CUTS] = 1 } },
	{ .name = "a Lease whose holder is cleared by hand, one cluster", ONE, MANUAL, LED, TICKS, LIVE,
	  .acts = { { ACT_CLEAR_HOLDER, 0 } }, .budget = { [ACTS] = 1, [FREEZES] = 1 } },
	{ .name = "a Lease whose holder is cleared by hand, one cluster, a cut", ONE, MANUAL, LED, TICKS, LIVE,
	  .acts = { { ACT_CLEAR_HOLDER, 0 } }, .budget = { [ACTS] = 1, [CUTS] = 1, [FREEZES] = 1 }, .is_deep = true },
	{ .name = "Leases whose holders are cleared by hand, automatic", THREE, AUTOMATIC, LED, TICKS, LIVE,
	  .acts = { { ACT_CLEAR_HOLDER, 0 }, { ACT_CLEAR_HOLDER, 1 } }, .budget = { [ACTS] = 2, [CUTS] = 1 }, .cut_targets = A | B },

	/* Too many to search: walks, with everything at once. */
	{ .name = "walks, three clusters", .n_keepers = 3, .n_members = 3, .member_of = { 0, 1, 2 }, MANUAL, LED, TICKS, WALKS,
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_PROMOTE, 2 }, { ACT_DEMOTE, 1 }, { ACT_SPEC, 1, MODE_AUTOMATIC, A | B | C },
		    { ACT_SPEC, 0, MODE_MANUAL, A | B | C }, { ACT_FORCE, 2 } } },
	{ .name = "walks, four clusters, automatic", .n_keepers = 4, .n_members = 4, .member_of = { 0, 1, 2, 3 },
	  .mode = MODE_AUTOMATIC, LED, TICKS_FRESH, WALKS,
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_PROMOTE, 3 }, { ACT_SPEC, 1, MODE_AUTOMATIC, A | B | C },
		    { ACT_SPEC, 2, MODE_AUTOMATIC, B | C | D }, { ACT_TERMINATE, 0 }, { ACT_DEMOTE, 1 } } },
	{ .name = "walks, five clusters, automatic", .n_keepers = 5, .n_members = 5, .member_of = { 0, 1, 2, 3, 4 },
	  .mode = MODE_AUTOMATIC, LED, TICKS, WALKS,
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_SPEC, 1, MODE_AUTOMATIC, A | B | C }, { ACT_SPEC, 2, MODE_AUTOMATIC, A | B | C | D | E },
		    { ACT_SPEC, 0, MODE_AUTOMATIC, A | D | E }, { ACT_TERMINATE, 2 }, { ACT_DEMOTE, 1 } } },

	/* Each rule left out gives two writers. */
	{ .name = "without the wait before the first write", TWO, MANUAL, LED, TICKS, .mutation = MUTATION_NO_WAIT,
	  .cut_at_first = { B, A }, .acts = { { ACT_PROMOTE, 1 } }, .budget = { [ACTS] = 1 } },
	{ .name = "without the read of the record", TWO, MANUAL, LED, TICKS, .mutation = MUTATION_NO_READ,
	  .cut_at_first = { B, A }, .acts = { { ACT_PROMOTE, 1 } }, .budget = { [ACTS] = 1, [FREEZES] = 1 } },
	{ .name = "without the read of the record, a paused machine", TWO, AUTOMATIC, LED, TICKS, .mutation = MUTATION_NO_READ,
	  .budget = { [PAUSES] = 1 } },
	{ .name = "with A = L - R", TWO, MANUAL, LED, TICKS, .mutation = MUTATION_LONG_WRITES,
	  .acts = { { ACT_PROMOTE, 1 }, { ACT_DEMOTE, 0 } }, .budget = { [ACTS] = 2 } },
	{ .name = "with an absent Lease free at once", ONE, MANUAL, LED, TICKS, .mutation = MUTATION_ABSENT_IS_FREE,
	  .is_fence_refused = true, .budget = { [DELETIONS] = 1, [FREEZES] = 1 } },
	{ .name = "with the pod's name for a holder", ONE, MANUAL, LED, TICKS, .mutation = MUTATION_SAME_HOLDER,
	  .is_fence_refused = true, .down_at_first = 2, .budget = { [FREEZES] = 1 } },
	{ .name = "with one view while it changes", THREE, LED, TICKS, .mode = MODE_AUTOMATIC, .mutation = MUTATION_ONE_VIEW,
	  .is_fence_refused = true, .cut_at_first = { B | C, A }, .acts = { { ACT_SPEC, 0, MODE_AUTOMATIC, A } },
	  .cut_targets = A, .budget = { [ACTS] = 1, [CUTS] = 1 } },
	{ .name = "with a failed attempt counted as released", TWO, MANUAL, LED, TICKS, .mutation = MUTATION_ANY_EMPTY,
	  .cut_at_first = { B, A }, .acts = { { ACT_PROMOTE, 1 }, { ACT_DEMOTE, 1 }, { ACT_PROMOTE, 1 } },
	  .budget = { [ACTS] = 3, [LOSSES] = 1 } },
};

const size_t n_scenarios = ARRAY_SIZE(scenarios);
