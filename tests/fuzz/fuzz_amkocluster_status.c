/* amkocluster_status: whatever a status shows, once our patch is applied to it there is nothing left to write. */
#include "common/crd/amkocluster_status.h"
#include "tests/fuzz/fuzz.h"

#define NOW "2026-01-05T09:30:00Z"

FUZZ_MUTATES_JSON()

static cJSON *patch_of(const cJSON *shown)
{
	CLEANUP(cJSON_Deletep) cJSON *fields = cJSON_CreateObject();
	struct condition own[] = {
		{ .type = (char[]){ CONDITION_LEADING }, .status = (char[]){ "True" }, .reason = (char[]){ "Acquired" } },
		{ .type = (char[]){ CONDITION_MEMBERS_VALIDATED } },
	};
	cJSON *patch;

	json_put_str(fields, "role", "leader");
	json_put(fields, "unfitReason", cJSON_CreateNull());
	patch = amkocluster_status_patch(shown, fields, own, ARRAY_SIZE(own), NOW);
	free(own[0].last_transition);
	return patch;
}

/* API servers never send a key twice; the rest need not cope with it. */
static void drop_repeated_keys(cJSON *value)
{
	cJSON *item, *next;

	for (item = value ? value->child : NULL; item; item = next) {
		next = item->next;
		if (cJSON_IsObject(value) && cJSON_GetObjectItemCaseSensitive(value, item->string) != item)
			cJSON_Delete(cJSON_DetachItemViaPointer(value, item));
		else
			drop_repeated_keys(item);
	}
}

/* As an API server merges: one level is enough, ours has no objects. */
static void apply(cJSON *status, const cJSON *patch)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, patch) {
		cJSON_DeleteItemFromObjectCaseSensitive(status, item->string);
		if (!cJSON_IsNull(item))
			json_put(status, item->string, cJSON_Duplicate(item, true));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *shown = fuzz_json(data, size), *patch = NULL, *status = NULL, *again = NULL;

	drop_repeated_keys(shown);
	patch = patch_of(shown);
	status = cJSON_IsObject(shown) ? cJSON_Duplicate(shown, true) : cJSON_CreateObject();
	apply(status, patch);
	again = patch_of(status);
	assert(!again);
	return 0;
}
