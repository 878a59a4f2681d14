/* The informer in conversation with a scripted API server: what it asks, and what its owner is told. */
#include "common/kube/informer.h"

#include "common/base/buf.h"
#include "common/base/metrics.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 5000

#define PAGE(version, token, items) "{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" token "\"}," \
	"\"items\":[" items "]}"
#define LIST(version, items) PAGE(version, "", items)
#define OBJECT(name, version, text) "{\"metadata\":{\"namespace\":\"web\",\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}," \
	"\"text\":\"" text "\"}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(version) EVENT("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"" version "\"}}")
#define ERROR_EVENT(code) EVENT("ERROR", "{\"kind\":\"Status\",\"code\":" code ",\"message\":\"sorry\"}")
#define STATUS(text) "{\"kind\":\"Status\",\"message\":\"" text "\"}"

#define FIRST_PAGE "GET /api/v1/services?limit=100 HTTP/1.1"
#define WATCH_FROM(version) "GET /api/v1/services?watch=true&allowWatchBookmarks=true&resourceVersion=" version "&timeoutSeconds="
#define A OBJECT("a", "1", "one")
#define B OBJECT("b", "2", "one")

struct bench {
	uv_loop_t loop;
	struct http_client *http;
	struct kube_client *kube;
	struct fake_http *fake;
	struct informer *informer;
	struct buf heard;
	const char *wanted;
	size_t n_requests;
	bool frees_on_change, frees_on_state;
};

static void *project(void *arg, const cJSON *object)
{
	const char *text = json_str(object, "text");

	(void)arg;
	return text && !streq(text, "dull") ? xstrdup(text) : NULL;
}

static bool is_same(const void *a, const void *b)
{
	return streq(a, b);
}

/* "+web/a=one", "~web/a=one>two", "-web/a=two" */
static void on_change(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct bench *b = arg;

	assert_true(informer_get(b->informer, namespace, name) == after);
	buf_printf(&b->heard, "%s%s/%s=%s%s%s ", !before ? "+" : after ? "~" : "-", namespace, name,
		   before ? (const char *)before : "", before && after ? ">" : "", after ? (const char *)after : "");
	if (b->frees_on_change)
		informer_free(TAKE(b->informer));
}

static void on_state(void *arg, enum informer_state state, const struct err *err)
{
	struct bench *b = arg;

	assert_int_equal(state, informer_state(b->informer));
	assert_text(informer_error(b->informer), err ? err->msg : "");
	buf_printf(&b->heard, err ? "[%s: %s] " : "[%s] ", informer_state_name(state), err ? err->msg : "");
	if (b->frees_on_state)
		informer_free(TAKE(b->informer));
}

static struct informer_options options_of(struct bench *b)
{
	return (struct informer_options){
		.kube = b->kube, .loop = &b->loop, .resource = &KUBE_SERVICES,
		.project = project, .same = is_same, .free = free, .on_change = on_change, .on_state = on_state, .arg = b,
		.times = { .backoff_min_ms = 10, .backoff_max_ms = 20 },
	};
}

static void open_bench(struct bench *b, const struct fake_answer *answers, size_t n)
{
	struct kube_context context = { .name = (char[]){ "east" } };

	*b = (struct bench){ 0 };
	uv_loop_init(&b->loop);
	b->http = http_client_new(&b->loop, 0);
	b->fake = fake_http_new(&b->loop, answers, n);
	context.server = xstrdup(fake_http_url(b->fake));
	b->kube = kube_client_new(b->http, &context);
	free(context.server);
	buf_init(&b->heard, 65536);
}

static void close_bench(struct bench *b)
{
	assert_text(fake_http_complaint(b->fake), "");
	informer_free(b->informer);
	kube_client_free(b->kube);
	http_client_free(b->http);
	fake_http_free(b->fake);
	finish_loop(&b->loop);
	buf_release(&b->heard);
}

static bool all_is_heard(void *arg)
{
	struct bench *b = arg;

	return streq(buf_str(&b->heard), b->wanted) && fake_http_n_requests(b->fake) >= b->n_requests;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* ---- conversations ---- */

#define MAX_ANSWERS 8

static const struct conversation {
	const char *name;
	struct fake_answer answers[MAX_ANSWERS];
	const char *field_selector;
	struct informer_times times;
	const char *heard;
} conversations[] = {
	{ "a list of two pages is one list",
	  { { .wants = FIRST_PAGE, .status = 200, .body = PAGE("7", "t/1", A) },
	    { .wants = "GET /api/v1/services?limit=100&continue=t%2F1 HTTP/1.1", .status = 200, .body = LIST("7", B) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one +web/b=one [synced] " },
	{ "a watch adds, changes and removes; what stays the same is not told",
	  { { .wants = FIRST_PAGE, .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM,
	      .body = EVENT("ADDED", OBJECT("b", "8", "one")) EVENT("MODIFIED", OBJECT("a", "9", "one"))
		      EVENT("MODIFIED", OBJECT("a", "10", "two")) EVENT("DELETED", OBJECT("a", "11", "three")) } },
	  .heard = "+web/a=one [synced] +web/b=one ~web/a=one>two -web/a=two " },
	{ "a watch that ends is taken up at the newest event",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM_ENDS,
	      .body = EVENT("ADDED", OBJECT("b", "8", "one")) },
	    { .wants = WATCH_FROM("8"), .status = 200, .how = FAKE_STREAM,
	      .body = EVENT("DELETED", OBJECT("b", "9", "one")) } },
	  .heard = "+web/a=one [synced] +web/b=one -web/b=one " },
	{ "a bookmark moves on where the next watch begins",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM_ENDS, .body = BOOKMARK("20") },
	    { .wants = WATCH_FROM("20"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "a connection that breaks is taken up after a pause",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM_CUT, .body = BOOKMARK("20") "{\"type\":\"DEL" },
	    { .wants = WATCH_FROM("20"), .status = 503 },
	    { .wants = WATCH_FROM("20"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "a watch that is silent for too long is taken up anew",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM, .body = BOOKMARK("20") },
	    { .wants = WATCH_FROM("20"), .status = 200, .how = FAKE_STREAM } },
	  .times = { .idle_ms = 50 }, .heard = "+web/a=one [synced] " },
	{ "after an expired watch a new list finds what was removed",
	  { { .status = 200, .body = LIST("7", A "," B) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM, .body = ERROR_EVENT("410") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("30", A "," OBJECT("c", "29", "one")) },
	    { .wants = WATCH_FROM("30"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one +web/b=one [synced] +web/c=one -web/b=one " },
	{ "an expired watch may also be refused by its status",
	  { { .status = 200, .body = LIST("7", A "," B) },
	    { .wants = WATCH_FROM("7"), .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("30", A) },
	    { .wants = WATCH_FROM("30"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one +web/b=one [synced] -web/b=one " },
	{ "half a list removes nothing",
	  { { .status = 200, .body = LIST("7", A "," B) },
	    { .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = PAGE("30", "t", OBJECT("c", "29", "one")) },
	    { .wants = "&continue=t ", .status = 500 },
	    { .wants = FIRST_PAGE, .status = 200, .body = PAGE("31", "t", OBJECT("d", "31", "one")) },
	    { .wants = "&continue=t ", .status = -1 } },
	  .heard = "+web/a=one +web/b=one [synced] +web/c=one +web/d=one " },
	{ "a list whose token expired starts over, and then counts what it saw only",
	  { { .wants = FIRST_PAGE, .status = 200, .body = PAGE("7", "t", A) },
	    { .wants = "&continue=t ", .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = PAGE("8", "u", B) },
	    { .wants = "&continue=u ", .status = 200, .body = LIST("8", OBJECT("c", "3", "one")) },
	    { .wants = WATCH_FROM("8"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one +web/b=one +web/c=one -web/a=one [synced] " },
	{ "a list whose token expires again waits",
	  { { .wants = FIRST_PAGE, .status = 200, .body = PAGE("7", "t", "") },
	    { .wants = "&continue=t ", .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = PAGE("8", "u", "") },
	    { .wants = "&continue=u ", .status = 410 },
	    { .wants = FIRST_PAGE, .status = -1 } },
	  .heard = "[never synced: list services: HTTP 410] " },
	{ "who is not let in keeps what was seen, and says so",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 403, .body = STATUS("not you") },
	    { .wants = WATCH_FROM("7"), .status = 403, .body = STATUS("not you") },
	    { .wants = WATCH_FROM("7"), .status = 401 },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] [forbidden: watch services: HTTP 403: not you] [forbidden: watch services: HTTP 401] [synced] " },
	{ "who is let in later starts with a list",
	  { { .wants = FIRST_PAGE, .status = 403, .body = STATUS("not you") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "[forbidden: list services: HTTP 403: not you] +web/a=one [synced] " },
	{ "without a live watch the store goes stale until one lives again",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 503, .wait_ms = 100 },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM, .wait_ms = 100, .body = EVENT("DELETED", A) } },
	  .times = { .stale_ms = 50 },
	  .heard = "+web/a=one [synced] [stale: watch services: none lives for 0 s] [stale: watch services: HTTP 503] [synced] -web/a=one " },
	{ "a stale store trusts no list before its watch lives",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 410, .wait_ms = 100 },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", "") },
	    { .wants = WATCH_FROM("8"), .status = 200, .how = FAKE_STREAM } },
	  .times = { .stale_ms = 50 },
	  .heard = "+web/a=one [synced] [stale: watch services: none lives for 0 s] -web/a=one [synced] " },
	{ "an object without a name spoils the answer, not the store",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", "{\"metadata\":{\"namespace\":\"web\"}}," B) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "an answer that is no list is not an empty list",
	  { { .status = 200, .body = "{}" },
	    { .status = 200, .body = "" },
	    { .status = 200, .body = "<html>" },
	    { .status = 200, .body = "{\"kind\":\"ServiceList\",\"items\":[]}" },
	    { .wants = FIRST_PAGE, .status = -1 } },
	  .heard = "[never synced: list services: the answer is no list] [never synced: list services: not JSON: stopped at byte 0 of 6] "
		   "[never synced: list services: the list has no resourceVersion] " },
	{ "an empty list may have null for its items",
	  { { .status = 200, .body = "{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"5\"},\"items\":null}" },
	    { .wants = WATCH_FROM("5"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "[synced] " },
	{ "a deletion of nobody removes nothing and leads to a new list",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 200, .how = FAKE_STREAM, .body = EVENT("DELETED", "{}") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "an error in the stream leads to a new list after a pause",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 200, .how = FAKE_STREAM, .body = ERROR_EVENT("500") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "what is of no interest any more is removed",
	  { { .status = 200, .body = LIST("7", A "," OBJECT("dull", "3", "dull")) },
	    { .status = 200, .how = FAKE_STREAM,
	      .body = EVENT("MODIFIED", OBJECT("a", "9", "dull")) EVENT("DELETED", OBJECT("dull", "10", "x")) } },
	  .heard = "+web/a=one [synced] -web/a=one " },
	{ "a field selector goes with list and watch",
	  { { .wants = "GET /api/v1/services?limit=100&fieldSelector=type%3DX HTTP/1.1", .status = 200,
	    .body = LIST("7", "") },
	    { .wants = "&fieldSelector=type%3DX HTTP/1.1", .status = 200, .how = FAKE_STREAM } },
	  .field_selector = "type=X", .heard = "[synced] " },
	{ "without a field selector where the server refuses it",
	  { { .wants = "&fieldSelector=type%3DX HTTP/1.1", .status = 400 },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("7", "") },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .field_selector = "type=X", .heard = "[synced] " },
	{ "with the field selector again where nothing is given without it",
	  { { .wants = "&fieldSelector=type%3DX HTTP/1.1", .status = 400 },
	    { .wants = FIRST_PAGE, .status = 403, .body = STATUS("no") },
	    { .wants = "&fieldSelector=type%3DX HTTP/1.1", .status = 200, .body = LIST("7", "") },
	    { .wants = "&fieldSelector=type%3DX HTTP/1.1", .status = 200, .how = FAKE_STREAM } },
	  .field_selector = "type=X", .heard = "[forbidden: list services: HTTP 403: no] [synced] " },
	{ "a token that is refused is no word about the field selector",
	  { { .wants = "&fieldSelector=type%3DX HTTP/1.1", .status = 200, .body = PAGE("7", "t", A) },
	    { .wants = "&continue=t&fieldSelector=type%3DX HTTP/1.1", .status = 400 },
	    { .wants = "GET /api/v1/services?limit=100&fieldSelector=type%3DX HTTP/1.1", .status = 200, .body = LIST("8", A) },
	    { .wants = "&fieldSelector=type%3DX HTTP/1.1", .status = 200, .how = FAKE_STREAM } },
	  .field_selector = "type=X", .heard = "+web/a=one [synced] " },
};

static void goes(void **state)
{
	const struct conversation *c = *state;
	struct informer_options options;
	struct bench b;
	size_t n = 0;

	while (n < MAX_ANSWERS && (c->answers[n].status || c->answers[n].wants))
		n++;
	open_bench(&b, c->answers, n);
	b.wanted = c->heard;
	b.n_requests = n;
	options = options_of(&b);
	options.field_selector = c->field_selector;
	options.times.stale_ms = c->times.stale_ms;
	options.times.idle_ms = c->times.idle_ms;
	b.informer = informer_new(&options);
	run_until(&b.loop, all_is_heard, &b, PATIENCE_MS);
	run_until(&b.loop, never, NULL, 20);          /* nothing more may come */
	assert_text(buf_str(&b.heard), c->heard);
	assert_true(fake_http_n_requests(b.fake) >= n);
	close_bench(&b);
}

/* ---- what does not fit into a table ---- */

static void waits(struct bench *b, const struct fake_answer *answers, size_t n, struct informer_times times)
{
	struct informer_options options;

	open_bench(b, answers, n);
	options = options_of(b);
	options.times = times;
	b->informer = informer_new(&options);
	run_until(&b->loop, never, NULL, 200);
}

static void a_watch_that_always_expires_makes_no_storm(void **state)
{
	struct fake_answer answers[40];
	struct bench b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i += 2) {
		answers[i] = (struct fake_answer){ .status = 200, .body = LIST("7", "") };
		answers[i + 1] = (struct fake_answer){ .status = 200, .how = FAKE_STREAM, .body = ERROR_EVENT("410") };
	}
	waits(&b, answers, ARRAY_SIZE(answers), (struct informer_times){ .backoff_min_ms = 1000 });
	assert_int_equal(fake_http_n_requests(b.fake), 4);       /* one new list at once, no second */
	assert_true(informer_has_failed(b.informer));
	close_bench(&b);
}

static void a_watch_that_ends_at_once_makes_no_storm(void **state)
{
	static const struct fake_answer answers[] = {
		{ .status = 200, .body = LIST("7", "") },
		{ .status = 200, .how = FAKE_STREAM_ENDS },
		{ .status = 200, .how = FAKE_STREAM_ENDS },
	};
	struct bench b;

	(void)state;
	waits(&b, answers, ARRAY_SIZE(answers), (struct informer_times){ .backoff_min_ms = 1000 });
	assert_int_equal(fake_http_n_requests(b.fake), 2);
	close_bench(&b);
}

static void a_watch_that_lived_long_without_news_is_no_growing_failure(void **state)
{
	struct fake_answer answers[20] = { { .status = 200, .body = LIST("7", "") } };
	struct bench b;

	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(answers); i++)
		answers[i] = (struct fake_answer){ .status = 200, .how = FAKE_STREAM };
	waits(&b, answers, ARRAY_SIZE(answers), (struct informer_times){ .backoff_min_ms = 2, .stale_ms = 10, .idle_ms = 20 });
	assert_true(fake_http_n_requests(b.fake) >= 5);
	close_bench(&b);
}

static void a_server_that_asks_for_time_gets_it_within_bounds(void **state)
{
	static const struct fake_answer answers[] = {
		{ .status = 429, .headers = "Retry-After: 3000\r\n" },
		{ .status = 200, .body = LIST("7", "") },
	};
	struct bench b;

	(void)state;
	waits(&b, answers, ARRAY_SIZE(answers), (struct informer_times){ .backoff_min_ms = 1, .backoff_max_ms = 300 });
	assert_int_equal(fake_http_n_requests(b.fake), 1);
	run_until(&b.loop, never, NULL, 200);
	assert_int_equal(informer_state(b.informer), INFORMER_SYNCED);
	close_bench(&b);
}

static void a_kick_ends_the_pause(void **state)
{
	static const struct fake_answer answers[] = { { .status = 401 }, { .status = 200, .body = LIST("7", A) } };
	struct bench b;

	(void)state;
	waits(&b, answers, ARRAY_SIZE(answers), (struct informer_times){ .backoff_min_ms = 60000 });
	assert_int_equal(informer_http_status(b.informer), 401);
	assert_false(informer_was_synced(b.informer));
	informer_kick(b.informer);
	b.wanted = "[forbidden: list services: HTTP 401] +web/a=one ";
	b.n_requests = 3;
	assert_true(run_until(&b.loop, all_is_heard, &b, PATIENCE_MS));
	assert_true(informer_was_synced(b.informer));
	assert_int_equal(informer_count(b.informer), 1);
	assert_text(informer_get(b.informer, "web", "a"), "one");
	assert_null(informer_get(b.informer, "web", "b"));
	assert_text(informer_resource_version(b.informer), "7");
	close_bench(&b);
}

static void an_informer_may_be_freed_from_a_change(void **state)
{
	static const struct fake_answer answers[] = {
		{ .status = 200, .body = LIST("7", "") },
		{ .status = 200, .how = FAKE_STREAM, .body = EVENT("ADDED", A) EVENT("ADDED", B) },
	};
	struct bench b;

	(void)state;
	open_bench(&b, answers, ARRAY_SIZE(answers));
	b.frees_on_change = true;
	b.wanted = "[synced] +web/a=one ";
	b.informer = informer_new(&(struct informer_options){
		.kube = b.kube, .loop = &b.loop, .resource = &KUBE_SERVICES, .project = project, .same = is_same, .free = free,
		.on_change = on_change, .on_state = on_state, .arg = &b });
	assert_true(run_until(&b.loop, all_is_heard, &b, PATIENCE_MS));
	run_until(&b.loop, never, NULL, 20);
	assert_text(buf_str(&b.heard), b.wanted);
	close_bench(&b);
}

static void an_informer_may_be_freed_from_a_state(void **state)
{
	static const struct fake_answer answers[] = { { .status = 200, .body = LIST("7", A) } };
	struct informer_options options;
	struct bench b;

	(void)state;
	open_bench(&b, answers, ARRAY_SIZE(answers));
	b.frees_on_state = true;
	b.wanted = "+web/a=one [synced] ";
	options = options_of(&b);
	b.informer = informer_new(&options);
	assert_true(run_until(&b.loop, all_is_heard, &b, PATIENCE_MS));
	run_until(&b.loop, never, NULL, 20);
	assert_int_equal(fake_http_n_requests(b.fake), 1);
	close_bench(&b);
}

static void objects_without_a_namespace_are_told_with_an_empty_one(void **state)
{
	static const struct fake_answer answers[] = {
		{ .wants = "GET /api/v1/namespaces?limit=100 ", .status = 200, .body = "{\"kind\":\"NamespaceList\","
		  "\"metadata\":{\"resourceVersion\":\"3\"},\"items\":[{\"metadata\":{\"name\":\"web\"},\"text\":\"one\"}]}" },
	};
	struct informer_options options;
	struct bench b;

	(void)state;
	open_bench(&b, answers, ARRAY_SIZE(answers));
	b.wanted = "+/web=one [synced] ";
	options = options_of(&b);
	options.resource = &KUBE_NAMESPACES;
	b.informer = informer_new(&options);
	assert_true(run_until(&b.loop, all_is_heard, &b, PATIENCE_MS));
	assert_text(informer_get(b.informer, NULL, "web"), "one");
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_watch_that_always_expires_makes_no_storm),
		cmocka_unit_test(a_watch_that_ends_at_once_makes_no_storm),
		cmocka_unit_test(a_watch_that_lived_long_without_news_is_no_growing_failure),
		cmocka_unit_test(a_server_that_asks_for_time_gets_it_within_bounds),
		cmocka_unit_test(a_kick_ends_the_pause),
		cmocka_unit_test(an_informer_may_be_freed_from_a_change),
		cmocka_unit_test(an_informer_may_be_freed_from_a_state),
		cmocka_unit_test(objects_without_a_namespace_are_told_with_an_empty_one),
	};
	int n_failed = RUN_TABLE(goes, conversations);

	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	metrics_release();
	return n_failed;
}
