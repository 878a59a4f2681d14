#include "ctl/fleet.h"

#include "common/crd/gslbconfig.h"
#include "common/kube/expiry.h"
#include "ctl/plain.h"

static void site_release(struct site *site)
{
	free(site->context);
	free(site->trouble);
	amkocluster_free(site->object);
	cJSON_Delete(site->json);
	free(site->peer_trouble);
	free(site->lease.trouble);
	free(site->uuid);
}

void fleet_release(struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_sites; i++)
		site_release(&fleet->sites[i]);
	free(fleet->sites);
	*fleet = (struct fleet){ 0 };
}

struct site *fleet_find(const struct fleet *fleet, const char *context)
{
	for (size_t i = 0; i < fleet->n_sites; i++)
		if (streq(fleet->sites[i].context, context))
			return &fleet->sites[i];
	return NULL;
}

struct site *fleet_add(struct fleet *fleet, const char *context)
{
	struct site *site = fleet_find(fleet, context);
	CLEANUP(freep) char *printed = plain(xstrdup(context));
	size_t at = 0;

	if (site)
		return site;
	if (fleet->n_sites == ROSTER_MAX || !streq(printed, context) || roster_add(&fleet->roster, slice_of(context)) == NOBODY)
		return NULL;
	fleet->sites = xrealloc(fleet->sites, (fleet->n_sites + 1) * sizeof(*fleet->sites));
	while (at < fleet->n_sites && strcmp(fleet->sites[at].context, context) < 0)
		at++;
	memmove(fleet->sites + at + 1, fleet->sites + at, (fleet->n_sites - at) * sizeof(*fleet->sites));
	fleet->n_sites++;
	fleet->sites[at] = (struct site){ .context = xstrdup(context) };
	return &fleet->sites[at];
}

static int by_context(const void *a, const void *b)
{
	return strcmp(((const struct site *)a)->context, ((const struct site *)b)->context);
}

void fleet_rename(struct fleet *fleet, struct site *site, const char *context)
{
	char *name = xstrdup(context);

	free(site->context);
	site->context = name;
	site->peer.has_other_context = site->object && !streq(site->object->context, name);
	roster_add(&fleet->roster, slice_of(name));
	qsort(fleet->sites, fleet->n_sites, sizeof(*fleet->sites), by_context);
}

/* ---- answers ---- */

static void read_peer(struct site *site, const cJSON *object)
{
	struct err err = { 0 };

	site->has_peer = peer_from_json(object, site->context, &site->peer, &err);
	if (!site->has_peer)
		site->peer_trouble = xstrdup(err.msg);
}

void site_read_objects(struct site *site, const cJSON *list, const struct err *err)
{
	const cJSON *items = json_get(list, "items"), *item;

	if (err || !cJSON_IsArray(items)) {
		site->trouble = xstrdup(err ? err->msg : "its list of AMKOClusters is none");
		return;
	}
	cJSON_ArrayForEach(item, items) {
		amkocluster_free(site->object);
		site->object = amkocluster_from_json(item);
		site->n_objects++;
	}
	if (site->n_objects != 1)
		amkocluster_free(TAKE(site->object));
	if (!site->object)
		return;
	site->json = cJSON_Duplicate(items->child, true);
	read_peer(site, items->child);
}

/* The API server notes when a field was written last; the holder's own clock comes after that. */
static int64_t changed_at(const cJSON *lease)
{
	const cJSON *entry;
	int64_t last = 0;

	cJSON_ArrayForEach(entry, json_at(lease, "metadata", "managedFields", NULL)) {
		const char *time = json_str(entry, "time");

		last = MAX(last, time ? expiry_of_timestamp(time) : 0);
	}
	if (!last && json_str(json_get(lease, "spec"), "renewTime"))
		last = expiry_of_timestamp(json_str(json_get(lease, "spec"), "renewTime"));
	return last;
}

void site_read_lease(struct fleet *fleet, struct site *site, const cJSON *lease, const struct err *err)
{
	struct site_lease *out = &site->lease;
	struct version version;
	struct err why = { 0 };

	if (err) {
		out->state = err->code == ERR_NOTFOUND ? LEASE_ABSENT : LEASE_UNREAD;
		out->trouble = out->state == LEASE_UNREAD ? xstrdup(err->msg) : NULL;
		return;
	}
	out->changed_s = changed_at(lease);
	out->duration_s = (int)json_int(json_get(lease, "spec"), "leaseDurationSeconds", 0);
	out->state = LEASE_READ;
	if (lease_from_json(lease, &fleet->roster, &out->claim, &version, NULL, &why))
		return;
	out->state = LEASE_GARBAGE;
	out->trouble = xstrdup(why.msg);
}

void site_read_configs(struct site *site, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_get(list, "items")) {
		const char *uuid = json_str(json_at(item, "metadata", "annotations", NULL), UUID_ANNOTATION);

		if (uuid && *uuid && !site->uuid)
			site->uuid = xstrdup(uuid);
	}
}

/* ---- what it means ---- */

bool site_is_held(const struct site *site)
{
	return site->lease.state == LEASE_READ && *site->lease.claim.holder && site->lease.claim.is_acquired;
}

char *site_holder(const struct site *site)
{
	if (site->lease.state != LEASE_READ || !*site->lease.claim.holder)
		return NULL;
	return slice_dup(holder_context(site->lease.claim.holder));
}

bool site_is_held_by(const struct site *site, const char *context)
{
	return site->lease.state == LEASE_READ && slice_eq(holder_context(site->lease.claim.holder), context);
}

bool site_leads(const struct site *site)
{
	return site_is_held(site) && site_is_held_by(site, site->context);
}

/* An empty Lease that was given up says which epoch is over: "acquired" stays on it, where a failed attempt has none. */
const struct site *fleet_leadership(const struct fleet *fleet)
{
	const struct site *found = NULL;

	for (size_t i = 0; i < fleet->n_sites; i++) {
		const struct site_lease *lease = &fleet->sites[i].lease;

		if (lease->state == LEASE_READ && lease->claim.is_acquired &&
		    (!found || claim_compare(&lease->claim, &found->lease.claim) > 0))
			found = &fleet->sites[i];
	}
	return found && site_is_held(found) ? found : NULL;
}

bool fleet_leader_is_alive(const struct fleet *fleet, int64_t now_s)
{
	const struct site *leadership = fleet_leadership(fleet);

	for (size_t i = 0; leadership && i < fleet->n_sites; i++) {
		const struct site_lease *lease = &fleet->sites[i].lease;

		if (site_is_held(&fleet->sites[i]) && claim_compare(&lease->claim, &leadership->lease.claim) == 0 &&
		    now_s - lease->changed_s <= lease->duration_s)
			return true;
	}
	return false;
}

const char *fleet_id(const struct fleet *fleet)
{
	const struct site *leadership = fleet_leadership(fleet);

	if (leadership && *leadership->lease.claim.federation)
		return leadership->lease.claim.federation;
	for (size_t i = 0; i < fleet->n_sites; i++)
		if (fleet->sites[i].uuid)
			return fleet->sites[i].uuid;
	return NULL;
}
