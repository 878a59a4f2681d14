/* Under a keeper: what its lease allows, and the two looks of an epoch. An epoch reads what the controller has before its first
 * write, once writing is allowed, and again a lease duration after it: what an earlier writer could still get through shows
 * in one of them, and is repaired as any other difference. */
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "leader/leader_parts.h"

#define LISTING_POLL_MS 1000

static struct metric epoch_gauge = METRIC_GAUGE("amko_lease_epoch", "The epoch that the keeper has told; 0: none yet.");
static struct metric open_gauge = METRIC_GAUGE("amko_lease_open", "1 while a write may start.");

bool look_may_write(const void *arg)
{
	const struct leader *leader = arg;

	return !leader->fence || (fence_state(leader->fence) == FENCE_OPEN && leader->look.first == LOOK_DONE);
}

static void log_fence(const struct leader *leader, enum fence_state state)
{
	const struct lease *lease = leader->options.lease;
	long long epoch = lease_term(lease)->epoch;

	if (state == FENCE_OVERTAKEN)
		log_error("lease_overtaken", KV("epoch", epoch), KV("err", fence_why(leader->fence)));
	else if (state == FENCE_NOT_OURS || state == FENCE_REFUSED)
		log_warn("lease_record_trouble", KV("epoch", epoch), KV("state", fence_state_name(state)),
			 KV("err", fence_why(leader->fence)));
	else
		log_info("lease", KV("epoch", epoch), KV("state", lease_state_name(lease_state(lease))));
}

static void on_fence(void *arg)
{
	struct leader *leader = arg;
	enum fence_state state = fence_state(leader->fence);

	log_fence(leader, state);
	if (state == FENCE_OVERTAKEN)
		leader->options.on_overtaken(leader->options.arg);
	else
		look_advance(leader);
}

static void look_at_epoch(struct leader *leader)
{
	int64_t epoch = lease_term(leader->options.lease)->epoch;

	metric_set(&epoch_gauge, (double)epoch);
	if (epoch == leader->look.epoch)
		return;
	log_info("lease_epoch", KV("epoch", (long long)epoch));
	leader->look.epoch = epoch;
	leader->look.first = LOOK_DUE;
	leader->look.has_written = false;
	uv_timer_stop(leader->look.second);
}

void look_begin(struct leader *leader)
{
	if (leader->options.lease)
		leader->fence = fence_new(&(struct fence_options){
			.loop = leader->options.loop, .lease = leader->options.lease, .on_change = on_fence, .arg = leader });
}

void look_advance(struct leader *leader)
{
	if (!leader->fence || leader->is_stopping)
		return;
	look_at_epoch(leader);
	metric_set(&open_gauge, fence_state(leader->fence) == FENCE_OPEN);
	if (look_may_write(leader))
		reconcile_lift_fence(leader->reconcile);
	else if (fence_state(leader->fence) == FENCE_OPEN && leader->phase == PHASE_RUNNING && !leader->is_listing &&
		 !leader->is_outage)
		leader_list(leader);
	view_conditions(leader);
}

static void say_who_writes(struct leader *leader, const struct lease *lease)
{
	CLEANUP(freep) char *who = xasprintf("%s epoch %lld", lease_holder(lease), (long long)lease_term(lease)->epoch);

	http_client_set_agent(leader->avi_http, who);
}

void leader_lease_changed(struct leader *leader)
{
	const struct lease *lease = leader->options.lease;

	say_who_writes(leader, lease);
	/* The time-outs of the writes have ended them; but their clock may have stood still while the machine slept. */
	if (lease_state(lease) == LEASE_SHUT)
		reconcile_cut_off(leader->reconcile);
	fence_lease_changed(leader->fence);
	look_advance(leader);
}

/* Only one that begins when writing is allowed: an earlier writer has ended by then. */
void look_list_begins(struct leader *leader)
{
	if (leader->fence && fence_state(leader->fence) == FENCE_OPEN && leader->look.first == LOOK_DUE)
		leader->look.first = LOOK_LISTING;
}

static void on_second_look(uv_timer_t *timer)
{
	struct leader *leader = timer->data;

	if (leader->is_stopping || leader->phase != PHASE_RUNNING || leader->is_outage)
		return;            /* what ends that lists too */
	if (leader->is_listing) {
		uv_timer_start(timer, on_second_look, LISTING_POLL_MS, 0);
		return;
	}
	log_info("second_look", KV("epoch", (long long)leader->look.epoch));
	leader_list(leader);
}

static void set_second_look(struct leader *leader)
{
	uv_timer_start(leader->look.second, on_second_look, (uint64_t)lease_timing(leader->options.lease)->lease_ms, 0);
}

void look_list_ended(struct leader *leader, bool is_good)
{
	if (leader->look.first != LOOK_LISTING)
		return;
	leader->look.first = is_good ? LOOK_DONE : LOOK_DUE;
	if (is_good)
		set_second_look(leader);
}

void look_wrote(struct leader *leader)
{
	if (!leader->fence || leader->look.first != LOOK_DONE || leader->look.has_written)
		return;
	leader->look.has_written = true;
	set_second_look(leader);
}

bool leader_is_quiet(const struct leader *leader)
{
	return !leader->fence || fence_is_quiet(leader->fence);
}
