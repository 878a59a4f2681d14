#include "common/base/hash.h"

#include <openssl/evp.h>

/* Looked up once: asking for it by name with each digest costs ten times as much as the digest of a name. */
static const EVP_MD *sha1(void)
{
	static EVP_MD *found;

	if (!found)
		found = EVP_MD_fetch(NULL, "SHA1", NULL);
	return found;
}

void sha1_hex(struct slice bytes, char out[41])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(bytes.p, bytes.n, digest, &n, sha1(), NULL) != 1 || n != 20)
		abort();
	for (unsigned i = 0; i < n; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[40] = '\0';
}
