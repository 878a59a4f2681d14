/* tests/sim/kubesim/columns.h - objects as rows of a table, for kubectl. Pure.
 *
 * What a column shows is a JSONPath out of the definition's additionalPrinterColumns, or out of a table for built-in kinds:
 * keys, [0], [*] and [?(@.key=="text")]; several values are joined by commas.
 */
#pragma once

#include "common/base/json.h"
#include "tests/sim/kubesim/kinds.h"

/* Does the Accept header ask for a table before anything else? */
bool ks_wants_table(const char *accept);
/* A Table of one object or of a list's items. Yours to delete. */
cJSON *ks_table_of(const cJSON *answer, const struct ks_kind *kind, const struct ks_kind_version *version);
/* The value at a path as text; NULL where there is none. Yours to free. */
char *ks_path_text(const cJSON *object, const char *path);
