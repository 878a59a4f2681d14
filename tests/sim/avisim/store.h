/* tests/sim/avisim/store.h - the controller's objects and the indexes that keep 10^4 services with 5*10^4 monitors fast.
 *
 * Ownership: the store owns its objects; pointers to them hold until the object is replaced or removed.
 * References inside a body are kept as "/api/<type>/<uuid>" (refs.h); who refers to what is counted by UUID, so an object
 * may be removed although others point to it.
 */
#pragma once

#include <uthash.h>

#include "tests/sim/avisim/kinds.h"

struct object {
	const struct kind *kind;
	char *uuid, *name, *tenant;    /* tenant by name */
	cJSON *body;                   /* complete, with uuid and _last_modified, without url and tenant_ref */
	char *written;                 /* the JSON that was put here last: by a client, or by seeding if none has written it */
	bool is_seeded;                /* it came by seeding */
	bool is_by_client;             /* `written` is a client's */
	struct strs refs;              /* UUIDs it points to, each once */
	char *key;                     /* tenant and name, for the index */
	UT_hash_handle by_uuid, by_name;
};

struct store;
struct store *store_new(void);
void store_free(struct store *store);                                 /* NULL is fine */

struct object *store_by_uuid(const struct store *store, const struct kind *kind, const char *uuid);
struct object *store_by_name(const struct store *store, const struct kind *kind, const char *tenant, const char *name);
size_t store_count(const struct store *store, const struct kind *kind);
/* All of a type, by name and then tenant. Borrowed until the next change. */
struct object *const *store_sorted(struct store *store, const struct kind *kind, size_t *n);
/* Changes with every change of the type. */
uint64_t store_generation(const struct store *store, const struct kind *kind);

/* What an object becomes. uuid NULL: a new one is made. An object of that UUID is replaced. */
struct object_draft {
	const struct kind *kind;
	const char *tenant, *uuid;
	cJSON *body;                   /* taken over */
	const char *written;           /* copied */
	const struct strs *refs;       /* copied; NULL: none */
	bool is_seeded, is_by_client;
};
struct object *store_put(struct store *store, struct object_draft *draft);
void store_remove(struct store *store, struct object *object);

/* How many objects point to this UUID. */
size_t store_n_referrers(const struct store *store, const char *uuid);
/* "['GslbService a.example.org', ...]": at most ten of them. Yours to free. Slow: for complaints. */
char *store_referrers(const struct store *store, const char *uuid);
/* Another service with this domain name (any case), or NULL. */
const struct object *store_domain_taken(const struct store *store, const char *domain, const char *except_uuid);
