#include "common/base/hash.h"

#include <openssl/evp.h>

/* Looked up once: asking for it by name with each digest costs ten times as much as the digest of a name. */
static const EVP_MD *algorithm(const char *name, EVP_MD **found)
{
	if (!*found)
		*found = EVP_MD_fetch(NULL, name, NULL);
	return *found;
}

static void digest(struct slice bytes, const EVP_MD *md, unsigned char *out, unsigned size)
{
	unsigned n = 0;

	if (EVP_Digest(bytes.p, bytes.n, out, &n, md, NULL) != 1 || n != size)
		abort();
}

static void hex(const unsigned char *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
}

void sha1_hex(struct slice bytes, char out[41])
{
	static EVP_MD *sha1;
	unsigned char bin[20];

	digest(bytes, algorithm("SHA1", &sha1), bin, sizeof(bin));
	hex(bin, sizeof(bin), out);
}

void sha256_of(struct slice bytes, struct sha256 *out)
{
	static EVP_MD *sha256;

	digest(bytes, algorithm("SHA256", &sha256), out->bytes, sizeof(out->bytes));
}

void sha256_hex(const struct sha256 *hash, char out[65])
{
	hex(hash->bytes, sizeof(hash->bytes), out);
}
