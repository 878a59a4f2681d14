/* Which GSLBConfig is in charge, what is wrong with it by itself; UUIDs. */
#include "tests/unit/scene.h"

#include "common/config/choose.h"
#include "common/config/uuid.h"

/* ---- which one ---- */

#define MAX_CONFIGS 4

struct choose_case {
	const char *name;
	struct {
		const char *namespace, *name, *state;
	} all[MAX_CONFIGS];            /* oldest first */
	const char *in_charge, *want;
};

#define OWN "avi-system"

static const struct choose_case choose_cases[] = {
	{ "there is none", { { NULL, NULL, NULL } }, NULL, NULL },
	{ "there is one", { { OWN, "a", NULL } }, NULL, "a" },
	{ "the oldest", { { OWN, "a", NULL }, { OWN, "b", NULL } }, NULL, "a" },
	{ "an accepted one before older ones", { { OWN, "a", STATE_SECOND }, { OWN, "b", STATE_ACCEPTED } }, NULL, "b" },
	{ "the oldest of two accepted ones",
	  { { OWN, "a", NULL }, { OWN, "b", STATE_ACCEPTED }, { OWN, "c", STATE_ACCEPTED } }, NULL, "b" },
	{ "the one in charge before accepted ones", { { OWN, "a", STATE_ACCEPTED }, { OWN, "b", NULL } }, "b", "b" },
	{ "the one in charge is gone", { { OWN, "a", NULL }, { OWN, "b", STATE_ACCEPTED } }, "c", "b" },
	{ "only one of our namespace", { { "default", "a", STATE_ACCEPTED }, { OWN, "b", NULL } }, NULL, "b" },
	{ "none of our namespace", { { "default", "a", STATE_ACCEPTED } }, NULL, NULL },
	{ "the one in charge is no namesake elsewhere", { { "default", "a", NULL }, { OWN, "b", NULL } }, "a", "b" },
	{ "another state is no acceptance", { { OWN, "a", NULL }, { OWN, "b", STATE_SYNCED } }, NULL, "a" },
};

static void the_chosen_one_is(void **state)
{
	const struct choose_case *c = *state;
	struct gslbconfig configs[MAX_CONFIGS] = { { 0 } };
	const struct gslbconfig *all[MAX_CONFIGS], *got;
	size_t n = 0;

	for (; n < MAX_CONFIGS && c->all[n].name; n++) {
		configs[n].namespace = (char *)(uintptr_t)c->all[n].namespace;
		configs[n].name = (char *)(uintptr_t)c->all[n].name;
		configs[n].state = (char *)(uintptr_t)c->all[n].state;
		all[n] = &configs[n];
	}
	got = config_choose(all, n, OWN, c->in_charge);
	assert_text(got ? got->name : NULL, c->want);
}

/* ---- what is wrong with it ---- */

#define CONFIG(annotations, spec) \
	"{'metadata': {'name': 'gc', 'namespace': 'avi-system', 'annotations': {" annotations "}}, 'spec': {" spec "}}"
#define LEADER "'gslbLeader': {'controllerIP': '10.0.0.5', 'controllerVersion': '22.1.3', 'credentials': 'creds'}"
#define MORE(list) "'gslbLeader': {'controllerIP': '10.0.0.5', 'credentials': 'creds', 'controllerAddresses': [" list "]}"
#define UUID "'amko.vmware.com/amko-uuid': '3f0c7c1e-9a51-11ee-8f4b-0242ac120002'"

static struct gslbconfig *config_of(const char *text)
{
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(text);

	return gslbconfig_from_json(json);
}

struct complaint_case {
	const char *name, *json, *reason, *state;
};

static const struct complaint_case complaint_cases[] = {
	{ "nothing", CONFIG(UUID, LEADER), .reason = NULL },
	{ "nothing: the UUID is made later", CONFIG("", LEADER), .reason = NULL },
	{ "a UUID that is none", CONFIG("'amko.vmware.com/amko-uuid': 'x'", LEADER), .reason = "BadUUID" },
	{ "an empty UUID", CONFIG("'amko.vmware.com/amko-uuid': ''", LEADER), .reason = "BadUUID" },
	{ "no controller", CONFIG(UUID, "'gslbLeader': {'credentials': 'creds'}"), "NoController",
	  "error: invalid gslb config with controller IP " },
	{ "an empty controller", CONFIG(UUID, "'gslbLeader': {'controllerIP': '', 'credentials': 'creds'}"), "NoController",
	  "error: invalid gslb config with controller IP " },
	{ "no credentials", CONFIG(UUID, "'gslbLeader': {'controllerIP': '10.0.0.5'}"), "NoCredentials",
	  "error: invalid gslb config with leaderSecret " },
	{ "the controller comes before the credentials",
	  CONFIG(UUID, ""), "NoController", "error: invalid gslb config with controller IP " },
	{ "further controllers", CONFIG(UUID, MORE("'10.0.1.5', '10.0.2.5'")), .reason = NULL },
	{ "an empty further controller", CONFIG(UUID, MORE("'10.0.1.5', ''")), "Invalid",
	  "error: invalid gslb config, spec.gslbLeader.controllerAddresses[1]: is empty" },
	{ "too many of them", CONFIG(UUID, MORE("'1', '2', '3', '4', '5', '6', '7', '8', '9'")), "Invalid",
	  "error: invalid gslb config, spec.gslbLeader.controllerAddresses: 9 entries, at most 8" },
	{ "names out of HostRules", CONFIG(UUID, LEADER ", 'useCustomGlobalFqdn': true"), "Unsupported",
	  "error: invalid gslb config, useCustomGlobalFqdn is not supported" },
	{ "names not out of HostRules", CONFIG(UUID, LEADER ", 'useCustomGlobalFqdn': false"), .reason = NULL },
};

static void it_complains_of(void **state)
{
	const struct complaint_case *c = *state;
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = config_of(c->json);
	CLEANUP(complaint_release) struct complaint complaint;

	assert_int_equal(config_complaint(config, &complaint), c->reason != NULL);
	assert_text(complaint.reason, c->reason);
	assert_text(complaint.state, c->state);
	assert_int_equal(complaint.message != NULL, c->reason != NULL);
}

static void each_address_is_asked_once_the_main_one_first(void **state)
{
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = config_of(CONFIG(UUID, MORE("'b', '10.0.0.5', 'a', 'b'")));
	CLEANUP(strs_release) struct strs addresses = { 0 };
	CLEANUP(freep) char *text = NULL;

	(void)state;
	config_addresses(config, &addresses);
	text = strs_join(&addresses, " ");
	assert_text(text, "10.0.0.5 b a");
}

static void what_the_schema_would_refuse_is_named(void **state)
{
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = config_of(CONFIG(UUID, "'gslbLeader': 7"));
	CLEANUP(complaint_release) struct complaint complaint;

	(void)state;
	assert_non_null(config->error);
	assert_true(config_complaint(config, &complaint));
	assert_text(complaint.reason, "Invalid");
	assert_text(complaint.message, config->error);
}

/* ---- what a change asks for ---- */

struct same_case {
	const char *name, *json;
	bool is_same_controller, is_same_but_log_level;
};

#define MEMBERS "'memberClusters': [{'clusterContext': 'east'}, {'clusterContext': 'west'}]"

static const struct same_case same_cases[] = {
	{ "nothing", CONFIG(UUID, LEADER "," MEMBERS), true, true },
	{ "the log level", CONFIG(UUID, LEADER "," MEMBERS ", 'logLevel': 'DEBUG'"), true, true },
	{ "an annotation of somebody else", CONFIG(UUID ", 'a': 'b'", LEADER "," MEMBERS), true, true },
	{ "the refresh interval", CONFIG(UUID, LEADER "," MEMBERS ", 'refreshInterval': 60"), true, false },
	{ "the members", CONFIG(UUID, LEADER ", 'memberClusters': [{'clusterContext': 'east'}]"), true, false },
	{ "the members' order",
	  CONFIG(UUID, LEADER ", 'memberClusters': [{'clusterContext': 'west'}, {'clusterContext': 'east'}]"), true,
	  false },
	{ "the credentials",
	  CONFIG(UUID, MEMBERS ", 'gslbLeader': {'controllerIP': '10.0.0.5', 'controllerVersion': '22.1.3',"
	  "'credentials': 'other'}"), true, false },
	{ "the version", CONFIG(UUID, MEMBERS ", 'gslbLeader': {'controllerIP': '10.0.0.5', 'controllerVersion': '30.1.1',"
	  "'credentials': 'creds'}"), false, false },
	{ "the controller",
	  CONFIG(UUID, MEMBERS ", 'gslbLeader': {'controllerIP': '10.0.0.6', 'controllerVersion': '22.1.3',"
	  "'credentials': 'creds'}"), false, false },
	{ "the identity",
	  CONFIG("'amko.vmware.com/amko-uuid': '00000000-9a51-11ee-8f4b-0242ac120002'", LEADER "," MEMBERS), false, false },
};

static void it_changed(void **state)
{
	const struct same_case *c = *state;
	CLEANUP(gslbconfig_freep) struct gslbconfig *before = config_of(CONFIG(UUID, LEADER "," MEMBERS));
	CLEANUP(gslbconfig_freep) struct gslbconfig *after = config_of(c->json);

	assert_text(after->error, NULL);
	assert_int_equal(config_same_controller(before, after), c->is_same_controller);
	assert_int_equal(config_same_but_log_level(before, after), c->is_same_but_log_level);
}

/* ---- UUIDs ---- */

struct uuid_case {
	const char *name, *text, *want;
};

#define CANONICAL "3f0c7c1e-9a51-11ee-8f4b-0242ac120002"

static const struct uuid_case uuid_cases[] = {
	{ "canonical", CANONICAL, CANONICAL },
	{ "in capitals", "3F0C7C1E-9A51-11EE-8F4B-0242AC120002", CANONICAL },
	{ "as a URN", "urn:uuid:" CANONICAL, CANONICAL },
	{ "as a URN in capitals", "URN:UUID:3F0C7C1E-9A51-11EE-8F4B-0242AC120002", CANONICAL },
	{ "in braces", "{" CANONICAL "}", CANONICAL },
	{ "without dashes", "3f0c7c1e9a5111ee8f4b0242ac120002", CANONICAL },
	{ "empty", "", NULL },
	{ "too short", "3f0c7c1e-9a51-11ee-8f4b-0242ac12000", NULL },
	{ "too long", CANONICAL "2", NULL },
	{ "with a letter that is no digit", "3f0c7c1e-9a51-11ee-8f4b-0242ac12000g", NULL },
	{ "without dashes, with a letter that is no digit", "3f0c7c1e9a5111ee8f4b0242ac12000g", NULL },
	{ "with dashes elsewhere", "3f0c7c1e9-a51-11ee-8f4b-0242ac120002", NULL },
	{ "with one brace", "{" CANONICAL, NULL },
	{ "in other brackets", "(" CANONICAL ")", NULL },
	{ "with blanks", " " CANONICAL, NULL },
	{ "as a URN in braces", "{urn:uuid:" CANONICAL "}", NULL },
};

static void a_uuid_is_read(void **state)
{
	const struct uuid_case *c = *state;
	char got[37] = "";
	bool is_uuid = uuid_normalise(c->text, got);

	assert_int_equal(is_uuid, c->want != NULL);
	if (is_uuid)
		assert_text(got, c->want);
}

static void a_new_uuid_is_one_and_another_each_time(void **state)
{
	char first[37], second[37], read[37];

	(void)state;
	uuid_generate_new(first);
	uuid_generate_new(second);
	assert_true(uuid_normalise(first, read));
	assert_text(read, first);
	assert_string_not_equal(first, second);
	assert_int_equal(first[14], '1');      /* its version */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_is_asked_once_the_main_one_first),
		cmocka_unit_test(what_the_schema_would_refuse_is_named),
		cmocka_unit_test(a_new_uuid_is_one_and_another_each_time),
	};
	int n_failed = 0;

	json_init();
	n_failed += RUN_TABLE(the_chosen_one_is, choose_cases);
	n_failed += RUN_TABLE(it_complains_of, complaint_cases);
	n_failed += RUN_TABLE(it_changed, same_cases);
	n_failed += RUN_TABLE(a_uuid_is_read, uuid_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
