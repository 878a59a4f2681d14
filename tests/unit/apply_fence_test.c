/* One name's plan behind the fence, in talk with a controller that has the leadership record. */
#include "tests/unit/bench.h"
#include "tests/unit/fake_keeper.h"

#define ALONE "'controlPlaneHmOnly': true"         /* no monitors */
#define TTL "'ttl': 30," ALONE
#define GS "/api/gslbservice/"
#define GS_UUID "/api/gslbservice/gslbservice-shop.example.org"
#define HM "/api/healthmonitor/"
#define HM_UUID "/api/healthmonitor/healthmonitor-shop.example.org-0"
#define AT_SHOP " shop.example.org"
#define RECORD KEEPER_RECORD "\n"

static const struct scene_object shop[] = { { KIND_INGRESS, "east", "web/shop", "10.0.0.1", .paths = "/" } };

struct yard {
	struct bench *bench;
	struct fake_keeper keeper;
	struct fence *fence;
	char *record;
	size_t n_results;
	struct apply_result result;
	char *message;
};

static void on_lease(void *arg)
{
	fence_lease_changed(((struct yard *)arg)->fence);
}

static void on_change(void *arg)
{
	(void)arg;
}

static int set_up(void **state)
{
	struct yard *y = xcalloc(1, sizeof(*y));
	uv_loop_t *loop;

	y->bench = bench_new();
	loop = &y->bench->talk->loop;
	keeper_open(&y->keeper, loop, on_lease, y);
	y->fence = fence_new(&(struct fence_options){ .loop = loop, .lease = y->keeper.lease, .on_change = on_change, .arg = y });
	fence_set_target(y->fence, y->bench->talk->session, KEEPER_UUID);
	y->bench->options.fence = y->fence;
	y->record = keeper_record(5, KEEPER_HOLDER);
	keeper_says(&y->keeper, KEEPER_TERM);
	*state = y;
	return 0;
}

static int tear_down(void **state)
{
	struct yard *y = *state;

	fence_free(y->fence);
	keeper_close(&y->keeper);
	bench_free(y->bench);
	free(y->record);
	free(y->message);
	free(y);
	return 0;
}

#define YARD(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

static void record_is(struct yard *y, int epoch, const char *holder)
{
	free(y->record);
	y->record = keeper_record(epoch, holder);
}

/* Answers with the record, and these beside it. */
static void answers(struct yard *y, struct scripted a, struct scripted b)
{
	const struct scripted all[] = { { KEEPER_RECORD, 200, y->record, NULL }, a, b };

	bench_answers(y->bench, all, a.target ? b.target ? 3 : 2 : 1);
}

#define NONE (struct scripted){ 0 }

static void on_done(void *arg, const struct apply_result *result)
{
	struct yard *y = arg;

	y->n_results++;
	y->result = *result;
	free(y->message);
	y->message = xstrdup(result->message);
	uv_stop(&y->bench->talk->loop);
}

static struct apply *start(struct yard *y)
{
	struct apply_options options = y->bench->options;
	struct wanted wanted = { 0 };
	struct plan plan = { 0 };

	options.done = on_done;
	options.arg = y;
	bench_plan(y->bench, SCENE_FQDN, &wanted, &plan);
	return apply_start(&options, &wanted, &plan);
}

static void ends(struct yard *y, enum apply_end end, const char *asked)
{
	start(y);
	assert_int_equal(y->n_results, 0);
	while (!y->n_results)
		uv_run(&y->bench->talk->loop, UV_RUN_ONCE);
	assert_int_equal(y->result.end, end);
	assert_text(bench_asked(y->bench), asked);
}

static void nothing_is_sent_without_a_lease(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	answers(y, NONE, NONE);
	keeper_now_ms = 3000;
	ends(y, APPLY_FENCED, "");
	assert_int_equal(y->result.others, OTHERS_GO_ON);
}

static void the_record_is_read_once_for_what_follows_soon(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, "", shop, 1);
	answers(y, (struct scripted){ "POST " HM, 201, "@monitor" AT_SHOP, NULL },
		(struct scripted){ "POST " GS, 201, "@gs" AT_SHOP, NULL });
	ends(y, APPLY_DONE, RECORD "POST " HM "\nPOST " GS "\n");
	assert_true(fence_is_quiet(y->fence));
}

static void a_deletion_is_sent_right_after_a_read(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, "", shop, 1);
	bench_carry_out(y->bench, SCENE_FQDN);
	bench_world(y->bench, "", NULL, 0);
	answers(y, (struct scripted){ "DELETE " GS_UUID, 204, "", NULL }, (struct scripted){ "DELETE " HM_UUID, 204, "", NULL });
	keeper_step_ms = 1;
	ends(y, APPLY_DONE, RECORD "DELETE " GS_UUID "\n" RECORD "DELETE " HM_UUID "\n");
}

static void a_greater_claim_stops_what_is_queued(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	record_is(y, 6, OTHER_HOLDER);
	answers(y, NONE, NONE);
	ends(y, APPLY_FENCED, RECORD);
	assert_int_equal(fence_state(y->fence), FENCE_OVERTAKEN);
}

static void no_record_stops_it_too(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	record_is(y, 0, NULL);
	answers(y, NONE, NONE);
	ends(y, APPLY_FENCED, RECORD);
}

static void a_record_that_cannot_be_read_is_the_controllers_failure(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	bench_answers(y->bench, &(struct scripted){ KEEPER_RECORD, 503, "{}", NULL }, 1);
	ends(y, APPLY_FAILED, RECORD);
	assert_int_equal(y->result.class, AVI_SERVER);
	assert_int_equal(y->result.others, OTHERS_WAIT_AND_SLOW_DOWN);
}

static void a_write_without_an_answer_ends_with_what_the_lease_leaves(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	bench_carry_out(y->bench, SCENE_FQDN);
	bench_world(y->bench, TTL, shop, 1);
	answers(y, NONE, NONE);
	y->bench->talk->ctl.hold = GS_UUID;
	keeper_says(&y->keeper, "term 5 3000 1300 fenced\n");
	ends(y, APPLY_FAILED, RECORD "PUT " GS_UUID "\n");
	assert_int_equal(y->result.class, AVI_NETWORK);
	assert_non_null(strstr(y->message, "no whole answer in the time that was left"));
	assert_false(fence_is_quiet(y->fence));
	controller_release(&y->bench->talk->ctl);
}

/* On the connection that the record was just read on: there a request would be sent again by itself. */
static void a_write_whose_connection_ends_is_not_sent_again(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	bench_carry_out(y->bench, SCENE_FQDN);
	bench_world(y->bench, TTL, shop, 1);
	answers(y, (struct scripted){ "PUT " GS_UUID, 0, "", NULL }, NONE);
	ends(y, APPLY_FAILED, RECORD "PUT " GS_UUID "\n");
	assert_int_equal(y->result.class, AVI_NETWORK);
	assert_non_null(y->result.unsure);
	assert_false(fence_is_quiet(y->fence));
}

/* Its lease ends meanwhile: it was sent all the same. */
static void nor_is_it_taken_for_one_that_was_never_sent(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	bench_carry_out(y->bench, SCENE_FQDN);
	bench_world(y->bench, TTL, shop, 1);
	answers(y, (struct scripted){ "PUT " GS_UUID, 0, "", NULL }, NONE);
	y->bench->talk->ctl.hold = GS_UUID;
	start(y);
	talk_run_until_held(y->bench->talk, 1);
	keeper_says(&y->keeper, "term 5 0 0 fenced\n");
	controller_release(&y->bench->talk->ctl);
	while (!y->n_results)
		uv_run(&y->bench->talk->loop, UV_RUN_ONCE);
	assert_int_equal(y->result.class, AVI_NETWORK);
	assert_false(fence_is_quiet(y->fence));
}

static void an_update_names_the_version_that_it_was_planned_from(void **state)
{
	struct yard *y = *state;
	const struct gs *had;
	struct gs *known;
	CLEANUP(cJSON_Deletep) cJSON *body = NULL;
	struct apply *apply;

	bench_world(y->bench, ALONE, shop, 1);
	bench_carry_out(y->bench, SCENE_FQDN);
	had = actual_find_gs(y->bench->actual, "admin", SCENE_FQDN);
	known = gs_copy(had);
	known->modified_us = 1716900000000000;
	actual_put_gs(y->bench->actual, &known);
	bench_world(y->bench, TTL, shop, 1);
	answers(y, NONE, NONE);
	y->bench->talk->ctl.hold = GS_UUID;
	apply = start(y);
	talk_run_until_held(y->bench->talk, 1);
	body = json_parse(http_body(y->bench->talk->ctl.held[0]), NULL);
	assert_text(json_str(body, "_last_modified"), "1716900000000000");
	apply_cancel(apply);
	controller_release(&y->bench->talk->ctl);
}

static void a_pass_may_be_given_up_while_it_waits(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	answers(y, NONE, NONE);
	apply_cancel(start(y));
	assert_int_equal(fence_count_waiting(y->fence), 0);
	talk_run_a_while(y->bench->talk);
	assert_int_equal(y->n_results, 0);
	assert_true(fence_is_quiet(y->fence));
}

static void a_write_that_is_cut_off_is_not_over(void **state)
{
	struct yard *y = *state;
	struct apply *apply;

	bench_world(y->bench, ALONE, shop, 1);
	answers(y, NONE, NONE);
	y->bench->talk->ctl.hold = GS;
	apply = start(y);
	talk_run_until_held(y->bench->talk, 1);
	apply_cancel(apply);
	assert_false(fence_is_quiet(y->fence));
	controller_release(&y->bench->talk->ctl);
}

/* One turn of the loop; time passes for a write that has just been let in. True: it did. */
static bool turn_slowly(struct yard *y)
{
	bool was_waiting = fence_count_waiting(y->fence) > 0;

	uv_run(&y->bench->talk->loop, UV_RUN_NOWAIT);
	if (!was_waiting || fence_count_waiting(y->fence) || y->n_results)
		return false;
	keeper_now_ms += 101;
	return true;
}

static void what_is_turned_back_at_its_sending_queues_anew(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	answers(y, (struct scripted){ "POST " GS, 201, "@gs" AT_SHOP, NULL }, NONE);
	start(y);
	while (!turn_slowly(y))
		;
	while (!y->n_results)
		uv_run(&y->bench->talk->loop, UV_RUN_ONCE);
	assert_int_equal(y->result.end, APPLY_DONE);
	assert_text(bench_asked(y->bench), RECORD RECORD "POST " GS "\n");
}

static void what_is_turned_back_again_and_again_fails(void **state)
{
	struct yard *y = *state;

	bench_world(y->bench, ALONE, shop, 1);
	answers(y, NONE, NONE);
	keeper_says(&y->keeper, "term 5 30000 30500 fenced\n");
	start(y);
	while (!y->n_results)
		turn_slowly(y);
	assert_int_equal(y->result.end, APPLY_FAILED);
	assert_text(y->message, "it takes longer to connect than a read of the leadership record is good for");
	assert_text(bench_asked(y->bench), RECORD RECORD RECORD RECORD RECORD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		YARD(nothing_is_sent_without_a_lease),
		YARD(the_record_is_read_once_for_what_follows_soon),
		YARD(a_deletion_is_sent_right_after_a_read),
		YARD(a_greater_claim_stops_what_is_queued),
		YARD(no_record_stops_it_too),
		YARD(a_record_that_cannot_be_read_is_the_controllers_failure),
		YARD(a_write_without_an_answer_ends_with_what_the_lease_leaves),
		YARD(a_write_whose_connection_ends_is_not_sent_again),
		YARD(nor_is_it_taken_for_one_that_was_never_sent),
		YARD(an_update_names_the_version_that_it_was_planned_from),
		YARD(a_pass_may_be_given_up_while_it_waits),
		YARD(a_write_that_is_cut_off_is_not_over),
		YARD(what_is_turned_back_at_its_sending_queues_anew),
		YARD(what_is_turned_back_again_and_again_fails),
	};

	talks_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
