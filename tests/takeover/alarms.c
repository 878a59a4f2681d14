/* Preloaded before libfaketime: that moves absolute timers of every clock by the wall clock's step, also those of CLOCK_BOOTTIME,
 * which nobody steps. The kernel knows better. */
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

int timerfd_settime(int fd, int flags, const struct itimerspec *wanted, struct itimerspec *before)
{
	return (int)syscall(SYS_timerfd_settime, fd, flags, wanted, before);
}
