#include "keeper/front.h"

#include <utlist.h>

#include "common/io/http_routes.h"

#define ANSWER_MAX_BYTES (16u * 1024 * 1024)
#define WORKER_TIMEOUT_MS 5000
#define MAX_ASKED 100                  /* requests that wait for the worker */

struct front {
	struct front_options options;
	struct http_routes *routes;
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

static void serve_health(void *arg, struct http_exchange *exchange)
{
	(void)arg;
	http_answer_text(exchange, 200, "ok\n");
}

static void serve_ready(void *arg, struct http_exchange *exchange)
{
	struct front *front = arg;
	CLEANUP(freep) char *why = NULL;
	CLEANUP(freep) char *text = NULL;

	if (keeper_is_ready(front->options.keeper, &why)) {
		http_answer_text(exchange, 200, "ok\n");
		return;
	}
	text = xasprintf("not ready: %s\n", why);
	http_answer_text(exchange, 503, text);
}

static void serve_leadership(void *arg, struct http_exchange *exchange)
{
	struct front *front = arg;

	http_answer_json(exchange, keeper_status_json(front->options.keeper));
}

/* ---- asked of the worker ---- */

static void asked_free(struct asked *asked)
{
	struct front *front = asked->front;

	DL_DELETE(front->asked, asked);
	front->n_asked--;
	free(asked);
}

static void on_worker_answer(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct asked *asked = arg;
	struct http_exchange *exchange = asked->exchange;
	bool is_metrics = streq(http_path(exchange), "/metrics");

	asked_free(asked);
	if (is_metrics)
		http_answer_metrics(exchange, reply && reply->status == 200 ? reply->body : (struct slice){ 0 });      /* one text */
	else if (err)
		http_answer_text(exchange, 503, "no worker answers: none runs, or it is starting\n");
	else
		http_answer(exchange, reply->status, *reply->content_type ? reply->content_type : NULL, reply->body, NULL);
}

static void ask_worker(void *arg, struct http_exchange *exchange)
{
	struct front *front = arg;
	CLEANUP(freep) char *url = xasprintf("http://worker%s", http_raw_target(exchange));
	struct asked *asked;

	if (front->n_asked == MAX_ASKED) {
		http_answer_text(exchange, 503, "too many requests wait for the worker\n");
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

static const struct http_route routes[] = {
	{ "/healthz", true, serve_health },
	{ "/readyz", true, serve_ready },
	{ "/metrics", true, ask_worker },
	{ "/api/status", true, ask_worker },
	{ "/api/leadership", false, serve_leadership },
	{ "", false, ask_worker },             /* everything else */
	{ 0 },
};

struct front *front_new(const struct front_options *options, struct err *err)
{
	struct front *front = xcalloc(1, sizeof(*front));

	front->options = *options;
	front->routes = http_routes_new(options->loop, &(struct http_routes_options){
		.listen = options->listen, .is_open = options->is_open, .routes = routes, .arg = front }, err);
	if (front->routes)
		return front;
	free(front);
	return NULL;
}

int front_port(const struct front *front)
{
	return http_routes_port(front->routes);
}

void front_free(struct front *front)
{
	if (!front)
		return;
	while (front->asked) {
		http_cancel(front->asked->call);
		asked_free(front->asked);
	}
	http_routes_free(front->routes);
	free(front);
}
