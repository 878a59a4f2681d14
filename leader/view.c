/* What the leader tells people about itself: conditions of the GSLBConfig, readiness, /api/sync. */
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/config/choose.h"
#include "leader/leader_parts.h"
#include "leader/ops/illness.h"

#define MESSAGE_MAX_BYTES 8192
#define MAX_FAILING_SHOWN 20

static struct metric ready_gauge = METRIC_GAUGE("amko_leader_running", "1 while the leader writes to the controller.");
static struct metric missing_gauge = METRIC_GAUGE("amko_gslbconfig_missing", "1 while the GSLBConfig in force is deleted.");
static struct metric names_gauge = METRIC_GAUGE("amko_names", "Global names by state.", "state");

static const char *const health_reasons[] = {
	[CONTROLLER_UNREACHABLE] = "Unreachable", [CONTROLLER_UNAUTHORIZED] = "Unauthorized",
	[CONTROLLER_NO_LEADER_DATA] = "NoLeaderData", [CONTROLLER_NOT_LEADER] = "NotLeader", [CONTROLLER_LEADER] = "Leader",
};

void view_controller_conditions(struct leader *leader, enum controller_health health, const char *why)
{
	bool is_reachable = health == CONTROLLER_LEADER || health == CONTROLLER_NOT_LEADER;
	bool is_one_of_many = leader->config->controller_addresses.n > 0;
	CLEANUP(freep) char *leads = is_one_of_many ? xasprintf("%s%s%s", leader->address, leader->others_said ? "; " : "",
								leader->others_said ? leader->others_said : "") : xstrdup("");
	CLEANUP(freep) char *does_not_lead = xasprintf("%s: nothing is written; asked again every 10 s", why);

	status_condition(leader->status, "ControllerReachable", is_reachable ? "True" : "False",
			 is_reachable ? "Reachable" : health_reasons[health], is_reachable ? "" : why);
	if (health == CONTROLLER_LEADER)
		status_condition(leader->status, "ControllerIsLeader", "True", "Leader", leads);
	else if (health == CONTROLLER_NOT_LEADER)
		status_condition(leader->status, "ControllerIsLeader", "False", "NotLeader", does_not_lead);
	else
		status_condition(leader->status, "ControllerIsLeader", "Unknown", health_reasons[health], why);
}

static void view_accepted(struct leader *leader)
{
	const char *error = members_error(leader->members);
	bool is_held_up = leader->has_health && leader->controller_health != CONTROLLER_LEADER;

	if (leader->complaint)
		return;            /* has been told */
	if (error)
		status_condition(leader->status, "Accepted", "False", "BadKubeconfig", error);
	else if (leader->phase == PHASE_RUNNING)
		status_condition(leader->status, "Accepted", "True", "Accepted", "");
	else if (leader->config && is_held_up)
		status_condition(leader->status, "Accepted", "False", health_reasons[leader->controller_health],
				 leader->controller_why);
	else if (leader->config)
		status_condition(leader->status, "Accepted", "Unknown", "InProgress", "being checked and synchronised");
}

/* The worst of all reasons, the messages of all clusters in trouble. */
static void view_clusters(struct leader *leader)
{
	enum cluster_trouble worst = CLUSTER_FINE;
	size_t n_left_out = 0;
	struct buf text;

	if (leader->phase < PHASE_LISTING)
		return;
	buf_init(&text, MESSAGE_MAX_BYTES);
	for (size_t i = 0; i < inventory_count(leader->inventory); i++) {
		CLEANUP(freep) char *message = NULL;
		enum cluster_trouble trouble = cluster_trouble(inventory_cluster(leader->inventory, i), &message);

		if (trouble == CLUSTER_FINE)
			continue;
		worst = MAX(worst, trouble);
		if (n_left_out || text.n + strlen(message) > MESSAGE_MAX_BYTES - 64)
			n_left_out++;
		else
			buf_printf(&text, "%s%s", text.n ? "; " : "", message);
	}
	if (n_left_out)
		buf_printf(&text, "; and %zu clusters more", n_left_out);
	if (!inventory_count(leader->inventory))
		buf_puts(&text, "memberClusters is empty: no service has a member");
	status_condition(leader->status, "ClustersSynced", worst == CLUSTER_FINE ? "True" : "False",
			 cluster_trouble_reason(worst), buf_str(&text));
	buf_release(&text);
}

static void view_policy(struct leader *leader)
{
	const char *reason, *message, *value;

	if (leader->phase < PHASE_SYNCING)
		return;
	value = policies_condition(leader->policies, &reason, &message);
	status_condition(leader->status, "PolicyAccepted", value, reason, message);
}

static void view_held(struct leader *leader)
{
	CLEANUP(freep) char *message = NULL;
	size_t n = names_count_held(leader);

	if (leader->phase != PHASE_RUNNING)
		return;
	if (n)
		message = xasprintf("%zu name%s kept at the controller without a cause to remove: %s", n, n == 1 ? " is" : "s are",
				    names_why_held(leader));
	status_condition(leader->status, "DeletesHeld", n ? "True" : "False", n ? "Held" : "None", n ? message : "");
}

static const char *lease_complaint(const struct leader *leader, const char **reason)
{
	switch (fence_state(leader->fence)) {
	case FENCE_OPEN:
		*reason = "Held";
		return "";
	case FENCE_NOT_OURS:
		*reason = "RecordNotOurs";
		return fence_why(leader->fence);
	case FENCE_REFUSED:
		*reason = "RecordRefused";
		return fence_why(leader->fence);
	case FENCE_OVERTAKEN:
		*reason = "Overtaken";
		return fence_why(leader->fence);
	case FENCE_NO_LEASE:
		break;
	}
	if (!lease_term(leader->options.lease)->starts_before_ms) {
		*reason = "Waiting";
		return "the keeper allows no write now";
	}
	*reason = "Expired";
	return "the keeper's lease has run out: nothing is written until it is renewed";
}

static void view_lease(struct leader *leader)
{
	const char *reason, *message;

	if (!leader->fence)
		return;
	message = lease_complaint(leader, &reason);
	status_condition(leader->status, "LeaseHeld", *message ? "False" : "True", reason, message);
}

static bool has_no_config(const struct leader *leader)
{
	size_t n = 1;

	if (home_has_configs(leader->home))
		free(home_configs(leader->home, &n));
	return !n;
}

static const char *illness(const struct leader *leader)
{
	return illness_of(&(struct work){
		.own_trouble = home_trouble(leader->home), .has_none = has_no_config(leader), .has_config = leader->config,
		.complaint = leader->complaint, .has_kubeconfig = members_kubeconfig(leader->members),
		.kubeconfig_error = members_error(leader->members), .was_checked = leader->has_health,
		.leads = leader->controller_health == CONTROLLER_LEADER, .controller_why = leader->controller_why,
		.is_listing_bad = leader->is_listing_bad });
}

/* What the keeper is told. */
static void view_report(struct leader *leader, const struct reconcile_counts *counts)
{
	const char *why;

	if (!leader->fence)
		return;
	why = illness(leader);
	if (!why == leader->is_ill)
		log_info("health", KV("healthy", (bool)!why), KV("why", why ? why : ""));
	leader->is_ill = why;
	lease_report(leader->options.lease, &(struct report){
		.is_healthy = !why, .wants_write = counts->n_fenced || counts->n_in_flight });
}

static void view_metrics(struct leader *leader)
{
	struct reconcile_counts counts;

	reconcile_counts(leader->reconcile, &counts);
	view_report(leader, &counts);
	metric_set(&missing_gauge, leader->is_config_missing);
	metric_set(&ready_gauge, leader->phase == PHASE_RUNNING && !reconcile_is_paused(leader->reconcile) &&
				 look_may_write(leader));
	metric_set(&names_gauge, (double)counts.n_pending, "pending");
	metric_set(&names_gauge, (double)counts.n_in_flight, "in_flight");
	metric_set(&names_gauge, (double)counts.n_failing, "failing");
	if (leader->fence)
		metric_set(&names_gauge, (double)counts.n_fenced, "fenced");
}

void view_conditions(struct leader *leader)
{
	view_accepted(leader);
	view_clusters(leader);
	view_policy(leader);
	view_held(leader);
	view_lease(leader);
	view_metrics(leader);
}

bool leader_is_ready(const struct leader *leader, char **why)
{
	static const char *const waits_for[] = {
		[PHASE_WAITING] = "a GSLBConfig to be accepted", [PHASE_CHECKING] = "the controller",
		[PHASE_LISTING] = "the controller's objects", [PHASE_SYNCING] = "the member clusters and the policy",
	};
	const char *trouble = leader->complaint ? leader->complaint : home_trouble(leader->home);

	if (leader->phase == PHASE_RUNNING)
		return true;
	if (!trouble && leader->phase == PHASE_CHECKING && leader->has_health)
		trouble = members_error(leader->members) ? members_error(leader->members) : leader->controller_why;
	*why = xasprintf("waiting for %s%s%s", waits_for[leader->phase], trouble ? ": " : "", trouble ? trouble : "");
	return false;
}

bool leader_is_connected(const struct leader *leader)
{
	return leader->controller && avi_session_is_connected(controller_session(leader->controller));
}

static void put_state(cJSON *list, const char *kind, enum informer_state state, const char *resource_version, size_t n_objects)
{
	cJSON *row = json_add_object(list);

	json_put_str(row, "kind", kind);
	json_put_str(row, "state", informer_state_name(state));
	json_put_str(row, "resourceVersion", resource_version);
	json_put_int(row, "objects", (int64_t)n_objects);
}

static void put_clusters(const struct leader *leader, cJSON *json)
{
	cJSON *list = json_put_array(json, "clusters");

	for (size_t i = 0; i < inventory_count(leader->inventory); i++) {
		const struct cluster *cluster = inventory_cluster(leader->inventory, i);
		struct cluster_kind_state states[N_HOST_KINDS + 1];
		size_t n = cluster_states(cluster, states);
		cJSON *row = json_add_object(list), *kinds;

		json_put_str(row, "cluster", cluster_name(cluster));
		kinds = json_put_array(row, "kinds");
		for (size_t k = 0; k < n; k++)
			put_state(kinds, states[k].kind, states[k].state, states[k].resource_version, states[k].n_objects);
	}
}

static void put_own(const struct leader *leader, cJSON *json)
{
	cJSON *list = json_put_array(json, "own");
	struct home_state states[HOME_STATES];

	home_states(leader->home, states);
	for (size_t i = 0; i < HOME_STATES; i++)
		put_state(list, states[i].kind, states[i].state, states[i].resource_version, states[i].n_objects);
}

static void put_failing(void *arg, const char *fqdn, const char *message)
{
	cJSON *row = json_add_object(arg);

	json_put_str(row, "fqdn", fqdn);
	json_put_str(row, "error", message);
}

static void put_names(const struct leader *leader, cJSON *json)
{
	cJSON *names = json_put_object(json, "names");
	struct reconcile_counts counts;

	reconcile_counts(leader->reconcile, &counts);
	json_put_int(names, "pending", (int64_t)counts.n_pending);
	json_put_int(names, "in_flight", (int64_t)counts.n_in_flight);
	json_put_int(names, "failing", (int64_t)counts.n_failing);
	json_put_int(names, "fenced", (int64_t)counts.n_fenced);
	json_put_int(names, "held", (int64_t)names_count_held(leader));
	reconcile_each_failing(leader->reconcile, MAX_FAILING_SHOWN, put_failing, json_put_array(json, "failing"));
	json_put_int(json, "passes_total", (int64_t)counts.n_passes);
}

static void put_lease(const struct leader *leader, cJSON *json)
{
	static const char *const looks[] = { [LOOK_DUE] = "due", [LOOK_LISTING] = "listing", [LOOK_DONE] = "done" };
	cJSON *lease;

	if (!leader->fence)
		return;
	lease = json_put_object(json, "lease");
	json_put_int(lease, "epoch", lease_term(leader->options.lease)->epoch);
	json_put_str(lease, "state", lease_state_name(lease_state(leader->options.lease)));
	json_put_str(lease, "fence", fence_state_name(fence_state(leader->fence)));
	json_put_str(lease, "first_look", looks[leader->look.first]);
}

/* Everything that was seen has been carried through, or is refused or impossible for now. */
static bool is_settled(const struct leader *leader)
{
	struct reconcile_counts counts;

	reconcile_counts(leader->reconcile, &counts);
	if (!home_has_configs(leader->home) || status_count_pending(leader->status) || health_is_checking(leader->health) ||
	    leader->seek || leader->uuid_call || leader->is_listing)
		return false;
	switch (leader->phase) {
	case PHASE_WAITING:
		return leader->complaint || !leader->config;
	case PHASE_CHECKING:
		return leader->has_health && (leader->controller_health != CONTROLLER_LEADER || members_error(leader->members));
	case PHASE_LISTING:
	case PHASE_SYNCING:
		return false;
	case PHASE_RUNNING:
		return policies_is_settled(leader->policies) && !counts.n_in_flight && !counts.n_pending;
	}
	return false;
}

cJSON *leader_sync_json(const struct leader *leader)
{
	static const char *const phases[] = { "waiting", "checking", "listing", "syncing", "running" };
	cJSON *json = cJSON_CreateObject(), *config, *policy;
	const struct gdp *in_force = policies_in_force(leader->policies);
	const char *reason, *message;

	json_put_bool(json, "settled", is_settled(leader));
	json_put_str(json, "phase", phases[leader->phase]);
	json_put_bool(json, "paused", reconcile_is_paused(leader->reconcile));
	config = json_put_object(json, "config");
	json_put_str(config, "state", status_last_state(leader->status));
	json_put_str(config, "name", leader->config ? leader->config->name : "");
	json_put_bool(config, "accepted", leader->phase == PHASE_RUNNING && !leader->complaint);
	policy = json_put_object(json, "policy");
	if (in_force) {
		CLEANUP(freep) char *name = xasprintf("%s/%s", in_force->namespace, in_force->name);

		json_put_str(policy, "in_force", name);
	} else {
		json_put(policy, "in_force", cJSON_CreateNull());
	}
	json_put_str(policy, "accepted", policies_condition(leader->policies, &reason, &message));
	json_put_str(policy, "reason", reason);
	put_clusters(leader, json);
	put_own(leader, json);
	put_names(leader, json);
	put_lease(leader, json);
	json_put_int(json, "status_writes_pending", (int64_t)status_count_pending(leader->status));
	return json;
}
