/* The fence around writes, in talk with a controller that keeps the leadership record, at whatever time a test says it is. */
#include "leader/avi/fence.h"

#include "tests/unit/fake_keeper.h"

#define MAX_TICKETS 8

struct ticket {
	struct fence_ticket fence;
	struct bench *bench;
	const char *word;              /* the last one; "" */
	enum avi_class class;
	char *why;
};

struct bench {
	struct talk *talk;
	struct fake_keeper keeper;
	struct fence *fence;
	size_t n_changes;
	struct ticket tickets[MAX_TICKETS];
	struct scripted answers[2];
	char *record;
};

static void on_lease(void *arg)
{
	fence_lease_changed(((struct bench *)arg)->fence);
}

static void on_change(void *arg)
{
	((struct bench *)arg)->n_changes++;
}

static void on_word(struct fence_ticket *fence_ticket, enum fence_word word, const struct avi_reply *reply)
{
	static const char *const names[] = { [FENCE_GO] = "go", [FENCE_WAIT] = "wait", [FENCE_FAIL] = "fail" };
	struct ticket *ticket = container_of(fence_ticket, struct ticket, fence);

	assert_int_equal(reply != NULL, word == FENCE_FAIL);
	ticket->word = names[word];
	if (reply) {
		ticket->class = reply->class;
		free(ticket->why);
		ticket->why = xstrdup(reply->err->msg);
	}
	uv_stop(&ticket->bench->talk->loop);
}

/* The controller's record; holder NULL: none. */
static void record_is(struct bench *b, int epoch, const char *holder)
{
	free(b->record);
	b->record = keeper_record(epoch, holder);
	b->answers[0] = (struct scripted){ KEEPER_RECORD, 200, b->record, NULL };
	b->talk->ctl.answers = b->answers;
}

static void record_answers(struct bench *b, int status)
{
	b->answers[0] = (struct scripted){ KEEPER_RECORD, status, "{\"error\": \"no\"}", NULL };
	b->talk->ctl.answers = b->answers;
}

static void says(struct bench *b, const char *line)
{
	keeper_says(&b->keeper, line);
}

static int set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	void *talk;

	talk_set_up(&talk);
	b->talk = talk;
	keeper_open(&b->keeper, &b->talk->loop, on_lease, b);
	b->fence = fence_new(&(struct fence_options){ .loop = &b->talk->loop, .lease = b->keeper.lease, .on_change = on_change, .arg = b });
	fence_set_target(b->fence, b->talk->session, KEEPER_UUID);
	for (size_t i = 0; i < MAX_TICKETS; i++)
		b->tickets[i] = (struct ticket){ .fence.on_word = on_word, .bench = b, .word = "" };
	record_is(b, 5, KEEPER_HOLDER);
	says(b, KEEPER_TERM);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;
	void *talk = b->talk;

	for (size_t i = 0; i < MAX_TICKETS; i++) {
		fence_leave(b->fence, &b->tickets[i].fence);
		free(b->tickets[i].why);
	}
	fence_free(b->fence);
	keeper_close(&b->keeper);
	talk_tear_down(&talk);
	free(b->record);
	free(b);
	return 0;
}

#define FENCE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

static struct fence_ticket *ticket_of(struct bench *b, int i)
{
	return &b->tickets[i].fence;
}

static bool enter(struct bench *b, int i)
{
	b->tickets[i].word = "";
	return fence_enter(b->fence, ticket_of(b, i));
}

static void assert_word(struct bench *b, int i, const char *want)
{
	while (!*b->tickets[i].word)
		uv_run(&b->talk->loop, UV_RUN_ONCE);
	assert_text(b->tickets[i].word, want);
}

static void assert_state(const struct bench *b, enum fence_state want)
{
	assert_text(fence_state_name(fence_state(b->fence)), fence_state_name(want));
}

static int n_reads(const struct bench *b)
{
	int n = 0;

	for (const char *at = buf_str(&b->talk->ctl.log); (at = strstr(at, KEEPER_RECORD)); at++)
		n++;
	return n;
}

/* Sends one write through and has it answered. */
static void write_one(struct bench *b, int i)
{
	int64_t within_ms;

	if (!enter(b, i))
		assert_word(b, i, "go");
	assert_true(fence_may_send(b->fence, ticket_of(b, i), &within_ms));
	fence_done(b->fence, ticket_of(b, i), AVI_OK);
}

/* ---- what the record means ---- */

struct judge_case {
	const char *name;
	enum record_state record;
	int64_t epoch;
	const char *holder;
	enum fence_state state;
};

static const struct judge_case judge_cases[] = {
	{ "our own claim lets us write", RECORD_FOUND, 5, KEEPER_HOLDER, FENCE_OPEN },
	{ "a greater epoch has overtaken us", RECORD_FOUND, 6, KEEPER_HOLDER, FENCE_OVERTAKEN },
	{ "so has the same epoch of a greater holder", RECORD_FOUND, 5, OTHER_HOLDER, FENCE_OVERTAKEN },
	{ "an older epoch is the keeper's business", RECORD_FOUND, 4, OTHER_HOLDER, FENCE_NOT_OURS },
	{ "so is a smaller holder of the same epoch", RECORD_FOUND, 5, "a/b/c/d", FENCE_NOT_OURS },
	{ "so is no record", RECORD_ABSENT, 0, "", FENCE_NOT_OURS },
	{ "and one that makes no sense", RECORD_GARBAGE, 0, "", FENCE_NOT_OURS },
};

static void is_judged(void **state)
{
	const struct judge_case *c = *state;
	const struct term term = { .epoch = 5 };
	struct claim claim = { .epoch = c->epoch };

	snprintf(claim.holder, sizeof(claim.holder), "%s", c->holder);
	assert_text(fence_state_name(fence_judge(&term, KEEPER_HOLDER, c->record, &claim)), fence_state_name(c->state));
}

/* ---- letting in ---- */

static void the_first_write_waits_for_a_read(void **state)
{
	struct bench *b = *state;

	assert_state(b, FENCE_OPEN);
	assert_false(enter(b, 0));
	assert_word(b, 0, "go");
	assert_int_equal(n_reads(b), 1);
	assert_text(b->talk->ctl.tenant, "admin");
}

static void one_read_serves_a_fifth_of_a_retry_period(void **state)
{
	struct bench *b = *state;

	write_one(b, 0);
	keeper_now_ms += 100;
	assert_true(enter(b, 1));
	keeper_now_ms += 1;
	assert_false(enter(b, 2));
	assert_word(b, 2, "go");
	assert_int_equal(n_reads(b), 2);
}

static void all_that_wait_share_one_read(void **state)
{
	struct bench *b = *state;

	for (int i = 0; i < MAX_TICKETS; i++)
		assert_false(enter(b, i));
	assert_int_equal(fence_count_waiting(b->fence), MAX_TICKETS);
	for (int i = 0; i < MAX_TICKETS; i++)
		assert_word(b, i, "go");
	assert_int_equal(n_reads(b), 1);
}

static void a_deletion_wants_a_read_after_it_was_queued(void **state)
{
	struct bench *b = *state;

	write_one(b, 0);
	keeper_now_ms += 1;
	ticket_of(b, 1)->is_deletion = ticket_of(b, 2)->is_deletion = true;
	assert_false(enter(b, 1));
	assert_false(enter(b, 2));
	assert_word(b, 1, "go");
	assert_word(b, 2, "go");
	assert_int_equal(n_reads(b), 2);
}

static void a_read_under_way_is_too_early_for_a_deletion(void **state)
{
	struct bench *b = *state;

	b->talk->ctl.hold = "/api/stringgroup";
	assert_false(enter(b, 0));
	talk_run_until_held(b->talk, 1);
	keeper_now_ms += 1;
	ticket_of(b, 1)->is_deletion = true;
	assert_false(enter(b, 1));
	controller_release(&b->talk->ctl);
	assert_word(b, 0, "go");
	assert_word(b, 1, "go");
	assert_int_equal(n_reads(b), 2);
}

static void a_fenceless_term_reads_nothing(void **state)
{
	struct bench *b = *state;

	says(b, "term 5 3000 3500 fenceless\n");
	assert_true(enter(b, 0));
	assert_int_equal(n_reads(b), 0);
}

/* ---- directly before the sending ---- */

static void a_write_has_to_end_in_what_the_lease_leaves(void **state)
{
	struct bench *b = *state;
	int64_t within_ms;

	assert_false(enter(b, 0));
	assert_word(b, 0, "go");
	assert_true(fence_may_send(b->fence, ticket_of(b, 0), &within_ms));
	assert_int_equal(within_ms, 500);
	says(b, "term 5 3000 1200 fenced\n");
	assert_true(fence_may_send(b->fence, ticket_of(b, 0), &within_ms));
	assert_int_equal(within_ms, 200);
}

static void a_read_may_have_grown_too_old_meanwhile(void **state)
{
	struct bench *b = *state;
	int64_t within_ms;

	assert_false(enter(b, 0));
	assert_word(b, 0, "go");
	keeper_now_ms += 101;
	assert_false(fence_may_send(b->fence, ticket_of(b, 0), &within_ms));
	assert_false(enter(b, 0));
	assert_word(b, 0, "go");
	assert_true(fence_may_send(b->fence, ticket_of(b, 0), &within_ms));
}

static void the_deadline_may_have_passed_meanwhile(void **state)
{
	struct bench *b = *state;
	int64_t within_ms;

	assert_false(enter(b, 0));
	assert_word(b, 0, "go");
	keeper_now_ms = 3000;
	assert_false(fence_may_send(b->fence, ticket_of(b, 0), &within_ms));
	assert_false(enter(b, 0));
	assert_word(b, 0, "wait");
	assert_int_equal(n_reads(b), 1);
}

static void a_controller_that_takes_too_long_is_said_to(void **state)
{
	struct bench *b = *state;

	b->talk->ctl.hold = "/api/stringgroup";
	assert_false(enter(b, 0));
	for (int i = 0; i < 3; i++) {
		talk_run_until_held(b->talk, 1);
		keeper_now_ms += 101;
		controller_release(&b->talk->ctl);
		b->talk->ctl.hold = "/api/stringgroup";
	}
	assert_word(b, 0, "fail");
	assert_int_equal(b->tickets[0].class, AVI_NETWORK);
	assert_contains(b->tickets[0].why, "only within 100 ms after it was asked for");
}

/* ---- the lease ---- */

static void without_a_lease_nobody_is_let_in(void **state)
{
	struct bench *b = *state;

	says(b, "term 5 0 0 fenced\n");
	assert_state(b, FENCE_NO_LEASE);
	assert_false(enter(b, 0));
	assert_word(b, 0, "wait");
	assert_int_equal(n_reads(b), 0);
	says(b, KEEPER_TERM);
	assert_state(b, FENCE_OPEN);
	write_one(b, 0);
}

static void who_waits_hears_when_the_lease_ends(void **state)
{
	struct bench *b = *state;

	b->talk->ctl.hold = "/api/stringgroup";
	assert_false(enter(b, 0));
	talk_run_until_held(b->talk, 1);
	says(b, "term 5 0 1500 fenced\n");
	assert_word(b, 0, "wait");
	controller_release(&b->talk->ctl);
}

static void the_end_of_the_process_closes_it(void **state)
{
	struct bench *b = *state;

	write_one(b, 0);
	fence_close(b->fence);
	assert_state(b, FENCE_NO_LEASE);
	assert_false(enter(b, 0));
	assert_word(b, 0, "wait");
}

/* ---- the record ---- */

static void a_greater_claim_ends_it_for_ever(void **state)
{
	struct bench *b = *state;
	size_t n = b->n_changes;

	record_is(b, 6, OTHER_HOLDER);
	assert_false(enter(b, 0));
	assert_word(b, 0, "wait");
	assert_state(b, FENCE_OVERTAKEN);
	assert_int_equal(b->n_changes, n + 1);
	assert_text(fence_why(b->fence), "StringGroup amko-" KEEPER_UUID "-leadership shows epoch 6 of " OTHER_HOLDER ", ours is 5");
	record_is(b, 5, KEEPER_HOLDER);
	assert_false(enter(b, 0));
	assert_word(b, 0, "wait");
	says(b, "term 5 3000 3500 fenceless\n");
	assert_state(b, FENCE_OVERTAKEN);
	assert_int_equal(n_reads(b), 1);
}

static void what_is_not_ours_is_read_again_until_it_is(void **state)
{
	struct bench *b = *state;

	record_is(b, 0, NULL);
	assert_false(enter(b, 0));
	assert_word(b, 0, "wait");
	assert_state(b, FENCE_NOT_OURS);
	assert_text(fence_why(b->fence), "the controller has no StringGroup amko-" KEEPER_UUID "-leadership");
	record_is(b, 5, KEEPER_HOLDER);
	while (fence_state(b->fence) == FENCE_NOT_OURS)
		uv_run(&b->talk->loop, UV_RUN_ONCE);
	assert_state(b, FENCE_OPEN);
	assert_text(fence_why(b->fence), "");
	assert_true(enter(b, 0));
}

static void a_record_that_may_not_be_read_is_the_keepers_decision(void **state)
{
	struct bench *b = *state;

	record_answers(b, 403);
	assert_false(enter(b, 0));
	assert_word(b, 0, "wait");
	assert_state(b, FENCE_REFUSED);
	assert_contains(fence_why(b->fence), "HTTP 403");
	says(b, "term 5 3000 3500 fenceless\n");
	assert_state(b, FENCE_OPEN);
	assert_true(enter(b, 0));
}

static void a_controller_that_does_not_answer_says_nothing(void **state)
{
	struct bench *b = *state;

	record_answers(b, 503);
	assert_false(enter(b, 0));
	assert_word(b, 0, "fail");
	assert_int_equal(b->tickets[0].class, AVI_SERVER);
	assert_state(b, FENCE_OPEN);
}

static void a_new_epoch_reads_anew(void **state)
{
	struct bench *b = *state;

	write_one(b, 0);
	record_is(b, 6, KEEPER_HOLDER);
	says(b, "term 6 3000 3500 fenced\n");
	assert_false(enter(b, 0));
	assert_word(b, 0, "go");
	assert_int_equal(n_reads(b), 2);
}

/* ---- the end ---- */

static void what_was_answered_leaves_nothing_behind(void **state)
{
	struct bench *b = *state;
	int64_t within_ms;

	assert_true(fence_is_quiet(b->fence));
	assert_false(enter(b, 0));
	assert_word(b, 0, "go");
	assert_true(fence_is_quiet(b->fence));
	assert_true(fence_may_send(b->fence, ticket_of(b, 0), &within_ms));
	assert_false(fence_is_quiet(b->fence));
	fence_done(b->fence, ticket_of(b, 0), AVI_SERVER);
	assert_true(fence_is_quiet(b->fence));
}

static void what_was_not_may_come_late(void **state)
{
	struct bench *b = *state;
	int64_t within_ms;

	assert_false(enter(b, 0));
	assert_word(b, 0, "go");
	assert_true(fence_may_send(b->fence, ticket_of(b, 0), &within_ms));
	fence_done(b->fence, ticket_of(b, 0), AVI_NETWORK);
	assert_false(fence_is_quiet(b->fence));
	keeper_now_ms += 499;
	assert_false(fence_is_quiet(b->fence));
	keeper_now_ms += 1;
	assert_true(fence_is_quiet(b->fence));
}

static void so_may_what_was_cut_off(void **state)
{
	struct bench *b = *state;
	int64_t within_ms;

	assert_false(enter(b, 0));
	fence_leave(b->fence, ticket_of(b, 0));
	assert_int_equal(fence_count_waiting(b->fence), 0);
	assert_true(fence_is_quiet(b->fence));
	assert_false(enter(b, 1));
	assert_word(b, 1, "go");
	assert_true(fence_may_send(b->fence, ticket_of(b, 1), &within_ms));
	fence_leave(b->fence, ticket_of(b, 1));
	assert_false(fence_is_quiet(b->fence));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FENCE(the_first_write_waits_for_a_read),
		FENCE(one_read_serves_a_fifth_of_a_retry_period),
		FENCE(all_that_wait_share_one_read),
		FENCE(a_deletion_wants_a_read_after_it_was_queued),
		FENCE(a_read_under_way_is_too_early_for_a_deletion),
		FENCE(a_fenceless_term_reads_nothing),
		FENCE(a_write_has_to_end_in_what_the_lease_leaves),
		FENCE(a_read_may_have_grown_too_old_meanwhile),
		FENCE(the_deadline_may_have_passed_meanwhile),
		FENCE(a_controller_that_takes_too_long_is_said_to),
		FENCE(without_a_lease_nobody_is_let_in),
		FENCE(who_waits_hears_when_the_lease_ends),
		FENCE(the_end_of_the_process_closes_it),
		FENCE(a_greater_claim_ends_it_for_ever),
		FENCE(what_is_not_ours_is_read_again_until_it_is),
		FENCE(a_record_that_may_not_be_read_is_the_keepers_decision),
		FENCE(a_controller_that_does_not_answer_says_nothing),
		FENCE(a_new_epoch_reads_anew),
		FENCE(what_was_answered_leaves_nothing_behind),
		FENCE(what_was_not_may_come_late),
		FENCE(so_may_what_was_cut_off),
	};
	int n_failed;

	talks_begin();
	n_failed = RUN_TABLE(is_judged, judge_cases);
	return n_failed + cmocka_run_group_tests(tests, NULL, NULL);
}
