#include "common/crd/amkocluster.h"

#define AUTOMATIC "Automatic"

static const struct field annotation_fields[] = {
	{ ROLE_ANNOTATION,       STR_AT(struct amkocluster, role) },
	{ PROMOTION_ANNOTATION,  STR_AT(struct amkocluster, promotion) },
	{ FIT_ANNOTATION,        STR_AT(struct amkocluster, fit) },
	{ PROMOTE_ANNOTATION,    STR_AT(struct amkocluster, promote) },
	{ ENDPOINT_ANNOTATION,   STR_AT(struct amkocluster, endpoint) },
	{ PUBLIC_KEY_ANNOTATION, STR_AT(struct amkocluster, public_key) },
	{ 0 },
};

static const struct field metadata_fields[] = {
	{ "namespace",         STR_AT(struct amkocluster, namespace), .never_null = true },
	{ "name",              STR_AT(struct amkocluster, name), .is_required = true },
	{ "uid",               STR_AT(struct amkocluster, uid), .never_null = true },
	{ "resourceVersion",   STR_AT(struct amkocluster, resource_version), .never_null = true },
	{ "creationTimestamp", STR_AT(struct amkocluster, created), .never_null = true },
	{ "generation",        INT64_AT(struct amkocluster, generation) },
	{ "annotations",       FLAT(annotation_fields) },
	{ 0 },
};

static const char *const failovers[] = { AUTOMATIC, "Manual", NULL };

static const struct field spec_fields[] = {
	{ "isLeader",       BOOL_AT(struct amkocluster, is_leader) },
	{ "clusterContext", STR_AT(struct amkocluster, context), .never_null = true },
	{ "version",        STR_AT(struct amkocluster, version), .never_null = true },
	{ "clusters",       STRS_AT(struct amkocluster, clusters) },
	{ "failover",       STR_AT(struct amkocluster, failover), .choices = failovers },
	{ 0 },
};

static const struct field generation_fields[] = {
	{ "gslbConfig", INT64_AT(struct amkocluster_member, gslbconfig_generation) },
	{ "gdp",        INT64_AT(struct amkocluster_member, gdp_generation) },
	{ 0 },
};

static const struct field member_fields[] = {
	{ "context",     STR_AT(struct amkocluster_member, context), .never_null = true },
	{ "reachable",   BOOL_AT(struct amkocluster_member, is_reachable) },
	{ "transport",   STR_AT(struct amkocluster_member, transport) },
	{ "version",     STR_AT(struct amkocluster_member, version) },
	{ "lagSeconds",  INT_AT(struct amkocluster_member, lag_s) },
	{ "generations", FLAT(generation_fields) },
	{ "hash",        STR_AT(struct amkocluster_member, hash) },
	{ "error",       STR_AT(struct amkocluster_member, error) },
	{ "fit",         BOOL_AT(struct amkocluster_member, is_fit) },
	{ "lastSeen",    STR_AT(struct amkocluster_member, last_seen) },
	{ 0 },
};

static const struct field status_fields[] = {
	{ "role",         STR_AT(struct amkocluster_status, role) },
	{ "leader",       STR_AT(struct amkocluster_status, leader) },
	{ "epoch",        INT64_AT(struct amkocluster_status, epoch) },
	{ "promotion",    INT64_AT(struct amkocluster_status, promotion) },
	{ "endpoint",     STR_AT(struct amkocluster_status, endpoint) },
	{ "publicKey",    STR_AT(struct amkocluster_status, public_key) },
	{ "fit",          BOOL_AT(struct amkocluster_status, is_fit), HAS_AT(struct amkocluster_status, has_fit) },
	{ "unfitReason",  STR_AT(struct amkocluster_status, unfit_reason) },
	{ "membersReady", STR_AT(struct amkocluster_status, members_ready) },
	{ "members",      LIST_AT(struct amkocluster_status, members, n_members, struct amkocluster_member,
				  member_fields) },
	{ "conditions",   LIST_AT(struct amkocluster_status, conditions, n_conditions, struct condition,
				  condition_fields) },
	{ 0 },
};

static const struct field all_fields[] = {
	{ "metadata", FLAT(metadata_fields) },
	{ "spec",     FLAT(spec_fields) },
	{ "status",   OBJECT_AT(struct amkocluster, status, status_fields) },
	{ 0 },
};

struct amkocluster *amkocluster_from_json(const cJSON *object)
{
	const cJSON *metadata = json_get(object, "metadata");
	CLEANUP(amkocluster_freep) struct amkocluster *cluster = xcalloc(1, sizeof(*cluster));
	struct err err = { 0 };

	if (!metadata || !table_read(metadata_fields, metadata, "metadata", cluster, NULL))
		return NULL;
	if (!table_read(spec_fields, json_get(object, "spec"), "spec", cluster, &err)) {
		cluster->error = xstrdup(err.msg);
		table_read(spec_fields, NULL, "spec", cluster, NULL);
	}
	cluster->is_automatic = streq0(cluster->failover, AUTOMATIC);
	/* Status is ours to write: what is odd in it is as good as absent. */
	table_read(status_fields, json_get(object, "status"), "status", &cluster->status, NULL);
	return TAKE(cluster);
}

struct amkocluster *amkocluster_copy(const struct amkocluster *cluster)
{
	struct amkocluster *copy = xcalloc(1, sizeof(*copy));

	table_copy(all_fields, cluster, copy);
	copy->is_automatic = cluster->is_automatic;
	copy->error = xstrdup(cluster->error);
	return copy;
}

void amkocluster_free(struct amkocluster *cluster)
{
	if (!cluster)
		return;
	table_release(all_fields, cluster);
	free(cluster->error);
	free(cluster);
}

bool amkocluster_same(const struct amkocluster *a, const struct amkocluster *b)
{
	return table_same(all_fields, a, b) && streq0(a->error, b->error);
}

bool amkocluster_same_spec(const struct amkocluster *a, const struct amkocluster *b)
{
	return table_same(spec_fields, a, b) && table_same(annotation_fields, a, b) && streq0(a->error, b->error);
}
