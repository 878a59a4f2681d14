/* tests/sim/avisim/fault.h - what goes wrong at the controller, by rules that the control port sets. Pure.
 *
 * A request with a fault goes: delay_ms; it is done (not with `status` or close "before"); the reply is bent; delay_answer_ms;
 * the header; delay_body_ms; the body. The front waits and cuts, here is the rest.
 */
#pragma once

#include "tests/sim/avisim/api.h"
#include "tests/sim/common/faults.h"

struct fault {
	struct fault_rule rule;
	/* Which requests: NULL is any. */
	char *method, *path, *name, *tenant;
	/* What happens to them. */
	int status;                    /* 0: what was asked for is done */
	char *body;                    /* told instead; NULL: none given */
	char *content_type;            /* never NULL when there is a body */
	int retry_after_s;             /* -1: not said */
	int delay_ms, delay_answer_ms, delay_body_ms;
	char *close;                   /* "before" or "after" it is done; NULL: not */
	bool is_truncated;
	struct strs omit;              /* of "url", "ref_names" */
	int count;                     /* has_count: told instead of the true one */
	bool has_count, is_endless;
};

extern const struct fault_kind fault_kind;         /* its requests are what api_look() found */

/* The rule that this request meets; it counts. NULL: nothing goes wrong. Borrowed. */
struct fault *fault_find(struct sim *sim, const struct api_request *request);

bool fault_closes_before(const struct fault *fault);
/* Sooner or later the connection is cut; the log shows status 0. */
bool fault_cuts(const struct fault *fault);
/* As api_answer(), bent; where the fault says that nothing is done, only looked at, with the status of the fault (0: none).
 * content_type of the reply is borrowed from the fault. */
void fault_answer(const struct fault *fault, struct sim *sim, const struct api_request *request,
		  struct api_reply *reply);
