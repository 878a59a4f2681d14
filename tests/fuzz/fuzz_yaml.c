/* yaml: any bytes are refused with a line, or give a value within the bounds; the value's JSON is YAML again, with
 * the same value. */
#include "common/base/yaml.h"
/* So that inputs reach the limits. */
#undef YAML_MAX_DEPTH
#undef YAML_MAX_ANCHORS
#undef YAML_MAX_VALUE_BYTES
#define YAML_MAX_DEPTH 8
#define YAML_MAX_ANCHORS 8
#define YAML_MAX_VALUE_BYTES (256u * 1024)
#include "common/base/yaml.c"
#include "tests/fuzz/fuzz.h"

#define KEY_MAX_BYTES 1000       /* YAML's own limit for a key without "?" is 1024 */

static size_t depth_of(const cJSON *value)
{
	size_t depth = 0;
	const cJSON *inner;

	cJSON_ArrayForEach(inner, value) {
		assert(inner->string || !cJSON_IsObject(value));
		depth = MAX(depth, depth_of(inner));
	}
	return depth + (cJSON_IsArray(value) || cJSON_IsObject(value));
}

static bool is_plain_text(const char *text, size_t max_bytes)
{
	if (strlen(text) > max_bytes)
		return false;
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* YAML allows fewer characters in the open than JSON, and JSON knows no infinity. */
static bool is_both(const cJSON *value)
{
	const cJSON *inner;

	if (cJSON_IsString(value) && !is_plain_text(value->valuestring, SIZE_MAX))
		return false;
	if (cJSON_IsNumber(value) && !(value->valuedouble < 1e300 && value->valuedouble > -1e300))
		return false;
	cJSON_ArrayForEach(inner, value)
		if ((inner->string && !is_plain_text(inner->string, KEY_MAX_BYTES)) || !is_both(inner))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *value = NULL, *again = NULL;
	CLEANUP(freep) char *text = NULL, *text_again = NULL;
	struct err err = { 0 };
	size_t n_bytes = 0;

	value = yaml_parse(fuzz_slice(data, size), &err);
	assert(!value == (err.code == ERR_INVALID));
	if (!value) {
		assert(strncmp(err.msg, "line ", 5) == 0);
		return 0;
	}
	assert(depth_of(value) <= YAML_MAX_DEPTH);
	measure(value, &n_bytes);
	assert(n_bytes <= YAML_MAX_VALUE_BYTES);
	/* A number may be longer in JSON. */
	if (!is_both(value) || n_bytes > YAML_MAX_VALUE_BYTES / 2)
		return 0;
	text = json_text(value);
	again = yaml_parse(slice_of(text), &err);
	assert(again);
	text_again = json_text(again);
	assert(streq(text, text_again));
	return 0;
}
