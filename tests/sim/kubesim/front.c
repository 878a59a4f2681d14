#include "tests/sim/kubesim/front.h"

#include <utlist.h>

#include "tests/sim/kubesim/text.h"

#define MAX_PARAMS 64
#define MAX_BODY_BYTES (3u * 1024 * 1024)      /* as the real one */
#define MAX_CONNECTIONS 20000
#define IDLE_TIMEOUT_S 300

/* An exchange whose time has not come, or whose answer comes drop by drop. */
struct held {
	struct held *prev, *next;
	struct ks_front *front;
	struct http_exchange *x;
	struct ks_rule *rule;
	uv_timer_t timer;
	char *text;                    /* what is left to send */
	size_t n_text, n_sent, per_tick;
	bool is_cut;                   /* at the end the connection is cut, not ended */
};

struct ks_front {
	struct ks_front_options o;
	char *listen;                  /* with the real port */
	char *address;
	struct http_server *server;    /* NULL: down */
	struct held *held;
	uv_timer_t bookmarks;
};

struct params {
	struct ks_param v[MAX_PARAMS];
	size_t n;
};

/* --- requests -------------------------------------------------------------------------------------------- */

static void add_param(void *arg, const char *key, const char *value)
{
	struct params *params = arg;

	if (params->n < MAX_PARAMS)
		params->v[params->n++] = (struct ks_param){ key, value };
}

/* "<admin token>:alice" is alice's, who may do everything too: rules can tell her from the others. */
static const char *user_in(const char *token, const char *admin_token)
{
	size_t n = strlen(admin_token);

	return strncmp(token, admin_token, n) == 0 && token[n] == ':' && token[n + 1] ? token + n + 1 : NULL;
}

/* false: a token that nobody has. */
static bool authenticate(const struct ks_front *front, const struct http_exchange *x, struct ks_request *r)
{
	const struct ks_settings *s = front->o.settings;
	const char *header = http_header(x, "Authorization"), *cn = http_peer_cn(x);
	const char *token = header && strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
	const char *named = token ? user_in(token, s->admin_token) : NULL;

	r->user = "";
	if (cn)
		r->user = cn;
	else if (token && streq(token, s->admin_token))
		r->user = "admin";
	else if (token && streq(token, s->nobody_token))
		r->user = "nobody";
	else if (named)
		r->user = named;
	else if (token)
		return false;
	r->is_admin = streq(r->user, "admin") || named;
	return true;
}

static void read_request(const struct ks_front *front, const struct http_exchange *x, struct params *params,
			 struct ks_request *r)
{
	params->n = 0;
	http_query_each(x, add_param, params);
	*r = (struct ks_request){
		.cluster = front->o.cluster,
		.method = http_method(x),
		.path = http_path(x),
		.content_type = http_header(x, "Content-Type"),
		.accept = http_header(x, "Accept"),
		.agent = http_header(x, "User-Agent"),
		.params = params->v,
		.n_params = params->n,
		.body = http_body(x),
		.user = "",
	};
	ks_request_parse(r);
}

/* --- waiting --------------------------------------------------------------------------------------------- */

static void held_on_closed(uv_handle_t *handle)
{
	struct held *held = container_of((uv_timer_t *)handle, struct held, timer);

	ks_rule_unref(held->rule);
	free(held->text);
	free(held);
}

static void held_drop(struct held *held)
{
	DL_DELETE(held->front->held, held);
	held->x = NULL;
	uv_close((uv_handle_t *)&held->timer, held_on_closed);
}

static struct held *held_new(struct ks_front *front, struct http_exchange *x, struct ks_rule *rule)
{
	struct held *held = xcalloc(1, sizeof(*held));

	*held = (struct held){ .front = front, .x = x, .rule = ks_rule_ref(rule) };
	uv_timer_init(front->o.loop, &held->timer);
	DL_APPEND(front->held, held);
	return held;
}

static void on_gone(void *arg)
{
	held_drop(arg);
}

static void on_drip(uv_timer_t *timer)
{
	struct held *held = container_of(timer, struct held, timer);
	struct http_exchange *x = held->x;
	size_t n = MIN(held->per_tick, held->n_text - held->n_sent);
	bool is_cut = held->is_cut;

	if (n) {
		http_stream_send(x, (struct slice){ held->text + held->n_sent, n });
		held->n_sent += n;
		return;
	}
	held_drop(held);
	(is_cut ? http_stream_break : http_stream_end)(x);
}

/* The answer in drops, or its half and then the end of the connection. */
static void send_slowly(struct ks_front *front, struct http_exchange *x, struct ks_rule *rule, struct ks_reply *reply)
{
	struct held *held = held_new(front, x, rule);
	size_t n = rule->is_half ? reply->n_body / 2 : reply->n_body;
	uint64_t tick_ms = 1;

	held->text = TAKE(reply->body);
	if (!held->text)
		held->text = xstrdup("");
	held->n_text = n;
	held->is_cut = rule->is_half;
	held->per_tick = rule->bytes_per_s ? ks_drip(rule, &tick_ms) : MAX(n, (size_t)1);
	http_stream_begin(x, reply->status, reply->content_type, MAX(n, (size_t)1), on_gone, held);
	uv_timer_start(&held->timer, on_drip, 0, tick_ms);
}

/* --- answers --------------------------------------------------------------------------------------------- */

static void send_reply(struct http_exchange *x, const struct ks_reply *reply)
{
	const char **headers = xcalloc(reply->headers.n + 1, sizeof(*headers));

	for (size_t i = 0; i < reply->headers.n; i++)
		headers[i] = reply->headers.v[i];
	http_answer(x, reply->status, reply->content_type, (struct slice){ reply->body, reply->n_body }, headers);
	free(headers);
}

static void refuse_by_rule(const struct ks_rule *rule, struct ks_reply *reply)
{
	if (rule->body)
		ks_reply_text(reply, rule->status,
			      *rule->body == '{' || *rule->body == '[' ? "application/json" : "text/plain",
			      xstrdup(rule->body));
	else
		ks_refuse(reply, rule->status, rule->reason ? rule->reason : "InternalError", "%s",
			  rule->message ? rule->message : "a fault rule says so");
	if (rule->retry_after_s >= 0)
		strs_take(&reply->headers, xasprintf("Retry-After: %d", rule->retry_after_s));
}

/* Takes the text. */
static void set_body(struct ks_reply *reply, char *text)
{
	free(reply->body);
	reply->body = text;
	reply->n_body = strlen(text);
}

/* A list that never ends: its next page is the first one. */
static void make_endless(const struct ks_request *r, struct ks_reply *reply)
{
	static const char end[] = "},\"items\":[";
	char *at = reply->status == 200 && reply->body ? strstr(reply->body, end) : NULL;
	CLEANUP(freep) char *plain = NULL;
	CLEANUP(freep) char *token = NULL;

	if (!at || memmem(reply->body, (size_t)(at - reply->body), "\"continue\"", 10))
		return;
	plain = xasprintf("{\"rv\":%lu,\"start\":\"\"}", (unsigned long)r->cluster->rv);
	token = ks_base64(slice_of(plain));
	set_body(reply, xasprintf("%.*s,\"continue\":\"%s\"%s", (int)(at - reply->body), reply->body, token, at));
}

static void bend_reply(const struct ks_request *r, struct ks_rule *rule, struct ks_reply *reply)
{
	if (rule->is_endless)
		make_endless(r, reply);
	if (rule->lie && reply->body)
		set_body(reply, ks_lie(rule, reply->body));
	if (rule->pad_bytes && reply->body)
		set_body(reply, ks_pad(rule, reply->body));
}

/* 0: a watch has begun; else the reply's status. */
static int answer(struct ks_front *front, struct http_exchange *x, struct ks_request *r, struct ks_rule *rule,
		  struct ks_reply *reply)
{
	if (rule && rule->status) {
		refuse_by_rule(rule, reply);
	} else if (!authenticate(front, x, r)) {
		ks_refuse(reply, 401, "Unauthorized", "Unauthorized");
	} else if (ks_request_check(r, reply)) {
		bool is_watch = streq(r->verb, "watch");

		if (rule && rule->gone == KS_GONE_HTTP)
			ks_refuse(reply, 410, "Expired", "The resourceVersion for the provided %s is too old.",
				  r->verb);
		else if (is_watch && ks_watch_start(front->o.loop, r, x, rule, reply))
			return 0;
		else if (!is_watch)
			ks_answer(r, reply);
	}
	return reply->status;
}

static void proceed(struct ks_front *front, struct http_exchange *x, struct ks_rule *rule)
{
	struct params params;
	struct ks_request r;
	struct ks_reply reply = { 0 };
	int status;

	read_request(front, x, &params, &r);
	if (rule && rule->is_closed) {
		ks_journal_add(front->o.journal, &r, 0, rule->rule.id);
		http_hang_up(x);
		ks_request_release(&r);
		return;
	}
	status = answer(front, x, &r, rule, &reply);
	ks_journal_add(front->o.journal, &r, status ? status : 200, rule ? rule->rule.id : 0);
	if (status && rule)
		bend_reply(&r, rule, &reply);
	ks_request_release(&r);
	if (status && rule && (rule->is_half || rule->bytes_per_s))
		send_slowly(front, x, rule, &reply);
	else if (status)
		send_reply(x, &reply);
	ks_reply_release(&reply);
}

static void on_delayed(uv_timer_t *timer)
{
	struct held *held = container_of(timer, struct held, timer);
	struct http_exchange *x = held->x;
	struct ks_rule *rule = ks_rule_ref(held->rule);
	struct ks_front *front = held->front;

	held_drop(held);
	if (http_peer_left(x))
		http_hang_up(x);
	else
		proceed(front, x, rule);
	ks_rule_unref(rule);
}

static void on_request(void *arg, struct http_exchange *x)
{
	struct ks_front *front = arg;
	struct ks_rule *rule = NULL;

	if (front->o.faults->first) {
		struct params params;
		struct ks_request r;

		read_request(front, x, &params, &r);
		authenticate(front, x, &r);
		rule = (struct ks_rule *)faults_match(front->o.faults, &r);
		ks_request_release(&r);
	}
	if (rule && rule->delay_ms) {
		struct held *held = held_new(front, x, rule);

		uv_timer_start(&held->timer, on_delayed, (uint64_t)rule->delay_ms, 0);
	} else {
		proceed(front, x, rule);
	}
}

/* --- the port -------------------------------------------------------------------------------------------- */

static bool open_server(struct ks_front *front, struct err *err)
{
	const struct http_server_options options = {
		.listen = front->listen,
		.cert_pem = front->o.pki->server_cert_pem,
		.key_pem = front->o.pki->server_key_pem,
		.client_ca_pem = front->o.pki->ca_pem,
		.max_body_bytes = MAX_BODY_BYTES,
		.max_connections = MAX_CONNECTIONS,
		.idle_timeout_s = IDLE_TIMEOUT_S,
		.handler = on_request,
		.arg = front,
	};

	front->server = http_server_new(front->o.loop, &options, err);
	return front->server != NULL;
}

static void close_server(struct ks_front *front)
{
	struct held *held, *next;

	DL_FOREACH_SAFE(front->held, held, next)
		held_drop(held);
	ks_watch_drop_all(front->o.cluster);
	http_server_free(TAKE(front->server));
}

static void on_bookmarks(uv_timer_t *timer)
{
	ks_watch_bookmark_all(container_of(timer, struct ks_front, bookmarks)->o.cluster);
}

struct ks_front *ks_front_new(const struct ks_front_options *options, struct err *err)
{
	struct ks_front *front = xcalloc(1, sizeof(*front));
	const char *colon = strrchr(options->listen, ':');
	int n_host = colon ? (int)(colon - options->listen) : 0;

	front->o = *options;
	front->listen = xstrdup(options->listen);
	if (!open_server(front, err)) {
		free(front->listen);
		free(front);
		return NULL;
	}
	/* The same port again after being down. */
	free(front->listen);
	front->listen = xasprintf("%.*s:%d", n_host, options->listen, http_server_port(front->server));
	front->address = xasprintf("%.*s:%d", n_host ? n_host : 9, n_host ? options->listen : "127.0.0.1",
				   http_server_port(front->server));
	front->o.listen = front->listen;
	uv_timer_init(options->loop, &front->bookmarks);
	uv_timer_start(&front->bookmarks, on_bookmarks, options->settings->bookmark_ms, options->settings->bookmark_ms);
	return front;
}

static void front_on_closed(uv_handle_t *handle)
{
	struct ks_front *front = container_of((uv_timer_t *)handle, struct ks_front, bookmarks);

	free(front->listen);
	free(front->address);
	free(front);
}

void ks_front_free(struct ks_front *front)
{
	if (!front)
		return;
	close_server(front);
	uv_close((uv_handle_t *)&front->bookmarks, front_on_closed);
}

const char *ks_front_address(const struct ks_front *front)
{
	return front->address;
}

struct ks_cluster *ks_front_cluster(const struct ks_front *front)
{
	return front->o.cluster;
}

size_t ks_front_connections(const struct ks_front *front)
{
	return front->server ? http_server_connections(front->server) : 0;
}

bool ks_front_set_down(struct ks_front *front, bool is_down, struct err *err)
{
	if (is_down == ks_front_is_down(front))
		return true;
	if (!is_down)
		return open_server(front, err);
	close_server(front);
	return true;
}

bool ks_front_is_down(const struct ks_front *front)
{
	return !front->server;
}
