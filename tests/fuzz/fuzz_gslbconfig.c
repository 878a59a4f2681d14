/* gslbconfig: any object without a name is none, any other has its defaults filled in, says what is wrong with its
 * spec or has nothing wrong, and equals its copy; its status is no part of what it says. */
#include "common/crd/gslbconfig.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static void check_copy(const struct gslbconfig *config)
{
	CLEANUP(gslbconfig_freep) struct gslbconfig *copy = gslbconfig_copy(config);

	assert(gslbconfig_same(config, copy) && gslbconfig_same_spec(config, copy));
}

static void check_defaults(const struct gslbconfig *config)
{
	assert(config->namespace && config->name && config->uid && config->resource_version && config->created);
	assert(config->tenant && *config->tenant && config->refresh_interval_s > 0);
	for (size_t i = 0; i < config->n_member_clusters; i++)
		assert(gslbconfig_has_member(config, config->member_clusters[i].context));
	if (config->error)
		assert(strncmp(config->error, "spec", 4) == 0 && !config->n_member_clusters && !config->controller_ip &&
		       !config->credentials);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = gslbconfig_from_json(json), *other = NULL;

	assert(!config == !json_str(json_get(json, "metadata"), "name") || json_get(json, "metadata"));
	if (!config)
		return 0;
	check_defaults(config);
	check_copy(config);
	cJSON_DeleteItemFromObjectCaseSensitive(json, "status");
	other = gslbconfig_from_json(json);
	assert(other && gslbconfig_same_spec(config, other));
	return 0;
}
