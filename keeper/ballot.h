/* keeper/ballot.h - who may vote, what is free, which views count, and whether a quorum stands behind an epoch. Pure.
 *
 * `now_ms` is the observer's clock: a Lease's age counts from the last change that was seen, never from what it says.
 */
#pragma once

#include "keeper/protocol.h"

/* Everybody whose Lease and AMKOCluster are looked at: own spec, and all views that are shown. */
uint64_t ballot_circle(const struct protocol *p);
/* Its Lease answered, belongs to this federation, and is not one of a cluster that votes by another name already. */
bool ballot_is_vote(const struct protocol *p, int member);
/* Its Lease says that it is another federation's. */
bool ballot_is_foreign(const struct protocol *p, int member);
/* One cluster under two contexts: the own one counts, else the first; this is the other. */
bool ballot_is_twin(const struct protocol *p, int member);
/* It answered, and may be taken: docs/leadership.md, "free". */
bool ballot_is_free(const struct protocol *p, int member, int64_t now_ms);
bool ballot_record_is_free(const struct protocol *p, int64_t now_ms);
/* Somebody holds it and has changed it within L, as far as is known. */
bool ballot_is_alive(const struct protocol *p, int member, int64_t now_ms);
bool ballot_is_ours(const struct protocol *p, int member);             /* by this process, as last seen */
/* Nothing has ever carried an epoch, and everything answered. */
bool ballot_is_first_start(const struct protocol *p);
/* Everything was asked at or after p->look_ms and has answered, or is silent. */
bool ballot_look_is_complete(const struct protocol *p);
/* The member whose context the holder names; NOBODY: none that is known. */
int ballot_member_of(const struct protocol *p, const char *holder);

/* The views that the Leases and the record show, the latest first; the own spec's where none shows one. 0: more than
 * VIEWS_MAX. */
int ballot_views(const struct protocol *p, struct view out[VIEWS_MAX]);
/* The mode in force: in the middle of a change of view Manual wins over Automatic. */
enum mode ballot_mode(const struct protocol *p);
/* The view that the own spec asks for. It turns Automatic only where every member answers with our mark. */
struct view ballot_spec_view(const struct protocol *p, enum mode in_force);

/* Whether the record is one voter more in this view. */
bool ballot_record_votes(const struct view *view, bool is_fenceless);
/* Are these members, with the record or without, a quorum in this view? */
bool ballot_is_quorum(const struct protocol *p, const struct view *view, uint64_t members, bool with_record,
		      bool is_fenceless);
/* When the oldest renewal was asked that the tenure's quorums need; 0: they are not complete. */
int64_t ballot_t0(const struct protocol *p);
/* Is the tenure's target shown, with is_acquired, by a quorum in this view? */
bool ballot_shows_target(const struct protocol *p, const struct view *view);
