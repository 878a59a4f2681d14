/* common/base/err.h - what went wrong: a code for the caller's decision, a message for people.
 *
 * What can fail returns bool and takes `struct err *err` last; each level adds what it alone knows
 * ("cluster east: list ingresses: HTTP 403"). err may be NULL where nobody wants the reason.
 */
#pragma once

#include "common/base/base.h"

enum err_code {
	ERR_NONE,
	ERR_RETRY,        /* nothing wrong with the request: ask again later (network, 429, 5xx) */
	ERR_AUTH,         /* 401: who we are was refused */
	ERR_FORBIDDEN,    /* 403: what we may do was refused */
	ERR_NOTFOUND,     /* 404 */
	ERR_CONFLICT,     /* 409, 412: somebody else was first */
	ERR_GONE,         /* 410: start over from a list */
	ERR_INVALID,      /* the input or the answer is malformed or refused; the same again fails again */
	ERR_TLS,          /* the peer's certificate was not accepted, or it did not accept ours */
	ERR_LIMIT,        /* more bytes than the limit allows */
	ERR_CANCELLED,    /* the owner gave up */
};

struct err {
	enum err_code code;
	int http_status;   /* 0 where no HTTP answer was read */
	char msg[512];     /* cut at a whole character when longer */
};

/* Sets code and message; http_status becomes 0. Always false, so that callers can return it. */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Puts "<text>: " before the message, code and status stay. Always false. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* "retry", "auth", ...: stable words for logs and metrics. */
const char *err_code_name(enum err_code code);
