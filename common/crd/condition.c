#include "common/crd/condition.h"

const struct field condition_fields[] = {
	{ "type",               STR_AT(struct condition, type), .never_null = true },
	{ "status",             STR_AT(struct condition, status) },
	{ "reason",             STR_AT(struct condition, reason) },
	{ "message",            STR_AT(struct condition, message) },
	{ "lastTransitionTime", STR_AT(struct condition, last_transition) },
	{ 0 },
};

void condition_release(struct condition *condition)
{
	table_release(condition_fields, condition);
}

const struct condition *condition_find(const struct condition *conditions, size_t n, const char *type)
{
	for (size_t i = 0; i < n; i++)
		if (streq0(conditions[i].type, type))
			return &conditions[i];
	return NULL;
}
