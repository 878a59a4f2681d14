#include "leader/gslb/build.h"

#include "leader/fqdn/fqdn.h"
#include "leader/gslb/member.h"

/* (position in memberClusters, kind, namespace, name): decides which of two members with one address counts. */
static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	int order = strcmp(a->tenant, b->tenant);

	if (!order)
		order = CMP(a->cluster_position, b->cluster_position);
	if (!order)
		order = strcmp(a->cluster, b->cluster);
	if (!order)
		order = CMP(a->object->kind, b->object->kind);
	if (!order)
		order = strcmp(a->object->namespace, b->object->namespace);
	return order ? order : strcmp(a->object->name, b->object->name);
}

/* The selected candidates in member order; *n of them. Yours to free. */
static struct member *select_members(const struct build_input *in, size_t *n)
{
	struct member *members = xcalloc(in->n_candidates, sizeof(*members));

	*n = 0;
	for (size_t i = 0; i < in->n_candidates; i++) {
		const struct candidate *c = &in->candidates[i];
		struct member member = { .cluster = c->cluster, .object = c->object, .record = c->record };

		if (policy_select(in->policy, c->cluster, c->ns, c->object, c->record, in->default_tenant,
				  &member.tenant) != SELECTED)
			continue;
		member.cluster_position = knowledge_position(in->knowledge, c->cluster);
		member.is_sync_vip_only = gdp_match_cluster(in->policy, c->cluster)->sync_vip_only;
		member.traffic = settings_traffic(in->policy, c->cluster);
		members[(*n)++] = member;
	}
	qsort(members, *n, sizeof(*members), compare_members);
	return members;
}

static void add_member(struct gs *gs, const struct member *member)
{
	const struct host_record *record = member->record;
	char *part = host_object_describe(member->object, member->cluster, record->host);

	strs_take(&gs->objects, part);
	if (gs_find_member(gs, record->ip, NULL))
		return;
	gs_add_member(gs, member->traffic.priority, &(struct gs_member){
		.ip = record->ip,
		.vs_uuid = member->is_sync_vip_only ? NULL : record->vs_uuid,
		.cluster_uuid = member->is_sync_vip_only ? NULL : member->object->controller_uuid,
		.ratio = member->traffic.weight,
	});
}

static void add_held(struct gs *gs, const struct held *held, struct wanted *out)
{
	for (size_t i = 0; i < held->objects.n; i++)
		strs_add_once(&gs->objects, held->objects.v[i]);
	for (size_t i = 0; i < held->n_members; i++) {
		if (gs_find_member(gs, held->members[i].member->ip, NULL))
			continue;
		gs_add_member(gs, held->members[i].priority, held->members[i].member);
		out->n_members_held++;
	}
}

static void set_algorithm(struct gs_group *group, const struct pool_algorithm *algorithm)
{
	const char *name = algorithm->is_set ? algorithm->algorithm : "GSLB_ALGORITHM_ROUND_ROBIN";

	group->algorithm = xstrdup(name);
	if (streq(name, "GSLB_ALGORITHM_CONSISTENT_HASH")) {
		group->has_hash_mask = algorithm->has_hash_mask;
		group->hash_mask = algorithm->hash_mask;
	} else if (streq(name, "GSLB_ALGORITHM_GEO")) {
		group->fallback_algorithm = xstrdup(algorithm->fallback_algorithm);
		group->has_hash_mask = algorithm->has_fallback_hash_mask;
		group->hash_mask = algorithm->fallback_hash_mask;
	}
}

static void set_groups(struct gs *gs, const struct settings *settings)
{
	int min_up = 2;

	if (settings->is_control_plane_only)
		min_up = 1;
	else if (settings->monitor_refs)
		min_up = (int)settings->monitor_refs->n + 1;
	for (size_t i = 0; i < gs->n_groups; i++) {
		set_algorithm(&gs->groups[i], settings->algorithm);
		gs->groups[i].min_monitors_up = min_up;
	}
}

/* Persistence needs TLS: any member that has it turns it on. */
static void set_persistence(const struct build_input *in, const struct settings *settings, bool is_tls, struct gs *gs)
{
	if (!is_tls || !settings->persistence_ref)
		return;
	gs->persistence_ref = xstrdup(settings->persistence_ref);
	gs->pki_ref = xstrdup(settings->pki_ref ? settings->pki_ref : in->default_pki);
}

static void set_down_response(const struct down_response *down, struct gs *gs)
{
	if (!down)
		return;
	gs->down_response = xstrdup(down->type);
	if (down->type && streq(down->type, "GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP"))
		gs->fallback_ip = xstrdup(down->fallback_ip);
}

static const struct gs *find_actual(const struct build_input *in, const char *tenant)
{
	for (size_t i = 0; i < in->n_actual; i++)
		if (streq(in->actual[i]->tenant, tenant))
			return in->actual[i];
	return NULL;
}

/* The members are all of one tenant. Nothing is added to out when no member is left. */
static void build_tenant(const struct build_input *in, const struct settings *settings, const char *tenant,
			 const struct member *members, size_t n_members, struct wanted *out)
{
	CLEANUP(gs_freep) struct gs *gs = gs_new(tenant, in->fqdn);
	CLEANUP(held_release) struct held held = { 0 };
	const struct gs *actual = find_actual(in, tenant);

	if (actual)
		hold_unknown(in, actual, &held);
	for (size_t i = 0; i < n_members; i++)
		add_member(gs, &members[i]);
	add_held(gs, &held, out);
	if (!gs_count_members(gs))
		return;
	gs->created_by = xstrdup(in->owner);
	fqdn_domain_names(in->fqdn, &gs->domain_names);
	gs->has_ttl = settings->has_ttl;
	gs->ttl_s = settings->ttl_s;
	set_groups(gs, settings);
	set_persistence(in, settings, members_any_tls(members, n_members, &held), gs);
	set_down_response(settings->down_response, gs);
	build_monitors(in, settings, members, n_members, &held, gs, out);
	out->gs = xrealloc(out->gs, (out->n_gs + 1) * sizeof(struct gs *));
	out->gs[out->n_gs++] = TAKE(gs);
}

static bool has_tenant(const struct member *members, size_t n, const char *tenant)
{
	for (size_t i = 0; i < n; i++)
		if (streq(members[i].tenant, tenant))
			return true;
	return false;
}

void build_wanted(const struct build_input *in, struct wanted *out)
{
	CLEANUP(freep) struct member *members = NULL;
	struct settings settings;
	size_t n, end;

	*out = (struct wanted){ 0 };
	if (!in->policy)
		return;
	settings_of(in->policy, in->lookups, &settings);
	members = select_members(in, &n);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && streq(members[end].tenant, members[i].tenant); )
			end++;
		build_tenant(in, &settings, members[i].tenant, &members[i], end - i, out);
	}
	for (size_t i = 0; i < in->n_actual; i++)
		if (!has_tenant(members, n, in->actual[i]->tenant))
			build_tenant(in, &settings, in->actual[i]->tenant, NULL, 0, out);
}

void wanted_release(struct wanted *wanted)
{
	if (!wanted)
		return;
	for (size_t i = 0; i < wanted->n_gs; i++)
		gs_free(wanted->gs[i]);
	for (size_t i = 0; i < wanted->n_monitors; i++)
		monitor_free(wanted->monitors[i]);
	free(wanted->gs);
	free(wanted->monitors);
	*wanted = (struct wanted){ 0 };
}

const struct gs *wanted_find(const struct wanted *wanted, const char *tenant)
{
	for (size_t i = 0; i < wanted->n_gs; i++)
		if (streq(wanted->gs[i]->tenant, tenant))
			return wanted->gs[i];
	return NULL;
}

const struct monitor *wanted_find_monitor(const struct wanted *wanted, const char *tenant, const char *name)
{
	for (size_t i = 0; i < wanted->n_monitors; i++)
		if (streq(wanted->monitors[i]->tenant, tenant) && streq(wanted->monitors[i]->name, name))
			return wanted->monitors[i];
	return NULL;
}
