/* leader/policy/filter.h - is this object published globally, in which tenant, and if not, why. Pure.
 *
 * The order of the rules is that of enum selection: the first that refuses is the answer.
 */
#pragma once

#include "common/crd/gdp.h"
#include "leader/watch/host_object.h"

enum selection {
	SELECTED,
	REFUSED_NO_POLICY,             /* 1. no policy is in force */
	REFUSED_NO_SELECTOR,           /* 2. the policy has neither selector */
	REFUSED_CLUSTER,               /* 3. the cluster is not in matchClusters */
	REFUSED_NAMESPACE_UNKNOWN,     /* 4. its namespace has not been seen (yet) */
	REFUSED_NAMESPACE,             /* 5. its namespace lacks a label of the namespaceSelector */
	REFUSED_LABEL,                 /* 6. it lacks a label of the appSelector */
	REFUSED_TENANT,                /* 7. its tenant is not that of its namespace */
	REFUSED_IDENTITY,              /* 8. the load balancer has not written its identities yet, and syncVipOnly is off */
};
const char *selection_reason(enum selection selection);       /* for people */

/* policy, ns: NULL where there is none. default_tenant: of the GSLBConfig. *tenant is set when SELECTED: borrowed from ns or
 * default_tenant. */
enum selection policy_select(const struct gdp *policy, const char *cluster, const struct namespace_info *ns,
			     const struct host_object *object, const struct host_record *record,
			     const char *default_tenant, const char **tenant);
