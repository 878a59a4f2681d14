/* tests/sim/kubesim/builtin.h - what the API server itself does to objects: metadata, defaults and checks of built-in
 * kinds. */
#pragma once

#include "tests/sim/kubesim/cluster.h"
#include "tests/sim/kubesim/status.h"

/* Metadata of a new object: uid, creationTimestamp, generation. */
void ks_fill_created(const struct ks_kind *kind, cJSON *object);
/* Takes out what no metadata has; the paths of what went are appended. */
void ks_prune_metadata(cJSON *meta, struct strs *unknown);
/* What cannot be read as its kind at all: refuses it (400) and returns false. */
bool ks_builtin_decode(const struct ks_kind *kind, const cJSON *object, struct ks_reply *reply);
/* old: NULL where the object is new. Allocated values (addresses, ports) are kept from it. */
void ks_builtin_default(struct ks_cluster *cluster, const struct ks_kind *kind, cJSON *object, const cJSON *old);
void ks_builtin_check(const struct ks_kind *kind, const cJSON *object, const cJSON *old, struct ks_causes *causes);
/* Name and labels of any object. */
void ks_check_metadata(const struct ks_kind *kind, const cJSON *object, struct ks_causes *causes);
/* A definition as the server completes it: names, conditions. */
void ks_crd_default(cJSON *crd);
