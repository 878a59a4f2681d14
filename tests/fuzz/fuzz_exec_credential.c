/* exec_credential: any output of a program is refused with a reason and leaves nothing, or gives a token, or a
 * certificate with its key, or both. */
#include "common/kube/exec_plugin.h"
#include "tests/fuzz/fuzz.h"

#define VERSION "client.authentication.k8s.io/v1"

FUZZ_MUTATES_JSON()

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(exec_credential_release) struct exec_credential credential;
	struct err err = { 0 };
	bool is_good = exec_credential_read(fuzz_slice(data, size), VERSION, &credential, &err);
	bool has_token = secret_is_set(&credential.token), has_key = secret_is_set(&credential.key_pem);

	assert(is_good == (err.code == ERR_NONE));
	assert(!credential.cert_pem == !has_key);
	assert(is_good == (has_token || has_key));
	assert(is_good || (err.code == ERR_AUTH && *err.msg && !credential.expires_s));
	assert(!has_token || credential.token.n);
	assert(!has_key || (credential.key_pem.n && *credential.cert_pem));
	return 0;
}
