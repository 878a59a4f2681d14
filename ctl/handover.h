/* ctl/handover.h - moving leadership: may it be done, what must be patched, how far is it. Pure.
 *
 * Nothing here makes it safe: the keepers' protocol does (docs/leadership.md). This only refuses what cannot come to a good
 * end, and says what will be missing.
 * Ownership: a handover owns its texts: handover_release().
 */
#pragma once

#include "ctl/fleet.h"

struct handover {
	enum { HANDOVER_GO, HANDOVER_DONE, HANDOVER_REFUSED, HANDOVER_IMPOSSIBLE } verdict;
	char *why;                     /* of all but HANDOVER_GO; with the remedy */
	struct strs warnings;
	struct strs cleared;           /* members whose isLeader becomes false, in this order */
	char *old_leader;              /* NULL: nobody leads, as far as can be seen */
	int64_t old_epoch;             /* the highest seen */
};

/* handover: uninitialised. */
void handover_to(const struct fleet *fleet, const char *target, bool is_forced, struct handover *handover);
/* context NULL: whoever leads; target is NULL then where nobody does. target: borrowed from fleet. */
void handover_from(const struct fleet *fleet, const char *context, struct handover *handover, const char **target);
void handover_release(struct handover *handover);

/* Patches of an AMKOCluster at the version that was judged; a 409 is to be judged anew. Yours to delete. */
cJSON *promotion_patch(const struct site *site, const char *order);
cJSON *demotion_patch(const struct site *site);
/* The value of annotation promote: id makes it new. Yours to free. */
char *promotion_order(const char *id, bool is_forced);
/* The content of `status` that notes a forced promotion, or with note NULL takes the note away; NULL: nothing to do.
 * object: as it is now. Yours to delete. */
cJSON *forced_note_patch(const cJSON *object, const char *note, const char *now);

struct event_text {
	const char *reason, *message, *id;
	bool is_warning;
};
cJSON *event_json(const cJSON *object, const struct event_text *text, const char *now);        /* yours to delete */

/* Where it stands; a sentence each. Yours to free. order NULL: a demotion. */
char *old_leader_text(const struct fleet *fleet, const struct handover *handover);    /* NULL: nobody led */
char *target_text(const struct fleet *fleet, const char *target, const char *order);
bool promotion_is_done(const struct fleet *fleet, const char *target, const struct handover *handover);
bool demotion_is_done(const struct fleet *fleet, const char *target);
