/* GlobalDeploymentPolicy: JSON to struct. */
#include "tests/unit/unit.h"

#include "common/crd/gdp.h"

static struct gdp *read_text(const char *text)
{
	cJSON *json = json_parse(slice_of(text), NULL);
	struct gdp *gdp;

	assert_non_null(json);
	gdp = gdp_from_json(json);
	cJSON_Delete(json);
	return gdp;
}

#define META "\"metadata\": {\"name\": \"global-gdp\", \"namespace\": \"avi-system\", \"uid\": \"u\"," \
	"\"resourceVersion\": \"7\", \"creationTimestamp\": \"2026-01-05T09:30:00Z\", \"generation\": 3}"

static const char whole[] = "{" META ", \"spec\": {\"matchRules\": {\"appSelector\": {\"label\": {\"tier\": \"web\", \"app\": \"gslb\"}},"
	"\"namespaceSelector\": {\"label\": {\"ns\": \"shop\"}}},"
	"\"matchClusters\": [{\"cluster\": \"east\"}, {\"cluster\": \"west\", \"syncVipOnly\": true}, {}],"
	"\"trafficSplit\": [{\"cluster\": \"east\", \"weight\": 8, \"priority\": 0}, {\"cluster\": \"west\"}, {\"cluster\": \"east\"}],"
	"\"healthMonitorRefs\": [\"hm1\", \"hm2\"], \"healthMonitorTemplate\": \"tpl\", \"ttl\": 0,"
	"\"sitePersistenceRef\": \"gap-1\", \"pkiProfileRef\": \"\", \"controlPlaneHmOnly\": false, \"defaultDomain\": \"example.org\","
	"\"poolAlgorithmSettings\": {\"lbAlgorithm\": \"GSLB_ALGORITHM_GEO\", \"hashMask\": 9,"
	"\"geoFallback\": {\"lbAlgorithm\": \"GSLB_ALGORITHM_CONSISTENT_HASH\", \"hashMask\": 31}},"
	"\"downResponse\": {\"type\": \"GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP\", \"fallbackIP\": \"10.1.1.1\"}},"
	"\"status\": {\"errorStatus\": \"success\"}}";

static void selectors_clusters_and_split_arrive(void **state)
{
	CLEANUP(gdp_freep) struct gdp *g = read_text(whole);

	(void)state;
	assert_null(g->error);
	assert_text(g->name, "global-gdp");
	assert_int_equal(g->generation, 3);
	assert_int_equal(g->app_labels.n, 2);
	assert_text(g->app_labels.v[0].key, "app");
	assert_text(g->namespace_labels.v[0].value, "shop");
	assert_int_equal(g->n_match_clusters, 3);
	assert_text(g->match_clusters[2].cluster, "");
	assert_true(gdp_match_cluster(g, "west")->sync_vip_only);
	assert_null(gdp_match_cluster(g, "north"));
	assert_int_equal(gdp_traffic_split(g, "east")->weight, 8);
	assert_int_equal(gdp_traffic_split(g, "east")->priority, 0);
	assert_int_equal(gdp_traffic_split(g, "west")->weight, 1);
	assert_int_equal(gdp_traffic_split(g, "west")->priority, 10);
	assert_null(gdp_traffic_split(g, "north"));
}

static void the_settings_arrive(void **state)
{
	CLEANUP(gdp_freep) struct gdp *g = read_text(whole);

	(void)state;
	assert_int_equal(g->health_monitor_refs.n, 2);
	assert_text(g->health_monitor_template, "tpl");
	assert_true(g->has_ttl && g->ttl_s == 0);
	assert_text(g->site_persistence_ref, "gap-1");
	assert_text(g->pki_profile_ref, "");
	assert_true(g->pool_algorithm.is_set && g->pool_algorithm.has_hash_mask && g->pool_algorithm.has_fallback);
	assert_int_equal(g->pool_algorithm.hash_mask, 9);
	assert_text(g->pool_algorithm.fallback_algorithm, "GSLB_ALGORITHM_CONSISTENT_HASH");
	assert_true(g->pool_algorithm.has_fallback_hash_mask && g->pool_algorithm.fallback_hash_mask == 31);
	assert_true(g->down_response.is_set);
	assert_text(g->down_response.fallback_ip, "10.1.1.1");
	assert_true(g->has_control_plane_hm_only && !g->control_plane_hm_only);
	assert_text(g->default_domain, "example.org");
	assert_text(g->error_status, "success");
}

static void an_empty_spec_gives_nothing(void **state)
{
	CLEANUP(gdp_freep) struct gdp *g = read_text("{\"metadata\": {\"name\": \"g\"}, \"spec\": {\"matchRules\": {}}}");

	(void)state;
	assert_null(g->error);
	assert_text(g->namespace, "");
	assert_false(g->has_ttl || g->pool_algorithm.is_set || g->down_response.is_set || g->has_control_plane_hm_only);
	assert_null(g->site_persistence_ref);
	assert_null(g->error_status);
	assert_int_equal(g->n_match_clusters + g->n_traffic_split + g->app_labels.n, 0);
}

static const struct spec_case {
	const char *name, *spec, *error;
} specs[] = {
	{ "a weight of zero is left to validation", "{\"trafficSplit\": [{\"weight\": 0}]}", NULL },
	{ "a priority of 101 is left to validation", "{\"trafficSplit\": [{\"priority\": 101}]}", NULL },
	{ "an algorithm's name is left to validation", "{\"poolAlgorithmSettings\": {\"lbAlgorithm\": \"x\"}}", NULL },
	{ "the longest ttl is a day", "{\"ttl\": 86400}", NULL },
	{ "a fallback without anything is a fallback", "{\"poolAlgorithmSettings\": {\"geoFallback\": {}}}", NULL },
	{ "a longer ttl", "{\"ttl\": 86401}", "spec.ttl: 86401 is not in 0..86400" },
	{ "a negative ttl", "{\"ttl\": -1}", "spec.ttl: -1 is not in 0..86400" },
	{ "a ttl that is text", "{\"ttl\": \"60\"}", "spec.ttl: expected a number, found text" },
	{ "a weight that is text", "{\"trafficSplit\": [{}, {\"weight\": \"8\"}]}",
	  "spec.trafficSplit[1].weight: expected a number, found text" },
	{ "a weight beyond an int", "{\"trafficSplit\": [{\"weight\": 1e10}]}",
	  "spec.trafficSplit[0].weight: 10000000000 is not in -2147483648..2147483647" },
	{ "a mask of zero", "{\"poolAlgorithmSettings\": {\"hashMask\": 0}}",
	  "spec.poolAlgorithmSettings.hashMask: 0 is not in 1..31" },
	{ "a fallback's mask of 32", "{\"poolAlgorithmSettings\": {\"geoFallback\": {\"hashMask\": 32}}}",
	  "spec.poolAlgorithmSettings.geoFallback.hashMask: 32 is not in 1..31" },
	{ "a label that is a number", "{\"matchRules\": {\"appSelector\": {\"label\": {\"app\": 1}}}}",
	  "spec.matchRules.appSelector.label.app: expected text, found a number" },
	{ "labels that are a list", "{\"matchRules\": {\"namespaceSelector\": {\"label\": []}}}",
	  "spec.matchRules.namespaceSelector.label: expected an object, found a list" },
	{ "clusters that are texts", "{\"matchClusters\": [\"east\"]}",
	  "spec.matchClusters[0]: expected an object, found text" },
	{ "a down response without a type", "{\"downResponse\": {\"fallbackIP\": \"1.1.1.1\"}}",
	  "spec.downResponse.type: missing" },
	{ "a down response of an unknown type", "{\"downResponse\": {\"type\": \"x\"}}",
	  "spec.downResponse.type: \"x\" is not one of GSLB_SERVICE_DOWN_RESPONSE_NONE, "
	  "GSLB_SERVICE_DOWN_RESPONSE_ALL_RECORDS, GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP, "
	  "GSLB_SERVICE_DOWN_RESPONSE_EMPTY" },
	{ "a spec that is a list", "[]", "spec: expected an object, found a list" },
	{ "a null spec is an empty one", "null", NULL },
};

static void spec_gives(void **state)
{
	const struct spec_case *row = *state;
	CLEANUP(freep) char *text = xasprintf("{" META ", \"spec\": %s}", row->spec);
	CLEANUP(gdp_freep) struct gdp *g = read_text(text);

	assert_text(g->error, row->error);
	assert_text(g->name, "global-gdp");
	assert_true(!row->error || !(g->n_match_clusters || g->n_traffic_split || g->has_ttl));
}

static const struct hostile {
	const char *name, *json;
} nothings[] = {
	{ "null is no object", "null" },
	{ "a text is no object", "\"GlobalDeploymentPolicy\"" },
	{ "metadata that is a list", "{\"metadata\": []}" },
	{ "metadata without a name", "{\"metadata\": {}}" },
	{ "a namespace that is an object", "{\"metadata\": {\"name\": \"x\", \"namespace\": {}}}" },
};

static void gives_nothing(void **state)
{
	const struct hostile *row = *state;

	assert_null(read_text(row->json));
}

static const struct change {
	const char *name, *from, *to;
	bool same_spec;
} changes[] = {
	{ "nothing", "", "", true },
	{ "a label moved to the other selector", "\"ns\": \"shop\"", "\"tier\": \"web\"", false },
	{ "syncVipOnly", "Only\": true", "Only\": false", false },
	{ "a weight", "\"weight\": 8", "\"weight\": 9", false },
	{ "a priority of 0", "\"priority\": 0", "\"priority\": 1", false },
	{ "a monitor", "hm2", "hm3", false },
	{ "the template", "tpl", "tpm", false },
	{ "the ttl", "\"ttl\": 0", "\"ttl\": 1", false },
	{ "no ttl in place of 0", "\"ttl\": 0", "\"ttl\": null", false },
	{ "persistence", "gap-1", "gap-2", false },
	{ "no PKI in place of an empty one", "\"pkiProfileRef\": \"\"", "\"pkiProfileRef\": null", false },
	{ "a mask", "\"hashMask\": 9", "\"hashMask\": 8", false },
	{ "a fallback's mask", "31", "30", false },
	{ "a fallback IP", "10.1.1.1", "10.1.1.2", false },
	{ "an absent false", "\"controlPlaneHmOnly\": false", "\"controlPlaneHmOnly\": null", false },
	{ "the default domain", "example.org", "example.com", false },
	{ "the status", "\"success\"", "\"no\"", true },
	{ "the resource version", "\"7\"", "\"8\"", true },
	{ "the generation", "\": 3}", "\": 4}", true },
};

static void change_counts(void **state)
{
	const struct change *row = *state;
	const char *at = strstr(whole, row->from);
	CLEANUP(freep) char *text = xasprintf("%.*s%s%s", (int)(at - whole), whole, row->to, at + strlen(row->from));
	CLEANUP(gdp_freep) struct gdp *a = read_text(whole), *b = read_text(text), *copy = gdp_copy(b);

	assert_int_equal(gdp_same_spec(a, b), row->same_spec);
	assert_int_equal(gdp_same(a, b), !*row->from);
	assert_true(gdp_same(copy, b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selectors_clusters_and_split_arrive),
		cmocka_unit_test(the_settings_arrive),
		cmocka_unit_test(an_empty_spec_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(spec_gives, specs) |
	       RUN_TABLE(gives_nothing, nothings) | RUN_TABLE(change_counts, changes);
}
