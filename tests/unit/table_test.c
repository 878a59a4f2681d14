/* Field tables: JSON to struct, with the path in every complaint. */
#include "tests/unit/unit.h"

#include "common/base/table.h"

struct part {
	char *name;
	int weight;
	struct strs tags;
};

struct inner {
	bool is_set;
	char *kind;
};

struct thing {
	char *title, *must_be_text;
	char *deep;
	bool has_ttl;
	int ttl;
	int any;
	int64_t big, bounded;
	bool on;
	struct strs list;
	struct pairs map;
	struct inner inner;
	struct part *parts;
	size_t n_parts;
};

static const struct field part_fields[] = {
	{ "name",   STR_AT(struct part, name), .never_null = true },
	{ "weight", INT_AT(struct part, weight), .min = 1, .max = 20, .absent = 7 },
	{ "tags",   STRS_AT(struct part, tags) },
	{ 0 },
};

static const char *const kinds[] = { "RED", "GREEN", NULL };

static const struct field inner_fields[] = {
	{ "kind", STR_AT(struct inner, kind), .choices = kinds, .is_required = true },
	{ 0 },
};

static const struct field deep_fields[] = {
	{ "deep", STR_AT(struct thing, deep) },
	{ 0 },
};

static const struct field flat_fields[] = {
	{ "down", FLAT(deep_fields) },
	{ 0 },
};

static const struct field thing_fields[] = {
	{ "title", STR_AT(struct thing, title) },
	{ "text",  STR_AT(struct thing, must_be_text), .never_null = true },
	{ "far",   FLAT(flat_fields) },
	{ "ttl",   INT_AT(struct thing, ttl), .max = 86400, HAS_AT(struct thing, has_ttl) },
	{ "any",   INT_AT(struct thing, any), .absent = -5 },
	{ "big",   INT64_AT(struct thing, big), .absent = -7 },
	{ "bounded", INT64_AT(struct thing, bounded), .max = INT64_C(1) << 40 },
	{ "on",    BOOL_AT(struct thing, on) },
	{ "list",  STRS_AT(struct thing, list) },
	{ "map",   MAP_AT(struct thing, map) },
	{ "inner", OBJECT_AT(struct thing, inner, inner_fields), HAS_AT(struct thing, inner.is_set) },
	{ "parts", LIST_AT(struct thing, parts, n_parts, struct part, part_fields) },
	{ 0 },
};

static bool read_text(const char *text, struct thing *out, struct err *err)
{
	cJSON *json = json_parse(slice_of(text), NULL);
	bool is_good;

	assert_non_null(json);
	is_good = table_read(thing_fields, json, "spec", out, err);
	cJSON_Delete(json);
	return is_good;
}

static const struct complaint {
	const char *name, *json, *error;
} complaints[] = {
	{ "the whole must be an object", "[]", "spec: expected an object, found a list" },
	{ "a text is no number", "{\"ttl\": \"9\"}", "spec.ttl: expected a number, found text" },
	{ "a number is no text", "{\"title\": 9}", "spec.title: expected text, found a number" },
	{ "a text is no boolean", "{\"on\": \"true\"}", "spec.on: expected true or false, found text" },
	{ "a text is no list", "{\"parts\": \"x\"}", "spec.parts: expected a list, found text" },
	{ "an object is no list of texts", "{\"list\": {}}", "spec.list: expected a list, found an object" },
	{ "an element of a list of texts is named", "{\"list\": [\"a\", null]}",
	  "spec.list[1]: expected text, found null" },
	{ "a list is no map", "{\"map\": []}", "spec.map: expected an object, found a list" },
	{ "the key of a map is named", "{\"map\": {\"app\": 1}}", "spec.map.app: expected text, found a number" },
	{ "a null in a map is no text", "{\"map\": {\"app\": null}}", "spec.map.app: expected text, found null" },
	{ "a flat object is an object", "{\"far\": {\"down\": true}}",
	  "spec.far.down: expected an object, found a boolean" },
	{ "a flat field has its whole path", "{\"far\": {\"down\": {\"deep\": {}}}}",
	  "spec.far.down.deep: expected text, found an object" },
	{ "the element and the field are named", "{\"parts\": [{}, {\"weight\": 0}]}",
	  "spec.parts[1].weight: 0 is not in 1..20" },
	{ "an element must be an object", "{\"parts\": [{\"tags\": [\"a\"]}, null]}",
	  "spec.parts[1]: expected an object, found null" },
	{ "a list within a list", "{\"parts\": [{\"tags\": [\"a\", 1]}]}",
	  "spec.parts[0].tags[1]: expected text, found a number" },
	{ "one over the range", "{\"ttl\": 86401}", "spec.ttl: 86401 is not in 0..86400" },
	{ "below zero", "{\"ttl\": -1}", "spec.ttl: -1 is not in 0..86400" },
	{ "a fraction", "{\"ttl\": 1.5}", "spec.ttl: 1.5 is not a whole number" },
	{ "more than an int", "{\"any\": 2147483648}", "spec.any: 2147483648 is not in -2147483648..2147483647" },
	{ "more than any number", "{\"any\": 1e999}", "spec.any: inf is not in -2147483648..2147483647" },
	{ "a large number that JSON would round", "{\"big\": 9007199254740994}",
	  "spec.big: 9007199254740994 is not in -9007199254740992..9007199254740992" },
	{ "a large number with a fraction", "{\"big\": 4294967296.5}", "spec.big: 4294967296.5 is not a whole number" },
	{ "a large number over its range", "{\"bounded\": 1099511627777}", "spec.bounded: 1099511627777 is not in 0..1099511627776" },
	{ "a text that is no choice", "{\"inner\": {\"kind\": \"BLUE\"}}",
	  "spec.inner.kind: \"BLUE\" is not one of RED, GREEN" },
	{ "letter case counts in a choice", "{\"inner\": {\"kind\": \"red\"}}",
	  "spec.inner.kind: \"red\" is not one of RED, GREEN" },
	{ "what is required is missing", "{\"inner\": {}}", "spec.inner.kind: missing" },
	{ "what is required must not be null", "{\"inner\": {\"kind\": null}}", "spec.inner.kind: missing" },
	{ "a long text is cut at a whole character",
	  "{\"inner\": {\"kind\": \"ééééééééééééééééééééééééééééééxé\"}}",
	  "spec.inner.kind: \"éééééééééééééééééééééééééééééé\" is not one of RED, GREEN" },
	{ "a long key is cut in the path",
	  "{\"map\": {\"0123456789012345678901234567890123456789012345678901234567890123456789\": 1}}",
	  "spec.map.012345678901234567890123456789012345678901234567890123456789: expected text, found a number" },
};

static void is_refused(void **state)
{
	const struct complaint *row = *state;
	struct thing thing = { 0 }, empty = { 0 };
	struct err err = { 0 };

	assert_false(read_text(row->json, &thing, &err));
	assert_int_equal(err.code, ERR_INVALID);
	assert_text(err.msg, row->error);
	assert_true(table_same(thing_fields, &thing, &empty));
}

static void every_type_arrives(void **state)
{
	struct thing t = { 0 };

	(void)state;
	assert_true(read_text("{\"title\": \"T\", \"ttl\": 0, \"any\": -9.0, \"big\": 9007199254740992, \"on\": true, \"list\": [\"b\", \"a\"],"
			      "\"map\": {\"k\": \"v\", \"a\": \"\", \"k\": \"later\"}, \"far\": {\"down\": {\"deep\": \"d\"}},"
			      "\"inner\": {\"kind\": \"GREEN\"}, \"parts\": [{\"name\": \"p\", \"weight\": 20}, {}],"
			      "\"unknown\": [[[{}]]]}", &t, NULL));
	assert_text(t.title, "T");
	assert_text(t.must_be_text, "");
	assert_text(t.deep, "d");
	assert_true(t.has_ttl && t.ttl == 0);
	assert_int_equal(t.any, -9);
	assert_int_equal(t.big, JSON_INT_MAX);
	assert_true(t.on);
	assert_int_equal(t.list.n, 2);
	assert_text(t.list.v[0], "b");
	assert_int_equal(t.map.n, 2);
	assert_text(t.map.v[0].key, "a");
	assert_text(t.map.v[1].value, "v");
	assert_true(t.inner.is_set);
	assert_text(t.inner.kind, "GREEN");
	assert_int_equal(t.n_parts, 2);
	assert_int_equal(t.parts[0].weight, 20);
	assert_int_equal(t.parts[1].weight, 7);
	assert_text(t.parts[1].name, "");
	table_release(thing_fields, &t);
	assert_null(t.parts);
}

static void null_and_no_object_are_absent(void **state)
{
	struct thing a = { 0 }, b = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(read_text("{\"title\": null, \"ttl\": null, \"any\": null, \"on\": null, \"list\": null, \"map\": null,"
			      "\"inner\": null, \"parts\": null, \"far\": null}", &a, &err));
	assert_true(table_read(thing_fields, NULL, "spec", &b, &err));
	assert_true(table_same(thing_fields, &a, &b));
	assert_false(a.has_ttl || a.inner.is_set);
	assert_int_equal(b.any, -5);
	assert_int_equal(b.big, -7);
	assert_null(b.title);
	assert_text(b.must_be_text, "");
	table_release(thing_fields, &a);
	table_release(thing_fields, &b);
}

static const char whole[] = "{\"title\": \"T\", \"ttl\": 5, \"big\": 9007199254740992, \"list\": [\"x\"], \"map\": {\"k\": \"v\"}, \"on\": true,"
	"\"inner\": {\"kind\": \"RED\"}, \"parts\": [{\"name\": \"p\", \"tags\": [\"t\"]}], \"far\": {\"down\": {\"deep\": \"d\"}}}";

static const struct difference {
	const char *name, *json;
} differences[] = {
	{ "a text differs", "{\"title\": \"U\"}" },
	{ "given as the default differs from absent", "{\"ttl\": 0}" },
	{ "a large number differs in its last digit", "{\"big\": 9007199254740991}" },
	{ "a boolean differs", "{\"on\": false}" },
	{ "a list differs in length", "{\"list\": []}" },
	{ "a map differs in a value", "{\"map\": {\"k\": \"w\"}}" },
	{ "an embedded struct differs", "{\"inner\": {\"kind\": \"GREEN\"}}" },
	{ "an element differs deep down", "{\"parts\": [{\"name\": \"p\", \"tags\": [\"u\"]}]}" },
	{ "a flat field differs", "{\"far\": {\"down\": {\"deep\": \"e\"}}}" },
};

/* The row's keys in place of those of `whole`: "title" absent for the row "ttl". */
static char *changed(const char *json)
{
	cJSON *base = json_parse(slice_of(whole), NULL), *change = json_parse(slice_of(json), NULL);
	const char *key = change->child->string;
	char *text;

	cJSON_DeleteItemFromObjectCaseSensitive(base, key);
	json_put(base, key, cJSON_Duplicate(change->child, true));
	text = json_text(base);
	cJSON_Delete(base);
	cJSON_Delete(change);
	return text;
}

static void a_copy_is_the_same_until_something_differs(void **state)
{
	const struct difference *row = *state;
	CLEANUP(freep) char *other = changed(row->json);
	struct thing a = { 0 }, b = { 0 }, copy = { 0 };

	assert_true(read_text(whole, &a, NULL));
	assert_true(read_text(other, &b, NULL));
	table_copy(thing_fields, &b, &copy);
	assert_true(table_same(thing_fields, &copy, &b));
	assert_false(table_same(thing_fields, &a, &b));
	table_release(thing_fields, &b);
	assert_false(table_same(thing_fields, &a, &copy));
	table_release(thing_fields, &a);
	table_release(thing_fields, &copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_arrives),
		cmocka_unit_test(null_and_no_object_are_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(is_refused, complaints) |
	       RUN_TABLE(a_copy_is_the_same_until_something_differs, differences);
}
