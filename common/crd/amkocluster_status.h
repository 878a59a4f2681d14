/* common/crd/amkocluster_status.h - what of an AMKOCluster's status must be written so that it shows what we say. Pure.
 *
 * Two processes of a pod write to one status, the keeper and its worker: each says its own fields and its own types of
 * conditions, and leaves the rest as it is shown. The list of conditions is always written whole, as AMKO's definition has no
 * keys for it, so the write must be refused when the object has changed meanwhile (resourceVersion in the patch).
 */
#pragma once

#include "common/crd/amkocluster.h"

/* The content of `status` for a merge patch; NULL: it shows all of it. Yours to delete.
 * shown:  the object's status; NULL: it has none.
 * fields: ours by name; null: the field must not be there.
 * own:    ours, in any order; status NULL: that type must not be there. A last_transition of NULL is filled in: the one that
 *         is shown where the status is the same, else `now` (RFC 3339). */
cJSON *amkocluster_status_patch(const cJSON *shown, const cJSON *fields, struct condition *own, size_t n_own,
				const char *now);
