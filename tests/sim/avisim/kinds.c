#include "tests/sim/avisim/kinds.h"

#include <ctype.h>
#include <strings.h>

#define MAX_HM_REFS 6
#define MAX_NAME_CHARS 256
#define FIRST_VERSION_WITH_PKI "22.1.3"

struct range {
	const char *field;
	int64_t min, max;
	bool or_zero;
};

static const struct range gs_ranges[] = {
	{ "ttl", 0, 86400, false },
	{ "min_members", 1, 65535, true },
	{ "num_dns_ip", 0, 20, false },
	{ NULL, 0, 0, false },
};

static const struct range group_ranges[] = {
	{ "priority", 0, 100, false },
	{ "consistent_hash_mask", 1, 31, false },
	{ NULL, 0, 0, false },
};

static const struct range member_ranges[] = {
	{ "ratio", 1, 20, false },
	{ NULL, 0, 0, false },
};

static const struct range hm_ranges[] = {
	{ "send_interval", 1, 3600, false },
	{ "receive_timeout", 1, 2400, false },
	{ "successful_checks", 1, 50, false },
	{ "failed_checks", 1, 50, false },
	{ "monitor_port", 1, 65535, false },
	{ NULL, 0, 0, false },
};

static const char *const pool_algorithms[] = { "GSLB_SERVICE_ALGORITHM_PRIORITY", "GSLB_SERVICE_ALGORITHM_GEO", NULL };
static const char *const algorithms[] = { "GSLB_ALGORITHM_ROUND_ROBIN", "GSLB_ALGORITHM_CONSISTENT_HASH", "GSLB_ALGORITHM_GEO",
					  "GSLB_ALGORITHM_TOPOLOGY", "GSLB_ALGORITHM_PREFERENCE_ORDER", NULL };
static const char *const fallbacks[] = { "GSLB_ALGORITHM_ROUND_ROBIN", "GSLB_ALGORITHM_CONSISTENT_HASH", NULL };
static const char *const scopes[] = { "GSLB_SERVICE_HEALTH_MONITOR_ALL_MEMBERS",
				      "GSLB_SERVICE_HEALTH_MONITOR_ONLY_NON_AVI_MEMBERS", NULL };
static const char *const down_responses[] = { "GSLB_SERVICE_DOWN_RESPONSE_NONE", "GSLB_SERVICE_DOWN_RESPONSE_ALL_RECORDS",
					      "GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP", "GSLB_SERVICE_DOWN_RESPONSE_EMPTY", NULL };
static const char *const hm_types[] = { "HEALTH_MONITOR_PING", "HEALTH_MONITOR_TCP", "HEALTH_MONITOR_DNS", "HEALTH_MONITOR_EXTERNAL",
					"HEALTH_MONITOR_UDP", "HEALTH_MONITOR_HTTP", "HEALTH_MONITOR_HTTPS", "HEALTH_MONITOR_SIP",
					"HEALTH_MONITOR_RADIUS", "HEALTH_MONITOR_SMTP", "HEALTH_MONITOR_GSLB", NULL };

static bool check_ranges(const cJSON *object, const char *path, const struct range *ranges, struct err *err)
{
	for (; ranges->field; ranges++) {
		const cJSON *value = json_get(object, ranges->field);
		int64_t number = json_int(object, ranges->field, -1);

		if (!value || (ranges->or_zero && number == 0 && cJSON_IsNumber(value)))
			continue;
		if (!cJSON_IsNumber(value) || number < ranges->min || number > ranges->max)
			return err_set(err, ERR_INVALID, "%s%s: want a whole number from %ld to %ld", path, ranges->field,
				       (long)ranges->min, (long)ranges->max);
	}
	return true;
}

static bool check_choice(const cJSON *object, const char *path, const char *field, const char *const *choices, struct err *err)
{
	const cJSON *value = json_get(object, field);

	for (; value && *choices; choices++)
		if (cJSON_IsString(value) && streq(value->valuestring, *choices))
			return true;
	return !value || err_set(err, ERR_INVALID, "%s%s: not a valid choice", path, field);
}

static bool check_filled_list(const cJSON *object, const char *path, const char *field, struct err *err)
{
	const cJSON *list = json_get(object, field);

	if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0)
		return err_set(err, ERR_INVALID, "%s%s: want at least one entry", path, field);
	return true;
}

static bool check_member(const cJSON *member, const char *path, bool is_persistent, struct err *err)
{
	const cJSON *addr = json_at(member, "ip", "addr", NULL);

	if (!cJSON_IsObject(member))
		return err_set(err, ERR_INVALID, "%s not an object", path);
	if (json_get(member, "ip") && (!cJSON_IsString(addr) || !*addr->valuestring))
		return err_set(err, ERR_INVALID, "%sip.addr: This field is required.", path);
	if (!addr && !json_get(member, "fqdn"))
		return err_set(err, ERR_INVALID, "%sip: an address or an fqdn is required", path);
	if (is_persistent && !json_get(member, "vs_uuid"))
		return err_set(err, ERR_INVALID, "%svs_uuid: third-party members cannot have site persistence", path);
	return check_ranges(member, path, member_ranges, err);
}

static bool is_repeated_ip(const cJSON *members, const cJSON *member)
{
	const cJSON *addr = json_at(member, "ip", "addr", NULL), *other;

	cJSON_ArrayForEach(other, members) {
		const cJSON *other_addr = json_at(other, "ip", "addr", NULL);

		if (other == member)
			return false;
		if (addr && other_addr && streq(addr->valuestring, other_addr->valuestring))
			return true;
	}
	return false;
}

static bool check_group(const cJSON *group, int index, bool is_persistent, struct err *err)
{
	const cJSON *members = json_get(group, "members"), *member;
	char path[64];
	int i = 0;

	snprintf(path, sizeof(path), "groups[%d].", index);
	if (!json_str(group, "name"))
		return err_set(err, ERR_INVALID, "%sname: This field is required.", path);
	if (!check_filled_list(group, path, "members", err) || !check_ranges(group, path, group_ranges, err) ||
	    !check_choice(group, path, "algorithm", algorithms, err) ||
	    !check_choice(group, path, "fallback_algorithm", fallbacks, err))
		return false;
	cJSON_ArrayForEach(member, members) {
		snprintf(path, sizeof(path), "groups[%d].members[%d].", index, i++);
		if (!check_member(member, path, is_persistent, err))
			return false;
		if (is_repeated_ip(members, member))
			return err_set(err, ERR_INVALID, "%sip: the address occurs twice in the group", path);
	}
	return true;
}

static bool check_domains(const cJSON *body, struct err *err)
{
	const cJSON *name;

	cJSON_ArrayForEach(name, json_get(body, "domain_names"))
		if (!cJSON_IsString(name) || !*name->valuestring)
			return err_set(err, ERR_INVALID, "domain_names: want names");
	return check_filled_list(body, "", "domain_names", err);
}

static bool check_persistence(const cJSON *body, const char *version, struct err *err)
{
	bool is_on = json_bool(body, "site_persistence_enabled", false), has_pki = json_get(body, "pki_profile_ref");
	bool knows_pki = version_compare(version, FIRST_VERSION_WITH_PKI) >= 0;

	if (is_on && !json_get(body, "application_persistence_profile_ref"))
		return err_set(err, ERR_INVALID, "application_persistence_profile_ref: required with site persistence");
	if (is_on && knows_pki && !has_pki)
		return err_set(err, ERR_INVALID, "pki_profile_ref: required with site persistence");
	if (has_pki && !knows_pki)
		return err_set(err, ERR_INVALID, "pki_profile_ref: not in version %s", version);
	return true;
}

static bool check_gs(const cJSON *body, const char *version, struct err *err)
{
	const cJSON *group;
	int i = 0;

	if (!check_domains(body, err) || !check_filled_list(body, "", "groups", err) || !check_ranges(body, "", gs_ranges, err) ||
	    !check_choice(body, "", "pool_algorithm", pool_algorithms, err) ||
	    !check_choice(body, "", "health_monitor_scope", scopes, err) ||
	    !check_choice(json_get(body, "down_response"), "down_response.", "type", down_responses, err))
		return false;
	if (cJSON_GetArraySize(json_get(body, "health_monitor_refs")) > MAX_HM_REFS)
		return err_set(err, ERR_INVALID, "health_monitor_refs: at most %d", MAX_HM_REFS);
	cJSON_ArrayForEach(group, json_get(body, "groups"))
		if (!check_group(group, i++, json_bool(body, "site_persistence_enabled", false), err))
			return false;
	return check_persistence(body, version, err);
}

static bool check_hm(const cJSON *body, const char *version, struct err *err)
{
	(void)version;
	if (!json_get(body, "type"))
		return err_set(err, ERR_INVALID, "type: This field is required.");
	if (!check_choice(body, "", "type", hm_types, err) || !check_ranges(body, "", hm_ranges, err))
		return false;
	if (json_int(body, "receive_timeout", 0) >= json_int(body, "send_interval", 0))
		return err_set(err, ERR_INVALID, "receive_timeout: must be less than send_interval");
	return true;
}

static void fill_from(cJSON *object, const char *defaults)
{
	CLEANUP(cJSON_Deletep) cJSON *all = json_parse(slice_of(defaults), NULL);

	assert(all);
	while (all->child) {
		cJSON *item = cJSON_DetachItemViaPointer(all, all->child);

		if (cJSON_GetObjectItemCaseSensitive(object, item->string))
			cJSON_Delete(item);
		else
			cJSON_AddItemToObject(object, item->string, item);
	}
}

static void fill_gs(cJSON *body)
{
	cJSON *group, *member;

	cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(body, "groups")) {
		if (cJSON_IsObject(group))
			fill_from(group, "{\"enabled\":true,\"priority\":10}");
		cJSON_ArrayForEach(member, cJSON_GetObjectItemCaseSensitive(group, "members"))
			if (cJSON_IsObject(member))
				fill_from(member, "{\"enabled\":true,\"ratio\":1}");
	}
}

const struct kind kinds[N_KINDS] = {
	[KIND_TENANT] = { .type = "tenant", .title = "Tenant", .in_words = "Tenant", .defaults = "{\"local\":true,\"description\":\"\"}" },
	[KIND_CLOUD] = { .type = "cloud", .title = "Cloud", .in_words = "Cloud", .defaults = "{\"vtype\":\"CLOUD_NONE\"}" },
	[KIND_PKI] = { .type = "pkiprofile", .title = "PKIProfile", .in_words = "PKI profile",
		       .defaults = "{\"is_federated\":false,\"crl_check\":true}" },
	[KIND_PERSISTENCE] = { .type = "applicationpersistenceprofile", .title = "ApplicationPersistenceProfile",
			       .in_words = "Application persistence profile",
			       .defaults = "{\"is_federated\":false,\"server_hm_down_recovery\":\"HM_DOWN_PICK_NEW_SERVER\"}" },
	[KIND_STRINGGROUP] = { .type = "stringgroup", .title = "StringGroup", .in_words = "String group",
			       .defaults = "{\"type\":\"SG_TYPE_STRING\",\"longest_match\":false}" },
	[KIND_HM] = { .type = "healthmonitor", .title = "HealthMonitor", .in_words = "Health monitor", .is_federated = true,
		      .defaults = "{\"send_interval\":10,\"receive_timeout\":4,\"successful_checks\":2,\"failed_checks\":2,"
				  "\"is_federated\":false,\"description\":\"\"}",
		      .check = check_hm },
	[KIND_GS] = { .type = "gslbservice", .title = "GslbService", .in_words = "Gslb service", .is_federated = true,
		      .defaults = "{\"enabled\":true,\"controller_health_status_enabled\":true,\"num_dns_ip\":0,\"min_members\":0,"
				  "\"use_edns_client_subnet\":true,\"wildcard_match\":false,\"resolve_cname\":false,"
				  "\"site_persistence_enabled\":false,\"pool_algorithm\":\"GSLB_SERVICE_ALGORITHM_PRIORITY\","
				  "\"health_monitor_scope\":\"GSLB_SERVICE_HEALTH_MONITOR_ALL_MEMBERS\",\"is_federated\":true,"
				  "\"description\":\"\"}",
		      .fill = fill_gs, .check = check_gs },
};

const struct kind *kind_find(struct slice type)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (slice_eq(type, kinds[i].type))
			return &kinds[i];
	return NULL;
}

static void drop_nulls(cJSON *object)
{
	for (cJSON *item = object->child, *next; item; item = next) {
		next = item->next;
		if (cJSON_IsNull(item))
			cJSON_Delete(cJSON_DetachItemViaPointer(object, item));
	}
}

void kind_fill(const struct kind *kind, cJSON *body)
{
	drop_nulls(body);
	fill_from(body, kind->defaults);
	if (kind->fill)
		kind->fill(body);
}

bool kind_check(const struct kind *kind, const cJSON *body, const char *version, struct err *err)
{
	const char *name = json_str(body, "name");

	if (!name || !*name)
		return err_set(err, ERR_INVALID, "name: This field is required.");
	if (strlen(name) > MAX_NAME_CHARS)
		return err_set(err, ERR_INVALID, "name: longer than %d characters", MAX_NAME_CHARS);
	return !kind->check || kind->check(body, version, err);
}

static long take_number(const char **text)
{
	char *end;
	long number = strtol(*text, &end, 10);

	*text = *end == '.' ? end + 1 : "";
	return number;
}

int version_compare(const char *a, const char *b)
{
	int order = 0;

	while (order == 0 && (*a || *b)) {
		long x = take_number(&a), y = take_number(&b);

		order = CMP(x, y);
	}
	return order;
}

bool version_is_valid(const char *text)
{
	for (int n = 0; n < 4; n++) {
		size_t digits = strspn(text, "0123456789");

		if (!digits || digits > 6)
			return false;
		text += digits;
		if (*text != '.')
			break;
		text++;
	}
	return !*text || (*text == '-' && isalnum((unsigned char)text[1]));
}
