#include "leader/ops/api.h"

#include "common/base/metrics.h"
#include "common/io/http_server.h"

#define METRICS_MAX_BYTES (16 * 1024 * 1024)

struct api {
	struct api_options options;
	struct http_server *server;
};

static void answer_text(struct http_exchange *exchange, int status, const char *text)
{
	http_answer(exchange, status, "text/plain; charset=utf-8", slice_of(text), NULL);
}

static void answer_json(struct http_exchange *exchange, cJSON *json)
{
	CLEANUP(freep) char *text = json_text(json);
	CLEANUP(freep) char *line = xasprintf("%s\n", text);

	cJSON_Delete(json);
	http_answer(exchange, 200, "application/json", slice_of(line), NULL);
}

static void serve_health(const struct api *api, struct http_exchange *exchange)
{
	(void)api;
	answer_text(exchange, 200, "ok\n");
}

static void serve_ready(const struct api *api, struct http_exchange *exchange)
{
	CLEANUP(freep) char *why = NULL;
	CLEANUP(freep) char *text = NULL;

	if (api->options.is_ready(api->options.arg, &why)) {
		answer_text(exchange, 200, "ok\n");
		return;
	}
	text = xasprintf("not ready: %s\n", why);
	answer_text(exchange, 503, text);
}

static void serve_metrics(const struct api *api, struct http_exchange *exchange)
{
	CLEANUP(buf_release) struct buf text;

	(void)api;
	buf_init(&text, METRICS_MAX_BYTES);
	metrics_text(&text);
	http_answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(&text), NULL);
}

static void serve_status(const struct api *api, struct http_exchange *exchange)
{
	cJSON *json = cJSON_CreateObject(), *avi = json_put_object(json, "avi_api");

	json_put_str(avi, "connection_status", api->options.is_connected(api->options.arg) ? "CONNECTED" : "INITIATING");
	json_put_array(avi, "errors");
	answer_json(exchange, json);
}

static void serve_sync(const struct api *api, struct http_exchange *exchange)
{
	answer_json(exchange, api->options.sync(api->options.arg));
}

static const struct {
	const char *path;
	bool is_open;
	void (*serve)(const struct api *api, struct http_exchange *exchange);
} routes[] = {
	{ "/healthz", true, serve_health },
	{ "/readyz", true, serve_ready },
	{ "/metrics", true, serve_metrics },
	{ "/api/status", true, serve_status },
	{ "/api/sync", false, serve_sync },
};

static void on_request(void *arg, struct http_exchange *exchange)
{
	const struct api *api = arg;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		if (!streq(http_path(exchange), routes[i].path))
			continue;
		if (!streq(http_method(exchange), "GET") && !streq(http_method(exchange), "HEAD"))
			http_answer(exchange, 405, "text/plain; charset=utf-8", slice_of("only GET is served\n"),
				    (const char *const[]){ "Allow: GET, HEAD", NULL });
		else if (!routes[i].is_open && !api->options.is_open && !http_peer_is_loopback(exchange))
			answer_text(exchange, 403, "this path is served to the pod's own host only (--api-open opens it)\n");
		else
			routes[i].serve(api, exchange);
		return;
	}
	answer_text(exchange, 404, "404 page not found\n");
}

struct api *api_new(const struct api_options *options, struct err *err)
{
	struct api *api = xcalloc(1, sizeof(*api));

	api->options = *options;
	api->server = http_server_new(options->loop, &(struct http_server_options){
		.listen = options->listen, .max_connections = 100, .idle_timeout_s = 10, .handler = on_request, .arg = api }, err);
	if (api->server)
		return api;
	free(api);
	return NULL;
}

int api_port(const struct api *api)
{
	return http_server_port(api->server);
}

void api_free(struct api *api)
{
	if (!api)
		return;
	http_server_free(api->server);
	free(api);
}
