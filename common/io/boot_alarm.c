#include "common/io/boot_alarm.h"

#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct boot_alarm {
	uv_poll_t poll;
	int fd;
	void (*on_due)(void *arg);
	void *arg;
};

int64_t boottime_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		abort();
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct boot_alarm *alarm = container_of(poll, struct boot_alarm, poll);
	uint64_t n_expired;

	(void)status, (void)events;
	if (read(alarm->fd, &n_expired, sizeof(n_expired)) == (ssize_t)sizeof(n_expired))
		alarm->on_due(alarm->arg);
}

struct boot_alarm *boot_alarm_new(uv_loop_t *loop, void (*on_due)(void *arg), void *arg)
{
	struct boot_alarm *alarm = xcalloc(1, sizeof(*alarm));

	alarm->on_due = on_due;
	alarm->arg = arg;
	alarm->fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (alarm->fd < 0 || uv_poll_init(loop, &alarm->poll, alarm->fd) < 0 ||
	    uv_poll_start(&alarm->poll, UV_READABLE, on_ready) < 0)
		abort();
	return alarm;
}

static void set(struct boot_alarm *alarm, struct timespec at)
{
	const struct itimerspec when = { .it_value = at };

	if (timerfd_settime(alarm->fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		abort();
}

void boot_alarm_set(struct boot_alarm *alarm, int64_t at_ms)
{
	/* All zero would clear it. */
	at_ms = MAX(at_ms, (int64_t)1);
	set(alarm, (struct timespec){ .tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000 });
}

void boot_alarm_clear(struct boot_alarm *alarm)
{
	set(alarm, (struct timespec){ 0 });
}

static void on_closed(uv_handle_t *handle)
{
	struct boot_alarm *alarm = container_of((uv_poll_t *)handle, struct boot_alarm, poll);

	close(alarm->fd);
	free(alarm);
}

void boot_alarm_free(struct boot_alarm *alarm)
{
	if (alarm)
		uv_close((uv_handle_t *)&alarm->poll, on_closed);
}
