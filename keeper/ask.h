/* keeper/ask.h - which requests are due, stage by stage: one in flight per Lease, per AMKOCluster and for the record. Pure. */
#pragma once

#include "keeper/protocol.h"

void ask(struct protocol *p, int64_t now_ms, struct actions *out);
/* YIELDING, RELEASING: nothing is left that is ours, or could become ours by an answer. */
bool ask_is_empty(const struct protocol *p);
struct action *ask_add(struct actions *out, enum action_kind kind);
