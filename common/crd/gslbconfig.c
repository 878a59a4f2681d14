#include "common/crd/gslbconfig.h"

#define REFRESH_INTERVAL_S 600

static const struct field annotation_fields[] = {
	{ UUID_ANNOTATION, STR_AT(struct gslbconfig, uuid_annotation) },
	{ 0 },
};

static const struct field metadata_fields[] = {
	{ "namespace",         STR_AT(struct gslbconfig, namespace), .never_null = true },
	{ "name",              STR_AT(struct gslbconfig, name), .is_required = true },
	{ "uid",               STR_AT(struct gslbconfig, uid), .never_null = true },
	{ "resourceVersion",   STR_AT(struct gslbconfig, resource_version), .never_null = true },
	{ "creationTimestamp", STR_AT(struct gslbconfig, created), .never_null = true },
	{ "annotations",       FLAT(annotation_fields) },
	{ 0 },
};

static const struct field leader_fields[] = {
	{ "controllerIP",        STR_AT(struct gslbconfig, controller_ip) },
	{ "controllerAddresses", STRS_AT(struct gslbconfig, controller_addresses) },
	{ "controllerVersion",   STR_AT(struct gslbconfig, controller_version) },
	{ "credentials",         STR_AT(struct gslbconfig, credentials) },
	{ "tenant",              STR_AT(struct gslbconfig, tenant) },
	{ 0 },
};

static const struct field cluster_fields[] = {
	{ "clusterContext", STR_AT(struct cluster_ref, context), .never_null = true },
	{ 0 },
};

static const struct field spec_fields[] = {
	{ "gslbLeader",          FLAT(leader_fields) },
	{ "memberClusters",      LIST_AT(struct gslbconfig, member_clusters, n_member_clusters, struct cluster_ref,
					 cluster_fields) },
	{ "refreshInterval",     INT_AT(struct gslbconfig, refresh_interval_s) },
	{ "logLevel",            STR_AT(struct gslbconfig, log_level) },
	{ "useCustomGlobalFqdn", BOOL_AT(struct gslbconfig, use_custom_global_fqdn) },
	{ 0 },
};

static const struct field status_fields[] = {
	{ "state",      STR_AT(struct gslbconfig, state) },
	{ "conditions", LIST_AT(struct gslbconfig, conditions, n_conditions, struct condition, condition_fields) },
	{ 0 },
};

static const struct field all_fields[] = {
	{ "metadata", FLAT(metadata_fields) },
	{ "spec",     FLAT(spec_fields) },
	{ "status",   FLAT(status_fields) },
	{ 0 },
};

static void fill_defaults(struct gslbconfig *config)
{
	if (!config->tenant || !*config->tenant) {
		free(config->tenant);
		config->tenant = xstrdup("admin");
	}
	if (config->refresh_interval_s <= 0)
		config->refresh_interval_s = REFRESH_INTERVAL_S;
}

struct gslbconfig *gslbconfig_from_json(const cJSON *object)
{
	const cJSON *metadata = json_get(object, "metadata");
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = xcalloc(1, sizeof(*config));
	struct err err = { 0 };

	if (!metadata || !table_read(metadata_fields, metadata, "metadata", config, NULL))
		return NULL;
	config->generation = json_int(metadata, "generation", 0);
	if (!table_read(spec_fields, json_get(object, "spec"), "spec", config, &err))
		config->error = xstrdup(err.msg);
	/* Status is ours to write: what is odd in it is as good as absent. */
	table_read(status_fields, json_get(object, "status"), "status", config, NULL);
	fill_defaults(config);
	return TAKE(config);
}

struct gslbconfig *gslbconfig_copy(const struct gslbconfig *config)
{
	struct gslbconfig *copy = xcalloc(1, sizeof(*copy));

	table_copy(all_fields, config, copy);
	copy->generation = config->generation;
	copy->error = xstrdup(config->error);
	return copy;
}

void gslbconfig_free(struct gslbconfig *config)
{
	if (!config)
		return;
	table_release(all_fields, config);
	free(config->error);
	free(config);
}

bool gslbconfig_same(const struct gslbconfig *a, const struct gslbconfig *b)
{
	return table_same(all_fields, a, b) && a->generation == b->generation && streq0(a->error, b->error);
}

bool gslbconfig_same_spec(const struct gslbconfig *a, const struct gslbconfig *b)
{
	return table_same(spec_fields, a, b) && table_same(annotation_fields, a, b) && streq0(a->error, b->error);
}

bool gslbconfig_has_member(const struct gslbconfig *config, const char *context)
{
	for (size_t i = 0; i < config->n_member_clusters; i++)
		if (streq(config->member_clusters[i].context, context))
			return true;
	return false;
}
