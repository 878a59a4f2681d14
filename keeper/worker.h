/* keeper/worker.h - the one process that works for this instance: started, fed with its term, ended, reaped.
 *
 *   NONE ──start──► RUNS ──end (SIGTERM), kill (SIGKILL), or by itself──► reaped: on_end ──► NONE
 *
 * The worker inherits one end of a socket pair as descriptor 3. Terms go down, lines of report come up; a closed end is the
 * end of the other. A term that does not fit into a full socket is dropped: one that comes late could only stop it earlier.
 * A worker that says nothing for silence_ms is told as unhealthy; for stuck_ms it is killed, so that another one is started.
 * Ownership: owns the process handle and the socket. worker_free() kills what still runs.
 * Errors:    one that cannot be started is told as one that ended at once, not having written.
 */
#pragma once

#include <uv.h>

#include "keeper/protocol.h"

struct worker_process;

struct worker_options {
	uv_loop_t *loop;
	const char *folder;                    /* where amko-leader and amko-follower are */
	const char *holder;                    /* the identity that the worker writes under; borrowed */
	int64_t silence_ms, stuck_ms;          /* it reports every retry period */
	const struct strs *arguments;          /* what both are given besides --lease-fd and --holder; borrowed */
	void (*on_report)(void *arg, bool is_healthy, bool wants_write);
	/* Reaped. was_cut_off: a write of it may reach the controller yet. why: "exit status 1", "signal 9". */
	void (*on_end)(void *arg, bool was_cut_off, const char *why);
	void *arg;
};

struct worker_process *worker_new(const struct worker_options *options);
void worker_free(struct worker_process *worker);           /* NULL is fine */
void worker_start(struct worker_process *worker, enum worker kind);
void worker_feed(struct worker_process *worker, const struct term *term);
void worker_signal(struct worker_process *worker, int number);
int worker_pid(const struct worker_process *worker);       /* 0: none */

#define WORKER_LEASE_FD 3
