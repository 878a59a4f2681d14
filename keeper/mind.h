/* keeper/mind.h - the worker: which one should run, what its pipe says, when it ends. Pure. */
#pragma once

#include "keeper/protocol.h"

void mind(struct protocol *p, int64_t now_ms, struct actions *out);
/* The leader's worker is to end: at the latest at kill_ms by SIGKILL. */
void mind_end(struct protocol *p, int64_t kill_ms);
/* What the pipe says now. */
struct term mind_term(const struct protocol *p, int64_t now_ms);
