#include "leader/ops/api.h"

#include "common/io/http_routes.h"

struct api {
	struct api_options options;
	struct http_routes *routes;
};

static void serve_health(void *arg, struct http_exchange *exchange)
{
	(void)arg;
	http_answer_text(exchange, 200, "ok\n");
}

static void serve_ready(void *arg, struct http_exchange *exchange)
{
	const struct api *api = arg;
	CLEANUP(freep) char *why = NULL;
	CLEANUP(freep) char *text = NULL;

	if (api->options.is_ready(api->options.arg, &why)) {
		http_answer_text(exchange, 200, "ok\n");
		return;
	}
	text = xasprintf("not ready: %s\n", why);
	http_answer_text(exchange, 503, text);
}

static void serve_metrics(void *arg, struct http_exchange *exchange)
{
	(void)arg;
	http_answer_metrics(exchange, (struct slice){ 0 });
}

static void serve_status(void *arg, struct http_exchange *exchange)
{
	const struct api *api = arg;
	cJSON *json = cJSON_CreateObject(), *avi = json_put_object(json, "avi_api");

	json_put_str(avi, "connection_status", api->options.is_connected(api->options.arg) ? "CONNECTED" : "INITIATING");
	json_put_array(avi, "errors");
	http_answer_json(exchange, json);
}

static void serve_sync(void *arg, struct http_exchange *exchange)
{
	const struct api *api = arg;

	http_answer_json(exchange, api->options.sync(api->options.arg));
}

static const struct http_route routes[] = {
	{ "/healthz", true, serve_health },
	{ "/readyz", true, serve_ready },
	{ "/metrics", true, serve_metrics },
	{ "/api/status", true, serve_status },
	{ "/api/sync", false, serve_sync },
	{ 0 },
};

struct api *api_new(const struct api_options *options, struct err *err)
{
	struct api *api = xcalloc(1, sizeof(*api));

	api->options = *options;
	api->routes = http_routes_new(options->loop, &(struct http_routes_options){
		.listen = options->listen, .is_open = options->is_open, .routes = routes, .arg = api }, err);
	if (api->routes)
		return api;
	free(api);
	return NULL;
}

int api_port(const struct api *api)
{
	return http_routes_port(api->routes);
}

void api_free(struct api *api)
{
	if (!api)
		return;
	http_routes_free(api->routes);
	free(api);
}
