/* The queue of names, in talk with a controller. */
#include "tests/unit/bench.h"

#define ALONE "'controlPlaneHmOnly': true"         /* no monitors: one operation a name */
#define TTL "'ttl': 30," ALONE

static const struct scene_object shop[] = { { KIND_INGRESS, "east", "web/shop", "10.0.0.1", .paths = "/" } };

struct queue {
	struct bench *bench;
	struct reconcile *reconcile;
	size_t n_results, n_idle, n_plans;
	bool may_write;
	enum apply_end end;            /* of the last result */
	struct strs results;           /* "a.org done" */
};

static void make_plan(void *arg, const char *fqdn, struct wanted *wanted, struct plan *plan)
{
	struct queue *q = arg;

	q->n_plans++;
	bench_plan(q->bench, fqdn, wanted, plan);
}

static void on_result(void *arg, const char *fqdn, const struct apply_result *result)
{
	static const char *const names[] = {
		[APPLY_DONE] = "done", [APPLY_AGAIN] = "again", [APPLY_FAILED] = "failed", [APPLY_FOREIGN] = "foreign",
		[APPLY_FENCED] = "fenced",
	};
	struct queue *q = arg;

	assert_non_null(result->message);
	q->n_results++;
	q->end = result->end;
	strs_take(&q->results, xasprintf("%s %s", fqdn, names[result->end]));
	uv_stop(&q->bench->talk->loop);
}

static void on_idle(void *arg)
{
	struct queue *q = arg;

	q->n_idle++;
	uv_stop(&q->bench->talk->loop);
}

static bool may_write(const void *arg)
{
	return ((const struct queue *)arg)->may_write;
}

static int set_up(void **state)
{
	struct queue *q = xcalloc(1, sizeof(*q));

	q->bench = bench_new();
	q->may_write = true;
	q->reconcile = reconcile_new(&(struct reconcile_options){
		.loop = &q->bench->talk->loop, .make_plan = make_plan, .may_write = may_write, .on_result = on_result,
		.on_idle = on_idle, .arg = q });
	reconcile_set_target(q->reconcile, &q->bench->options);
	reconcile_resume(q->reconcile);
	*state = q;
	return 0;
}

static int tear_down(void **state)
{
	struct queue *q = *state;

	reconcile_free(q->reconcile);
	bench_free(q->bench);
	strs_release(&q->results);
	free(q);
	return 0;
}

/* The controller has all these names; what is wanted of each is another ttl. */
static void have(struct queue *q, const char *names)
{
	struct slice rest = slice_of(names), name;

	bench_world(q->bench, ALONE, shop, 1);
	while (rest.n && slice_split(&rest, ' ', &name)) {
		CLEANUP(freep) char *fqdn = slice_dup(name);

		bench_carry_out(q->bench, fqdn);
	}
	bench_world(q->bench, TTL, shop, 1);
}

static void mark(struct queue *q, const char *names)
{
	struct slice rest = slice_of(names), name;

	while (rest.n && slice_split(&rest, ' ', &name)) {
		CLEANUP(freep) char *fqdn = slice_dup(name);

		reconcile_mark(q->reconcile, fqdn);
	}
}

static void run_until_idle(struct queue *q)
{
	for (size_t n = q->n_idle; q->n_idle == n; )
		uv_run(&q->bench->talk->loop, UV_RUN_ONCE);
}

static void run_until_results(struct queue *q, size_t n)
{
	while (q->n_results < n)
		uv_run(&q->bench->talk->loop, UV_RUN_ONCE);
}

static void assert_counts(const struct queue *q, size_t n_pending, size_t n_in_flight, size_t n_failing)
{
	struct reconcile_counts counts;

	reconcile_counts(q->reconcile, &counts);
	assert_int_equal(counts.n_pending, n_pending);
	assert_int_equal(counts.n_in_flight, n_in_flight);
	assert_int_equal(counts.n_failing, n_failing);
}

static void assert_fenced(const struct queue *q, size_t n)
{
	struct reconcile_counts counts;

	reconcile_counts(q->reconcile, &counts);
	assert_int_equal(counts.n_fenced, n);
}

static void assert_results(const struct queue *q, const char *want)
{
	CLEANUP(freep) char *got = strs_join(&q->results, ", ");

	assert_text(got, want);
}

static void add_failing(void *arg, const char *fqdn, const char *message)
{
	strs_take(arg, xasprintf("%s: %s", fqdn, message));
}

static void assert_failing(const struct queue *q, const char *want)
{
	CLEANUP(strs_release) struct strs failing = { 0 };
	CLEANUP(freep) char *got = NULL;

	reconcile_each_failing(q->reconcile, 10, add_failing, &failing);
	got = strs_join(&failing, "; ");
	assert_text(got, want);
}

#define PUT(name) "PUT /api/gslbservice/gslbservice-" name
#define ANSWERS(q, ...) do { \
		static const struct scripted answers_[] = { __VA_ARGS__ }; \
		bench_answers((q)->bench, answers_, ARRAY_SIZE(answers_)); \
	} while (0)

/* ---- passes ---- */

static void a_name_that_is_as_it_should_be_is_forgotten(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	bench_world(q->bench, ALONE, shop, 1);
	mark(q, "a.org");
	assert_counts(q, 1, 0, 0);
	run_until_idle(q);
	assert_counts(q, 0, 0, 0);
	assert_int_equal(q->n_plans, 1);
	assert_text(bench_asked(q->bench), "");
}

static void a_name_is_written_once_and_looked_at_again(void **state)
{
	struct queue *q = *state;
	struct reconcile_counts counts;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL });
	mark(q, "a.org a.org");
	run_until_idle(q);
	assert_results(q, "a.org done");
	assert_int_equal(q->n_plans, 2);
	assert_text(bench_asked(q->bench), PUT("a.org") "\n");
	assert_counts(q, 0, 0, 0);
	reconcile_counts(q->reconcile, &counts);
	assert_int_equal(counts.n_passes, 1);
}

static void a_name_marked_while_in_flight_is_looked_at_again(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL });
	q->bench->talk->ctl.hold = "/api/gslbservice/gslbservice-a.org";
	mark(q, "a.org");
	talk_run_until_held(q->bench->talk, 1);
	bench_world(q->bench, "'ttl': 31," ALONE, shop, 1);
	mark(q, "a.org");
	assert_counts(q, 0, 1, 0);
	controller_release(&q->bench->talk->ctl);
	run_until_results(q, 1);
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL });
	run_until_idle(q);
	assert_results(q, "a.org done, a.org done");
	assert_text(bench_asked(q->bench), PUT("a.org") "\n" PUT("a.org") "\n");
}

/* What failed was the old plan: the new one need not wait. */
static void a_name_marked_while_its_pass_fails_does_not_wait(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 400, "{\"error\": \"no\"}", NULL });
	q->bench->talk->ctl.hold = "/api/gslbservice/gslbservice-a.org";
	mark(q, "a.org");
	talk_run_until_held(q->bench->talk, 1);
	bench_world(q->bench, ALONE, shop, 1);
	mark(q, "a.org");
	controller_release(&q->bench->talk->ctl);
	run_until_idle(q);
	assert_results(q, "a.org failed");
	assert_counts(q, 0, 0, 0);
}

static void what_has_gone_under_the_plan_is_planned_anew_at_once(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 404, "{}", NULL }, { "POST /api/gslbservice/", 201, "@gs a.org", NULL });
	mark(q, "a.org");
	run_until_idle(q);
	assert_results(q, "a.org again, a.org done");
	assert_text(bench_asked(q->bench), PUT("a.org") "\nGET /api/gslbservice?include_name=&name=a.org\nPOST /api/gslbservice/\n");
}

/* ---- failures ---- */

static void a_failing_name_does_not_hold_others(void **state)
{
	struct queue *q = *state;

	have(q, "a.org b.org c.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL }, { PUT("b.org"), 400, "{\"error\": \"no such thing\"}", NULL },
		{ PUT("c.org"), 200, "@gs c.org", NULL });
	mark(q, "b.org a.org c.org");
	run_until_idle(q);
	assert_counts(q, 0, 0, 1);
	assert_int_equal(q->n_results, 3);
	assert_failing(q, "b.org: PUT /api/gslbservice/gslbservice-b.org: HTTP 400: no such thing");
}

static void a_failing_name_is_tried_again_by_itself(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 400, "{\"error\": \"no\"}", NULL });
	mark(q, "a.org");
	run_until_idle(q);
	assert_counts(q, 0, 0, 1);
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL });
	run_until_idle(q);
	assert_results(q, "a.org failed, a.org done");
	assert_counts(q, 0, 0, 0);
	assert_failing(q, "");
}

#define TWENTY "a.1 a.2 a.3 a.4 a.5 a.6 a.7 a.8 a.9 a.10 a.11 a.12 a.13 a.14 a.15 a.16 a.17 a.18 a.19 a.20"

/* Each waits less than a second; together they would be twenty requests in it. */
static void many_failing_names_are_tried_again_a_few_at_a_time(void **state)
{
	struct queue *q = *state;
	uint64_t begin_ns;

	bench_world(q->bench, ALONE, shop, 1);
	ANSWERS(q, { "POST /api/gslbservice/", 403, "{\"error\": \"not you\"}", NULL });
	mark(q, TWENTY);
	run_until_results(q, 20);
	run_until_results(q, 21);
	begin_ns = uv_hrtime();
	run_until_results(q, 29);
	assert_true(uv_hrtime() - begin_ns > 800 * 1000000ull);
	mark(q, TWENTY);               /* what changes is not held back */
	assert_failing(q, "");
}

static void a_failing_name_whose_inputs_change_does_not_wait(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 429, "{}", "Retry-After: 60" });
	mark(q, "a.org");
	run_until_idle(q);
	assert_counts(q, 0, 0, 1);
	mark(q, "a.org");
	assert_counts(q, 1, 0, 0);
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL });
	run_until_idle(q);
	assert_results(q, "a.org failed, a.org done");
}

static void all_that_wait_may_be_tried_at_once(void **state)
{
	struct queue *q = *state;

	have(q, "a.org b.org");
	ANSWERS(q, { PUT("a.org"), 429, "{}", "Retry-After: 60" }, { PUT("b.org"), 429, "{}", "Retry-After: 60" });
	mark(q, "a.org b.org");
	run_until_idle(q);
	assert_counts(q, 0, 0, 2);
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL }, { PUT("b.org"), 200, "@gs b.org", NULL });
	reconcile_retry_all(q->reconcile);
	assert_counts(q, 2, 0, 0);
	run_until_idle(q);
	assert_counts(q, 0, 0, 0);
}

#define BY_NAME(name) "GET /api/gslbservice?include_name=&name=" name

static void a_write_without_an_answer_is_looked_for_before_the_next_plan(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 503, "", NULL }, { BY_NAME("a.org"), 200, "[@gs a.org]", NULL });
	mark(q, "a.org");
	run_until_idle(q);
	assert_text(bench_asked(q->bench), PUT("a.org") "\n");
	assert_counts(q, 0, 0, 1);
	run_until_idle(q);
	assert_results(q, "a.org failed, a.org again");
	assert_text(bench_asked(q->bench), PUT("a.org") "\n" BY_NAME("a.org") "\n");
	assert_int_equal(q->n_plans, 2);
	assert_counts(q, 0, 0, 0);
}

static void a_controller_that_is_away_is_not_asked_for_what_was_lost(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 503, "", NULL }, { BY_NAME("a.org"), 200, "[@gs a.org older]", NULL });
	mark(q, "a.org");
	run_until_results(q, 1);
	reconcile_pause(q->reconcile);
	mark(q, "a.org");
	talk_run_a_while(q->bench->talk);
	assert_text(bench_asked(q->bench), PUT("a.org") "\n");
	ANSWERS(q, { BY_NAME("a.org"), 200, "[@gs a.org older]", NULL }, { PUT("a.org"), 200, "@gs a.org", NULL });
	reconcile_resume(q->reconcile);
	run_until_idle(q);
	assert_text(bench_asked(q->bench), PUT("a.org") "\n" BY_NAME("a.org") "\n" PUT("a.org") "\n");
	assert_counts(q, 0, 0, 0);
}

/* Else the service would stay behind, as nothing of it is known. */
static void a_lost_creation_is_looked_for_although_nothing_is_wanted_any_more(void **state)
{
	struct queue *q = *state;

	bench_world(q->bench, ALONE, shop, 1);
	ANSWERS(q, { "POST /api/gslbservice/", 503, "", NULL });
	mark(q, "a.org");
	run_until_results(q, 1);
	ANSWERS(q, { BY_NAME("a.org"), 200, "[@gs a.org]", NULL }, { "DELETE /api/gslbservice/gslbservice-a.org", 204, "", NULL });
	bench_world(q->bench, ALONE, NULL, 0);
	mark(q, "a.org");
	run_until_idle(q);
	assert_results(q, "a.org failed, a.org again, a.org done");
	assert_counts(q, 0, 0, 0);
}

static void somebody_elses_name_waits(void **state)
{
	struct queue *q = *state;

	bench_world(q->bench, ALONE, shop, 1);
	ANSWERS(q, { "POST /api/gslbservice/", 409, "{\"error\": \"taken\"}", NULL },
		{ "GET /api/gslbservice?include_name=&name=a.org", 200, "[@gs a.org foreign]", NULL });
	mark(q, "a.org");
	run_until_idle(q);
	assert_results(q, "a.org foreign");
	assert_failing(q, "a.org: POST /api/gslbservice/: HTTP 409: taken");
}

/* The answer is what the controller has: when it is not what was sent, more of the same would not help. */
static void a_controller_that_disagrees_is_not_written_to_for_ever(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org older", NULL });
	mark(q, "a.org");
	run_until_idle(q);
	assert_int_equal(q->bench->talk->ctl.n_requests, 3);
	assert_failing(q, "a.org: after 3 passes the controller still differs: update service a.org (ttl)");
	mark(q, "a.org");
	run_until_idle(q);
	assert_int_equal(q->bench->talk->ctl.n_requests, 6);
	assert_counts(q, 0, 0, 1);
}

static void passes_count_anew_when_the_inputs_change_before_the_next_one(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org older", NULL });
	mark(q, "a.org");
	for (size_t i = 1; i <= 5; i++) {
		run_until_results(q, i);
		assert_counts(q, 1, 0, 0);
		mark(q, "a.org");
	}
	run_until_idle(q);
	assert_int_equal(q->n_results, 5 + 3);
	assert_counts(q, 0, 0, 1);
}

static void a_disagreement_is_told_in_the_controllers_words(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 412, "{\"error\": \"Concurrent Update Error\"}", NULL },
		{ "GET /api/gslbservice?include_name=&name=a.org", 200, "[@gs a.org older]", NULL });
	mark(q, "a.org");
	run_until_idle(q);
	assert_results(q, "a.org again, a.org again, a.org again");
	assert_failing(q, "a.org: after 3 passes the controller still differs: update service a.org (ttl): "
			  "PUT /api/gslbservice/gslbservice-a.org: HTTP 412: Concurrent Update Error");
}

/* ---- what may not be written ---- */

static void what_needs_no_write_needs_no_leave(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	bench_world(q->bench, ALONE, shop, 1);
	q->may_write = false;
	mark(q, "a.org");
	run_until_idle(q);
	assert_fenced(q, 0);
	assert_counts(q, 0, 0, 0);
}

static void what_may_not_be_written_waits_until_it_may(void **state)
{
	struct queue *q = *state;

	have(q, "a.org b.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL }, { PUT("b.org"), 200, "@gs b.org", NULL });
	q->may_write = false;
	mark(q, "a.org b.org");
	run_until_idle(q);
	assert_fenced(q, 2);
	assert_counts(q, 0, 0, 0);
	assert_failing(q, "");
	assert_int_equal(q->n_results, 0);
	q->may_write = true;
	reconcile_lift_fence(q->reconcile);
	assert_fenced(q, 0);
	run_until_idle(q);
	assert_text(bench_asked(q->bench), PUT("a.org") "\n" PUT("b.org") "\n");
}

static void what_waits_for_leave_is_planned_anew_when_it_changes(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	q->may_write = false;
	mark(q, "a.org");
	run_until_idle(q);
	assert_fenced(q, 1);
	bench_world(q->bench, ALONE, shop, 1);
	mark(q, "a.org");
	run_until_idle(q);
	assert_fenced(q, 0);
	assert_text(bench_asked(q->bench), "");
}

static void what_is_cut_off_is_read_before_it_is_planned_anew(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	q->bench->talk->ctl.hold = "/api/gslbservice/gslbservice-a.org";
	mark(q, "a.org");
	talk_run_until_held(q->bench->talk, 1);
	q->may_write = false;
	reconcile_cut_off(q->reconcile);
	assert_counts(q, 1, 0, 0);
	run_until_idle(q);
	assert_fenced(q, 1);
	assert_results(q, "a.org again");
	assert_text(bench_asked(q->bench), PUT("a.org") "\nGET /api/gslbservice?include_name=&name=a.org\n");
	controller_release(&q->bench->talk->ctl);
}

/* ---- pause, target, width ---- */

static void nothing_starts_while_it_is_paused(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL });
	reconcile_pause(q->reconcile);
	assert_true(reconcile_is_paused(q->reconcile));
	mark(q, "a.org");
	talk_run_a_while(q->bench->talk);
	assert_text(bench_asked(q->bench), "");
	assert_counts(q, 1, 0, 0);
	reconcile_resume(q->reconcile);
	run_until_idle(q);
	assert_results(q, "a.org done");
}

static void what_is_in_flight_goes_on_to_its_end(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL });
	q->bench->talk->ctl.hold = "/api/gslbservice/gslbservice-a.org";
	mark(q, "a.org");
	talk_run_until_held(q->bench->talk, 1);
	reconcile_pause(q->reconcile);
	controller_release(&q->bench->talk->ctl);
	run_until_results(q, 1);
	assert_results(q, "a.org done");
	talk_run_a_while(q->bench->talk);
	assert_counts(q, 1, 0, 0);     /* to be looked at once more */
}

static void another_target_cuts_off_what_is_in_flight(void **state)
{
	struct queue *q = *state;

	have(q, "a.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL });
	q->bench->talk->ctl.hold = "/api/gslbservice/gslbservice-a.org";
	mark(q, "a.org");
	talk_run_until_held(q->bench->talk, 1);
	reconcile_set_target(q->reconcile, NULL);
	assert_counts(q, 1, 0, 0);
	controller_release(&q->bench->talk->ctl);
	reconcile_resume(q->reconcile);
	talk_run_a_while(q->bench->talk);
	assert_int_equal(q->n_results, 0);
	assert_counts(q, 1, 0, 0);
	reconcile_set_target(q->reconcile, &q->bench->options);
	assert_true(reconcile_is_paused(q->reconcile));
	reconcile_resume(q->reconcile);
	run_until_idle(q);
	assert_results(q, "a.org done");
}

#define TEN "a.org b.org c.org d.org e.org f.org g.org h.org i.org j.org"

static void at_most_eight_are_in_flight(void **state)
{
	struct queue *q = *state;

	bench_world(q->bench, ALONE, shop, 1);
	q->bench->talk->ctl.hold = "/api/gslbservice/";
	mark(q, TEN);
	talk_run_until_held(q->bench->talk, 8);
	talk_run_a_while(q->bench->talk);
	assert_int_equal(q->bench->talk->ctl.n_held, 8);
	assert_counts(q, 2, 8, 0);
	controller_release(&q->bench->talk->ctl);
}

static void fewer_are_in_flight_while_the_controller_is_overloaded(void **state)
{
	struct queue *q = *state;

	bench_world(q->bench, ALONE, shop, 1);
	ANSWERS(q, { "POST /api/gslbservice/", 429, "{}", NULL });
	q->bench->talk->ctl.hold = "/api/gslbservice/";
	mark(q, TEN);
	talk_run_until_held(q->bench->talk, 8);
	controller_release(&q->bench->talk->ctl);
	q->bench->talk->ctl.hold = "/api/gslbservice/";
	run_until_results(q, 8);
	talk_run_until_held(q->bench->talk, 1);
	talk_run_a_while(q->bench->talk);
	assert_counts(q, 1, 1, 8);
	controller_release(&q->bench->talk->ctl);
}

/* ---- listings ---- */

static void assert_noted(struct queue *q, const char *want)
{
	CLEANUP(strs_release) struct strs noted = { 0 };
	CLEANUP(freep) char *got = NULL;

	reconcile_noted(q->reconcile, &noted);
	strs_sort(&noted);
	got = strs_join(&noted, " ");
	assert_text(got, want);
}

static void what_is_written_during_a_listing_is_noted(void **state)
{
	struct queue *q = *state;

	have(q, "a.org b.org c.org d.org");
	ANSWERS(q, { PUT("a.org"), 200, "@gs a.org", NULL }, { PUT("b.org"), 200, "@gs b.org", NULL },
		{ PUT("c.org"), 400, "{\"error\": \"no\"}", NULL }, { PUT("d.org"), 200, "@gs d.org", NULL });
	mark(q, "a.org");
	run_until_idle(q);             /* before the listing */
	q->bench->talk->ctl.hold = "/api/gslbservice/gslbservice-b.org";
	mark(q, "b.org");
	talk_run_until_held(q->bench->talk, 1);
	reconcile_note_start(q->reconcile);
	controller_release(&q->bench->talk->ctl);
	mark(q, "c.org");
	run_until_idle(q);
	q->bench->talk->ctl.hold = "/api/gslbservice/gslbservice-d.org";
	mark(q, "d.org");
	talk_run_until_held(q->bench->talk, 1);
	assert_noted(q, "b.org c.org d.org");
	controller_release(&q->bench->talk->ctl);
	run_until_idle(q);
	reconcile_note_start(q->reconcile);
	assert_noted(q, "");
}

static void it_may_be_freed_at_any_time(void **state)
{
	struct queue *q = *state;

	have(q, "a.org b.org");
	ANSWERS(q, { PUT("b.org"), 400, "{}", NULL });
	mark(q, "b.org");
	run_until_idle(q);
	q->bench->talk->ctl.hold = "/api/gslbservice/gslbservice-a.org";
	mark(q, "a.org");
	talk_run_until_held(q->bench->talk, 1);
	mark(q, "c.org");
	assert_counts(q, 1, 1, 1);
	reconcile_free(TAKE(q->reconcile));
	controller_release(&q->bench->talk->ctl);
	talk_run_a_while(q->bench->talk);
	assert_int_equal(q->n_results, 1);
}

#define QUEUE(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE(a_name_that_is_as_it_should_be_is_forgotten),
		QUEUE(a_name_is_written_once_and_looked_at_again),
		QUEUE(a_name_marked_while_in_flight_is_looked_at_again),
		QUEUE(a_name_marked_while_its_pass_fails_does_not_wait),
		QUEUE(what_has_gone_under_the_plan_is_planned_anew_at_once),
		QUEUE(a_failing_name_does_not_hold_others),
		QUEUE(a_failing_name_is_tried_again_by_itself),
		QUEUE(many_failing_names_are_tried_again_a_few_at_a_time),
		QUEUE(a_failing_name_whose_inputs_change_does_not_wait),
		QUEUE(all_that_wait_may_be_tried_at_once),
		QUEUE(a_write_without_an_answer_is_looked_for_before_the_next_plan),
		QUEUE(a_controller_that_is_away_is_not_asked_for_what_was_lost),
		QUEUE(a_lost_creation_is_looked_for_although_nothing_is_wanted_any_more),
		QUEUE(somebody_elses_name_waits),
		QUEUE(a_controller_that_disagrees_is_not_written_to_for_ever),
		QUEUE(passes_count_anew_when_the_inputs_change_before_the_next_one),
		QUEUE(a_disagreement_is_told_in_the_controllers_words),
		QUEUE(what_needs_no_write_needs_no_leave),
		QUEUE(what_may_not_be_written_waits_until_it_may),
		QUEUE(what_waits_for_leave_is_planned_anew_when_it_changes),
		QUEUE(what_is_cut_off_is_read_before_it_is_planned_anew),
		QUEUE(nothing_starts_while_it_is_paused),
		QUEUE(what_is_in_flight_goes_on_to_its_end),
		QUEUE(another_target_cuts_off_what_is_in_flight),
		QUEUE(at_most_eight_are_in_flight),
		QUEUE(fewer_are_in_flight_while_the_controller_is_overloaded),
		QUEUE(what_is_written_during_a_listing_is_noted),
		QUEUE(it_may_be_freed_at_any_time),
	};

	talks_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
