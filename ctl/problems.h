/* ctl/problems.h - what is wrong with a federation, said with the cluster and the remedy. Pure. */
#pragma once

#include "ctl/fleet.h"

/* Of one site, the gravest first; appended. ns: where amko runs. */
void problems_of(const struct fleet *fleet, const struct site *site, const char *ns, int64_t now_s, struct strs *out);
/* The condition is one to look at. */
bool condition_is_bad(const struct site *site, const struct condition *condition);
