/* record: an answer to a read of the leadership record is found, absent or garbage; a claim that was found says the same when it
 * is written and read again, and its numbers are whole and in order. */
#include "common/leadership/record.h"
#include "tests/fuzz/fuzz.h"

#define NAME "amko-3f0c7c1e-9a51-11ee-8f4b-0242ac120002-leadership"

FUZZ_MUTATES_JSON()

static void check_again(const struct claim *claim, const struct version *version, struct roster *roster)
{
	CLEANUP(cJSON_Deletep) cJSON *object = record_to_json(claim, version, roster, NAME);
	struct version version_again;
	struct claim again;

	assert(record_from_json(object, roster, &again, &version_again, NULL) == RECORD_FOUND);
	assert(version_same(version, &version_again));
	assert(claim_compare(claim, &again) == 0 && again.promotion == claim->promotion && again.counter == claim->counter);
	assert(again.has_view == claim->has_view && (!claim->has_view || (view_same(&claim->view, &again.view) &&
									  claim->view.serial == again.view.serial)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *answer = fuzz_json(data, size);
	CLEANUP(freep) struct roster *roster = xcalloc(1, sizeof(*roster));
	struct version version;
	struct claim claim;

	if (!answer || record_from_list(answer, NAME, roster, &claim, &version, NULL) != RECORD_FOUND)
		return 0;
	assert(claim.epoch >= 0 && claim.epoch <= EPOCH_MAX && claim.promotion >= claim.epoch / EPOCHS_PER_PROMOTION);
	assert(holder_context(claim.holder).n && *version.uid && *version.revision);
	check_again(&claim, &version, roster);
	return 0;
}
