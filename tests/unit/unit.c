#include "tests/unit/unit.h"

int run_table(CMUnitTestFunction fn, const void *cases, size_t n, size_t size, const char *group)
{
	CLEANUP(freep) struct CMUnitTest *tests = xcalloc(n, sizeof(*tests));

	for (size_t i = 0; i < n; i++) {
		const void *row = (const char *)cases + i * size;

		tests[i] = (struct CMUnitTest){ *(const char *const *)row, fn, NULL, NULL, (void *)(uintptr_t)row };
	}
	return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}

void assert_text(const char *got, const char *want)
{
	if (!got || !want) {
		if (got != want)
			fail_msg("got %s, want %s", got ? got : "nothing", want ? want : "nothing");
		return;
	}
	assert_string_equal(got, want);
}
