/* expiry: of any bytes an end is told or not, as certificates, as a token and as a timestamp; the claims of a
 * token are those that were packed into it. */
#include <openssl/evp.h>

#include "common/kube/expiry.h"
#include "tests/fuzz/fuzz.h"

#define FAR_S (400ll * 366 * 86400 * 100)       /* beyond any year of four digits */

/* base64url without padding. Yours to free. */
static char *pack(struct slice bytes)
{
	char *out = xcalloc(bytes.n + 3, 2);

	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)bytes.p, (int)bytes.n);
	out[strcspn(out, "=")] = '\0';
	for (char *c = out; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	return out;
}

static void check_token(struct slice claims)
{
	CLEANUP(freep) char *packed = pack(claims), *token = xasprintf("e30.%s.c2ln", packed);
	CLEANUP(cJSON_Deletep) cJSON *json = claims.n ? json_parse(claims, NULL) : NULL;

	assert(expiry_of_token(slice_of(token)) == (json ? MAX(json_int(json, "exp", 0), (int64_t)0) : 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = fuzz_slice(data, size);
	CLEANUP(freep) char *text = fuzz_text(data, size);
	int64_t end = expiry_of_timestamp(text), first = expiry_of_cert(bytes), last = expiry_of_cas(bytes);

	assert(end > -FAR_S && end < FAR_S);
	assert(first >= 0 && last >= first);
	assert(expiry_of_token(bytes) >= 0);
	check_token(bytes);
	return 0;
}
