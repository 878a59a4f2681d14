#include "leader/policy/filter.h"

const char *selection_reason(enum selection selection)
{
	static const char *const reasons[] = {
		[SELECTED] = "selected",
		[REFUSED_NO_POLICY] = "no GlobalDeploymentPolicy is in force",
		[REFUSED_NO_SELECTOR] = "the policy has neither appSelector nor namespaceSelector",
		[REFUSED_CLUSTER] = "the cluster is not in the policy's matchClusters",
		[REFUSED_NAMESPACE_UNKNOWN] = "its namespace has not been read yet",
		[REFUSED_NAMESPACE] = "its namespace lacks a label of the policy's namespaceSelector",
		[REFUSED_LABEL] = "it lacks a label of the policy's appSelector",
		[REFUSED_TENANT] = "its tenant annotation differs from its namespace's",
		[REFUSED_IDENTITY] = "the load balancer's annotations are missing and syncVipOnly is off",
	};

	return reasons[selection];
}

static bool has_text(const char *s)
{
	return s && *s;
}

/* The namespace decides; an object of a namespace that names a tenant must agree, and a missing annotation stands for the
 * default tenant. NULL: they differ. */
static const char *tenant_of(const struct namespace_info *ns, const struct host_object *object, const char *default_tenant)
{
	if (!has_text(ns->tenant))
		return default_tenant;
	return streq(object->tenant ? object->tenant : default_tenant, ns->tenant) ? ns->tenant : NULL;
}

enum selection policy_select(const struct gdp *policy, const char *cluster, const struct namespace_info *ns,
			     const struct host_object *object, const struct host_record *record,
			     const char *default_tenant, const char **tenant)
{
	const struct match_cluster *match;

	if (!policy)
		return REFUSED_NO_POLICY;
	if (!policy->app_labels.n && !policy->namespace_labels.n)
		return REFUSED_NO_SELECTOR;
	match = gdp_match_cluster(policy, cluster);
	if (!match)
		return REFUSED_CLUSTER;
	if (!ns)
		return REFUSED_NAMESPACE_UNKNOWN;
	if (!pairs_contain(&ns->labels, &policy->namespace_labels))
		return REFUSED_NAMESPACE;
	if (!pairs_contain(&object->labels, &policy->app_labels))
		return REFUSED_LABEL;
	*tenant = tenant_of(ns, object, default_tenant);
	if (!*tenant)
		return REFUSED_TENANT;
	if (!match->sync_vip_only && (!has_text(record->vs_uuid) || !has_text(object->controller_uuid)))
		return REFUSED_IDENTITY;
	return SELECTED;
}
