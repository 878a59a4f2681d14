/* common/io/http_server.h - an HTTP/1.1 server on the loop: libmicrohttpd, optionally TLS (GnuTLS).
 *
 * Ownership: the server owns its exchanges. An exchange lives until it was answered, hung up or ended, also when the client
 *            left before; a stream lives until its end or gone(). All are gone after http_server_free().
 * Errors:    starting fails with the address in the message. A body over the limit is answered 413 and never handed on,
 *            a target with %00 or too many parameters 400.
 * The process should ignore SIGPIPE.
 */
#pragma once

#include <uv.h>

#include "common/base/err.h"
#include "common/base/slice.h"

struct http_server;
struct http_exchange;

/* Called once the request is whole. Answer now or later with http_answer() (or http_stream_*()). */
typedef void http_handler_fn(void *arg, struct http_exchange *exchange);

struct http_server_options {
	const char *listen;            /* ":8080", "127.0.0.1:0", "[::1]:443"; port 0: any free one; "unix:/path" */
	const char *cert_pem, *key_pem;   /* both: TLS */
	const char *client_ca_pem;     /* asks for client certificates and verifies them; a client may come without */
	size_t max_body_bytes;         /* 0: no bodies are read */
	int max_connections;           /* 0: 1000 */
	int64_t idle_timeout_s;        /* 0: 60 */
	http_handler_fn *handler;
	void *arg;
};

struct http_server *http_server_new(uv_loop_t *loop, const struct http_server_options *options, struct err *err);
int http_server_port(const struct http_server *server);
size_t http_server_connections(const struct http_server *server);      /* open ones */
/* New connections are accepted and closed at once, before anything is said; those that are open go on. */
void http_server_turn_away(struct http_server *server, bool is_turning_away);
/* Closes listener and connections; unanswered exchanges end without an answer and gone() is not called.
 * Run the loop afterwards. Never from inside the handler or gone(). NULL is fine. */
void http_server_free(struct http_server *server);

const char *http_method(const struct http_exchange *exchange);
const char *http_path(const struct http_exchange *exchange);          /* decoded, without the query */
const char *http_raw_target(const struct http_exchange *exchange);    /* path and query as sent */
/* A query value, decoded; "" for a key without value; NULL where absent. */
const char *http_query(const struct http_exchange *exchange, const char *key);
/* All query parameters in the order of the request. */
void http_query_each(const struct http_exchange *exchange, void (*each)(void *arg, const char *key, const char *value), void *arg);
const char *http_header(const struct http_exchange *exchange, const char *name);   /* any case; NULL where absent */
struct slice http_body(const struct http_exchange *exchange);
const char *http_peer(const struct http_exchange *exchange);           /* "127.0.0.1", "unix" */
bool http_peer_is_loopback(const struct http_exchange *exchange);
/* The common name of the client's certificate: NULL without one that client_ca_pem signed. Borrowed while the exchange lives. */
const char *http_peer_cn(const struct http_exchange *exchange);
bool http_peer_left(const struct http_exchange *exchange);             /* nobody waits for the answer any more */

/* Answers and ends the exchange. headers: "Name: value", ended by NULL; may be NULL. Bytes are copied. */
void http_answer(struct http_exchange *exchange, int status, const char *content_type, struct slice body,
		 const char *const *headers);
/* Cuts the connection without an answer. */
void http_hang_up(struct http_exchange *exchange);

/* An answer in pieces (chunked): begin, any number of sends, end. gone is called when the client leaves before the end;
 * after it the exchange must not be used; never from inside these four. Queued bytes over max_queued_bytes: the client is
 * cut off, gone is called. */
void http_stream_begin(struct http_exchange *exchange, int status, const char *content_type, size_t max_queued_bytes,
		       void (*gone)(void *arg), void *arg);
/* "Name: value" more; only directly behind the begin, in the same turn of the loop. */
void http_stream_header(struct http_exchange *exchange, const char *header);
void http_stream_send(struct http_exchange *exchange, struct slice bytes);
void http_stream_end(struct http_exchange *exchange);
/* The end in the middle: what was sent arrives, then the connection is cut. */
void http_stream_break(struct http_exchange *exchange);
