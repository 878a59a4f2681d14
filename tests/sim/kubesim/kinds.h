/* tests/sim/kubesim/kinds.h - the resources of one cluster: built in, or by a CustomResourceDefinition.
 *
 * Ownership: a registry owns its kinds, a kind its table of objects. A kind that is gone (its definition was deleted)
 * is kept until the registry goes: a watch may still look at it.
 */
#pragma once

#include "common/base/json.h"
#include "common/base/pairs.h"

struct ks_table;
struct ks_watch;

struct ks_kind_version {
	char *name;
	bool is_served, has_status;
	cJSON *schema;                 /* NULL: none, nothing is pruned or checked */
	cJSON *columns;                /* additionalPrinterColumns, or NULL */
};

struct ks_kind {
	char *group, *plural, *singular, *kind, *list_kind;
	struct strs short_names, categories;
	bool is_namespaced, is_builtin, is_gone;
	bool has_generation;           /* built in: changes of the spec are counted */
	const char *const *fields;     /* paths that field selectors may name besides name and namespace; NULL: none */
	struct ks_kind_version *versions;
	size_t n_versions, storage;    /* storage: index of the version that is kept */
	struct ks_table *table;
	struct ks_watch *watches;
	struct ks_kind *next;
};

struct ks_kinds {
	struct ks_kind *first;
};

/* Fills the registry with what every API server has. */
void ks_kinds_init(struct ks_kinds *kinds);
void ks_kinds_release(struct ks_kinds *kinds);

struct ks_kind *ks_kind_find(const struct ks_kinds *kinds, const char *group, const char *plural);
/* By apiVersion and kind of an object; *version where one is served. NULL: none. */
struct ks_kind *ks_kind_of(const struct ks_kinds *kinds, const cJSON *object, const struct ks_kind_version **version);
const struct ks_kind_version *ks_kind_version(const struct ks_kind *kind, const char *name);      /* NULL: not served */
char *ks_api_version(const char *group, const char *version);                    /* yours to free */
bool ks_group_is_served(const struct ks_kinds *kinds, const char *group, const char *version /* NULL: any */);

/* Takes over what a checked CustomResourceDefinition says: a new kind, or the same with other versions. */
struct ks_kind *ks_kind_define(struct ks_kinds *kinds, const cJSON *crd);
