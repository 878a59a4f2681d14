#include "common/io/zguard.h"

#define ENDPOINT "inproc://zeromq.zap.01"
#define PARTS 7                      /* version, request, domain, address, identity, mechanism, credentials */
#define PART_MAX 256u
#define REQUESTS_PER_TURN 32

struct zguard {
	struct zsock *sock;
	struct pairs names_by_key;
	void (*on_refused)(void *arg, const char *key, const char *address);
	void *arg;
};

struct request {
	char parts[PARTS][PART_MAX];
	size_t n_bytes[PARTS];
	int n;                       /* parts, also those that are not kept */
};

static bool receive(struct zguard *guard, struct request *request)
{
	bool is_last = false;

	request->n = 0;
	while (!is_last) {
		zmq_msg_t part;
		size_t n;

		zmq_msg_init(&part);
		if (!zsock_receive(guard->sock, &part, &is_last))
			return false;
		n = MIN(zmq_msg_size(&part), (size_t)PART_MAX - 1);
		if (request->n < PARTS) {
			memcpy(request->parts[request->n], zmq_msg_data(&part), n);
			request->parts[request->n][n] = '\0';
			request->n_bytes[request->n] = n;
		}
		request->n++;
		zmq_msg_close(&part);
	}
	return true;
}

/* The key that was proved, in Z85; "": none. */
static void key_of(const struct request *request, char out[ZKEY_MAX])
{
	*out = '\0';
	if (request->n == PARTS && streq(request->parts[5], "CURVE") && request->n_bytes[6] == 32)
		zmq_z85_encode(out, (const uint8_t *)request->parts[6], 32);
}

/* 300 and not 400: the peer is dropped without a word, and comes back later, when its key may be on the list. After a 400 libzmq's
 * client never tries again. */
static void answer(struct zguard *guard, const struct request *request, bool is_let_in, const char *key)
{
	const char *const parts[] = {
		"1.0", request->n > 1 ? request->parts[1] : "", is_let_in ? "200" : "300", is_let_in ? "OK" : "not allowed",
		is_let_in ? key : "", "",
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		zsock_send(guard->sock, slice_of(parts[i]), i + 1 == ARRAY_SIZE(parts));
}

static void on_readable(void *arg)
{
	struct zguard *guard = arg;
	struct request request;

	for (int i = 0; i < REQUESTS_PER_TURN && receive(guard, &request); i++) {
		char key[ZKEY_MAX];
		bool is_let_in;

		key_of(&request, key);
		is_let_in = *key && zguard_name(guard, key);
		answer(guard, &request, is_let_in, key);
		if (!is_let_in)
			guard->on_refused(guard->arg, key, request.n > 3 ? request.parts[3] : "");
	}
}

struct zguard *zguard_new(uv_loop_t *loop, void *context, void (*on_refused)(void *arg, const char *key, const char *address),
			  void *arg)
{
	struct zguard *guard = xcalloc(1, sizeof(*guard));

	guard->on_refused = on_refused;
	guard->arg = arg;
	guard->sock = zsock_new(loop, context, ZMQ_REP, on_readable, guard);
	if (zmq_bind(zsock_handle(guard->sock), ENDPOINT) != 0)
		abort();
	return guard;
}

void zguard_free(struct zguard *guard)
{
	if (!guard)
		return;
	zsock_free(guard->sock);
	pairs_release(&guard->names_by_key);
	free(guard);
}

void zguard_allow(struct zguard *guard, const struct pairs *names_by_key)
{
	pairs_copy(&guard->names_by_key, names_by_key);
}

const char *zguard_name(const struct zguard *guard, const char *key)
{
	return pairs_get(&guard->names_by_key, key);
}
