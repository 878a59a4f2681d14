/* common/crd/gdp.h - GlobalDeploymentPolicy (amko.vmware.com/v1alpha2): JSON to struct. As gslbconfig.h. */
#pragma once

#include "common/base/table.h"

struct match_cluster {
	char *cluster;                 /* never NULL; "" where absent */
	bool sync_vip_only;
};

struct traffic_split {
	char *cluster;                 /* never NULL; "" where absent */
	int weight;                    /* 1 where absent; the range is judged by validation, as priority's */
	int priority;                  /* 10 where absent; 0 is 0 */
};

struct pool_algorithm {
	bool is_set;                   /* poolAlgorithmSettings was given */
	char *algorithm;               /* NULL where absent */
	bool has_hash_mask;
	int hash_mask;
	bool has_fallback;
	char *fallback_algorithm;
	bool has_fallback_hash_mask;
	int fallback_hash_mask;
};

struct down_response {
	bool is_set;
	char *type;                    /* one of the schema's four; NULL where not set */
	char *fallback_ip;             /* NULL where absent */
};

struct gdp {
	char *namespace, *name, *uid, *resource_version, *created;   /* never NULL */
	int64_t generation;
	struct pairs app_labels;       /* matchRules.appSelector.label; empty where absent */
	struct pairs namespace_labels;
	struct match_cluster *match_clusters;
	size_t n_match_clusters;
	struct traffic_split *traffic_split;
	size_t n_traffic_split;
	struct strs health_monitor_refs;
	char *health_monitor_template; /* NULL where absent */
	bool has_ttl;
	int ttl_s;
	char *site_persistence_ref;    /* NULL where absent; "" is refused by validation */
	char *pki_profile_ref;
	struct pool_algorithm pool_algorithm;
	struct down_response down_response;
	bool has_control_plane_hm_only, control_plane_hm_only;
	char *default_domain;
	char *error_status;            /* status.errorStatus, NULL where absent */
	char *error;                   /* NULL, or what is wrong with spec, with the path; spec is empty then */
};

/* The tables of the two parts that GSLBHostRule has too. */
extern const struct field pool_algorithm_fields[];
extern const struct field down_response_fields[];

struct gdp *gdp_from_json(const cJSON *object);
struct gdp *gdp_copy(const struct gdp *gdp);
void gdp_free(struct gdp *gdp);                                /* NULL is fine */
DEFINE_CLEANUP(struct gdp *, gdp_free)
bool gdp_same(const struct gdp *a, const struct gdp *b);       /* everything, resourceVersion too */
bool gdp_same_spec(const struct gdp *a, const struct gdp *b);  /* field by field */
const struct match_cluster *gdp_match_cluster(const struct gdp *gdp, const char *cluster);   /* the first; NULL: not matched */
const struct traffic_split *gdp_traffic_split(const struct gdp *gdp, const char *cluster);   /* the first; NULL: none */
