#include "common/io/zsock.h"

struct zsock {
	void *socket;
	uv_poll_t poll;              /* wakes the loop */
	uv_prepare_t prepare;        /* asks before it sleeps */
	uv_check_t check;            /* reads after that */
	uv_idle_t idle;              /* running: the loop does not sleep */
	int n_open;                  /* handles that are not closed yet */
	void (*on_readable)(void *arg);
	void *arg;
};

static bool is_readable(const struct zsock *sock)
{
	int events = 0;
	size_t n = sizeof(events);

	return zmq_getsockopt(sock->socket, ZMQ_EVENTS, &events, &n) == 0 && events & ZMQ_POLLIN;
}

static void on_woken(uv_poll_t *poll, int status, int events)
{
	(void)poll, (void)status, (void)events;
}

static void on_idle(uv_idle_t *idle)
{
	(void)idle;
}

static void on_prepare(uv_prepare_t *prepare)
{
	struct zsock *sock = container_of(prepare, struct zsock, prepare);

	if (is_readable(sock))
		uv_idle_start(&sock->idle, on_idle);
}

static void on_check(uv_check_t *check)
{
	struct zsock *sock = container_of(check, struct zsock, check);

	uv_idle_stop(&sock->idle);
	if (is_readable(sock))
		sock->on_readable(sock->arg);
}

struct zsock *zsock_new(uv_loop_t *loop, void *context, int type, void (*on_readable)(void *arg), void *arg)
{
	struct zsock *sock = xcalloc(1, sizeof(*sock));
	int fd = -1;
	size_t n = sizeof(fd);

	sock->on_readable = on_readable;
	sock->arg = arg;
	sock->socket = zmq_socket(context, type);
	if (!sock->socket || zmq_getsockopt(sock->socket, ZMQ_FD, &fd, &n) != 0 || uv_poll_init(loop, &sock->poll, fd) < 0)
		abort();
	uv_prepare_init(loop, &sock->prepare);
	uv_check_init(loop, &sock->check);
	uv_idle_init(loop, &sock->idle);
	sock->n_open = 4;
	uv_poll_start(&sock->poll, UV_READABLE, on_woken);
	uv_prepare_start(&sock->prepare, on_prepare);
	uv_check_start(&sock->check, on_check);
	return sock;
}

static void on_closed(uv_handle_t *handle)
{
	struct zsock *sock = handle->data;

	if (--sock->n_open == 0)
		free(sock);
}

static void close_handle(struct zsock *sock, uv_handle_t *handle)
{
	handle->data = sock;
	uv_close(handle, on_closed);
}

void zsock_free(struct zsock *sock)
{
	if (!sock)
		return;
	/* The loop must not look at a descriptor that is closed. */
	uv_poll_stop(&sock->poll);
	zsock_set_int(sock, ZMQ_LINGER, 0);
	zmq_close(TAKE(sock->socket));
	close_handle(sock, (uv_handle_t *)&sock->poll);
	close_handle(sock, (uv_handle_t *)&sock->prepare);
	close_handle(sock, (uv_handle_t *)&sock->check);
	close_handle(sock, (uv_handle_t *)&sock->idle);
}

void *zsock_handle(struct zsock *sock)
{
	return sock->socket;
}

bool zsock_set_int(struct zsock *sock, int option, int value)
{
	return zmq_setsockopt(sock->socket, option, &value, sizeof(value)) == 0;
}

bool zsock_set_text(struct zsock *sock, int option, const char *text)
{
	return zmq_setsockopt(sock->socket, option, text, strlen(text)) == 0;
}

bool zsock_receive(struct zsock *sock, zmq_msg_t *message, bool *is_last)
{
	if (zmq_msg_recv(message, sock->socket, ZMQ_DONTWAIT) < 0)
		return false;
	*is_last = !zmq_msg_more(message);
	return true;
}

bool zsock_send(struct zsock *sock, struct slice part, bool is_last)
{
	return zmq_send(sock->socket, part.n ? part.p : "", part.n, ZMQ_DONTWAIT | (is_last ? 0 : ZMQ_SNDMORE)) >= 0;
}
