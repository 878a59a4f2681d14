#include "tests/unit/fake_http.h"

#include <netinet/in.h>
#include <utlist.h>

#include "common/base/buf.h"
#include "tests/unit/unit.h"

#define REQUEST_MAX_BYTES (1024 * 1024)

struct connection {
	struct connection *prev, *next;
	struct fake_http *fake;
	uv_tcp_t tcp;
	uv_timer_t timer;
	int n_open;
	bool is_closing;
	struct buf input;
	const struct fake_answer *answer;      /* waits for the timer */
};

struct fake_http {
	uv_tcp_t listener;
	const struct fake_answer *answers;
	size_t n_answers;
	struct strs requests;
	char url[64], complaint[512];
	size_t n_connections;
	struct connection *connections, *stream;
	bool is_closing, is_listener_closed;
};

struct piece {
	uv_write_t write;
	char bytes[];
};

static void free_when_closed(struct fake_http *fake)
{
	if (!fake->is_listener_closed || fake->connections)
		return;
	strs_release(&fake->requests);
	free(fake);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;
	struct fake_http *fake = c->fake;

	if (--c->n_open)
		return;
	DL_DELETE(fake->connections, c);
	buf_release(&c->input);
	free(c);
	free_when_closed(fake);
}

static void hang_up(struct connection *c)
{
	if (c->is_closing)
		return;
	c->is_closing = true;
	if (c->fake->stream == c)
		c->fake->stream = NULL;
	uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

static void on_written(uv_write_t *write, int status)
{
	(void)status;
	free(container_of(write, struct piece, write));
}

static void send_bytes(struct connection *c, const char *bytes, size_t n)
{
	struct piece *piece = xmalloc(sizeof(*piece) + n);
	uv_buf_t part = uv_buf_init(piece->bytes, (unsigned)n);

	memcpy(piece->bytes, bytes, n);
	if (uv_write(&piece->write, (uv_stream_t *)&c->tcp, &part, 1, on_written) < 0)
		free(piece);
}

static void send_chunk(struct connection *c, const char *bytes, size_t n)
{
	char head[32];

	send_bytes(c, head, (size_t)snprintf(head, sizeof(head), "%zx\r\n", n));
	send_bytes(c, bytes, n);
	send_bytes(c, "\r\n", 2);
}

static void on_shut(uv_shutdown_t *request, int status)
{
	(void)status;
	free(request);
}

static void answer_now(struct connection *c, const struct fake_answer *a)
{
	size_t n = a->n_body ? a->n_body : strlen(a->body ? a->body : "");
	char length[64] = "Transfer-Encoding: chunked\r\n";
	CLEANUP(freep) char *head = NULL;

	if (a->status == 0) {
		hang_up(c);
		return;
	}
	if (a->how == FAKE_WHOLE)
		snprintf(length, sizeof(length), "Content-Length: %zu\r\n", n);
	head = xasprintf("HTTP/1.1 %d Whatever\r\n%s%s\r\n", a->status, a->headers ? a->headers : "", length);
	send_bytes(c, head, strlen(head));
	if (a->how == FAKE_WHOLE)
		send_bytes(c, a->body ? a->body : "", n);
	else if (n)
		send_chunk(c, a->body, n);
	if (a->how == FAKE_STREAM)
		c->fake->stream = c;
	else if (a->how == FAKE_STREAM_ENDS)
		send_bytes(c, "0\r\n\r\n", 5);
	else if (a->how == FAKE_STREAM_CUT)
		uv_shutdown(xcalloc(1, sizeof(uv_shutdown_t)), (uv_stream_t *)&c->tcp, on_shut);
}

static void on_answer_timer(uv_timer_t *timer)
{
	struct connection *c = timer->data;

	answer_now(c, c->answer);
}

static void on_whole_request(struct connection *c)
{
	struct fake_http *fake = c->fake;
	size_t i = fake->requests.n;
	const struct fake_answer *a = i < fake->n_answers ? &fake->answers[i] : NULL;

	strs_add(&fake->requests, buf_str(&c->input));
	if (a && a->wants && !strstr(buf_str(&c->input), a->wants) && !*fake->complaint)
		snprintf(fake->complaint, sizeof(fake->complaint), "request %zu: no %s in %.300s", i, a->wants,
			 buf_str(&c->input));
	buf_clear(&c->input);
	if (!a || a->status < 0)
		return;
	c->answer = a;
	if (a->wait_ms)
		uv_timer_start(&c->timer, on_answer_timer, (uint64_t)a->wait_ms, 0);
	else
		answer_now(c, a);
}

static bool is_whole(const struct buf *input)
{
	const char *end = strstr(buf_str(input), "\r\n\r\n"), *length = strstr(buf_str(input), "Content-Length: ");

	return end && (size_t)(end + 4 - input->p) + (length ? strtoul(length + 16, NULL, 10) : 0) <= input->n;
}

static void on_alloc(uv_handle_t *handle, size_t want, uv_buf_t *out)
{
	static char bytes[65536];

	(void)handle, (void)want;
	*out = uv_buf_init(bytes, sizeof(bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct connection *c = stream->data;

	if (n < 0) {
		hang_up(c);
		return;
	}
	if (!buf_add(&c->input, (struct slice){ bytes->base, (size_t)n }))
		abort();
	if (n > 0 && is_whole(&c->input))
		on_whole_request(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct fake_http *fake = container_of((uv_tcp_t *)listener, struct fake_http, listener);
	struct connection *c = xcalloc(1, sizeof(*c));

	(void)status;
	c->fake = fake;
	c->n_open = 2;
	buf_init(&c->input, REQUEST_MAX_BYTES);
	uv_tcp_init(listener->loop, &c->tcp);
	uv_timer_init(listener->loop, &c->timer);
	c->tcp.data = c->timer.data = c;
	DL_APPEND(fake->connections, c);
	fake->n_connections++;
	uv_accept(listener, (uv_stream_t *)&c->tcp);
	uv_tcp_nodelay(&c->tcp, 1);
	uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

struct fake_http *fake_http_new(uv_loop_t *loop, const struct fake_answer *answers, size_t n)
{
	struct fake_http *fake = xcalloc(1, sizeof(*fake));
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int size = sizeof(at);

	fake->answers = answers;
	fake->n_answers = n;
	uv_tcp_init(loop, &fake->listener);
	if (uv_tcp_bind(&fake->listener, (const struct sockaddr *)&at, 0) < 0 ||
	    uv_listen((uv_stream_t *)&fake->listener, 128, on_connection) < 0 ||
	    uv_tcp_getsockname(&fake->listener, (struct sockaddr *)&at, &size) < 0)
		abort();
	snprintf(fake->url, sizeof(fake->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	return fake;
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct fake_http *fake = container_of((uv_tcp_t *)handle, struct fake_http, listener);

	fake->is_listener_closed = true;
	free_when_closed(fake);
}

void fake_http_free(struct fake_http *fake)
{
	struct connection *c;

	if (!fake)
		return;
	DL_FOREACH(fake->connections, c)
		hang_up(c);
	uv_close((uv_handle_t *)&fake->listener, on_listener_closed);
}

const char *fake_http_url(const struct fake_http *fake)
{
	return fake->url;
}

size_t fake_http_n_requests(const struct fake_http *fake)
{
	return fake->requests.n;
}

const char *fake_http_request(const struct fake_http *fake, size_t i)
{
	return i < fake->requests.n ? fake->requests.v[i] : "";
}

const char *fake_http_complaint(const struct fake_http *fake)
{
	return fake->complaint;
}

size_t fake_http_n_connections(const struct fake_http *fake)
{
	return fake->n_connections;
}

void fake_http_push(struct fake_http *fake, const char *bytes)
{
	assert_non_null(fake->stream);
	send_chunk(fake->stream, bytes, strlen(bytes));
}

static void on_tick(uv_timer_t *timer)
{
	(void)timer;
}

bool run_until(uv_loop_t *loop, bool (*is_done)(void *arg), void *arg, int64_t limit_ms)
{
	uint64_t end_ms;
	uv_timer_t tick;               /* so that no turn of the loop lasts long after is_done became true */
	bool is_right;

	uv_update_time(loop);
	end_ms = uv_now(loop) + (uint64_t)limit_ms;
	uv_timer_init(loop, &tick);
	uv_timer_start(&tick, on_tick, 2, 2);
	while (!(is_right = is_done(arg)) && uv_now(loop) < end_ms)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	return is_right;
}

void finish_loop(uv_loop_t *loop)
{
	assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(loop), 0);
}
