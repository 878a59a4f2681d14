/* common/crd/amkocluster_writer.h - keeps an AMKOCluster's status saying what this process says, and nothing else of it.
 *
 * By merge patch of the status subresource, at the version that was seen (409: read again and judge anew). One request at a
 * time; what changes together is written together. What somebody overwrote is told again, at most every
 * AMKOCLUSTER_RESTORE_MS. What a definition of AMKO prunes is not written again and again, but tried once every
 * AMKOCLUSTER_PRUNED_MS: it may have been replaced. Where it prunes messages, they stand in the reasons of our own types, as AMKO
 * does it: "Leading: epoch 4000001 leads".
 * Ownership: copies everything; freeing it stops it, what was not written by then is lost.
 * Errors:    a refused write is logged and dropped until something changes, a failed one repeated (1 s ... 60 s).
 */
#pragma once

#include "common/crd/amkocluster.h"
#include "common/kube/client.h"

#define AMKOCLUSTER_RESTORE_MS 5000
#define AMKOCLUSTER_PRUNED_MS 60000

struct amkocluster_writer;

struct amkocluster_writer_options {
	struct kube_client *kube;
	uv_loop_t *loop;
	bool is_dry_run;                       /* writes nothing */
	int64_t restore_ms, pruned_ms;         /* 0: AMKOCLUSTER_RESTORE_MS, _PRUNED_MS. Tests shorten them */
};

struct amkocluster_writer *amkocluster_writer_new(const struct amkocluster_writer_options *options);
void amkocluster_writer_free(struct amkocluster_writer *writer);       /* NULL is fine */

/* The one object that counts, as it was last seen; NULL: there is none, all is kept back. One older than what an own write
 * was answered with is passed over. */
void amkocluster_writer_observe(struct amkocluster_writer *writer, const cJSON *object);
/* A field of status. Takes value; NULL: the field must not be there. */
void amkocluster_writer_put(struct amkocluster_writer *writer, const char *field, cJSON *value);
/* status NULL: there must be no condition of that type. Texts may be NULL: none. */
void amkocluster_writer_condition(struct amkocluster_writer *writer, const char *type, const char *status,
				  const char *reason, const char *message);
bool amkocluster_writer_is_idle(const struct amkocluster_writer *writer);      /* nothing is left to write */
/* The last write's answer lacked messages: the definition in place is AMKO's. */
bool amkocluster_writer_is_pruned(const struct amkocluster_writer *writer);
