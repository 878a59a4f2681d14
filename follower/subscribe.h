/* follower/subscribe.h - the follower's end of docs/protocol.md: from the leader's frames to the set of what is wanted.
 *
 * Pure: frames and events in, frames and wishes out; no socket, no clock, no random numbers. A snapshot is collected beside the
 * set that is in force and replaces it when it is whole and has the hash that the leader says.
 *
 *   silent ── hello sent ──► greeting ── welcome ──► welcomed ── begin ──► loading ── end ──► following
 *      ▲                                                                      ▲ └── begin ──────┘
 *      └── gap, newer epoch, other hash, refusal, silence of the leader: whoever drives this says hello again, with a new session
 *
 * Ownership: the subscriber owns both sets; the one in force is borrowed until the next call.
 */
#pragma once

#include "common/mirror/copies.h"
#include "proto/outbox.h"

struct subscriber;

enum subscriber_wish {
	SUBSCRIBER_CONTENT,        /* nothing to do */
	SUBSCRIBER_HELLO_NOW,      /* say hello at once */
	SUBSCRIBER_HELLO_LATER,    /* the same will happen again: with back-off */
};

/* federation: "" where the cluster has none yet. */
struct subscriber *subscriber_new(const char *context, const char *software, const char *federation);
void subscriber_free(struct subscriber *subscriber);       /* NULL is fine */
DEFINE_CLEANUP(struct subscriber *, subscriber_free)

/* A leader of an older epoch than this is not followed; from the Lease. Never goes back. */
void subscriber_saw_epoch(struct subscriber *subscriber, uint64_t epoch);

/* Begins a session; a number that was never used before, not 0. What is in force stays so. */
void subscriber_hello(struct subscriber *subscriber, uint64_t session, struct outbox *out);
enum fault subscriber_receive(struct subscriber *subscriber, struct slice frame, struct outbox *out);
/* Nothing was heard for some beats, or the connection is gone: the session is over. */
void subscriber_silent(struct subscriber *subscriber);
enum subscriber_wish subscriber_wish(const struct subscriber *subscriber);

/* Whether the leader says what is wanted at this time: only then is drift repaired. */
bool subscriber_is_following(const struct subscriber *subscriber);
/* What is in force; NULL before the first snapshot. */
const struct copies *subscriber_copies(const struct subscriber *subscriber);
/* Counts the snapshots that came into force: with a new one everything is to be looked at and reported again; within one, what
 * changed after a serial (copies_after()). */
uint64_t subscriber_snapshots(const struct subscriber *subscriber);
/* Time between the leader's beats; 0 before the first welcome. Of the last refusal: the reason, "" after a welcome. */
uint32_t subscriber_beat_ms(const struct subscriber *subscriber);
const char *subscriber_refusal(const struct subscriber *subscriber);
/* The leader's federation: what this cluster's is, or is to be; "": not known yet. */
const char *subscriber_federation(const struct subscriber *subscriber);

/* Both say nothing while there is no session. A tombstone whose object is gone, or kept, is done with: it is never acted upon
 * again. */
struct subscriber_report {
	const char *key;
	enum outcome outcome;
	uint64_t generation;       /* of OUTCOME_EQUAL */
	const char *text;          /* of OUTCOME_FAILED; may be NULL; cut when too long */
};
void subscriber_report(struct subscriber *subscriber, const struct subscriber_report *report, struct outbox *out);
struct subscriber_fitness {
	const char *fit;           /* words */
	uint32_t copies, failing, foreign;
};
void subscriber_fitness(struct subscriber *subscriber, const struct subscriber_fitness *fitness, struct outbox *out);
