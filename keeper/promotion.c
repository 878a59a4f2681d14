#include "keeper/promotion.h"

#include "keeper/ballot.h"

static bool own_is_leader(const struct protocol *p)
{
	return p->own.is_leader || p->self.forced_leader;
}

static bool is_forced(const char *promote)
{
	size_t n = strlen(promote), n_force = strlen(" force");

	return n > n_force && streq(promote + n - n_force, " force");
}

static bool has_new_promote(const struct protocol *p)
{
	return *p->own.promote && !streq(p->own.promote, p->kept.promote);
}

static void end_promotion(struct protocol *p)
{
	p->kept.is_leader = false;
	p->kept.is_ended = true;
}

void promotion_read_own(struct protocol *p)
{
	const struct kept *stored = &p->own.kept;
	bool was_due = p->is_promotion_due;

	/* A second keeper of this cluster may have numbered it before us. */
	if (stored->is_kept && (!p->kept.is_kept || stored->promotion > p->kept.promotion)) {
		p->kept = *stored;
		p->is_used_up = false;
	}
	p->kept.epoch = MAX(p->kept.epoch, stored->epoch);
	if (p->kept.is_leader && !own_is_leader(p))
		end_promotion(p);
	p->is_promotion_due = (own_is_leader(p) && !p->kept.is_leader) || has_new_promote(p);
	if (p->is_promotion_due && !was_due)
		p->look_ms = INT64_MAX;      /* its number is that of the first look after it */
	p->kept.is_kept = true;
}

void promotion_number(struct protocol *p)
{
	p->kept.is_forced = has_new_promote(p) && is_forced(p->own.promote);
	p->kept.is_leader = own_is_leader(p);
	snprintf(p->kept.promote, sizeof(p->kept.promote), "%s", p->own.promote);
	/* At the end of the numbers two acts have the same one, and block each other until a person decides. */
	p->kept.promotion = MIN(p->promotion_seen + 1, PROMOTION_MAX);
	p->promotion_seen = p->kept.promotion;
	p->kept.is_ended = false;
	p->kept.has_led = false;
	p->is_promotion_due = false;
	p->is_used_up = false;
}

/* (promotion, context) of a claim that led against that of a member. An empty Lease does not tell whose it was. */
static bool overtakes(const struct protocol *p, const struct claim *claim, int64_t promotion, int member)
{
	struct slice context = holder_context(claim->holder);
	char text[CONTEXT_MAX];

	if (!claim->is_acquired || claim->promotion != promotion)
		return claim->is_acquired && claim->promotion > promotion;
	if (context.n == 0 || context.n >= CONTEXT_MAX)
		return false;
	memcpy(text, context.p, context.n);
	text[context.n] = '\0';
	return strcmp(text, p->roster.context[member]) > 0;
}

static bool is_of_us(const struct protocol *p, int member)
{
	const struct seat *seat = &p->seat[member];

	return *seat->version.uid && (seat->lease == ANSWER_SILENT || ballot_is_vote(p, member));
}

bool promotion_is_used_up(const struct protocol *p, int64_t promotion, int member)
{
	if (*p->record.version.uid && overtakes(p, &p->record.claim, promotion, member))
		return true;
	for (int i = 0; i < ROSTER_MAX; i++)
		if (is_of_us(p, i) && overtakes(p, &p->seat[i].claim, promotion, member))
			return true;
	return false;
}

static void note_claim(struct protocol *p, const struct claim *claim)
{
	p->epoch_seen = MAX(p->epoch_seen, claim->epoch);
	p->promotion_seen = MAX(p->promotion_seen, claim->promotion);
	if (claim->is_acquired)
		p->promotion_led = MAX(p->promotion_led, claim->promotion);
}

void promotion_note(struct protocol *p)
{
	for (int i = 0; i < ROSTER_MAX; i++) {
		const struct seat *seat = &p->seat[i];

		if (is_of_us(p, i))
			note_claim(p, &seat->claim);
		if (seat->peer_answer == ANSWER_VALUE && i != p->self.member) {
			p->epoch_seen = MAX(p->epoch_seen, seat->peer.kept.epoch);
			p->promotion_seen = MAX(p->promotion_seen, seat->peer.kept.promotion);
		}
	}
	if (*p->record.version.uid)
		note_claim(p, &p->record.claim);
	p->epoch_seen = MAX(p->epoch_seen, p->kept.epoch);
	p->promotion_seen = MAX(p->promotion_seen, p->kept.promotion);
	p->kept.epoch = p->epoch_seen;
	if (p->kept.promotion && promotion_is_used_up(p, p->kept.promotion, p->self.member))
		p->is_used_up = true;
}

static bool is_same_act(const struct kept *a, const struct kept *b)
{
	return a->is_leader == b->is_leader && streq(a->promote, b->promote) && a->promotion == b->promotion &&
		a->is_ended == b->is_ended && a->is_forced == b->is_forced;
}

bool kept_same(const struct kept *a, const struct kept *b)
{
	return a->is_kept == b->is_kept && is_same_act(a, b) && a->has_led == b->has_led && a->epoch == b->epoch;
}

bool promotion_is_kept(const struct protocol *p)
{
	return is_same_act(&p->kept, &p->own.kept) ||
		(!p->is_keeping && !p->must_keep_again && is_same_act(&p->kept, &p->kept_sent));
}

bool promotion_is_active(const struct protocol *p)
{
	return p->kept.promotion > 0 && !p->kept.is_ended && !p->is_used_up;
}

/* A member that says isLeader: true by a promotion that could lead. One that has no number yet will have a greater one. */
static bool is_rival(const struct protocol *p, int member, enum mode mode)
{
	const struct peer *peer = &p->seat[member].peer;
	int64_t own = p->kept.promotion, other = peer->kept.promotion;

	if (!peer->is_leader || peer->kept.is_ended)
		return false;
	if (!peer->kept.is_leader)
		return true;
	if (promotion_is_used_up(p, other, member))
		return false;
	/* Two of one number, made on two sides of a cut: a human decides, or in Automatic the greater context. */
	if (other == own && mode == MODE_AUTOMATIC)
		return strcmp(p->roster.context[member], p->roster.context[p->self.member]) > 0;
	return other >= own;
}

static bool is_reachable(const struct protocol *p, int member)
{
	return member != NOBODY && (p->seat[member].peer_answer == ANSWER_VALUE || ballot_is_vote(p, member));
}

/* The member whose instance leads by this Lease, if it is alive and reachable; the own one is no obstacle to itself. */
static int leads_by(const struct protocol *p, int seat, int64_t now_ms)
{
	const struct claim *claim = &p->seat[seat].claim;
	int leader = claim->is_acquired ? ballot_member_of(p, claim->holder) : NOBODY;

	if (leader == p->self.member || !ballot_is_vote(p, seat) || !ballot_is_alive(p, seat, now_ms))
		return NOBODY;
	return is_reachable(p, leader) ? leader : NOBODY;
}

int promotion_obstacle(const struct protocol *p, enum mode mode, int64_t now_ms)
{
	uint64_t circle = ballot_circle(p);

	for (int i = 0; i < ROSTER_MAX; i++) {
		int leader = circle & member_bit(i) ? leads_by(p, i, now_ms) : NOBODY;

		if (leader != NOBODY)
			return leader;
	}
	for (int i = 0; i < ROSTER_MAX; i++)
		if (i != p->self.member && (circle & member_bit(i)) && p->seat[i].peer_answer == ANSWER_VALUE &&
		    is_rival(p, i, mode))
			return i;
	return NOBODY;
}

int promotion_reference_leader(const struct protocol *p)
{
	uint64_t circle = ballot_circle(p);

	for (int i = 0; i < ROSTER_MAX; i++) {
		const struct seat *seat = &p->seat[i];

		if (i != p->self.member && (circle & member_bit(i)) && seat->peer_answer == ANSWER_VALUE &&
		    seat->peer.is_leader && !seat->peer.is_marked)
			return i;
	}
	return NOBODY;
}

int promotion_successor(const struct protocol *p)
{
	int successor = NOBODY;

	for (int i = 0; i < ROSTER_MAX; i++) {
		const struct peer *peer = &p->seat[i].peer;

		if (i == p->self.member || !(p->tenure.target.members & member_bit(i)) ||
		    p->seat[i].peer_answer != ANSWER_VALUE)
			continue;
		if (!peer->is_leader || !peer->kept.is_leader || peer->kept.is_ended || peer->kept.has_led ||
		    peer->kept.promotion <= MAX(p->tenure.promotion, p->yielded_to) || !peer->fitness.has_avi ||
		    !peer->fitness.has_credentials)
			continue;
		if (successor == NOBODY || peer->kept.promotion > p->seat[successor].peer.kept.promotion ||
		    (peer->kept.promotion == p->seat[successor].peer.kept.promotion &&
		     strcmp(p->roster.context[i], p->roster.context[successor]) > 0))
			successor = i;
	}
	return successor;
}
