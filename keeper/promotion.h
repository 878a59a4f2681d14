/* keeper/promotion.h - human acts: which there are, their numbers, and which one is overtaken. Pure. docs/leadership.md, "used up"
 *
 * A promotion is isLeader false -> true against the value last kept, isLeader: true at first start, a new value of annotation
 * promote, or leading when the view turns Manual. It is *due* until it has its number, which is kept before the attempt.
 */
#pragma once

#include "keeper/protocol.h"

/* Takes over what the own AMKOCluster keeps, notices promotions and the end of them. */
void promotion_read_own(struct protocol *p);
/* Gives a number to the promotion that is due, or to a leader's whose view turns Manual. */
void promotion_number(struct protocol *p);
/* Remembers the highest epochs and promotions that are to be seen, and whether the own promotion is used up. */
void promotion_note(struct protocol *p);

/* The last one, or its end, stands on the own AMKOCluster. */
bool promotion_is_kept(const struct protocol *p);
bool kept_same(const struct kept *a, const struct kept *b);
/* A human act asks this cluster to lead, and no later one has overtaken it. */
bool promotion_is_active(const struct protocol *p);
/* A later one than this member's has led. */
bool promotion_is_used_up(const struct protocol *p, int64_t promotion, int member);
/* Another member that stands in the way of a promotion that has never led; NOBODY: none does. */
int promotion_obstacle(const struct protocol *p, enum mode mode, int64_t now_ms);
/* A reachable member that says isLeader: true and does not run amko; NOBODY: none. */
int promotion_reference_leader(const struct protocol *p);
/* Automatic: the member that a human act asks the leader to release to; NOBODY: none. */
int promotion_successor(const struct protocol *p);
