#include "keeper/protocol.h"

#include "keeper/ask.h"
#include "keeper/ballot.h"
#include "keeper/candidate.h"
#include "keeper/lead.h"
#include "keeper/mind.h"
#include "keeper/promotion.h"

#define ILL_AWAY_LEASES 30           /* how long an ill leader that handed over stays away */
#define HEALTHY_LEASES 5             /* a worker that ran so long has earned a fresh start */

/* What happened, as far as the stage cares. */
enum input {
	INPUT_NONE,
	INPUT_STAND,     /* may stand */
	INPUT_NO,        /* may not stand any more */
	INPUT_FREE,      /* a quorum is free, and the delay over */
	INPUT_QUORUM,    /* the attempt has a quorum */
	INPUT_CLAIMED,   /* the record is ours, or need not be yet */
	INPUT_FAILED,    /* the attempt failed */
	INPUT_FIRST,     /* the first write is allowed */
	INPUT_OVER,      /* the epoch is over */
	INPUT_LEAVE,     /* the epoch is to be released; SIGTERM */
	INPUT_REAPED,    /* the worker is gone and quiet */
	INPUT_DONE,      /* nothing is left to empty */
	N_INPUTS,
};

void protocol_init(struct protocol *p, const struct timing *timing, const char *context, const char *pod,
		   const char *pod_uid, const char *random, int64_t now_ms)
{
	memset(p, 0, sizeof(*p));
	p->timing = *timing;
	p->self.member = roster_add(&p->roster, slice_of(context));
	if (p->self.member == NOBODY || !holder_make(p->self.holder, context, pod, pod_uid, random))
		abort();
	p->stage = STAGE_FOLLOWING;
	p->reason_member = p->handover = NOBODY;
	p->tenure.old_member = NOBODY;
	p->look_ms = now_ms;
}

/* ---- what is observed ---- */

void protocol_saw_own(struct protocol *p, enum own_state state, const struct own *own)
{
	p->own_state = state;
	if (state != OWN_FOUND)
		return;
	p->own = *own;
	promotion_read_own(p);
}

void protocol_saw_kept(struct protocol *p, bool is_done)
{
	p->is_keeping = false;
	p->must_keep_again = !is_done;
}

void protocol_saw_federation(struct protocol *p, const char *uuid)
{
	if (streq(p->federation, uuid))
		return;
	snprintf(p->federation, sizeof(p->federation), "%s", uuid);
	/* Another federation has another record. */
	memset(&p->record, 0, sizeof(p->record));
	p->tenure.is_claimed = false;
	p->tenure.wait_from_ms = 0;
}

static void note_illness(int64_t *since_ms, bool is_ill, int64_t now_ms)
{
	if (!is_ill)
		*since_ms = 0;
	else if (!*since_ms)
		*since_ms = now_ms;
}

void protocol_saw_fitness(struct protocol *p, const struct fitness *fitness, int64_t now_ms)
{
	p->fitness = *fitness;
	note_illness(&p->unfit_ms[1], !fitness->has_avi, now_ms);
	note_illness(&p->unfit_ms[2], !fitness->has_api, now_ms);
}

static void changed(struct protocol *p, struct seat *seat, int64_t now_ms)
{
	seat->changed_ms = now_ms;
	p->tenure.free_members &= ~member_bit((int)(seat - p->seat));
}

/* Somebody else wrote it since the tenure was planned: what it proved of the last holder then it proves no more. */
static void moved(struct protocol *p, const struct seat *seat)
{
	p->tenure.still_members &= ~member_bit((int)(seat - p->seat));
	p->tenure.released_members &= ~member_bit((int)(seat - p->seat));
}

static void saw_lease_value(struct protocol *p, struct seat *seat, const struct claim *claim,
			    const struct version *version, int64_t now_ms)
{
	bool is_new = !version_same(&seat->version, version) || claim_compare(&seat->claim, claim) != 0;

	seat->lease = ANSWER_VALUE;
	seat->claim = *claim;
	seat->version = *version;
	seat->must_read = false;
	if (is_new)
		changed(p, seat, now_ms);
	if (!streq(claim->holder, p->self.holder) || claim->epoch != p->tenure.epoch) {
		seat->held_ms = 0;
		seat->shown_serial = 0;
		if (is_new)
			moved(p, seat);
	}
}

static void saw_lease_put(struct protocol *p, int member, struct seat *seat, enum answer answer)
{
	if (answer == ANSWER_VALUE && streq(seat->claim.holder, p->self.holder) &&
	    seat->claim.epoch == p->tenure.epoch) {
		seat->held_ms = seat->asked_ms;
		seat->shown_serial = seat->claim.is_acquired ? seat->claim.view.serial : 0;
	}
	if (answer != ANSWER_VALUE)
		seat->must_read = true;
	if (answer == ANSWER_VALUE || answer == ANSWER_SILENT)
		p->tenure.tried |= member_bit(member);
}

void protocol_saw_lease(struct protocol *p, int member, enum answer answer, enum silence silence,
			const struct claim *claim, const struct version *version, int64_t now_ms)
{
	struct seat *seat = &p->seat[member];
	enum request request = seat->request;

	seat->request = REQUEST_NONE;
	seat->looked_ms = seat->asked_ms;
	seat->silence = answer == ANSWER_SILENT ? silence : SILENCE_NONE;
	if (answer == ANSWER_VALUE) {
		saw_lease_value(p, seat, claim, version, now_ms);
	} else if (answer == ANSWER_ABSENT && request == REQUEST_READ) {
		if (seat->lease != ANSWER_ABSENT)
			changed(p, seat, now_ms);
		seat->lease = ANSWER_ABSENT;
		seat->must_read = false;
		memset(&seat->claim, 0, sizeof(seat->claim));
		memset(&seat->version, 0, sizeof(seat->version));
		seat->claim.handover = NOBODY;
	} else if (answer == ANSWER_GARBAGE) {
		seat->lease = ANSWER_GARBAGE;
		seat->must_read = false;
		memset(&seat->version, 0, sizeof(seat->version));
	} else if (answer == ANSWER_SILENT) {
		seat->lease = ANSWER_SILENT;
		seat->must_read = false;
	}
	if (request == REQUEST_PUT)
		saw_lease_put(p, member, seat, answer);
}

void protocol_saw_peer(struct protocol *p, int member, enum answer answer, const struct peer *peer)
{
	struct seat *seat = &p->seat[member];

	seat->is_peer_asked = false;
	seat->peer_looked_ms = seat->peer_asked_ms;
	seat->peer_answer = answer;
	if (answer == ANSWER_VALUE)
		seat->peer = *peer;
	else if (answer == ANSWER_ABSENT)
		memset(&seat->peer, 0, sizeof(seat->peer));
}

static void saw_record_value(struct protocol *p, const struct claim *claim, const struct version *version,
			     int64_t now_ms)
{
	struct record_seat *record = &p->record;

	if (!version_same(&record->version, version) || claim_compare(&record->claim, claim) != 0) {
		record->changed_ms = now_ms;
		p->tenure.is_record_still &= streq(claim->holder, p->self.holder);
	}
	record->answer = ANSWER_VALUE;
	record->claim = *claim;
	record->version = *version;
}

/* What a read shows is so; what a PUT did is known by a read, or, for one that is ours already, by its answer. */
static void prove_record(struct protocol *p, enum request request, enum answer answer)
{
	struct record_seat *record = &p->record;

	if (request == REQUEST_PUT) {
		record->must_read = answer != ANSWER_VALUE || !p->tenure.is_claimed;
		if (!record->must_read && lead_has_record(p))
			record->held_ms = record->put_ms;
		return;
	}
	if (answer == ANSWER_SILENT)
		return;
	if (answer != ANSWER_VALUE || !lead_has_record(p))
		record->held_ms = 0;
	else if (record->must_read)
		record->held_ms = record->put_ms;
	record->must_read = false;
}

void protocol_saw_record(struct protocol *p, enum answer answer, const struct claim *claim,
			 const struct version *version, int64_t now_ms)
{
	struct record_seat *record = &p->record;
	enum request request = record->request;

	record->request = REQUEST_NONE;
	record->looked_ms = record->asked_ms;
	if (answer == ANSWER_VALUE) {
		saw_record_value(p, claim, version, now_ms);
	} else if (answer == ANSWER_ABSENT && request == REQUEST_READ) {
		if (record->answer != ANSWER_ABSENT)
			record->changed_ms = now_ms;
		record->answer = ANSWER_ABSENT;
		memset(&record->claim, 0, sizeof(record->claim));
		memset(&record->version, 0, sizeof(record->version));
		record->claim.handover = NOBODY;
	} else if (answer == ANSWER_SILENT || answer == ANSWER_REFUSED || answer == ANSWER_GARBAGE) {
		record->answer = answer;
	}
	prove_record(p, request, answer);
}

void protocol_saw_worker(struct protocol *p, bool is_healthy, bool wants_write, int64_t now_ms)
{
	p->worker.is_healthy = is_healthy;
	p->worker.wants_write |= wants_write;
	note_illness(&p->unfit_ms[0], p->worker.kind == WORKER_LEADER && !is_healthy, now_ms);
}

void protocol_saw_worker_end(struct protocol *p, bool was_cut_off, int64_t now_ms)
{
	struct worker_state *worker = &p->worker;
	const struct timing *timing = &p->timing;

	if (was_cut_off && worker->kind == WORKER_LEADER)
		worker->quiet_from_ms = now_ms + timing->margin_ms;
	if (worker->is_ending || now_ms - worker->started_ms >= HEALTHY_LEASES * timing->lease_ms)
		worker->backoff_ms = 0;
	/* By default from one second, doubling, to a minute. */
	if (!worker->is_ending)
		worker->backoff_ms = MIN(MAX(2 * worker->backoff_ms, timing->fresh_ms), timing->lease_ms);
	worker->due_ms = now_ms + worker->backoff_ms;
	p->unfit_ms[0] = 0;
	worker->kind = WORKER_NONE;
	worker->is_ending = worker->is_ended = worker->is_killed = false;
}

void protocol_saw_termination(struct protocol *p)
{
	p->is_terminated = true;
}

/* ---- the stages: which input there is ---- */

static enum input judge_following(struct protocol *p, int64_t now_ms, int permille)
{
	(void)now_ms;
	(void)permille;
	p->reason = candidate_may_stand(p);
	p->reason_member = NOBODY;
	if (p->is_terminated)
		return INPUT_LEAVE;
	return p->reason ? INPUT_NONE : INPUT_STAND;
}

static enum input judge_looking(struct protocol *p, int64_t now_ms, int permille)
{
	struct tenure plan;

	if (p->is_terminated)
		return INPUT_LEAVE;
	if (candidate_may_stand(p))
		return INPUT_NO;
	if (!ballot_look_is_complete(p))
		return INPUT_NONE;
	p->reason = candidate_plan(p, now_ms, &plan, &p->reason_member);
	if (p->is_promotion_due && p->reason != REASON_SPARE) {
		promotion_number(p);
		p->reason = REASON_NOT_KEPT;
	}
	if (!p->reason && plan.is_promoted && !promotion_is_kept(p))
		p->reason = REASON_NOT_KEPT;
	if (p->reason) {
		p->stand_ms = 0;
		return INPUT_NONE;
	}
	if (!p->stand_ms)
		p->stand_ms = MAX(now_ms + candidate_delay_ms(p, &plan, permille), p->retry_ms);
	if (now_ms < p->stand_ms)
		return INPUT_NONE;
	candidate_begin(p, &plan);
	return INPUT_FREE;
}

static enum input judge_taking(struct protocol *p, int64_t now_ms, int permille)
{
	enum reason failure = candidate_failure(p, now_ms);
	bool is_asking = false;

	(void)permille;
	for (int i = 0; i < ROSTER_MAX; i++)
		is_asking |= (p->tenure.touched & ~p->tenure.tried & member_bit(i)) &&
			(p->seat[i].request || p->seat[i].must_read);
	if (!failure && !is_asking && candidate_has_quorum(p, now_ms))
		return INPUT_QUORUM;
	if (!failure && !is_asking && candidate_next(p, now_ms) == NOBODY)
		failure = REASON_NO_QUORUM;
	p->reason = failure;
	return failure ? INPUT_FAILED : INPUT_NONE;
}

/* A record that is silent ends an attempt only where no human decided: he may know that the controller is away. */
static enum reason claim_failure(const struct protocol *p, int64_t now_ms)
{
	const struct record_seat *record = &p->record;
	struct claim own = lead_record(p);

	if (candidate_failure(p, now_ms))
		return candidate_failure(p, now_ms);
	if (!candidate_has_quorum(p, now_ms))
		return REASON_CONFLICT;
	if (record->answer == ANSWER_VALUE && claim_compare(&record->claim, &own) > 0)
		return REASON_RECORD_GREATER;
	if (p->tenure.must_claim && record->answer == ANSWER_REFUSED)
		return REASON_RECORD_REFUSED;
	if (p->tenure.must_claim && !p->tenure.is_promoted &&
	    (record->answer == ANSWER_SILENT || record->answer == ANSWER_GARBAGE))
		return REASON_RECORD_SILENT;
	return REASON_NONE;
}

static bool is_claim_due(const struct protocol *p)
{
	const struct record_seat *record = &p->record;

	if (!p->tenure.must_claim)
		return false;
	if (!record->request && (record->answer == ANSWER_SILENT || record->answer == ANSWER_GARBAGE))
		return false;
	return record->must_read || !lead_has_record(p);
}

static enum input judge_claiming(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	p->reason = claim_failure(p, now_ms);
	if (p->reason)
		return INPUT_FAILED;
	return is_claim_due(p) ? INPUT_NONE : INPUT_CLAIMED;
}

static enum input judge_yielding(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	return p->tenure.is_forced || ask_is_empty(p) || now_ms >= p->deadline_ms ? INPUT_DONE : INPUT_NONE;
}

static enum input judge_leading(struct protocol *p, int64_t now_ms, int permille)
{
	enum reason reason;
	int heir;

	(void)permille;
	lead_tend(p, now_ms);
	reason = lead_over(p, now_ms);
	if (reason) {
		p->reason = reason;
		return INPUT_OVER;
	}
	reason = lead_leave(p, now_ms, &heir);
	if (reason) {
		p->reason = reason;
		p->handover = heir;
		if (reason == REASON_PROMOTED_OTHER)
			p->yielded_to = p->seat[heir].peer.kept.promotion;
		return INPUT_LEAVE;
	}
	if (p->stage == STAGE_WAITING && lead_may_write(p, now_ms))
		return INPUT_FIRST;
	return INPUT_NONE;
}

static enum input judge_ending(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	if (p->worker.kind != WORKER_NONE)
		return INPUT_NONE;
	if (!p->is_leave)
		return INPUT_DONE;
	return now_ms >= p->worker.quiet_from_ms ? INPUT_REAPED : INPUT_NONE;
}

static enum input judge_releasing(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	if (!ask_is_empty(p) && now_ms < p->deadline_ms)
		return INPUT_NONE;
	return p->is_terminated ? INPUT_NO : INPUT_DONE;
}

static enum input judge_gone(struct protocol *p, int64_t now_ms, int permille)
{
	(void)p;
	(void)now_ms;
	(void)permille;
	return INPUT_NONE;
}

static enum input (*const judge[N_STAGES])(struct protocol *p, int64_t now_ms, int permille) = {
	[STAGE_FOLLOWING] = judge_following, [STAGE_LOOKING] = judge_looking, [STAGE_TAKING] = judge_taking,
	[STAGE_CLAIMING] = judge_claiming, [STAGE_YIELDING] = judge_yielding, [STAGE_WAITING] = judge_leading,
	[STAGE_LEADING] = judge_leading, [STAGE_ENDING] = judge_ending, [STAGE_RELEASING] = judge_releasing,
	[STAGE_GONE] = judge_gone,
};

/* ---- the stages: what an input does ---- */

static void forget_tenure(struct protocol *p)
{
	p->ended = p->reason;
	memset(&p->tenure, 0, sizeof(p->tenure));
	p->tenure.old_member = NOBODY;
}

/* What has just ended is not tried again at once. */
static void enter_following(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	forget_tenure(p);
	p->retry_ms = now_ms + p->timing.retry_ms;
}

static void enter_looking(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	p->look_ms = now_ms;
	p->stand_ms = 0;
}

static void enter_again(struct protocol *p, int64_t now_ms, int permille)
{
	forget_tenure(p);
	enter_looking(p, now_ms, permille);
	p->retry_ms = now_ms + p->timing.retry_ms + p->timing.retry_ms * permille / 1000;
}

static void enter_yielding(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	p->deadline_ms = now_ms + 2 * p->timing.request_ms;
}

static void enter_waiting(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	p->reason = REASON_NONE;
	p->reason_member = NOBODY;
	lead_begin(p, now_ms);
}

/* The worker has until its Leases end; when it is released, as long as one write may take. */
static void end_worker(struct protocol *p, int64_t now_ms, bool is_leave)
{
	int64_t ends_by_ms = mind_term(p, now_ms).ends_by_ms;

	p->is_leave = is_leave;
	mind_end(p, is_leave ? MIN(ends_by_ms, now_ms + p->timing.write_ms) : ends_by_ms);
}

static void enter_over(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	end_worker(p, now_ms, false);
}

static void enter_leave(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	end_worker(p, now_ms, true);
}

static void enter_releasing(struct protocol *p, int64_t now_ms, int permille)
{
	(void)permille;
	p->deadline_ms = now_ms + p->timing.renew_ms / 2;
	if (p->reason == REASON_UNHEALTHY)
		p->not_before_ms = now_ms + ILL_AWAY_LEASES * p->timing.lease_ms;
	else if (p->handover != NOBODY)
		p->not_before_ms = now_ms + p->timing.lease_ms;
}

static void enter_nothing(struct protocol *p, int64_t now_ms, int permille)
{
	(void)p;
	(void)now_ms;
	(void)permille;
}

struct rule {
	enum stage next;
	void (*enter)(struct protocol *p, int64_t now_ms, int permille);
};

/* The drawing in protocol.h. What is not here cannot be: no judge of that stage says it. */
static const struct rule rules[N_STAGES][N_INPUTS] = {
	[STAGE_FOLLOWING] = {
		[INPUT_STAND]   = { STAGE_LOOKING,   enter_looking },
		[INPUT_LEAVE]   = { STAGE_ENDING,    enter_leave },
	},
	[STAGE_LOOKING] = {
		[INPUT_NO]      = { STAGE_FOLLOWING, enter_nothing },
		[INPUT_FREE]    = { STAGE_TAKING,    enter_nothing },
		[INPUT_LEAVE]   = { STAGE_ENDING,    enter_leave },
	},
	[STAGE_TAKING] = {
		[INPUT_QUORUM]  = { STAGE_CLAIMING,  enter_nothing },
		[INPUT_FAILED]  = { STAGE_YIELDING,  enter_yielding },
	},
	[STAGE_CLAIMING] = {
		[INPUT_CLAIMED] = { STAGE_WAITING,   enter_waiting },
		[INPUT_FAILED]  = { STAGE_YIELDING,  enter_yielding },
	},
	[STAGE_YIELDING] = {
		[INPUT_DONE]    = { STAGE_LOOKING,   enter_again },
	},
	[STAGE_WAITING] = {
		[INPUT_FIRST]   = { STAGE_LEADING,   enter_nothing },
		[INPUT_OVER]    = { STAGE_ENDING,    enter_over },
		[INPUT_LEAVE]   = { STAGE_ENDING,    enter_leave },
	},
	[STAGE_LEADING] = {
		[INPUT_OVER]    = { STAGE_ENDING,    enter_over },
		[INPUT_LEAVE]   = { STAGE_ENDING,    enter_leave },
	},
	[STAGE_ENDING] = {
		[INPUT_DONE]    = { STAGE_FOLLOWING, enter_following },
		[INPUT_REAPED]  = { STAGE_RELEASING, enter_releasing },
	},
	[STAGE_RELEASING] = {
		[INPUT_DONE]    = { STAGE_FOLLOWING, enter_following },
		[INPUT_NO]      = { STAGE_GONE,      enter_following },
	},
};

static void run_stages(struct protocol *p, int64_t now_ms, int permille)
{
	enum input input;

	/* Each turn but the last changes the stage; no way through the drawing is longer than this. */
	for (int i = 0; i < 2 * N_STAGES; i++) {
		input = judge[p->stage](p, now_ms, permille);
		if (input == INPUT_NONE)
			return;
		const struct rule *rule = &rules[p->stage][input];

		assert(rule->next != STAGE_UNSET);
		p->stage = rule->next;
		rule->enter(p, now_ms, permille);
	}
}

/* Frees the numbers of contexts that nothing names any more. */
static void sweep_roster(struct protocol *p)
{
	uint64_t named = ballot_circle(p);

	for (int i = 0; i < ROSTER_MAX; i++)
		if ((named & member_bit(i)) && *p->seat[i].version.uid)
			named |= member_bit(p->seat[i].claim.handover);
	named |= member_bit(p->handover);
	for (int i = 0; i < ROSTER_MAX; i++) {
		if ((named & member_bit(i)) || p->seat[i].request || p->seat[i].is_peer_asked)
			continue;
		memset(&p->seat[i], 0, sizeof(p->seat[i]));
		memset(p->roster.context[i], 0, CONTEXT_MAX);
	}
}

/* The others judge by it to whom they hand over. */
static bool fitness_same(const struct fitness *a, const struct fitness *b)
{
	return a->has_avi == b->has_avi && a->has_api == b->has_api && a->has_credentials == b->has_credentials &&
	       a->is_current == b->is_current && a->has_federation == b->has_federation;
}

static void keep(struct protocol *p, int64_t now_ms, struct actions *out)
{
	enum role role = protocol_role(p);
	bool is_same = p->role_sent == role && kept_same(&p->kept, &p->kept_sent);
	struct action *action;

	if (p->own_state != OWN_FOUND || p->is_keeping || p->reason == REASON_SPARE)
		return;
	if (!p->must_keep_again && is_same && fitness_same(&p->fitness, &p->fitness_sent))
		return;
	/* What was not done, and what may come and go, not at once. */
	if ((p->must_keep_again || is_same) && now_ms < p->keep_ms)
		return;
	action = ask_add(out, ACTION_KEEP);
	action->role = p->role_sent = role;
	action->kept = p->kept_sent = p->kept;
	action->fitness = p->fitness_sent = p->fitness;
	p->is_keeping = true;
	p->keep_ms = now_ms + p->timing.retry_ms;
}

static void sooner(int64_t *wake_ms, int64_t at_ms, int64_t now_ms)
{
	if (at_ms > now_ms && at_ms < *wake_ms)
		*wake_ms = at_ms;
}

static int64_t wake(const struct protocol *p, int64_t now_ms)
{
	int64_t wake_ms = now_ms + p->timing.retry_ms, t0 = ballot_t0(p);
	uint64_t circle = ballot_circle(p);

	for (int i = 0; i < ROSTER_MAX; i++) {
		if (!(circle & member_bit(i)))
			continue;
		sooner(&wake_ms, p->seat[i].next_ms, now_ms);
		sooner(&wake_ms, p->seat[i].peer_next_ms, now_ms);
		sooner(&wake_ms, p->seat[i].changed_ms + p->timing.lease_ms, now_ms);
	}
	sooner(&wake_ms, p->record.next_ms, now_ms);
	sooner(&wake_ms, p->record.changed_ms + p->timing.lease_ms, now_ms);
	sooner(&wake_ms, p->record.put_ms + p->timing.request_ms, now_ms);
	sooner(&wake_ms, p->stand_ms, now_ms);
	sooner(&wake_ms, t0 + p->timing.renew_ms, now_ms);
	sooner(&wake_ms, lead_first_write_ms(p), now_ms);
	sooner(&wake_ms, p->worker.kill_ms, now_ms);
	sooner(&wake_ms, p->worker.due_ms, now_ms);
	sooner(&wake_ms, p->worker.quiet_from_ms, now_ms);
	sooner(&wake_ms, p->deadline_ms, now_ms);
	sooner(&wake_ms, p->keep_ms, now_ms);
	return wake_ms;
}

void protocol_decide(struct protocol *p, int64_t now_ms, int permille, struct actions *out)
{
	bool was_gone = p->stage == STAGE_GONE;

	out->n = 0;
	if (p->look_ms == INT64_MAX)
		p->look_ms = now_ms;
	promotion_note(p);
	run_stages(p, now_ms, permille);
	sweep_roster(p);
	ask(p, now_ms, out);
	mind(p, now_ms, out);
	keep(p, now_ms, out);
	if (p->stage == STAGE_GONE && !was_gone)
		ask_add(out, ACTION_EXIT);
	out->wake_ms = wake(p, now_ms);
}

enum role protocol_role(const struct protocol *p)
{
	switch (p->stage) {
	case STAGE_TAKING:
	case STAGE_CLAIMING:
	case STAGE_YIELDING:
		return ROLE_CANDIDATE;
	case STAGE_WAITING:
	case STAGE_LEADING:
		return ROLE_LEADER;
	case STAGE_ENDING:
	case STAGE_RELEASING:
		return p->tenure.epoch ? ROLE_STANDING_DOWN : ROLE_FOLLOWER;
	default:
		return promotion_is_active(p) && p->stage == STAGE_LOOKING ? ROLE_CANDIDATE : ROLE_FOLLOWER;
	}
}

int protocol_leader(const struct protocol *p, int64_t now_ms)
{
	const struct claim *leader = NULL;

	for (int i = 0; i < ROSTER_MAX; i++) {
		const struct seat *seat = &p->seat[i];

		if (ballot_is_vote(p, i) && ballot_is_alive(p, i, now_ms) && seat->claim.is_acquired &&
		    (!leader || claim_compare(&seat->claim, leader) > 0))
			leader = &seat->claim;
	}
	return leader ? ballot_member_of(p, leader->holder) : NOBODY;
}
