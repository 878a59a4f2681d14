#include "ctl/handover.h"

#include <inttypes.h>

#include "common/crd/amkocluster_status.h"
#include "ctl/plain.h"

#define FORCED " force"        /* the end of an order that goes past living Leases: marks.h */

static void refuse(struct handover *h, int verdict, char *why)
{
	h->verdict = verdict;
	h->why = plain(why);
}
#define REFUSE(h, ...) refuse(h, HANDOVER_REFUSED, xasprintf(__VA_ARGS__))
#define WARN(h, ...) strs_take(&(h)->warnings, plain(xasprintf(__VA_ARGS__)))

static void begin(const struct fleet *fleet, struct handover *h)
{
	const struct site *leadership = fleet_leadership(fleet);

	*h = (struct handover){ 0 };
	h->old_leader = leadership ? site_holder(leadership) : NULL;
	for (size_t i = 0; i < fleet->n_sites; i++) {
		const struct site *site = &fleet->sites[i];

		if (site->lease.state == LEASE_READ)
			h->old_epoch = MAX(h->old_epoch, site->lease.claim.epoch);
		if (site->has_peer)
			h->old_epoch = MAX(h->old_epoch, site->peer.kept.epoch);
	}
}

static char *members_text(const struct fleet *fleet)
{
	CLEANUP(strs_release) struct strs names = { 0 };

	for (size_t i = 0; i < fleet->n_sites; i++)
		strs_add(&names, fleet->sites[i].context);
	return strs_join(&names, ", ");
}

/* The site can take an order. */
static const struct site *check_site(const struct fleet *fleet, const char *context, struct handover *h)
{
	const struct site *site = fleet_find(fleet, context);
	CLEANUP(freep) char *members = members_text(fleet);

	if (!site)
		REFUSE(h, "%s is no member of this federation, whose members are %s", context, members);
	else if (site->trouble)
		refuse(h, HANDOVER_IMPOSSIBLE, xasprintf("cluster %s cannot be reached: %s", context, site->trouble));
	else if (!site->object)
		REFUSE(h, "cluster %s has %zu AMKOClusters, and must have one", context, site->n_objects);
	else if (!site->has_peer)
		REFUSE(h, "cluster %s: AMKOCluster %s: %s", context, site->object->name, site->peer_trouble);
	else if (site->peer.has_other_context)
		REFUSE(h, "cluster %s: AMKOCluster %s says clusterContext: \"%s\": correct it first", context,
		       site->object->name, site->object->context);
	else if (!site->peer.is_marked)
		REFUSE(h, "cluster %s: AMKOCluster %s has no annotation " MARK_PREFIX "role, so no amko runs there that "
		       "could be asked: see that its pod is up, or that it is not AMKO", context, site->object->name);
	return h->why ? NULL : site;
}

/* ---- promotion ---- */

/* AMKO knows no Lease: after isLeader: false it writes on until its pod has been restarted. */
static void check_others(const struct fleet *fleet, const char *target, bool is_forced, struct handover *h)
{
	for (size_t i = 0; i < fleet->n_sites && !h->why; i++) {
		const struct site *site = &fleet->sites[i];

		if (streq(site->context, target) || !site->object || !site->object->is_leader)
			continue;
		strs_add(&h->cleared, site->context);
		if (!site->has_peer || site->peer.is_marked)
			continue;
		if (is_forced)
			WARN(h, "cluster %s: AMKO leads there: it writes on until its pod has restarted", site->context);
		else
			REFUSE(h, "cluster %s: AMKO leads there, and writes on for up to a minute after isLeader has become false: "
			       "set it to false there, wait until its pod has restarted, then promote again", site->context);
	}
}

static bool is_seen(const struct fleet *fleet, const char *context)
{
	const struct site *site = fleet_find(fleet, context);

	return site && !site->trouble && (site->lease.state == LEASE_READ || site->lease.state == LEASE_ABSENT);
}

/* Without a record on the controller only the old leader's own Lease tells that it has ended. */
static void check_old_leader(const struct fleet *fleet, const char *target, bool is_forced, struct handover *h)
{
	const struct site *leadership = fleet_leadership(fleet);

	if (h->why || !h->old_leader || streq(h->old_leader, target) || is_seen(fleet, h->old_leader))
		return;
	if (leadership->lease.claim.is_fenceless && !is_forced)
		REFUSE(h, "cluster %s, whose instance leads, cannot be reached, and there is no record on the controller "
		       "that would stop it: make sure that it is dead, then use --force", h->old_leader);
	else if (!is_forced)
		WARN(h, "cluster %s, whose instance leads, cannot be reached: %s leads once its Leases have run out; while "
		     "it lives and reaches the other clusters, they do not", h->old_leader, target);
}

static void warn_unfit(const struct site *site, struct handover *h)
{
	const struct fitness *f = &site->peer.fitness;

	if (!site->object->fit || (f->has_avi && f->has_api && f->has_credentials && f->is_current))
		return;
	WARN(h, "%s says that it is not fit to lead:%s%s%s%s", site->context,
	     f->has_avi ? "" : " the controller does not answer;", f->has_api ? "" : " its API server does not answer;",
	     f->has_credentials ? "" : " its credentials are not valid;",
	     f->is_current ? "" : " its copy of the configuration is behind;");
}

void handover_to(const struct fleet *fleet, const char *target, bool is_forced, struct handover *h)
{
	const struct site *site;

	begin(fleet, h);
	site = check_site(fleet, target, h);
	if (!site)
		return;
	if (site_leads(site) && streq0(h->old_leader, target) && !is_forced) {
		refuse(h, HANDOVER_DONE, xasprintf("%s leads already, in epoch %" PRId64, target, site->lease.claim.epoch));
		return;
	}
	check_others(fleet, target, is_forced, h);
	check_old_leader(fleet, target, is_forced, h);
	if (!h->why)
		warn_unfit(site, h);
}

/* ---- demotion ---- */

void handover_from(const struct fleet *fleet, const char *context, struct handover *h, const char **target)
{
	const struct site *site;

	begin(fleet, h);
	*target = NULL;
	if (!context && !h->old_leader) {
		refuse(h, HANDOVER_DONE, xstrdup("nobody leads, as far as can be seen"));
		return;
	}
	site = check_site(fleet, context ? context : h->old_leader, h);
	if (!site)
		return;
	*target = site->context;
	if (!site->object->is_leader && !site_leads(site))
		refuse(h, HANDOVER_DONE, xasprintf("%s follows already", site->context));
	else if (!site->object->is_leader)
		REFUSE(h, "%s leads without isLeader: true, after a failover: promote the one that shall lead instead",
		       site->context);
	if (h->why)
		return;
	strs_add(&h->cleared, site->context);
	if (!site->object->is_automatic)
		WARN(h, "failover is Manual: nobody leads from then on, until somebody is promoted");
}

void handover_release(struct handover *h)
{
	free(h->why);
	free(h->old_leader);
	strs_release(&h->warnings);
	strs_release(&h->cleared);
	*h = (struct handover){ 0 };
}

/* ---- what is written ---- */

static cJSON *patch_of(const struct site *site, bool is_leader, cJSON **metadata)
{
	cJSON *patch = cJSON_CreateObject();

	*metadata = json_put_object(patch, "metadata");
	json_put_str(*metadata, "resourceVersion", site->object->resource_version);
	json_put_bool(json_put_object(patch, "spec"), "isLeader", is_leader);
	return patch;
}

cJSON *promotion_patch(const struct site *site, const char *order)
{
	cJSON *metadata, *patch = patch_of(site, true, &metadata);

	json_put_str(json_put_object(metadata, "annotations"), PROMOTE_ANNOTATION, order);
	return patch;
}

cJSON *demotion_patch(const struct site *site)
{
	cJSON *metadata;

	return patch_of(site, false, &metadata);
}

char *promotion_order(const char *id, bool is_forced)
{
	return xasprintf("%s%s", id, is_forced ? FORCED : "");
}

cJSON *forced_note_patch(const cJSON *object, const char *note, const char *now)
{
	struct condition own = { .type = xstrdup(CONDITION_FORCED_PROMOTION), .status = note ? xstrdup("True") : NULL,
				 .reason = xstrdup("Forced"), .message = xstrdup(note),
				 /* Each is an act of its own. */
				 .last_transition = note ? xstrdup(now) : NULL };
	cJSON *patch = amkocluster_status_patch(json_get(object, "status"), NULL, &own, 1, now);

	condition_release(&own);
	return patch;
}

cJSON *event_json(const cJSON *object, const struct event_text *text, const char *now)
{
	const cJSON *about = json_get(object, "metadata");
	CLEANUP(freep) char *name = xasprintf("%s.%s", json_str(about, "name"), text->id);
	cJSON *event = cJSON_CreateObject(), *part;

	json_put_str(event, "apiVersion", "v1");
	json_put_str(event, "kind", "Event");
	part = json_put_object(event, "metadata");
	json_put_str(part, "name", name);
	json_put_str(part, "namespace", json_str(about, "namespace"));
	part = json_put_object(event, "involvedObject");
	json_put_str(part, "apiVersion", "amko.vmware.com/v1alpha1");
	json_put_str(part, "kind", "AMKOCluster");
	json_put_str(part, "namespace", json_str(about, "namespace"));
	json_put_str(part, "name", json_str(about, "name"));
	json_put_str(part, "uid", json_str(about, "uid"));
	json_put_str(part, "resourceVersion", json_str(about, "resourceVersion"));
	json_put_str(event, "reason", text->reason);
	json_put_str(event, "message", text->message);
	json_put_str(event, "type", text->is_warning ? "Warning" : "Normal");
	json_put_str(json_put_object(event, "source"), "component", "kubectl-amko");
	json_put_str(event, "firstTimestamp", now);
	json_put_str(event, "lastTimestamp", now);
	json_put_int(event, "count", 1);
	return event;
}

/* ---- how far it is ---- */

char *old_leader_text(const struct fleet *fleet, const struct handover *h)
{
	const char *name = h->old_leader;
	const struct site *site = name ? fleet_find(fleet, name) : NULL;

	if (!name)
		return NULL;
	if (!site || site->trouble)
		return xasprintf("%s does not answer", name);
	if (site_leads(site) && site->object && streq0(site->object->role, "standing-down"))
		return xasprintf("%s stands down: it finishes its writes", name);
	if (site_leads(site))
		return xasprintf("%s leads in epoch %" PRId64, name, site->lease.claim.epoch);
	if (site_is_held_by(site, name) || !site->object || !streq0(site->object->role, "follower"))
		return xasprintf("%s has given its Lease up", name);
	return xasprintf("%s follows: its epoch is over", name);
}

static char *promoted_text(const struct site *site, const char *order)
{
	if (!site->has_peer || !streq(site->peer.kept.promote, order))
		return xasprintf("%s has not seen its promotion yet", site->context);
	if (site_is_held_by(site, site->context))
		return xasprintf("%s takes the Leases, for epoch %" PRId64, site->context, site->lease.claim.epoch);
	if (site->object && streq0(site->object->role, "candidate"))
		return xasprintf("%s stands, and waits until the Leases are free", site->context);
	return xasprintf("%s has seen its promotion", site->context);
}

static char *demoted_text(const struct site *site)
{
	if (site->has_peer && site->peer.kept.is_kept && !site->peer.kept.is_leader)
		return xasprintf("%s has seen it", site->context);
	return xasprintf("%s has not seen it yet", site->context);
}

char *target_text(const struct fleet *fleet, const char *target, const char *order)
{
	const struct site *site = fleet_find(fleet, target);

	if (!site || site->trouble)
		return xasprintf("%s does not answer", target);
	if (!order)
		return demoted_text(site);
	if (site_leads(site) && site->has_peer && streq(site->peer.kept.promote, order))
		return xasprintf("%s leads in epoch %" PRId64, target, site->lease.claim.epoch);
	return promoted_text(site, order);
}

bool promotion_is_done(const struct fleet *fleet, const char *target, const struct handover *h)
{
	const struct site *site = fleet_find(fleet, target);

	return site && site_leads(site) && site->lease.claim.epoch > h->old_epoch;
}

bool demotion_is_done(const struct fleet *fleet, const char *target)
{
	const struct site *site = fleet_find(fleet, target);

	return site && !site->trouble && site->has_peer && !site->peer.kept.is_leader && !site_is_held_by(site, target) &&
	       site->lease.state != LEASE_UNREAD;
}
