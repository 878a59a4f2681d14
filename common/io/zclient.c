#include "common/io/zclient.h"

#include "common/io/zsock.h"

#define QUEUE_MESSAGES 128
#define MESSAGES_PER_TURN 64
#define CONNECT_MS 5000
#define HEARTBEAT_MS 5000
#define SILENCE_MS 15000
#define RECONNECT_MS 200
#define RECONNECT_MAX_MS 10000

struct zclient {
	void *context;
	struct zsock *sock;
	void (*on_message)(void *arg, struct slice frame);
	void *arg;
};

/* Only whole messages of one frame are handed on. */
static bool receive_one(struct zclient *client)
{
	bool is_first = true, is_last = false;

	while (!is_last) {
		zmq_msg_t part;

		zmq_msg_init(&part);
		if (!zsock_receive(client->sock, &part, &is_last))
			return false;
		if (is_first && is_last)
			client->on_message(client->arg, (struct slice){ zmq_msg_data(&part), zmq_msg_size(&part) });
		is_first = false;
		zmq_msg_close(&part);
	}
	return true;
}

static void on_readable(void *arg)
{
	for (int i = 0; i < MESSAGES_PER_TURN && receive_one(arg); i++)
		;
}

static bool set_options(struct zsock *sock, const char *server_key, const struct zkeys *keys, size_t max_bytes)
{
	return zsock_set_int(sock, ZMQ_LINGER, 0) && zsock_set_int(sock, ZMQ_SNDHWM, QUEUE_MESSAGES) &&
	       zsock_set_int(sock, ZMQ_RCVHWM, QUEUE_MESSAGES) && zsock_set_int(sock, ZMQ_IPV6, 1) &&
	       zsock_set_int(sock, ZMQ_CONNECT_TIMEOUT, CONNECT_MS) && zsock_set_int(sock, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS) &&
	       zsock_set_int(sock, ZMQ_HEARTBEAT_TIMEOUT, SILENCE_MS) && zsock_set_int(sock, ZMQ_RECONNECT_IVL, RECONNECT_MS) &&
	       zsock_set_int(sock, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS) &&
	       zmq_setsockopt(zsock_handle(sock), ZMQ_MAXMSGSIZE, &(int64_t){ (int64_t)max_bytes }, sizeof(int64_t)) == 0 &&
	       zsock_set_text(sock, ZMQ_CURVE_SERVERKEY, server_key) &&
	       zsock_set_text(sock, ZMQ_CURVE_PUBLICKEY, keys->public_key) &&
	       zsock_set_text(sock, ZMQ_CURVE_SECRETKEY, keys->secret_key.bytes);
}

struct zclient *zclient_new(uv_loop_t *loop, const char *endpoint, const char *server_key, const struct zkeys *keys,
			    size_t max_bytes, void (*on_message)(void *arg, struct slice frame), void *arg, struct err *err)
{
	struct zclient *client;

	if (!zkey_is_sound(server_key)) {
		err_set(err, ERR_INVALID, "%s: the server's public key is no CURVE key", endpoint);
		return NULL;
	}
	client = xcalloc(1, sizeof(*client));
	client->on_message = on_message;
	client->arg = arg;
	client->context = zmq_ctx_new();
	client->sock = zsock_new(loop, client->context, ZMQ_DEALER, on_readable, client);
	if (!set_options(client->sock, server_key, keys, max_bytes))
		abort();
	if (zmq_connect(zsock_handle(client->sock), endpoint) == 0)
		return client;
	err_set(err, ERR_INVALID, "connect to %s: %s", endpoint, zmq_strerror(zmq_errno()));
	zclient_free(client);
	return NULL;
}

void zclient_free(struct zclient *client)
{
	if (!client)
		return;
	zsock_free(client->sock);
	zmq_ctx_term(client->context);
	free(client);
}

bool zclient_send(struct zclient *client, struct slice frame)
{
	return zsock_send(client->sock, frame, true);
}
