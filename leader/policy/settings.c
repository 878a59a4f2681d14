#include "leader/policy/settings.h"

void settings_of(const struct gdp *policy, const struct lookups *lookups, struct settings *out)
{
	*out = (struct settings){
		.has_ttl = policy->has_ttl,
		.ttl_s = policy->ttl_s,
		.is_control_plane_only = policy->has_control_plane_hm_only && policy->control_plane_hm_only,
		.persistence_ref = policy->site_persistence_ref,
		.pki_ref = policy->pki_profile_ref,
		.algorithm = &policy->pool_algorithm,
		.down_response = policy->down_response.is_set ? &policy->down_response : NULL,
	};
	if (out->is_control_plane_only)
		return;
	if (policy->health_monitor_refs.n)
		out->monitor_refs = &policy->health_monitor_refs;
	else if (policy->health_monitor_template)
		out->template = lookups_find(lookups, "healthmonitor", policy->health_monitor_template);
}

struct traffic settings_traffic(const struct gdp *policy, const char *cluster)
{
	const struct traffic_split *split = gdp_traffic_split(policy, cluster);

	return split ? (struct traffic){ split->weight, split->priority } : (struct traffic){ 1, 10 };
}
