/* tests/sim/kubesim/select.h - label and field selectors. A zeroed one selects everything. */
#pragma once

#include "tests/sim/kubesim/store.h"

struct ks_requirement {
	char *key;
	enum { KS_IN, KS_NOT_IN, KS_EXISTS, KS_NOT_EXISTS, KS_GREATER, KS_LESS } op;
	struct strs values;
	size_t field;                  /* of a field selector: 0 name, 1 namespace, from 2 on the kind's */
};

struct ks_selector {
	struct ks_requirement *v;
	size_t n, cap;
};

/* "a=b,c!=d,e in (f,g),h notin (i),j,!k,l>3". NULL or "": everything. Errors: ERR_INVALID, in a server's words. */
bool ks_selector_parse_labels(const char *text, struct ks_selector *out, struct err *err);
/* "metadata.name=a,spec.type!=b". */
bool ks_selector_parse_fields(const char *text, const struct ks_kind *kind, struct ks_selector *out, struct err *err);
bool ks_selector_has_labels(const struct ks_selector *selector, const struct pairs *labels);
bool ks_selector_has_fields(const struct ks_selector *selector, const struct ks_version *version);
void ks_selector_release(struct ks_selector *selector);              /* NULL is fine */
