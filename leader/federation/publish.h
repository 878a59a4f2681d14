/* leader/federation/publish.h - the leader's end of docs/protocol.md: what each follower has, and what it is sent next.
 *
 * Pure: frames and events in, frames out; no socket, no clock. There is no queue: for each follower the publisher remembers how
 * far in the set's order of changes it got, and what of that is acknowledged.
 *
 *   no session ── hello ──► loading ── end of the snapshot sent ──► following
 *                              ▲                                        │
 *                              └── gap, other hash ─────────────────────┘
 *   any ── 3 beats unanswered, or not deliverable ──► no session: it needs a snapshot, and holds nothing
 *
 * Ownership: borrows the set of copies, which must outlive it.
 */
#pragma once

#include "common/mirror/copies.h"
#include "proto/outbox.h"

#define PUBLISH_MEMBERS_MAX 64
#define PUBLISH_WINDOW 64                            /* messages not acknowledged */
#define PUBLISH_WINDOW_BYTES (4u * 1024 * 1024)
#define PUBLISH_BEATS_MAX 3                          /* unanswered */
#define PUBLISH_RESULTS_MAX 100                      /* kept of a follower */

struct publisher;

struct publisher_options {
	const char *federation, *context, *software;
	uint64_t epoch;
	uint32_t beat_ms;
};

struct publisher *publisher_new(const struct publisher_options *options, struct copies *copies);
void publisher_free(struct publisher *publisher);          /* NULL is fine */
DEFINE_CLEANUP(struct publisher *, publisher_free)

/* Who may follow. The session of one that is not in it any more is over, and tombstones do not wait for it.
 * ended: keys of tombstones that are over by that; appended. False: more than PUBLISH_MEMBERS_MAX, the rest is left out. */
bool publisher_set_members(struct publisher *publisher, const struct strs *contexts, struct strs *ended);
/* The set is what the leader's cluster has, read to the end. Before, every hello is refused: busy. */
void publisher_set_ready(struct publisher *publisher);

/* context: the member that the connection's key belongs to. ended: as above. The fault is for counting; what is to be said
 * about it is in `out`. */
enum fault publisher_receive(struct publisher *publisher, const char *context, struct slice frame, struct outbox *out,
			     struct strs *ended);
void publisher_changed(struct publisher *publisher, struct outbox *out);       /* after changes of the set */
void publisher_beat(struct publisher *publisher, struct outbox *out);          /* every beat_ms */
/* A frame for this member could not be sent. */
void publisher_lost(struct publisher *publisher, const char *context);
/* A member has got rid of what a tombstone is of, by whatever road; true: it was the last one, the tombstone is over. */
bool publisher_buried(struct publisher *publisher, const char *context, const char *key, const char *stamp);

/* What is known of a member. Borrowed until the publisher is called again. */
struct publisher_result {
	char *key;
	enum outcome outcome;
	uint64_t generation;
	char *text;
};
struct publisher_view {
	const char *context;
	bool has_session;
	bool is_current;           /* acknowledged the hash of everything */
	uint64_t unacked;          /* messages */
	uint64_t behind;           /* changes not sent yet: 0 or an upper bound */
	const char *software, *fit;                /* "" until told */
	uint32_t copies, failing, foreign;
	const struct publisher_result *results;    /* of GSLBConfigs and policies, and what is not as wanted; bounded */
	size_t n_results;
};
bool publisher_view(const struct publisher *publisher, const char *context, struct publisher_view *out);
