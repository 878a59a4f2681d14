#include "keeper/ask.h"

#include "keeper/ballot.h"
#include "keeper/candidate.h"
#include "keeper/lead.h"

struct action *ask_add(struct actions *out, enum action_kind kind)
{
	struct action *action = &out->v[out->n++];

	assert(out->n <= ACTIONS_MAX);
	memset(action, 0, sizeof(*action));
	action->kind = kind;
	action->member = NOBODY;
	return action;
}

static void read_lease(struct protocol *p, int member, int64_t now_ms, struct actions *out)
{
	struct seat *seat = &p->seat[member];

	seat->request = REQUEST_READ;
	seat->asked_ms = now_ms;
	ask_add(out, ACTION_READ_LEASE)->member = member;
}

static void put_lease(struct protocol *p, int member, const struct claim *claim, int64_t now_ms, struct actions *out)
{
	struct action *action = ask_add(out, ACTION_PUT_LEASE);
	struct seat *seat = &p->seat[member];

	seat->request = REQUEST_PUT;
	seat->asked_ms = now_ms;
	action->member = member;
	action->claim = *claim;
	action->version = seat->version;
}

/* Reads of everything, each on its own time; at once where a look waits for it. */
static void look(struct protocol *p, int member, int64_t now_ms, struct actions *out)
{
	struct seat *seat = &p->seat[member];

	if (seat->request || (now_ms < seat->next_ms && !seat->must_read && seat->looked_ms >= p->look_ms))
		return;
	seat->next_ms = now_ms + p->timing.retry_ms;
	read_lease(p, member, now_ms, out);
}

static void look_at_peer(struct protocol *p, int member, int64_t now_ms, struct actions *out)
{
	struct seat *seat = &p->seat[member];

	if (member == p->self.member || seat->is_peer_asked ||
	    (now_ms < seat->peer_next_ms && seat->peer_looked_ms >= p->look_ms))
		return;
	seat->is_peer_asked = true;
	seat->peer_asked_ms = now_ms;
	seat->peer_next_ms = now_ms + p->timing.retry_ms;
	ask_add(out, ACTION_READ_PEER)->member = member;
}

static void look_at_record(struct protocol *p, int64_t now_ms, struct actions *out)
{
	struct record_seat *record = &p->record;

	if (!*p->federation || record->request ||
	    (now_ms < record->next_ms && !record->must_read && record->looked_ms >= p->look_ms))
		return;
	record->request = REQUEST_READ;
	record->asked_ms = now_ms;
	record->next_ms = now_ms + p->timing.retry_ms;
	ask_add(out, ACTION_READ_RECORD);
}

static void put_record(struct protocol *p, int64_t now_ms, struct actions *out)
{
	struct action *action;

	if (p->record.request)
		return;
	action = ask_add(out, ACTION_PUT_RECORD);
	action->claim = lead_record(p);
	action->version = p->record.version;
	p->record.request = REQUEST_PUT;
	p->record.asked_ms = p->record.put_ms = now_ms;
	p->record.was_absent = !*p->record.version.uid;
}

/* 3. One after the other, in the order of their contexts, so that of two candidates one meets the other at the first. */
static void take(struct protocol *p, int64_t now_ms, struct actions *out)
{
	struct claim claim;
	int next;

	for (int i = 0; i < ROSTER_MAX; i++) {
		if (!(p->tenure.touched & member_bit(i)))
			continue;
		if (p->seat[i].must_read && !p->seat[i].request && !(p->tenure.tried & member_bit(i)))
			read_lease(p, i, now_ms, out);
		if (p->seat[i].request)
			return;
	}
	next = candidate_next(p, now_ms);
	if (next == NOBODY || p->seat[next].request)
		return;
	claim = candidate_claim(p, next);
	p->tenure.touched |= member_bit(next);
	put_lease(p, next, &claim, now_ms, out);
}

static void claim_record(struct protocol *p, int64_t now_ms, struct actions *out)
{
	if (lead_must_put_record(p, now_ms))
		put_record(p, now_ms, out);
	else
		look_at_record(p, now_ms, out);
}

/* Renews what is ours, takes what has become free, looks at the rest. */
static void renew(struct protocol *p, int member, int64_t now_ms, struct actions *out)
{
	struct seat *seat = &p->seat[member];
	struct claim claim = lead_claim(p);
	bool is_needed = false, is_free = candidate_may_take(p, member, now_ms);
	bool is_changed = ballot_is_ours(p, member) && seat->shown_serial != p->tenure.target.serial;

	for (int i = 0; i < p->tenure.n_needed; i++)
		is_needed |= (p->tenure.needed[i].members & member_bit(member)) != 0;
	if (seat->request)
		return;
	if (seat->must_read) {
		read_lease(p, member, now_ms, out);
		return;
	}
	if (now_ms < seat->next_ms && !(is_needed && is_free && is_changed))
		return;
	seat->next_ms = now_ms + p->timing.retry_ms;
	if (is_needed && is_free)
		put_lease(p, member, &claim, now_ms, out);
	else
		read_lease(p, member, now_ms, out);
}

/* What an emptied Lease shows besides. Of an epoch that has ended before nothing is known any more but what stands there. */
static struct claim last_claim(const struct protocol *p, int member)
{
	if (p->stage == STAGE_YIELDING)
		return candidate_claim(p, member);
	return p->tenure.epoch ? lead_claim(p) : p->seat[member].claim;
}

/* Empties what is ours: an epoch's Leases as released, an attempt's as never led. */
static void empty(struct protocol *p, int member, int64_t now_ms, struct actions *out)
{
	struct seat *seat = &p->seat[member];
	struct claim claim = last_claim(p, member);

	if (seat->request)
		return;
	if (!seat->must_read && !ballot_is_ours(p, member))
		return;
	if (seat->must_read) {
		read_lease(p, member, now_ms, out);
		return;
	}
	claim.holder[0] = '\0';
	claim.is_released = p->stage == STAGE_RELEASING && claim.is_acquired;
	claim.handover = p->stage == STAGE_RELEASING && p->tenure.epoch ? p->handover : NOBODY;
	put_lease(p, member, &claim, now_ms, out);
}

static bool is_emptied(const struct protocol *p, int member)
{
	const struct seat *seat = &p->seat[member];

	if (p->stage == STAGE_YIELDING && !(p->tenure.touched & member_bit(member)))
		return true;
	return !seat->request && !seat->must_read && !ballot_is_ours(p, member);
}

bool ask_is_empty(const struct protocol *p)
{
	uint64_t circle = ballot_circle(p);

	for (int i = 0; i < ROSTER_MAX; i++)
		if ((circle & member_bit(i)) && !is_emptied(p, i))
			return false;
	return true;
}

static void ask_about(struct protocol *p, int member, int64_t now_ms, struct actions *out)
{
	switch (p->stage) {
	case STAGE_FOLLOWING:
	case STAGE_LOOKING:
		look(p, member, now_ms, out);
		break;
	case STAGE_WAITING:
	case STAGE_LEADING:
		renew(p, member, now_ms, out);
		break;
	case STAGE_ENDING:
		if (p->is_leave && p->tenure.epoch && now_ms < ballot_t0(p) + p->timing.renew_ms)
			renew(p, member, now_ms, out);
		break;
	case STAGE_YIELDING:
	case STAGE_RELEASING:
		if (!is_emptied(p, member))
			empty(p, member, now_ms, out);
		break;
	default:
		break;
	}
	if (p->stage != STAGE_GONE)
		look_at_peer(p, member, now_ms, out);
}

void ask(struct protocol *p, int64_t now_ms, struct actions *out)
{
	uint64_t circle = ballot_circle(p);

	for (int i = roster_next(&p->roster, circle, NOBODY); i != NOBODY; i = roster_next(&p->roster, circle, i))
		ask_about(p, i, now_ms, out);
	if (p->stage == STAGE_TAKING)
		take(p, now_ms, out);
	if (p->stage == STAGE_CLAIMING || p->stage == STAGE_WAITING || p->stage == STAGE_LEADING)
		claim_record(p, now_ms, out);
	else if (p->stage == STAGE_FOLLOWING || p->stage == STAGE_LOOKING)
		look_at_record(p, now_ms, out);
}
