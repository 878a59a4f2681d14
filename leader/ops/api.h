/* leader/ops/api.h - what the process answers over HTTP: /healthz /readyz /metrics /api/status to everybody, /api/sync to this host.
 *
 * Read-only. Other methods: 405; unknown paths: 404.
 * Ownership: owns the server.
 */
#pragma once

#include <uv.h>

#include "common/base/err.h"
#include "common/base/json.h"

struct api;

struct api_options {
	uv_loop_t *loop;
	const char *listen;
	bool is_open;                          /* every path to everybody, not only to loopback */
	/* False: not ready, and why (yours to free after). */
	bool (*is_ready)(void *arg, char **why);
	bool (*is_connected)(void *arg);       /* to the controller */
	cJSON *(*sync)(void *arg);
	void *arg;
};

struct api *api_new(const struct api_options *options, struct err *err);
int api_port(const struct api *api);
void api_free(struct api *api);                            /* NULL is fine */
