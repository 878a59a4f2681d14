/* federation: leader and follower, each fed by a peer that holds a valid key and says whatever it likes. Neither crashes or takes
 * more than its limits; what is under way to a peer is bounded; what a follower has in force has the hash that was announced. */
#include "follower/subscribe.h"
#include "leader/federation/publish.h"
#include "tests/fuzz/fuzz.h"

#define UUID "u-1"
#define EPOCH 7

/* The script: each step takes octets from the front. */
struct script {
	const uint8_t *p;
	size_t n;
};

static uint8_t take(struct script *script)
{
	if (!script->n)
		return 0;
	script->n--;
	return *script->p++;
}

static struct slice pick(struct script *script, const char *const *texts, size_t n)
{
	return slice_of(texts[take(script) % n]);
}

/* A message that mostly fits; `sequence` is the next one. */
static struct message draw(struct script *script, uint64_t session, uint64_t sequence)
{
	static const char *const keys[] = { "GSLBHostRule/shop/a", "GSLBHostRule/shop/b", "GSLBConfig/avi-system/gc", "Secret/a/b" };
	static const char *const bodies[] = { "{\"spec\":{}}", "{\"spec\":{\"v\":1}}", "{\"spec\":1}", "{\"labels\":{},\"spec\":{}}" };
	static const char *const stamps[] = { "s1", "s2" };
	uint8_t odd = take(script);
	struct message m = {
		.type = 1 + take(script) % (MESSAGE_TYPES - 1), .version = { 1, odd % 64 == 1 }, .session = session + (odd % 64 == 2),
		.epoch = EPOCH + (odd % 64 == 3) - (odd % 64 == 4), .sequence = sequence + (odd % 64 == 5) - (odd % 64 == 6 && sequence > 1),
		.has = take(script) << 7, .federation = slice_of(odd % 64 == 7 ? "u-2" : UUID), .context = slice_of("west"),
		.software = slice_of("1"), .newest = { 1, 0 }, .beat_ms = 1, .key = pick(script, keys, 4), .body = pick(script, bodies, 4),
		.stamp = pick(script, stamps, 2), .outcome = 1 + take(script) % 4, .reason = slice_of(odd & 64 ? "session" : "busy"),
		.text = slice_of("t"), .up_to = take(script),
	};

	sha256_of(m.body, &m.hash);
	return m;
}

static struct slice frame_of(struct script *script, const struct message *m, struct buf *out)
{
	struct slice raw = { (const char *)script->p, MIN(script->n, (size_t)take(script)) };

	if (message_encode(m, out) == FAULT_NONE)
		return buf_slice(out);
	raw.n = MIN(raw.n, script->n);
	raw.p = (const char *)script->p;
	script->p += raw.n;
	script->n -= raw.n;
	return raw;
}

static void check_leader(const struct publisher *publisher)
{
	struct publisher_view view;

	assert(publisher_view(publisher, "west", &view));
	assert(view.unacked <= 2 * PUBLISH_WINDOW && view.n_results <= PUBLISH_RESULTS_MAX);
}

static void change(struct copies *copies, uint8_t how)
{
	struct copy copy;
	struct slice body = slice_of(how & 1 ? "{\"spec\":{\"v\":1}}" : "{\"spec\":{}}");
	struct sha256 hash;

	sha256_of(body, &hash);
	if (how & 2)
		copies_delete(copies, "GSLBHostRule/shop/a", how & 4 ? "s1" : "s2", NULL);
	else if (copy_from_wire(slice_of("GSLBHostRule/shop/a"), body, &hash, &copy, NULL))
		copies_put(copies, &copy, NULL);
}

static void play_leader(struct script script)
{
	CLEANUP(copies_freep) struct copies *copies = copies_new();
	CLEANUP(publisher_freep) struct publisher *publisher =
		publisher_new(&(struct publisher_options){ UUID, "east", "1", EPOCH, 5000 }, copies);
	CLEANUP(strs_release) struct strs members = { 0 }, ended = { 0 };
	uint64_t session = 1, sequence = 1;

	strs_add(&members, "west");
	publisher_set_members(publisher, &members, &ended);
	publisher_set_ready(publisher);
	while (script.n) {
		CLEANUP(outbox_release) struct outbox out = { 0 };
		CLEANUP(buf_release) struct buf bytes;
		uint8_t what = take(&script);
		struct message m;

		buf_init(&bytes, MESSAGE_FRAME_MAX);
		if (what % 8 == 0)
			change(copies, what >> 3);
		if (what % 8 == 1)
			publisher_beat(publisher, &out);
		publisher_changed(publisher, &out);
		m = draw(&script, session, sequence);
		if (m.type == MESSAGE_HELLO)
			m.session = ++session, m.sequence = 1;
		sequence = m.type == MESSAGE_HELLO ? 2 : m.sequence + 1;
		publisher_receive(publisher, "west", frame_of(&script, &m, &bytes), &out, &ended);
		check_leader(publisher);
	}
}

static void play_follower(struct script script)
{
	CLEANUP(subscriber_freep) struct subscriber *subscriber = subscriber_new("west", "1", script.n % 2 ? UUID : "");
	uint64_t session = 0, sequence = 1;

	while (script.n) {
		CLEANUP(outbox_release) struct outbox out = { 0 };
		CLEANUP(buf_release) struct buf bytes;
		uint64_t before = subscriber_snapshots(subscriber);
		struct message m;
		struct slice frame;

		buf_init(&bytes, MESSAGE_FRAME_MAX);
		if (subscriber_wish(subscriber) != SUBSCRIBER_CONTENT) {
			subscriber_hello(subscriber, ++session, &out);
			sequence = 1;
		}
		m = draw(&script, session, sequence);
		if (m.type == MESSAGE_SNAPSHOT_END && take(&script) % 2)
			sha256_of((struct slice){ "", 0 }, &m.hash);      /* of the empty state */
		frame = frame_of(&script, &m, &bytes);
		if (subscriber_receive(subscriber, frame, &out) == FAULT_NONE)
			sequence++;
		if (subscriber_snapshots(subscriber) > before) {
			struct sha256 hash;

			copies_hash((struct copies *)(uintptr_t)subscriber_copies(subscriber), &hash);
			assert(sha256_same(&hash, &m.hash));
		}
		subscriber_report(subscriber, &(struct subscriber_report){ .key = "GSLBHostRule/shop/a", .outcome = OUTCOME_GONE }, &out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	play_leader((struct script){ data, size });
	play_follower((struct script){ data, size });
	return 0;
}
