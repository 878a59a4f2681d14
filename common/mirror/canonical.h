/* common/mirror/canonical.h - one spelling for equal JSON values, so that equal content has an equal hash. Pure. */
#pragma once

#include "common/base/buf.h"
#include "common/base/json.h"

#define CANONICAL_DEPTH_MAX 64

/* Appends the value: no blanks, keys in bytewise order, members that are null left out, of equal keys the first one only, whole
 * numbers up to 2^53 without point and exponent. ERR_INVALID: nested too deeply, or a number that JSON has not;
 * ERR_LIMIT: `out` is full. What was appended then is of no use. */
bool canonical_put(const cJSON *value, struct buf *out, struct err *err);
