#include "keeper/candidate.h"

#include "keeper/ballot.h"
#include "keeper/mutation.h"
#include "keeper/promotion.h"

enum reason candidate_may_stand(const struct protocol *p)
{
	if (p->is_terminated)
		return REASON_TERMINATED;
	if (p->self.never_stands)
		return REASON_ROLE_FOLLOWER;
	if (p->own_state != OWN_FOUND || p->own.has_other_context || p->own.is_cut)
		return REASON_OWN_OBJECT;
	return REASON_NONE;
}

static bool is_fit(const struct protocol *p)
{
	bool nobody_has_one = !*p->federation;

	for (int i = 0; i < ROSTER_MAX; i++)
		nobody_has_one &= !p->seat[i].peer.fitness.has_federation && !*p->seat[i].claim.federation;
	return p->fitness.has_avi && p->fitness.has_credentials && (p->fitness.has_federation || nobody_has_one);
}

/* The latest epoch that led, as far as is to be seen; NULL: none. */
static const struct claim *last_leader(const struct protocol *p)
{
	const struct claim *last = p->record.answer == ANSWER_VALUE ? &p->record.claim : NULL;

	for (int i = 0; i < ROSTER_MAX; i++) {
		const struct claim *claim = &p->seat[i].claim;

		if (p->seat[i].lease == ANSWER_VALUE && ballot_is_vote(p, i) && claim->is_acquired &&
		    (!last || claim_compare(claim, last) > 0))
			last = claim;
	}
	return last;
}

/* The Leases that the record's holder emptied when it released. */
static uint64_t released_members(const struct protocol *p, const struct claim *last)
{
	uint64_t released = 0;

	if (!last || p->record.answer != ANSWER_VALUE || p->record.claim.epoch != last->epoch)
		return 0;
	for (int i = 0; i < ROSTER_MAX; i++) {
		const struct claim *claim = &p->seat[i].claim;

		if (p->seat[i].lease == ANSWER_VALUE && ballot_is_vote(p, i) && !*claim->holder &&
		    (claim->is_released || MUTATED(MUTATION_ANY_EMPTY)) && claim->epoch == last->epoch)
			released |= member_bit(i);
	}
	return released;
}

static int64_t next_epoch(const struct protocol *p, int64_t promotion)
{
	int64_t highest = promotion * EPOCHS_PER_PROMOTION;

	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].claim.epoch / EPOCHS_PER_PROMOTION == promotion)
			highest = MAX(highest, p->seat[i].claim.epoch);
	if (p->record.claim.epoch / EPOCHS_PER_PROMOTION == promotion)
		highest = MAX(highest, p->record.claim.epoch);
	if (p->epoch_tried / EPOCHS_PER_PROMOTION == promotion)
		highest = MAX(highest, p->epoch_tried);
	if (p->epoch_seen / EPOCHS_PER_PROMOTION == promotion)
		highest = MAX(highest, p->epoch_seen);
	return highest + 1;
}

/* What the epoch's Leases will show, and the views it needs a quorum in until they all do. */
static bool plan_views(const struct protocol *p, const struct view *views, int n, struct tenure *out)
{
	struct view target = views[0];

	if (out->follows_spec)
		target = ballot_spec_view(p, ballot_mode(p));
	if (out->is_forced)
		target = (struct view){ .mode = MODE_MANUAL, .members = p->own.members };
	target.epoch = out->epoch;
	target.serial = 1;
	out->target = target;
	out->n_needed = 0;
	for (int i = 0; i < n && !out->is_forced && !MUTATED(MUTATION_ONE_VIEW); i++)
		if (!view_same(&views[i], &target))
			out->needed[out->n_needed++] = views[i];
	if (out->n_needed == VIEWS_MAX)
		return false;
	out->needed[out->n_needed++] = target;
	return true;
}

static bool needs_manual(const struct tenure *t)
{
	for (int i = 0; i < t->n_needed; i++)
		if (t->needed[i].mode == MODE_MANUAL)
			return true;
	return false;
}

static uint64_t needed_members(const struct tenure *t)
{
	uint64_t members = 0;

	for (int i = 0; i < t->n_needed; i++)
		members |= t->needed[i].members;
	return members;
}

static bool are_quorums(const struct protocol *p, const struct tenure *t, uint64_t members, bool with_record)
{
	for (int i = 0; i < t->n_needed; i++)
		if (!ballot_is_quorum(p, &t->needed[i], members, with_record, t->is_fenceless))
			return false;
	return true;
}

static uint64_t voters(const struct protocol *p, uint64_t members)
{
	uint64_t voters = 0;

	for (int i = 0; i < ROSTER_MAX; i++)
		if ((members & member_bit(i)) && ballot_is_vote(p, i))
			voters |= member_bit(i);
	return voters;
}

static uint64_t free_members(const struct protocol *p, uint64_t members, int64_t now_ms)
{
	uint64_t free = 0;

	for (int i = 0; i < ROSTER_MAX; i++)
		if ((members & member_bit(i)) && ballot_is_free(p, i, now_ms))
			free |= member_bit(i);
	return free;
}

static uint64_t still_members(const struct protocol *p, uint64_t members, int64_t now_ms)
{
	uint64_t still = 0;

	for (int i = 0; i < ROSTER_MAX; i++)
		if ((members & member_bit(i)) && now_ms - p->seat[i].changed_ms >= p->timing.lease_ms)
			still |= member_bit(i);
	return still;
}

/* 1. A quorum is free; where a human decides, that is the own Lease and every other one that answers. */
static enum reason check_free(const struct protocol *p, const struct tenure *t, int64_t now_ms, int *about)
{
	uint64_t members = needed_members(t), answering = voters(p, members);

	if (needs_manual(t) && !(answering & member_bit(p->self.member)))
		return REASON_OWN_LEASE;
	if (t->is_forced)
		return REASON_NONE;
	if (needs_manual(t) && answering != t->free_members) {
		*about = roster_next(&p->roster, answering & ~t->free_members, NOBODY);
		return REASON_LEASES_HELD;
	}
	if (are_quorums(p, t, t->free_members, ballot_record_is_free(p, now_ms)))
		return REASON_NONE;
	*about = roster_next(&p->roster, members & ~t->free_members, NOBODY);
	return are_quorums(p, t, answering, true) ? REASON_LEASES_HELD : REASON_NO_QUORUM;
}

/* 1. Without a record nothing stops an old leader whose own Lease we cannot see. */
static bool is_unseen(const struct protocol *p, int64_t now_ms, int *about)
{
	uint64_t circle = ballot_circle(p);

	(void)now_ms;
	for (int i = 0; i < ROSTER_MAX; i++) {
		int holder = *p->seat[i].claim.holder ? ballot_member_of(p, p->seat[i].claim.holder) : NOBODY;

		*about = holder;
		if (*p->seat[i].claim.holder && (holder == NOBODY || !ballot_is_vote(p, holder)))
			return true;
		*about = i;
		if (p->epoch_seen == 0 && (circle & member_bit(i)) && !ballot_is_vote(p, i))
			return true;
	}
	*about = NOBODY;
	return false;
}

static bool shows_fenceless(const struct protocol *p)
{
	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].claim.is_fenceless)
			return true;
	return p->record.answer == ANSWER_REFUSED;
}

static bool is_spare(const struct protocol *p, int64_t now_ms)
{
	int own = p->self.member;

	return ballot_is_alive(p, own, now_ms) && !ballot_is_ours(p, own) && p->seat[own].lease == ANSWER_VALUE &&
		ballot_member_of(p, p->seat[own].claim.holder) == own;
}

/* 1. What a human act must not go past; --force does. */
static enum reason check_promotion(const struct protocol *p, enum mode mode, int64_t now_ms, int *about)
{
	if (mode == MODE_MANUAL && p->is_used_up)
		return REASON_USED_UP;
	if (mode == MODE_MANUAL && !promotion_is_active(p))
		return REASON_NOT_PROMOTED;
	if (!promotion_is_active(p) || p->kept.has_led || p->kept.is_forced)
		return REASON_NONE;
	*about = promotion_obstacle(p, mode, now_ms);
	if (*about != NOBODY)
		return REASON_OTHER_LEADS;
	if (mode == MODE_MANUAL && *p->federation && shows_fenceless(p) && is_unseen(p, now_ms, about))
		return REASON_UNSEEN_FENCELESS;
	return REASON_NONE;
}

static enum reason check_automatic(const struct protocol *p)
{
	bool knows_record = p->record.answer == ANSWER_VALUE || p->record.answer == ANSWER_ABSENT ||
		p->record.answer == ANSWER_REFUSED;

	if (!is_fit(p))
		return REASON_NOT_FIT;
	return *p->federation && !knows_record ? REASON_RECORD_SILENT : REASON_NONE;
}

/* A Lease that was emptied names this cluster as the one to take it. */
static bool is_handed_over(const struct protocol *p)
{
	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].lease == ANSWER_VALUE && !*p->seat[i].claim.holder &&
		    p->seat[i].claim.handover == p->self.member)
			return true;
	return false;
}

static enum reason check_self(const struct protocol *p, const struct view *latest, int64_t now_ms, int *about)
{
	enum mode mode = ballot_mode(p);
	bool is_forced = promotion_is_active(p) && p->kept.is_forced && !p->kept.has_led;

	*about = NOBODY;
	if (is_spare(p, now_ms))
		return REASON_SPARE;
	/* Who hands it back has found nobody better. */
	if (!is_forced && now_ms < p->not_before_ms && !is_handed_over(p))
		return REASON_HANDED_OVER;
	*about = promotion_reference_leader(p);
	if (*about != NOBODY && !is_forced)
		return REASON_REFERENCE_LEADS;
	*about = NOBODY;
	if (!is_forced && !(latest->members & member_bit(p->self.member)))
		return REASON_NOT_NAMED;
	if (mode == MODE_AUTOMATIC && !is_forced && check_automatic(p))
		return check_automatic(p);
	return check_promotion(p, mode, now_ms, about);
}

static void plan_end_of_last(const struct protocol *p, struct tenure *out)
{
	const struct claim *last = last_leader(p);
	bool votes = false;

	for (int i = 0; i < out->n_needed; i++)
		votes |= ballot_record_votes(&out->needed[i], out->is_fenceless);
	out->old_member = last ? ballot_member_of(p, last->holder) : NOBODY;
	out->released_members = released_members(p, last);
	if (out->released_members)
		out->old_member = ballot_member_of(p, p->record.claim.holder);
	out->is_first = ballot_is_first_start(p);
	out->must_claim = *p->federation && !out->is_fenceless &&
		(votes || (last && out->old_member != p->self.member));
}

enum reason candidate_plan(const struct protocol *p, int64_t now_ms, struct tenure *out, int *about)
{
	struct view views[VIEWS_MAX];
	int n = ballot_views(p, views);
	struct tenure t = { 0 };
	enum reason reason;

	*about = NOBODY;
	if (n == 0)
		return REASON_TOO_MANY_VIEWS;
	reason = check_self(p, &views[0], now_ms, about);
	if (reason)
		return reason;
	t.needs_promotion = ballot_mode(p) == MODE_MANUAL;
	t.is_promoted = promotion_is_active(p) && (t.needs_promotion || !p->kept.has_led);
	t.is_forced = t.is_promoted && p->kept.is_forced && !p->kept.has_led;
	t.follows_spec = t.is_promoted;
	t.is_fenceless = *p->federation && p->record.answer == ANSWER_REFUSED;
	t.promotion = t.is_promoted ? p->kept.promotion : p->promotion_led;
	t.epoch = next_epoch(p, t.promotion);
	if (t.epoch > EPOCH_MAX)
		return REASON_EPOCHS_USED;
	if (!plan_views(p, views, n, &t))
		return REASON_TOO_MANY_VIEWS;
	t.free_members = free_members(p, needed_members(&t), now_ms);
	t.still_members = still_members(p, t.free_members, now_ms);
	t.is_record_still = now_ms - p->record.changed_ms >= p->timing.lease_ms;
	plan_end_of_last(p, &t);
	reason = check_free(p, &t, now_ms, about);
	*out = t;
	return reason;
}

int64_t candidate_delay_ms(const struct protocol *p, const struct tenure *plan, int permille)
{
	int64_t jitter_ms = p->timing.retry_ms / 2 * permille / 1000;

	if (plan->is_promoted || is_handed_over(p))
		return 0;
	/* A copy that is behind waits once more, so that a current one comes first; at a first start nobody has one. */
	return jitter_ms + (p->fitness.is_current || plan->is_first ? 0 : p->timing.lease_ms);
}

void candidate_begin(struct protocol *p, const struct tenure *plan)
{
	p->tenure = *plan;
	p->epoch_tried = plan->epoch;
	p->record.held_ms = 0;
	p->record.put_ms = 0;
	for (int i = 0; i < ROSTER_MAX; i++) {
		p->seat[i].held_ms = 0;
		p->seat[i].shown_serial = 0;
	}
}

bool candidate_may_take(const struct protocol *p, int member, int64_t now_ms)
{
	bool was_free = (p->tenure.free_members & member_bit(member)) != 0;

	return ballot_is_vote(p, member) && (was_free || ballot_is_free(p, member, now_ms));
}

int candidate_next(const struct protocol *p, int64_t now_ms)
{
	uint64_t left = needed_members(&p->tenure) & ~p->tenure.tried;

	for (int i = roster_next(&p->roster, left, NOBODY); i != NOBODY; i = roster_next(&p->roster, left, i))
		if (candidate_may_take(p, i, now_ms) || (p->tenure.is_forced && ballot_is_vote(p, i)))
			return i;
	return NOBODY;
}

bool candidate_has_quorum(const struct protocol *p, int64_t now_ms)
{
	const struct tenure *t = &p->tenure;
	uint64_t held = 0;

	if (needs_manual(t) && candidate_next(p, now_ms) != NOBODY)
		return false;
	for (int i = 0; i < ROSTER_MAX; i++)
		if (p->seat[i].held_ms)
			held |= member_bit(i);
	return are_quorums(p, t, held, p->record.held_ms || ballot_record_is_free(p, now_ms));
}

/* Somebody else holds a Lease that was free when the attempt began. Until the PUT is answered, and read where that says too little,
 * the one who held it before is still to be seen. */
static bool is_lost(const struct protocol *p, int member)
{
	const struct seat *seat = &p->seat[member];

	if (seat->request == REQUEST_PUT || seat->must_read)
		return false;
	return (p->tenure.touched & member_bit(member)) && seat->lease == ANSWER_VALUE && *seat->claim.holder &&
		!ballot_is_ours(p, member);
}

enum reason candidate_failure(const struct protocol *p, int64_t now_ms)
{
	const struct tenure *t = &p->tenure;
	int64_t started_ms = 0;

	if (candidate_may_stand(p))
		return candidate_may_stand(p);
	if (t->needs_promotion && !promotion_is_active(p))
		return p->is_used_up ? REASON_USED_UP : REASON_NOT_PROMOTED;
	for (int i = 0; i < ROSTER_MAX; i++) {
		if (is_lost(p, i) && !t->is_forced)
			return REASON_CONFLICT;
		if (p->seat[i].held_ms && (!started_ms || p->seat[i].held_ms < started_ms))
			started_ms = p->seat[i].held_ms;
	}
	if (started_ms && now_ms >= started_ms + p->timing.renew_ms)
		return REASON_EXPIRED;
	return REASON_NONE;
}

struct claim candidate_claim(const struct protocol *p, int member)
{
	const struct claim *shown = &p->seat[member].claim;
	struct claim claim = {
		.epoch = p->tenure.epoch, .promotion = p->tenure.promotion, .handover = NOBODY,
		.is_fenceless = shown->is_fenceless || p->tenure.is_fenceless,
		.has_view = shown->has_view, .view = shown->view, .n_before = shown->n_before,
	};

	memcpy(claim.before, shown->before, sizeof(claim.before));
	snprintf(claim.holder, sizeof(claim.holder), "%s", p->self.holder);
	snprintf(claim.federation, sizeof(claim.federation), "%s", p->federation);
	return claim;
}
