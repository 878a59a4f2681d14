#include "common/lease/flags.h"

#include <errno.h>
#include <fcntl.h>

#include "common/base/duration.h"
#include "common/leadership/claim.h"

#define MAX_FD 65535

static bool take_fd(struct lease_flags *flags, const char *value, struct err *err)
{
	char *end;
	long number = strtol(value, &end, 10);

	if (end == value || *end || number < 3 || number > MAX_FD)
		return err_set(err, ERR_INVALID, "--lease-fd: \"%s\" is no descriptor from 3 to %d", value, MAX_FD);
	/* Now: whatever is opened later may get the number. */
	if (fcntl((int)number, F_GETFD) < 0)
		return err_set(err, ERR_INVALID, "--lease-fd: descriptor %ld: %s", number, strerror(errno));
	flags->fd = (int)number;
	return true;
}

static bool take_duration(const char *flag, const char *value, int64_t *out, struct err *err)
{
	return duration_parse_ms(value, out, err) || err_wrap(err, "%s", flag);
}

bool lease_flags_take(struct lease_flags *flags, int option, const char *value, struct err *err)
{
	switch (option) {
	case LEASE_FLAG_FD:
		return take_fd(flags, value, err);
	case LEASE_FLAG_HOLDER:
		flags->holder = value;
		return true;
	case LEASE_FLAG_DURATION:
		return take_duration("--lease-duration", value, &flags->lease_ms, err);
	case LEASE_FLAG_RENEW:
		return take_duration("--renew-deadline", value, &flags->renew_ms, err);
	default:
		return take_duration("--retry-period", value, &flags->retry_ms, err);
	}
}

bool lease_flags_check(struct lease_flags *flags, struct err *err)
{
	if (flags->fd >= 0 && !flags->holder)
		return err_set(err, ERR_INVALID, "--lease-fd: needs --holder");
	if (flags->holder && (!holder_context(flags->holder).n || strlen(flags->holder) >= HOLDER_MAX))
		return err_set(err, ERR_INVALID, "--holder: \"%s\" is no <context>/<pod>/<pod uid>/<random>", flags->holder);
	return timing_init(&flags->timing, flags->lease_ms, flags->renew_ms, flags->retry_ms, err);
}
