#include "ctl/problems.h"

#include "common/crd/sanity.h"
#include "ctl/columns.h"
#include "ctl/plain.h"

#define ADD(out, ...) strs_take(out, plain(xasprintf(__VA_ARGS__)))

static void about_object(const struct site *site, const char *ns, struct strs *out)
{
	const struct amkocluster *object = site->object;

	if (!site->n_objects)
		ADD(out, "no AMKOCluster in namespace %s: install amko there, or take %s out of spec.clusters of the "
		    "others", ns, site->context);
	else if (!object)
		ADD(out, "%zu AMKOClusters in namespace %s: delete all but one", site->n_objects, ns);
	else if (object->error)
		ADD(out, "AMKOCluster %s: %s", object->name, object->error);
	else if (site->peer_trouble)
		ADD(out, "AMKOCluster %s: %s", object->name, site->peer_trouble);
	else if (site->has_peer && site->peer.has_other_context)
		ADD(out, "AMKOCluster %s says clusterContext: \"%s\", but it is reached as %s: it has no vote", object->name,
		    object->context, site->context);
	else if (site->has_peer && !site->peer.is_marked)
		ADD(out, "AMKOCluster %s has no annotation %s: AMKO runs there, or nothing does", object->name,
		    ROLE_ANNOTATION);
}

static void about_lease(const struct fleet *fleet, const struct site *site, int64_t now_s, struct strs *out)
{
	const struct site_lease *lease = &site->lease;
	const char *id = fleet_id(fleet);
	int64_t age_s = now_s - lease->changed_s;

	if (lease->state == LEASE_UNREAD && lease->trouble)
		ADD(out, "Lease " LEASE_NAME " cannot be read: %s", lease->trouble);
	if (lease->state == LEASE_GARBAGE)
		ADD(out, "Lease " LEASE_NAME " is no vote: %s", lease->trouble);
	if (lease->state != LEASE_READ)
		return;
	if (id && *lease->claim.federation && !streq(lease->claim.federation, id))
		ADD(out, "Lease " LEASE_NAME " is of another federation, %s", lease->claim.federation);
	if (*lease->claim.holder && lease->changed_s && lease->duration_s && age_s > lease->duration_s) {
		CLEANUP(freep) char *age = age_text(age_s);

		ADD(out, "Lease " LEASE_NAME " has not changed for %s: its holder is gone, or cannot reach this cluster", age);
	}
}

/* isLeader: true, and it does not lead: why, as far as can be told from here. */
static void about_promotion(const struct fleet *fleet, const struct site *site, struct strs *out)
{
	const struct site *leadership = fleet_leadership(fleet);
	CLEANUP(freep) char *leader = leadership ? site_holder(leadership) : NULL;

	if (!site->has_peer || !site->peer.is_leader || site_leads(site) || !leader || streq(leader, site->context))
		return;
	if (leadership->lease.claim.promotion > site->peer.kept.promotion)
		ADD(out, "spec.isLeader is true, but a later promotion lets %s lead: set it to false, or promote %s "
		    "again", leader, site->context);
	else
		ADD(out, "spec.isLeader is true, but %s leads", leader);
}

static bool is_one_of(const char *text, const char *const *texts)
{
	for (; *texts; texts++)
		if (streq0(*texts, text))
			return true;
	return false;
}

bool condition_is_bad(const struct site *site, const struct condition *condition)
{
	static const char *const amkos[] = { CONDITION_VALIDATION, CONDITION_MEMBERS_INITIALISED, CONDITION_MEMBERS_VALIDATED,
					     CONDITION_GSLBCONFIG_FEDERATION, CONDITION_GDP_FEDERATION, NULL };
	static const char *const good[] = { "valid AMKOCluster object", "all cluster clients fetched",
					    "validated all member clusters",
					    "federated to all valid clusters successfully", NULL };
	const char *type = condition->type, *status = condition->status;

	if (streq0(status, "won't federate objects"))
		return condition->message && strncmp(condition->message, SANITY_COULD_NOT_LEAD, strlen(SANITY_COULD_NOT_LEAD)) == 0;
	if (is_one_of(type, amkos))
		return !is_one_of(status, good);
	if (streq(type, CONDITION_LEADING))
		return site->object && site->object->is_leader && !streq0(status, "True");
	if (streq(type, CONDITION_FEDERATED))
		return streq0(status, "False");
	return streq0(status, "True");
}

static void about_conditions(const struct site *site, struct strs *out)
{
	const struct amkocluster_status *status = site->object ? &site->object->status : NULL;

	for (size_t i = 0; status && i < status->n_conditions; i++) {
		const struct condition *c = &status->conditions[i];
		const char *says = c->message && *c->message ? c->message : c->reason && *c->reason ? c->reason : c->status;

		if (condition_is_bad(site, c))
			ADD(out, "%s: %s", c->type, says ? says : "");
	}
}

void problems_of(const struct fleet *fleet, const struct site *site, const char *ns, int64_t now_s, struct strs *out)
{
	if (site->trouble) {
		ADD(out, "%s", site->trouble);
		return;
	}
	about_object(site, ns, out);
	about_lease(fleet, site, now_s, out);
	about_promotion(fleet, site, out);
	about_conditions(site, out);
}
