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
	const char *host, *cookies, *csrf, *referer, *agent, *tenant, *tenant_uuid, *version, *content_type;
	struct slice body;
	int64_t now_ms;                /* since the epoch */
};

struct api_reply {
	int status;
	cJSON *body;                   /* NULL: none */
	char *text;                    /* told instead of body; NULL: body is told */
	const char *content_type;      /* of text */
	struct strs headers;           /* "Name: value" */
	/* what the request is about, also for the log */
	unsigned session;
	char *user, *path, *tenant, *uuid, *name;
	const char *method, *type;
	cJSON *request_body;
	int64_t fault;                 /* the rule that was followed; 0: none */
};

/* Only finds out what the request is about, as far as it can be told before anything is checked. */
void api_look(struct sim *sim, const struct api_request *request, struct api_reply *reply);
void api_answer(struct sim *sim, const struct api_request *request, struct api_reply *reply);
/* Into the log. status 0: the connection was cut. */
void api_record(struct sim *sim, const struct api_request *request, const struct api_reply *reply, int status);
char *api_base(const struct api_request *request);         /* "https://10.0.0.5"; yours to free */
void api_reply_release(struct api_reply *reply);
