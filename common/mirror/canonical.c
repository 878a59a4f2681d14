#include "common/mirror/canonical.h"

#include <math.h>

struct writer {
	struct buf *out;
	struct err *err;
};

static bool add(struct writer *w, struct slice bytes)
{
	return buf_add(w->out, bytes) || err_set(w->err, ERR_LIMIT, "more than %zu bytes", w->out->max);
}

static bool add_text(struct writer *w, const char *text)
{
	const char *from = text;
	char escape[8];

	if (!add(w, slice_of("\"")))
		return false;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		if (c < 0x20)
			snprintf(escape, sizeof(escape), "\\u%04x", c);
		else
			snprintf(escape, sizeof(escape), "\\%c", c);
		if (!add(w, (struct slice){ from, (size_t)(text - from) }) || !add(w, slice_of(escape)))
			return false;
		from = text + 1;
	}
	return add(w, slice_of(from)) && add(w, slice_of("\""));
}

static bool add_number(struct writer *w, double number)
{
	char text[32];

	if (!isfinite(number))
		return err_set(w->err, ERR_INVALID, "a number that is too large");
	if (fabs(number) <= 0x1p53 && (double)(int64_t)number == number)
		snprintf(text, sizeof(text), "%lld", (long long)number);
	else
		snprintf(text, sizeof(text), "%.17g", number);
	return add(w, slice_of(text));
}

static bool add_value(struct writer *w, const cJSON *value, int depth);

static bool add_array(struct writer *w, const cJSON *array, int depth)
{
	const cJSON *item;

	if (!add(w, slice_of("[")))
		return false;
	cJSON_ArrayForEach(item, array)
		if ((item != array->child && !add(w, slice_of(","))) || !add_value(w, item, depth))
			return false;
	return add(w, slice_of("]"));
}

/* With the place in the object, so that the first of equal keys stays first. */
struct member {
	const cJSON *value;
	size_t at;
};

static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	int order = strcmp(a->value->string, b->value->string);

	return order ? order : CMP(a->at, b->at);
}

static struct member *sorted_members(const cJSON *object, size_t *n)
{
	struct member *members;
	const cJSON *value;

	*n = 0;
	cJSON_ArrayForEach(value, object)
		++*n;
	members = xcalloc(*n + 1, sizeof(*members));
	*n = 0;
	cJSON_ArrayForEach(value, object) {
		members[*n] = (struct member){ value, *n };
		++*n;
	}
	qsort(members, *n, sizeof(*members), compare_members);
	return members;
}

static bool add_object(struct writer *w, const cJSON *object, int depth)
{
	size_t n;
	CLEANUP(freep) struct member *members = sorted_members(object, &n);
	bool is_first = true;

	if (!add(w, slice_of("{")))
		return false;
	for (size_t i = 0; i < n; i++) {
		const cJSON *value = members[i].value;

		if (cJSON_IsNull(value) || (i && streq(members[i - 1].value->string, value->string)))
			continue;
		if ((!is_first && !add(w, slice_of(","))) || !add_text(w, value->string) || !add(w, slice_of(":")) ||
		    !add_value(w, value, depth))
			return false;
		is_first = false;
	}
	return add(w, slice_of("}"));
}

static bool add_value(struct writer *w, const cJSON *value, int depth)
{
	if (depth <= 0)
		return err_set(w->err, ERR_INVALID, "nested more than %d deep", CANONICAL_DEPTH_MAX);
	if (cJSON_IsObject(value))
		return add_object(w, value, depth - 1);
	if (cJSON_IsArray(value))
		return add_array(w, value, depth - 1);
	if (cJSON_IsString(value))
		return add_text(w, value->valuestring);
	if (cJSON_IsNumber(value))
		return add_number(w, value->valuedouble);
	return add(w, slice_of(cJSON_IsNull(value) ? "null" : cJSON_IsTrue(value) ? "true" : "false"));
}

bool canonical_put(const cJSON *value, struct buf *out, struct err *err)
{
	struct writer w = { out, err };

	return add_value(&w, value, CANONICAL_DEPTH_MAX);
}
