#include "common/base/pairs.h"

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

/* With the place in the object, so that the first of equal keys stays first. */
struct item {
	const cJSON *json;
	size_t at;
};

static int compare_items(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	int order = strcmp(a->json->string, b->json->string);

	return order ? order : CMP(a->at, b->at);
}

void pairs_from_json(const cJSON *object, struct pairs *out)
{
	CLEANUP(freep) struct item *items = NULL;
	const cJSON *json;
	size_t n = 0, at = 0;

	*out = (struct pairs){ 0 };
	if (!cJSON_IsObject(object))
		return;
	cJSON_ArrayForEach(json, object)
		n++;
	items = xcalloc(n, sizeof(*items));
	cJSON_ArrayForEach(json, object) {
		items[at] = (struct item){ json, at };
		at++;
	}
	qsort(items, n, sizeof(*items), compare_items);
	out->v = xcalloc(n, sizeof(*out->v));
	for (size_t i = 0; i < n; i++) {
		json = items[i].json;
		if (cJSON_IsString(json) && (i == 0 || !streq(items[i - 1].json->string, json->string)))
			out->v[out->n++] = (struct pair){ xstrdup(json->string), xstrdup(json->valuestring) };
	}
}

const char *pairs_get(const struct pairs *pairs, const char *key)
{
	const struct pair wanted = { (char *)(uintptr_t)key, NULL }, *found;

	found = pairs->n ? bsearch(&wanted, pairs->v, pairs->n, sizeof(wanted), compare) : NULL;
	return found ? found->value : NULL;
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
