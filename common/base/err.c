#include "common/base/err.h"

#include <stdarg.h>

/* A cut message must not end inside a UTF-8 character: it goes into JSON later. */
static void cut_whole(char *msg, size_t size)
{
	size_t n = strlen(msg), end = n;

	if (n + 1 < size)
		return;
	while (end > 0 && ((unsigned char)msg[end - 1] & 0xC0) == 0x80)
		end--;
	if (end > 0 && ((unsigned char)msg[end - 1] & 0x80))
		end--;
	msg[end] = '\0';
}

bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return false;
	err->code = code;
	err->http_status = 0;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	cut_whole(err->msg, sizeof(err->msg));
	return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
	char before[sizeof(err->msg)];
	char head[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return false;
	memcpy(before, err->msg, sizeof(before));
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	if (snprintf(err->msg, sizeof(err->msg), "%s: %s", head, before) >= (int)sizeof(err->msg))
		cut_whole(err->msg, sizeof(err->msg));
	return false;
}

const char *err_code_name(enum err_code code)
{
	static const char *const names[] = {
		[ERR_NONE] = "none", [ERR_RETRY] = "retry", [ERR_AUTH] = "auth", [ERR_FORBIDDEN] = "forbidden",
		[ERR_NOTFOUND] = "notfound", [ERR_CONFLICT] = "conflict", [ERR_GONE] = "gone",
		[ERR_INVALID] = "invalid", [ERR_TLS] = "tls", [ERR_LIMIT] = "limit", [ERR_CANCELLED] = "cancelled",
	};

	return names[code];
}
