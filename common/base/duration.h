/* common/base/duration.h - a duration as people write it: "60s", "500ms", "2m", "1h". Pure. */
#pragma once

#include "common/base/err.h"

/* A whole number and a unit; ERR_INVALID for anything else, and beyond a day. */
bool duration_parse_ms(const char *text, int64_t *out, struct err *err);
