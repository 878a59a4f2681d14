/* ctl/fleet.h - what was read of a federation's clusters. Pure: answers in, a picture out.
 *
 * Ownership: a fleet owns its sites.
 * Errors:    none: what cannot be read of a site is in it, as text.
 */
#pragma once

#include "common/crd/amkocluster.h"
#include "common/leadership/lease.h"

/* The Lease of one cluster. */
struct site_lease {
	enum { LEASE_UNREAD, LEASE_ABSENT, LEASE_READ, LEASE_GARBAGE } state;
	struct claim claim;            /* LEASE_READ */
	char *trouble;                 /* why it is unread or garbage; else NULL */
	int64_t changed_s;             /* Unix time, by its API server's clock; 0: it does not say */
	int duration_s;                /* a dead leader's runs out so long after its last change */
};

struct site {
	char *context;
	char *trouble;                 /* NULL, or why nothing is known of it: nothing below is filled in then */
	size_t n_objects;              /* AMKOClusters in the namespace */
	struct amkocluster *object;    /* the one; NULL: none or several */
	cJSON *json;                   /* the same as it was read; NULL likewise */
	bool has_peer;                 /* what leadership reads of it could be read */
	struct peer peer;
	char *peer_trouble;            /* NULL, or why it could not */
	struct site_lease lease;
	char *uuid;                    /* the federation's id on its GSLBConfig; NULL: none, or not readable */
};

struct fleet {
	struct roster roster;
	struct site *sites;            /* sorted by context */
	size_t n_sites;
};

void fleet_release(struct fleet *fleet);
struct site *fleet_find(const struct fleet *fleet, const char *context);       /* NULL: none. Borrowed */
/* Finds or adds. Borrowed until the next one is added; NULL: more than ROSTER_MAX, or a name that cannot be
 * printed. */
struct site *fleet_add(struct fleet *fleet, const char *context);
/* The site that was reached by another name than its own. Sites move. */
void fleet_rename(struct fleet *fleet, struct site *site, const char *context);

/* An answer, or what came instead of it. */
void site_read_objects(struct site *site, const cJSON *list, const struct err *err);
void site_read_lease(struct fleet *fleet, struct site *site, const cJSON *lease, const struct err *err);
void site_read_configs(struct site *site, const cJSON *list);

/* The site's Lease is held, and its holder leads or led. */
bool site_is_held(const struct site *site);
/* The context of its holder; yours to free, NULL: nobody. */
char *site_holder(const struct site *site);
bool site_is_held_by(const struct site *site, const char *context);
/* The instance of that cluster leads, as far as its own Lease says. */
bool site_leads(const struct site *site);

/* A site whose Lease has the highest epoch that ever led; NULL: none is seen, or its leader gave it up. Borrowed. */
const struct site *fleet_leadership(const struct fleet *fleet);
/* Whoever leads has changed a Lease within its duration; by two clocks, so for people only. */
bool fleet_leader_is_alive(const struct fleet *fleet, int64_t now_s);
/* The federation's id; NULL: none is known. Borrowed. */
const char *fleet_id(const struct fleet *fleet);
