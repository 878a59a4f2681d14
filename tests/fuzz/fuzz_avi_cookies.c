/* avi_cookies: any cookies of a login (the lines of the input) set token and session together or not at all, and
 * what was set stands in them. */
#include "common/avi/login.c"            /* what is private there */
#include "tests/fuzz/fuzz.h"

static bool is_in(const struct strs *cookies, const struct secret *secret)
{
	for (size_t i = 0; i < cookies->n; i++)
		if (strstr(cookies->v[i], secret->bytes))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strs_release) struct strs cookies = { 0 };
	struct slice rest = fuzz_slice(data, size), line;
	struct avi_session session = { 0 };

	while (slice_split(&rest, '\n', &line))
		strs_take(&cookies, slice_dup(line));
	take_cookies(&session, &cookies);
	assert(secret_is_set(&session.csrf_token) == secret_is_set(&session.session_id));
	if (secret_is_set(&session.csrf_token)) {
		assert(session.csrf_token.n && is_in(&cookies, &session.csrf_token));
		assert(session.session_id.n && is_in(&cookies, &session.session_id));
	}
	secret_release(&session.csrf_token);
	secret_release(&session.session_id);
	return 0;
}
