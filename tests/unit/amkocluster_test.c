/* AMKOCluster: JSON to struct. */
#include "tests/unit/unit.h"

#include "common/crd/amkocluster.h"

static cJSON *parse(const char *text)
{
	cJSON *json = json_parse(slice_of(text), NULL);

	assert_non_null(json);
	return json;
}

static struct amkocluster *read_cluster(const char *text)
{
	CLEANUP(cJSON_Deletep) cJSON *json = parse(text);

	return amkocluster_from_json(json);
}

static const char whole[] = "{\"metadata\": {\"name\": \"amkocluster-federation\", \"namespace\": \"avi-system\", \"uid\": \"u\","
	"\"resourceVersion\": \"7\", \"creationTimestamp\": \"2026-01-05T09:30:00Z\", \"generation\": 3, \"annotations\": {"
	"\"amko.vmware.com/role\": \"leader\", \"amko.vmware.com/promotion\": \"{}\", \"amko.vmware.com/fit\": \"avi api\","
	"\"amko.vmware.com/promote\": \"once\", \"amko.vmware.com/endpoint\": \"tcp://10.1.0.9:5580\","
	"\"amko.vmware.com/public-key\": \"rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\", \"other\": \"x\"}},"
	"\"spec\": {\"isLeader\": true, \"clusterContext\": \"east\", \"version\": \"1.13.1\", \"clusters\": [\"east\", \"west\"],"
	"\"failover\": \"Automatic\"},"
	"\"status\": {\"role\": \"leader\", \"leader\": \"east\", \"epoch\": 4000002, \"promotion\": 4,"
	"\"endpoint\": \"tcp://10.1.0.9:5580\", \"publicKey\": \"rq\", \"fit\": false, \"unfitReason\": \"no route\","
	"\"membersReady\": \"1/2\", \"members\": [{\"context\": \"west\", \"reachable\": true, \"transport\": \"zeromq\","
	"\"version\": \"1.13.1\", \"lagSeconds\": 12, \"generations\": {\"gslbConfig\": 5, \"gdp\": 6}, \"hash\": \"ab\","
	"\"error\": \"late\", \"fit\": true, \"lastSeen\": \"2026-01-05T09:31:00Z\"}],"
	"\"conditions\": [{\"type\": \"Leading\", \"status\": \"True\", \"reason\": \"Acquired\", \"message\": \"\","
	"\"lastTransitionTime\": \"2026-01-05T09:30:01Z\"}]}}";

static void metadata_and_spec_arrive(void **state)
{
	CLEANUP(amkocluster_freep) struct amkocluster *c = read_cluster(whole);

	(void)state;
	assert_null(c->error);
	assert_text(c->name, "amkocluster-federation");
	assert_text(c->resource_version, "7");
	assert_int_equal(c->generation, 3);
	assert_text(c->role, "leader");
	assert_text(c->promotion, "{}");
	assert_text(c->fit, "avi api");
	assert_text(c->promote, "once");
	assert_text(c->endpoint, "tcp://10.1.0.9:5580");
	assert_text(c->public_key, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7");
	assert_true(c->is_leader);
	assert_text(c->context, "east");
	assert_text(c->version, "1.13.1");
	assert_int_equal(c->clusters.n, 2);
	assert_true(c->is_automatic);
}

static void status_arrives(void **state)
{
	CLEANUP(amkocluster_freep) struct amkocluster *c = read_cluster(whole);
	const struct amkocluster_status *s = &c->status;

	(void)state;
	assert_text(s->role, "leader");
	assert_text(s->leader, "east");
	assert_int_equal(s->epoch, 4000002);
	assert_int_equal(s->promotion, 4);
	assert_true(s->has_fit && !s->is_fit);
	assert_text(s->unfit_reason, "no route");
	assert_text(s->members_ready, "1/2");
	assert_int_equal(s->n_members, 1);
	assert_text(s->members[0].context, "west");
	assert_true(s->members[0].is_reachable && s->members[0].is_fit);
	assert_text(s->members[0].transport, TRANSPORT_ZEROMQ);
	assert_int_equal(s->members[0].lag_s, 12);
	assert_int_equal(s->members[0].gslbconfig_generation, 5);
	assert_int_equal(s->members[0].gdp_generation, 6);
	assert_text(s->members[0].error, "late");
	assert_text(condition_find(s->conditions, s->n_conditions, CONDITION_LEADING)->last_transition,
		    "2026-01-05T09:30:01Z");
	assert_null(condition_find(s->conditions, s->n_conditions, CONDITION_FEDERATED));
}

static void a_copy_is_the_same(void **state)
{
	CLEANUP(amkocluster_freep) struct amkocluster *c = read_cluster(whole), *copy = amkocluster_copy(c);

	(void)state;
	assert_true(amkocluster_same(c, copy) && amkocluster_same_spec(c, copy) && copy->is_automatic);
}

static const struct spec_case {
	const char *name, *spec;
	bool is_leader, is_automatic;
	const char *context, *error;
} specs[] = {
	{ "an absent spec is a follower's", "null", false, false, "", NULL },
	{ "an empty spec is a follower's", "{}", false, false, "", NULL },
	{ "the chart's defaults", "{\"clusterContext\": \"\", \"clusters\": [\"cluster1-admin\", \"cluster2-admin\"],"
	  "\"isLeader\": false, \"version\": \"1.13.1\"}", false, false, "", NULL },
	{ "the failover is manual unless it says otherwise", "{\"isLeader\": true, \"clusterContext\": \"a/b\"}", true, false,
	  "a/b", NULL },
	{ "manual is what it says", "{\"failover\": \"Manual\"}", false, false, "", NULL },
	{ "automatic is what it says", "{\"failover\": \"Automatic\"}", false, true, "", NULL },
	{ "no other failover exists", "{\"isLeader\": true, \"failover\": \"automatic\"}", false, false, "",
	  "spec.failover: \"automatic\" is not one of Automatic, Manual" },
	{ "isLeader as text", "{\"clusterContext\": \"a\", \"isLeader\": \"true\"}", false, false, "",
	  "spec.isLeader: expected true or false, found text" },
	{ "a cluster that is a number", "{\"clusters\": [1]}", false, false, "", "spec.clusters[0]: expected text, found a number" },
	{ "a spec that is a list", "[]", false, false, "", "spec: expected an object, found a list" },
};

static void spec_gives(void **state)
{
	const struct spec_case *row = *state;
	CLEANUP(freep) char *text = xasprintf("{\"metadata\": {\"name\": \"n\"}, \"spec\": %s}", row->spec);
	CLEANUP(amkocluster_freep) struct amkocluster *c = read_cluster(text);

	assert_text(c->error, row->error);
	assert_int_equal(c->is_leader, row->is_leader);
	assert_int_equal(c->is_automatic, row->is_automatic);
	assert_text(c->context, row->context);
	assert_text(c->version ? "" : NULL, "");
}

static const struct change {
	const char *name, *from, *to;
	bool same_spec;
} changes[] = {
	{ "isLeader", "isLeader\": true", "isLeader\": false", false },
	{ "the context", "\"clusterContext\": \"east", "\"clusterContext\": \"eas", false },
	{ "the version", "1.13.1", "1.13.2", false },
	{ "a cluster", "[\"east", "[\"eas", false },
	{ "the failover", "Automatic", "Manual", false },
	{ "the promotion", "promotion\": \"{}", "promotion\": \"{1}", false },
	{ "the order to promote", "once", "twice", false },
	{ "another annotation", "\"x\"", "\"y\"", true },
	{ "a member", "\"lagSeconds\": 12", "\"lagSeconds\": 13", true },
	{ "a condition", "Acquired", "Released", true },
	{ "the resource version", "\"7\"", "\"8\"", true },
};

static void change_counts(void **state)
{
	const struct change *row = *state;
	const char *at = strstr(whole, row->from);
	CLEANUP(freep) char *text = xasprintf("%.*s%s%s", (int)(at - whole), whole, row->to, at + strlen(row->from));
	CLEANUP(amkocluster_freep) struct amkocluster *a = read_cluster(whole), *b = read_cluster(text);

	assert_int_equal(amkocluster_same_spec(a, b), row->same_spec);
	assert_int_equal(amkocluster_same(a, b), streq(row->from, "\"x\""));
}

static const struct hostile {
	const char *name, *json;
} nothings[] = {
	{ "a number is no object", "7" },
	{ "no metadata", "{\"spec\": {}}" },
	{ "metadata without a name", "{\"metadata\": {\"namespace\": \"avi-system\"}}" },
	{ "annotations that are no text", "{\"metadata\": {\"name\": \"n\", \"annotations\": {\"amko.vmware.com/role\": 1}}}" },
};

static void gives_nothing(void **state)
{
	const struct hostile *row = *state;

	assert_null(read_cluster(row->json));
}

static void an_odd_status_is_absent(void **state)
{
	CLEANUP(amkocluster_freep) struct amkocluster *c = read_cluster(
		"{\"metadata\": {\"name\": \"n\"}, \"status\": {\"role\": \"leader\", \"epoch\": 1.5}}");

	(void)state;
	assert_null(c->error);
	assert_null(c->status.role);
	assert_int_equal(c->status.epoch, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metadata_and_spec_arrive),
		cmocka_unit_test(status_arrives),
		cmocka_unit_test(a_copy_is_the_same),
		cmocka_unit_test(an_odd_status_is_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(spec_gives, specs) | RUN_TABLE(change_counts, changes) |
	       RUN_TABLE(gives_nothing, nothings);
}
