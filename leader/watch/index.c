#include "leader/watch/index.h"

#include <uthash.h>

/* A host that changes its address again and again while a cluster is away must not fill the memory. */
#define MAX_GONE_A_HOST 64
#define MAX_GONE 10000

struct host {
	char *name;
	struct index_entry *entries;
	size_t n, cap;
	struct gone_address *gone;
	size_t n_gone;
	UT_hash_handle hh;
};

struct index {
	struct host *hosts;
	bool remembers_gone;
	size_t n_gone;
};

struct index *index_new(void)
{
	return xcalloc(1, sizeof(struct index));
}

static void forget_gone(struct host *host)
{
	while (host->n_gone) {
		struct gone_address *gone = &host->gone[--host->n_gone];

		free(gone->ip);
		free(gone->vs_uuid);
	}
	free(TAKE(host->gone));
}

static void host_free(struct index *index, struct host *host)
{
	HASH_DEL(index->hosts, host);
	index->n_gone -= MIN(host->n_gone, index->n_gone);
	forget_gone(host);
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

/* Over the limits nothing is remembered: the address is held then, which is the safe side. */
static void remember_gone(struct index *index, struct host *host, const struct host_record *record)
{
	if (host->n_gone == MAX_GONE_A_HOST || index->n_gone == MAX_GONE)
		return;
	index->n_gone++;
	host->gone = xrealloc(host->gone, (host->n_gone + 1) * sizeof(*host->gone));
	host->gone[host->n_gone++] = (struct gone_address){ xstrdup(record->ip), xstrdup(record->vs_uuid) };
}

static void free_if_empty(struct index *index, struct host *host)
{
	if (host && !host->n && !host->n_gone)
		host_free(index, host);
}

/* Is the address not served under this host any more, by this object? */
static bool is_gone(const struct host_record *record, const struct host_object *after)
{
	const struct host_record *now = after ? host_object_find(after, record->host) : NULL;

	return !now || !streq(now->ip, record->ip);
}

static void remove_entry(struct index *index, const struct host_object *object, const struct host_record *record,
			 bool is_seen_to_go)
{
	struct host *host;

	HASH_FIND_STR(index->hosts, record->host, host);
	if (host && index->remembers_gone && is_seen_to_go)
		remember_gone(index, host, record);
	for (size_t i = 0; host && i < host->n; i++) {
		if (host->entries[i].object != object)
			continue;
		host->entries[i] = host->entries[--host->n];
		break;
	}
	free_if_empty(index, host);
}

void index_change(struct index *index, const char *cluster, const struct host_object *before,
		  const struct host_object *after, void (*touched)(void *arg, const char *host), void *arg)
{
	for (size_t i = 0; before && i < before->n_records; i++)
		remove_entry(index, before, &before->records[i], is_gone(&before->records[i], after));
	for (size_t i = 0; after && i < after->n_records; i++)
		add_entry(index, &(struct index_entry){ cluster, after, &after->records[i] });
	for (size_t i = 0; before && i < before->n_records; i++)
		touched(arg, before->records[i].host);
	for (size_t i = 0; after && i < after->n_records; i++)
		if (!before || !host_object_find(before, after->records[i].host))
			touched(arg, after->records[i].host);
}

void index_drop(struct index *index, const struct host_object *object, void (*touched)(void *arg, const char *host), void *arg)
{
	for (size_t i = 0; i < object->n_records; i++)
		remove_entry(index, object, &object->records[i], false);
	for (size_t i = 0; i < object->n_records; i++)
		touched(arg, object->records[i].host);
}

const struct index_entry *index_find(const struct index *index, const char *name, size_t *n)
{
	struct host *host;

	HASH_FIND_STR(index->hosts, name, host);
	*n = host ? host->n : 0;
	return host ? host->entries : NULL;
}

void index_remember_gone(struct index *index, bool remembers)
{
	struct host *host, *next;

	index->remembers_gone = remembers;
	if (remembers || !index->n_gone)
		return;
	index->n_gone = 0;
	HASH_ITER(hh, index->hosts, host, next) {
		forget_gone(host);
		free_if_empty(index, host);
	}
}

bool index_remembers_gone(const struct index *index)
{
	return index->remembers_gone;
}

const struct gone_address *index_gone(const struct index *index, const char *name, size_t *n)
{
	struct host *host;

	HASH_FIND_STR(index->hosts, name, host);
	*n = host ? host->n_gone : 0;
	return host ? host->gone : NULL;
}

void index_each_host(const struct index *index, void (*each)(void *arg, const char *host), void *arg)
{
	struct host *host, *next;

	HASH_ITER(hh, index->hosts, host, next)
		if (host->n)
			each(arg, host->name);
}
