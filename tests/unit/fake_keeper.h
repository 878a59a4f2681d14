/* tests/unit/fake_keeper.h - a keeper for tests of its worker's parts: a lease at any time of the test's choice, and the record that
 * a scripted controller shows.
 *
 * The lease is of 3/2/0.5 s: A = M = 500 ms, P/5 = 100 ms. It is opened with epoch 5 of KEEPER_HOLDER until 3000, fenced; the time
 * is 1000.
 */
#pragma once

#include "common/lease/lease.h"
#include "tests/unit/avi_talk.h"

#define KEEPER_UUID "3f0c7c1e-9a51-11ee-8f4b-0242ac120002"
#define KEEPER_RECORD "GET /api/stringgroup?name=amko-" KEEPER_UUID "-leadership"
#define KEEPER_HOLDER "east/amko-0/uid-1/ab"
#define OTHER_HOLDER "west/amko-0/uid-2/cd"            /* greater */
#define KEEPER_TERM "term 5 3000 3500 fenced\n"

extern int64_t keeper_now_ms, keeper_step_ms;          /* what the clock shows; how far it goes each time it is asked */

struct fake_keeper {
	uv_loop_t *loop;
	struct lease *lease;
	int fd;                        /* its end */
};

void keeper_open(struct fake_keeper *keeper, uv_loop_t *loop, void (*on_change)(void *arg), void *arg);
void keeper_close(struct fake_keeper *keeper);         /* the lease too; run the loop afterwards */
void keeper_says(struct fake_keeper *keeper, const char *line);        /* and it is read */
/* The controller's answer to KEEPER_RECORD; holder NULL: there is none. Yours to free. */
char *keeper_record(int epoch, const char *holder);
