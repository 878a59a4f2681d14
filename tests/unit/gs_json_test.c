/* Services and monitors as JSON, there and back. */
#include "tests/unit/unit.h"

#include "common/base/buf.h"
#include "leader/avi/gs_json.h"

static cJSON *parse(const char *text)
{
	struct err err = { 0 };
	cJSON *json = json_parse(slice_of(text), &err);

	if (!json)
		fail_msg("%s: %s", err.msg, text);
	return json;
}

static void assert_json(const cJSON *got, const char *want)
{
	CLEANUP(cJSON_Deletep) cJSON *wanted = parse(want);
	CLEANUP(freep) char *got_text = json_text(got);
	CLEANUP(freep) char *want_text = json_text(wanted);

	if (!json_same(got, wanted))
		fail_msg("\n got %s\nwant %s", got_text, want_text);
}

/* ---- references ---- */

struct ref_case {
	const char *name, *ref, *want;
};

static const struct ref_case ref_cases[] = {
	{ "an answer names what it refers to", "https://10.0.0.5/api/healthmonitor/healthmonitor-11aa#amko--886b", "amko--886b" },
	{ "a name may hold a hash", "https://10.0.0.5/api/healthmonitor/healthmonitor-11aa#a#b", "a#b" },
	{ "a request names it in the query", "/api/healthmonitor?name=my-hm1", "my-hm1" },
	{ "the reference writes a host that is empty", "https:///api/tenant/?name=admin", "admin" },
	{ "a name in a query is decoded", "/api/healthmonitor?name=a%20b%2Fc%23d", "a b/c#d" },
	{ "a plus is a plus", "/api/healthmonitor?name=a+b", "a+b" },
	{ "a broken code stays", "/api/healthmonitor?name=a%2", "a%2" },
	{ "a code of nothing stays", "/api/healthmonitor?name=a%00b", "a%00b" },
	{ "the name may come later in the query", "/api/healthmonitor?is_federated=true&name=x&y=z", "x" },
	{ "without a name it is the uuid", "https://10.0.0.5/api/tenant/tenant-77", "tenant-77" },
	{ "an empty name is none", "https://10.0.0.5/api/tenant/admin#", "admin" },
	{ "a slash at the end does not count", "https://10.0.0.5/api/tenant/admin/", "admin" },
	{ "a bare name is itself", "admin", "admin" },
	{ "nothing stays nothing", NULL, NULL },
	{ "an empty reference names nothing", "", "" },
};

static void a_reference_is_reduced_to_a_name(void **state)
{
	const struct ref_case *c = *state;
	CLEANUP(freep) char *got = ref_name(c->ref);

	assert_text(got, c->want);
}

/* ---- bodies ---- */

static struct gs_group *group_of(struct gs *gs, int priority)
{
	for (size_t i = 0; i < gs->n_groups; i++)
		if (gs->groups[i].priority == priority)
			return &gs->groups[i];
	fail_msg("no group of priority %d", priority);
	return NULL;
}

static void set_algorithm(struct gs *gs, int priority, const char *algorithm, const char *fallback, int mask, int min_up)
{
	struct gs_group *group = group_of(gs, priority);

	group->algorithm = xstrdup(algorithm);
	group->fallback_algorithm = xstrdup(fallback);
	group->has_hash_mask = mask > 0;
	group->hash_mask = mask;
	group->min_monitors_up = min_up;
}

static struct gs *two_clusters(void)
{
	struct gs *gs = gs_new("admin", "shop.example.org");

	gs->created_by = xstrdup("amko-3f0c7c1e-9a51-11ee-8f4b-0242ac120002");
	strs_add(&gs->objects, "INGRESS/east/web/shop-ing/shop.example.org");
	strs_add(&gs->objects, "ROUTE/west/web/shop-route");
	strs_add(&gs->domain_names, "shop.example.org");
	gs_add_member(gs, 10, &(struct gs_member){ .ip = (char[]){ "10.20.0.11" }, .ratio = 8,
		.cluster_uuid = (char[]){ "cluster-5b1f2a1e" }, .vs_uuid = (char[]){ "virtualservice-e1" } });
	gs_add_member(gs, 10, &(struct gs_member){ .ip = (char[]){ "10.30.0.11" }, .ratio = 2,
		.cluster_uuid = (char[]){ "cluster-91d0c5aa" }, .vs_uuid = (char[]){ "virtualservice-w1" } });
	set_algorithm(gs, 10, "GSLB_ALGORITHM_ROUND_ROBIN", NULL, 0, 2);
	strs_add(&gs->monitor_refs, "amko--886b4dbb333f808691b22c2b55734773a8c3f37e");
	strs_add(&gs->monitor_refs, "amko--77");
	return gs;
}

static struct gs *everything(void)
{
	struct gs *gs = two_clusters();

	gs->has_ttl = true;
	gs->ttl_s = 30;
	gs->persistence_ref = xstrdup("gap 1");
	gs->pki_ref = xstrdup("pki&1");
	gs->down_response = xstrdup("GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP");
	gs->fallback_ip = xstrdup("192.0.2.9");
	gs_add_member(gs, 20, &(struct gs_member){ .ip = (char[]){ "10.20.0.12" }, .ratio = 15,
		.cluster_uuid = (char[]){ "cluster-5b1f2a1e" }, .vs_uuid = (char[]){ "virtualservice-e2" },
		.public_ip = (char[]){ "198.51.100.7" } });
	gs_add_member(gs, 5, &(struct gs_member){ .ip = (char[]){ "203.0.113.5" }, .ratio = 3,
		.public_ip = (char[]){ "2001:db8::9" } });
	set_algorithm(gs, 20, "GSLB_ALGORITHM_GEO", "GSLB_ALGORITHM_CONSISTENT_HASH", 31, 3);
	set_algorithm(gs, 5, "GSLB_ALGORITHM_CONSISTENT_HASH", NULL, 16, 3);
	return gs;
}

static struct gs *control_plane_only(void)
{
	struct gs *gs = gs_new("blue tenant", "a.example.org");

	gs->created_by = xstrdup("amko-1");
	gs->has_ttl = true;
	strs_add(&gs->domain_names, "a.example.org");
	gs_add_member(gs, 10, &(struct gs_member){ .ip = (char[]){ "2001:db8::1" }, .ratio = 1,
		.cluster_uuid = (char[]){ "cluster-5b1f2a1e" } });
	set_algorithm(gs, 10, "GSLB_ALGORITHM_TOPOLOGY", NULL, 0, 1);
	gs->down_response = xstrdup("GSLB_SERVICE_DOWN_RESPONSE_EMPTY");
	return gs;
}

#define CONSTANTS "\"enabled\": true, \"is_federated\": true, \"controller_health_status_enabled\": true, " \
	"\"health_monitor_scope\": \"GSLB_SERVICE_HEALTH_MONITOR_ALL_MEMBERS\", " \
	"\"pool_algorithm\": \"GSLB_SERVICE_ALGORITHM_PRIORITY\", " \
	"\"min_members\": 0, \"resolve_cname\": false, \"use_edns_client_subnet\": true, \"wildcard_match\": false"
#define HEAD "\"name\": \"shop.example.org\", \"tenant_ref\": \"/api/tenant/?name=admin\", " \
	"\"created_by\": \"amko-3f0c7c1e-9a51-11ee-8f4b-0242ac120002\", " \
	"\"description\": \"INGRESS/east/web/shop-ing/shop.example.org,ROUTE/west/web/shop-route\", " \
	"\"domain_names\": [\"shop.example.org\"], " CONSTANTS
#define GROUP_10 "{\"name\": \"amko-gs-group-10\", \"priority\": 10, \"enabled\": true, " \
	"\"algorithm\": \"GSLB_ALGORITHM_ROUND_ROBIN\", \"min_health_monitors_up\": 2, \"members\": [" \
	"{\"enabled\": true, \"ratio\": 8, \"ip\": {\"addr\": \"10.20.0.11\", \"type\": \"V4\"}, " \
	"\"cluster_uuid\": \"cluster-5b1f2a1e\", \"vs_uuid\": \"virtualservice-e1\"}, " \
	"{\"enabled\": true, \"ratio\": 2, \"ip\": {\"addr\": \"10.30.0.11\", \"type\": \"V4\"}, " \
	"\"cluster_uuid\": \"cluster-91d0c5aa\", \"vs_uuid\": \"virtualservice-w1\"}]}"
#define REFS "\"health_monitor_refs\": [\"/api/healthmonitor?name=amko--886b4dbb333f808691b22c2b55734773a8c3f37e\", " \
	"\"/api/healthmonitor?name=amko--77\"]"

struct gs_case {
	const char *name;
	struct gs *(*make)(void);
	const char *body;
};

static const struct gs_case gs_cases[] = {
	{ "two clusters and path monitors", two_clusters,
	  "{" HEAD ", \"site_persistence_enabled\": false, \"groups\": [" GROUP_10 "], " REFS "}" },
	{ "groups, persistence, TTL, down response, public addresses", everything,
	  "{" HEAD ", \"site_persistence_enabled\": true, "
	  "\"application_persistence_profile_ref\": \"/api/applicationpersistenceprofile?name=gap%201\", "
	  "\"pki_profile_ref\": \"/api/pkiprofile?name=pki%261\", \"ttl\": 30, "
	  "\"down_response\": {\"type\": \"GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP\", "
		"\"fallback_ip\": {\"addr\": \"192.0.2.9\", \"type\": \"V4\"}}, "
	  "\"groups\": [{\"name\": \"amko-gs-group-20\", \"priority\": 20, \"enabled\": true, "
		"\"algorithm\": \"GSLB_ALGORITHM_GEO\", \"fallback_algorithm\": \"GSLB_ALGORITHM_CONSISTENT_HASH\", "
		"\"consistent_hash_mask\": 31, \"min_health_monitors_up\": 3, \"members\": [{\"enabled\": true, \"ratio\": 15, "
		"\"ip\": {\"addr\": \"10.20.0.12\", \"type\": \"V4\"}, \"cluster_uuid\": \"cluster-5b1f2a1e\", "
		"\"vs_uuid\": \"virtualservice-e2\", \"public_ip\": {\"ip\": {\"addr\": \"198.51.100.7\", \"type\": \"V4\"}}}]}, "
	  GROUP_10 ", {\"name\": \"amko-gs-group-5\", \"priority\": 5, \"enabled\": true, "
		"\"algorithm\": \"GSLB_ALGORITHM_CONSISTENT_HASH\", \"consistent_hash_mask\": 16, \"min_health_monitors_up\": 3, "
		"\"members\": [{\"enabled\": true, \"ratio\": 3, \"ip\": {\"addr\": \"203.0.113.5\", \"type\": \"V4\"}, "
		"\"public_ip\": {\"ip\": {\"addr\": \"2001:db8::9\", \"type\": \"V6\"}}}]}], " REFS "}" },
	{ "no monitors, a TTL of nothing, a member that has no virtual service", control_plane_only,
	  "{\"name\": \"a.example.org\", \"tenant_ref\": \"/api/tenant/?name=blue%20tenant\", \"created_by\": \"amko-1\", "
	  "\"description\": \"\", \"domain_names\": [\"a.example.org\"], " CONSTANTS ", \"site_persistence_enabled\": false, "
	  "\"ttl\": 0, \"down_response\": {\"type\": \"GSLB_SERVICE_DOWN_RESPONSE_EMPTY\"}, "
	  "\"groups\": [{\"name\": \"amko-gs-group-10\", \"priority\": 10, \"enabled\": true, "
		"\"algorithm\": \"GSLB_ALGORITHM_TOPOLOGY\", \"min_health_monitors_up\": 1, \"members\": [{\"enabled\": true, "
		"\"ratio\": 1, \"ip\": {\"addr\": \"2001:db8::1\", \"type\": \"V6\"}, \"cluster_uuid\": \"cluster-5b1f2a1e\", "
		"\"vs_uuid\": \"\"}]}]}" },
};

static void a_service_is_written(void **state)
{
	const struct gs_case *c = *state;
	CLEANUP(gs_freep) struct gs *gs = c->make();
	CLEANUP(cJSON_Deletep) cJSON *body = gs_to_json(gs);

	assert_json(body, c->body);
}

struct monitor_case {
	const char *name;
	struct monitor monitor;
	const char *codes[3];
	const char *body;
};

#define OWNER "amko-3f0c7c1e-9a51-11ee-8f4b-0242ac120002"
#define MONITOR_BODY(name, type, port, description) \
	"{\"name\": \"" name "\", \"type\": \"" type "\", \"tenant_ref\": \"/api/tenant/?name=admin\", " \
	"\"is_federated\": true, \"allow_duplicate_monitors\": true, \"description\": \"" description "\", " \
	"\"send_interval\": 10, \"receive_timeout\": 4, \"successful_checks\": 3, \"failed_checks\": 3, " \
	"\"monitor_port\": " port ", \"markers\": [{\"key\": \"created-by\", \"values\": [\"" OWNER "\"]}], "
#define TEXT(s) (char *)(uintptr_t)(s)

static const struct monitor_case monitor_cases[] = {
	{ "a monitor of a path",
	  { .tenant = TEXT("admin"), .name = TEXT("amko--d093"), .type = MONITOR_HTTPS, .port = 443, .owner = TEXT(OWNER),
	    .description = TEXT("created by: amko, gsname: shop.example.org, path: /, protocol: https"),
	    .request = TEXT("HEAD / HTTP/1.0") }, { "HTTP_2XX", "HTTP_3XX" },
	  MONITOR_BODY("amko--d093", "HEALTH_MONITOR_HTTPS", "443",
		       "created by: amko, gsname: shop.example.org, path: /, protocol: https")
	  "\"https_monitor\": {\"http_request\": \"HEAD / HTTP/1.0\", \"http_response_code\": [\"HTTP_2XX\", \"HTTP_3XX\"]}}" },
	{ "a monitor of a path in the clear",
	  { .tenant = TEXT("admin"), .name = TEXT("amko--1"), .type = MONITOR_HTTP, .port = 80, .owner = TEXT(OWNER),
	    .description = TEXT("d"), .request = TEXT("GET /cart HTTP/1.1") }, { "HTTP_ANY" },
	  MONITOR_BODY("amko--1", "HEALTH_MONITOR_HTTP", "80", "d")
	  "\"http_monitor\": {\"http_request\": \"GET /cart HTTP/1.1\", \"http_response_code\": [\"HTTP_ANY\"]}}" },
	{ "a monitor of a TCP port",
	  { .tenant = TEXT("admin"), .name = TEXT("amko--2"), .type = MONITOR_TCP, .port = 5432, .owner = TEXT(OWNER),
	    .description = TEXT("created by: amko, gsname: db.example.org") }, { NULL },
	  MONITOR_BODY("amko--2", "HEALTH_MONITOR_TCP", "5432", "created by: amko, gsname: db.example.org")
	  "\"tcp_monitor\": {\"tcp_half_open\": false}}" },
	{ "a monitor of a UDP port",
	  { .tenant = TEXT("admin"), .name = TEXT("amko--3"), .type = MONITOR_UDP, .port = 5060, .owner = TEXT(OWNER),
	    .description = TEXT("d") }, { NULL },
	  MONITOR_BODY("amko--3", "HEALTH_MONITOR_UDP", "5060", "d")
	  "\"udp_monitor\": {\"udp_request\": \"created_by: amko, request string not required\"}}" },
};

static struct monitor *monitor_of(const struct monitor_case *c)
{
	struct monitor *monitor = monitor_copy(&c->monitor);

	for (size_t i = 0; c->codes[i]; i++)
		strs_add(&monitor->response_codes, c->codes[i]);
	return monitor;
}

static void a_monitor_is_written(void **state)
{
	const struct monitor_case *c = *state;
	CLEANUP(monitor_freep) struct monitor *monitor = monitor_of(c);
	CLEANUP(cJSON_Deletep) cJSON *body = monitor_to_json(monitor);

	assert_json(body, c->body);
}

/* ---- there and back ---- */

/* "/api/type?name=x" -> "https://10.0.0.5/api/type/type-11aa#x", as the controller answers. */
static cJSON *resolved(const char *ref)
{
	CLEANUP(freep) char *name = ref_name(ref);
	CLEANUP(freep) char *type = xstrndup(ref + strlen("/api/"), strcspn(ref + strlen("/api/"), "/?"));
	CLEANUP(freep) char *text = xasprintf("https://10.0.0.5/api/%s/%s-11aa#%s", type, type, name);

	return cJSON_CreateString(text);
}

static cJSON *as_answered(const cJSON *body)
{
	cJSON *answer = cJSON_CreateObject();
	const cJSON *field, *ref;

	cJSON_ArrayForEach(field, body) {
		size_t n = strlen(field->string);

		if (cJSON_IsString(field) && n > 4 && streq(field->string + n - 4, "_ref")) {
			json_put(answer, field->string, resolved(field->valuestring));
		} else if (streq(field->string, "health_monitor_refs")) {
			cJSON *refs = json_put_array(answer, field->string);

			cJSON_ArrayForEach(ref, field)
				cJSON_AddItemToArray(refs, resolved(ref->valuestring));
		} else {
			json_put(answer, field->string, cJSON_Duplicate(field, true));
		}
	}
	json_put_str(answer, "uuid", "x-1");
	json_put_str(answer, "url", "https://10.0.0.5/api/x/x-1#x");
	json_put_str(answer, "_last_modified", "1716900000000000");
	json_put_int(answer, "num_dns_ip", 0);
	return answer;
}

static void assert_no_difference(const struct strs *fields)
{
	CLEANUP(freep) char *names = strs_join(fields, " ");

	assert_text(names, "");
}

struct modified_case {
	const char *name, *text;
	int64_t modified_us;
};

static const struct modified_case modified_cases[] = {
	{ "as the controller writes it", "1716900000000000", 1716900000000000 },
	{ "the greatest", "999999999999999999", 999999999999999999 },
	{ "too great to be repeated", "1000000000000000000", 0 },
	{ "with a zero before it", "0171", 0 },
	{ "no number", "12x", 0 },
	{ "nothing", "", 0 },
	{ "absent", NULL, 0 },
};

static void the_last_change_is_remembered(void **state)
{
	const struct modified_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *object = cJSON_CreateObject();
	CLEANUP(gs_freep) struct gs *gs = NULL, *copy = NULL;
	CLEANUP(monitor_freep) struct monitor *monitor = NULL;

	json_put_str(object, "name", "a.example.org");
	json_put_str(object, "uuid", "x-1");
	if (c->text)
		json_put_str(object, "_last_modified", c->text);
	gs = gs_from_json(object, "admin");
	monitor = monitor_from_json(object, "admin");
	copy = gs_copy(gs);
	assert_int_equal(gs->modified_us, c->modified_us);
	assert_int_equal(copy->modified_us, c->modified_us);
	assert_int_equal(monitor->modified_us, c->modified_us);
}

static void an_answered_service_is_the_wanted_one(void **state)
{
	const struct gs_case *c = *state;
	CLEANUP(strs_release) struct strs fields = { 0 };
	CLEANUP(gs_freep) struct gs *wanted = c->make(), *actual = NULL;
	CLEANUP(cJSON_Deletep) cJSON *body = gs_to_json(wanted), *answer = as_answered(body), *again = NULL;

	actual = gs_from_json(answer, "*");
	gs_same(wanted, actual, &fields);
	assert_no_difference(&fields);
	assert_text(actual->uuid, "x-1");
	assert_text(actual->tenant, wanted->tenant);
	again = gs_to_json(actual);
	assert_true(json_same(again, body));
}

static void an_answered_monitor_is_the_wanted_one(void **state)
{
	const struct monitor_case *c = *state;
	CLEANUP(strs_release) struct strs fields = { 0 };
	CLEANUP(monitor_freep) struct monitor *wanted = monitor_of(c), *actual = NULL;
	CLEANUP(cJSON_Deletep) cJSON *body = monitor_to_json(wanted), *answer = as_answered(body), *again = NULL;

	actual = monitor_from_json(answer, "*");
	monitor_same(wanted, actual, &fields);
	assert_no_difference(&fields);
	assert_text(actual->tenant, "admin");
	again = monitor_to_json(actual);
	assert_true(json_same(again, body));
}

/* ---- reading what others wrote ---- */

static void add(struct buf *b, const char *key, const char *value)
{
	if (value)
		buf_printf(b, " %s=%s", key, value);
}

static void add_list(struct buf *b, const char *key, const struct strs *list)
{
	CLEANUP(freep) char *text = strs_join(list, ",");

	if (list->n)
		add(b, key, text);
}

static void add_group(struct buf *b, const struct gs_group *group)
{
	buf_printf(b, " %d:%s", group->priority, group->algorithm ? group->algorithm : "-");
	add(b, "fallback", group->fallback_algorithm);
	if (group->has_hash_mask)
		buf_printf(b, " mask=%d", group->hash_mask);
	buf_printf(b, " up=%d", group->min_monitors_up);
	for (size_t i = 0; i < group->n_members; i++) {
		const struct gs_member *m = &group->members[i];

		buf_printf(b, " (%s*%d", m->ip, m->ratio);
		add(b, "cluster", m->cluster_uuid);
		add(b, "vs", m->vs_uuid);
		add(b, "public", m->public_ip);
		buf_puts(b, m->is_disabled ? " off)" : ")");
	}
}

static char *gs_words(const struct gs *gs)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%s/%s", gs->tenant, gs->name);
	add(&b, "by", gs->created_by);
	add_list(&b, "domains", &gs->domain_names);
	add_list(&b, "objects", &gs->objects);
	for (size_t i = 0; i < gs->n_groups; i++)
		add_group(&b, &gs->groups[i]);
	add_list(&b, "monitors", &gs->monitor_refs);
	if (gs->has_ttl)
		buf_printf(&b, " ttl=%d", gs->ttl_s);
	add(&b, "persistence", gs->persistence_ref);
	add(&b, "pki", gs->pki_ref);
	add(&b, "down", gs->down_response);
	add(&b, "fallback", gs->fallback_ip);
	add_list(&b, "deviations", &gs->deviations);
	return buf_take(&b);
}

static char *monitor_words(const struct monitor *m)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_printf(&b, "%s/%s", m->tenant, m->name);
	add(&b, "type", monitor_type_name(m->type));
	if (m->port)
		buf_printf(&b, " port=%d", m->port);
	add(&b, "description", m->description);
	add(&b, "owner", m->owner);
	add(&b, "request", m->request);
	add_list(&b, "codes", &m->response_codes);
	add_list(&b, "deviations", &m->deviations);
	return buf_take(&b);
}

struct read_case {
	const char *name, *json, *tenant, *want;
};

#define GS(rest) "{\"name\": \"g\", \"uuid\": \"u\"" rest "}"
#define IN_GROUP(rest) GS(", \"groups\": [{\"members\": [{\"ip\": {\"addr\": \"1.1.1.1\"}}]" rest "}]")
static const struct read_case gs_read_cases[] = {
	{ "without a name nothing can be done", "{\"uuid\": \"u\"}", "*", NULL },
	{ "without a uuid nothing can be done", "{\"name\": \"g\", \"uuid\": \"\"}", "*", NULL },
	{ "what is no object is no service", "[1]", "*", NULL },
	{ "everything else may be missing", GS(""), "blue", "blue/g" },
	{ "all tenants are no tenant", GS(""), "*", "admin/g" },
	{ "the tenant is told by name", GS(", \"tenant_ref\": \"https://h/api/tenant/tenant-7#blue\""), "*", "blue/g" },
	{ "a tenant told by uuid is the one that was asked for", GS(", \"tenant_ref\": \"https://h/api/tenant/tenant-7\""), "blue", "blue/g" },
	{ "or admin, whose uuid is its name", GS(", \"tenant_ref\": \"https://h/api/tenant/admin\""), "blue", "admin/g" },
	{ "admin's uuid is a name for who asked for all", GS(", \"tenant_ref\": \"https://h/api/tenant/admin\""), "*", "admin/g" },
	{ "who asked for all cannot tell another tenant by uuid", GS(", \"tenant_ref\": \"https://h/api/tenant/tenant-7\""), "*", NULL },
	{ "references that name nothing count as absent",
	  GS(", \"tenant_ref\": \"/\", \"health_monitor_refs\": [\"\", \"#\", \"/api/healthmonitor?name=a\"], "
	     "\"application_persistence_profile_ref\": \"//\", \"pki_profile_ref\": \"/?x=y\""), "blue", "blue/g monitors=a" },
	{ "odd types count as absent",
	  GS(", \"tenant_ref\": 7, \"created_by\": [], \"domain_names\": \"x\", \"description\": {}, \"groups\": 3, "
	     "\"ttl\": \"30\", \"down_response\": \"x\", \"health_monitor_refs\": [1, null], \"enabled\": \"no\""),
	  "blue", "blue/g" },
	{ "an empty description has no objects", GS(", \"description\": \"\""), "blue", "blue/g" },
	{ "a description is a list of objects", GS(", \"description\": \"INGRESS/e/n/i/h,,LBSVC/w/n/s\""), "blue",
	  "blue/g objects=INGRESS/e/n/i/h,LBSVC/w/n/s" },
	{ "defaults of groups and members", IN_GROUP(""), "blue", "blue/g 10:- up=0 (1.1.1.1*1)" },
	{ "groups by descending priority",
	  GS(", \"groups\": [{\"priority\": 5, \"members\": [{\"ip\": {\"addr\": \"1.1.1.1\"}}]}, "
	     "{\"priority\": 20, \"members\": [{\"ip\": {\"addr\": \"2.2.2.2\"}, \"enabled\": false, \"ratio\": 7}]}]"), "blue",
	  "blue/g 20:- up=0 (2.2.2.2*7 off) 5:- up=0 (1.1.1.1*1)" },
	{ "a mask without a hash means nothing",
	  IN_GROUP(", \"algorithm\": \"GSLB_ALGORITHM_ROUND_ROBIN\", \"consistent_hash_mask\": 31"), "blue",
	  "blue/g 10:GSLB_ALGORITHM_ROUND_ROBIN up=0 (1.1.1.1*1)" },
	{ "a fallback without geo means nothing",
	  IN_GROUP(", \"algorithm\": \"GSLB_ALGORITHM_TOPOLOGY\", \"fallback_algorithm\": \"GSLB_ALGORITHM_CONSISTENT_HASH\", "
		   "\"consistent_hash_mask\": 31"), "blue", "blue/g 10:GSLB_ALGORITHM_TOPOLOGY up=0 (1.1.1.1*1)" },
	{ "a member without an address is not ours", GS(", \"groups\": [{\"members\": [{\"ip\": {\"addr\": \"1.1.1.1\"}}, "
	  "{\"fqdn\": \"x.example.org\"}, 7]}]"), "blue", "blue/g 10:- up=0 (1.1.1.1*1) deviations=members" },
	{ "a group without members is not ours", GS(", \"groups\": [{\"priority\": 3, \"members\": []}]"), "blue",
	  "blue/g deviations=groups" },
	{ "two groups of one priority are not ours", GS(", \"groups\": [{\"members\": [{\"ip\": {\"addr\": \"1.1.1.1\"}}]}, "
	  "{\"members\": [{\"ip\": {\"addr\": \"2.2.2.2\"}}]}]"), "blue",
	  "blue/g 10:- up=0 (1.1.1.1*1) (2.2.2.2*1) deviations=groups" },
	{ "a group that is off is a deviation", IN_GROUP(", \"enabled\": false"), "blue",
	  "blue/g 10:- up=0 (1.1.1.1*1) deviations=groups" },
	{ "numbers out of reach count as absent", IN_GROUP(", \"priority\": 99999999999, \"min_health_monitors_up\": 1.5"),
	  "blue", "blue/g 10:- up=0 (1.1.1.1*1)" },
	{ "a TTL of nothing is one", GS(", \"ttl\": 0"), "blue", "blue/g ttl=0" },
	{ "persistence that is off with a profile is a deviation",
	  GS(", \"site_persistence_enabled\": false, \"application_persistence_profile_ref\": \"https://h/api/x/y#gap\""),
	  "blue", "blue/g persistence=gap deviations=site_persistence_enabled" },
	{ "constants that somebody changed are deviations",
	  GS(", \"enabled\": false, \"is_federated\": false, \"controller_health_status_enabled\": false, "
	     "\"health_monitor_scope\": \"x\", \"pool_algorithm\": \"GSLB_SERVICE_ALGORITHM_GEO\", \"min_members\": 2, "
	     "\"resolve_cname\": true, \"use_edns_client_subnet\": false, \"wildcard_match\": true"), "blue",
	  "blue/g deviations=enabled,is_federated,controller_health_status_enabled,health_monitor_scope,pool_algorithm,"
	  "min_members,resolve_cname,use_edns_client_subnet,wildcard_match" },
	{ "fields of others are none of ours", GS(", \"hm_off\": true, \"num_dns_ip\": 3, \"markers\": [{\"key\": \"a\"}]"),
	  "blue", "blue/g" },
};

static void a_service_is_read(void **state)
{
	const struct read_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = parse(c->json);
	CLEANUP(gs_freep) struct gs *gs = gs_from_json(json, c->tenant);
	CLEANUP(freep) char *words = gs ? gs_words(gs) : NULL;

	assert_text(words, c->want);
}

static const struct read_case monitor_read_cases[] = {
	{ "without a name nothing can be done", "{\"uuid\": \"u\"}", "*", NULL },
	{ "everything else may be missing", GS(""), "blue", "blue/g" },
	{ "an unknown type is kept out", GS(", \"type\": \"HEALTH_MONITOR_PING\", \"http_monitor\": {\"http_request\": \"x\"}"),
	  "*", "admin/g" },
	{ "a template tells request and codes",
	  GS(", \"type\": \"HEALTH_MONITOR_HTTP\", \"monitor_port\": 8080, \"http_monitor\": {\"http_request\": "
	     "\"GET /x HTTP/1.1\", \"http_response_code\": [\"HTTP_ANY\", 1]}, \"https_monitor\": {\"http_request\": \"no\"}"),
	  "*", "admin/g type=HEALTH_MONITOR_HTTP port=8080 request=GET /x HTTP/1.1 codes=HTTP_ANY" },
	{ "markers without values, keys or sense",
	  GS(", \"markers\": [1, {\"key\": \"created-by\"}, {\"values\": [\"x\"]}, {\"key\": \"created-by\", \"values\": [7]}, "
	     "{\"key\": \"created-by\", \"values\": [\"amko-1\", \"y\"]}]"), "*", "admin/g owner=amko-1" },
	{ "timers that somebody changed are deviations",
	  GS(", \"type\": \"HEALTH_MONITOR_TCP\", \"send_interval\": 20, \"receive_timeout\": 8, \"successful_checks\": 2, "
	     "\"failed_checks\": 2, \"is_federated\": false, \"allow_duplicate_monitors\": false, "
	     "\"tcp_monitor\": {\"tcp_half_open\": true}"), "*",
	  "admin/g type=HEALTH_MONITOR_TCP deviations=is_federated,allow_duplicate_monitors,send_interval,receive_timeout,"
	  "successful_checks,failed_checks,tcp_half_open" },
	{ "another UDP request is a deviation",
	  GS(", \"type\": \"HEALTH_MONITOR_UDP\", \"udp_monitor\": {\"udp_request\": \"ping\"}"), "*",
	  "admin/g type=HEALTH_MONITOR_UDP deviations=udp_request" },
};

static void a_monitor_is_read(void **state)
{
	const struct read_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = parse(c->json);
	CLEANUP(monitor_freep) struct monitor *monitor = monitor_from_json(json, c->tenant);
	CLEANUP(freep) char *words = monitor ? monitor_words(monitor) : NULL;

	assert_text(words, c->want);
}

int main(void)
{
	int n_failed = RUN_TABLE(a_reference_is_reduced_to_a_name, ref_cases);

	n_failed += RUN_TABLE(a_service_is_written, gs_cases);
	n_failed += RUN_TABLE(a_monitor_is_written, monitor_cases);
	n_failed += RUN_TABLE(an_answered_service_is_the_wanted_one, gs_cases);
	n_failed += RUN_TABLE(an_answered_monitor_is_the_wanted_one, monitor_cases);
	n_failed += RUN_TABLE(the_last_change_is_remembered, modified_cases);
	n_failed += RUN_TABLE(a_service_is_read, gs_read_cases);
	n_failed += RUN_TABLE(a_monitor_is_read, monitor_read_cases);
	return n_failed;
}
