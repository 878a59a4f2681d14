/* tests/unit/golden.h - whole outputs, kept in tests/golden/ and reviewed as text. `make golden` accepts a change. */
#pragma once

#include "tests/unit/unit.h"

/* The test fails, with `name`, line and both texts, at the first line that differs. */
void assert_same_lines(const char *name, const char *got, const char *want);
/* The test fails, with the first line that differs, when tests/golden/<name> is not this text. */
void assert_golden(const char *name, const char *text);
