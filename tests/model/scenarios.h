/* tests/model/scenarios.h - what is explored: who there is, and how much may go wrong. */
#pragma once

#include "tests/model/world.h"

extern const struct scenario scenarios[];
extern const size_t n_scenarios;
