/* One walk over a world serves both ways: it writes bytes that are equal for worlds that behave alike, and fills a world from
 * them. Times become distances from now, capped where more makes no difference; revisions become ranks; what only people read
 * is left out. */
#include "tests/model/world.h"

struct codec {
	uint8_t *p;
	size_t n;
	bool reads;
	int64_t now_ms;                      /* of whose times are walked over */
	int n_ranks[TARGETS];
	int ranks[TARGETS][64];
};

static inline void byte(struct codec *c, uint8_t *b)
{
	if (c->reads)
		*b = c->p[c->n++];
	else
		c->p[c->n++] = *b;
}

static void large_number(struct codec *c, int64_t *v)
{
	uint8_t b = 255;

	if (!c->reads) {
		byte(c, &b);
		memcpy(c->p + c->n, v, 8);
	} else {
		memcpy(v, c->p + c->n, 8);
	}
	c->n += 8;
}

static inline void number(struct codec *c, int64_t *v)
{
	uint8_t b = (uint8_t)*v;

	if (!c->reads && (uint64_t)*v >= 255) {
		large_number(c, v);
		return;
	}
	byte(c, &b);
	if (c->reads && b == 255)
		large_number(c, v);
	else
		*v = b;
}

#define NUMBER(c, x) do { int64_t v_ = (int64_t)(x); number(c, &v_); (x) = (__typeof__(x))v_; } while (0)
#define MEMBER(c, x) do { int64_t v_ = (x) + 1; number(c, &v_); (x) = (int)v_ - 1; } while (0)

static void flag(struct codec *c, bool *f)
{
	NUMBER(c, *f);
}

/* A moment that has been: 0 is never; older than `cap` is as old as that. */
static void past(struct codec *c, int64_t *at_ms, int64_t cap)
{
	int64_t v = *at_ms ? 1 + MAX(0, MIN(c->now_ms - *at_ms, cap)) : 0;

	number(c, &v);
	if (c->reads)
		*at_ms = v ? c->now_ms - (v - 1) : 0;
}

/* The same where never is as good as long ago. */
static void age(struct codec *c, int64_t *at_ms, int64_t cap)
{
	int64_t v = MAX(0, MIN(c->now_ms - *at_ms, cap));

	number(c, &v);
	if (c->reads)
		*at_ms = c->now_ms - v;
}

/* A moment to come: what has been makes no difference. */
static void due(struct codec *c, int64_t *at_ms)
{
	int64_t v = MAX(0, *at_ms - c->now_ms);

	number(c, &v);
	if (c->reads)
		*at_ms = v ? c->now_ms + v : 0;
}

/* The same where "not set" differs from what has been. */
static void set_due(struct codec *c, int64_t *at_ms)
{
	int64_t v = *at_ms ? 1 + MAX(0, *at_ms - c->now_ms) : 0;

	number(c, &v);
	if (c->reads)
		*at_ms = v ? c->now_ms + v - 1 : 0;
}

static void holder(struct codec *c, char text[HOLDER_MAX])
{
	uint8_t context = *text ? (uint8_t)text[0] : 0, pod = *text ? (uint8_t)text[2] : 0;
	uint8_t random = *text ? (uint8_t)text[6] : 0;

	byte(c, &context);
	if (!context) {
		memset(text, 0, HOLDER_MAX);
		return;
	}
	byte(c, &pod);
	byte(c, &random);
	if (c->reads) {
		memset(text, 0, HOLDER_MAX);
		memcpy(text, "?/?/u/?", 8);
		text[0] = (char)context;
		text[2] = (char)pod;
		text[6] = (char)random;
	}
}

static void epoch(struct codec *c, int64_t *epoch_of)
{
	int64_t promotion = *epoch_of / EPOCHS_PER_PROMOTION, n = *epoch_of % EPOCHS_PER_PROMOTION;

	number(c, &promotion);
	number(c, &n);
	*epoch_of = promotion * EPOCHS_PER_PROMOTION + n;
}

static void view(struct codec *c, struct view *v)
{
	NUMBER(c, v->mode);
	NUMBER(c, v->members);
	epoch(c, &v->epoch);
	NUMBER(c, v->serial);
}

static void claim(struct codec *c, struct claim *v)
{
	holder(c, v->holder);
	epoch(c, &v->epoch);
	NUMBER(c, v->promotion);
	flag(c, &v->is_acquired);
	flag(c, &v->is_released);
	flag(c, &v->is_fenceless);
	flag(c, &v->has_view);
	if (v->has_view)
		view(c, &v->view);
	NUMBER(c, v->n_before);
	for (int i = 0; i < v->n_before; i++)
		view(c, &v->before[i]);
	MEMBER(c, v->handover);
	NUMBER(c, v->federation[0]);
}

static void kept(struct codec *c, struct kept *v)
{
	flag(c, &v->is_kept);
	flag(c, &v->is_leader);
	NUMBER(c, v->promote[0]);
	NUMBER(c, v->promote[1]);
	if (c->reads && v->promote[1])
		memcpy(v->promote + 1, " force", sizeof(" force"));
	NUMBER(c, v->promotion);
	flag(c, &v->is_ended);
	flag(c, &v->is_forced);
	flag(c, &v->has_led);
	epoch(c, &v->epoch);
}

static void promote(struct codec *c, char text[PROMOTE_MAX])
{
	NUMBER(c, text[0]);
	NUMBER(c, text[1]);
	if (c->reads && text[1])
		memcpy(text + 1, " force", sizeof(" force"));
}

/* ---- revisions ---- */

static void collect(struct codec *c, int target, int revision)
{
	int *ranks = c->ranks[target], n = c->n_ranks[target], at = 0;

	while (at < n && ranks[at] < revision)
		at++;
	if (!revision || (at < n && ranks[at] == revision))
		return;
	assert(n < 64);
	memmove(ranks + at + 1, ranks + at, (size_t)(n - at) * sizeof(*ranks));
	ranks[at] = revision;
	c->n_ranks[target]++;
}

static void collect_all(struct codec *c, const struct world *w, const struct scenario *s)
{
	for (int i = 0; i < TARGETS; i++)
		if (w->store[i].exists)
			collect(c, i, w->store[i].revision);
	for (int i = 0; i < w->n_late; i++)
		collect(c, w->late[i].target, w->late[i].revision);
	for (int i = 0; i < s->n_keepers; i++) {
		const struct keeper *k = &w->keeper[i];

		if (!k->is_up)
			continue;
		for (int j = 0; j < k->n_puts; j++)
			collect(c, k->puts[j].target, k->puts[j].revision);
		for (int j = 0; j < s->n_members; j++)
			collect(c, j, revision_get(&k->p.seat[j].version));
		collect(c, RECORD_TARGET, revision_get(&k->p.record.version));
	}
}

static void revision(struct codec *c, int target, int *value)
{
	int64_t rank = 0;

	while (!c->reads && *value && c->ranks[target][rank] != *value)
		rank++;
	rank = *value ? rank + 1 : 0;
	number(c, &rank);
	if (c->reads)
		*value = (int)rank;
}

static void version(struct codec *c, int target, struct version *v)
{
	int value = c->reads ? 0 : revision_get(v);

	revision(c, target, &value);
	if (c->reads)
		revision_put(v, target, value);
}

static void put(struct codec *c, struct put *v)
{
	NUMBER(c, v->target);
	claim(c, &v->claim);
	revision(c, v->target, &v->revision);
	due(c, &v->until_ms);
}

/* ---- a keeper ---- */

#define REQUEST_CAP 12

static void looked(struct codec *c, int64_t *looked_ms, int64_t look_ms)
{
	bool is_complete = *looked_ms >= look_ms;

	flag(c, &is_complete);
	if (c->reads)
		*looked_ms = is_complete ? look_ms : look_ms - 1;
}

static void peer(struct codec *c, struct peer *v, int member)
{
	bool was_seen = v->uid[0];

	flag(c, &was_seen);
	if (!was_seen)
		return;
	flag(c, &v->is_leader);
	flag(c, &v->is_marked);
	kept(c, &v->kept);
	if (c->reads) {
		v->fitness = (struct fitness){ true, true, true, true, true };
		snprintf(v->uid, sizeof(v->uid), "%c", 'a' + member);
	}
}

static void seat(struct codec *c, struct seat *v, int member, bool is_own, const struct protocol *p)
{
	NUMBER(c, v->lease);
	claim(c, &v->claim);
	version(c, member, &v->version);
	age(c, &v->changed_ms, p->timing.lease_ms);
	looked(c, &v->looked_ms, p->look_ms);
	NUMBER(c, v->request);
	if (v->request)
		past(c, &v->asked_ms, REQUEST_CAP);
	due(c, &v->next_ms);
	flag(c, &v->must_read);
	past(c, &v->held_ms, p->timing.lease_ms + 1);
	NUMBER(c, v->shown_serial);
	if (is_own)
		return;
	NUMBER(c, v->peer_answer);
	peer(c, &v->peer, member);
	flag(c, &v->is_peer_asked);
	looked(c, &v->peer_looked_ms, p->look_ms);
	if (v->is_peer_asked)
		past(c, &v->peer_asked_ms, REQUEST_CAP);
	due(c, &v->peer_next_ms);
}

static void record_seat(struct codec *c, struct record_seat *v, const struct protocol *p)
{
	NUMBER(c, v->answer);
	claim(c, &v->claim);
	version(c, RECORD_TARGET, &v->version);
	age(c, &v->changed_ms, p->timing.lease_ms);
	looked(c, &v->looked_ms, p->look_ms);
	NUMBER(c, v->request);
	if (v->request)
		past(c, &v->asked_ms, REQUEST_CAP);
	due(c, &v->next_ms);
	flag(c, &v->must_read);
	past(c, &v->put_ms, p->timing.lease_ms + 1);
	flag(c, &v->was_absent);
	past(c, &v->held_ms, p->timing.lease_ms + 1);
}

static void own(struct codec *c, struct own *v)
{
	flag(c, &v->is_leader);
	NUMBER(c, v->mode);
	NUMBER(c, v->members);
	promote(c, v->promote);
	kept(c, &v->kept);
}

static void tenure(struct codec *c, struct tenure *v, int64_t cap)
{
	epoch(c, &v->epoch);
	NUMBER(c, v->promotion);
	view(c, &v->target);
	NUMBER(c, v->n_needed);
	for (int i = 0; i < v->n_needed; i++)
		view(c, &v->needed[i]);
	flag(c, &v->needs_promotion);
	flag(c, &v->is_promoted);
	flag(c, &v->is_forced);
	flag(c, &v->follows_spec);
	flag(c, &v->is_fenceless);
	flag(c, &v->must_claim);
	NUMBER(c, v->tried);
	NUMBER(c, v->touched);
	NUMBER(c, v->free_members);
	NUMBER(c, v->still_members);
	flag(c, &v->is_record_still);
	NUMBER(c, v->released_members);
	MEMBER(c, v->old_member);
	flag(c, &v->is_first);
	flag(c, &v->was_ended);
	flag(c, &v->is_claimed);
	past(c, &v->wait_from_ms, cap);
	NUMBER(c, v->wait_ms);
}

static void term(struct codec *c, struct term *v)
{
	epoch(c, &v->epoch);
	due(c, &v->starts_before_ms);
	due(c, &v->ends_by_ms);
	flag(c, &v->is_fenced);
}

static void worker(struct codec *c, struct worker_state *v)
{
	NUMBER(c, v->kind);
	flag(c, &v->is_ending);
	flag(c, &v->is_ended);
	flag(c, &v->is_killed);
	flag(c, &v->wants_write);
	flag(c, &v->is_healthy);
	due(c, &v->quiet_from_ms);
	due(c, &v->kill_ms);
	NUMBER(c, v->backoff_ms);
	due(c, &v->due_ms);
	term(c, &v->fed);
	if (c->reads)
		v->started_ms = c->now_ms;
}

static void reason(struct codec *c, enum reason *v)
{
	enum reason kept_reason = *v == REASON_SPARE || *v == REASON_UNHEALTHY ? *v : REASON_NONE;

	NUMBER(c, kept_reason);
	*v = kept_reason;
}

static void protocol(struct codec *c, struct protocol *p, const struct scenario *s)
{
	NUMBER(c, p->stage);
	reason(c, &p->reason);
	age(c, &p->look_ms, REQUEST_CAP);
	for (int i = 0; i < s->n_members; i++)
		seat(c, &p->seat[i], i, i == p->self.member, p);
	record_seat(c, &p->record, p);
	NUMBER(c, p->own_state);
	own(c, &p->own);
	own(c, &p->own_at_start);
	kept(c, &p->kept);
	kept(c, &p->kept_sent);
	NUMBER(c, p->role_sent);
	flag(c, &p->fitness_sent.has_avi);
	if (c->reads && p->fitness_sent.has_avi)
		p->fitness_sent = p->fitness;
	flag(c, &p->must_keep_again);
	due(c, &p->keep_ms);
	flag(c, &p->is_promotion_due);
	flag(c, &p->is_used_up);
	flag(c, &p->is_terminated);
	set_due(c, &p->stand_ms);
	due(c, &p->retry_ms);
	due(c, &p->not_before_ms);
	due(c, &p->deadline_ms);
	MEMBER(c, p->handover);
	NUMBER(c, p->yielded_to);
	flag(c, &p->is_leave);
	epoch(c, &p->epoch_seen);
	NUMBER(c, p->promotion_seen);
	NUMBER(c, p->promotion_led);
	epoch(c, &p->epoch_tried);
	tenure(c, &p->tenure, p->timing.write_ms + p->timing.margin_ms + p->timing.fresh_ms + 1);
	worker(c, &p->worker);
}

static void writer(struct codec *c, struct writer *v, const struct scenario *s, int64_t world_now_ms)
{
	int64_t local_now_ms = c->now_ms;

	flag(c, &v->runs);
	flag(c, &v->is_ending);
	NUMBER(c, v->kind);
	epoch(c, &v->epoch);
	term(c, &v->term);
	past(c, &v->record_ms, s->fresh + 1);
	c->now_ms = world_now_ms;
	due(c, &v->land_ms);
	c->now_ms = local_now_ms;
}

/* A keeper that starts again in the world of the codec: what is not walked over is as protocol_init() left it. */
static void keeper(struct codec *c, struct keeper *k, const struct scenario *s, const struct protocol *blank,
		   int64_t world_now_ms)
{
	flag(c, &k->is_up);
	NUMBER(c, k->incarnation);
	if (!k->is_up)
		return;
	if (c->reads)
		k->p = *blank;
	c->now_ms = world_now_ms - k->lag_ms;
	flag(c, &k->is_frozen);
	flag(c, &k->is_paused);
	flag(c, &k->is_due);
	flag(c, &k->was_told);
	holder(c, k->p.self.holder);
	protocol(c, &k->p, s);
	NUMBER(c, k->n_puts);
	for (int i = 0; i < k->n_puts; i++)
		put(c, &k->puts[i]);
	writer(c, &k->writer, s, world_now_ms);
	c->now_ms = world_now_ms;
	for (int i = 0; i < TARGETS; i++)
		set_due(c, &k->silent_ms[i]);
	for (int i = 0; i < s->n_members; i++)
		set_due(c, &k->peer_silent_ms[i]);
}

/* ---- the world ---- */

static void store(struct codec *c, struct store *v, int target)
{
	flag(c, &v->exists);
	flag(c, &v->is_refused);
	if (!v->exists) {
		v->revision = 0;
		return;
	}
	claim(c, &v->claim);
	revision(c, target, &v->revision);
}

static void cluster(struct codec *c, struct cluster *v)
{
	flag(c, &v->is_leader);
	flag(c, &v->is_marked);
	NUMBER(c, v->mode);
	NUMBER(c, v->members);
	promote(c, v->promote);
	kept(c, &v->kept);
}

static void rest(struct codec *c, struct world *w, const struct scenario *s)
{
	for (int i = 0; i < s->n_members; i++)
		cluster(c, &w->cluster[i]);
	for (int i = 0; i < s->n_keepers; i++)
		for (int j = 0; j < TARGETS; j++)
			flag(c, &w->is_cut[i][j]);
	NUMBER(c, w->n_late);
	for (int i = 0; i < w->n_late; i++)
		put(c, &w->late[i]);
	NUMBER(c, w->n_ghosts);
	for (int i = 0; i < w->n_ghosts; i++) {
		epoch(c, &w->ghost[i].epoch);
		holder(c, w->ghost[i].holder);
		due(c, &w->ghost[i].land_ms);
	}
	for (int i = 0; i < N_BUDGETS; i++)
		NUMBER(c, w->budget[i]);
	MEMBER(c, w->current);
	NUMBER(c, w->acts_done);
	epoch(c, &w->max_epoch);
	holder(c, w->max_holder);
}

static void walk(struct codec *c, struct world *w, const struct scenario *s, const struct world *blank)
{
	for (int i = 0; i < TARGETS; i++)
		if (i < s->n_members || i == RECORD_TARGET)
			store(c, &w->store[i], i);
	for (int i = 0; i < s->n_keepers; i++)
		keeper(c, &w->keeper[i], s, blank ? &blank->keeper[i].p : NULL, w->now_ms);
	c->now_ms = w->now_ms;
	rest(c, w, s);
}

size_t world_encode(const struct world *w, const struct scenario *s, uint8_t *out)
{
	struct codec c = { .p = out, .now_ms = w->now_ms };
	struct world *copy = (struct world *)(uintptr_t)w;      /* walked over, not changed */

	collect_all(&c, w, s);
	walk(&c, copy, s, NULL);
	assert(c.n <= ENCODED_MAX);
	return c.n;
}

/* The next revision is above all that anybody remembers. */
static void restore_revisions(struct world *w, const struct scenario *s)
{
	struct codec c = { 0 };

	collect_all(&c, w, s);
	for (int i = 0; i < TARGETS; i++)
		w->store[i].last_revision = c.n_ranks[i] ? c.ranks[i][c.n_ranks[i] - 1] : 0;
}

void world_decode(struct world *w, const struct scenario *s, const uint8_t *bytes)
{
	static struct world blank;
	static const struct scenario *blank_of;
	struct codec c = { .p = (uint8_t *)(uintptr_t)bytes, .reads = true, .now_ms = BASE_MS };

	if (blank_of != s) {
		world_init(&blank, s);
		for (int i = 0; i < s->n_keepers; i++)
			for (int j = 0; j < s->n_members; j++)
				snprintf(blank.keeper[i].p.roster.context[j], CONTEXT_MAX, "%c", 'a' + j);
		blank_of = s;
	}
	memset(w, 0, sizeof(*w));
	w->now_ms = BASE_MS;
	for (int i = 0; i < TARGETS; i++)
		w->store[i].claim.handover = NOBODY;
	for (int i = 0; i < s->n_keepers; i++)
		w->keeper[i].p = blank.keeper[i].p;      /* whose cluster it is, also while it is down */
	walk(&c, w, s, &blank);
	restore_revisions(w, s);
}
