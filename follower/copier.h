/* follower/copier.h - keeps the own cluster's copies as a leader says: the connection, the protocol, the cluster, and what is to be
 * done there.
 *
 * The subscriber (pure) says what is wanted, the stock what there is; each key that one of them speaks of is looked at, carried out
 * and reported. Only while the leader is followed: without one nothing is reverted.
 * Ownership: owns all of these; borrows the API client. Run the loop after copier_free().
 * Errors:    none reach the caller. An object that fails is tried again with back-off, and reported each time.
 */
#pragma once

#include <uv.h>

#include "common/io/zkeys.h"
#include "common/kube/client.h"

struct copier;

struct copier_options {
	uv_loop_t *loop;
	struct kube_client *kube;
	const char *context, *software;
	const char *federation;                /* "": none yet */
	int64_t backoff_min_ms, backoff_max_ms;
	int64_t silence_ms;                    /* before a welcome has said how often the leader beats */
	/* Something of copier_view() changed. */
	void (*on_change)(void *arg);
	void *arg;
};

struct copier *copier_new(const struct copier_options *options);
void copier_free(struct copier *copier);                   /* NULL is fine */

/* Follows this leader from now on. endpoint NULL: nobody. ERR_INVALID: endpoint or key is none; nobody is followed then. */
bool copier_follow(struct copier *copier, const char *endpoint, const char *leader_key, uint64_t epoch, const struct zkeys *keys,
		   struct err *err);
/* What the leader is told of this instance besides its copies: words of what holds. */
void copier_set_fit(struct copier *copier, const char *words);

struct copier_view {
	bool is_following;
	const char *refusal;                   /* of the leader; "" */
	const char *federation;                /* "": not known */
	uint32_t copies, failing, foreign;     /* wanted; not as wanted yet; not named by the leader */
};
void copier_view(const struct copier *copier, struct copier_view *out);
