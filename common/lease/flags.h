/* common/lease/flags.h - the flags by which a keeper starts its workers, for their getopt tables.
 *
 * Ownership: texts are borrowed from the command line.
 * Errors:    ERR_INVALID with the flag's name and what is wrong with its value.
 */
#pragma once

#include <getopt.h>

#include "common/leadership/timing.h"

struct lease_flags {
	int fd;                        /* -1: no keeper */
	const char *holder;
	int64_t lease_ms, renew_ms, retry_ms;
	struct timing timing;
};

#define LEASE_FLAGS_INIT { .fd = -1, .lease_ms = 60000, .renew_ms = 40000, .retry_ms = 5000 }

/* Values of struct option, away from a program's own. */
enum { LEASE_FLAG_FD = 512, LEASE_FLAG_HOLDER, LEASE_FLAG_DURATION, LEASE_FLAG_RENEW, LEASE_FLAG_RETRY };

#define LEASE_FLAGS_OPTIONS \
	{ "lease-fd", required_argument, NULL, LEASE_FLAG_FD }, \
	{ "holder", required_argument, NULL, LEASE_FLAG_HOLDER }, \
	{ "lease-duration", required_argument, NULL, LEASE_FLAG_DURATION }, \
	{ "renew-deadline", required_argument, NULL, LEASE_FLAG_RENEW }, \
	{ "retry-period", required_argument, NULL, LEASE_FLAG_RETRY }

#define LEASE_FLAGS_USAGE \
	"Given by amko, which runs it:\n" \
	"  --lease-fd N               its end of the lease pipe; without it the program runs alone\n" \
	"  --holder IDENTITY          whose lease it is, as the leadership record shows it\n" \
	"  --lease-duration, --renew-deadline, --retry-period DURATION\n" \
	"                             as amko's (default: 60s, 40s, 5s)\n"

static inline bool lease_flags_has(int option)
{
	return option >= LEASE_FLAG_FD && option <= LEASE_FLAG_RETRY;
}

bool lease_flags_take(struct lease_flags *flags, int option, const char *value, struct err *err);
/* When all were taken: fills timing. */
bool lease_flags_check(struct lease_flags *flags, struct err *err);
