#include "tests/sim/kubesim/schema.h"

#include <regex.h>

#include "tests/sim/kubesim/text.h"

#define MAX_SHOWN 200

static bool is_flag(const cJSON *schema, const char *key)
{
	return json_bool(schema, key, false);
}


static char *key_path(const char *path, const char *key)
{
	return *path ? xasprintf("%s.%s", path, key) : xstrdup(key);
}

const cJSON *ks_schema_child(const cJSON *schema, const char *key)
{
	const cJSON *child = key ? json_get(json_get(schema, "properties"), key) : json_get(schema, "items");
	const cJSON *more = json_get(schema, "additionalProperties");

	return child || !key ? child : cJSON_IsObject(more) ? more : NULL;
}

/* --- pruning --------------------------------------------------------------------------------------------- */

static bool is_known(const cJSON *schema, const char *key, bool is_resource)
{
	return json_get(json_get(schema, "properties"), key) || json_get(schema, "additionalProperties") ||
	       is_flag(schema, "x-kubernetes-preserve-unknown-fields") ||
	       (is_resource && (streq(key, "apiVersion") || streq(key, "kind") || streq(key, "metadata")));
}

static void prune(const cJSON *schema, cJSON *value, const char *path, bool is_resource, struct strs *unknown)
{
	cJSON *child, *next;
	size_t index = 0;

	for (child = value->child; child; child = next, index++) {
		bool is_list = cJSON_IsArray(value);
		CLEANUP(freep) char *at = is_list ? xasprintf("%s[%zu]", path, index) : key_path(path, child->string);
		const cJSON *below = ks_schema_child(schema, is_list ? NULL : child->string);

		next = child->next;
		if (is_resource && streq(child->string, "metadata"))
			continue;
		if (!is_list && !is_known(schema, child->string, is_resource)) {
			if (unknown)
				strs_add(unknown, at);
			cJSON_Delete(cJSON_DetachItemViaPointer(value, child));
		} else if (below && (cJSON_IsObject(child) || cJSON_IsArray(child))) {
			prune(below, child, at, is_flag(below, "x-kubernetes-embedded-resource"), unknown);
		}
	}
}

void ks_schema_prune(const cJSON *schema, cJSON *object, struct strs *unknown)
{
	prune(schema, object, "", true, unknown);
}

/* --- defaults -------------------------------------------------------------------------------------------- */

void ks_schema_default(const cJSON *schema, cJSON *object)
{
	const cJSON *property;
	cJSON *child;

	if (cJSON_IsObject(object))
		cJSON_ArrayForEach(property, json_get(schema, "properties")) {
			const cJSON *value = json_get(property, "default");
			cJSON *now = ks_child(object, property->string);

			/* A null where none may be counts as absent if there is something to put in its place. */
			if (value && (!now || (cJSON_IsNull(now) && !is_flag(property, "nullable"))))
				ks_set(object, property->string, cJSON_Duplicate(value, true));
		}
	cJSON_ArrayForEach(child, object) {
		const cJSON *below = ks_schema_child(schema, cJSON_IsArray(object) ? NULL : child->string);

		if (below && (cJSON_IsObject(child) || cJSON_IsArray(child)))
			ks_schema_default(below, child);
	}
}

/* --- checks ---------------------------------------------------------------------------------------------- */

static char *shown(const cJSON *value)
{
	CLEANUP(freep) char *text = cJSON_IsNull(value) ? xstrdup("\"null\"")
				  : cJSON_IsObject(value) ? xstrdup("\"object\"")
				  : cJSON_IsArray(value) ? xstrdup("\"array\"") : json_text(value);

	return xasprintf("%.*s", MAX_SHOWN, text);
}

static const char *type_of(const cJSON *value)
{
	if (cJSON_IsNumber(value))
		return value->valuedouble == (double)(int64_t)value->valuedouble ? "integer" : "number";
	return cJSON_IsString(value) ? "string" : cJSON_IsBool(value) ? "boolean" : cJSON_IsObject(value) ? "object"
	       : cJSON_IsArray(value) ? "array" : "null";
}

static bool check_type(const cJSON *schema, const cJSON *value, const char *path, struct ks_causes *causes)
{
	const char *want = json_str(schema, "type"), *got = type_of(value);
	CLEANUP(freep) char *text = NULL;

	if (is_flag(schema, "x-kubernetes-int-or-string"))
		want = cJSON_IsNumber(value) ? "integer" : "string";
	if (!want || streq(want, got) || (streq(want, "number") && cJSON_IsNumber(value)) ||
	    (cJSON_IsNull(value) && is_flag(schema, "nullable")))
		return true;
	text = xasprintf("\"%s\"", got);
	ks_cause(causes, "FieldValueTypeInvalid", path, "Invalid value: %s: %s in body must be of type %s: %s", text,
		 path, want, text);
	return false;
}

static void check_enum(const cJSON *schema, const cJSON *value, const char *path, struct ks_causes *causes)
{
	const cJSON *choices = json_get(schema, "enum"), *choice;
	CLEANUP(freep) char *text = NULL;
	struct buf list;

	if (!choices)
		return;
	buf_init(&list, 65536);
	cJSON_ArrayForEach(choice, choices) {
		CLEANUP(freep) char *one = json_text(choice);

		if (ks_same(choice, value)) {
			buf_release(&list);
			return;
		}
		buf_printf(&list, "%s%s", list.n ? ", " : "", one);
	}
	text = shown(value);
	ks_cause(causes, "FieldValueNotSupported", path, "Unsupported value: %s: supported values: %s", text,
		 buf_str(&list));
	buf_release(&list);
}

static void check_number(const cJSON *schema, const cJSON *value, const char *path, struct ks_causes *causes)
{
	const cJSON *least = json_get(schema, "minimum"), *most = json_get(schema, "maximum");
	CLEANUP(freep) char *text = shown(value);
	CLEANUP(freep) char *low = least ? json_text(least) : NULL;
	CLEANUP(freep) char *high = most ? json_text(most) : NULL;

	if (least && value->valuedouble < least->valuedouble)
		ks_cause(causes, "FieldValueInvalid", path,
			 "Invalid value: %s: %s in body should be greater than or equal to %s", text, path, low);
	if (most && value->valuedouble > most->valuedouble)
		ks_cause(causes, "FieldValueInvalid", path,
			 "Invalid value: %s: %s in body should be less than or equal to %s", text, path, high);
}

static bool matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool fits;

	/* A pattern that POSIX does not know is not looked at. */
	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return true;
	fits = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return fits;
}

static void check_string(const cJSON *schema, const cJSON *value, const char *path, struct ks_causes *causes)
{
	const char *pattern = json_str(schema, "pattern");
	int64_t n = (int64_t)strlen(value->valuestring), least = json_int(schema, "minLength", 0);
	int64_t most = json_int(schema, "maxLength", INT64_MAX);
	CLEANUP(freep) char *text = shown(value);

	if (n < least)
		ks_cause(causes, "FieldValueInvalid", path,
			 "Invalid value: %s: %s in body should be at least %ld chars long", text, path, (long)least);
	if (n > most)
		ks_cause(causes, "FieldValueTooLong", path, "Too long: may not be more than %ld bytes", (long)most);
	if (pattern && !matches(pattern, value->valuestring))
		ks_cause(causes, "FieldValueInvalid", path, "Invalid value: %s: %s in body should match '%s'", text,
			 path, pattern);
}

static bool same_keys(const cJSON *a, const cJSON *b, const struct strs *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		if (!ks_same(ks_child(a, keys->v[i]), ks_child(b, keys->v[i])))
			return false;
	return keys->n || ks_same(a, b);
}

static void check_unique(const cJSON *schema, const cJSON *value, const char *path, struct ks_causes *causes)
{
	CLEANUP(strs_release) struct strs keys = { 0 };
	enum ks_node_type type = ks_schema_node(schema, value, &keys);
	const cJSON *element, *other;
	size_t index = 0;

	if (type != KS_LIST_MAP && type != KS_LIST_SET)
		return;
	cJSON_ArrayForEach(element, value) {
		CLEANUP(freep) char *at = xasprintf("%s[%zu]", path, index++);
		CLEANUP(freep) char *text = json_text(element);

		for (other = value->child; other != element; other = other->next)
			if (same_keys(other, element, &keys)) {
				ks_cause(causes, "FieldValueDuplicate", at, "Duplicate value: %.*s", MAX_SHOWN, text);
				break;
			}
	}
}

static void check_array(const cJSON *schema, const cJSON *value, const char *path, struct ks_causes *causes)
{
	int64_t n = cJSON_GetArraySize(value), least = json_int(schema, "minItems", 0);
	int64_t most = json_int(schema, "maxItems", INT64_MAX);

	if (n < least)
		ks_cause(causes, "FieldValueInvalid", path,
			 "Invalid value: %ld: %s in body should have at least %ld items", (long)n, path, (long)least);
	if (n > most)
		ks_cause(causes, "FieldValueTooMany", path, "Too many: %ld: must have at most %ld items", (long)n,
			 (long)most);
	check_unique(schema, value, path, causes);
}

static void check_required(const cJSON *schema, const cJSON *value, const char *path, struct ks_causes *causes)
{
	const cJSON *key;

	cJSON_ArrayForEach(key, json_get(schema, "required")) {
		CLEANUP(freep) char *at = key_path(path, key->valuestring);

		if (!ks_child(value, key->valuestring))
			ks_cause(causes, "FieldValueRequired", at, "Required value");
	}
}

static void check(const cJSON *schema, const cJSON *value, const char *path, struct ks_causes *causes)
{
	const cJSON *child;
	size_t index = 0;

	if (!check_type(schema, value, path, causes))
		return;
	check_enum(schema, value, path, causes);
	if (cJSON_IsNumber(value))
		check_number(schema, value, path, causes);
	if (cJSON_IsString(value))
		check_string(schema, value, path, causes);
	if (cJSON_IsArray(value))
		check_array(schema, value, path, causes);
	if (cJSON_IsObject(value))
		check_required(schema, value, path, causes);
	if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
		return;
	cJSON_ArrayForEach(child, value) {
		bool is_list = cJSON_IsArray(value);
		const cJSON *below = ks_schema_child(schema, is_list ? NULL : child->string);
		CLEANUP(freep) char *at = is_list ? xasprintf("%s[%zu]", path, index++) : key_path(path, child->string);

		if (below)
			check(below, child, at, causes);
	}
}

void ks_schema_check(const cJSON *schema, const cJSON *object, struct ks_causes *causes)
{
	const cJSON *property, *value;

	check_required(schema, object, "", causes);
	cJSON_ArrayForEach(property, json_get(schema, "properties")) {
		value = ks_child(object, property->string);
		if (value && !streq(property->string, "metadata"))
			check(property, value, property->string, causes);
	}
}

/* --- server-side apply ----------------------------------------------------------------------------------- */

enum ks_node_type ks_schema_node(const cJSON *schema, const cJSON *value, struct strs *keys)
{
	const char *list = json_str(schema, "x-kubernetes-list-type"), *map = json_str(schema, "x-kubernetes-map-type");

	if (cJSON_IsObject(value))
		return streq0(map, "atomic") ? KS_ATOMIC : KS_GRANULAR;
	if (!cJSON_IsArray(value) || !list)
		return KS_ATOMIC;
	if (streq(list, "map"))
		json_strs(json_get(schema, "x-kubernetes-list-map-keys"), keys);
	return streq(list, "map") ? KS_LIST_MAP : streq(list, "set") ? KS_LIST_SET : KS_ATOMIC;
}
