/* A server on a Unix socket, and a client that asks there whatever its URL says. */
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/http_client.h"
#include "common/io/http_server.h"
#include "tests/unit/unit.h"

struct talk {
	struct http_client *client;
	struct http_server *server;
	char *got;
};

static void on_request(void *arg, struct http_exchange *x)
{
	CLEANUP(freep) char *text = xasprintf("%s of %s%s", http_path(x), http_peer(x), http_peer_is_loopback(x) ? ", at home" : "");

	(void)arg;
	http_answer(x, 200, "text/plain", slice_of(text), NULL);
}

static void on_answer(void *arg, const struct http_reply *reply, const struct err *err)
{
	struct talk *talk = arg;

	talk->got = reply ? slice_dup(reply->body) : xstrdup(err->msg);
	http_server_free(TAKE(talk->server));
	http_client_free(TAKE(talk->client));
}

static char *ask(const char *listen, const char *path)
{
	struct talk talk = { 0 };
	struct err err = { 0 };
	struct stat stat_of;
	uv_loop_t loop;

	uv_loop_init(&loop);
	talk.client = http_client_new(&loop, 0);
	if (listen) {
		talk.server = http_server_new(&loop, &(struct http_server_options){ .listen = listen, .handler = on_request }, &err);
		assert_non_null(talk.server);
		assert_int_equal(http_server_port(talk.server), 0);
		assert_int_equal(stat(path, &stat_of), 0);
		assert_int_equal(stat_of.st_mode & 0777, 0600);
	}
	http_start(talk.client, &(struct http_request){ .method = "GET", .url = "http://nowhere.invalid/x", .unix_path = path,
							.timeout_ms = 5000, .max_body_bytes = 1000, .done = on_answer, .arg = &talk });
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	return talk.got;
}

static void what_is_asked_there_is_answered(void **state)
{
	char folder[] = "/tmp/unix-test-XXXXXX";
	CLEANUP(freep) char *path = xasprintf("%s/socket", mkdtemp(folder));
	CLEANUP(freep) char *listen = xasprintf("unix:%s", path);

	(void)state;
	for (int turn = 0; turn < 2; turn++) {         /* the second takes the place of what the first left behind */
		CLEANUP(freep) char *got = ask(listen, path);

		assert_text(got, "/x of unix, at home");
	}
	unlink(path);
	CLEANUP(freep) char *got = ask(NULL, path);

	assert_non_null(strstr(got, "connect to nowhere.invalid:80: "));
	rmdir(folder);
}

static void a_path_that_cannot_be_is_refused(void **state)
{
	struct err err = { 0 };
	uv_loop_t loop;

	(void)state;
	uv_loop_init(&loop);
	assert_null(http_server_new(&loop, &(struct http_server_options){ .listen = "unix:", .handler = on_request }, &err));
	assert_text(err.msg, "listen on unix:: want a path of 1 to 107 bytes");
	assert_null(http_server_new(&loop, &(struct http_server_options){ .listen = "unix:/no/such/folder/x", .handler = on_request }, &err));
	assert_text(err.msg, "listen on unix:/no/such/folder/x: No such file or directory");
	uv_loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_asked_there_is_answered),
		cmocka_unit_test(a_path_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
