/* Ingress and Service reduced to one shape. */
#include "tests/unit/scene.h"

#include <time.h>

#include "common/base/buf.h"

/* "shop.example.org 10.0.0.1 tls vs-1 /,/cart; ..." */
static char *records_text(const struct host_object *object)
{
	struct buf out;

	buf_init(&out, 64 << 10);
	for (size_t i = 0; i < object->n_records; i++) {
		const struct host_record *record = &object->records[i];
		CLEANUP(freep) char *paths = strs_join(&record->paths, ",");

		buf_printf(&out, "%s%s %s%s%s%s%s%s", i ? "; " : "", record->host, record->ip, record->is_tls ? " tls" : "",
			   record->vs_uuid ? " " : "", record->vs_uuid ? record->vs_uuid : "", *paths ? " " : "", paths);
	}
	return buf_take(&out);
}

/* ---- Ingresses ---- */

#define META "'metadata': {'name': 'shop', 'namespace': 'web'}"
#define STATUS(entries) "'status': {'loadBalancer': {'ingress': [" entries "]}}"
#define AT(ip, host) "{'ip': '" ip "', 'hostname': '" host "'}"
#define RULE(host, paths) "{'host': '" host "', 'http': {'paths': [" paths "]}}"
#define PATH(path) "{'path': '" path "', 'pathType': 'Prefix', 'backend': {}}"
#define RULES(rules) "'spec': {'rules': [" rules "]}"
#define INGRESS(rules, entries) "{" META "," RULES(rules) "," STATUS(entries) "}"

struct ingress_case {
	const char *name, *json, *want;
};

static const struct ingress_case ingress_cases[] = {
	{ "a rule and an address make a record",
	  INGRESS(RULE("a.org", PATH("/")), AT("10.0.0.1", "a.org")), "a.org 10.0.0.1 /" },
	{ "several hosts are independent records",
	  INGRESS(RULE("a.org", PATH("/x")) "," RULE("b.org", PATH("/y")),
	  AT("10.0.0.1", "a.org") "," AT("10.0.0.2", "b.org")),
	  "a.org 10.0.0.1 /x; b.org 10.0.0.2 /y" },
	{ "records are in the order of their hosts",
	  INGRESS(RULE("b.org", "") "," RULE("a.org", ""), AT("10.0.0.2", "b.org") "," AT("10.0.0.1", "a.org")),
	  "a.org 10.0.0.1 /; b.org 10.0.0.2 /" },
	{ "a host may share its address", INGRESS(RULE("a.org", "") "," RULE("b.org", ""),
	  AT("10.0.0.1", "a.org") "," AT("10.0.0.1", "b.org")), "a.org 10.0.0.1 /; b.org 10.0.0.1 /" },
	{ "an empty status makes nothing", INGRESS(RULE("a.org", PATH("/")), ""), "" },
	{ "no status makes nothing", "{" META "," RULES(RULE("a.org", "")) "}", "" },
	{ "an entry without an address is passed over",
	  INGRESS(RULE("a.org", PATH("/")), "{'hostname': 'a.org'}," AT("10.0.0.2", "a.org")), "a.org 10.0.0.2 /" },
	{ "an entry without a host is passed over",
	  INGRESS(RULE("a.org", PATH("/")), "{'ip': '10.0.0.1'}," AT("10.0.0.2", "")), "" },
	{ "an address that is none is passed over",
	  INGRESS(RULE("a.org", PATH("/")), AT("10.0.0.256", "a.org") "," AT("x", "a.org")), "" },
	{ "a host without a rule is passed over",
	  INGRESS(RULE("a.org", PATH("/")), AT("10.0.0.1", "b.org") "," AT("10.0.0.2", "a.org")), "a.org 10.0.0.2 /" },
	{ "an empty host of a rule matches nothing", INGRESS(RULE("", PATH("/")), AT("10.0.0.1", "")), "" },
	{ "a rule without host is passed over", INGRESS("{'http': {'paths': [" PATH("/z") "]}}," RULE("a.org", PATH("/a")),
	  AT("10.0.0.1", "a.org")), "a.org 10.0.0.1 /a" },
	{ "letters are not folded", INGRESS(RULE("A.org", PATH("/")), AT("10.0.0.1", "a.org")), "" },
	{ "a wildcard is a name like others",
	  INGRESS(RULE("*.a.org", PATH("/")), AT("10.0.0.1", "*.a.org")), "*.a.org 10.0.0.1 /" },
	{ "paths keep their order, once each",
	  INGRESS(RULE("a.org", PATH("/b") "," PATH("/a") "," PATH("/b")), AT("10.0.0.1", "a.org")),
	  "a.org 10.0.0.1 /b,/a" },
	{ "an empty path is the root",
	  INGRESS(RULE("a.org", PATH("") "," "{'backend': {}}," PATH("/")), AT("10.0.0.1", "a.org")),
	  "a.org 10.0.0.1 /" },
	{ "no paths are the root", INGRESS("{'host': 'a.org'}", AT("10.0.0.1", "a.org")), "a.org 10.0.0.1 /" },
	{ "the paths of all rules of a host count (ING-6)",
	  INGRESS(RULE("a.org", PATH("/x")) "," RULE("b.org", PATH("/y")) "," RULE("a.org", PATH("/z") "," PATH("/x")),
		  AT("10.0.0.1", "a.org")), "a.org 10.0.0.1 /x,/z" },
	{ "of two addresses of a host the first counts (ING-3)",
	  INGRESS(RULE("a.org", PATH("/")), AT("10.0.0.2", "a.org") "," AT("10.0.0.1", "a.org")), "a.org 10.0.0.2 /" },
	{ "IPv4 goes before IPv6 (ING-3)",
	  INGRESS(RULE("a.org", PATH("/")),
	  AT("2001:db8::1", "a.org") "," AT("10.0.0.1", "a.org") "," AT("10.0.0.2", "a.org")),
	  "a.org 10.0.0.1 /" },
	{ "IPv6 alone is an address (ING-4)",
	  INGRESS(RULE("a.org", PATH("/")), AT("2001:db8::1", "a.org") "," AT("2001:db8::2", "a.org")),
	  "a.org 2001:db8::1 /" },
	{ "an IPv6 zone is none", INGRESS(RULE("a.org", PATH("/")), AT("fe80::1%eth0", "a.org")), "" },
	{ "hosts under tls are TLS, others are not",
	  "{" META ",'spec': {'rules': [{'host': 'a.org'}, {'host': 'b.org'}], 'tls': [{'secretName': 's',"
	  "'hosts': ['x.org', 'b.org']}]},"
	  STATUS(AT("10.0.0.1", "a.org") "," AT("10.0.0.2", "b.org")) "}", "a.org 10.0.0.1 /; b.org 10.0.0.2 tls /" },
	{ "any tls entry may name the host",
	  "{" META ",'spec': {'rules': [{'host': 'a.org'}], 'tls': [{'hosts': ['x.org']}, {}, {'hosts': ['a.org']}]},"
	  STATUS(AT("10.0.0.1", "a.org")) "}", "a.org 10.0.0.1 tls /" },
	{ "tls without hosts means none of them",
	  "{" META ",'spec': {'rules': [{'host': 'a.org'}], 'tls': [{'secretName': 's'}]}," STATUS(AT("10.0.0.1",
	  "a.org")) "}",
	  "a.org 10.0.0.1 /" },
	{ "the TLS annotation covers all hosts, whatever it says",
	  "{'metadata': {'name': 'shop', 'namespace': 'web', 'annotations': {'ako.vmware.com/enable-tls': ''}},"
	  RULES(RULE("a.org", "") "," RULE("b.org", "")) "," STATUS(AT("10.0.0.1", "a.org") "," AT("10.0.0.2",
	  "b.org")) "}",
	  "a.org 10.0.0.1 tls /; b.org 10.0.0.2 tls /" },
};

static void an_ingress_is_read(void **state)
{
	const struct ingress_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(c->json);
	struct host_object *object = host_object_from_ingress(json);
	CLEANUP(freep) char *got = NULL;

	assert_non_null(object);
	got = records_text(object);
	assert_text(got, c->want);
	assert_int_equal(object->kind, KIND_INGRESS);
	assert_int_equal(object->port, 0);
	host_object_free(object);
}

/* ---- Services ---- */

#define PORT(port, protocol) "{'port': " port ", 'protocol': '" protocol "'}"
#define SERVICE(ports, entries) "{" META ",'spec': {'type': 'LoadBalancer', 'ports': [" ports "]}," STATUS(entries) "}"

struct service_case {
	const char *name, *json, *want;        /* NULL: no object */
	int port;
	enum host_protocol protocol;
};

static const struct service_case service_cases[] = {
	{ "address, host and port make a record",
	  SERVICE(PORT("80", "TCP"), AT("10.0.0.1", "a.org")), "a.org 10.0.0.1", .port = 80 },
	{ "UDP is kept", SERVICE(PORT("53", "UDP"), AT("10.0.0.1", "a.org")), "a.org 10.0.0.1", 53, PROTOCOL_UDP },
	{ "the smallest port counts, with its protocol",
	  SERVICE(PORT("8080", "TCP") "," PORT("53", "UDP") "," PORT("443", "TCP"), AT("10.0.0.1", "a.org")),
	  "a.org 10.0.0.1", 53,
	  PROTOCOL_UDP },
	{ "of equal ports the first counts", SERVICE(PORT("53", "UDP") "," PORT("53", "TCP"), AT("10.0.0.1", "a.org")),
	  "a.org 10.0.0.1", 53, PROTOCOL_UDP },
	{ "no protocol is TCP",
	  SERVICE("{'port': 80}," PORT("90", "UDP"), AT("10.0.0.1", "a.org")), "a.org 10.0.0.1", .port = 80 },
	{ "an empty protocol is TCP", SERVICE(PORT("80", ""), AT("10.0.0.1", "a.org")), "a.org 10.0.0.1", .port = 80 },
	{ "another protocol ends the search, as TCP",
	  SERVICE(PORT("90", "UDP") "," PORT("100", "SCTP") "," PORT("10", "TCP"), AT("10.0.0.1", "a.org")),
	  "a.org 10.0.0.1", .port = 100 },
	{ "a Service without ports is none", SERVICE("", AT("10.0.0.1", "a.org")), .want = "" },
	{ "a port outside of 1 to 65535 is none", SERVICE(PORT("0", "TCP") "," PORT("65536", "TCP") "," PORT("-1", "TCP"),
	  AT("10.0.0.1", "a.org")), .want = "" },
	{ "a port that wraps around an int is none",
	  SERVICE(PORT("4294967376", "TCP"), AT("10.0.0.1", "a.org")), .want = "" },
	{ "only the first entry counts", SERVICE(PORT("80", "TCP"), AT("10.0.0.1", "a.org") "," AT("10.0.0.2", "b.org")),
	  "a.org 10.0.0.1", .port = 80 },
	{ "a first entry without host is no record, whatever follows",
	  SERVICE(PORT("80", "TCP"), "{'ip': '10.0.0.1'}," AT("10.0.0.2", "b.org")), "", .port = 80 },
	{ "a first entry without address is no record",
	  SERVICE(PORT("80", "TCP"), "{'hostname': 'a.org'}"), "", .port = 80 },
	{ "no status is no record",
	  "{" META ",'spec': {'type': 'LoadBalancer', 'ports': [" PORT("80", "TCP") "]}}", "", .port = 80 },
	{ "TLS never comes from an annotation",
	  "{'metadata': {'name': 'shop', 'namespace': 'web', 'annotations': {'ako.vmware.com/enable-tls': 'true'}},"
	  "'spec': {'type': 'LoadBalancer', 'ports': [" PORT("443", "TCP") "]}," STATUS(AT("10.0.0.1", "a.org")) "}",
	  "a.org 10.0.0.1", .port = 443 },
	{ "another type is no object", "{" META ",'spec': {'type': 'ClusterIP', 'ports': [" PORT("80", "TCP") "]},"
	  STATUS(AT("10.0.0.1", "a.org")) "}", .want = NULL },
	{ "no type is no object",
	  "{" META ",'spec': {'ports': [" PORT("80", "TCP") "]}," STATUS(AT("10.0.0.1", "a.org")) "}", .want = NULL },
};

static void a_service_is_read(void **state)
{
	const struct service_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(c->json);
	struct host_object *object = host_object_from_service(json);
	CLEANUP(freep) char *got = object ? records_text(object) : NULL;

	assert_text(got, c->want);
	if (!object)
		return;
	assert_int_equal(object->kind, KIND_LBSVC);
	assert_int_equal(object->port, c->port);
	assert_int_equal(object->protocol, c->protocol);
	host_object_free(object);
}

/* ---- annotations ---- */

#define ANNOTATED(annotations) "{'metadata': {'name': 'shop', 'namespace': 'web', 'annotations': {" annotations "}}," \
	RULES(RULE("a.org", "") "," RULE("b.org", "")) "," STATUS(AT("10.0.0.1", "a.org") "," AT("10.0.0.2", "b.org")) "}"
#define MAP(text) "'ako.vmware.com/host-fqdn-vs-uuid-map': '" text "'"
#define CONTROLLER "'ako.vmware.com/controller-cluster-uuid': 'cluster-1'"
#define PLAIN "a.org 10.0.0.1 /; b.org 10.0.0.2 /"

struct annotation_case {
	const char *name, *json, *want, *controller, *tenant;
};

static const struct annotation_case annotation_cases[] = {
	{ "each host has its identity",
	  ANNOTATED(MAP("{\\\"a.org\\\": \\\"vs-a\\\", \\\"b.org\\\": \\\"vs-b\\\"}") "," CONTROLLER),
	  "a.org 10.0.0.1 vs-a /; b.org 10.0.0.2 vs-b /", .controller = "cluster-1" },
	{ "a host that the map does not name has none", ANNOTATED(MAP("{\\\"b.org\\\": \\\"vs-b\\\"}") "," CONTROLLER),
	  "a.org 10.0.0.1 /; b.org 10.0.0.2 vs-b /", .controller = "cluster-1" },
	{ "the controller alone says nothing", ANNOTATED(CONTROLLER), .want = PLAIN },
	{ "the map alone says nothing", ANNOTATED(MAP("{\\\"a.org\\\": \\\"vs-a\\\"}")), .want = PLAIN },
	{ "a map that does not parse leaves the controller",
	  ANNOTATED(MAP("{a.org: vs-a") "," CONTROLLER), PLAIN, .controller = "cluster-1" },
	{ "a map of the wrong shape leaves the controller",
	  ANNOTATED(MAP("[\\\"a.org\\\"]") "," CONTROLLER), PLAIN, .controller = "cluster-1" },
	{ "an identity that is no text is none",
	  ANNOTATED(MAP("{\\\"a.org\\\": 7, \\\"b.org\\\": {}}") "," CONTROLLER), PLAIN, .controller = "cluster-1" },
	{ "the tenant is read", ANNOTATED("'ako.vmware.com/tenant-name': 'blue'"), PLAIN, NULL, "blue" },
	{ "an empty tenant stays empty", ANNOTATED("'ako.vmware.com/tenant-name': ''"), PLAIN, NULL, "" },
	{ "no annotations are none",
	  INGRESS(RULE("a.org", "") "," RULE("b.org", ""), AT("10.0.0.1", "a.org") "," AT("10.0.0.2", "b.org")),
	  .want = PLAIN },
};

static void annotations_are_read(void **state)
{
	const struct annotation_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(c->json);
	struct host_object *object = host_object_from_ingress(json);
	CLEANUP(freep) char *got = NULL;

	assert_non_null(object);
	got = records_text(object);
	assert_text(got, c->want);
	assert_text(object->controller_uuid, c->controller);
	assert_text(object->tenant, c->tenant);
	host_object_free(object);
}

/* ---- hostile JSON ---- */

struct hostile_case {
	const char *name, *json;
	bool is_object;
};

static const struct hostile_case hostile_cases[] = {
	{ "a number", "7", .is_object = false },
	{ "a list", "[{'metadata': {'name': 'a'}}]", .is_object = false },
	{ "nothing in it", "{}", .is_object = false },
	{ "metadata that is a text", "{'metadata': 'x'}", .is_object = false },
	{ "a name that is a number", "{'metadata': {'name': 7}}", .is_object = false },
	{ "a name and nothing else", "{'metadata': {'name': 'a'}}", true },
	{ "spec and status that are lists", "{" META ", 'spec': [1], 'status': ['x']}", true },
	{ "rules that are an object", "{" META ", 'spec': {'rules': {'host': 'a.org'}, 'tls': {'hosts': 'a.org'}},"
	  STATUS(AT("10.0.0.1", "b.org")) "}", true },
	{ "elements that are no objects",
	  "{" META ", 'spec': {'type': 'LoadBalancer', 'ports': [1, 'x', null, []], 'rules': [1, 'x', null, []],"
	  "'tls': [1, null, {'hosts': [1, {}]}]}, 'status': {'loadBalancer': {'ingress': [1, 'x', null, []]}}}", true },
	{ "fields of the wrong type", "{" META ", 'spec': {'type': 'LoadBalancer', 'ports': [{'port': 'x', 'protocol': 6}],"
	  "'rules': [{'host': 7, 'http': []}]},"
	  "'status': {'loadBalancer': {'ingress': [{'ip': 10, 'hostname': ['a.org']}]}}}", true },
	{ "annotations and labels that are no texts", "{'metadata': {'name': 'a', 'labels': ['x'], 'annotations': {"
	  "'ako.vmware.com/tenant-name': {}, 'ako.vmware.com/host-fqdn-vs-uuid-map': [],"
	  "'ako.vmware.com/controller-cluster-uuid': 1}}}", true },
};

static void hostile_json_is_survived(void **state)
{
	const struct hostile_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(c->json);
	struct host_object *ingress = host_object_from_ingress(json), *service = host_object_from_service(json);
	struct namespace_info *ns = namespace_from_json(json);

	assert_int_equal(ingress != NULL, c->is_object);
	assert_int_equal(ns != NULL, c->is_object);
	if (ingress) {
		assert_int_equal(ingress->n_records, 0);
		assert_text(ingress->tenant, NULL);
		assert_text(ingress->controller_uuid, NULL);
	}
	if (service)
		assert_int_equal(service->n_records, 0);
	host_object_free(ingress);
	host_object_free(service);
	namespace_free(ns);
}

/* ---- what is a change ---- */

#define FULL(name, labels, annotations, tls, path, ip) \
	"{'metadata': {'name': '" name "', 'namespace': 'web', 'labels': {" labels "}," \
	"'annotations': {" annotations "}}," \
	"'spec': {'tls': [{'hosts': ['" tls "']}], 'rules': [" RULE("a.org", PATH(path)) "]}," \
	STATUS(AT(ip, "a.org")) "}"
#define IDENTITY(vs, controller) \
	MAP("{\\\"a.org\\\": \\\"" vs "\\\"}") ",'ako.vmware.com/controller-cluster-uuid': '" controller "'"

static const char before[] = FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-1"), "x.org", "/", "10.0.0.1");

struct change_case {
	const char *name, *after;
	bool is_same;
};

static const struct change_case change_cases[] = {
	{ "nothing", FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-1"), "x.org", "/", "10.0.0.1"), true },
	{ "an annotation of somebody else",
	  FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-1") ",'x': 'y'", "x.org", "/", "10.0.0.1"), true },
	{ "tls of a host that is not there",
	  FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-1"), "y.org", "/", "10.0.0.1"), true },
	{ "its name", FULL("cart", "'app': 'gslb'", IDENTITY("vs-a", "c-1"), "x.org", "/", "10.0.0.1"), .is_same = false },
	{ "a label",
	  FULL("shop", "'app': 'gslb', 'a': 'b'", IDENTITY("vs-a", "c-1"), "x.org", "/", "10.0.0.1"), .is_same = false },
	{ "the identity",
	  FULL("shop", "'app': 'gslb'", IDENTITY("vs-b", "c-1"), "x.org", "/", "10.0.0.1"), .is_same = false },
	{ "the controller",
	  FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-2"), "x.org", "/", "10.0.0.1"), .is_same = false },
	{ "the tenant",
	  FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-1") ",'ako.vmware.com/tenant-name': 'blue'", "x.org", "/",
	  "10.0.0.1"), .is_same = false },
	{ "TLS alone (ING-5)",
	  FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-1"), "a.org", "/", "10.0.0.1"), .is_same = false },
	{ "a path",
	  FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-1"), "x.org", "/cart", "10.0.0.1"), .is_same = false },
	{ "the address alone",
	  FULL("shop", "'app': 'gslb'", IDENTITY("vs-a", "c-1"), "x.org", "/", "10.0.0.2"), .is_same = false },
};

static void a_change_is_seen(void **state)
{
	const struct change_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *old = scene_json(before), *new = scene_json(c->after);
	struct host_object *a = host_object_from_ingress(old), *b = host_object_from_ingress(new);

	assert_int_equal(host_object_same(a, b), c->is_same);
	assert_int_equal(host_object_same(b, a), c->is_same);
	host_object_free(a);
	host_object_free(b);
}

static void a_services_port_and_protocol_are_changes(void **state)
{
	static const char *const versions[] = {
		SERVICE(PORT("80", "TCP"), AT("10.0.0.1", "a.org")), SERVICE(PORT("80", "UDP"), AT("10.0.0.1", "a.org")),
		SERVICE(PORT("81", "TCP"), AT("10.0.0.1", "a.org")),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(versions); k++) {
			CLEANUP(cJSON_Deletep) cJSON *old = scene_json(versions[i]), *new = scene_json(versions[k]);
			struct host_object *a = host_object_from_service(old), *b = host_object_from_service(new);

			assert_int_equal(host_object_same(a, b), i == k);
			host_object_free(a);
			host_object_free(b);
		}
	}
}

static void parts_of_descriptions_name_the_object(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *ingress_json = scene_json(before);
	CLEANUP(cJSON_Deletep) cJSON *service_json = scene_json(SERVICE(PORT("80", "TCP"), AT("10.0.0.1", "a.org")));
	struct host_object *ingress = host_object_from_ingress(ingress_json);
	struct host_object *service = host_object_from_service(service_json);
	CLEANUP(freep) char *of_ingress = host_object_describe(ingress, "arn/east", "a.org");
	CLEANUP(freep) char *of_service = host_object_describe(service, "west", "a.org");

	(void)state;
	assert_text(of_ingress, "INGRESS/arn/east/web/shop/a.org");
	assert_text(of_service, "LBSVC/west/web/shop");
	assert_non_null(host_object_find(ingress, "a.org"));
	assert_null(host_object_find(ingress, "A.org"));
	host_object_free(ingress);
	host_object_free(service);
	host_object_free(NULL);
	namespace_free(NULL);
}

static void namespaces_are_compared(void **state)
{
	static const char *const versions[] = {
		"{'metadata': {'name': 'web'}}", "{'metadata': {'name': 'shop'}}",
		"{'metadata': {'name': 'web', 'labels': {'a': 'b'}}}",
		"{'metadata': {'name': 'web', 'annotations': {'ako.vmware.com/tenant-name': ''}}}",
		"{'metadata': {'name': 'web', 'annotations': {'ako.vmware.com/tenant-name': 'blue'}}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(versions); k++) {
			CLEANUP(cJSON_Deletep) cJSON *old = scene_json(versions[i]), *new = scene_json(versions[k]);
			struct namespace_info *a = namespace_from_json(old), *b = namespace_from_json(new);

			assert_int_equal(namespace_same(a, b), i == k);
			namespace_free(a);
			namespace_free(b);
		}
	}
}

/* ---- as large as an API server can make them ---- */

#define MANY 20000

static cJSON *ingress_of_many_hosts(void)
{
	CLEANUP(buf_release) struct buf text;

	buf_init(&text, 8 << 20);
	buf_puts(&text, "{\"metadata\":{\"name\":\"a\",\"namespace\":\"web\"},\"spec\":{\"rules\":[");
	for (int i = 0; i < MANY; i++)
		buf_printf(&text, "%s{\"host\":\"h%d.org\"}", i ? "," : "", i);
	buf_puts(&text, "],\"tls\":[{\"hosts\":[");
	for (int i = 0; i < MANY; i++)
		buf_printf(&text, "%s\"h%d.org\"", i ? "," : "", i);
	buf_puts(&text, "]}]},\"status\":{\"loadBalancer\":{\"ingress\":[");
	for (int i = 0; i < MANY; i++)
		buf_printf(&text, "%s{\"ip\":\"10.0.0.1\",\"hostname\":\"h%d.org\"}", i ? "," : "", i);
	buf_puts(&text, "]}}}");
	return json_parse(buf_slice(&text), NULL);
}

/* Each list is gone through once: by pairs it would take a minute, in which nothing else is done. */
static void an_ingress_of_many_hosts_takes_its_time_once(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *json = ingress_of_many_hosts();
	clock_t began = clock();
	struct host_object *object = host_object_from_ingress(json);

	(void)state;
	assert_int_equal(object->n_records, MANY);
	for (size_t i = 0; i < MANY; i++) {
		CLEANUP(freep) char *host = xasprintf("h%zu.org", i);

		assert_true(host_object_find(object, host)->is_tls);
	}
	assert_null(host_object_find(object, "h.org"));
	assert_true(clock() - began < 10 * CLOCKS_PER_SEC);
	host_object_free(object);
}

static void of_too_many_paths_the_first_in_order_stay(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(INGRESS(RULE("a.org", ""), AT("10.0.0.1", "a.org")));
	cJSON *paths = cJSON_GetArrayItem(json_at(json, "spec", "rules", NULL), 0);
	struct host_object *object;

	(void)state;
	paths = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(paths, "http"), "paths");
	for (int i = 9999; i >= 0; i--) {
		CLEANUP(freep) char *path = xasprintf("/%04d", i);

		json_put_str(json_add_object(paths), "path", path);
	}
	object = host_object_from_ingress(json);
	assert_int_equal(object->records[0].paths.n, 64);
	strs_sort(&object->records[0].paths);
	assert_text(object->records[0].paths.v[0], "/0000");
	assert_text(object->records[0].paths.v[63], "/0063");
	host_object_free(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ingress_of_many_hosts_takes_its_time_once),
		cmocka_unit_test(of_too_many_paths_the_first_in_order_stay),
		cmocka_unit_test(a_services_port_and_protocol_are_changes),
		cmocka_unit_test(parts_of_descriptions_name_the_object),
		cmocka_unit_test(namespaces_are_compared),
	};
	int n_failed = 0;

	json_init();
	n_failed += RUN_TABLE(an_ingress_is_read, ingress_cases);
	n_failed += RUN_TABLE(a_service_is_read, service_cases);
	n_failed += RUN_TABLE(annotations_are_read, annotation_cases);
	n_failed += RUN_TABLE(hostile_json_is_survived, hostile_cases);
	n_failed += RUN_TABLE(a_change_is_seen, change_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
