#include "common/io/zserver.h"

#include "common/io/zguard.h"
#include "common/io/zsock.h"

#define ZAP_DOMAIN "amko"
#define QUEUE_MESSAGES 128           /* for each connection and direction */
#define MESSAGES_PER_TURN 64
#define ROUTES_MAX 64
#define HANDSHAKE_MS 5000
#define HEARTBEAT_MS 5000
#define SILENCE_MS 15000
#define REBIND_MS 50
#define ENDPOINT_MAX 256
#define ROUTING_ID_MAX 16u

/* By which connection a name was heard last. */
struct route {
	char *name;
	char key[ZKEY_MAX];
	char id[ROUTING_ID_MAX];
	size_t n_id;
};

struct zserver {
	uv_loop_t *loop;
	void *context;
	struct zguard *guard;
	struct zsock *sock;
	struct zkeys keys;
	size_t max_bytes;
	char bound[ENDPOINT_MAX];    /* as it was bound: the port is kept */
	bool is_bound;
	uv_timer_t rebind;
	struct route routes[ROUTES_MAX];
	size_t n_routes;
	struct zserver_events events;
};

/* ---- routes ---- */

static struct route *route_of(struct zserver *server, const char *name)
{
	for (size_t i = 0; i < server->n_routes; i++)
		if (streq(server->routes[i].name, name))
			return &server->routes[i];
	return NULL;
}

static void learn_route(struct zserver *server, const char *name, const char *key, const zmq_msg_t *id)
{
	struct route *route = route_of(server, name);

	if (!route && server->n_routes == ROUTES_MAX)
		return;
	if (!route) {
		route = &server->routes[server->n_routes++];
		*route = (struct route){ .name = xstrdup(name) };
	}
	snprintf(route->key, sizeof(route->key), "%s", key);
	route->n_id = zmq_msg_size(id);
	memcpy(route->id, zmq_msg_data((zmq_msg_t *)(uintptr_t)id), route->n_id);
}

static void forget_route(struct zserver *server, struct route *route)
{
	free(route->name);
	*route = server->routes[--server->n_routes];
}

static bool route_is_allowed(const struct zserver *server, const struct route *route)
{
	return streq0(zguard_name(server->guard, route->key), route->name);
}

/* ---- receiving ---- */

/* A message: routing id and one frame. More parts are read away. */
struct incoming {
	zmq_msg_t id, frame;
	int n;
};

static bool receive_parts(struct zserver *server, struct incoming *in)
{
	bool is_last = false;
	zmq_msg_t more;

	for (in->n = 0; !is_last; in->n++) {
		zmq_msg_t *part = in->n == 0 ? &in->id : in->n == 1 ? &in->frame : &more;

		if (in->n > 1)
			zmq_msg_init(&more);
		if (!zsock_receive(server->sock, part, &is_last))
			return false;
		if (in->n > 1)
			zmq_msg_close(&more);
	}
	return true;
}

static bool id_is_ours(const zmq_msg_t *id)
{
	const char *bytes = zmq_msg_data((zmq_msg_t *)(uintptr_t)id);
	size_t n = zmq_msg_size(id);

	/* libzmq begins its own with a zero octet and lets no peer do so. */
	return n > 0 && n <= ROUTING_ID_MAX && bytes[0] == 0;
}

static void take_in(struct zserver *server, struct incoming *in)
{
	const struct zserver_events *e = &server->events;
	const char *key = in->n > 1 ? zmq_msg_gets(&in->frame, "User-Id") : NULL, *name;
	CLEANUP(freep) char *known = NULL;

	key = key ? key : "";
	name = zguard_name(server->guard, key);
	if (!name) {
		e->on_refused(e->arg, ZSERVER_REVOKED_KEY, key, "");
	} else if (in->n != 2) {
		e->on_refused(e->arg, ZSERVER_PARTS, key, name);
	} else if (!id_is_ours(&in->id)) {
		e->on_refused(e->arg, ZSERVER_ROUTING_ID, key, name);
	} else {
		known = xstrdup(name);      /* the list may change in the call */
		learn_route(server, known, key, &in->id);
		e->on_message(e->arg, known, (struct slice){ zmq_msg_data(&in->frame), zmq_msg_size(&in->frame) });
	}
}

static void on_readable(void *arg)
{
	struct zserver *server = arg;

	for (int i = 0; i < MESSAGES_PER_TURN; i++) {
		struct incoming in;
		bool is_whole;

		zmq_msg_init(&in.id);
		zmq_msg_init(&in.frame);
		is_whole = receive_parts(server, &in);
		if (is_whole)
			take_in(server, &in);
		zmq_msg_close(&in.id);
		zmq_msg_close(&in.frame);
		if (!is_whole)
			return;
	}
}

/* ---- the socket ---- */

static void on_unknown(void *arg, const char *key, const char *address)
{
	struct zserver *server = arg;

	(void)address;
	server->events.on_refused(server->events.arg, ZSERVER_UNKNOWN_KEY, key, "");
}

static bool set_options(struct zsock *sock, const struct zkeys *keys, size_t max_bytes)
{
	static const struct { int option, value; } options[] = {
		{ ZMQ_LINGER, 0 }, { ZMQ_ROUTER_MANDATORY, 1 }, { ZMQ_SNDHWM, QUEUE_MESSAGES }, { ZMQ_RCVHWM, QUEUE_MESSAGES },
		{ ZMQ_IPV6, 1 }, { ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS }, { ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS },
		{ ZMQ_HEARTBEAT_TIMEOUT, SILENCE_MS }, { ZMQ_CURVE_SERVER, 1 },
	};
	int64_t max = (int64_t)max_bytes;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!zsock_set_int(sock, options[i].option, options[i].value))
			return false;
	return zmq_setsockopt(zsock_handle(sock), ZMQ_MAXMSGSIZE, &max, sizeof(max)) == 0 &&
	       zsock_set_text(sock, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN) && zsock_set_text(sock, ZMQ_CURVE_SECRETKEY, keys->secret_key.bytes);
}

static void open_socket(struct zserver *server)
{
	server->sock = zsock_new(server->loop, server->context, ZMQ_ROUTER, on_readable, server);
	/* Without any of these it would be another, less safe socket. */
	if (!set_options(server->sock, &server->keys, server->max_bytes))
		abort();
}

static bool bind_socket(struct zserver *server, const char *endpoint)
{
	size_t n = sizeof(server->bound);

	if (zmq_bind(zsock_handle(server->sock), endpoint) != 0)
		return false;
	if (zmq_getsockopt(zsock_handle(server->sock), ZMQ_LAST_ENDPOINT, server->bound, &n) != 0)
		abort();
	server->is_bound = true;
	return true;
}

/* The old socket gives its port up in a thread of libzmq's. */
static void on_rebind(uv_timer_t *timer)
{
	struct zserver *server = container_of(timer, struct zserver, rebind);
	CLEANUP(freep) char *endpoint = xstrdup(server->bound);

	if (!bind_socket(server, endpoint))
		uv_timer_start(timer, on_rebind, REBIND_MS, 0);
}

static void copy_keys(struct zserver *server, const struct zkeys *keys)
{
	memcpy(server->keys.public_key, keys->public_key, sizeof(keys->public_key));
	secret_set(&server->keys.secret_key, (struct slice){ keys->secret_key.bytes, keys->secret_key.n });
}

struct zserver *zserver_new(uv_loop_t *loop, const char *endpoint, const struct zkeys *keys, size_t max_bytes,
			    const struct zserver_events *events, struct err *err)
{
	struct zserver *server = xcalloc(1, sizeof(*server));
	int code;

	server->loop = loop;
	server->max_bytes = max_bytes;
	server->events = *events;
	copy_keys(server, keys);
	server->context = zmq_ctx_new();
	server->guard = zguard_new(loop, server->context, on_unknown, server);
	uv_timer_init(loop, &server->rebind);
	open_socket(server);
	if (bind_socket(server, endpoint))
		return server;
	code = zmq_errno();
	err_set(err, code == EADDRINUSE ? ERR_RETRY : ERR_INVALID, "listen on %s: %s", endpoint, zmq_strerror(code));
	zserver_free(server);
	return NULL;
}

static void on_closed(uv_handle_t *handle)
{
	struct zserver *server = container_of((uv_timer_t *)handle, struct zserver, rebind);

	zkeys_release(&server->keys);
	free(server);
}

void zserver_free(struct zserver *server)
{
	if (!server)
		return;
	while (server->n_routes)
		forget_route(server, &server->routes[0]);
	zsock_free(server->sock);
	zguard_free(server->guard);
	zmq_ctx_term(server->context);
	uv_close((uv_handle_t *)&server->rebind, on_closed);
}

const char *zserver_endpoint(const struct zserver *server)
{
	return server->is_bound ? server->bound : "";
}

/* ---- what changes ---- */

void zserver_allow(struct zserver *server, const struct pairs *names_by_key)
{
	zguard_allow(server->guard, names_by_key);
	for (size_t i = server->n_routes; i-- > 0;)
		if (!route_is_allowed(server, &server->routes[i]))
			forget_route(server, &server->routes[i]);
}

void zserver_set_keys(struct zserver *server, const struct zkeys *keys)
{
	if (streq(server->keys.public_key, keys->public_key))
		return;
	copy_keys(server, keys);
	while (server->n_routes)
		forget_route(server, &server->routes[0]);
	if (server->is_bound)
		zmq_unbind(zsock_handle(server->sock), server->bound);
	server->is_bound = false;
	zsock_free(server->sock);
	open_socket(server);
	uv_timer_start(&server->rebind, on_rebind, 0, 0);
}

bool zserver_send(struct zserver *server, const char *name, struct slice frame)
{
	struct route *route = route_of(server, name);

	if (!route)
		return false;
	/* Mandatory routing: the id is refused when its connection is gone or full. */
	if (zsock_send(server->sock, (struct slice){ route->id, route->n_id }, false) && zsock_send(server->sock, frame, true))
		return true;
	forget_route(server, route);
	return false;
}
