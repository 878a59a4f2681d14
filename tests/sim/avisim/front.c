#include "tests/sim/avisim/front.h"

#include <time.h>

#include "tests/sim/avisim/api.h"

#define MAX_PARAMS 64
#define MAX_BODY_BYTES (4 * 1024 * 1024)
#define MAX_CONNECTIONS 2000
#define IDLE_TIMEOUT_S 300

struct front {
	uv_loop_t *loop;
	struct sim *sim;
	char *listen;                  /* with the real port, once it is known */
	const char *cert_pem, *key_pem;
	struct http_server *server;    /* NULL: refusing */
	bool is_hanging;
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
		.tenant = http_header(x, "X-Avi-Tenant"),
		.tenant_uuid = http_header(x, "X-Avi-Tenant-UUID"),
		.version = version && *version ? version : NULL,
		.content_type = http_header(x, "Content-Type"),
		.body = http_body(x),
		.now_ms = now_ms(),
	};
}

static void send_reply(struct http_exchange *x, const struct api_reply *reply)
{
	CLEANUP(freep) char *text = reply->body ? json_text(reply->body) : NULL;
	const char **headers = xcalloc(reply->headers.n + 1, sizeof(*headers));

	for (size_t i = 0; i < reply->headers.n; i++)
		headers[i] = reply->headers.v[i];
	http_answer(x, reply->status, text ? "application/json" : NULL, slice_of(text), headers);
	free(headers);
}

static void handle(struct front *front, struct http_exchange *x)
{
	struct params params;
	struct api_request request = read_request(x, &params);
	struct api_reply reply;

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

bool front_is_hanging(const struct front *front)
{
	return front->is_hanging;
}

size_t front_n_held(const struct front *front)
{
	return front->n_held;
}
