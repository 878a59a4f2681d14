#include "leader/gslb/gs.h"

static const char *const type_names[] = {
	[MONITOR_HTTP] = "HEALTH_MONITOR_HTTP", [MONITOR_HTTPS] = "HEALTH_MONITOR_HTTPS",
	[MONITOR_TCP] = "HEALTH_MONITOR_TCP", [MONITOR_UDP] = "HEALTH_MONITOR_UDP",
};

const char *monitor_type_name(enum monitor_type type)
{
	return type_names[type];
}

enum monitor_type monitor_type_of(const char *name)
{
	for (size_t i = MONITOR_HTTP; name && i < ARRAY_SIZE(type_names); i++)
		if (streq(type_names[i], name))
			return (enum monitor_type)i;
	return MONITOR_OTHER;
}

struct gs *gs_new(const char *tenant, const char *name)
{
	struct gs *gs = xcalloc(1, sizeof(*gs));

	gs->tenant = xstrdup(tenant);
	gs->name = xstrdup(name);
	return gs;
}

void gs_member_release(struct gs_member *member)
{
	free(member->ip);
	free(member->vs_uuid);
	free(member->cluster_uuid);
	free(member->public_ip);
	*member = (struct gs_member){ 0 };
}

static struct gs_member member_copy(const struct gs_member *from)
{
	struct gs_member to = *from;

	to.ip = xstrdup(from->ip);
	to.vs_uuid = xstrdup(from->vs_uuid);
	to.cluster_uuid = xstrdup(from->cluster_uuid);
	to.public_ip = xstrdup(from->public_ip);
	return to;
}

static void group_release(struct gs_group *group)
{
	for (size_t i = 0; i < group->n_members; i++)
		gs_member_release(&group->members[i]);
	free(group->members);
	free(group->algorithm);
	free(group->fallback_algorithm);
}

void gs_free(struct gs *gs)
{
	if (!gs)
		return;
	for (size_t i = 0; i < gs->n_groups; i++)
		group_release(&gs->groups[i]);
	free(gs->groups);
	strs_release(&gs->domain_names);
	strs_release(&gs->objects);
	strs_release(&gs->monitor_refs);
	strs_release(&gs->deviations);
	free(gs->tenant);
	free(gs->name);
	free(gs->uuid);
	free(gs->created_by);
	free(gs->persistence_ref);
	free(gs->pki_ref);
	free(gs->down_response);
	free(gs->fallback_ip);
	free(gs);
}

static struct gs_group group_copy(const struct gs_group *from)
{
	struct gs_group to = *from;

	to.algorithm = xstrdup(from->algorithm);
	to.fallback_algorithm = xstrdup(from->fallback_algorithm);
	to.members = xcalloc(from->n_members, sizeof(*to.members));
	for (size_t i = 0; i < from->n_members; i++)
		to.members[i] = member_copy(&from->members[i]);
	return to;
}

struct gs *gs_copy(const struct gs *from)
{
	struct gs *to = gs_new(from->tenant, from->name);

	to->uuid = xstrdup(from->uuid);
	to->modified_us = from->modified_us;
	to->created_by = xstrdup(from->created_by);
	strs_copy(&to->domain_names, &from->domain_names);
	strs_copy(&to->objects, &from->objects);
	strs_copy(&to->monitor_refs, &from->monitor_refs);
	strs_copy(&to->deviations, &from->deviations);
	to->groups = xcalloc(from->n_groups, sizeof(*to->groups));
	to->n_groups = from->n_groups;
	for (size_t i = 0; i < from->n_groups; i++)
		to->groups[i] = group_copy(&from->groups[i]);
	to->has_ttl = from->has_ttl;
	to->ttl_s = from->ttl_s;
	to->persistence_ref = xstrdup(from->persistence_ref);
	to->pki_ref = xstrdup(from->pki_ref);
	to->down_response = xstrdup(from->down_response);
	to->fallback_ip = xstrdup(from->fallback_ip);
	to->is_down_response_ours = from->is_down_response_ours;
	return to;
}

static struct gs_group *group_of(struct gs *gs, int priority)
{
	size_t at = 0;

	while (at < gs->n_groups && gs->groups[at].priority > priority)
		at++;
	if (at < gs->n_groups && gs->groups[at].priority == priority)
		return &gs->groups[at];
	gs->groups = xrealloc(gs->groups, (gs->n_groups + 1) * sizeof(*gs->groups));
	memmove(&gs->groups[at + 1], &gs->groups[at], (gs->n_groups - at) * sizeof(*gs->groups));
	gs->groups[at] = (struct gs_group){ .priority = priority };
	gs->n_groups++;
	return &gs->groups[at];
}

void gs_add_member(struct gs *gs, int priority, const struct gs_member *member)
{
	struct gs_group *group = group_of(gs, priority);

	group->members = xrealloc(group->members, (group->n_members + 1) * sizeof(*group->members));
	group->members[group->n_members++] = member_copy(member);
}

size_t gs_count_members(const struct gs *gs)
{
	size_t n = 0;

	for (size_t i = 0; i < gs->n_groups; i++)
		n += gs->groups[i].n_members;
	return n;
}

const struct gs_member *gs_find_member(const struct gs *gs, const char *ip, int *priority)
{
	for (size_t i = 0; i < gs->n_groups; i++) {
		for (size_t m = 0; m < gs->groups[i].n_members; m++) {
			if (!streq0(gs->groups[i].members[m].ip, ip))
				continue;
			if (priority)
				*priority = gs->groups[i].priority;
			return &gs->groups[i].members[m];
		}
	}
	return NULL;
}

struct monitor *monitor_new(const char *tenant, const char *name)
{
	struct monitor *monitor = xcalloc(1, sizeof(*monitor));

	monitor->tenant = xstrdup(tenant);
	monitor->name = xstrdup(name);
	return monitor;
}

void monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	free(monitor->tenant);
	free(monitor->name);
	free(monitor->uuid);
	free(monitor->description);
	free(monitor->owner);
	free(monitor->request);
	strs_release(&monitor->response_codes);
	strs_release(&monitor->deviations);
	free(monitor);
}

struct monitor *monitor_copy(const struct monitor *from)
{
	struct monitor *to = monitor_new(from->tenant, from->name);

	to->uuid = xstrdup(from->uuid);
	to->modified_us = from->modified_us;
	to->type = from->type;
	to->port = from->port;
	to->description = xstrdup(from->description);
	to->owner = xstrdup(from->owner);
	to->request = xstrdup(from->request);
	strs_copy(&to->response_codes, &from->response_codes);
	strs_copy(&to->deviations, &from->deviations);
	return to;
}

/* Notes a difference; returns false so that callers can chain. */
static bool differs(struct strs *fields, const char *name)
{
	if (fields)
		strs_add_once(fields, name);
	return false;
}

/* "" and NULL are the same on the wire. */
static bool same_text(const char *a, const char *b)
{
	return streq(a ? a : "", b ? b : "");
}

static bool member_same(const struct gs_member *a, const struct gs_member *b)
{
	return same_text(a->vs_uuid, b->vs_uuid) && same_text(a->cluster_uuid, b->cluster_uuid) &&
	       same_text(a->public_ip, b->public_ip) && a->ratio == b->ratio && a->is_disabled == b->is_disabled;
}

static const struct gs_group *find_group(const struct gs *gs, int priority)
{
	for (size_t i = 0; i < gs->n_groups; i++)
		if (gs->groups[i].priority == priority)
			return &gs->groups[i];
	return NULL;
}

static bool members_same(const struct gs_group *wanted, const struct gs_group *actual, struct strs *fields)
{
	if (wanted->n_members != actual->n_members)
		return differs(fields, "members");
	for (size_t i = 0; i < wanted->n_members; i++) {
		const struct gs_member *found = NULL;

		for (size_t k = 0; k < actual->n_members && !found; k++)
			if (streq0(actual->members[k].ip, wanted->members[i].ip))
				found = &actual->members[k];
		if (!found || !member_same(&wanted->members[i], found))
			return differs(fields, "members");
	}
	return true;
}

static bool group_same(const struct gs_group *wanted, const struct gs_group *actual, struct strs *fields)
{
	bool same = members_same(wanted, actual, fields);

	if (!same_text(wanted->algorithm, actual->algorithm) ||
	    !same_text(wanted->fallback_algorithm, actual->fallback_algorithm))
		same = differs(fields, "algorithm");
	if (wanted->has_hash_mask != actual->has_hash_mask ||
	    (wanted->has_hash_mask && wanted->hash_mask != actual->hash_mask))
		same = differs(fields, "consistent_hash_mask");
	return same;
}

/* See gs_same(): 1.13.1 wrote refs+1 on one group only, and 2 on the rest. */
static bool thresholds_same(const struct gs *wanted, const struct gs *actual)
{
	size_t n_as_wanted = 0, n_two = 0;

	for (size_t i = 0; i < wanted->n_groups; i++) {
		const struct gs_group *group = find_group(actual, wanted->groups[i].priority);

		if (!group)
			return false;
		if (group->min_monitors_up == wanted->groups[i].min_monitors_up)
			n_as_wanted++;
		else if (group->min_monitors_up == 2 && wanted->groups[i].min_monitors_up > 2)
			n_two++;
	}
	return n_as_wanted == wanted->n_groups || (n_as_wanted == 1 && n_two == wanted->n_groups - 1);
}

static bool groups_same(const struct gs *wanted, const struct gs *actual, struct strs *fields)
{
	bool same = true;

	if (wanted->n_groups != actual->n_groups)
		return differs(fields, "groups");
	for (size_t i = 0; i < wanted->n_groups; i++) {
		const struct gs_group *group = find_group(actual, wanted->groups[i].priority);

		if (!group)
			return differs(fields, "groups");
		if (!group_same(&wanted->groups[i], group, fields))
			same = false;
	}
	if (!thresholds_same(wanted, actual))
		same = differs(fields, "min_health_monitors_up");
	return same;
}

static bool down_response_same(const struct gs *wanted, const struct gs *actual)
{
	if (!wanted->down_response && !actual->is_down_response_ours &&
	    same_text(actual->down_response, "GSLB_SERVICE_DOWN_RESPONSE_NONE"))
		return true;
	return same_text(wanted->down_response, actual->down_response) && same_text(wanted->fallback_ip, actual->fallback_ip);
}

bool gs_same(const struct gs *wanted, const struct gs *actual, struct strs *fields)
{
	bool same = groups_same(wanted, actual, fields);

	if (!same_text(wanted->created_by, actual->created_by))
		same = differs(fields, "created_by");
	if (!strs_same_set(&wanted->domain_names, &actual->domain_names))
		same = differs(fields, "domain_names");
	if (!strs_same_set(&wanted->objects, &actual->objects))
		same = differs(fields, "description");
	if (!strs_same_set(&wanted->monitor_refs, &actual->monitor_refs))
		same = differs(fields, "health_monitor_refs");
	if (wanted->has_ttl != actual->has_ttl || (wanted->has_ttl && wanted->ttl_s != actual->ttl_s))
		same = differs(fields, "ttl");
	if (!same_text(wanted->persistence_ref, actual->persistence_ref))
		same = differs(fields, "application_persistence_profile_ref");
	if (!same_text(wanted->pki_ref, actual->pki_ref))
		same = differs(fields, "pki_profile_ref");
	if (!down_response_same(wanted, actual))
		same = differs(fields, "down_response");
	for (size_t i = 0; i < actual->deviations.n; i++)
		same = differs(fields, actual->deviations.v[i]);
	return same;
}

bool monitor_same(const struct monitor *wanted, const struct monitor *actual, struct strs *fields)
{
	bool same = true;

	if (wanted->type != actual->type)
		same = differs(fields, "type");
	if (wanted->port != actual->port)
		same = differs(fields, "monitor_port");
	if (!same_text(wanted->description, actual->description))
		same = differs(fields, "description");
	if (!same_text(wanted->owner, actual->owner))
		same = differs(fields, "markers");
	if (!same_text(wanted->request, actual->request))
		same = differs(fields, "http_request");
	if (!strs_same_set(&wanted->response_codes, &actual->response_codes))
		same = differs(fields, "http_response_code");
	for (size_t i = 0; i < actual->deviations.n; i++)
		same = differs(fields, actual->deviations.v[i]);
	return same;
}
