#include "common/io/http_client.h"

#include <ctype.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utlist.h>

#include "common/io/http_call.h"

#define MAX_SPARES 8

/* curl must not be entered again from its own callbacks. So a new call only joins the list, and one that is cancelled in
 * there is only marked; settle() does the rest when curl has returned. done is never called in there. */
struct http_client {
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t curl_timer;         /* when curl wants to be called */
	bool is_curl_due;              /* it wants that now */
	uv_timer_t clock;              /* our own time-outs */
	/* There is something to do in the next turn of the loop. A timer of 0 ms would not do: libuv 1.44 calls one that is
	 * started anew in its callback again in the same turn, for ever if need be, and no other descriptor gets its turn. */
	uv_idle_t soon;
	struct http_call *calls;
	/* Of ended calls, for the next ones: making one costs as much as all that is set in it. */
	CURL *spares[MAX_SPARES];
	size_t n_spares;
	struct socket_watch *sockets;
	int64_t unacked_ms;            /* of new connections; 0: as the system does */
	char *agent;                   /* a header */
	bool is_clock_wrong;           /* a call has become due at another time */
	bool is_inside;                /* a callback other than done is running */
	bool is_closing;
	int n_open_handles;
};

struct socket_watch {
	struct socket_watch *prev, *next;
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t fd;
	int64_t last_read_ms;
};

/* ---- calls ---- */

static void leave_curl(struct http_client *client, struct http_call *call)
{
	if (call->is_with_curl)
		curl_multi_remove_handle(client->multi, call->easy);
	call->is_with_curl = false;
}

static CURL *take_easy(struct http_client *client)
{
	CURL *easy = client->n_spares ? client->spares[--client->n_spares] : curl_easy_init();

	if (!easy)
		abort();
	return easy;
}

static void free_call(struct http_client *client, struct http_call *call)
{
	CURL *easy = call->easy;

	curl_easy_reset(easy);             /* it points into the call */
	http_call_free(call);
	if (client->multi && client->n_spares < MAX_SPARES)
		client->spares[client->n_spares++] = easy;
	else
		curl_easy_cleanup(easy);
}

static void drop_call(struct http_client *client, struct http_call *call)
{
	leave_curl(client, call);
	DL_DELETE(client->calls, call);
	free_call(client, call);
}

static void finish_call(struct http_client *client, struct http_call *call)
{
	leave_curl(client, call);
	call->state = HTTP_CALL_FINISHED;
}

static void start_call(struct http_client *client, struct http_call *call)
{
	CURLMcode code;

	call->state = HTTP_CALL_FINISHED;
	if (call->failure.code)
		return;
	code = curl_multi_add_handle(client->multi, call->easy);
	if (code != CURLM_OK) {
		err_set(&call->failure, ERR_RETRY, "%s: %s", call->endpoint, curl_multi_strerror(code));
		return;
	}
	call->is_with_curl = true;
	call->state = HTTP_CALL_RUNNING;
}

static void collect_results(struct http_client *client)
{
	CURLMsg *msg;
	int n_left;

	while ((msg = curl_multi_info_read(client->multi, &n_left))) {
		CURLcode result = msg->data.result;
		struct http_call *call = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &call);
		if (call->state != HTTP_CALL_RUNNING)
			continue;
		http_call_set_result(call, result);
		finish_call(client, call);
	}
}

static void deliver(struct http_client *client, struct http_call *call)
{
	DL_DELETE(client->calls, call);
	call->state = HTTP_CALL_DELIVERED;
	if (call->failure.code) {
		call->done(call->arg, NULL, &call->failure);
	} else {
		struct http_reply reply = http_call_reply(call);

		call->done(call->arg, &reply, NULL);
	}
	free_call(client, call);
}

static void sweep_calls(struct http_client *client)
{
	struct http_call *call, *next;

	DL_FOREACH_SAFE(client->calls, call, next) {
		if (call->state == HTTP_CALL_CANCELLED)
			drop_call(client, call);
		else if (call->state == HTTP_CALL_NEW)
			start_call(client, call);
	}
}

static struct http_call *next_finished(struct http_client *client)
{
	struct http_call *call;

	DL_FOREACH(client->calls, call)
		if (call->state == HTTP_CALL_FINISHED)
			return call;
	return NULL;
}

/* A 401 may make it a new call. The owner is asked, who may end the call or the client. */
static void end_call(struct http_client *client, struct http_call *call)
{
	bool is_new;

	client->is_inside = true;
	is_new = http_call_renew(call);
	client->is_inside = false;
	if (call->state == HTTP_CALL_CANCELLED)
		drop_call(client, call);
	else if (is_new)
		start_call(client, call);
	else
		deliver(client, call);
}

/* ---- time-outs of our own ---- */

/* A dead HTTP/2 peer shows only as silence, and curl would put the next request onto the same connection. So where not a
 * byte was read from the whole connection since the call's last one, it is shut down: everything on it ends now, and
 * what comes next gets a new one. */
static void shut_silent_connection(struct http_client *client, const struct http_call *call)
{
	struct socket_watch *s;

	DL_FOREACH(client->sockets, s) {
		struct sockaddr_storage name = { 0 };
		socklen_t size = sizeof(name);
		int port = 0;

		if (getsockname(s->fd, (struct sockaddr *)&name, &size) < 0)
			continue;
		if (name.ss_family == AF_INET)
			port = ntohs(((const struct sockaddr_in *)&name)->sin_port);
		else if (name.ss_family == AF_INET6)
			port = ntohs(((const struct sockaddr_in6 *)&name)->sin6_port);
		if (port && port == call->local_port && s->last_read_ms <= call->last_byte_ms)
			shutdown(s->fd, SHUT_RDWR);
	}
}

static void end_due_calls(struct http_client *client)
{
	int64_t now_ms = http_now_ms(client);
	struct http_call *call;

	DL_FOREACH(client->calls, call) {
		if (call->state != HTTP_CALL_RUNNING || http_call_due_ms(call) > now_ms)
			continue;
		http_call_set_timed_out(call, now_ms);
		shut_silent_connection(client, call);
		finish_call(client, call);
	}
}

/* ---- the loop ---- */

static void on_client_closed(uv_handle_t *handle)
{
	struct http_client *client = handle->data;

	if (--client->n_open_handles > 0)
		return;
	free(client->agent);
	free(client);
}

static void on_socket_closed(uv_handle_t *handle)
{
	free(container_of((uv_poll_t *)handle, struct socket_watch, poll));
}

static void close_socket_watch(struct socket_watch *s)
{
	DL_DELETE(s->client->sockets, s);
	uv_close((uv_handle_t *)&s->poll, on_socket_closed);
}

static void tear_down(struct http_client *client)
{
	while (client->calls)
		drop_call(client, client->calls);
	while (client->n_spares)
		curl_easy_cleanup(client->spares[--client->n_spares]);
	curl_multi_cleanup(TAKE(client->multi));
	while (client->sockets)
		close_socket_watch(client->sockets);
	uv_close((uv_handle_t *)&client->curl_timer, on_client_closed);
	uv_close((uv_handle_t *)&client->clock, on_client_closed);
	uv_close((uv_handle_t *)&client->soon, on_client_closed);
}

/* Everything that waited for curl to return; then the finished calls, one by one: each done may start and cancel others and
 * even free the client, whose memory stays until the loop has closed its handles. */
static void settle(struct http_client *client)
{
	struct http_call *call;

	if (!client->is_closing) {
		sweep_calls(client);
		collect_results(client);
	}
	while (!client->is_closing && (call = next_finished(client)))
		end_call(client, call);
	if (client->is_closing && client->multi)
		tear_down(client);
}

static void set_clock(struct http_client *client);

static void run_curl(struct http_client *client, curl_socket_t fd, int events)
{
	int n_running;

	client->is_inside = true;
	curl_multi_socket_action(client->multi, fd, events, &n_running);
	client->is_inside = false;
	settle(client);
	if (!client->is_closing && client->is_clock_wrong)
		set_clock(client);
}

static void on_socket_event(uv_poll_t *poll, int status, int events)
{
	struct socket_watch *s = container_of(poll, struct socket_watch, poll);
	int action = status < 0 ? CURL_CSELECT_ERR : 0;

	if (events & UV_READABLE) {
		action |= CURL_CSELECT_IN;
		s->last_read_ms = (int64_t)uv_now(s->client->loop);
	}
	if (events & UV_WRITABLE)
		action |= CURL_CSELECT_OUT;
	run_curl(s->client, s->fd, action);
}

static void on_curl_timer(uv_timer_t *timer)
{
	run_curl(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static void on_clock(uv_timer_t *timer)
{
	struct http_client *client = timer->data;

	end_due_calls(client);
	settle(client);
	if (!client->is_closing)
		set_clock(client);
}

static void set_clock(struct http_client *client)
{
	int64_t now_ms = http_now_ms(client), due_ms = INT64_MAX;
	struct http_call *call;

	client->is_clock_wrong = false;
	DL_FOREACH(client->calls, call)
		if (call->state == HTTP_CALL_RUNNING)
			due_ms = MIN(due_ms, http_call_due_ms(call));
	if (due_ms != INT64_MAX)
		uv_timer_start(&client->clock, on_clock, (uint64_t)MAX(due_ms - now_ms, (int64_t)1), 0);
	else
		uv_timer_stop(&client->clock);
}

static void on_soon(uv_idle_t *soon)
{
	struct http_client *client = soon->data;

	uv_idle_stop(soon);
	settle(client);
	if (!client->is_closing && client->is_curl_due) {
		client->is_curl_due = false;
		run_curl(client, CURL_SOCKET_TIMEOUT, 0);
	}
	if (!client->is_closing)
		set_clock(client);
}

static int curl_wants_timer(CURLM *multi, long wait_ms, void *arg)
{
	struct http_client *client = arg;

	(void)multi;
	client->is_curl_due = wait_ms == 0;
	if (wait_ms > 0)
		uv_timer_start(&client->curl_timer, on_curl_timer, (uint64_t)wait_ms, 0);
	else
		uv_timer_stop(&client->curl_timer);
	if (client->is_curl_due)
		uv_idle_start(&client->soon, on_soon);
	return 0;
}

static struct socket_watch *watch_socket(struct http_client *client, curl_socket_t fd)
{
	struct socket_watch *s = xcalloc(1, sizeof(*s));

	s->client = client;
	s->fd = fd;
	s->last_read_ms = (int64_t)uv_now(client->loop);
	if (uv_poll_init_socket(client->loop, &s->poll, fd) < 0) {
		free(s);
		return NULL;
	}
	DL_APPEND(client->sockets, s);
	curl_multi_assign(client->multi, fd, s);
	return s;
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct http_client *client = arg;
	struct socket_watch *s = socket_arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s)
			close_socket_watch(s);
		curl_multi_assign(client->multi, fd, NULL);
		return 0;
	}
	if (!s && !(s = watch_socket(client, fd)))
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&s->poll, events, on_socket_event) < 0 ? -1 : 0;
}

static void init_curl_once(void)
{
	static bool is_done;

	if (!is_done && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
	is_done = true;
}

static void open_timer(struct http_client *client, uv_timer_t *timer)
{
	uv_timer_init(client->loop, timer);
	timer->data = client;
	client->n_open_handles++;
}

/* ---- public ---- */

#define AGENT "User-Agent: amko/" AMKO_VERSION

static char in_comment(char c)
{
	return c >= ' ' && c <= '~' && c != '(' && c != ')' && c != '\\' ? c : '_';
}

void http_client_set_agent(struct http_client *client, const char *who)
{
	char *agent = *who ? xasprintf(AGENT " (%s)", who) : xstrdup(AGENT);

	for (size_t i = 0; who[i]; i++)
		agent[strlen(AGENT " (") + i] = in_comment(who[i]);
	free(client->agent);
	client->agent = agent;
}

struct http_client *http_client_new(uv_loop_t *loop, int max_host_connections)
{
	struct http_client *client = xcalloc(1, sizeof(*client));

	init_curl_once();
	client->loop = loop;
	http_client_set_agent(client, "");
	client->multi = curl_multi_init();
	if (!client->multi)
		abort();
	open_timer(client, &client->curl_timer);
	open_timer(client, &client->clock);
	uv_idle_init(loop, &client->soon);
	client->soon.data = client;
	client->n_open_handles++;
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)max_host_connections);
	/* Else as many are kept as four times the requests under way: with the last of a burst most would be closed. */
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)max_host_connections);
	return client;
}

void http_client_deliver_nothing_late(struct http_client *client, int64_t unacked_ms)
{
	client->unacked_ms = unacked_ms;
}

void http_client_due_changed(struct http_client *client)
{
	client->is_clock_wrong = true;
}

void http_client_free(struct http_client *client)
{
	struct http_call *call;

	if (!client || client->is_closing)
		return;
	client->is_closing = true;
	DL_FOREACH(client->calls, call)
		call->state = HTTP_CALL_CANCELLED;
	if (!client->is_inside)
		tear_down(client);
}

struct http_call *http_start(struct http_client *client, const struct http_request *request)
{
	struct http_call *call = http_call_new(client->loop, take_easy(client), client->agent, request);

	assert(!client->is_closing);
	call->client = client;
	call->unacked_ms = client->unacked_ms;
	DL_APPEND(client->calls, call);
	uv_idle_start(&client->soon, on_soon);
	return call;
}

void http_cancel(struct http_call *call)
{
	if (!call || call->state == HTTP_CALL_DELIVERED || call->state == HTTP_CALL_CANCELLED)
		return;
	if (call->client->is_inside)
		call->state = HTTP_CALL_CANCELLED;
	else
		drop_call(call->client, call);
}

int64_t http_now_ms(const struct http_client *client)
{
	return (int64_t)uv_now(client->loop);
}

uv_loop_t *http_loop(const struct http_client *client)
{
	return client->loop;
}

char *http_escape(const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = xmalloc(3 * strlen(text) + 1), *p = out;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c)) {
			*p++ = (char)c;
			continue;
		}
		*p++ = '%';
		*p++ = digits[c >> 4];
		*p++ = digits[c & 15];
	}
	*p = '\0';
	return out;
}
