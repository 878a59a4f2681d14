#include "common/base/json.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>

#define TEXT_FIRST_BYTES 1024               /* most texts are written without growing */

static void *hook_malloc(size_t n)
{
	return xmalloc(n);
}

void json_init(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){ .malloc_fn = hook_malloc, .free_fn = free });
}

char *json_text(const cJSON *value)
{
	return cJSON_PrintBuffered(value, TEXT_FIRST_BYTES, false);
}

cJSON *json_parse(struct slice text, struct err *err)
{
	const char *end = NULL;
	cJSON *value = text.n ? cJSON_ParseWithLengthOpts(text.p, text.n, &end, false) : NULL;

	if (!value) {
		err_set(err, ERR_INVALID, text.n ? "not JSON: stopped at byte %zu of %zu" : "not JSON: empty",
			end && text.n ? (size_t)(end - text.p) : 0, text.n);
		return NULL;
	}
	for (; end < text.p + text.n; end++) {
		if (memchr(" \t\r\n", *end, 4))
			continue;
		cJSON_Delete(value);
		err_set(err, ERR_INVALID, "not JSON: something follows the value at byte %zu", (size_t)(end - text.p));
		return NULL;
	}
	return value;
}

static void wipe_texts(cJSON *value)
{
	cJSON *child;

	if (cJSON_IsString(value))
		explicit_bzero(value->valuestring, strlen(value->valuestring));
	cJSON_ArrayForEach(child, value)
		wipe_texts(child);
}

void json_wipe_free(cJSON *value)
{
	wipe_texts(value);
	cJSON_Delete(value);
}

const cJSON *json_get(const cJSON *object, const char *key)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);

	return value && !cJSON_IsNull(value) ? value : NULL;
}

const cJSON *json_at(const cJSON *object, ...)
{
	const char *key;
	va_list ap;

	va_start(ap, object);
	while (object && (key = va_arg(ap, const char *)))
		object = json_get(object, key);
	va_end(ap);
	return object;
}

static bool same_members(const cJSON *a, const cJSON *b)
{
	const cJSON *child, *other = b->child;

	if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
		return false;
	cJSON_ArrayForEach(child, a) {
		if (!json_same(child, cJSON_IsArray(a) ? other : cJSON_GetObjectItemCaseSensitive(b, child->string)))
			return false;
		other = other->next;
	}
	return true;
}

bool json_same(const cJSON *a, const cJSON *b)
{
	if (!a || !b || (a->type & 0xff) != (b->type & 0xff))
		return false;
	if (cJSON_IsString(a) || cJSON_IsRaw(a))
		return streq(a->valuestring, b->valuestring);
	if (cJSON_IsNumber(a))
		return fabs(a->valuedouble - b->valuedouble) <= fabs(a->valuedouble) * DBL_EPSILON; /* as text keeps them */
	return !(cJSON_IsObject(a) || cJSON_IsArray(a)) || same_members(a, b);
}

const char *json_str(const cJSON *object, const char *key)
{
	return cJSON_GetStringValue(json_get(object, key));
}

int64_t json_int(const cJSON *object, const char *key, int64_t absent)
{
	const cJSON *value = json_get(object, key);
	double number = cJSON_IsNumber(value) ? value->valuedouble : 0.5;

	if (!(number >= -0x1p53 && number <= 0x1p53) || (double)(int64_t)number != number)
		return absent;
	return (int64_t)number;
}

bool json_bool(const cJSON *object, const char *key, bool absent)
{
	const cJSON *value = json_get(object, key);

	return cJSON_IsBool(value) ? cJSON_IsTrue(value) : absent;
}

void json_strs(const cJSON *array, struct strs *out)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, array)
		if (cJSON_IsString(item))
			strs_add(out, item->valuestring);
}

void json_put(cJSON *object, const char *key, cJSON *value)
{
	if (!cJSON_AddItemToObject(object, key, value))
		abort();
}

void json_put_str(cJSON *object, const char *key, const char *text)
{
	json_put(object, key, cJSON_CreateString(text));
}

void json_put_int(cJSON *object, const char *key, int64_t number)
{
	json_put(object, key, cJSON_CreateNumber((double)number));
}

void json_put_bool(cJSON *object, const char *key, bool truth)
{
	json_put(object, key, cJSON_CreateBool(truth));
}

cJSON *json_put_object(cJSON *object, const char *key)
{
	cJSON *value = cJSON_CreateObject();

	json_put(object, key, value);
	return value;
}

cJSON *json_put_array(cJSON *object, const char *key)
{
	cJSON *value = cJSON_CreateArray();

	json_put(object, key, value);
	return value;
}

cJSON *json_add_object(cJSON *array)
{
	cJSON *value = cJSON_CreateObject();

	cJSON_AddItemToArray(array, value);
	return value;
}

void json_add_str(cJSON *array, const char *text)
{
	cJSON_AddItemToArray(array, cJSON_CreateString(text));
}
