/* common/base/secret.h - a password, token or key. A type of its own, so that no log field takes it.
 *
 * Ownership: the struct owns its bytes and wipes them on release. A zeroed one is absent.
 */
#pragma once

#include "common/base/slice.h"

struct secret {
	char *bytes;      /* NUL-terminated behind n; may hold NULs */
	size_t n;
};

void secret_set(struct secret *s, struct slice bytes);          /* copies; wipes what was there */
bool secret_same(const struct secret *a, const struct secret *b);
void secret_release(struct secret *s);                          /* NULL is fine */

static inline bool secret_is_set(const struct secret *s)
{
	return s->bytes != NULL;
}
