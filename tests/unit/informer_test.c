/* The informer in conversation with a scripted API server: what it asks, and what its owner is told. */
#include "tests/unit/informer_talk.h"

#include "common/base/metrics.h"

/* ---- conversations ---- */

static const struct conversation conversations[] = {
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
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM_ENDS, .body = ERROR_EVENT("410") },
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
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM, .wait_ms = 100,
	      .body = EVENT("DELETED", OBJECT("a", "8", "one")) } },
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
	  .heard = "[never synced: list services: HTTP 200: the answer is no list] "
		   "[never synced: list services: HTTP 200: not JSON: stopped at byte 0 of 6] "
		   "[never synced: list services: HTTP 200: the list has no resourceVersion] " },
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
	    { .status = 200, .how = FAKE_STREAM_ENDS, .body = ERROR_EVENT("500") },
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

/* ---- what does not fit into a table ---- */

static void waits(struct talk *b, const struct fake_answer *answers, size_t n, struct informer_times times)
{
	struct informer_options options;

	talk_open(b, answers, n);
	options = talk_options(b);
	talk_set_times(&options.times, &times);
	b->informer = informer_new(&options);
	run_until(&b->loop, talk_never, NULL, 200);
}

static void a_watch_that_lived_long_without_news_is_no_growing_failure(void **state)
{
	struct fake_answer answers[20] = { { .status = 200, .body = LIST("7", "") } };
	struct talk b;

	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(answers); i++)
		answers[i] = (struct fake_answer){ .status = 200, .how = FAKE_STREAM, .body = BOOKMARK("7") };
	waits(&b, answers, ARRAY_SIZE(answers), (struct informer_times){ .backoff_min_ms = 2, .stale_ms = 10, .idle_ms = 20 });
	assert_true(fake_http_n_requests(b.fake) >= 5);
	talk_close(&b);
}

static void a_server_that_asks_for_time_gets_it_within_bounds(void **state)
{
	static const struct fake_answer answers[] = {
		{ .status = 429, .headers = "Retry-After: 3000\r\n" },
		{ .status = 200, .body = LIST("7", "") },
	};
	struct talk b;

	(void)state;
	waits(&b, answers, ARRAY_SIZE(answers), (struct informer_times){ .backoff_min_ms = 1, .backoff_max_ms = 300 });
	assert_int_equal(fake_http_n_requests(b.fake), 1);
	run_until(&b.loop, talk_never, NULL, 200);
	assert_int_equal(informer_state(b.informer), INFORMER_SYNCED);
	talk_close(&b);
}

static void a_kick_ends_the_pause(void **state)
{
	static const struct fake_answer answers[] = { { .status = 401 }, { .status = 200, .body = LIST("7", A) } };
	struct talk b;

	(void)state;
	waits(&b, answers, ARRAY_SIZE(answers), (struct informer_times){ .backoff_min_ms = 60000, .backoff_max_ms = 60000 });
	assert_int_equal(informer_http_status(b.informer), 401);
	assert_false(informer_was_synced(b.informer));
	informer_kick(b.informer);
	b.wanted = "[forbidden: list services: HTTP 401] +web/a=one ";
	b.n_requests = 3;
	assert_true(run_until(&b.loop, talk_is_heard, &b, PATIENCE_MS));
	assert_true(informer_was_synced(b.informer));
	assert_int_equal(informer_count(b.informer), 1);
	assert_text(informer_get(b.informer, "web", "a"), "one");
	assert_null(informer_get(b.informer, "web", "b"));
	assert_text(informer_resource_version(b.informer), "7");
	talk_close(&b);
}

static void an_informer_may_be_freed_from_a_change(void **state)
{
	static const struct fake_answer answers[] = {
		{ .status = 200, .body = LIST("7", "") },
		{ .status = 200, .how = FAKE_STREAM, .body = EVENT("ADDED", OBJECT("a", "8", "one")) EVENT("ADDED", OBJECT("b", "9", "one")) },
	};
	struct informer_options options;
	struct talk b;

	(void)state;
	talk_open(&b, answers, ARRAY_SIZE(answers));
	b.frees_on_change = true;
	b.wanted = "[synced] +web/a=one ";
	options = talk_options(&b);
	b.informer = informer_new(&options);
	assert_true(run_until(&b.loop, talk_is_heard, &b, PATIENCE_MS));
	run_until(&b.loop, talk_never, NULL, 20);
	assert_text(buf_str(&b.heard), b.wanted);
	talk_close(&b);
}

static void an_informer_may_be_freed_from_a_state(void **state)
{
	static const struct fake_answer answers[] = { { .status = 200, .body = LIST("7", A) } };
	struct informer_options options;
	struct talk b;

	(void)state;
	talk_open(&b, answers, ARRAY_SIZE(answers));
	b.frees_on_state = true;
	b.wanted = "+web/a=one [synced] ";
	options = talk_options(&b);
	b.informer = informer_new(&options);
	assert_true(run_until(&b.loop, talk_is_heard, &b, PATIENCE_MS));
	run_until(&b.loop, talk_never, NULL, 20);
	assert_int_equal(fake_http_n_requests(b.fake), 1);
	talk_close(&b);
}

static void objects_without_a_namespace_are_told_with_an_empty_one(void **state)
{
	static const struct fake_answer answers[] = {
		{ .wants = "GET /api/v1/namespaces?limit=100 ", .status = 200, .body = "{\"kind\":\"NamespaceList\","
		  "\"metadata\":{\"resourceVersion\":\"3\"},\"items\":[{\"metadata\":{\"name\":\"web\"},\"text\":\"one\"}]}" },
	};
	struct informer_options options;
	struct talk b;

	(void)state;
	talk_open(&b, answers, ARRAY_SIZE(answers));
	b.wanted = "+/web=one [synced] ";
	options = talk_options(&b);
	options.resource = &KUBE_NAMESPACES;
	b.informer = informer_new(&options);
	assert_true(run_until(&b.loop, talk_is_heard, &b, PATIENCE_MS));
	assert_text(informer_get(b.informer, NULL, "web"), "one");
	talk_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_watch_that_lived_long_without_news_is_no_growing_failure),
		cmocka_unit_test(a_server_that_asks_for_time_gets_it_within_bounds),
		cmocka_unit_test(a_kick_ends_the_pause),
		cmocka_unit_test(an_informer_may_be_freed_from_a_change),
		cmocka_unit_test(an_informer_may_be_freed_from_a_state),
		cmocka_unit_test(objects_without_a_namespace_are_told_with_an_empty_one),
	};
	int n_failed = RUN_TABLE(talk_goes, conversations);

	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	metrics_release();
	return n_failed;
}
