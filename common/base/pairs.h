/* common/base/pairs.h - a map of text to text (labels, annotations), owned, sorted by key. A zeroed one is empty. */
#pragma once

#include "common/base/json.h"

struct pair {
	char *key, *value;
};
struct pairs {
	struct pair *v;
	size_t n;
};

/* The string values of a JSON object; others are passed over. The first of two equal keys counts. */
void pairs_from_json(const cJSON *object, struct pairs *out);
const char *pairs_get(const struct pairs *pairs, const char *key);    /* NULL where absent */
bool pairs_same(const struct pairs *a, const struct pairs *b);
bool pairs_contain(const struct pairs *all, const struct pairs *some);   /* every key of some, with its value */
void pairs_copy(struct pairs *to, const struct pairs *from);          /* to: released first */
void pairs_release(struct pairs *pairs);                              /* NULL is fine */
