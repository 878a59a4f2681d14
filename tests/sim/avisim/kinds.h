/* tests/sim/avisim/kinds.h - the object types of the controller: their names, defaults and what they refuse.
 *
 * Pure. Bodies are checked with their defaults filled in.
 * Errors:    ERR_INVALID with "<path of the field>: <reason>", as the controller puts it behind "error".
 */
#pragma once

#include "common/base/json.h"

/* In the order in which objects may refer to each other: a type refers only to types before it. */
enum kind_id { KIND_TENANT, KIND_CLOUD, KIND_PKI, KIND_PERSISTENCE, KIND_STRINGGROUP, KIND_HM, KIND_GS, N_KINDS };

struct kind {
	const char *type;              /* "healthmonitor", also in URLs and in front of UUIDs */
	const char *title;             /* "HealthMonitor", in complaints */
	const char *in_words;          /* "Health monitor", where a name is taken */
	const char *defaults;          /* JSON object; filled in where the body has nothing */
	bool is_federated;             /* written on the leader only, not in maintenance */
	void (*fill)(cJSON *body);     /* defaults of nested objects; may be NULL */
	bool (*check)(const cJSON *body, const char *version, struct err *err);   /* may be NULL */
};

extern const struct kind kinds[N_KINDS];

/* NULL for an unknown type. */
const struct kind *kind_find(struct slice type);
static inline enum kind_id kind_id(const struct kind *kind)
{
	return (enum kind_id)(kind - kinds);
}

/* Defaults into the body. Fields that are null count as absent and are dropped. */
void kind_fill(const struct kind *kind, cJSON *body);
/* version: the API version the client speaks. */
bool kind_check(const struct kind *kind, const cJSON *body, const char *version, struct err *err);

/* "22.1.3" against "30.2": -1, 0, 1; missing parts are 0. */
int version_compare(const char *a, const char *b);
bool version_is_valid(const char *text);           /* up to four numbers with dots, then perhaps "-2p1" */
