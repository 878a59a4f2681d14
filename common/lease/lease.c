#include "common/lease/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/boot_alarm.h"

#define READ_BYTES 4096

struct lease {
	struct lease_options options;
	char holder[HOLDER_MAX];
	uv_poll_t poll;
	uv_timer_t report_timer;
	int n_open_handles;
	int fd;
	struct boot_alarm *alarm;
	struct lease_reader reader;
	bool is_lost;
	struct err why;
	enum lease_state told;         /* to on_change */
	int64_t told_epoch;
	struct report report;          /* the last one */
};

void lease_tie_to_keeper(void)
{
	pid_t keeper = getppid();

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		abort();
	if (getppid() != keeper)
		_exit(1);
}

enum lease_state lease_state(const struct lease *lease)
{
	return lease->is_lost ? LEASE_LOST : lease_state_at(&lease->reader.term, lease_now_ms(lease));
}

static void tell(struct lease *lease)
{
	enum lease_state state = lease_state(lease);

	if (state == lease->told && lease->reader.term.epoch == lease->told_epoch)
		return;
	lease->told = state;
	lease->told_epoch = lease->reader.term.epoch;
	lease->options.on_change(lease->options.arg);
}

static void set_alarm(struct lease *lease)
{
	int64_t ends_ms = lease_state_ends_ms(&lease->reader.term, lease_now_ms(lease));

	if (lease->is_lost || ends_ms == INT64_MAX)
		boot_alarm_clear(lease->alarm);
	else
		boot_alarm_set(lease->alarm, ends_ms);
}

static void on_due(void *arg)
{
	struct lease *lease = arg;

	set_alarm(lease);
	tell(lease);
}

static void lose(struct lease *lease)
{
	lease->is_lost = true;
	uv_poll_stop(&lease->poll);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct lease *lease = container_of(poll, struct lease, poll);
	char bytes[READ_BYTES];
	ssize_t n;

	(void)status, (void)events;
	/* Who asked meanwhile was told that it had run out; that it is open again would be no change otherwise. */
	tell(lease);
	n = read(lease->fd, bytes, sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		err_set(&lease->why, ERR_CANCELLED, "the keeper has closed the lease pipe");
		lose(lease);
	} else if (!lease_reader_feed(&lease->reader, (struct slice){ bytes, (size_t)n }, &lease->why)) {
		lose(lease);
	}
	set_alarm(lease);
	tell(lease);
}

/* A keeper that reads nothing is no reason to do anything else. */
static void send_report(const struct lease *lease)
{
	char line[TERM_LINE_MAX];

	report_line(&lease->report, line);
	(void)!send(lease->fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void on_report_due(uv_timer_t *timer)
{
	send_report(timer->data);
}

struct lease *lease_new(const struct lease_options *options, struct err *err)
{
	struct lease *lease;
	int flags = fcntl(options->fd, F_GETFL);

	/* Programs that we start must not hold the pipe open. */
	if (flags < 0 || fcntl(options->fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(options->fd, F_SETFD, FD_CLOEXEC) < 0) {
		err_set(err, ERR_INVALID, "descriptor %d: %s", options->fd, strerror(errno));
		return NULL;
	}
	lease = xcalloc(1, sizeof(*lease));
	lease->options = *options;
	lease->fd = options->fd;
	lease->report.is_healthy = true;
	snprintf(lease->holder, sizeof(lease->holder), "%s", options->holder);
	if (uv_poll_init(options->loop, &lease->poll, lease->fd) < 0) {
		free(lease);
		err_set(err, ERR_INVALID, "descriptor %d is neither a pipe nor a socket", options->fd);
		return NULL;
	}
	uv_timer_init(options->loop, &lease->report_timer);
	lease->poll.data = lease->report_timer.data = lease;
	lease->n_open_handles = 2;
	lease->alarm = boot_alarm_new(options->loop, on_due, lease);
	uv_poll_start(&lease->poll, UV_READABLE, on_readable);
	uv_timer_start(&lease->report_timer, on_report_due, 0, (uint64_t)options->timing.retry_ms);
	return lease;
}

static void on_closed(uv_handle_t *handle)
{
	struct lease *lease = handle->data;

	if (--lease->n_open_handles)
		return;
	close(lease->fd);
	free(lease);
}

void lease_free(struct lease *lease)
{
	if (!lease)
		return;
	boot_alarm_free(lease->alarm);
	uv_close((uv_handle_t *)&lease->poll, on_closed);
	uv_close((uv_handle_t *)&lease->report_timer, on_closed);
}

const char *lease_why_lost(const struct lease *lease)
{
	return lease->is_lost ? lease->why.msg : "";
}

const struct term *lease_term(const struct lease *lease)
{
	return &lease->reader.term;
}

const struct timing *lease_timing(const struct lease *lease)
{
	return &lease->options.timing;
}

const char *lease_holder(const struct lease *lease)
{
	return lease->holder;
}

int64_t lease_now_ms(const struct lease *lease)
{
	return lease->options.clock_ms ? lease->options.clock_ms() : boottime_ms();
}

int64_t lease_write_ms(const struct lease *lease, int64_t record_ms)
{
	int64_t now_ms = lease_now_ms(lease), until_ms;

	if (lease->is_lost)
		return 0;
	until_ms = term_write_until(lease_term(lease), lease_timing(lease), now_ms, record_ms);
	return MAX(until_ms - now_ms, (int64_t)0);
}

void lease_report(struct lease *lease, const struct report *report)
{
	if (report->is_healthy == lease->report.is_healthy && report->wants_write == lease->report.wants_write)
		return;
	lease->report = *report;
	send_report(lease);
}
