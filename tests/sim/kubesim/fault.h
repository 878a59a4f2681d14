/* tests/sim/kubesim/fault.h - what goes wrong, by rules that the control port sets. Pure.
 *
 * The first rule that matches a request, has no more to skip and is not used up, is followed; no other.
 */
#pragma once

#include "common/base/json.h"

struct ks_request;

enum ks_gone { KS_GONE_NOT, KS_GONE_HTTP, KS_GONE_EVENT };

struct ks_rule {
	unsigned n_refs;
	struct ks_rule *next;
	int64_t id;
	cJSON *given;                  /* as it came, for GET */
	/* Which requests: NULL is any. */
	char *cluster, *method, *path, *resource, *verb, *user;
	int64_t skip, times;           /* times -1: for ever */
	int64_t n_seen, n_done;
	/* What happens to them. */
	int status;                    /* 0: the usual answer */
	char *body, *reason, *message;
	int64_t retry_after_s;         /* -1: not said */
	int64_t delay_ms;
	int64_t bytes_per_s;           /* 0: at once */
	bool is_half, is_closed, is_endless, is_silent, is_malformed;
	enum ks_gone gone;
	char *lie; /* the resourceVersion that is told, "=": always the first one told; NULL: the true one */
	char *first_told;
};

struct ks_faults {
	struct ks_rule *first;
	int64_t last_id;
};

/* One rule or a list of them, behind those that are there; all or none. */
bool ks_faults_add(struct ks_faults *faults, const cJSON *json, struct err *err);
void ks_faults_clear(struct ks_faults *faults);
cJSON *ks_faults_show(const struct ks_faults *faults);                /* yours to delete */
/* Counts; NULL: nothing goes wrong. Borrowed. */
struct ks_rule *ks_faults_match(struct ks_faults *faults, const struct ks_request *request);

struct ks_rule *ks_rule_ref(struct ks_rule *rule);                    /* NULL is fine */
void ks_rule_unref(struct ks_rule *rule);                             /* NULL is fine */
/* The text with its first resourceVersion replaced as the rule says. Yours to free. */
char *ks_lie(struct ks_rule *rule, const char *text);
