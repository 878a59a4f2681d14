/* tests/sim/avisim/url.h - percent-encoding. */
#pragma once

#include "common/base/buf.h"

/* A % without two hex digits, or with 00, stays as it is. Yours to free. */
char *url_decode(struct slice text, bool plus_is_blank);
void url_encode(struct buf *out, const char *text);
