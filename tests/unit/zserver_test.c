/* The federation's transport over loopback: who is let in, who gets nothing, what somebody on the line sees. */
#include "tests/unit/unit.h"

#include <uv.h>
#include <zmq.h>

#include "common/base/buf.h"
#include "common/io/zclient.h"
#include "common/io/zserver.h"

#define PATIENCE_MS 60000            /* a loaded machine; nothing waits for it to pass */
#define LARGE 8192
#define SECRET_NAME "GSLBHostRule/shop/the-name-that-nobody-must-see"

struct client_side {
	struct zclient *client;
	int n;
	char last[100];
};

struct world {
	uv_loop_t loop;
	uv_timer_t timer;
	bool is_late;
	struct zserver *server;
	struct zkeys server_keys, west_keys, north_keys, foreign_keys;
	struct pairs allowed;
	struct client_side west, north;
	int n_messages, n_small, n_refused[4];
	char last_name[20], last[100];
	bool echoes;
};

/* ---- the loop ---- */

static void on_late(uv_timer_t *timer)
{
	container_of(timer, struct world, timer)->is_late = true;
}

/* Until the condition holds; fails when that takes too long. */
#define run_until(w, condition) do { \
	uv_timer_start(&(w)->timer, on_late, PATIENCE_MS, 0); \
	while (!(condition) && !(w)->is_late) \
		uv_run(&(w)->loop, UV_RUN_ONCE); \
	uv_timer_stop(&(w)->timer); \
	assert_true(condition); } while (0)

/* A message there and back has overtaken whatever was on its way before. */
static void round_trip(struct world *w, struct client_side *side)
{
	int before = side->n;

	w->echoes = true;
	assert_true(zclient_send(side->client, slice_of("are you there?")));
	run_until(w, side->n > before);
	w->echoes = false;
}

/* ---- both ends ---- */

static void put_text(char *out, size_t size, struct slice text)
{
	snprintf(out, size, "%.*s", (int)MIN(text.n, size - 1), text.p);
}

static void on_message(void *arg, const char *name, struct slice frame)
{
	struct world *w = arg;

	w->n_messages++;
	w->n_small += streq(name, "north") && slice_eq(frame, "small");
	put_text(w->last_name, sizeof(w->last_name), slice_of(name));
	put_text(w->last, sizeof(w->last), frame);
	if (w->echoes)
		zserver_send(w->server, name, frame);
}

static void on_refused(void *arg, enum zserver_refusal refusal, const char *key, const char *name)
{
	struct world *w = arg;

	(void)key, (void)name;
	w->n_refused[refusal]++;
}

static void on_answer(void *arg, struct slice frame)
{
	struct client_side *side = arg;

	side->n++;
	put_text(side->last, sizeof(side->last), frame);
}

static void allow(struct world *w, const char *west_key)
{
	CLEANUP(cJSON_Deletep) cJSON *json = cJSON_CreateObject();

	if (west_key)
		json_put_str(json, west_key, "west");
	json_put_str(json, w->north_keys.public_key, "north");
	pairs_release(&w->allowed);
	pairs_from_json(json, &w->allowed);
	zserver_allow(w->server, &w->allowed);
}

static struct zclient *connect_to(struct world *w, const char *endpoint, const struct zkeys *keys, struct client_side *side)
{
	struct zclient *client = zclient_new(&w->loop, endpoint, w->server_keys.public_key, keys, LARGE, on_answer, side, NULL);

	assert_non_null(client);
	return client;
}

static int setup(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	const struct zserver_events events = { on_message, on_refused, w };
	struct err err = { 0 };

	uv_loop_init(&w->loop);
	uv_timer_init(&w->loop, &w->timer);
	assert_true(zkeys_make(&w->server_keys, NULL) && zkeys_make(&w->west_keys, NULL) && zkeys_make(&w->north_keys, NULL) &&
		    zkeys_make(&w->foreign_keys, NULL));
	w->server = zserver_new(&w->loop, "tcp://127.0.0.1:*", &w->server_keys, LARGE, &events, &err);
	if (!w->server)
		fail_msg("%s", err.msg);
	allow(w, w->west_keys.public_key);
	w->west.client = connect_to(w, zserver_endpoint(w->server), &w->west_keys, &w->west);
	w->north.client = connect_to(w, zserver_endpoint(w->server), &w->north_keys, &w->north);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	zclient_free(w->west.client);
	zclient_free(w->north.client);
	zserver_free(w->server);
	uv_close((uv_handle_t *)&w->timer, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	pairs_release(&w->allowed);
	zkeys_release(&w->server_keys);
	zkeys_release(&w->west_keys);
	zkeys_release(&w->north_keys);
	zkeys_release(&w->foreign_keys);
	free(w);
	return 0;
}

/* ---- who is let in ---- */

static void a_peer_is_known_by_its_key(void **state)
{
	struct world *w = *state;

	round_trip(w, &w->west);
	assert_text(w->last_name, "west");
	round_trip(w, &w->north);
	assert_text(w->last_name, "north");
	assert_true(zserver_send(w->server, "west", slice_of("for west")));
	run_until(w, streq(w->west.last, "for west"));
	assert_text(w->north.last, "are you there?");
	assert_false(zserver_send(w->server, "south", slice_of("x")));
}

static void a_key_that_is_not_on_the_list_gets_nothing(void **state)
{
	struct world *w = *state;
	struct client_side foreign = { 0 };

	foreign.client = connect_to(w, zserver_endpoint(w->server), &w->foreign_keys, &foreign);
	assert_true(zclient_send(foreign.client, slice_of("let me in")));
	w->echoes = true;
	run_until(w, w->n_refused[ZSERVER_UNKNOWN_KEY] > 0);
	round_trip(w, &w->west);
	assert_int_equal(w->n_messages, 1);
	assert_int_equal(foreign.n, 0);
	zclient_free(foreign.client);
}

static void a_key_that_is_put_on_the_list_gets_in_without_a_restart(void **state)
{
	struct world *w = *state;
	struct client_side late = { 0 };

	late.client = connect_to(w, zserver_endpoint(w->server), &w->foreign_keys, &late);
	assert_true(zclient_send(late.client, slice_of("let me in")));
	run_until(w, w->n_refused[ZSERVER_UNKNOWN_KEY] > 0);
	allow(w, w->foreign_keys.public_key);
	w->echoes = true;
	run_until(w, late.n > 0);
	assert_text(w->last_name, "west");
	zclient_free(late.client);
}

static void a_revoked_key_gets_nothing_though_it_is_connected(void **state)
{
	struct world *w = *state;

	round_trip(w, &w->west);
	allow(w, NULL);
	assert_false(zserver_send(w->server, "west", slice_of("secret")));
	w->echoes = true;
	assert_true(zclient_send(w->west.client, slice_of("still there")));
	run_until(w, w->n_refused[ZSERVER_REVOKED_KEY] > 0);
	round_trip(w, &w->north);
	assert_int_equal(w->west.n, 1);
	assert_text(w->last_name, "north");
}

/* A peer of the test's own making: a socket of libzmq's without any of our code. */
struct stranger {
	void *context, *socket;
};

static struct stranger stranger_new(const struct world *w, const struct zkeys *keys, const char *id)
{
	struct stranger s = { zmq_ctx_new(), NULL };

	s.socket = zmq_socket(s.context, ZMQ_DEALER);
	zmq_setsockopt(s.socket, ZMQ_LINGER, &(int){ 0 }, sizeof(int));
	zmq_setsockopt(s.socket, ZMQ_SNDHWM, &(int){ 0 }, sizeof(int));
	if (id)
		zmq_setsockopt(s.socket, ZMQ_ROUTING_ID, id, strlen(id));
	if (keys) {
		zmq_setsockopt(s.socket, ZMQ_CURVE_SERVERKEY, w->server_keys.public_key, 40);
		zmq_setsockopt(s.socket, ZMQ_CURVE_PUBLICKEY, keys->public_key, 40);
		zmq_setsockopt(s.socket, ZMQ_CURVE_SECRETKEY, keys->secret_key.bytes, 40);
	}
	assert_int_equal(zmq_connect(s.socket, zserver_endpoint(w->server)), 0);
	return s;
}

static bool stranger_heard(const struct stranger *s)
{
	char byte;

	return zmq_recv(s->socket, &byte, 1, ZMQ_DONTWAIT) >= 0;
}

static void stranger_free(struct stranger *s)
{
	zmq_close(s->socket);
	zmq_ctx_term(s->context);
}

static void a_peer_without_any_key_gets_nothing(void **state)
{
	struct world *w = *state;
	struct stranger plain = stranger_new(w, NULL, NULL);

	w->echoes = true;
	zmq_send(plain.socket, "hello", 5, ZMQ_DONTWAIT);
	for (int i = 0; i < 20; i++)
		round_trip(w, &w->west);
	assert_int_equal(w->n_messages, 20);
	assert_false(stranger_heard(&plain));
	stranger_free(&plain);
}

static void who_does_not_have_the_servers_key_is_no_server(void **state)
{
	struct world *w = *state;
	struct client_side side = { 0 };

	/* The client believes in another server: this one cannot answer it. */
	side.client = zclient_new(&w->loop, zserver_endpoint(w->server), w->foreign_keys.public_key, &w->west_keys, LARGE, on_answer,
				  &side, NULL);
	assert_true(zclient_send(side.client, slice_of("hello")));
	for (int i = 0; i < 20; i++)
		round_trip(w, &w->north);
	assert_int_equal(w->n_messages, 20);
	assert_int_equal(side.n, 0);
	zclient_free(side.client);
}

/* ---- a hostile peer that holds a valid key ---- */

static void a_routing_id_of_ones_own_is_refused(void **state)
{
	struct world *w = *state;
	struct stranger s = stranger_new(w, &w->north_keys, "west");

	zmq_send(s.socket, "I am west", 9, ZMQ_DONTWAIT);
	run_until(w, w->n_refused[ZSERVER_ROUTING_ID] > 0);
	assert_int_equal(w->n_messages, 0);
	round_trip(w, &w->west);
	assert_true(zserver_send(w->server, "west", slice_of("for west")));
	run_until(w, streq(w->west.last, "for west"));
	assert_false(stranger_heard(&s));
	stranger_free(&s);
}

static void several_parts_and_too_large_a_frame_are_refused(void **state)
{
	struct world *w = *state;
	struct stranger s = stranger_new(w, &w->north_keys, NULL);
	CLEANUP(freep) char *large = xcalloc(1, LARGE + 1);

	zmq_send(s.socket, "one", 3, ZMQ_DONTWAIT | ZMQ_SNDMORE);
	zmq_send(s.socket, "two", 3, ZMQ_DONTWAIT | ZMQ_SNDMORE);
	zmq_send(s.socket, "three", 5, ZMQ_DONTWAIT);
	run_until(w, w->n_refused[ZSERVER_PARTS] == 1);
	zmq_send(s.socket, large, LARGE + 1, ZMQ_DONTWAIT);      /* ends the connection */
	for (int i = 0; i < 20; i++)
		round_trip(w, &w->west);
	assert_int_equal(w->n_messages, 20);
	/* It comes back; what it says just when the connection ends is lost. */
	for (int i = 0; i < 100000 && !w->n_small && !w->is_late; i++) {
		zmq_send(s.socket, "small", 5, ZMQ_DONTWAIT);
		round_trip(w, &w->west);
	}
	assert_true(w->n_small);
	stranger_free(&s);
}

/* ---- the loop and the descriptor's edges ---- */

static void nothing_is_left_lying_about_when_there_is_much_of_it(void **state)
{
	struct world *w = *state;
	const int n = 500;

	round_trip(w, &w->west);
	for (int i = 0, want = w->n_messages; i < n; i++) {
		want++;
		/* Sends may be refused while the queue is full: what was taken must arrive. */
		while (!zclient_send(w->west.client, slice_of("one of many")))
			uv_run(&w->loop, UV_RUN_NOWAIT);
		/* A send to the server's own peers, so that it uses wake-ups up. */
		zserver_send(w->server, "west", slice_of("x"));
		if (i == n - 1)
			run_until(w, w->n_messages == want);
	}
}

static void a_peer_that_does_not_read_fills_no_memory(void **state)
{
	struct world *w = *state;
	struct stranger s = stranger_new(w, &w->north_keys, NULL);
	CLEANUP(freep) char *large = xcalloc(1, LARGE);
	int n_sent = 0;

	zmq_setsockopt(s.socket, ZMQ_RCVHWM, &(int){ 1 }, sizeof(int));
	zmq_send(s.socket, "hello", 5, ZMQ_DONTWAIT);
	run_until(w, w->n_messages == 1);
	while (n_sent < 100000 && zserver_send(w->server, "north", (struct slice){ large, LARGE }))
		n_sent++;
	assert_true(n_sent > 0 && n_sent < 100000);
	assert_false(zserver_send(w->server, "north", slice_of("more")));      /* its route is forgotten until it speaks again */
	round_trip(w, &w->west);
	stranger_free(&s);
}

/* ---- rotation ---- */

static void the_server_changes_its_keys_and_keeps_its_port(void **state)
{
	struct world *w = *state;
	CLEANUP(freep) char *endpoint = xstrdup(zserver_endpoint(w->server));
	struct zkeys fresh = { 0 };

	round_trip(w, &w->west);
	assert_true(zkeys_make(&fresh, NULL));
	zserver_set_keys(w->server, &fresh);
	zkeys_release(&w->server_keys);
	w->server_keys = fresh;
	run_until(w, *zserver_endpoint(w->server));
	assert_text(zserver_endpoint(w->server), endpoint);
	zclient_free(w->west.client);
	w->west.client = connect_to(w, endpoint, &w->west_keys, &w->west);
	round_trip(w, &w->west);
	assert_text(w->last_name, "west");
}

static void a_member_changes_its_key(void **state)
{
	struct world *w = *state;

	round_trip(w, &w->west);
	allow(w, w->foreign_keys.public_key);
	zclient_free(w->west.client);
	w->west.client = connect_to(w, zserver_endpoint(w->server), &w->foreign_keys, &w->west);
	round_trip(w, &w->west);
	assert_text(w->last_name, "west");
}

static void an_address_that_is_taken_is_told(void **state)
{
	struct world *w = *state;
	const struct zserver_events events = { on_message, on_refused, w };
	struct err err = { 0 };

	assert_null(zserver_new(&w->loop, zserver_endpoint(w->server), &w->server_keys, LARGE, &events, &err));
	assert_int_equal(err.code, ERR_RETRY);
	assert_non_null(strstr(err.msg, "listen on tcp://"));
	assert_null(zserver_new(&w->loop, "tcp://nonsense", &w->server_keys, LARGE, &events, &err));
	assert_int_equal(err.code, ERR_INVALID);
	assert_null(zclient_new(&w->loop, "tcp://127.0.0.1:1", "short", &w->west_keys, LARGE, on_answer, &w->west, &err));
	assert_int_equal(err.code, ERR_INVALID);
}

/* ---- somebody on the line ---- */

/* Forwards one connection and keeps every octet. */
struct tap {
	uv_tcp_t listener, front, back;
	uv_connect_t connect;
	int port, to;
	struct buf seen;
	int n_open;
};

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
	(void)handle;
	*out = uv_buf_init(xmalloc(suggested), (unsigned)suggested);
}

static void on_forwarded(uv_write_t *write, int status)
{
	(void)status;
	free(write->data);
	free(write);
}

static void on_octets(uv_stream_t *from, ssize_t n, const uv_buf_t *octets)
{
	struct tap *tap = from->data;
	uv_stream_t *to = (uv_stream_t *)(from == (uv_stream_t *)&tap->front ? &tap->back : &tap->front);
	uv_write_t *write;

	if (n <= 0) {
		free(octets->base);
		return;
	}
	assert_true(buf_add(&tap->seen, (struct slice){ octets->base, (size_t)n }));
	write = xcalloc(1, sizeof(*write));
	write->data = octets->base;
	if (uv_write(write, to, &(uv_buf_t){ octets->base, (size_t)n }, 1, on_forwarded) != 0)
		on_forwarded(write, 0);
}

static void on_through(uv_connect_t *connect, int status)
{
	struct tap *tap = connect->data;

	assert_int_equal(status, 0);
	uv_read_start((uv_stream_t *)&tap->front, allocate, on_octets);
	uv_read_start((uv_stream_t *)&tap->back, allocate, on_octets);
}

static void on_caller(uv_stream_t *listener, int status)
{
	struct tap *tap = container_of((uv_tcp_t *)listener, struct tap, listener);
	struct sockaddr_in to;

	if (status < 0 || uv_accept(listener, (uv_stream_t *)&tap->front) != 0)
		return;
	uv_ip4_addr("127.0.0.1", tap->to, &to);
	tap->connect.data = tap;
	assert_int_equal(uv_tcp_connect(&tap->connect, &tap->back, (struct sockaddr *)&to, on_through), 0);
}

static void tap_open(struct tap *tap, struct world *w)
{
	struct sockaddr_in at;
	int n = sizeof(at);

	buf_init(&tap->seen, 1 << 20);
	tap->to = (int)strtol(strrchr(zserver_endpoint(w->server), ':') + 1, NULL, 10);
	uv_tcp_init(&w->loop, &tap->listener);
	uv_tcp_init(&w->loop, &tap->front);
	uv_tcp_init(&w->loop, &tap->back);
	tap->front.data = tap->back.data = tap;
	uv_ip4_addr("127.0.0.1", 0, &at);
	assert_int_equal(uv_tcp_bind(&tap->listener, (struct sockaddr *)&at, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&tap->listener, 1, on_caller), 0);
	uv_tcp_getsockname(&tap->listener, (struct sockaddr *)&at, &n);
	tap->port = ntohs(at.sin_port);
}

static bool tap_has_seen(const struct tap *tap, const char *text)
{
	return memmem(tap->seen.p, tap->seen.n, text, strlen(text)) != NULL;
}

static void who_listens_on_the_line_sees_no_name(void **state)
{
	struct world *w = *state;
	struct tap tap = { 0 };
	struct client_side side = { 0 };
	CLEANUP(freep) char *endpoint = NULL;

	tap_open(&tap, w);
	endpoint = xasprintf("tcp://127.0.0.1:%d", tap.port);
	side.client = connect_to(w, endpoint, &w->west_keys, &side);
	w->echoes = true;
	assert_true(zclient_send(side.client, slice_of(SECRET_NAME)));
	run_until(w, side.n > 0);
	assert_text(side.last, SECRET_NAME);
	assert_true(tap.seen.n > 2 * strlen(SECRET_NAME));
	assert_true(tap_has_seen(&tap, "CURVE"));      /* it does see what goes in the clear */
	assert_false(tap_has_seen(&tap, SECRET_NAME));
	assert_false(tap_has_seen(&tap, "GSLBHostRule"));
	assert_false(tap_has_seen(&tap, "nobody-must-see"));
	zclient_free(side.client);
	uv_close((uv_handle_t *)&tap.listener, NULL);
	uv_close((uv_handle_t *)&tap.front, NULL);
	uv_close((uv_handle_t *)&tap.back, NULL);
	uv_run(&w->loop, UV_RUN_NOWAIT);
	uv_run(&w->loop, UV_RUN_NOWAIT);
	buf_release(&tap.seen);
}

/* ---- keys ---- */

static void a_pair_survives_its_secret(void **state)
{
	struct zkeys keys = { 0 }, again = { 0 };
	CLEANUP(json_wipe_freep) cJSON *secret = NULL;

	(void)state;
	assert_true(zkeys_make(&keys, NULL));
	secret = zkeys_to_secret(&keys, "avi-system");
	assert_text(json_str(json_get(secret, "metadata"), "name"), "amko-federation-keys");
	assert_true(zkeys_from_secret(secret, &again, NULL));
	assert_text(again.public_key, keys.public_key);
	assert_true(secret_same(&again.secret_key, &keys.secret_key));
	zkeys_release(&keys);
	zkeys_release(&again);
}

static const struct spoilt {
	const char *name, *field, *value, *error;
} spoilts[] = {
	{ "no public half", "public-key", NULL, "Secret amko-federation-keys: public-key is no CURVE key" },
	{ "no secret half", "secret-key", NULL, "Secret amko-federation-keys: secret-key is no CURVE key" },
	{ "an empty half", "secret-key", "", "Secret amko-federation-keys: secret-key is no CURVE key" },
	{ "not base64", "secret-key", "****************************************************####",
	  "Secret amko-federation-keys: secret-key is no CURVE key" },
	{ "base64 of something else", "public-key", "Ly8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vfn5+fg==",
	  "Secret amko-federation-keys: public-key is no CURVE key" },
	{ "too long", "public-key", "Ly8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8vLy8v",
	  "Secret amko-federation-keys: public-key is no CURVE key" },
	{ "the half of another pair", "public-key", "cnE6ck05Y0U5cF0rREVYMXlHeitDSGV9MHtVR2F6QDA+Xi1BJH0zZg==",
	  "Secret amko-federation-keys: the two keys are no pair" },
};

static void secret_is_refused(void **state)
{
	const struct spoilt *row = *state;
	struct zkeys keys = { 0 }, again = { 0 };
	CLEANUP(json_wipe_freep) cJSON *secret = NULL;
	cJSON *data;
	struct err err = { 0 };

	assert_true(zkeys_make(&keys, NULL));
	secret = zkeys_to_secret(&keys, "avi-system");
	data = cJSON_GetObjectItemCaseSensitive(secret, "data");
	cJSON_DeleteItemFromObjectCaseSensitive(data, row->field);
	if (row->value)
		json_put_str(data, row->field, row->value);
	assert_false(zkeys_from_secret(secret, &again, &err));
	assert_text(err.msg, row->error);
	assert_null(again.secret_key.bytes);
	zkeys_release(&keys);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_peer_is_known_by_its_key),
		TEST(a_key_that_is_not_on_the_list_gets_nothing),
		TEST(a_key_that_is_put_on_the_list_gets_in_without_a_restart),
		TEST(a_revoked_key_gets_nothing_though_it_is_connected),
		TEST(a_peer_without_any_key_gets_nothing),
		TEST(who_does_not_have_the_servers_key_is_no_server),
		TEST(a_routing_id_of_ones_own_is_refused),
		TEST(several_parts_and_too_large_a_frame_are_refused),
		TEST(nothing_is_left_lying_about_when_there_is_much_of_it),
		TEST(a_peer_that_does_not_read_fills_no_memory),
		TEST(the_server_changes_its_keys_and_keeps_its_port),
		TEST(a_member_changes_its_key),
		TEST(an_address_that_is_taken_is_told),
		TEST(who_listens_on_the_line_sees_no_name),
		cmocka_unit_test(a_pair_survives_its_secret),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(secret_is_refused, spoilts);
}
