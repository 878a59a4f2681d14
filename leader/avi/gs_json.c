#include "leader/avi/gs_json.h"

#include <limits.h>

#include "common/io/http_client.h"

#define DEFAULT_TENANT "admin"
#define OWNER_MARKER "created-by"
#define GROUP_NAME "amko-gs-group-%d"
/* The controller's own values where an answer leaves them out. */
#define DEFAULT_PRIORITY 10
#define DEFAULT_RATIO 1

/* Fields that we always write with one value. */
struct constant {
	const char *key;
	const char *text;              /* NULL: a number or a truth */
	bool is_truth;
	int number;
};

static const struct constant gs_constants[] = {
	{ "enabled", .is_truth = true, .number = true },
	{ "is_federated", .is_truth = true, .number = true },
	{ "controller_health_status_enabled", .is_truth = true, .number = true },
	{ "health_monitor_scope", .text = "GSLB_SERVICE_HEALTH_MONITOR_ALL_MEMBERS" },
	{ "pool_algorithm", .text = "GSLB_SERVICE_ALGORITHM_PRIORITY" },
	{ "min_members", .number = 0 },
	{ "resolve_cname", .is_truth = true, .number = false },
	{ "use_edns_client_subnet", .is_truth = true, .number = true },
	{ "wildcard_match", .is_truth = true, .number = false },
};

static const struct constant monitor_constants[] = {
	{ "is_federated", .is_truth = true, .number = true },
	{ "allow_duplicate_monitors", .is_truth = true, .number = true },
	{ "send_interval", .number = 10 },
	{ "receive_timeout", .number = 4 },
	{ "successful_checks", .number = 3 },
	{ "failed_checks", .number = 3 },
};

static const struct constant tcp_constants[] = { { "tcp_half_open", .is_truth = true, .number = false } };
static const struct constant udp_constants[] = {
	{ "udp_request", .text = "created_by: amko, request string not required" },
};

/* What a monitor of a type has in an object of its own. */
static const struct {
	const char *key;
	const struct constant *constants;
	size_t n;
} monitor_parts[] = {
	[MONITOR_OTHER] = { NULL, NULL, 0 },
	[MONITOR_HTTP] = { "http_monitor", NULL, 0 },
	[MONITOR_HTTPS] = { "https_monitor", NULL, 0 },
	[MONITOR_TCP] = { "tcp_monitor", tcp_constants, ARRAY_SIZE(tcp_constants) },
	[MONITOR_UDP] = { "udp_monitor", udp_constants, ARRAY_SIZE(udp_constants) },
};

static void put_constants(cJSON *json, const struct constant *constants, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct constant *c = &constants[i];

		if (c->text)
			json_put_str(json, c->key, c->text);
		else if (c->is_truth)
			json_put_bool(json, c->key, c->number);
		else
			json_put_int(json, c->key, c->number);
	}
}

static bool is_constant(const cJSON *json, const struct constant *c)
{
	if (c->text)
		return !json_str(json, c->key) || streq(json_str(json, c->key), c->text);
	if (c->is_truth)
		return json_bool(json, c->key, c->number) == (bool)c->number;
	return json_int(json, c->key, c->number) == c->number;
}

static void note_deviations(const cJSON *json, const struct constant *constants, size_t n, struct strs *out)
{
	for (size_t i = 0; i < n; i++)
		if (!is_constant(json, &constants[i]))
			strs_add_once(out, constants[i].key);
}

/* ---- references ---- */

static bool is_set(const char *text)
{
	return text && *text;
}

static cJSON *ref_to_json(const char *before, const char *name)
{
	CLEANUP(freep) char *escaped = http_escape(name);
	CLEANUP(freep) char *ref = xconcat(before, escaped);

	return cJSON_CreateString(ref);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A + stays: we write blanks as %20, and the reference wrote a + as it is. */
static char *percent_decode(struct slice text)
{
	char *out = xmalloc(text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		int high = text.p[i] == '%' && i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
		int low = high >= 0 ? hex_digit(text.p[i + 2]) : -1;
		bool is_code = low >= 0 && high + low > 0;      /* not %00: it would end the text */

		out[n++] = is_code ? (char)(high << 4 | low) : text.p[i];
		i += is_code ? 2 : 0;
	}
	out[n] = '\0';
	return out;
}

/* The value of `name` in the query of a reference; p NULL without one. */
static struct slice query_name(const char *ref)
{
	const char *query = strchr(ref, '?');
	struct slice rest = slice_of(query ? query + 1 : NULL), pair;

	while (rest.p && slice_split(&rest, '&', &pair))
		if (slice_starts(pair, "name="))
			return (struct slice){ pair.p + 5, pair.n - 5 };
	return (struct slice){ 0 };
}

char *ref_name(const char *ref)
{
	const char *mark = ref ? strchr(ref, '#') : NULL;
	CLEANUP(freep) char *bare = NULL;
	struct slice name, rest, segment;

	if (!ref)
		return NULL;
	if (mark && mark[1])
		return xstrdup(mark + 1);
	bare = mark ? xstrndup(ref, (size_t)(mark - ref)) : xstrdup(ref);
	name = query_name(bare);
	if (name.n)
		return percent_decode(name);
	rest = (struct slice){ bare, strcspn(bare, "?") };
	while (slice_split(&rest, '/', &segment))
		if (segment.n)
			name = segment;
	return slice_dup(name);
}

/* NULL also for one that names nothing. */
static char *name_of(const char *ref)
{
	CLEANUP(freep) char *name = ref_name(ref);

	return is_set(name) ? TAKE(name) : NULL;
}

static char *read_ref(const cJSON *object, const char *key)
{
	return name_of(json_str(object, key));
}

/* ---- model -> JSON ---- */

static void put_ip(cJSON *object, const char *key, const char *ip)
{
	cJSON *json = json_put_object(object, key);

	json_put_str(json, "addr", ip);
	json_put_str(json, "type", ip_is_v6(ip) ? "V6" : "V4");
}

static void put_member(cJSON *members, const struct gs_member *member)
{
	cJSON *json = json_add_object(members);

	json_put_bool(json, "enabled", true);
	json_put_int(json, "ratio", member->ratio);
	put_ip(json, "ip", member->ip);
	if (is_set(member->cluster_uuid))
		json_put_str(json, "cluster_uuid", member->cluster_uuid);
	/* A member of a cluster has one, even an empty one. */
	if (is_set(member->vs_uuid) || is_set(member->cluster_uuid))
		json_put_str(json, "vs_uuid", member->vs_uuid ? member->vs_uuid : "");
	if (is_set(member->public_ip))
		put_ip(json_put_object(json, "public_ip"), "ip", member->public_ip);
}

static void put_group(cJSON *groups, const struct gs_group *group)
{
	CLEANUP(freep) char *name = xasprintf(GROUP_NAME, group->priority);
	cJSON *json = json_add_object(groups), *members;

	json_put_str(json, "name", name);
	json_put_int(json, "priority", group->priority);
	json_put_bool(json, "enabled", true);
	if (is_set(group->algorithm))
		json_put_str(json, "algorithm", group->algorithm);
	if (group->has_hash_mask)
		json_put_int(json, "consistent_hash_mask", group->hash_mask);
	if (is_set(group->fallback_algorithm))
		json_put_str(json, "fallback_algorithm", group->fallback_algorithm);
	json_put_int(json, "min_health_monitors_up", group->min_monitors_up);
	members = json_put_array(json, "members");
	for (size_t i = 0; i < group->n_members; i++)
		put_member(members, &group->members[i]);
}

static void put_profiles(cJSON *json, const struct gs *gs)
{
	bool is_persistent = is_set(gs->persistence_ref);

	json_put_bool(json, "site_persistence_enabled", is_persistent);
	if (is_persistent)
		json_put(json, "application_persistence_profile_ref",
			 ref_to_json("/api/applicationpersistenceprofile?name=", gs->persistence_ref));
	if (is_set(gs->pki_ref))
		json_put(json, "pki_profile_ref", ref_to_json("/api/pkiprofile?name=", gs->pki_ref));
}

static void put_monitor_refs(cJSON *json, const struct gs *gs)
{
	cJSON *refs;

	if (!gs->monitor_refs.n)
		return;
	refs = json_put_array(json, "health_monitor_refs");
	for (size_t i = 0; i < gs->monitor_refs.n; i++)
		cJSON_AddItemToArray(refs, ref_to_json("/api/healthmonitor?name=", gs->monitor_refs.v[i]));
}

static void put_down_response(cJSON *json, const struct gs *gs)
{
	cJSON *response;

	if (!is_set(gs->down_response))
		return;
	response = json_put_object(json, "down_response");
	json_put_str(response, "type", gs->down_response);
	if (is_set(gs->fallback_ip))
		put_ip(response, "fallback_ip", gs->fallback_ip);
}

cJSON *gs_to_json(const struct gs *gs)
{
	CLEANUP(freep) char *description = strs_join(&gs->objects, ",");
	cJSON *json = cJSON_CreateObject(), *list;

	json_put_str(json, "name", gs->name);
	json_put(json, "tenant_ref", ref_to_json("/api/tenant/?name=", gs->tenant));
	if (gs->created_by)
		json_put_str(json, "created_by", gs->created_by);
	json_put_str(json, "description", description);
	list = json_put_array(json, "domain_names");
	for (size_t i = 0; i < gs->domain_names.n; i++)
		json_add_str(list, gs->domain_names.v[i]);
	put_constants(json, gs_constants, ARRAY_SIZE(gs_constants));
	put_profiles(json, gs);
	if (gs->has_ttl)
		json_put_int(json, "ttl", gs->ttl_s);
	put_down_response(json, gs);
	list = json_put_array(json, "groups");
	for (size_t i = 0; i < gs->n_groups; i++)
		put_group(list, &gs->groups[i]);
	put_monitor_refs(json, gs);
	return json;
}

static void put_owner(cJSON *json, const char *owner)
{
	cJSON *marker = json_add_object(json_put_array(json, "markers"));

	json_put_str(marker, "key", OWNER_MARKER);
	json_add_str(json_put_array(marker, "values"), owner);
}

/* The object that only monitors of this type have. */
static void put_part(cJSON *json, const struct monitor *monitor)
{
	cJSON *part, *codes;

	if (!monitor_parts[monitor->type].key)
		return;
	part = json_put_object(json, monitor_parts[monitor->type].key);
	put_constants(part, monitor_parts[monitor->type].constants, monitor_parts[monitor->type].n);
	if (!monitor->request)
		return;
	json_put_str(part, "http_request", monitor->request);
	codes = json_put_array(part, "http_response_code");
	for (size_t i = 0; i < monitor->response_codes.n; i++)
		json_add_str(codes, monitor->response_codes.v[i]);
}

cJSON *monitor_to_json(const struct monitor *monitor)
{
	cJSON *json = cJSON_CreateObject();

	json_put_str(json, "name", monitor->name);
	if (monitor_type_name(monitor->type))
		json_put_str(json, "type", monitor_type_name(monitor->type));
	json_put(json, "tenant_ref", ref_to_json("/api/tenant/?name=", monitor->tenant));
	json_put_str(json, "description", monitor->description ? monitor->description : "");
	put_constants(json, monitor_constants, ARRAY_SIZE(monitor_constants));
	if (monitor->port)
		json_put_int(json, "monitor_port", monitor->port);
	if (is_set(monitor->owner))
		put_owner(json, monitor->owner);
	put_part(json, monitor);
	return json;
}

/* ---- JSON -> model ---- */

static int int_of(const cJSON *object, const char *key, int absent)
{
	int64_t number = json_int(object, key, absent);

	return number >= INT_MIN && number <= INT_MAX ? (int)number : absent;
}

static char *text_of(const cJSON *object, const char *key)
{
	const char *text = json_str(object, key);

	return is_set(text) ? xstrdup(text) : NULL;
}

/* Not only a uuid. */
static bool ref_has_name(const char *ref)
{
	const char *mark = strchr(ref, '#');
	CLEANUP(freep) char *bare = xstrndup(ref, strcspn(ref, "#"));

	return (mark && mark[1]) || query_name(bare).n;
}

/* Who asks in one tenant gets its objects and those of "admin", whose uuid is its name. */
char *object_tenant(const cJSON *object, const char *tenant)
{
	CLEANUP(freep) char *name = read_ref(object, "tenant_ref");
	bool is_all = !is_set(tenant) || streq(tenant, "*");

	if (name && (ref_has_name(json_str(object, "tenant_ref")) || streq(name, DEFAULT_TENANT)))
		return TAKE(name);
	if (!is_all)
		return xstrdup(tenant);
	return name ? NULL : xstrdup(DEFAULT_TENANT);
}

static bool read_member(const cJSON *json, struct gs_member *member)
{
	member->ip = text_of(json_get(json, "ip"), "addr");
	member->vs_uuid = text_of(json, "vs_uuid");
	member->cluster_uuid = text_of(json, "cluster_uuid");
	member->public_ip = text_of(json_at(json, "public_ip", "ip", NULL), "addr");
	member->ratio = int_of(json, "ratio", DEFAULT_RATIO);
	member->is_disabled = !json_bool(json, "enabled", true);
	return member->ip != NULL;
}

/* A mask and a fallback mean something for some algorithms only; for the others the controller shows defaults. */
static void read_algorithm(const cJSON *json, struct gs_group *group)
{
	const char *hash = "GSLB_ALGORITHM_CONSISTENT_HASH";
	int mask = int_of(json, "consistent_hash_mask", -1);

	group->algorithm = text_of(json, "algorithm");
	if (group->algorithm && streq(group->algorithm, "GSLB_ALGORITHM_GEO"))
		group->fallback_algorithm = text_of(json, "fallback_algorithm");
	group->has_hash_mask = mask >= 0 && (streq0(group->algorithm, hash) || streq0(group->fallback_algorithm, hash));
	group->hash_mask = group->has_hash_mask ? mask : 0;
}

static struct gs_group *find_group(struct gs *gs, int priority)
{
	for (size_t i = 0; i < gs->n_groups; i++)
		if (gs->groups[i].priority == priority)
			return &gs->groups[i];
	return NULL;
}

static void read_group(const cJSON *json, struct gs *gs)
{
	int priority = int_of(json, "priority", DEFAULT_PRIORITY);
	CLEANUP(freep) char *name = xasprintf(GROUP_NAME, priority);
	const struct constant constants[] = {
		{ "enabled", .is_truth = true, .number = true },
		{ "name", .text = name },
	};
	bool is_repeated = find_group(gs, priority) != NULL;
	const cJSON *json_member;
	struct gs_group *group;

	cJSON_ArrayForEach(json_member, json_get(json, "members")) {
		struct gs_member member = { 0 };

		if (read_member(json_member, &member))
			gs_add_member(gs, priority, &member);
		else
			strs_add_once(&gs->deviations, "members");
		gs_member_release(&member);
	}
	group = find_group(gs, priority);
	if (!group || is_repeated) {           /* ours have members, and are one for each priority */
		strs_add_once(&gs->deviations, "groups");
		return;
	}
	read_algorithm(json, group);
	group->min_monitors_up = int_of(json, "min_health_monitors_up", 0);
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		if (!is_constant(json, &constants[i]))
			strs_add_once(&gs->deviations, "groups");
}

static void read_description(const char *description, struct strs *objects)
{
	struct slice rest = slice_of(description), part;

	while (rest.n && slice_split(&rest, ',', &part))
		if (part.n)
			strs_take(objects, slice_dup(part));
}

static void read_monitor_refs(const cJSON *object, struct strs *out)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_get(object, "health_monitor_refs")) {
		char *name = name_of(cJSON_GetStringValue(item));

		if (name)
			strs_take(out, name);
	}
}

static void read_profiles(const cJSON *json, struct gs *gs)
{
	gs->persistence_ref = read_ref(json, "application_persistence_profile_ref");
	gs->pki_ref = read_ref(json, "pki_profile_ref");
	if (json_bool(json, "site_persistence_enabled", gs->persistence_ref != NULL) != (gs->persistence_ref != NULL))
		strs_add_once(&gs->deviations, "site_persistence_enabled");
}

bool gs_refs_have_names(const cJSON *object)
{
	const char *persistence = json_str(object, "application_persistence_profile_ref");
	const char *pki = json_str(object, "pki_profile_ref");
	const cJSON *item;

	cJSON_ArrayForEach(item, json_get(object, "health_monitor_refs"))
		if (cJSON_IsString(item) && !ref_has_name(item->valuestring))
			return false;
	return (!persistence || ref_has_name(persistence)) && (!pki || ref_has_name(pki));
}

/* Only what is repeated as it was; 0 for anything else. */
static int64_t modified_us(const cJSON *object)
{
	const char *text = json_str(object, "_last_modified");
	size_t n = text ? strspn(text, "0123456789") : 0;

	return n && !text[n] && n <= 18 && *text != '0' ? strtoll(text, NULL, 10) : 0;
}

struct gs *gs_from_json(const cJSON *object, const char *tenant)
{
	const char *name = json_str(object, "name"), *uuid = json_str(object, "uuid");
	const cJSON *down = json_get(object, "down_response"), *item;
	CLEANUP(freep) char *owner = NULL;
	struct gs *gs;
	int ttl_s;

	if (!is_set(name) || !is_set(uuid))
		return NULL;
	owner = object_tenant(object, tenant);
	if (!owner)
		return NULL;
	gs = gs_new(owner, name);
	gs->uuid = xstrdup(uuid);
	gs->modified_us = modified_us(object);
	gs->created_by = text_of(object, "created_by");
	json_strs(json_get(object, "domain_names"), &gs->domain_names);
	read_description(json_str(object, "description"), &gs->objects);
	cJSON_ArrayForEach(item, json_get(object, "groups"))
		read_group(item, gs);
	read_monitor_refs(object, &gs->monitor_refs);
	ttl_s = int_of(object, "ttl", -1);
	gs->has_ttl = ttl_s >= 0;
	gs->ttl_s = MAX(ttl_s, 0);
	read_profiles(object, gs);
	gs->down_response = text_of(down, "type");
	gs->fallback_ip = text_of(json_get(down, "fallback_ip"), "addr");
	note_deviations(object, gs_constants, ARRAY_SIZE(gs_constants), &gs->deviations);
	return gs;
}

/* The first value of the first marker of that key that has one. */
static char *read_owner(const cJSON *object)
{
	const cJSON *marker;

	cJSON_ArrayForEach(marker, json_get(object, "markers")) {
		const char *value = cJSON_GetStringValue(cJSON_GetArrayItem(json_get(marker, "values"), 0));

		if (is_set(value) && streq0(json_str(marker, "key"), OWNER_MARKER))
			return xstrdup(value);
	}
	return NULL;
}

struct monitor *monitor_from_json(const cJSON *object, const char *tenant)
{
	const char *name = json_str(object, "name"), *uuid = json_str(object, "uuid");
	CLEANUP(freep) char *owner = NULL;
	struct monitor *monitor;
	const cJSON *part;

	if (!is_set(name) || !is_set(uuid))
		return NULL;
	owner = object_tenant(object, tenant);
	if (!owner)
		return NULL;
	monitor = monitor_new(owner, name);
	monitor->uuid = xstrdup(uuid);
	monitor->modified_us = modified_us(object);
	monitor->type = monitor_type_of(json_str(object, "type"));
	monitor->port = int_of(object, "monitor_port", 0);
	monitor->description = text_of(object, "description");
	monitor->owner = read_owner(object);
	note_deviations(object, monitor_constants, ARRAY_SIZE(monitor_constants), &monitor->deviations);
	if (!monitor_parts[monitor->type].key)
		return monitor;
	part = json_get(object, monitor_parts[monitor->type].key);
	note_deviations(part, monitor_parts[monitor->type].constants, monitor_parts[monitor->type].n, &monitor->deviations);
	if (monitor->type == MONITOR_HTTP || monitor->type == MONITOR_HTTPS) {
		monitor->request = text_of(part, "http_request");
		json_strs(json_get(part, "http_response_code"), &monitor->response_codes);
	}
	return monitor;
}
