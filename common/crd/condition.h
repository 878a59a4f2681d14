/* common/crd/condition.h - one entry of status.conditions, as all our custom resources have them. */
#pragma once

#include "common/base/table.h"

/* Owned texts. */
struct condition {
	char *type;                                        /* never NULL */
	char *status, *reason, *message, *last_transition; /* NULL where absent */
};

extern const struct field condition_fields[];      /* for the tables of kinds */

void condition_release(struct condition *condition);
/* NULL where there is none of that type. Borrowed. */
const struct condition *condition_find(const struct condition *conditions, size_t n, const char *type);
