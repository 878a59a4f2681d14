#include "tests/sim/avisim/text.h"

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

/* Bytes of the character at the front; 0: none that is well-formed (RFC 3629: no surrogates, nothing longer than needed). */
static size_t utf8_char_bytes(struct slice text)
{
	unsigned char first = (unsigned char)text.p[0], second = text.n > 1 ? (unsigned char)text.p[1] : 0;
	size_t n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;

	if (n > text.n || (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
		return 0;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)text.p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

size_t utf8_valid_bytes(struct slice text)
{
	size_t at = 0, n;

	while (at < text.n && (n = utf8_char_bytes((struct slice){ text.p + at, text.n - at })) > 0)
		at += n;
	return at;
}
