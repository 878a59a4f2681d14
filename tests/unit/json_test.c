/* JSON: what is read, what is refused and where reading stopped. */
#include "tests/unit/unit.h"

#include <malloc.h>

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

static const struct {
	const char *name, *json;
} text_cases[] = {
	{ "nothing in it", "{\"a\": {}, \"b\": [], \"\": \"\"}" },
	{ "literals", "[true, false, null]" },
	{ "texts with all that must be escaped", "\"a\\\"b\\\\c\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"" },
	{ "texts that are not ASCII", "{\"Gr\\u00fc\\u00dfe\": \"\\ud83d\\ude00\"}" },
	{ "whole numbers", "[0, -0, 1, -1, 7, 10, 65535, 2147483648, -9007199254740993]" },
	{ "where whole numbers become powers", "[999999999999999, -999999999999999, 1000000000000000, 1e15, 1e16, 1e300]" },
	{ "fractions", "[0.1, -0.5, 3.14159265358979, 0.30000000000000004, 1e-7, 123456789.123456789]" },
	{ "numbers that are too large", "[1e400, -1e400]" },
};

/* Whoever reads logs and recorded answers shall not see which of the two wrote them. */
static void text_is_as_cJSON_writes_it(void **state)
{
	const char *json = ((const char *const *)*state)[1];
	CLEANUP(cJSON_Deletep) cJSON *value = json_parse(slice_of(json), NULL);
	CLEANUP(freep) char *text = NULL;
	char *theirs;

	assert_non_null(value);
	text = json_text(value);
	theirs = cJSON_PrintUnformatted(value);
	assert_text(text, theirs);
	cJSON_free(theirs);
}

static cJSON *list_of(size_t n)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < n; i++)
		json_put_int(json_add_object(list), "n", (int64_t)i);
	return list;
}

static bool is_list_of(const cJSON *list, size_t n)
{
	const cJSON *item;
	int64_t i = 0;

	cJSON_ArrayForEach(item, list)
		if (json_int(item, "n", -1) != i++)
			return false;
	return (size_t)i == n;
}

static void values_that_outlive_others_stay_whole(void **state)
{
	cJSON *lists[50];
	size_t sum = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		lists[i] = list_of(i * 10);
	for (size_t round = 0; round < 4; round++) {
		for (size_t i = round; i < ARRAY_SIZE(lists); i += 3) {
			cJSON_Delete(lists[i]);
			lists[i] = list_of(i * 10);
		}
		for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
			assert_true(is_list_of(lists[i], i * 10));
	}
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		sum += (size_t)cJSON_GetArraySize(lists[i]);
		cJSON_Delete(lists[i]);
	}
	assert_int_equal(sum, 12250);
}

static void a_text_of_a_megabyte_is_a_value_like_others(void **state)
{
	size_t n = 1024 * 1024;
	char *text = xcalloc(n + 1, 1);
	cJSON *list = list_of(3), *before = list_of(3);

	(void)state;
	memset(text, 'x', n);
	json_add_str(list, text);
	json_add_str(list, "after it");
	assert_string_equal(cJSON_GetArrayItem(list, 3)->valuestring, text);
	assert_string_equal(cJSON_GetArrayItem(list, 4)->valuestring, "after it");
	cJSON_Delete(list);
	assert_true(is_list_of(before, 3));
	cJSON_Delete(before);
	free(text);
}

static void what_is_deleted_is_given_back(void **state)
{
	size_t before;

	(void)state;
	cJSON_Delete(list_of(10000));
	before = mallinfo2().uordblks;
	for (int i = 0; i < 100; i++) {
		cJSON *kept = list_of(1);

		cJSON_Delete(list_of(10000));
		cJSON_Delete(kept);
	}
	assert_true(mallinfo2().uordblks <= before + 128 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_that_outlive_others_stay_whole),
		cmocka_unit_test(a_text_of_a_megabyte_is_a_value_like_others),
		cmocka_unit_test(what_is_deleted_is_given_back),
	};

	json_init_in_chunks();
	return RUN_TABLE(parsing, parse_cases) | RUN_TABLE(whole_numbers, int_cases) |
	       RUN_TABLE(text_is_as_cJSON_writes_it, text_cases) | cmocka_run_group_tests(tests, NULL, NULL);
}
