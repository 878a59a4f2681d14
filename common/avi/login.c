/* The one login of a session: POST /login, then the version where none is configured, and what follows from failing. */
#include "common/avi/internal.h"

#include "common/base/log.h"
#include "common/base/metrics.h"

#define LOGIN_TIMEOUT_MS 20000
#define LOGOUT_TIMEOUT_MS 2000
#define RETRY_AFTER_MAX_MS 300000
#define LOGIN_PATH "/login"
#define LOGOUT_PATH "/logout"
#define VERSION_PATH "/api/initial-data"
/* Where a request belongs to no tenant. */
#define LOGIN_TENANT "admin"

static struct metric logins_total =
	METRIC_COUNTER("amko_avi_logins_total", "Logins at the controller: ok, refused, error.", "result");

static void login_good(struct avi_session *session)
{
	metric_add(&logins_total, 1, "ok");
	log_info("avi_login", KV("controller", session->base), KV("version", session->version));
	session->login = LOGIN_GOOD;
	session->is_connected = true;
	session->generation++;
	backoff_reset(&session->refused);
	backoff_reset(&session->unreachable);
	avi_calls_send(session);
}

static void login_failed(struct avi_session *session, enum avi_class class, const struct err *err, int64_t retry_after_ms)
{
	bool is_refused = class == AVI_BAD_CREDENTIALS || class == AVI_REFUSED;
	int64_t wait_ms = backoff_next_ms(is_refused ? &session->refused : &session->unreachable);

	metric_add(&logins_total, 1, is_refused ? "refused" : "error");
	wait_ms = MAX(wait_ms, MIN(retry_after_ms, (int64_t)RETRY_AFTER_MAX_MS));
	if (is_refused)
		session->is_connected = false;
	session->login = LOGIN_HELD;
	session->held_until_ms = uv_now(session->loop) + (uint64_t)wait_ms;
	session->held_class = class;
	session->held_err = *err;
	avi_calls_fail(session);
}

/* ---- the version ---- */

static void version_on_done(void *arg, const struct http_reply *reply, const struct err *why)
{
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	struct avi_session *session = arg;
	const char *version;
	enum avi_class class;
	struct err err;

	session->login_call = NULL;
	avi_count("GET", VERSION_PATH, reply, why, session->login_sent_at_ns);
	class = reply ? avi_judge(session, "GET", VERSION_PATH, reply, &err) :
			avi_judge_failure("GET", VERSION_PATH, why, &err);
	if (class != AVI_OK) {
		/* A 404 here must not look like one of the request that waits. */
		class = class == AVI_THROTTLED || class == AVI_NETWORK ? class : AVI_SERVER;
		err.code = class == AVI_NETWORK ? err.code : ERR_RETRY;
		login_failed(session, class, &err, reply ? reply->retry_after_ms : -1);
		return;
	}
	json = json_parse(reply->body, NULL);
	version = json_str(json_get(json, "version"), "Version");
	if (!version || !*version) {
		err_set(&err, ERR_RETRY, "GET %s: the controller does not tell its version", VERSION_PATH);
		login_failed(session, AVI_SERVER, &err, -1);
		return;
	}
	free(session->version);
	session->version = xstrdup(version);
	login_good(session);
}

static void version_ask(struct avi_session *session)
{
	CLEANUP(strs_release) struct strs headers = { 0 };
	struct err err;

	if (!avi_headers(session, LOGIN_TENANT, true, &headers, &err)) {
		login_failed(session, AVI_REFUSED, &err, -1);
		return;
	}
	session->login_sent_at_ns = uv_hrtime();
	session->login_call = avi_send(session, VERSION_PATH, &(struct http_request){
		.method = "GET", .headers = &headers, .timeout_ms = LOGIN_TIMEOUT_MS,
		.done = version_on_done, .arg = session });
}

/* ---- the login ---- */

static bool cookie_value(const char *cookie, const char *name, struct slice *value)
{
	size_t n = strlen(name);

	if (strncmp(cookie, name, n) != 0 || cookie[n] != '=')
		return false;
	*value = slice_of(cookie + n + 1);
	return true;
}

/* The stored pair changes only as a pair; a server without cookies is fine. */
static void take_cookies(struct avi_session *session, const struct strs *cookies)
{
	struct slice csrf = { 0 }, id = { 0 };

	for (size_t i = 0; cookies && i < cookies->n; i++) {
		cookie_value(cookies->v[i], "csrftoken", &csrf);
		if (!cookie_value(cookies->v[i], "sessionid", &id))
			cookie_value(cookies->v[i], "avi-sessionid", &id);
	}
	if (!csrf.n || !id.n)
		return;
	secret_set(&session->csrf_token, csrf);
	secret_set(&session->session_id, id);
}

/* Only these may come out of a failed login: any other would be taken for the answer to the request that waits. */
static enum avi_class login_class(int status, enum avi_class class)
{
	switch (status) {
	case 401: case 403:
		return AVI_BAD_CREDENTIALS;
	case 400: case 422:
		return AVI_REFUSED;
	default:
		return class == AVI_THROTTLED ? AVI_THROTTLED : AVI_SERVER;
	}
}

static void login_on_done(void *arg, const struct http_reply *reply, const struct err *why)
{
	struct avi_session *session = arg;
	enum avi_class class;
	struct err err;

	session->login_call = NULL;
	avi_count("POST", LOGIN_PATH, reply, why, session->login_sent_at_ns);
	if (!reply) {
		class = avi_judge_failure("POST", LOGIN_PATH, why, &err);
		login_failed(session, class, &err, -1);
		return;
	}
	class = avi_judge(session, "POST", LOGIN_PATH, reply, &err);
	if (class != AVI_OK) {
		class = login_class(reply->status, class);
		err.code = avi_class_code(class);
		login_failed(session, class, &err, reply->retry_after_ms);
		return;
	}
	take_cookies(session, reply->set_cookies);
	if (*session->version)
		login_good(session);
	else
		version_ask(session);
}

static struct secret login_body(const struct avi_session *session)
{
	CLEANUP(cJSON_Deletep) cJSON *json = cJSON_CreateObject();
	struct secret body;
	char *password;

	json_put_str(json, "password", session->password.bytes ? session->password.bytes : "");
	json_put_str(json, "username", session->username);
	body.bytes = json_text(json);
	body.n = strlen(body.bytes);
	password = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "password"));
	explicit_bzero(password, strlen(password));
	return body;
}

static void login_start(struct avi_session *session)
{
	CLEANUP(secret_release) struct secret body = login_body(session);
	CLEANUP(strs_release) struct strs headers = { 0 };
	struct err err;

	if (!avi_headers(session, LOGIN_TENANT, false, &headers, &err)) {
		login_failed(session, AVI_REFUSED, &err, -1);
		return;
	}
	session->login = LOGIN_RUNNING;
	session->login_sent_at_ns = uv_hrtime();
	session->login_call = avi_send(session, LOGIN_PATH, &(struct http_request){
		.method = "POST", .headers = &headers, .body = { body.bytes, body.n }, .timeout_ms = LOGIN_TIMEOUT_MS,
		.done = login_on_done, .arg = session });
}

enum login_state avi_login_need(struct avi_session *session)
{
	bool is_over = session->login == LOGIN_HELD && uv_now(session->loop) >= session->held_until_ms;

	if (session->login == LOGIN_NONE || is_over)
		login_start(session);
	return session->login;
}

bool avi_login_expired(struct avi_session *session)
{
	if (session->login != LOGIN_GOOD)
		return true;           /* another 401 came first */
	if (uv_now(session->loop) < session->no_relogin_until_ms)
		return false;
	session->login = LOGIN_NONE;
	return true;
}

void avi_login_unhelpful(struct avi_session *session)
{
	uint64_t now = uv_now(session->loop);

	if (now >= session->no_relogin_until_ms)
		session->no_relogin_until_ms = now + (uint64_t)backoff_next_ms(&session->unhelpful);
}

int64_t avi_login_held_ms(const struct avi_session *session)
{
	uint64_t now = uv_now(session->loop);

	if (session->login != LOGIN_HELD)
		return -1;
	return session->held_until_ms > now ? (int64_t)(session->held_until_ms - now) : 0;
}

static void login_stop(struct avi_session *session)
{
	http_cancel(TAKE(session->login_call));
	secret_release(&session->csrf_token);
	secret_release(&session->session_id);
	session->generation++;
	session->is_connected = false;
}

void avi_session_set_credentials(struct avi_session *session, const char *username, const struct secret *password)
{
	if (session->login != LOGIN_ENDED && streq(session->username, username) &&
	    secret_same(&session->password, password))
		return;
	login_stop(session);
	free(session->username);
	session->username = xstrdup(username);
	secret_set(&session->password, (struct slice){ password->bytes, password->n });
	backoff_reset(&session->refused);
	backoff_reset(&session->unreachable);
	backoff_reset(&session->unhelpful);
	session->no_relogin_until_ms = 0;
	session->login = LOGIN_NONE;
	if (session->calls[CALL_WAITING].n)
		avi_login_need(session);
}

/* ---- the logout ---- */

static void logout_end(struct avi_session *session)
{
	void (*done)(void *arg) = TAKE(session->logout_done);

	session->is_logging_out = false;
	if (done)
		done(session->logout_arg);
}

static void logout_on_done(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct avi_session *session = arg;

	session->logout_call = NULL;
	avi_count("POST", LOGOUT_PATH, reply, err, session->login_sent_at_ns);
	logout_end(session);
}

void avi_logout_turn(struct avi_session *session)
{
	if (session->is_logging_out && !session->logout_call)
		logout_end(session);           /* may free the session */
}

void avi_session_logout(struct avi_session *session, void (*done)(void *arg), void *arg)
{
	CLEANUP(strs_release) struct strs headers = { 0 };
	bool is_logged_in = session->login == LOGIN_GOOD && secret_is_set(&session->session_id) &&
			    avi_headers(session, LOGIN_TENANT, true, &headers, NULL);

	assert(!session->is_logging_out);
	session->is_logging_out = true;
	session->logout_done = done;
	session->logout_arg = arg;
	login_stop(session);
	session->login = LOGIN_ENDED;
	session->held_class = AVI_UNSENT;
	err_set(&session->held_err, ERR_CANCELLED, "logged out");
	avi_calls_fail(session);
	if (!is_logged_in) {
		avi_next_turn(session);
		return;
	}
	session->login_sent_at_ns = uv_hrtime();
	session->logout_call = avi_send(session, LOGOUT_PATH, &(struct http_request){
		.method = "POST", .headers = &headers, .timeout_ms = LOGOUT_TIMEOUT_MS,
		.done = logout_on_done, .arg = session });
}

void avi_login_free(struct avi_session *session)
{
	http_cancel(TAKE(session->login_call));
	http_cancel(TAKE(session->logout_call));
	session->is_logging_out = false;
	session->logout_done = NULL;
	free(TAKE(session->username));
	secret_release(&session->password);
	secret_release(&session->csrf_token);
	secret_release(&session->session_id);
}
