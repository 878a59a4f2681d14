/* keeper/record_client.h - the leadership record on the Avi controller, and whether that controller can be reached and leads.
 *
 * The record is read and written only on a controller that said it leads, at most two checks ago. Where the GSLBConfig names
 * several, the others are asked while the one in use does not lead, as its worker does.
 * Ownership: owns its session; borrows http client, roster and timing, which outlive it.
 * Errors:    by enum answer. A question is answered exactly once, within timing->request_ms, never from inside.
 */
#pragma once

#include "common/avi/check.h"
#include "common/config/home.h"
#include "keeper/protocol.h"

struct record_client;

struct record_client_options {
	uv_loop_t *loop;
	struct http_client *http;
	const struct timing *timing;
	struct roster *roster;
	/* claim, version: of ANSWER_VALUE, else NULL. why: for people. */
	void (*on_record)(void *arg, enum answer answer, const struct claim *claim, const struct version *version, const char *why);
	/* After each check. */
	void (*on_controller)(void *arg, enum controller_health health, const char *why);
	void *arg;
};

struct record_client *record_client_new(const struct record_client_options *options);
void record_client_free(struct record_client *client);                      /* NULL is fine */
/* Which controller, and whose record: "amko-<uuid>-leadership". config NULL: none is known; a question is ANSWER_SILENT. */
void record_client_configure(struct record_client *client, const struct gslbconfig *config, const struct credentials *credentials,
		     const char *federation);
void record_client_read(struct record_client *client);
void record_client_put(struct record_client *client, const struct claim *claim, const struct version *version);

/* Pure: what an answer of this class says. */
enum answer record_client_judge(enum avi_class class, bool is_put);
