/* common/mirror/copies.h - the set of what is wanted in every cluster: copies, and tombstones of what was seen to be deleted. Pure.
 *
 * Ordered by the time of the change, so whoever remembers how far it got (a serial) finds what it lacks, and nobody needs a
 * queue. An object that changes again moves to the end.
 * Bounded:   COPIES_MAX entries, COPIES_MAX_BYTES of texts; ERR_LIMIT beyond, and nothing changes.
 * Ownership: the set owns its entries; one that is returned is borrowed until the set changes.
 */
#pragma once

#include "common/mirror/copy.h"

#define COPIES_MAX 20000u
#define COPIES_MAX_BYTES (64u * 1024 * 1024)

struct copies;

struct copies_entry {
	struct copy copy;          /* body NULL: a tombstone */
	char *stamp;               /* of a tombstone: which deletion */
	uint64_t serial;
};

static inline bool copies_is_tombstone(const struct copies_entry *entry)
{
	return entry->copy.body == NULL;
}

struct copies *copies_new(void);
void copies_free(struct copies *copies);                    /* NULL is fine */
DEFINE_CLEANUP(struct copies *, copies_free)

/* The copy is taken over (also when it is refused). Ends a tombstone of its key. The same content again changes nothing. */
bool copies_put(struct copies *copies, struct copy *copy, struct err *err);
/* Makes a tombstone, whether or not there was a copy. */
bool copies_delete(struct copies *copies, const char *key, const char *stamp, struct err *err);
/* Ends the tombstone of this deletion; false: there is none. */
bool copies_forget(struct copies *copies, const char *key, const char *stamp);

const struct copies_entry *copies_find(const struct copies *copies, const char *key);
/* The first entry that changed after this serial (0: of all); NULL: none. */
const struct copies_entry *copies_after(const struct copies *copies, uint64_t serial);
uint64_t copies_serial(const struct copies *copies);        /* of the last change; 0: never changed */
size_t copies_count(const struct copies *copies);          /* without tombstones */

/* Of keys and hashes of the copies, in the order of the keys; tombstones do not count. */
void copies_hash(struct copies *copies, struct sha256 *out);
/* All entries by key, `*n` of them. Yours to free; the entries are borrowed. */
const struct copies_entry **copies_sorted(const struct copies *copies, size_t *n);
