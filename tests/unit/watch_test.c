/* The lines of a watch answer: whole, in any pieces, too long, and wrong. */
#include "common/kube/watch.h"

#include "tests/unit/unit.h"

#define ADDED "{\"type\":\"ADDED\",\"object\":{\"n\":\"a\"}}"
#define GONE "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}"

struct listener {
	struct buf heard;
	size_t stops_after;            /* 0: never */
	size_t n;
};

static bool hear(void *arg, const struct watch_event *event)
{
	static const char marks[] = { '+', '~', '-', '=', '!' };
	struct listener *l = arg;
	const char *name = json_str(event->object, "n");

	buf_printf(&l->heard, "%c%s", marks[event->type], name ? name : "");
	if (event->status_code)
		buf_printf(&l->heard, "%d", event->status_code);
	return ++l->n != l->stops_after;
}

static const struct {
	const char *name, *bytes, *heard;
	size_t stops_after;
	const char *error;
} cases[] = {
	{ "each line is an event", ADDED "\n{\"type\":\"MODIFIED\",\"object\":{\"n\":\"a\"}}\n"
	  "{\"type\":\"DELETED\",\"object\":{\"n\":\"a\"}}\n{\"type\":\"BOOKMARK\",\"object\":{}}\n", .heard = "+a~a-a=" },
	{ "empty lines and carriage returns are nothing", "\r\n\n" ADDED "\r\n\n", .heard = "+a" },
	{ "a line without its end is not yet an event", ADDED "\n" ADDED, .heard = "+a" },
	{ "an error carries its code", GONE "\n", .heard = "!410" },
	{ "an error without a code is a server error", "{\"type\":\"ERROR\",\"object\":{\"code\":\"x\"}}\n", .heard = "!500" },
	{ "the receiver may stop", ADDED "\n" ADDED "\n" ADDED "\n", .heard = "+a+a", .stops_after = 2,
	  .error = "watch given up" },
	{ "what is not JSON is refused", ADDED "\nhello\n", .heard = "+a",
	  .error = "watch event: not JSON: stopped at byte 0 of 5" },
	{ "a type nobody knows is refused", "{\"type\":\"added\",\"object\":{}}\n", .heard = "",
	  .error = "watch event: no known type" },
	{ "a list is no event", "[]\n", .heard = "", .error = "watch event: no known type" },
	{ "an event is about an object", "{\"type\":\"ADDED\",\"object\":[]}\n", .heard = "",
	  .error = "watch event: no object" },
	{ "an event is about an object that is not null", "{\"type\":\"ADDED\",\"object\":null}\n", .heard = "",
	  .error = "watch event: no object" },
};

static void decodes_in_pieces_of(size_t n_piece, const __typeof__(cases[0]) *c)
{
	struct listener l = { .stops_after = c->stops_after };
	struct slice rest = slice_of(c->bytes);
	struct watch_decoder decoder;
	struct err err = { 0 };
	bool goes_on = true;

	buf_init(&l.heard, 1000);
	watch_decoder_init(&decoder);
	while (goes_on && rest.n) {
		size_t n = MIN(n_piece, rest.n);

		goes_on = watch_decode(&decoder, (struct slice){ rest.p, n }, hear, &l, &err);
		rest = (struct slice){ rest.p + n, rest.n - n };
	}
	assert_text(buf_str(&l.heard), c->heard);
	assert_text(err.msg, c->error ? c->error : "");
	assert_int_equal(goes_on, !c->error);
	watch_decoder_release(&decoder);
	buf_release(&l.heard);
}

static void decodes(void **state)
{
	const __typeof__(cases[0]) *c = *state;

	for (size_t n = 1; n <= strlen(c->bytes); n++)
		decodes_in_pieces_of(n, c);
}

/* {"type":"ADDED","object":{"n":"xxxx..."}} and a line end, n bytes in all */
static char *line_of(size_t n)
{
	static const char head[] = "{\"type\":\"ADDED\",\"object\":{\"x\":\"", tail[] = "\"}}\n";
	char *line = xmalloc(n + 1);

	memset(line, 'x', n);
	memcpy(line, head, strlen(head));
	memcpy(line + n - strlen(tail), tail, sizeof(tail));
	return line;
}

static void an_event_of_the_limit_passes_and_one_byte_more_does_not(void **state)
{
	CLEANUP(freep) char *right = line_of(WATCH_EVENT_MAX_BYTES + 1), *large = line_of(WATCH_EVENT_MAX_BYTES + 2);
	struct listener l = { 0 };
	struct watch_decoder decoder;
	struct err err = { 0 };

	(void)state;
	buf_init(&l.heard, 1000);
	watch_decoder_init(&decoder);
	assert_true(watch_decode(&decoder, slice_of(right), hear, &l, &err));
	assert_true(watch_decode(&decoder, (struct slice){ right, 1000 }, hear, &l, &err));
	assert_true(watch_decode(&decoder, slice_of(right + 1000), hear, &l, &err));
	assert_text(buf_str(&l.heard), "++");
	assert_int_equal(decoder.line.cap, 0);         /* so much memory is not kept */
	assert_false(watch_decode(&decoder, slice_of(large), hear, &l, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	watch_decoder_release(&decoder);
	watch_decoder_init(&decoder);
	assert_true(watch_decode(&decoder, (struct slice){ large, 1000 }, hear, &l, &err));
	assert_false(watch_decode(&decoder, slice_of(large + 1000), hear, &l, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	watch_decoder_release(&decoder);
	buf_release(&l.heard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_of_the_limit_passes_and_one_byte_more_does_not),
	};

	return RUN_TABLE(decodes, cases) + cmocka_run_group_tests(tests, NULL, NULL);
}
