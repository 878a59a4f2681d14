/* common/leadership/record.h - the leadership record on the Avi controller: StringGroup `amko-<uuid>-leadership` as JSON.
 *
 * The keeper claims it, keeper and worker read it. An answer to a GET by name is a list: an empty one is an absent record.
 */
#pragma once

#include "common/base/json.h"
#include "common/leadership/claim.h"

#define RECORD_PATH "/api/stringgroup"
#define RECORD_NAME_MAX 96

enum record_state { RECORD_FOUND, RECORD_ABSENT, RECORD_GARBAGE };

/* False where the federation is no UUID's text. */
bool record_name(const char *federation, char out[RECORD_NAME_MAX]);
/* Reads the answer to GET ...?name=<name>. RECORD_GARBAGE, with the reason: an answer that is no list, an object of that name
 * that does not parse. */
enum record_state record_from_list(const cJSON *answer, const char *name, struct roster *roster, struct claim *out,
				   struct version *version, struct err *err);
/* One object, as PUT and POST answer. */
enum record_state record_from_json(const cJSON *object, struct roster *roster, struct claim *out, struct version *version,
				   struct err *err);
/* The object to PUT to RECORD_PATH/<version->uid> or, where that is empty, to POST. Yours to delete. */
cJSON *record_to_json(const struct claim *claim, const struct version *version, const struct roster *roster,
		      const char *name);
