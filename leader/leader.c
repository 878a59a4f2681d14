#include "leader/leader_parts.h"

#include "common/base/log.h"
#include "common/config/choose.h"

#define CONTROLLER_CONNECTIONS 8               /* and one for reads of the leadership record */
#define STOP_MS 10000
#define LIST_RETRY_MIN_MS 5000
#define LIST_RETRY_MAX_MS 60000

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

void leader_set_phase(struct leader *leader, enum phase phase)
{
	static const char *const names[] = { "waiting", "checking", "listing", "syncing", "running" };

	if (leader->phase == phase)
		return;
	leader->phase = phase;
	log_info("phase", KV("phase", names[phase]));
	if (phase != PHASE_RUNNING)
		reconcile_pause(leader->reconcile);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

static void on_logged_out(void *arg)
{
	struct leader *leader = arg;

	leader->stopped(leader->stopped_arg);
}

static void log_out(struct leader *leader)
{
	uv_timer_stop(leader->stop_timer);
	if (leader->controller && avi_session_is_connected(controller_session(leader->controller)))
		avi_session_logout(controller_session(leader->controller), on_logged_out, leader);
	else
		leader->stopped(leader->stopped_arg);
}

static void on_stop_due(uv_timer_t *timer)
{
	struct leader *leader = timer->data;

	reconcile_cut_off(leader->reconcile);
	log_out(leader);
}

/* Not at once: the end frees everything, and this is called by what is freed. */
static void stop_if_quiet(struct leader *leader)
{
	struct reconcile_counts counts;

	if (!leader->is_stopping || !uv_is_active((uv_handle_t *)leader->stop_timer))
		return;
	reconcile_counts(leader->reconcile, &counts);
	if (!counts.n_in_flight)
		uv_timer_start(leader->stop_timer, on_stop_due, 0, 0);
}

/* --- from the controller's side ----------------------------------------------------------------------------------- */

static void set_target(struct leader *leader)
{
	reconcile_set_target(leader->reconcile, &(struct apply_options){
		.session = controller_session(leader->controller), .actual = leader->actual, .owner = leader->owner,
		.fence = leader->fence });
}

static void show_state(struct leader *leader, const char *text, const char *why)
{
	CLEANUP(freep) char *state = xasprintf("%s%s", text, why);

	status_state(leader->status, state);
}

static void on_list_due(uv_timer_t *timer)
{
	struct leader *leader = timer->data;

	health_check_now(leader->health);
}

/* Nothing is written by what may be out of date. The next try begins with a check. */
static void listing_failed(struct leader *leader, const char *why)
{
	int64_t wait_ms = backoff_next_ms(&leader->list_backoff);

	log_warn("listing_failed", KV("err", why), KV("retry_in_ms", (long long)wait_ms));
	leader->is_listing_bad = true;
	reconcile_pause(leader->reconcile);
	status_condition(leader->status, "ControllerReachable", "False", "BadListing", why);
	if (leader->phase == PHASE_LISTING)
		show_state(leader, "error: issue in connecting to the controller API, ", why);
	uv_timer_start(leader->list_timer, on_list_due, (uint64_t)wait_ms, 0);
	view_conditions(leader);
}

/* Not while writes that failed make the others wait: the check at the end of that resumes them. */
static void resume(struct leader *leader)
{
	if (!health_doubts_ms(leader->health))
		reconcile_resume(leader->reconcile);
}

static void on_listed(void *arg, struct actual **actual, const char *default_pki, const char *why)
{
	struct leader *leader = arg;
	CLEANUP(strs_release) struct strs written = { 0 };

	leader->is_listing = false;
	reconcile_noted(leader->reconcile, &written);
	look_list_ended(leader, !why);
	if (leader->is_stopping)
		return;
	if (why) {
		listing_failed(leader, why);
		return;
	}
	backoff_reset(&leader->list_backoff);
	free(leader->default_pki);
	leader->default_pki = xstrdup(default_pki);
	if (leader->actual) {
		actual_refresh(leader->actual, actual, &written);
	} else {
		leader->actual = TAKE(*actual);
		set_target(leader);
	}
	leader->is_outage = leader->is_listing_bad = false;
	log_info("listed", KV("services", actual_count_gs(leader->actual)), KV("monitors", actual_count_monitors(leader->actual)));
	names_mark_all(leader);
	if (leader->phase == PHASE_LISTING)
		leader_set_phase(leader, PHASE_SYNCING);
	if (leader->phase == PHASE_RUNNING) {
		reconcile_retry_all(leader->reconcile);
		resume(leader);
		look_advance(leader);
	}
	leader_advance(leader);
}

void leader_list(struct leader *leader)
{
	uv_timer_stop(leader->list_timer);
	leader->is_listing = true;
	look_list_begins(leader);
	reconcile_note_start(leader->reconcile);
	controller_list(leader->controller, on_listed, leader);
}

static bool has_members(struct leader *leader)
{
	if (members_kubeconfig(leader->members))
		return true;
	show_state(leader, "error: provided kubeconfig has an error ", members_error(leader->members));
	return false;
}

/* The controller leads and the members' kubeconfig is readable: read everything. */
static void begin_listing(struct leader *leader)
{
	if (!has_members(leader))
		return;
	leader_set_phase(leader, PHASE_LISTING);
	status_state(leader->status, STATE_SYNCING);
	inventory_configure(leader->inventory, leader->config, members_kubeconfig(leader->members));
	names_renew_knowledge(leader);
	policies_configure(leader->policies, leader->config, leader->controller);
	leader_list(leader);
	view_conditions(leader);
}

static void show_controller_state(struct leader *leader, enum controller_health health, const char *why)
{
	if (health == CONTROLLER_NOT_LEADER) {
		status_state(leader->status, STATE_NOT_LEADER);
		return;
	}
	/* Once running, what is shown stays, and so does what is wrong with the configuration: the condition tells. */
	if (leader->phase == PHASE_RUNNING || leader->complaint)
		return;
	if (health == CONTROLLER_NO_LEADER_DATA)
		show_state(leader, "error fetching Gslb leader site details, ", why);
	else
		show_state(leader, "error: issue in connecting to the controller API, ", why);
}

static void on_leads(struct leader *leader)
{
	switch (leader->phase) {
	case PHASE_CHECKING:
		begin_listing(leader);
		break;
	case PHASE_LISTING:
		if (!leader->is_listing)
			leader_list(leader);
		break;
	case PHASE_RUNNING:
		/* The names that changed meanwhile come first; after an outage it is listed when they are done, and in any case
		 * once a refresh interval. */
		if (reconcile_is_paused(leader->reconcile) && !leader->is_listing_bad)
			resume(leader);
		else if (!leader->is_listing)
			leader_list(leader);
		break;
	case PHASE_WAITING:
	case PHASE_SYNCING:
		break;
	}
}

static void log_health(const struct leader *leader, enum controller_health health, const char *why)
{
	if (health == CONTROLLER_LEADER)
		log_info("controller_leads", KV("controller", leader->address));
	else
		log_warn("controller_trouble", KV("controller", leader->address), KV("err", why));
}

void leader_take_health(struct leader *leader, enum controller_health health, const char *why)
{
	if (health != leader->controller_health || !leader->has_health)
		log_health(leader, health, why);
	leader->controller_health = health;
	free(leader->controller_why);
	leader->controller_why = xstrdup(why);
	leader->has_health = true;
	view_controller_conditions(leader, health, why);
	if (health == CONTROLLER_LEADER) {
		on_leads(leader);
		view_conditions(leader);
		return;
	}
	reconcile_pause(leader->reconcile);
	leader->is_outage = true;
	show_controller_state(leader, health, why);
	/* It may have been written to by its new master meanwhile: start over when it leads again. */
	if (health == CONTROLLER_NOT_LEADER && leader->phase != PHASE_WAITING)
		leader_set_phase(leader, PHASE_CHECKING);
	view_conditions(leader);
}

static void on_health(void *arg, enum controller_health health, const char *why)
{
	struct leader *leader = arg;

	if (leader->is_stopping)
		return;
	if (health == CONTROLLER_LEADER) {
		seek_end(leader);
	} else if (seek_begin(leader, health, why)) {
		reconcile_pause(leader->reconcile);
		leader->is_outage = true;
		return;
	}
	leader_take_health(leader, health, why);
}

/* No storm: everybody waits while one asks, and longer while one name after the other fails. */
static void suspect(struct leader *leader, const char *fqdn, const struct apply_result *result)
{
	bool is_first = !health_doubts_ms(leader->health);

	reconcile_pause(leader->reconcile);
	health_suspect(leader->health, fqdn,
		       result->others == OTHERS_WAIT_AND_SLOW_DOWN ? result->retry_after_ms : -1);
	if (is_first && health_doubts_ms(leader->health))
		log_warn("writes_wait", KV("wait_ms", (long long)health_doubts_ms(leader->health)),
			 KV("err", result->message));
}

static void on_result(void *arg, const char *fqdn, const struct apply_result *result)
{
	struct leader *leader = arg;

	if (result->end != APPLY_FENCED)
		look_wrote(leader);
	if (result->end == APPLY_FOREIGN)
		log_warn("name_taken", KV("fqdn", fqdn), KV("err", result->message));
	if (result->others != OTHERS_GO_ON)
		suspect(leader, fqdn, result);
	else if (result->end == APPLY_DONE)
		health_trust(leader->health);
	view_conditions(leader);
	stop_if_quiet(leader);
}

/* --- from the clusters' and the policy's side --------------------------------------------------------------------- */

/* Everything is known that will be known for now: begin. */
static void begin_running(struct leader *leader)
{
	status_state(leader->status, STATE_SYNCED);
	leader_set_phase(leader, PHASE_RUNNING);
	status_state(leader->status, STATE_ACCEPTED);
	names_mark_all(leader);
	reconcile_retry_all(leader->reconcile);
	reconcile_resume(leader->reconcile);
	look_advance(leader);
}

void leader_advance(struct leader *leader)
{
	if (leader->is_stopping)
		return;
	if (names_renew_knowledge(leader) && leader->actual)
		names_mark_all(leader);
	if (leader->phase == PHASE_SYNCING && inventory_is_settled(leader->inventory) && policies_is_settled(leader->policies))
		begin_running(leader);
	view_conditions(leader);
}

static void on_inventory(void *arg)
{
	leader_advance(arg);
}

static void on_policy(void *arg)
{
	struct leader *leader = arg;

	names_mark_all(leader);
}

static void on_policy_settled(void *arg)
{
	leader_advance(arg);
}

static void on_policy_status(void *arg, const struct gdp *gdp, const char *error_status)
{
	struct leader *leader = arg;

	status_policy(leader->status, gdp, error_status);
}

static void on_policy_deleted(void *arg, const char *namespace, const char *name)
{
	struct leader *leader = arg;

	policies_deleted(leader->policies, namespace, name);
}

static void on_members(void *arg)
{
	struct leader *leader = arg;

	if (leader->is_stopping)
		return;
	if (leader->phase == PHASE_CHECKING)
		health_check_now(leader->health);
	else if (leader->phase > PHASE_CHECKING &&
		 inventory_configure(leader->inventory, leader->config, members_kubeconfig(leader->members)))
		log_info("members_applied");
	leader_advance(leader);
}

/* --- the beginning ------------------------------------------------------------------------------------------------ */

static void on_reconcile_idle(void *arg)
{
	struct leader *leader = arg;

	if (leader->phase == PHASE_RUNNING && leader->is_outage && !leader->is_listing && !leader->is_stopping &&
	    !reconcile_is_paused(leader->reconcile))
		leader_list(leader);
	view_conditions(leader);
	stop_if_quiet(leader);
}

static uv_timer_t *make_timer(struct leader *leader)
{
	uv_timer_t *timer = xcalloc(1, sizeof(*timer));

	uv_timer_init(leader->options.loop, timer);
	timer->data = leader;
	return timer;
}

static void make_parts(struct leader *leader)
{
	uv_loop_t *loop = leader->options.loop;

	leader->stop_timer = make_timer(leader);
	leader->list_timer = make_timer(leader);
	leader->uuid_timer = make_timer(leader);
	leader->look.second = make_timer(leader);
	leader->uuid_backoff = (struct backoff){ .min_ms = UUID_RETRY_MIN_MS, .max_ms = UUID_RETRY_MAX_MS };
	leader->list_backoff = (struct backoff){ .min_ms = LIST_RETRY_MIN_MS, .max_ms = LIST_RETRY_MAX_MS };
	leader->status = status_new(&(struct status_options){
		.kube = leader->kube, .loop = loop, .is_dry_run = leader->options.is_dry_run });
	leader->inventory = inventory_new(&(struct inventory_options){
		.http = leader->kube_http, .loop = loop, .on_host = names_mark, .on_state = on_inventory, .arg = leader });
	look_begin(leader);
	leader->reconcile = reconcile_new(&(struct reconcile_options){
		.loop = loop, .make_plan = names_make_plan, .may_write = look_may_write, .on_result = on_result,
		.on_idle = on_reconcile_idle, .arg = leader });
	leader->health = health_new(&(struct health_options){ .loop = loop, .on_health = on_health, .arg = leader });
	leader->members = members_new(loop, leader->options.members_kubeconfig, on_members, leader);
	leader->home = home_new(&(struct home_options){
		.kube = leader->kube, .loop = loop, .namespace = leader->options.namespace,
		.wants_policies = true, .wants_namespace = true, .on_change = charge_run, .on_policy_deleted = on_policy_deleted, .arg = leader });
	leader->policies = policies_new(&(struct policies_options){
		.loop = loop, .home = leader->home, .namespace = leader->options.namespace, .on_change = on_policy,
		.on_settled = on_policy_settled, .set_status = on_policy_status, .arg = leader });
}

struct leader *leader_new(const struct leader_options *options, struct err *err)
{
	struct leader *leader = xcalloc(1, sizeof(*leader));
	const struct kube_context *context;

	leader->options = *options;
	leader->kube_http = http_client_new(options->loop, 0);
	leader->avi_http = http_client_new(options->loop, CONTROLLER_CONNECTIONS + (options->lease ? 1 : 0));
	if (options->lease)
		http_client_deliver_nothing_late(leader->avi_http, lease_timing(options->lease)->write_ms);
	if (!kubeconfig_read_own(options->kubeconfig, options->context, &leader->own_kubeconfig, &context, err)) {
		leader_free(leader);
		return NULL;
	}
	leader->kube = kube_client_new(leader->kube_http, context);
	make_parts(leader);
	return leader;
}

/* How long what is in flight may go on. */
static uint64_t stop_ms(const struct leader *leader)
{
	const struct lease *lease = leader->options.lease;
	int64_t left_ms;

	if (!lease)
		return STOP_MS;
	left_ms = lease_term(lease)->ends_by_ms - lease_now_ms(lease);
	return (uint64_t)MIN(MAX(left_ms, (int64_t)0), (int64_t)STOP_MS);
}

void leader_stop(struct leader *leader, void (*stopped)(void *arg), void *arg)
{
	struct reconcile_counts counts;

	leader->is_stopping = true;
	leader->stopped = stopped;
	leader->stopped_arg = arg;
	reconcile_pause(leader->reconcile);
	if (leader->fence)
		fence_close(leader->fence);
	reconcile_counts(leader->reconcile, &counts);
	uv_timer_start(leader->stop_timer, on_stop_due, counts.n_in_flight ? stop_ms(leader) : 0, 0);
}

void leader_free(struct leader *leader)
{
	if (!leader)
		return;
	reconcile_free(leader->reconcile);
	fence_free(leader->fence);
	health_free(leader->health);
	policies_free(leader->policies);
	inventory_free(leader->inventory);
	members_free(leader->members);
	home_free(leader->home);
	kube_cancel(leader->uuid_call);
	status_free(leader->status);
	seek_end(leader);
	controller_free(leader->controller);
	actual_free(leader->actual);
	names_release(leader);
	kube_client_free(leader->kube);
	kubeconfig_release(&leader->own_kubeconfig);
	http_client_free(leader->kube_http);
	http_client_free(leader->avi_http);
	gslbconfig_free(leader->config);
	free(leader->credentials.username);
	secret_release(&leader->credentials.password);
	free(leader->complaint);
	free(leader->controller_why);
	free(leader->address);
	free(leader->others_said);
	free(leader->seek_why);
	free(leader->default_pki);
	if (leader->stop_timer) {
		uv_close((uv_handle_t *)leader->stop_timer, close_handle);
		uv_close((uv_handle_t *)leader->list_timer, close_handle);
		uv_close((uv_handle_t *)leader->uuid_timer, close_handle);
		uv_close((uv_handle_t *)leader->look.second, close_handle);
	}
	free(leader);
}
