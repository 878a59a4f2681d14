/* What is written into an AMKOCluster's status: the merge, and the talk with an API server. */
#include "tests/unit/scene.h"

#include "common/base/log.h"
#include "common/crd/amkocluster_status.h"
#include "common/crd/amkocluster_writer.h"
#include "tests/unit/fake_http.h"

#define PATIENCE_MS 10000
#define RESTORE_MS 700
#define NOW "2026-01-05T09:30:00Z"
#define EARLIER "2026-01-01T00:00:00Z"
#define VALID "{'type':'current AMKOCluster Validation','status':'valid AMKOCluster object'}"
#define LEADING(since) "{'type':'Leading','status':'True','reason':'Acquired','lastTransitionTime':'" since "'}"

/* ---- the merge ---- */

static const struct merge {
	const char *name;
	const char *shown;             /* status; NULL: none */
	const char *fields;
	const char *own;               /* conditions; a status of null: must not be there */
	const char *patch;             /* NULL: nothing is written */
} merges[] = {
	{ "an empty status gets everything", NULL, "{'role':'leader','epoch':1}",
	  "[{'type':'Leading','status':'True','reason':'Acquired'}]",
	  "{'role':'leader','epoch':1,'conditions':[" LEADING(NOW) "]}" },
	{ "what is shown is not written", "{'role':'leader','leader':'x','conditions':[" LEADING(EARLIER) "]}", "{'role':'leader'}",
	  "[{'type':'Leading','status':'True','reason':'Acquired'}]", NULL },
	{ "nothing to say writes nothing", NULL, "{}", "[]", NULL },
	{ "no conditions are no list", "{'role':'leader'}", "{'role':'leader'}", "[{'type':'Leading','status':null}]", NULL },
	{ "one field alone", "{'role':'follower','epoch':1}", "{'role':'leader','epoch':1}", "[]", "{'role':'leader'}" },
	{ "a field that must go", "{'role':'leader','unfitReason':'x'}", "{'unfitReason':null}", "[]", "{'unfitReason':null}" },
	{ "a field that is gone", "{'role':'leader'}", "{'unfitReason':null}", "[]", NULL },
	{ "a list is written whole", "{'members':[{'context':'west','reachable':true}]}", "{'members':[{'context':'west'}]}", "[]",
	  "{'members':[{'context':'west'}]}" },
	{ "others' conditions stay", "{'conditions':[" VALID "]}", "{}", "[{'type':'Leading','status':'True','reason':'Acquired'}]",
	  "{'conditions':[" VALID "," LEADING(NOW) "]}" },
	{ "the order is AMKO's types, then ours, then unknown ones",
	  "{'conditions':[{'type':'Zeta','status':'x'},{'type':'Alpha','status':'x'},{'type':'Federated','status':'True'}]}", "{}",
	  "[{'type':'Leading','status':'False','lastTransitionTime':'" EARLIER "'},"
	  "{'type':'current AMKOCluster Validation','status':'v','lastTransitionTime':'" EARLIER "'}]",
	  "{'conditions':[{'type':'current AMKOCluster Validation','status':'v','lastTransitionTime':'" EARLIER "'},"
	  "{'type':'Leading','status':'False','lastTransitionTime':'" EARLIER "'},{'type':'Federated','status':'True'},"
	  "{'type':'Zeta','status':'x'},{'type':'Alpha','status':'x'}]}" },
	{ "between others", "{'conditions':[" VALID ",{'type':'Federated','status':'True'}]}", "{}",
	  "[{'type':'Leading','status':'True','reason':'Acquired'}]",
	  "{'conditions':[" VALID "," LEADING(NOW) ",{'type':'Federated','status':'True'}]}" },
	{ "a stage that was not reached leaves", "{'conditions':[" VALID ",{'type':'member cluster validation','status':'x'}]}", "{}",
	  "[{'type':'member cluster validation','status':null}]", "{'conditions':[" VALID "]}" },
	{ "another reason keeps the time", "{'conditions':[" LEADING(EARLIER) "]}", "{}",
	  "[{'type':'Leading','status':'True','reason':'Renewed'}]",
	  "{'conditions':[{'type':'Leading','status':'True','reason':'Renewed','lastTransitionTime':'" EARLIER "'}]}" },
	{ "an empty time is none", "{'conditions':[" LEADING("") "]}", "{}", "[{'type':'Leading','status':'True','reason':'Acquired'}]",
	  "{'conditions':[" LEADING(NOW) "]}" },
	{ "another status has the time of now", "{'conditions':[" LEADING(EARLIER) "]}", "{}",
	  "[{'type':'Leading','status':'False','reason':'Released'}]",
	  "{'conditions':[{'type':'Leading','status':'False','reason':'Released','lastTransitionTime':'" NOW "'}]}" },
	{ "AMKO's entries get a time", "{'conditions':[" VALID "]}", "{}", "[" VALID "]",
	  "{'conditions':[{'type':'current AMKOCluster Validation','status':'valid AMKOCluster object',"
	  "'lastTransitionTime':'" NOW "'}]}" },
	{ "empty texts are left out", NULL, "{}", "[{'type':'Leading','status':'True','reason':'','message':''}]",
	  "{'conditions':[{'type':'Leading','status':'True','lastTransitionTime':'" NOW "'}]}" },
	{ "a status that is no object", "[1]", "{'role':'leader'}", "[]", "{'role':'leader'}" },
	{ "conditions that are none", "{'conditions':'x'}", "{}", "[{'type':'Leading','status':'True'}]",
	  "{'conditions':[{'type':'Leading','status':'True','lastTransitionTime':'" NOW "'}]}" },
	{ "entries without a type are kept", "{'conditions':[{'status':'x'}]}", "{}", "[{'type':'Leading','status':'True'}]",
	  "{'conditions':[{'type':'Leading','status':'True','lastTransitionTime':'" NOW "'},{'status':'x'}]}" },
};

static size_t conditions_of(const char *text, struct condition **out)
{
	CLEANUP(cJSON_Deletep) cJSON *list = scene_json(text);
	const cJSON *item;
	size_t n = 0;

	*out = xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(**out));
	cJSON_ArrayForEach(item, list)
		assert_true(table_read(condition_fields, item, "", &(*out)[n++], NULL));
	return n;
}

static void is_merged(void **state)
{
	const struct merge *row = *state;
	CLEANUP(cJSON_Deletep) cJSON *shown = row->shown ? scene_json(row->shown) : NULL, *fields = scene_json(row->fields);
	CLEANUP(cJSON_Deletep) cJSON *want = row->patch ? scene_json(row->patch) : NULL, *patch = NULL;
	CLEANUP(freep) char *got_text = NULL, *want_text = want ? json_text(want) : NULL;
	struct condition *own;
	size_t n = conditions_of(row->own, &own);

	patch = amkocluster_status_patch(shown, fields, own, n, NOW);
	got_text = patch ? json_text(patch) : NULL;
	assert_text(got_text, want_text);
	for (size_t i = 0; i < n; i++)
		condition_release(&own[i]);
	free(own);
}

/* ---- the writer ---- */

struct talk {
	uv_loop_t loop;
	struct http_client *http;
	struct kube_client *kube;
	struct fake_http *fake;
	struct amkocluster_writer *writer;
	size_t n_wanted;
};

static int64_t pruned_ms;              /* 0: as long as it is */

static struct talk *talk_of(const struct fake_answer *answers, size_t n, bool is_dry_run)
{
	struct talk *t = xcalloc(1, sizeof(*t));
	struct kube_context context = { .name = (char[]){ "east" } };
	CLEANUP(freep) char *url = NULL;

	uv_loop_init(&t->loop);
	t->http = http_client_new(&t->loop, 0);
	t->fake = fake_http_new(&t->loop, answers, n);
	context.server = url = xstrdup(fake_http_url(t->fake));
	t->kube = kube_client_new(t->http, &context);
	t->writer = amkocluster_writer_new(&(struct amkocluster_writer_options){ .kube = t->kube, .loop = &t->loop,
										   .is_dry_run = is_dry_run,
										   .restore_ms = RESTORE_MS,
										   .pruned_ms = pruned_ms });
	return t;
}

#define TALK(...) ({ \
	static const struct fake_answer answers_[] = { __VA_ARGS__ }; \
	talk_of(answers_, ARRAY_SIZE(answers_), false); })

static void talk_end(struct talk *t)
{
	assert_text(fake_http_complaint(t->fake), "");
	amkocluster_writer_free(t->writer);
	kube_client_free(t->kube);
	http_client_free(t->http);
	fake_http_free(t->fake);
	finish_loop(&t->loop);
	free(t);
}

static bool is_written(void *arg)
{
	const struct talk *t = arg;

	return fake_http_n_requests(t->fake) >= t->n_wanted && amkocluster_writer_is_idle(t->writer);
}

/* Exactly so many, and nothing more to come. */
static void wait_for(struct talk *t, size_t n_requests)
{
	t->n_wanted = n_requests;
	assert_true(run_until(&t->loop, is_written, t, PATIENCE_MS));
	assert_int_equal(fake_http_n_requests(t->fake), n_requests);
}

/* As it is at a version. */
#define OBJECT(version, status) "{'metadata':{'name':'a','namespace':'avi-system','uid':'u','resourceVersion':'" version "'}," \
	"'status':" status "}"
#define ANSWER(version, shown) { .status = 200, .body = "{\"metadata\":{\"name\":\"a\",\"namespace\":\"avi-system\",\"uid\":\"u\"," \
	"\"resourceVersion\":\"" version "\"},\"status\":" shown "}" }
#define LEADER "{\"role\":\"leader\"}"

static void see(struct talk *t, const char *object)
{
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(object);

	amkocluster_writer_observe(t->writer, json);
}

static void say_role(struct talk *t, const char *role)
{
	amkocluster_writer_put(t->writer, "role", cJSON_CreateString(role));
}

static void assert_request(const struct talk *t, size_t i, const char *head, const char *body)
{
	const char *request = fake_http_request(t->fake, i), *text = strstr(request, "\r\n\r\n");

	assert_int_equal(strncmp(request, head, strlen(head)), 0);
	assert_non_null(text);
	assert_text(text + 4, body);
}

#define STATUS_PATH "/apis/amko.vmware.com/v1alpha1/namespaces/avi-system/amkoclusters/a/status "
#define OBJECT_PATH "/apis/amko.vmware.com/v1alpha1/namespaces/avi-system/amkoclusters/a "
#define BODY(version, status) "{\"metadata\":{\"resourceVersion\":\"" version "\"},\"status\":" status "}"

static void what_changes_together_is_one_write_at_the_version_seen(void **state)
{
	struct talk *t = TALK(ANSWER("8", "{\"role\":\"leader\",\"epoch\":1}"));

	(void)state;
	see(t, OBJECT("7", "{}"));
	say_role(t, "candidate");
	say_role(t, "leader");
	amkocluster_writer_put(t->writer, "epoch", cJSON_CreateNumber(1));
	wait_for(t, 1);
	assert_request(t, 0, "PATCH " STATUS_PATH, BODY("7", "{\"role\":\"leader\",\"epoch\":1}"));
	assert_non_null(strstr(fake_http_request(t->fake, 0), "application/merge-patch+json"));
	talk_end(t);
}

static void what_is_shown_already_is_not_written(void **state)
{
	struct talk *t = TALK(ANSWER("8", "{}"));

	(void)state;
	say_role(t, "leader");
	see(t, OBJECT("7", "{'role':'leader','conditions':[]}"));
	say_role(t, "leader");
	wait_for(t, 0);
	talk_end(t);
}

static void without_an_object_it_is_kept_back(void **state)
{
	struct talk *t = TALK(ANSWER("8", LEADER));

	(void)state;
	say_role(t, "leader");
	amkocluster_writer_observe(t->writer, NULL);
	wait_for(t, 0);
	see(t, OBJECT("7", "{}"));
	wait_for(t, 1);
	talk_end(t);
}

static void a_conflict_is_read_and_judged_anew(void **state)
{
	struct talk *t = TALK({ .status = 409, .body = "{\"message\":\"changed\"}" },
			      ANSWER("9", "{\"conditions\":[{\"type\":\"Federated\",\"status\":\"True\"}]}"),
			      ANSWER("10", "{\"role\":\"leader\"}"));

	(void)state;
	see(t, OBJECT("7", "{}"));
	say_role(t, "leader");
	wait_for(t, 3);
	assert_request(t, 0, "PATCH " STATUS_PATH, BODY("7", LEADER));
	assert_request(t, 1, "GET " OBJECT_PATH, "");
	assert_request(t, 2, "PATCH " STATUS_PATH, BODY("9", LEADER));
	talk_end(t);
}

static void a_conflict_may_have_settled_it(void **state)
{
	struct talk *t = TALK({ .status = 409 }, ANSWER("9", LEADER));

	(void)state;
	see(t, OBJECT("7", "{}"));
	say_role(t, "leader");
	wait_for(t, 2);
	talk_end(t);
}

static void a_failed_write_is_repeated(void **state)
{
	struct talk *t = TALK({ .status = 503 }, ANSWER("8", LEADER));

	(void)state;
	see(t, OBJECT("7", "{}"));
	say_role(t, "leader");
	wait_for(t, 2);
	talk_end(t);
}

static void a_refused_write_waits_for_something_new(void **state)
{
	struct talk *t = TALK({ .status = 403 }, { .wants = "follower", .status = 403 });

	(void)state;
	see(t, OBJECT("7", "{}"));
	say_role(t, "leader");
	wait_for(t, 1);
	see(t, OBJECT("8", "{}"));
	wait_for(t, 1);
	say_role(t, "follower");
	wait_for(t, 2);
	talk_end(t);
}

#define SHOWN(reason) "{\"conditions\":[{\"type\":\"Leading\",\"status\":\"True\",\"reason\":\"" reason "\"}]}"

/* AMKO's definition has neither fields nor messages: they stand in the reason, as AMKO's do. */
static void what_is_pruned_is_written_once_and_its_message_as_the_reason(void **state)
{
	struct talk *t = TALK(ANSWER("8", SHOWN("Acquired")),
			      { .wants = "\"reason\":\"Acquired: since a minute\"", .status = 200, .body =
				"{\"metadata\":{\"name\":\"a\",\"namespace\":\"avi-system\",\"uid\":\"u\",\"resourceVersion\":\"10\"},"
				"\"status\":" SHOWN("Acquired: since a minute") "}" },
			      ANSWER("12", "{\"conditions\":[{\"type\":\"Leading\",\"status\":\"False\"}]}"));

	(void)state;
	see(t, OBJECT("7", "{}"));
	say_role(t, "leader");
	amkocluster_writer_condition(t->writer, CONDITION_LEADING, "True", "Acquired", "since a minute");
	wait_for(t, 2);
	assert_true(amkocluster_writer_is_pruned(t->writer));
	see(t, OBJECT("11", "{'conditions':[{'type':'Leading','status':'True','reason':'Acquired: since a minute'}]}"));
	wait_for(t, 2);
	amkocluster_writer_condition(t->writer, CONDITION_LEADING, "False", NULL, NULL);
	wait_for(t, 3);
	talk_end(t);
}

#define WHOLE(reason) "{\"role\":\"leader\",\"conditions\":[{\"type\":\"Leading\",\"status\":\"True\",\"reason\":\"" reason \
	"\",\"message\":\"since a minute\"}]}"

static void a_definition_that_was_replaced_is_noticed(void **state)
{
	struct talk *t;

	(void)state;
	pruned_ms = 300;
	t = TALK(ANSWER("8", SHOWN("Acquired")), ANSWER("9", SHOWN("Acquired: since a minute")),
		 ANSWER("10", WHOLE("Acquired: since a minute")), ANSWER("11", WHOLE("Acquired")));
	see(t, OBJECT("7", "{}"));
	say_role(t, "leader");
	amkocluster_writer_condition(t->writer, CONDITION_LEADING, "True", "Acquired", "since a minute");
	t->n_wanted = 4;
	assert_true(run_until(&t->loop, is_written, t, PATIENCE_MS));
	assert_false(amkocluster_writer_is_pruned(t->writer));
	assert_non_null(strstr(fake_http_request(t->fake, 3), "\"reason\":\"Acquired\""));
	talk_end(t);
	pruned_ms = 0;
}

static void an_older_sight_than_the_own_write_changes_nothing(void **state)
{
	struct talk *t = TALK(ANSWER("10", LEADER));

	(void)state;
	see(t, OBJECT("9", "{}"));
	say_role(t, "leader");
	wait_for(t, 1);
	see(t, OBJECT("9", "{}"));
	wait_for(t, 1);
	talk_end(t);
}

static bool is_planned(void *arg)
{
	const struct talk *t = arg;

	return fake_http_n_requests(t->fake) > 1;
}

static void what_is_overwritten_is_told_again_but_not_at_once(void **state)
{
	struct talk *t = TALK(ANSWER("10", LEADER), ANSWER("12", LEADER));
	uint64_t begin_ms = uv_now(&t->loop);

	(void)state;
	see(t, OBJECT("9", "{}"));
	say_role(t, "leader");
	wait_for(t, 1);
	see(t, OBJECT("11", "{'role':'follower'}"));
	assert_true(run_until(&t->loop, is_planned, t, PATIENCE_MS));
	assert_true(uv_now(&t->loop) - begin_ms >= RESTORE_MS);
	assert_request(t, 1, "PATCH " STATUS_PATH, BODY("11", LEADER));
	talk_end(t);
}

static void an_object_made_anew_is_told_everything(void **state)
{
	struct talk *t = TALK(ANSWER("10", LEADER), ANSWER("3", LEADER));

	(void)state;
	see(t, OBJECT("9", "{}"));
	say_role(t, "leader");
	wait_for(t, 1);
	amkocluster_writer_observe(t->writer, NULL);
	see(t, OBJECT("2", "{}"));
	t->n_wanted = 2;
	assert_true(run_until(&t->loop, is_written, t, PATIENCE_MS));
	talk_end(t);
}

static void a_dry_run_writes_nothing(void **state)
{
	struct talk *t = talk_of(NULL, 0, true);

	(void)state;
	see(t, OBJECT("9", "{}"));
	say_role(t, "leader");
	wait_for(t, 0);
	talk_end(t);
}

static void it_may_go_in_the_middle_of_a_write(void **state)
{
	struct talk *t = TALK({ .status = -1 });

	(void)state;
	see(t, OBJECT("9", "{}"));
	say_role(t, "leader");
	t->n_wanted = 1;
	run_until(&t->loop, is_planned, t, 300);
	assert_int_equal(fake_http_n_requests(t->fake), 1);
	talk_end(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes_together_is_one_write_at_the_version_seen),
		cmocka_unit_test(what_is_shown_already_is_not_written),
		cmocka_unit_test(without_an_object_it_is_kept_back),
		cmocka_unit_test(a_conflict_is_read_and_judged_anew),
		cmocka_unit_test(a_conflict_may_have_settled_it),
		cmocka_unit_test(a_failed_write_is_repeated),
		cmocka_unit_test(a_refused_write_waits_for_something_new),
		cmocka_unit_test(what_is_pruned_is_written_once_and_its_message_as_the_reason),
		cmocka_unit_test(a_definition_that_was_replaced_is_noticed),
		cmocka_unit_test(an_older_sight_than_the_own_write_changes_nothing),
		cmocka_unit_test(what_is_overwritten_is_told_again_but_not_at_once),
		cmocka_unit_test(an_object_made_anew_is_told_everything),
		cmocka_unit_test(a_dry_run_writes_nothing),
		cmocka_unit_test(it_may_go_in_the_middle_of_a_write),
	};

	log_init("test", LOG_ERROR + 1, LOG_LOGFMT);
	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(is_merged, merges);
}
