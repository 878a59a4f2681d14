#include "tests/sim/avisim/url.h"

#include <ctype.h>

static char hex_pair(const char *digits)
{
	char pair[3] = { digits[0], digits[1], '\0' };

	return isxdigit((unsigned char)pair[0]) && isxdigit((unsigned char)pair[1]) ? (char)strtol(pair, NULL, 16) : '\0';
}

char *url_decode(struct slice text, bool plus_is_blank)
{
	char *out = xmalloc(text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char decoded = text.p[i] == '%' && i + 2 < text.n ? hex_pair(text.p + i + 1) : '\0';

		out[n++] = decoded ? decoded : text.p[i] == '+' && plus_is_blank ? ' ' : text.p[i];
		i += decoded ? 2 : 0;
	}
	out[n] = '\0';
	return out;
}

void url_encode(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr("-._~*", *text))
			buf_add(out, (struct slice){ text, 1 });
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
}
