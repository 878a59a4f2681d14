/* HTTP requests on the loop, against a scripted server: what callers hear, in which order, and what they may do meanwhile. */
#include "common/io/http_client.h"

#include <netinet/in.h>
#include <time.h>

#include "common/base/buf.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 5000

struct bench {
	uv_loop_t loop;
	struct http_client *client;
	struct fake_http *fake;
	struct buf heard;              /* what the callbacks said, one word or line each */
	size_t n_done;
	struct http_call *other;       /* to be cancelled from a callback */
	char *url;
};

static void open_bench(struct bench *b, const struct fake_answer *answers, size_t n)
{
	*b = (struct bench){ 0 };
	uv_loop_init(&b->loop);
	b->client = http_client_new(&b->loop, 0);
	b->fake = fake_http_new(&b->loop, answers, n);
	b->url = xasprintf("%s/path?q=1", fake_http_url(b->fake));
	buf_init(&b->heard, 65536);
}

static void close_bench(struct bench *b)
{
	assert_text(fake_http_complaint(b->fake), "");
	http_client_free(TAKE(b->client));
	fake_http_free(b->fake);
	finish_loop(&b->loop);
	buf_release(&b->heard);
	free(b->url);
}

static void hear_done(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct bench *b = arg;

	assert_true((reply != NULL) != (err != NULL));
	b->n_done++;
	if (err)
		buf_printf(&b->heard, "%s: %s;", err_code_name(err->code), err->msg);
	else
		buf_printf(&b->heard, "%d %.*s;", reply->status, (int)reply->body.n, reply->body.p ? reply->body.p : "");
}

static bool hear_status(void *arg, int status)
{
	struct bench *b = arg;

	return buf_printf(&b->heard, "status %d;", status);
}

static bool hear_bytes(void *arg, struct slice bytes)
{
	struct bench *b = arg;

	return buf_printf(&b->heard, "bytes %.*s;", (int)bytes.n, bytes.p);
}

static struct http_request request_of(struct bench *b)
{
	return (struct http_request){ .method = "GET", .url = b->url, .max_body_bytes = 100, .done = hear_done, .arg = b };
}

static bool one_is_done(void *arg)
{
	return ((struct bench *)arg)->n_done >= 1;
}

static bool two_are_done(void *arg)
{
	return ((struct bench *)arg)->n_done >= 2;
}

/* Without the address of the server, which is another one each time. */
static void assert_heard(struct bench *b, const char *want)
{
	CLEANUP(freep) char *got = xstrdup(buf_str(&b->heard));
	const char *server = fake_http_url(b->fake) + strlen("http://");

	for (char *at; (at = strstr(got, server));) {
		memmove(at + 6, at + strlen(server), strlen(at + strlen(server)) + 1);
		memcpy(at, "SERVER", 6);
	}
	assert_text(got, want);
}

/* ---- one request, one answer ---- */

static const char GZIP_OF_100_KB[] =
	"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xac\xeb\x5f\xc2\x1a\x1e"
	"\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xaf\x06"
	"\x87\xfa\xe2\x1b\xa0\x86\x01\x00";

static const struct {
	const char *name;
	struct fake_answer answer;
	const char *method, *body;
	bool is_stream;
	int64_t timeout_ms, idle_timeout_ms, begin_timeout_ms;
	const char *heard;
} cases[] = {
	{ "an answer comes whole", { .wants = "GET /path?q=1 HTTP/1.1\r\n", .status = 200, .body = "hello" },
	  .heard = "200 hello;" },
	{ "a status of 500 is an answer, not an error", { .status = 500, .body = "oops" }, .heard = "500 oops;" },
	{ "a redirection is not followed", { .status = 302, .headers = "Location: /other\r\n" }, .heard = "302 ;" },
	{ "a body goes along without the claim to be a form", { .wants = "\r\n\r\n{\"a\":1}", .status = 201 },
	  .method = "PATCH", .body = "{\"a\":1}", .heard = "201 ;" },
	{ "a POST without a body says so", { .wants = "Content-Length: 0\r\n", .status = 204 }, .method = "POST",
	  .heard = "204 ;" },
	{ "an announced body over the limit is refused before it comes",
	  { .status = 200, .headers = "Content-Length: 101\r\n", .how = FAKE_STREAM },
	    .heard = "limit: answer of SERVER over 100 bytes;" },
	{ "a body that grows over the limit is refused",
	  { .status = 200, .how = FAKE_STREAM,
	    .body = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789X" },
	  .heard = "limit: answer of SERVER over 100 bytes;" },
	{ "the limit counts what comes out of compression",
	  { .status = 200, .headers = "Content-Encoding: gzip\r\n", .body = GZIP_OF_100_KB,
	    .n_body = sizeof(GZIP_OF_100_KB) - 1, .how = FAKE_STREAM_ENDS },
	  .heard = "limit: answer of SERVER over 100 bytes;" },
	{ "a server that hangs up is asked again later", { .status = 0 }, .heard = "retry: SERVER: Empty reply from server;" },
	{ "an answer that is cut off is none", { .status = 200, .body = "half", .how = FAKE_STREAM_CUT },
	  .heard = "retry: SERVER: transfer closed with outstanding read data remaining;" },
	{ "the time for all of it is limited", { .status = -1 }, .timeout_ms = 50,
	  .heard = "retry: SERVER: no whole answer within 50 ms;" },
	{ "silence is limited", { .status = 200, .body = "x", .how = FAKE_STREAM }, .idle_timeout_ms = 60,
	  .heard = "retry: SERVER: no byte for 60 ms;" },
	{ "a stream is handed on as it comes", { .status = 200, .body = "one", .how = FAKE_STREAM_ENDS }, .is_stream = true,
	  .heard = "status 200;bytes one;200 ;" },
	{ "what is refused is collected, also for a stream", { .status = 403, .body = "no" }, .is_stream = true,
	  .heard = "status 403;403 no;" },
	{ "a silent stream ends", { .status = 200, .body = "x", .how = FAKE_STREAM }, .is_stream = true, .idle_timeout_ms = 60,
	  .heard = "status 200;bytes x;retry: SERVER: no byte for 60 ms;" },
	{ "a stream must begin in time", { .status = -1 }, .is_stream = true, .begin_timeout_ms = 60, .idle_timeout_ms = 5000,
	  .heard = "retry: SERVER: no answer within 60 ms;" },
	{ "a refusal of a stream must come to its end in time", { .status = 503, .body = "n", .how = FAKE_STREAM }, .is_stream = true,
	  .begin_timeout_ms = 60, .heard = "status 503;retry: SERVER: no answer within 60 ms;" },
	{ "a stream that has begun may take its time", { .status = 200, .body = "x", .how = FAKE_STREAM }, .is_stream = true,
	  .begin_timeout_ms = 60, .idle_timeout_ms = 120, .heard = "status 200;bytes x;retry: SERVER: no byte for 120 ms;" },
};

static void hears(void **state)
{
	const __typeof__(cases[0]) *c = *state;
	struct http_request request;
	struct bench b;

	open_bench(&b, &c->answer, 1);
	request = request_of(&b);
	request.method = c->method ? c->method : "GET";
	request.body = slice_of(c->body);
	request.timeout_ms = c->timeout_ms;
	request.idle_timeout_ms = c->idle_timeout_ms;
	request.begin_timeout_ms = c->begin_timeout_ms;
	request.on_status = c->is_stream ? hear_status : NULL;
	request.on_bytes = c->is_stream ? hear_bytes : NULL;
	http_start(b.client, &request);
	assert_int_equal(b.n_done, 0);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_heard(&b, c->heard);
	assert_null(strstr(fake_http_request(b.fake, 0), "Expect:"));
	assert_null(strstr(fake_http_request(b.fake, 0), "x-www-form-urlencoded"));
	close_bench(&b);
}

/* Each line is short, the whole is not. */
static void a_head_has_an_end(void **state)
{
	CLEANUP(buf_release) struct buf headers;
	struct fake_answer answer = { .status = 200 };
	struct http_request request;
	struct bench b;

	(void)state;
	buf_init(&headers, 1024 * 1024);
	for (size_t i = 0; i < 290; i++)
		buf_printf(&headers, "X-%zu: %01000d\r\n", i, 1);
	answer.headers = buf_str(&headers);
	open_bench(&b, &answer, 1);
	request = request_of(&b);
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_heard(&b, "limit: head of SERVER over 262144 bytes;");
	close_bench(&b);
}

/* ---- what cannot be sent ---- */

static const struct {
	const char *name, *url, *header, *heard;
} unsendable[] = {
	{ "a URL that is none is refused", "http://[", .heard = "invalid: URL: Bad IPv6 address;" },
	{ "a URL of another kind is refused", "ftp://127.0.0.1/",
	  .heard = "invalid: 127.0.0.1:21: Protocol \"ftp\" not supported or disabled in libcurl;" },
	{ "a password in a URL is refused", "http://me:secret@127.0.0.1/",
	  .heard = "invalid: URL: Credentials was passed in the URL when prohibited;" },
	{ "a header cannot bring another one along", "http://127.0.0.1:1/", .header = "A: b\r\nC: d",
	  .heard = "invalid: 127.0.0.1:1: a header has a control character;" },
	{ "a closed port is named", "http://127.0.0.1:1/", .heard = "retry: connect to 127.0.0.1:1: Connection refused;" },
};

static void is_refused(void **state)
{
	const __typeof__(unsendable[0]) *c = *state;
	struct http_request request;
	struct strs headers = { 0 };
	struct bench b;

	open_bench(&b, NULL, 0);
	request = request_of(&b);
	request.url = c->url;
	if (c->header)
		strs_add(&headers, c->header);
	request.headers = &headers;
	http_start(b.client, &request);
	assert_int_equal(b.n_done, 0);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_heard(&b, c->heard);
	strs_release(&headers);
	close_bench(&b);
}

/* ---- what a reply says beside its body ---- */

static void check_reply(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct bench *b = arg;
	CLEANUP(freep) char *cookies = strs_join(reply->set_cookies, " ");

	assert_null(err);
	b->n_done++;
	buf_printf(&b->heard, "%s|%s|%lld", reply->content_type, cookies, (long long)reply->retry_after_ms);
}

static const struct {
	const char *name, *headers, *heard;
} replies[] = {
	{ "a reply without headers is empty", "", "||-1" },
	{ "cookies lose their attributes", "Content-Type: text/x; a=b\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\n",
	  "text/x; a=b|a=1 b=2|-1" },
	{ "seconds to wait are kept", "Retry-After: 7\r\n", "||7000" },
	{ "no second to wait is not the same as nothing", "Retry-After: 0\r\n", "||0" },
	{ "nobody waits longer than an hour", "Retry-After: 99999999999999999999\r\n", "||3600000" },
	{ "a negative wait is unreadable", "Retry-After: -5\r\n", "||-1" },
	{ "a date in the past means now", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", "||0" },
};

static void hear_reply(struct bench *b, const char *headers)
{
	struct fake_answer answer = { .status = 200, .headers = headers };
	struct http_request request;

	open_bench(b, &answer, 1);
	request = request_of(b);
	request.done = check_reply;
	http_start(b->client, &request);
	assert_true(run_until(&b->loop, one_is_done, b, PATIENCE_MS));
}

static void reply_says(void **state)
{
	const __typeof__(replies[0]) *c = *state;
	struct bench b;

	hear_reply(&b, c->headers);
	assert_heard(&b, c->heard);
	close_bench(&b);
}

static void a_date_says_how_long_to_wait(void **state)
{
	time_t at = time(NULL) + 100;
	char header[100];
	struct bench b;
	long wait_ms;

	(void)state;
	strftime(header, sizeof(header), "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&at));
	hear_reply(&b, header);
	wait_ms = strtol(buf_str(&b.heard) + 2, NULL, 10);
	assert_in_range(wait_ms, 95000, 100000);
	close_bench(&b);
}

/* ---- callbacks that start, cancel and free ---- */

static const struct fake_answer two_answers[] = {
	{ .status = 200, .body = "first", .how = FAKE_STREAM_ENDS },
	{ .status = 200, .body = "second" },
};

static void done_starts_another(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct bench *b = arg;
	struct http_request request = request_of(b);

	hear_done(arg, reply, err);
	http_start(b->client, &request);
}

static void a_done_may_start_the_next_on_the_same_connection(void **state)
{
	struct http_request request;
	struct bench b;

	(void)state;
	open_bench(&b, two_answers, 2);
	request = request_of(&b);
	request.done = done_starts_another;
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, two_are_done, &b, PATIENCE_MS));
	assert_heard(&b, "200 first;200 second;");
	assert_int_equal(fake_http_n_connections(b.fake), 1);
	close_bench(&b);
}

static const struct {
	const char *who, *header;
} agents[] = {
	{ "", "\r\nUser-Agent: amko/" AMKO_VERSION "\r\n" },
	{ "east/amko-0/uid/1f", "\r\nUser-Agent: amko/" AMKO_VERSION " (east/amko-0/uid/1f)\r\n" },
	{ "e(a)s\\t\r\nX: \xc3\xbc", "\r\nUser-Agent: amko/" AMKO_VERSION " (e_a_s_t__X: __)\r\n" },
};

static void a_request_says_who_asks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(agents); i++) {
		struct http_request request;
		struct bench b;

		open_bench(&b, two_answers, 1);
		http_client_set_agent(b.client, agents[i].who);
		request = request_of(&b);
		http_start(b.client, &request);
		assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
		assert_non_null(strstr(fake_http_request(b.fake, 0), agents[i].header));
		close_bench(&b);
	}
}

#define LIMIT 8

static bool a_turn_is_done(void *arg)
{
	return ((struct bench *)arg)->n_done == LIMIT;
}

static void connections_up_to_the_limit_are_kept(void **state)
{
	struct fake_answer answers[3 * LIMIT];
	struct http_request request;
	struct bench b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		answers[i] = (struct fake_answer){ .status = 200, .body = "", .wait_ms = 5 };
	open_bench(&b, answers, ARRAY_SIZE(answers));
	http_client_free(b.client);
	b.client = http_client_new(&b.loop, LIMIT);
	request = request_of(&b);
	for (int turn = 0; turn < 3; turn++) {
		b.n_done = 0;
		for (int i = 0; i < LIMIT; i++)
			http_start(b.client, &request);
		assert_true(run_until(&b.loop, a_turn_is_done, &b, PATIENCE_MS));
	}
	assert_int_equal(fake_http_n_connections(b.fake), LIMIT);
	close_bench(&b);
}

static bool bytes_start_another(void *arg, struct slice bytes)
{
	struct bench *b = arg;
	struct http_request request = request_of(b);

	http_start(b->client, &request);
	return hear_bytes(arg, bytes);
}

static void a_request_may_start_while_bytes_come_in(void **state)
{
	struct http_request request;
	struct bench b;

	(void)state;
	open_bench(&b, two_answers, 2);
	request = request_of(&b);
	request.on_bytes = bytes_start_another;
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, two_are_done, &b, PATIENCE_MS));
	assert_heard(&b, "bytes first;200 ;200 second;");
	close_bench(&b);
}

static bool bytes_cancel(void *arg, struct slice bytes)
{
	struct bench *b = arg;

	http_cancel(TAKE(b->other));
	return hear_bytes(arg, bytes);
}

static void count_drop(void *arg)
{
	struct bench *b = arg;

	b->n_done++;
	buf_puts(&b->heard, "dropped;");
}

static void a_call_may_be_cancelled_from_its_own_bytes(void **state)
{
	struct http_request request;
	struct bench b;

	(void)state;
	open_bench(&b, two_answers, 1);
	request = request_of(&b);
	request.on_bytes = bytes_cancel;
	request.dropped = count_drop;
	b.other = http_start(b.client, &request);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_heard(&b, "bytes first;dropped;");
	close_bench(&b);
}

static void done_cancels_the_other(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct bench *b = arg;

	http_cancel(TAKE(b->other));
	hear_done(arg, reply, err);
}

static void of_two_that_end_together_the_first_may_cancel_the_second(void **state)
{
	struct http_request request;
	struct bench b;

	(void)state;
	open_bench(&b, NULL, 0);
	request = request_of(&b);
	request.url = "http://[";             /* both fail at once */
	request.done = done_cancels_the_other;
	http_start(b.client, &request);
	b.other = http_start(b.client, &request);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_int_equal(b.n_done, 1);
	close_bench(&b);
}

static void done_frees_the_client(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct bench *b = arg;

	http_client_free(TAKE(b->client));
	hear_done(arg, reply, err);
}

static void a_done_may_free_the_client(void **state)
{
	struct http_request request;
	struct bench b;

	(void)state;
	open_bench(&b, two_answers, 1);
	request = request_of(&b);
	request.done = done_frees_the_client;
	http_start(b.client, &request);
	http_start(b.client, &request);       /* gets no answer, and no done */
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_heard(&b, "200 first;");
	close_bench(&b);
}

static bool bytes_free_the_client(void *arg, struct slice bytes)
{
	struct bench *b = arg;

	b->n_done++;
	http_client_free(TAKE(b->client));
	return hear_bytes(arg, bytes);
}

static void even_bytes_may_free_the_client(void **state)
{
	struct http_request request;
	struct bench b;

	(void)state;
	open_bench(&b, two_answers, 1);
	request = request_of(&b);
	request.on_bytes = bytes_free_the_client;
	http_start(b.client, &request);
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_heard(&b, "bytes first;");
	close_bench(&b);
}

static bool refuse_status(void *arg, int status)
{
	hear_status(arg, status);
	return false;
}

static void a_stream_given_up_at_its_status_brings_no_bytes(void **state)
{
	struct http_request request;
	struct bench b;

	(void)state;
	open_bench(&b, two_answers, 1);
	request = request_of(&b);
	request.on_status = refuse_status;
	request.on_bytes = hear_bytes;
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_heard(&b, "status 200;cancelled: SERVER: given up by the caller;");
	close_bench(&b);
}

/* ---- may it still be sent? ---- */

static bool may_send_once(void *arg, int64_t *within_ms)
{
	struct bench *b = arg;

	assert_int_equal(*within_ms, INT64_MAX);
	return buf_puts(&b->heard, "asked;") && b->n_done == 0;
}

static void leave_to_send_is_asked_for_on_a_reused_connection_too(void **state)
{
	struct http_request request;
	struct bench b;

	(void)state;
	open_bench(&b, two_answers, 2);
	request = request_of(&b);
	request.may_send = may_send_once;
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, two_are_done, &b, PATIENCE_MS));
	assert_heard(&b, "asked;200 first;asked;cancelled: SERVER: given up by the caller;");
	assert_int_equal(fake_http_n_requests(b.fake), 1);
	assert_int_equal(fake_http_n_connections(b.fake), 1);
	close_bench(&b);
}

/* ---- a kept connection that ends without a byte of an answer ---- */

static const struct fake_answer one_is_lost[] = {
	{ .status = 200, .body = "first" },
	{ .status = 0 },
	{ .status = 200, .body = "third" },
};

static const struct {
	const char *name, *method;
	size_t n_sent;
	const char *heard;
} losses[] = {
	{ "what only reads is asked again", "GET", 3, "asked;200 first;asked;asked;200 third;" },
	{ "a PUT that may have been carried out is not sent again", "PUT", 2,
	  "asked;200 first;asked;retry: SERVER: the connection ended before an answer came;" },
	{ "nor is a POST", "POST", 2, "asked;200 first;asked;retry: SERVER: the connection ended before an answer came;" },
	{ "nor a PATCH", "PATCH", 2, "asked;200 first;asked;retry: SERVER: the connection ended before an answer came;" },
	{ "nor a DELETE", "DELETE", 2, "asked;200 first;asked;retry: SERVER: the connection ended before an answer came;" },
};

static bool may_send_always(void *arg, int64_t *within_ms)
{
	(void)within_ms;
	return buf_puts(&((struct bench *)arg)->heard, "asked;");
}

static void loses(void **state)
{
	const __typeof__(losses[0]) *c = *state;
	struct http_request request;
	struct bench b;

	open_bench(&b, one_is_lost, 3);
	request = request_of(&b);
	request.method = c->method;
	request.may_send = may_send_always;
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, two_are_done, &b, PATIENCE_MS));
	assert_heard(&b, c->heard);
	assert_int_equal(fake_http_n_requests(b.fake), c->n_sent);
	close_bench(&b);
}

/* ---- a token that was refused ---- */

static const struct secret *newer_token(void *arg)
{
	static char text[] = "two";
	static const struct secret token = { text, 3 };

	buf_puts(&((struct bench *)arg)->heard, "renew;");
	return &token;
}

static const struct secret *no_newer_token(void *arg)
{
	buf_puts(&((struct bench *)arg)->heard, "renew;");
	return NULL;
}

static void after_a_401_another_token_is_tried_once(void **state)
{
	static const struct fake_answer answers[] = {
		{ .wants = "Authorization: Bearer one\r\n", .status = 401, .body = "no" },
		{ .wants = "Authorization: Bearer two\r\n", .status = 401, .body = "still no" },
		{ .wants = "Authorization: Bearer one\r\n", .status = 401, .body = "no" },
	};
	struct secret token = { 0 };
	struct http_request request;
	struct bench b;

	(void)state;
	secret_set(&token, slice_of("one"));
	open_bench(&b, answers, 3);
	request = request_of(&b);
	request.bearer = &token;
	request.new_bearer = newer_token;
	request.on_status = hear_status;
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, one_is_done, &b, PATIENCE_MS));
	assert_heard(&b, "renew;status 401;401 still no;");
	buf_clear(&b.heard);
	request.new_bearer = no_newer_token;
	http_start(b.client, &request);
	assert_true(run_until(&b.loop, two_are_done, &b, PATIENCE_MS));
	assert_heard(&b, "renew;status 401;401 no;");
	secret_release(&token);
	close_bench(&b);
}

static void escapes_all_but_what_a_path_segment_may_hold(void **state)
{
	CLEANUP(freep) char *text = http_escape("aZ09-._~/?&=% é");

	(void)state;
	assert_text(text, "aZ09-._~%2F%3F%26%3D%25%20%C3%A9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_has_an_end),
		cmocka_unit_test(a_date_says_how_long_to_wait),
		cmocka_unit_test(a_done_may_start_the_next_on_the_same_connection),
		cmocka_unit_test(a_request_says_who_asks),
		cmocka_unit_test(connections_up_to_the_limit_are_kept),
		cmocka_unit_test(a_request_may_start_while_bytes_come_in),
		cmocka_unit_test(a_call_may_be_cancelled_from_its_own_bytes),
		cmocka_unit_test(of_two_that_end_together_the_first_may_cancel_the_second),
		cmocka_unit_test(a_done_may_free_the_client),
		cmocka_unit_test(even_bytes_may_free_the_client),
		cmocka_unit_test(a_stream_given_up_at_its_status_brings_no_bytes),
		cmocka_unit_test(leave_to_send_is_asked_for_on_a_reused_connection_too),
		cmocka_unit_test(after_a_401_another_token_is_tried_once),
		cmocka_unit_test(escapes_all_but_what_a_path_segment_may_hold),
	};
	int n_failed = RUN_TABLE(hears, cases);

	n_failed += RUN_TABLE(loses, losses);
	n_failed += RUN_TABLE(is_refused, unsendable);
	n_failed += RUN_TABLE(reply_says, replies);
	return n_failed + cmocka_run_group_tests(tests, NULL, NULL);
}
