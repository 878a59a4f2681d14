/* common/io/http_routes.h - what a process answers over its port, as a table: read-only, each path with its handler.
 *
 * Other methods than GET and HEAD: 405; unknown paths: 404; paths that are not open: 403 to everybody but this host.
 * Ownership: owns the server; borrows the table and arg.
 */
#pragma once

#include "common/base/json.h"
#include "common/io/http_server.h"

struct http_route {
	const char *path;              /* "": everything else, the last row; NULL ends the table */
	bool is_open;                  /* to other hosts too */
	void (*serve)(void *arg, struct http_exchange *exchange);
};

struct http_routes_options {
	const char *listen;
	bool is_open;                  /* every path, --api-open */
	const struct http_route *routes;
	void *arg;
};

struct http_routes;

struct http_routes *http_routes_new(uv_loop_t *loop, const struct http_routes_options *options, struct err *err);
int http_routes_port(const struct http_routes *routes);
void http_routes_free(struct http_routes *routes);         /* NULL is fine */

/* Answers of the usual kinds. */
void http_answer_text(struct http_exchange *exchange, int status, const char *text);
void http_answer_json(struct http_exchange *exchange, cJSON *json);            /* taken */
/* This process's metrics, and `more` behind them. */
void http_answer_metrics(struct http_exchange *exchange, struct slice more);
