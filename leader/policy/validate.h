/* leader/policy/validate.h - is this policy acceptable, and what must the controller be asked to know it. Pure.
 *
 * Validation never asks: it says which names it needs (look-ups), the caller asks the controller in the policy's tenant, one
 * request for each, and validates again. Texts are those of the reference, to the byte.
 * Ownership: a struct lookups owns its elements. Texts that are returned are the caller's to free.
 * Source:    GET /api/<type>?name=<name>, answers {"count": n, "results": [...]}.
 */
#pragma once

#include "common/crd/gdp.h"
#include "common/crd/gslbconfig.h"

#define LOOKUP_HEALTH_MONITOR "healthmonitor"
#define LOOKUP_PERSISTENCE "applicationpersistenceprofile"
#define LOOKUP_PKI "pkiprofile"

#define GDP_SUCCESS "success"
#define GDP_ALREADY_EXISTS "a GDP object already exists, can't add another"

enum lookup_state { LOOKUP_PENDING, LOOKUP_ABSENT, LOOKUP_FOUND };

/* One name at the controller. What follows `state` is set only when found. */
struct lookup {
	const char *type;              /* one of the LOOKUP_ words above: borrowed for ever */
	char *name;
	enum lookup_state state;
	bool has_is_federated, is_federated;
	char *hm_type;                 /* of a health monitor; NULL where absent, as what follows */
	char *http_request;            /* an accepted template's has three words, with one blank between them */
	struct strs response_codes;
};

struct lookups {
	struct lookup *v;
	size_t n, cap;
};

/* NULL where it was never needed. Borrowed until the next lookups_need(). */
struct lookup *lookups_find(const struct lookups *set, const char *type, const char *name);
/* Adds it once, as pending. Borrowed as above. */
struct lookup *lookups_need(struct lookups *set, const char *type, const char *name);
void lookups_release(struct lookups *set);                 /* NULL is fine */
/* The controller's answer to the question for this type and name: its first element of exactly that name. NULL (a 404), and
 * an answer of another shape, is "absent". */
void lookup_from_json(const cJSON *answer, struct lookup *lookup);

/* Adds to `out` what gdp_validate() may ask for, as far as no earlier rule refuses the policy anyway. True when it added any. */
bool gdp_required_lookups(const struct gdp *gdp, const struct gslbconfig *config, struct lookups *out);

enum validate_result { VALIDATE_ACCEPTED, VALIDATE_REFUSED, VALIDATE_NEEDS_LOOKUPS };
/* text: what status.errorStatus says; NULL while look-ups are needed. A rule that cannot be decided yet holds back those
 * behind it: the first failure in their order is the answer, in whatever order the controller answers. */
enum validate_result gdp_validate(const struct gdp *gdp, const struct gslbconfig *config, const struct lookups *lookups,
				  char **text);

/* The rules that GSLBHostRule has too. NULL where all is well, else the text without a prefix. */
char *pool_algorithm_error(const struct pool_algorithm *algorithm);
char *down_response_error(const struct down_response *response);
char *monitor_template_error(const struct lookup *found_or_absent);      /* not for a pending one */
/* A monitor that may be named in healthMonitorRefs: it is there and is federated. */
bool monitor_ref_is_usable(const struct lookup *found_or_absent);
