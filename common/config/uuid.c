#include "common/config/uuid.h"

#include <strings.h>
#include <uuid/uuid.h>

/* 32 digits -> 8-4-4-4-12. */
static void insert_dashes(const char *digits, char out[37])
{
	snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12, digits + 16, digits + 20);
}

bool uuid_normalise(const char *text, char out[37])
{
	size_t n = strlen(text);
	char canonical[37];
	uuid_t uuid;

	if (n == 36 + 9 && strncasecmp(text, "urn:uuid:", 9) == 0) {
		text += 9;
		n -= 9;
	} else if (n == 36 + 2 && text[0] == '{' && text[n - 1] == '}') {
		text++;
		n -= 2;
	}
	if (n == 32)
		insert_dashes(text, canonical);
	else if (n == 36)
		snprintf(canonical, sizeof(canonical), "%.36s", text);
	else
		return false;
	if (uuid_parse(canonical, uuid) != 0)
		return false;
	uuid_unparse_lower(uuid, out);
	return true;
}

void uuid_generate_new(char out[37])
{
	uuid_t uuid;

	uuid_generate_time(uuid);
	uuid_unparse_lower(uuid, out);
}
