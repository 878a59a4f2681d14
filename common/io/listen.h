/* common/io/listen.h - opens the socket that a server listens on: "address:port", or "unix:/path" for this host alone.
 *
 * A Unix socket is made with mode 0600 in place of one that an earlier process left behind.
 * Errors:    ERR_INVALID what cannot be read, ERR_RETRY what the system refuses; messages begin "listen on <where>: ".
 */
#pragma once

#include "common/base/err.h"

/* Non-blocking, close-on-exec; yours to close. */
bool listen_open(const char *where, int *fd, struct err *err);
int listen_port(int fd);           /* 0 for a Unix socket */
