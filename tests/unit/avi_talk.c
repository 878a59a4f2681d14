#include "tests/unit/avi_talk.h"

#include <signal.h>

#include "common/base/log.h"
#include "common/base/metrics.h"

#define EMPTY_LIST "{\"count\": 0, \"results\": []}"

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
		if (a->status)
			http_answer(x, a->status, "application/json", slice_of(a->body),
				    (const char *const[]){ a->header, NULL });
		else
			http_hang_up(x);
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

void controller_release(struct controller *ctl)
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

void talk_server(struct talk *t, const char *cert_pem, const char *key_pem)
{
	struct err err = { 0 };

	t->ctl.password = AVI_PASSWORD;
	buf_init(&t->ctl.log, 1 << 20);
	t->ctl.server = http_server_new(&t->loop, &(struct http_server_options){
		.listen = "127.0.0.1:0", .cert_pem = cert_pem, .key_pem = key_pem, .max_body_bytes = 1 << 16,
		.handler = on_request, .arg = &t->ctl }, &err);
	if (!t->ctl.server)
		fail_msg("%s", err.msg);
}

void talk_session(struct talk *t, int port, const char *version, bool is_plain, const char *ca_pem)
{
	CLEANUP(freep) char *host = xasprintf("127.0.0.1:%d", port);

	secret_set(&t->password, slice_of(AVI_PASSWORD));
	t->client = http_client_new(&t->loop, 8);
	t->session = avi_session_new(&(struct avi_session_options){
		.http = t->client, .loop = &t->loop, .controller = host, .version = version, .username = "admin",
		.password = &t->password, .ca_pem = ca_pem, .insecure_http_for_tests = is_plain });
	t->may_send = true;
}

struct talk *talk_new(void)
{
	struct talk *t = xcalloc(1, sizeof(*t));

	uv_loop_init(&t->loop);
	uv_timer_init(&t->loop, &t->guard);
	uv_timer_start(&t->guard, on_too_long, 20000, 0);
	return t;
}

int talk_set_up(void **state)
{
	struct talk *t = talk_new();

	talk_server(t, NULL, NULL);
	talk_session(t, http_server_port(t->ctl.server), "22.1.3", true, NULL);
	*state = t;
	return 0;
}

int talk_tear_down(void **state)
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

void talk_on_done(void *arg, const struct avi_reply *reply)
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

static bool may_send(void *arg, int64_t *within_ms)
{
	struct talk *t = arg;

	*within_ms = t->within_ms ? t->within_ms : INT64_MAX;
	t->n_sends++;
	return t->may_send;
}

struct avi_call *talk_ask(struct talk *t, const char *method, const char *path)
{
	size_t n_done = t->n_done;
	struct avi_call *call = avi_start(t->session, &(struct avi_request){
		.method = method, .path = path, .tenant = "blue", .may_send = may_send, .done = talk_on_done, .arg = t });

	assert_int_equal(t->n_done, n_done);
	return call;
}

void talk_run(struct talk *t, size_t n)
{
	while (t->n_done < n)
		uv_run(&t->loop, UV_RUN_ONCE);
	assert_int_equal(t->n_done, n);
}

void talk_ask_and_wait(struct talk *t, const char *method, const char *path)
{
	talk_ask(t, method, path);
	talk_run(t, t->n_done + 1);
}

void talk_run_until_held(struct talk *t, size_t n)
{
	while (t->ctl.n_held < n)
		uv_run(&t->loop, UV_RUN_ONCE);
}

void talk_run_a_while(struct talk *t)
{
	for (int i = 0; i < 20; i++) {
		uv_run(&t->loop, UV_RUN_NOWAIT);
		uv_sleep(1);
	}
}

void assert_class(const struct talk *t, enum avi_class class)
{
	if (t->last.class != class)
		fail_msg("got %s (%s), want %s", avi_class_name(t->last.class), t->last_err.msg, avi_class_name(class));
}

void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

void talks_begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	json_init();
	log_set_level(LOG_ERROR);
}
