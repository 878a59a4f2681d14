#include "common/io/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/io/http_target.h"
#include "common/io/listen.h"

#define CONNECTION_MEMORY_BYTES (64 * 1024)    /* request line and headers must fit */
#define STREAM_BLOCK_BYTES (16 * 1024)
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

struct stream {
	struct buf queue;
	size_t n_sent;                 /* bytes at the front of queue that MHD has taken */
	size_t max_queued_bytes;
	bool is_ended, is_broken;
	void (*gone)(void *arg);
	void *arg;
	uv_poll_t watch;               /* MHD does not look at a suspended socket; this one notices that it was closed */
	bool is_watched;
};

struct http_exchange {
	struct http_server *server;
	struct MHD_Connection *connection;
	struct http_exchange *prev, *next;
	char *method, *raw_target;
	struct http_target target;
	struct buf body;
	size_t n_discarded;
	char peer[INET6_ADDRSTRLEN];
	bool is_loopback;
	char *cn;
	bool has_begun, is_handed_on, is_suspended, is_cut;
	int status;
	struct MHD_Response *response;
	struct stream *stream;
};

struct http_server {
	uv_loop_t *loop;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	uv_idle_t again;               /* another pass in the next turn of the loop */
	unsigned n_again;              /* passes in a row without anything from outside */
	bool has_resumed;              /* since the last pass began */
	int n_open_handles;
	int port;
	size_t max_body_bytes;
	bool checks_clients, is_turning_away;
	http_handler_fn *handler;
	void *arg;
	struct http_exchange *exchanges;
	char complaint[256];           /* MHD's last words, for a failed start */
};

/* MHD asks for passes "now" while a TLS handshake is open, whether or not the client says anything: after these many it gets
 * one each millisecond, so that a silent client costs next to nothing. */
#define MAX_AGAIN 16

static void server_on_timer(uv_timer_t *timer);
static void server_on_again(uv_idle_t *idle);

/* Never a timer of 0 from its own callback: it would run again in the same turn, and nothing else of the loop would. */
static void server_run_again(struct http_server *server)
{
	if (server->n_again++ < MAX_AGAIN)
		uv_idle_start(&server->again, server_on_again);
	else
		uv_timer_start(&server->timer, server_on_timer, 1, 0);
}

/* One pass of MHD; then its next due time. */
static void server_run(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	uv_timer_stop(&server->timer);
	uv_idle_stop(&server->again);
	server->has_resumed = false;
	MHD_run(server->daemon);
	if (server->has_resumed)
		server_run_again(server);
	else if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES)
		return;
	else if (wait_ms)
		uv_timer_start(&server->timer, server_on_timer, wait_ms, 0);
	else
		server_run_again(server);
}

static void server_on_timer(uv_timer_t *timer)
{
	server_run(container_of(timer, struct http_server, timer));
}

static void server_on_again(uv_idle_t *idle)
{
	server_run(container_of(idle, struct http_server, again));
}

static void read_peer(struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;

	if (address && address->sa_family == AF_INET) {
		const struct in_addr *v4 = &((const struct sockaddr_in *)(const void *)address)->sin_addr;

		inet_ntop(AF_INET, v4, x->peer, sizeof(x->peer));
		x->is_loopback = (ntohl(v4->s_addr) >> 24) == 127;
	} else if (address && address->sa_family == AF_INET6) {
		const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
		bool is_v4 = IN6_IS_ADDR_V4MAPPED(v6);

		inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? &v6->s6_addr[12] : (const void *)v6, x->peer,
			  sizeof(x->peer));
		x->is_loopback = is_v4 ? v6->s6_addr[12] == 127 : IN6_IS_ADDR_LOOPBACK(v6);
	} else if (address && address->sa_family == AF_UNIX) {
		snprintf(x->peer, sizeof(x->peer), "unix");
		x->is_loopback = true;
	}
}

static char *verified_cn(gnutls_session_t session)
{
	unsigned status = 0, n = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &n);
	gnutls_x509_crt_t certificate;
	char cn[256];
	size_t size = sizeof(cn);
	int rc;

	if (!chain || !n || gnutls_certificate_verify_peers2(session, &status) != 0 || status != 0)
		return NULL;
	if (gnutls_x509_crt_init(&certificate) != 0)
		return NULL;
	rc = gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER);
	if (rc == 0)
		rc = gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &size);
	gnutls_x509_crt_deinit(certificate);
	return rc == 0 ? xstrndup(cn, size) : NULL;
}

static void read_cn(struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info;

	if (!x->server->checks_clients)
		return;
	info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (info && info->tls_session)
		x->cn = verified_cn(info->tls_session);
}

/* MHD hands the target out before it parses it; the exchange begins here. */
static void *exchange_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
	struct http_server *server = cls;
	struct http_exchange *x = xcalloc(1, sizeof(*x));

	x->server = server;
	x->connection = connection;
	x->raw_target = xstrdup(target);
	buf_init(&x->body, server->max_body_bytes);
	DL_APPEND(server->exchanges, x);
	return x;
}

static void exchange_free(struct http_exchange *x)
{
	http_target_release(&x->target);
	if (x->stream)
		buf_release(&x->stream->queue);
	free(x->stream);
	free(x->method);
	free(x->raw_target);
	free(x->cn);
	buf_release(&x->body);
	free(x);
}

static void exchange_on_unwatched(uv_handle_t *handle)
{
	exchange_free(handle->data);
}

static void exchange_end(void *cls, struct MHD_Connection *connection, void **con_cls,
			 enum MHD_RequestTerminationCode why)
{
	struct http_exchange *x = *con_cls;

	(void)cls;
	(void)connection;
	if (!x)
		return;
	*con_cls = NULL;
	DL_DELETE(x->server->exchanges, x);
	if (x->response)
		MHD_destroy_response(x->response);
	if (x->stream && !x->stream->is_ended && why != MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		x->stream->gone(x->stream->arg);
	if (x->stream && x->stream->is_watched) {
		uv_poll_stop(&x->stream->watch);       /* before MHD closes the descriptor */
		uv_close((uv_handle_t *)&x->stream->watch, exchange_on_unwatched);
	} else {
		exchange_free(x);
	}
}

static void exchange_suspend(struct http_exchange *x)
{
	x->is_suspended = true;
	MHD_suspend_connection(x->connection);
}

static void exchange_resume(struct http_exchange *x)
{
	if (!x->is_suspended)
		return;
	x->is_suspended = false;
	x->server->has_resumed = true;
	MHD_resume_connection(x->connection);
	/* MHD takes it up in its next pass, and without a thread of its own it does not make its descriptor ready for that. */
	x->server->n_again = 0;
	server_run_again(x->server);
}

static void set_answer(struct http_exchange *x, int status, struct MHD_Response *response, const char *content_type)
{
	assert(!x->response && !x->is_cut);
	x->status = status;
	x->response = response;
	if (content_type)
		MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
}

static void add_header(struct MHD_Response *response, const char *header)
{
	struct slice rest = slice_of(header), name;
	CLEANUP(freep) char *key = NULL;
	CLEANUP(freep) char *value = NULL;

	slice_split(&rest, ':', &name);
	key = slice_dup(name);
	value = slice_dup(slice_trim(rest));
	MHD_add_response_header(response, key, value);
}

static void answer_text(struct http_exchange *x, int status, const char *text)
{
	http_answer(x, status, "text/plain; charset=utf-8", slice_of(text), NULL);
}

/* A body over the limit is read and thrown away, within reason: a client that is still sending would miss the answer. */
static enum MHD_Result take_body(struct http_exchange *x, struct slice bytes)
{
	size_t max = x->server->max_body_bytes;

	if (!x->n_discarded && max && buf_add(&x->body, bytes))
		return MHD_YES;
	buf_release(&x->body);
	x->n_discarded += bytes.n;
	return x->n_discarded > 8 * max + (1 << 20) ? MHD_NO : MHD_YES;
}

static void hand_on(struct http_exchange *x)
{
	x->is_handed_on = true;
	if (x->n_discarded) {
		answer_text(x, 413, "the body is too large\n");
	} else if (!http_target_read(x->raw_target, &x->target)) {
		answer_text(x, 400, "the target is not acceptable\n");
	} else {
		read_peer(x);
		read_cn(x);
		x->server->handler(x->server->arg, x);
	}
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *upload, size_t *n_upload, void **con_cls)
{
	struct http_exchange *x = *con_cls;

	(void)cls;
	(void)url;
	(void)version;
	if (!x->has_begun) {
		x->has_begun = true;
		x->method = xstrdup(method);
		return MHD_YES;
	}
	if (*n_upload) {
		enum MHD_Result goes_on = take_body(x, (struct slice){ upload, *n_upload });

		*n_upload = 0;
		return goes_on;
	}
	if (!x->is_handed_on)
		hand_on(x);
	if (x->is_cut)
		return MHD_NO;
	if (x->response)
		return MHD_queue_response(connection, (unsigned)x->status, x->response);
	exchange_suspend(x);
	return MHD_YES;
}

/* MHD asks for the next piece of a stream; without one the connection sleeps until there is one. */
static ssize_t stream_read(void *cls, uint64_t position, char *out, size_t max)
{
	struct http_exchange *x = cls;
	struct stream *stream = x->stream;
	size_t n = MIN(stream->queue.n - stream->n_sent, max);

	(void)position;
	if (x->is_cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (!n && stream->is_ended)
		return stream->is_broken ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	if (!n) {
		exchange_suspend(x);
		return 0;
	}
	memcpy(out, stream->queue.p + stream->n_sent, n);
	stream->n_sent += n;
	if (stream->n_sent * 2 >= stream->queue.n) {
		buf_drop(&stream->queue, stream->n_sent);
		stream->n_sent = 0;
	}
	return (ssize_t)n;
}

static void stream_cut(struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	x->is_cut = true;
	/* Also wakes MHD when it waits for a client that does not read. */
	if (info)
		shutdown(info->connect_fd, SHUT_RDWR);
	exchange_resume(x);
}

static void stream_on_disconnect(uv_poll_t *watch, int status, int events)
{
	struct http_exchange *x = watch->data;

	(void)status;
	(void)events;
	uv_poll_stop(watch);
	stream_cut(x);
}

static void stream_watch(struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (!info || uv_poll_init(x->server->loop, &x->stream->watch, info->connect_fd) != 0)
		return;
	x->stream->watch.data = x;
	x->stream->is_watched = true;
	uv_poll_start(&x->stream->watch, UV_DISCONNECT, stream_on_disconnect);
}

static void server_on_ready(uv_poll_t *poll, int status, int events)
{
	struct http_server *server = container_of(poll, struct http_server, poll);

	(void)status;
	(void)events;
	server->n_again = 0;
	server_run(server);
}

static void server_on_closed(uv_handle_t *handle)
{
	struct http_server *server = handle->data;

	if (--server->n_open_handles == 0)
		free(server);
}

static enum MHD_Result may_come_in(void *cls, const struct sockaddr *address, socklen_t n)
{
	const struct http_server *server = cls;

	(void)address;
	(void)n;
	return server->is_turning_away ? MHD_NO : MHD_YES;
}

static void server_on_complaint(void *cls, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void server_on_complaint(void *cls, const char *fmt, va_list ap)
{
	struct http_server *server = cls;

	vsnprintf(server->complaint, sizeof(server->complaint), fmt, ap);
	server->complaint[strcspn(server->complaint, "\n")] = '\0';
	log_debug("http_server_said", KV("text", (const char *)server->complaint), KV("port", server->port));
}

static gnutls_datum_t datum(const char *text)
{
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text, (unsigned)strlen(text) };
}

/* MHD only says that it did not start; ask GnuTLS first what is wrong with the certificates. */
static bool check_tls(const struct http_server_options *o, struct err *err)
{
	gnutls_certificate_credentials_t credentials;
	gnutls_datum_t cert, key, ca;
	int rc;

	if (!o->cert_pem && !o->key_pem)
		return !o->client_ca_pem ||
		       err_set(err, ERR_INVALID, "listen on %s: client certificates need TLS", o->listen);
	if (!o->cert_pem || !o->key_pem)
		return err_set(err, ERR_INVALID, "listen on %s: certificate and key come together", o->listen);
	cert = datum(o->cert_pem);
	key = datum(o->key_pem);
	if (gnutls_certificate_allocate_credentials(&credentials) != 0)
		abort();
	rc = gnutls_certificate_set_x509_key_mem(credentials, &cert, &key, GNUTLS_X509_FMT_PEM);
	if (rc >= 0 && o->client_ca_pem) {
		ca = datum(o->client_ca_pem);
		rc = gnutls_certificate_set_x509_trust_mem(credentials, &ca, GNUTLS_X509_FMT_PEM);
	}
	gnutls_certificate_free_credentials(credentials);
	return rc >= 0 || err_set(err, ERR_TLS, "listen on %s: %s", o->listen, gnutls_strerror(rc));
}

static struct MHD_Daemon *start_daemon(struct http_server *server, const struct http_server_options *o, int fd)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	struct MHD_OptionItem options[8] = { 0 };
	size_t n = 0;

	if (o->cert_pem) {
		flags |= MHD_USE_TLS;
		options[n++] =
			(struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES };
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->cert_pem };
		options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key_pem };
	}
	if (o->client_ca_pem)
		options[n++] =
			(struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)o->client_ca_pem };
	options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return MHD_start_daemon(flags, 0, may_come_in, server, on_request, server,
				MHD_OPTION_EXTERNAL_LOGGER, server_on_complaint, server,
				MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, server,
				MHD_OPTION_NOTIFY_COMPLETED, exchange_end, server,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)(o->max_connections ? o->max_connections : 1000),
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(o->idle_timeout_s ? o->idle_timeout_s : 60),
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
				MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

struct http_server *http_server_new(uv_loop_t *loop, const struct http_server_options *o, struct err *err)
{
	CLEANUP(freep) struct http_server *server = xcalloc(1, sizeof(*server));
	int fd = -1;

	*server = (struct http_server){ .loop = loop, .max_body_bytes = o->max_body_bytes, .handler = o->handler, .arg = o->arg,
					.checks_clients = o->client_ca_pem != NULL };
	if (!check_tls(o, err) || !listen_open(o->listen, &fd, err))
		return NULL;
	server->port = listen_port(fd);
	server->daemon = start_daemon(server, o, fd);
	if (!server->daemon) {
		err_set(err, ERR_INVALID, "listen on %s: %s", o->listen, server->complaint);
		return NULL;
	}
	uv_timer_init(loop, &server->timer);
	uv_idle_init(loop, &server->again);
	if (uv_poll_init(loop, &server->poll,
			 MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd) != 0)
		abort();
	server->timer.data = server->again.data = server->poll.data = server;
	server->n_open_handles = 3;
	uv_poll_start(&server->poll, UV_READABLE, server_on_ready);
	return TAKE(server);
}

int http_server_port(const struct http_server *server)
{
	return server->port;
}

size_t http_server_connections(const struct http_server *server)
{
	return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}

void http_server_turn_away(struct http_server *server, bool is_turning_away)
{
	server->is_turning_away = is_turning_away;
}

void http_server_free(struct http_server *server)
{
	struct http_exchange *x;

	if (!server)
		return;
	uv_poll_stop(&server->poll);
	/* MHD refuses to stop while something is suspended. */
	DL_FOREACH(server->exchanges, x)
		exchange_resume(x);
	MHD_stop_daemon(server->daemon);
	uv_close((uv_handle_t *)&server->poll, server_on_closed);
	uv_close((uv_handle_t *)&server->timer, server_on_closed);
	uv_close((uv_handle_t *)&server->again, server_on_closed);
}

const char *http_method(const struct http_exchange *x)
{
	return x->method;
}

const char *http_path(const struct http_exchange *x)
{
	return x->target.path;
}

const char *http_raw_target(const struct http_exchange *x)
{
	return x->raw_target;
}

const char *http_query(const struct http_exchange *x, const char *key)
{
	for (size_t i = 0; i < x->target.n_params; i++)
		if (streq(x->target.params[i].key, key))
			return x->target.params[i].value;
	return NULL;
}

void http_query_each(const struct http_exchange *x, void (*each)(void *arg, const char *key, const char *value),
		     void *arg)
{
	for (size_t i = 0; i < x->target.n_params; i++)
		each(arg, x->target.params[i].key, x->target.params[i].value);
}

const char *http_header(const struct http_exchange *x, const char *name)
{
	return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

struct slice http_body(const struct http_exchange *x)
{
	return (struct slice){ buf_str(&x->body), x->body.n };
}

const char *http_peer(const struct http_exchange *x)
{
	return x->peer;
}

bool http_peer_is_loopback(const struct http_exchange *x)
{
	return x->is_loopback;
}

const char *http_peer_cn(const struct http_exchange *x)
{
	return x->cn;
}

bool http_peer_left(const struct http_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct pollfd p = { .fd = info ? info->connect_fd : -1, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0;
}

void http_answer(struct http_exchange *x, int status, const char *content_type, struct slice body,
		 const char *const *headers)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_MUST_COPY);

	assert(response);
	set_answer(x, status, response, content_type);
	for (; headers && *headers; headers++)
		add_header(response, *headers);
	exchange_resume(x);
}

void http_hang_up(struct http_exchange *x)
{
	assert(!x->response);
	x->is_cut = true;
	exchange_resume(x);
}

void http_stream_begin(struct http_exchange *x, int status, const char *content_type, size_t max_queued_bytes,
		       void (*gone)(void *arg), void *arg)
{
	struct MHD_Response *response;

	x->stream = xcalloc(1, sizeof(*x->stream));
	x->stream->max_queued_bytes = max_queued_bytes;
	x->stream->gone = gone;
	x->stream->arg = arg;
	buf_init(&x->stream->queue, 2 * max_queued_bytes);     /* what MHD has taken counts too, until it is half of it */
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, stream_read, x, NULL);
	assert(response);
	set_answer(x, status, response, content_type);
	stream_watch(x);
	exchange_resume(x);
}

void http_stream_header(struct http_exchange *x, const char *header)
{
	add_header(x->response, header);
}

void http_stream_send(struct http_exchange *x, struct slice bytes)
{
	struct stream *stream = x->stream;

	assert(stream && !stream->is_ended);
	if (x->is_cut)
		return;
	if (stream->queue.n - stream->n_sent + bytes.n > stream->max_queued_bytes || !buf_add(&stream->queue, bytes))
		stream_cut(x);
	else
		exchange_resume(x);
}

void http_stream_end(struct http_exchange *x)
{
	assert(x->stream && !x->stream->is_ended);
	x->stream->is_ended = true;
	exchange_resume(x);
}

void http_stream_break(struct http_exchange *x)
{
	x->stream->is_broken = true;
	http_stream_end(x);
}
