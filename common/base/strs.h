/* common/base/strs.h - an owned list of owned strings. A zeroed one is empty. */
#pragma once

#include "common/base/base.h"

struct strs {
	char **v;
	size_t n, cap;
};

void strs_add(struct strs *s, const char *text);               /* copies */
void strs_take(struct strs *s, char *text);                    /* takes over */
bool strs_has(const struct strs *s, const char *text);
void strs_add_once(struct strs *s, const char *text);          /* linear: for short lists */
void strs_remove(struct strs *s, const char *text);            /* every occurrence; order stays */
void strs_copy(struct strs *to, const struct strs *from);      /* `to` is released first */
void strs_sort(struct strs *s);                                /* bytewise */
bool strs_same_list(const struct strs *a, const struct strs *b);
bool strs_same_set(const struct strs *a, const struct strs *b);   /* order and repetitions do not count */
char *strs_join(const struct strs *s, const char *between);    /* yours to free */
void strs_release(struct strs *s);                             /* NULL is fine */
