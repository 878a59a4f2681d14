/* Durations as people write them. */
#include "common/base/duration.h"
#include "tests/unit/unit.h"

struct duration_case {
	const char *name, *text;
	int64_t ms;                    /* -1: refused */
};

static const struct duration_case cases[] = {
	{ "seconds", "60s", 60000 },
	{ "milliseconds", "500ms", 500 },
	{ "minutes", "2m", 120000 },
	{ "hours up to a day", "24h", 86400000 },
	{ "nothing at all lasts", "0s", 0 },
	{ "more than a day", "25h", -1 },
	{ "very many digits", "99999999999999999999999999s", -1 },
	{ "no unit", "60", -1 },
	{ "no number", "s", -1 },
	{ "a sign", "-5s", -1 },
	{ "a fraction", "1.5s", -1 },
	{ "two units", "1m30s", -1 },
	{ "a blank between", "60 s", -1 },
	{ "nothing", "", -1 },
};

static void a_duration_is_read(void **state)
{
	const struct duration_case *c = *state;
	struct err err = { 0 };
	int64_t ms = -1;

	assert_int_equal(duration_parse_ms(c->text, &ms, &err), c->ms >= 0);
	assert_int_equal(ms, c->ms);
	assert_int_equal(*err.msg != '\0', c->ms < 0);
}

int main(void)
{
	return RUN_TABLE(a_duration_is_read, cases);
}
