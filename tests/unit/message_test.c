/* proto/message: what a frame must be to be taken, and that the table is the grammar's. */
#include "tests/unit/unit.h"

#include "proto/message.h"
#include "proto/wire.h"

#define ABNF_MAX_BYTES 65536

/* One of each, with every field that may be there. */
static const struct message samples[] = {
	{ .type = MESSAGE_HELLO, .epoch = 0, .has = HAS(FIELD_FEDERATION), .newest = { 1, 0 } },
	{ .type = MESSAGE_WELCOME, .epoch = 7, .beat_ms = 5000 },
	{ .type = MESSAGE_REFUSE, .epoch = 7, .has = HAS(FIELD_TEXT) | HAS(FIELD_FEDERATION) },
	{ .type = MESSAGE_SNAPSHOT_BEGIN, .epoch = 7 },
	{ .type = MESSAGE_SNAPSHOT_END, .epoch = 7 },
	{ .type = MESSAGE_UPSERT, .epoch = 7 },
	{ .type = MESSAGE_DELETE, .epoch = 7 },
	{ .type = MESSAGE_BEAT, .epoch = 7, .has = HAS(FIELD_HASH) },
	{ .type = MESSAGE_ACK, .epoch = 7, .has = HAS(FIELD_HASH), .up_to = 3 },
	{ .type = MESSAGE_REPORT, .epoch = 7, .outcome = OUTCOME_FAILED, .generation = 12,
	  .has = HAS(FIELD_HASH) | HAS(FIELD_STAMP) | HAS(FIELD_GENERATION) | HAS(FIELD_TEXT) },
	{ .type = MESSAGE_FITNESS, .epoch = 7, .copies = 2, .failing = 1, .foreign = 3 },
};

static struct message sample(enum message_type type)
{
	struct message m = samples[type - 1];

	assert_int_equal(m.type, type);
	m.version = VERSION_NEWEST;
	m.session = 0xfeedULL << 40;
	m.sequence = 9;
	m.federation = slice_of("3f0c7c1e-9a51-11ee-8f4b-0242ac120002");
	m.context = slice_of("east");
	m.software = slice_of("0.1.0");
	m.key = slice_of("GSLBConfig/avi-system/gc-1");
	m.body = slice_of("{\"spec\":{}}");
	m.stamp = slice_of("9a5111ee");
	m.reason = slice_of("version");
	m.text = slice_of("speaks 2.0 and newer");
	m.fit = slice_of("avi api");
	memset(m.hash.bytes, 0xab, sizeof(m.hash.bytes));
	return m;
}

static enum side side_of(enum message_type type)
{
	return type == MESSAGE_HELLO || type >= MESSAGE_ACK ? SIDE_FOLLOWER : SIDE_LEADER;
}

static void encode(const struct message *m, struct buf *frame)
{
	buf_init(frame, MESSAGE_FRAME_MAX);
	assert_int_equal(message_encode(m, frame), FAULT_NONE);
}

static void assert_same_slice(struct slice got, struct slice want)
{
	assert_int_equal(got.n, want.n);
	assert_memory_equal(got.p, want.p, want.n);
}

static void each_message_arrives_as_it_was_sent(void **state)
{
	(void)state;
	for (int type = 1; type < MESSAGE_TYPES; type++) {
		struct message m = sample(type), got;
		CLEANUP(buf_release) struct buf frame, again;

		encode(&m, &frame);
		assert_int_equal(message_decode(buf_slice(&frame), side_of(type), &got), FAULT_NONE);
		encode(&got, &again);
		assert_same_slice(buf_slice(&again), buf_slice(&frame));
		assert_int_equal(got.session, m.session);
		assert_int_equal(got.epoch, m.epoch);
		assert_int_equal(got.sequence, 9);
		assert_int_equal(message_decode(buf_slice(&frame), SIDE_LEADER + SIDE_FOLLOWER - side_of(type), &got), FAULT_SENDER);
	}
}

static void fields_arrive(void **state)
{
	struct message m = sample(MESSAGE_REPORT), got;
	CLEANUP(buf_release) struct buf frame;

	(void)state;
	encode(&m, &frame);
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_FOLLOWER, &got), FAULT_NONE);
	assert_same_slice(got.key, m.key);
	assert_same_slice(got.stamp, m.stamp);
	assert_same_slice(got.text, m.text);
	assert_int_equal(got.outcome, OUTCOME_FAILED);
	assert_int_equal(got.generation, 12);
	assert_true(sha256_same(&got.hash, &m.hash));
}

/* Every proper beginning, and every single octet more. */
static void a_frame_that_is_cut_or_longer_is_refused(void **state)
{
	struct message m = sample(MESSAGE_FITNESS), got;
	CLEANUP(buf_release) struct buf frame;

	(void)state;
	encode(&m, &frame);
	for (size_t n = 0; n < frame.n; n++) {
		CLEANUP(freep) char *cut = xmalloc(n + 1);      /* of its own size, so that a sanitizer sees each octet beyond it */

		memcpy(cut, frame.p, n);
		assert_int_equal(message_decode((struct slice){ cut, n }, SIDE_FOLLOWER, &got), FAULT_MALFORMED);
	}
	assert_true(buf_add(&frame, slice_of("x")));
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_FOLLOWER, &got), FAULT_MALFORMED);
}

struct edit {
	const char *name;
	enum message_type type;
	size_t at;                  /* octet */
	unsigned char to;
	enum fault fault;
};

#define HEAD 31

static const struct edit edits[] = {
	{ "nothing wrong", MESSAGE_BEAT, 0, 'A', FAULT_NONE },
	{ "another protocol", MESSAGE_BEAT, 3, 'X', FAULT_MALFORMED },
	{ "an older major version", MESSAGE_BEAT, 4, 0, FAULT_VERSION },
	{ "a newer major version", MESSAGE_BEAT, 4, 2, FAULT_VERSION },
	{ "hello is read in any major version", MESSAGE_HELLO, 4, 9, FAULT_NONE },
	{ "refuse is read in any major version", MESSAGE_REFUSE, 4, 9, FAULT_NONE },
	{ "a newer minor version", MESSAGE_BEAT, 5, 200, FAULT_NONE },
	{ "no type", MESSAGE_BEAT, 6, 0, FAULT_MALFORMED },
	{ "an unknown type", MESSAGE_BEAT, 6, MESSAGE_TYPES, FAULT_MALFORMED },
	{ "another type than its fields'", MESSAGE_BEAT, 6, MESSAGE_WELCOME, FAULT_MALFORMED },
	{ "what the other side says", MESSAGE_BEAT, 6, MESSAGE_ACK, FAULT_SENDER },
	{ "a field that this message has not", MESSAGE_SNAPSHOT_BEGIN, HEAD, FIELD_CONTEXT, FAULT_MALFORMED },
	{ "an unknown field", MESSAGE_SNAPSHOT_BEGIN, HEAD, 77, FAULT_MALFORMED },
	{ "a field of no tag", MESSAGE_SNAPSHOT_BEGIN, HEAD, 0, FAULT_MALFORMED },
	{ "a length beyond the frame", MESSAGE_SNAPSHOT_BEGIN, HEAD + 1, 0xff, FAULT_MALFORMED },
	{ "a federation with a blank", MESSAGE_BEAT, HEAD + 5, ' ', FAULT_MALFORMED },
	{ "an epoch above 2^53", MESSAGE_BEAT, 15, 0x01, FAULT_MALFORMED },
};

static void change_of_one_octet(void **state)
{
	const struct edit *row = *state;
	struct message m = sample(row->type), got;
	CLEANUP(buf_release) struct buf frame;

	encode(&m, &frame);
	frame.p[row->at] = (char)row->to;
	assert_int_equal(message_decode(buf_slice(&frame), side_of(row->type), &got), row->fault);
}

/* What message_encode() would not write, and so message_decode() cannot be shown by it. */
struct unsound {
	const char *name;
	enum message_type type;
	struct message with;        /* its fields that are set replace the sample's */
	enum fault fault;
};

static const char long_text[] =
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static const struct unsound unsounds[] = {
	{ "an epoch above 2^53", MESSAGE_BEAT, { .epoch = MESSAGE_EPOCH_MAX + 1 }, FAULT_MALFORMED },
	{ "a key of two parts", MESSAGE_DELETE, { .key = { "GSLBConfig/gc-1", 15 } }, FAULT_MALFORMED },
	{ "a key of four parts", MESSAGE_DELETE, { .key = { "a/b/c/d", 7 } }, FAULT_MALFORMED },
	{ "a key with an empty namespace", MESSAGE_DELETE, { .key = { "GSLBConfig//gc-1", 16 } }, FAULT_MALFORMED },
	{ "a key with a line feed", MESSAGE_DELETE, { .key = { "a/b/c\nd", 7 } }, FAULT_MALFORMED },
	{ "a federation of 64 octets", MESSAGE_BEAT, { .federation = { long_text, 64 } }, FAULT_OVERSIZED },
	{ "a federation of 63 octets", MESSAGE_BEAT, { .federation = { long_text, 63 } }, FAULT_NONE },
	{ "an outcome that there is not", MESSAGE_REPORT, { .outcome = OUTCOME_KEPT + 1 }, FAULT_MALFORMED },
	{ "beats an hour apart", MESSAGE_WELCOME, { .beat_ms = 3600000 }, FAULT_NONE },
	{ "beats more than an hour apart", MESSAGE_WELCOME, { .beat_ms = 3600001 }, FAULT_MALFORMED },
	{ "a body of one octet", MESSAGE_UPSERT, { .body = { "{", 1 } }, FAULT_MALFORMED },
};

static void message_is_not_written(void **state)
{
	const struct unsound *row = *state;
	struct message m = sample(row->type);
	CLEANUP(buf_release) struct buf frame;

	m.epoch = row->with.epoch ? row->with.epoch : m.epoch;
	m.key = row->with.key.p ? row->with.key : m.key;
	m.federation = row->with.federation.p ? row->with.federation : m.federation;
	m.outcome = row->with.outcome ? row->with.outcome : m.outcome;
	m.beat_ms = row->with.beat_ms ? row->with.beat_ms : m.beat_ms;
	m.body = row->with.body.p ? row->with.body : m.body;
	buf_init(&frame, MESSAGE_FRAME_MAX);
	assert_int_equal(message_encode(&m, &frame), row->fault);
	assert_true((frame.n == 0) == (row->fault != FAULT_NONE));
}

static void a_session_or_sequence_of_zero_is_refused(void **state)
{
	struct message m = sample(MESSAGE_BEAT), got;
	CLEANUP(buf_release) struct buf frame;

	(void)state;
	encode(&m, &frame);
	memset(frame.p + 7, 0, 8);
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_LEADER, &got), FAULT_MALFORMED);
	frame.p[7] = 1;
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_LEADER, &got), FAULT_NONE);
	frame.p[HEAD - 1] = 0;
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_LEADER, &got), FAULT_MALFORMED);
}

static void the_largest_object_fits_and_one_octet_more_does_not(void **state)
{
	CLEANUP(freep) char *text = xcalloc(1, MESSAGE_BODY_MAX + 1);
	struct message m = sample(MESSAGE_UPSERT), got;
	CLEANUP(buf_release) struct buf frame, more;

	(void)state;
	m.body = (struct slice){ text, MESSAGE_BODY_MAX };
	encode(&m, &frame);
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_LEADER, &got), FAULT_NONE);
	m.body.n++;
	buf_init(&more, MESSAGE_FRAME_MAX);
	assert_int_equal(message_encode(&m, &more), FAULT_OVERSIZED);
	buf_init(&more, 40);
	m = sample(MESSAGE_BEAT);
	assert_int_equal(message_encode(&m, &more), FAULT_OVERSIZED);
	assert_int_equal(more.n, 0);
}

static void add_field(struct buf *frame, int tag, const char *value)
{
	struct wire_writer w = { .out = frame };

	wire_put_u8(&w, (uint8_t)tag);
	wire_put_u32(&w, (uint32_t)strlen(value));
	wire_put_bytes(&w, slice_of(value));
	assert_false(w.is_full);
}

static void fields_of_a_newer_minor_version_are_passed_over(void **state)
{
	struct message m = sample(MESSAGE_BEAT), got;
	CLEANUP(buf_release) struct buf frame;

	(void)state;
	m.version.minor++;
	encode(&m, &frame);
	add_field(&frame, FIELD_CONTEXT + 100, "new");
	add_field(&frame, FIELD_CONTEXT + 101, "");
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_LEADER, &got), FAULT_NONE);
	assert_true(sha256_same(&got.hash, &m.hash));
	add_field(&frame, FIELD_CONTEXT + 101, "twice");
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_LEADER, &got), FAULT_MALFORMED);
}

static void a_field_that_is_there_twice_is_refused(void **state)
{
	struct message m = sample(MESSAGE_SNAPSHOT_BEGIN), got;
	CLEANUP(buf_release) struct buf frame;

	(void)state;
	encode(&m, &frame);
	add_field(&frame, FIELD_FEDERATION, "another");
	assert_int_equal(message_decode(buf_slice(&frame), SIDE_LEADER, &got), FAULT_MALFORMED);
}

struct agreement {
	const char *name;
	struct version_pair oldest_a, newest_a, oldest_b, newest_b;
	bool agree;
	struct version_pair version;
};

static const struct agreement agreements[] = {
	{ "the same", { 1, 0 }, { 1, 0 }, { 1, 0 }, { 1, 0 }, true, { 1, 0 } },
	{ "one minor apart: the older one", { 1, 0 }, { 1, 1 }, { 1, 0 }, { 1, 0 }, true, { 1, 0 } },
	{ "a major apart, still spoken", { 1, 2 }, { 2, 0 }, { 1, 0 }, { 1, 3 }, true, { 1, 3 } },
	{ "minor numbers count within a major one", { 1, 0 }, { 2, 1 }, { 1, 0 }, { 2, 0 }, true, { 2, 0 } },
	{ "nothing in common, a older", { 1, 0 }, { 1, 9 }, { 2, 0 }, { 2, 4 }, false, { 0, 0 } },
	{ "nothing in common, b older", { 2, 0 }, { 2, 4 }, { 1, 0 }, { 1, 9 }, false, { 0, 0 } },
};

static void versions_agree(void **state)
{
	const struct agreement *row = *state;
	struct version_pair got = { 0 };

	assert_int_equal(version_agree(row->oldest_a, row->newest_a, row->oldest_b, row->newest_b, &got), row->agree);
	assert_int_equal(got.major, row->version.major);
	assert_int_equal(got.minor, row->version.minor);
}

static void the_table_is_the_grammar(void **state)
{
	CLEANUP(freep) char *text = xcalloc(1, ABNF_MAX_BYTES);
	FILE *file = fopen("proto/federation.abnf", "r");

	(void)state;
	assert_non_null(file);
	assert_true(fread(text, 1, ABNF_MAX_BYTES - 1, file) > 0);
	fclose(file);
	for (int type = 1; type < MESSAGE_TYPES; type++) {
		CLEANUP(buf_release) struct buf line;

		buf_init(&line, 1024);
		assert_true(buf_puts(&line, "\n") && message_grammar(type, &line) && buf_puts(&line, "\n"));
		if (!strstr(text, line.p))
			fail_msg("the grammar lacks:%s", line.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_message_arrives_as_it_was_sent),
		cmocka_unit_test(fields_arrive),
		cmocka_unit_test(a_frame_that_is_cut_or_longer_is_refused),
		cmocka_unit_test(a_session_or_sequence_of_zero_is_refused),
		cmocka_unit_test(the_largest_object_fits_and_one_octet_more_does_not),
		cmocka_unit_test(fields_of_a_newer_minor_version_are_passed_over),
		cmocka_unit_test(a_field_that_is_there_twice_is_refused),
		cmocka_unit_test(the_table_is_the_grammar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(change_of_one_octet, edits) |
	       RUN_TABLE(message_is_not_written, unsounds) | RUN_TABLE(versions_agree, agreements);
}
