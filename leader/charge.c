/* The configuration's side: which GSLBConfig is in charge, whether it is sound, and starting over with it. */
#include "common/base/log.h"
#include "common/config/choose.h"
#include "common/config/uuid.h"
#include "leader/leader_parts.h"

static void complain(struct leader *leader, const char *reason, const char *state, const char *message)
{
	if (!streq0(leader->complaint, message)) {
		free(leader->complaint);
		leader->complaint = xstrdup(message);
		log_warn("gslbconfig_refused", KV("reason", reason), KV("err", message));
	}
	status_condition(leader->status, "Accepted", "False", reason, message);
	if (state)
		status_state(leader->status, state);
}

static void on_uuid_due(uv_timer_t *timer)
{
	charge_run(timer->data);
}

/* A failure changes nothing in the cluster, so no event would bring us back here. */
static void on_uuid_written(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct leader *leader = arg;
	CLEANUP(freep) char *message = NULL;
	int64_t wait_ms;

	(void)json;
	leader->uuid_call = NULL;
	if (!err) {
		backoff_reset(&leader->uuid_backoff);
		return;
	}
	wait_ms = MAX(backoff_next_ms(&leader->uuid_backoff), MIN(retry_after_ms, (int64_t)UUID_RETRY_MAX_MS));
	log_error("uuid_not_written", KV("err", (const char *)err->msg), KV("retry_in_ms", (long long)wait_ms));
	uv_timer_start(leader->uuid_timer, on_uuid_due, (uint64_t)wait_ms, 0);
	if (err->code == ERR_CONFLICT)
		return;            /* somebody was faster: it will be seen */
	message = xasprintf("metadata.annotations: %s cannot be written: %s", UUID_ANNOTATION, err->msg);
	complain(leader, "NoIdentity", NULL, message);
}

/* The identity is made once and kept on the object, before anything else is done under it. An object made anew while another
 * of its name was in charge goes on under the same one. */
static void write_uuid(struct leader *leader, const struct gslbconfig *config)
{
	CLEANUP(cJSON_Deletep) cJSON *patch = cJSON_CreateObject();
	CLEANUP(freep) char *path = kube_path(&KUBE_GSLBCONFIGS, config->namespace, config->name, NULL);
	char uuid[37];

	if (leader->uuid_call || uv_is_active((uv_handle_t *)leader->uuid_timer) || leader->options.is_dry_run)
		return;
	if (!leader->config || !uuid_normalise(leader->config->uuid_annotation, uuid))
		uuid_generate_new(uuid);
	log_info("uuid_written", KV("gslbconfig", config->name), KV("uuid", (const char *)uuid));
	json_put_str(json_put_object(json_put_object(patch, "metadata"), "annotations"), UUID_ANNOTATION, uuid);
	/* With the version that had none: another instance may have been faster. */
	json_put_str(cJSON_GetObjectItemCaseSensitive(patch, "metadata"), "resourceVersion", config->resource_version);
	leader->uuid_call = kube_start(leader->kube, &(struct kube_request){
		.method = "PATCH", .path = path, .body_type = KUBE_BODY_MERGE_PATCH, .body = patch,
		.done = on_uuid_written, .arg = leader });
}

/* The Secret that it names; false when there is none (yet). */
static bool has_credentials(struct leader *leader, const struct gslbconfig *config)
{
	const struct credentials *credentials;
	CLEANUP(freep) char *state = NULL;
	CLEANUP(freep) char *message = NULL;

	home_follow_secret(leader->home, config->credentials);
	if (!home_has_secret(leader->home)) {
		if (home_trouble(leader->home))
			complain(leader, "SecretUnreadable", NULL, home_trouble(leader->home));
		return false;
	}
	credentials = home_credentials(leader->home);
	if (!credentials) {
		state = xasprintf("error: secret object doesn't exist %s", config->credentials);
		message = xasprintf("Secret %s/%s does not exist", config->namespace, config->credentials);
		complain(leader, "NoSecret", state, message);
		return false;
	}
	if (credentials->username && secret_is_set(&credentials->password))
		return true;
	state = xasprintf("error: invalid gslb config with leaderSecret %s", config->credentials);
	message = xasprintf("Secret %s/%s lacks username or password", config->namespace, config->credentials);
	complain(leader, "BadSecret", state, message);
	return false;
}

/* False: not acceptable, or not yet; it was told why. */
static bool is_sound(struct leader *leader, const struct gslbconfig *config)
{
	struct complaint complaint;

	if (config_complaint(config, &complaint)) {
		complain(leader, complaint.reason, complaint.state, complaint.message);
		complaint_release(&complaint);
		return false;
	}
	if (!config->uuid_annotation) {
		write_uuid(leader, config);
		return false;
	}
	return has_credentials(leader, config);
}

static void use_credentials(struct leader *leader, const struct credentials *credentials)
{
	free(leader->credentials.username);
	leader->credentials.username = xstrdup(credentials->username);
	secret_set(&leader->credentials.password, (struct slice){ credentials->password.bytes, credentials->password.n });
}

void charge_use_controller(struct leader *leader, const char *address)
{
	CLEANUP(freep) char *chosen = xstrdup(address);
	char uuid[37];

	seek_end(leader);
	free(leader->address);
	leader->address = TAKE(chosen);
	reconcile_set_target(leader->reconcile, NULL);
	policies_configure(leader->policies, NULL, NULL);
	health_follow(leader->health, NULL);
	if (leader->fence)
		fence_set_target(leader->fence, NULL, NULL);
	controller_free(leader->controller);
	actual_free(TAKE(leader->actual));
	uv_timer_stop(leader->list_timer);
	leader->is_listing = false;
	leader->has_health = false;
	if (!uuid_normalise(leader->config->uuid_annotation, uuid))
		abort();           /* is_sound() has seen to it */
	snprintf(leader->owner, sizeof(leader->owner), "amko-%s", uuid);
	leader->controller = controller_new(&(struct controller_options){
		.http = leader->avi_http,
		.loop = leader->options.loop,
		.address = leader->address,
		.version = leader->config->controller_version,
		.username = leader->credentials.username,
		.password = &leader->credentials.password,
		.owner = leader->owner,
	});
	if (leader->fence)
		fence_set_target(leader->fence, controller_session(leader->controller), uuid);
	health_follow(leader->health, leader->controller);
}

/* Starts over with this configuration, in the running process. */
static void take_in_charge(struct leader *leader, const struct gslbconfig *config, const struct credentials *credentials)
{
	CLEANUP(strs_release) struct strs addresses = { 0 };
	struct gslbconfig *before = leader->config;
	bool is_new;

	config_addresses(config, &addresses);
	is_new = !before || !config_same_controller(before, config) || !strs_has(&addresses, leader->address);
	seek_end(leader);

	log_info("gslbconfig_taken", KV("name", config->name), KV("generation", (long long)config->generation));
	leader->config = gslbconfig_copy(config);
	use_credentials(leader, credentials);
	leader_set_phase(leader, PHASE_CHECKING);
	health_set_interval(leader->health, config->refresh_interval_s);
	if (is_new) {
		free(TAKE(leader->others_said));
		charge_use_controller(leader, config->controller_ip);
	} else {
		/* Stopped until the listing, for the old configuration goes away. */
		policies_configure(leader->policies, NULL, NULL);
		leader->has_health = false;
		avi_session_set_credentials(controller_session(leader->controller), credentials->username, &credentials->password);
		health_check_now(leader->health);
	}
	gslbconfig_free(before);
}

static void apply_log_level(struct leader *leader, const struct gslbconfig *config)
{
	enum log_level level;

	if (!leader->options.has_log_level && config->log_level && log_level_parse(config->log_level, &level) && level != log_level()) {
		log_set_level(level);
		log_info("log_level", KV("level", config->log_level));
	}
}

static void refuse_others(struct leader *leader, const struct gslbconfig *const *all, size_t n, const struct gslbconfig *chosen)
{
	bool is_home = streq(leader->options.namespace, AMKO_NAMESPACE);

	for (size_t i = 0; i < n; i++) {
		/* What lies outside a namespace of somebody's own choice is another instance's. */
		if (all[i] == chosen || (!is_home && !streq0(all[i]->namespace, leader->options.namespace)))
			continue;
		status_refuse_config(leader->status, all[i],
				     streq0(all[i]->namespace, leader->options.namespace) ? STATE_SECOND : STATE_NAMESPACE);
	}
}

static bool is_in_charge(const struct leader *leader, const struct gslbconfig *config, const struct credentials *credentials)
{
	return leader->config && config_same_but_log_level(leader->config, config) &&
	       streq0(leader->credentials.username, credentials->username) &&
	       secret_same(&leader->credentials.password, &credentials->password);
}

/* What was wrong for a while is mended: the state that holds is shown again. */
static void keep_in_charge(struct leader *leader)
{
	if (leader->phase == PHASE_RUNNING)
		status_state(leader->status, STATE_ACCEPTED);
}

/* The last one stays in force: there is no object that could say so. */
static void note_missing(struct leader *leader, bool is_missing)
{
	if (is_missing == leader->is_config_missing)
		return;
	leader->is_config_missing = is_missing;
	if (is_missing)
		log_warn("gslbconfig_gone", KV("name", leader->config->name), KV("stays_in_force", (bool)true));
}

/* The own cluster's objects or the members' kubeconfig changed: decide anew. */
void charge_run(void *arg)
{
	struct leader *leader = arg;
	CLEANUP(freep) const struct gslbconfig **all = NULL;
	const struct gslbconfig *chosen;
	size_t n;

	if (leader->is_stopping || !home_has_configs(leader->home))
		return;
	all = home_configs(leader->home, &n);
	chosen = config_choose(all, n, leader->options.namespace, leader->config ? leader->config->name : NULL);
	status_observe(leader->status, chosen);
	note_missing(leader, leader->config && !chosen);
	refuse_others(leader, all, n, chosen);
	policies_run(leader->policies);
	if (chosen)
		apply_log_level(leader, chosen);
	if (chosen && is_sound(leader, chosen)) {
		free(TAKE(leader->complaint));
		if (is_in_charge(leader, chosen, home_credentials(leader->home)))
			keep_in_charge(leader);
		else
			take_in_charge(leader, chosen, home_credentials(leader->home));
	}
	leader_advance(leader);
}
