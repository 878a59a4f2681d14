/* common/mirror: the set of what is wanted, and what must be done in a cluster so that it is there. */
#include "tests/unit/unit.h"

#include "common/mirror/mirror.h"

static cJSON *parse(const char *text)
{
	cJSON *json = json_parse(slice_of(text), NULL);

	assert_non_null(json);
	return json;
}

static void put(struct copies *wanted, const char *name, int a)
{
	CLEANUP(freep) char *text = xasprintf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"shop\"},\"spec\":{\"a\":%d}}", name, a);
	CLEANUP(cJSON_Deletep) cJSON *object = parse(text);
	struct copy copy;

	assert_true(copy_from_object(&KUBE_GSLBHOSTRULES, object, &copy, NULL));
	assert_true(copies_put(wanted, &copy, NULL));
}

#define KEY(name) "GSLBHostRule/shop/" name

/* The keys in the order of change after a serial: "a b" with tombstones as "-c". */
static char *changes(const struct copies *wanted, uint64_t serial)
{
	const struct copies_entry *entry;
	struct strs all = { 0 };
	char *text;

	while ((entry = copies_after(wanted, serial))) {
		strs_take(&all, xasprintf("%s%s", copies_is_tombstone(entry) ? "-" : "", strrchr(entry->copy.key, '/') + 1));
		serial = entry->serial;
	}
	text = strs_join(&all, " ");
	strs_release(&all);
	return text;
}

#define assert_changes(wanted, serial, want) do { \
	CLEANUP(freep) char *got_ = changes(wanted, serial); \
	assert_text(got_, want); } while (0)

static void what_changes_again_moves_to_the_end(void **state)
{
	CLEANUP(copies_freep) struct copies *wanted = copies_new();
	uint64_t seen;

	(void)state;
	put(wanted, "a", 1);
	put(wanted, "b", 1);
	put(wanted, "c", 1);
	seen = copies_serial(wanted);
	assert_changes(wanted, 0, "a b c");
	assert_changes(wanted, seen, "");
	put(wanted, "a", 1);
	assert_changes(wanted, seen, "");
	put(wanted, "a", 2);
	assert_true(copies_delete(wanted, KEY("b"), "uid-b", NULL));
	assert_changes(wanted, seen, "a -b");
	assert_changes(wanted, 0, "c a -b");
	assert_int_equal(copies_count(wanted), 2);
}

static void a_tombstone_ends_when_it_is_forgotten_or_the_object_is_back(void **state)
{
	CLEANUP(copies_freep) struct copies *wanted = copies_new();

	(void)state;
	assert_true(copies_delete(wanted, KEY("a"), "uid-1", NULL));
	assert_true(copies_delete(wanted, KEY("a"), "uid-1", NULL));
	assert_int_equal(copies_serial(wanted), 1);
	assert_true(copies_delete(wanted, KEY("a"), "uid-2", NULL));
	assert_false(copies_forget(wanted, KEY("a"), "uid-1"));
	assert_changes(wanted, 0, "-a");
	put(wanted, "a", 1);
	assert_false(copies_forget(wanted, KEY("a"), "uid-2"));
	assert_changes(wanted, 0, "a");
	assert_true(copies_delete(wanted, KEY("a"), "uid-3", NULL));
	assert_true(copies_forget(wanted, KEY("a"), "uid-3"));
	assert_changes(wanted, 0, "");
	assert_null(copies_find(wanted, KEY("a")));
}

static void the_hash_is_that_of_the_copies_whatever_their_order(void **state)
{
	CLEANUP(copies_freep) struct copies *one = copies_new(), *other = copies_new();
	struct sha256 a, b;

	(void)state;
	put(one, "a", 1);
	put(one, "b", 2);
	put(other, "b", 1);
	put(other, "a", 1);
	copies_hash(one, &a);
	copies_hash(other, &b);
	assert_false(sha256_same(&a, &b));
	put(other, "b", 2);
	copies_hash(other, &b);
	assert_true(sha256_same(&a, &b));
	assert_true(copies_delete(other, KEY("c"), "uid", NULL));
	copies_hash(other, &b);
	assert_true(sha256_same(&a, &b));
	assert_true(copies_delete(other, KEY("a"), "uid", NULL));
	copies_hash(other, &b);
	assert_false(sha256_same(&a, &b));
}

static void a_set_that_is_full_takes_no_more_but_changes(void **state)
{
	CLEANUP(copies_freep) struct copies *wanted = copies_new();
	struct err err;

	(void)state;
	for (unsigned i = 0; i < COPIES_MAX; i++) {
		CLEANUP(freep) char *key = xasprintf(KEY("r%u"), i);

		assert_true(copies_delete(wanted, key, "uid", NULL));
	}
	assert_false(copies_delete(wanted, KEY("more"), "uid", &err));
	assert_int_equal(err.code, ERR_LIMIT);
	put(wanted, "r7", 1);
	assert_int_equal(copies_count(wanted), 1);
	for (unsigned i = 100; i < COPIES_MAX; i++) {
		CLEANUP(freep) char *key = xasprintf(KEY("r%u"), i);

		assert_true(copies_forget(wanted, key, "uid"));
	}
	assert_int_equal(copies_after(wanted, COPIES_MAX)->serial, COPIES_MAX + 1);
	assert_null(copies_after(wanted, COPIES_MAX + 1));
}

static void a_set_holds_no_more_bytes_than_it_may(void **state)
{
	CLEANUP(copies_freep) struct copies *wanted = copies_new();
	unsigned n = 0;
	struct err err;

	(void)state;
	for (bool is_taken = true; is_taken; n++) {
		struct copy copy = { .key = xasprintf(KEY("r%u"), n), .body = xcalloc(1, 1 << 20), .n_body = 1 << 20 };

		is_taken = copies_put(wanted, &copy, &err);
		assert_null(copy.key);
	}
	assert_int_equal(err.code, ERR_LIMIT);
	assert_int_equal(n, 64);
}

/* ---- one object ---- */

#define LABEL "\"labels\":{\"amko.vmware.com/federated\":\"true\"}"
#define ACTUAL(metadata, spec) "{\"metadata\":{\"name\":\"r\",\"namespace\":\"shop\",\"uid\":\"u-1\",\"resourceVersion\":\"7\"" metadata \
	"},\"spec\":" spec ",\"status\":{\"status\":\"Accepted\"}}"

static const struct decision {
	const char *name;
	const char *spec;               /* wanted; NULL: a tombstone */
	const char *actual;             /* NULL: there is none */
	enum mirror_done done;
	enum mirror_verb verb;
	enum mirror_result result;
	const char *body;               /* what must be in it */
} decisions[] = {
	{ "not there: apply", "{\"a\":1}", NULL, MIRROR_DONE_NOTHING, MIRROR_APPLY, MIRROR_PENDING, "\"spec\":{\"a\":1}" },
	{ "as wanted: nothing", "{\"a\":1}", ACTUAL("," LABEL, "{\"a\":1}"), MIRROR_DONE_NOTHING, MIRROR_NOTHING, MIRROR_EQUAL, NULL },
	{ "as wanted, without label: label", "{\"a\":1}", ACTUAL("", "{\"a\":1}"), MIRROR_DONE_NOTHING, MIRROR_LABEL, MIRROR_PENDING,
	  "{\"metadata\":{" LABEL "}}" },
	{ "otherwise: apply", "{\"a\":1}", ACTUAL("," LABEL, "{\"a\":2}"), MIRROR_DONE_NOTHING, MIRROR_APPLY, MIRROR_PENDING, LABEL },
	{ "a copy of AMKO that is otherwise: apply", "{\"a\":1}", ACTUAL("", "{\"a\":2}"), MIRROR_DONE_NOTHING, MIRROR_APPLY,
	  MIRROR_PENDING, LABEL },
	{ "other managers' fields after an apply: put this version", "{\"a\":1}", ACTUAL("," LABEL, "{\"a\":1,\"b\":2}"),
	  MIRROR_DONE_APPLY, MIRROR_PUT, MIRROR_PENDING, "\"resourceVersion\":\"7\"" },
	{ "a put keeps the status", "{\"a\":1}", ACTUAL("," LABEL, "{\"a\":1,\"b\":2}"), MIRROR_DONE_APPLY, MIRROR_PUT,
	  MIRROR_PENDING, "\"status\":{\"status\":\"Accepted\"},\"spec\":{\"a\":1}}" },
	{ "a put keeps other labels", "{\"a\":1}", ACTUAL(",\"labels\":{\"x\":\"y\"}", "{\"a\":1,\"b\":2}"), MIRROR_DONE_APPLY,
	  MIRROR_PUT, MIRROR_PENDING, "\"labels\":{\"x\":\"y\",\"amko.vmware.com/federated\":\"true\"}" },
	{ "otherwise after a put: the cluster changes it", "{\"a\":1}", ACTUAL("," LABEL, "{\"a\":1,\"b\":2}"), MIRROR_DONE_PUT,
	  MIRROR_NOTHING, MIRROR_STUBBORN, NULL },
	{ "as wanted after a put", "{\"a\":1}", ACTUAL("," LABEL, "{\"a\":1}"), MIRROR_DONE_PUT, MIRROR_NOTHING, MIRROR_EQUAL, NULL },
	{ "gone after an apply: apply", "{\"a\":1}", NULL, MIRROR_DONE_APPLY, MIRROR_APPLY, MIRROR_PENDING, "\"spec\":{\"a\":1}" },
	{ "a tombstone of nothing: gone", NULL, NULL, MIRROR_DONE_NOTHING, MIRROR_NOTHING, MIRROR_GONE, NULL },
	{ "a tombstone of a copy: delete this version", NULL, ACTUAL("," LABEL, "{}"), MIRROR_DONE_NOTHING, MIRROR_DELETE, MIRROR_PENDING,
	  "\"preconditions\":{\"uid\":\"u-1\",\"resourceVersion\":\"7\"}" },
	{ "a tombstone of an own object: kept", NULL, ACTUAL("", "{}"), MIRROR_DONE_NOTHING, MIRROR_NOTHING, MIRROR_KEPT, NULL },
	{ "a label of another value is none", NULL, ACTUAL(",\"labels\":{\"amko.vmware.com/federated\":\"false\"}", "{}"),
	  MIRROR_DONE_NOTHING, MIRROR_NOTHING, MIRROR_KEPT, NULL },
};

static struct copies *wanted_of(const char *spec)
{
	struct copies *wanted = copies_new();
	CLEANUP(freep) char *text = xasprintf(ACTUAL("", "%s"), spec ? spec : "{}");
	CLEANUP(cJSON_Deletep) cJSON *object = parse(text);
	struct copy copy;

	assert_true(copy_from_object(&KUBE_GSLBHOSTRULES, object, &copy, NULL));
	if (spec)
		assert_true(copies_put(wanted, &copy, NULL));
	else
		assert_true(copies_delete(wanted, copy.key, "u-0", NULL));
	copy_release(&copy);
	return wanted;
}

static void cluster_needs(void **state)
{
	const struct decision *row = *state;
	CLEANUP(copies_freep) struct copies *wanted = wanted_of(row->spec);
	CLEANUP(cJSON_Deletep) cJSON *actual = row->actual ? parse(row->actual) : NULL;
	CLEANUP(mirror_step_release) struct mirror_step step;
	CLEANUP(freep) char *body = NULL;

	mirror_decide(copies_find(wanted, KEY("r")), actual, row->done, &step);
	assert_int_equal(step.verb, row->verb);
	assert_int_equal(step.result, row->result);
	assert_true((step.body != NULL) == (row->body != NULL));
	body = step.body ? json_text(step.body) : NULL;
	if (row->body && !strstr(body, row->body))
		fail_msg("%s\nlacks %s", body, row->body);
}

/* ---- all of them ---- */

static void each_entry_gets_its_step_and_the_rest_is_foreign(void **state)
{
	static const char *const texts[] = {
		"{\"metadata\":{\"name\":\"same\",\"namespace\":\"shop\"," LABEL "},\"spec\":{\"a\":1}}",
		"{\"metadata\":{\"name\":\"other\",\"namespace\":\"shop\"," LABEL "},\"spec\":{\"a\":9}}",
		"{\"metadata\":{\"name\":\"dead\",\"namespace\":\"shop\"," LABEL "},\"spec\":{}}",
		"{\"metadata\":{\"name\":\"mine\",\"namespace\":\"shop\"},\"spec\":{}}",
		"{\"metadata\":{\"name\":\"left\",\"namespace\":\"shop\"," LABEL "},\"spec\":{}}",
	};
	static const enum mirror_verb verbs[] = { MIRROR_DELETE, MIRROR_APPLY, MIRROR_APPLY, MIRROR_NOTHING };
	CLEANUP(copies_freep) struct copies *wanted = copies_new();
	CLEANUP(mirror_plan_release) struct mirror_plan plan = { 0 };
	CLEANUP(freep) char *foreign = NULL;
	cJSON *objects[ARRAY_SIZE(texts)];
	struct mirror_view view = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		objects[i] = parse(texts[i]);
	put(wanted, "same", 1);
	put(wanted, "other", 1);
	put(wanted, "new", 1);
	assert_true(copies_delete(wanted, KEY("dead"), "u", NULL));
	view.kinds[2].objects = (const cJSON *const *)objects;
	view.kinds[2].n = ARRAY_SIZE(objects);
	mirror_plan(wanted, &view, &plan);
	assert_int_equal(plan.n, 0);         /* not listed: nothing is known of it */
	assert_int_equal(plan.foreign.n, 0);
	mirror_plan_release(&plan);

	view.kinds[2].is_listed = true;
	mirror_plan(wanted, &view, &plan);
	assert_int_equal(plan.n, ARRAY_SIZE(verbs));
	for (size_t i = 0; i < plan.n; i++)
		assert_int_equal(plan.steps[i].verb, verbs[i]);
	foreign = strs_join(&plan.foreign, " ");
	assert_text(foreign, KEY("mine") " " KEY("left"));
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cJSON_Delete(objects[i]);
}

static void an_empty_list_and_no_tombstone_delete_nothing(void **state)
{
	CLEANUP(copies_freep) struct copies *wanted = copies_new();
	CLEANUP(cJSON_Deletep) cJSON *object = parse(ACTUAL("," LABEL, "{}"));
	CLEANUP(mirror_plan_release) struct mirror_plan plan = { 0 };
	struct mirror_view view = { 0 };

	(void)state;
	for (int i = 0; i < COPY_KINDS; i++)
		view.kinds[i].is_listed = true;
	view.kinds[2].objects = (const cJSON *const *)&object;
	view.kinds[2].n = 1;
	mirror_plan(wanted, &view, &plan);
	assert_int_equal(plan.n, 0);
	assert_int_equal(plan.foreign.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes_again_moves_to_the_end),
		cmocka_unit_test(a_tombstone_ends_when_it_is_forgotten_or_the_object_is_back),
		cmocka_unit_test(the_hash_is_that_of_the_copies_whatever_their_order),
		cmocka_unit_test(a_set_that_is_full_takes_no_more_but_changes),
		cmocka_unit_test(a_set_holds_no_more_bytes_than_it_may),
		cmocka_unit_test(each_entry_gets_its_step_and_the_rest_is_foreign),
		cmocka_unit_test(an_empty_list_and_no_tombstone_delete_nothing),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(cluster_needs, decisions);
}
