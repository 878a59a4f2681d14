/* json: any bytes are refused with a reason, or give a value whose text is cJSON's and is read as the same value; readers,
 * lists and maps of each value in it keep their promises. */
#include "common/base/pairs.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static void check_strs(const cJSON *value)
{
	CLEANUP(strs_release) struct strs list = { 0 }, sorted = { 0 };
	CLEANUP(freep) char *text = NULL;
	size_t n_bytes = 0;

	json_strs(value, &list);
	strs_copy(&sorted, &list);
	assert(strs_same_list(&list, &sorted));
	strs_sort(&sorted);
	assert(strs_same_set(&list, &sorted));
	for (size_t i = 0; i < list.n; i++)
		n_bytes += strlen(list.v[i]) + 1;
	text = strs_join(&list, ",");
	assert(strlen(text) == (list.n ? n_bytes - 1 : 0));
	if (!list.n)
		return;
	strs_remove(&sorted, list.v[0]);
	assert(!strs_has(&sorted, list.v[0]));
	strs_add_once(&sorted, list.v[0]);
	assert(strs_same_set(&list, &sorted));
}

static void check_pairs(const cJSON *value)
{
	CLEANUP(pairs_release) struct pairs pairs = { 0 }, copy = { 0 };

	pairs_from_json(value, &pairs);
	pairs_copy(&copy, &pairs);
	assert(pairs_same(&pairs, &copy));
	for (size_t i = 0; i < pairs.n; i++) {
		assert(i == 0 || strcmp(pairs.v[i - 1].key, pairs.v[i].key) < 0);
		assert(pairs_get(&pairs, pairs.v[i].key) == pairs.v[i].value);
		if (*pairs.v[i].value)
			assert(streq(json_str(value, pairs.v[i].key), pairs.v[i].value));
	}
}

/* What a reader says of the value under this key. */
static void check_readers(const cJSON *object, const char *key)
{
	const cJSON *value = json_get(object, key);
	int64_t number = json_int(object, key, -7);

	assert(json_at(object, key, NULL) == value);
	assert(number >= -(1ll << 53) && number <= 1ll << 53);
	assert(number == -7 || (double)number == value->valuedouble);
	assert(!json_str(object, key) == !cJSON_IsString(value));
	assert(json_bool(object, key, true) == json_bool(object, key, false) || !cJSON_IsBool(value));
}

static void check_value(const cJSON *value)
{
	const cJSON *inner;

	check_strs(value);
	check_pairs(value);
	cJSON_ArrayForEach(inner, value) {
		if (inner->string)
			check_readers(value, inner->string);
		check_value(inner);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = fuzz_slice(data, size), trimmed = slice_trim(input);
	CLEANUP(cJSON_Deletep) cJSON *value = NULL, *again = NULL;
	CLEANUP(freep) char *text = NULL, *text_again = NULL, *theirs = NULL;
	struct err err = { 0 };

	value = json_parse(input, &err);
	assert(!value == (err.code == ERR_INVALID));
	if (!value)
		return 0;
	assert(trimmed.n && strchr("}]\"el.0123456789", trimmed.p[trimmed.n - 1]) && trimmed.p[trimmed.n - 1]);
	text = json_text(value);
	theirs = cJSON_PrintUnformatted(value);
	assert(streq(text, theirs));
	again = json_parse(slice_of(text), NULL);
	assert(again);
	text_again = json_text(again);
	assert(streq(text, text_again));
	check_value(value);
	return 0;
}
