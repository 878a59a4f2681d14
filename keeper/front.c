#include "keeper/front.h"

#include <utlist.h>

#include "common/base/buf.h"
#include "common/base/metrics.h"
#include "common/io/http_server.h"

#define ANSWER_MAX_BYTES (16u * 1024 * 1024)
#define WORKER_TIMEOUT_MS 5000
#define MAX_ASKED 100                  /* requests that wait for the worker */

struct front {
	struct front_options options;
	struct http_server *server;
	struct asked *asked;
	unsigned n_asked;
};

/* A request that the worker is asked. */
struct asked {
	struct front *front;
	struct http_exchange *exchange;
	struct http_call *call;
	struct asked *prev, *next;
};

static void answer_text(struct http_exchange *exchange, int status, const char *text)
{
	http_answer(exchange, status, "text/plain; charset=utf-8", slice_of(text), NULL);
}

static void serve_health(struct front *front, struct http_exchange *exchange)
{
	(void)front;
	answer_text(exchange, 200, "ok\n");
}

static void serve_ready(struct front *front, struct http_exchange *exchange)
{
	CLEANUP(freep) char *why = NULL;
	CLEANUP(freep) char *text = NULL;

	if (keeper_is_ready(front->options.keeper, &why)) {
		answer_text(exchange, 200, "ok\n");
		return;
	}
	text = xasprintf("not ready: %s\n", why);
	answer_text(exchange, 503, text);
}

static void serve_leadership(struct front *front, struct http_exchange *exchange)
{
	CLEANUP(cJSON_Deletep) cJSON *json = keeper_status_json(front->options.keeper);
	CLEANUP(freep) char *text = json_text(json);
	CLEANUP(freep) char *line = xasprintf("%s\n", text);

	http_answer(exchange, 200, "application/json", slice_of(line), NULL);
}

/* ---- asked of the worker ---- */

static void asked_free(struct asked *asked)
{
	struct front *front = asked->front;

	DL_DELETE(front->asked, asked);
	front->n_asked--;
	free(asked);
}

/* Our own metrics and the worker's are one text. */
static void answer_metrics(struct http_exchange *exchange, struct slice more)
{
	CLEANUP(buf_release) struct buf text;

	buf_init(&text, 2 * ANSWER_MAX_BYTES);
	metrics_text(&text);
	buf_add(&text, more);
	http_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(&text), NULL);
}

static void on_worker_answer(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct asked *asked = arg;
	struct http_exchange *exchange = asked->exchange;
	bool is_metrics = streq(http_path(exchange), "/metrics");

	asked_free(asked);
	if (is_metrics)
		answer_metrics(exchange, reply && reply->status == 200 ? reply->body : (struct slice){ 0 });
	else if (err)
		answer_text(exchange, 503, "no worker answers: none runs, or it is starting\n");
	else
		http_answer(exchange, reply->status, *reply->content_type ? reply->content_type : NULL, reply->body, NULL);
}

static void ask_worker(struct front *front, struct http_exchange *exchange)
{
	CLEANUP(freep) char *url = xasprintf("http://worker%s", http_raw_target(exchange));
	struct asked *asked;

	if (front->n_asked == MAX_ASKED) {
		answer_text(exchange, 503, "too many requests wait for the worker\n");
		return;
	}
	asked = xcalloc(1, sizeof(*asked));
	*asked = (struct asked){ .front = front, .exchange = exchange };
	DL_APPEND(front->asked, asked);
	front->n_asked++;
	asked->call = http_start(front->options.http, &(struct http_request){
		.method = http_method(exchange), .url = url, .unix_path = front->options.worker_socket,
		.timeout_ms = WORKER_TIMEOUT_MS, .max_body_bytes = ANSWER_MAX_BYTES, .done = on_worker_answer, .arg = asked });
}

static const struct {
	const char *path;
	bool is_open;
	void (*serve)(struct front *front, struct http_exchange *exchange);
} routes[] = {
	{ "/healthz", true, serve_health },
	{ "/readyz", true, serve_ready },
	{ "/metrics", true, ask_worker },
	{ "/api/status", true, ask_worker },
	{ "/api/leadership", false, serve_leadership },
	{ "", false, ask_worker },             /* everything else */
};

static void on_request(void *arg, struct http_exchange *exchange)
{
	struct front *front = arg;
	size_t i = 0;

	while (*routes[i].path && !streq(routes[i].path, http_path(exchange)))
		i++;
	if (!streq(http_method(exchange), "GET") && !streq(http_method(exchange), "HEAD"))
		http_answer(exchange, 405, "text/plain; charset=utf-8", slice_of("only GET is served\n"),
			    (const char *const[]){ "Allow: GET, HEAD", NULL });
	else if (!routes[i].is_open && !front->options.is_open && !http_peer_is_loopback(exchange))
		answer_text(exchange, 403, "this path is served to the pod's own host only (--api-open opens it)\n");
	else
		routes[i].serve(front, exchange);
}

struct front *front_new(const struct front_options *options, struct err *err)
{
	struct front *front = xcalloc(1, sizeof(*front));

	front->options = *options;
	front->server = http_server_new(options->loop, &(struct http_server_options){
		.listen = options->listen, .max_connections = 100, .idle_timeout_s = 10, .handler = on_request, .arg = front }, err);
	if (front->server)
		return front;
	free(front);
	return NULL;
}

int front_port(const struct front *front)
{
	return http_server_port(front->server);
}

void front_free(struct front *front)
{
	if (!front)
		return;
	while (front->asked) {
		http_cancel(front->asked->call);
		asked_free(front->asked);
	}
	http_server_free(front->server);
	free(front);
}
