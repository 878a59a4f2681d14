#include "keeper/mind.h"

#include "keeper/ask.h"
#include "keeper/ballot.h"
#include "keeper/lead.h"

static bool leads(const struct protocol *p)
{
	return p->stage == STAGE_WAITING || p->stage == STAGE_LEADING;
}

/* A second keeper of the leader's own cluster runs no worker. */
static enum worker wanted(const struct protocol *p)
{
	if (leads(p))
		return WORKER_LEADER;
	if (p->stage == STAGE_ENDING || p->stage == STAGE_RELEASING || p->stage == STAGE_GONE)
		return WORKER_NONE;
	return p->reason == REASON_SPARE ? WORKER_NONE : WORKER_FOLLOWER;
}

struct term mind_term(const struct protocol *p, int64_t now_ms)
{
	int64_t t0 = ballot_t0(p);
	struct term term = { .epoch = p->tenure.epoch, .is_fenced = !p->tenure.is_fenceless };

	term.ends_by_ms = t0 ? t0 + p->timing.lease_ms - p->timing.margin_ms : p->worker.fed.ends_by_ms;
	if (t0 && leads(p) && lead_may_write(p, now_ms))
		term.starts_before_ms = t0 + p->timing.renew_ms;
	return term;
}

void mind_end(struct protocol *p, int64_t kill_ms)
{
	if (p->worker.kind == WORKER_NONE || p->worker.is_ending)
		return;
	p->worker.is_ending = true;
	p->worker.kill_ms = kill_ms;
}

static bool term_same(const struct term *a, const struct term *b)
{
	return a->epoch == b->epoch && a->starts_before_ms == b->starts_before_ms && a->ends_by_ms == b->ends_by_ms &&
		a->is_fenced == b->is_fenced;
}

static void feed(struct protocol *p, int64_t now_ms, struct actions *out)
{
	struct term term = mind_term(p, now_ms);

	if (p->worker.kind != WORKER_LEADER || term_same(&term, &p->worker.fed))
		return;
	p->worker.fed = term;
	ask_add(out, ACTION_FEED)->term = term;
}

static void start(struct protocol *p, enum worker kind, int64_t now_ms, struct actions *out)
{
	struct action *action = ask_add(out, ACTION_START_WORKER);

	action->worker = kind;
	action->term.epoch = p->tenure.epoch;
	p->worker.kind = kind;
	p->worker.started_ms = now_ms;
	p->worker.is_ending = p->worker.is_ended = p->worker.is_killed = false;
	p->worker.is_healthy = true;
	memset(&p->worker.fed, 0, sizeof(p->worker.fed));
}

void mind(struct protocol *p, int64_t now_ms, struct actions *out)
{
	struct worker_state *worker = &p->worker;
	enum worker kind = wanted(p);

	if (worker->kind == WORKER_FOLLOWER && kind != WORKER_FOLLOWER)
		mind_end(p, now_ms + p->timing.request_ms);
	if (worker->kind == WORKER_NONE && kind != WORKER_NONE && now_ms >= worker->due_ms)
		start(p, kind, now_ms, out);
	feed(p, now_ms, out);
	if (worker->is_ending && !worker->is_ended) {
		worker->is_ended = true;
		ask_add(out, ACTION_END_WORKER);
	}
	if (worker->is_ending && !worker->is_killed && now_ms >= worker->kill_ms) {
		worker->is_killed = true;
		ask_add(out, ACTION_KILL_WORKER);
	}
}
