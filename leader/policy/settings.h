/* leader/policy/settings.h - what holds for one global name. Pure. */
#pragma once

#include "common/crd/gdp.h"
#include "leader/policy/validate.h"

/* Borrowed from the policy and its look-ups. */
struct settings {
	bool has_ttl;
	int ttl_s;
	bool is_control_plane_only;            /* no monitors at all */
	const struct strs *monitor_refs;       /* NULL: none named */
	const struct lookup *template;         /* of generated monitors; NULL: none */
	const char *persistence_ref, *pki_ref; /* NULL: none */
	const struct pool_algorithm *algorithm;
	const struct down_response *down_response;   /* NULL: none */
};

void settings_of(const struct gdp *policy, const struct lookups *lookups, struct settings *out);

/* Weight and priority of a cluster's members: the policy's, else 1 and 10. */
struct traffic {
	int weight, priority;
};
struct traffic settings_traffic(const struct gdp *policy, const char *cluster);
