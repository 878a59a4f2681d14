#include "tests/sim/avisim/front.h"

#include <time.h>
#include <utlist.h>

#include "tests/sim/avisim/fault.h"

#define MAX_PARAMS 64
#define MAX_BODY_BYTES (4 * 1024 * 1024)
#define MAX_CONNECTIONS 2000
#define IDLE_TIMEOUT_S 300

/* A request that a fault goes with, from one step to the next. */
struct late {
	struct late *prev, *next;
	struct front *front;
	struct http_exchange *x;
	struct fault *fault;
	struct api_reply reply;
	uv_timer_t timer;
	void (*step)(struct late *late);
};

struct front {
	uv_loop_t *loop;
	struct sim *sim;
	char *listen;                  /* with the real port, once it is known */
	const char *cert_pem, *key_pem;
	struct http_server *server;    /* NULL: refusing */
	struct late *late;
	bool is_hanging, is_turning_away;
	struct http_exchange **held;
	size_t n_held, cap_held;
	size_t most_connections;
};

struct params {
	struct api_param v[MAX_PARAMS];
	size_t n;
};

static void add_param(void *arg, const char *key, const char *value)
{
	struct params *params = arg;

	if (params->n < MAX_PARAMS)
		params->v[params->n++] = (struct api_param){ key, value };
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct api_request read_request(const struct http_exchange *x, struct params *params)
{
	const char *version = http_header(x, "X-Avi-Version");

	params->n = 0;
	http_query_each(x, add_param, params);
	return (struct api_request){
		.method = http_method(x),
		.target = http_raw_target(x),
		.path = http_path(x),
		.params = params->v,
		.n_params = params->n,
		.host = http_header(x, "Host"),
		.cookies = http_header(x, "Cookie"),
		.csrf = http_header(x, "X-CSRFToken"),
		.referer = http_header(x, "Referer"),
		.agent = http_header(x, "User-Agent"),
		.tenant = http_header(x, "X-Avi-Tenant"),
		.tenant_uuid = http_header(x, "X-Avi-Tenant-UUID"),
		.version = version && *version ? version : NULL,
		.content_type = http_header(x, "Content-Type"),
		.body = http_body(x),
		.now_ms = now_ms(),
	};
}

static void make_text(struct api_reply *reply)
{
	if (reply->text || !reply->body)
		return;
	reply->text = json_text(reply->body);
	reply->content_type = "application/json";
}

static void send_reply(struct http_exchange *x, struct api_reply *reply)
{
	const char **headers = xcalloc(reply->headers.n + 1, sizeof(*headers));

	make_text(reply);
	for (size_t i = 0; i < reply->headers.n; i++)
		headers[i] = reply->headers.v[i];
	http_answer(x, reply->status, reply->text ? reply->content_type : NULL, slice_of(reply->text), headers);
	free(headers);
}

/* --- with a fault: one step after the other ---------------------------------------------------------------- */

static void late_on_closed(uv_handle_t *handle)
{
	struct late *late = container_of((uv_timer_t *)handle, struct late, timer);

	api_reply_release(&late->reply);
	fault_rule_unref(&late->fault->rule);
	free(late);
}

/* The exchange has ended, or is about to. */
static void late_end(struct late *late)
{
	late->front->sim->counters.n_open--;
	DL_DELETE(late->front->late, late);
	uv_close((uv_handle_t *)&late->timer, late_on_closed);
}

static void late_on_gone(void *arg)
{
	late_end(arg);
}

static void late_hang_up(struct late *late)
{
	struct http_exchange *x = late->x;

	late_end(late);
	http_hang_up(x);
}

static void late_on_timer(uv_timer_t *timer)
{
	struct late *late = container_of(timer, struct late, timer);

	late->step(late);
}

static void late_wait(struct late *late, int wait_ms, void (*step)(struct late *late))
{
	late->step = step;
	uv_timer_start(&late->timer, late_on_timer, (uint64_t)wait_ms, 0);
}

static void send_body(struct late *late)
{
	struct http_exchange *x = late->x;
	size_t n = strlen(late->reply.text);
	bool is_half = late->fault->is_truncated;

	http_stream_send(x, (struct slice){ late->reply.text, is_half ? n / 2 : n });
	late_end(late);
	(is_half ? http_stream_break : http_stream_end)(x);
}

static void send_header(struct late *late)
{
	const struct api_reply *reply = &late->reply;

	http_stream_begin(late->x, reply->status, reply->content_type, strlen(reply->text), late_on_gone, late);
	for (size_t i = 0; i < reply->headers.n; i++)
		http_stream_header(late->x, reply->headers.v[i]);
	late_wait(late, late->fault->delay_body_ms, send_body);
}

static void tell(struct late *late)
{
	const struct fault *fault = late->fault;

	make_text(&late->reply);
	if (fault->close || (fault->is_truncated && !late->reply.text)) {
		late_hang_up(late);
	} else if (late->reply.text && (fault->is_truncated || fault->delay_body_ms)) {
		send_header(late);
	} else {
		send_reply(late->x, &late->reply);
		late_end(late);
	}
}

/* Without its client a delayed request would be a write that nobody knows of. */
static void ask(struct late *late)
{
	struct sim *sim = late->front->sim;
	struct fault *fault = late->fault;
	bool is_left = fault->delay_ms && http_peer_left(late->x);
	struct params params;
	struct api_request request = read_request(late->x, &params);

	if (is_left)
		api_look(sim, &request, &late->reply);
	else
		fault_answer(fault, sim, &request, &late->reply);
	late->reply.fault = fault->rule.id;
	api_record(sim, &request, &late->reply, is_left || fault_cuts(fault) ? 0 : late->reply.status);
	if (is_left || fault_closes_before(fault))
		late_hang_up(late);
	else
		late_wait(late, fault->delay_answer_ms, tell);
}

static void begin_late(struct front *front, struct http_exchange *x, struct fault *fault)
{
	struct late *late = xcalloc(1, sizeof(*late));

	*late = (struct late){ .front = front, .x = x, .fault = fault };
	fault_rule_ref(&fault->rule);
	uv_timer_init(front->loop, &late->timer);
	DL_APPEND(front->late, late);
	late_wait(late, fault->delay_ms, ask);
}

static void forget_late(struct front *front)
{
	while (front->late)
		late_end(front->late);
}

/* --- requests -------------------------------------------------------------------------------------------- */

static void handle(struct front *front, struct http_exchange *x)
{
	struct params params;
	struct api_request request = read_request(x, &params);
	struct fault *fault = fault_find(front->sim, &request);
	struct api_reply reply;

	if (fault) {
		begin_late(front, x, fault);
		return;
	}
	api_answer(front->sim, &request, &reply);
	api_record(front->sim, &request, &reply, reply.status);
	front->sim->counters.n_open--;
	send_reply(x, &reply);
	api_reply_release(&reply);
}

static void on_request(void *arg, struct http_exchange *x)
{
	struct front *front = arg;
	struct sim_counters *counters = &front->sim->counters;

	counters->n_requests++;
	counters->n_open++;
	counters->n_most_open = MAX(counters->n_most_open, counters->n_open);
	front->most_connections = MAX(front->most_connections, http_server_connections(front->server));
	if (front->is_hanging) {
		front->held = grow(front->held, &front->cap_held, front->n_held, sizeof(struct http_exchange *));
		front->held[front->n_held++] = x;
		return;
	}
	handle(front, x);
}

static bool open_server(struct front *front, struct err *err)
{
	const struct http_server_options options = {
		.listen = front->listen,
		.cert_pem = front->cert_pem,
		.key_pem = front->key_pem,
		.max_body_bytes = MAX_BODY_BYTES,
		.max_connections = MAX_CONNECTIONS,
		.idle_timeout_s = IDLE_TIMEOUT_S,
		.handler = on_request,
		.arg = front,
	};

	front->server = http_server_new(front->loop, &options, err);
	if (front->server)
		http_server_turn_away(front->server, front->is_turning_away);
	return front->server != NULL;
}

struct front *front_new(uv_loop_t *loop, struct sim *sim, const char *listen, const char *cert_pem, const char *key_pem,
			struct err *err)
{
	struct front *front = xcalloc(1, sizeof(*front));
	const char *colon = strrchr(listen, ':');

	*front = (struct front){ .loop = loop, .sim = sim, .listen = xstrdup(listen), .cert_pem = cert_pem, .key_pem = key_pem };
	if (!open_server(front, err)) {
		front_free(front);
		return NULL;
	}
	/* The same port again after refusing. */
	free(front->listen);
	front->listen = xasprintf("%.*s:%d", (int)(colon - listen), listen, http_server_port(front->server));
	return front;
}

static void forget_held(struct front *front)
{
	front->sim->counters.n_open -= front->n_held;
	front->n_held = 0;
}

void front_free(struct front *front)
{
	if (!front)
		return;
	forget_held(front);
	forget_late(front);
	http_server_free(front->server);
	free(front->held);
	free(front->listen);
	free(front);
}

int front_port(const struct front *front)
{
	return (int)strtol(strrchr(front->listen, ':') + 1, NULL, 10);
}

size_t front_connections(const struct front *front)
{
	return front->server ? http_server_connections(front->server) : 0;
}

size_t front_most_connections(const struct front *front)
{
	return front->most_connections;
}

bool front_set_refusing(struct front *front, bool is_refusing, struct err *err)
{
	if (is_refusing == front_is_refusing(front))
		return true;
	if (!is_refusing)
		return open_server(front, err);
	forget_held(front);
	forget_late(front);
	http_server_free(TAKE(front->server));
	return true;
}

bool front_is_refusing(const struct front *front)
{
	return !front->server;
}

void front_set_hanging(struct front *front, bool is_hanging)
{
	size_t n = is_hanging ? 0 : front->n_held;

	front->is_hanging = is_hanging;
	for (size_t i = 0; i < n; i++) {
		struct http_exchange *x = front->held[i];

		/* Without its client a request would be a write that nobody knows of. */
		if (http_peer_left(x)) {
			front->sim->counters.n_open--;
			http_hang_up(x);
		} else {
			handle(front, x);
		}
	}
	front->n_held -= n;
}

void front_hang_up_all(struct front *front)
{
	size_t n = front->n_held;

	while (front->late)
		late_hang_up(front->late);
	forget_held(front);
	for (size_t i = 0; i < n; i++)
		http_hang_up(front->held[i]);
}

bool front_is_hanging(const struct front *front)
{
	return front->is_hanging;
}

size_t front_n_held(const struct front *front)
{
	return front->n_held;
}

void front_set_turning_away(struct front *front, bool is_turning_away)
{
	front->is_turning_away = is_turning_away;
	if (front->server)
		http_server_turn_away(front->server, is_turning_away);
}

bool front_is_turning_away(const struct front *front)
{
	return front->is_turning_away;
}
