/* tests/sim/kubesim/status.h - answers of the API, and refusals in the words of a real API server.
 *
 * Ownership: a reply owns its body. Each refusal fills the reply and returns false.
 */
#pragma once

#include "common/base/buf.h"
#include "common/base/json.h"
#include "tests/sim/kubesim/kinds.h"

#define KS_ANSWER_MAX_BYTES (1024u * 1024 * 1024)

struct ks_reply {
	int status;
	const char *content_type;
	char *body;                    /* NULL: none */
	size_t n_body;
	struct strs headers;
};

void ks_reply_text(struct ks_reply *reply, int status, const char *content_type, char *body);      /* body taken over */
void ks_reply_json(struct ks_reply *reply, int status, cJSON *body);                               /* body taken over */
void ks_reply_release(struct ks_reply *reply);                                                     /* NULL is fine */

/* A Status object. details may be NULL and is taken over. Yours to delete. */
cJSON *ks_status(int code, const char *reason, const char *message, cJSON *details);
bool ks_refuse(struct ks_reply *reply, int code, const char *reason, const char *fmt, ...) PRINTF_LIKE(4, 5);
bool ks_refuse_not_found(struct ks_reply *reply, const struct ks_kind *kind, const char *name);
bool ks_refuse_exists(struct ks_reply *reply, const struct ks_kind *kind, const char *name);
bool ks_refuse_conflict(struct ks_reply *reply, const struct ks_kind *kind, const char *name, const char *why);
bool ks_refuse_method(struct ks_reply *reply);

/* What is wrong with an object, field by field. A zeroed one is empty. */
struct ks_causes {
	cJSON *list;
	size_t n;
};
void ks_cause(struct ks_causes *causes, const char *reason, const char *field, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Empties the causes. */
bool ks_refuse_invalid(struct ks_reply *reply, const struct ks_kind *kind, const char *name, struct ks_causes *causes);
void ks_causes_release(struct ks_causes *causes);
