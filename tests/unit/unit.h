/* tests/unit/unit.h - what unit tests share: each row of a case table is a test of its own name. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/base.h"

/* Runs fn once for each row of `cases`, whose element type has a `const char *name` first; fn finds its row in *state. */
#define RUN_TABLE(fn, cases) run_table(fn, cases, ARRAY_SIZE(cases), sizeof((cases)[0]), #fn)
int run_table(CMUnitTestFunction fn, const void *cases, size_t n, size_t size, const char *group);

/* Equal texts, where NULL equals only NULL; shows both when they differ. */
void assert_text(const char *got, const char *want);
