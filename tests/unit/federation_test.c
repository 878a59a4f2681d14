/* Leader and follower as conversations: each is fed by hand, what it says is compared as text; and what each refuses. */
#include "tests/unit/unit.h"

#include "common/mirror/copies.h"
#include "follower/subscribe.h"
#include "leader/federation/publish.h"

#define UUID "uuid-1"
#define EPOCH 7

struct scene {
	struct copies *copies;
	struct publisher *publisher;
	struct subscriber *subscriber;
	struct outbox out;           /* of whoever spoke last */
	struct strs ended;
	char said[2000];
};

static void put(struct copies *copies, const char *name, int value)
{
	CLEANUP(freep) char *text = xasprintf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"shop\"},\"spec\":{\"v\":%d}}", name, value);
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(text), NULL);
	struct copy copy;

	assert_true(copy_from_object(&KUBE_GSLBHOSTRULES, json, &copy, NULL));
	assert_true(copies_put(copies, &copy, NULL));
}

static int setup(void **state)
{
	struct scene *s = xcalloc(1, sizeof(*s));
	struct strs members = { 0 };

	s->copies = copies_new();
	put(s->copies, "a", 1);
	s->publisher = publisher_new(&(struct publisher_options){ UUID, "east", "0.1.0", EPOCH, 5000 }, s->copies);
	s->subscriber = subscriber_new("west", "0.1.0", UUID);
	strs_add(&members, "west");
	strs_add(&members, "north");
	publisher_set_members(s->publisher, &members, &s->ended);
	publisher_set_ready(s->publisher);
	strs_release(&members);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;

	subscriber_free(s->subscriber);
	publisher_free(s->publisher);
	copies_free(s->copies);
	outbox_release(&s->out);
	strs_release(&s->ended);
	free(s);
	return 0;
}

/* "welcome 1, snapshot-begin 2, upsert 3 a": what is in an outbox, for people. */
static const char *told(struct scene *s, enum side from)
{
	struct buf text;

	buf_init(&text, sizeof(s->said) - 1);
	for (size_t i = 0; i < s->out.n; i++) {
		struct message m;

		assert_int_equal(message_decode(buf_slice(&s->out.frames[i].bytes), from, &m), FAULT_NONE);
		assert_true(buf_printf(&text, "%s%s %d", i ? ", " : "", message_name(m.type), (int)m.sequence));
		if (m.type == MESSAGE_ACK)
			assert_true(buf_printf(&text, " up to %d%s", (int)m.up_to, m.has & HAS(FIELD_HASH) ? " hash" : ""));
		if (m.type == MESSAGE_BEAT && m.has & HAS(FIELD_HASH))
			assert_true(buf_puts(&text, " hash"));
		if (m.type == MESSAGE_REFUSE)
			assert_true(buf_printf(&text, " %.*s", (int)m.reason.n, m.reason.p));
		if (m.key.n)
			assert_true(buf_printf(&text, " %c", m.key.p[m.key.n - 1]));
	}
	snprintf(s->said, sizeof(s->said), "%s", buf_str(&text));
	buf_release(&text);
	return s->said;
}

/* Everything that was said goes to the other side; the outbox then has what that says. */
static enum fault to_leader(struct scene *s)
{
	struct outbox from = s->out;
	enum fault fault = FAULT_NONE;

	s->out = (struct outbox){ 0 };
	for (size_t i = 0; i < from.n; i++)
		fault = publisher_receive(s->publisher, "west", buf_slice(&from.frames[i].bytes), &s->out, &s->ended);
	outbox_release(&from);
	return fault;
}

static enum fault to_follower(struct scene *s)
{
	struct outbox from = s->out;
	enum fault fault = FAULT_NONE;

	s->out = (struct outbox){ 0 };
	for (size_t i = 0; i < from.n; i++)
		fault = subscriber_receive(s->subscriber, buf_slice(&from.frames[i].bytes), &s->out);
	outbox_release(&from);
	return fault;
}

#define assert_leader_says(s, want) assert_text(told(s, SIDE_LEADER), want)
#define assert_follower_says(s, want) assert_text(told(s, SIDE_FOLLOWER), want)

static void hello(struct scene *s, uint64_t session)
{
	outbox_release(&s->out);
	subscriber_hello(s->subscriber, session, &s->out);
}

static void join(struct scene *s)
{
	hello(s, 71);
	to_leader(s);
	to_follower(s);
	assert_int_equal(to_leader(s), FAULT_NONE);
	assert_int_equal(s->out.n, 0);
	assert_true(subscriber_is_following(s->subscriber));
}

static struct publisher_view view_of(struct scene *s)
{
	struct publisher_view view;

	assert_true(publisher_view(s->publisher, "west", &view));
	return view;
}

static void who_joins_gets_a_snapshot_and_is_current_when_it_says_the_hash(void **state)
{
	struct scene *s = *state;

	hello(s, 71);
	assert_follower_says(s, "hello 1");
	assert_int_equal(to_leader(s), FAULT_NONE);
	assert_leader_says(s, "welcome 1, snapshot-begin 2, upsert 3 a, snapshot-end 4");
	assert_false(view_of(s).is_current);
	assert_int_equal(to_follower(s), FAULT_NONE);
	assert_follower_says(s, "ack 2 up to 1, ack 3 up to 2, ack 4 up to 3, ack 5 up to 4 hash");
	assert_int_equal(to_leader(s), FAULT_NONE);
	assert_true(view_of(s).is_current);
	assert_int_equal(view_of(s).unacked, 0);
	assert_int_equal(subscriber_beat_ms(s->subscriber), 5000);
}

static void a_change_is_sent_at_once_and_a_beat_compares(void **state)
{
	struct scene *s = *state;

	join(s);
	put(s->copies, "b", 1);
	assert_false(view_of(s).is_current);
	publisher_changed(s->publisher, &s->out);
	assert_leader_says(s, "upsert 5 b");
	to_follower(s);
	assert_follower_says(s, "ack 6 up to 5");
	to_leader(s);
	assert_false(view_of(s).is_current);
	publisher_beat(s->publisher, &s->out);
	assert_leader_says(s, "beat 6 hash");
	to_follower(s);
	to_leader(s);
	assert_true(view_of(s).is_current);
}

static void a_gap_makes_the_follower_start_over(void **state)
{
	struct scene *s = *state;
	struct outbox later = { 0 };

	join(s);
	put(s->copies, "b", 1);
	publisher_changed(s->publisher, &later);      /* lost */
	outbox_release(&later);
	put(s->copies, "c", 1);
	publisher_changed(s->publisher, &s->out);
	assert_leader_says(s, "upsert 6 c");
	assert_int_equal(to_follower(s), FAULT_GAP);
	assert_int_equal(subscriber_wish(s->subscriber), SUBSCRIBER_HELLO_NOW);
	assert_int_equal(copies_count(subscriber_copies(s->subscriber)), 1);      /* what was in force stays */
	hello(s, 72);
	to_leader(s);
	assert_leader_says(s, "welcome 1, snapshot-begin 2, upsert 3 a, upsert 4 b, upsert 5 c, snapshot-end 6");
	to_follower(s);
	assert_int_equal(copies_count(subscriber_copies(s->subscriber)), 3);
}

static void a_gap_on_the_way_to_the_leader_gives_a_new_snapshot(void **state)
{
	struct scene *s = *state;
	const struct subscriber_report report = { .key = "GSLBHostRule/shop/a", .outcome = OUTCOME_EQUAL };

	join(s);
	subscriber_report(s->subscriber, &report, &s->out);
	outbox_release(&s->out);      /* lost */
	subscriber_report(s->subscriber, &report, &s->out);
	assert_int_equal(to_leader(s), FAULT_GAP);
	assert_leader_says(s, "snapshot-begin 5, upsert 6 a, snapshot-end 7");
	assert_int_equal(to_follower(s), FAULT_NONE);
	assert_int_equal(subscriber_snapshots(s->subscriber), 2);
}

static void a_tombstone_ends_when_every_member_has_buried(void **state)
{
	struct scene *s = *state;

	join(s);
	assert_true(copies_delete(s->copies, "GSLBHostRule/shop/a", "uid-a", NULL));
	publisher_changed(s->publisher, &s->out);
	assert_leader_says(s, "delete 5 a");
	to_follower(s);
	subscriber_report(s->subscriber, &(struct subscriber_report){ .key = "GSLBHostRule/shop/a", .outcome = OUTCOME_GONE }, &s->out);
	assert_follower_says(s, "ack 6 up to 5, report 7 a");
	assert_null(copies_find(subscriber_copies(s->subscriber), "GSLBHostRule/shop/a"));
	to_leader(s);
	assert_int_equal(s->ended.n, 0);
	assert_non_null(copies_find(s->copies, "GSLBHostRule/shop/a"));
	assert_false(publisher_buried(s->publisher, "north", "GSLBHostRule/shop/a", "uid-other"));
	assert_true(publisher_buried(s->publisher, "north", "GSLBHostRule/shop/a", "uid-a"));
	assert_null(copies_find(s->copies, "GSLBHostRule/shop/a"));
}

static void a_tombstone_does_not_wait_for_who_is_no_member_any_more(void **state)
{
	struct scene *s = *state;
	struct strs members = { 0 };

	assert_true(copies_delete(s->copies, "GSLBHostRule/shop/a", "uid-a", NULL));
	assert_false(publisher_buried(s->publisher, "west", "GSLBHostRule/shop/a", "uid-a"));
	strs_add(&members, "west");
	assert_true(publisher_set_members(s->publisher, &members, &s->ended));
	assert_int_equal(s->ended.n, 1);
	assert_null(copies_find(s->copies, "GSLBHostRule/shop/a"));
	strs_release(&members);
}

static void a_follower_that_does_not_answer_holds_nothing(void **state)
{
	struct scene *s = *state;

	join(s);
	for (int i = 0; i < 100; i++) {
		CLEANUP(freep) char *name = xasprintf("r%d", i);

		put(s->copies, name, 1);
	}
	publisher_changed(s->publisher, &s->out);
	assert_int_equal(s->out.n, PUBLISH_WINDOW);
	for (int i = 0; i < PUBLISH_BEATS_MAX; i++)
		publisher_beat(s->publisher, &s->out);
	assert_int_equal(s->out.n, PUBLISH_WINDOW + PUBLISH_BEATS_MAX);
	outbox_release(&s->out);
	assert_true(view_of(s).has_session);
	publisher_beat(s->publisher, &s->out);
	assert_false(view_of(s).has_session);
	publisher_changed(s->publisher, &s->out);
	publisher_beat(s->publisher, &s->out);
	assert_int_equal(s->out.n, 0);
	subscriber_fitness(s->subscriber, &(struct subscriber_fitness){ .fit = "api" }, &s->out);
	assert_int_equal(to_leader(s), FAULT_SESSION);
	assert_leader_says(s, "refuse 1 session");
	to_follower(s);
	assert_int_equal(subscriber_wish(s->subscriber), SUBSCRIBER_HELLO_NOW);
}

static void what_is_large_waits_for_the_window(void **state)
{
	struct scene *s = *state;
	CLEANUP(freep) char *filler = xcalloc(1, 1 << 20);

	join(s);
	memset(filler, 'x', (1 << 20) - 1);
	for (int i = 0; i < 6; i++) {
		CLEANUP(freep) char *text = xasprintf("{\"metadata\":{\"name\":\"l%d\",\"namespace\":\"shop\"},\"spec\":{\"v\":\"%s\"}}", i, filler);
		CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(text), NULL);
		struct copy copy;

		assert_true(copy_from_object(&KUBE_GSLBHOSTRULES, json, &copy, NULL));
		assert_true(copies_put(s->copies, &copy, NULL));
	}
	publisher_changed(s->publisher, &s->out);
	assert_int_equal(s->out.n, 4);
	to_follower(s);
	to_leader(s);
	assert_int_equal(s->out.n, 2);
}

static void an_object_that_changes_often_is_sent_once_to_who_is_slow(void **state)
{
	struct scene *s = *state;

	join(s);
	for (int i = 0; i < PUBLISH_WINDOW; i++) {
		CLEANUP(freep) char *name = xasprintf("r%d", i);

		put(s->copies, name, 1);
	}
	publisher_changed(s->publisher, &s->out);
	for (int i = 2; i < 12; i++) {
		put(s->copies, "a", i);
		publisher_changed(s->publisher, &s->out);
	}
	assert_int_equal(s->out.n, PUBLISH_WINDOW);
	to_follower(s);
	to_leader(s);
	assert_leader_says(s, "upsert 69 a");
}

static void reports_are_kept_where_something_is_wrong(void **state)
{
	struct scene *s = *state;
	struct publisher_view view;

	join(s);
	subscriber_report(s->subscriber, &(struct subscriber_report){ .key = "GSLBHostRule/shop/a", .outcome = OUTCOME_FAILED,
								      .text = "HTTP 403\n" }, &s->out);
	subscriber_fitness(s->subscriber, &(struct subscriber_fitness){ .fit = "avi api", .copies = 1, .failing = 1 }, &s->out);
	assert_int_equal(to_leader(s), FAULT_NONE);
	view = view_of(s);
	assert_int_equal(view.n_results, 1);
	assert_text(view.results[0].text, "HTTP 403 ");
	assert_text(view.fit, "avi api");
	assert_int_equal(view.failing, 1);
	subscriber_report(s->subscriber, &(struct subscriber_report){ .key = "GSLBHostRule/shop/a", .outcome = OUTCOME_EQUAL }, &s->out);
	to_leader(s);
	assert_int_equal(view_of(s).n_results, 0);
}

static void a_follower_without_a_federation_takes_the_leaders(void **state)
{
	struct scene *s = *state;

	subscriber_free(s->subscriber);
	s->subscriber = subscriber_new("west", "0.1.0", "");
	join(s);
	assert_text(subscriber_federation(s->subscriber), UUID);
}

static void a_newer_epoch_makes_the_follower_start_over_and_the_old_leader_is_refused(void **state)
{
	struct scene *s = *state;

	join(s);
	subscriber_saw_epoch(s->subscriber, EPOCH + 1);
	assert_int_equal(subscriber_wish(s->subscriber), SUBSCRIBER_HELLO_NOW);
	hello(s, 72);
	assert_int_equal(to_leader(s), FAULT_EPOCH);
	assert_leader_says(s, "refuse 1 epoch");
	to_follower(s);
	assert_text(subscriber_refusal(s->subscriber), "epoch");
	assert_int_equal(subscriber_wish(s->subscriber), SUBSCRIBER_HELLO_LATER);
}

/* ---- hello ---- */

struct greeting {
	const char *name, *context, *federation;
	uint64_t epoch, sequence;
	struct version_pair oldest, newest;
	enum fault fault;
	const char *answer;
};

static const struct greeting greetings[] = {
	{ "of a member", "west", UUID, 0, 1, { 1, 0 }, { 1, 0 }, FAULT_NONE, "welcome 1" },
	{ "of a member that speaks newer versions too", "west", UUID, 0, 1, { 1, 0 }, { 3, 1 }, FAULT_NONE, "welcome 1" },
	{ "of a member that speaks only newer versions", "west", UUID, 0, 1, { 2, 0 }, { 3, 1 }, FAULT_VERSION, "refuse 1 version" },
	{ "of another federation", "west", "uuid-2", 0, 1, { 1, 0 }, { 1, 0 }, FAULT_FEDERATION, "refuse 1 federation" },
	{ "of one that knows a newer leader", "west", UUID, 8, 1, { 1, 0 }, { 1, 0 }, FAULT_EPOCH, "refuse 1 epoch" },
	{ "in another member's name", "north", UUID, 0, 1, { 1, 0 }, { 1, 0 }, FAULT_SENDER, "" },
	{ "that is not the first message", "west", UUID, 0, 2, { 1, 0 }, { 1, 0 }, FAULT_ORDER, "" },
};

static void hello_is_answered(void **state)
{
	const struct greeting *row = *state;
	const struct message m = {
		.type = MESSAGE_HELLO, .version = row->oldest, .newest = row->newest, .session = 5, .epoch = row->epoch,
		.sequence = row->sequence, .has = HAS(FIELD_FEDERATION), .federation = slice_of(row->federation),
		.context = slice_of(row->context), .software = slice_of("9.9"),
	};
	void *scene;
	struct scene *s;

	setup(&scene);
	s = scene;
	outbox_add(&s->out, "", &m);
	assert_int_equal(to_leader(s), row->fault);
	told(s, SIDE_LEADER);
	s->said[strlen(row->answer)] = '\0';
	assert_text(s->said, row->answer);
	assert_true(*row->answer || s->out.n == 0);
	teardown(&scene);
}

static void a_leader_that_has_not_read_its_objects_is_busy(void **state)
{
	struct scene *s = *state;
	struct strs members = { 0 };

	publisher_free(s->publisher);
	s->publisher = publisher_new(&(struct publisher_options){ UUID, "east", "0.1.0", EPOCH, 5000 }, s->copies);
	strs_add(&members, "west");
	publisher_set_members(s->publisher, &members, &s->ended);
	strs_release(&members);
	hello(s, 71);
	assert_int_equal(to_leader(s), FAULT_ORDER);
	assert_leader_says(s, "refuse 1 busy");
	publisher_set_ready(s->publisher);
	join(s);
}

/* ---- what is refused within a session ---- */

struct forged {
	const char *name;
	struct message with;         /* set fields replace those of a sound message */
	enum fault fault;
};

static void replace(struct message *m, const struct message *with)
{
	m->type = with->type ? with->type : m->type;
	m->version = with->version.major ? with->version : m->version;
	m->session = with->session ? with->session : m->session;
	m->epoch = with->epoch ? with->epoch : m->epoch;
	m->sequence = with->sequence ? with->sequence : m->sequence;
	m->federation = with->federation.p ? with->federation : m->federation;
	m->up_to = with->up_to ? with->up_to : m->up_to;
	m->has |= with->has;
}

static const struct forged to_leaders[] = {
	{ "what is sound", { 0 }, FAULT_NONE },
	{ "of another session", { .session = 70 }, FAULT_SESSION },
	{ "of another epoch", { .epoch = 6 }, FAULT_EPOCH },
	{ "of another federation", { .federation = { "uuid-2", 6 } }, FAULT_FEDERATION },
	{ "of another version than agreed", { .version = { 1, 1 } }, FAULT_VERSION },
	{ "a number that was there", { .sequence = 5 }, FAULT_REPLAYED },
	{ "a number that is too high", { .sequence = 8 }, FAULT_GAP },
	{ "of what was never sent", { .up_to = 5 }, FAULT_ORDER },
	{ "another hash", { .has = HAS(FIELD_HASH) }, FAULT_CONTENT },
};

static void leader_judges(void **state)
{
	const struct forged *row = *state;
	struct message m = { .type = MESSAGE_ACK, .version = { 1, 0 }, .session = 71, .epoch = EPOCH, .sequence = 6, .up_to = 4,
			     .federation = slice_of(UUID) };
	void *scene;
	struct scene *s;

	setup(&scene);
	s = scene;
	join(s);
	replace(&m, &row->with);
	outbox_add(&s->out, "", &m);
	assert_int_equal(to_leader(s), row->fault);
	teardown(&scene);
}

static const struct forged to_followers[] = {
	{ "what is sound", { 0 }, FAULT_NONE },
	{ "of another session", { .session = 70 }, FAULT_SESSION },
	{ "of an older epoch", { .epoch = 6 }, FAULT_EPOCH },
	{ "of a newer epoch", { .epoch = 8 }, FAULT_EPOCH },
	{ "of another federation", { .federation = { "uuid-2", 6 } }, FAULT_FEDERATION },
	{ "of another version than agreed", { .version = { 1, 1 } }, FAULT_VERSION },
	{ "a number that was there", { .sequence = 4 }, FAULT_REPLAYED },
	{ "a number that is too high", { .sequence = 6 }, FAULT_GAP },
	{ "a second welcome", { .type = MESSAGE_WELCOME }, FAULT_ORDER },
	{ "an end without a begin", { .type = MESSAGE_SNAPSHOT_END }, FAULT_ORDER },
	{ "another hash", { .has = HAS(FIELD_HASH) }, FAULT_CONTENT },
	{ "a body that is none", { .type = MESSAGE_UPSERT }, FAULT_CONTENT },
	{ "the deletion of a kind that is not carried", { .type = MESSAGE_DELETE }, FAULT_CONTENT },
};

static void follower_judges(void **state)
{
	const struct forged *row = *state;
	struct message m = { .type = MESSAGE_BEAT, .version = { 1, 0 }, .session = 71, .epoch = EPOCH, .sequence = 5,
			     .federation = slice_of(UUID), .key = slice_of("Secret/avi-system/x"), .stamp = slice_of("u"),
			     .body = slice_of("{\"spec\":1}"), .context = slice_of("east"), .software = slice_of("1"), .beat_ms = 1 };
	void *scene;
	struct scene *s;

	setup(&scene);
	s = scene;
	join(s);
	replace(&m, &row->with);
	outbox_add(&s->out, "", &m);
	assert_int_equal(to_follower(s), row->fault);
	assert_int_equal(copies_count(subscriber_copies(s->subscriber)), 1);
	teardown(&scene);
}

static void noise_and_the_other_sides_words_are_refused(void **state)
{
	struct scene *s = *state;
	struct strs *ended = &s->ended;

	join(s);
	assert_int_equal(publisher_receive(s->publisher, "west", slice_of("noise"), &s->out, ended), FAULT_MALFORMED);
	assert_int_equal(publisher_receive(s->publisher, "south", slice_of("noise"), &s->out, ended), FAULT_MALFORMED);
	assert_int_equal(subscriber_receive(s->subscriber, slice_of("noise"), &s->out), FAULT_MALFORMED);
	assert_int_equal(s->out.n, 0);
	publisher_beat(s->publisher, &s->out);
	assert_int_equal(publisher_receive(s->publisher, "west", buf_slice(&s->out.frames[0].bytes), &s->out, ended), FAULT_SENDER);
	outbox_release(&s->out);
	hello(s, 99);
	assert_int_equal(publisher_receive(s->publisher, "south", buf_slice(&s->out.frames[0].bytes), &s->out, ended), FAULT_SENDER);
	assert_int_equal(s->out.n, 1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(who_joins_gets_a_snapshot_and_is_current_when_it_says_the_hash),
		TEST(a_change_is_sent_at_once_and_a_beat_compares),
		TEST(a_gap_makes_the_follower_start_over),
		TEST(a_gap_on_the_way_to_the_leader_gives_a_new_snapshot),
		TEST(a_tombstone_ends_when_every_member_has_buried),
		TEST(a_tombstone_does_not_wait_for_who_is_no_member_any_more),
		TEST(a_follower_that_does_not_answer_holds_nothing),
		TEST(what_is_large_waits_for_the_window),
		TEST(an_object_that_changes_often_is_sent_once_to_who_is_slow),
		TEST(reports_are_kept_where_something_is_wrong),
		TEST(a_follower_without_a_federation_takes_the_leaders),
		TEST(a_newer_epoch_makes_the_follower_start_over_and_the_old_leader_is_refused),
		TEST(a_leader_that_has_not_read_its_objects_is_busy),
		TEST(noise_and_the_other_sides_words_are_refused),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(hello_is_answered, greetings) |
	       RUN_TABLE(leader_judges, to_leaders) | RUN_TABLE(follower_judges, to_followers);
}
