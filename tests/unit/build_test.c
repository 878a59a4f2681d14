/* What one global name should be: members, groups, monitors, settings. */
#include "tests/unit/scene.h"

#include "leader/avi/gs_json.h"

#define ING KIND_INGRESS
#define SVC KIND_LBSVC

/* ---- members and groups ---- */

struct member_case {
	const char *name;
	const char *spec;              /* of the policy */
	struct scene_object objects[6];
	const char *groups, *members, *description;    /* NULL: not looked at */
	const char *clusters;          /* memberClusters; NULL: east west north */
};

#define SPLIT(entries) "'trafficSplit': [" entries "]"

static const struct member_case member_cases[] = {
	{ "nothing makes nothing", "", { { .cluster = NULL } }, "", "", .description = "" },
	{ "one object is one member", "", { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" } }, "10: 10.0.0.1*1",
	  "10.0.0.1=vs-10.0.0.1@cluster-east", .description = "INGRESS/east/web/shop/shop.example.org" },
	{ "a Service's part has no host", "", { { SVC, "east", "web/shop", "10.0.0.1", .port = 80 } }, "10: 10.0.0.1*1",
	  .description = "LBSVC/east/web/shop" },
	{ "what is not selected is no member",
	  "", { { ING, "east", "web/shop", "10.0.0.1", .labels = "" } }, "", "", .description = "" },
	{ "an incomplete member makes no service",
	  "", { { ING, "east", "web/shop", "10.0.0.1", .vs = "" } }, "", "", .description = "" },
	{ "an incomplete member waits beside a complete one", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .vs = "" }, { ING, "west", "web/shop", "10.0.0.2", .paths = "/" } },
	  "10: 10.0.0.2*1",
	  .description = "INGRESS/west/web/shop/shop.example.org" },
	{ "members come in the order of memberClusters", "",
	  { { ING, "north", "web/shop", "10.0.0.3", .paths = "/" }, { ING, "west", "web/shop", "10.0.0.2", .paths = "/" },
	    { ING, "east", "web/shop", "10.0.0.1", .paths = "/" } }, "10: 10.0.0.1*1 10.0.0.2*1 10.0.0.3*1",
	  .members = NULL },
	{ "another order of memberClusters is another order of members", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" }, { ING, "west", "web/shop", "10.0.0.2", .paths = "/" },
	    { ING, "north", "web/shop", "10.0.0.3", .paths = "/" } }, "10: 10.0.0.3*1 10.0.0.1*1 10.0.0.2*1",
	  .clusters = "north east west" },
	{ "then by kind, namespace and name", "",
	  { { SVC, "east", "a/a", "10.0.0.5", .port = 80 }, { ING, "east", "b/a", "10.0.0.3", .paths = "/" },
	    { ING, "east", "a/b", "10.0.0.2", .paths = "/" }, { ING, "east", "a/a", "10.0.0.1", .paths = "/" },
	    { SVC, "east", "A/z", "10.0.0.4", .port = 80 } },
	  "10: 10.0.0.1*1 10.0.0.2*1 10.0.0.3*1 10.0.0.4*1 10.0.0.5*1", .description =
	  "INGRESS/east/a/a/shop.example.org INGRESS/east/a/b/shop.example.org INGRESS/east/b/a/shop.example.org "
	  "LBSVC/east/A/z LBSVC/east/a/a" },
	{ "of two members with one address the first counts, both are described",
	  SPLIT("{'cluster': 'west', 'weight': 9, 'priority': 20}"),
	  { { ING, "west", "web/shop", "10.0.0.1", .vs = "vs-w" }, { ING, "east", "web/shop", "10.0.0.1", .vs = "vs-e" } },
	  "10: 10.0.0.1*1", "10.0.0.1=vs-e@cluster-east",
	  "INGRESS/east/web/shop/shop.example.org INGRESS/west/web/shop/shop.example.org", NULL },
	{ "an IPv6 address is a member",
	  "", { { ING, "east", "web/shop", "2001:db8::1", .paths = "/" } }, "10: 2001:db8::1*1",
	  "2001:db8::1=vs-2001:db8::1@cluster-east", .description = NULL },
	{ "syncVipOnly leaves a bare address",
	  "'matchClusters': [{'cluster': 'east', 'syncVipOnly': true}, {'cluster': 'west'}]",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" }, { ING, "west", "web/shop", "10.0.0.2", .paths = "/" } },
	  "10: 10.0.0.1*1 10.0.0.2*1", "10.0.0.1 10.0.0.2=vs-10.0.0.2@cluster-west", .description = NULL },
	{ "weights come from trafficSplit", SPLIT("{'cluster': 'east', 'weight': 8}, {'cluster': 'west', 'weight': 2}"),
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" }, { ING, "west", "web/shop", "10.0.0.2", .paths = "/" },
	    { ING, "north", "web/shop", "10.0.0.3", .paths = "/" } }, "10: 10.0.0.1*8 10.0.0.2*2 10.0.0.3*1",
	  .members = NULL },
	{ "each member of a cluster has its whole weight", SPLIT("{'cluster': 'east', 'weight': 8}"),
	  { { ING, "east", "a/shop", "10.0.0.1", .paths = "/" }, { ING, "east", "b/shop", "10.0.0.2", .paths = "/" } },
	  "10: 10.0.0.1*8 10.0.0.2*8", .members = NULL },
	{ "groups go by descending priority",
	  SPLIT("{'cluster': 'east', 'priority': 5}, {'cluster': 'west', 'weight': 3, 'priority': 20}"),
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" }, { ING, "west", "web/shop", "10.0.0.2", .paths = "/" },
	    { ING, "north", "web/shop", "10.0.0.3", .paths = "/" } }, "20: 10.0.0.2*3 | 10: 10.0.0.3*1 | 5: 10.0.0.1*1",
	  .members = NULL },
	{ "a priority of nothing is kept", SPLIT("{'cluster': 'east', 'weight': 20, 'priority': 0}"),
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" } }, "0: 10.0.0.1*20", .members = NULL },
	{ "of two entries of a cluster the first counts",
	  SPLIT("{'cluster': 'east', 'weight': 2}, {'cluster': 'east', 'weight': 3}"),
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" } }, "10: 10.0.0.1*2", .members = NULL },
	{ "two tenants are two services", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .tenant = "blue", .ns_tenant = "blue" },
	  { ING, "west", "web/shop", "10.0.0.2", .paths = "/" },
	    { ING, "north", "web/shop", "10.0.0.1", .tenant = "blue", .ns_tenant = "blue" } },
	  "10: 10.0.0.2*1; blue 10: 10.0.0.1*1", .description = "INGRESS/west/web/shop/shop.example.org; "
	  "INGRESS/east/web/shop/shop.example.org INGRESS/north/web/shop/shop.example.org" },
	{ "a member of another tenant than its namespace's is none", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .tenant = "red", .ns_tenant = "blue" } }, "", .members = NULL },
};

static void the_members_are(void **state)
{
	const struct member_case *c = *state;
	CLEANUP(scene_release) struct scene s = { 0 };
	CLEANUP(freep) char *groups = NULL, *members = NULL, *description = NULL;

	scene_policy(&s, c->spec);
	scene_know(&s, c->clusters, "");
	scene_objects(&s, c->objects, ARRAY_SIZE(c->objects));
	scene_build(&s);
	groups = scene_groups(&s);
	members = scene_members(&s);
	description = scene_description(&s);
	assert_text(groups, c->groups);
	assert_text(members, c->members ? c->members : members);
	assert_text(description, c->description ? c->description : description);
}

/* ---- monitors ---- */

struct monitor_case {
	const char *name, *spec;
	struct scene_object objects[4];
	const char *monitors;          /* what the services refer to */
	size_t n_dropped;
};

static const struct monitor_case monitor_cases[] = {
	{ "one for each path",
	  "", { { ING, "east", "web/shop", "10.0.0.1", .paths = "/ /cart" } }, .monitors = "http /, http /cart" },
	{ "the paths of all members, each once, in the order of members", "",
	  { { ING, "west", "web/shop", "10.0.0.2", .paths = "/a /" },
	  { ING, "east", "web/shop", "10.0.0.1", .paths = "/ /cart" } },
	  .monitors = "http /, http /cart, http /a" },
	{ "a member whose address is taken still brings its paths", "",
	  { { ING, "east", "web/a", "10.0.0.1", .paths = "/a" }, { ING, "east", "web/b", "10.0.0.1", .paths = "/b" } },
	  .monitors = "http /a, http /b" },
	{ "any member with TLS makes all of them https (Q25)", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" },
	  { ING, "west", "web/shop", "10.0.0.2", .paths = "/cart", .is_tls = true } },
	  .monitors = "https /, https /cart" },
	{ "TLS of what is not selected does not count", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" },
	  { ING, "west", "web/shop", "10.0.0.2", .is_tls = true, .labels = "" } },
	  .monitors = "http /" },
	{ "TLS of another tenant does not count", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" },
	    { ING, "west", "web/shop", "10.0.0.2", .is_tls = true, .tenant = "blue", .ns_tenant = "blue" } },
	  .monitors = "http /, https /" },
	{ "a Service has one on its port",
	  "", { { SVC, "east", "web/shop", "10.0.0.1", .port = 8080 } }, .monitors = "tcp 8080" },
	{ "the smallest port of all Services, with its protocol", "",
	  { { SVC, "east", "web/shop", "10.0.0.1", .port = 8080 },
	    { SVC, "west", "web/shop", "10.0.0.2", .port = 53, .protocol = PROTOCOL_UDP } }, .monitors = "udp 53" },
	{ "of equal ports the first member's protocol", "",
	  { { SVC, "west", "web/shop", "10.0.0.2", .port = 53, .protocol = PROTOCOL_UDP },
	  { SVC, "east", "web/shop", "10.0.0.1", .port = 53 } },
	  .monitors = "tcp 53" },
	{ "any member with paths makes path monitors (Q65)", "",
	  { { SVC, "east", "web/shop", "10.0.0.1", .port = 53 },
	  { ING, "west", "web/shop", "10.0.0.2", .paths = "/cart" } },
	  .monitors = "http /cart" },
	{ "user monitors replace all of ours", "'healthMonitorRefs': ['hm-b', 'hm-a']",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/ /cart" } }, .monitors = "hm-b, hm-a" },
	{ "user monitors replace a Service's too", "'healthMonitorRefs': ['hm-a']",
	  { { SVC, "east", "web/shop", "10.0.0.1", .port = 53 } }, .monitors = "hm-a" },
	{ "the control plane alone: none", "'controlPlaneHmOnly': true",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/ /cart" } }, .monitors = "" },
	{ "the control plane alone goes before user monitors", "'controlPlaneHmOnly': true, 'healthMonitorRefs': ['hm-a']",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" } }, .monitors = "" },
	{ "the control plane not alone: as without", "'controlPlaneHmOnly': false",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" } }, .monitors = "http /" },
	{ "user monitors go before a template", "'healthMonitorTemplate': 'tpl', 'healthMonitorRefs': ['hm-a']",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/" } }, .monitors = "hm-a" },
	{ "a template does not matter to a port's", "'healthMonitorTemplate': 'tpl'",
	  { { SVC, "east", "web/shop", "10.0.0.1", .port = 80 } }, .monitors = "tcp 80" },
	{ "six paths are the limit", "", { { ING, "east", "web/shop", "10.0.0.1", .paths = "/f /e /d /c /b /a" } },
	  .monitors = "http /f, http /e, http /d, http /c, http /b, http /a" },
	{ "of more, the first six in bytewise order (Q36)", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/f /e /d /c" },
	  { ING, "west", "web/shop", "10.0.0.2", .paths = "/b /Z /a /f" } },
	  "http /Z, http /a, http /b, http /c, http /d, http /e", .n_dropped = 1 },
	{ "equal paths do not count twice", "",
	  { { ING, "east", "web/shop", "10.0.0.1", .paths = "/a /b /c /d" },
	  { ING, "west", "web/shop", "10.0.0.2", .paths = "/c /d /e /f" } },
	  .monitors = "http /a, http /b, http /c, http /d, http /e, http /f" },
};

static void the_monitors_are(void **state)
{
	const struct monitor_case *c = *state;
	CLEANUP(scene_release) struct scene s = { 0 };
	CLEANUP(freep) char *got = NULL;

	scene_policy(&s, c->spec);
	scene_know(&s, NULL, "");
	scene_objects(&s, c->objects, ARRAY_SIZE(c->objects));
	scene_build(&s);
	got = scene_monitors(&s);
	assert_text(got, c->monitors);
	assert_int_equal(s.wanted.n_paths_dropped, c->n_dropped);
}

/* ---- names and bodies of monitors ---- */

struct name_case {
	const char *name;
	struct scene_object object;
	const char *host, *want;
};

static const struct name_case name_cases[] = {
	{ "http /",
	  { ING, "east", "web/shop", "10.0.0.1", .paths = "/" }, "shop.example.org",
	  "amko--886b4dbb333f808691b22c2b55734773a8c3f37e" },
	{ "https /", { ING, "east", "web/shop", "10.0.0.1", .is_tls = true }, "shop.example.org",
	  "amko--d093dd6c46829ad4636d796d06f55789a45ce9c4" },
	{ "https /cart", { ING, "east", "web/shop", "10.0.0.1", .paths = "/cart", .is_tls = true }, "shop.example.org",
	  "amko--0112cea52d1ee3e8763133dde8f24739f08cc547" },
	{ "a port",
	  { SVC, "east", "web/shop", "10.0.0.1", .port = 80 }, "shop.example.org",
	  "amko--e924de74780d77bf54aa790f422c7c7fcfb6628f" },
	{ "http /foo", { ING, "east", "web/shop", "10.0.0.1", .paths = "/foo" }, "foo.avi.internal",
	  "amko--8f75476c63cb553bfe3780a988c314b9e8c780e1" },
	{ "https of another name", { ING, "east", "web/shop", "10.0.0.1", .is_tls = true }, "sec.avi.internal",
	  "amko--48e3cb7a63ac8d3b2a0d204e742bb26fc7b4d987" },
	{ "a port of another name",
	  { SVC, "east", "web/shop", "10.0.0.1", .port = 80, .protocol = PROTOCOL_UDP }, "svc1.avi.internal",
	  "amko--8c69240a9b578320eaf2caa4a0da9dbe2d41f160" },
	{ "http / of another name", { ING, "east", "web/shop", "10.0.0.1", .paths = "/" }, "x.avi.internal",
	  "amko--0dfb7dbd2c79cffc5c4e8d2367a76e0f88a32135" },
};

static void the_monitor_is_called(void **state)
{
	const struct name_case *c = *state;
	CLEANUP(scene_release) struct scene s = { 0 };

	scene_policy(&s, "");
	scene_know(&s, NULL, "");
	scene_objects(&s, &c->object, 1);
	build_wanted(&(struct build_input){
		.fqdn = c->host, .policy = s.policy, .lookups = &s.lookups, .default_tenant = "admin", .owner = SCENE_OWNER,
		.knowledge = &s.knowledge, .candidates = s.candidates, .n_candidates = s.n }, &s.wanted);
	assert_int_equal(s.wanted.n_monitors, 1);
	assert_text(s.wanted.monitors[0]->name, c->want);
	assert_text(s.wanted.gs[0]->monitor_refs.v[0], c->want);
}

struct body_case {
	const char *name, *spec;
	struct scene_object object;
	const char *want;
};

#define BODY(type, port, description, part) \
	"{'name': '*', 'type': 'HEALTH_MONITOR_" type "', 'tenant_ref': '/api/tenant/?name=admin'," \
	"'description': 'created by: amko, gsname: shop.example.org" description "'," \
	"'is_federated': true, 'allow_duplicate_monitors': true," \
	"'send_interval': 10, 'receive_timeout': 4, 'successful_checks': 3, 'failed_checks': 3, 'monitor_port': " port "," \
	"'markers': [{'key': 'created-by', 'values': ['" SCENE_OWNER "']}], " part "}"
#define OK_CODES "'http_response_code': ['HTTP_2XX', 'HTTP_3XX']"

static const struct body_case body_cases[] = {
	{ "http", "", { ING, "east", "web/shop", "10.0.0.1", .paths = "/cart" },
	  BODY("HTTP", "80", ", path: /cart, protocol: http",
	  "'http_monitor': {'http_request': 'HEAD /cart HTTP/1.0', " OK_CODES "}") },
	{ "https", "", { ING, "east", "web/shop", "10.0.0.1", .is_tls = true },
	  BODY("HTTPS", "443", ", path: /, protocol: https",
	  "'https_monitor': {'http_request': 'HEAD / HTTP/1.0', " OK_CODES "}") },
	{ "a path with the marks of the description (Q35)", "", { ING, "east", "web/shop", "10.0.0.1", .paths = "/a,b:" },
	  BODY("HTTP", "80", ", path: /a,b:, protocol: http",
	  "'http_monitor': {'http_request': 'HEAD /a,b: HTTP/1.0', " OK_CODES "}") },
	{ "from a template", "'healthMonitorTemplate': 'tpl'", { ING, "east", "web/shop", "10.0.0.1", .paths = "/cart" },
	  BODY("HTTP", "80", ", path: /cart, protocol: http, created from: tpl",
	       "'http_monitor': {'http_request': 'GET /cart HTTP/1.1', 'http_response_code': ['HTTP_4XX']}") },
	{ "tcp",
	  "", { SVC, "east", "web/shop", "10.0.0.1", .port = 8080 },
	  BODY("TCP", "8080", "", "'tcp_monitor': {'tcp_half_open': false}") },
	{ "udp", "", { SVC, "east", "web/shop", "10.0.0.1", .port = 53, .protocol = PROTOCOL_UDP },
	  BODY("UDP", "53", "", "'udp_monitor': {'udp_request': 'created_by: amko, request string not required'}") },
};

static void the_monitor_is_written_as(void **state)
{
	const struct body_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *want = scene_json(c->want), *got = NULL;
	CLEANUP(scene_release) struct scene s = { 0 };
	CLEANUP(freep) char *got_text = NULL, *want_text = NULL;

	scene_policy(&s, c->spec);
	scene_know(&s, NULL, "");
	scene_objects(&s, &c->object, 1);
	scene_build(&s);
	assert_int_equal(s.wanted.n_monitors, 1);
	got = monitor_to_json(s.wanted.monitors[0]);
	cJSON_ReplaceItemInObjectCaseSensitive(got, "name", cJSON_CreateString("*"));
	got_text = json_text(got);
	want_text = json_text(want);
	if (!json_same(got, want))
		fail_msg("\n got %s\nwant %s", got_text, want_text);
}

/* ---- settings ---- */

struct setting_case {
	const char *name, *spec;
	const char *want;
	bool is_tls, has_two_groups;
};

#define ALGORITHM(text) "'poolAlgorithmSettings': {" text "}"
#define DOWN(text) "'downResponse': {" text "}"

static const struct setting_case setting_cases[] = {
	{ "nothing set", "", .want = "ROUND_ROBIN up=2" },
	{ "a ttl", "'ttl': 30", .want = "ROUND_ROBIN up=2 ttl=30" },
	{ "a ttl of nothing is sent", "'ttl': 0", .want = "ROUND_ROBIN up=2 ttl=0" },
	{ "round robin", ALGORITHM("'lbAlgorithm': 'GSLB_ALGORITHM_ROUND_ROBIN'"), .want = "ROUND_ROBIN up=2" },
	{ "topology", ALGORITHM("'lbAlgorithm': 'GSLB_ALGORITHM_TOPOLOGY'"), .want = "TOPOLOGY up=2" },
	{ "consistent hash has its mask", ALGORITHM("'lbAlgorithm': 'GSLB_ALGORITHM_CONSISTENT_HASH', 'hashMask': 24"),
	  .want = "CONSISTENT_HASH:24 up=2" },
	{ "geo falls back to round robin without mask",
	  ALGORITHM("'lbAlgorithm': 'GSLB_ALGORITHM_GEO', 'geoFallback': {'lbAlgorithm': 'GSLB_ALGORITHM_ROUND_ROBIN'}"),
	  .want = "GEO/ROUND_ROBIN up=2" },
	{ "geo falls back to consistent hash with the fallback's mask",
	  ALGORITHM("'lbAlgorithm': 'GSLB_ALGORITHM_GEO', 'geoFallback': {"
		    "'lbAlgorithm': 'GSLB_ALGORITHM_CONSISTENT_HASH', 'hashMask': 31}"),
	  .want = "GEO/CONSISTENT_HASH:31 up=2" },
	{ "the algorithm is that of all groups",
	  ALGORITHM("'lbAlgorithm': 'GSLB_ALGORITHM_TOPOLOGY'"), "TOPOLOGY up=2 | TOPOLOGY up=2",
	  .has_two_groups = true },
	{ "the control plane alone: one is enough", "'controlPlaneHmOnly': true", .want = "ROUND_ROBIN up=1" },
	{ "user monitors: all of them and the control plane",
	  "'healthMonitorRefs': ['a', 'b']", .want = "ROUND_ROBIN up=3" },
	{ "user monitors: in every group (Q24)",
	  "'healthMonitorRefs': ['a', 'b']", "ROUND_ROBIN up=3 | ROUND_ROBIN up=3", .has_two_groups = true },
	{ "persistence needs TLS", "'sitePersistenceRef': 'gap-1', 'pkiProfileRef': 'pki-1'", .want = "ROUND_ROBIN up=2" },
	{ "persistence with TLS", "'sitePersistenceRef': 'gap-1', 'pkiProfileRef': 'pki-1'",
	  "ROUND_ROBIN up=2 persistence=gap-1 pki=pki-1", .is_tls = true },
	{ "persistence without PKI takes the default one", "'sitePersistenceRef': 'gap-1'",
	  "ROUND_ROBIN up=2 persistence=gap-1 pki=pki-default", .is_tls = true },
	{ "PKI without persistence is nothing", "'pkiProfileRef': 'pki-1'", "ROUND_ROBIN up=2", .is_tls = true },
	{ "down: all records",
	  DOWN("'type': 'GSLB_SERVICE_DOWN_RESPONSE_ALL_RECORDS'"), .want = "ROUND_ROBIN up=2 down=ALL_RECORDS" },
	{ "down: nothing", DOWN("'type': 'GSLB_SERVICE_DOWN_RESPONSE_NONE'"), .want = "ROUND_ROBIN up=2 down=NONE" },
	{ "down: an address", DOWN("'type': 'GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP', 'fallbackIP': '192.0.2.9'"),
	  .want = "ROUND_ROBIN up=2 down=FALLBACK_IP fallback=192.0.2.9" },
	{ "down: an address without its type is none",
	  DOWN("'type': 'GSLB_SERVICE_DOWN_RESPONSE_EMPTY', 'fallbackIP': '192.0.2.9'"),
	  .want = "ROUND_ROBIN up=2 down=EMPTY" },
};

static void the_settings_are(void **state)
{
	const struct setting_case *c = *state;
	const struct scene_object objects[] = {
		{ ING, "east", "web/shop", "10.0.0.1", .is_tls = c->is_tls },
		{ ING, c->has_two_groups ? "west" : NULL, "web/shop", "10.0.0.2", .paths = "/" },
	};
	CLEANUP(freep) char *spec = xasprintf("%s%s'trafficSplit': [{'cluster': 'west', 'priority': 7}]", c->spec,
					      *c->spec ? "," : "");
	CLEANUP(scene_release) struct scene s = { 0 };
	CLEANUP(freep) char *got = NULL;

	scene_policy(&s, spec);
	scene_know(&s, NULL, "");
	scene_objects(&s, objects, ARRAY_SIZE(objects));
	scene_build(&s);
	got = scene_settings(&s);
	assert_text(got, c->want);
}

static void the_service_is_signed_and_named(void **state)
{
	static const struct scene_object row = { ING, "east", "web/shop", "10.0.0.1", .tenant = "blue", .ns_tenant = "blue" };
	CLEANUP(scene_release) struct scene s = { 0 };

	(void)state;
	scene_policy(&s, "");
	scene_know(&s, NULL, "");
	scene_objects(&s, &row, 1);
	scene_build(&s);
	assert_int_equal(s.wanted.n_gs, 1);
	assert_text(s.wanted.gs[0]->name, SCENE_FQDN);
	assert_text(s.wanted.gs[0]->tenant, "blue");
	assert_text(s.wanted.gs[0]->created_by, SCENE_OWNER);
	assert_int_equal(s.wanted.gs[0]->domain_names.n, 1);
	assert_text(s.wanted.gs[0]->domain_names.v[0], SCENE_FQDN);
	assert_ptr_equal(wanted_find(&s.wanted, "blue"), s.wanted.gs[0]);
	assert_null(wanted_find(&s.wanted, "admin"));
	assert_non_null(wanted_find_monitor(&s.wanted, "blue", s.wanted.monitors[0]->name));
	assert_null(wanted_find_monitor(&s.wanted, "admin", s.wanted.monitors[0]->name));
}

static void without_a_policy_nothing_is_wanted(void **state)
{
	static const struct scene_object row = { ING, "east", "web/shop", "10.0.0.1", .paths = "/" };
	CLEANUP(scene_release) struct scene s = { 0 };

	(void)state;
	scene_policy(&s, NULL);
	scene_know(&s, NULL, "");
	scene_objects(&s, &row, 1);
	scene_build(&s);
	assert_int_equal(s.wanted.n_gs, 0);
	assert_int_equal(s.wanted.n_monitors, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_service_is_signed_and_named),
		cmocka_unit_test(without_a_policy_nothing_is_wanted),
	};
	int n_failed = 0;

	json_init();
	n_failed += RUN_TABLE(the_members_are, member_cases);
	n_failed += RUN_TABLE(the_monitors_are, monitor_cases);
	n_failed += RUN_TABLE(the_monitor_is_called, name_cases);
	n_failed += RUN_TABLE(the_monitor_is_written_as, body_cases);
	n_failed += RUN_TABLE(the_settings_are, setting_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
