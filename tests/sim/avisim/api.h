/* tests/sim/avisim/api.h - the REST API: a request in, a reply out. No sockets, no clock.
 *
 * A request passes a row of checks in the order of a real controller (the tables at the end of api.c); the first that
 * objects has answered. Answering changes the state at once, so the order of calls is the order of the log.
 * Ownership: a request borrows its texts; a reply owns what it holds.
 */
#pragma once

#include "tests/sim/avisim/sim.h"

struct api_param {
	const char *key, *value;
};

struct api_request {
	const char *method, *target;   /* target: as sent, with the query */
	const char *path;              /* decoded, without the query; slashes may be repeated */
	const struct api_param *params;
	size_t n_params;
	/* headers; NULL where absent */
	const char *host, *cookies, *csrf, *referer, *tenant, *tenant_uuid, *version, *content_type;
	struct slice body;
	int64_t now_ms;                /* since the epoch */
};

struct api_reply {
	int status;
	cJSON *body;                   /* NULL: none */
	struct strs headers;           /* "Name: value" */
	/* for the log */
	unsigned session;
	char *user, *path, *uuid, *name;
	const char *type;
	cJSON *request_body;
};

void api_answer(struct sim *sim, const struct api_request *request, struct api_reply *reply);
/* Into the log. status 0: the connection was cut. */
void api_record(struct sim *sim, const struct api_request *request, const struct api_reply *reply, int status);
void api_reply_release(struct api_reply *reply);
