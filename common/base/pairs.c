#include "common/base/pairs.h"

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

void pairs_from_json(const cJSON *object, struct pairs *out)
{
	const cJSON *item;
	size_t n = 0;

	*out = (struct pairs){ 0 };
	if (!cJSON_IsObject(object))
		return;
	cJSON_ArrayForEach(item, object)
		n++;
	out->v = xcalloc(n, sizeof(*out->v));
	cJSON_ArrayForEach(item, object) {
		if (cJSON_IsString(item) && cJSON_GetObjectItemCaseSensitive(object, item->string) == item)
			out->v[out->n++] = (struct pair){ xstrdup(item->string), xstrdup(item->valuestring) };
	}
	qsort(out->v, out->n, sizeof(*out->v), compare);
}

const char *pairs_get(const struct pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (streq(pairs->v[i].key, key))
			return pairs->v[i].value;
	return NULL;
}

bool pairs_contain(const struct pairs *all, const struct pairs *some)
{
	for (size_t i = 0; i < some->n; i++) {
		const char *value = pairs_get(all, some->v[i].key);

		if (!value || !streq(value, some->v[i].value))
			return false;
	}
	return true;
}

bool pairs_same(const struct pairs *a, const struct pairs *b)
{
	return a->n == b->n && pairs_contain(a, b);
}

void pairs_copy(struct pairs *to, const struct pairs *from)
{
	pairs_release(to);
	to->v = xcalloc(from->n, sizeof(*to->v));
	to->n = from->n;
	for (size_t i = 0; i < from->n; i++)
		to->v[i] = (struct pair){ xstrdup(from->v[i].key), xstrdup(from->v[i].value) };
}

void pairs_release(struct pairs *pairs)
{
	if (!pairs)
		return;
	for (size_t i = 0; i < pairs->n; i++) {
		free(pairs->v[i].key);
		free(pairs->v[i].value);
	}
	free(pairs->v);
	*pairs = (struct pairs){ 0 };
}
