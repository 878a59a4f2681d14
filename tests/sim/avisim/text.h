/* tests/sim/avisim/text.h - percent-encoding and UTF-8. */
#pragma once

#include "common/base/buf.h"

/* A % without two hex digits, or with 00, stays as it is. Yours to free. */
char *url_decode(struct slice text, bool plus_is_blank);
void url_encode(struct buf *out, const char *text);

/* How many bytes at the front are well-formed UTF-8. */
size_t utf8_valid_bytes(struct slice text);
