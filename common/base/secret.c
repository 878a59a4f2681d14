#include "common/base/secret.h"

void secret_set(struct secret *s, struct slice bytes)
{
	char *copy = xmalloc(bytes.n + 1);

	if (bytes.n)
		memcpy(copy, bytes.p, bytes.n);
	copy[bytes.n] = '\0';
	secret_release(s);
	*s = (struct secret){ copy, bytes.n };
}

bool secret_same(const struct secret *a, const struct secret *b)
{
	if (!a->bytes || !b->bytes)
		return a->bytes == b->bytes;
	return a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

void secret_release(struct secret *s)
{
	if (!s || !s->bytes)
		return;
	explicit_bzero(s->bytes, s->n);
	free(s->bytes);
	*s = (struct secret){ 0 };
}
