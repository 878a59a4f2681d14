/* tests/unit/bench.h - the leader's writing half on a bench: a scene, what the controller has, and a session in talk with a
 * scripted controller (avi_talk.h).
 */
#pragma once

#include "tests/unit/avi_talk.h"
#include "tests/unit/scene.h"

#include "leader/avi/reconcile.h"

#define BENCH_MAX_ANSWERS 16

struct bench {
	struct talk *talk;
	struct scene scene;
	struct actual *actual;
	struct scripted answers[BENCH_MAX_ANSWERS];
	char *bodies[BENCH_MAX_ANSWERS];
	struct apply_options options;  /* of applies: session, actual, owner; fqdn is SCENE_FQDN */
};

struct bench *bench_new(void);
void bench_free(struct bench *b);      /* runs the loop to its end */

/* What is true in the clusters now: spec as scene_policy()'s, and the objects. */
void bench_world(struct bench *b, const char *spec, const struct scene_object *rows, size_t max);
/* What follows for a name, against what the controller is known to have: as reconcile's make_plan. */
void bench_plan(void *bench, const char *fqdn, struct wanted *wanted, struct plan *plan);
/* The controller has what follows now for a name, with uuids "gslbservice-<fqdn>" and "healthmonitor-<fqdn>-<n>". */
void bench_carry_out(struct bench *b, const char *fqdn);
/* What is left to do for a name, as text. */
char *bench_left(struct bench *b, const char *fqdn);
/* From now on these are the controller's answers. A body may be "@gs NAME" or "@monitor NAME": the object that is wanted now,
 * with its uuid; followed by words: "foreign" (another owner's), "bare" (nobody's), "older" (with a ttl of 7, or port 7),
 * "unreadable" (without uuid), "nameless" (its references are uuids), "admin" (of that tenant). "[@gs NAME]" is a list of it. */
void bench_answers(struct bench *b, const struct scripted *answers, size_t max);
/* What was asked of the controller since the last time, logins apart: "PUT /api/...\n...". Borrowed. */
const char *bench_asked(struct bench *b);
void bench_forget_asked(struct bench *b);
