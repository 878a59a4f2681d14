/* marks: an AMKOCluster of a member, or the own one, is read whole or not at all; what a keeper kept is within its bounds and says the
 * same when it is written and read again, and so does the fitness. A member never speaks for another context. */
#include "common/leadership/marks.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

#define CONTEXT "east"

static void check_kept(const struct kept *kept)
{
	CLEANUP(freep) char *text = kept_text(kept);
	struct kept again = { 0 };

	assert(kept->promotion >= 0 && kept->promotion <= EPOCH_MAX / EPOCHS_PER_PROMOTION && kept->epoch >= 0);
	if (!kept->is_kept)
		return;
	assert(kept_parse(slice_of(text), &again) && again.is_kept);
	assert(again.is_leader == kept->is_leader && streq(again.promote, kept->promote) && again.promotion == kept->promotion);
	assert(again.is_ended == kept->is_ended && again.is_forced == kept->is_forced && again.has_led == kept->has_led);
	assert(again.epoch == kept->epoch);
}

static void check_fitness(const struct fitness *fitness)
{
	CLEANUP(freep) char *text = fitness_text(fitness);
	struct fitness again;

	fitness_parse(slice_of(text), &again);
	assert(memcmp(&again, fitness, sizeof(again)) == 0);
}

static void check_peer(const cJSON *json)
{
	struct peer peer, untouched;

	memset(&peer, 0x5a, sizeof(peer));
	untouched = peer;
	if (!peer_from_json(json, CONTEXT, &peer, NULL)) {
		assert(memcmp(&peer, &untouched, sizeof(peer)) == 0);
		return;
	}
	assert(peer.has_other_context != streq0(json_str(json_get(json, "spec"), "clusterContext"), CONTEXT));
	assert(memchr(peer.uid, '\0', sizeof(peer.uid)));
	check_kept(&peer.kept);
	check_fitness(&peer.fitness);
}

static void check_own(const cJSON *json)
{
	CLEANUP(freep) struct roster *roster = xcalloc(1, sizeof(*roster));
	struct own own;

	if (!own_from_json(json, CONTEXT, roster, &own, NULL))
		return;
	assert(own.members & member_bit(roster_find(roster, slice_of(CONTEXT))));
	for (int i = 0; i < ROSTER_MAX; i++)
		assert(!(own.members & member_bit(i)) || *roster->context[i]);
	assert(memchr(own.promote, '\0', sizeof(own.promote)));
	check_kept(&own.kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	struct fitness fitness;
	struct kept kept;

	if (kept_parse(fuzz_slice(data, size), &kept))
		check_kept(&kept);
	fitness_parse(fuzz_slice(data, size), &fitness);
	check_fitness(&fitness);
	if (json) {
		check_peer(json);
		check_own(json);
	}
	return 0;
}
