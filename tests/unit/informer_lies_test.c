/* Servers that lie, cut, stall or never come to an end: nothing is removed for it, it is told, and it costs little. */
#include "tests/unit/informer_talk.h"

#include "common/base/metrics.h"

#define UID_OBJECT(name, version, uid) "{\"metadata\":{\"namespace\":\"web\",\"name\":\"" name "\",\"resourceVersion\":\"" version \
	"\",\"uid\":\"" uid "\"},\"text\":\"" uid "\"}"
#define WATCH "GET /api/v1/services?watch=true"
#define GARBAGE "{\"type\":\"MODIFIED\",\"object\":{\n"
#define NOT_JSON "HTTP 200: watch event: not JSON: stopped at byte 28 of 29"

static const struct conversation lists[] = {
	{ "a watch begins where the first page of its list was",
	  { { .status = 200, .body = PAGE("7", "t", A) },
	    { .status = 200, .body = LIST("9", B) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one +web/b=one [synced] " },
	{ "an object on two pages is one object",
	  { { .status = 200, .body = PAGE("7", "t", A) },
	    { .status = 200, .body = LIST("7", OBJECT("a", "5", "two") "," B) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one ~web/a=one>two +web/b=one [synced] " },
	{ "a list of something else removes nothing",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 410 },
	    { .status = 200, .body = "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"8\"},\"items\":[]}" },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "a list with an object that is newer than itself is none",
	  { { .status = 200, .body = LIST("1", B) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("7", B) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "[never synced: list services: HTTP 200: the list is of version 1, but object b of version 2] +web/b=one [synced] " },
	{ "a list that is older than what was seen removes nothing",
	  { { .status = 200, .body = LIST("7", A "," B) },
	    { .status = 200, .how = FAKE_STREAM_ENDS, .body = BOOKMARK("9") },
	    { .wants = WATCH_FROM("9"), .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", "") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", B) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one +web/b=one [synced] -web/a=one " },
	{ "a list that stays older for long is how things are now",
	  { { .status = 200, .body = LIST("70", A "," B) },
	    { .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", "") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", B) },
	    { .wants = WATCH_FROM("8"), .status = 200, .how = FAKE_STREAM } },
	  .times = { .older_ms = 1 }, .heard = "+web/a=one +web/b=one [synced] -web/a=one " },
	{ "versions that are no numbers are as good as any",
	  { { .status = 200, .body = LIST("x9", A) },
	    { .wants = WATCH_FROM("x9"), .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("x1", B) },
	    { .wants = WATCH_FROM("x1"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] +web/b=one -web/a=one " },
	{ "a list in a circle removes nothing, and ends",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 410 },
	    { .wants = FIRST_PAGE, .status = 200, .body = PAGE("8", "t", B) },
	    { .wants = "&continue=t ", .status = 200, .body = PAGE("8", "t", B) },
	    { .wants = FIRST_PAGE, .status = -1 } },
	  .times = { .stale_ms = 60 },
	  .heard = "+web/a=one [synced] +web/b=one [stale: list services: HTTP 200: the list runs in a circle: after page 2 comes "
		   "one that was there before] " },
	{ "a list that is always expired waits",
	  { { .status = 410 }, { .status = 410 }, { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "[never synced: list services: HTTP 410] +web/a=one [synced] " },
	{ "a list that takes too long is given up",
	  { { .status = 200, .body = PAGE("7", "t", A) },
	    { .wants = "&continue=t ", .status = 200, .body = LIST("7", B), .wait_ms = 80 },
	    { .wants = FIRST_PAGE, .status = -1 } },
	  .times = { .list_ms = 40 }, .heard = "+web/a=one [never synced: list services: not complete after 0 s] " },
	{ "the first list is told when it takes long, and is good all the same",
	  { { .status = 200, .body = PAGE("7", "t", A) },
	    { .wants = "&continue=t ", .status = 200, .body = LIST("7", B), .wait_ms = 150 },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM } },
	  .times = { .stale_ms = 50 },
	  .heard = "+web/a=one [never synced: list services: not complete after 0 s] +web/b=one [synced] " },
	{ "more objects than are kept are no list",
	  { { .status = 200, .body = LIST("7", A "," B "," OBJECT("c", "3", "one") "," OBJECT("dull", "3", "dull")) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", A "," B "," OBJECT("dull", "3", "dull")) },
	    { .wants = WATCH_FROM("8"), .status = 200, .how = FAKE_STREAM } },
	  .max_objects = 2,
	  .heard = "+web/a=one +web/b=one [never synced: list services: HTTP 200: more than 2 objects] [synced] " },
	{ "a whole list makes room in a store that is full of another's beginning",
	  { { .status = 200, .body = PAGE("7", "t", A "," B) },
	    { .status = 500 },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", OBJECT("c", "3", "one")) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", OBJECT("c", "3", "one")) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .max_objects = 2,
	  .heard = "+web/a=one +web/b=one [never synced: list services: HTTP 500] -web/a=one -web/b=one +web/c=one [synced] " },
};

static const struct conversation streams[] = {
	{ "an old event is no sequel: a new list says what is",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 200, .how = FAKE_STREAM, .body = EVENT("DELETED", OBJECT("a", "3", "one")) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "nor is an old bookmark",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 200, .how = FAKE_STREAM, .body = BOOKMARK("3") EVENT("DELETED", OBJECT("a", "8", "one")) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "events that all tell one version are taken",
	  { { .status = 200, .body = LIST("7", "") },
	    { .status = 200, .how = FAKE_STREAM, .body = EVENT("ADDED", OBJECT("a", "8", "one")) EVENT("MODIFIED", OBJECT("a", "8", "two")) } },
	  .heard = "[synced] +web/a=one ~web/a=one>two " },
	{ "events whose versions are no numbers are taken",
	  { { .status = 200, .body = LIST("7", "") },
	    { .status = 200, .how = FAKE_STREAM_CUT, .body = EVENT("ADDED", OBJECT("a", "z", "one")) EVENT("ADDED", OBJECT("b", "c", "one")) },
	    { .wants = WATCH_FROM("c"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "[synced] +web/a=one +web/b=one " },
	{ "a version that nobody can watch from leads to a new list, with the same selector",
	  { { .wants = "&fieldSelector=type%3DX HTTP/1.1", .status = 200, .body = LIST("text", A) },
	    { .wants = WATCH_FROM("text"), .status = 400 },
	    { .wants = "limit=100&fieldSelector=type%3DX HTTP/1.1", .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .field_selector = "type=X", .heard = "+web/a=one [synced] " },
	{ "the deletion of another object that had this name is old news",
	  { { .status = 200, .body = LIST("7", UID_OBJECT("a", "5", "second")) },
	    { .status = 200, .how = FAKE_STREAM, .body = EVENT("DELETED", UID_OBJECT("a", "8", "first"))
	      EVENT("ADDED", OBJECT("b", "9", "one")) EVENT("DELETED", UID_OBJECT("a", "10", "second")) } },
	  .heard = "+web/a=second [synced] +web/b=one -web/a=second " },
	{ "an event about an object of another kind is none",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 200, .how = FAKE_STREAM,
	      .body = EVENT("DELETED", "{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"web\",\"name\":\"a\"}}") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM } },
	  .heard = "+web/a=one [synced] " },
	{ "an event for which there is no room leads to a new list",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 200, .how = FAKE_STREAM, .body = EVENT("ADDED", OBJECT("b", "8", "one")) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", OBJECT("b", "8", "one")) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("10", OBJECT("b", "8", "one")) },
	    { .wants = WATCH_FROM("10"), .status = 200, .how = FAKE_STREAM } },
	  .max_objects = 1, .heard = "+web/a=one [synced] -web/a=one +web/b=one " },
	{ "after a watch that said nothing at all a list says what it kept to itself",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", B) },
	    { .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM, .body = BOOKMARK("9") } },
	  .times = { .idle_ms = 50 }, .heard = "+web/a=one [synced] +web/b=one -web/a=one " },
	{ "a stream that goes on behind an error is given up",
	  { { .status = 200, .body = LIST("7", A) },
	    { .status = 200, .how = FAKE_STREAM, .body = ERROR_EVENT("410") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .status = 200, .how = FAKE_STREAM, .body = ERROR_EVENT("500") EVENT("DELETED", OBJECT("a", "10", "one")) },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("11", A) },
	    { .wants = WATCH_FROM("11"), .status = 200, .how = FAKE_STREAM } },
	  .times = { .short_ms = 20 }, .heard = "+web/a=one [synced] " },
	{ "a stream of nonsense is told once, though each of its watches is accepted, until one lives for a while",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH, .status = 200, .how = FAKE_STREAM, .body = GARBAGE },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("7", A), .wait_ms = 120 },
	    { .wants = WATCH, .status = 200, .how = FAKE_STREAM, .body = BOOKMARK("8") GARBAGE },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", A) },
	    { .wants = WATCH, .status = 200, .how = FAKE_STREAM, .body = GARBAGE },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", A) },
	    { .wants = WATCH, .status = 200, .how = FAKE_STREAM } },
	  .times = { .stale_ms = 60 }, .heard = "+web/a=one [synced] [stale: watch services: " NOT_JSON "] [synced] " },
	{ "so is a watch that expires each time",
	  { { .status = 200, .body = LIST("7", A) },
	    { .wants = WATCH, .status = 200, .how = FAKE_STREAM_ENDS, .body = ERROR_EVENT("410") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("8", A) },
	    { .wants = WATCH, .status = 200, .how = FAKE_STREAM_ENDS, .body = ERROR_EVENT("410") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A), .wait_ms = 120 },
	    { .wants = WATCH, .status = 200, .how = FAKE_STREAM_ENDS, .body = ERROR_EVENT("410") },
	    { .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
	    { .wants = WATCH, .status = 200, .how = FAKE_STREAM } },
	  .times = { .stale_ms = 60 }, .heard = "+web/a=one [synced] [stale: watch services: error 410 in the stream: sorry] [synced] " },
};

/* ---- what goes on for ever must cost little ---- */

static const struct storm {
	const char *name;
	struct fake_answer answers[2]; /* in turns */
	size_t n_requests;             /* before the first pause */
} storms[] = {
	{ "a watch that always expires", { { .status = 200, .body = LIST("7", "") },
	  { .status = 200, .how = FAKE_STREAM_ENDS, .body = ERROR_EVENT("410") } }, 4 },
	{ "a watch that always expires after it brought something", { { .status = 200, .body = LIST("8", "") },
	  { .status = 200, .how = FAKE_STREAM_ENDS, .body = BOOKMARK("8") ERROR_EVENT("410") } }, 4 },
	{ "a watch that always is refused as expired", { { .status = 200, .body = LIST("7", "") }, { .status = 410 } }, 4 },
	{ "a watch that ends at once", { { .status = 200, .body = LIST("7", "") }, { .status = 200, .how = FAKE_STREAM_ENDS } }, 2 },
	{ "a watch that ends at once after it brought something", { { .status = 200, .body = LIST("7", "") },
	  { .status = 200, .how = FAKE_STREAM_ENDS, .body = BOOKMARK("8") } }, 2 },
	{ "a stream that becomes nonsense", { { .status = 200, .body = LIST("7", "") },
	  { .status = 200, .how = FAKE_STREAM, .body = BOOKMARK("8") GARBAGE } }, 2 },
	{ "a stream that tells old things", { { .status = 200, .body = LIST("7", "") },
	  { .status = 200, .how = FAKE_STREAM, .body = BOOKMARK("8") BOOKMARK("3") } }, 2 },
	{ "a list that expires on its second page", { { .status = 200, .body = PAGE("7", "t", "") }, { .status = 410 } }, 4 },
	{ "a list of half a page", { { .status = 200, .body = "{\"kind\":", .how = FAKE_STREAM_CUT } }, 1 },
};

static void is_no_storm(void **state)
{
	const struct storm *storm = *state;
	struct fake_answer answers[40];
	struct informer_options options;
	struct talk b;

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		answers[i] = storm->answers[i % 2];
	talk_open(&b, answers, ARRAY_SIZE(answers));
	options = talk_options(&b);
	options.times.backoff_min_ms = options.times.backoff_max_ms = 2000;
	b.informer = informer_new(&options);
	run_until(&b.loop, talk_never, NULL, 300);
	assert_int_equal(fake_http_n_requests(b.fake), storm->n_requests);
	assert_true(informer_has_failed(b.informer));
	talk_close(&b);
}

/* The pause doubles: what once needed one step must not need it again at each attempt. */
static void the_pauses_of_a_bad_stream_grow(void **state)
{
	struct fake_answer answers[200];
	struct informer_options options;
	struct talk b;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		answers[i] = i % 2 ? (struct fake_answer){ .status = 200, .how = FAKE_STREAM, .body = BOOKMARK("8") GARBAGE } :
			     (struct fake_answer){ .status = 200, .body = LIST("8", "") };
	talk_open(&b, answers, ARRAY_SIZE(answers));
	options = talk_options(&b);
	options.times.backoff_min_ms = 5;
	options.times.backoff_max_ms = 1000;
	b.informer = informer_new(&options);
	run_until(&b.loop, talk_never, NULL, 500);
	/* 5, 10, 20, ... 320 ms, halved by the dice at most: 8 attempts of 2 requests */
	assert_true(fake_http_n_requests(b.fake) <= 18);
	talk_close(&b);
}

/* Pushes a blank every 10 ms into the first watch. */
static bool is_told(void *arg)
{
	struct talk *b = arg;
	int64_t now_ms = (int64_t)uv_now(&b->loop);

	if (fake_http_n_requests(b->fake) == 2 && now_ms >= b->last_push_ms + 10) {
		b->last_push_ms = now_ms;
		fake_http_push(b->fake, " ");
	}
	return strstr(buf_str(&b->heard), "[stale:") != NULL;
}

/* A byte now and then keeps a stream from being silent, but an event that is never whole says nothing. */
static void a_line_that_never_ends_is_no_life(void **state)
{
	static const struct fake_answer answers[] = {
		{ .status = 200, .body = LIST("7", A) },
		{ .wants = WATCH_FROM("7"), .status = 200, .how = FAKE_STREAM, .body = "{\"type\":" },
		{ .wants = FIRST_PAGE, .status = 200, .body = LIST("9", A) },
		{ .wants = WATCH_FROM("9"), .status = 200, .how = FAKE_STREAM, .body = "{\"type\":" },
	};
	struct informer_options options;
	struct talk b;

	(void)state;
	talk_open(&b, answers, ARRAY_SIZE(answers));
	options = talk_options(&b);
	options.times.stale_ms = 60;
	b.informer = informer_new(&options);
	assert_true(run_until(&b.loop, is_told, &b, PATIENCE_MS));
	b.wanted = "+web/a=one [synced] [stale: watch services: an event is not whole after 0 s] ";
	b.n_requests = 4;
	run_until(&b.loop, talk_is_heard, &b, PATIENCE_MS);
	run_until(&b.loop, talk_never, NULL, 100);     /* the next one is in the middle of a line too: it is not believed */
	assert_text(buf_str(&b.heard), b.wanted);
	talk_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pauses_of_a_bad_stream_grow),
		cmocka_unit_test(a_line_that_never_ends_is_no_life),
	};
	int n_failed = RUN_TABLE(talk_goes, lists);

	n_failed += RUN_TABLE(talk_goes, streams);
	n_failed += RUN_TABLE(is_no_storm, storms);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	metrics_release();
	return n_failed;
}
