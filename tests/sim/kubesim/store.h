/* tests/sim/kubesim/store.h - the objects of one resource, sorted by their keys, and the events that made them so.
 *
 * An object is kept as the JSON text that clients get, beside what is looked up without parsing it. A text never
 * changes: a change makes a new version, and lists, watches and the history share the old one until nobody has it any
 * more. Ownership: versions are counted; the table holds one reference for each object and two for each event.
 */
#pragma once

#include "common/base/buf.h"
#include "tests/sim/kubesim/kinds.h"

struct ks_version {
	unsigned n_refs;
	uint64_t rv;
	char *namespace, *name;        /* namespace "" where the kind has none */
	char *key;                     /* "namespace/name" or "name": the order of a list */
	struct pairs labels;
	struct strs fields;            /* values of the kind's selectable fields, in their order */
	char *text;                    /* {"apiVersion":"...","kind":"...", and the rest */
	size_t n_text, n_head;         /* n_head: where the rest begins */
};

/* Encodes an object of this kind; its metadata must have name and resourceVersion. The object's apiVersion and kind do
 * not count: the text has the kind's own, of the version that is kept. */
struct ks_version *ks_version_new(const struct ks_kind *kind, const cJSON *object);
struct ks_version *ks_version_ref(struct ks_version *version);
void ks_version_unref(struct ks_version *version);                     /* NULL is fine */
cJSON *ks_version_parse(const struct ks_version *version);             /* yours to delete */
/* Appends the text as clients of another served version of the kind see it (they differ in apiVersion only). */
void ks_version_print(const struct ks_version *version, const struct ks_kind *kind, const struct ks_kind_version *as,
		      struct buf *out);
char *ks_key(const char *namespace, const char *name);                 /* yours to free */

enum ks_event_type { KS_ADDED, KS_MODIFIED, KS_DELETED };
extern const char *const ks_event_names[];

struct ks_event {
	uint64_t rv;
	enum ks_event_type type;
	struct ks_version *object, *before;      /* before: NULL for KS_ADDED; a deleted object has the deletion's rv */
};

struct ks_table *ks_table_new(void);
void ks_table_free(struct ks_table *table);                            /* NULL is fine */
size_t ks_table_count(const struct ks_table *table);
struct ks_version *ks_table_find(const struct ks_table *table, const char *key);        /* borrowed; NULL: none */
/* Put takes the version over; an object of the same key is replaced. The event is borrowed until the next change. */
const struct ks_event *ks_table_put(struct ks_table *table, struct ks_version *version, size_t max_events);
const struct ks_event *ks_table_remove(struct ks_table *table, struct ks_version *last, size_t max_events);

/* Walking: the first object with a key not below this one, and the next. NULL at the end. No change meanwhile. */
struct ks_node;
const struct ks_node *ks_table_seek(const struct ks_table *table, const char *key);
const struct ks_node *ks_node_next(const struct ks_node *node);
struct ks_version *ks_node_version(const struct ks_node *node);

/* History: events above this version, in order. ks_table_knows(): all of them are still there. */
bool ks_table_knows(const struct ks_table *table, uint64_t rv);
size_t ks_table_events(const struct ks_table *table);
size_t ks_table_events_after(const struct ks_table *table, uint64_t rv);       /* index of the first one */
const struct ks_event *ks_table_event(const struct ks_table *table, size_t index);
void ks_table_forget(struct ks_table *table, uint64_t rv);             /* everything up to this version */

/* The objects as they were at a version that the history still knows: of those with this prefix, from `start` on, each
 * is handed to `each` until it returns false. */
void ks_table_each_at(const struct ks_table *table, uint64_t rv, const char *prefix, const char *start,
		      bool (*each)(void *arg, struct ks_version *version), void *arg);
