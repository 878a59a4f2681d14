/* common/io/http_call.h - one request of an http_client as a curl easy handle: set up, what came in, how it ended.
 *
 * Private to http_client. Nothing here touches the multi handle or calls done.
 * Ownership: a call owns copies of all it was given, but for the easy handle, which is as new; what is secret is wiped.
 */
#pragma once

#include <curl/curl.h>

#include "common/base/buf.h"
#include "common/io/http_client.h"

enum http_call_state {
	HTTP_CALL_NEW,            /* to be handed to curl */
	HTTP_CALL_RUNNING,        /* with curl */
	HTTP_CALL_FINISHED,       /* away from curl, failure or reply are known, done is still to be called */
	HTTP_CALL_CANCELLED,      /* from inside a callback: to be freed when we are out of it */
	HTTP_CALL_DELIVERED,      /* done is running */
};

struct http_call {
	struct http_call *prev, *next;
	struct http_client *client;
	uv_loop_t *loop;
	enum http_call_state state;
	CURL *easy;
	bool is_with_curl;             /* the multi handle has it */
	char *endpoint;                /* host:port of the URL */
	char *proxy;                   /* " through proxy HOST:PORT", or "" */
	CURLU *url;                    /* with the name of the certificate as host, where one was given */
	struct curl_slist *headers, *connect_to;
	struct secret body, key_pem;
	char curl_error[CURL_ERROR_SIZE];
	struct err failure;            /* code ERR_NONE: none so far */
	int local_port;                /* of the connection in use; 0 before */
	int64_t unacked_ms;            /* for new connections; 0: as the system does */
	bool is_change;                /* neither GET nor HEAD: never sent twice */
	bool is_sent;                  /* since curl has it; perhaps not all of it */

	int64_t idle_timeout_ms;       /* 0: none */
	int64_t timeout_ms, begin_timeout_ms;
	int64_t started_ms, last_byte_ms;
	int64_t end_ms;                /* set by may_send; INT64_MAX: none */

	size_t max_body_bytes;
	bool (*on_status)(void *arg, int status);
	bool (*on_bytes)(void *arg, struct slice bytes);
	bool (*may_send)(void *arg, int64_t *within_ms);
	const struct secret *(*new_bearer)(void *arg);      /* NULL once asked */
	http_done_fn *done;
	void (*dropped)(void *arg);
	void *arg;

	/* The answer so far. */
	size_t n_head_bytes;           /* of all headers, of preliminary answers and trailers too */
	bool has_headers;              /* all of the final answer's; what follows are trailers */
	int status;
	char *content_type;
	int64_t retry_after_ms;
	struct strs set_cookies;
	struct buf collected;
};

/* agent: a header of every request. Never fails: where the request cannot be sent, failure says why. */
struct http_call *http_call_new(uv_loop_t *loop, CURL *easy, const char *agent, const struct http_request *request);
void http_call_free(struct http_call *call);

/* After a 401: true when there is another token; the call is as new then. */
bool http_call_renew(struct http_call *call);

/* When the call times out by our own clock; INT64_MAX: never. */
int64_t http_call_due_ms(const struct http_call *call);
/* Fills failure for a call that is due. */
void http_call_set_timed_out(struct http_call *call, int64_t now_ms);
/* Fills failure from curl's result, unless it is CURLE_OK or a better reason is there already. */
void http_call_set_result(struct http_call *call, CURLcode result);
/* Of http_client.c: a running call's due time has become another. */
void http_client_due_changed(struct http_client *client);
/* Borrows from the call. */
struct http_reply http_call_reply(const struct http_call *call);
