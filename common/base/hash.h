/* common/base/hash.h - digests of names and contents. Not for secrets. */
#pragma once

#include "common/base/slice.h"

/* Lower-case hex SHA-1, 40 characters and a NUL. */
void sha1_hex(struct slice bytes, char out[41]);

struct sha256 {
	unsigned char bytes[32];
};

void sha256_of(struct slice bytes, struct sha256 *out);
void sha256_hex(const struct sha256 *hash, char out[65]);     /* lower-case, with a NUL */

static inline bool sha256_same(const struct sha256 *a, const struct sha256 *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
