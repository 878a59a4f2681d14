#include "tests/fuzz/fuzz.h"

#define STRING_MAX_BYTES 300

char *fuzz_text(const uint8_t *data, size_t size)
{
	return slice_dup(fuzz_slice(data, size));
}

cJSON *fuzz_json(const uint8_t *data, size_t size)
{
	return json_parse(fuzz_slice(data, size), NULL);
}

/* ---- JSON's mutation ---- */

/* A value inside another one. */
struct spot {
	cJSON *parent, *value;
};

static size_t count(const cJSON *parent)
{
	size_t n = 0;
	const cJSON *value;

	cJSON_ArrayForEach(value, parent)
		n += 1 + count(value);
	return n;
}

/* The *left-th value in the order of the text. */
static bool find(cJSON *parent, size_t *left, struct spot *out)
{
	cJSON *value;

	cJSON_ArrayForEach(value, parent) {
		*out = (struct spot){ parent, value };
		if ((*left)-- == 0 || find(value, left, out))
			return true;
	}
	return false;
}

static struct spot pick(cJSON *json, unsigned *seed)
{
	size_t left = (size_t)rand_r(seed) % count(json);
	struct spot spot = { 0 };

	find(json, &left, &spot);
	return spot;
}

static cJSON *odd_value(unsigned *seed)
{
	static const char *const texts[] = {
		"null", "true", "false", "0", "1", "-1", "10", "20", "21", "0.5", "65535", "65536", "2147483647",
		"2147483648", "-2147483649", "9007199254740993", "1e400",
		"\"\"", "\"a\"", "\"*\"", "\"/\"", "\"10.0.0.1\"", "\"::1\"",
		"[]", "{}", "[[]]", "[{}]", "{\"a\":{}}", "[\"a\",\"a\"]", "{\"a\":\"\",\"a\":1}",
	};

	return json_parse(slice_of(texts[(size_t)rand_r(seed) % ARRAY_SIZE(texts)]), NULL);
}

/* Takes the new value over, under the old one's key. */
static void replace(struct spot spot, cJSON *value)
{
	free(value->string);
	value->string = xstrdup(spot.value->string);
	cJSON_ReplaceItemViaPointer(spot.parent, spot.value, value);
}

static void add_copy(cJSON *parent, const char *key, const cJSON *value)
{
	cJSON *copy = cJSON_Duplicate(value, true);

	if (cJSON_IsObject(parent))
		json_put(parent, key ? key : "a", copy);
	else
		cJSON_AddItemToArray(parent, copy);
}

/* NULL where the fuzzer made nothing of it. */
static char *mutate_text(const char *text)
{
	char *out = xcalloc(1, STRING_MAX_BYTES + 1);
	size_t n = strnlen(text, STRING_MAX_BYTES);

	memcpy(out, text, n);
	out[LLVMFuzzerMutate((uint8_t *)out, n, STRING_MAX_BYTES)] = '\0';
	return out;
}

static void mutate_value(cJSON *value)
{
	double number = value->valuedouble;
	char *text;

	if (cJSON_IsNumber(value)) {
		LLVMFuzzerMutate((uint8_t *)&number, sizeof(number), sizeof(number));
		cJSON_SetNumberValue(value, number);
	} else if (cJSON_IsString(value)) {
		text = mutate_text(value->valuestring);
		free(value->valuestring);
		value->valuestring = text;
	} else if (value->string) {
		text = mutate_text(value->string);
		free(value->string);
		value->string = text;
	}
}

static void change(cJSON *json, unsigned *seed)
{
	struct spot spot = pick(json, seed), other = pick(json, seed);

	switch (rand_r(seed) % 6) {
	case 0:
		cJSON_Delete(cJSON_DetachItemViaPointer(spot.parent, spot.value));
		break;
	case 1:
		add_copy(spot.parent, spot.value->string, spot.value);
		break;
	case 2:
		add_copy(spot.parent, other.value->string, other.value);
		break;
	case 3:
		replace(spot, cJSON_Duplicate(other.value, true));
		break;
	case 4:
		replace(spot, odd_value(seed));
		break;
	default:
		mutate_value(spot.value);
	}
}

size_t fuzz_mutate_json(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	CLEANUP(freep) char *text = NULL;
	size_t n;

	if (!json || rand_r(&seed) % 8 == 0 || !count(json))
		return LLVMFuzzerMutate(data, size, max_size);
	for (int i = rand_r(&seed) % 3; i >= 0 && count(json); i--)
		change(json, &seed);
	text = json_text(json);
	n = strlen(text);
	if (!n || n > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(data, text, n);
	return n;
}
