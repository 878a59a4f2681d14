/* keeper/teller.h - shows on the own AMKOCluster who leads: the keeper's fields of its status, its conditions, and Events when
 * something changes.
 *
 * Ownership: owns its writers; borrows everything else.
 * Errors:    none; what cannot be written is tried again (amkocluster_writer.h).
 */
#pragma once

#include "common/crd/amkocluster_writer.h"
#include "keeper/conditions.h"

struct teller;

struct teller *teller_new(uv_loop_t *loop, struct kube_client *kube);
void teller_free(struct teller *teller);       /* NULL is fine */
/* The own object as it was last seen; NULL: there is none. */
void teller_observe(struct teller *teller, const cJSON *object);
void teller_tell(struct teller *teller, const struct protocol *p, const struct told *told, int64_t now_ms);
const char *role_text(enum role role);         /* "follower", ...: as annotations and status have it */
