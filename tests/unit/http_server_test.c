/* The HTTP server: real sockets on 127.0.0.1, the client in a thread of its own so that the loop is free to serve. */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/io/http_server.h"
#include "tests/unit/certs.h"

#define BODY_LIMIT 1000

struct world {
	uv_loop_t loop;
	struct http_server *server;
	uv_async_t client_is_done;
	uv_timer_t timer;
	struct http_exchange *pending;
	int n_gone, n_handled, n_ticks;
	struct buf seen;
	/* for the client */
	const char *send;
	bool leaves_early;
	struct buf received;
};

static void on_gone(void *arg)
{
	struct world *w = arg;

	w->n_gone++;
	w->pending = NULL;
	uv_timer_stop(&w->timer);
}

static void each_param(void *arg, const char *key, const char *value)
{
	buf_printf(arg, "[%s=%s]", key, value);
}

static void answer_with_what_came(struct world *w, struct http_exchange *x)
{
	const char *a = http_query(x, "a"), *header = http_header(x, "X-Test");

	buf_clear(&w->seen);
	buf_printf(&w->seen, "%s %s a:%s x-test:%s peer:%s%s cn:%s params:", http_method(x), http_path(x), a ? a : "-",
		   header ? header : "-", http_peer(x), http_peer_is_loopback(x) ? "(loop)" : "",
		   http_peer_cn(x) ? http_peer_cn(x) : "-");
	http_query_each(x, each_param, &w->seen);
	buf_puts(&w->seen, " body:");
	buf_add(&w->seen, http_body(x));
	http_answer(x, 200, "text/plain", buf_slice(&w->seen), (const char *const[]){ "X-Answer: yes", NULL });
}

static void answer_late(uv_timer_t *timer)
{
	struct world *w = container_of(timer, struct world, timer);

	answer_with_what_came(w, TAKE(w->pending));
}

static void hang_up_late(uv_timer_t *timer)
{
	struct world *w = container_of(timer, struct world, timer);

	http_hang_up(TAKE(w->pending));
}

static void stream_three_pieces(uv_timer_t *timer)
{
	struct world *w = container_of(timer, struct world, timer);

	if (w->n_ticks++ < 3) {
		http_stream_send(w->pending, slice_of("piece,"));
		return;
	}
	uv_timer_stop(timer);
	http_stream_end(TAKE(w->pending));
}

static void stream_flood(uv_timer_t *timer)
{
	struct world *w = container_of(timer, struct world, timer);
	static const char block[64 * 1024];

	for (int i = 0; i < 4; i++)
		http_stream_send(w->pending, (struct slice){ block, sizeof(block) });
}

static void handle(void *arg, struct http_exchange *x)
{
	struct world *w = arg;
	const char *path = http_path(x);

	w->n_handled++;
	w->pending = x;
	if (streq(path, "/late")) {
		uv_timer_start(&w->timer, answer_late, 20, 0);
	} else if (streq(path, "/hang-up")) {
		http_hang_up(TAKE(w->pending));
	} else if (streq(path, "/hang-up-late")) {
		uv_timer_start(&w->timer, hang_up_late, 20, 0);
	} else if (streq(path, "/stream")) {
		http_stream_begin(x, 200, "text/plain", 1000, on_gone, w);
		uv_timer_start(&w->timer, stream_three_pieces, 5, 5);
	} else if (streq(path, "/at-once")) {
		http_stream_begin(x, 200, "text/plain", 1000, on_gone, w);
		http_stream_send(x, slice_of("all of it"));
		http_stream_end(TAKE(w->pending));
	} else if (streq(path, "/broken")) {
		http_stream_begin(x, 200, "text/plain", 1000, on_gone, w);
		http_stream_header(x, "X-More: yes");
		http_stream_send(x, slice_of("half of it"));
		http_stream_break(TAKE(w->pending));
	} else if (streq(path, "/lock")) {
		http_server_turn_away(w->server, true);
		http_answer(TAKE(w->pending), 200, "text/plain", slice_of("locked"), NULL);
	} else if (streq(path, "/flood")) {
		http_stream_begin(x, 200, "text/plain", 1 << 20, on_gone, w);
		uv_timer_start(&w->timer, stream_flood, 1, 1);
	} else if (streq(path, "/silence")) {
		http_stream_begin(x, 200, "text/plain", 1000, on_gone, w);
	} else if (!streq(path, "/never")) {
		w->pending = NULL;
		answer_with_what_came(w, x);
	}
}

static int dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 3 }, sizeof(struct timeval));
	return fd;
}

static void client(void *arg)
{
	struct world *w = arg;
	int fd = dial(http_server_port(w->server));
	char block[4096];
	ssize_t n;

	assert(write(fd, w->send, strlen(w->send)) > 0);
	if (w->leaves_early)
		usleep(100000);
	while (!w->leaves_early && (n = read(fd, block, sizeof(block))) > 0)
		buf_add(&w->received, (struct slice){ block, (size_t)n });
	close(fd);
	usleep(w->leaves_early ? 100000 : 0);
	uv_async_send(&w->client_is_done);
}

static void on_client_done(uv_async_t *async)
{
	uv_stop(async->loop);
}

static void world_init(struct world *w)
{
	*w = (struct world){ 0 };
	uv_loop_init(&w->loop);
	uv_async_init(&w->loop, &w->client_is_done, on_client_done);
	uv_timer_init(&w->loop, &w->timer);
	buf_init(&w->seen, 1 << 16);
	buf_init(&w->received, 1 << 20);
}

static void world_serve(struct world *w, struct http_server_options options)
{
	struct err err = { 0 };

	options.max_body_bytes = BODY_LIMIT;
	options.handler = handle;
	options.arg = w;
	w->server = http_server_new(&w->loop, &options, &err);
	if (!w->server)
		fail_msg("%s", err.msg);
}

static void world_release(struct world *w)
{
	http_server_free(w->server);
	uv_close((uv_handle_t *)&w->client_is_done, NULL);
	uv_close((uv_handle_t *)&w->timer, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	buf_release(&w->seen);
	buf_release(&w->received);
}

static void converse(struct world *w, uv_thread_cb side, const char *send)
{
	uv_thread_t thread;

	w->send = send;
	buf_clear(&w->received);
	uv_thread_create(&thread, side, w);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	uv_thread_join(&thread);
}

/* Turns the loop until all clients have been noticed to be gone; at most 5 s. */
static void settle(struct world *w)
{
	for (int turn = 0; turn < 2500 && http_server_connections(w->server) > 0; turn++) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
		usleep(2000);
	}
	assert_int_equal(http_server_connections(w->server), 0);
}

#define END "Host: x\r\nConnection: close\r\n\r\n"

static const struct talk_case {
	const char *name, *send, *want[4];
	const char *never;
} talk_cases[] = {
	{ "path and parameters are decoded", "GET /a%20b/c+d?a=1%2F2&flag&x=y+z&n= HTTP/1.1\r\nX-Test: v\r\n" END,
	  .want = { "HTTP/1.1 200", "X-Answer: yes", "GET /a b/c+d a:1/2 x-test:v peer:127.0.0.1(loop) cn:- params:[a=1/2][flag=][x=y z][n=] body:" } },
	{ "a percent sign without digits is kept", "GET /50%/%zz HTTP/1.1\r\n" END, .want = { "200", "GET /50%/%zz " } },
	{ "a target in absolute form loses its host", "GET http://h/p?a=2 HTTP/1.1\r\n" END, .want = { "200", "GET /p a:2" } },
	{ "a NUL in the path is refused", "GET /a%00b HTTP/1.1\r\n" END, .want = { "HTTP/1.1 400" } },
	{ "a body comes whole", "POST /p HTTP/1.1\r\nContent-Length: 5\r\n" END "hello", .want = { "200", "body:hello" } },
	{ "a chunked body comes whole", "PUT /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
	  .want = { "200", "PUT /p", "body:hello" } },
	{ "a late answer arrives", "GET /late?a=9 HTTP/1.1\r\n" END, .want = { "HTTP/1.1 200", "GET /late a:9" } },
	{ "hanging up sends nothing", "GET /hang-up HTTP/1.1\r\n" END, .want = { NULL }, .never = "HTTP" },
	{ "hanging up later sends nothing", "GET /hang-up-late HTTP/1.1\r\n" END, .want = { NULL }, .never = "HTTP" },
	{ "a stream is chunked and ends", "GET /stream HTTP/1.1\r\n" END,
	  .want = { "Transfer-Encoding: chunked", "piece,\r\n", "\r\n0\r\n\r\n" } },
	{ "a stream that ends at once arrives whole", "GET /at-once HTTP/1.1\r\n" END, .want = { "9\r\nall of it\r\n0\r\n\r\n" } },
	{ "a stream that breaks off sends what it had, and no end", "GET /broken HTTP/1.1\r\n" END,
	  .want = { "X-More: yes", "A\r\nhalf of it\r\n" }, .never = "\r\n0\r\n" },
	{ "requests in one packet are answered in turn",
	  "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /late HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\n" END,
	  .want = { "GET /one", "GET /late", "GET /two" } },
};

static void a_conversation_goes_as_written(void **state)
{
	const struct talk_case *c = *state;
	const char *at;
	struct world w;

	world_init(&w);
	world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0" });
	converse(&w, client, c->send);
	at = buf_str(&w.received);
	for (size_t i = 0; i < ARRAY_SIZE(c->want) && c->want[i]; i++) {
		at = strstr(at, c->want[i]);
		if (!at)
			fail_msg("no '%s' in '%s'", c->want[i], buf_str(&w.received));
	}
	assert_true(!c->never || !strstr(buf_str(&w.received), c->never));
	assert_int_equal(w.n_gone, 0);
	world_release(&w);
}

static void a_body_over_the_limit_is_answered_413_and_not_handed_on(void **state)
{
	static const char *const heads[] = {
		"POST /p HTTP/1.1\r\nContent-Length: 1001\r\n" END,
		"POST /p HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "3e9\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		CLEANUP(freep) char *send = xasprintf("%s%01001d%s", heads[i], 7, i ? "\r\n0\r\n\r\n" : "");
		struct world w;

		world_init(&w);
		world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0" });
		converse(&w, client, send);
		assert_non_null(strstr(buf_str(&w.received), "HTTP/1.1 413"));
		assert_int_equal(w.n_handled, 0);
		world_release(&w);
	}
}

static void the_owner_of_a_stream_learns_that_the_client_left(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.leaves_early = true;
	world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0" });
	converse(&w, client, "GET /silence HTTP/1.1\r\nHost: x\r\n\r\n");
	settle(&w);
	assert_int_equal(w.n_gone, 1);
	world_release(&w);
}

/* Its first connection is from before the door was locked. */
static void early_client(void *arg)
{
	static const char lock[] = "GET /lock HTTP/1.1\r\nHost: x\r\n\r\n", again[] = "GET /again HTTP/1.1\r\n" END;
	struct world *w = arg;
	int early = dial(http_server_port(w->server)), late;
	char block[4096];
	ssize_t n;

	assert(write(early, lock, sizeof(lock) - 1) > 0 && read(early, block, sizeof(block)) > 0);
	late = dial(http_server_port(w->server));
	n = read(late, block, sizeof(block));
	buf_printf(&w->received, "late: %zd ", n);
	assert(write(early, again, sizeof(again) - 1) > 0);
	while ((n = read(early, block, sizeof(block))) > 0)
		buf_add(&w->received, (struct slice){ block, (size_t)n });
	close(early);
	close(late);
	uv_async_send(&w->client_is_done);
}

static void who_comes_late_is_turned_away_and_who_is_there_stays(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0" });
	converse(&w, early_client, NULL);
	assert_non_null(strstr(buf_str(&w.received), "late: 0 HTTP/1.1 200"));
	assert_non_null(strstr(buf_str(&w.received), "GET /again"));
	world_release(&w);
}

static void a_client_that_does_not_read_is_cut_off(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.leaves_early = true;         /* it stays for a while and reads nothing */
	world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0" });
	converse(&w, client, "GET /flood HTTP/1.1\r\nHost: x\r\n\r\n");
	settle(&w);
	assert_int_equal(w.n_gone, 1);
	world_release(&w);
}

static void freeing_ends_what_was_not_answered(void **state)
{
	static const char *const sends[] = {
		"GET /never HTTP/1.1\r\nHost: x\r\n\r\n", "GET /silence HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf", "GET /half HTTP/1.1\r\nHost: x\r\n", "GET /ha",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sends); i++) {
		struct world w;
		char byte;
		int fd;

		world_init(&w);
		world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0" });
		fd = dial(http_server_port(w.server));
		assert_true(write(fd, sends[i], strlen(sends[i])) > 0);
		for (int turn = 0; turn < 2500 && (turn < 20 || http_server_connections(w.server) == 0); turn++) {
			uv_run(&w.loop, UV_RUN_NOWAIT);
			usleep(2000);
		}
		assert_int_equal(http_server_connections(w.server), 1);
		http_server_free(TAKE(w.server));
		assert_true(i == 1 || read(fd, &byte, 1) <= 0);
		close(fd);
		assert_int_equal(w.n_gone, 0);
		world_release(&w);
	}
}

static void requests_that_never_become_whole_leave_nothing_behind(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.leaves_early = true;
	world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0" });
	converse(&w, client, "POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
	converse(&w, client, "GET /half HTTP/1.1\r\nHost: x\r\n");
	converse(&w, client, "nonsense\r\n\r\n");
	assert_int_equal(w.n_handled, 0);
	settle(&w);
	world_release(&w);             /* the leak checker has the last word */
}

static void a_freed_port_can_be_taken_again_at_once(void **state)
{
	struct world w;
	char address[32];

	(void)state;
	world_init(&w);
	world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0" });
	snprintf(address, sizeof(address), "127.0.0.1:%d", http_server_port(w.server));
	converse(&w, client, "GET /one HTTP/1.1\r\n" END);
	http_server_free(w.server);
	world_serve(&w, (struct http_server_options){ .listen = address });
	converse(&w, client, "GET /two HTTP/1.1\r\n" END);
	assert_non_null(strstr(buf_str(&w.received), "GET /two"));
	world_release(&w);
}

/* --- TLS ------------------------------------------------------------------------------------------------- */

static struct test_cert authority, server_id, client_id, stranger_id;
static const struct test_cert *tls_client_is;

static void tls_client(void *arg)
{
	struct world *w = arg;
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	int fd = dial(http_server_port(w->server));
	char block[4096];
	ssize_t n;

	gnutls_certificate_allocate_credentials(&credentials);
	if (tls_client_is) {
		gnutls_datum_t cert = { (unsigned char *)tls_client_is->pem, (unsigned)strlen(tls_client_is->pem) };
		gnutls_datum_t key = { (unsigned char *)tls_client_is->key_pem, (unsigned)strlen(tls_client_is->key_pem) };

		gnutls_certificate_set_x509_key_mem(credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
	}
	/* Sends its certificate also to a server that names only other authorities. */
	gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_transport_set_int(session, fd);
	while ((n = gnutls_handshake(session)) < 0 && !gnutls_error_is_fatal((int)n))
		;
	if (n == 0 && gnutls_record_send(session, w->send, strlen(w->send)) > 0)
		while ((n = gnutls_record_recv(session, block, sizeof(block))) > 0 || n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
			buf_add(&w->received, (struct slice){ block, n > 0 ? (size_t)n : 0 });
	gnutls_deinit(session);
	gnutls_certificate_free_credentials(credentials);
	close(fd);
	uv_async_send(&w->client_is_done);
}

static const struct tls_case {
	const char *name;
	const struct test_cert *client;
	bool asks;
	const char *want;
} tls_cases[] = {
	{ "TLS carries requests", NULL, false, "GET /x a:- x-test:- peer:127.0.0.1(loop) cn:-" },
	{ "a client may come without a certificate", NULL, true, "cn:-" },
	{ "the name in a signed client certificate is known", &client_id, true, "cn:alice " },
	{ "the name in a stranger's certificate is not", &stranger_id, true, "cn:- " },
};

static void a_tls_conversation_goes_as_written(void **state)
{
	const struct tls_case *c = *state;
	struct world w;

	world_init(&w);
	tls_client_is = c->client;
	world_serve(&w, (struct http_server_options){ .listen = "127.0.0.1:0", .cert_pem = server_id.pem, .key_pem = server_id.key_pem,
						      .client_ca_pem = c->asks ? authority.pem : NULL });
	converse(&w, tls_client, "GET /x HTTP/1.1\r\n" END);
	if (!strstr(buf_str(&w.received), c->want))
		fail_msg("no '%s' in '%s'", c->want, buf_str(&w.received));
	converse(&w, tls_client, "GET /late HTTP/1.1\r\n" END);
	assert_non_null(strstr(buf_str(&w.received), "GET /late"));
	converse(&w, tls_client, "GET /stream HTTP/1.1\r\n" END);
	assert_non_null(strstr(buf_str(&w.received), "\r\n0\r\n\r\n"));
	world_release(&w);
}

static const struct start_case {
	const char *name;
	struct http_server_options options;
	const char *want;
} start_cases[] = {
	{ "an address without a port is refused", { .listen = "127.0.0.1" }, "listen on 127.0.0.1: want address:port or unix:/path" },
	{ "a port of too many digits is refused", { .listen = ":123456" }, "listen on :123456: want address:port or unix:/path" },
	{ "a port above 65535 is refused", { .listen = ":65536" }, "listen on :65536: want address:port or unix:/path" },
	{ "a certificate without a key is refused", { .listen = ":0", .cert_pem = "x" },
	  "listen on :0: certificate and key come together" },
	{ "what is no certificate is refused", { .listen = ":0", .cert_pem = "x", .key_pem = "y" }, "listen on :0: " },
	{ "client certificates need TLS", { .listen = ":0", .client_ca_pem = "x" }, "listen on :0: client certificates need TLS" },
	{ "a foreign address is refused", { .listen = "192.0.2.1:0" }, "listen on 192.0.2.1:0: " },
};

static void a_bad_start_says_why(void **state)
{
	const struct start_case *c = *state;
	struct err err = { 0 };
	uv_loop_t loop;

	uv_loop_init(&loop);
	assert_null(http_server_new(&loop, &c->options, &err));
	err.msg[strlen(c->want)] = '\0';
	assert_text(err.msg, c->want);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void every_address_is_listened_on(void **state)
{
	static const char *const addresses[] = { ":0", "0.0.0.0:0", "[::]:0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		struct world w;

		world_init(&w);
		world_serve(&w, (struct http_server_options){ .listen = addresses[i] });
		converse(&w, client, "GET /x HTTP/1.1\r\n" END);
		assert_non_null(strstr(buf_str(&w.received), "peer:127.0.0.1(loop)"));
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_over_the_limit_is_answered_413_and_not_handed_on),
		cmocka_unit_test(who_comes_late_is_turned_away_and_who_is_there_stays),
		cmocka_unit_test(the_owner_of_a_stream_learns_that_the_client_left),
		cmocka_unit_test(a_client_that_does_not_read_is_cut_off),
		cmocka_unit_test(freeing_ends_what_was_not_answered),
		cmocka_unit_test(requests_that_never_become_whole_leave_nothing_behind),
		cmocka_unit_test(a_freed_port_can_be_taken_again_at_once),
		cmocka_unit_test(every_address_is_listened_on),
	};
	int n_failed;

	signal(SIGPIPE, SIG_IGN);
	authority = cert_new("authority", NULL, NULL);
	server_id = cert_new("localhost", "IP:127.0.0.1", &authority);
	client_id = cert_new("alice", NULL, &authority);
	stranger_id = cert_new("mallory", NULL, NULL);
	n_failed = RUN_TABLE(a_conversation_goes_as_written, talk_cases);
	n_failed += RUN_TABLE(a_tls_conversation_goes_as_written, tls_cases);
	n_failed += RUN_TABLE(a_bad_start_says_why, start_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	test_cert_release(&authority);
	test_cert_release(&server_id);
	test_cert_release(&client_id);
	test_cert_release(&stranger_id);
	return n_failed;
}
