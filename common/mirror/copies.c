#include "common/mirror/copies.h"

#include <uthash.h>

#include "common/base/buf.h"

struct item {
	struct copies_entry entry;
	size_t n_bytes;            /* of texts */
	UT_hash_handle hh;
};

/* A place in the order of changes; empty once its entry changed again or went. */
struct slot {
	uint64_t serial;
	struct item *item;
};

struct copies {
	struct item *items;
	struct slot *slots;
	size_t n_slots, cap_slots, n_copies, n_bytes;
	uint64_t serial;
	struct sha256 hash;
	bool has_hash;
};

struct copies *copies_new(void)
{
	return xcalloc(1, sizeof(struct copies));
}

static void item_free(struct item *item)
{
	copy_release(&item->entry.copy);
	free(item->entry.stamp);
	free(item);
}

void copies_free(struct copies *copies)
{
	struct item *item, *next;

	if (!copies)
		return;
	HASH_ITER(hh, copies->items, item, next) {
		HASH_DEL(copies->items, item);
		item_free(item);
	}
	free(copies->slots);
	free(copies);
}

/* ---- the order of changes ---- */

/* The first slot with a serial above this one. */
static size_t slot_after(const struct copies *copies, uint64_t serial)
{
	size_t low = 0, high = copies->n_slots;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (copies->slots[middle].serial <= serial)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void close_gaps(struct copies *copies)
{
	size_t n = 0;

	if (copies->n_slots < 64 || copies->n_slots < 2 * HASH_COUNT(copies->items))
		return;
	for (size_t i = 0; i < copies->n_slots; i++)
		if (copies->slots[i].item)
			copies->slots[n++] = copies->slots[i];
	copies->n_slots = n;
}

static void remove_item(struct copies *copies, struct item *item)
{
	copies->slots[slot_after(copies, item->entry.serial - 1)].item = NULL;
	HASH_DEL(copies->items, item);
	copies->n_bytes -= item->n_bytes;
	if (!copies_is_tombstone(&item->entry)) {
		copies->n_copies--;
		copies->has_hash = false;
	}
	item_free(item);
	close_gaps(copies);
}

static void add_item(struct copies *copies, struct item *item)
{
	item->entry.serial = ++copies->serial;
	HASH_ADD_KEYPTR(hh, copies->items, item->entry.copy.key, strlen(item->entry.copy.key), item);
	copies->slots = grow(copies->slots, &copies->cap_slots, copies->n_slots, sizeof(*copies->slots));
	copies->slots[copies->n_slots++] = (struct slot){ item->entry.serial, item };
	copies->n_bytes += item->n_bytes;
	if (!copies_is_tombstone(&item->entry)) {
		copies->n_copies++;
		copies->has_hash = false;
	}
}

/* ---- changes ---- */

static struct item *find(const struct copies *copies, const char *key)
{
	struct item *item;

	HASH_FIND_STR(copies->items, key, item);
	return item;
}

/* Takes the item over. */
static bool replace(struct copies *copies, struct item *item, struct err *err)
{
	struct item *old = find(copies, item->entry.copy.key);
	size_t n_bytes = copies->n_bytes - (old ? old->n_bytes : 0) + item->n_bytes;

	if ((!old && HASH_COUNT(copies->items) >= COPIES_MAX) || n_bytes > COPIES_MAX_BYTES) {
		err_set(err, ERR_LIMIT, "%s: more than %u objects or %u bytes", item->entry.copy.key, COPIES_MAX, COPIES_MAX_BYTES);
		item_free(item);
		return false;
	}
	if (old)
		remove_item(copies, old);
	add_item(copies, item);
	return true;
}

bool copies_put(struct copies *copies, struct copy *copy, struct err *err)
{
	const struct item *old = find(copies, copy->key);
	struct item *item;

	if (old && !copies_is_tombstone(&old->entry) && sha256_same(&old->entry.copy.hash, &copy->hash)) {
		copy_release(copy);
		return true;
	}
	item = xcalloc(1, sizeof(*item));
	item->entry.copy = *copy;
	item->n_bytes = strlen(copy->key) + copy->n_body;
	*copy = (struct copy){ 0 };
	return replace(copies, item, err);
}

bool copies_delete(struct copies *copies, const char *key, const char *stamp, struct err *err)
{
	const struct item *old = find(copies, key);
	struct item *item;

	if (old && streq0(old->entry.stamp, stamp))
		return true;
	item = xcalloc(1, sizeof(*item));
	item->entry.copy.key = xstrdup(key);
	item->entry.stamp = xstrdup(stamp);
	item->n_bytes = strlen(key) + strlen(stamp);
	return replace(copies, item, err);
}

bool copies_forget(struct copies *copies, const char *key, const char *stamp)
{
	struct item *item = find(copies, key);

	if (!item || !streq0(item->entry.stamp, stamp))
		return false;
	remove_item(copies, item);
	return true;
}

/* ---- questions ---- */

const struct copies_entry *copies_find(const struct copies *copies, const char *key)
{
	const struct item *item = find(copies, key);

	return item ? &item->entry : NULL;
}

const struct copies_entry *copies_after(const struct copies *copies, uint64_t serial)
{
	for (size_t i = slot_after(copies, serial); i < copies->n_slots; i++)
		if (copies->slots[i].item)
			return &copies->slots[i].item->entry;
	return NULL;
}

uint64_t copies_serial(const struct copies *copies)
{
	return copies->serial;
}

size_t copies_count(const struct copies *copies)
{
	return copies->n_copies;
}

static int compare_keys(const void *left, const void *right)
{
	const struct copies_entry *const *a = left, *const *b = right;

	return strcmp((*a)->copy.key, (*b)->copy.key);
}

const struct copies_entry **copies_sorted(const struct copies *copies, size_t *n)
{
	const struct copies_entry **sorted = xcalloc(HASH_COUNT(copies->items) + 1, sizeof(*sorted));

	*n = 0;
	for (struct item *item = copies->items; item; item = item->hh.next)
		sorted[(*n)++] = &item->entry;
	qsort(sorted, *n, sizeof(*sorted), compare_keys);
	return sorted;
}

static void compute_hash(struct copies *copies)
{
	size_t n;
	CLEANUP(freep) const struct copies_entry **sorted = copies_sorted(copies, &n);
	CLEANUP(buf_release) struct buf all;

	buf_init(&all, COPIES_MAX_BYTES + n * (1 + sizeof(struct sha256)));
	for (size_t i = 0; i < n; i++) {
		const struct copy *copy = &sorted[i]->copy;

		/* With the NUL, so that no key goes over into a hash. */
		if (!copies_is_tombstone(sorted[i]) &&
		    (!buf_add(&all, (struct slice){ copy->key, strlen(copy->key) + 1 }) ||
		     !buf_add(&all, (struct slice){ (const char *)copy->hash.bytes, sizeof(copy->hash.bytes) })))
			abort();
	}
	sha256_of((struct slice){ buf_str(&all), all.n }, &copies->hash);
	copies->has_hash = true;
}

void copies_hash(struct copies *copies, struct sha256 *out)
{
	if (!copies->has_hash)
		compute_hash(copies);
	*out = copies->hash;
}
