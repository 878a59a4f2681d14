/* How many failing names are tried again in a second. */
#include "tests/unit/unit.h"

#include "leader/avi/pace.h"

/* Each step: how retries ended (g good, b bad) before, when so many are asked for, how many may. */
static const struct pace_case {
	const char *name;
	struct {
		const char *ended;
		uint64_t now_ms;
		size_t n_asked, n_may;
	} steps[5];
} cases[] = {
	{ "few may be tried at once", { { "", 5000, 3, 3 } } },
	{ "eight a second at first", { { "", 5000, 20, 8 }, { "", 5999, 20, 0 }, { "", 6000, 20, 8 } } },
	{ "the second begins with the first of it", { { "", 5000, 1, 1 }, { "", 5900, 20, 7 }, { "", 6100, 20, 8 } } },
	{ "eight a second while they fail", { { "", 5000, 20, 8 }, { "bbbbbbbb", 6000, 20, 8 } } },
	{ "twice as many after each that goes well", { { "", 5000, 8, 8 }, { "gg", 6000, 99, 32 }, { "g", 7000, 99, 64 } } },
	{ "at once, not only in the next second", { { "", 5000, 8, 8 }, { "g", 5500, 99, 8 } } },
	{ "up to thousands", { { "gggggggggggggggggggg", 5000, 9999, 4096 } } },
	{ "the first that fails makes it few again", { { "ggggg", 5000, 999, 256 }, { "b", 6000, 999, 8 } } },
};

static void lets_through(void **state)
{
	const struct pace_case *c = *state;
	struct pace pace = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(c->steps) && c->steps[i].ended; i++) {
		size_t n = 0;

		for (const char *e = c->steps[i].ended; *e; e++)
			pace_note(&pace, *e == 'g');
		for (size_t k = 0; k < c->steps[i].n_asked; k++)
			n += pace_take(&pace, c->steps[i].now_ms);
		assert_int_equal(n, c->steps[i].n_may);
		if (n < c->steps[i].n_asked)
			assert_in_range(pace_due_ms(&pace, c->steps[i].now_ms), c->steps[i].now_ms + 1, c->steps[i].now_ms + 1000);
	}
}

int main(void)
{
	return RUN_TABLE(lets_through, cases);
}
