/* credentials: a Secret of any shape gives credentials only under its name; an absent or unreadable value is an
 * absent one. */
#include "common/config/home.c"           /* what is private there */
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	char name[] = "gslb-avi-secret";
	struct home home = { .secret_name = name };
	struct credentials *credentials = project_secret(&home, json);

	if (!credentials)
		return 0;
	assert(streq(json_str(json_get(json, "metadata"), "name"), name));
	assert(!credentials->username || *credentials->username);
	assert(!secret_is_set(&credentials->password) || credentials->password.n);
	credentials_free(credentials);
	return 0;
}
