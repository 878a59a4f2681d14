#include "common/io/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/slice.h"

#define UNIX_PREFIX "unix:"

/* "[::1]:443" -> "::1", "443". An empty host means every address. */
static bool split_address(const char *where, char **host, char **port, struct err *err)
{
	const char *colon = strrchr(where, ':');
	struct slice name = { where, colon ? (size_t)(colon - where) : 0 };
	size_t n_digits = colon ? strspn(colon + 1, "0123456789") : 0;

	if (!n_digits || n_digits > 5 || colon[1 + n_digits] || strtol(colon + 1, NULL, 10) > 65535)
		return err_set(err, ERR_INVALID, "listen on %s: want address:port or unix:/path", where);
	if (name.n >= 2 && name.p[0] == '[' && name.p[name.n - 1] == ']')
		name = (struct slice){ name.p + 1, name.n - 2 };
	*host = slice_dup(name);
	*port = xstrdup(colon + 1);
	return true;
}

static int listen_at(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int yes = 1, no = 0, saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (at->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool open_address(const char *where, int *fd, struct err *err)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	CLEANUP(freep) char *host = NULL;
	CLEANUP(freep) char *port = NULL;
	struct addrinfo *found = NULL;
	int rc;

	if (!split_address(where, &host, &port, err))
		return false;
	/* "::" takes IPv4 too; where the kernel has no IPv6, every IPv4 address is the next best. */
	rc = getaddrinfo(*host ? host : "::", port, &hints, &found);
	if (rc != 0)
		return err_set(err, ERR_INVALID, "listen on %s: %s", where, gai_strerror(rc));
	*fd = listen_at(found);
	freeaddrinfo(found);
	if (*fd < 0 && !*host && errno == EAFNOSUPPORT && getaddrinfo("0.0.0.0", port, &hints, &found) == 0) {
		*fd = listen_at(found);
		freeaddrinfo(found);
	}
	return *fd >= 0 || err_set(err, ERR_RETRY, "listen on %s: %s", where, strerror(errno));
}

static bool open_unix(const char *where, int *fd, struct err *err)
{
	const char *path = where + strlen(UNIX_PREFIX);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;

	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_INVALID, "listen on %s: want a path of 1 to %zu bytes", where, sizeof(address.sun_path) - 1);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(path);
	mask = umask(0177);
	if (*fd >= 0 && bind(*fd, (const struct sockaddr *)&address, sizeof(address)) == 0 && listen(*fd, SOMAXCONN) == 0) {
		umask(mask);
		return true;
	}
	err_set(err, ERR_RETRY, "listen on %s: %s", where, strerror(errno));
	umask(mask);
	if (*fd >= 0)
		close(*fd);
	return false;
}

bool listen_open(const char *where, int *fd, struct err *err)
{
	return strncmp(where, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0 ? open_unix(where, fd, err) : open_address(where, fd, err);
}

int listen_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { 0 };
	socklen_t n = sizeof(address);

	getsockname(fd, &address.any, &n);
	if (address.any.sa_family == AF_UNIX)
		return 0;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}
