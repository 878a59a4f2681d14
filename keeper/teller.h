/* keeper/teller.h - shows on the own cluster's AMKOClusters who leads and what is wrong: the keeper's fields of their status,
 * AMKO's conditions as far as the keeper can judge them and ours, and Events when something changes.
 *
 * One object counts. Where there are several in its namespace none does, and each is told so; one in another namespace is told
 * that it counts for nothing.
 * Ownership: owns its writers; borrows everything else.
 * Errors:    none; what cannot be written is tried again (amkocluster_writer.h).
 */
#pragma once

#include "common/crd/amkocluster_writer.h"
#include "keeper/conditions.h"

struct teller;

struct teller *teller_new(uv_loop_t *loop, struct kube_client *kube);
void teller_free(struct teller *teller);       /* NULL is fine */
/* The AMKOClusters of the own cluster as they were last seen, of all namespaces. */
void teller_observe(struct teller *teller, const cJSON *const *objects, size_t n);
/* told->home has the same objects. p NULL: what this cluster is called is not known yet. */
void teller_tell(struct teller *teller, const struct protocol *p, const struct told *told, int64_t now_ms);
bool teller_is_pruned(const struct teller *teller);        /* see amkocluster_writer_is_pruned() */
const char *role_text(enum role role);         /* "follower", ...: as annotations and status have it */
