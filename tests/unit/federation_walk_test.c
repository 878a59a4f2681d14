/* Leader and followers, linked by a channel that loses, doubles, delays and reorders, while objects come, change and go, both sides
 * are restarted and the epoch grows: nothing is deleted without a tombstone, and once the channel is sound all have the same. */
#include "tests/unit/unit.h"

#include "common/mirror/mirror.h"
#include "follower/subscribe.h"
#include "leader/federation/publish.h"

#define KEYS 6
#define FOLLOWERS 2
#define STEPS 400
#define WALKS 200
#define SETTLING 60
#define UNDER_WAY_MAX 4000

/* What a cluster has of each key. */
struct object {
	bool exists, is_labelled;
	int value;
};

struct flight {
	char *bytes;
	size_t n;
	int follower;
	bool is_to_leader;
};

struct follower_side {
	char name[8];
	struct subscriber *subscriber;
	struct object cluster[KEYS];
	int silence;                     /* beats of time without a frame */
	uint64_t n_snapshots, serial;
};

struct world {
	unsigned seed, mood;
	struct object source[KEYS];      /* the leader's own cluster */
	int deleted[KEYS];               /* the value that the leader saw being deleted last */
	int n_values, n_stamps;
	uint64_t epoch, session;
	struct copies *copies;           /* survives the leader, as its objects and stored tombstones do */
	struct publisher *publisher;
	struct follower_side followers[FOLLOWERS];
	struct flight flights[UNDER_WAY_MAX];
	size_t n_flights;
	bool is_sound;
	long n_deleted, n_frames;
};

static unsigned draw(struct world *w, unsigned n)
{
	return (unsigned)rand_r(&w->seed) % n;
}

/* Whether the channel does something wrong now; each walk has its own rate. */
static bool is_troubled(struct world *w)
{
	static const unsigned rates[] = { 4, 20, 100, 1000 };

	return !w->is_sound && draw(w, rates[w->mood]) == 0;
}

/* ---- objects ---- */

static char *key_of(int key)
{
	return xasprintf("GSLBHostRule/shop/r%d", key);
}

static cJSON *json_of(int key, const struct object *object)
{
	CLEANUP(freep) char *text = xasprintf("{\"metadata\":{\"name\":\"r%d\",\"namespace\":\"shop\",\"labels\":{%s}},\"spec\":{\"v\":%d}}",
					      key, object->is_labelled ? "\"" COPY_LABEL "\":\"true\"" : "", object->value);

	return json_parse(slice_of(text), NULL);
}

static void leader_puts(struct world *w, int key)
{
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	struct copy copy;

	w->source[key] = (struct object){ .exists = true, .value = ++w->n_values };
	json = json_of(key, &w->source[key]);
	assert_true(copy_from_object(&KUBE_GSLBHOSTRULES, json, &copy, NULL));
	assert_true(copies_put(w->copies, &copy, NULL));
}

static void leader_sees_deletion(struct world *w, int key)
{
	CLEANUP(freep) char *name = key_of(key), *stamp = xasprintf("uid-%d", ++w->n_stamps);

	if (!w->source[key].exists)
		return;
	w->deleted[key] = w->source[key].value;
	w->source[key].exists = false;
	assert_true(copies_delete(w->copies, name, stamp, NULL));
}

/* ---- the channel ---- */

static void launch(struct world *w, int follower, bool is_to_leader, const struct outbox *out)
{
	for (size_t i = 0; i < out->n; i++) {
		const struct buf *bytes = &out->frames[i].bytes;
		int to = is_to_leader ? follower : streq(out->frames[i].peer, w->followers[0].name) ? 0 : 1;
		int copies = is_troubled(w) ? 0 : is_troubled(w) ? 2 : 1;

		while (copies-- > 0 && w->n_flights < UNDER_WAY_MAX) {
			char *frame = xmalloc(bytes->n);

			memcpy(frame, bytes->p, bytes->n);
			w->flights[w->n_flights++] = (struct flight){ frame, bytes->n, to, is_to_leader };
		}
	}
}

static void mirror(struct world *w, int at, struct outbox *out);

static void say_hello(struct world *w, int at, struct outbox *out)
{
	subscriber_hello(w->followers[at].subscriber, ++w->session, out);
}

static void land(struct world *w, const struct flight *flight)
{
	struct follower_side *f = &w->followers[flight->follower];
	struct slice frame = { flight->bytes, flight->n };
	CLEANUP(outbox_release) struct outbox out = { 0 };
	struct strs ended = { 0 };

	w->n_frames++;
	if (flight->is_to_leader) {
		publisher_receive(w->publisher, f->name, frame, &out, &ended);
		launch(w, 0, false, &out);
		strs_release(&ended);
		return;
	}
	if (subscriber_receive(f->subscriber, frame, &out) == FAULT_NONE)
		f->silence = 0;
	if (subscriber_wish(f->subscriber) == SUBSCRIBER_HELLO_NOW ||
	    (subscriber_wish(f->subscriber) == SUBSCRIBER_HELLO_LATER && draw(w, 2) == 0))
		say_hello(w, flight->follower, &out);
	launch(w, flight->follower, true, &out);
}

/* One frame: the oldest, or sometimes one of the first few. */
static bool deliver(struct world *w)
{
	size_t at = w->n_flights && is_troubled(w) ? draw(w, MIN((unsigned)w->n_flights, 4u)) : 0;
	struct flight flight;

	if (!w->n_flights)
		return false;
	flight = w->flights[at];
	memmove(&w->flights[at], &w->flights[at + 1], (--w->n_flights - at) * sizeof(flight));
	land(w, &flight);
	free(flight.bytes);
	return true;
}

/* ---- a follower's cluster ---- */

/* One request of the mirror; what deletes must have a tombstone for what is there. */
static void carry_out(struct world *w, struct follower_side *f, int key, const struct mirror_step *step)
{
	struct object *object = &f->cluster[key];

	switch (step->verb) {
	case MIRROR_DELETE:
		assert_true(object->exists && object->is_labelled);
		assert_true(w->deleted[key] >= object->value);
		*object = (struct object){ 0 };
		w->n_deleted++;
		break;
	case MIRROR_APPLY:
	case MIRROR_PUT:
		*object = (struct object){ true, true, (int)json_int(json_get(step->body, "spec"), "v", -1) };
		break;
	case MIRROR_LABEL:
		object->is_labelled = true;
		break;
	case MIRROR_NOTHING:
		break;
	}
}

static void look_at(struct world *w, struct follower_side *f, int key, struct outbox *out)
{
	CLEANUP(freep) char *name = key_of(key);
	const struct copies_entry *entry = copies_find(subscriber_copies(f->subscriber), name);
	CLEANUP(cJSON_Deletep) cJSON *actual = f->cluster[key].exists ? json_of(key, &f->cluster[key]) : NULL;
	CLEANUP(mirror_step_release) struct mirror_step step = { 0 };
	struct subscriber_report report = { .key = name, .generation = 1 };

	if (!entry)
		return;
	mirror_decide(entry, actual, MIRROR_DONE_NOTHING, &step);
	carry_out(w, f, key, &step);
	report.outcome = !copies_is_tombstone(entry) ? OUTCOME_EQUAL : step.result == MIRROR_KEPT ? OUTCOME_KEPT : OUTCOME_GONE;
	subscriber_report(f->subscriber, &report, out);
}

static void mirror(struct world *w, int at, struct outbox *out)
{
	struct follower_side *f = &w->followers[at];

	if (subscriber_is_following(f->subscriber))
		for (int key = 0; key < KEYS; key++)
			look_at(w, f, key, out);
}

/* ---- restarts ---- */

static void start_leader(struct world *w)
{
	struct strs members = { 0 }, ended = { 0 };

	publisher_free(w->publisher);
	w->publisher = publisher_new(&(struct publisher_options){ "uuid-1", "leader", "0.1.0", w->epoch, 5000 }, w->copies);
	for (int i = 0; i < FOLLOWERS; i++)
		strs_add(&members, w->followers[i].name);
	publisher_set_members(w->publisher, &members, &ended);
	publisher_set_ready(w->publisher);
	strs_release(&members);
	strs_release(&ended);
}

static void start_follower(struct world *w, int at, struct outbox *out)
{
	subscriber_free(w->followers[at].subscriber);
	w->followers[at].subscriber = subscriber_new(w->followers[at].name, "0.1.0", draw(w, 2) ? "uuid-1" : "");
	say_hello(w, at, out);
}

/* Time goes on: the leader's beat, followers that have heard nothing for long. */
static void tick(struct world *w)
{
	CLEANUP(outbox_release) struct outbox out = { 0 };

	publisher_beat(w->publisher, &out);
	launch(w, 0, false, &out);
	for (int i = 0; i < FOLLOWERS; i++) {
		CLEANUP(outbox_release) struct outbox hello = { 0 };

		if (++w->followers[i].silence < 4)
			continue;
		w->followers[i].silence = 0;
		subscriber_silent(w->followers[i].subscriber);
		say_hello(w, i, &hello);
		launch(w, i, true, &hello);
	}
}

/* ---- the walk ---- */

static void change(struct world *w)
{
	CLEANUP(outbox_release) struct outbox out = { 0 };
	int key = (int)draw(w, KEYS);

	if (draw(w, 3))
		leader_puts(w, key);
	else
		leader_sees_deletion(w, key);
	publisher_changed(w->publisher, &out);
	launch(w, 0, false, &out);
}

static void drift(struct world *w)
{
	struct object *object = &w->followers[draw(w, FOLLOWERS)].cluster[draw(w, KEYS)];

	if (draw(w, 2))
		object->exists = false;
	else if (object->exists)
		object->value = 0;
}

static void step(struct world *w)
{
	int at = (int)draw(w, FOLLOWERS);
	CLEANUP(outbox_release) struct outbox out = { 0 };
	unsigned what = draw(w, 100);

	if (what < 60)
		for (int i = 0; i < 8; i++)
			deliver(w);
	else if (what < 72)
		change(w);
	else if (what < 82)
		mirror(w, at, &out);
	else if (what < 90)
		tick(w);
	else if (what < 93)
		drift(w);
	else if (what < 95)
		start_follower(w, at, &out);
	else if (what < 97)
		publisher_lost(w->publisher, w->followers[at].name);
	else if (what < 98) {
		w->epoch += draw(w, 2);
		start_leader(w);
	}
	launch(w, at, true, &out);
}

static void assert_agreed(struct world *w, int at)
{
	struct follower_side *f = &w->followers[at];
	struct publisher_view view;
	struct sha256 here, there;

	assert_true(subscriber_is_following(f->subscriber));
	copies_hash(w->copies, &here);
	copies_hash((struct copies *)(uintptr_t)subscriber_copies(f->subscriber), &there);
	assert_true(sha256_same(&here, &there));
	assert_true(publisher_view(w->publisher, f->name, &view));
	assert_true(view.is_current);
	for (int key = 0; key < KEYS; key++) {
		if (w->source[key].exists)
			assert_true(f->cluster[key].exists && f->cluster[key].value == w->source[key].value);
		else
			assert_false(f->cluster[key].exists && f->cluster[key].is_labelled);
	}
}

static void settle(struct world *w)
{
	w->is_sound = true;
	for (int i = 0; i < SETTLING; i++) {
		for (int at = 0; at < FOLLOWERS; at++) {
			CLEANUP(outbox_release) struct outbox out = { 0 };

			mirror(w, at, &out);
			launch(w, at, true, &out);
		}
		for (int n = 0; n < 200 && deliver(w); n++)
			;
		if (i % 4 == 0)
			tick(w);
	}
	for (int at = 0; at < FOLLOWERS; at++)
		assert_agreed(w, at);
}

static size_t tombstones(const struct copies *copies)
{
	size_t n;
	CLEANUP(freep) const struct copies_entry **all = copies_sorted(copies, &n);

	return n - copies_count(copies);
}

static void walk(unsigned seed, long *n_deleted, long *n_frames)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->seed = seed;
	w->mood = seed % 4;
	w->epoch = 7;
	w->copies = copies_new();
	for (int i = 0; i < FOLLOWERS; i++)
		snprintf(w->followers[i].name, sizeof(w->followers[i].name), "west%d", i);
	w->followers[1].cluster[0] = (struct object){ .exists = true, .value = -1 };      /* its own, never ours unless named */
	start_leader(w);
	for (int i = 0; i < FOLLOWERS; i++) {
		CLEANUP(outbox_release) struct outbox out = { 0 };

		start_follower(w, i, &out);
		launch(w, i, true, &out);
	}
	for (int i = 0; i < STEPS; i++)
		step(w);
	settle(w);
	assert_int_equal(tombstones(w->copies), 0);
	*n_deleted += w->n_deleted;
	*n_frames += w->n_frames;
	while (w->n_flights)
		free(w->flights[--w->n_flights].bytes);
	for (int i = 0; i < FOLLOWERS; i++)
		subscriber_free(w->followers[i].subscriber);
	publisher_free(w->publisher);
	copies_free(w->copies);
	free(w);
}

static void all_have_the_same_in_the_end_and_nothing_went_without_a_tombstone(void **state)
{
	long n_deleted = 0, n_frames = 0;

	(void)state;
	for (unsigned seed = 1; seed <= WALKS; seed++)
		walk(seed, &n_deleted, &n_frames);
	print_message("%ld deleted, %ld frames\n", n_deleted, n_frames);
	/* A walk that does nothing proves nothing. */
	assert_true(n_deleted > WALKS);
	assert_true(n_frames > 100 * WALKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_have_the_same_in_the_end_and_nothing_went_without_a_tombstone),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
