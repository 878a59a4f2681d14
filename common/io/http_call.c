#include "common/io/http_call.h"

#include <ctype.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"
#define SYSTEM_CA_DIR "/etc/ssl/certs"
#define CONNECT_TIMEOUT_MS 5000
#define RETRY_AFTER_MAX_MS (3600 * 1000)
#define MAX_COOKIES 64
#define UPLOAD_BUFFER_BYTES 16384L     /* the least; curl takes 64 KiB for each request over TLS, even for one without a body */
#define HEAD_MAX_BYTES (256u * 1024)

static bool is_abandoned(const struct http_call *call)
{
	return call->state == HTTP_CALL_CANCELLED;
}

static bool give_up(struct http_call *call)
{
	return err_set(&call->failure, ERR_CANCELLED, "%s: given up by the caller", call->endpoint);
}

static bool over_limit(struct http_call *call, const char *what, size_t limit)
{
	err_set(&call->failure, ERR_LIMIT, "%s of %s over %zu bytes", what, call->endpoint, limit);
	call->failure.http_status = call->status;
	return false;
}

static bool body_over_limit(struct http_call *call)
{
	return over_limit(call, "answer", call->max_body_bytes);
}

/* ---- what comes in ---- */

static void begin_answer(struct http_call *call, struct slice line)
{
	const char *space = memchr(line.p, ' ', line.n);
	const char *end = line.p + line.n;

	call->status = 0;
	call->has_headers = false;
	for (; space && ++space < end && isdigit((unsigned char)*space) && call->status < 1000;)
		call->status = call->status * 10 + (*space - '0');
	free(TAKE(call->content_type));
	call->retry_after_ms = -1;
	strs_release(&call->set_cookies);
	call->set_cookies = (struct strs){ 0 };
}

static int64_t retry_after_ms(struct slice value)
{
	CLEANUP(freep) char *text = slice_dup(value);
	char *end;
	int64_t wait_s = strtoll(text, &end, 10);
	time_t at;

	if (end != text && *end == '\0' && isdigit((unsigned char)*text))
		return MIN(wait_s, (int64_t)RETRY_AFTER_MAX_MS / 1000) * 1000;
	at = curl_getdate(text, NULL);
	if (at < 0)
		return -1;
	wait_s = (int64_t)at - (int64_t)time(NULL);
	return MIN(MAX(wait_s, (int64_t)0), (int64_t)RETRY_AFTER_MAX_MS / 1000) * 1000;
}

static bool read_header(struct http_call *call, struct slice line)
{
	struct slice name, value = line;

	if (!slice_split(&value, ':', &name))
		return true;
	value = value.p ? slice_trim(value) : slice_of("");
	if (name.n == 12 && strncasecmp(name.p, "content-type", name.n) == 0) {
		free(call->content_type);
		call->content_type = slice_dup(value);
	} else if (name.n == 11 && strncasecmp(name.p, "retry-after", name.n) == 0) {
		call->retry_after_ms = retry_after_ms(value);
	} else if (name.n == 10 && strncasecmp(name.p, "set-cookie", name.n) == 0) {
		struct slice pair;

		if (call->set_cookies.n < MAX_COOKIES && slice_split(&value, ';', &pair))
			strs_take(&call->set_cookies, slice_dup(slice_trim(pair)));
	} else if (name.n == 14 && strncasecmp(name.p, "content-length", name.n) == 0) {
		CLEANUP(freep) char *text = slice_dup(value);

		if (!call->on_bytes && strtoull(text, NULL, 10) > call->max_body_bytes)
			return body_over_limit(call);
	}
	return true;
}

static bool end_headers(struct http_call *call)
{
	if (call->status < 200)       /* 100, 103: the answer is still to come */
		return true;
	call->has_headers = true;
	if (call->status == 401 && call->new_bearer)
		return true;          /* perhaps not the last word: http_call_renew() */
	if (call->on_status && !call->on_status(call->arg, call->status))
		return give_up(call);
	return !is_abandoned(call);
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct http_call *call = arg;
	struct slice line = slice_trim((struct slice){ bytes, size * n });
	bool goes_on = true;

	if (is_abandoned(call))
		return 0;
	call->last_byte_ms = (int64_t)uv_now(call->loop);
	call->n_head_bytes += size * n;
	if (call->n_head_bytes > HEAD_MAX_BYTES)
		goes_on = over_limit(call, "head", HEAD_MAX_BYTES);
	else if (slice_starts(line, "HTTP/") && !memchr(line.p, ':', line.n))
		begin_answer(call, line);
	else if (!call->has_headers)
		goes_on = line.n ? read_header(call, line) : end_headers(call);
	return goes_on ? size * n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct http_call *call = arg;
	struct slice part = { bytes, size * n };
	bool goes_on;

	if (is_abandoned(call))
		return 0;
	call->last_byte_ms = (int64_t)uv_now(call->loop);
	if (call->on_bytes && call->status / 100 == 2)
		goes_on = call->on_bytes(call->arg, part) || give_up(call);
	else
		goes_on = buf_add(&call->collected, part) || body_over_limit(call);
	return goes_on && !is_abandoned(call) ? part.n : 0;
}

static bool may_send(struct http_call *call)
{
	int64_t within_ms = INT64_MAX;

	if (!call->may_send)
		return true;
	if (!call->may_send(call->arg, &within_ms))
		return give_up(call);
	if (within_ms == INT64_MAX)
		return true;
	/* The loop's clock is the time at which this turn began: if anything, the call ends too early. */
	call->end_ms = (int64_t)uv_now(call->loop) + within_ms;
	http_client_due_changed(call->client);
	return true;
}

/* curl sends a request once more by itself when a kept connection has ended without a byte of an answer. By then it may have
 * been carried out. */
static bool is_lost(struct http_call *call)
{
	if (!call->is_sent || !call->is_change)
		return false;
	err_set(&call->failure, ERR_RETRY, "%s: the connection ended before an answer came", call->endpoint);
	return true;
}

static int on_ready(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct http_call *call = arg;

	(void)remote_ip, (void)local_ip, (void)remote_port;
	call->local_port = local_port;
	if (is_abandoned(call) || is_lost(call) || !may_send(call))
		return CURL_PREREQFUNC_ABORT;
	call->is_sent = true;
	return CURL_PREREQFUNC_OK;
}

/* Connections are ours alone: a program we start must not keep them open. */
static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const struct http_call *call = arg;
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	unsigned unacked_ms = (unsigned)MIN(call->unacked_ms, (int64_t)INT32_MAX);

	(void)purpose;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (!unacked_ms)
		return CURL_SOCKOPT_OK;
	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms)) < 0)
		return CURL_SOCKOPT_ERROR;
	return CURL_SOCKOPT_OK;
}

/* ---- set up ---- */

#define SET(call, option, value) do { \
	CURLcode set_ = curl_easy_setopt((call)->easy, option, value); \
	if (set_ != CURLE_OK && !(call)->failure.code) \
		err_set(&(call)->failure, ERR_INVALID, "%s: " #option ": %s", (call)->endpoint, curl_easy_strerror(set_)); \
	} while (0)

static void free_text(char **text)
{
	curl_free(*text);
}

static void free_url(CURLU **url)
{
	curl_url_cleanup(*url);
}

/* The certificate shall be the one of server_name: so curl is given a URL with that name, and the way to the real host. */
static bool rename_host(struct http_call *call, const char *host, const char *port, const char *server_name)
{
	bool is_v6 = strchr(server_name, ':') != NULL;
	CLEANUP(freep) char *name = xasprintf(is_v6 ? "[%s]" : "%s", server_name);
	CLEANUP(freep) char *route = xasprintf("%s:%s:%s:%s", name, port, host, port);
	CLEANUP(freep) char *header = xasprintf("Host: %s:%s", host, port);

	if (curl_url_set(call->url, CURLUPART_HOST, name, 0) != CURLUE_OK)
		return err_set(&call->failure, ERR_INVALID, "%s: \"%s\" is no server name", call->endpoint, server_name);
	call->connect_to = curl_slist_append(NULL, route);
	call->headers = curl_slist_append(call->headers, header);
	return true;
}

/* curl is given the parts, so that the text is read once. */
static bool set_url(struct http_call *call, const struct http_request *request)
{
	CLEANUP(free_text) char *host = NULL, *port = NULL;
	const char *server_name = request->tls ? request->tls->server_name : NULL;
	CURLUcode code = curl_url_set(call->url, CURLUPART_URL, request->url, CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);

	if (code == CURLUE_OK)
		code = curl_url_get(call->url, CURLUPART_HOST, &host, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(call->url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	if (code != CURLUE_OK)
		return err_set(&call->failure, ERR_INVALID, "URL: %s", curl_url_strerror(code));
	free(call->endpoint);
	call->endpoint = xconcat(host, ":", port);
	return !server_name || !*server_name || rename_host(call, host, port, server_name);
}

static bool is_clean(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return false;
	return true;
}

static bool add_header(struct http_call *call, const char *header)
{
	if (!is_clean(header, strlen(header)))
		return err_set(&call->failure, ERR_INVALID, "%s: a header has a control character", call->endpoint);
	call->headers = curl_slist_append(call->headers, header);
	return true;
}

#define BEARER "Authorization: Bearer "
#define BASIC "Authorization: Basic "

static void add_secret_header(struct http_call *call, const char *start, const char *secret)
{
	char *header = xconcat(start, secret);
	size_t size = strlen(header);

	call->headers = curl_slist_append(call->headers, header);
	explicit_bzero(header, size);
	free(header);
}

static bool add_bearer(struct http_call *call, const struct secret *bearer)
{
	if (!is_clean(bearer->bytes, bearer->n))
		return err_set(&call->failure, ERR_INVALID, "%s: the token has a control character", call->endpoint);
	add_secret_header(call, BEARER, bearer->bytes);
	return true;
}

static bool add_basic(struct http_call *call, const struct secret *basic)
{
	struct secret packed = { xcalloc(basic->n + 3, 2), (basic->n + 2) / 3 * 4 };

	EVP_EncodeBlock((unsigned char *)packed.bytes, (const unsigned char *)basic->bytes, (int)basic->n);
	add_secret_header(call, BASIC, packed.bytes);
	secret_release(&packed);
	return true;
}

static bool set_headers(struct http_call *call, const char *agent, const struct http_request *request)
{
	bool has_type = false;

	for (size_t i = 0; request->headers && i < request->headers->n; i++) {
		const char *header = request->headers->v[i];

		has_type = has_type || strncasecmp(header, "Content-Type:", 13) == 0;
		if (!add_header(call, header))
			return false;
	}
	if (request->bearer && secret_is_set(request->bearer) && !add_bearer(call, request->bearer))
		return false;
	if (request->basic && secret_is_set(request->basic) && !add_basic(call, request->basic))
		return false;
	add_header(call, agent);
	add_header(call, "Expect:");
	if (!has_type)
		add_header(call, "Content-Type:");       /* curl would claim a form */
	SET(call, CURLOPT_HTTPHEADER, call->headers);
	return true;
}

static void set_body(struct http_call *call, const struct http_request *request)
{
	const char *method = request->method;

	if (streq(method, "HEAD"))
		SET(call, CURLOPT_NOBODY, 1L);
	if (request->body.p || streq(method, "POST") || streq(method, "PUT") || streq(method, "PATCH")) {
		secret_set(&call->body, (struct slice){ request->body.p ? request->body.p : "", request->body.n });
		SET(call, CURLOPT_POST, 1L);
		SET(call, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.n);
		SET(call, CURLOPT_POSTFIELDS, call->body.bytes);
	}
	SET(call, CURLOPT_CUSTOMREQUEST, method);
}

static struct curl_blob blob_of(struct slice bytes, unsigned flags)
{
	return (struct curl_blob){ (void *)(uintptr_t)bytes.p, bytes.n, flags };
}

static void set_tls(struct http_call *call, const struct http_tls *tls)
{
	static const struct http_tls none;
	struct curl_blob blob;

	tls = tls ? tls : &none;
	SET(call, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(call, CURLOPT_SSL_VERIFYPEER, tls->insecure ? 0L : 1L);
	SET(call, CURLOPT_SSL_VERIFYHOST, tls->insecure ? 0L : 2L);
	SET(call, CURLOPT_CAPATH, NULL);       /* else the system's CAs are trusted beside the given ones */
	if (tls->ca_pem.n) {
		blob = blob_of(tls->ca_pem, CURL_BLOB_COPY);
		SET(call, CURLOPT_CAINFO_BLOB, &blob);
	} else {
		SET(call, CURLOPT_CAINFO, SYSTEM_CA_FILE);
	}
	if (!tls->cert_pem.n)
		return;
	secret_set(&call->key_pem, tls->key_pem);
	blob = blob_of(tls->cert_pem, CURL_BLOB_COPY);
	SET(call, CURLOPT_SSLCERTTYPE, "PEM");
	SET(call, CURLOPT_SSLCERT_BLOB, &blob);
	blob = blob_of((struct slice){ call->key_pem.bytes, call->key_pem.n }, CURL_BLOB_NOCOPY);
	SET(call, CURLOPT_SSLKEYTYPE, "PEM");
	SET(call, CURLOPT_SSLKEY_BLOB, &blob);
}

static void set_transfer(struct http_call *call, const struct http_request *request)
{
	SET(call, CURLOPT_CURLU, call->url);
	SET(call, CURLOPT_CONNECT_TO, call->connect_to);
	SET(call, CURLOPT_UNIX_SOCKET_PATH, request->unix_path);
	SET(call, CURLOPT_PATH_AS_IS, 1L);
	SET(call, CURLOPT_PROTOCOLS_STR, "https,http");
	SET(call, CURLOPT_SOCKOPTFUNCTION, on_socket);
	SET(call, CURLOPT_SOCKOPTDATA, call);
	SET(call, CURLOPT_NOSIGNAL, 1L);
	SET(call, CURLOPT_QUICK_EXIT, 1L);              /* never wait for a name server that does not answer */
	SET(call, CURLOPT_FOLLOWLOCATION, 0L);
	SET(call, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES);
	SET(call, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(call, CURLOPT_TCP_KEEPIDLE, 30L);
	SET(call, CURLOPT_TCP_KEEPINTVL, 10L);
	SET(call, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(request->connect_timeout_ms ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS));
	SET(call, CURLOPT_HTTP_VERSION, (long)(request->want_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	SET(call, CURLOPT_PIPEWAIT, request->want_http2 ? 1L : 0L);
	if (!request->on_bytes)
		SET(call, CURLOPT_ACCEPT_ENCODING, "gzip");    /* API servers and controllers know no other */
}

/* "": else environment variables choose a proxy, or say for which hosts there is none. */
static void set_proxy(struct http_call *call, const struct http_request *request)
{
	const char *proxy = request->proxy && secret_is_set(request->proxy) ? request->proxy->bytes : "";
	CLEANUP(free_url) CURLU *url = curl_url();
	CLEANUP(free_text) char *host = NULL, *port = NULL;
	struct slice ca = request->tls ? request->tls->ca_pem : (struct slice){ 0 };
	struct curl_blob blob = blob_of(ca, CURL_BLOB_COPY);
	long verify = request->tls && request->tls->insecure ? 0 : 1;

	SET(call, CURLOPT_PROXY, proxy);
	SET(call, CURLOPT_NOPROXY, "");
	call->proxy = xstrdup("");
	if (!*proxy)
		return;
	SET(call, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);        /* its answer is not the server's */
	SET(call, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);   /* ours are not for the proxy */
	SET(call, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(call, CURLOPT_PROXY_SSL_VERIFYPEER, verify);
	SET(call, CURLOPT_PROXY_SSL_VERIFYHOST, verify * 2);
	SET(call, CURLOPT_PROXY_CAPATH, SYSTEM_CA_DIR);
	if (ca.n)
		SET(call, CURLOPT_PROXY_CAINFO_BLOB, &blob);
	if (curl_url_set(url, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
		err_set(&call->failure, ERR_INVALID, "%s: the proxy's address cannot be read", call->endpoint);
		return;
	}
	curl_url_get(url, CURLUPART_PORT, &port, 0);
	free(call->proxy);
	call->proxy = xasprintf(" through proxy %s%s%s", host, port ? ":" : "", port ? port : "");
}

static void set_callbacks(struct http_call *call)
{
	SET(call, CURLOPT_PRIVATE, call);
	SET(call, CURLOPT_ERRORBUFFER, call->curl_error);
	SET(call, CURLOPT_HEADERFUNCTION, on_header);
	SET(call, CURLOPT_HEADERDATA, call);
	SET(call, CURLOPT_WRITEFUNCTION, on_body);
	SET(call, CURLOPT_WRITEDATA, call);
	SET(call, CURLOPT_PREREQFUNCTION, on_ready);
	SET(call, CURLOPT_PREREQDATA, call);
}

static void copy_request(struct http_call *call, const struct http_request *request)
{
	call->is_change = !streq(request->method, "GET") && !streq(request->method, "HEAD");
	call->idle_timeout_ms = request->idle_timeout_ms;
	call->timeout_ms = request->timeout_ms;
	call->begin_timeout_ms = request->begin_timeout_ms;
	call->max_body_bytes = request->max_body_bytes;
	call->on_status = request->on_status;
	call->on_bytes = request->on_bytes;
	call->may_send = request->may_send;
	call->new_bearer = request->new_bearer;
	call->dropped = request->dropped;
	call->done = request->done;
	call->arg = request->arg;
}

struct http_call *http_call_new(uv_loop_t *loop, CURL *easy, const char *agent, const struct http_request *request)
{
	struct http_call *call = xcalloc(1, sizeof(*call));

	call->loop = loop;
	call->easy = easy;
	call->url = curl_url();
	if (!call->url)
		abort();
	call->endpoint = xstrdup("URL");
	call->retry_after_ms = -1;
	call->end_ms = INT64_MAX;
	call->started_ms = call->last_byte_ms = (int64_t)uv_now(loop);
	buf_init(&call->collected, request->max_body_bytes);
	copy_request(call, request);
	if (!set_url(call, request) || !set_headers(call, agent, request))
		return call;
	set_transfer(call, request);
	set_proxy(call, request);
	set_body(call, request);
	set_tls(call, request->tls);
	set_callbacks(call);
	return call;
}

static void free_headers(struct curl_slist *headers)
{
	for (struct curl_slist *h = headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));      /* tokens and cookies are in them */
	curl_slist_free_all(headers);
}

static void drop_bearer(struct http_call *call)
{
	for (struct curl_slist **at = &call->headers; *at; at = &(*at)->next) {
		struct curl_slist *h = *at;

		if (strncmp(h->data, BEARER, strlen(BEARER)) != 0)
			continue;
		*at = h->next;
		h->next = NULL;
		free_headers(h);
		return;
	}
}

bool http_call_renew(struct http_call *call)
{
	const struct secret *(*ask)(void *arg) = call->new_bearer;
	const struct secret *bearer;

	if (!ask || call->failure.code || call->status != 401)
		return false;
	call->new_bearer = NULL;
	bearer = ask(call->arg);
	if (!bearer) {
		if (call->on_status && !call->on_status(call->arg, call->status))
			give_up(call);
		return false;
	}
	drop_bearer(call);
	add_bearer(call, bearer);
	SET(call, CURLOPT_HTTPHEADER, call->headers);
	buf_clear(&call->collected);
	call->has_headers = false;
	call->is_sent = false;
	call->status = 0;
	call->state = HTTP_CALL_NEW;
	return true;
}

void http_call_free(struct http_call *call)
{
	if (!call)
		return;
	if (call->dropped && call->state != HTTP_CALL_DELIVERED)
		call->dropped(call->arg);
	free_headers(call->headers);
	curl_slist_free_all(call->connect_to);
	secret_release(&call->body);
	secret_release(&call->key_pem);
	strs_release(&call->set_cookies);
	buf_release(&call->collected);
	free(call->content_type);
	free(call->endpoint);
	free(call->proxy);
	curl_url_cleanup(call->url);
	free(call);
}

/* ---- how it ended ---- */

/* Not yet begun as a stream. */
static bool is_to_begin(const struct http_call *call)
{
	return call->begin_timeout_ms && !(call->has_headers && call->status / 100 == 2);
}

int64_t http_call_due_ms(const struct http_call *call)
{
	int64_t due = call->end_ms;

	if (call->timeout_ms)
		due = MIN(due, call->started_ms + call->timeout_ms);
	if (call->idle_timeout_ms)
		due = MIN(due, call->last_byte_ms + call->idle_timeout_ms);
	if (is_to_begin(call))
		due = MIN(due, call->started_ms + call->begin_timeout_ms);
	return due;
}

void http_call_set_timed_out(struct http_call *call, int64_t now_ms)
{
	if (is_to_begin(call) && now_ms >= call->started_ms + call->begin_timeout_ms)
		err_set(&call->failure, ERR_RETRY, "%s: no answer within %lld ms", call->endpoint,
			(long long)call->begin_timeout_ms);
	else if (call->timeout_ms && now_ms >= call->started_ms + call->timeout_ms)
		err_set(&call->failure, ERR_RETRY, "%s: no whole answer within %lld ms", call->endpoint,
			(long long)call->timeout_ms);
	else if (now_ms >= call->end_ms)
		err_set(&call->failure, ERR_RETRY, "%s: no whole answer in the time that was left", call->endpoint);
	else
		err_set(&call->failure, ERR_RETRY, "%s: no byte for %lld ms", call->endpoint,
			(long long)call->idle_timeout_ms);
}

/* With TLS 1.3 a server refuses our certificate only after the handshake: it looks like a failed read. */
static bool is_certificate_alert(const char *text)
{
	return strstr(text, "alert") && (strstr(text, "certificate") || strstr(text, "unknown ca"));
}

static void set_connect_failure(struct http_call *call, CURLcode result, const char *text)
{
	long os_errno = 0;

	curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &os_errno);
	if (result == CURLE_OPERATION_TIMEDOUT)
		err_set(&call->failure, ERR_RETRY, "connect to %s%s: timed out", call->endpoint, call->proxy);
	else
		err_set(&call->failure, ERR_RETRY, "connect to %s%s: %s", call->endpoint, call->proxy,
			result == CURLE_COULDNT_CONNECT && os_errno ? strerror((int)os_errno) : text);
}

void http_call_set_result(struct http_call *call, CURLcode result)
{
	const char *text = *call->curl_error ? call->curl_error : curl_easy_strerror(result);

	if (result == CURLE_OK || call->failure.code)
		return;
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_CONNECT: case CURLE_OPERATION_TIMEDOUT:
	case CURLE_COULDNT_RESOLVE_PROXY: case CURLE_PROXY:
		set_connect_failure(call, result, text);
		break;
	case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_ISSUER_ERROR: case CURLE_SSL_INVALIDCERTSTATUS:
		err_set(&call->failure, ERR_TLS, "certificate of %s%s not accepted: %s", call->endpoint, call->proxy, text);
		break;
	case CURLE_SSL_CERTPROBLEM: case CURLE_SSL_CACERT_BADFILE:
		err_set(&call->failure, ERR_TLS, "certificates for %s cannot be used: %s", call->endpoint, text);
		break;
	case CURLE_URL_MALFORMAT: case CURLE_UNSUPPORTED_PROTOCOL:
		err_set(&call->failure, ERR_INVALID, "%s: %s", call->endpoint, text);
		break;
	default:
		err_set(&call->failure, is_certificate_alert(text) ? ERR_TLS : ERR_RETRY, "%s%s: %s", call->endpoint,
			call->proxy, text);
	}
}

struct http_reply http_call_reply(const struct http_call *call)
{
	return (struct http_reply){
		.status = call->status,
		.body = buf_slice(&call->collected),
		.content_type = call->content_type ? call->content_type : "",
		.retry_after_ms = call->retry_after_ms,
		.set_cookies = &call->set_cookies,
	};
}
