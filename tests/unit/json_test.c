/* JSON: what is read, what is refused and where reading stopped. */
#include "tests/unit/unit.h"

#include "common/base/json.h"

struct parse_case {
	const char *name;
	struct slice text;
	const char *value, *error;
};

/* With NULs in it, too. */
#define TEXT(literal) { literal, sizeof(literal) - 1 }

static const struct parse_case parse_cases[] = {
	{ "an object", TEXT("{\"a\": [1, true, null]}"), "{\"a\":[1,true,null]}", NULL },
	{ "a bare value", TEXT("7"), "7", NULL },
	{ "blanks around it", TEXT(" \t\r\n{} \t\r\n"), "{}", NULL },
	{ "nothing", TEXT(""), NULL, "not JSON: empty" },
	{ "blanks alone", TEXT("  "), NULL, "not JSON: stopped at byte 1 of 2" },
	{ "a value that is cut off", TEXT("{\"a\": "), NULL, "not JSON: stopped at byte 5 of 6" },
	{ "two values", TEXT("{} {}"), NULL, "not JSON: something follows the value at byte 3" },
	{ "a NUL behind the value is no blank", TEXT("{}\0"), NULL, "not JSON: something follows the value at byte 2" },
	{ "a NUL behind a number is no blank", TEXT("1\0"), NULL, "not JSON: something follows the value at byte 1" },
};

static void parsing(void **state)
{
	const struct parse_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *value = NULL;
	CLEANUP(freep) char *text = NULL;
	struct err err = { 0 };

	value = json_parse(c->text, &err);
	text = value ? json_text(value) : NULL;
	assert_text(text, c->value);
	assert_text(value ? NULL : err.msg, c->error);
	assert_int_equal(err.code, c->error ? ERR_INVALID : ERR_NONE);
}

struct int_case {
	const char *name, *json;
	int64_t want;
};

static const struct int_case int_cases[] = {
	{ "a whole number", "{\"n\": 7}", 7 },
	{ "a number written with an exponent", "{\"n\": 1e3}", 1000 },
	{ "the largest that is exact", "{\"n\": 9007199254740992}", 9007199254740992 },
	{ "one beyond is absent", "{\"n\": 9007199254740994}", -1 },
	{ "a fraction is absent", "{\"n\": 0.5}", -1 },
	{ "infinity is absent", "{\"n\": 1e400}", -1 },
	{ "text is absent", "{\"n\": \"7\"}", -1 },
	{ "null is absent", "{\"n\": null}", -1 },
	{ "another case is another key", "{\"N\": 7}", -1 },
	{ "of a list nothing is read", "[7]", -1 },
};

static void whole_numbers(void **state)
{
	const struct int_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *object = json_parse(slice_of(c->json), NULL);

	assert_int_equal(json_int(object, "n", -1), c->want);
}

struct same_case {
	const char *name, *a, *b;
	bool same;
};

static const struct same_case same_cases[] = {
	{ "scalars", "[1, \"x\", true, null]", "[1, \"x\", true, null]", true },
	{ "keys in another order", "{\"a\": 1, \"b\": [2]}", "{\"b\": [2], \"a\": 1}", true },
	{ "a list in another order", "[1, 2]", "[2, 1]", false },
	{ "a list that goes on", "[1]", "[1, 2]", false },
	{ "a key more", "{\"a\": 1}", "{\"a\": 1, \"b\": 1}", false },
	{ "another key", "{\"a\": 1}", "{\"b\": 1}", false },
	{ "a key in another case", "{\"a\": 1}", "{\"A\": 1}", false },
	{ "another value far inside", "{\"a\": [{\"b\": 1}]}", "{\"a\": [{\"b\": 2}]}", false },
	{ "another type", "1", "\"1\"", false },
	{ "true and false", "true", "false", false },
	{ "nothing and an empty object", "null", "{}", false },
	{ "an empty list and an empty object", "[]", "{}", false },
};

static void sameness(void **state)
{
	const struct same_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *a = json_parse(slice_of(c->a), NULL);
	CLEANUP(cJSON_Deletep) cJSON *b = json_parse(slice_of(c->b), NULL);

	assert_int_equal(json_same(a, b), c->same);
	assert_int_equal(json_same(b, a), c->same);
	assert_true(json_same(a, a));
	assert_false(json_same(a, NULL));
	assert_false(json_same(NULL, NULL));
}

/* As deep as cJSON reads. */
static void what_is_deep_is_compared_once_a_level(void **state)
{
	char text[6 * 900 + 2] = "";
	size_t at = 0;

	(void)state;
	for (int i = 0; i < 900; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "{\"a\":");
	text[at++] = '1';
	CLEANUP(freep) char *whole = xasprintf("%.*s%0*d", (int)at, text, 900, 0);
	memset(whole + at, '}', 900);
	CLEANUP(cJSON_Deletep) cJSON *a = json_parse(slice_of(whole), NULL);
	CLEANUP(cJSON_Deletep) cJSON *b = cJSON_Duplicate(a, true);

	assert_non_null(a);
	assert_true(json_same(a, b));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_deep_is_compared_once_a_level) };

	json_init();
	return RUN_TABLE(parsing, parse_cases) | RUN_TABLE(whole_numbers, int_cases) | RUN_TABLE(sameness, same_cases) |
	       cmocka_run_group_tests(tests, NULL, NULL);
}
