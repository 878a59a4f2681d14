/* keeper/front.h - the instance's HTTP port: health, metrics and leadership by itself, the rest asked of its worker over a Unix
 * socket.
 *
 * Open to everybody: /healthz /readyz /metrics /api/status; what only a worker knows is served to this host alone unless opened.
 * Ownership: owns its server; borrows the client and the keeper, which outlive it.
 * Errors:    starting fails with the address in the message. A worker that cannot be asked is 503.
 */
#pragma once

#include "common/io/http_client.h"
#include "keeper/keeper.h"

struct front;

struct front_options {
	uv_loop_t *loop;
	struct http_client *http;
	const char *listen;
	bool is_open;                  /* everything to other hosts too */
	const char *worker_socket;     /* of the worker's own server */
	const struct keeper *keeper;
};

struct front *front_new(const struct front_options *options, struct err *err);
void front_free(struct front *front);          /* NULL is fine */
int front_port(const struct front *front);
