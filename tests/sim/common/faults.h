/* tests/sim/common/faults.h - rules of what goes wrong, as control ports take them. Pure; knows no API.
 *
 * {"match": {...}, "skip": n, "times": m, "do": {...}}: the first rule that matches a request, has no more to skip and is not
 * used up, is followed; no other. What requests are matched by and what can be done to them are two tables of the simulator,
 * over a struct of its own that begins with a struct fault_rule.
 * Ownership: the list owns its rules; one that is being followed is kept by a reference of its own.
 * Errors:    ERR_INVALID with the path: "match.verbs: no such key", "do.status: 7 is not in 200..599".
 */
#pragma once

#include "common/base/table.h"

struct fault_rule {
	const struct fault_kind *kind;
	unsigned n_refs;
	struct fault_rule *next;
	int64_t id;
	cJSON *given;                  /* as it came, to be shown */
	int skip, times;               /* times -1: for ever */
	int64_t n_seen, n_done;
};

/* A simulator's rules. */
struct fault_kind {
	size_t size;                   /* of its struct */
	const struct field *match, *action;
	const char *const *also;       /* keys of "do" that no table can hold, for finish(); NULL-terminated; may be NULL */
	bool (*finish)(struct fault_rule *rule, const cJSON *action, struct err *err);     /* may be NULL */
	void (*release)(struct fault_rule *rule);        /* what finish() and following it have made; may be NULL */
	bool (*fits)(const struct fault_rule *rule, const void *request);
};

/* A zeroed list but for its kind is empty. */
struct faults {
	const struct fault_kind *kind;
	struct fault_rule *first;
	int64_t last_id;
};

/* One rule or a list of them, behind those that are there; all or none. */
bool faults_add(struct faults *faults, const cJSON *json, struct err *err);
void faults_clear(struct faults *faults);
cJSON *faults_show(const struct faults *faults);           /* [{id, seen, done, rule}]; yours to delete */
/* Counts; NULL: nothing goes wrong. Borrowed. request: what fits() takes. */
struct fault_rule *faults_match(struct faults *faults, const void *request);

struct fault_rule *fault_rule_ref(struct fault_rule *rule);            /* NULL is fine */
void fault_rule_unref(struct fault_rule *rule);                        /* NULL is fine */
