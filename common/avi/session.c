#include "common/avi/internal.h"


#include "common/base/ip.h"
#include "common/base/log.h"
#include "common/base/metrics.h"

#define REQUEST_TIMEOUT_MS 20000
#define CONNECT_TIMEOUT_MS 5000
#define ANSWER_MAX_BYTES (16u << 20)
#define ERROR_BODY_MAX_BYTES (64u << 10)       /* of an error body that is looked at */
#define WAITING_MAX 10000
/* A session that dies again and again under a request is the controller's trouble, not ours to loop on. */
#define REPEATS_MAX 5

static struct metric requests_total =
	METRIC_COUNTER("amko_avi_requests_total", "Requests to the controller, by HTTP status or reason of failure.",
		       "method", "type", "code");
static struct metric request_seconds =
	METRIC_SECONDS("amko_avi_request_seconds", "Time from sending a request to its answer.", "method", "type");

/* ---- what every request has in common ---- */

static bool add_header(struct strs *headers, const char *name, const char *value, struct err *err)
{
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(err, ERR_INVALID, "%s: a value with control characters", name);
	strs_take(headers, xconcat(name, ": ", value));
	return true;
}

static bool add_session_headers(const struct avi_session *session, struct strs *headers, struct err *err)
{
	CLEANUP(freep) char *cookie = NULL;
	const char *csrf = session->csrf_token.bytes, *id = session->session_id.bytes;

	if (!csrf || !id)
		return true;
	cookie = xconcat("csrftoken=", csrf, "; sessionid=", id, "; avi-sessionid=", id);
	return add_header(headers, "X-CSRFToken", csrf, err) && add_header(headers, "Cookie", cookie, err);
}

bool avi_headers(const struct avi_session *session, const char *tenant, bool with_session, struct strs *headers,
		 struct err *err)
{
	CLEANUP(freep) char *referer = xconcat(session->base, "/");

	if (!add_header(headers, "Content-Type", "application/json", err) ||
	    !add_header(headers, "Referer", referer, err))
		return false;
	if (*session->version && !add_header(headers, "X-Avi-Version", session->version, err))
		return false;
	if (tenant && *tenant && !add_header(headers, "X-Avi-Tenant", tenant, err))
		return false;
	return !with_session || add_session_headers(session, headers, err);
}

struct http_call *avi_send(struct avi_session *session, const char *path, struct http_request *request)
{
	CLEANUP(freep) char *url = xconcat(session->base, "/", path + (*path == '/'));
	struct http_tls tls = { .ca_pem = slice_of(session->ca_pem), .insecure = !session->ca_pem };

	request->url = url;
	request->tls = &tls;
	request->connect_timeout_ms = CONNECT_TIMEOUT_MS;
	request->max_body_bytes = ANSWER_MAX_BYTES;
	return http_start(session->http, request);
}

/* "/api/gslbservice/uuid?x" -> "gslbservice": the second segment, or the only one. */
static char *path_type(const char *path)
{
	struct slice rest = { path + (*path == '/'), strcspn(path, "?") - (*path == '/') }, segment, type = { "", 0 };

	for (int i = 0; i < 2 && slice_split(&rest, '/', &segment); i++)
		if (segment.n)
			type = segment;
	return xstrndup(type.p, MIN(type.n, (size_t)64));
}

void avi_count(const char *method, const char *path, const struct http_reply *reply, const struct err *err,
	       uint64_t sent_at_ns)
{
	CLEANUP(freep) char *type = path_type(path);
	char status[16];

	if (err && err->code == ERR_CANCELLED)
		return;        /* never sent */
	snprintf(status, sizeof(status), "%d", reply ? reply->status : 0);
	metric_add(&requests_total, 1, method, type, reply ? status : err_code_name(err->code));
	metric_observe(&request_seconds, (double)(uv_hrtime() - sent_at_ns) / 1e9, method, type);
	log_debug("avi_request", KV("method", method), KV("path", path), KV("status", reply ? reply->status : 0),
		  KV("err", reply ? "" : (const char *)err->msg), KV("took_ms", (uv_hrtime() - sent_at_ns) / 1000000));
}

/* ---- what an answer says ---- */

static bool has_secret(const char *text, const struct secret *secret)
{
	return secret->n && strstr(text, secret->bytes);
}

/* The text of an error body: `error`, else `detail`. NULL when there is none, or when it repeats what must stay secret. */
static char *error_text(const struct avi_session *session, struct slice body)
{
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(body, NULL);
	const cJSON *error = json_get(json, "error") ? json_get(json, "error") : json_get(json, "detail");
	char *text = NULL;

	if (error)
		text = cJSON_IsString(error) ? xstrdup(error->valuestring) : json_text(error);
	if (text && (has_secret(text, &session->password) || has_secret(text, &session->csrf_token) ||
		     has_secret(text, &session->session_id)))
		freep(&text);
	for (char *c = text; c && *c; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
	return text;
}

/* Paths are cut so that the controller's text has room in a message. */
#define PATH_FMT "%s %.*s"
#define PATH_ARGS(method, path) method, (int)MIN(strcspn(path, "?"), (size_t)200), path

enum avi_class avi_judge(const struct avi_session *session, const char *method, const char *path,
			 const struct http_reply *reply, struct err *err)
{
	struct slice body = { reply->body.p, MIN(reply->body.n, (size_t)ERROR_BODY_MAX_BYTES) };
	CLEANUP(freep) char *raw = NULL;
	CLEANUP(freep) char *text = NULL;
	enum avi_class class;

	if (reply->status >= 200 && reply->status < 300)
		return AVI_OK;
	raw = slice_dup(body);
	text = error_text(session, body);
	class = avi_classify(reply->status, raw);
	err_set(err, avi_class_code(class), PATH_FMT ": HTTP %d%s%s", PATH_ARGS(method, path), reply->status,
		text ? ": " : "", text ? text : "");
	err->http_status = reply->status;
	return class;
}

enum avi_class avi_judge_failure(const char *method, const char *path, const struct err *why, struct err *err)
{
	*err = *why;
	err_wrap(err, PATH_FMT, PATH_ARGS(method, path));
	if (why->code == ERR_LIMIT)
		return AVI_SERVER;
	if (why->code == ERR_CANCELLED)
		return AVI_UNSENT;
	return why->code == ERR_INVALID ? AVI_REFUSED : AVI_NETWORK;
}

/* ---- calls ---- */

static void call_move(struct avi_call *call, enum call_place place)
{
	struct call_queue *from = &call->session->calls[call->place], *to = &call->session->calls[place];

	if (call->place != CALL_NOWHERE) {
		*(call->prev ? &call->prev->next : &from->first) = call->next;
		*(call->next ? &call->next->prev : &from->last) = call->prev;
		from->n--;
	}
	call->prev = call->next = NULL;
	call->place = place;
	if (place == CALL_NOWHERE)
		return;
	call->prev = to->last;
	*(to->last ? &to->last->next : &to->first) = call;
	to->last = call;
	to->n++;
}

static void call_free(struct avi_call *call)
{
	call_move(call, CALL_NOWHERE);
	http_cancel(call->http);
	free(call->method);
	free(call->path);
	free(call->tenant);
	free(call->body);
	free(call);
}

/* The last thing done with a call: its owner may free the session in done. */
static void call_end(struct avi_call *call, const struct avi_reply *reply)
{
	avi_done_fn *done = call->done;
	void *arg = call->arg;

	call_free(call);
	done(arg, reply);
}

static void call_fail(struct avi_call *call, enum avi_class class, const struct err *err, int64_t retry_after_ms)
{
	call->class = class;
	call->err = *err;
	call->retry_after_ms = retry_after_ms;
	call_move(call, CALL_DUE);
	avi_next_turn(call->session);
}

/* A 401: true when the request is sent again now or after a login. */
static bool call_repeat(struct avi_call *call);

static void call_on_reply(struct avi_call *call, const struct http_reply *reply)
{
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	struct err err = { 0 };
	enum avi_class class = avi_judge(call->session, call->method, call->path, reply, &err);

	if (class == AVI_BAD_CREDENTIALS)
		class = AVI_UNAUTHORIZED;      /* that word is for logins, and ours was good */
	if (class == AVI_OK && slice_trim(reply->body).n) {
		json = json_parse(reply->body, &err);
		if (!json) {
			class = AVI_UNREADABLE;
			err.code = ERR_RETRY;
			err.http_status = reply->status;
			err_wrap(&err, PATH_FMT ": HTTP %d", PATH_ARGS(call->method, call->path), reply->status);
		}
	}
	call_end(call, &(struct avi_reply){
		.class = class,
		.json = json,
		.retry_after_ms = reply->retry_after_ms,
		.err = class == AVI_OK ? NULL : &err,
	});
}

static void call_on_done(void *arg, const struct http_reply *reply, const struct err *why)
{
	struct avi_call *call = arg;
	struct err err;
	enum avi_class class;

	call->http = NULL;
	avi_count(call->method, call->path, reply, why, call->sent_at_ns);
	if (reply && reply->status == 401 && call_repeat(call))
		return;
	if (reply) {
		if (reply->status != 401 && call->n_repeats)
			backoff_reset(&call->session->unhelpful);
		call_on_reply(call, reply);
		return;
	}
	class = avi_judge_failure(call->method, call->path, why, &err);
	call_end(call, &(struct avi_reply){ .class = class, .retry_after_ms = -1, .err = &err });
}

static bool call_may_send(void *arg, int64_t *within_ms)
{
	struct avi_call *call = arg;

	return call->may_send(call->arg, within_ms);
}

static void call_send(struct avi_call *call)
{
	CLEANUP(strs_release) struct strs headers = { 0 };
	struct http_request request = {
		.method = call->method,
		.headers = &headers,
		.body = slice_of(call->body),
		.timeout_ms = call->timeout_ms,
		.may_send = call->may_send ? call_may_send : NULL,
		.done = call_on_done,
		.arg = call,
	};
	struct err err;

	if (!avi_headers(call->session, call->tenant, true, &headers, &err)) {
		err_wrap(&err, PATH_FMT, PATH_ARGS(call->method, call->path));
		call_fail(call, AVI_REFUSED, &err, -1);
		return;
	}
	call_move(call, CALL_SENT);
	call->generation = call->session->generation;
	call->sent_at_ns = uv_hrtime();
	call->http = avi_send(call->session, call->path, &request);
}

/* Sends it, or lets it wait for a login, or fails it. */
static void call_dispatch(struct avi_call *call)
{
	struct avi_session *session = call->session;
	enum login_state login = avi_login_need(session);
	struct err err;

	if (login == LOGIN_GOOD) {
		call_send(call);
	} else if (login != LOGIN_RUNNING) {
		call_fail(call, session->held_class, &session->held_err, avi_login_held_ms(session));
	} else if (session->calls[CALL_WAITING].n < WAITING_MAX) {
		call_move(call, CALL_WAITING);
	} else {
		err_set(&err, ERR_LIMIT, PATH_FMT ": more than %d requests wait for the login",
			PATH_ARGS(call->method, call->path), WAITING_MAX);
		call_fail(call, AVI_UNSENT, &err, -1);
	}
}

static bool call_repeat(struct avi_call *call)
{
	struct avi_session *session = call->session;
	bool is_stale = call->generation != session->generation;

	if (call->n_repeats >= REPEATS_MAX)
		return false;
	if (!is_stale && call->n_repeats) {
		avi_login_unhelpful(session);
		return false;
	}
	if (!is_stale && !avi_login_expired(session))
		return false;
	call->n_repeats++;
	call_dispatch(call);
	return true;
}

void avi_calls_send(struct avi_session *session)
{
	while (session->calls[CALL_WAITING].first)
		call_send(session->calls[CALL_WAITING].first);
}

void avi_calls_fail(struct avi_session *session)
{
	while (session->calls[CALL_WAITING].first)
		call_fail(session->calls[CALL_WAITING].first, session->held_class, &session->held_err,
			  avi_login_held_ms(session));
}

/* ---- the session ---- */

static void session_on_turn(uv_timer_t *timer)
{
	struct avi_session *session = container_of(timer, struct avi_session, turn);
	size_t n = session->calls[CALL_DUE].n;

	/* Only what was due when the turn began: done may start calls that fail at once. Freeing the session empties
	 * the queue, and its memory stays until the timer is closed. */
	for (; n && session->calls[CALL_DUE].first; n--) {
		struct avi_call *call = session->calls[CALL_DUE].first;
		struct err err = call->err;

		call_end(call, &(struct avi_reply){
			.class = call->class, .retry_after_ms = call->retry_after_ms, .err = &err });
	}
	if (session->calls[CALL_DUE].first)
		avi_next_turn(session);
	avi_logout_turn(session);
}

void avi_next_turn(struct avi_session *session)
{
	/* Not 0: a timer that starts itself with 0 runs again in the same turn, and nothing else does. */
	uv_timer_start(&session->turn, session_on_turn, 1, 0);
}

/* Host as given; a bare IPv6 address gets its brackets. */
static char *base_url(const char *controller, bool is_plain)
{
	bool is_v6 = ip_is_v6(controller);

	return xasprintf("%s://%s%s%s", is_plain ? "http" : "https", is_v6 ? "[" : "", controller, is_v6 ? "]" : "");
}

struct avi_session *avi_session_new(const struct avi_session_options *options)
{
	struct avi_session *session = xcalloc(1, sizeof(*session));

	session->http = options->http;
	session->loop = options->loop;
	session->base = base_url(options->controller, options->insecure_http_for_tests);
	session->version = xstrdup(options->version ? options->version : "");
	session->ca_pem = xstrdup(options->ca_pem);
	session->username = xstrdup(options->username ? options->username : "");
	if (options->password)
		secret_set(&session->password, (struct slice){ options->password->bytes, options->password->n });
	session->login = LOGIN_NONE;
	/* Waits are between half and all of these. */
	session->refused = (struct backoff){ .min_ms = 10000, .max_ms = 60000 };
	session->unreachable = (struct backoff){ .min_ms = 2000, .max_ms = 30000 };
	session->unhelpful = session->refused;
	uv_timer_init(session->loop, &session->turn);
	return session;
}

static void session_on_closed(uv_handle_t *handle)
{
	free(container_of((uv_timer_t *)handle, struct avi_session, turn));
}

void avi_session_free(struct avi_session *session)
{
	if (!session)
		return;
	avi_lists_free(session);
	for (enum call_place place = CALL_WAITING; place < N_CALL_PLACES; place++)
		while (session->calls[place].first)
			call_free(session->calls[place].first);
	avi_login_free(session);
	free(session->base);
	free(session->version);
	free(session->ca_pem);
	uv_close((uv_handle_t *)&session->turn, session_on_closed);
}

const char *avi_session_version(const struct avi_session *session)
{
	return session->version;
}

bool avi_session_is_connected(const struct avi_session *session)
{
	return session->is_connected;
}

int64_t avi_session_held_ms(const struct avi_session *session)
{
	return MAX(avi_login_held_ms(session), (int64_t)0);
}

struct avi_call *avi_start(struct avi_session *session, const struct avi_request *request)
{
	struct avi_call *call = xcalloc(1, sizeof(*call));

	call->session = session;
	call->method = xstrdup(request->method);
	call->path = xstrdup(request->path);
	call->tenant = xstrdup(request->tenant);
	call->body = request->body ? json_text(request->body) : NULL;
	call->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : REQUEST_TIMEOUT_MS;
	call->may_send = request->may_send;
	call->done = request->done;
	call->arg = request->arg;
	call_dispatch(call);
	return call;
}

void avi_cancel(struct avi_call *call)
{
	if (call)
		call_free(call);
}
