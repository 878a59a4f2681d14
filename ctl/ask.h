/* ctl/ask.h - requests to several clusters at once, waited for: the one place where the loop runs.
 *
 * Ownership: the asker owns a client for each context asked so far; questions own their answers, question_release().
 * Errors:    in the question.
 */
#pragma once

#include <uv.h>

#include "common/kube/client.h"

struct asker;

struct question {
	const struct kube_context *context;    /* outlives the asker */
	const char *method;
	char *path;                            /* owned */
	enum kube_body body_type;
	cJSON *body;                           /* owned; NULL: none */
	cJSON *answer;                         /* owned; NULL where it failed */
	struct err err;                        /* code ERR_NONE: answered */
	struct kube_call *call;
};

struct asker *asker_new(void);
void asker_free(struct asker *asker);                          /* NULL is fine */
/* All of them together; returns once each has its answer or its failure, after timeout_ms at the latest. */
void ask(struct asker *asker, struct question *questions, size_t n, int64_t timeout_ms);
bool is_answered(const struct question *question);
void question_release(struct question *question);
void asker_sleep(struct asker *asker, int64_t ms);
int64_t asker_now_ms(const struct asker *asker);               /* monotonic */
