/* Requests to an API server: paths, headers, what an answer means, and tokens that change in their file. */
#include "common/kube/client.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/metrics.h"
#include "tests/unit/certs.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 5000

struct bench {
	uv_loop_t loop;
	struct http_client *http;
	struct kube_client *kube;
	struct fake_http *fake;
	struct buf heard;
	size_t n_done;
};

static void open_bench(struct bench *b, const struct fake_answer *answers, size_t n, struct kube_context context)
{
	*b = (struct bench){ 0 };
	uv_loop_init(&b->loop);
	b->http = http_client_new(&b->loop, 0);
	b->fake = fake_http_new(&b->loop, answers, n);
	context.name = xstrdup("east");
	context.server = xstrdup(fake_http_url(b->fake));
	b->kube = kube_client_new(b->http, &context);
	free(context.name);
	free(context.server);
	buf_init(&b->heard, 65536);
}

static void close_bench(struct bench *b)
{
	assert_text(fake_http_complaint(b->fake), "");
	kube_client_free(b->kube);
	http_client_free(b->http);
	fake_http_free(b->fake);
	finish_loop(&b->loop);
	buf_release(&b->heard);
}

static void hear(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	CLEANUP(freep) char *text = json ? json_text(json) : xstrdup("nothing");
	struct bench *b = arg;

	b->n_done++;
	if (err)
		buf_printf(&b->heard, "%s %d %s %lld", err_code_name(err->code), err->http_status, err->msg,
			(long long)retry_after_ms);
	else
		buf_puts(&b->heard, text);
	assert_true(!err || !json);
}

static bool is_done(void *arg)
{
	struct bench *b = arg;

	return b->n_done > 0;
}

static void ask(struct bench *b, const char *want)
{
	b->n_done = 0;
	buf_clear(&b->heard);
	kube_start(b->kube, &(struct kube_request){ .method = "GET", .path = "/api/v1/x?limit=1", .done = hear, .arg = b });
	assert_int_equal(b->n_done, 0);
	assert_true(run_until(&b->loop, is_done, b, PATIENCE_MS));
	assert_text(buf_str(&b->heard), want);
}

static const struct {
	const char *name;
	struct fake_answer answer;
	const char *heard;
} answers[] = {
	{ "an answer is JSON", { .wants = "GET /api/v1/x?limit=1 HTTP/1.1\r\n", .status = 200, .body = "{\"a\":[1]}" },
	  .heard = "{\"a\":[1]}" },
	{ "an answer without a body is nothing, and fine", { .wants = "Accept: application/json\r\n", .status = 204 },
	  .heard = "nothing" },
	{ "we say who we are", { .wants = "User-Agent: amko/" AMKO_VERSION "\r\n", .status = 204 }, .heard = "nothing" },
	{ "a page of a proxy is no answer", { .status = 200, .body = "<html>" },
	  .heard = "invalid 200 HTTP 200: not JSON: stopped at byte 0 of 6 -1" },
	{ "a refusal says why", { .status = 403, .body = "{\"kind\":\"Status\",\"message\":\"not you\"}" },
	  .heard = "forbidden 403 HTTP 403: not you -1" },
	{ "a refusal of something else does not", { .status = 403, .body = "<html>secret" },
	  .heard = "forbidden 403 HTTP 403 -1" },
	{ "401 is about who we are", { .status = 401 }, .heard = "auth 401 HTTP 401 -1" },
	{ "404 is not found", { .status = 404 }, .heard = "notfound 404 HTTP 404 -1" },
	{ "409 is a conflict", { .status = 409 }, .heard = "conflict 409 HTTP 409 -1" },
	{ "410 is gone", { .status = 410 }, .heard = "gone 410 HTTP 410 -1" },
	{ "422 is invalid", { .status = 422 }, .heard = "invalid 422 HTTP 422 -1" },
	{ "429 is asked again when the server says so", { .status = 429, .headers = "Retry-After: 2\r\n" },
	  .heard = "retry 429 HTTP 429 2000" },
	{ "500 is asked again", { .status = 500 }, .heard = "retry 500 HTTP 500 -1" },
	{ "a redirection is refused", { .status = 301, .headers = "Location: /\r\n" }, .heard = "invalid 301 HTTP 301 -1" },
};

static void means(void **state)
{
	const __typeof__(answers[0]) *c = *state;
	struct bench b;

	open_bench(&b, &c->answer, 1, (struct kube_context){ 0 });
	ask(&b, c->heard);
	assert_null(strstr(fake_http_request(b.fake, 0), "Authorization"));
	close_bench(&b);
}

static const struct {
	const char *name;
	enum kube_body type;
	const char *header;
} bodies[] = {
	{ "an object is sent as JSON", KUBE_BODY_JSON, "Content-Type: application/json\r\n" },
	{ "a merge patch says so", KUBE_BODY_MERGE_PATCH, "Content-Type: application/merge-patch+json\r\n" },
	{ "a JSON patch says so", KUBE_BODY_JSON_PATCH, "Content-Type: application/json-patch+json\r\n" },
	{ "an apply says so", KUBE_BODY_APPLY, "Content-Type: application/apply-patch+yaml\r\n" },
};

static void is_sent(void **state)
{
	const __typeof__(bodies[0]) *c = *state;
	struct fake_answer answer = { .wants = c->header, .status = 201, .body = "{}" };
	CLEANUP(cJSON_Deletep) cJSON *body = cJSON_CreateObject();
	struct bench b;

	open_bench(&b, &answer, 1, (struct kube_context){ 0 });
	json_put_str(body, "a", "b");
	kube_start(b.kube, &(struct kube_request){
		.method = "PATCH", .path = "/x", .body_type = c->type, .body = body, .done = hear, .arg = &b });
	assert_true(run_until(&b.loop, is_done, &b, PATIENCE_MS));
	assert_non_null(strstr(fake_http_request(b.fake, 0), "\r\n\r\n{\"a\":\"b\"}"));
	close_bench(&b);
}

static const struct {
	const char *name;
	const struct kube_resource *resource;
	const char *namespace, *object, *sub, *path;
} paths[] = {
	{ "all of the core group", &KUBE_SERVICES, NULL, NULL, NULL, "/api/v1/services" },
	{ "one object of a namespace",
	  &KUBE_INGRESSES, "web", "a", NULL, "/apis/networking.k8s.io/v1/namespaces/web/ingresses/a" },
	{ "a subresource", &KUBE_GDPS, "avi-system", "p", "status",
	  "/apis/amko.vmware.com/v1alpha2/namespaces/avi-system/globaldeploymentpolicies/p/status" },
	{ "an object without a namespace", &KUBE_NAMESPACES, NULL, "web", NULL, "/api/v1/namespaces/web" },
	{ "names cannot leave their segment",
	  &KUBE_SECRETS, "a/b", "../c?d", NULL, "/api/v1/namespaces/a%2Fb/secrets/..%2Fc%3Fd" },
};

static void has_path(void **state)
{
	const __typeof__(paths[0]) *c = *state;
	CLEANUP(freep) char *path = kube_path(c->resource, c->namespace, c->object, c->sub);

	assert_text(path, c->path);
}

/* ---- tokens ---- */

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static char *new_file(const char *text)
{
	char *path = xstrdup("/tmp/amko-token-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	write_text(path, text);
	return path;
}

static void a_changed_token_file_is_read_after_a_401_and_the_request_repeated(void **state)
{
	static const struct fake_answer script[] = {
		{ .wants = "Authorization: Bearer one\r\n", .status = 200, .body = "1" },
		{ .wants = "Authorization: Bearer one\r\n", .status = 401 },       /* the file changed, but was read just now */
		{ .wants = "Authorization: Bearer two\r\n", .status = 200, .body = "2" },
		{ .wants = "Authorization: Bearer two\r\n", .status = 401 },       /* not changed: no repetition */
	};
	CLEANUP(freep) char *path = new_file("one\n");
	struct bench b;

	(void)state;
	open_bench(&b, script, ARRAY_SIZE(script), (struct kube_context){ .token_file = path });
	ask(&b, "1");
	write_text(path, " two\n");
	ask(&b, "2");
	ask(&b, "auth 401 HTTP 401 -1");
	assert_int_equal(fake_http_n_requests(b.fake), 4);
	close_bench(&b);
	unlink(path);
}

static void a_token_file_that_cannot_be_read_is_named_where_we_are_refused(void **state)
{
	static const struct fake_answer script[] = { { .status = 403, .body = "{\"message\":\"anonymous\"}" } };
	char path[] = "/nowhere/token";
	struct bench b;

	(void)state;
	open_bench(&b, script, 1, (struct kube_context){ .token_file = path });
	ask(&b, "forbidden 403 tokenFile /nowhere/token: No such file or directory: HTTP 403: anonymous -1");
	close_bench(&b);
}

static void a_token_is_sent_but_not_repeated(void **state)
{
	static const struct fake_answer script[] = { { .wants = "Authorization: Bearer fixed\r\n", .status = 401 } };
	struct secret token = { 0 };
	struct bench b;

	(void)state;
	secret_set(&token, slice_of("fixed"));
	open_bench(&b, script, 1, (struct kube_context){ .token = token });
	ask(&b, "auth 401 HTTP 401 -1");
	assert_int_equal(fake_http_n_requests(b.fake), 1);
	secret_release(&token);
	close_bench(&b);
}

/* ---- programs that give credentials ---- */

#define V1 "client.authentication.k8s.io/v1"

/* Counts its runs by the lines of a file beside it. No connection of ours is open in it; curl has two ends of a pair. */
#define PLUGIN "#!/bin/sh\necho x >>\"$0.n\"\nn=$(grep -c x \"$0.n\")\n[ $(ls -l /proc/$$/fd | grep -c socket:) -le 2 ] || exit 7\n"

struct plugin {
	char *path, *count_path;
	struct kube_exec exec;
};

static void plugin_make(struct plugin *p, const char *text)
{
	CLEANUP(freep) char *whole = xasprintf("%s%s", PLUGIN, text);

	p->path = new_file(whole);
	chmod(p->path, 0700);
	p->count_path = xasprintf("%s.n", p->path);
	p->exec = (struct kube_exec){ .command = p->path, .api_version = xstrdup(V1) };
}

static int plugin_runs(const struct plugin *p)
{
	FILE *f = fopen(p->count_path, "r");
	int n = 0;

	for (int c; f && (c = fgetc(f)) != EOF;)
		n += c == 'x';
	if (f)
		fclose(f);
	return n;
}

static void plugin_remove(struct plugin *p)
{
	unlink(p->path);
	unlink(p->count_path);
	free(p->path);
	free(p->count_path);
	free(p->exec.api_version);
}

static void start_get(struct bench *b, struct kube_call **call)
{
	struct kube_call *started = kube_start(b->kube, &(struct kube_request){
		.method = "GET", .path = "/api/v1/x?limit=1", .done = hear, .arg = b });

	if (call)
		*call = started;
}

static bool two_are_done(void *arg)
{
	return ((struct bench *)arg)->n_done >= 2;
}

static void two_calls_wait_for_one_run_and_a_third_for_none(void **state)
{
	static const struct fake_answer script[] = {
		{ .wants = "Authorization: Bearer t1\r\n", .status = 200, .body = "1" },
		{ .wants = "Authorization: Bearer t1\r\n", .status = 200, .body = "1" },
		{ .wants = "Authorization: Bearer t1\r\n", .status = 200, .body = "3" },
	};
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{\"token\":\"t'$n'\","
		    "\"expirationTimestamp\":\"2001-01-01T00:00:00Z\"}}'");
	open_bench(&b, script, ARRAY_SIZE(script), (struct kube_context){ .exec = &p.exec });
	start_get(&b, NULL);
	start_get(&b, NULL);
	assert_true(run_until(&b.loop, two_are_done, &b, PATIENCE_MS));
	assert_text(buf_str(&b.heard), "11");
	ask(&b, "3");
	assert_int_equal(plugin_runs(&p), 1);
	close_bench(&b);
	plugin_remove(&p);
}

#define GIVES "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{\"token\":\"t'$n'\"}}'"

static void a_401_runs_it_once_more_and_repeats_the_request_once(void **state)
{
	static const struct fake_answer script[] = {
		{ .wants = "Authorization: Bearer t1\r\n", .status = 401 },
		{ .wants = "Authorization: Bearer t2\r\n", .status = 200, .body = "1" },
		{ .wants = "Authorization: Bearer t2\r\n", .status = 401 },       /* it ran just now */
	};
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, GIVES);
	open_bench(&b, script, ARRAY_SIZE(script), (struct kube_context){ .exec = &p.exec });
	ask(&b, "1");
	ask(&b, "auth 401 HTTP 401 -1");
	assert_int_equal(plugin_runs(&p), 2);
	close_bench(&b);
	plugin_remove(&p);
}

static void a_repeated_request_that_is_refused_again_is_refused(void **state)
{
	static const struct fake_answer script[] = {
		{ .wants = "Authorization: Bearer t1\r\n", .status = 401 },
		{ .wants = "Authorization: Bearer t2\r\n", .status = 401 },
	};
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, GIVES);
	open_bench(&b, script, ARRAY_SIZE(script), (struct kube_context){ .exec = &p.exec });
	ask(&b, "auth 401 HTTP 401 -1");
	assert_int_equal(plugin_runs(&p), 2);
	close_bench(&b);
	plugin_remove(&p);
}

static void a_401_that_it_cannot_mend_says_why(void **state)
{
	static const struct fake_answer script[] = { { .wants = "Authorization: Bearer t1\r\n", .status = 401 } };
	CLEANUP(freep) char *want = NULL;
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, "[ $n = 1 ] || { echo logged out >&2; exit 2; }\n" GIVES);
	want = xasprintf("auth 401 exec plugin %s: exit code 2: logged out -1", p.path);
	open_bench(&b, script, ARRAY_SIZE(script), (struct kube_context){ .exec = &p.exec });
	ask(&b, want);
	close_bench(&b);
	plugin_remove(&p);
}

static void a_failure_is_heard_by_all_who_ask_within_ten_seconds(void **state)
{
	CLEANUP(freep) char *want = NULL, *twice = NULL;
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, "echo not logged in >&2; exit 1");
	want = xasprintf("auth 401 exec plugin %s: exit code 1: not logged in -1", p.path);
	twice = xasprintf("%s%s", want, want);
	open_bench(&b, NULL, 0, (struct kube_context){ .exec = &p.exec });
	start_get(&b, NULL);
	start_get(&b, NULL);
	assert_true(run_until(&b.loop, two_are_done, &b, PATIENCE_MS));
	assert_text(buf_str(&b.heard), twice);
	ask(&b, want);
	ask(&b, want);
	assert_int_equal(plugin_runs(&p), 1);
	close_bench(&b);
	plugin_remove(&p);
}

static void hear_and_free(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct bench *b = arg;

	hear(arg, json, err, retry_after_ms);
	kube_client_free(TAKE(b->kube));
}

static void a_client_may_go_when_its_plugin_fails(void **state)
{
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, "exit 1");
	open_bench(&b, NULL, 0, (struct kube_context){ .exec = &p.exec });
	kube_start(b.kube, &(struct kube_request){ .method = "GET", .path = "/a", .done = hear_and_free, .arg = &b });
	start_get(&b, NULL);
	assert_true(run_until(&b.loop, is_done, &b, PATIENCE_MS));
	close_bench(&b);
	assert_int_equal(b.n_done, 1);
	plugin_remove(&p);
}

struct again {
	struct bench *b;
	struct kube_call *own, *other;
};

static void hear_and_cancel(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct again *a = arg;

	hear(a->b, json, err, retry_after_ms);
	kube_cancel(a->own);           /* its own: nothing happens */
	kube_cancel(TAKE(a->other));
	start_get(a->b, NULL);         /* waits for the next answer, not for this one */
	assert_int_equal(a->b->n_done, 1);
}

static void done_may_cancel_others_and_start_anew(void **state)
{
	struct again a = { 0 };
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, "exit 1");
	open_bench(&b, NULL, 0, (struct kube_context){ .exec = &p.exec });
	a.b = &b;
	a.own = kube_start(b.kube, &(struct kube_request){ .method = "GET", .path = "/a", .done = hear_and_cancel, .arg = &a });
	start_get(&b, &a.other);
	assert_true(run_until(&b.loop, two_are_done, &b, PATIENCE_MS));
	assert_int_equal(b.n_done, 2);
	close_bench(&b);
	plugin_remove(&p);
}

static void a_client_that_goes_ends_its_plugin(void **state)
{
	struct kube_call *call;
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, "sleep 60; :");
	open_bench(&b, NULL, 0, (struct kube_context){ .exec = &p.exec });
	start_get(&b, &call);
	start_get(&b, NULL);
	kube_cancel(call);
	close_bench(&b);               /* waits for the process */
	assert_int_equal(b.n_done, 0);
	plugin_remove(&p);
}

/* ---- other proofs, and when they end ---- */

static void a_password_is_sent(void **state)
{
	static const struct fake_answer script[] = {
		{ .wants = "Authorization: Basic bWU6YTpi\r\n", .status = 401 },
	};
	struct secret basic = { 0 };
	struct bench b;

	(void)state;
	secret_set(&basic, slice_of("me:a:b"));
	open_bench(&b, script, 1, (struct kube_context){ .basic = basic });
	ask(&b, "auth 401 HTTP 401 -1");
	secret_release(&basic);
	close_bench(&b);
}

static double shown(const char *metric)
{
	CLEANUP(freep) char *start = xasprintf("\n%s{cluster=\"east\"} ", metric);
	struct buf text;
	const char *at;
	double value;

	buf_init(&text, 1000000);
	assert_true(metrics_text(&text));
	at = strstr(buf_str(&text), start);
	value = at ? strtod(at + strlen(start), NULL) : 0;
	buf_release(&text);
	return value;
}

static void ends_of_certificate_and_token_are_shown_while_there_is_a_client(void **state)
{
	struct test_cert cert = cert_new("me", NULL, NULL);
	struct kube_context context = { .name = (char[]){ "east" }, .cert_pem = cert.pem, .ca_pem = cert.pem };
	struct kube_client *other;
	struct bench b;

	(void)state;
	open_bench(&b, NULL, 0, context);
	assert_true(shown("amko_kube_certificate_expiry_seconds") > 1.7e9);
	assert_true(shown("amko_kube_ca_expiry_seconds") > 1.7e9);
	assert_true(shown("amko_kube_token_expiry_seconds") == 0);
	context.cert_pem = NULL;
	secret_set(&context.token, slice_of("e30.eyJleHAiOjE4OTM1NTM0NDV9.c2ln"));
	other = kube_client_new(b.http, &context);
	assert_true(shown("amko_kube_certificate_expiry_seconds") == 0);
	assert_true(shown("amko_kube_token_expiry_seconds") == 1893553445);
	kube_client_free(TAKE(b.kube));
	assert_true(shown("amko_kube_token_expiry_seconds") == 1893553445);
	kube_client_free(other);
	assert_true(shown("amko_kube_token_expiry_seconds") == 0);
	assert_true(shown("amko_kube_ca_expiry_seconds") == 0);
	secret_release(&context.token);
	close_bench(&b);
	test_cert_release(&cert);
}

/* ---- streams and endings ---- */

static bool take_bytes(void *arg, struct slice bytes)
{
	struct bench *b = arg;

	b->n_done++;
	return buf_add(&b->heard, bytes);
}

static void a_client_that_goes_takes_its_calls_along(void **state)
{
	static const struct fake_answer script[] = { { .status = 200, .body = "x", .how = FAKE_STREAM }, { .status = -1 } };
	struct bench b;

	(void)state;
	open_bench(&b, script, 2, (struct kube_context){ 0 });
	kube_stream_start(b.kube, &(struct kube_stream){ .path = "/w", .on_bytes = take_bytes, .done = hear, .arg = &b });
	assert_true(run_until(&b.loop, is_done, &b, PATIENCE_MS));
	kube_cancel(kube_start(b.kube, &(struct kube_request){ .method = "GET", .path = "/a", .done = hear, .arg = &b }));
	kube_start(b.kube, &(struct kube_request){ .method = "GET", .path = "/b", .done = hear, .arg = &b });
	kube_client_free(TAKE(b.kube));
	close_bench(&b);
	assert_int_equal(b.n_done, 1);
}

static bool is_whole(void *arg)
{
	return streq(buf_str(&((struct bench *)arg)->heard), "200x");
}

static bool take_status(void *arg, int status)
{
	struct bench *b = arg;

	return buf_printf(&b->heard, "%d", status);
}

static void a_stream_waits_for_the_plugin_and_does_not_hear_of_a_401_that_is_mended(void **state)
{
	static const struct fake_answer script[] = {
		{ .wants = "Authorization: Bearer t1\r\n", .status = 401, .body = "no" },
		{ .wants = "Authorization: Bearer t2\r\n", .status = 200, .body = "x", .how = FAKE_STREAM },
	};
	struct plugin p;
	struct bench b;

	(void)state;
	plugin_make(&p, GIVES);
	open_bench(&b, script, ARRAY_SIZE(script), (struct kube_context){ .exec = &p.exec });
	kube_stream_start(b.kube, &(struct kube_stream){ .path = "/w", .on_status = take_status, .on_bytes = take_bytes,
		.done = hear, .arg = &b });
	assert_true(run_until(&b.loop, is_whole, &b, PATIENCE_MS));
	close_bench(&b);
	plugin_remove(&p);
}

static bool take_bytes_and_free(void *arg, struct slice bytes)
{
	struct bench *b = arg;

	kube_client_free(TAKE(b->kube));
	return take_bytes(arg, bytes);
}

static void a_client_may_go_from_inside_its_stream(void **state)
{
	static const struct fake_answer script[] = { { .status = 200, .body = "x", .how = FAKE_STREAM } };
	struct bench b;

	(void)state;
	open_bench(&b, script, 1, (struct kube_context){ 0 });
	kube_stream_start(b.kube, &(struct kube_stream){ .path = "/w", .on_bytes = take_bytes_and_free, .done = hear,
		.arg = &b });
	assert_true(run_until(&b.loop, is_done, &b, PATIENCE_MS));
	close_bench(&b);
	assert_int_equal(b.n_done, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_changed_token_file_is_read_after_a_401_and_the_request_repeated),
		cmocka_unit_test(a_token_file_that_cannot_be_read_is_named_where_we_are_refused),
		cmocka_unit_test(a_token_is_sent_but_not_repeated),
		cmocka_unit_test(two_calls_wait_for_one_run_and_a_third_for_none),
		cmocka_unit_test(a_401_runs_it_once_more_and_repeats_the_request_once),
		cmocka_unit_test(a_repeated_request_that_is_refused_again_is_refused),
		cmocka_unit_test(a_401_that_it_cannot_mend_says_why),
		cmocka_unit_test(a_failure_is_heard_by_all_who_ask_within_ten_seconds),
		cmocka_unit_test(a_client_may_go_when_its_plugin_fails),
		cmocka_unit_test(done_may_cancel_others_and_start_anew),
		cmocka_unit_test(a_client_that_goes_ends_its_plugin),
		cmocka_unit_test(a_password_is_sent),
		cmocka_unit_test(ends_of_certificate_and_token_are_shown_while_there_is_a_client),
		cmocka_unit_test(a_stream_waits_for_the_plugin_and_does_not_hear_of_a_401_that_is_mended),
		cmocka_unit_test(a_client_that_goes_takes_its_calls_along),
		cmocka_unit_test(a_client_may_go_from_inside_its_stream),
	};
	int n_failed = RUN_TABLE(means, answers);

	n_failed += RUN_TABLE(is_sent, bodies);
	n_failed += RUN_TABLE(has_path, paths);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	metrics_release();
	return n_failed;
}
