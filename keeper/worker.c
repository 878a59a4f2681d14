#include "keeper/worker.h"

#include <signal.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"

struct worker_process {
	struct worker_options options;
	uv_process_t *process;                 /* NULL: none */
	enum worker kind;
	uv_pipe_t *pipe;                       /* NULL: closed */
	struct buf in;                         /* the beginning of a line */
	bool is_too_long;                      /* that line: nothing of it counts */
	char tail[TERM_LINE_MAX];              /* the rest of a line that the socket had no room for */
	size_t n_tail;
	char bytes[512];
	uv_timer_t *silence;                   /* runs while a process does */
};

static const char *const programs[] = { [WORKER_LEADER] = "amko-leader", [WORKER_FOLLOWER] = "amko-follower" };

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

/* ---- what it says ---- */

static void on_stuck(uv_timer_t *timer)
{
	struct worker_process *w = timer->data;

	log_error("worker_stuck", KV("program", programs[w->kind]), KV("silent_ms", (long long)w->options.stuck_ms));
	worker_signal(w, SIGKILL);
}

static void on_silence(uv_timer_t *timer)
{
	struct worker_process *w = timer->data;

	log_warn("worker_silent", KV("program", programs[w->kind]), KV("silent_ms", (long long)w->options.silence_ms));
	uv_timer_start(timer, on_stuck, (uint64_t)(w->options.stuck_ms - w->options.silence_ms), 0);
	w->options.on_report(w->options.arg, false, false);
}

static void await_report(struct worker_process *w)
{
	uv_timer_start(w->silence, on_silence, (uint64_t)w->options.silence_ms, 0);
}

static void take_line(struct worker_process *w, struct slice line)
{
	struct report report;
	struct err err = { 0 };

	await_report(w);
	if (report_parse(line, &report, &err))
		w->options.on_report(w->options.arg, report.is_healthy, report.wants_write);
	else
		log_warn("worker_report_unreadable", KV("err", (const char *)err.msg));
}

static void end_line(struct worker_process *w)
{
	take_line(w, w->is_too_long ? (struct slice){ 0 } : buf_slice(&w->in));
	buf_clear(&w->in);
	w->is_too_long = false;
}

static void close_pipe(struct worker_process *w)
{
	if (w->pipe)
		uv_close((uv_handle_t *)TAKE(w->pipe), close_handle);
	buf_clear(&w->in);
	w->is_too_long = false;
	w->n_tail = 0;
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct worker_process *w = handle->data;

	(void)wanted;
	*out = uv_buf_init(w->bytes, sizeof(w->bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct worker_process *w = stream->data;
	struct slice rest = { bytes->base, n > 0 ? (size_t)n : 0 };

	if (n < 0) {
		close_pipe(w);                 /* its end follows */
		return;
	}
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n_part = end ? (size_t)(end - rest.p) : rest.n;

		if (!buf_add(&w->in, (struct slice){ rest.p, n_part }))
			w->is_too_long = true;
		n_part += end != NULL;
		rest = (struct slice){ rest.p + n_part, rest.n - n_part };
		if (end)
			end_line(w);
	}
}

/* ---- what it is told ---- */

/* False: nothing, or not all, could be sent; the rest is kept. */
static bool send_bytes(struct worker_process *w, const char *bytes, size_t n)
{
	uv_buf_t buf = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)n);
	int sent = uv_try_write((uv_stream_t *)w->pipe, &buf, 1);
	size_t n_sent = sent > 0 ? (size_t)sent : 0;

	if (n_sent == n || !n_sent)
		return n_sent == n;
	w->n_tail = n - n_sent;
	memmove(w->tail, bytes + n_sent, w->n_tail);
	return false;
}

void worker_feed(struct worker_process *w, const struct term *term)
{
	char line[TERM_LINE_MAX];
	size_t n_tail = w->n_tail;

	if (!w->pipe)
		return;
	w->n_tail = 0;
	if (n_tail && !send_bytes(w, w->tail, n_tail)) {
		w->n_tail = w->n_tail ? w->n_tail : n_tail;
		return;
	}
	term_line(term, line);
	send_bytes(w, line, strlen(line));
}

/* ---- its life ---- */

static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
	struct worker_process *w = process->data;
	CLEANUP(freep) char *why = number ? xasprintf("signal %d", number) : xasprintf("exit status %lld", (long long)status);

	w->process = NULL;
	uv_timer_stop(w->silence);
	uv_close((uv_handle_t *)process, close_handle);
	close_pipe(w);
	log_info("worker_ended", KV("program", programs[w->kind]), KV("pid", (long long)process->pid), KV("why", (const char *)why));
	w->options.on_end(w->options.arg, number != 0 || status != 0, why);
}

static bool open_pipe(struct worker_process *w, int *child_fd)
{
	uv_os_sock_t ends[2];

	if (uv_socketpair(SOCK_STREAM, 0, ends, UV_NONBLOCK_PIPE, 0) != 0)
		return false;
	w->pipe = xcalloc(1, sizeof(*w->pipe));
	uv_pipe_init(w->options.loop, w->pipe, 0);
	uv_pipe_open(w->pipe, ends[0]);
	w->pipe->data = w;
	uv_read_start((uv_stream_t *)w->pipe, on_alloc, on_read);
	*child_fd = ends[1];
	return true;
}

static int spawn(struct worker_process *w, const char *path, int child_fd)
{
	const struct strs *arguments = w->options.arguments;
	CLEANUP(freep) char **argv = xcalloc(arguments->n + 4, sizeof(*argv));
	CLEANUP(freep) char *fd = xasprintf("--lease-fd=%d", WORKER_LEASE_FD);
	CLEANUP(freep) char *holder = xasprintf("--holder=%s", w->options.holder);
	uv_stdio_container_t stdio[] = { { .flags = UV_IGNORE },
					 { .flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO },
					 { .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
					 { .flags = UV_INHERIT_FD, .data.fd = child_fd } };
	uv_process_options_t options = { .exit_cb = on_exit_of, .file = path, .args = argv, .stdio = stdio,
					 .stdio_count = ARRAY_SIZE(stdio) };
	size_t n = 0;

	argv[n++] = (char *)(uintptr_t)path;
	argv[n++] = fd;
	argv[n++] = holder;
	for (size_t i = 0; i < arguments->n; i++)
		argv[n++] = arguments->v[i];
	w->process->data = w;
	return uv_spawn(w->options.loop, w->process, &options);
}

void worker_start(struct worker_process *w, enum worker kind)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", w->options.folder, programs[kind]);
	CLEANUP(freep) char *why = NULL;
	int child_fd = -1, code;

	assert(!w->process);
	w->kind = kind;
	w->process = xcalloc(1, sizeof(*w->process));
	code = open_pipe(w, &child_fd) ? spawn(w, path, child_fd) : UV_EMFILE;
	if (child_fd >= 0)
		close(child_fd);
	if (code == 0) {
		log_info("worker_started", KV("program", programs[kind]), KV("pid", (long long)w->process->pid));
		await_report(w);
		return;
	}
	why = xasprintf("%s: %s", path, uv_strerror(code));
	log_error("worker_not_started", KV("program", programs[kind]), KV("err", (const char *)why));
	if (child_fd >= 0)             /* uv_spawn() has initialised the handle */
		uv_close((uv_handle_t *)w->process, close_handle);
	else
		free(w->process);
	w->process = NULL;
	close_pipe(w);
	w->options.on_end(w->options.arg, false, why);
}

void worker_signal(struct worker_process *w, int number)
{
	if (w->process)
		uv_process_kill(w->process, number);
}

int worker_pid(const struct worker_process *w)
{
	return w->process ? w->process->pid : 0;
}

struct worker_process *worker_new(const struct worker_options *options)
{
	struct worker_process *w = xcalloc(1, sizeof(*w));

	w->options = *options;
	buf_init(&w->in, TERM_LINE_MAX);
	w->silence = xcalloc(1, sizeof(*w->silence));
	uv_timer_init(options->loop, w->silence);
	w->silence->data = w;
	return w;
}

void worker_free(struct worker_process *w)
{
	if (!w)
		return;
	if (w->process) {
		uv_process_kill(w->process, SIGKILL);
		uv_close((uv_handle_t *)w->process, close_handle);
	}
	close_pipe(w);
	uv_close((uv_handle_t *)w->silence, close_handle);
	buf_release(&w->in);
	free(w);
}
