/* ctl/show.h - a fleet as people and as programs read it. Pure. */
#pragma once

#include "ctl/fleet.h"

/* A line for each cluster, then what is wrong. is_wide: more columns, and all conditions. Yours to free. */
char *show_table(const struct fleet *fleet, const char *ns, int64_t now_s, bool is_wide);
/* {"federation", "leader", "epoch", "leaderIsAlive", "members": [...]}. Yours to delete. */
cJSON *show_json(const struct fleet *fleet, const char *ns, int64_t now_s);
/* Block style; texts that YAML would take for something else are quoted. Yours to free. */
char *yaml_text(const cJSON *value);
