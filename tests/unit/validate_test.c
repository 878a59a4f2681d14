/* Is a policy acceptable: the rules in their order, their texts, and what the controller is asked. */
#include "tests/unit/unit.h"

#include "leader/policy/validate.h"

static cJSON *parse(const char *text)
{
	cJSON *json = json_parse(slice_of(text), NULL);

	assert_non_null(json);
	return json;
}

static struct gdp *policy(const char *spec)
{
	CLEANUP(freep) char *text = xasprintf("{\"metadata\": {\"name\": \"g\"}, \"spec\": %s}", spec);
	CLEANUP(cJSON_Deletep) cJSON *json = parse(text);

	return gdp_from_json(json);
}

static struct gslbconfig *members(void)
{
	CLEANUP(cJSON_Deletep) cJSON *json = parse("{\"metadata\": {\"name\": \"gc\"}, \"spec\": {\"memberClusters\":"
						   "[{\"clusterContext\": \"east\"}, {\"clusterContext\": \"west\"}]}}");

	return gslbconfig_from_json(json);
}

/* What the controller has, by type; everything else is absent there. */
static const char controller[] = "{"
	"\"healthmonitor\": {\"count\": 5, \"results\": ["
	"{\"name\": \"hm1\", \"is_federated\": true, \"type\": \"HEALTH_MONITOR_TCP\"},"
	"{\"name\": \"hm2\", \"is_federated\": true, \"type\": \"HEALTH_MONITOR_PING\"},"
	"{\"name\": \"local\", \"is_federated\": false, \"type\": \"HEALTH_MONITOR_HTTP\","
		"\"http_monitor\": {\"http_request\": \"GET / HTTP/1.0\"}},"
	"{\"name\": \"unsaid\", \"type\": \"HEALTH_MONITOR_HTTP\","
		"\"http_monitor\": {\"http_request\": \"GET / HTTP/1.0\"}},"
	"{\"name\": \"tcp\", \"is_federated\": true, \"type\": \"HEALTH_MONITOR_TCP\"},"
	"{\"name\": \"short\", \"is_federated\": true, \"type\": \"HEALTH_MONITOR_HTTP\","
		"\"http_monitor\": {\"http_request\": \"GET /\"}},"
	"{\"name\": \"long\", \"is_federated\": true, \"type\": \"HEALTH_MONITOR_HTTP\","
		"\"http_monitor\": {\"http_request\": \"GET / HTTP/1.1 x\"}},"
	"{\"name\": \"bare\", \"is_federated\": true, \"type\": \"HEALTH_MONITOR_HTTPS\","
		"\"http_monitor\": {\"http_request\": \"GET / HTTP/1.0\"}},"
	"{\"name\": \"secure\", \"is_federated\": true, \"type\": \"HEALTH_MONITOR_HTTPS\", \"https_monitor\":"
		"{\"http_request\": \"GET /x HTTP/1.1\", \"http_response_code\": [\"HTTP_2XX\", 7, \"HTTP_4XX\"]}}]},"
	"\"applicationpersistenceprofile\": {\"count\": 1, \"results\": [{\"name\": \"gap-1\"}]},"
	"\"pkiprofile\": {\"count\": 1, \"results\": [{\"name\": \"pki-1\"}]}}";

static void answer_all(struct lookups *set)
{
	CLEANUP(cJSON_Deletep) cJSON *json = parse(controller);

	for (size_t i = 0; i < set->n; i++)
		lookup_from_json(json_get(json, set->v[i].type), &set->v[i]);
}

static const struct verdict {
	const char *name, *spec, *text;
} verdicts[] = {
	{ "an empty policy is fine", "{}", "success" },
	{ "several labels and all clusters are fine", "{\"matchRules\": {\"appSelector\": {\"label\": {\"a\": \"b\", \"c\": \"d\"}}},"
	  "\"matchClusters\": [{\"cluster\": \"east\"}, {\"cluster\": \"west\"}, {\"cluster\": \"east\"}]}", "success" },
	{ "an empty key of an app label", "{\"matchRules\": {\"appSelector\": {\"label\": {\"\": \"b\"}}}}",
	  "label value is missing for key  for appSelector" },
	{ "an empty value of an app label", "{\"matchRules\": {\"appSelector\": {\"label\": {\"a\": \"\"}}}}",
	  "label key is missing for value  for appSelector" },
	{ "an empty key of a namespace label", "{\"matchRules\": {\"namespaceSelector\": {\"label\": {\"\": \"\"}}}}",
	  "label value is missing for key for namespaceSelector" },
	{ "an empty value of a namespace label", "{\"matchRules\": {\"namespaceSelector\": {\"label\": {\"a\": \"\"}}}}",
	  "label key is missing for value for namespaceSelector" },
	{ "the app selector comes before the namespace selector", "{\"matchRules\": {\"namespaceSelector\": {\"label\": {\"\": \"b\"}},"
	  "\"appSelector\": {\"label\": {\"a\": \"\"}}}}", "label key is missing for value  for appSelector" },
	{ "the first unknown cluster is named", "{\"matchClusters\": [{\"cluster\": \"east\"}, {\"cluster\": \"north\"}, {\"cluster\": \"x\"}]}",
	  "cluster context north not present in GSLBConfig" },
	{ "a cluster without a name is unknown", "{\"matchClusters\": [{}]}", "cluster context  not present in GSLBConfig" },
	{ "an unknown cluster in the split", "{\"trafficSplit\": [{\"cluster\": \"east\"}, {\"cluster\": \"cluster7\", \"weight\": 99}]}",
	  "cluster cluster7 in traffic policy not present in GSLBConfig" },
	{ "clusters come before the split", "{\"trafficSplit\": [{\"cluster\": \"x\"}], \"matchClusters\": [{\"cluster\": \"y\"}]}",
	  "cluster context y not present in GSLBConfig" },
	{ "a weight of zero", "{\"trafficSplit\": [{\"cluster\": \"east\", \"weight\": 0}]}",
	  "traffic weight 0 must be between 1 and 20" },
	{ "a weight of 21", "{\"trafficSplit\": [{\"cluster\": \"east\", \"weight\": 21, \"priority\": 101}]}",
	  "traffic weight 21 must be between 1 and 20" },
	{ "weights of one and twenty are fine", "{\"trafficSplit\": [{\"cluster\": \"east\", \"weight\": 1},"
	  "{\"cluster\": \"west\", \"weight\": 20}]}", "success" },
	{ "a priority of 101", "{\"trafficSplit\": [{\"cluster\": \"east\", \"priority\": 101}]}",
	  "priority 101 must be between 1 and 100" },
	{ "an element is judged before the next", "{\"trafficSplit\": [{\"cluster\": \"east\", \"priority\": 101}, {\"cluster\": \"x\"}]}",
	  "priority 101 must be between 1 and 100" },
	{ "a negative priority", "{\"trafficSplit\": [{\"cluster\": \"east\", \"priority\": -1}]}",
	  "priority -1 must be between 1 and 100" },
	{ "priorities of zero and 100 are fine", "{\"trafficSplit\": [{\"cluster\": \"east\", \"priority\": 0},"
	  "{\"cluster\": \"west\", \"priority\": 100}]}", "success" },
	{ "a template beside references", "{\"healthMonitorTemplate\": \"no\", \"healthMonitorRefs\": [\"no\"]}",
	  "health monitor reference and template cannot be specified together" },
	{ "a template that is not there", "{\"healthMonitorTemplate\": \"no\"}", "health monitor template no not found" },
	{ "a template without a name is not there", "{\"healthMonitorTemplate\": \"\"}", "health monitor template  not found" },
	{ "a template that is not federated", "{\"healthMonitorTemplate\": \"local\"}",
	  "health monitor template local not federated" },
	{ "a template that does not say so is fine", "{\"healthMonitorTemplate\": \"unsaid\"}", "success" },
	{ "a template of another type", "{\"healthMonitorTemplate\": \"tcp\"}",
	  "health monitor template is not supported for non-path based health monitors" },
	{ "a template's request of two words", "{\"healthMonitorTemplate\": \"short\"}",
	  "client request header in health monitor template short is invalid" },
	{ "a template's request of four words", "{\"healthMonitorTemplate\": \"long\"}",
	  "client request header in health monitor template long is invalid" },
	{ "a template without the settings of its type", "{\"healthMonitorTemplate\": \"bare\"}",
	  "client request header in health monitor template bare is invalid" },
	{ "an HTTPS template is fine", "{\"healthMonitorTemplate\": \"secure\"}", "success" },
	{ "references are fine, whatever their type", "{\"healthMonitorRefs\": [\"hm1\", \"hm2\", \"hm1\"]}", "success" },
	{ "a reference that is not there", "{\"healthMonitorRefs\": [\"hm1\", \"my-hm3\", \"no\"]}",
	  "health monitor ref my-hm3 is invalid" },
	{ "a reference that is not federated", "{\"healthMonitorRefs\": [\"local\"]}", "health monitor ref local is invalid" },
	{ "a reference that does not say so", "{\"healthMonitorRefs\": [\"unsaid\"]}", "health monitor ref unsaid is invalid" },
	{ "a reference without a name", "{\"healthMonitorRefs\": [\"\"]}", "health monitor ref  is invalid" },
	{ "references come before the algorithm", "{\"healthMonitorRefs\": [\"no\"], \"poolAlgorithmSettings\": {}}",
	  "health monitor ref no is invalid" },
	{ "the algorithm's text has a prefix", "{\"poolAlgorithmSettings\": {}, \"sitePersistenceRef\": \"\"}",
	  "invalid pool algorithm: unsupported lbAlgorithm " },
	{ "an empty persistence reference", "{\"sitePersistenceRef\": \"\", \"pkiProfileRef\": \"\"}",
	  "empty string as site persistence reference not supported" },
	{ "a persistence profile that is not there", "{\"sitePersistenceRef\": \"gap-9\", \"pkiProfileRef\": \"\"}",
	  "site persistence ref gap-9 not present" },
	{ "an empty PKI reference", "{\"sitePersistenceRef\": \"gap-1\", \"pkiProfileRef\": \"\"}",
	  "empty string as pki profile reference not supported" },
	{ "a PKI profile that is not there", "{\"sitePersistenceRef\": \"gap-1\", \"pkiProfileRef\": \"pki-9\"}",
	  "pki profile ref pki-9 not present" },
	{ "both profiles are there", "{\"sitePersistenceRef\": \"gap-1\", \"pkiProfileRef\": \"pki-1\"}", "success" },
	{ "the down response comes last", "{\"pkiProfileRef\": \"pki-9\", \"downResponse\": {\"type\": \"GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP\"}}",
	  "pki profile ref pki-9 not present" },
	{ "a fallback without an address", "{\"downResponse\": {\"type\": \"GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP\"}}",
	  "invalid down response configuration: Fallback IP is required for GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP" },
	{ "what the reader refused", "{\"ttl\": 86401, \"matchClusters\": [{\"cluster\": \"north\"}]}",
	  "spec.ttl: 86401 is not in 0..86400" },
};

static void verdict_is(void **state)
{
	const struct verdict *row = *state;
	CLEANUP(gdp_freep) struct gdp *gdp = policy(row->spec);
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = members();
	CLEANUP(freep) char *text = NULL;
	CLEANUP(lookups_release) struct lookups lookups = { 0 };
	enum validate_result result;

	if (gdp_required_lookups(gdp, config, &lookups)) {
		answer_all(&lookups);
		assert_false(gdp_required_lookups(gdp, config, &lookups));
	}
	result = gdp_validate(gdp, config, &lookups, &text);
	assert_text(text, row->text);
	assert_int_equal(result, streq(row->text, "success") ? VALIDATE_ACCEPTED : VALIDATE_REFUSED);
}

static const struct question {
	const char *name, *spec;
	const char *asked;      /* "type/name ..." */
} questions[] = {
	{ "nothing named, nothing asked", "{}", "" },
	{ "every name once", "{\"healthMonitorRefs\": [\"a\", \"b\", \"a\"], \"sitePersistenceRef\": \"a\", \"pkiProfileRef\": \"a\"}",
	  "healthmonitor/a healthmonitor/b applicationpersistenceprofile/a pkiprofile/a " },
	{ "the template", "{\"healthMonitorTemplate\": \"t\"}", "healthmonitor/t " },
	{ "nothing about an empty name", "{\"healthMonitorTemplate\": \"\", \"pkiProfileRef\": \"p\"}", "" },
	{ "nothing when an earlier rule refuses", "{\"matchClusters\": [{\"cluster\": \"x\"}], \"healthMonitorRefs\": [\"a\"]}", "" },
	{ "nothing behind a rule that refuses", "{\"healthMonitorRefs\": [\"a\"], \"poolAlgorithmSettings\": {}, \"pkiProfileRef\": \"p\"}",
	  "healthmonitor/a " },
	{ "nothing for what the reader refused", "{\"ttl\": \"x\", \"healthMonitorRefs\": [\"a\"]}", "" },
};

static void asks(void **state)
{
	const struct question *row = *state;
	CLEANUP(gdp_freep) struct gdp *gdp = policy(row->spec);
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = members();
	CLEANUP(lookups_release) struct lookups lookups = { 0 };
	char asked[256] = "";

	gdp_required_lookups(gdp, config, &lookups);
	for (size_t i = 0; i < lookups.n; i++) {
		size_t n = strlen(asked);

		assert_int_equal(lookups.v[i].state, LOOKUP_PENDING);
		snprintf(asked + n, sizeof(asked) - n, "%s/%s ", lookups.v[i].type, lookups.v[i].name);
	}
	assert_text(asked, row->asked);
}

/* One answer a line: "+name" found and federated, "-name" absent, "?name" still pending. */
static const struct waiting {
	const char *name, *spec;
	const char *known[4];
	enum validate_result result;
	const char *text;
} waitings[] = {
	{ "nothing is known", "{\"healthMonitorRefs\": [\"a\"]}", { NULL }, VALIDATE_NEEDS_LOOKUPS, NULL },
	{ "an earlier reference is pending, a later one absent", "{\"healthMonitorRefs\": [\"a\", \"b\"]}", { "?a", "-b" },
	  VALIDATE_NEEDS_LOOKUPS, NULL },
	{ "an earlier one is absent, a later one pending", "{\"healthMonitorRefs\": [\"a\", \"b\"]}", { "-a", "?b" },
	  VALIDATE_REFUSED, "health monitor ref a is invalid" },
	{ "a reference is pending, the algorithm bad", "{\"healthMonitorRefs\": [\"a\"], \"poolAlgorithmSettings\": {}}", { "?a" },
	  VALIDATE_NEEDS_LOOKUPS, NULL },
	{ "the split is bad, a reference pending", "{\"trafficSplit\": [{\"cluster\": \"east\", \"weight\": 0}],"
	  "\"healthMonitorRefs\": [\"a\"]}", { "?a" }, VALIDATE_REFUSED, "traffic weight 0 must be between 1 and 20" },
	{ "all are known", "{\"healthMonitorRefs\": [\"a\", \"b\"]}", { "+b", "+a" }, VALIDATE_ACCEPTED, "success" },
};

static void waits(void **state)
{
	const struct waiting *row = *state;
	CLEANUP(gdp_freep) struct gdp *gdp = policy(row->spec);
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = members();
	CLEANUP(lookups_release) struct lookups lookups = { 0 };
	CLEANUP(freep) char *text = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(row->known) && row->known[i]; i++) {
		struct lookup *lookup = lookups_need(&lookups, LOOKUP_HEALTH_MONITOR, row->known[i] + 1);

		lookup->state = row->known[i][0] == '+' ? LOOKUP_FOUND : row->known[i][0] == '-' ? LOOKUP_ABSENT : LOOKUP_PENDING;
		lookup->is_federated = row->known[i][0] == '+';
	}
	assert_int_equal(gdp_validate(gdp, config, &lookups, &text), row->result);
	assert_text(text, row->text);
}

#define RR "GSLB_ALGORITHM_ROUND_ROBIN"
#define HASH "GSLB_ALGORITHM_CONSISTENT_HASH"
#define TOPOLOGY "GSLB_ALGORITHM_TOPOLOGY"
#define GEO "GSLB_ALGORITHM_GEO"

static const struct algorithm_case {
	const char *name;
	struct pool_algorithm algorithm;
	const char *text;
} algorithms[] = {
	{ "none is fine", { .is_set = false }, NULL },
	{ "round robin", { .is_set = true, .algorithm = (char *)RR }, NULL },
	{ "round robin with a mask", { .is_set = true, .algorithm = (char *)RR, .has_hash_mask = true }, "hashMask not allowed for " RR },
	{ "round robin with both: the fallback first", { .is_set = true, .algorithm = (char *)RR, .has_hash_mask = true, .has_fallback = true },
	  "geoFallback not allowed for " RR },
	{ "topology with a mask", { .is_set = true, .algorithm = (char *)TOPOLOGY, .has_hash_mask = true }, "hashMask not allowed for " TOPOLOGY },
	{ "topology", { .is_set = true, .algorithm = (char *)TOPOLOGY }, NULL },
	{ "hash with a mask", { .is_set = true, .algorithm = (char *)HASH, .has_hash_mask = true }, NULL },
	{ "hash without a mask", { .is_set = true, .algorithm = (char *)HASH }, "hashMask is required for ConsistentHash" },
	{ "hash with a fallback", { .is_set = true, .algorithm = (char *)HASH, .has_fallback = true }, "geoFallback is not allowed with ConsistentHash" },
	{ "geo without a fallback", { .is_set = true, .algorithm = (char *)GEO, .has_hash_mask = true },
	  "geoFallback has to be set for Geo, available choices: RoundRobin, ConsistentHash" },
	{ "geo, round robin", { .is_set = true, .algorithm = (char *)GEO, .has_hash_mask = true, .has_fallback = true,
				.fallback_algorithm = (char *)RR }, NULL },
	{ "geo, round robin with a mask", { .is_set = true, .algorithm = (char *)GEO, .has_fallback = true, .fallback_algorithm = (char *)RR,
					    .has_fallback_hash_mask = true },
	  "hashMask is not allowed with " RR " as geoFallback algorithm" },
	{ "geo, hash without a mask", { .is_set = true, .algorithm = (char *)GEO, .has_fallback = true, .fallback_algorithm = (char *)HASH },
	  "hashMask is required for " HASH " as the geoFallback algorithm" },
	{ "geo, hash with a mask", { .is_set = true, .algorithm = (char *)GEO, .has_fallback = true, .fallback_algorithm = (char *)HASH,
				     .has_fallback_hash_mask = true }, NULL },
	{ "geo, topology", { .is_set = true, .algorithm = (char *)GEO, .has_fallback = true, .fallback_algorithm = (char *)TOPOLOGY },
	  "unsupported algorithm " TOPOLOGY " for geoFallback" },
	{ "geo, a fallback without an algorithm", { .is_set = true, .algorithm = (char *)GEO, .has_fallback = true },
	  "unsupported algorithm  for geoFallback" },
	{ "an unknown one", { .is_set = true, .algorithm = (char *)"RANDOM" }, "unsupported lbAlgorithm RANDOM" },
	{ "none inside", { .is_set = true }, "unsupported lbAlgorithm " },
};

static void algorithm_is(void **state)
{
	const struct algorithm_case *row = *state;
	CLEANUP(freep) char *text = pool_algorithm_error(&row->algorithm);

	assert_text(text, row->text);
}

#define FALLBACK "GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP"

static const struct response_case {
	const char *name;
	struct down_response response;
	const char *text;
} responses[] = {
	{ "none is fine", { .is_set = false }, NULL },
	{ "all records", { true, (char *)"GSLB_SERVICE_DOWN_RESPONSE_ALL_RECORDS", NULL }, NULL },
	{ "an empty address is none", { true, (char *)"GSLB_SERVICE_DOWN_RESPONSE_EMPTY", (char *)"" }, NULL },
	{ "none with an address", { true, (char *)"GSLB_SERVICE_DOWN_RESPONSE_NONE", (char *)"x" },
	  "Fallback IP is not allowed for GSLB_SERVICE_DOWN_RESPONSE_NONE" },
	{ "fallback to IPv4", { true, (char *)FALLBACK, (char *)"10.0.0.1" }, NULL },
	{ "fallback to IPv6", { true, (char *)FALLBACK, (char *)"fd00::1" }, NULL },
	{ "fallback to nothing", { true, (char *)FALLBACK, (char *)"" }, "Fallback IP is required for " FALLBACK },
	{ "fallback to a name", { true, (char *)FALLBACK, (char *)"example.org" }, "Fallback IP example.org is not valid" },
	{ "fallback with a leading zero", { true, (char *)FALLBACK, (char *)"10.0.0.01" }, "Fallback IP 10.0.0.01 is not valid" },
	{ "fallback with a zone", { true, (char *)FALLBACK, (char *)"fe80::1%eth0" }, "Fallback IP fe80::1%eth0 is not valid" },
	{ "fallback to three numbers", { true, (char *)FALLBACK, (char *)"10.0.1" }, "Fallback IP 10.0.1 is not valid" },
	{ "fallback with a blank", { true, (char *)FALLBACK, (char *)" 10.0.0.1" }, "Fallback IP  10.0.0.1 is not valid" },
};

static void response_is(void **state)
{
	const struct response_case *row = *state;
	CLEANUP(freep) char *text = down_response_error(&row->response);

	assert_text(text, row->text);
}

static const struct answer_case {
	const char *name, *json;
	enum lookup_state state;
	const char *request;
	size_t n_codes;
} answers[] = {
	{ "no answer is absent", NULL, LOOKUP_ABSENT, NULL, 0 },
	{ "no results is absent, whatever the count", "{\"count\": 1}", LOOKUP_ABSENT, NULL, 0 },
	{ "results that are no list", "{\"count\": 1, \"results\": {\"name\": \"t\"}}", LOOKUP_ABSENT, NULL, 0 },
	{ "elements that are no objects", "{\"results\": [1, [\"t\"], \"t\", null]}", LOOKUP_ABSENT, NULL, 0 },
	{ "an answer that is a list", "[{\"name\": \"t\"}]", LOOKUP_ABSENT, NULL, 0 },
	{ "a name that differs in case", "{\"results\": [{\"name\": \"T\"}]}", LOOKUP_ABSENT, NULL, 0 },
	{ "a longer name", "{\"results\": [{\"name\": \"t2\"}]}", LOOKUP_ABSENT, NULL, 0 },
	{ "the first of that name counts", "{\"results\": [{\"name\": \"x\"}, {\"name\": \"t\", \"type\": \"HEALTH_MONITOR_HTTP\","
	  "\"http_monitor\": {\"http_request\": \"GET /1 HTTP/1.0\"}}, {\"name\": \"t\", \"type\": \"HEALTH_MONITOR_TCP\"}]}",
	  LOOKUP_FOUND, "GET /1 HTTP/1.0", 0 },
	{ "an HTTPS monitor has settings of its own", "{\"results\": [{\"name\": \"t\", \"type\": \"HEALTH_MONITOR_HTTPS\","
	  "\"http_monitor\": {\"http_request\": \"no\"}, \"https_monitor\": {\"http_request\": \"yes\","
	  "\"http_response_code\": [\"HTTP_2XX\", null, \"HTTP_3XX\"]}}]}", LOOKUP_FOUND, "yes", 2 },
	{ "settings of odd types are absent", "{\"results\": [{\"name\": \"t\", \"type\": 7, \"is_federated\": \"true\","
	  "\"http_monitor\": {\"http_request\": [], \"http_response_code\": \"HTTP_2XX\"}}]}", LOOKUP_FOUND, NULL, 0 },
};

static void answer_gives(void **state)
{
	const struct answer_case *row = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = row->json ? parse(row->json) : NULL;
	CLEANUP(lookups_release) struct lookups set = { 0 };
	struct lookup *lookup = lookups_need(&set, LOOKUP_HEALTH_MONITOR, "t");

	lookup->http_request = xstrdup("from an earlier answer");
	lookup_from_json(json, lookup);
	assert_int_equal(lookup->state, row->state);
	assert_text(lookup->http_request, row->request);
	assert_int_equal(lookup->response_codes.n, row->n_codes);
	assert_false(lookup->has_is_federated);
	assert_text(lookup->name, "t");
	assert_ptr_equal(lookups_find(&set, LOOKUP_HEALTH_MONITOR, "t"), lookup);
	assert_null(lookups_find(&set, LOOKUP_PKI, "t"));
}

int main(void)
{
	return RUN_TABLE(verdict_is, verdicts) | RUN_TABLE(asks, questions) | RUN_TABLE(waits, waitings) |
	       RUN_TABLE(algorithm_is, algorithms) | RUN_TABLE(response_is, responses) | RUN_TABLE(answer_gives, answers);
}
