/* tests/sim/avisim/sim.h - the whole state of the simulated controller, and how it is set from outside of the API.
 *
 * Ownership: the sim owns everything in it. One thread; no I/O, no clock: the time is handed in.
 */
#pragma once

#include "tests/sim/avisim/journal.h"
#include "tests/sim/avisim/sessions.h"
#include "tests/sim/avisim/store.h"
#include "tests/sim/common/faults.h"

#define ADMIN_TENANT "admin"
#define ALL_TENANTS "*"
#define OWN_CLUSTER_UUID "cluster-aaaaaaaa"

struct settings {
	char *version;
	char *leader_uuid;             /* the GSLB leader's cluster; OWN_CLUSTER_UUID: this one */
	struct strs subdomains, third_party_sites;
	bool maintenance;
	bool is_strict;                /* CSRF token and Referer are checked */
	bool checks_domains;           /* a domain name belongs to one service */
	bool checks_subdomains;        /* and lies under a GSLB sub-domain */
	bool strict_tenants;           /* an unknown tenant is 404; else it comes into being with its first object */
	cJSON *deny;                   /* type or "*" -> tenants or "*" whose objects may not be written; NULL: none */
};

/* The result of the last listing of a type, for its next page. */
struct selection {
	char *key;
	uint64_t generation;
	const struct object **objects;
	size_t n, cap;
};

struct sim_counters {
	struct endpoint_count *endpoints;
	uint64_t n_logins, n_logins_refused;
	uint64_t n_requests;           /* that arrived, answered or not */
	size_t n_open, n_most_open;    /* requests at the same time */
};

struct sim {
	struct store *store;
	struct sessions *sessions;
	struct journal *journal;
	struct settings settings, defaults;    /* defaults: what a reset goes back to */
	struct selection selections[N_KINDS];
	struct sim_counters counters;
	struct faults faults;
	char *user;                    /* whose password a toggle changes */
};

struct sim *sim_new(const char *user, struct slice password, int64_t session_idle_s);
void sim_free(struct sim *sim);                                       /* NULL is fine */

/* All objects and settings become those of `state` (the form of controller.json; NULL: a fresh controller with the objects
 * every one has). Users and sessions stay; log and faults are cleared. On failure nothing changes. */
bool sim_reset(struct sim *sim, const cJSON *state, struct err *err);
/* The defaults become the present settings. */
void sim_keep_defaults(struct sim *sim);

/* Puts an object there as if it had always been there; one of the same UUID, or tenant and name, is replaced.
 * "_tenant" says whose it is (admin). References that lead nowhere stay. */
struct object *sim_seed(struct sim *sim, const struct kind *kind, const cJSON *object, struct err *err);
/* Merges (RFC 7396) a change into an object. */
bool sim_edit(struct sim *sim, struct object *object, const cJSON *change, struct err *err);

/* Stores a checked body: resolves its references (err NULL: where they lead somewhere), makes the tenant if need be.
 * The body of the draft is taken over, also on failure. */
struct object *sim_commit(struct sim *sim, struct object_draft *draft, struct err *err);
/* The object as clients see it. Yours to delete. */
cJSON *sim_show(const struct sim *sim, const struct object *object, const char *base, bool with_names);
const struct object *sim_tenant(const struct sim *sim, const char *name);

/* "GET /api/gslbservice": counts it. */
void sim_count(struct sim *sim, const char *endpoint);
/* {"GET /api/gslbservice": 3, ...}. Yours to delete. */
cJSON *sim_counts(const struct sim *sim);
