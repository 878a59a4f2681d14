/* What leadership stores and sends: durations, terms, claims, Leases, the record, the marks of AMKOClusters. */
#include "common/leadership/lease.h"
#include "common/leadership/marks.h"
#include "common/leadership/record.h"
#include "common/leadership/term.h"
#include "tests/unit/unit.h"

struct timing_case {
	const char *name;
	int64_t lease_ms, renew_ms, retry_ms;
	const char *error;
};

static const struct timing_case timing_cases[] = {
	{ "the defaults are safe", 60000, 40000, 5000, NULL },
	{ "three seconds are safe", 3000, 2000, 500, NULL },
	{ "the margin must hold a late commit", 2100, 1400, 300,
	  "half of what the lease duration 2100 ms has over the renew deadline 1400 ms must be more than 442 ms (two clocks "
	  "that differ by 1 %, and a late commit of 400 ms)" },
	{ "the lease is one and a half times the deadline", 60000, 41000, 5000,
	  "lease duration 60000 ms must be at least 1.5 times the renew deadline 41000 ms" },
	{ "three renewals fit into the deadline", 60000, 40000, 10001,
	  "three retry periods of 10001 ms and a quarter of the renew deadline must fit into the renew deadline 40000 ms" },
	{ "three renewals just fit", 60000, 40000, 10000, NULL },
	{ "no duration is nothing", 60000, 40000, 0, "lease duration, renew deadline and retry period must be positive" },
	{ "no duration is negative", -60000, 40000, 5000,
	  "lease duration, renew deadline and retry period must be positive" },
	{ "a lease ends within the hour", 3600001, 2400000, 5000, "lease duration 3600001 ms is over an hour" },
	{ "a retry period has a fifth", 3000, 2000, 4, "retry period 4 ms is too short" },
};

static void durations_must_be_safe(void **state)
{
	const struct timing_case *c = *state;
	struct timing t = { 0 };
	struct err err = { 0 };

	assert_int_equal(timing_init(&t, c->lease_ms, c->renew_ms, c->retry_ms, &err), !c->error);
	assert_text(c->error ? err.msg : NULL, c->error);
	assert_true(c->error ? t.lease_ms == 0 : t.renew_ms + t.write_ms + t.margin_ms <= t.lease_ms);
}

struct write_case {
	const char *name;
	struct term term;
	int64_t now_ms, record_ms, until_ms;
};

/* With a lease of 3 s: A = 500, P/5 = 100. */
static const struct write_case write_cases[] = {
	{ "a write ends within A", { 1, 5000, 5500, true }, 1000, 990, 1500 },
	{ "a write ends before the margin", { 1, 5000, 5200, true }, 4900, 4900, 5200 },
	{ "none starts at the deadline", { 1, 5000, 5500, true }, 5000, 5000, 0 },
	{ "none starts while no term is given", { 1, 0, 0, true }, 1, 1, 0 },
	{ "none starts without a read of the record", { 1, 5000, 5500, true }, 1000, 0, 0 },
	{ "a read of the record is fresh for P/5", { 1, 5000, 5500, true }, 1000, 900, 1500 },
	{ "an older one is not", { 1, 5000, 5500, true }, 1000, 899, 0 },
	{ "a fenceless term needs none", { 1, 5000, 5500, false }, 1000, 0, 1500 },
};

static void a_write_obeys_its_term(void **state)
{
	const struct write_case *c = *state;
	struct timing t;

	assert_true(timing_init(&t, 3000, 2000, 500, NULL));
	assert_int_equal(term_write_until(&c->term, &t, c->now_ms, c->record_ms), c->until_ms);
}

struct line_case {
	const char *name, *line;
	bool is_good;
};

static const struct line_case line_cases[] = {
	{ "a term", "term 3000001 81000 91000 fenced", true },
	{ "a term without a fence", "term 1 0 0 fenceless", true },
	{ "a word too many", "term 1 2 3 fenced yet", false },
	{ "a word too few", "term 1 2 3", false },
	{ "a negative number", "term 1 -2 3 fenced", false },
	{ "a number above 2^53", "term 9007199254740993 2 3 fenced", false },
	{ "a number of very many digits", "term 00000000000000000000000000001 2 3 fenced", false },
	{ "another message", "health 1 2 3 fenced", false },
	{ "nothing", "", false },
};

static void a_line_of_the_pipe_is_read(void **state)
{
	const struct line_case *c = *state;
	struct term term = { 0 };
	struct err err = { 0 };
	char line[TERM_LINE_MAX];

	assert_int_equal(term_parse(slice_of(c->line), &term, &err), c->is_good);
	if (!c->is_good)
		return;
	term_line(&term, line);
	assert_int_equal(strcspn(line, "\n"), strlen(c->line));
	assert_memory_equal(line, c->line, strlen(c->line));
}

struct report_case {
	const char *name, *line;
	bool is_good;
};

static const struct report_case report_cases[] = {
	{ "all is well and nothing to write", "report healthy idle", true },
	{ "unwell, with something to write", "report unhealthy wants", true },
	{ "another word for health", "report fine idle", false },
	{ "a word is missing", "report healthy", false },
	{ "a word too many", "report healthy wants more", false },
	{ "a term is no report", "term 1 2 3 fenced", false },
	{ "nothing", "", false },
};

static void a_report_is_read(void **state)
{
	const struct report_case *c = *state;
	char line[TERM_LINE_MAX];
	struct report report;
	struct err err = { 0 };

	assert_int_equal(report_parse(slice_of(c->line), &report, &err), c->is_good);
	if (!c->is_good)
		return;
	report_line(&report, line);
	line[strlen(line) - 1] = '\0';
	assert_text(line, c->line);
}

struct holder_case {
	const char *name, *holder, *context;
};

static const struct holder_case holder_cases[] = {
	{ "a holder names its context", "east/amko-0/1-2-3/ab", "east" },
	{ "contexts may have slashes", "default/api-east:6443/kube:admin/amko-0/1-2-3/ab", "default/api-east:6443/kube:admin" },
	{ "a pod name alone is none", "amko-0", "" },
	{ "three parts are none", "amko-0/1-2-3/ab", "" },
	{ "nobody", "", "" },
};

static void a_holder_is_read_from_the_right(void **state)
{
	const struct holder_case *c = *state;
	struct slice context = holder_context(c->holder);

	assert_true(slice_eq(context, c->context));
}

static void a_holder_is_made_of_four_parts(void **state)
{
	char holder[HOLDER_MAX] = "untouched", longest[HOLDER_MAX];

	(void)state;
	assert_false(holder_make(holder, "", "pod", "uid", "x"));
	assert_false(holder_make(holder, "east", "p/od", "uid", "x"));
	assert_false(holder_make(holder, "east", "pod", "", "x"));
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_false(holder_make(holder, "east", longest, "uid", "x"));
	assert_text(holder, "untouched");
	assert_true(holder_make(holder, "ea/st", "pod", "uid", "x"));
	assert_text(holder, "ea/st/pod/uid/x");
}

struct view_case {
	const char *name, *text;
	const char *canonical;         /* NULL: refused */
};

static const struct view_case view_cases[] = {
	{ "a view", "Automatic 7 3 east west", "Automatic 7 3 east west" },
	{ "members come out in order", "Manual 0 0 west east", "Manual 0 0 east west" },
	{ "blanks, percents and bars are escaped", "Manual 1 2 a%20b c%25 d%7C", "Manual 1 2 a%20b c%25 d%7C" },
	{ "a change of view shows both", "Manual 2 1 east|Automatic 1 1 east west", "Manual 2 1 east|Automatic 1 1 east west" },
	{ "a change without a view before", "Manual 2 1 east|", NULL },
	{ "more views than one can need", "Manual 2 1 a|Manual 2 1 a|Manual 2 1 a|Manual 2 1 a|Manual 2 1 a", NULL },
	{ "an unknown mode", "automatic 7 3 east", NULL },
	{ "a member twice", "Manual 7 3 east east", NULL },
	{ "no member", "Manual 7 3", NULL },
	{ "an empty member", "Manual 7 3 east ", NULL },
	{ "a NUL", "Manual 7 3 ea%00st", NULL },
	{ "half an escape", "Manual 7 3 east%2", NULL },
	{ "no serial", "Manual 7 east", NULL },
	{ "nothing", "", NULL },
};

static void a_view_is_read(void **state)
{
	const struct view_case *c = *state;
	CLEANUP(freep) char *got = NULL;
	struct roster roster = { 0 };
	struct claim claim = { 0 };

	if (views_parse(slice_of(c->text), &roster, &claim))
		got = views_text(&claim, &roster);
	assert_text(got, c->canonical);
}

static void a_roster_is_bounded(void **state)
{
	struct roster roster = { 0 };
	char context[CONTEXT_MAX + 1];

	(void)state;
	for (int i = 0; i < ROSTER_MAX; i++) {
		snprintf(context, sizeof(context), "c%d", i);
		assert_int_equal(roster_add(&roster, slice_of(context)), i);
	}
	assert_int_equal(roster_add(&roster, slice_of("one more")), NOBODY);
	assert_int_equal(roster_add(&roster, slice_of("c7")), 7);
	roster.context[9][0] = '\0';
	assert_int_equal(roster_add(&roster, slice_of("one more")), 9);
	memset(context, 'x', CONTEXT_MAX);
	context[CONTEXT_MAX] = '\0';
	roster.context[9][0] = '\0';
	assert_int_equal(roster_add(&roster, slice_of(context)), NOBODY);
}

struct order_case {
	const char *name;
	struct claim a, b;
	int order;
};

static const struct order_case order_cases[] = {
	{ "the later epoch is greater", { .epoch = 2, .holder = "a" }, { .epoch = 1, .holder = "b" }, 1 },
	{ "of equal epochs the greater holder", { .epoch = 1, .holder = "a" }, { .epoch = 1, .holder = "b" }, -1 },
	{ "the same", { .epoch = 1, .holder = "a" }, { .epoch = 1, .holder = "a" }, 0 },
};

static void claims_are_ordered(void **state)
{
	const struct order_case *c = *state;

	assert_int_equal(claim_compare(&c->a, &c->b), c->order);
	assert_int_equal(claim_compare(&c->b, &c->a), -c->order);
}

#define LEASE(holder, annotations) "{\"metadata\":{\"uid\":\"u1\",\"resourceVersion\":\"7\",\"annotations\":{" annotations \
	"}},\"spec\":{\"holderIdentity\":\"" holder "\"}}"
#define NOTE(name, value) "\"amko.vmware.com/" name "\":\"" value "\""

struct lease_case {
	const char *name, *json, *error;
};

static const struct lease_case lease_cases[] = {
	{ "a Lease of ours", LEASE("east/p/u/x", NOTE("epoch", "3000001") "," NOTE("acquired", "true") ","
				   NOTE("promotion", "3") "," NOTE("view", "Manual 1 0 east west")), NULL },
	{ "an empty one", LEASE("", NOTE("handover", "west")), NULL },
	{ "one that nobody wrote yet", LEASE("", ""), NULL },
	{ "a pod name is no identity", LEASE("amko-0", ""), "spec.holderIdentity is no <context>/<pod>/<pod uid>/<random>" },
	{ "an epoch is a number", LEASE("", NOTE("epoch", "many")),
	  "annotation amko.vmware.com/epoch is no whole number up to 2^53" },
	{ "an epoch is at most 2^53", LEASE("", NOTE("epoch", "9007199254740993")),
	  "annotation amko.vmware.com/epoch is no whole number up to 2^53" },
	{ "an epoch is under its promotion", LEASE("", NOTE("epoch", "3000001") "," NOTE("promotion", "2")),
	  "annotation amko.vmware.com/promotion is behind its epoch" },
	{ "a view has members", LEASE("", NOTE("view", "Manual 1 0")),
	  "annotation amko.vmware.com/view is no view, or names too many clusters" },
	{ "without a uid", "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{}}",
	  "Lease without a uid or resourceVersion that can be read" },
	{ "nothing of a Lease", "[]", "Lease without a uid or resourceVersion that can be read" },
};

static void a_lease_is_read_or_refused(void **state)
{
	const struct lease_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(c->json), NULL);
	struct roster roster = { 0 };
	struct version version;
	struct claim claim;
	struct err err = { 0 };

	assert_non_null(json);
	assert_int_equal(lease_from_json(json, &roster, &claim, &version, NULL, &err), !c->error);
	assert_text(c->error ? err.msg : NULL, c->error);
}

static struct claim some_claim(struct roster *roster)
{
	struct claim claim = { .holder = "east/p/u/x", .epoch = 3000001, .promotion = 4, .is_acquired = true, .counter = 12,
			       .has_view = true, .federation = "f-1" };

	claim.handover = roster_add(roster, slice_of("west"));
	claim.view = (struct view){ MODE_AUTOMATIC, member_bit(claim.handover), 3000001, 5 };
	claim.is_fenceless = true;
	claim.is_released = true;
	return claim;
}

static void assert_claim(const struct claim *got, const struct claim *want)
{
	assert_text(got->holder, want->holder);
	assert_int_equal(got->epoch, want->epoch);
	assert_int_equal(got->promotion, want->promotion);
	assert_int_equal(got->is_acquired, want->is_acquired);
	assert_int_equal(got->has_view, want->has_view);
	assert_true(view_same(&got->view, &want->view));
	assert_int_equal(got->view.epoch, want->view.epoch);
	assert_int_equal(got->view.serial, want->view.serial);
}

static void a_lease_says_what_was_put(void **state)
{
	struct roster roster = { 0 };
	struct claim claim = some_claim(&roster), got;
	struct version version = { "u1", "7" }, got_version;
	struct lease_contact contact = { "tcp://east:5580", "key" }, got_contact;
	struct timing timing;

	(void)state;
	assert_true(timing_init(&timing, 3000, 2000, 500, NULL));
	CLEANUP(cJSON_Deletep) cJSON *json = lease_to_json(&claim, &version, &roster, &contact, &timing, "avi-system",
							   1767605400123456);
	assert_true(lease_from_json(json, &roster, &got, &got_version, &got_contact, NULL));
	assert_claim(&got, &claim);
	assert_int_equal(got.handover, claim.handover);
	assert_true(got.is_released);
	assert_int_equal(got.is_fenceless, true);
	assert_text(got.federation, "f-1");
	assert_true(version_same(&version, &got_version));
	assert_text(got_contact.endpoint, "tcp://east:5580");
	assert_text(got_contact.public_key, "key");
	assert_text(json_str(json_get(json, "spec"), "renewTime"), "2026-01-05T09:30:00.123456Z");
	assert_int_equal(json_int(json_get(json, "spec"), "leaseDurationSeconds", 0), 3);
}

static void a_lease_to_create_has_no_version(void **state)
{
	struct roster roster = { 0 };
	struct claim claim = some_claim(&roster);
	struct timing timing;

	(void)state;
	assert_true(timing_init(&timing, 60000, 40000, 5000, NULL));
	CLEANUP(cJSON_Deletep) cJSON *json = lease_to_json(&claim, &(struct version){ 0 }, &roster, NULL, &timing,
							   "avi-system", 0);
	assert_null(json_get(json_get(json, "metadata"), "uid"));
	assert_null(json_get(json_get(json, "metadata"), "resourceVersion"));
	assert_text(json_str(json_get(json, "metadata"), "name"), "amko-leader");
}

#define RECORD(kv) "{\"results\":[{\"name\":\"amko-f-1-leadership\",\"uuid\":\"s-1\",\"_last_modified\":\"9\",\"kv\":[" kv "]}]}"
#define KV(k, v) "{\"key\":\"" k "\",\"value\":\"" v "\"}"

struct record_case {
	const char *name, *json;
	enum record_state state;
	const char *error;
};

static const struct record_case record_cases[] = {
	{ "a record", RECORD(KV("epoch", "1") "," KV("holder", "east/p/u/x") "," KV("promotion", "0") "," KV("counter", "2")),
	  RECORD_FOUND, NULL },
	{ "none", "{\"count\":0,\"results\":[]}", RECORD_ABSENT, NULL },
	{ "none, said with a null", "{\"count\":0,\"results\":null}", RECORD_ABSENT, NULL },
	{ "another one", "{\"results\":[{\"name\":\"other\"}]}", RECORD_ABSENT, NULL },
	{ "no list", "{\"error\":\"x\"}", RECORD_GARBAGE, "leadership record: the answer has no list of results" },
	{ "no values", RECORD(""), RECORD_GARBAGE, "leadership record: epoch is no whole number up to 2^53" },
	{ "no holder", RECORD(KV("epoch", "1") "," KV("promotion", "0") "," KV("counter", "2")), RECORD_GARBAGE,
	  "leadership record: holder is no <context>/<pod>/<pod uid>/<random>" },
	{ "no version", "{\"results\":[{\"name\":\"amko-f-1-leadership\",\"uuid\":\"s-1\"}]}", RECORD_GARBAGE,
	  "leadership record: without a uuid or _last_modified that can be read" },
};

static void a_record_is_read_or_refused(void **state)
{
	const struct record_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(c->json), NULL);
	struct roster roster = { 0 };
	struct version version;
	struct claim claim;
	struct err err = { 0 };

	assert_non_null(json);
	assert_int_equal(record_from_list(json, "amko-f-1-leadership", &roster, &claim, &version, &err), c->state);
	assert_text(c->error ? err.msg : NULL, c->error);
}

static void a_record_says_what_was_put(void **state)
{
	struct roster roster = { 0 };
	struct claim claim = some_claim(&roster), got;
	struct version version = { "s-1", "9" }, got_version;
	CLEANUP(cJSON_Deletep) cJSON *json = record_to_json(&claim, &version, &roster, "amko-f-1-leadership");

	(void)state;
	assert_int_equal(record_from_json(json, &roster, &got, &got_version, NULL), RECORD_FOUND);
	assert_claim(&got, &claim);
	assert_int_equal(got.counter, 12);
	assert_true(version_same(&version, &got_version));
	assert_text(json_str(json, "type"), "SG_TYPE_KEYVAL");
}

static void a_record_is_named_by_the_federation(void **state)
{
	char name[RECORD_NAME_MAX];

	(void)state;
	assert_true(record_name("0b5e-77", name));
	assert_text(name, "amko-0b5e-77-leadership");
	assert_false(record_name("", name));
	assert_false(record_name("a/b", name));
}

struct own_case {
	const char *name, *json, *error;
	struct own want;
};

#define CLUSTER(notes, spec) "{\"metadata\":{\"annotations\":{" notes "}},\"spec\":{" spec "}}"

static const struct own_case own_cases[] = {
	{ "the reference's object", CLUSTER("", "\"clusterContext\":\"east\",\"clusters\":[\"east\",\"west\"],\"isLeader\":true"),
	  NULL, { .is_leader = true, .members = 3 } },
	{ "the own context is a member by itself", CLUSTER("", "\"clusterContext\":\"east\",\"clusters\":[\"west\"]"),
	  NULL, { .members = 3 } },
	{ "another context", CLUSTER("", "\"clusterContext\":\"west\""), NULL, { .has_other_context = true, .members = 1 } },
	{ "no context", CLUSTER("", ""), NULL, { .has_other_context = true, .members = 1 } },
	{ "automatic failover", CLUSTER("", "\"clusterContext\":\"east\",\"failover\":\"Automatic\""), NULL,
	  { .mode = MODE_AUTOMATIC, .members = 1 } },
	{ "an unknown failover", CLUSTER("", "\"clusterContext\":\"east\",\"failover\":\"auto\""),
	  "spec.failover: auto is neither Manual nor Automatic", { 0 } },
	{ "isLeader is a truth", CLUSTER("", "\"isLeader\":\"yes\""), "spec.isLeader is neither true nor false", { 0 } },
	{ "what is kept is JSON", CLUSTER(NOTE("promotion", "3"), "\"clusterContext\":\"east\""),
	  "annotation amko.vmware.com/promotion is not what amko wrote there: remove it", { 0 } },
	{ "promote is a text", CLUSTER(NOTE("promote", "2026 force"), "\"clusterContext\":\"east\""), NULL,
	  { .members = 1, .promote = "2026 force" } },
};

static void the_own_object_is_read(void **state)
{
	const struct own_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(c->json), NULL);
	struct roster roster = { 0 };
	struct own got = { 0 };
	struct err err = { 0 };

	assert_non_null(json);
	assert_int_equal(own_from_json(json, "east", &roster, &got, &err), !c->error);
	assert_text(c->error ? err.msg : NULL, c->error);
	assert_int_equal(got.is_leader, c->want.is_leader);
	assert_int_equal(got.has_other_context, c->want.has_other_context);
	assert_int_equal(got.mode, c->want.mode);
	assert_int_equal(got.members, c->want.members);
	assert_text(got.promote, c->want.promote);
	assert_false(got.kept.is_kept);
}

static void a_peer_shows_mark_fitness_and_promotion(void **state)
{
	static const char text[] = CLUSTER(NOTE("role", "leader") "," NOTE("fit", "avi copy moon"),
					   "\"clusterContext\":\"west\",\"isLeader\":true");
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(text), NULL);
	struct kept kept = { .is_kept = true, .is_leader = true, .promotion = 7, .has_led = true, .epoch = 7000003,
			     .promote = "now" }, got;
	CLEANUP(freep) char *kept_as_text = kept_text(&kept);
	struct peer peer;

	(void)state;
	assert_true(peer_from_json(json, "west", &peer, NULL));
	assert_true(peer.is_leader && peer.is_marked && !peer.has_other_context && !peer.kept.is_kept);
	assert_true(peer.fitness.has_avi && peer.fitness.is_current && !peer.fitness.has_api);
	assert_true(kept_parse(slice_of(kept_as_text), &got));
	assert_memory_equal(&got, &kept, sizeof(got));
	kept.epoch = EPOCH_MAX;
	free(kept_as_text);
	kept_as_text = kept_text(&kept);
	assert_true(kept_parse(slice_of(kept_as_text), &got));
	assert_true(got.epoch == EPOCH_MAX);
	assert_false(kept_parse(slice_of("{}"), &got));
	assert_false(kept_parse(slice_of("{\"number\":9007199254741,\"epoch\":1}"), &got));
	assert_false(kept_parse(slice_of("{\"number\":1,\"epoch\":9007199254740994}"), &got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_holder_is_made_of_four_parts),
		cmocka_unit_test(a_roster_is_bounded),
		cmocka_unit_test(a_lease_says_what_was_put),
		cmocka_unit_test(a_lease_to_create_has_no_version),
		cmocka_unit_test(a_record_says_what_was_put),
		cmocka_unit_test(a_record_is_named_by_the_federation),
		cmocka_unit_test(a_peer_shows_mark_fitness_and_promotion),
	};
	int n_failed = 0;

	json_init();
	n_failed += RUN_TABLE(durations_must_be_safe, timing_cases);
	n_failed += RUN_TABLE(a_write_obeys_its_term, write_cases);
	n_failed += RUN_TABLE(a_line_of_the_pipe_is_read, line_cases);
	n_failed += RUN_TABLE(a_report_is_read, report_cases);
	n_failed += RUN_TABLE(a_holder_is_read_from_the_right, holder_cases);
	n_failed += RUN_TABLE(a_view_is_read, view_cases);
	n_failed += RUN_TABLE(claims_are_ordered, order_cases);
	n_failed += RUN_TABLE(a_lease_is_read_or_refused, lease_cases);
	n_failed += RUN_TABLE(a_record_is_read_or_refused, record_cases);
	n_failed += RUN_TABLE(the_own_object_is_read, own_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
