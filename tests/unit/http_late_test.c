/* Nothing is delivered late: what the kernel still has of a request when its connection ends is thrown away. Against a raw
 * socket that reads only when the test says so. */
#include "common/io/http_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 10000
#define BODY_BYTES (4u << 20)          /* more than both ends of a connection keep */
#define SMALL_WINDOW_BYTES 4096

struct peer {
	int listener, fd;              /* fd: -1 until accepted */
	int port;
};

struct bench {
	uv_loop_t loop;
	struct http_client *client;
	struct peer peer;
	char *url;
	struct secret body;
	size_t n_done, n_asked;
	struct err err;
	int64_t within_ms;             /* 0: no limit */
};

static void open_peer(struct peer *peer)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(name);
	int window = SMALL_WINDOW_BYTES;

	peer->fd = -1;
	peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(peer->listener >= 0);
	assert_int_equal(setsockopt(peer->listener, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)), 0);
	assert_int_equal(bind(peer->listener, (const struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(peer->listener, 8), 0);
	assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&name, &size), 0);
	peer->port = ntohs(name.sin_port);
}

static void accept_peer(struct peer *peer)
{
	struct pollfd wait = { .fd = peer->listener, .events = POLLIN };

	assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
	peer->fd = accept(peer->listener, NULL, NULL);
	assert_true(peer->fd >= 0);
}

/* Until the kernel takes no more for it. */
static void wait_until_full(const struct peer *peer)
{
	int n = 0, before = -1;

	while (n == 0 || n != before) {
		before = n;
		uv_sleep(50);
		assert_int_equal(ioctl(peer->fd, FIONREAD, &n), 0);
	}
}

/* Reads to the end of the connection; 0: it was closed, else the errno. */
static int read_to_end(const struct peer *peer, size_t *n)
{
	static char bytes[65536];
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	ssize_t got;

	setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (*n = 0; (got = read(peer->fd, bytes, sizeof(bytes))) > 0; )
		*n += (size_t)got;
	return got < 0 ? errno : 0;
}

static void on_done(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct bench *b = arg;

	assert_null(reply);
	b->n_done++;
	b->err = *err;
}

static bool on_may_send(void *arg, int64_t *within_ms)
{
	struct bench *b = arg;

	b->n_asked++;
	if (b->within_ms)
		*within_ms = b->within_ms;
	return true;
}

static void open_bench(struct bench *b, int64_t unacked_ms)
{
	*b = (struct bench){ 0 };
	uv_loop_init(&b->loop);
	open_peer(&b->peer);
	b->client = http_client_new(&b->loop, 0);
	if (unacked_ms)
		http_client_deliver_nothing_late(b->client, unacked_ms);
	b->url = xasprintf("http://127.0.0.1:%d/", b->peer.port);
	b->body.n = BODY_BYTES;
	b->body.bytes = xcalloc(1, BODY_BYTES);
	memset(b->body.bytes, 'x', BODY_BYTES);
}

static void close_bench(struct bench *b)
{
	http_client_free(TAKE(b->client));
	finish_loop(&b->loop);
	if (b->peer.fd >= 0)
		close(b->peer.fd);
	close(b->peer.listener);
	secret_release(&b->body);
	free(b->url);
}

static struct http_call *send_much(struct bench *b)
{
	return http_start(b->client, &(struct http_request){
		.method = "PUT", .url = b->url, .body = { b->body.bytes, b->body.n }, .max_body_bytes = 100,
		.may_send = on_may_send, .done = on_done, .arg = b });
}

static bool is_done(void *arg)
{
	return ((struct bench *)arg)->n_done > 0;
}

static bool is_asked(void *arg)
{
	return ((struct bench *)arg)->n_asked > 0;
}

/* Our end of the connection, by the port at its other end. */
static int own_end(int port)
{
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in name = { 0 };
		socklen_t size = sizeof(name);

		if (getpeername(fd, (struct sockaddr *)&name, &size) == 0 && ntohs(name.sin_port) == port)
			return fd;
	}
	return -1;
}

static void begin_sending(struct bench *b)
{
	assert_true(run_until(&b->loop, is_asked, b, PATIENCE_MS));
	accept_peer(&b->peer);
}

/* Until the kernel takes no more of the body. */
static void fill(struct bench *b)
{
	int queued = -1, before = -2;

	begin_sending(b);
	while (queued <= 0 || queued != before) {
		before = queued;
		for (int i = 0; i < 20; i++) {
			uv_run(&b->loop, UV_RUN_NOWAIT);
			uv_sleep(1);
		}
		assert_int_equal(ioctl(own_end(b->peer.port), SIOCOUTQ, &queued), 0);
	}
}

struct late_case {
	const char *name;
	int64_t unacked_ms;
	int end;                       /* what the peer reads at last: 0 is a good end */
};

static const struct late_case cases[] = {
	{ "where nothing may be late, the rest is thrown away", 5000, ECONNRESET },
	{ "else the kernel delivers it", 0, 0 },
};

static void a_call_is_cancelled(void **state)
{
	const struct late_case *c = *state;
	struct http_call *call;
	struct bench b;
	size_t n;

	open_bench(&b, c->unacked_ms);
	call = send_much(&b);
	fill(&b);
	http_cancel(call);
	assert_int_equal(read_to_end(&b.peer, &n), c->end);
	assert_true(n < BODY_BYTES);
	assert_int_equal(b.n_done, 0);
	close_bench(&b);
}

static void a_call_takes_too_long(void **state)
{
	const struct late_case *c = *state;
	struct bench b;
	size_t n;

	open_bench(&b, c->unacked_ms);
	b.within_ms = 300;
	send_much(&b);
	begin_sending(&b);
	assert_true(run_until(&b.loop, is_done, &b, PATIENCE_MS));
	assert_int_equal(b.err.code, ERR_RETRY);
	assert_non_null(strstr(b.err.msg, "no whole answer in the time that was left"));
	assert_int_equal(read_to_end(&b.peer, &n), c->end);
	close_bench(&b);
}

static void the_process_is_killed(void **state)
{
	const struct late_case *c = *state;
	struct bench b;
	size_t n;
	pid_t child;
	int status;

	open_bench(&b, c->unacked_ms);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		uv_loop_fork(&b.loop);
		send_much(&b);
		uv_run(&b.loop, UV_RUN_DEFAULT);
		_exit(0);
	}
	accept_peer(&b.peer);
	wait_until_full(&b.peer);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(read_to_end(&b.peer, &n), c->end);
	close_bench(&b);
}

static void a_peer_that_takes_nothing_for_long_is_given_up(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, 300);
	send_much(&b);
	begin_sending(&b);
	assert_true(run_until(&b.loop, is_done, &b, PATIENCE_MS));
	assert_int_equal(b.err.code, ERR_RETRY);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_that_takes_nothing_for_long_is_given_up),
	};
	int n_failed;

	signal(SIGPIPE, SIG_IGN);
	n_failed = RUN_TABLE(a_call_is_cancelled, cases);
	n_failed += RUN_TABLE(a_call_takes_too_long, cases);
	n_failed += RUN_TABLE(the_process_is_killed, cases);
	return n_failed + cmocka_run_group_tests(tests, NULL, NULL);
}
