#include "keeper/ballot.h"

#include "keeper/mutation.h"

static uint64_t members_of(const struct claim *claim)
{
	uint64_t members = claim->has_view ? claim->view.members : 0;

	for (int i = 0; i < claim->n_before; i++)
		members |= claim->before[i].members;
	return members;
}

static uint64_t shown_members(const struct protocol *p, uint64_t circle)
{
	uint64_t members = circle;

	for (int i = 0; i < ROSTER_MAX; i++)
		if (circle & member_bit(i))
			members |= members_of(&p->seat[i].claim);
	return members;
}

uint64_t ballot_circle(const struct protocol *p)
{
	uint64_t circle = member_bit(p->self.member) | p->own.members | p->tenure.target.members, wider;

	for (int i = 0; i < p->tenure.n_needed; i++)
		circle |= p->tenure.needed[i].members;
	circle |= members_of(&p->record.claim);
	while ((wider = shown_members(p, circle)) != circle)
		circle = wider;
	return circle;
}

bool ballot_is_twin(const struct protocol *p, int member)
{
	const struct seat *seat = &p->seat[member];

	for (int i = 0; i < ROSTER_MAX; i++) {
		const struct seat *other = &p->seat[i];
		bool comes_first = i == p->self.member ||
			(member != p->self.member && strcmp(p->roster.context[i], p->roster.context[member]) < 0);

		if (i == member || !comes_first)
			continue;
		if (*seat->version.uid && streq(seat->version.uid, other->version.uid))
			return true;
		if (*seat->peer.uid && streq(seat->peer.uid, other->peer.uid))
			return true;
	}
	return false;
}

bool ballot_is_foreign(const struct protocol *p, int member)
{
	const struct seat *seat = &p->seat[member];

	return seat->lease == ANSWER_VALUE && *p->federation && *seat->claim.federation &&
		!streq(p->federation, seat->claim.federation);
}

bool ballot_is_vote(const struct protocol *p, int member)
{
	const struct seat *seat = &p->seat[member];

	if (seat->lease != ANSWER_VALUE && seat->lease != ANSWER_ABSENT)
		return false;
	if (ballot_is_foreign(p, member))
		return false;
	return !seat->peer.has_other_context && !ballot_is_twin(p, member);
}

bool ballot_is_ours(const struct protocol *p, int member)
{
	return p->seat[member].lease == ANSWER_VALUE && streq(p->seat[member].claim.holder, p->self.holder);
}

bool ballot_is_free(const struct protocol *p, int member, int64_t now_ms)
{
	const struct seat *seat = &p->seat[member];

	if (!ballot_is_vote(p, member))
		return false;
	if (now_ms - seat->changed_ms >= p->timing.lease_ms)
		return true;
	if (seat->lease == ANSWER_ABSENT)
		return ballot_is_first_start(p) || MUTATED(MUTATION_ABSENT_IS_FREE);
	if (!*seat->claim.holder)
		return seat->claim.handover == NOBODY || seat->claim.handover == p->self.member;
	return ballot_is_ours(p, member);
}

bool ballot_record_is_free(const struct protocol *p, int64_t now_ms)
{
	const struct record_seat *record = &p->record;

	if (record->answer == ANSWER_VALUE && streq(record->claim.holder, p->self.holder))
		return true;
	if (record->answer == ANSWER_ABSENT && ballot_is_first_start(p))
		return true;
	return (record->answer == ANSWER_VALUE || record->answer == ANSWER_ABSENT) &&
		now_ms - record->changed_ms >= p->timing.lease_ms;
}

bool ballot_is_alive(const struct protocol *p, int member, int64_t now_ms)
{
	const struct seat *seat = &p->seat[member];

	return *seat->claim.holder && now_ms - seat->changed_ms < p->timing.lease_ms;
}

bool ballot_is_first_start(const struct protocol *p)
{
	uint64_t circle = ballot_circle(p);

	if (p->epoch_seen > 0 || (*p->federation && p->record.answer != ANSWER_ABSENT))
		return false;
	for (int i = 0; i < ROSTER_MAX; i++)
		if ((circle & member_bit(i)) && !ballot_is_vote(p, i))
			return false;
	return true;
}

bool ballot_look_is_complete(const struct protocol *p)
{
	uint64_t circle = ballot_circle(p);

	if (*p->federation && p->record.looked_ms < p->look_ms)
		return false;
	for (int i = 0; i < ROSTER_MAX; i++) {
		if (!(circle & member_bit(i)))
			continue;
		if (p->seat[i].looked_ms < p->look_ms)
			return false;
		if (i != p->self.member && p->seat[i].peer_looked_ms < p->look_ms)
			return false;
	}
	return true;
}

int ballot_member_of(const struct protocol *p, const char *holder)
{
	return roster_find(&p->roster, holder_context(holder));
}

static bool is_later(const struct view *a, const struct view *b)
{
	return a->epoch != b->epoch ? a->epoch > b->epoch : a->serial > b->serial;
}

/* Each view once, by its latest showing, the latest first. False: too many. */
static bool add_view(struct view *views, int *n, const struct view *add)
{
	int at = 0;

	for (int i = 0; i < *n; i++) {
		if (!view_same(&views[i], add))
			continue;
		if (!is_later(add, &views[i]))
			return true;
		(*n)--;
		memmove(views + i, views + i + 1, (size_t)(*n - i) * sizeof(*views));
		break;
	}
	if (*n == VIEWS_MAX)
		return false;
	while (at < *n && !is_later(add, &views[at]))
		at++;
	memmove(views + at + 1, views + at, (size_t)(*n - at) * sizeof(*views));
	views[at] = *add;
	(*n)++;
	return true;
}

static bool add_views(struct view *views, int *n, const struct claim *claim)
{
	bool has_room = !claim->has_view || add_view(views, n, &claim->view);

	for (int i = 0; i < claim->n_before; i++)
		has_room &= add_view(views, n, &claim->before[i]);
	return has_room;
}

/* The claims that tell of views: of the Leases that count, and of the record. The next after `i`; NULL at the end. */
static const struct claim *next_claim(const struct protocol *p, uint64_t circle, int *i)
{
	while (++*i < ROSTER_MAX)
		if ((circle & member_bit(*i)) && p->seat[*i].lease == ANSWER_VALUE && ballot_is_vote(p, *i))
			return &p->seat[*i].claim;
	return *i == ROSTER_MAX && p->record.answer == ANSWER_VALUE ? &p->record.claim : NULL;
}

int ballot_views(const struct protocol *p, struct view out[VIEWS_MAX])
{
	uint64_t circle = ballot_circle(p);
	const struct claim *claim;
	int n = 0, i = -1;

	while ((claim = next_claim(p, circle, &i)))
		if (!add_views(out, &n, claim))
			return 0;
	if (n == 0)
		out[n++] = ballot_spec_view(p, MODE_MANUAL);
	return n;
}

enum mode ballot_mode(const struct protocol *p)
{
	uint64_t circle = ballot_circle(p);
	enum mode mode = ballot_spec_view(p, MODE_MANUAL).mode;
	const struct claim *claim;
	int64_t latest = -1;
	int i = -1;

	while ((claim = next_claim(p, circle, &i))) {
		bool is_manual = claim->view.mode == MODE_MANUAL;

		for (int j = 0; j < claim->n_before; j++)
			is_manual |= claim->before[j].mode == MODE_MANUAL;
		if (!claim->has_view || claim->view.epoch < latest)
			continue;
		if (claim->view.epoch > latest)
			mode = MODE_AUTOMATIC;
		latest = claim->view.epoch;
		mode = is_manual ? MODE_MANUAL : mode;
	}
	return mode;
}

static bool is_marked(const struct protocol *p, int member)
{
	const struct seat *seat = &p->seat[member];

	return member == p->self.member || (seat->peer_answer == ANSWER_VALUE && seat->peer.is_marked);
}

struct view ballot_spec_view(const struct protocol *p, enum mode in_force)
{
	struct view view = { .mode = p->own.mode, .members = p->own.members };

	for (int i = 0; in_force == MODE_MANUAL && i < ROSTER_MAX; i++)
		if ((view.members & member_bit(i)) && !is_marked(p, i))
			view.mode = MODE_MANUAL;
	return view;
}

bool ballot_record_votes(const struct view *view, bool is_fenceless)
{
	return view->mode == MODE_AUTOMATIC && !is_fenceless && __builtin_popcountll(view->members) % 2 == 0;
}

/* In Automatic: a strict majority of the Leases, or of them and the record where their number is even, which is as many.
 * Without a UUID there is no record yet, and maybe another federation beside us: all. */
static int votes_needed(const struct protocol *p, const struct view *view)
{
	int n = __builtin_popcountll(view->members);

	return *p->federation ? n / 2 + 1 : n;
}

bool ballot_is_quorum(const struct protocol *p, const struct view *view, uint64_t members, bool with_record,
		      bool is_fenceless)
{
	int n = __builtin_popcountll(view->members & members);

	if (view->mode == MODE_MANUAL)
		return members & member_bit(p->self.member);
	if (with_record && *p->federation && ballot_record_votes(view, is_fenceless))
		n++;
	return n >= votes_needed(p, view);
}

static uint64_t held_since(const struct protocol *p, int64_t asked_ms)
{
	uint64_t held = 0;

	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].held_ms && p->seat[i].held_ms >= asked_ms)
			held |= member_bit(i);
	return held;
}

static bool are_quorums(const struct protocol *p, int64_t asked_ms)
{
	uint64_t held = held_since(p, asked_ms);
	bool with_record = p->record.held_ms && p->record.held_ms >= asked_ms;

	for (int i = 0; i < p->tenure.n_needed; i++)
		if (!ballot_is_quorum(p, &p->tenure.needed[i], held, with_record, p->tenure.is_fenceless))
			return false;
	return p->tenure.n_needed > 0;
}

int64_t ballot_t0(const struct protocol *p)
{
	int64_t t0 = 0;

	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].held_ms > t0 && are_quorums(p, p->seat[i].held_ms))
			t0 = p->seat[i].held_ms;
	if (p->record.held_ms > t0 && are_quorums(p, p->record.held_ms))
		t0 = p->record.held_ms;
	return t0;
}

bool ballot_shows_target(const struct protocol *p, const struct view *view)
{
	const struct tenure *t = &p->tenure;
	const struct view *recorded = &p->record.claim.view;
	bool with_record = p->record.held_ms && view_same(recorded, &t->target) && recorded->epoch == t->target.epoch &&
		recorded->serial == t->target.serial;
	uint64_t members = 0;

	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].held_ms && p->seat[i].shown_serial == t->target.serial)
			members |= member_bit(i);
	return ballot_is_quorum(p, view, members, with_record, t->is_fenceless);
}
