/* tests/sim/kubesim/schema.h - structural schemas of CustomResourceDefinitions: prune, default, check. Pure.
 *
 * Not read: x-kubernetes-validations (CEL), formats, oneOf/anyOf/not.
 */
#pragma once

#include "tests/sim/kubesim/status.h"

/* Takes out what the schema does not know, but for apiVersion, kind and metadata at the root. The paths of what went
 * are appended to unknown (may be NULL). */
void ks_schema_prune(const cJSON *schema, cJSON *object, struct strs *unknown);
void ks_schema_default(const cJSON *schema, cJSON *object);
void ks_schema_check(const cJSON *schema, const cJSON *object, struct ks_causes *causes);

/* How server-side apply sees a node: granular, or one value that has one owner. keys: of a list that is a map. */
enum ks_node_type { KS_ATOMIC, KS_GRANULAR, KS_LIST_MAP, KS_LIST_SET };
enum ks_node_type ks_schema_node(const cJSON *schema, const cJSON *value, struct strs *keys);
/* Of a child by its key, or of the elements (key NULL). NULL: none. */
const cJSON *ks_schema_child(const cJSON *schema, const char *key);
