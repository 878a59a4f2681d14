/* common/base/buf.h - owned bytes that grow up to a limit which whoever opens it names.
 *
 * Ownership: buf_init/buf_release; buf_take gives the text away. A zeroed buf is empty with limit 0.
 * Errors:    an addition over the limit is refused and leaves the content unchanged.
 */
#pragma once

#include "common/base/slice.h"

struct buf {
	char *p;           /* NUL-terminated once something was added */
	size_t n, cap, max;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_release(struct buf *b);                          /* NULL is fine; keeps the limit */
bool buf_add(struct buf *b, struct slice bytes);          /* false: over the limit, unchanged */
bool buf_puts(struct buf *b, const char *s);
bool buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_clear(struct buf *b);                            /* keeps the memory */
void buf_drop(struct buf *b, size_t n);                   /* takes n bytes off the front */
char *buf_take(struct buf *b);                            /* yours, "" when empty; the buf is empty after */

static inline struct slice buf_slice(const struct buf *b)
{
	return (struct slice){ b->p, b->n };
}

static inline const char *buf_str(const struct buf *b)    /* borrowed until the next change */
{
	return b->p ? b->p : "";
}
