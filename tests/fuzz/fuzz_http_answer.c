/* http_answer: the lines of any answer's head, trailers behind it included, leave status, wait and cookies within
 * their bounds. */
#include "common/io/http_call.c"         /* what is private there */
#include "tests/fuzz/fuzz.h"

#define BODY_MAX_BYTES 1000

static void check_call(const struct http_call *call)
{
	assert(call->status >= 0 && call->status <= 9999);
	assert(call->retry_after_ms >= -1 && call->retry_after_ms <= RETRY_AFTER_MAX_MS);
	assert(call->set_cookies.n <= MAX_COOKIES);
	for (size_t i = 0; i < call->set_cookies.n; i++)
		assert(!strchr(call->set_cookies.v[i], ';'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char endpoint[] = "127.0.0.1:443";
	struct http_call call = { .loop = uv_default_loop(), .state = HTTP_CALL_RUNNING, .endpoint = endpoint,
				  .max_body_bytes = BODY_MAX_BYTES, .retry_after_ms = -1 };
	struct slice rest = fuzz_slice(data, size), line;
	bool goes_on = true;

	while (goes_on && rest.n && slice_split(&rest, '\n', &line)) {
		/* Of its own, as curl's, so that reading behind a line is seen. */
		CLEANUP(freep) char *copy = xmalloc(line.n + 1);

		memcpy(copy, line.p, line.n);
		copy[line.n] = '\n';
		goes_on = on_header(copy, 1, line.n + 1, &call) == line.n + 1;
		assert(goes_on || call.failure.code == ERR_LIMIT);
		check_call(&call);
	}
	free(call.content_type);
	strs_release(&call.set_cookies);
	return 0;
}
