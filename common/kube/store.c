#include "common/kube/store.h"

static size_t write_key(char *key, const char *namespace, const char *name)
{
	size_t n_namespace = strlen(namespace) + 1, n_name = strlen(name) + 1;

	memcpy(key, namespace, n_namespace);
	memcpy(key + n_namespace, name, n_name);
	return n_namespace + n_name;
}

struct store_entry *store_find(const struct store *store, const char *namespace, const char *name)
{
	CLEANUP(freep) char *key = xmalloc(strlen(namespace) + strlen(name) + 2);
	size_t n = write_key(key, namespace, name);
	struct store_entry *entry;

	HASH_FIND(hh, store->entries, key, n, entry);
	return entry;
}

struct store_entry *store_add(struct store *store, const char *namespace, const char *name, void *projection)
{
	struct store_entry *entry = xcalloc(1, sizeof(*entry) + strlen(namespace) + strlen(name) + 2);

	entry->n_key = (uint32_t)write_key(entry->key, namespace, name);
	entry->name = entry->key + strlen(namespace) + 1;
	entry->projection = projection;
	entry->seen = store->round;
	HASH_ADD_KEYPTR(hh, store->entries, entry->key, entry->n_key, entry);
	return entry;
}

void store_remove(struct store *store, struct store_entry *entry)
{
	HASH_DEL(store->entries, entry);
}

void store_entry_free(struct store_entry *entry, void (*free_projection)(void *))
{
	if (free_projection)
		free_projection(entry->projection);
	free(entry);
}

void store_release(struct store *store, void (*free_projection)(void *))
{
	while (store->entries) {
		struct store_entry *entry = store->entries;

		store_remove(store, entry);
		store_entry_free(entry, free_projection);
	}
}
