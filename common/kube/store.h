/* common/kube/store.h - projections by namespace and name, with mark and sweep. Part of the informer.
 *
 * Ownership: entries own their projection; whoever removes one frees it with store_entry_free().
 */
#pragma once

#include <uthash.h>

#include "common/base/base.h"

struct store_entry {
	void *projection;
	uint64_t uid;                  /* a digest of the object's; 0: not known */
	uint32_t seen;                 /* the round of marking that saw it last */
	uint32_t n_key;
	UT_hash_handle hh;
	const char *name;              /* inside key */
	char key[];                    /* namespace NUL name NUL */
};

struct store {
	struct store_entry *entries;
	uint32_t round;
};

static inline const char *store_entry_namespace(const struct store_entry *entry)
{
	return entry->key;
}

struct store_entry *store_find(const struct store *store, const char *namespace, const char *name);
/* The name must not be there. Marked as seen in this round. */
struct store_entry *store_add(struct store *store, const char *namespace, const char *name, void *projection);
void store_remove(struct store *store, struct store_entry *entry);             /* does not free it */
void store_entry_free(struct store_entry *entry, void (*free_projection)(void *));
void store_release(struct store *store, void (*free_projection)(void *));
