#include "common/base/slice.h"

bool slice_split(struct slice *rest, char end, struct slice *head)
{
	const char *at;

	if (!rest->p)
		return false;
	at = rest->n ? memchr(rest->p, end, rest->n) : NULL;
	if (!at) {
		*head = *rest;
		*rest = (struct slice){ 0 };
		return true;
	}
	*head = (struct slice){ rest->p, (size_t)(at - rest->p) };
	rest->n -= head->n + 1;
	rest->p = at + 1;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice a)
{
	while (a.n && is_blank(a.p[0])) {
		a.p++;
		a.n--;
	}
	while (a.n && is_blank(a.p[a.n - 1]))
		a.n--;
	return a;
}
