/* tests/sim/kubesim/patch.h - changes to JSON objects: merge patch (RFC 7396), JSON patch (RFC 6902), strategic merge.
 * Pure. */
#pragma once

#include "common/base/buf.h"
#include "common/base/json.h"

void ks_merge_patch(cJSON *target, const cJSON *patch);
/* ERR_INVALID: the patch is none; ERR_CONFLICT: it does not fit ("test" failed, a path leads nowhere). *target is
 * replaced; on failure it is half changed. */
bool ks_json_patch(cJSON **target, const cJSON *patch, struct err *err);
/* As merge patch, but lists of objects with a well-known key (ports, containers, conditions, ...) are merged by it, and
 * "$patch", "$retainKeys", "$setElementOrder/..", "$deleteFromPrimitiveList/.." are understood. */
void ks_strategic_patch(cJSON *target, const cJSON *patch);
/* By what the elements of a built-in kind's list are told apart: "name"; NULL where a list is one value. A second key
 * for server-side apply where *second is set. */
const char *ks_builtin_list_key(const char *path, const char **second);
