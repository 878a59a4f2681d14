/* zkeys: a Secret gives a pair that fits together, and that another Secret gives back, or none. */
#include "common/io/zkeys.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *secret = fuzz_json(data, size), *again = NULL;
	CLEANUP(zkeys_release) struct zkeys keys = { 0 }, twice = { 0 };
	CLEANUP(freep) char *text = fuzz_text(data, size);

	if (zkey_is_sound(text))
		assert(strlen(text) == ZKEY_MAX - 1);
	if (!secret || !zkeys_from_secret(secret, &keys, NULL))
		return 0;
	assert(zkey_is_sound(keys.public_key) && zkey_is_sound(keys.secret_key.bytes));
	again = zkeys_to_secret(&keys, "avi-system");
	assert(zkeys_from_secret(again, &twice, NULL));
	assert(streq(twice.public_key, keys.public_key) && secret_same(&twice.secret_key, &keys.secret_key));
	return 0;
}
