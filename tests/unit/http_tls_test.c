/* Whom the HTTP client trusts, and as whom it comes: against a real TLS server. */
#include "common/io/http_client.h"

#include <unistd.h>

#include "common/base/buf.h"
#include "common/io/http_server.h"
#include "tests/unit/certs.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/fake_proxy.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 5000

/* ours signed by_ip (the address), by_name (api.internal) and the client; other signed nobody that counts. */
static struct test_cert ours, other, by_ip, by_name, client_cert;
static char ca_file[] = "/tmp/amko-ca-XXXXXX";

static const struct trust {
	const char *name;
	const struct test_cert *server, *ca, *client;
	const char *server_name, *ca_text;
	bool is_insecure;
	const char *heard;             /* what it must begin with; SERVER stands for host and port */
} cases[] = {
	{ "a certificate of the given CA is accepted", .server = &by_ip, .ca = &ours, .heard = "200 127.0.0.1 as nobody" },
	{ "a certificate of another CA is not", .server = &by_ip, .ca = &other,
	  .heard = "tls: certificate of SERVER not accepted: SSL" },
	{ "without a CA the system's store decides, whatever the environment says", .server = &by_ip,
	  .heard = "tls: certificate of SERVER not accepted: SSL" },
	{ "a certificate may be its own CA", .server = &by_ip, .ca = &by_ip, .heard = "200 127.0.0.1 as nobody" },
	{ "a certificate of another name is not accepted", .server = &by_name, .ca = &ours,
	  .heard = "tls: certificate of SERVER not accepted: SSL: no alternative certificate subject name matches target host name '127.0.0.1'" },
	{ "a server name says what the certificate must say, and the Host header stays", .server = &by_name, .ca = &ours,
	  .server_name = "api.internal", .heard = "200 127.0.0.1 as nobody" },
	{ "a server name that the certificate does not say is not accepted", .server = &by_ip, .ca = &ours,
	  .server_name = "api.internal", .heard = "tls: certificate of SERVER not accepted" },
	{ "a server name may be an address", .server = &by_ip, .ca = &ours, .server_name = "127.0.0.1",
	  .heard = "200 127.0.0.1 as nobody" },
	{ "who verifies nothing accepts everything", .server = &by_name, .is_insecure = true,
	  .heard = "200 127.0.0.1 as nobody" },
	{ "a client certificate says who we are", .server = &by_ip, .ca = &ours, .client = &client_cert,
	  .heard = "200 127.0.0.1 as me" },
	{ "a CA that is none is said to be", .server = &by_ip, .ca_text = "nonsense",
	  .heard = "tls: certificates for SERVER cannot be used" },
};

/* The server has a loop and a thread of its own. */
struct bench {
	uv_loop_t loop, server_loop;
	struct http_client *client;
	struct http_server *server;
	uv_thread_t thread;
	uv_async_t stop;
	struct buf heard;
	int port;
	struct secret bearer, proxy;   /* unset: none */
};

static void answer(void *arg, struct http_exchange *exchange)
{
	const char *host = http_header(exchange, "Host"), *cn = http_peer_cn(exchange);
	CLEANUP(freep) char *text = xasprintf("%.*s as %s", host ? (int)strcspn(host, ":") : 0, host ? host : "",
		cn ? cn : "nobody");

	(void)arg;
	http_answer(exchange, 200, "text/plain", slice_of(text), NULL);
}

static void hear(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct bench *b = arg;

	if (err)
		buf_printf(&b->heard, "%s: %s", err_code_name(err->code), err->msg);
	else
		buf_printf(&b->heard, "%d %.*s", reply->status, (int)reply->body.n, reply->body.p);
}

static bool has_heard(void *arg)
{
	return ((struct bench *)arg)->heard.n > 0;
}

static void on_stop(uv_async_t *stop)
{
	struct bench *b = stop->data;

	http_server_free(b->server);
	uv_close((uv_handle_t *)stop, NULL);
}

static void serve(void *arg)
{
	struct bench *b = arg;

	uv_run(&b->server_loop, UV_RUN_DEFAULT);
}

static void open_bench(struct bench *b, const struct test_cert *server)
{
	struct err err = { 0 };

	*b = (struct bench){ 0 };
	uv_loop_init(&b->loop);
	uv_loop_init(&b->server_loop);
	b->client = http_client_new(&b->loop, 0);
	b->server = http_server_new(&b->server_loop, &(struct http_server_options){
		.listen = "127.0.0.1:0", .cert_pem = server->pem, .key_pem = server->key_pem, .client_ca_pem = ours.pem,
		.handler = answer, .arg = b }, &err);
	assert_text(err.msg, "");
	b->port = http_server_port(b->server);
	b->stop.data = b;
	uv_async_init(&b->server_loop, &b->stop, on_stop);
	uv_thread_create(&b->thread, serve, b);
	buf_init(&b->heard, 10000);
}

static void close_bench(struct bench *b)
{
	http_client_free(b->client);
	finish_loop(&b->loop);
	uv_async_send(&b->stop);
	uv_thread_join(&b->thread);
	assert_int_equal(uv_loop_close(&b->server_loop), 0);
	buf_release(&b->heard);
	secret_release(&b->bearer);
	secret_release(&b->proxy);
}

static void ask(struct bench *b, const struct http_tls *tls)
{
	CLEANUP(freep) char *url = xasprintf("https://127.0.0.1:%d/", b->port);

	http_start(b->client, &(struct http_request){
		.method = "GET", .url = url, .bearer = &b->bearer, .proxy = &b->proxy, .tls = tls, .want_http2 = true, .max_body_bytes = 1000, .done = hear, .arg = b });
	assert_true(run_until(&b->loop, has_heard, b, PATIENCE_MS));
}

static char *with_port(const char *text, const char *word, int port)
{
	const char *at = strstr(text, word);

	return at ? xasprintf("%.*s127.0.0.1:%d%s", (int)(at - text), text, port, at + strlen(word)) : xstrdup(text);
}

static void is_trusted(void **state)
{
	const struct trust *c = *state;
	CLEANUP(freep) char *want = NULL;
	struct http_tls tls = { .server_name = c->server_name, .insecure = c->is_insecure };
	struct bench b;

	open_bench(&b, c->server);
	tls.ca_pem = slice_of(c->ca ? c->ca->pem : c->ca_text);
	if (c->client) {
		tls.cert_pem = slice_of(c->client->pem);
		tls.key_pem = slice_of(c->client->key_pem);
	}
	ask(&b, &tls);
	want = with_port(c->heard, "SERVER", b.port);
	if (strncmp(buf_str(&b.heard), want, strlen(want)) != 0)
		assert_text(buf_str(&b.heard), want);
	close_bench(&b);
}

/* ---- on the way ---- */

static const struct way {
	const char *name;
	enum fake_proxy_type type;     /* 0: nobody listens there */
	const char *scheme;
	const char *server_name;
	const char *asked;             /* what the proxy heard must have it; SERVER stands for host and port */
	const char *heard;             /* what it must begin with; PROXY too */
} ways[] = {
	{ "a proxy is asked for a tunnel, and sees no token", FAKE_PROXY_CONNECT, "http://", NULL,
	  "CONNECT SERVER HTTP/1.1\r\n", "200 127.0.0.1 as me" },
	{ "a proxy is told who asks", FAKE_PROXY_CONNECT, "http://we:it%40s@", NULL,
	  "Proxy-Authorization: Basic d2U6aXRAcw==\r\n", "200 127.0.0.1 as me" },
	{ "a server name does not change whom the proxy is asked for", FAKE_PROXY_CONNECT, "http://", "api.internal",
	  "CONNECT SERVER HTTP/1.1\r\n", "200 127.0.0.1 as me" },
	{ "a proxy that refuses is named", FAKE_PROXY_REFUSES, "http://we:geheim@", NULL, "CONNECT SERVER",
	  "retry: SERVER through proxy PROXY: CONNECT tunnel failed, response 407" },
	{ "a proxy that is not there is named", 0, "http://we:geheim@", NULL, "",
	  "retry: connect to SERVER through proxy 127.0.0.1:1: Connection refused" },
};

static void leads(void **state)
{
	const struct way *c = *state;
	CLEANUP(freep) char *asked = NULL, *want = NULL, *half = NULL, *proxy_url = NULL;
	struct http_tls tls = { .ca_pem = slice_of(ours.pem), .cert_pem = slice_of(client_cert.pem),
		.key_pem = slice_of(client_cert.key_pem), .server_name = c->server_name };
	struct fake_proxy *proxy;
	struct bench b;

	open_bench(&b, c->server_name ? &by_name : &by_ip);
	proxy = c->type ? fake_proxy_new(&b.loop, c->type, b.port) : NULL;
	proxy_url = xasprintf("%s127.0.0.1:%d", c->scheme, proxy ? fake_proxy_port(proxy) : 1);
	secret_set(&b.proxy, slice_of(proxy_url));
	secret_set(&b.bearer, slice_of("token-0815"));
	ask(&b, &tls);
	asked = with_port(c->asked, "SERVER", b.port);
	half = with_port(c->heard, "SERVER", b.port);
	want = with_port(half, "PROXY", proxy ? fake_proxy_port(proxy) : 1);
	if (strncmp(buf_str(&b.heard), want, strlen(want)) != 0)
		assert_text(buf_str(&b.heard), want);
	if (proxy && !strstr(fake_proxy_asked(proxy), asked))
		assert_text(fake_proxy_asked(proxy), asked);
	assert_null(proxy ? strstr(fake_proxy_asked(proxy), "token-0815") : NULL);
	assert_null(strstr(buf_str(&b.heard), "geheim"));
	fake_proxy_free(proxy);
	close_bench(&b);
}

static void a_socks_proxy_is_given_the_name(void **state)
{
	struct http_tls tls = { .ca_pem = slice_of(ours.pem) };
	CLEANUP(freep) char *proxy_url = NULL, *asked = NULL, *url = NULL;
	struct fake_proxy *proxy;
	struct bench b;

	(void)state;
	open_bench(&b, &by_name);
	proxy = fake_proxy_new(&b.loop, FAKE_PROXY_SOCKS5, b.port);
	proxy_url = xasprintf("socks5h://127.0.0.1:%d", fake_proxy_port(proxy));
	url = xasprintf("https://api.internal:%d/", b.port);
	secret_set(&b.proxy, slice_of(proxy_url));
	http_start(b.client, &(struct http_request){
		.method = "GET", .url = url, .proxy = &b.proxy, .tls = &tls, .max_body_bytes = 1000, .done = hear, .arg = &b });
	assert_true(run_until(&b.loop, has_heard, &b, PATIENCE_MS));
	assert_text(buf_str(&b.heard), "200 api.internal as nobody");
	asked = xasprintf("api.internal:%d", b.port);
	assert_text(fake_proxy_asked(proxy), asked);
	fake_proxy_free(proxy);
	close_bench(&b);
}

static void one_client_never_lends_its_certificate_to_another_request(void **state)
{
	struct http_tls with = { .ca_pem = slice_of(ours.pem), .cert_pem = slice_of(client_cert.pem),
		.key_pem = slice_of(client_cert.key_pem) };
	struct http_tls without = { .ca_pem = slice_of(ours.pem) }, distrusting = { .ca_pem = slice_of(other.pem) };
	struct bench b;

	(void)state;
	open_bench(&b, &by_ip);
	ask(&b, &with);
	assert_text(buf_str(&b.heard), "200 127.0.0.1 as me");
	buf_clear(&b.heard);
	ask(&b, &without);
	assert_text(buf_str(&b.heard), "200 127.0.0.1 as nobody");
	buf_clear(&b.heard);
	ask(&b, &distrusting);
	assert_int_equal(strncmp(buf_str(&b.heard), "tls: ", 5), 0);
	close_bench(&b);
}

static void set_up(void)
{
	int fd = mkstemp(ca_file);

	ours = cert_new("our CA", NULL, NULL);
	other = cert_new("another CA", NULL, NULL);
	by_ip = cert_new("server", "IP:127.0.0.1", &ours);
	by_name = cert_new("server", "DNS:api.internal", &ours);
	client_cert = cert_new("me", NULL, &ours);
	/* None of these may matter. */
	if (fd < 0 || write(fd, ours.pem, strlen(ours.pem)) < 0 || close(fd) < 0)
		abort();
	setenv("SSL_CERT_FILE", ca_file, 1);
	setenv("CURL_CA_BUNDLE", ca_file, 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	setenv("no_proxy", "*", 1);
	setenv("NO_PROXY", "*", 1);
}

static void tear_down(void)
{
	struct test_cert *all[] = { &ours, &other, &by_ip, &by_name, &client_cert };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		test_cert_release(all[i]);
	unlink(ca_file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socks_proxy_is_given_the_name),
		cmocka_unit_test(one_client_never_lends_its_certificate_to_another_request),
	};
	int n_failed;

	set_up();
	n_failed = RUN_TABLE(is_trusted, cases) + RUN_TABLE(leads, ways) + cmocka_run_group_tests(tests, NULL, NULL);
	tear_down();
	return n_failed;
}
