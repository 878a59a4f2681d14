#include "tests/unit/golden.h"

#include "common/base/buf.h"

#define MAX_BYTES (16 << 20)

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file) != 0)
		fail_msg("%s cannot be written", path);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char chunk[4096];
	struct buf text;
	size_t n;

	buf_init(&text, MAX_BYTES);
	if (!file)
		fail_msg("%s is not there: `make golden` writes it", path);
	while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
		assert_true(buf_add(&text, (struct slice){ chunk, n }));
	fclose(file);
	return buf_take(&text);
}

void assert_same_lines(const char *name, const char *got, const char *want)
{
	struct slice a = slice_of(got), b = slice_of(want), left = { 0 }, right = { 0 };

	for (int line = 1; !streq(got, want); line++) {
		bool has_left = slice_split(&a, '\n', &left), has_right = slice_split(&b, '\n', &right);

		if (has_left && has_right && left.n == right.n && memcmp(left.p, right.p, left.n) == 0)
			continue;
		fail_msg("%s:%d\n got %.*s\nwant %.*s", name, line,
			 has_left ? (int)left.n : 7, has_left ? left.p : "nothing", has_right ? (int)right.n : 7, has_right ? right.p : "nothing");
	}
}

void assert_golden(const char *name, const char *text)
{
	CLEANUP(freep) char *path = xasprintf("tests/golden/%s", name);
	const char *is_accepting = getenv("AMKO_WRITE_GOLDEN");
	CLEANUP(freep) char *want = NULL;

	if (is_accepting && *is_accepting)
		write_file(path, text);
	want = read_file(path);
	assert_same_lines(path, text, want);
}
