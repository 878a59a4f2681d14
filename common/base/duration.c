#include "common/base/duration.h"

#include <ctype.h>

#define DAY_MS (24 * 3600 * 1000)

bool duration_parse_ms(const char *text, int64_t *out, struct err *err)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 3600 * 1000 } };
	const char *unit = text;
	int64_t number = 0;

	for (; isdigit((unsigned char)*unit) && number <= DAY_MS; unit++)
		number = number * 10 + (*unit - '0');
	for (size_t i = 0; unit > text && i < ARRAY_SIZE(units); i++) {
		if (!streq(unit, units[i].name) || number * units[i].ms > DAY_MS)
			continue;
		*out = number * units[i].ms;
		return true;
	}
	return err_set(err, ERR_INVALID, "\"%.40s\" is no duration up to a day: want a whole number and ms, s, m or h, as in 60s", text);
}
