#include "common/base/strs.h"

void strs_take(struct strs *s, char *text)
{
	s->v = grow(s->v, &s->cap, s->n, sizeof(*s->v));
	s->v[s->n++] = text;
}

void strs_add(struct strs *s, const char *text)
{
	strs_take(s, xstrdup(text));
}

bool strs_has(const struct strs *s, const char *text)
{
	for (size_t i = 0; i < s->n; i++)
		if (streq(s->v[i], text))
			return true;
	return false;
}

void strs_add_once(struct strs *s, const char *text)
{
	if (!strs_has(s, text))
		strs_add(s, text);
}

void strs_remove(struct strs *s, const char *text)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (streq(s->v[i], text))
			free(s->v[i]);
		else
			s->v[kept++] = s->v[i];
	}
	s->n = kept;
}

void strs_copy(struct strs *to, const struct strs *from)
{
	strs_release(to);
	for (size_t i = 0; i < from->n; i++)
		strs_add(to, from->v[i]);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strs_sort(struct strs *s)
{
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), compare);
}

bool strs_same_list(const struct strs *a, const struct strs *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!streq(a->v[i], b->v[i]))
			return false;
	return true;
}

static bool all_in(const struct strs *a, const struct strs *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (!strs_has(b, a->v[i]))
			return false;
	return true;
}

bool strs_same_set(const struct strs *a, const struct strs *b)
{
	return strs_same_list(a, b) || (all_in(a, b) && all_in(b, a));
}

char *strs_join(const struct strs *s, const char *between)
{
	size_t size = 1, gap = strlen(between);
	char *text, *at;

	for (size_t i = 0; i < s->n; i++)
		size += strlen(s->v[i]) + (i ? gap : 0);
	text = at = xmalloc(size);
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			at = mempcpy(at, between, gap);
		at = mempcpy(at, s->v[i], strlen(s->v[i]));
	}
	*at = '\0';
	return text;
}

void strs_release(struct strs *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
	*s = (struct strs){ 0 };
}
