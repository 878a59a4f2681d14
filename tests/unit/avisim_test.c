/* The simulated controller without its sockets: conversations with the API, and the parts below it. */
#include "tests/unit/unit.h"

#include "tests/sim/avisim/fault.h"
#include "tests/sim/avisim/refs.h"
#include "tests/sim/avisim/text.h"

/* Steps are short where the rest is nothing. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define PASSWORD "s3cr3t"
#define NOW_MS 1700000000000
#define HOST "10.0.0.5"

/* --- conversations --------------------------------------------------------------------------------------- */

struct world {
	struct sim *sim;
	struct strs cookies;           /* of the newest login */
	char *text;                    /* of the newest answer */
	int64_t now_ms;
};

/* One step: "METHOD target word..."; the words change headers: tenant=X version=X csrf=X referer=X cookie=X host=X type=X.
 * @name in a target is the UUID of the object of that name. SET, LATER and FAULT (body: a rule) are no requests: see set() and
 * converse(). status 0: the connection is cut. */
struct step {
	const char *request, *body;
	int status;
	const char *want, *never;
};

static const struct object *find_anywhere(const struct sim *sim, const char *name)
{
	for (size_t i = N_KINDS; i-- > 0;) {
		size_t n;
		struct object *const *all = store_sorted(sim->store, &kinds[i], &n);

		for (size_t k = 0; k < n; k++)
			if (streq(all[k]->name, name))
				return all[k];
	}
	fail_msg("no object %s", name);
	return NULL;
}

static char *with_uuid(const struct world *w, const char *target)
{
	const char *at = strchr(target, '@'), *query = strchr(target, '?');
	CLEANUP(freep) char *name = NULL;

	if (!at)
		return xstrdup(target);
	name = query ? xstrndup(at + 1, (size_t)(query - at - 1)) : xstrdup(at + 1);
	return xasprintf("%.*s%s%s", (int)(at - target), target, find_anywhere(w->sim, name)->uuid, query ? query : "");
}

static const char *cookie_value(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->cookies.n; i += 2)
		if (streq(w->cookies.v[i], name))
			return w->cookies.v[i + 1];
	return "";
}

static void keep_cookies(struct world *w, const struct strs *headers)
{
	if (!headers->n || strncmp(headers->v[0], "Set-Cookie", 10) != 0)
		return;
	strs_release(&w->cookies);
	for (size_t i = 0; i < headers->n; i++) {
		struct slice rest = slice_of(headers->v[i] + strlen("Set-Cookie: ")), value, name;

		slice_split(&rest, ';', &value);
		slice_split(&value, '=', &name);
		strs_take(&w->cookies, slice_dup(name));
		strs_take(&w->cookies, slice_dup(value));
	}
}

static void take_header(struct api_request *r, const char *key, const char *value)
{
	const struct {
		const char *key, **field;
	} headers[] = {
		{ "tenant", &r->tenant }, { "version", &r->version }, { "csrf", &r->csrf }, { "referer", &r->referer },
		{ "cookie", &r->cookies }, { "host", &r->host }, { "type", &r->content_type }, { "tenant-uuid", &r->tenant_uuid },
	};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		if (streq(key, headers[i].key))
			*headers[i].field = *value ? value : NULL;
}

/* "a=1&b" into parameters; the texts go to `keep`. */
static size_t take_params(struct slice query, struct api_param *params, struct strs *keep)
{
	struct slice pair, key;
	size_t n = 0;

	while (slice_split(&query, '&', &pair)) {
		slice_split(&pair, '=', &key);
		strs_take(keep, url_decode(key, true));
		params[n].key = keep->v[keep->n - 1];
		strs_take(keep, url_decode(pair, true));
		params[n++].value = keep->v[keep->n - 1];
	}
	return n;
}

static int say(struct world *w, const char *line, const char *body)
{
	CLEANUP(freep) char *cookies = xasprintf("csrftoken=%s; avi-sessionid=%s", cookie_value(w, "csrftoken"), cookie_value(w, "sessionid"));
	CLEANUP(strs_release) struct strs words = { 0 };
	CLEANUP(strs_release) struct strs keep = { 0 };
	CLEANUP(freep) char *target = NULL;
	struct api_param params[16];
	struct api_request r = { .host = HOST, .cookies = cookies, .csrf = cookie_value(w, "csrftoken"), .referer = "https://" HOST "/",
				 .tenant = "admin", .body = slice_of(body), .params = params, .now_ms = w->now_ms };
	struct slice rest = slice_of(line), word, path, key;
	struct api_reply reply;
	struct fault *fault;
	int status;

	while (slice_split(&rest, ' ', &word))
		strs_take(&words, slice_dup(word));
	for (size_t i = 2; i < words.n; i++) {
		rest = slice_of(words.v[i]);
		slice_split(&rest, '=', &key);
		strs_take(&keep, slice_dup(key));
		take_header(&r, keep.v[keep.n - 1], rest.p ? rest.p : "");
	}
	target = with_uuid(w, words.v[1]);
	rest = slice_of(target);
	slice_split(&rest, '?', &path);
	strs_take(&keep, slice_dup(path));
	r.path = keep.v[keep.n - 1];
	r.method = words.v[0];
	r.target = target;
	r.n_params = take_params(rest, params, &keep);
	fault = fault_find(w->sim, &r);
	if (fault)
		fault_answer(fault, w->sim, &r, &reply);
	else
		api_answer(w->sim, &r, &reply);
	status = fault && fault_cuts(fault) ? 0 : reply.status;
	api_record(w->sim, &r, &reply, status);
	free(w->text);
	w->text = reply.text ? TAKE(reply.text) : reply.body ? json_text(reply.body) : xstrdup("");
	keep_cookies(w, &reply.headers);
	api_reply_release(&reply);
	return status;
}

static void set(struct world *w, const char *what, const char *value)
{
	struct settings *s = &w->sim->settings;

	if (streq(what, "follower")) {
		free(s->leader_uuid);
		s->leader_uuid = xstrdup("cluster-x");
	} else if (streq(what, "maintenance")) {
		s->maintenance = true;
	} else if (streq(what, "lenient")) {
		s->is_strict = false;
	} else if (streq(what, "shared-domains")) {
		s->checks_domains = false;
	} else if (streq(what, "subdomains")) {
		s->checks_subdomains = true;
	} else if (streq(what, "strict-tenants")) {
		s->strict_tenants = true;
	} else if (streq(what, "deny")) {
		s->deny = json_parse(slice_of(value), NULL);
	} else if (streq(what, "password")) {
		sessions_set_password(w->sim->sessions, "admin", slice_of(value));
	} else if (streq(what, "expired")) {
		sessions_expire_all(w->sim->sessions);
	} else {
		fail_msg("SET %s", what);
	}
}

#define LOGIN "{\"username\":\"admin\",\"password\":\"" PASSWORD "\"}"
#define HM(name, more) "{\"name\":\"" name "\",\"type\":\"HEALTH_MONITOR_TCP\"" more "}"
#define MEMBER(ip) "{\"ip\":{\"addr\":\"" ip "\",\"type\":\"V4\"}}"
#define GROUP(members) "{\"name\":\"g\",\"members\":[" members "]}"
#define GS_WITH(name, groups, more) "{\"name\":\"" name "\",\"domain_names\":[\"" name "\"],\"groups\":[" groups "]" more "}"
#define GS(name, more) GS_WITH(name, GROUP(MEMBER("10.1.1.1")), more)
#define GS_URL "/api/gslbservice"
#define HM_URL "/api/healthmonitor"
#define CORP ",\"tenant_ref\":\"https:///api/tenant/?name=corp\""

static const struct conversation {
	const char *name;
	struct step steps[7];
} conversations[] = {
	{ "a login answers like a controller", { { "POST /login", LOGIN, 200, "\"session_cookie_name\":\"avi-sessionid\"" } } },
	{ "a form logs in too", {
		{ "POST /login type=application/x-www-form-urlencoded", "username=admin&password=s3cr%33t", 200, "\"username\":\"admin\"" },
		{ "GET /api/cluster", NULL, 200, "\"uuid\":\"cluster-aaaaaaaa\"" } } },
	{ "a wrong password is refused", { { "POST /login", "{\"username\":\"admin\",\"password\":\"x\"}", 401, "{\"error\":\"Invalid credentials\"}" } } },
	{ "a login without a password is refused", { { "POST /login", "{\"username\":\"admin\"}", 401, "Invalid credentials" } } },
	{ "nothing without a session", { { "GET /api/cluster cookie=", NULL, 401, "Authentication credentials were not provided." } } },
	{ "the release is told to anyone", { { "GET /api/initial-data cookie=", NULL, 200, "\"Version\":\"22.1.3\"" } } },
	{ "after logging out the session is gone", {
		{ "POST /logout", NULL, 200, "{}" }, { "GET /api/cluster", NULL, 401 } } },
	{ "expired sessions are refused and a new login works", {
		{ "SET expired" }, { "GET /api/cluster", NULL, 401 }, { "POST /login", LOGIN, 200 }, { "GET /api/cluster", NULL, 200 } } },
	{ "an unused session expires, a used one does not", {
		{ "LATER 899" }, { "GET /api/cluster", NULL, 200 }, { "LATER 899" }, { "GET /api/cluster", NULL, 200 }, { "LATER 901" },
		{ "GET /api/cluster", NULL, 401 } } },
	{ "another password ends the sessions", {
		{ "SET password other" }, { "GET /api/cluster", NULL, 401 }, { "POST /login", LOGIN, 401 },
		{ "POST /login", "{\"username\":\"admin\",\"password\":\"other\"}", 200 } } },

	{ "a write needs the CSRF token", { { "POST " HM_URL " csrf=x", HM("a", ""), 403, "CSRF token missing or incorrect" } } },
	{ "a write needs the Referer", { { "POST " HM_URL " referer=", HM("a", ""), 403, "Referer checking failed." } } },
	{ "the Referer must be below the own origin", { { "POST " HM_URL " referer=https://10.0.0.50/", HM("a", ""), 403 } } },
	{ "the bare origin will do", { { "POST " HM_URL " referer=https://" HOST, HM("a", ""), 201 } } },
	{ "reads need neither", { { "GET " HM_URL " csrf= referer=", NULL, 200 } } },
	{ "a lenient controller asks for neither", { { "SET lenient" }, { "POST " HM_URL " csrf= referer=", HM("a", ""), 201 } } },

	{ "a newer API version is refused", { { "GET /api/cloud version=30.1.1", NULL, 400, "Invalid version 30.1.1" } } },
	{ "an older API version is fine", { { "GET /api/cloud version=18.2.6", NULL, 200, "\"count\":1" } } },
	{ "nonsense for a version is refused", { { "GET /api/cloud version=new", NULL, 400 } } },

	{ "slashes may be repeated", { { "GET //api///cluster/", NULL, 200 }, { "POST //api/healthmonitor/", HM("a", ""), 201 } } },
	{ "an unknown path is told to those logged in", {
		{ "GET /api/virtualservice", NULL, 404 }, { "GET /api/virtualservice cookie=", NULL, 401 }, { "GET /", NULL, 404 } } },
	{ "an unknown method is refused", {
		{ "PATCH " HM_URL "/@System-TCP", "{}", 405 }, { "PUT " HM_URL, "{}", 405 }, { "GET /login", NULL, 405 } } },

	{ "the GSLB object names leader, sites and sub-domains", {
		{ "GET /api/gslb", NULL, 200, "\"leader_cluster_uuid\":\"cluster-aaaaaaaa\"" },
		{ "GET /api/gslb", NULL, 200, "\"dns_configs\":[{\"domain_name\":\"example.org\"}]" } } },
	{ "a follower refuses writes but not reads", {
		{ "SET follower" }, { "POST " HM_URL, HM("a", ""), 400, "{\"error\":\"Config Operations can be done ONLY on leader\"}" },
		{ "GET " HM_URL, NULL, 200 }, { "GET /api/gslb", NULL, 200, "\"leader_cluster_uuid\":\"cluster-x\"" },
		{ "POST /api/stringgroup", "{\"name\":\"a\"}", 201 } } },
	{ "maintenance refuses writes", {
		{ "SET maintenance" }, { "POST " GS_URL, GS("a.example.org", ""), 400, "{\"error\":\"GSLB system is in maintenance mode.\"}" } } },
	{ "a follower in maintenance says that it follows", {
		{ "SET maintenance" }, { "SET follower" }, { "POST " HM_URL, "nonsense", 400, "ONLY on leader" } } },
	{ "a denied tenant is refused before the body is looked at", {
		{ "SET deny {\"healthmonitor\":[\"corp\"]}" }, { "POST " HM_URL " tenant=corp", "nonsense", 403, "does not have permission" },
		{ "POST " HM_URL, HM("a", ""), 201 }, { "POST " HM_URL, HM("a", CORP), 403 }, { "POST /api/pkiprofile tenant=corp", HM("a", ""), 201 } } },

	{ "a new object comes back whole", {
		{ "POST " HM_URL, HM("a", CORP), 201, "\"uuid\":\"healthmonitor-" },
		{ "GET " HM_URL "/@a tenant=corp", NULL, 200, "\"url\":\"https://" HOST "/api/healthmonitor/healthmonitor-", "#" },
		{ "GET " HM_URL "/@a?include_name tenant=corp", NULL, 200, "#corp\"" },
		{ "GET " HM_URL "/@a tenant=other", NULL, 404, "HealthMonitor object not found!" },
		{ "GET " HM_URL "/@a tenant=*", NULL, 200, "\"successful_checks\":2" } } },
	{ "references are resolved and carry names", {
		{ "POST " HM_URL, HM("a", ""), 201 },
		{ "POST " GS_URL, GS("s.example.org", ",\"health_monitor_refs\":[\"/api/healthmonitor?name=a\"]"), 201, "#a\"]" },
		{ "GET " GS_URL, NULL, 200, "\"health_monitor_refs\":[\"https://" HOST "/api/healthmonitor/healthmonitor-", "#" },
		{ "GET " GS_URL "?include_name=", NULL, 200, "#a\"]" } } },
	{ "names are looked up in the tenant and then in admin", {
		{ "POST " HM_URL, HM("a", ""), 201 },
		{ "POST " GS_URL, GS("s.example.org", CORP ",\"health_monitor_refs\":[\"/api/healthmonitor?name=a\"]"), 201 },
		{ "POST " HM_URL " tenant=corp", HM("b", ""), 201 },
		{ "POST " GS_URL, GS("t.example.org", ",\"health_monitor_refs\":[\"/api/healthmonitor?name=b\"]"), 404, "HealthMonitor object not found!" } } },
	{ "a reference to nothing is refused last", {
		{ "POST " GS_URL, GS("s.example.org", ",\"health_monitor_refs\":[\"/api/healthmonitor/healthmonitor-1\"]"), 404 },
		{ "POST " GS_URL, GS("s.example.org", ""), 201 },
		{ "POST " GS_URL, GS("s.example.org", ",\"health_monitor_refs\":[\"/api/healthmonitor/healthmonitor-1\"]"), 409 } } },
	{ "defaults are filled in", {
		{ "POST " GS_URL, GS("s.example.org", ""), 201, "\"site_persistence_enabled\":false" },
		{ "GET " GS_URL "/@s.example.org", NULL, 200, "\"members\":[{\"ip\":{\"addr\":\"10.1.1.1\",\"type\":\"V4\"},\"enabled\":true,\"ratio\":1}]" },
		{ "GET " GS_URL "/@s.example.org", NULL, 200, "\"description\":\"\"" } } },
	{ "PUT replaces the whole object", {
		{ "POST " GS_URL, GS("s.example.org", ",\"ttl\":30,\"min_members\":2"), 201 },
		{ "PUT " GS_URL "/@s.example.org", GS("s.example.org", ",\"enabled\":false"), 200, "\"enabled\":false", "ttl" },
		{ "GET " GS_URL "/@s.example.org", NULL, 200, "\"min_members\":0" } } },
	{ "PUT of what is not there comes first", {
		{ "PUT " GS_URL "/gslbservice-1", "nonsense", 404, "GslbService object not found!" },
		{ "POST " GS_URL " tenant=corp", GS("s.example.org", ""), 201 },
		{ "PUT " GS_URL "/@s.example.org", GS("s.example.org", ""), 404 } } },
	{ "PUT with an old stamp is refused", {
		{ "POST /api/stringgroup", "{\"name\":\"a\"}", 201 },
		{ "PUT /api/stringgroup/@a", "{\"name\":\"a\",\"_last_modified\":\"1\"}", 412, "Concurrent Update Error" } } },
	{ "PUT cannot take the name of another", {
		{ "POST " HM_URL, HM("a", ""), 201 }, { "POST " HM_URL, HM("b", ""), 201 }, { "PUT " HM_URL "/@b", HM("a", ""), 409 },
		{ "PUT " HM_URL "/@b", HM("c", ""), 200 }, { "GET " HM_URL "?name=c", NULL, 200, "\"count\":1" } } },
	{ "PUT cannot change the tenant", {
		{ "POST " HM_URL, HM("a", ""), 201 }, { "PUT " HM_URL "/@a", HM("a", CORP), 400, "tenant_ref" } } },
	{ "DELETE answers with nothing, and 404 the second time", {
		{ "POST " HM_URL, HM("a", ""), 201 }, { "DELETE " HM_URL "/@a", NULL, 204, "" },
		{ "DELETE " HM_URL "/healthmonitor-1", NULL, 404 }, { "GET " HM_URL "?name=a", NULL, 200, "\"count\":0" } } },
	{ "a monitor in use stays until its service lets go", {
		{ "POST " HM_URL, HM("a", ""), 201 },
		{ "POST " GS_URL, GS("s.example.org", ",\"health_monitor_refs\":[\"/api/healthmonitor?name=a\"]"), 201 },
		{ "DELETE " HM_URL "/@a", NULL, 403, "Cannot delete, object is referred by: ['GslbService s.example.org']" },
		{ "PUT " GS_URL "/@s.example.org", GS("s.example.org", ""), 200 }, { "DELETE " HM_URL "/@a", NULL, 204 } } },
	{ "a taken name is refused within the tenant", {
		{ "POST " HM_URL, HM("a", ""), 201 },
		{ "POST " HM_URL, HM("a", ""), 409, "{\"error\":\"Health monitor with this Name and Tenant ref already exists.\"}" },
		{ "POST " HM_URL, HM("a", CORP), 201 }, { "POST " GS_URL, GS("a", ""), 201 },
		{ "POST " GS_URL, GS("a", ""), 409, "{\"error\":\"Gslb service with this Name and Tenant ref already exists.\"}" } } },
	{ "string groups have unique names within the tenant", {
		{ "POST /api/stringgroup", "{\"name\":\"a\",\"kv\":[{\"key\":\"k\",\"value\":\"v\"}]}", 201, "\"kv\":[{\"key\":\"k\",\"value\":\"v\"}]" },
		{ "POST /api/stringgroup", "{\"name\":\"a\"}", 409, "String group with this Name" },
		{ "POST /api/stringgroup tenant=corp", "{\"name\":\"a\"}", 201 } } },
	{ "a domain name belongs to one service", {
		{ "POST " GS_URL, GS("s.example.org", ""), 201 },
		{ "POST " GS_URL, GS("s.example.org", CORP), 400, "GslbService s.example.org domain name conflicting with existing domain name s.example.org" },
		{ "PUT " GS_URL "/@s.example.org", GS("s.example.org", ""), 200 }, { "DELETE " GS_URL "/@s.example.org", NULL, 204 },
		{ "POST " GS_URL, GS("S.example.org", CORP), 201 } } },
	{ "unless that is not checked", {
		{ "SET shared-domains" }, { "POST " GS_URL, GS("s.example.org", ""), 201 }, { "POST " GS_URL, GS("s.example.org", CORP), 201 } } },
	{ "domain names need not lie in a sub-domain", { { "POST " GS_URL, GS("s.example.com", ""), 201 } } },
	{ "unless that is checked", {
		{ "SET subdomains" }, { "POST " GS_URL, GS("s.example.com", ""), 400, "not in a GSLB sub-domain" },
		{ "POST " GS_URL, GS("myexample.org", ""), 400 }, { "POST " GS_URL, GS("s.example.org", ""), 201 } } },

	{ "a tenant comes into being with its first object", {
		{ "GET /api/tenant?name=corp", NULL, 200, "\"count\":0" }, { "POST " HM_URL, HM("a", CORP), 201, "/api/tenant/tenant-" },
		{ "GET /api/tenant?name=corp tenant=corp", NULL, 200, "\"count\":1" }, { "GET /api/tenant", NULL, 200, "\"count\":2" } } },
	{ "unless tenants are strict", {
		{ "SET strict-tenants" }, { "POST " HM_URL, HM("a", CORP), 404, "Tenant object not found!" },
		{ "GET " HM_URL " tenant=corp", NULL, 404 }, { "POST /api/tenant", "{\"name\":\"corp\"}", 201, "\"uuid\":\"tenant-" },
		{ "POST " HM_URL, HM("a", CORP), 201 } } },
	{ "a tenant may be named by its UUID", {
		{ "POST " HM_URL, HM("a", CORP), 201 }, { "POST " HM_URL, HM("b", ",\"tenant_ref\":\"/api/tenant/tenant-1\""), 404 },
		{ "POST " HM_URL, HM("b", ",\"tenant_ref\":\"https://h/api/tenant/admin#admin\""), 201, "/api/tenant/admin#admin" },
		{ "GET " HM_URL "?name=a tenant= tenant-uuid=tenant-1", NULL, 200, "\"count\":0" } } },
	{ "all tenants are no tenant to write to", {
		{ "POST " HM_URL " tenant=*", HM("a", ""), 400, "tenant_ref" }, { "POST " HM_URL " tenant=*", HM("a", CORP), 201 },
		{ "DELETE " HM_URL "/@a tenant=*", NULL, 204 } } },
	{ "a tenant with objects stays", {
		{ "POST " HM_URL, HM("a", CORP), 201 }, { "DELETE /api/tenant/@corp", NULL, 403, "not empty" },
		{ "DELETE " HM_URL "/@a tenant=corp", NULL, 204 }, { "DELETE /api/tenant/@corp", NULL, 204 }, { "DELETE /api/tenant/admin", NULL, 403 } } },

	{ "filters compare fields, absent truth is false", {
		{ "GET " HM_URL "?is_federated=true", NULL, 200, "\"count\":5" }, { "GET " HM_URL "?is_federated=false", NULL, 200, "\"count\":2" },
		{ "GET " HM_URL "?is_federated=true&monitor_port=80", NULL, 200, "\"count\":2" },
		{ "GET " HM_URL "?created_by=amko-1", NULL, 200, "{\"count\":0,\"results\":[]}" },
		{ "GET " HM_URL "?name=System-TCP&type=HEALTH_MONITOR_TCP", NULL, 200, "\"count\":1" },
		{ "GET " HM_URL "?name=System-TCP&type=HEALTH_MONITOR_UDP", NULL, 200, "\"count\":0" } } },
	{ "a tenant sees its own and what is in admin", {
		{ "POST " HM_URL, HM("a", CORP), 201 }, { "GET " HM_URL " tenant=corp", NULL, 200, "\"count\":8" },
		{ "GET " HM_URL " tenant=retail", NULL, 200, "\"count\":7" }, { "GET " HM_URL " tenant=*", NULL, 200, "\"count\":8" },
		{ "GET " HM_URL "?name=a tenant=*", NULL, 200, "\"count\":1" }, { "GET " HM_URL "?name=a", NULL, 200, "\"count\":0" } } },
	{ "pages repeat the filters", {
		{ "GET " HM_URL "?is_federated=true&include_name&page_size=2", NULL, 200,
		  "\"next\":\"https://" HOST "/api/healthmonitor?is_federated=true&include_name=&page_size=2&page=2\"" },
		{ "GET " HM_URL "?is_federated=true&page_size=2&page=3", NULL, 200, "\"name\":\"System-GSLB-UDP\"", "next" },
		{ "GET " HM_URL "?is_federated=true&page_size=2&page=4", NULL, 404 }, { "GET " HM_URL "?page=0", NULL, 400, "page: want" },
		{ "GET " HM_URL "?page_size=x", NULL, 400 }, { "GET " HM_URL "?created_by=none&page=1", NULL, 200, "\"count\":0" } } },
	{ "a page seen after a change shows the change", {
		{ "GET " HM_URL "?page_size=2", NULL, 200, "\"count\":7" }, { "POST " HM_URL, HM("A", ""), 201 },
		{ "GET " HM_URL "?page_size=2", NULL, 200, "{\"count\":8,\"results\":[{\"name\":\"A\"" } } },

	{ "a refusal by rule does nothing", {
		{ "FAULT", "{\"match\":{\"method\":\"POST\"},\"do\":{\"status\":503}}" },
		{ "POST " HM_URL, HM("a", ""), 503, "{\"error\":\"a fault rule says so\"}" }, { "GET " HM_URL "?name=a", NULL, 200, "\"count\":0" } } },
	{ "a rule skips and ends", {
		{ "FAULT", "{\"match\":{\"path\":\"/api/cloud\"},\"skip\":1,\"times\":2,\"do\":{\"status\":429,\"body\":{\"error\":\"Too many requests\"}}}" },
		{ "GET //api/cloud", NULL, 200 }, { "GET /api/cluster", NULL, 200 }, { "GET /api/cloud", NULL, 429, "Too many requests" },
		{ "GET /api/cloud?page=1", NULL, 429 }, { "GET /api/cloud", NULL, 200 } } },
	{ "the first rule that matches and has its time is followed, no other", {
		{ "FAULT", "[{\"match\":{\"method\":\"GET\"},\"times\":1,\"do\":{\"status\":500}},{\"do\":{\"status\":502,\"body\":\"<html>\"}}]" },
		{ "POST " HM_URL, HM("a", ""), 502, "<html>" }, { "GET /api/cloud", NULL, 500 }, { "GET /api/cloud", NULL, 502 } } },
	{ "a rule for a name meets who makes it, reads it, changes it and deletes it", {
		{ "POST " HM_URL, HM("shop-1", ""), 201 }, { "FAULT", "{\"match\":{\"name\":\"shop-*\"},\"do\":{\"status\":500}}" },
		{ "POST " HM_URL, HM("shop-2", ""), 500 }, { "GET " HM_URL "?name=shop-1", NULL, 500 }, { "PUT " HM_URL "/@shop-1", HM("other", ""), 500 },
		{ "DELETE " HM_URL "/@shop-1", NULL, 500 }, { "POST " HM_URL, HM("other", ""), 201 } } },
	{ "a rule for a name meets no login and no list", {
		{ "FAULT", "{\"match\":{\"name\":\"*\"},\"do\":{\"status\":500}}" }, { "POST /login", LOGIN, 200 }, { "GET " HM_URL, NULL, 200 },
		{ "DELETE " HM_URL "/healthmonitor-1", NULL, 404 } } },
	{ "a rule for a tenant meets who speaks for it", {
		{ "FAULT", "{\"match\":{\"tenant\":\"corp\"},\"do\":{\"status\":500}}" }, { "GET " HM_URL, NULL, 200 },
		{ "GET " HM_URL " tenant=corp", NULL, 500 }, { "GET " HM_URL " tenant=*", NULL, 200 } } },
	{ "a login can be refused by rule", {
		{ "FAULT", "{\"match\":{\"path\":\"/login\"},\"times\":1,\"do\":{\"status\":401,\"body\":{\"error\":\"Invalid credentials\"}}}" },
		{ "POST /login", LOGIN, 401, "Invalid credentials" }, { "POST /login", LOGIN, 200 } } },
	{ "a body alone is told instead, and what was asked for is done", {
		{ "FAULT", "{\"times\":1,\"do\":{\"body\":\"{\\\"uuid\\\"\"}}" }, { "POST " HM_URL, HM("a", ""), 201, "{\"uuid\"" },
		{ "FAULT", "{\"times\":1,\"do\":{\"body\":[]}}" }, { "DELETE " HM_URL "/@a", NULL, 200, "[]" }, { "GET " HM_URL "?name=a", NULL, 200, "\"count\":0" } } },
	{ "a cut before leaves nothing behind", {
		{ "FAULT", "{\"times\":1,\"do\":{\"close\":\"before\"}}" }, { "POST " HM_URL, HM("a", ""), 0 }, { "POST " HM_URL, HM("a", ""), 201 } } },
	{ "a cut afterwards makes the next one meet what was made", {
		{ "FAULT", "{\"times\":1,\"do\":{\"close\":\"after\"}}" }, { "POST " HM_URL, HM("a", ""), 0 }, { "POST " HM_URL, HM("a", ""), 409 } } },
	{ "half an answer is one to something done", {
		{ "FAULT", "{\"times\":1,\"do\":{\"truncate\":true}}" }, { "POST " HM_URL, HM("a", ""), 0 }, { "POST " HM_URL, HM("a", ""), 409 } } },
	{ "an answer without its url and without names in references", {
		{ "FAULT", "{\"do\":{\"omit\":[\"url\",\"ref_names\"]}}" }, { "POST " HM_URL, HM("a", CORP), 201, "/api/tenant/tenant-", "\"url\"" },
		{ "GET " HM_URL "/@a?include_name tenant=corp", NULL, 200, "/api/tenant/tenant-", "#" },
		{ "POST " GS_URL, GS("s.example.org", ",\"health_monitor_refs\":[\"/api/healthmonitor?name=System-TCP\"]"), 201, "\"health_monitor_refs\":[\"https://", "#" } } },
	{ "a list without urls and names", {
		{ "FAULT", "{\"do\":{\"omit\":[\"url\",\"ref_names\"]}}" }, { "GET " HM_URL "?include_name", NULL, 200, "\"count\":7", "#" },
		{ "GET " HM_URL "?include_name", NULL, 200, "\"tenant_ref\"", "\"url\"" } } },
	{ "a list that tells another number", {
		{ "FAULT", "{\"do\":{\"count\":99}}" }, { "GET " HM_URL "?name=System-TCP", NULL, 200, "{\"results\":[{" },
		{ "GET " HM_URL "?name=System-TCP", NULL, 200, "\"count\":99" } } },
	{ "a list without end", {
		{ "FAULT", "{\"do\":{\"endless\":true}}" },
		{ "GET " HM_URL "?name=System-TCP&page_size=5", NULL, 200, "\"next\":\"https://" HOST "/api/healthmonitor?name=System-TCP&page_size=5&page=2\"" },
		{ "GET " HM_URL "?name=System-TCP&page_size=5&page=2", NULL, 200, "page=3\"" },
		{ "GET " HM_URL "?name=System-TCP&page=3", NULL, 200, "\"name\":\"System-TCP\"" },
		{ "GET /api/cluster", NULL, 200, "cluster-aaaaaaaa", "next" } } },
};

static void add_fault(struct world *w, const char *rule)
{
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(rule), NULL);
	struct err err = { 0 };

	if (!faults_add(&w->sim->faults, json, &err))
		fail_msg("%s: %s", rule, err.msg);
}

static void converse(struct world *w, const struct step *step)
{
	int status;

	if (strncmp(step->request, "SET ", 4) == 0) {
		struct slice rest = slice_of(step->request + 4), word;
		CLEANUP(freep) char *what = NULL;

		slice_split(&rest, ' ', &word);
		what = slice_dup(word);
		set(w, what, rest.p ? rest.p : "");
		return;
	}
	if (streq(step->request, "FAULT")) {
		add_fault(w, step->body);
		return;
	}
	if (strncmp(step->request, "LATER ", 6) == 0) {
		w->now_ms += strtol(step->request + 6, NULL, 10) * 1000;
		return;
	}
	status = say(w, step->request, step->body);
	if (status != step->status)
		fail_msg("%s: %d %s", step->request, status, w->text);
	if (step->want && !strstr(w->text, step->want))
		fail_msg("%s: no '%s' in %s", step->request, step->want, w->text);
	if (step->never && strstr(w->text, step->never))
		fail_msg("%s: '%s' in %s", step->request, step->never, w->text);
}

static void world_init(struct world *w)
{
	*w = (struct world){ .sim = sim_new("admin", slice_of(PASSWORD), 900), .now_ms = NOW_MS };
	assert_int_equal(say(w, "POST /login", LOGIN), 200);
}

static void world_release(struct world *w)
{
	sim_free(w->sim);
	strs_release(&w->cookies);
	free(w->text);
}

static void a_conversation_goes_as_written(void **state)
{
	const struct conversation *c = *state;
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < ARRAY_SIZE(c->steps) && c->steps[i].request; i++)
		converse(&w, &c->steps[i]);
	world_release(&w);
}

/* --- faults ---------------------------------------------------------------------------------------------- */

static const struct rule_case {
	const char *name, *rule, *error;
} rule_cases[] = {
	{ "a rule is an object", "\"x\"", "rule: want an object" },
	{ "an unknown key of a rule", "{\"matches\":{}}", "rule.matches: no such key" },
	{ "an unknown key to match by", "{\"match\":{\"verb\":\"list\"}}", "match.verb: no such key" },
	{ "an unknown thing to do", "{\"do\":{\"half\":true}}", "do.half: no such key" },
	{ "the second of a list", "[{},{\"skip\":-1}]", "[1]: rule.skip: -1 is not in 0..2147483647" },
	{ "times is a number", "{\"times\":\"2\"}", "rule.times: expected a number, found text" },
	{ "a match is an object", "{\"match\":[]}", "match: expected an object, found a list" },
	{ "a status is one of HTTP", "{\"do\":{\"status\":7}}", "do.status: 7 is not in 200..599" },
	{ "a cut has its time", "{\"do\":{\"close\":true}}", "do.close: expected text, found a boolean" },
	{ "a cut has one of two times", "{\"do\":{\"close\":\"now\"}}", "do.close: \"now\" is not one of before, after" },
	{ "what can be left out", "{\"do\":{\"omit\":[\"url\",\"uuid\"]}}", "do.omit[1]: \"uuid\" is not one of url, ref_names" },
	{ "a delay is not negative", "{\"do\":{\"delay_answer_ms\":-5}}", "do.delay_answer_ms: -5 is not in 0..2147483647" },
};

static void a_rule_that_is_none_is_refused(void **state)
{
	const struct rule_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(c->rule), NULL);
	struct err err = { 0 };
	struct world w;

	world_init(&w);
	assert_false(faults_add(&w.sim->faults, json, &err));
	assert_text(err.msg, c->error);
	assert_null(w.sim->faults.first);
	world_release(&w);
}

static void rules_are_shown_with_what_they_have_done_and_go_with_a_reset(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *shown = NULL;
	CLEANUP(freep) char *text = NULL;
	struct world w;

	(void)state;
	world_init(&w);
	add_fault(&w, "[{\"skip\":1,\"do\":{\"status\":500}},{\"match\":{\"method\":\"PUT\"}}]");
	for (int i = 0; i < 3; i++)
		say(&w, "GET /api/cloud", NULL);
	shown = faults_show(&w.sim->faults);
	text = json_text(shown);
	assert_text(text, "[{\"id\":1,\"seen\":3,\"done\":2,\"rule\":{\"skip\":1,\"do\":{\"status\":500}}},"
			  "{\"id\":2,\"seen\":0,\"done\":0,\"rule\":{\"match\":{\"method\":\"PUT\"}}}]");
	free(text);
	text = journal_since(w.sim->journal, journal_last_n(w.sim->journal) - 1, 1);
	assert_non_null(strstr(text, "\"status\":500"));
	assert_non_null(strstr(text, "\"fault\":1"));
	sim_reset(w.sim, NULL, NULL);
	assert_null(w.sim->faults.first);
	add_fault(&w, "{}");
	assert_int_equal(w.sim->faults.first->id, 3);
	world_release(&w);
}

/* --- what bodies are refused ----------------------------------------------------------------------------- */

#define PERSISTENT ",\"site_persistence_enabled\":true,\"application_persistence_profile_ref\":\"/api/applicationpersistenceprofile?name=System-Persistence-GSLB\""
#define PKI ",\"pki_profile_ref\":\"/api/pkiprofile?name=System-PKI-GSLB\""
#define VS_MEMBER GROUP("{\"ip\":{\"addr\":\"10.1.1.1\",\"type\":\"V4\"},\"vs_uuid\":\"virtualservice-1\"}")

static const struct body_case {
	const char *name, *request, *body;
	const char *error;             /* NULL: accepted */
} body_cases[] = {
	{ "a body must be JSON", "POST " HM_URL, "nonsense", "JSON parse error" },
	{ "a body must be an object", "POST " HM_URL, "[]", "JSON parse error" },
	{ "a body must be UTF-8", "POST " HM_URL, HM("\xff", ""), "not UTF-8" },
	{ "a name is required", "POST " HM_URL, "{\"type\":\"HEALTH_MONITOR_TCP\"}", "name: This field is required." },
	{ "a null name is none", "POST " HM_URL, "{\"name\":null,\"type\":\"HEALTH_MONITOR_TCP\"}", "name: This field is required." },
	{ "a monitor has a type", "POST " HM_URL, "{\"name\":\"a\"}", "type: This field is required." },
	{ "a monitor's type is a known one", "POST " HM_URL, "{\"name\":\"a\",\"type\":\"HM_TCP\"}", "type: not a valid choice" },
	{ "a receive timeout is below the interval", "POST " HM_URL, HM("a", ",\"receive_timeout\":10"), "receive_timeout: must be less" },
	{ "a port is not 0", "POST " HM_URL, HM("a", ",\"monitor_port\":0"), "monitor_port: want a whole number from 1 to 65535" },
	{ "a port is a number", "POST " HM_URL, HM("a", ",\"monitor_port\":\"80\""), "monitor_port: want" },
	{ "a service has domain names", "POST " GS_URL, "{\"name\":\"a\",\"groups\":[" GROUP(MEMBER("10.1.1.1")) "]}", "domain_names: want" },
	{ "a service has groups", "POST " GS_URL, GS_WITH("a", "", ""), "groups: want at least one entry" },
	{ "a group has members", "POST " GS_URL, GS_WITH("a", GROUP(""), ""), "groups[0].members: want at least one entry" },
	{ "a ttl of 0 is one", "POST " GS_URL, GS("a", ",\"ttl\":0"), NULL },
	{ "a ttl is at most a day", "POST " GS_URL, GS("a", ",\"ttl\":86401"), "ttl: want a whole number from 0 to 86400" },
	{ "a ttl is whole", "POST " GS_URL, GS("a", ",\"ttl\":1.5"), "ttl: want a whole number" },
	{ "no minimum of members is 0", "POST " GS_URL, GS("a", ",\"min_members\":0"), NULL },
	{ "a minimum of members is not negative", "POST " GS_URL, GS("a", ",\"min_members\":-1"), "min_members: want" },
	{ "at most 20 addresses in an answer", "POST " GS_URL, GS("a", ",\"num_dns_ip\":21"), "num_dns_ip: want" },
	{ "a priority is at most 100", "POST " GS_URL,
	  GS_WITH("a", "{\"name\":\"g\",\"priority\":101,\"members\":[" MEMBER("10.1.1.1") "]}", ""), "groups[0].priority: want" },
	{ "a hash mask is not 0", "POST " GS_URL,
	  GS_WITH("a", "{\"name\":\"g\",\"consistent_hash_mask\":0,\"members\":[" MEMBER("10.1.1.1") "]}", ""), "groups[0].consistent_hash_mask: want" },
	{ "an algorithm is a known one", "POST " GS_URL,
	  GS_WITH("a", "{\"name\":\"g\",\"algorithm\":\"GEO\",\"members\":[" MEMBER("10.1.1.1") "]}", ""), "groups[0].algorithm: not a valid choice" },
	{ "a ratio is at most 20", "POST " GS_URL,
	  GS_WITH("a", GROUP(MEMBER("10.1.1.1") ",{\"ip\":{\"addr\":\"10.1.1.2\",\"type\":\"V4\"},\"ratio\":21}"), ""), "groups[0].members[1].ratio: want" },
	{ "an address is once in a group", "POST " GS_URL, GS_WITH("a", GROUP(MEMBER("10.1.1.1") "," MEMBER("10.1.1.1")), ""),
	  "groups[0].members[1].ip: the address occurs twice" },
	{ "but may be in two groups", "POST " GS_URL, GS_WITH("a", GROUP(MEMBER("10.1.1.1")) "," GROUP(MEMBER("10.1.1.1")), ""), NULL },
	{ "six monitors are enough", "POST " GS_URL, GS("a", ",\"health_monitor_refs\":[\"/api/healthmonitor?name=System-TCP\",\"/api/x/1\",\"/api/x/2\",\"/api/x/3\",\"/api/x/4\",\"/api/x/5\",\"/api/x/6\"]"),
	  "health_monitor_refs: at most 6" },
	{ "a down response is a known one", "POST " GS_URL, GS("a", ",\"down_response\":{\"type\":\"NONE\"}"), "down_response.type: not a valid choice" },
	{ "persistence needs a profile", "POST " GS_URL, GS_WITH("a", VS_MEMBER, ",\"site_persistence_enabled\":true" PKI), "application_persistence_profile_ref: required" },
	{ "persistence needs a PKI profile", "POST " GS_URL, GS_WITH("a", VS_MEMBER, PERSISTENT), "pki_profile_ref: required" },
	{ "persistence with both is fine", "POST " GS_URL, GS_WITH("a", VS_MEMBER, PERSISTENT PKI), NULL },
	{ "before 22.1.3 there was no PKI profile", "POST " GS_URL " version=22.1.2", GS_WITH("a", VS_MEMBER, PERSISTENT PKI), "pki_profile_ref: not in version" },
	{ "and none was needed", "POST " GS_URL " version=22.1.2", GS_WITH("a", VS_MEMBER, PERSISTENT), NULL },
	{ "persistence is not for third parties", "POST " GS_URL, GS("a", PERSISTENT PKI), "groups[0].members[0].vs_uuid: third-party" },
};

static void a_body_is_judged(void **state)
{
	const struct body_case *c = *state;
	struct world w;

	world_init(&w);
	converse(&w, &(struct step){ c->request, c->body, c->error ? 400 : 201, c->error, NULL });
	world_release(&w);
}

/* --- the parts ------------------------------------------------------------------------------------------- */

static const struct ref_case {
	const char *name, *text, *type, *uuid, *object_name;
} ref_cases[] = {
	{ "by name", "/api/healthmonitor?name=a", "healthmonitor", NULL, "a" },
	{ "by name behind a slash", "/api/tenant/?name=blue", "tenant", NULL, "blue" },
	{ "by name with an empty host", "https:///api/tenant/?name=blue", "tenant", NULL, "blue" },
	{ "by UUID", "https://10.0.0.5/api/pkiprofile/pkiprofile-1", "pkiprofile", "pkiprofile-1", NULL },
	{ "by UUID with a name", "https://10.0.0.5/api/pkiprofile/pkiprofile-1#a", "pkiprofile", "pkiprofile-1", NULL },
	{ "by name with a fragment", "/api/healthmonitor?name=a#b", "healthmonitor", NULL, "a" },
	{ "by a name that is encoded", "/api/healthmonitor?name=a%20b", "healthmonitor", NULL, "a b" },
	{ "by a name with a plus", "/api/healthmonitor?name=a+b", "healthmonitor", NULL, "a+b" },
	{ "of a type unknown here", "/api/sslprofile?name=a", NULL, NULL, NULL },
	{ "to nothing", "/api/healthmonitor", NULL, NULL, NULL },
	{ "that is none", "healthmonitor-1", NULL, NULL, NULL },
};

static void a_reference_is_read(void **state)
{
	const struct ref_case *c = *state;
	struct ref ref;

	ref_parse(c->text, &ref);
	assert_text(ref.kind ? ref.kind->type : NULL, c->type);
	assert_text(ref.uuid, c->uuid);
	assert_text(ref.name, c->object_name);
	ref_release(&ref);
}

static void versions_are_compared_by_number(void **state)
{
	(void)state;
	assert_int_equal(version_compare("22.1.3", "22.1.3"), 0);
	assert_int_equal(version_compare("22.1.10", "22.1.9"), 1);
	assert_int_equal(version_compare("22.1", "22.1.0"), 0);
	assert_int_equal(version_compare("9.9.9", "18.2.6"), -1);
	assert_int_equal(version_compare("22.1.3-2p1", "22.1.3"), 0);
	assert_true(version_is_valid("22.1.3") && version_is_valid("30") && version_is_valid("22.1.3-2p1"));
	assert_false(version_is_valid("") || version_is_valid("22.") || version_is_valid("v22.1") || version_is_valid("22.1.3-"));
}

static void the_log_is_in_order_and_keeps_secrets_back(void **state)
{
	CLEANUP(freep) char *text = NULL;
	struct world w;

	(void)state;
	world_init(&w);
	say(&w, "POST " HM_URL " tenant=corp version=22.1.2", HM("a", ",\"authentication\":{\"username\":\"u\",\"password\":\"hidden\"}"));
	say(&w, "POST " HM_URL " csrf=x", HM("b", ""));
	say(&w, "GET //api/healthmonitor?name=a", NULL);
	text = journal_since(w.sim->journal, 0, 0);
	assert_non_null(strstr(text, "\"n\":1,"));
	assert_non_null(strstr(text, "\"method\":\"POST\",\"path\":\"/login\""));
	assert_non_null(strstr(text, "\"body\":{\"username\":\"admin\"},\"status\":200"));
	assert_non_null(strstr(text, "\"tenant\":\"corp\",\"version\":\"22.1.2\",\"session\":1,\"user\":\"admin\""));
	assert_non_null(strstr(text, "\"password\":\"<sensitive>\""));
	assert_non_null(strstr(text, "\"status\":403,\"type\":\"healthmonitor\",\"uuid\":null,\"name\":\"b\""));
	assert_non_null(strstr(text, "\"path\":\"/api/healthmonitor\",\"query\":\"name=a\",\"target\":\"//api/healthmonitor?name=a\""));
	assert_null(strstr(text, PASSWORD));
	assert_null(strstr(text, "hidden"));
	assert_null(strstr(text, cookie_value(&w, "sessionid")));
	assert_null(strstr(text, cookie_value(&w, "csrftoken")));
	world_release(&w);
}

static void the_log_is_bounded_and_numbers_go_on(void **state)
{
	struct journal *journal = journal_new();
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *first = NULL;

	(void)state;
	for (int i = 0; i < JOURNAL_MAX_ENTRIES + 5; i++)
		journal_add(journal, &(struct journal_entry){ .method = "GET", .path = "/\xff", .status = 200 }, i);
	assert_int_equal(journal_count(journal), JOURNAL_MAX_ENTRIES);
	assert_int_equal(journal_n_dropped(journal), 5);
	first = journal_since(journal, 0, 1);
	assert_int_equal(strncmp(first, "[{\"n\":6,\"time_ms\":5,\"method\":\"GET\",\"path\":\"/?\"", 45), 0);
	journal_clear(journal);
	journal_add(journal, &(struct journal_entry){ .method = "GET", .status = 200 }, 0);
	text = journal_since(journal, 0, 0);
	assert_int_equal(strncmp(text, "[{\"n\":200006,", 13), 0);
	assert_int_equal(journal_n_dropped(journal), 0);
	journal_free(journal);
}

static void a_reset_replaces_the_objects_and_keeps_the_sessions(void **state)
{
	static const char text[] = "{\"version\":\"22.1.4\",\"leader\":\"cluster-y\",\"subdomains\":[\"a.org\"],\"third_party_sites\":[\"oslo\"],"
		"\"objects\":{\"gslbservice\":[{\"name\":\"s\",\"_tenant\":\"corp\",\"uuid\":\"gslbservice-1\",\"health_monitor_refs\":"
		"[\"/api/healthmonitor?name=h\",\"/api/healthmonitor?name=gone\"]}],\"healthmonitor\":[{\"name\":\"h\"}]}}";
	CLEANUP(cJSON_Deletep) cJSON *seed = json_parse(slice_of(text), NULL);
	CLEANUP(cJSON_Deletep) cJSON *bad = json_parse(slice_of("{\"objects\":{\"healthmonitor\":[{}]}}"), NULL);
	struct err err = { 0 };
	struct world w;

	(void)state;
	world_init(&w);
	converse(&w, &(struct step){ "POST " HM_URL, HM("a", ""), 201, NULL, NULL });
	assert_false(sim_reset(w.sim, bad, &err));
	assert_text(err.msg, "healthmonitor: an object without a name");
	converse(&w, &(struct step){ "GET " HM_URL "?name=a", NULL, 200, "\"count\":1", NULL });
	assert_true(sim_reset(w.sim, seed, &err));
	converse(&w, &(struct step){ "GET " HM_URL " tenant=*", NULL, 200, "\"count\":1", NULL });
	converse(&w, &(struct step){ "GET /api/gslb", NULL, 200, "\"third_party_sites\":[{\"name\":\"oslo\"", NULL });
	converse(&w, &(struct step){ "GET " GS_URL "/gslbservice-1?include_name tenant=corp", NULL, 200, "#h\",\"/api/healthmonitor?name=gone\"]", NULL });
	converse(&w, &(struct step){ "GET /api/initial-data", NULL, 200, "22.1.4", NULL });
	world_release(&w);
}

static void an_edit_behind_the_back_changes_the_stamp_and_the_indexes(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *change = json_parse(slice_of("{\"ttl\":5,\"enabled\":null,\"domain_names\":[\"b.example.org\"]}"), NULL);
	CLEANUP(freep) char *stamp = NULL;
	struct err err = { 0 };
	struct world w;

	(void)state;
	world_init(&w);
	converse(&w, &(struct step){ "POST " GS_URL, GS("a.example.org", ",\"ttl\":1"), 201, NULL, NULL });
	stamp = xstrdup(json_str(find_anywhere(w.sim, "a.example.org")->body, "_last_modified"));
	assert_true(sim_edit(w.sim, (struct object *)(uintptr_t)find_anywhere(w.sim, "a.example.org"), change, &err));
	assert_true(strcmp(stamp, json_str(find_anywhere(w.sim, "a.example.org")->body, "_last_modified")) < 0);
	converse(&w, &(struct step){ "GET " GS_URL "/@a.example.org", NULL, 200, "\"ttl\":5", "enabled\":true,\"c" });
	converse(&w, &(struct step){ "POST " GS_URL, GS("b.example.org", ""), 400, "conflicting", NULL });
	converse(&w, &(struct step){ "POST " GS_URL, GS("A.example.org", ""), 201, NULL, NULL });
	assert_non_null(strstr(find_anywhere(w.sim, "a.example.org")->written, "\"ttl\":1"));
	world_release(&w);
}

static void a_monitor_removed_behind_the_back_leaves_its_reference(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	converse(&w, &(struct step){ "POST " HM_URL, HM("a", ""), 201, NULL, NULL });
	converse(&w, &(struct step){ "POST " GS_URL, GS("s", ",\"health_monitor_refs\":[\"/api/healthmonitor?name=a\"]"), 201, NULL, NULL });
	store_remove(w.sim->store, (struct object *)(uintptr_t)find_anywhere(w.sim, "a"));
	converse(&w, &(struct step){ "GET " GS_URL "?include_name", NULL, 200, "/api/healthmonitor/healthmonitor-", "#a\"" });
	converse(&w, &(struct step){ "DELETE " GS_URL "/@s", NULL, 204, NULL, NULL });
	world_release(&w);
}

static const struct utf8_case {
	const char *name, *text;
	size_t n_valid;
} utf8_cases[] = {
	{ "letters", "abc", 3 }, { "two to four bytes", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 9 }, { "a lone continuation", "a\x80", 1 },
	{ "an end in the middle", "a\xe2\x82", 1 }, { "a longer form than needed", "\xc0\xaf", 0 }, { "a surrogate", "\xed\xa0\x80", 0 },
	{ "beyond the last character", "\xf4\x90\x80\x80", 0 },
};

static void utf8_is_told_from_other_bytes(void **state)
{
	const struct utf8_case *c = *state;

	assert_int_equal(utf8_valid_bytes(slice_of(c->text)), c->n_valid);
}

static void percent_encoding_goes_there_and_back(void **state)
{
	CLEANUP(freep) char *decoded = url_decode(slice_of("a%20b+c%2x%00%"), true);
	struct buf out;

	(void)state;
	assert_text(decoded, "a b c%2x%00%");
	buf_init(&out, 100);
	url_encode(&out, "a b&c=\xc3\xa9");
	assert_text(buf_str(&out), "a%20b%26c%3D%C3%A9");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_compared_by_number),
		cmocka_unit_test(the_log_is_in_order_and_keeps_secrets_back),
		cmocka_unit_test(the_log_is_bounded_and_numbers_go_on),
		cmocka_unit_test(a_reset_replaces_the_objects_and_keeps_the_sessions),
		cmocka_unit_test(an_edit_behind_the_back_changes_the_stamp_and_the_indexes),
		cmocka_unit_test(a_monitor_removed_behind_the_back_leaves_its_reference),
		cmocka_unit_test(percent_encoding_goes_there_and_back),
		cmocka_unit_test(rules_are_shown_with_what_they_have_done_and_go_with_a_reset),
	};
	int n_failed;

	json_init();
	n_failed = RUN_TABLE(a_conversation_goes_as_written, conversations);
	n_failed += RUN_TABLE(a_rule_that_is_none_is_refused, rule_cases);
	n_failed += RUN_TABLE(a_body_is_judged, body_cases);
	n_failed += RUN_TABLE(a_reference_is_read, ref_cases);
	n_failed += RUN_TABLE(utf8_is_told_from_other_bytes, utf8_cases);
	return n_failed + cmocka_run_group_tests(tests, NULL, NULL);
}
