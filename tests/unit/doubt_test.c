/* How long writes wait although the controller says that all is well. */
#include "tests/unit/unit.h"

#include "common/base/slice.h"
#include "leader/avi/doubt.h"

/* One step: a name whose write failed, "+": a write went well, "N ms": time goes by. "NAME/N": the controller asks for N ms.
 * "NAME*": it failed while writes were waiting already. */
static const struct doubt_case {
	const char *name;
	const char *steps;
	int64_t min_ms, max_ms;        /* of what is left at the end */
} cases[] = {
	{ "no doubt, no wait", "", 0, 0 },
	{ "the first doubt costs no wait", "a", 0, 0 },
	{ "a second name makes it one", "a b", 500, 1000 },
	{ "the next ones wait longer", "a b 1000ms c", 1000, 2000 },
	{ "and longer", "a b 1000ms c 2000ms d", 2000, 4000 },
	{ "but not for ever", "a b 9999ms c 9999ms d 9999ms e 9999ms f 9999ms g 9999ms h", 5000, 10000 },
	{ "one name that always fails holds up nobody", "a a a a a", 0, 0 },
	{ "two names that take turns do", "a b 1000ms a 2000ms b", 2000, 4000 },
	{ "a success ends it", "a b 1000ms c 2000ms + d", 0, 0 },
	{ "after a success it begins small", "a b 1000ms c 2000ms + d e", 500, 1000 },
	{ "who fails while all wait makes it no longer", "a b b* c* d* e* f*", 500, 1000 },
	{ "what the controller asks for is kept", "a/7000", 7000, 7000 },
	{ "also from who fails while all wait", "a b c*/7000", 7000, 7000 },
	{ "the longer wait counts", "a/7000 1000ms b*/100", 6000, 6000 },
	{ "a success does not shorten what the controller asked for", "a/7000 +", 7000, 7000 },
	{ "within reason", "a/86400000", 120000, 120000 },
	{ "the wait ends", "a/7000 7000ms", 0, 0 },
};

static void step(struct doubt *doubt, struct slice text, uint64_t *now_ms)
{
	CLEANUP(freep) char *word = slice_dup(text);
	char *ms = strchr(word, '/');
	int64_t retry_after_ms = ms ? strtol(ms + 1, NULL, 10) : -1;
	bool is_first;

	if (ms)
		*ms = '\0';
	is_first = !strchr(word, '*');
	word[strcspn(word, "*")] = '\0';
	if (*word >= '0' && *word <= '9')
		*now_ms += strtoull(word, NULL, 10);
	else if (streq(word, "+"))
		doubt_end(doubt);
	else
		doubt_raise(doubt, word, is_first, retry_after_ms, *now_ms);
}

static void writes_wait(void **state)
{
	const struct doubt_case *c = *state;
	struct slice rest = slice_of(c->steps), word;
	uint64_t now_ms = 1000000;
	struct doubt doubt;
	int64_t left_ms;

	doubt_init(&doubt);
	while (rest.n && slice_split(&rest, ' ', &word))
		step(&doubt, word, &now_ms);
	left_ms = doubt_left_ms(&doubt, now_ms);
	if (left_ms < c->min_ms || left_ms > c->max_ms)
		fail_msg("%lld ms are left", (long long)left_ms);
	doubt_release(&doubt);
}

int main(void)
{
	return RUN_TABLE(writes_wait, cases);
}
