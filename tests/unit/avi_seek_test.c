/* Which of several controllers leads, in talk with scripted ones. */
#include "common/avi/seek.h"

#include <signal.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/io/http_server.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 10000
#define MAX_SITES 3

enum kind { NONE, LEADS, FOLLOWS, REFUSES, IS_ODD, IS_DOWN };

struct site {
	enum kind kind;
	struct http_server *server;    /* NULL: down */
	char address[32];
	size_t n_logins, n_logouts;
};

struct seek_case {
	const char *name;
	enum kind sites[MAX_SITES];
	int leader;                    /* -1: none */
	int n_asked;                   /* sites that saw a login */
	const char *said;              /* %N stands for the address of site N */
};

static const struct seek_case seek_cases[] = {
	{ "one that leads", { LEADS }, 0, 1, "" },
	{ "one that does not", { FOLLOWS }, -1, 1, "%0: another site's controller is the GSLB leader" },
	{ "the first that leads, and no other is asked", { FOLLOWS, LEADS, LEADS }, 1, 2,
	  "%0: another site's controller is the GSLB leader" },
	{ "one that is down is passed over", { IS_DOWN, LEADS }, 1, 1, "%0: POST /login: connect to %0: Connection refused" },
	{ "one that lets nobody in is passed over", { REFUSES, LEADS }, 1, 2, "%0: POST /login: HTTP 401" },
	{ "one that says nothing of use is passed over", { IS_ODD, LEADS }, 1, 2, "%0: name not present in the cluster response" },
	{ "none of three", { FOLLOWS, IS_DOWN, REFUSES }, -1, 2,
	  "%0: another site's controller is the GSLB leader; %1: POST /login: connect to %1: Connection refused; "
	  "%2: POST /login: HTTP 401" },
};

struct bench {
	uv_loop_t loop;
	struct http_client *client;
	struct site sites[MAX_SITES];
	struct strs addresses;
	struct secret password;
	size_t n_done;
	char *leader, *said;
};

static void answer(struct http_exchange *x, int status, const char *body)
{
	http_answer(x, status, "application/json", slice_of(body), NULL);
}

static void on_request(void *arg, struct http_exchange *x)
{
	struct site *site = arg;

	site->n_logins += streq(http_path(x), "/login");
	site->n_logouts += streq(http_path(x), "/logout");
	if (streq(http_path(x), "/login")) {
		http_answer(x, site->kind == REFUSES ? 401 : 200, "application/json", slice_of("{}"),
			    (const char *const[]){ "Set-Cookie: csrftoken=t", "Set-Cookie: sessionid=i", NULL });
	} else if (streq(http_path(x), "/api/cluster")) {
		answer(x, 200, site->kind == IS_ODD ? "{}" : "{\"name\": \"c\", \"uuid\": \"own\"}");
	} else if (streq(http_path(x), "/api/gslb")) {
		answer(x, 200, site->kind == LEADS ? "{\"results\": [{\"leader_cluster_uuid\": \"own\"}]}"
						   : "{\"results\": [{\"leader_cluster_uuid\": \"other\"}]}");
	} else {
		answer(x, 200, "{\"results\": []}");
	}
}

static void on_done(void *arg, const char *leader, const char *said)
{
	struct bench *b = arg;

	b->n_done++;
	b->leader = xstrdup(leader);
	b->said = xstrdup(said);
}

static void open_site(struct bench *b, size_t i, enum kind kind)
{
	struct site *site = &b->sites[i];
	struct err err = { 0 };

	site->kind = kind;
	site->server = http_server_new(&b->loop, &(struct http_server_options){
		.listen = "127.0.0.1:0", .max_body_bytes = 4096, .handler = on_request, .arg = site }, &err);
	assert_non_null(site->server);
	snprintf(site->address, sizeof(site->address), "127.0.0.1:%d", http_server_port(site->server));
	if (kind == IS_DOWN)
		http_server_free(TAKE(site->server));
	strs_add(&b->addresses, site->address);
}

static void open_bench(struct bench *b, const struct seek_case *c)
{
	*b = (struct bench){ 0 };
	uv_loop_init(&b->loop);
	b->client = http_client_new(&b->loop, 8);
	secret_set(&b->password, slice_of("secret"));
	for (size_t i = 0; i < MAX_SITES && c->sites[i]; i++)
		open_site(b, i, c->sites[i]);
}

static void close_bench(struct bench *b)
{
	http_client_free(b->client);
	for (size_t i = 0; i < MAX_SITES; i++)
		http_server_free(b->sites[i].server);
	finish_loop(&b->loop);
	strs_release(&b->addresses);
	secret_release(&b->password);
	free(b->leader);
	free(b->said);
	metrics_release();
}

static struct avi_seek *start(struct bench *b)
{
	return avi_seek_start(&(struct avi_seek_options){
		.http = b->client, .loop = &b->loop, .addresses = &b->addresses, .version = "22.1.3", .username = "admin",
		.password = &b->password, .insecure_http_for_tests = true, .done = on_done, .arg = b });
}

static bool is_done(void *arg)
{
	return ((struct bench *)arg)->n_done > 0;
}

/* The text with addresses in the place of %0, %1, %2. Yours to free. */
static char *filled(const struct bench *b, const char *text)
{
	struct buf out;

	buf_init(&out, 4096);
	for (; *text; text++) {
		if (*text == '%')
			buf_puts(&out, b->sites[*++text - '0'].address);
		else
			buf_add(&out, (struct slice){ text, 1 });
	}
	return buf_take(&out);
}

static void finds(void **state)
{
	const struct seek_case *c = *state;
	CLEANUP(freep) char *said = NULL;
	struct bench b;
	int n_asked = 0;

	open_bench(&b, c);
	start(&b);
	assert_int_equal(b.n_done, 0);
	assert_true(run_until(&b.loop, is_done, &b, PATIENCE_MS));
	said = filled(&b, c->said);
	assert_text(b.leader, c->leader < 0 ? NULL : b.sites[c->leader].address);
	assert_text(b.said, said);
	for (size_t i = 0; i < MAX_SITES; i++) {
		n_asked += b.sites[i].n_logins > 0;
		/* Nobody stays logged in. */
		assert_int_equal(b.sites[i].n_logouts, b.sites[i].kind == REFUSES ? 0 : b.sites[i].n_logins);
	}
	assert_int_equal(n_asked, c->n_asked);
	close_bench(&b);
}

static bool has_login(void *arg)
{
	return ((struct bench *)arg)->sites[0].n_logins > 0;
}

static void what_is_given_up_says_nothing(void **state)
{
	struct bench b;
	struct avi_seek *seek;

	(void)state;
	open_bench(&b, &seek_cases[0]);
	seek = start(&b);
	assert_true(run_until(&b.loop, has_login, &b, PATIENCE_MS));
	avi_seek_cancel(seek);
	for (int i = 0; i < 20; i++)
		uv_run(&b.loop, UV_RUN_NOWAIT);
	assert_int_equal(b.n_done, 0);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_up_says_nothing),
	};
	int n_failed;

	signal(SIGPIPE, SIG_IGN);
	json_init();
	log_set_level(LOG_ERROR);
	n_failed = RUN_TABLE(finds, seek_cases);
	return n_failed + cmocka_run_group_tests(tests, NULL, NULL);
}
