#include "common/base/hash.h"

#include <openssl/evp.h>

void sha1_hex(struct slice bytes, char out[41])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(bytes.p, bytes.n, digest, &n, EVP_sha1(), NULL) != 1 || n != 20)
		abort();
	for (unsigned i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
