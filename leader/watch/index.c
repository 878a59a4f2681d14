#include "leader/watch/index.h"

#include <uthash.h>

struct host {
	char *name;
	struct index_entry *entries;
	size_t n, cap;
	UT_hash_handle hh;
};

struct index {
	struct host *hosts;
};

struct index *index_new(void)
{
	return xcalloc(1, sizeof(struct index));
}

static void host_free(struct index *index, struct host *host)
{
	HASH_DEL(index->hosts, host);
	free(host->entries);
	free(host->name);
	free(host);
}

void index_free(struct index *index)
{
	struct host *host, *next;

	if (!index)
		return;
	HASH_ITER(hh, index->hosts, host, next)
		host_free(index, host);
	free(index);
}

static void add_entry(struct index *index, const struct index_entry *entry)
{
	const char *name = entry->record->host;
	struct host *host;

	HASH_FIND_STR(index->hosts, name, host);
	if (!host) {
		host = xcalloc(1, sizeof(*host));
		host->name = xstrdup(name);
		HASH_ADD_KEYPTR(hh, index->hosts, host->name, strlen(host->name), host);
	}
	host->entries = grow(host->entries, &host->cap, host->n, sizeof(*host->entries));
	host->entries[host->n++] = *entry;
}

static void remove_entry(struct index *index, const struct host_object *object, const char *name)
{
	struct host *host;

	HASH_FIND_STR(index->hosts, name, host);
	for (size_t i = 0; host && i < host->n; i++) {
		if (host->entries[i].object != object)
			continue;
		host->entries[i] = host->entries[--host->n];
		break;
	}
	if (host && !host->n)
		host_free(index, host);
}

void index_change(struct index *index, const char *cluster, const struct host_object *before,
		  const struct host_object *after, void (*touched)(void *arg, const char *host), void *arg)
{
	for (size_t i = 0; before && i < before->n_records; i++)
		remove_entry(index, before, before->records[i].host);
	for (size_t i = 0; after && i < after->n_records; i++)
		add_entry(index, &(struct index_entry){ cluster, after, &after->records[i] });
	for (size_t i = 0; before && i < before->n_records; i++)
		touched(arg, before->records[i].host);
	for (size_t i = 0; after && i < after->n_records; i++)
		if (!before || !host_object_find(before, after->records[i].host))
			touched(arg, after->records[i].host);
}

const struct index_entry *index_find(const struct index *index, const char *name, size_t *n)
{
	struct host *host;

	HASH_FIND_STR(index->hosts, name, host);
	*n = host ? host->n : 0;
	return host ? host->entries : NULL;
}

void index_each_host(const struct index *index, void (*each)(void *arg, const char *host), void *arg)
{
	struct host *host, *next;

	HASH_ITER(hh, index->hosts, host, next)
		each(arg, host->name);
}
