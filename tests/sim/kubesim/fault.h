/* tests/sim/kubesim/fault.h - what goes wrong in clusters, by rules that the control port sets. Pure. */
#pragma once

#include "tests/sim/common/faults.h"

enum ks_gone { KS_GONE_NOT, KS_GONE_HTTP, KS_GONE_EVENT };

struct ks_rule {
	struct fault_rule rule;
	/* Which requests: NULL is any. */
	char *cluster, *method, *path, *resource, *verb, *user, *param;
	/* What happens to them. */
	int status;                    /* 0: the usual answer */
	char *body, *reason, *message;
	int retry_after_s;             /* -1: not said */
	int delay_ms;
	int bytes_per_s;               /* 0: at once */
	int pad_bytes;                 /* blanks in the answer, or in the first line of a watch */
	bool is_half, is_closed, is_endless, is_silent, is_malformed;
	enum ks_gone gone;
	char *lie; /* what is told instead of the resourceVersion: "old", "same" as the first one told, "text" */
	char *first_told;
};

extern const struct fault_kind ks_fault_kind;      /* its requests are struct ks_request */

static inline struct ks_rule *ks_rule_ref(struct ks_rule *rule)        /* NULL is fine */
{
	fault_rule_ref((struct fault_rule *)rule);
	return rule;
}

static inline void ks_rule_unref(struct ks_rule *rule)                 /* NULL is fine */
{
	fault_rule_unref((struct fault_rule *)rule);
}

/* How many bytes to send every *tick_ms, where bytes_per_s is set. */
size_t ks_drip(const struct ks_rule *rule, uint64_t *tick_ms);
/* JSON of an object with pad_bytes more. Yours to free. */
char *ks_pad(const struct ks_rule *rule, const char *text);
/* The text with its first resourceVersion replaced as the rule says. Yours to free. */
char *ks_lie(struct ks_rule *rule, const char *text);
