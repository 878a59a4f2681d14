#include "common/base/buf.h"

#include <stdarg.h>

void buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf){ .max = max_bytes };
}

void buf_release(struct buf *b)
{
	if (!b)
		return;
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

static void reserve(struct buf *b, size_t more)
{
	size_t want = b->cap ? b->cap : 64;

	if (b->n + more + 1 <= b->cap)
		return;
	while (want < b->n + more + 1)
		want *= 2;
	b->p = xrealloc(b->p, want);
	b->cap = want;
}

bool buf_add(struct buf *b, struct slice bytes)
{
	if (bytes.n > b->max - b->n)
		return false;
	reserve(b, bytes.n);
	if (bytes.n)
		memcpy(b->p + b->n, bytes.p, bytes.n);
	b->n += bytes.n;
	b->p[b->n] = '\0';
	return true;
}

bool buf_puts(struct buf *b, const char *s)
{
	return buf_add(b, slice_of(s));
}

/* Mostly it fits into what is there: then it is written once. */
bool buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->cap - b->n;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(room ? b->p + b->n : NULL, room, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	if ((size_t)n > b->max - b->n) {
		if (room)
			b->p[b->n] = '\0';
		return false;
	}
	if ((size_t)n >= room) {
		reserve(b, (size_t)n);
		va_start(ap, fmt);
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->n += (size_t)n;
	return true;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

void buf_drop(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (!n)
		return;
	memmove(b->p, b->p + n, b->n - n + 1);
	b->n -= n;
}

char *buf_take(struct buf *b)
{
	char *p = b->p ? b->p : xstrdup("");

	*b = (struct buf){ .max = b->max };
	return p;
}
