/* tests/sim/avisim/journal.h - the log of requests, totally ordered: entry n was handled before entry n+1.
 *
 * Bounded: the newest JOURNAL_MAX_ENTRIES and JOURNAL_MAX_BYTES are kept. Numbers never start again.
 * Values under "password", "token", "secret" and the like in a request's body are kept back.
 */
#pragma once

#include "common/base/buf.h"
#include "common/base/json.h"

#define JOURNAL_MAX_ENTRIES 200000
#define JOURNAL_MAX_BYTES (256l * 1024 * 1024)

struct journal_entry {
	const char *method, *path, *target, *query;
	const char *tenant, *version, *user, *agent;   /* NULL is null */
	unsigned session;                         /* 0 is null */
	const cJSON *body;                        /* NULL is null */
	int status;                               /* 0: the connection was cut */
	const char *type, *uuid, *name;           /* of the object that it was about */
	int64_t fault;                            /* the rule that was followed; 0: none */
};

struct journal;
struct journal *journal_new(void);
void journal_free(struct journal *journal);                           /* NULL is fine */

void journal_add(struct journal *journal, const struct journal_entry *entry, int64_t now_ms);
void journal_clear(struct journal *journal);
/* A JSON list of the entries above n, at most `limit` of them (0: all). Yours to free. */
char *journal_since(const struct journal *journal, uint64_t n, size_t limit);
uint64_t journal_last_n(const struct journal *journal);               /* 0 before the first */
size_t journal_count(const struct journal *journal);
uint64_t journal_n_dropped(const struct journal *journal);            /* for want of space, since it was cleared */
