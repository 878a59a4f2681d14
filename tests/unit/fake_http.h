/* tests/unit/fake_http.h - a scripted HTTP/1.1 server on the test's own loop: the n-th request gets the n-th answer.
 *
 * Requests beyond the script get no answer: their connections stay open and silent.
 */
#pragma once

#include <uv.h>

#include "common/base/strs.h"

struct fake_answer {
	const char *wants;             /* must be in the request's head or body; NULL: anything */
	int status;                    /* 0: hangs up without an answer; -1: stays silent */
	const char *headers;           /* "Name: value\r\n..." */
	const char *body;
	size_t n_body;                 /* 0: up to its NUL */
	enum { FAKE_WHOLE, FAKE_STREAM, FAKE_STREAM_ENDS, FAKE_STREAM_CUT } how;   /* a stream stays open, ends well, or is cut off */
	int64_t wait_ms;               /* before answering */
};

struct fake_http;

struct fake_http *fake_http_new(uv_loop_t *loop, const struct fake_answer *answers, size_t n);
void fake_http_free(struct fake_http *fake);                       /* run the loop afterwards */
const char *fake_http_url(const struct fake_http *fake);           /* "http://127.0.0.1:port" */
size_t fake_http_n_requests(const struct fake_http *fake);
const char *fake_http_request(const struct fake_http *fake, size_t i);   /* head and body as read */
/* What in the requests was not as the script wants it; "" */
const char *fake_http_complaint(const struct fake_http *fake);
size_t fake_http_n_connections(const struct fake_http *fake);      /* ever accepted */
/* One more piece of the stream that was opened last. */
void fake_http_push(struct fake_http *fake, const char *bytes);

/* Runs the loop until is_done says so or limit_ms have passed; false: the latter. */
bool run_until(uv_loop_t *loop, bool (*is_done)(void *arg), void *arg, int64_t limit_ms);
/* Closes what is left and asserts that nothing of the tested code stays behind. */
void finish_loop(uv_loop_t *loop);
