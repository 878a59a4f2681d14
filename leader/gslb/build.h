/* leader/gslb/build.h - what one global name should be: its services (one a tenant) and their monitors. Pure.
 *
 * Built from scratch each time out of everything that is known, never by patching an older model; so neither the order of
 * events nor the order of the inputs matters.
 * Ownership: struct wanted owns its models, wanted_release().
 * Errors:    none.
 */
#pragma once

#include "leader/gslb/gs.h"
#include "leader/watch/knowledge.h"
#include "leader/policy/filter.h"
#include "leader/policy/settings.h"

#define MAX_MONITORS_PER_GS 6          /* the controller refuses more references */

struct build_input {
	const char *fqdn;
	const struct gdp *policy;              /* NULL: nothing is selected */
	const struct lookups *lookups;         /* what the controller said about the policy's references */
	const char *default_tenant;
	const char *owner;                     /* "amko-<uuid>" */
	const char *default_pki;               /* for persistence without a pkiProfileRef; NULL: none */
	const struct knowledge *knowledge;
	const struct candidate *candidates;
	size_t n_candidates;
	const struct gone_address *gone;       /* seen to go from this host while some cluster was not known */
	size_t n_gone;
	/* What the controller has under this name: members of clusters that are not known yet are held. */
	const struct gs *const *actual;
	size_t n_actual;
	const struct monitor *const *actual_monitors;
	size_t n_actual_monitors;
};

struct wanted {
	struct gs **gs;                        /* by tenant */
	size_t n_gs;
	struct monitor **monitors;
	size_t n_monitors;
	size_t n_paths_dropped;                /* over MAX_MONITORS_PER_GS */
	size_t n_members_held;
};

void build_wanted(const struct build_input *in, struct wanted *out);
void wanted_release(struct wanted *wanted);                /* NULL is fine */
const struct gs *wanted_find(const struct wanted *wanted, const char *tenant);
const struct monitor *wanted_find_monitor(const struct wanted *wanted, const char *tenant, const char *name);
