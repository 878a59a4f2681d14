#include "common/base/table.h"

#include <limits.h>

#include "common/base/buf.h"

#define PATH_MAX_BYTES 300
#define SHOWN_MAX_BYTES 60      /* of foreign text in an error */

/* Where we are, as a chain over the callers' stacks: the path is only put together for an error. */
struct place {
	const struct place *up;
	const char *name;           /* NULL: an element of a list */
	size_t index;
};

static void *at(const void *base, size_t offset)
{
	return (char *)(uintptr_t)base + offset;
}

/* The list's pointer has the element's type, which only the table's owner knows. */
static char *list_at(const struct field *f, const void *base)
{
	char *list;

	memcpy(&list, at(base, f->offset), sizeof(list));
	return list;
}

static void list_set(const struct field *f, void *base, char *list, size_t n)
{
	memcpy(at(base, f->offset), &list, sizeof(list));
	*(size_t *)at(base, f->count_offset) = n;
}

static size_t list_count(const struct field *f, const void *base)
{
	return *(size_t *)at(base, f->count_offset);
}

/* At most SHOWN_MAX_BYTES, cut between UTF-8 characters. */
static int shown(const char *text)
{
	size_t n = strnlen(text, SHOWN_MAX_BYTES + 1);

	if (n <= SHOWN_MAX_BYTES)
		return (int)n;
	for (n = SHOWN_MAX_BYTES; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80; n--)
		;
	return (int)n;
}

static void place_add(const struct place *place, struct buf *path)
{
	if (place->up)
		place_add(place->up, path);
	if (place->name)
		buf_printf(path, "%s%.*s", path->n ? "." : "", shown(place->name), place->name);
	else
		buf_printf(path, "[%zu]", place->index);
}

static bool wrap(const struct place *place, struct err *err)
{
	struct buf path;

	buf_init(&path, PATH_MAX_BYTES);
	place_add(place, &path);
	err_wrap(err, "%s", buf_str(&path));
	buf_release(&path);
	return false;
}

static const char *kind_of(const cJSON *value)
{
	return cJSON_IsString(value) ? "text" : cJSON_IsNumber(value) ? "a number" : cJSON_IsBool(value) ? "a boolean" :
	       cJSON_IsArray(value) ? "a list" : cJSON_IsObject(value) ? "an object" : "null";
}

static bool mismatch(const char *expected, const cJSON *value, struct err *err)
{
	return err_set(err, ERR_INVALID, "expected %s, found %s", expected, kind_of(value));
}

static bool read_str(const struct field *f, const cJSON *value, char **out, struct err *err)
{
	CLEANUP(freep) char *names = NULL;
	struct strs choices = { 0 };

	if (!cJSON_IsString(value))
		return mismatch("text", value, err);
	for (size_t i = 0; f->choices && f->choices[i]; i++) {
		if (streq(f->choices[i], value->valuestring))
			break;
		strs_add(&choices, f->choices[i]);
		if (!f->choices[i + 1])
			names = strs_join(&choices, ", ");
	}
	strs_release(&choices);
	if (names)
		return err_set(err, ERR_INVALID, "\"%.*s\" is not one of %s", shown(value->valuestring),
			       value->valuestring, names);
	*out = xstrdup(value->valuestring);
	return true;
}

/* The bounds fit a double, so they also keep the number within what the field's type can hold. */
static bool read_number(const struct field *f, const cJSON *value, int64_t *out, struct err *err)
{
	bool is_any = !f->min && !f->max, is_int = f->type == FIELD_INT;
	int64_t min = !is_any ? f->min : is_int ? INT_MIN : -JSON_INT_MAX;
	int64_t max = !is_any ? f->max : is_int ? INT_MAX : JSON_INT_MAX;
	double number;

	if (!cJSON_IsNumber(value))
		return mismatch("a number", value, err);
	number = value->valuedouble;
	if (!(number >= (double)min && number <= (double)max))
		return err_set(err, ERR_INVALID, "%.16g is not in %lld..%lld", number, (long long)min, (long long)max);
	if ((double)(int64_t)number != number)
		return err_set(err, ERR_INVALID, "%.16g is not a whole number", number);
	*out = (int64_t)number;
	return true;
}

static bool read_bool(const cJSON *value, bool *out, struct err *err)
{
	if (!cJSON_IsBool(value))
		return mismatch("true or false", value, err);
	*out = cJSON_IsTrue(value);
	return true;
}

static bool read_strs(const cJSON *value, const struct place *place, struct strs *out, struct err *err)
{
	struct place element = { place, NULL, 0 };
	const cJSON *item;

	if (!cJSON_IsArray(value)) {
		mismatch("a list", value, err);
		return wrap(place, err);
	}
	cJSON_ArrayForEach(item, value) {
		if (!cJSON_IsString(item)) {
			mismatch("text", item, err);
			return wrap(&element, err);
		}
		strs_add(out, item->valuestring);
		element.index++;
	}
	return true;
}

static bool read_map(const cJSON *value, const struct place *place, struct pairs *out, struct err *err)
{
	const cJSON *item;

	if (!cJSON_IsObject(value)) {
		mismatch("an object", value, err);
		return wrap(place, err);
	}
	cJSON_ArrayForEach(item, value) {
		if (!cJSON_IsString(item)) {
			mismatch("text", item, err);
			return wrap(&(struct place){ place, item->string, 0 }, err);
		}
	}
	pairs_from_json(value, out);
	return true;
}

static bool read_fields(const struct field *table, const cJSON *object, const struct place *place, void *out,
			struct err *err);

static bool read_list(const struct field *f, const cJSON *value, const struct place *place, void *out,
		      struct err *err)
{
	size_t n = (size_t)cJSON_GetArraySize(value);
	struct place element = { place, NULL, 0 };
	const cJSON *item;
	char *list;

	if (!cJSON_IsArray(value)) {
		mismatch("a list", value, err);
		return wrap(place, err);
	}
	if (!n)
		return true;
	list = xcalloc(n, f->size);
	list_set(f, out, list, n);
	cJSON_ArrayForEach(item, value) {
		if (!cJSON_IsObject(item)) {
			mismatch("an object", item, err);
			return wrap(&element, err);
		}
		if (!read_fields(f->fields, item, &element, list + element.index * f->size, err))
			return false;
		element.index++;
	}
	return true;
}

static bool read_object(const struct field *f, const cJSON *value, const struct place *place, void *out,
			struct err *err)
{
	if (value && !cJSON_IsObject(value)) {
		mismatch("an object", value, err);
		return wrap(place, err);
	}
	return read_fields(f->fields, value, place, at(out, f->offset), err);
}

static bool read_int(const struct field *f, const cJSON *value, void *out, struct err *err)
{
	int64_t number = 0;

	if (!read_number(f, value, &number, err))
		return false;
	if (f->type == FIELD_INT)
		*(int *)out = (int)number;
	else
		*(int64_t *)out = number;
	return true;
}

static bool read_given(const struct field *f, const cJSON *value, const struct place *place, void *out,
		       struct err *err)
{
	void *to = at(out, f->offset);

	switch (f->type) {
	case FIELD_STR:
		return read_str(f, value, to, err) || wrap(place, err);
	case FIELD_INT:
	case FIELD_INT64:
		return read_int(f, value, to, err) || wrap(place, err);
	case FIELD_BOOL:
		return read_bool(value, to, err) || wrap(place, err);
	case FIELD_STRS:
		return read_strs(value, place, to, err);
	case FIELD_MAP:
		return read_map(value, place, to, err);
	case FIELD_OBJECT:
		return read_object(f, value, place, out, err);
	case FIELD_LIST:
		return read_list(f, value, place, out, err);
	}
	return true;
}

static bool read_absent(const struct field *f, const struct place *place, void *out, struct err *err)
{
	if (f->type == FIELD_INT)
		*(int *)at(out, f->offset) = (int)f->absent;
	else if (f->type == FIELD_INT64)
		*(int64_t *)at(out, f->offset) = f->absent;
	else if (f->type == FIELD_STR && f->never_null)
		*(char **)at(out, f->offset) = xstrdup("");
	else if (f->type == FIELD_OBJECT)
		return read_object(f, NULL, place, out, err);
	return true;
}

static bool read_fields(const struct field *table, const cJSON *object, const struct place *place, void *out,
			struct err *err)
{
	for (const struct field *f = table; f->name; f++) {
		const cJSON *value = json_get(object, f->name);
		struct place here = { place, f->name, 0 };

		if (!value && object && f->is_required) {
			err_set(err, ERR_INVALID, "missing");
			return wrap(&here, err);
		}
		if (value ? !read_given(f, value, &here, out, err) : !read_absent(f, &here, out, err))
			return false;
		if (f->has_it)
			*(bool *)at(out, f->has_offset) = value != NULL;
	}
	return true;
}

bool table_read(const struct field *table, const cJSON *object, const char *path, void *out, struct err *err)
{
	const struct field whole = { .name = path, .type = FIELD_OBJECT, .fields = table };
	const struct place place = { NULL, path, 0 };

	if (read_object(&whole, object && !cJSON_IsNull(object) ? object : NULL, &place, out, err))
		return true;
	table_release(table, out);
	return false;
}

static void list_release(const struct field *f, void *out)
{
	char *list = list_at(f, out);

	for (size_t i = 0; i < list_count(f, out); i++)
		table_release(f->fields, list + i * f->size);
	free(list);
	list_set(f, out, NULL, 0);
}

void table_release(const struct field *table, void *out)
{
	for (const struct field *f = table; f->name; f++) {
		void *value = at(out, f->offset);

		switch (f->type) {
		case FIELD_STR:
			freep(value);
			break;
		case FIELD_INT:
			*(int *)value = 0;
			break;
		case FIELD_INT64:
			*(int64_t *)value = 0;
			break;
		case FIELD_BOOL:
			*(bool *)value = false;
			break;
		case FIELD_STRS:
			strs_release(value);
			break;
		case FIELD_MAP:
			pairs_release(value);
			break;
		case FIELD_OBJECT:
			table_release(f->fields, value);
			break;
		case FIELD_LIST:
			list_release(f, out);
			break;
		}
		if (f->has_it)
			*(bool *)at(out, f->has_offset) = false;
	}
}

static bool list_same(const struct field *f, const void *a, const void *b)
{
	const char *x = list_at(f, a), *y = list_at(f, b);
	size_t n = list_count(f, a);

	if (n != list_count(f, b))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!table_same(f->fields, x + i * f->size, y + i * f->size))
			return false;
	return true;
}

static bool field_same(const struct field *f, const void *a, const void *b)
{
	const void *x = at(a, f->offset), *y = at(b, f->offset);

	switch (f->type) {
	case FIELD_STR:
		return streq0(*(char *const *)x, *(char *const *)y);
	case FIELD_INT:
		return *(const int *)x == *(const int *)y;
	case FIELD_INT64:
		return *(const int64_t *)x == *(const int64_t *)y;
	case FIELD_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case FIELD_STRS:
		return strs_same_list(x, y);
	case FIELD_MAP:
		return pairs_same(x, y);
	case FIELD_OBJECT:
		return table_same(f->fields, x, y);
	case FIELD_LIST:
		return list_same(f, a, b);
	}
	return false;
}

bool table_same(const struct field *table, const void *a, const void *b)
{
	for (const struct field *f = table; f->name; f++) {
		if (f->has_it && *(bool *)at(a, f->has_offset) != *(bool *)at(b, f->has_offset))
			return false;
		if (!field_same(f, a, b))
			return false;
	}
	return true;
}

static void list_copy(const struct field *f, const void *from, void *to)
{
	const char *source = list_at(f, from);
	size_t n = list_count(f, from);
	char *list;

	if (!n)
		return;
	list = xcalloc(n, f->size);
	list_set(f, to, list, n);
	for (size_t i = 0; i < n; i++)
		table_copy(f->fields, source + i * f->size, list + i * f->size);
}

void table_copy(const struct field *table, const void *from, void *to)
{
	for (const struct field *f = table; f->name; f++) {
		const void *source = at(from, f->offset);
		void *target = at(to, f->offset);

		switch (f->type) {
		case FIELD_STR:
			*(char **)target = xstrdup(*(char *const *)source);
			break;
		case FIELD_INT:
			*(int *)target = *(const int *)source;
			break;
		case FIELD_INT64:
			*(int64_t *)target = *(const int64_t *)source;
			break;
		case FIELD_BOOL:
			*(bool *)target = *(const bool *)source;
			break;
		case FIELD_STRS:
			strs_copy(target, source);
			break;
		case FIELD_MAP:
			pairs_copy(target, source);
			break;
		case FIELD_OBJECT:
			table_copy(f->fields, source, target);
			break;
		case FIELD_LIST:
			list_copy(f, from, to);
			break;
		}
		if (f->has_it)
			*(bool *)at(to, f->has_offset) = *(bool *)at(from, f->has_offset);
	}
}
