/* common/base/hash.h - digests for names. Not for secrets. */
#pragma once

#include "common/base/slice.h"

/* Lower-case hex SHA-1, 40 characters and a NUL. */
void sha1_hex(struct slice bytes, char out[41]);
