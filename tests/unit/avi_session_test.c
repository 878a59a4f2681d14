/* Conversations of a session with a scripted controller. */
#include "tests/unit/unit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/avi/internal.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/io/http_server.h"

#define PASSWORD "s3cret-Passw0rd"
#define EMPTY_LIST "{\"count\": 0, \"results\": []}"
#define MAX_HELD 64

struct scripted {
	const char *target;            /* "GET /api/cluster"; NULL ends the list */
	int status;
	const char *body;
	const char *header;
};

struct controller {
	struct http_server *server;
	struct buf log;                /* "POST /login\n..." */
	const char *password;
	int n_logins, n_requests;      /* requests: all but logins and logouts */
	int valid;                     /* session "id-<valid>" is known; 0: none */
	int login_status;              /* answers logins with it, unless 0 */
	const char *login_body;
	bool has_no_cookies, knows_nobody;
	const char *hold;              /* requests with this target are kept until release() */
	struct http_exchange *held[MAX_HELD];
	size_t n_held;
	const struct scripted *answers;
	char tenant[64], version[64], referer[64], cookie[256], csrf[64], type[64];
};

struct talk {
	uv_loop_t loop;
	uv_timer_t guard;
	struct http_client *client;
	struct avi_session *session;
	struct controller ctl;
	struct secret password;
	size_t n_done, n_of_class[AVI_REFUSED + 1], n_sends;
	bool may_send;
	struct avi_reply last;
	struct err last_err;
	char *last_json;
	struct strs names;             /* of a list */
	struct avi_list *list;
	size_t n_logged_out;
};

/* ---- the controller ---- */

static void keep(char *to, size_t size, struct http_exchange *x, const char *header)
{
	const char *value = http_header(x, header);

	snprintf(to, size, "%s", value ? value : "(none)");
}

static void answer_login(struct controller *ctl, struct http_exchange *x)
{
	CLEANUP(freep) char *body = slice_dup(http_body(x));
	CLEANUP(freep) char *csrf = NULL, *id = NULL, *avi_id = NULL;

	if (ctl->login_status) {
		http_answer(x, ctl->login_status, "application/json", slice_of(ctl->login_body), NULL);
		return;
	}
	if (!strstr(body, ctl->password)) {
		http_answer(x, 401, "application/json", slice_of("{\"error\": \"Invalid credentials\"}"), NULL);
		return;
	}
	ctl->valid = ctl->n_logins;
	csrf = xasprintf("Set-Cookie: csrftoken=csrf-%d; Path=/; Secure", ctl->valid);
	id = xasprintf("Set-Cookie: sessionid=id-%d; Path=/; HttpOnly; Secure", ctl->valid);
	avi_id = xasprintf("Set-Cookie: avi-sessionid=id-%d; Path=/; HttpOnly; Secure", ctl->valid);
	http_answer(x, 200, "application/json", slice_of(ctl->login_body ? ctl->login_body : "{}"),
		    (const char *const[]){ ctl->has_no_cookies ? NULL : csrf, id, avi_id, NULL });
}

static bool is_known(const struct controller *ctl, struct http_exchange *x)
{
	CLEANUP(freep) char *wanted = xasprintf("csrftoken=csrf-%d; sessionid=id-%d; avi-sessionid=id-%d", ctl->valid,
						ctl->valid, ctl->valid);
	const char *cookie = http_header(x, "Cookie");

	if (ctl->knows_nobody)
		return false;
	return ctl->has_no_cookies || (ctl->valid && cookie && streq(cookie, wanted));
}

static void answer_rest(struct controller *ctl, struct http_exchange *x)
{
	CLEANUP(freep) char *target = xasprintf("%s %s", http_method(x), http_raw_target(x));

	if (!is_known(ctl, x)) {
		http_answer(x, 401, "application/json",
			    slice_of("{\"detail\": \"Authentication credentials were not provided.\"}"), NULL);
		return;
	}
	for (const struct scripted *a = ctl->answers; a && a->target; a++) {
		if (!streq(a->target, target))
			continue;
		http_answer(x, a->status, "application/json", slice_of(a->body),
			    (const char *const[]){ a->header, NULL });
		return;
	}
	http_answer(x, 200, "application/json", slice_of(EMPTY_LIST), NULL);
}

static void answer(struct controller *ctl, struct http_exchange *x)
{
	if (streq(http_path(x), "/login")) {
		answer_login(ctl, x);
	} else if (streq(http_path(x), "/logout")) {
		ctl->valid = 0;
		http_answer(x, 200, "application/json", slice_of("{}"), NULL);
	} else {
		answer_rest(ctl, x);
	}
}

static void on_request(void *arg, struct http_exchange *x)
{
	struct controller *ctl = arg;

	buf_printf(&ctl->log, "%s %s\n", http_method(x), http_raw_target(x));
	keep(ctl->tenant, sizeof(ctl->tenant), x, "X-Avi-Tenant");
	keep(ctl->version, sizeof(ctl->version), x, "X-Avi-Version");
	keep(ctl->referer, sizeof(ctl->referer), x, "Referer");
	keep(ctl->cookie, sizeof(ctl->cookie), x, "Cookie");
	keep(ctl->csrf, sizeof(ctl->csrf), x, "X-CSRFToken");
	keep(ctl->type, sizeof(ctl->type), x, "Content-Type");
	if (streq(http_path(x), "/login"))
		ctl->n_logins++;
	else if (!streq(http_path(x), "/logout"))
		ctl->n_requests++;
	if (ctl->hold && streq(ctl->hold, http_path(x)) && ctl->n_held < MAX_HELD)
		ctl->held[ctl->n_held++] = x;
	else
		answer(ctl, x);
}

static void release(struct controller *ctl)
{
	size_t n = ctl->n_held;

	ctl->hold = NULL;
	ctl->n_held = 0;
	for (size_t i = 0; i < n; i++)
		answer(ctl, ctl->held[i]);
}

/* ---- the talk ---- */

static void on_too_long(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("nothing happened for too long");
}

static void talk_server(struct talk *t, const char *cert_pem, const char *key_pem)
{
	struct err err = { 0 };

	t->ctl.password = PASSWORD;
	buf_init(&t->ctl.log, 1 << 20);
	t->ctl.server = http_server_new(&t->loop, &(struct http_server_options){
		.listen = "127.0.0.1:0", .cert_pem = cert_pem, .key_pem = key_pem, .max_body_bytes = 1 << 16,
		.handler = on_request, .arg = &t->ctl }, &err);
	if (!t->ctl.server)
		fail_msg("%s", err.msg);
}

static void talk_session(struct talk *t, int port, const char *version, bool is_plain, const char *ca_pem)
{
	CLEANUP(freep) char *host = xasprintf("127.0.0.1:%d", port);

	secret_set(&t->password, slice_of(PASSWORD));
	t->client = http_client_new(&t->loop, 8);
	t->session = avi_session_new(&(struct avi_session_options){
		.http = t->client, .loop = &t->loop, .controller = host, .version = version, .username = "admin",
		.password = &t->password, .ca_pem = ca_pem, .insecure_http_for_tests = is_plain });
	t->may_send = true;
}

static struct talk *talk_new(void)
{
	struct talk *t = xcalloc(1, sizeof(*t));

	uv_loop_init(&t->loop);
	uv_timer_init(&t->loop, &t->guard);
	uv_timer_start(&t->guard, on_too_long, 20000, 0);
	return t;
}

static int set_up(void **state)
{
	struct talk *t = talk_new();

	talk_server(t, NULL, NULL);
	talk_session(t, http_server_port(t->ctl.server), "22.1.3", true, NULL);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct talk *t = *state;

	avi_session_free(t->session);
	http_client_free(t->client);
	http_server_free(t->ctl.server);
	uv_close((uv_handle_t *)&t->guard, NULL);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	secret_release(&t->password);
	buf_release(&t->ctl.log);
	strs_release(&t->names);
	free(t->last_json);
	free(t);
	metrics_release();
	return 0;
}

static void on_done(void *arg, const struct avi_reply *reply)
{
	struct talk *t = arg;

	uv_stop(&t->loop);             /* a turn would wait for the next event otherwise */
	t->n_done++;
	t->n_of_class[reply->class]++;
	t->last = *reply;
	t->last_err = reply->err ? *reply->err : (struct err){ 0 };
	free(t->last_json);
	t->last_json = reply->json ? json_text(reply->json) : NULL;
	assert_int_equal(reply->err == NULL, reply->class == AVI_OK);
}

static bool may_send(void *arg)
{
	struct talk *t = arg;

	t->n_sends++;
	return t->may_send;
}

static struct avi_call *ask(struct talk *t, const char *method, const char *path)
{
	size_t n_done = t->n_done;
	struct avi_call *call = avi_start(t->session, &(struct avi_request){
		.method = method, .path = path, .tenant = "blue", .may_send = may_send, .done = on_done, .arg = t });

	assert_int_equal(t->n_done, n_done);
	return call;
}

static void run_until_done(struct talk *t, size_t n)
{
	while (t->n_done < n)
		uv_run(&t->loop, UV_RUN_ONCE);
	assert_int_equal(t->n_done, n);
}

static void ask_and_wait(struct talk *t, const char *method, const char *path)
{
	ask(t, method, path);
	run_until_done(t, t->n_done + 1);
}

static void run_until_held(struct talk *t, size_t n)
{
	while (t->ctl.n_held < n)
		uv_run(&t->loop, UV_RUN_ONCE);
}

static void run_a_while(struct talk *t)
{
	for (int i = 0; i < 20; i++) {
		uv_run(&t->loop, UV_RUN_NOWAIT);
		uv_sleep(1);
	}
}

static void assert_class(const struct talk *t, enum avi_class class)
{
	if (t->last.class != class)
		fail_msg("got %s (%s), want %s", avi_class_name(t->last.class), t->last_err.msg, avi_class_name(class));
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* ---- logging in ---- */

static void one_login_serves_many_requests(void **state)
{
	struct talk *t = *state;

	for (int i = 0; i < 200; i++)
		ask(t, "GET", "/api/cluster");
	assert_false(avi_session_is_connected(t->session));
	run_until_done(t, 200);
	assert_int_equal(t->n_of_class[AVI_OK], 200);
	assert_int_equal(t->ctl.n_logins, 1);
	assert_int_equal(t->ctl.n_requests, 200);
	assert_true(avi_session_is_connected(t->session));
}

static void every_request_carries_the_session(void **state)
{
	struct talk *t = *state;
	CLEANUP(freep) char *referer = xasprintf("http://127.0.0.1:%d/", http_server_port(t->ctl.server));

	t->ctl.hold = "/login";
	ask(t, "GET", "/api/cluster");
	run_until_held(t, 1);
	assert_text(t->ctl.type, "application/json");
	assert_text(t->ctl.version, "22.1.3");
	assert_text(t->ctl.tenant, "admin");
	assert_text(t->ctl.cookie, "(none)");
	assert_text(t->ctl.csrf, "(none)");
	release(&t->ctl);
	run_until_done(t, 1);
	assert_text(t->ctl.type, "application/json");
	assert_text(t->ctl.version, "22.1.3");
	assert_text(t->ctl.tenant, "blue");
	assert_text(t->ctl.referer, referer);
	assert_text(t->ctl.csrf, "csrf-1");
	assert_text(t->ctl.cookie, "csrftoken=csrf-1; sessionid=id-1; avi-sessionid=id-1");
	assert_text(buf_str(&t->ctl.log), "POST /login\nGET /api/cluster\n");
}

struct host_case {
	const char *name, *controller, *referer;
};

static const struct host_case host_cases[] = {
	{ "an IPv4 address stays as it is", "10.0.0.5", "Referer: https://10.0.0.5/" },
	{ "a name keeps its port", "ctl.example.org:8443", "Referer: https://ctl.example.org:8443/" },
	{ "a bare IPv6 address gets brackets", "2001:db8::5", "Referer: https://[2001:db8::5]/" },
	{ "an IPv6 address with brackets keeps its port", "[2001:db8::5]:8443", "Referer: https://[2001:db8::5]:8443/" },
};

static void the_host_is_written(void **state)
{
	const struct host_case *c = *state;
	struct strs headers = { 0 };
	struct secret password = { 0 };
	uv_loop_t loop;

	uv_loop_init(&loop);
	struct avi_session *session = avi_session_new(&(struct avi_session_options){
		.loop = &loop, .controller = c->controller, .username = "admin", .password = &password });
	assert_true(avi_headers(session, "", false, &headers, NULL));
	assert_true(strs_has(&headers, c->referer));
	assert_int_equal(headers.n, 2);        /* neither version nor tenant */
	strs_release(&headers);
	avi_session_free(session);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_lost_session_costs_one_login_and_each_request_is_repeated(void **state)
{
	struct talk *t = *state;

	ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.valid = 0;
	for (int i = 0; i < 20; i++)
		ask(t, "POST", "/api/gslbservice/");
	run_until_done(t, 21);
	assert_int_equal(t->n_of_class[AVI_OK], 21);
	assert_int_equal(t->ctl.n_logins, 2);
	assert_true(t->n_sends <= 1 + 2 * 20);
}

static void a_late_401_is_repeated_without_a_login(void **state)
{
	struct talk *t = *state;

	ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/api/gslb";
	ask(t, "GET", "/api/gslb");
	run_until_held(t, 1);
	t->ctl.valid = 0;
	ask_and_wait(t, "GET", "/api/cluster");        /* logs in again */
	assert_int_equal(t->ctl.n_logins, 2);
	release(&t->ctl);                              /* the old cookies: 401 */
	run_until_done(t, 3);
	assert_int_equal(t->n_of_class[AVI_OK], 3);
	assert_int_equal(t->ctl.n_logins, 2);
	assert_int_equal(t->n_sends, 5);
}

static void a_401_after_a_good_login_is_told_and_causes_no_more_logins(void **state)
{
	struct talk *t = *state;

	t->ctl.knows_nobody = true;
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_UNAUTHORIZED);
	assert_int_equal(t->last_err.code, ERR_AUTH);
	assert_int_equal(t->last_err.http_status, 401);
	assert_text(t->last_err.msg, "GET /api/cluster: HTTP 401: Authentication credentials were not provided.");
	assert_int_equal(t->ctl.n_logins, 2);
	for (int i = 0; i < 30; i++)
		ask(t, "GET", "/api/cluster");
	run_until_done(t, 31);
	assert_int_equal(t->n_of_class[AVI_UNAUTHORIZED], 31);
	assert_int_equal(t->ctl.n_logins, 2);
}

static void a_refused_login_is_no_storm(void **state)
{
	struct talk *t = *state;

	t->ctl.password = "another";
	for (int i = 0; i < 50; i++)
		ask(t, "GET", "/api/cluster");
	run_until_done(t, 50);
	for (int i = 0; i < 50; i++)
		ask(t, "GET", "/api/cluster");
	run_until_done(t, 100);
	assert_int_equal(t->n_of_class[AVI_BAD_CREDENTIALS], 100);
	assert_text(t->last_err.msg, "POST /login: HTTP 401: Invalid credentials");
	assert_int_equal(t->last_err.code, ERR_AUTH);
	assert_true(t->last.retry_after_ms > 4000 && t->last.retry_after_ms <= 10000);
	assert_int_equal(t->ctl.n_logins, 1);
	assert_int_equal(t->ctl.n_requests, 0);
	assert_false(avi_session_is_connected(t->session));
}

static void other_credentials_work_at_once(void **state)
{
	CLEANUP(secret_release) struct secret password = { 0 };
	struct talk *t = *state;

	t->ctl.password = "another";
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_BAD_CREDENTIALS);
	avi_session_set_credentials(t->session, "admin", &t->password);
	ask_and_wait(t, "GET", "/api/cluster");        /* the same again change nothing */
	assert_class(t, AVI_BAD_CREDENTIALS);
	assert_int_equal(t->ctl.n_logins, 1);
	secret_set(&password, slice_of("another"));
	avi_session_set_credentials(t->session, "admin", &password);
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_OK);
	assert_int_equal(t->ctl.n_logins, 2);
}

static void credentials_that_change_during_a_login_start_another(void **state)
{
	CLEANUP(secret_release) struct secret password = { 0 };
	struct talk *t = *state;

	t->ctl.password = "another";
	t->ctl.hold = "/login";
	ask(t, "GET", "/api/cluster");
	run_until_held(t, 1);
	secret_set(&password, slice_of("another"));
	avi_session_set_credentials(t->session, "admin", &password);
	release(&t->ctl);
	run_until_done(t, 1);
	assert_class(t, AVI_OK);
	assert_int_equal(t->ctl.n_logins, 2);
}

static void requests_of_the_old_credentials_are_repeated_with_the_new(void **state)
{
	CLEANUP(secret_release) struct secret password = { 0 };
	struct talk *t = *state;

	ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/api/gslb";
	ask(t, "GET", "/api/gslb");
	run_until_held(t, 1);
	t->ctl.valid = 0;
	t->ctl.password = "another";
	secret_set(&password, slice_of("another"));
	avi_session_set_credentials(t->session, "admin", &password);
	release(&t->ctl);
	run_until_done(t, 2);
	assert_class(t, AVI_OK);
	assert_int_equal(t->ctl.n_logins, 2);
}

struct login_case {
	const char *name;
	int status;
	const char *body;
	enum avi_class class;
	enum err_code code;
	const char *msg;
};

static const struct login_case login_cases[] = {
	{ "a locked user is refused", 403, "{\"error\": \"User account locked\"}", AVI_BAD_CREDENTIALS, ERR_AUTH,
	  "POST /login: HTTP 403: User account locked" },
	{ "an unknown version is refused", 400, "{\"error\": \"Invalid version 99.1.1\"}", AVI_REFUSED, ERR_INVALID,
	  "POST /login: HTTP 400: Invalid version 99.1.1" },
	{ "a login that is not found is not the object that was asked for", 404, "<html></html>", AVI_SERVER, ERR_RETRY,
	  "POST /login: HTTP 404" },
	{ "a conflict at login neither", 409, "{\"error\": \"x\"}", AVI_SERVER, ERR_RETRY, "POST /login: HTTP 409: x" },
	{ "a controller that starts", 503, "", AVI_SERVER, ERR_RETRY, "POST /login: HTTP 503" },
	{ "too many logins", 429, "{\"error\": \"Too many requests\"}", AVI_THROTTLED, ERR_RETRY,
	  "POST /login: HTTP 429: Too many requests" },
	{ "a text that repeats the password is left out", 401, "{\"error\": \"no user with " PASSWORD "\"}",
	  AVI_BAD_CREDENTIALS, ERR_AUTH, "POST /login: HTTP 401" },
	{ "a redirect is no login", 302, "", AVI_SERVER, ERR_RETRY, "POST /login: HTTP 302" },
};

static void a_failed_login_is_the_answer_to_all(void **state)
{
	const struct login_case *c = *state;
	void *made;

	set_up(&made);
	struct talk *t = made;
	t->ctl.login_status = c->status;
	t->ctl.login_body = c->body;
	ask(t, "GET", "/api/cluster");
	ask(t, "POST", "/api/gslbservice/");
	run_until_done(t, 2);
	assert_int_equal(t->n_of_class[c->class], 2);
	assert_text(err_code_name(t->last_err.code), err_code_name(c->code));
	assert_text(t->last_err.msg, c->msg);
	assert_int_equal(t->ctl.n_logins, 1);
	assert_int_equal(t->ctl.n_requests, 0);
	tear_down(&made);
}

static void a_login_that_failed_is_tried_again_after_its_back_off(void **state)
{
	struct talk *t = *state;

	t->ctl.login_status = 503;
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_SERVER);
	t->ctl.login_status = 0;
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_SERVER);
	assert_true(t->last.retry_after_ms > 0 && t->last.retry_after_ms <= 2000);
	uv_sleep((unsigned)t->last.retry_after_ms + 1);
	uv_update_time(&t->loop);
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_OK);
	assert_int_equal(t->ctl.n_logins, 2);
}

static void a_login_without_json_and_cookies_is_accepted(void **state)
{
	struct talk *t = *state;

	t->ctl.has_no_cookies = true;
	t->ctl.login_body = "<html>welcome</html>";
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_OK);
	assert_text(t->ctl.cookie, "(none)");
}

static void at_most_ten_thousand_requests_wait_for_a_login(void **state)
{
	struct talk *t = *state;

	t->ctl.hold = "/login";
	for (int i = 0; i < 10001; i++)
		avi_start(t->session, &(struct avi_request){
			.method = "GET", .path = "/api/cluster", .done = on_done, .arg = t });
	run_until_done(t, 1);
	assert_class(t, AVI_NETWORK);
	assert_int_equal(t->last_err.code, ERR_LIMIT);
}

static void no_controller_is_no_answer(void **state)
{
	struct talk *t = talk_new();
	void *made = t;

	(void)state;
	talk_session(t, 1, "22.1.3", true, NULL);
	ask(t, "GET", "/api/cluster");
	ask(t, "GET", "/api/cluster");
	run_until_done(t, 2);
	assert_class(t, AVI_NETWORK);
	assert_int_equal(t->last_err.code, ERR_RETRY);
	assert_contains(t->last_err.msg, "POST /login: ");
	tear_down(&made);
}

/* ---- the version ---- */

static void an_empty_version_is_asked_from_the_controller(void **state)
{
	static const struct scripted answers[] = {
		{ "GET /api/initial-data", 200, "{\"version\": {\"Version\": \"30.1.2\", \"build\": 9096}}", NULL },
		{ 0 },
	};
	struct talk *t = talk_new();
	void *made = t;

	(void)state;
	talk_server(t, NULL, NULL);
	talk_session(t, http_server_port(t->ctl.server), NULL, true, NULL);
	t->ctl.answers = answers;
	assert_text(avi_session_version(t->session), "");
	ask(t, "GET", "/api/cluster");
	ask(t, "GET", "/api/cluster");
	run_until_done(t, 2);
	assert_class(t, AVI_OK);
	assert_text(t->ctl.version, "30.1.2");
	assert_text(avi_session_version(t->session), "30.1.2");
	assert_text(buf_str(&t->ctl.log), "POST /login\nGET /api/initial-data\nGET /api/cluster\nGET /api/cluster\n");
	tear_down(&made);
}

struct version_case {
	const char *name;
	struct scripted answers[2];
	enum avi_class class;
	const char *msg;
};

static const struct version_case version_cases[] = {
	{ "a controller without a version", { { "GET /api/initial-data", 200, "{\"version\": 7}", NULL } }, AVI_SERVER,
	  "GET /api/initial-data: the controller does not tell its version" },
	{ "a controller without that path", { { "GET /api/initial-data", 404, "{\"error\": \"nothing here\"}", NULL } },
	  AVI_SERVER, "GET /api/initial-data: HTTP 404: nothing here" },
};

static void without_a_version_nothing_is_sent(void **state)
{
	const struct version_case *c = *state;
	struct talk *t = talk_new();
	void *made = t;

	talk_server(t, NULL, NULL);
	talk_session(t, http_server_port(t->ctl.server), "", true, NULL);
	t->ctl.answers = c->answers;
	ask_and_wait(t, "DELETE", "/api/gslbservice/gslbservice-1");
	assert_class(t, c->class);
	assert_text(t->last_err.msg, c->msg);
	assert_text(buf_str(&t->ctl.log), "POST /login\nGET /api/initial-data\n");
	tear_down(&made);
}

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
	{ "a good answer that is no JSON is the server's trouble", "PUT",
	  { { "PUT " GS "?x=1", 200, "<html>", NULL } }, AVI_SERVER,
	  "PUT " GS ": HTTP 200: not JSON: stopped at byte 0 of 6", NULL, -1 },
	{ "a wait is handed on", "PUT", { { "PUT " GS "?x=1", 429, "{\"error\": \"slow\"}", "Retry-After: 7" } },
	  AVI_THROTTLED, "PUT " GS ": HTTP 429: slow", NULL, 7000 },
};

static void the_answer_is_told(void **state)
{
	const struct answer_case *c = *state;
	void *made;

	set_up(&made);
	struct talk *t = made;
	t->ctl.answers = c->answers;
	ask_and_wait(t, c->method, GS "?x=1");
	assert_class(t, c->class);
	assert_text(t->last_err.msg, c->msg);
	assert_text(t->last_json, c->json);
	assert_int_equal(t->last.retry_after_ms, c->retry_after_ms);
	tear_down(&made);
}

static void a_body_is_sent_as_it_is(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *body = json_parse(slice_of("{\"name\":\"a.example.org\",\"ttl\":30}"), NULL);
	CLEANUP(freep) char *sent = NULL;
	struct talk *t = *state;

	ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/api/gslbservice/";
	avi_start(t->session, &(struct avi_request){ .method = "POST", .path = "/api/gslbservice/", .tenant = "blue",
						     .body = body, .done = on_done, .arg = t });
	run_until_held(t, 1);
	sent = slice_dup(http_body(t->ctl.held[0]));
	assert_text(sent, "{\"name\":\"a.example.org\",\"ttl\":30}");
	release(&t->ctl);
	run_until_done(t, 2);
}

static void a_send_that_is_not_allowed_does_not_happen(void **state)
{
	struct talk *t = *state;

	t->may_send = false;
	ask_and_wait(t, "POST", "/api/gslbservice/");
	assert_class(t, AVI_NETWORK);
	assert_int_equal(t->last_err.code, ERR_CANCELLED);
	assert_int_equal(t->ctl.n_requests, 0);
	assert_int_equal(t->n_sends, 1);
}

static void a_request_that_takes_too_long_has_no_answer(void **state)
{
	struct talk *t = *state;

	ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/api/gslb";
	avi_start(t->session, &(struct avi_request){
		.method = "GET", .path = "/api/gslb", .timeout_ms = 50, .done = on_done, .arg = t });
	run_until_done(t, 2);
	assert_class(t, AVI_NETWORK);
	assert_int_equal(t->last_err.code, ERR_RETRY);
	release(&t->ctl);
}

static void a_tenant_with_a_line_break_goes_nowhere(void **state)
{
	struct talk *t = *state;

	avi_start(t->session, &(struct avi_request){ .method = "GET", .path = "/api/cluster", .tenant = "a\r\nX-Evil: 1",
						     .done = on_done, .arg = t });
	run_until_done(t, 1);
	assert_class(t, AVI_REFUSED);
	assert_int_equal(t->ctl.n_requests, 0);
}

static void requests_are_counted(void **state)
{
	struct talk *t = *state;
	struct buf text;

	ask_and_wait(t, "PUT", GS);
	buf_init(&text, 1 << 20);
	assert_true(metrics_text(&text));
	assert_contains(buf_str(&text), "amko_avi_requests_total{method=\"PUT\",type=\"gslbservice\",code=\"200\"} 1\n");
	assert_contains(buf_str(&text), "amko_avi_requests_total{method=\"POST\",type=\"login\",code=\"200\"} 1\n");
	assert_contains(buf_str(&text), "amko_avi_request_seconds_count{method=\"PUT\",type=\"gslbservice\"} 1\n");
	assert_contains(buf_str(&text), "amko_avi_logins_total{result=\"ok\"} 1\n");
	buf_release(&text);
}

/* ---- lists ---- */

static void on_object(void *arg, const cJSON *object)
{
	struct talk *t = arg;

	strs_add(&t->names, json_str(object, "name"));
	if (streq(json_str(object, "name"), "stop"))
		avi_list_cancel(t->list);
	if (streq(json_str(object, "name"), "free"))
		avi_session_free(TAKE(t->session));
}

#define LIST "/api/gslbservice?created_by=amko-1&page_size=2"
struct list_case {
	const char *name;
	struct scripted answers[4];
	const char *names, *log;
	enum avi_class class;
	const char *msg;
};

static const struct list_case list_cases[] = {
	{ "three pages are one list",
	  { { "GET " LIST, 200, "{\"count\": 5, \"next\": \"https://10.0.0.5" LIST "&page=2\", "
		"\"results\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}", NULL },
	    { "GET " LIST "&page=2", 200, "{\"count\": 5, \"next\": \"/api/gslbservice?page=3\", "
		"\"results\": [{\"name\": \"c\"}, {\"name\": \"d\"}]}", NULL },
	    { "GET /api/gslbservice?page=3", 200, "{\"count\": 5, \"next\": \"\", \"results\": [{\"name\": \"e\"}]}", NULL } },
	  "a b c d e", "GET " LIST "\nGET " LIST "&page=2\nGET /api/gslbservice?page=3\n", AVI_OK, "" },
	{ "an empty list", { { "GET " LIST, 200, "{\"count\": 0, \"results\": null}", NULL } }, "", "GET " LIST "\n", AVI_OK,
	  "" },
	{ "what is no object is passed over",
	  { { "GET " LIST, 200, "{\"results\": [1, null, \"x\", {\"name\": \"a\"}, []]}", NULL } }, "a", "GET " LIST "\n",
	  AVI_OK, "" },
	{ "a page that repeats itself",
	  { { "GET " LIST, 200, "{\"next\": \"https://10.0.0.5" LIST "&page=2\", \"results\": [{\"name\": \"a\"}]}", NULL },
	    { "GET " LIST "&page=2", 200, "{\"next\": \"https://10.0.0.5" LIST "\", \"results\": []}", NULL } },
	  "a", "GET " LIST "\nGET " LIST "&page=2\n", AVI_SERVER, "GET /api/gslbservice: a page repeats itself" },
	{ "a next page elsewhere",
	  { { "GET " LIST, 200, "{\"next\": \"https://10.0.0.5/api/gslbservices?page=2\", \"results\": []}", NULL } }, "",
	  "GET " LIST "\n", AVI_SERVER, "GET /api/gslbservice: the next page is outside of the collection" },
	{ "a next page that is no URL",
	  { { "GET " LIST, 200, "{\"next\": \"/api/gslbservice?a b\", \"results\": []}", NULL } }, "", "GET " LIST "\n",
	  AVI_SERVER, "GET /api/gslbservice: the next page is outside of the collection" },
	{ "an answer without results", { { "GET " LIST, 200, "{\"count\": 3}", NULL } }, "", "GET " LIST "\n", AVI_SERVER,
	  "GET /api/gslbservice: an answer without results" },
	{ "an answer that is no object", { { "GET " LIST, 200, "[]", NULL } }, "", "GET " LIST "\n", AVI_SERVER,
	  "GET /api/gslbservice: an answer without results" },
	{ "a page that fails ends the list",
	  { { "GET " LIST, 200, "{\"next\": \"/api/gslbservice?page=2\", \"results\": [{\"name\": \"a\"}]}", NULL },
	    { "GET /api/gslbservice?page=2", 500, "{\"error\": \"Internal Server Error\"}", NULL } },
	  "a", "GET " LIST "\nGET /api/gslbservice?page=2\n", AVI_SERVER,
	  "GET /api/gslbservice: HTTP 500: Internal Server Error" },
};

static void the_list_is_read(void **state)
{
	const struct list_case *c = *state;
	CLEANUP(freep) char *names = NULL;
	void *made;

	set_up(&made);
	struct talk *t = made;
	t->ctl.answers = c->answers;
	avi_list_start(t->session, LIST, "*", on_object, on_done, t);
	run_until_done(t, 1);
	assert_class(t, c->class);
	assert_text(t->last_err.msg, c->msg);
	names = strs_join(&t->names, " ");
	assert_text(names, c->names);
	assert_text(buf_str(&t->ctl.log) + strlen("POST /login\n"), c->log);
	assert_text(t->ctl.tenant, "*");
	tear_down(&made);
}

static void a_list_ends_from_inside(struct talk *t, const struct scripted *answers)
{
	t->ctl.answers = answers;
	t->list = avi_list_start(t->session, LIST, "*", on_object, on_done, t);
	while (t->names.n < 2)
		uv_run(&t->loop, UV_RUN_ONCE);
	run_a_while(t);
	assert_int_equal(t->names.n, 2);
	assert_int_equal(t->n_done, 0);
	assert_int_equal(t->ctl.n_requests, 1);
}

static void a_list_may_be_cancelled_in_the_middle_of_a_page(void **state)
{
	static const struct scripted answers[] = {
		{ "GET " LIST, 200, "{\"next\": \"/api/gslbservice?page=2\", "
		  "\"results\": [{\"name\": \"a\"}, {\"name\": \"stop\"}, {\"name\": \"b\"}]}", NULL },
		{ 0 },
	};

	a_list_ends_from_inside(*state, answers);
}

static void a_session_may_be_freed_in_the_middle_of_a_page(void **state)
{
	static const struct scripted answers[] = {
		{ "GET " LIST, 200, "{\"results\": [{\"name\": \"a\"}, {\"name\": \"free\"}, {\"name\": \"b\"}]}", NULL },
		{ 0 },
	};

	a_list_ends_from_inside(*state, answers);
}

static void a_list_that_never_ends_is_given_up(void **state)
{
	struct talk *t = *state;
	struct scripted answers[3] = { { 0 } };
	CLEANUP(freep) char *one = xmalloc(1 << 20), *two = NULL;
	size_t n = 0;

	n += (size_t)snprintf(one, 1 << 20, "{\"next\": \"" LIST "&page=2\", \"results\": [0");
	for (int i = 1; i < 60000; i++)
		n += (size_t)snprintf(one + n, (1 << 20) - n, ",0");
	snprintf(one + n, (1 << 20) - n, "]}");
	two = xstrdup(one);
	answers[0] = (struct scripted){ "GET " LIST, 200, one, NULL };
	answers[1] = (struct scripted){ "GET " LIST "&page=2", 200, two, NULL };
	t->ctl.answers = answers;
	avi_list_start(t->session, LIST, "*", on_object, on_done, t);
	run_until_done(t, 1);
	assert_int_equal(t->last_err.code, ERR_INVALID);
	assert_text(t->last_err.msg, "GET /api/gslbservice: more than 100000 objects");
}

/* ---- ends ---- */

static void what_is_cancelled_is_not_heard_of_again(void **state)
{
	struct talk *t = *state;

	t->ctl.hold = "/login";
	struct avi_call *waiting = ask(t, "GET", "/api/cluster");
	run_until_held(t, 1);
	avi_cancel(waiting);
	release(&t->ctl);
	run_a_while(t);
	struct avi_call *sent = ask(t, "GET", "/api/cluster");
	avi_cancel(sent);
	t->ctl.hold = "/api/gslb";
	sent = ask(t, "GET", "/api/gslb");
	run_until_held(t, 1);
	avi_cancel(sent);
	avi_cancel(NULL);
	run_a_while(t);
	assert_int_equal(t->n_done, 0);
	release(&t->ctl);
}

static void a_session_may_be_freed_during_a_login(void **state)
{
	struct talk *t = *state;

	t->ctl.hold = "/login";
	ask(t, "GET", "/api/cluster");
	avi_list_start(t->session, LIST, "*", on_object, on_done, t);
	run_until_held(t, 1);
	avi_session_free(TAKE(t->session));
	release(&t->ctl);
	run_a_while(t);
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
	run_until_done(t, 1);
	run_a_while(t);
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

	ask_and_wait(t, "GET", "/api/cluster");
	avi_session_logout(t->session, on_logged_out, t);
	run_until_logged_out(t, 1);
	assert_int_equal(t->ctl.valid, 0);
	assert_text(t->ctl.cookie, "csrftoken=csrf-1; sessionid=id-1; avi-sessionid=id-1");
	assert_text(t->ctl.csrf, "csrf-1");
	assert_false(avi_session_is_connected(t->session));
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_NETWORK);
	assert_int_equal(t->last_err.code, ERR_CANCELLED);
	avi_session_logout(t->session, on_logged_out, t);
	run_until_logged_out(t, 2);
	assert_text(buf_str(&t->ctl.log), "POST /login\nGET /api/cluster\nPOST /logout\n");
	avi_session_set_credentials(t->session, "admin", &t->password);
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_OK);
}

static void a_logout_during_a_login_fails_what_waits(void **state)
{
	struct talk *t = *state;

	t->ctl.hold = "/login";
	ask(t, "GET", "/api/cluster");
	run_until_held(t, 1);
	avi_session_logout(t->session, on_logged_out, t);
	run_until_done(t, 1);
	assert_int_equal(t->n_logged_out, 1);
	assert_class(t, AVI_NETWORK);
	release(&t->ctl);
}

static void a_session_may_be_freed_during_a_logout(void **state)
{
	struct talk *t = *state;

	ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/logout";
	avi_session_logout(t->session, on_logged_out, t);
	run_until_held(t, 1);
	avi_session_free(TAKE(t->session));
	release(&t->ctl);
	run_a_while(t);
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
	ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.valid = 0;
	ask_and_wait(t, "GET", "/api/cluster");
	log_set_level(LOG_ERROR);
	log_set_stream(NULL);
	fclose(stream);
	assert_contains(text, "avi_login");
	assert_null(strstr(text, PASSWORD));
	assert_null(strstr(text, "id-1"));
	assert_null(strstr(text, "csrf-"));
	free(text);
}

/* ---- TLS ---- */

static char *bio_text(BIO *bio)
{
	char *bytes;
	long n = BIO_get_mem_data(bio, &bytes);
	char *text = xstrndup(bytes, (size_t)n);

	BIO_free(bio);
	return text;
}

/* A key and a certificate for 127.0.0.1 that signs itself. */
static void make_certificate(char **cert_pem, char **key_pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)random_below(1 << 30));
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"controller", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, san, -1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(cert_bio, cert);
	PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
	X509_EXTENSION_free(san);
	X509_free(cert);
	EVP_PKEY_free(key);
	*cert_pem = bio_text(cert_bio);
	*key_pem = bio_text(key_bio);
}

struct tls_case {
	const char *name;
	enum { TRUST_ANY, TRUST_IT, TRUST_ANOTHER } trust;
	enum avi_class class;
};

static const struct tls_case tls_cases[] = {
	{ "without a CA every certificate is accepted", TRUST_ANY, AVI_OK },
	{ "with its own CA the controller is accepted", TRUST_IT, AVI_OK },
	{ "with another CA the controller is refused", TRUST_ANOTHER, AVI_NETWORK },
};

/* A controller in a process of its own; both ends of a handshake on one loop would have to wait for each other. */
static pid_t fork_controller(const char *cert_pem, const char *key_pem, int *port)
{
	int pipe_fds[2];
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct talk *t = talk_new();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		talk_server(t, cert_pem, key_pem);
		*port = http_server_port(t->ctl.server);
		if (write(pipe_fds[1], port, sizeof(*port)) != sizeof(*port))
			_exit(1);
		uv_run(&t->loop, UV_RUN_DEFAULT);
		_exit(0);
	}
	assert_int_equal(read(pipe_fds[0], port, sizeof(*port)), sizeof(*port));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return pid;
}

static void the_certificate_is_checked(void **state)
{
	const struct tls_case *c = *state;
	CLEANUP(freep) char *cert = NULL, *key = NULL, *other_cert = NULL, *other_key = NULL;
	const char *ca = NULL;
	int port;
	pid_t pid;

	make_certificate(&cert, &key);
	make_certificate(&other_cert, &other_key);
	pid = fork_controller(cert, key, &port);
	struct talk *t = talk_new();
	void *made = t;
	if (c->trust != TRUST_ANY)
		ca = c->trust == TRUST_IT ? cert : other_cert;
	talk_session(t, port, "22.1.3", false, ca);
	ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, c->class);
	if (c->class != AVI_OK)
		assert_int_equal(t->last_err.code, ERR_TLS);
	tear_down(&made);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#define TALK(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest talks[] = {
		TALK(one_login_serves_many_requests),
		TALK(every_request_carries_the_session),
		TALK(a_lost_session_costs_one_login_and_each_request_is_repeated),
		TALK(a_late_401_is_repeated_without_a_login),
		TALK(a_401_after_a_good_login_is_told_and_causes_no_more_logins),
		TALK(a_refused_login_is_no_storm),
		TALK(other_credentials_work_at_once),
		TALK(credentials_that_change_during_a_login_start_another),
		TALK(requests_of_the_old_credentials_are_repeated_with_the_new),
		TALK(a_login_that_failed_is_tried_again_after_its_back_off),
		TALK(a_login_without_json_and_cookies_is_accepted),
		TALK(at_most_ten_thousand_requests_wait_for_a_login),
		cmocka_unit_test(no_controller_is_no_answer),
		cmocka_unit_test(an_empty_version_is_asked_from_the_controller),
		TALK(a_body_is_sent_as_it_is),
		TALK(a_send_that_is_not_allowed_does_not_happen),
		TALK(a_request_that_takes_too_long_has_no_answer),
		TALK(a_tenant_with_a_line_break_goes_nowhere),
		TALK(requests_are_counted),
		TALK(a_list_may_be_cancelled_in_the_middle_of_a_page),
		TALK(a_session_may_be_freed_in_the_middle_of_a_page),
		TALK(a_list_that_never_ends_is_given_up),
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

	signal(SIGPIPE, SIG_IGN);
	json_init();
	log_set_level(LOG_ERROR);
	n_failed = cmocka_run_group_tests(talks, NULL, NULL);
	n_failed += RUN_TABLE(the_host_is_written, host_cases);
	n_failed += RUN_TABLE(a_failed_login_is_the_answer_to_all, login_cases);
	n_failed += RUN_TABLE(without_a_version_nothing_is_sent, version_cases);
	n_failed += RUN_TABLE(the_answer_is_told, answer_cases);
	n_failed += RUN_TABLE(the_list_is_read, list_cases);
	n_failed += RUN_TABLE(the_certificate_is_checked, tls_cases);
	return n_failed;
}
