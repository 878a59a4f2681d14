/* http_target: any target of a request is refused or decoded within the bounds; writing what was decoded and
 * reading it again gives the same. */
#include "common/base/buf.h"
#include "common/io/http_client.h"
#include "common/io/http_target.h"
#include "tests/fuzz/fuzz.h"

static char *write_target(const struct http_target *target)
{
	CLEANUP(freep) char *path = http_escape(target->path);
	struct buf out;

	buf_init(&out, 1 << 20);
	buf_printf(&out, "/%s?", path);
	for (size_t i = 0; i < target->n_params; i++) {
		CLEANUP(freep) char *key = http_escape(target->params[i].key);
		CLEANUP(freep) char *value = http_escape(target->params[i].value);

		buf_printf(&out, "%s%s=%s", i ? "&" : "", key, value);
	}
	return buf_take(&out);
}

static void check_again(const struct http_target *target)
{
	CLEANUP(http_target_release) struct http_target again = { 0 };
	CLEANUP(freep) char *text = write_target(target);

	assert(http_target_read(text, &again));
	assert(*again.path == '/' && streq(again.path + 1, target->path));
	assert(again.n_params == target->n_params);
	for (size_t i = 0; i < target->n_params; i++)
		assert(streq(again.params[i].key, target->params[i].key) &&
		       streq(again.params[i].value, target->params[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(http_target_release) struct http_target target = { 0 };
	CLEANUP(freep) char *text = fuzz_text(data, size);
	bool is_good = http_target_read(text, &target);

	assert(target.n_params <= HTTP_MAX_PARAMS);
	if (is_good)
		check_again(&target);
	return 0;
}
