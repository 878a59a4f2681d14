/* common/base/slice.h - borrowed text inside somebody else's bytes. Never NUL-terminated, never freed. */
#pragma once

#include "common/base/base.h"

struct slice {
	const char *p;
	size_t n;
};

static inline struct slice slice_of(const char *s)
{
	return (struct slice){ s, s ? strlen(s) : 0 };
}

static inline bool slice_eq(struct slice a, const char *s)
{
	return a.n == strlen(s) && (a.n == 0 || memcmp(a.p, s, a.n) == 0);
}

static inline bool slice_starts(struct slice a, const char *s)
{
	size_t n = strlen(s);

	return a.n >= n && memcmp(a.p, s, n) == 0;
}

static inline char *slice_dup(struct slice a)      /* yours to free */
{
	return xstrndup(a.p ? a.p : "", a.n);
}

/* Takes the text up to `end` off the front of *rest into *head; false when rest is used up (p == NULL).
 * "a,b," gives "a", "b", "". */
bool slice_split(struct slice *rest, char end, struct slice *head);
struct slice slice_trim(struct slice a);           /* without blanks, tabs, CR, LF around it */
