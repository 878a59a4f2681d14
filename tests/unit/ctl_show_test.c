/* What kubectl amko status prints. Whole outputs are in tests/golden. */
#include "tests/unit/scene.h"

#include "common/kube/expiry.h"
#include "ctl/columns.h"
#include "ctl/plain.h"
#include "ctl/problems.h"
#include "ctl/show.h"
#include "tests/unit/golden.h"

#define NOW_S 1767605400       /* 2026-01-05T09:30:00Z */
#define UUID "3f0c7c1e-9a51-11ee-8f4b-0242ac120002"
#define KEPT(leader, number, led) "'{\\\"isLeader\\\":" leader ",\\\"number\\\":" number ",\\\"ended\\\":false,\\\"forced\\\":false," \
	"\\\"led\\\":" led ",\\\"epoch\\\":4000002}'"
#define OBJECT(context, role, fit, kept, spec, status) "{'metadata':{'name':'amkocluster-federation','namespace':'avi-system'," \
	"'uid':'u','resourceVersion':'7','annotations':{'amko.vmware.com/role':'" role "','amko.vmware.com/fit':'" fit "'," \
	"'amko.vmware.com/promotion':" kept "}},'spec':{'clusterContext':'" context "','version':'1.13.1'," \
	"'clusters':['east','north','south','west']" spec "},'status':{" status "}}"
#define LEASE(changed, holder, more) "{'metadata':{'uid':'u','resourceVersion':'1','managedFields':[{'time':'2026-01-05T09:00:00Z'}," \
	"{'time':'" changed "'}],'annotations':{'amko.vmware.com/epoch':'4000002','amko.vmware.com/promotion':'4'," \
	"'amko.vmware.com/acquired':'true','amko.vmware.com/federation':'" UUID "'" more "}},'spec':{'holderIdentity':'" holder "'," \
	"'leaseDurationSeconds':60}}"

static const struct {
	const char *context, *object, *lease;  /* object NULL: cannot be reached; lease NULL: there is none */
} sites[] = {
	{ "east", OBJECT("east", "leader", "avi api credentials copy uuid", KEPT("true", "4", "true"),
			 ",'isLeader':true,'failover':'Automatic'", "'membersReady':'2/4','conditions':["
			 "{'type':'current AMKOCluster Validation','status':'valid AMKOCluster object',"
			 "'lastTransitionTime':'2026-01-05T08:00:00Z'},"
			 "{'type':'member cluster validation','status':'error in validating some member clusters',"
			 "'reason':'no AMKOCluster object present in cluster south','message':'cluster south: install amko there',"
			 "'lastTransitionTime':'2026-01-05T09:28:00Z'},"
			 "{'type':'Leading','status':'True','reason':'Acquired','lastTransitionTime':'2026-01-02T09:30:00Z'}]"),
	  LEASE("2026-01-05T09:29:57Z", "east/amko-0/0f5a/77c1", ",'amko.vmware.com/view':'Automatic 4000001 3 east north south west'") },
	{ "north", OBJECT("north", "follower", "api credentials uuid", KEPT("false", "0", "false"), ",'failover':'Automatic'", ""),
	  LEASE("2026-01-05T09:20:00Z", "east/amko-0/0f5a/77c1",
		",'amko.vmware.com/view':'Automatic 4000001 3 east north south west|Manual 3000001 1 east north'") },
	{ "south", NULL, NULL },
	{ "west", OBJECT("west", "follower", "avi api credentials copy uuid", KEPT("true", "3", "true"), ",'isLeader':true", ""), NULL },
};

static void build(struct fleet *fleet)
{
	const struct err down = { .code = ERR_RETRY, .msg = "10.3.0.1: connection refused" }, absent = { .code = ERR_NOTFOUND };

	*fleet = (struct fleet){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct site *site = fleet_add(fleet, sites[i].context);
		CLEANUP(cJSON_Deletep) cJSON *list = cJSON_CreateObject(), *lease = NULL;

		if (!sites[i].object) {
			site_read_objects(site, NULL, &down);
			continue;
		}
		cJSON_AddItemToArray(json_put_array(list, "items"), scene_json(sites[i].object));
		site_read_objects(site, list, NULL);
		lease = sites[i].lease ? scene_json(sites[i].lease) : NULL;
		site_read_lease(fleet, site, lease, lease ? NULL : &absent);
	}
}

static void a_table(void **state)
{
	CLEANUP(freep) char *text = NULL;
	struct fleet fleet;

	(void)state;
	build(&fleet);
	text = show_table(&fleet, "avi-system", NOW_S, false);
	assert_golden("ctl_status.txt", text);
	fleet_release(&fleet);
}

static void a_wide_table(void **state)
{
	CLEANUP(freep) char *text = NULL;
	struct fleet fleet;

	(void)state;
	build(&fleet);
	text = show_table(&fleet, "avi-system", NOW_S, true);
	assert_golden("ctl_status_wide.txt", text);
	fleet_release(&fleet);
}

static void a_leader_that_is_silent_led_last(void **state)
{
	static const char first[] = "federation " UUID ", last led by east in epoch 4000002\n"
		"nobody leads, as far as can be seen from here: a fit member that reaches most of the others takes over by itself, and "
		"kubectl amko promote CONTEXT chooses one\n\nCONTEXT ";
	CLEANUP(freep) char *text = NULL;
	struct fleet fleet;

	(void)state;
	build(&fleet);
	text = show_table(&fleet, "avi-system", NOW_S + 58, false);
	assert_int_equal(strncmp(text, first, strlen(first)), 0);
	fleet_release(&fleet);
}

static void yaml(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	CLEANUP(freep) char *text = NULL;
	struct fleet fleet;

	(void)state;
	build(&fleet);
	json = show_json(&fleet, "avi-system", NOW_S);
	text = yaml_text(json);
	assert_golden("ctl_status.yaml", text);
	fleet_release(&fleet);
}

static const struct yaml_row {
	const char *name, *json, *yaml;
} yamls[] = {
	{ "texts that look like texts", "{\"a\": \"b c\", \"d\": [\"x/y:z\"]}", "a: b c\nd:\n- x/y:z\n" },
	{ "texts that look like something else", "[\"true\", \"1\", \"null\", \"\", \"~\", \"- a\", \"a: b\", \"1.5\"]",
	  "- \"true\"\n- \"1\"\n- \"null\"\n- \"\"\n- \"~\"\n- \"- a\"\n- \"a: b\"\n- \"1.5\"\n" },
	{ "numbers and truths", "[1, 4000002000001, -1.5, true, null]", "- 1\n- 4000002000001\n- -1.5\n- true\n- null\n" },
	{ "empty lists and objects", "{\"a\": [], \"b\": {}}", "a: []\nb: {}\n" },
	{ "what a terminal would obey", "[\"a\\u001b[2Jb\\nc\"]", "- a [2Jb c\n" },
	{ "long texts stay on a line", "[\"0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\"]",
	  "- 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\n" },
};

static void yaml_is(void **state)
{
	const struct yaml_row *row = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(row->json), NULL);
	CLEANUP(freep) char *text = yaml_text(json);

	assert_text(text, row->yaml);
}

static const struct age_row {
	const char *name;
	int64_t seconds;
	const char *text;
} ages[] = {
	{ "the clock there is ahead", -5, "0s" }, { "seconds", 119, "119s" }, { "minutes and seconds", 185, "3m5s" },
	{ "whole minutes", 300, "5m" }, { "many minutes", 7140, "119m" }, { "hours", 5 * 3600 + 100, "5h" },
	{ "days", 49 * 3600, "2d" },
};

static void age_is(void **state)
{
	const struct age_row *row = *state;
	CLEANUP(freep) char *text = age_text(row->seconds);

	assert_text(text, row->text);
}

static const struct plain_row {
	const char *name, *text, *plain;
} plains[] = {
	{ "plain text", "east/amko-0 é €", "east/amko-0 é €" },
	{ "an escape sequence", "\x1b[31mred\x1b[0m", " [31mred [0m" },
	{ "line ends", "a\r\nb\tc", "a  b c" },
	{ "C1 control characters", "a\xC2\x9B" "2Jb", "a  2Jb" },
	{ "a byte that is no character", "a\xFF" "b", "a?b" },
	{ "a character cut off", "a\xE2\x82", "a??" },
	{ "an overlong slash", "\xC0\xAF", "??" },
	{ "a surrogate", "\xED\xA0\x80", "???" },
};

static void plain_is(void **state)
{
	const struct plain_row *row = *state;
	CLEANUP(freep) char *text = plain(xstrdup(row->text));

	assert_text(text, row->plain);
}

static void columns_are_as_wide_as_they_must_be(void **state)
{
	struct columns table;
	CLEANUP(freep) char *text = NULL;

	(void)state;
	columns_begin(&table, "A BB C");
	columns_add(&table, "é1");
	columns_add(&table, NULL);
	columns_add(&table, "x");
	columns_add(&table, "");
	columns_add(&table, "four");
	columns_add(&table, "y z");
	text = columns_text(&table);
	assert_text(text, "A    BB     C\né1   -      x\n-    four   y z\n");
	columns_release(&table);
}

static const struct {
	const char *name, *type, *status, *message;
	bool is_bad;
} conditions[] = {
	{ "a sound object", "current AMKOCluster Validation", "valid AMKOCluster object", "spec.version is 1.13.1, but 0.1.0 runs here", false },
	{ "an invalid one", "current AMKOCluster Validation", "invalid AMKOCluster object", "set spec.version", true },
	{ "a follower", "current AMKOCluster Validation", "won't federate objects", NULL, false },
	{ "a follower with a remark", "current AMKOCluster Validation", "won't federate objects", "spec.version is 1.13.1", false },
	{ "a follower that could not lead", "current AMKOCluster Validation", "won't federate objects", "it could not lead: set x", true },
	{ "a member that cannot be asked", "member cluster validation", "error in validating some member clusters", "cluster west", true },
	{ "who is not to lead and does not", "Leading", "False", "nobody has promoted this cluster", false },
	{ "no record", "FenceUnavailable", "True", "the controller refuses it", true },
};

static void is_told_as_a_problem(void **state)
{
	const struct site site = { .context = (char[]){ "east" } };
	const size_t i = (size_t)((const char *)*state - (const char *)conditions) / sizeof(conditions[0]);
	const struct condition condition = { .type = (char *)(uintptr_t)conditions[i].type, .status = (char *)(uintptr_t)conditions[i].status,
					     .message = (char *)(uintptr_t)conditions[i].message };

	assert_int_equal(condition_is_bad(&site, &condition), conditions[i].is_bad);
}

static void a_member_that_cannot_be_printed_is_none(void **state)
{
	struct fleet fleet = { 0 };

	(void)state;
	assert_null(fleet_add(&fleet, "east\nwest"));
	assert_null(fleet_add(&fleet, ""));
	assert_int_equal(fleet.n_sites, 0);
	fleet_release(&fleet);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table),
		cmocka_unit_test(a_wide_table),
		cmocka_unit_test(yaml),
		cmocka_unit_test(a_leader_that_is_silent_led_last),
		cmocka_unit_test(columns_are_as_wide_as_they_must_be),
		cmocka_unit_test(a_member_that_cannot_be_printed_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(yaml_is, yamls) | RUN_TABLE(age_is, ages) |
	       RUN_TABLE(plain_is, plains) | RUN_TABLE(is_told_as_a_problem, conditions);
}
