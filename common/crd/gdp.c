#include "common/crd/gdp.h"

#define TTL_MAX_S 86400
#define HASH_MASK_MAX 31

static const struct field metadata_fields[] = {
	{ "namespace",         STR_AT(struct gdp, namespace), .never_null = true },
	{ "name",              STR_AT(struct gdp, name), .is_required = true },
	{ "uid",               STR_AT(struct gdp, uid), .never_null = true },
	{ "resourceVersion",   STR_AT(struct gdp, resource_version), .never_null = true },
	{ "creationTimestamp", STR_AT(struct gdp, created), .never_null = true },
	{ 0 },
};

static const struct field app_selector_fields[] = {
	{ "label", MAP_AT(struct gdp, app_labels) },
	{ 0 },
};

static const struct field namespace_selector_fields[] = {
	{ "label", MAP_AT(struct gdp, namespace_labels) },
	{ 0 },
};

static const struct field match_rules_fields[] = {
	{ "appSelector",       FLAT(app_selector_fields) },
	{ "namespaceSelector", FLAT(namespace_selector_fields) },
	{ 0 },
};

static const struct field match_cluster_fields[] = {
	{ "cluster",     STR_AT(struct match_cluster, cluster), .never_null = true },
	{ "syncVipOnly", BOOL_AT(struct match_cluster, sync_vip_only) },
	{ 0 },
};

static const struct field traffic_split_fields[] = {
	{ "cluster",  STR_AT(struct traffic_split, cluster), .never_null = true },
	{ "weight",   INT_AT(struct traffic_split, weight), .absent = 1 },
	{ "priority", INT_AT(struct traffic_split, priority), .absent = 10 },
	{ 0 },
};

static const struct field fallback_fields[] = {
	{ "lbAlgorithm", STR_AT(struct pool_algorithm, fallback_algorithm) },
	{ "hashMask",    INT_AT(struct pool_algorithm, fallback_hash_mask), .min = 1, .max = HASH_MASK_MAX,
			 HAS_AT(struct pool_algorithm, has_fallback_hash_mask) },
	{ 0 },
};

/* The algorithms' names are judged by validation: it has texts of its own for them. */
const struct field pool_algorithm_fields[] = {
	{ "lbAlgorithm", STR_AT(struct pool_algorithm, algorithm) },
	{ "hashMask",    INT_AT(struct pool_algorithm, hash_mask), .min = 1, .max = HASH_MASK_MAX,
			 HAS_AT(struct pool_algorithm, has_hash_mask) },
	{ "geoFallback", FLAT(fallback_fields), HAS_AT(struct pool_algorithm, has_fallback) },
	{ 0 },
};

static const char *const down_response_types[] = {
	"GSLB_SERVICE_DOWN_RESPONSE_NONE", "GSLB_SERVICE_DOWN_RESPONSE_ALL_RECORDS",
	"GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP", "GSLB_SERVICE_DOWN_RESPONSE_EMPTY", NULL,
};

const struct field down_response_fields[] = {
	{ "type",       STR_AT(struct down_response, type), .choices = down_response_types, .is_required = true },
	{ "fallbackIP", STR_AT(struct down_response, fallback_ip) },
	{ 0 },
};

static const struct field spec_fields[] = {
	{ "matchRules",            FLAT(match_rules_fields) },
	{ "matchClusters",         LIST_AT(struct gdp, match_clusters, n_match_clusters, struct match_cluster,
					   match_cluster_fields) },
	{ "trafficSplit",          LIST_AT(struct gdp, traffic_split, n_traffic_split, struct traffic_split,
					   traffic_split_fields) },
	{ "healthMonitorRefs",     STRS_AT(struct gdp, health_monitor_refs) },
	{ "healthMonitorTemplate", STR_AT(struct gdp, health_monitor_template) },
	{ "ttl",                   INT_AT(struct gdp, ttl_s), .max = TTL_MAX_S, HAS_AT(struct gdp, has_ttl) },
	{ "sitePersistenceRef",    STR_AT(struct gdp, site_persistence_ref) },
	{ "pkiProfileRef",         STR_AT(struct gdp, pki_profile_ref) },
	{ "poolAlgorithmSettings", OBJECT_AT(struct gdp, pool_algorithm, pool_algorithm_fields),
				   HAS_AT(struct gdp, pool_algorithm.is_set) },
	{ "downResponse",          OBJECT_AT(struct gdp, down_response, down_response_fields),
				   HAS_AT(struct gdp, down_response.is_set) },
	{ "controlPlaneHmOnly",    BOOL_AT(struct gdp, control_plane_hm_only),
				   HAS_AT(struct gdp, has_control_plane_hm_only) },
	{ "defaultDomain",         STR_AT(struct gdp, default_domain) },
	{ 0 },
};

static const struct field status_fields[] = {
	{ "errorStatus", STR_AT(struct gdp, error_status) },
	{ 0 },
};

static const struct field all_fields[] = {
	{ "metadata", FLAT(metadata_fields) },
	{ "spec",     FLAT(spec_fields) },
	{ "status",   FLAT(status_fields) },
	{ 0 },
};

struct gdp *gdp_from_json(const cJSON *object)
{
	const cJSON *metadata = json_get(object, "metadata");
	CLEANUP(gdp_freep) struct gdp *gdp = xcalloc(1, sizeof(*gdp));
	struct err err = { 0 };

	if (!metadata || !table_read(metadata_fields, metadata, "metadata", gdp, NULL))
		return NULL;
	gdp->generation = json_int(metadata, "generation", 0);
	if (!table_read(spec_fields, json_get(object, "spec"), "spec", gdp, &err))
		gdp->error = xstrdup(err.msg);
	/* Status is ours to write: what is odd in it is as good as absent. */
	table_read(status_fields, json_get(object, "status"), "status", gdp, NULL);
	return TAKE(gdp);
}

struct gdp *gdp_copy(const struct gdp *gdp)
{
	struct gdp *copy = xcalloc(1, sizeof(*copy));

	table_copy(all_fields, gdp, copy);
	copy->generation = gdp->generation;
	copy->error = xstrdup(gdp->error);
	return copy;
}

void gdp_free(struct gdp *gdp)
{
	if (!gdp)
		return;
	table_release(all_fields, gdp);
	free(gdp->error);
	free(gdp);
}

bool gdp_same(const struct gdp *a, const struct gdp *b)
{
	return table_same(all_fields, a, b) && a->generation == b->generation && streq0(a->error, b->error);
}

bool gdp_same_spec(const struct gdp *a, const struct gdp *b)
{
	return table_same(spec_fields, a, b) && streq0(a->error, b->error);
}

const struct match_cluster *gdp_match_cluster(const struct gdp *gdp, const char *cluster)
{
	for (size_t i = 0; i < gdp->n_match_clusters; i++)
		if (streq(gdp->match_clusters[i].cluster, cluster))
			return &gdp->match_clusters[i];
	return NULL;
}

const struct traffic_split *gdp_traffic_split(const struct gdp *gdp, const char *cluster)
{
	for (size_t i = 0; i < gdp->n_traffic_split; i++)
		if (streq(gdp->traffic_split[i].cluster, cluster))
			return &gdp->traffic_split[i];
	return NULL;
}
