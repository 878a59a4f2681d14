#include "ctl/plain.h"

/* Length of the character that begins here; 0: it is no UTF-8 (overlong, surrogate, cut off). */
static size_t character(const unsigned char *p)
{
	size_t n = *p < 0x80 ? 1 : *p >= 0xC2 && *p < 0xE0 ? 2 : *p >= 0xE0 && *p < 0xF0 ? 3 : *p >= 0xF0 && *p < 0xF5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F) || (*p == 0xF0 && p[1] < 0x90) ||
	    (*p == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

static bool is_control(const unsigned char *p)
{
	return *p < 0x20 || *p == 0x7F || (*p == 0xC2 && p[1] < 0xA0);
}

char *plain(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (p && *p) {
		size_t n = character(p);

		if (!n)
			*p = '?';
		else if (is_control(p))
			memset(p, ' ', n);
		p += n ? n : 1;
	}
	return text;
}
