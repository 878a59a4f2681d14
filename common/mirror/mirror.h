/* common/mirror/mirror.h - what must be done so that a cluster has what is wanted. Pure; it works on any cluster, by whatever road.
 *
 * For each copy:
 *   1. not there: apply (server-side apply, forced)
 *   2. there, as wanted, with the label: nothing
 *   3. there, as wanted, without the label (the cluster's own object, or a copy that AMKO made): label it
 *   4. there, otherwise: apply; what other managers of fields keep different after that: put, if nobody changed it meanwhile;
 *      what differs even then the cluster itself changes (its CRD is of another version): failed
 * For each tombstone:
 *   5. not there: gone
 *   6. there with the label: delete this very version of it
 *   7. there without the label: kept; it is not ours
 * Everything else in the cluster is foreign: told, never touched. Of a kind that was not listed to its end nothing is known,
 * so nothing is decided. Where all is as wanted there is no operation.
 *
 * Ownership: a step owns its body, a plan its steps; keys are borrowed from the wanted set.
 */
#pragma once

#include "common/mirror/copies.h"

enum mirror_verb { MIRROR_NOTHING, MIRROR_APPLY, MIRROR_PUT, MIRROR_LABEL, MIRROR_DELETE };

enum mirror_result {
	MIRROR_EQUAL,              /* as wanted */
	MIRROR_PENDING,            /* after the operation it will be looked at again */
	MIRROR_GONE,
	MIRROR_KEPT,
	MIRROR_STUBBORN,           /* differs even after a put */
};

/* What was done to the object already, in this pass. */
enum mirror_done { MIRROR_DONE_NOTHING, MIRROR_DONE_APPLY, MIRROR_DONE_PUT };

struct mirror_step {
	const char *key;
	enum mirror_verb verb;
	enum mirror_result result;
	cJSON *body;               /* of the request: an object, a merge patch (label), DeleteOptions */
};

void mirror_step_release(struct mirror_step *step);        /* NULL is fine */

/* actual: the cluster's object, NULL: surely none. */
void mirror_decide(const struct copies_entry *wanted, const cJSON *actual, enum mirror_done done, struct mirror_step *out);

/* What a cluster has. */
struct mirror_view {
	struct {
		bool is_listed;            /* to its end */
		const cJSON *const *objects;
		size_t n;
	} kinds[COPY_KINDS];               /* in the order of copy_kinds */
};

struct mirror_plan {
	struct mirror_step *steps;         /* by key: one for each entry whose kind is listed */
	size_t n;
	struct strs foreign;               /* keys, in the order of the view */
};

void mirror_plan(const struct copies *wanted, const struct mirror_view *view, struct mirror_plan *out);
void mirror_plan_release(struct mirror_plan *plan);        /* NULL is fine */
