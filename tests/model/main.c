/* model: explores leadership. Without arguments all scenarios but the deep ones; names, or "--deep" for those as well. */
#include <time.h>

#include "tests/model/explore.h"
#include "tests/model/scenarios.h"

#define MAX_STATES 10000000

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool is_good(const struct scenario *s, const struct result *r)
{
	return s->mutation == MUTATION_NONE ? !r->violation : r->violation != NULL;
}

static const char *extent(const struct scenario *s, const struct result *r)
{
	if (r->violation)
		return "to a violation";
	if (s->n_walks)
		return "at random";
	return r->is_complete ? "all of them" : "not all";
}

/* One scenario: its line, after the steps to a violation where one was found. */
static bool run(const struct scenario *s, uint64_t seed)
{
	double began = seconds();
	struct result r;

	mutation = s->mutation;
	r = s->n_walks ? wander(s, seed, s->n_walks) : explore(s, s->max_states ? s->max_states : MAX_STATES);
	printf("%s %s: %lld states, %lld steps, %s, depth %d, %lld handovers, recovery from %lld, %.1f s%s%s\n",
	       is_good(s, &r) ? "ok" : "FAILED", s->name, (long long)r.n_states, (long long)r.n_steps, extent(s, &r), r.depth,
	       (long long)r.n_firsts, (long long)r.n_asked, seconds() - began, r.violation ? ": " : "", r.violation ? r.violation : "");
	fflush(stdout);
	return is_good(s, &r);
}

static bool is_named(const struct scenario *s, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (streq(argv[i], s->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool is_list = argc > 1 && streq(argv[1], "--list"), is_deep = argc > 1 && streq(argv[argc - 1], "--deep");
	const char *seed = getenv("MODEL_SEED");
	int n_failed = 0;

	for (size_t i = 0; i < n_scenarios; i++) {
		const struct scenario *s = &scenarios[i];

		if (argc > 1 + is_list + is_deep && !is_named(s, argc, argv))
			continue;
		if (argc == 1 + is_list + is_deep && s->is_deep && !is_deep)
			continue;
		if (is_list)
			puts(s->name);
		else
			n_failed += !run(s, seed ? strtoull(seed, NULL, 10) : 1);
	}
	return n_failed > 0;
}
