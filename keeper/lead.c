#include "keeper/lead.h"

#include "keeper/ballot.h"
#include "keeper/mutation.h"
#include "keeper/promotion.h"

/* Automatic: how long a worker may be unhealthy, and how long the instance stays away then, in leases. */
#define ILL_LEASES 3

bool lead_has_record(const struct protocol *p)
{
	return p->record.answer == ANSWER_VALUE && p->record.claim.epoch == p->tenure.epoch &&
		streq(p->record.claim.holder, p->self.holder);
}

static bool record_votes(const struct protocol *p)
{
	for (int i = 0; i < p->tenure.n_needed; i++)
		if (ballot_record_votes(&p->tenure.needed[i], p->tenure.is_fenceless))
			return true;
	return false;
}

struct claim lead_claim(const struct protocol *p)
{
	const struct tenure *t = &p->tenure;
	struct claim claim = {
		.epoch = t->epoch, .promotion = t->promotion, .is_acquired = true, .is_fenceless = t->is_fenceless,
		.has_view = true, .view = t->target, .handover = NOBODY,
	};

	for (int i = 0; i < t->n_needed; i++)
		if (!view_same(&t->needed[i], &t->target))
			claim.before[claim.n_before++] = t->needed[i];
	snprintf(claim.holder, sizeof(claim.holder), "%s", p->self.holder);
	snprintf(claim.federation, sizeof(claim.federation), "%s", p->federation);
	return claim;
}

struct claim lead_record(const struct protocol *p)
{
	struct claim claim = lead_claim(p);
	const struct claim *shown = &p->record.claim;
	bool leads = p->stage == STAGE_WAITING || p->stage == STAGE_LEADING;

	claim.counter = shown->counter + 1;
	/* As on the Leases: an attempt leaves the view as it is. */
	if (!leads) {
		claim.has_view = p->record.answer == ANSWER_VALUE && shown->has_view;
		claim.view = shown->view;
		claim.n_before = claim.has_view ? shown->n_before : 0;
		memcpy(claim.before, shown->before, sizeof(claim.before));
	}
	return claim;
}

static bool is_same_showing(const struct view *a, const struct view *b)
{
	return a->epoch == b->epoch && a->serial == b->serial;
}

static bool shows_other(const struct protocol *p)
{
	struct claim wanted = lead_record(p);

	if (p->record.claim.promotion != wanted.promotion || p->record.claim.has_view != wanted.has_view)
		return true;
	return wanted.has_view && (!view_same(&p->record.claim.view, &wanted.view) ||
				   p->record.claim.n_before != wanted.n_before ||
				   (record_votes(p) && !is_same_showing(&p->record.claim.view, &wanted.view)));
}

static bool is_wanted(const struct protocol *p)
{
	const struct tenure *t = &p->tenure;

	if (!*p->federation || (t->is_fenceless && p->record.answer == ANSWER_REFUSED))
		return false;
	if (p->stage == STAGE_CLAIMING)
		return t->must_claim;
	return t->must_claim || t->is_claimed || p->worker.wants_write || record_votes(p);
}

bool lead_must_put_record(const struct protocol *p, int64_t now_ms)
{
	const struct record_seat *record = &p->record;

	if (!is_wanted(p) || record->must_read ||
	    (record->answer != ANSWER_VALUE && record->answer != ANSWER_ABSENT))
		return false;
	if (!lead_has_record(p) || shows_other(p))
		return true;
	return record_votes(p) && now_ms >= record->put_ms + p->timing.request_ms;
}

static uint64_t held_members(const struct protocol *p)
{
	uint64_t held = 0;

	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].held_ms)
			held |= member_bit(i);
	return held;
}

/* Step 5: how long after the claim. */
static int64_t first_wait_ms(const struct protocol *p)
{
	const struct tenure *t = &p->tenure;
	const struct timing *timing = &p->timing;
	uint64_t held = held_members(p);
	bool was_seen = true, was_released = t->released_members != 0;

	for (int i = 0; i < t->n_needed; i++) {
		const struct view *view = &t->needed[i];
		uint64_t left = view->members & ~(t->still_members & held);

		if (view->mode == MODE_MANUAL) {
			was_seen &= (t->still_members & held & member_bit(t->old_member)) != 0;
			was_released &= (t->released_members & held & member_bit(t->old_member)) != 0;
			continue;
		}
		was_seen &= !ballot_is_quorum(p, view, left, !t->is_record_still, t->is_fenceless);
		was_released &= ballot_is_quorum(p, view, t->released_members & held, false, t->is_fenceless);
	}
	if (was_released || MUTATED(MUTATION_NO_WAIT))
		return 0;
	return timing->write_ms + timing->fresh_ms + (was_seen && !t->is_forced ? 0 : timing->margin_ms);
}

void lead_begin(struct protocol *p, int64_t now_ms)
{
	struct tenure *t = &p->tenure;

	p->own_at_start = p->own;
	p->worker.wants_write = false;
	t->was_ended = p->kept.is_ended;
	t->wait_ms = first_wait_ms(p);
	if (t->is_fenceless)
		t->wait_from_ms = now_ms;
}

/* A change of view is done once the new one is on a quorum of every view that was needed. */
static void finish_view(struct protocol *p)
{
	struct tenure *t = &p->tenure;

	for (int i = 0; i < t->n_needed; i++)
		if (!ballot_shows_target(p, &t->needed[i]))
			return;
	t->needed[0] = t->target;
	memset(t->needed + 1, 0, sizeof(t->needed) - sizeof(t->needed[0]));
	t->n_needed = 1;
}

static void begin_view(struct protocol *p, const struct view *wanted)
{
	struct tenure *t = &p->tenure;

	for (int i = 0; i < t->n_needed; i++)
		if (view_same(&t->needed[i], wanted)) {
			memmove(t->needed + i, t->needed + i + 1, (size_t)(t->n_needed - i - 1) * sizeof(*wanted));
			t->n_needed--;
			break;
		}
	t->target.mode = wanted->mode;
	t->target.members = wanted->members;
	t->target.serial++;
	t->needed[t->n_needed++] = t->target;
}

static void tend_view(struct protocol *p)
{
	struct tenure *t = &p->tenure;
	struct view wanted;

	finish_view(p);
	if (MUTATED(MUTATION_ONE_VIEW)) {
		t->needed[0] = t->target;
		t->n_needed = 1;
	}
	if (p->own_state != OWN_FOUND || p->own.has_other_context || p->own.is_cut)
		return;
	if (p->own.mode != p->own_at_start.mode || p->own.members != p->own_at_start.members)
		t->follows_spec = true;
	wanted = ballot_spec_view(p, t->target.mode);
	if (!t->follows_spec || view_same(&wanted, &t->target) || t->n_needed == VIEWS_MAX)
		return;
	/* Manual leads by the own Lease: not before that is held. */
	if (wanted.mode == MODE_MANUAL && !p->seat[p->self.member].held_ms)
		return;
	/* Leading when the view turns Manual is a promotion, whose number must be kept first. */
	if (wanted.mode == MODE_MANUAL && t->target.mode == MODE_AUTOMATIC &&
	    (t->promotion != p->kept.promotion || !promotion_is_active(p))) {
		promotion_number(p);
		return;
	}
	if (promotion_is_kept(p))
		begin_view(p, &wanted);
}

/* A human act for the one that leads already: its epoch goes on under the new number. */
static void tend_promotion(struct protocol *p)
{
	struct tenure *t = &p->tenure;

	if (p->is_promotion_due)
		promotion_number(p);
	if (p->kept.promotion > t->promotion && !p->kept.is_ended && promotion_is_kept(p)) {
		t->promotion = p->kept.promotion;
		t->follows_spec = true;
		t->was_ended = false;
	}
	/* It has led once others can see that it did: a process that ends before stands for it again. */
	if (t->promotion == p->kept.promotion && ballot_shows_target(p, &t->target))
		p->kept.has_led = true;
}

/* Somebody put an older claim over ours, where the controller has no compare-and-set or was restored: until ours is there again
 * that one may have written. */
static void lose_record(struct protocol *p)
{
	const struct timing *timing = &p->timing;

	p->tenure.is_claimed = p->tenure.is_first = false;
	p->tenure.wait_from_ms = 0;
	p->tenure.wait_ms = timing->write_ms + timing->fresh_ms + timing->margin_ms;
}

static void tend_record(struct protocol *p, int64_t now_ms)
{
	const struct record_seat *record = &p->record;
	struct tenure *t = &p->tenure;

	if (record->must_read || (record->answer != ANSWER_VALUE && record->answer != ANSWER_ABSENT))
		return;
	if (!lead_has_record(p)) {
		if (t->is_claimed)
			lose_record(p);
		return;
	}
	/* Permission has come: the epoch is fenced from now on. */
	t->is_fenceless = false;
	if (!t->is_claimed && !t->wait_from_ms)
		t->wait_from_ms = now_ms;
	/* Nobody has ever led, and nobody claimed before us: there is nothing to wait for. */
	if (!t->is_claimed && t->is_first && record->was_absent)
		t->wait_ms = 0;
	t->is_claimed = true;
}

void lead_tend(struct protocol *p, int64_t now_ms)
{
	tend_record(p, now_ms);
	tend_promotion(p);
	tend_view(p);
}

int64_t lead_first_write_ms(const struct protocol *p)
{
	const struct tenure *t = &p->tenure;

	if (!*p->federation || !t->wait_from_ms || !(t->is_claimed || t->is_fenceless))
		return INT64_MAX;
	if (!ballot_shows_target(p, &t->target))
		return INT64_MAX;
	return MAX(t->wait_from_ms + t->wait_ms, p->worker.quiet_from_ms);
}

bool lead_may_write(const struct protocol *p, int64_t now_ms)
{
	return now_ms >= lead_first_write_ms(p);
}

static bool is_overtaken(const struct protocol *p)
{
	struct claim own = lead_claim(p);

	if (p->record.answer == ANSWER_VALUE && claim_compare(&p->record.claim, &own) > 0)
		return true;
	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].lease == ANSWER_VALUE && ballot_is_vote(p, i) && p->seat[i].claim.is_acquired &&
		    claim_compare(&p->seat[i].claim, &own) > 0)
			return true;
	return false;
}

static bool needs_own_lease(const struct protocol *p)
{
	for (int i = 0; i < p->tenure.n_needed; i++)
		if (p->tenure.needed[i].mode == MODE_MANUAL)
			return true;
	return false;
}

enum reason lead_over(const struct protocol *p, int64_t now_ms)
{
	const struct seat *own = &p->seat[p->self.member];
	int64_t t0 = ballot_t0(p);

	if (is_overtaken(p))
		return REASON_OVERTAKEN;
	if (needs_own_lease(p) && own->lease == ANSWER_VALUE && *own->claim.holder && !ballot_is_ours(p, p->self.member))
		return REASON_LEASE_LOST;
	if (p->record.answer == ANSWER_REFUSED && !p->tenure.is_fenceless)
		return REASON_RECORD_REFUSED;
	return !t0 || now_ms >= t0 + p->timing.renew_ms ? REASON_EXPIRED : REASON_NONE;
}

/* The best of the others: one that could lead now, by parts of its fitness, then by context. */
static int fittest_other(const struct protocol *p)
{
	int fittest = NOBODY, most = 0;
	uint64_t members = p->tenure.target.members & ~member_bit(p->self.member);

	for (int i = roster_next(&p->roster, members, NOBODY); i != NOBODY; i = roster_next(&p->roster, members, i)) {
		const struct fitness *fit = &p->seat[i].peer.fitness;
		int parts = fit->has_avi + fit->has_api + fit->has_credentials + fit->is_current;

		if (p->seat[i].peer_answer != ANSWER_VALUE || !p->seat[i].peer.is_marked || parts <= most)
			continue;
		fittest = i;
		most = parts;
	}
	return fittest;
}

static bool is_ill(const struct protocol *p, int64_t now_ms)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->unfit_ms); i++)
		if (p->unfit_ms[i] && now_ms - p->unfit_ms[i] >= ILL_LEASES * p->timing.lease_ms)
			return true;
	return false;
}

static bool is_well(const struct protocol *p, int member)
{
	return member != NOBODY && p->seat[member].peer.fitness.has_avi && p->seat[member].peer.fitness.has_api;
}

enum reason lead_leave(const struct protocol *p, int64_t now_ms, int *heir)
{
	bool is_automatic = !needs_own_lease(p);

	*heir = is_automatic ? fittest_other(p) : NOBODY;
	if (p->is_terminated)
		return REASON_TERMINATED;
	if (p->self.never_stands)
		return REASON_ROLE_FOLLOWER;
	if (p->own_state == OWN_DELETED)
		return REASON_DELETED;
	if (p->kept.is_ended && !p->tenure.was_ended)
		return REASON_DEMOTED;
	if (!is_automatic)
		return REASON_NONE;
	if (is_ill(p, now_ms) && is_well(p, *heir))
		return REASON_UNHEALTHY;
	if (promotion_successor(p) == NOBODY)
		return REASON_NONE;
	*heir = promotion_successor(p);
	return REASON_PROMOTED_OTHER;
}
