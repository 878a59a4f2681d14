#include "tests/sim/avisim/api.h"

#include <stdarg.h>

#include "tests/sim/avisim/listing.h"
#include "tests/sim/avisim/refs.h"
#include "tests/sim/avisim/text.h"

#define LOGIN_PATH "/login"
#define LOGOUT_PATH "/logout"
#define GSLB_UUID "gslb-8d0e5f0a-2b6e-4f3d-8f5f-1c2f3a4b5c6d"

/* A request on its way through the checks. */
struct call {
	struct sim *sim;
	const struct api_request *request;
	struct api_reply *reply;
	const struct session *session;
	char *base;                    /* "https://10.0.0.5" */
	const char *tenant;            /* of the headers: a name or "*" */
	const char *version;           /* that the client speaks */
	const struct kind *kind;
	char *uuid;                    /* in the path */
	cJSON *body;
	struct object *old;            /* that the path names */
	char *object_tenant;
};

/* One check or deed. false: it has answered. */
typedef bool step_fn(struct call *c);

static bool refuse(struct call *c, int status, const char *key, const char *fmt, ...) PRINTF_LIKE(4, 5);
static bool refuse(struct call *c, int status, const char *key, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->reply->status = status;
	c->reply->body = cJSON_CreateObject();
	json_put_str(c->reply->body, key, text);
	return false;
}

/* body is taken over. */
static bool answer(struct call *c, int status, cJSON *body)
{
	c->reply->status = status;
	c->reply->body = body;
	return false;
}

static bool refuse_err(struct call *c, const struct err *err)
{
	return refuse(c, err->code == ERR_NOTFOUND ? 404 : 400, "error", "%s", err->msg);
}

static bool is_write(const struct api_request *request)
{
	return !streq(request->method, "GET") && !streq(request->method, "HEAD");
}

/* --- logging in and out ------------------------------------------------------------------------------------ */

/* Values of a form (the vendor's SDK sends one). */
static cJSON *parse_form(struct slice text)
{
	cJSON *form = cJSON_CreateObject();
	struct slice pair, key;

	while (slice_split(&text, '&', &pair)) {
		CLEANUP(freep) char *name = NULL;
		CLEANUP(freep) char *value = NULL;

		slice_split(&pair, '=', &key);
		name = url_decode(key, true);
		value = url_decode(pair, true);
		json_put_str(form, name, value);
	}
	return form;
}

static cJSON *version_json(const struct sim *sim)
{
	cJSON *version = cJSON_CreateObject();

	json_put_str(version, "Version", sim->settings.version);
	json_put_int(version, "build", 9096);
	json_put_str(version, "Product", "controller");
	json_put(version, "min_version", cJSON_CreateNumber(18.1));
	return version;
}

static cJSON *login_json(const struct call *c)
{
	const struct object *admin = sim_tenant(c->sim, ADMIN_TENANT);
	CLEANUP(freep) char *url = admin ? ref_show(admin, c->base, false) : xstrdup("");
	cJSON *body = cJSON_CreateObject(), *user = json_put_object(body, "user"), *tenant;

	json_put_str(user, "name", c->session->user);
	json_put_str(user, "username", c->session->user);
	json_put_bool(body, "user_initialized", true);
	tenant = json_add_object(json_put_array(body, "tenants"));
	json_put_str(tenant, "name", ADMIN_TENANT);
	json_put_str(tenant, "url", url);
	json_put_str(json_put_object(body, "controller"), "name", "avisim");
	json_put_str(body, "session_cookie_name", "avi-sessionid");
	json_put(body, "version", version_json(c->sim));
	return body;
}

static void add_cookie(struct call *c, const char *name, const char *value, const char *attributes)
{
	strs_take(&c->reply->headers, xasprintf("Set-Cookie: %s=%s; Path=/; %sSecure", name, value, attributes));
}

/* What the log learns of a login is who wanted in. */
static bool log_in(struct call *c)
{
	const char *type = c->request->content_type;
	bool is_form = type && strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0;
	CLEANUP(cJSON_Deletep) cJSON *body = is_form ? parse_form(c->request->body) : json_parse(c->request->body, NULL);
	const char *user = json_str(body, "username"), *password = json_str(body, "password");

	c->reply->request_body = cJSON_CreateObject();
	if (user)
		json_put_str(c->reply->request_body, "username", user);
	if (!cJSON_IsObject(body))
		return refuse(c, 400, "error", "JSON parse error");
	if (user && password)
		c->session = sessions_login(c->sim->sessions, user, password, c->request->now_ms);
	if (!c->session) {
		c->sim->counters.n_logins_refused++;
		return refuse(c, 401, "error", "Invalid credentials");
	}
	c->sim->counters.n_logins++;
	c->reply->session = c->session->number;
	c->reply->user = xstrdup(c->session->user);
	add_cookie(c, "csrftoken", c->session->csrf, "");
	add_cookie(c, "sessionid", c->session->id, "HttpOnly; ");
	add_cookie(c, "avi-sessionid", c->session->id, "HttpOnly; ");
	return answer(c, 200, login_json(c));
}

static bool log_out(struct call *c)
{
	sessions_logout(c->sim->sessions, TAKE(c->session));
	return answer(c, 200, cJSON_CreateObject());
}

/* --- checks of every request ------------------------------------------------------------------------------- */

static bool check_session(struct call *c)
{
	c->session = sessions_find(c->sim->sessions, c->request->cookies, c->request->now_ms);
	if (!c->session)
		return refuse(c, 401, "detail", "Authentication credentials were not provided.");
	c->reply->session = c->session->number;
	c->reply->user = xstrdup(c->session->user);
	return true;
}

static bool check_csrf(struct call *c)
{
	const char *referer = c->request->referer ? c->request->referer : "";
	size_t n = strlen(c->base);

	if (!c->sim->settings.is_strict || !is_write(c->request))
		return true;
	if (!streq0(c->request->csrf, c->session->csrf))
		return refuse(c, 403, "detail", "CSRF Failed: CSRF token missing or incorrect.");
	/* The vendor's SDK sends the origin alone. */
	if (strncmp(referer, c->base, n) != 0 || (referer[n] && referer[n] != '/'))
		return refuse(c, 403, "detail", "Referer checking failed.");
	return true;
}

static bool check_version(struct call *c)
{
	const char *own = c->sim->settings.version;

	c->version = c->request->version ? c->request->version : own;
	if (!version_is_valid(c->version) || version_compare(c->version, own) > 0)
		return refuse(c, 400, "error", "Invalid version %.32s: this controller has %s", c->version, own);
	return true;
}

/* Reads of a tenant that does not exist find what is in admin, unless tenants are strict. */
static bool check_tenant(struct call *c)
{
	if (c->sim->settings.strict_tenants && !streq(c->tenant, ALL_TENANTS) && !sim_tenant(c->sim, c->tenant))
		return refuse(c, 404, "error", "Tenant object not found!");
	return true;
}

/* --- reads ------------------------------------------------------------------------------------------------- */

static bool get_initial_data(struct call *c)
{
	cJSON *body = cJSON_CreateObject();

	json_put(body, "version", version_json(c->sim));
	return answer(c, 200, body);
}

static bool get_cluster(struct call *c)
{
	cJSON *body = cJSON_CreateObject(), *node, *address;

	json_put_str(body, "uuid", OWN_CLUSTER_UUID);
	json_put_str(body, "name", "avisim");
	json_put_str(body, "tenant_uuid", ADMIN_TENANT);
	node = json_add_object(json_put_array(body, "nodes"));
	json_put_str(node, "name", "node1");
	address = json_put_object(node, "ip");
	json_put_str(address, "addr", "127.0.0.1");
	json_put_str(address, "type", "V4");
	return answer(c, 200, body);
}

static void add_site(cJSON *sites, const char *name, const char *cluster_uuid)
{
	cJSON *site = json_add_object(sites);

	json_put_str(site, "name", name);
	json_put_str(site, "cluster_uuid", cluster_uuid);
	json_put_bool(site, "enabled", true);
	json_put_str(site, "member_type", "GSLB_ACTIVE_MEMBER");
	json_put_int(site, "port", 443);
}

static void add_gslb(cJSON *gslb, const struct call *c)
{
	const struct settings *settings = &c->sim->settings;
	cJSON *list, *third;

	json_put_str(gslb, "uuid", GSLB_UUID);
	json_put_str(gslb, "name", "Default");
	json_put_bool(gslb, "is_federated", true);
	json_put_str(gslb, "leader_cluster_uuid", settings->leader_uuid);
	json_put_bool(gslb, "maintenance_mode", settings->maintenance);
	json_put_bool(gslb, "tenant_scoped", true);
	json_put_int(gslb, "send_interval", 15);
	list = json_put_array(gslb, "dns_configs");
	for (size_t i = 0; i < settings->subdomains.n; i++)
		json_put_str(json_add_object(list), "domain_name", settings->subdomains.v[i]);
	list = json_put_array(gslb, "sites");
	add_site(list, "own", OWN_CLUSTER_UUID);
	if (!streq(settings->leader_uuid, OWN_CLUSTER_UUID))
		add_site(list, "leader", settings->leader_uuid);
	list = json_put_array(gslb, "third_party_sites");
	for (size_t i = 0; i < settings->third_party_sites.n; i++) {
		third = json_add_object(list);
		json_put_str(third, "name", settings->third_party_sites.v[i]);
		json_put_bool(third, "enabled", true);
	}
}

static bool get_gslb(struct call *c)
{
	cJSON *body = cJSON_CreateObject(), *gslb;
	CLEANUP(freep) char *url = xasprintf("%s/api/gslb/%s", c->base, GSLB_UUID);

	json_put_int(body, "count", 1);
	gslb = json_add_object(json_put_array(body, "results"));
	json_put_str(gslb, "url", url);
	add_gslb(gslb, c);
	return answer(c, 200, body);
}

static bool get_list(struct call *c)
{
	struct err err = { 0 };
	cJSON *body = listing_answer(c->sim, c->kind, c->tenant, c->request, c->base, &err);

	if (!body)
		return refuse_err(c, &err);
	return answer(c, 200, body);
}

static bool get_one(struct call *c)
{
	const struct object *object = store_by_uuid(c->sim->store, c->kind, c->uuid);

	if (!object || !listing_sees(c->tenant, object))
		return refuse(c, 404, "error", "%s object not found!", c->kind->title);
	return answer(c, 200, sim_show(c->sim, object, c->base, listing_param(c->request, "include_name")));
}

/* --- checks of writes, in their order ---------------------------------------------------------------------- */

static bool check_leader(struct call *c)
{
	if (c->kind->is_federated && !streq(c->sim->settings.leader_uuid, OWN_CLUSTER_UUID))
		return refuse(c, 400, "error", "Config Operations can be done ONLY on leader");
	return true;
}

static bool check_maintenance(struct call *c)
{
	if (c->kind->is_federated && c->sim->settings.maintenance)
		return refuse(c, 400, "error", "GSLB system is in maintenance mode.");
	return true;
}

static bool denies(const cJSON *tenants, const char *tenant)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, tenants)
		if (cJSON_IsString(item) && (streq(item->valuestring, "*") || streq(item->valuestring, tenant)))
			return true;
	return false;
}

static bool check_permission_in(struct call *c, const char *tenant)
{
	const cJSON *deny = c->sim->settings.deny;

	if (denies(json_get(deny, c->kind->type), tenant) || denies(json_get(deny, "*"), tenant))
		return refuse(c, 403, "error", "User does not have permission to perform this operation");
	return true;
}

static bool check_permission(struct call *c)
{
	return check_permission_in(c, c->tenant);
}

static bool find_old(struct call *c)
{
	struct object *object = store_by_uuid(c->sim->store, c->kind, c->uuid);

	if (!object || (!streq(c->tenant, ALL_TENANTS) && !streq(c->tenant, object->tenant)))
		return refuse(c, 404, "error", "%s object not found!", c->kind->title);
	c->old = object;
	return true;
}

static bool read_body(struct call *c)
{
	if (!cJSON_IsObject(c->reply->request_body))
		return refuse(c, 400, "error", "JSON parse error - want an object");
	if (utf8_valid_bytes(c->request->body) < c->request->body.n)
		return refuse(c, 400, "error", "JSON parse error - not UTF-8");
	c->body = cJSON_Duplicate(c->reply->request_body, true);
	return true;
}

static bool check_last_modified(struct call *c)
{
	const char *theirs = json_str(c->body, "_last_modified");

	if (theirs && !streq(theirs, json_str(c->old->body, "_last_modified")))
		return refuse(c, 412, "error", "Concurrent Update Error: object was changed since it was read");
	return true;
}

static bool check_body(struct call *c)
{
	struct err err = { 0 };

	kind_fill(c->kind, c->body);
	return kind_check(c->kind, c->body, c->version, &err) || refuse_err(c, &err);
}

/* The name of the tenant that tenant_ref means, else that of the header. */
static bool find_tenant(struct call *c)
{
	const char *text = json_str(c->body, "tenant_ref");
	CLEANUP(ref_release) struct ref ref = { 0 };
	const struct object *tenant;

	if (c->kind == &kinds[KIND_TENANT]) {
		c->object_tenant = xstrdup(ADMIN_TENANT);
		if (c->old && !streq(c->old->name, json_str(c->body, "name")))
			return refuse(c, 400, "error", "name: cannot be changed");
		return true;
	}
	if (!text && streq(c->tenant, ALL_TENANTS) && !c->old)
		return refuse(c, 400, "error", "tenant_ref: This field is required.");
	ref_parse(text ? text : "", &ref);
	if (text && ref.kind != &kinds[KIND_TENANT])
		return refuse(c, 400, "error", "tenant_ref: not a reference to a tenant");
	if (ref.uuid) {
		tenant = store_by_uuid(c->sim->store, ref.kind, ref.uuid);
		c->object_tenant = tenant ? xstrdup(tenant->name) : NULL;
	} else {
		c->object_tenant = xstrdup(text ? ref.name : c->old ? c->old->tenant : c->tenant);
	}
	if (!c->object_tenant || (c->sim->settings.strict_tenants && !sim_tenant(c->sim, c->object_tenant)))
		return refuse(c, 404, "error", "Tenant object not found!");
	if (c->old && !streq(c->old->tenant, c->object_tenant))
		return refuse(c, 400, "error", "tenant_ref: cannot be changed");
	return check_permission_in(c, c->object_tenant);
}

static bool check_unique(struct call *c)
{
	const struct object *other = store_by_name(c->sim->store, c->kind, c->object_tenant, json_str(c->body, "name"));

	if (other && other != c->old)
		return refuse(c, 409, "error", "%s with this Name and Tenant ref already exists.", c->kind->in_words);
	return true;
}

static bool is_under(const char *name, const char *domain)
{
	size_t n = strlen(name), m = strlen(domain);

	return n >= m && strcasecmp(name + n - m, domain) == 0 && (n == m || name[n - m - 1] == '.');
}

static bool has_subdomain(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->subdomains.n; i++)
		if (is_under(name, settings->subdomains.v[i]))
			return true;
	return false;
}

static bool check_domains(struct call *c)
{
	const struct settings *settings = &c->sim->settings;
	const cJSON *name;

	if (c->kind != &kinds[KIND_GS])
		return true;
	cJSON_ArrayForEach(name, json_get(c->body, "domain_names")) {
		if (settings->checks_domains && store_domain_taken(c->sim->store, name->valuestring, c->uuid))
			return refuse(c, 400, "error",
				      "GslbService %s domain name conflicting with existing domain name %s",
				      json_str(c->body, "name"), name->valuestring);
		if (settings->checks_subdomains && !has_subdomain(settings, name->valuestring))
			return refuse(c, 400, "error", "domain_names: %s is not in a GSLB sub-domain", name->valuestring);
	}
	return true;
}

static void name_object(struct call *c, const struct object *object)
{
	free(c->reply->uuid);
	free(c->reply->name);
	c->reply->uuid = xstrdup(object->uuid);
	c->reply->name = xstrdup(object->name);
}

static bool commit(struct call *c)
{
	CLEANUP(freep) char *written = json_text(c->reply->request_body);
	bool is_new = !c->old;
	struct err err = { 0 };
	struct object_draft draft = { .kind = c->kind, .tenant = c->object_tenant, .uuid = c->uuid,
				      .body = TAKE(c->body), .written = written,
				      .is_seeded = c->old && c->old->is_seeded, .is_by_client = true };
	struct object *object = sim_commit(c->sim, &draft, &err);

	if (!object)
		return refuse_err(c, &err);
	c->old = NULL;
	name_object(c, object);
	return answer(c, is_new ? 201 : 200, sim_show(c->sim, object, c->base, true));
}

/* A tenant is in use while anything is in it. */
static bool is_tenant_used(const struct sim *sim, const char *tenant)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		size_t n;
		struct object *const *all = store_sorted(sim->store, &kinds[i], &n);

		for (size_t k = 0; k < n; k++)
			if (streq(all[k]->tenant, tenant))
				return true;
	}
	return false;
}

static bool check_unreferenced(struct call *c)
{
	CLEANUP(freep) char *referrers = NULL;

	if (c->kind == &kinds[KIND_TENANT] && is_tenant_used(c->sim, c->old->name))
		return refuse(c, 403, "error", "Cannot delete, tenant %s is not empty", c->old->name);
	if (!store_n_referrers(c->sim->store, c->old->uuid))
		return true;
	referrers = store_referrers(c->sim->store, c->old->uuid);
	return refuse(c, 403, "error", "Cannot delete, object is referred by: %s", referrers);
}

static bool delete_one(struct call *c)
{
	store_remove(c->sim->store, TAKE(c->old));
	return answer(c, 204, NULL);
}

/* --- who answers what: the rows of checks -------------------------------------------------------------------- */

static step_fn *const open_steps[] = { NULL };
static step_fn *const session_steps[] = { check_session, check_csrf, NULL };
static step_fn *const api_steps[] = { check_session, check_csrf, check_version, check_tenant, NULL };
static step_fn *const write_steps[] = { check_session, check_csrf, check_version, check_leader, check_maintenance,
					check_permission, NULL };

static step_fn *const login_steps[] = { log_in, NULL };
static step_fn *const logout_steps[] = { log_out, NULL };
static step_fn *const initial_data_steps[] = { get_initial_data, NULL };
static step_fn *const cluster_steps[] = { get_cluster, NULL };
static step_fn *const gslb_steps[] = { get_gslb, NULL };
static step_fn *const list_steps[] = { get_list, NULL };
static step_fn *const get_steps[] = { get_one, NULL };
static step_fn *const post_steps[] = { read_body, check_body, find_tenant, check_unique, check_domains, commit, NULL };
static step_fn *const put_steps[] = { find_old, read_body, check_last_modified, check_body, find_tenant, check_unique,
				      check_domains, commit, NULL };
static step_fn *const delete_steps[] = { find_old, check_unreferenced, delete_one, NULL };

static const struct route {
	const char *method, *path;     /* <type> is one of kinds; <uuid> anything */
	step_fn *const *checks, *const *deeds;
} routes[] = {
	{ "POST", LOGIN_PATH, open_steps, login_steps },
	{ "POST", LOGOUT_PATH, session_steps, logout_steps },
	{ "GET", "/api/initial-data", open_steps, initial_data_steps },
	{ "GET", "/api/cluster", api_steps, cluster_steps },
	{ "GET", "/api/gslb", api_steps, gslb_steps },
	{ "GET", "/api/<type>", api_steps, list_steps },
	{ "POST", "/api/<type>", write_steps, post_steps },
	{ "GET", "/api/<type>/<uuid>", api_steps, get_steps },
	{ "PUT", "/api/<type>/<uuid>", write_steps, put_steps },
	{ "DELETE", "/api/<type>/<uuid>", write_steps, delete_steps },
};

/* Repeated slashes count once, one at the end not at all. */
static char *normal_path(const char *path)
{
	char *out = xmalloc(strlen(path) + 2);
	size_t n = 0;

	for (; *path; path++)
		if (*path != '/' || n == 0 || out[n - 1] != '/')
			out[n++] = *path;
	if (n > 1 && out[n - 1] == '/')
		n--;
	out[n] = '\0';
	return out;
}

/* Type and UUID out of the path; the path's shape, as in the table of routes. */
static const char *find_shape(struct call *c)
{
	struct slice rest = slice_of(c->reply->path), type;

	if (!slice_starts(rest, "/api/"))
		return c->reply->path;
	rest = (struct slice){ rest.p + strlen("/api/"), rest.n - strlen("/api/") };
	slice_split(&rest, '/', &type);
	c->kind = kind_find(type);
	if (!c->kind)
		return c->reply->path;
	c->reply->type = c->kind->type;
	if (!rest.n)
		return "/api/<type>";
	if (memchr(rest.p, '/', rest.n))
		return c->reply->path;
	c->uuid = slice_dup(rest);
	return "/api/<type>/<uuid>";
}

static bool run(struct call *c, step_fn *const *steps)
{
	while (*steps)
		if (!(*steps++)(c))
			return false;
	return true;
}

/* No such path, or not with this method: only who is logged in learns it. */
static void answer_unknown(struct call *c, bool is_known_path)
{
	if (strncmp(c->reply->path, "/api/", 5) == 0 && !run(c, api_steps))
		return;
	if (is_known_path)
		refuse(c, 405, "detail", "Method \"%.16s\" not allowed.", c->request->method);
	else
		refuse(c, 404, "error", "Not found");
}

static void count_endpoint(struct call *c, const struct route *route)
{
	CLEANUP(freep) char *endpoint = NULL;

	if (!route)
		endpoint = xstrdup("other");
	else if (c->kind)
		endpoint = xasprintf("%s /api/%s%s", route->method, c->kind->type, c->uuid ? "/<uuid>" : "");
	else
		endpoint = xasprintf("%s %s", route->method, route->path);
	sim_count(c->sim, endpoint);
}

static void dispatch(struct call *c, const char *shape)
{
	const char *method = streq(c->request->method, "HEAD") ? "GET" : c->request->method;
	const struct route *route = NULL;
	bool is_known_path = false;

	for (size_t i = 0; i < ARRAY_SIZE(routes) && !route; i++) {
		is_known_path = is_known_path || streq(routes[i].path, shape);
		if (streq(routes[i].path, shape) && streq(routes[i].method, method))
			route = &routes[i];
	}
	count_endpoint(c, route);
	if (!route)
		answer_unknown(c, is_known_path);
	else if (run(c, route->checks))
		run(c, route->deeds);
}

static char *header_tenant(const struct sim *sim, const struct api_request *request)
{
	const struct object *tenant = NULL;

	if (request->tenant && *request->tenant)
		return xstrdup(request->tenant);
	if (request->tenant_uuid)
		tenant = store_by_uuid(sim->store, &kinds[KIND_TENANT], request->tenant_uuid);
	return xstrdup(tenant ? tenant->name : ADMIN_TENANT);
}

/* Also a body that is never looked at is to be seen in the log. */
static void name_subject(struct call *c)
{
	const struct object *object = c->uuid ? store_by_uuid(c->sim->store, c->kind, c->uuid) : NULL;
	const char *name = object ? object->name : listing_param(c->request, "name");

	if (!c->kind)
		return;
	if (is_write(c->request))
		c->reply->request_body = json_parse(c->request->body, NULL);
	if (!object && is_write(c->request))
		name = json_str(c->reply->request_body, "name");
	c->reply->name = xstrdup(name);
	c->reply->uuid = xstrdup(c->uuid);
}

/* The path's shape. */
static const char *look(struct call *c)
{
	const char *shape;

	*c->reply = (struct api_reply){ .method = c->request->method, .path = normal_path(c->request->path) };
	c->tenant = c->reply->tenant = header_tenant(c->sim, c->request);
	shape = find_shape(c);
	name_subject(c);
	return shape;
}

void api_look(struct sim *sim, const struct api_request *request, struct api_reply *reply)
{
	struct call c = { .sim = sim, .request = request, .reply = reply };

	look(&c);
	free(c.uuid);
}

void api_answer(struct sim *sim, const struct api_request *request, struct api_reply *reply)
{
	struct call c = { .sim = sim, .request = request, .reply = reply };

	c.base = api_base(request);
	dispatch(&c, look(&c));
	assert(reply->status);
	free(c.base);
	free(c.uuid);
	free(c.object_tenant);
	cJSON_Delete(c.body);
}

void api_record(struct sim *sim, const struct api_request *request, const struct api_reply *reply, int status)
{
	const char *query = strchr(request->target, '?');

	journal_add(sim->journal,
		    &(struct journal_entry){
			    .method = request->method,
			    .path = reply->path,
			    .target = request->target,
			    .query = query ? query + 1 : "",
			    .tenant = request->tenant,
			    .version = request->version,
			    .user = reply->user,
			    .agent = request->agent,
			    .session = reply->session,
			    .body = reply->request_body,
			    .status = status,
			    .type = reply->type,
			    .uuid = reply->uuid,
			    .name = reply->name,
			    .fault = reply->fault,
		    },
		    request->now_ms);
}

char *api_base(const struct api_request *request)
{
	return xasprintf("https://%s", request->host ? request->host : "localhost");
}

void api_reply_release(struct api_reply *reply)
{
	cJSON_Delete(reply->body);
	cJSON_Delete(reply->request_body);
	free(reply->text);
	free(reply->tenant);
	strs_release(&reply->headers);
	free(reply->user);
	free(reply->path);
	free(reply->uuid);
	free(reply->name);
}
