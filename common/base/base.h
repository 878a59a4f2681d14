/* common/base/base.h - what every file may use: ownership macros, allocation that cannot fail, poisoned functions.
 *
 * Ownership: CLEANUP(f) releases a local at the end of its scope, TAKE gives it away.
 * Errors:    allocation aborts; input is bounded before it is allocated, so running out is a wrong limit.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>      /* has a MIN and MAX of its own, which evaluate twice */

#define CLEANUP(fn) __attribute__((cleanup(fn)))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#undef MIN
#undef MAX
#define MIN(a, b) ({ __auto_type min_a_ = (a); __auto_type min_b_ = (b); min_a_ < min_b_ ? min_a_ : min_b_; })
#define MAX(a, b) ({ __auto_type max_a_ = (a); __auto_type max_b_ = (b); max_a_ > max_b_ ? max_a_ : max_b_; })

/* Gives the value away: the variable is NULL afterwards, so its CLEANUP does nothing. */
#define TAKE(var) ({ __auto_type taken_ = (var); (var) = NULL; taken_; })

#define container_of(ptr, type, member) ({ \
	const __typeof__(((type *)0)->member) *member_ptr_ = (ptr); \
	(type *)((char *)(uintptr_t)member_ptr_ - offsetof(type, member)); })

/* Defines name##p for CLEANUP out of a free function that accepts NULL. */
#define DEFINE_CLEANUP(type, fn) \
	static inline void fn##p(type *p) { if (*p) fn(*p); }

/* All of these abort when memory runs out. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);                  /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* The texts one after the other, none of them NULL: a fifth of the work of a format, for what is done thousands of times. */
#define xconcat(...) xconcat_all((const char *const[]){ __VA_ARGS__, NULL })
char *xconcat_all(const char *const *texts);

/* Grows *array (element size `size`) so that one more than n elements fit; capacity doubles. */
void *grow(void *array, size_t *capacity, size_t n, size_t size);

static inline void freep(void *p)
{
	free(*(void **)p);
	*(void **)p = NULL;
}

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Equal, where NULL equals only NULL. */
static inline bool streq0(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* -1, 0, 1 for a three-way comparison of numbers. */
#define CMP(a, b) (((a) > (b)) - ((a) < (b)))

#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol gets
