/* GSLBConfig: JSON to struct. */
#include "tests/unit/unit.h"

#include "common/crd/gslbconfig.h"

static struct gslbconfig *read_text(const char *text)
{
	cJSON *json = json_parse(slice_of(text), NULL);
	struct gslbconfig *config;

	assert_non_null(json);
	config = gslbconfig_from_json(json);
	cJSON_Delete(json);
	return config;
}

#define META "\"metadata\": {\"name\": \"gc-1\", \"namespace\": \"avi-system\", \"uid\": \"u\", \"resourceVersion\": \"7\"," \
	"\"creationTimestamp\": \"2026-01-05T09:30:00Z\", \"generation\": 3," \
	"\"annotations\": {\"amko.vmware.com/amko-uuid\": \"3F0C\", \"other\": \"x\"}}"

static const char whole[] = "{" META ", \"spec\": {\"gslbLeader\": {\"controllerIP\": \"10.0.0.5:443\","
	"\"controllerAddresses\": [\"10.0.1.5\", \"10.0.2.5\"],"
	"\"controllerVersion\": \"22.1.3\", \"credentials\": \"gslb-avi-secret\", \"tenant\": \"prod\"},"
	"\"memberClusters\": [{\"clusterContext\": \"east\"}, {\"clusterContext\": \"west/a\"}, {}],"
	"\"refreshInterval\": 1800, \"logLevel\": \"DEBUG\", \"useCustomGlobalFqdn\": true},"
	"\"status\": {\"state\": \"success: gslb config accepted\", \"conditions\": [{\"type\": \"Accepted\","
	"\"status\": \"True\", \"reason\": \"Accepted\", \"message\": \"\", \"lastTransitionTime\": \"2026-01-05T09:30:01Z\"}]}}";

static void every_field_arrives(void **state)
{
	CLEANUP(gslbconfig_freep) struct gslbconfig *c = read_text(whole);

	(void)state;
	assert_null(c->error);
	assert_text(c->namespace, AMKO_NAMESPACE);
	assert_text(c->name, "gc-1");
	assert_text(c->uid, "u");
	assert_text(c->resource_version, "7");
	assert_text(c->created, "2026-01-05T09:30:00Z");
	assert_int_equal(c->generation, 3);
	assert_text(c->uuid_annotation, "3F0C");
	assert_text(c->controller_ip, "10.0.0.5:443");
	assert_int_equal(c->controller_addresses.n, 2);
	assert_text(c->controller_addresses.v[1], "10.0.2.5");
	assert_text(c->controller_version, "22.1.3");
	assert_text(c->credentials, "gslb-avi-secret");
	assert_text(c->tenant, "prod");
	assert_int_equal(c->n_member_clusters, 3);
	assert_text(c->member_clusters[1].context, "west/a");
	assert_text(c->member_clusters[2].context, "");
	assert_true(gslbconfig_has_member(c, "east"));
	assert_false(gslbconfig_has_member(c, "west"));
	assert_int_equal(c->refresh_interval_s, 1800);
	assert_text(c->log_level, "DEBUG");
	assert_true(c->use_custom_global_fqdn);
	assert_text(c->state, "success: gslb config accepted");
	assert_int_equal(c->n_conditions, 1);
	assert_text(c->conditions[0].last_transition, "2026-01-05T09:30:01Z");
}

static const struct spec_case {
	const char *name, *spec;
	const char *tenant, *log_level, *error;
	int refresh_s;
} specs[] = {
	{ "an empty spec has the defaults", "{}", "admin", NULL, NULL, 600 },
	{ "no spec has them too", "null", "admin", NULL, NULL, 600 },
	{ "an empty tenant is admin", "{\"gslbLeader\": {\"tenant\": \"\"}}", "admin", NULL, NULL, 600 },
	{ "a tenant is kept", "{\"gslbLeader\": {\"tenant\": \"t1\"}}", "t1", NULL, NULL, 600 },
	{ "an interval of zero is 600", "{\"refreshInterval\": 0}", "admin", NULL, NULL, 600 },
	{ "a negative interval is 600", "{\"refreshInterval\": -1}", "admin", NULL, NULL, 600 },
	{ "an interval of one is one", "{\"refreshInterval\": 1}", "admin", NULL, NULL, 1 },
	{ "an unknown log level is kept as text", "{\"logLevel\": \"LOUD\"}", "admin", "LOUD", NULL, 600 },
	{ "a spec that is no object", "\"x\"", "admin", NULL, "spec: expected an object, found text", 600 },
	{ "members that are no list", "{\"logLevel\": \"WARN\", \"memberClusters\": \"x\"}", "admin", NULL,
	  "spec.memberClusters: expected a list, found text", 600 },
	{ "a member that is text", "{\"memberClusters\": [{\"clusterContext\": \"a\"}, \"b\"]}", "admin", NULL,
	  "spec.memberClusters[1]: expected an object, found text", 600 },
	{ "a tenant that is a number", "{\"gslbLeader\": {\"tenant\": 1}}", "admin", NULL,
	  "spec.gslbLeader.tenant: expected text, found a number", 600 },
	{ "a further controller that is a number", "{\"gslbLeader\": {\"controllerAddresses\": [\"a\", 7]}}", "admin", NULL,
	  "spec.gslbLeader.controllerAddresses[1]: expected text, found a number", 600 },
	{ "an interval with a fraction", "{\"refreshInterval\": 0.5}", "admin", NULL,
	  "spec.refreshInterval: 0.5 is not a whole number", 600 },
	{ "an interval beyond all bounds", "{\"refreshInterval\": 1e300}", "admin", NULL,
	  "spec.refreshInterval: 1e+300 is not in -2147483648..2147483647", 600 },
};

static void spec_gives(void **state)
{
	const struct spec_case *row = *state;
	CLEANUP(freep) char *text = xasprintf("{" META ", \"spec\": %s}", row->spec);
	CLEANUP(gslbconfig_freep) struct gslbconfig *c = read_text(text);

	assert_text(c->error, row->error);
	assert_text(c->tenant, row->tenant);
	assert_text(c->log_level, row->log_level);
	assert_int_equal(c->refresh_interval_s, row->refresh_s);
	assert_true(!row->error || !c->n_member_clusters);
	assert_text(c->name, "gc-1");
}

static const struct hostile {
	const char *name, *json;
} nothings[] = {
	{ "a number is no object", "7" },
	{ "a list is no object", "[]" },
	{ "no metadata", "{\"spec\": {}}" },
	{ "metadata that is text", "{\"metadata\": \"x\"}" },
	{ "metadata without a name", "{\"metadata\": {\"namespace\": \"avi-system\"}}" },
	{ "a name that is a list", "{\"metadata\": {\"name\": [\"x\"]}}" },
};

static void gives_nothing(void **state)
{
	const struct hostile *row = *state;

	assert_null(read_text(row->json));
}

static void an_odd_status_is_absent(void **state)
{
	CLEANUP(gslbconfig_freep) struct gslbconfig *c =
		read_text("{\"metadata\": {\"name\": \"n\"}, \"status\": {\"state\": \"x\", \"conditions\": [1]}}");

	(void)state;
	assert_null(c->error);
	assert_null(c->state);
	assert_int_equal(c->n_conditions, 0);
	assert_text(c->namespace, "");
	assert_text(c->created, "");
}

static const struct change {
	const char *name, *from, *to;
	bool same_spec;
} changes[] = {
	{ "nothing", "", "", true },
	{ "the controller", "10.0.0.5:443", "10.0.0.6:443", false },
	{ "a further controller", "10.0.2.5", "10.0.2.6", false },
	{ "the version", "22.1.3", "30.1.1", false },
	{ "the secret", "gslb-avi-secret", "gslb-avi-secre2", false },
	{ "the tenant", "prod", "test", false },
	{ "a member", "east", "last", false },
	{ "the interval", "1800", "1801", false },
	{ "the log level", "DEBUG", "ERROR", false },
	{ "the FQDN mode", "Fqdn\": true", "Fqdn\": false", false },
	{ "the UUID", "3F0C", "3F0D", false },
	{ "another annotation", "\"x\"", "\"y\"", true },
	{ "the state", "accepted\"", "edited\"", true },
	{ "a condition", "\"True\"", "\"False\"", true },
	{ "the resource version", "\"7\"", "\"8\"", true },
	{ "the generation", "\": 3,", "\": 4,", true },
};

static void change_counts(void **state)
{
	const struct change *row = *state;
	const char *at = strstr(whole, row->from);
	CLEANUP(freep) char *text = xasprintf("%.*s%s%s", (int)(at - whole), whole, row->to, at + strlen(row->from));
	CLEANUP(gslbconfig_freep) struct gslbconfig *a = read_text(whole), *b = read_text(text);

	assert_int_equal(gslbconfig_same_spec(a, b), row->same_spec);
	assert_int_equal(gslbconfig_same(a, b), !*row->from || streq(row->from, "\"x\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_arrives),
		cmocka_unit_test(an_odd_status_is_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(spec_gives, specs) |
	       RUN_TABLE(gives_nothing, nothings) | RUN_TABLE(change_counts, changes);
}
