/* tests/sim/kubesim/fields.h - sets of fields as managedFields has them (FieldsV1), and who owns which. Pure but for
 * the time.
 *
 * A set is a tree: {"f:spec": {"f:ports": {"k:{\"port\":80}": {".": {}, "f:name": {}}}}}. A node without children, or
 * with ".", is in the set itself. Nobody owns what the server fills in: name, uid, versions, times.
 */
#pragma once

#include "common/base/json.h"

/* What kind of object the fields are of: by a schema, or built in. */
struct ks_shape {
	const cJSON *schema;           /* NULL: none */
	bool is_builtin;
};

cJSON *ks_fields_of(struct ks_shape shape, const cJSON *object);                           /* yours to delete */
void ks_fields_add(cJSON *to, const cJSON *set);
void ks_fields_subtract(cJSON *from, const cJSON *set);
/* What differs: *changed is new or another in `now`, *gone is in `before` only. Both yours to delete. */
void ks_fields_diff(struct ks_shape shape, const cJSON *before, const cJSON *now, cJSON **changed, cJSON **gone);
/* Members of both, as ".spec.ports[port=80].name". */
void ks_fields_common(const cJSON *a, const cJSON *b, struct strs *out);
/* Takes the set's members out of an object. */
void ks_fields_remove_from(struct ks_shape shape, cJSON *object, const cJSON *set);
/* Puts what config has into the object, granular where its shape is. */
void ks_fields_merge(struct ks_shape shape, cJSON *object, const cJSON *config);

struct ks_manager {
	const char *name, *api_version, *sub;      /* sub: NULL for the object itself */
	bool ignores_status;           /* it is not the manager who wrote it */
};
/* After a create (before NULL), update or patch: the manager owns what it changed. managedFields are taken over from
 * before. */
void ks_manage_update(struct ks_shape shape, const cJSON *before, cJSON *now, const struct ks_manager *manager);
/* Server-side apply on `live` (an empty object where there is none): *out is the object as the manager wants it, with
 * its managedFields. Conflicts without force: ERR_CONFLICT, *conflicts is [{"field", "message"}] (yours to delete). */
bool ks_manage_apply(struct ks_shape shape, const cJSON *live, const cJSON *config, const struct ks_manager *manager,
		     bool is_forced, cJSON **out, cJSON **conflicts, struct err *err);
