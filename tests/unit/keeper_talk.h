/* tests/unit/keeper_talk.h - a conversation with the deciding part of leadership: what happens around one keeper, told in words,
 * and what it does about it. Timing is the default: L 60 s, R 40 s, P 5 s, so A and M are 10 s, P/5 is 1 s.
 */
#pragma once

#include "keeper/protocol.h"

#define SECOND 1000
#define MEMBERS 3
#define RECORD MEMBERS

struct place {                       /* a member's API server, or the controller: what it stores, and whether it answers */
	bool exists, is_silent, is_refused, is_garbage, is_busy;
	struct claim claim;
	int revision;
	struct peer peer;
	bool is_busy_once;           /* the next PUT meets a conflict */
	bool is_slow;                /* it answers a PUT one turn later: others answer first */
	enum answer slow_answer;
	int slow_turns;              /* left until it does */
};

struct keeper_talk {
	struct protocol p;
	int64_t now_ms;
	struct place place[MEMBERS + 1];
	struct own own;
	bool is_told, loses_keeps, is_gone;
	bool shows_avi;                /* in the annotation */
	enum worker worker;
	int64_t fed_ms;              /* starts_before of the last line */
	bool rival_renews;           /* west's instance renews what it holds, every 5 s */
	int64_t rival_ms;
	int64_t lost_ms[MEMBERS + 1], lost_peer_ms[MEMBERS];
	char log[2048];
};

/* The keeper is in cluster east; nothing has happened yet, everybody answers. */
void keeper_talk_begin(struct keeper_talk *t);
/* What happens: words of the table at the end of keeper_talk.c, separated by commas. t->log gets what the keeper does, without
 * looks and mere renewals. */
void keeper_talk_say(struct keeper_talk *t, const char *what);
