#include "tests/model/explore.h"

/* ---- states that were seen: a hash of 128 bits each, and the way there ---- */

struct state {
	uint64_t hash[2];
	uint32_t parent;
	uint8_t kind, keeper, target;
	uint8_t spare;
};

struct visited {
	struct state *v;             /* [0] is the first state */
	uint32_t n, max;
	uint32_t *table;             /* index + 1 by hash; 0: free */
	uint32_t mask;
};

static uint64_t mix(uint64_t h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

static void hash(const uint8_t *p, size_t n, uint64_t out[2])
{
	uint64_t a = n, b = 0x9e3779b97f4a7c15ULL, word;

	for (size_t i = 0; i < n; i += 8) {
		word = 0;
		memcpy(&word, p + i, MIN((size_t)8, n - i));
		a = mix(a ^ word);
		b = (b ^ word) * 0x9fb21c651e98df25ULL;
		b = b << 23 | b >> 41;
	}
	out[0] = a;
	out[1] = mix(b ^ a);
}

static void visited_init(struct visited *seen, uint32_t max)
{
	uint32_t size = 1;

	while (size < 2 * max)
		size *= 2;
	seen->v = xcalloc(max, sizeof(*seen->v));
	seen->table = xcalloc(size, sizeof(*seen->table));
	seen->mask = size - 1;
	seen->max = max;
	seen->n = 0;
}

static void visited_release(struct visited *seen)
{
	free(seen->v);
	free(seen->table);
}

/* True: it is new. */
static bool visit(struct visited *seen, const uint64_t h[2], uint32_t parent, struct choice choice)
{
	uint32_t at = (uint32_t)h[0] & seen->mask;

	while (seen->table[at]) {
		const struct state *other = &seen->v[seen->table[at] - 1];

		if (other->hash[0] == h[0] && other->hash[1] == h[1])
			return false;
		at = (at + 1) & seen->mask;
	}
	seen->v[seen->n] = (struct state){ { h[0], h[1] }, parent, (uint8_t)choice.kind, (uint8_t)choice.keeper,
					   (uint8_t)choice.target, 0 };
	seen->table[at] = ++seen->n;
	return true;
}

/* ---- worlds still to be looked at, as bytes ---- */

struct frontier {
	uint8_t *p;
	size_t n, cap, at;
};

static void frontier_add(struct frontier *f, uint32_t index, const uint8_t *bytes, size_t n)
{
	uint16_t size = (uint16_t)n;

	/* What was taken is given back once it is the larger part. */
	if (f->n + n + 8 > f->cap && f->at > f->cap / 2) {
		memmove(f->p, f->p + f->at, f->n - f->at);
		f->n -= f->at;
		f->at = 0;
	}
	while (f->n + n + 8 > f->cap) {
		f->cap = f->cap ? 2 * f->cap : 1 << 20;
		f->p = xrealloc(f->p, f->cap);
	}
	memcpy(f->p + f->n, &index, 4);
	memcpy(f->p + f->n + 4, &size, 2);
	memcpy(f->p + f->n + 6, bytes, n);
	f->n += n + 6;
}

static bool frontier_take(struct frontier *f, uint32_t *index, uint8_t *bytes)
{
	uint16_t size;

	if (f->at == f->n)
		return false;
	memcpy(index, f->p + f->at, 4);
	memcpy(&size, f->p + f->at + 4, 2);
	memcpy(bytes, f->p + f->at + 6, size);
	f->at += size + 6u;
	return true;
}

/* ---- how it came to that ---- */

static int steps_to(const struct visited *seen, uint32_t index)
{
	int n = 0;

	for (; index; index = seen->v[index].parent)
		n++;
	return n;
}

static void step(struct world *w, const struct scenario *s, struct choice choice)
{
	uint8_t bytes[ENCODED_MAX];

	world_apply(w, s, choice);
	if (w->violation)
		return;
	world_encode(w, s, bytes);
	world_decode(w, s, bytes);
}

static void print_step(struct world *w, const struct scenario *s, int64_t *ticks, struct choice choice)
{
	char text[128];

	choice_text(w, choice, text, sizeof(text));
	*ticks += choice.kind == CHOICE_TICK;
	step(w, s, choice);
	if (choice.kind != CHOICE_TICK)
		printf("    %3d  %-34s ", (int)*ticks, text);
	if (choice.kind != CHOICE_TICK)
		world_print(w, s);
}

static void print_trace(const struct visited *seen, const struct scenario *s, uint32_t index, struct choice last)
{
	int n = steps_to(seen, index), i = n;
	CLEANUP(freep) struct choice *way = xcalloc((size_t)n + 1, sizeof(*way));
	int64_t ticks = 0;
	struct world w;

	way[n] = last;
	for (; index; index = seen->v[index].parent)
		way[--i] = (struct choice){ (enum choice_kind)seen->v[index].kind, seen->v[index].keeper,
					    seen->v[index].target };
	world_init(&w, s);
	for (i = 0; i <= n; i++)
		print_step(&w, s, &ticks, way[i]);
}

/* ---- the search ---- */

static const char never_again[] = "nobody leads within the bound, though all faults have ended";

static bool recovers(const struct world *w, const struct scenario *s, struct result *result)
{
	struct world copy = *w;

	result->n_asked++;
	if (world_recovers(&copy, s) || copy.violation)
		return true;
	printf("    where it stays:                         ");
	world_print(&copy, s);
	return false;
}

struct search {
	const struct scenario *s;
	struct visited seen;
	struct frontier frontier;
	struct result result;
};

/* All that can follow one state. False: a violation. */
static bool expand(struct search *search, uint32_t index, const uint8_t *bytes)
{
	const struct scenario *s = search->s;
	struct choice choices[CHOICES_MAX];
	uint8_t next[ENCODED_MAX];
	uint64_t h[2];
	struct world from, w;
	int n;

	world_decode(&from, s, bytes);
	n = world_choices(&from, s, choices);
	for (int i = 0; i < n; i++) {
		w = from;
		world_apply(&w, s, choices[i]);
		search->result.n_steps++;
		search->result.n_firsts += from.max_epoch && w.max_epoch > from.max_epoch;
		if (!w.violation) {
			size_t size = world_encode(&w, s, next);

			hash(next, size, h);
			if (search->seen.n == search->seen.max || !visit(&search->seen, h, index, choices[i]))
				continue;
			frontier_add(&search->frontier, search->seen.n - 1, next, size);
			if (!s->liveness_every || h[1] % (uint64_t)s->liveness_every || recovers(&w, s, &search->result))
				continue;
			w.violation = never_again;
		}
		search->result.violation = w.violation;
		search->result.depth = steps_to(&search->seen, index) + 1;
		print_trace(&search->seen, s, index, choices[i]);
		return false;
	}
	return true;
}

struct result explore(const struct scenario *s, int max_states)
{
	struct search search = { .s = s };
	uint8_t bytes[ENCODED_MAX];
	uint32_t index = 0;
	uint64_t h[2];
	struct world w;
	size_t size;

	visited_init(&search.seen, (uint32_t)max_states);
	world_init(&w, s);
	size = world_encode(&w, s, bytes);
	hash(bytes, size, h);
	visit(&search.seen, h, 0, (struct choice){ 0 });
	frontier_add(&search.frontier, 0, bytes, size);
	while (frontier_take(&search.frontier, &index, bytes))
		if (!expand(&search, index, bytes))
			break;
	search.result.n_states = search.seen.n;
	search.result.is_complete = !search.result.violation && search.seen.n < search.seen.max;
	if (!search.result.violation)
		search.result.depth = steps_to(&search.seen, search.seen.n - 1);
	visited_release(&search.seen);
	free(search.frontier.p);
	return search.result;
}

/* ---- random walks ---- */

static uint64_t next_random(uint64_t *seed)
{
	*seed += 0x9e3779b97f4a7c15ULL;
	return mix(*seed);
}

static bool is_step(enum choice_kind kind)
{
	return kind == CHOICE_WAKE || kind == CHOICE_PUT || kind == CHOICE_TICK || kind == CHOICE_END_CLEAN;
}

/* Trouble is rare: one choice in sixteen, where there is a step to make instead. */
static struct choice pick(const struct choice *choices, int n, uint64_t *seed)
{
	struct choice steps[CHOICES_MAX];
	int n_steps = 0;

	for (int i = 0; i < n; i++)
		if (is_step(choices[i].kind))
			steps[n_steps++] = choices[i];
	if (n_steps && next_random(seed) % 16)
		return steps[next_random(seed) % (uint64_t)n_steps];
	return choices[next_random(seed) % (uint64_t)n];
}

static bool walk(const struct scenario *s, uint64_t seed, struct result *result, bool is_printed)
{
	struct choice choices[CHOICES_MAX];
	int64_t ticks = 0;
	struct world w;

	world_init(&w, s);
	for (int i = 0; i < s->walk_steps && !w.violation; i++) {
		int n = world_choices(&w, s, choices);
		struct choice choice = pick(choices, n, &seed);

		int64_t max_epoch = w.max_epoch;

		result->n_steps++;
		result->depth = i + 1;
		if (is_printed)
			print_step(&w, s, &ticks, choice);
		else
			step(&w, s, choice);
		result->n_firsts += max_epoch && w.max_epoch > max_epoch;
	}
	if (!w.violation && s->liveness_every && !recovers(&w, s, result))
		w.violation = never_again;
	result->violation = w.violation;
	return !w.violation;
}

struct result wander(const struct scenario *s, uint64_t seed, int n_walks)
{
	struct result result = { 0 };

	for (int i = 0; i < n_walks; i++) {
		if (walk(s, seed + (uint64_t)i * 1000003, &result, false))
			continue;
		printf("    seed %llu\n", (unsigned long long)(seed + (uint64_t)i * 1000003));
		walk(s, seed + (uint64_t)i * 1000003, &result, true);
		return result;
	}
	return result;
}
