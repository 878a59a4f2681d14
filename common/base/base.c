#include "common/base/base.h"

#include <stdarg.h>

static void *or_abort(void *p)
{
	if (!p) {
		fputs("amko: out of memory: some limit is wrong\n", stderr);
		abort();
	}
	return p;
}

void *xmalloc(size_t n)
{
	return or_abort(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
	return or_abort(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
	return or_abort(realloc(p, n ? n : 1));
}

char *xstrdup(const char *s)
{
	return s ? or_abort(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
	return or_abort(strndup(s, n));
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return or_abort(s);
}

char *xconcat_all(const char *const *texts)
{
	size_t n = 1;
	char *whole, *at;

	for (size_t i = 0; texts[i]; i++)
		n += strlen(texts[i]);
	whole = at = xmalloc(n);
	*at = '\0';
	for (size_t i = 0; texts[i]; i++)
		at = stpcpy(at, texts[i]);
	return whole;
}

void *grow(void *array, size_t *capacity, size_t n, size_t size)
{
	size_t want = *capacity ? *capacity : 2;     /* most lists stay that short */

	if (n < *capacity)
		return array;
	while (want <= n)
		want *= 2;
	assert(want <= SIZE_MAX / size);
	*capacity = want;
	return xrealloc(array, want * size);
}
