#include "tests/sim/avisim/store.h"

#include <ctype.h>
#include <time.h>
#include <uuid/uuid.h>

#include "common/base/buf.h"

#define MAX_REFERRERS_SHOWN 10

struct shelf {
	struct object *by_uuid, *by_name;
	struct object **sorted;
	size_t n_sorted, cap_sorted;
	bool is_sorted;
	uint64_t generation;
};

/* A key and the UUIDs that have to do with it: the services of a domain name. */
struct domain {
	char *name;
	struct strs uuids;
	UT_hash_handle hh;
};

struct referral {
	char *uuid;
	size_t n;
	UT_hash_handle hh;
};

struct store {
	struct shelf shelves[N_KINDS];
	struct domain *domains;
	struct referral *referrals;
	int64_t last_modified_us;
};

struct store *store_new(void)
{
	return xcalloc(1, sizeof(struct store));
}

static char *name_key(const char *tenant, const char *name)
{
	return xasprintf("%s\n%s", tenant, name);
}

static struct shelf *shelf_of(const struct store *store, const struct kind *kind)
{
	return (struct shelf *)(uintptr_t)&store->shelves[kind_id(kind)];
}

static void object_free(struct object *object)
{
	free(object->uuid);
	free(object->name);
	free(object->tenant);
	free(object->written);
	free(object->key);
	strs_release(&object->refs);
	cJSON_Delete(object->body);
	free(object);
}

static char *lower(const char *text)
{
	char *out = xstrdup(text);

	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return out;
}

static void index_domain(struct store *store, const char *name, const char *uuid, bool is_added)
{
	CLEANUP(freep) char *key = lower(name);
	struct domain *domain;

	HASH_FIND_STR(store->domains, key, domain);
	if (is_added && !domain) {
		domain = xcalloc(1, sizeof(*domain));
		domain->name = TAKE(key);
		HASH_ADD_KEYPTR(hh, store->domains, domain->name, strlen(domain->name), domain);
	}
	if (is_added)
		strs_add_once(&domain->uuids, uuid);
	else if (domain)
		strs_remove(&domain->uuids, uuid);
	if (domain && domain->uuids.n == 0) {
		HASH_DEL(store->domains, domain);
		strs_release(&domain->uuids);
		free(domain->name);
		free(domain);
	}
}

static void count_referral(struct store *store, const char *uuid, bool is_added)
{
	struct referral *referral;

	HASH_FIND_STR(store->referrals, uuid, referral);
	if (!referral) {
		referral = xcalloc(1, sizeof(*referral));
		referral->uuid = xstrdup(uuid);
		HASH_ADD_KEYPTR(hh, store->referrals, referral->uuid, strlen(referral->uuid), referral);
	}
	referral->n += is_added ? 1 : -1;
	if (referral->n == 0) {
		HASH_DEL(store->referrals, referral);
		free(referral->uuid);
		free(referral);
	}
}

/* What the object says about others, into or out of the indexes. */
static void index_content(struct store *store, const struct object *object, bool is_added)
{
	const cJSON *name;

	for (size_t i = 0; i < object->refs.n; i++)
		count_referral(store, object->refs.v[i], is_added);
	if (kind_id(object->kind) == KIND_GS)
		cJSON_ArrayForEach(name, json_get(object->body, "domain_names"))
			if (cJSON_IsString(name))
				index_domain(store, name->valuestring, object->uuid, is_added);
}

void store_remove(struct store *store, struct object *object)
{
	struct shelf *shelf = shelf_of(store, object->kind);

	index_content(store, object, false);
	HASH_DELETE(by_uuid, shelf->by_uuid, object);
	HASH_DELETE(by_name, shelf->by_name, object);
	shelf->is_sorted = false;
	shelf->generation++;
	object_free(object);
}

void store_free(struct store *store)
{
	if (!store)
		return;
	for (size_t i = N_KINDS; i-- > 0;) {
		while (store->shelves[i].by_uuid)
			store_remove(store, store->shelves[i].by_uuid);
		free(store->shelves[i].sorted);
	}
	assert(!store->domains && !store->referrals);
	free(store);
}

struct object *store_by_uuid(const struct store *store, const struct kind *kind, const char *uuid)
{
	struct object *object;

	HASH_FIND(by_uuid, shelf_of(store, kind)->by_uuid, uuid, strlen(uuid), object);
	return object;
}

struct object *store_by_name(const struct store *store, const struct kind *kind, const char *tenant, const char *name)
{
	CLEANUP(freep) char *key = name_key(tenant, name);
	struct object *object;

	HASH_FIND(by_name, shelf_of(store, kind)->by_name, key, strlen(key), object);
	return object;
}

size_t store_count(const struct store *store, const struct kind *kind)
{
	return HASH_CNT(by_uuid, shelf_of(store, kind)->by_uuid);
}

static int by_name_then_tenant(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->tenant, y->tenant);
}

struct object *const *store_sorted(struct store *store, const struct kind *kind, size_t *n)
{
	struct shelf *shelf = shelf_of(store, kind);

	if (!shelf->is_sorted) {
		shelf->n_sorted = 0;
		for (struct object *object = shelf->by_uuid; object; object = object->by_uuid.next) {
			shelf->sorted = grow(shelf->sorted, &shelf->cap_sorted, shelf->n_sorted, sizeof(struct object *));
			shelf->sorted[shelf->n_sorted++] = object;
		}
		if (shelf->n_sorted)
			qsort(shelf->sorted, shelf->n_sorted, sizeof(struct object *), by_name_then_tenant);
		shelf->is_sorted = true;
	}
	*n = shelf->n_sorted;
	return shelf->sorted;
}

uint64_t store_generation(const struct store *store, const struct kind *kind)
{
	return shelf_of(store, kind)->generation;
}

static char *new_uuid(const struct kind *kind)
{
	uuid_t bytes;
	char text[37];

	uuid_generate_random(bytes);
	uuid_unparse_lower(bytes, text);
	return xasprintf("%s-%s", kind->type, text);
}

/* Microseconds since the epoch; never the same twice. */
static void stamp(struct store *store, struct object *object)
{
	struct timespec now;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	store->last_modified_us = MAX((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, store->last_modified_us + 1);
	snprintf(text, sizeof(text), "%ld", (long)store->last_modified_us);
	cJSON_DeleteItemFromObjectCaseSensitive(object->body, "uuid");
	cJSON_DeleteItemFromObjectCaseSensitive(object->body, "_last_modified");
	json_put_str(object->body, "uuid", object->uuid);
	json_put_str(object->body, "_last_modified", text);
}

struct object *store_put(struct store *store, struct object_draft *draft)
{
	struct shelf *shelf = shelf_of(store, draft->kind);
	struct object *old = draft->uuid ? store_by_uuid(store, draft->kind, draft->uuid) : NULL;
	struct object *object = xcalloc(1, sizeof(*object));

	object->kind = draft->kind;
	object->uuid = draft->uuid ? xstrdup(draft->uuid) : new_uuid(draft->kind);
	object->tenant = xstrdup(draft->tenant);
	object->body = TAKE(draft->body);
	object->name = xstrdup(json_str(object->body, "name"));
	object->written = xstrdup(draft->written);
	object->is_seeded = draft->is_seeded;
	object->is_by_client = draft->is_by_client;
	if (draft->refs)
		strs_copy(&object->refs, draft->refs);
	object->key = name_key(object->tenant, object->name);
	stamp(store, object);
	if (old)
		store_remove(store, old);
	HASH_ADD_KEYPTR(by_uuid, shelf->by_uuid, object->uuid, strlen(object->uuid), object);
	HASH_ADD_KEYPTR(by_name, shelf->by_name, object->key, strlen(object->key), object);
	index_content(store, object, true);
	shelf->is_sorted = false;
	shelf->generation++;
	return object;
}

size_t store_n_referrers(const struct store *store, const char *uuid)
{
	struct referral *referral;

	HASH_FIND_STR(store->referrals, uuid, referral);
	return referral ? referral->n : 0;
}

char *store_referrers(const struct store *store, const char *uuid)
{
	struct buf text;
	int n = 0;

	buf_init(&text, 64 * 1024);
	buf_puts(&text, "[");
	for (size_t i = 0; i < N_KINDS; i++)
		for (struct object *object = store->shelves[i].by_uuid; object && n < MAX_REFERRERS_SHOWN;
		     object = object->by_uuid.next)
			if (strs_has(&object->refs, uuid))
				buf_printf(&text, "%s'%s %s'", n++ ? ", " : "", object->kind->title, object->name);
	buf_puts(&text, "]");
	return buf_take(&text);
}

const struct object *store_domain_taken(const struct store *store, const char *name, const char *except_uuid)
{
	CLEANUP(freep) char *key = lower(name);
	struct domain *domain;

	HASH_FIND_STR(store->domains, key, domain);
	for (size_t i = 0; domain && i < domain->uuids.n; i++)
		if (!streq0(domain->uuids.v[i], except_uuid))
			return store_by_uuid(store, &kinds[KIND_GS], domain->uuids.v[i]);
	return NULL;
}
