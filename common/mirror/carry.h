/* common/mirror/carry.h - carries out what mirror_decide() says, object by object, on one cluster's API server.
 *
 * An object's operations follow each other by the server's answers (apply, then put where that was not enough); what comes
 * out is told once. Nothing is repeated here: whoever drives this knows the back-off. A converged object costs no request.
 *
 * Ownership: a carrier borrows its client; it copies what it is given. carry_free() cancels what is under way, done is not called.
 * Errors:    the client's; and ERR_RETRY where a deleted object waits for its finalizers.
 */
#pragma once

#include "common/kube/client.h"
#include "common/mirror/mirror.h"

#define CARRY_MAX 8                        /* objects at a time */
#define CARRY_FIELD_MANAGER "amko-federation"

struct carry;

struct carry_result {
	const char *key;
	const char *stamp;                 /* of a tombstone; NULL: a copy */
	enum mirror_result result;         /* MIRROR_PENDING: it failed, see err */
	int64_t generation;                /* of MIRROR_EQUAL */
	const struct err *err;             /* NULL where it did not fail */
	int64_t retry_after_ms;            /* -1, or what the server asked for */
};
typedef void carry_done_fn(void *arg, const struct carry_result *result);

struct carry *carry_new(struct kube_client *kube, carry_done_fn *done, void *arg);
void carry_free(struct carry *carry);                      /* NULL is fine */
DEFINE_CLEANUP(struct carry *, carry_free)

/* Never calls done from inside where a request is needed; an object that needs none is told at once. actual: what the cluster
 * has, as far as is known; NULL: nothing. That what a tombstone is of is gone is not believed but asked: who watches may be
 * behind its own writes, and a tombstone is done with only once. False: as many as there may be are under way, or this object is. */
bool carry_start(struct carry *carry, const struct copies_entry *wanted, const cJSON *actual);
size_t carry_under_way(const struct carry *carry);
