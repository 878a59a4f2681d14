#include "leader/avi/fence.h"

#include <utlist.h>

#include "common/base/metrics.h"

#define READ_TIMEOUT_MS 20000
#define MAX_STALE_READS 3              /* in a row for one write: the controller is too slow for it */

struct fence {
	struct fence_options options;
	struct avi_session *session;
	char record[RECORD_NAME_MAX];
	struct fence_ticket *waiting, *sent;
	size_t n_waiting;
	struct avi_call *call;
	int64_t call_sent_ms;
	int64_t record_ms;             /* when the last read was sent that showed our claim; 0: none */
	enum fence_state verdict;      /* of the record: FENCE_OPEN as long as nothing is known against us */
	int64_t epoch;                 /* which it is about */
	struct err why;
	enum fence_state told;
	bool is_closed;
	int64_t unanswered_ms;         /* when a write ended last without an answer; 0: never */
	uv_timer_t turn, again;
	int n_open_handles;
};

static struct metric reads = METRIC_COUNTER("amko_lease_record_reads_total", "Reads of the leadership record, by what they showed.",
					    "result");

const char *fence_state_name(enum fence_state state)
{
	static const char *const names[] = {
		[FENCE_OPEN] = "open", [FENCE_NO_LEASE] = "no_lease", [FENCE_NOT_OURS] = "not_ours",
		[FENCE_REFUSED] = "refused", [FENCE_OVERTAKEN] = "overtaken",
	};

	return names[state];
}

enum fence_state fence_judge(const struct term *term, const char *holder, enum record_state state, const struct claim *claim)
{
	struct claim ours = { .epoch = term->epoch };
	int order;

	if (state != RECORD_FOUND)
		return FENCE_NOT_OURS;
	snprintf(ours.holder, sizeof(ours.holder), "%s", holder);
	order = claim_compare(claim, &ours);
	return order > 0 ? FENCE_OVERTAKEN : order < 0 ? FENCE_NOT_OURS : FENCE_OPEN;
}

enum fence_state fence_state(const struct fence *fence)
{
	const struct lease *lease = fence->options.lease;

	if (fence->verdict == FENCE_OVERTAKEN)
		return FENCE_OVERTAKEN;
	if (fence->is_closed || lease_state(lease) != LEASE_OPEN)
		return FENCE_NO_LEASE;
	return lease_term(lease)->is_fenced ? fence->verdict : FENCE_OPEN;
}

const char *fence_why(const struct fence *fence)
{
	return fence->verdict == FENCE_OPEN ? "" : fence->why.msg;
}

static void tell(struct fence *fence)
{
	enum fence_state state = fence_state(fence);

	if (state == fence->told)
		return;
	fence->told = state;
	fence->options.on_change(fence->options.arg);
}

/* ---- tickets ---- */

static void take_out(struct fence *fence, struct fence_ticket *ticket)
{
	if (ticket->place == TICKET_WAITING) {
		DL_DELETE(fence->waiting, ticket);
		fence->n_waiting--;
	} else if (ticket->place == TICKET_SENT) {
		DL_DELETE(fence->sent, ticket);
	}
	ticket->place = TICKET_OUT;
}

static void put_to_wait(struct fence *fence, struct fence_ticket *ticket)
{
	DL_APPEND(fence->waiting, ticket);
	fence->n_waiting++;
	ticket->place = TICKET_WAITING;
}

/* How long this write may take from now on; 0: it may not be sent. */
static int64_t left_ms(const struct fence *fence, const struct fence_ticket *ticket)
{
	bool is_usable = !ticket->is_deletion || fence->record_ms >= ticket->entered_ms;

	if (fence_state(fence) != FENCE_OPEN)
		return 0;
	return lease_write_ms(fence->options.lease, is_usable ? fence->record_ms : 0);
}

static void say(struct fence *fence, struct fence_ticket *ticket, enum fence_word word, const struct avi_reply *reply)
{
	take_out(fence, ticket);
	ticket->on_word(ticket, word, reply);
}

static void say_too_slow(struct fence *fence, struct fence_ticket *ticket)
{
	struct err err;

	err_set(&err, ERR_RETRY, "the leadership record: a write may start only within %lld ms after it was asked for, and the "
		"answer takes longer", (long long)lease_timing(fence->options.lease)->fresh_ms);
	say(fence, ticket, FENCE_FAIL, &(struct avi_reply){ .class = AVI_NETWORK, .retry_after_ms = -1, .err = &err });
}

static void read_record(struct fence *fence);

/* Everybody that waits now gets a word, or stays for a fresher read. A word may bring new ones and free others. */
static void say_all(struct fence *fence, const struct avi_reply *failure)
{
	for (size_t n = fence->n_waiting; n && fence->waiting; n--) {
		struct fence_ticket *ticket = fence->waiting;

		if (fence_state(fence) != FENCE_OPEN) {
			say(fence, ticket, FENCE_WAIT, NULL);
		} else if (failure) {
			say(fence, ticket, FENCE_FAIL, failure);
		} else if (left_ms(fence, ticket) > 0) {
			say(fence, ticket, FENCE_GO, NULL);
		} else if (++ticket->n_reads >= MAX_STALE_READS) {
			say_too_slow(fence, ticket);
		} else {
			take_out(fence, ticket);
			put_to_wait(fence, ticket);
		}
	}
	if (fence->waiting)
		read_record(fence);
}

static void on_turn(uv_timer_t *timer)
{
	struct fence *fence = timer->data;

	if (fence_state(fence) != FENCE_OPEN)
		say_all(fence, NULL);
}

static void next_turn(struct fence *fence)
{
	uv_timer_start(&fence->turn, on_turn, 1, 0);
}

/* ---- the record ---- */

/* No leave is asked for here: this is when it is sent. */
static bool on_send(void *arg, int64_t *within_ms)
{
	struct fence *fence = arg;

	(void)within_ms;
	fence->call_sent_ms = lease_now_ms(fence->options.lease);
	return true;
}

static void on_again(uv_timer_t *timer)
{
	read_record(timer->data);
}

static void take_verdict(struct fence *fence, enum fence_state verdict)
{
	fence->verdict = verdict;
	fence->epoch = lease_term(fence->options.lease)->epoch;
	fence->record_ms = verdict == FENCE_OPEN ? fence->call_sent_ms : 0;
	metric_add(&reads, 1, verdict == FENCE_OPEN ? "ours" : fence_state_name(verdict));
	if (verdict == FENCE_NOT_OURS || verdict == FENCE_REFUSED)
		uv_timer_start(&fence->again, on_again, (uint64_t)lease_timing(fence->options.lease)->retry_ms, 0);
	tell(fence);
}

static enum fence_state judge_answer(struct fence *fence, const cJSON *json)
{
	const struct lease *lease = fence->options.lease;
	CLEANUP(freep) struct roster *roster = xcalloc(1, sizeof(*roster));
	struct version version;
	struct claim claim;
	enum record_state state = record_from_list(json, fence->record, roster, &claim, &version, &fence->why);
	enum fence_state verdict = fence_judge(lease_term(lease), lease_holder(lease), state, &claim);

	if (state == RECORD_ABSENT)
		err_set(&fence->why, ERR_NOTFOUND, "the controller has no StringGroup %s", fence->record);
	else if (state == RECORD_FOUND && verdict != FENCE_OPEN)
		err_set(&fence->why, ERR_CONFLICT, "StringGroup %s shows epoch %lld of %.200s, ours is %lld", fence->record,
			(long long)claim.epoch, claim.holder, (long long)lease_term(lease)->epoch);
	return verdict;
}

static void on_record(void *arg, const struct avi_reply *reply)
{
	struct fence *fence = arg;

	fence->call = NULL;
	switch (reply->class) {
	case AVI_OK:
		take_verdict(fence, judge_answer(fence, reply->json));
		say_all(fence, NULL);
		return;
	case AVI_FORBIDDEN:
	case AVI_NOTFOUND:
	case AVI_REFUSED:
		fence->why = *reply->err;
		take_verdict(fence, FENCE_REFUSED);
		say_all(fence, NULL);
		return;
	default:
		metric_add(&reads, 1, "failed");
		if (fence->verdict == FENCE_NOT_OURS || fence->verdict == FENCE_REFUSED)
			uv_timer_start(&fence->again, on_again, (uint64_t)lease_timing(fence->options.lease)->retry_ms, 0);
		say_all(fence, reply);
	}
}

static void read_record(struct fence *fence)
{
	CLEANUP(freep) char *path = xasprintf(RECORD_PATH "?name=%s", fence->record);
	int64_t patience_ms = lease_timing(fence->options.lease)->request_ms;

	if (fence->call || !fence->session || !lease_term(fence->options.lease)->is_fenced)
		return;
	uv_timer_stop(&fence->again);
	fence->call = avi_start(fence->session, &(struct avi_request){
		.method = "GET", .path = path, .tenant = "admin", .may_send = on_send,
		.timeout_ms = MIN(patience_ms, (int64_t)READ_TIMEOUT_MS), .done = on_record, .arg = fence });
}

/* ---- public ---- */

struct fence *fence_new(const struct fence_options *options)
{
	struct fence *fence = xcalloc(1, sizeof(*fence));

	fence->options = *options;
	fence->told = FENCE_NO_LEASE;
	uv_timer_init(options->loop, &fence->turn);
	uv_timer_init(options->loop, &fence->again);
	fence->turn.data = fence->again.data = fence;
	fence->n_open_handles = 2;
	return fence;
}

static void on_closed(uv_handle_t *handle)
{
	struct fence *fence = handle->data;

	if (--fence->n_open_handles == 0)
		free(fence);
}

void fence_free(struct fence *fence)
{
	if (!fence)
		return;
	assert(!fence->waiting && !fence->sent);
	avi_cancel(TAKE(fence->call));
	uv_close((uv_handle_t *)&fence->turn, on_closed);
	uv_close((uv_handle_t *)&fence->again, on_closed);
}

static void forget_record(struct fence *fence)
{
	fence->record_ms = 0;
	if (fence->verdict != FENCE_OVERTAKEN)
		fence->verdict = FENCE_OPEN;
}

void fence_set_target(struct fence *fence, struct avi_session *session, const char *uuid)
{
	avi_cancel(TAKE(fence->call));
	uv_timer_stop(&fence->again);
	fence->session = session;
	if (session && !record_name(uuid, fence->record))
		abort();           /* it is one: the configuration is sound */
	forget_record(fence);
	tell(fence);
}

void fence_lease_changed(struct fence *fence)
{
	if (lease_term(fence->options.lease)->epoch != fence->epoch) {
		fence->epoch = lease_term(fence->options.lease)->epoch;
		forget_record(fence);
	}
	next_turn(fence);
	tell(fence);
}

void fence_close(struct fence *fence)
{
	fence->is_closed = true;
	next_turn(fence);
}

bool fence_enter(struct fence *fence, struct fence_ticket *ticket)
{
	assert(ticket->place == TICKET_OUT);
	ticket->entered_ms = lease_now_ms(fence->options.lease);
	if (left_ms(fence, ticket) > 0)
		return true;
	put_to_wait(fence, ticket);
	if (fence_state(fence) == FENCE_OPEN)
		read_record(fence);
	else
		next_turn(fence);
	return false;
}

bool fence_may_send(struct fence *fence, struct fence_ticket *ticket, int64_t *within_ms)
{
	*within_ms = left_ms(fence, ticket);
	if (*within_ms <= 0)
		return false;
	take_out(fence, ticket);
	DL_APPEND(fence->sent, ticket);
	ticket->place = TICKET_SENT;
	return true;
}

void fence_done(struct fence *fence, struct fence_ticket *ticket, enum avi_class class)
{
	if (ticket->place == TICKET_SENT && class == AVI_NETWORK)
		fence->unanswered_ms = lease_now_ms(fence->options.lease);
	take_out(fence, ticket);
}

void fence_leave(struct fence *fence, struct fence_ticket *ticket)
{
	fence_done(fence, ticket, AVI_NETWORK);
}

size_t fence_count_waiting(const struct fence *fence)
{
	return fence->n_waiting;
}

bool fence_is_quiet(const struct fence *fence)
{
	int64_t now_ms = lease_now_ms(fence->options.lease);

	return !fence->sent && (!fence->unanswered_ms ||
				now_ms - fence->unanswered_ms >= lease_timing(fence->options.lease)->margin_ms);
}
