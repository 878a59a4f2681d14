/* ctl/act.h - one act upon a federation: looked at, judged, written, waited for.
 *
 * Ownership: the act owns all of it: act_end().
 * Errors:    said on stderr, with what stands by then; functions give EXIT_... of args.h, EXIT_DONE to go on.
 */
#pragma once

#include "ctl/handover.h"
#include "ctl/look.h"

struct act {
	struct eye eye;
	struct fleet fleet;            /* as last looked at */
	struct handover handover;
	char *target;                  /* what the federation calls it; NULL: not known */
	char *order;                   /* of a promotion */
	char *who;                     /* "alice@laptop (kubectl amko promote)" */
	int64_t until_ms;              /* of asker_now_ms() */
};

int act_begin(struct act *act, const struct args *args, const char *command);
void act_end(struct act *act);

/* Looks, and has it judged; again where a write met a conflict. Judge fills in handover and target. */
void act_look(struct act *act, const struct args *args);
/* Says what was judged: EXIT_DONE where it goes on or is done already (HANDOVER_DONE). */
int act_verdict(const struct act *act);

/* A patch of the site's AMKOCluster, which it takes. The object as it is now, yours to delete; NULL with err: ERR_CONFLICT
 * where it has changed since it was looked at. */
cJSON *act_patch(struct act *act, const struct site *site, cJSON *patch, const char *sub, struct err *err);
/* An Event on the AMKOCluster; a failure is a warning. */
void act_note(struct act *act, const struct site *site, const cJSON *object, const char *reason, const char *message,
	      bool is_warning);
/* spec.isLeader: false wherever the handover says so; the first failure ends it. */
bool act_clear(struct act *act, struct err *err);

/* Looks again and again until it is done, and says what changes. EXIT_TIMED_OUT: problems have been said. */
int act_wait(struct act *act);

const char *act_now(char *out, size_t size);           /* RFC 3339 */
