/* Requests of a session, their answers, and its end. */
#include "tests/unit/avi_talk.h"

#include "common/base/log.h"
#include "common/base/metrics.h"

/* ---- answers ---- */

struct answer_case {
	const char *name, *method;
	struct scripted answers[2];
	enum avi_class class;
	const char *msg, *json;
	int64_t retry_after_ms;
};

#define GS "/api/gslbservice/gslbservice-1"
static const struct answer_case answer_cases[] = {
	{ "an object comes as JSON", "PUT", { { "PUT " GS "?x=1", 200, "{\"uuid\":\"u\"}\n", NULL } }, AVI_OK, "",
	  "{\"uuid\":\"u\"}", -1 },
	{ "no body is no JSON", "DELETE", { { "DELETE " GS "?x=1", 204, "", NULL } }, AVI_OK, "", NULL, -1 },
	{ "the controller's text is told", "PUT", { { "PUT " GS "?x=1", 400, "{\"error\": \"ttl: too\\nlarge\"}", NULL } },
	  AVI_REFUSED, "PUT " GS ": HTTP 400: ttl: too large", NULL, -1 },
	{ "the framework's text too", "PUT", { { "PUT " GS "?x=1", 403, "{\"detail\": \"CSRF Failed\"}", NULL } },
	  AVI_FORBIDDEN, "PUT " GS ": HTTP 403: CSRF Failed", NULL, -1 },
	{ "HTML is not told", "PUT", { { "PUT " GS "?x=1", 502, "<html>bad</html>", NULL } }, AVI_SERVER,
	  "PUT " GS ": HTTP 502", NULL, -1 },
	{ "a text with the session in it is not told", "PUT",
	  { { "PUT " GS "?x=1", 400, "{\"error\": \"session id-1 is odd\"}", NULL } }, AVI_REFUSED,
	  "PUT " GS ": HTTP 400", NULL, -1 },
	{ "a good answer that is no JSON cannot be read", "PUT",
	  { { "PUT " GS "?x=1", 200, "<html>", NULL } }, AVI_UNREADABLE,
	  "PUT " GS ": HTTP 200: not JSON: stopped at byte 0 of 6", NULL, -1 },
	{ "a wait is handed on", "PUT", { { "PUT " GS "?x=1", 429, "{\"error\": \"slow\"}", "Retry-After: 7" } },
	  AVI_THROTTLED, "PUT " GS ": HTTP 429: slow", NULL, 7000 },
};

static void the_answer_is_told(void **state)
{
	const struct answer_case *c = *state;
	void *made;

	talk_set_up(&made);
	struct talk *t = made;
	t->ctl.answers = c->answers;
	talk_ask_and_wait(t, c->method, GS "?x=1");
	assert_class(t, c->class);
	assert_text(t->last_err.msg, c->msg);
	assert_text(t->last_json, c->json);
	assert_int_equal(t->last.retry_after_ms, c->retry_after_ms);
	talk_tear_down(&made);
}

static void a_body_is_sent_as_it_is(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *body = json_parse(slice_of("{\"name\":\"a.example.org\",\"ttl\":30}"), NULL);
	CLEANUP(freep) char *sent = NULL;
	struct talk *t = *state;

	talk_ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/api/gslbservice/";
	avi_start(t->session, &(struct avi_request){ .method = "POST", .path = "/api/gslbservice/", .tenant = "blue",
						     .body = body, .done = talk_on_done, .arg = t });
	talk_run_until_held(t, 1);
	sent = slice_dup(http_body(t->ctl.held[0]));
	assert_text(sent, "{\"name\":\"a.example.org\",\"ttl\":30}");
	controller_release(&t->ctl);
	talk_run(t, 2);
}

static void a_send_that_is_not_allowed_does_not_happen(void **state)
{
	struct talk *t = *state;

	t->may_send = false;
	talk_ask_and_wait(t, "POST", "/api/gslbservice/");
	assert_class(t, AVI_UNSENT);
	assert_int_equal(t->last_err.code, ERR_CANCELLED);
	assert_int_equal(t->ctl.n_requests, 0);
	assert_int_equal(t->n_sends, 1);
}

static void a_request_that_takes_too_long_has_no_answer(void **state)
{
	struct talk *t = *state;

	talk_ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/api/gslb";
	avi_start(t->session, &(struct avi_request){
		.method = "GET", .path = "/api/gslb", .timeout_ms = 50, .done = talk_on_done, .arg = t });
	talk_run(t, 2);
	assert_class(t, AVI_NETWORK);
	assert_int_equal(t->last_err.code, ERR_RETRY);
	controller_release(&t->ctl);
}

static void what_is_left_of_the_time_counts_from_the_sending(void **state)
{
	struct talk *t = *state;

	t->within_ms = 50;
	t->ctl.hold = "/api/gslb";
	talk_ask_and_wait(t, "PUT", "/api/gslb");
	assert_class(t, AVI_NETWORK);
	assert_int_equal(t->last_err.code, ERR_RETRY);
	assert_contains(t->last_err.msg, "in the time that was left");
	controller_release(&t->ctl);
}

static void a_tenant_with_a_line_break_goes_nowhere(void **state)
{
	struct talk *t = *state;

	avi_start(t->session, &(struct avi_request){ .method = "GET", .path = "/api/cluster", .tenant = "a\r\nX-Evil: 1",
						     .done = talk_on_done, .arg = t });
	talk_run(t, 1);
	assert_class(t, AVI_REFUSED);
	assert_int_equal(t->ctl.n_requests, 0);
}

static void requests_are_counted(void **state)
{
	struct talk *t = *state;
	struct buf text;

	talk_ask_and_wait(t, "PUT", GS);
	buf_init(&text, 1 << 20);
	assert_true(metrics_text(&text));
	assert_contains(buf_str(&text), "amko_avi_requests_total{method=\"PUT\",type=\"gslbservice\",code=\"200\"} 1\n");
	assert_contains(buf_str(&text), "amko_avi_requests_total{method=\"POST\",type=\"login\",code=\"200\"} 1\n");
	assert_contains(buf_str(&text), "amko_avi_request_seconds_count{method=\"PUT\",type=\"gslbservice\"} 1\n");
	assert_contains(buf_str(&text), "amko_avi_logins_total{result=\"ok\"} 1\n");
	buf_release(&text);
}

/* ---- ends ---- */

static void what_is_cancelled_is_not_heard_of_again(void **state)
{
	struct talk *t = *state;

	t->ctl.hold = "/login";
	struct avi_call *waiting = talk_ask(t, "GET", "/api/cluster");
	talk_run_until_held(t, 1);
	avi_cancel(waiting);
	controller_release(&t->ctl);
	talk_run_a_while(t);
	struct avi_call *sent = talk_ask(t, "GET", "/api/cluster");
	avi_cancel(sent);
	t->ctl.hold = "/api/gslb";
	sent = talk_ask(t, "GET", "/api/gslb");
	talk_run_until_held(t, 1);
	avi_cancel(sent);
	avi_cancel(NULL);
	talk_run_a_while(t);
	assert_int_equal(t->n_done, 0);
	controller_release(&t->ctl);
}

static void on_object(void *arg, const cJSON *object)
{
	(void)arg, (void)object;
	fail_msg("an object after the end");
}

static void a_session_may_be_freed_during_a_login(void **state)
{
	struct talk *t = *state;

	t->ctl.hold = "/login";
	talk_ask(t, "GET", "/api/cluster");
	avi_list_start(t->session, "/api/gslbservice", "*", on_object, talk_on_done, t);
	talk_run_until_held(t, 1);
	avi_session_free(TAKE(t->session));
	controller_release(&t->ctl);
	talk_run_a_while(t);
	assert_int_equal(t->n_done, 0);
}

static void free_on_done(void *arg, const struct avi_reply *reply)
{
	struct talk *t = arg;

	(void)reply;
	uv_stop(&t->loop);
	t->n_done++;
	avi_session_free(TAKE(t->session));
}

static void a_session_may_be_freed_by_an_answer(void **state)
{
	struct talk *t = *state;

	for (int i = 0; i < 3; i++)
		avi_start(t->session, &(struct avi_request){
			.method = "GET", .path = "/api/cluster", .done = free_on_done, .arg = t });
	talk_run(t, 1);
	talk_run_a_while(t);
	assert_int_equal(t->n_done, 1);
}

static void a_session_may_be_freed_by_a_failure(void **state)
{
	struct talk *t = *state;

	t->ctl.password = "another";
	a_session_may_be_freed_by_an_answer(state);
	assert_int_equal(t->ctl.n_logins, 1);
}

static void on_logged_out(void *arg)
{
	struct talk *t = arg;

	uv_stop(&t->loop);
	t->n_logged_out++;
}

static void run_until_logged_out(struct talk *t, size_t n)
{
	assert_int_equal(t->n_logged_out, n - 1);
	while (t->n_logged_out < n)
		uv_run(&t->loop, UV_RUN_ONCE);
}

static void a_logout_ends_the_session(void **state)
{
	struct talk *t = *state;

	talk_ask_and_wait(t, "GET", "/api/cluster");
	avi_session_logout(t->session, on_logged_out, t);
	run_until_logged_out(t, 1);
	assert_int_equal(t->ctl.valid, 0);
	assert_text(t->ctl.cookie, "csrftoken=csrf-1; sessionid=id-1; avi-sessionid=id-1");
	assert_text(t->ctl.csrf, "csrf-1");
	assert_false(avi_session_is_connected(t->session));
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_UNSENT);
	assert_int_equal(t->last_err.code, ERR_CANCELLED);
	avi_session_logout(t->session, on_logged_out, t);
	run_until_logged_out(t, 2);
	assert_text(buf_str(&t->ctl.log), "POST /login\nGET /api/cluster\nPOST /logout\n");
	avi_session_set_credentials(t->session, "admin", &t->password);
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_OK);
}

static void a_logout_during_a_login_fails_what_waits(void **state)
{
	struct talk *t = *state;

	t->ctl.hold = "/login";
	talk_ask(t, "GET", "/api/cluster");
	talk_run_until_held(t, 1);
	avi_session_logout(t->session, on_logged_out, t);
	talk_run(t, 1);
	assert_int_equal(t->n_logged_out, 1);
	assert_class(t, AVI_UNSENT);
	controller_release(&t->ctl);
}

static void a_session_may_be_freed_during_a_logout(void **state)
{
	struct talk *t = *state;

	talk_ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/logout";
	avi_session_logout(t->session, on_logged_out, t);
	talk_run_until_held(t, 1);
	avi_session_free(TAKE(t->session));
	controller_release(&t->ctl);
	talk_run_a_while(t);
	assert_int_equal(t->n_logged_out, 0);
}

static void nothing_secret_is_logged(void **state)
{
	struct talk *t = *state;
	char *text = NULL;
	size_t n = 0;
	FILE *stream = open_memstream(&text, &n);

	log_set_stream(stream);
	log_set_level(LOG_DEBUG);
	talk_ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.valid = 0;
	talk_ask_and_wait(t, "GET", "/api/cluster");
	log_set_level(LOG_ERROR);
	log_set_stream(NULL);
	fclose(stream);
	assert_contains(text, "avi_login");
	assert_null(strstr(text, AVI_PASSWORD));
	assert_null(strstr(text, "id-1"));
	assert_null(strstr(text, "csrf-"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest talks[] = {
		TALK(a_body_is_sent_as_it_is),
		TALK(a_send_that_is_not_allowed_does_not_happen),
		TALK(a_request_that_takes_too_long_has_no_answer),
		TALK(what_is_left_of_the_time_counts_from_the_sending),
		TALK(a_tenant_with_a_line_break_goes_nowhere),
		TALK(requests_are_counted),
		TALK(what_is_cancelled_is_not_heard_of_again),
		TALK(a_session_may_be_freed_during_a_login),
		TALK(a_session_may_be_freed_by_an_answer),
		TALK(a_session_may_be_freed_by_a_failure),
		TALK(a_logout_ends_the_session),
		TALK(a_logout_during_a_login_fails_what_waits),
		TALK(a_session_may_be_freed_during_a_logout),
		TALK(nothing_secret_is_logged),
	};
	int n_failed;

	talks_begin();
	n_failed = cmocka_run_group_tests(talks, NULL, NULL);
	n_failed += RUN_TABLE(the_answer_is_told, answer_cases);
	return n_failed;
}
