#include "keeper/orphans.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/base.h"

/* A SIGCHLD may have come while the loop's own child was first in line. */
#define LOOK_AGAIN_MS 5000
#define MAX_AT_ONCE 1000

struct orphans {
	uv_signal_t *signal;
	uv_timer_t *timer;
};

struct search {
	pid_t pid;
	bool is_found;
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

static void look_at(uv_handle_t *handle, void *arg)
{
	struct search *search = arg;

	if (handle->type == UV_PROCESS && uv_process_get_pid((uv_process_t *)handle) == search->pid)
		search->is_found = true;
}

unsigned orphans_reap(uv_loop_t *loop)
{
	for (unsigned n = 0; n < MAX_AT_ONCE; n++) {
		siginfo_t info = { 0 };
		struct search search;

		/* Looks without reaping: one of the loop's own must stay for it. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || !info.si_pid)
			return n;
		search = (struct search){ .pid = info.si_pid };
		uv_walk(loop, look_at, &search);
		if (search.is_found)
			return n;
		waitpid(info.si_pid, NULL, WNOHANG);
	}
	return MAX_AT_ONCE;
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	orphans_reap(handle->loop);
}

static void on_timer(uv_timer_t *timer)
{
	orphans_reap(timer->loop);
}

struct orphans *orphans_new(uv_loop_t *loop)
{
	struct orphans *orphans = xcalloc(1, sizeof(*orphans));

	orphans->signal = xcalloc(1, sizeof(*orphans->signal));
	orphans->timer = xcalloc(1, sizeof(*orphans->timer));
	uv_signal_init(loop, orphans->signal);
	uv_timer_init(loop, orphans->timer);
	if (getpid() == 1) {
		uv_signal_start(orphans->signal, on_signal, SIGCHLD);
		uv_timer_start(orphans->timer, on_timer, LOOK_AGAIN_MS, LOOK_AGAIN_MS);
	}
	return orphans;
}

void orphans_free(struct orphans *orphans)
{
	if (!orphans)
		return;
	uv_close((uv_handle_t *)orphans->signal, close_handle);
	uv_close((uv_handle_t *)orphans->timer, close_handle);
	free(orphans);
}
