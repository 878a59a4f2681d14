/* lease_object: a member's Lease is a claim or garbage, never half of it; a claim's numbers are whole and in order, its holder names a
 * context, and it says the same when it is written and read again. */
#include "common/leadership/lease.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static void check_views(const struct claim *a, const struct claim *b)
{
	assert(a->has_view == b->has_view && a->n_before == b->n_before);
	if (!a->has_view)
		return;
	assert(view_same(&a->view, &b->view) && a->view.epoch == b->view.epoch && a->view.serial == b->view.serial);
	for (int i = 0; i < a->n_before; i++)
		assert(view_same(&a->before[i], &b->before[i]));
}

static void check_again(const struct claim *claim, const struct version *version, const struct lease_contact *contact,
			struct roster *roster)
{
	struct timing timing = { .lease_ms = 60000 };
	CLEANUP(cJSON_Deletep) cJSON *object = lease_to_json(claim, version, roster, contact, &timing, "avi-system", 0);
	struct lease_contact contact_again;
	struct version version_again;
	struct claim again;

	assert(lease_from_json(object, roster, &again, &version_again, &contact_again, NULL));
	assert(version_same(version, &version_again) && claim_compare(claim, &again) == 0);
	assert(again.promotion == claim->promotion && again.is_acquired == claim->is_acquired);
	assert(again.is_fenceless == claim->is_fenceless && again.handover == claim->handover);
	assert(streq(again.federation, claim->federation));
	assert(streq0(contact->endpoint, contact_again.endpoint) && streq0(contact->public_key, contact_again.public_key));
	check_views(claim, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *lease = fuzz_json(data, size);
	CLEANUP(freep) struct roster *roster = xcalloc(1, sizeof(*roster));
	struct lease_contact contact;
	struct version version;
	struct claim claim;

	if (!lease || !lease_from_json(lease, roster, &claim, &version, &contact, NULL))
		return 0;
	assert(claim.epoch >= 0 && claim.epoch <= EPOCH_MAX && claim.promotion >= claim.epoch / EPOCHS_PER_PROMOTION);
	assert(!*claim.holder || holder_context(claim.holder).n);
	assert(*version.uid && *version.revision && claim.n_before >= 0 && claim.n_before < VIEWS_MAX);
	check_again(&claim, &version, &contact, roster);
	return 0;
}
