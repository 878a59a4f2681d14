/* common/io/http_client.h - HTTPS requests on the loop: libcurl multi, keep-alive, HTTP/2 where asked for.
 *
 * Ownership: a client owns its connections and calls; http_client_free() cancels what is under way (done is not called).
 *            A call copies everything it needs from the request, the TLS material too.
 * Once:      a request is sent once; after a 401 that brings another token once more, since nothing was done; a GET or HEAD also
 *            when a kept connection ends without a byte of an answer. After ERR_RETRY what was asked for may have been done.
 * Errors:    an HTTP status is an answer, not an error: done gets a reply. err is for what never became one:
 *            ERR_RETRY (connect, read, time-out), ERR_TLS (certificates), ERR_LIMIT (body over max_body_bytes, head over
 *            256 KiB; http_status is set), ERR_INVALID (the URL). Messages name host and reason, never headers or bodies.
 */
#pragma once

#include <uv.h>

#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/base/slice.h"
#include "common/base/strs.h"

struct http_client;
struct http_call;

/* How to trust the server and who we are. Empty slices: the system's CAs, no client certificate. */
struct http_tls {
	struct slice ca_pem;
	struct slice cert_pem, key_pem;
	const char *server_name;       /* what the certificate must say and SNI sends; NULL: the host of the URL */
	bool insecure;                 /* verify nothing */
};

struct http_reply {
	int status;
	struct slice body;             /* all of it; empty when the request had an on_bytes */
	const char *content_type;      /* "" when absent */
	int64_t retry_after_ms;        /* -1: absent or unreadable; at most an hour */
	const struct strs *set_cookies;   /* "name=value" of each Set-Cookie, attributes cut off */
};

/* Exactly once for each started call that is not cancelled, never from inside http_start().
 * Exactly one of reply and err is set; both are borrowed for the call. Starting and cancelling calls here is allowed. */
typedef void http_done_fn(void *arg, const struct http_reply *reply, const struct err *err);

struct http_request {
	const char *method;            /* "GET", ... */
	const char *url;
	const struct strs *headers;    /* "Name: value", may be NULL */
	const struct secret *bearer;   /* Authorization: Bearer, may be NULL or unset */
	const struct secret *basic;    /* Authorization: Basic, as "name:password"; may be NULL or unset */
	/* The way there: http://, https:// or socks5h:// address, with name:password@ where the proxy asks for it. NULL or unset:
	 * none, whatever the environment says. https:// is tunnelled. A proxy's certificate is checked as the server's is, but
	 * the system's CAs count too. */
	const struct secret *proxy;
	const char *unix_path;         /* connects to this socket file, whatever host the URL names; NULL: none */
	struct slice body;             /* p == NULL: none */
	const struct http_tls *tls;    /* may be NULL */
	bool want_http2;
	int64_t connect_timeout_ms;    /* 0: 5 s */
	int64_t timeout_ms;            /* for all of it; 0: none */
	int64_t idle_timeout_ms;       /* without a byte; 0: none */
	int64_t begin_timeout_ms;      /* streams: until the 2xx is there, or all of another answer; 0: none */
	size_t max_body_bytes;
	/* Streams: the answer's status once, before the first bytes; return false to give up (ERR_CANCELLED). */
	bool (*on_status)(void *arg, int status);
	/* Streams: a 2xx body as it comes, instead of collecting it; other statuses are collected. false gives up. */
	bool (*on_bytes)(void *arg, struct slice bytes);
	/* Asked directly before the request is sent on a ready connection, each time it is. false: ERR_CANCELLED.
	 * *within_ms comes as INT64_MAX; a smaller one ends the call (ERR_RETRY) when it has no answer so long after this. */
	bool (*may_send)(void *arg, int64_t *within_ms);
	/* Asked once, after a 401: another token to send the request with once more, borrowed; NULL: the 401 is the answer.
	 * It must not start or cancel anything. */
	const struct secret *(*new_bearer)(void *arg);
	http_done_fn *done;
	/* Called instead of done when the call ends by http_cancel() or with its client: arg is used no more. May be NULL. */
	void (*dropped)(void *arg);
	void *arg;
};

struct http_client *http_client_new(uv_loop_t *loop, int max_host_connections /* 0: no limit */);
/* Connections made from now on deliver nothing late: one that is closed, also by the death of the process, is reset, and what
 * it has not delivered is thrown away; one whose peer acknowledges nothing for unacked_ms breaks. */
void http_client_deliver_nothing_late(struct http_client *client, int64_t unacked_ms);
/* Requests from now on say who asks: "User-Agent: amko/1.0 (who)". What a header or a comment cannot hold becomes "_". Without
 * it, and with "": "amko/1.0". */
void http_client_set_agent(struct http_client *client, const char *who);
/* Frees it once the loop has closed its handles: run the loop afterwards. NULL is fine. */
void http_client_free(struct http_client *client);

struct http_call *http_start(struct http_client *client, const struct http_request *request);
/* done is not called any more. NULL is fine. All of these may be called from inside any callback of the client. */
void http_cancel(struct http_call *call);
int64_t http_now_ms(const struct http_client *client);     /* the loop's clock */
uv_loop_t *http_loop(const struct http_client *client);

/* Percent-encodes for a path segment or a query value. Yours to free. */
char *http_escape(const char *text);
