/* ctl/columns.h - a table of texts with columns as wide as they must be. Pure. */
#pragma once

#include "common/base/strs.h"

struct columns {
	size_t n_columns;
	struct strs cells;             /* row by row, the header first */
};

/* header: names separated by blanks. */
void columns_begin(struct columns *columns, const char *header);
/* The next cell; NULL and "" show as "-", control characters as blanks. */
void columns_add(struct columns *columns, const char *text);
char *columns_text(const struct columns *columns);             /* yours to free */
void columns_release(struct columns *columns);

/* How long ago, as kubectl says it: "12s", "3m5s", "40m", "5h", "3d". Yours to free. */
char *age_text(int64_t seconds);
