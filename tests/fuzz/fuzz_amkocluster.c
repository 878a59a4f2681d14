/* amkocluster: any object without a name is none, any other says what is wrong with its spec and has none of it then,
 * or has nothing wrong, and equals its copy; its status is no part of what it says. */
#include "common/crd/amkocluster.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static void check_texts(const struct amkocluster *cluster)
{
	assert(cluster->namespace && cluster->name && cluster->uid && cluster->resource_version && cluster->created);
	assert(cluster->context && cluster->version);
	for (size_t i = 0; i < cluster->status.n_members; i++)
		assert(cluster->status.members[i].context);
	for (size_t i = 0; i < cluster->status.n_conditions; i++)
		assert(cluster->status.conditions[i].type);
	if (cluster->error)
		assert(strncmp(cluster->error, "spec", 4) == 0 && !cluster->is_leader && !cluster->is_automatic &&
		       !cluster->clusters.n && !*cluster->context);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	CLEANUP(amkocluster_freep) struct amkocluster *cluster = amkocluster_from_json(json);
	CLEANUP(amkocluster_freep) struct amkocluster *copy = NULL, *other = NULL;

	if (!cluster)
		return 0;
	check_texts(cluster);
	copy = amkocluster_copy(cluster);
	assert(amkocluster_same(cluster, copy) && amkocluster_same_spec(cluster, copy));
	cJSON_DeleteItemFromObjectCaseSensitive(json, "status");
	other = amkocluster_from_json(json);
	assert(other && amkocluster_same_spec(cluster, other));
	return 0;
}
