#include "ctl/show.h"

#include <inttypes.h>
#include <time.h>

#include "common/base/buf.h"
#include "common/kube/expiry.h"
#include "ctl/columns.h"
#include "ctl/plain.h"
#include "ctl/problems.h"

#define TEXT_MAX_BYTES (4 * 1024 * 1024)

static const struct {
	const char *name;
	size_t offset;
} fitness_parts[] = {
	{ "avi", offsetof(struct fitness, has_avi) },
	{ "api", offsetof(struct fitness, has_api) },
	{ "credentials", offsetof(struct fitness, has_credentials) },
	{ "copy", offsetof(struct fitness, is_current) },
	{ "uuid", offsetof(struct fitness, has_federation) },
};

static bool has_part(const struct fitness *fitness, size_t i)
{
	return *(const bool *)((const char *)fitness + fitness_parts[i].offset);
}

/* ---- the table ---- */

/* "yes", or "no: avi, copy"; NULL: it does not say. Yours to free. */
static char *fit_text(const struct site *site)
{
	CLEANUP(strs_release) struct strs lacks = { 0 };
	CLEANUP(freep) char *joined = NULL;

	if (!site->object || !site->object->fit)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(fitness_parts); i++)
		if (!has_part(&site->peer.fitness, i))
			strs_add(&lacks, fitness_parts[i].name);
	joined = strs_join(&lacks, ",");
	return lacks.n ? xasprintf("no:%s", joined) : xstrdup("yes");
}

static char *number_text(int64_t number)
{
	return number ? xasprintf("%" PRId64, number) : NULL;
}

/* "east/amko-0": without what tells one process from another. Yours to free. */
static char *holder_short(const struct site *site)
{
	const char *holder = site->lease.claim.holder;
	size_t n = holder_context(holder).n;
	const char *end = n ? strchr(holder + n + 1, '/') : NULL;

	return site->lease.state == LEASE_READ && end ? xstrndup(holder, (size_t)(end - holder)) : NULL;
}

static void add_given(struct columns *table, char *text)
{
	columns_add(table, text);
	free(text);
}

static const char *role_of(const struct site *site)
{
	if (!site->object)
		return NULL;
	return site->has_peer && !site->peer.is_marked ? "AMKO?" : site->object->role;
}

static void add_wide(const struct fleet *fleet, const struct site *site, struct columns *table)
{
	const struct amkocluster *object = site->object;
	const struct claim *claim = site->lease.state == LEASE_READ ? &site->lease.claim : NULL;

	add_given(table, claim ? number_text(claim->promotion) : NULL);
	columns_add(table, object ? object->is_leader ? "true" : "false" : NULL);
	columns_add(table, object ? object->is_automatic ? "Automatic" : "Manual" : NULL);
	columns_add(table, claim ? claim->is_fenceless ? "none" : "record" : NULL);
	columns_add(table, object ? object->status.members_ready : NULL);
	add_given(table, claim && claim->has_view ? views_text(claim, &fleet->roster) : NULL);
}

static void add_row(const struct fleet *fleet, const struct site *site, int64_t now_s, bool is_wide, struct columns *table)
{
	const struct site_lease *lease = &site->lease;
	bool has_claim = lease->state == LEASE_READ;

	columns_add(table, site->context);
	columns_add(table, role_of(site));
	add_given(table, site_is_held(site) ? site_holder(site) : NULL);
	add_given(table, has_claim ? number_text(lease->claim.epoch) : NULL);
	add_given(table, is_wide && has_claim ? xstrdup(lease->claim.holder) : holder_short(site));
	add_given(table, lease->changed_s ? age_text(now_s - lease->changed_s) : NULL);
	columns_add(table, has_claim ? lease->claim.is_acquired ? "true" : "false" : NULL);
	add_given(table, fit_text(site));
	columns_add(table, site->object ? site->object->version : NULL);
	if (is_wide)
		add_wide(fleet, site, table);
}

static char *sites_text(const struct fleet *fleet, int64_t now_s, bool is_wide)
{
	struct columns table;
	char *text;

	columns_begin(&table, is_wide ? "CONTEXT ROLE LEADER EPOCH HOLDER CHANGED ACQUIRED FIT VERSION PROMOTION ISLEADER "
					"FAILOVER FENCE MEMBERS VIEW"
				      : "CONTEXT ROLE LEADER EPOCH HOLDER CHANGED ACQUIRED FIT VERSION");
	for (size_t i = 0; i < fleet->n_sites; i++)
		add_row(fleet, &fleet->sites[i], now_s, is_wide, &table);
	text = columns_text(&table);
	columns_release(&table);
	return text;
}

static char *conditions_text(const struct fleet *fleet, int64_t now_s)
{
	struct columns table;
	char *text;

	columns_begin(&table, "CONTEXT CONDITION STATUS SINCE REASON MESSAGE");
	for (size_t i = 0; i < fleet->n_sites; i++) {
		const struct site *site = &fleet->sites[i];

		for (size_t k = 0; site->object && k < site->object->status.n_conditions; k++) {
			const struct condition *c = &site->object->status.conditions[k];
			int64_t since_s = c->last_transition ? expiry_of_timestamp(c->last_transition) : 0;

			columns_add(&table, site->context);
			columns_add(&table, c->type);
			columns_add(&table, c->status);
			add_given(&table, since_s ? age_text(now_s - since_s) : NULL);
			columns_add(&table, c->reason);
			columns_add(&table, c->message);
		}
	}
	text = table.cells.n > table.n_columns ? columns_text(&table) : NULL;
	columns_release(&table);
	return text;
}

static void add_problems(const struct fleet *fleet, const char *ns, int64_t now_s, struct buf *out)
{
	CLEANUP(strs_release) struct strs found = { 0 };

	for (size_t i = 0; i < fleet->n_sites; i++) {
		size_t before = found.n;

		problems_of(fleet, &fleet->sites[i], ns, now_s, &found);
		for (size_t k = before; k < found.n; k++)
			buf_printf(out, "%s%s: %s\n", k ? "" : "\n", fleet->sites[i].context, found.v[k]);
	}
}

static bool fails_over_by_itself(const struct fleet *fleet, const struct site *leadership)
{
	if (leadership && leadership->lease.claim.has_view)
		return leadership->lease.claim.view.mode == MODE_AUTOMATIC;
	for (size_t i = 0; i < fleet->n_sites; i++)
		if (fleet->sites[i].object && fleet->sites[i].object->is_automatic)
			return true;
	return false;
}

/* By this machine's clock too, so no more than an advice. */
static const char *advice(const struct fleet *fleet, const struct site *leadership)
{
	if (fails_over_by_itself(fleet, leadership))
		return "nobody leads, as far as can be seen from here: a fit member that reaches most of the others takes over by "
		       "itself, and kubectl amko promote CONTEXT chooses one";
	return "nobody leads, as far as can be seen from here, so the controller stays as it is: choose a member whose FIT is yes, and "
	       "kubectl amko promote CONTEXT";
}

char *show_table(const struct fleet *fleet, const char *ns, int64_t now_s, bool is_wide)
{
	const struct site *leadership = fleet_leadership(fleet);
	CLEANUP(freep) char *leader = leadership ? site_holder(leadership) : NULL, *sites = sites_text(fleet, now_s, is_wide);
	CLEANUP(freep) char *conditions = is_wide ? conditions_text(fleet, now_s) : NULL;
	CLEANUP(freep) char *id = plain(xstrdup(fleet_id(fleet)));
	bool is_led = fleet_leader_is_alive(fleet, now_s);
	CLEANUP(buf_release) struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	buf_printf(&out, "federation %s, ", id ? id : "without an id yet");
	if (leadership)
		buf_printf(&out, "%sled by %s in epoch %" PRId64 "\n", is_led ? "" : "last ", plain(leader),
			   leadership->lease.claim.epoch);
	else
		buf_puts(&out, "led by nobody\n");
	buf_printf(&out, "%s%s\n%s", is_led ? "" : advice(fleet, leadership), is_led ? "" : "\n", sites);
	if (conditions)
		buf_printf(&out, "\n%s", conditions);
	add_problems(fleet, ns, now_s, &out);
	return buf_take(&out);
}

/* ---- JSON ---- */

static void put_text(cJSON *object, const char *key, const char *text)
{
	if (text)
		json_put_str(object, key, text);
}

static void put_strs(cJSON *object, const char *key, const struct strs *texts)
{
	cJSON *list = json_put_array(object, key);

	for (size_t i = 0; i < texts->n; i++)
		json_add_str(list, texts->v[i]);
}

static cJSON *view_json(const struct view *view, const struct roster *roster)
{
	cJSON *json = cJSON_CreateObject(), *members;

	json_put_str(json, "mode", view->mode == MODE_AUTOMATIC ? "Automatic" : "Manual");
	json_put_int(json, "epoch", view->epoch);
	json_put_int(json, "serial", view->serial);
	members = json_put_array(json, "members");
	for (int i = roster_next(roster, view->members, NOBODY); i != NOBODY; i = roster_next(roster, view->members, i))
		json_add_str(members, roster->context[i]);
	return json;
}

/* While the view changes: those that it comes after, which still count. */
static void put_views_before(cJSON *json, const struct claim *claim, const struct roster *roster)
{
	cJSON *list = claim->n_before ? json_put_array(json, "viewsBefore") : NULL;

	for (int i = 0; i < claim->n_before; i++)
		cJSON_AddItemToArray(list, view_json(&claim->before[i], roster));
}

static void put_claim(cJSON *json, const struct claim *claim, const struct roster *roster)
{
	json_put_str(json, "holder", claim->holder);
	json_put_int(json, "epoch", claim->epoch);
	json_put_int(json, "promotion", claim->promotion);
	json_put_bool(json, "acquired", claim->is_acquired);
	json_put_bool(json, "fenced", !claim->is_fenceless);
	if (*claim->federation)
		json_put_str(json, "federation", claim->federation);
	if (claim->handover != NOBODY)
		json_put_str(json, "handover", roster->context[claim->handover]);
	if (claim->has_view)
		json_put(json, "view", view_json(&claim->view, roster));
	put_views_before(json, claim, roster);
}

static cJSON *lease_json(const struct fleet *fleet, const struct site_lease *lease, int64_t now_s)
{
	cJSON *json = cJSON_CreateObject();

	if (lease->state == LEASE_READ)
		put_claim(json, &lease->claim, &fleet->roster);
	if (lease->changed_s)
		json_put_int(json, "ageSeconds", MAX(now_s - lease->changed_s, 0));
	put_text(json, "error", lease->trouble);
	return json;
}

static cJSON *kept_json(const struct kept *kept)
{
	cJSON *json = cJSON_CreateObject();

	json_put_int(json, "number", kept->promotion);
	json_put_bool(json, "ended", kept->is_ended);
	json_put_bool(json, "forced", kept->is_forced);
	json_put_bool(json, "led", kept->has_led);
	json_put_int(json, "epoch", kept->epoch);
	return json;
}

static cJSON *fitness_json(const struct fitness *fitness)
{
	cJSON *json = cJSON_CreateObject();

	for (size_t i = 0; i < ARRAY_SIZE(fitness_parts); i++)
		json_put_bool(json, fitness_parts[i].name, has_part(fitness, i));
	return json;
}

static cJSON *conditions_json(const struct amkocluster_status *status)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < status->n_conditions; i++) {
		cJSON *json = json_add_object(list);

		put_text(json, "type", status->conditions[i].type);
		put_text(json, "status", status->conditions[i].status);
		put_text(json, "reason", status->conditions[i].reason);
		put_text(json, "message", status->conditions[i].message);
		put_text(json, "lastTransitionTime", status->conditions[i].last_transition);
	}
	return list;
}

static void put_object(cJSON *json, const struct site *site)
{
	const struct amkocluster *object = site->object;

	json_put_str(json, "name", object->name);
	put_text(json, "role", object->role);
	json_put_bool(json, "isLeader", object->is_leader);
	json_put_str(json, "version", object->version);
	json_put_str(json, "failover", object->is_automatic ? "Automatic" : "Manual");
	put_strs(json, "clusters", &object->clusters);
	if (site->has_peer && site->peer.kept.is_kept)
		json_put(json, "promotion", kept_json(&site->peer.kept));
	if (site->has_peer && object->fit)
		json_put(json, "fit", fitness_json(&site->peer.fitness));
	put_text(json, "endpoint", object->endpoint);
	json_put(json, "conditions", conditions_json(&object->status));
}

static cJSON *site_json(const struct fleet *fleet, const struct site *site, const char *ns, int64_t now_s)
{
	CLEANUP(strs_release) struct strs problems = { 0 };
	cJSON *json = cJSON_CreateObject();

	json_put_str(json, "context", site->context);
	json_put_bool(json, "reachable", !site->trouble);
	if (site->object)
		put_object(json, site);
	if (!site->trouble && site->lease.state != LEASE_ABSENT)
		json_put(json, "lease", lease_json(fleet, &site->lease, now_s));
	problems_of(fleet, site, ns, now_s, &problems);
	put_strs(json, "problems", &problems);
	return json;
}

cJSON *show_json(const struct fleet *fleet, const char *ns, int64_t now_s)
{
	const struct site *leadership = fleet_leadership(fleet);
	CLEANUP(freep) char *leader = leadership ? site_holder(leadership) : NULL;
	cJSON *json = cJSON_CreateObject(), *members;

	put_text(json, "federation", fleet_id(fleet));
	put_text(json, "leader", leader);
	if (leadership)
		json_put_int(json, "epoch", leadership->lease.claim.epoch);
	json_put_bool(json, "leaderIsAlive", fleet_leader_is_alive(fleet, now_s));
	members = json_put_array(json, "members");
	for (size_t i = 0; i < fleet->n_sites; i++)
		cJSON_AddItemToArray(members, site_json(fleet, &fleet->sites[i], ns, now_s));
	return json;
}
