#include "common/io/http_routes.h"

#include "common/base/buf.h"
#include "common/base/metrics.h"

#define MAX_CONNECTIONS 100
#define IDLE_S 10
#define METRICS_MAX_BYTES (32u * 1024 * 1024)

struct http_routes {
	struct http_routes_options options;
	struct http_server *server;
};

void http_answer_text(struct http_exchange *exchange, int status, const char *text)
{
	http_answer(exchange, status, "text/plain; charset=utf-8", slice_of(text), NULL);
}

void http_answer_json(struct http_exchange *exchange, cJSON *json)
{
	CLEANUP(freep) char *text = json_text(json);
	CLEANUP(freep) char *line = xasprintf("%s\n", text);

	cJSON_Delete(json);
	http_answer(exchange, 200, "application/json", slice_of(line), NULL);
}

void http_answer_metrics(struct http_exchange *exchange, struct slice more)
{
	CLEANUP(buf_release) struct buf text;

	buf_init(&text, METRICS_MAX_BYTES);
	metrics_text(&text);
	buf_add(&text, more);
	http_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(&text), NULL);
}

static const struct http_route *find(const struct http_route *route, const char *path)
{
	while (route->path && *route->path && !streq(route->path, path))
		route++;
	return route->path ? route : NULL;
}

static void on_request(void *arg, struct http_exchange *exchange)
{
	const struct http_routes *routes = arg;
	const struct http_route *route = find(routes->options.routes, http_path(exchange));

	if (!route)
		http_answer_text(exchange, 404, "404 page not found\n");
	else if (!streq(http_method(exchange), "GET") && !streq(http_method(exchange), "HEAD"))
		http_answer(exchange, 405, "text/plain; charset=utf-8", slice_of("only GET is served\n"),
			    (const char *const[]){ "Allow: GET, HEAD", NULL });
	else if (!route->is_open && !routes->options.is_open && !http_peer_is_loopback(exchange))
		http_answer_text(exchange, 403, "this path is served to the pod's own host only (--api-open opens it)\n");
	else
		route->serve(routes->options.arg, exchange);
}

struct http_routes *http_routes_new(uv_loop_t *loop, const struct http_routes_options *options, struct err *err)
{
	struct http_routes *routes = xcalloc(1, sizeof(*routes));

	routes->options = *options;
	routes->server = http_server_new(loop, &(struct http_server_options){
		.listen = options->listen, .max_connections = MAX_CONNECTIONS, .idle_timeout_s = IDLE_S, .handler = on_request,
		.arg = routes }, err);
	if (routes->server)
		return routes;
	free(routes);
	return NULL;
}

int http_routes_port(const struct http_routes *routes)
{
	return http_server_port(routes->server);
}

void http_routes_free(struct http_routes *routes)
{
	if (!routes)
		return;
	http_server_free(routes->server);
	free(routes);
}
