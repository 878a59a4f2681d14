#include "follower/follower.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/config/choose.h"
#include "common/config/members.h"
#include "follower/fitness.h"
#include "follower/membership.h"
#include "follower/site.h"

#define CONTROLLER_CONNECTIONS 2

struct follower {
	struct follower_options options;
	struct http_client *kube_http, *avi_http;
	struct kubeconfig own_kubeconfig;
	struct kube_client *kube;
	struct membership *membership;
	struct home *home;
	struct members *members;
	struct site *site;
	char *config_name;                     /* of the GSLBConfig that was chosen last */
	struct fitness fitness;
	struct strs why;                       /* it could not lead */
	char *shown_cluster;                   /* what was logged last of the AMKOCluster, and of the fitness */
	char *shown_why;
	bool is_stopping;
};

static struct metric fit_gauge = METRIC_GAUGE("amko_follower_fit", "1 while this instance could lead.");

static const struct gslbconfig *config_chosen(struct follower *f)
{
	CLEANUP(freep) const struct gslbconfig **all = NULL;
	const struct gslbconfig *chosen;
	size_t n;

	if (!home_has_configs(f->home))
		return NULL;
	all = home_configs(f->home, &n);
	chosen = config_choose(all, n, f->options.namespace, f->config_name);
	if (chosen && !streq0(chosen->name, f->config_name)) {
		free(f->config_name);
		f->config_name = xstrdup(chosen->name);
	}
	return chosen;
}

static const char *api_trouble(const struct follower *f)
{
	const char *trouble = membership_trouble(f->membership);

	return trouble ? trouble : home_trouble(f->home);
}

static void show_fitness(struct follower *f)
{
	CLEANUP(freep) char *why = strs_join(&f->why, "; ");
	bool is_fit = fitness_is_whole(&f->fitness);

	metric_set(&fit_gauge, is_fit);
	if (streq0(why, f->shown_why))
		return;
	log_info("fitness", KV("fit", is_fit), KV("because", (const char *)why));
	free(f->shown_why);
	f->shown_why = TAKE(why);
}

static void judge(struct follower *f, const struct gslbconfig *config)
{
	strs_release(&f->why);
	f->why = (struct strs){ 0 };
	fitness_judge(&(struct observed){
		.api_trouble = api_trouble(f),
		.has_configs = home_has_configs(f->home),
		.config = config,
		.has_secret = home_has_secret(f->home),
		.credentials = home_credentials(f->home),
		.has_kubeconfig = members_kubeconfig(f->members) != NULL,
		.kubeconfig_error = members_error(f->members),
		.was_checked = site_was_checked(f->site),
		.controller = site_health(f->site),
		.controller_why = site_why(f->site),
	}, &f->fitness, &f->why);
	show_fitness(f);
}

static void on_change(void *arg)
{
	struct follower *f = arg;
	const struct gslbconfig *config;

	if (f->is_stopping)
		return;
	config = config_chosen(f);
	if (config && config->credentials && *config->credentials)
		home_follow_secret(f->home, config->credentials);
	site_configure(f->site, config, home_credentials(f->home));
	judge(f, config);
}

/* Who leads is what the keeper shows there. */
static void on_membership(void *arg)
{
	struct follower *f = arg;
	const struct amkocluster *c = membership_cluster(f->membership);
	CLEANUP(freep) char *shown = c ? xasprintf("%s %s %d %s", c->context, c->status.leader ? c->status.leader : "", c->is_leader,
						   c->error ? c->error : "") : xasprintf("%zu", membership_count(f->membership));

	if (membership_is_read(f->membership) && !streq0(shown, f->shown_cluster)) {
		if (c)
			log_info("amkocluster", KV("name", c->name), KV("context", c->context), KV("is_leader", c->is_leader),
				 KV("leader", c->status.leader), KV("err", c->error));
		else
			log_warn("amkocluster_unusable", KV("n", membership_count(f->membership)));
		free(f->shown_cluster);
		f->shown_cluster = TAKE(shown);
	}
	on_change(f);
}

struct follower *follower_new(const struct follower_options *options, struct err *err)
{
	struct follower *f = xcalloc(1, sizeof(*f));
	const struct kube_context *context;

	f->options = *options;
	f->kube_http = http_client_new(options->loop, 0);
	f->avi_http = http_client_new(options->loop, CONTROLLER_CONNECTIONS);
	if (!kubeconfig_read_own(options->kubeconfig, options->context, &f->own_kubeconfig, &context, err)) {
		follower_free(f);
		return NULL;
	}
	f->kube = kube_client_new(f->kube_http, context);
	f->site = site_new(&(struct site_options){ .loop = options->loop, .http = f->avi_http, .on_change = on_change, .arg = f });
	f->members = members_new(options->loop, options->members_kubeconfig, on_change, f);
	f->home = home_new(&(struct home_options){
		.kube = f->kube, .loop = options->loop, .namespace = options->namespace, .on_change = on_change, .arg = f });
	f->membership = membership_new(&(struct membership_options){
		.kube = f->kube, .loop = options->loop, .namespace = options->namespace, .on_change = on_membership, .arg = f });
	return f;
}

void follower_stop(struct follower *f, void (*stopped)(void *arg), void *arg)
{
	f->is_stopping = true;
	site_stop(f->site, stopped, arg);
}

void follower_free(struct follower *f)
{
	if (!f)
		return;
	membership_free(f->membership);
	home_free(f->home);
	members_free(f->members);
	site_free(f->site);
	kube_client_free(f->kube);
	kubeconfig_release(&f->own_kubeconfig);
	http_client_free(f->kube_http);
	http_client_free(f->avi_http);
	strs_release(&f->why);
	free(f->config_name);
	free(f->shown_cluster);
	free(f->shown_why);
	free(f);
}

bool follower_is_ready(const struct follower *f, char **why)
{
	const char *trouble = membership_trouble(f->membership);

	if (membership_cluster(f->membership))
		return true;
	if (membership_is_read(f->membership))
		*why = xasprintf("%zu AMKOClusters in namespace %s: one is needed", membership_count(f->membership), f->options.namespace);
	else
		*why = xasprintf("waiting for the AMKOCluster%s%s", trouble ? ": " : "", trouble ? trouble : "");
	return false;
}

bool follower_is_connected(const struct follower *f)
{
	return site_is_connected(f->site);
}

static void put_why(const struct follower *f, cJSON *json)
{
	cJSON *list = json_put_array(json, "because");

	for (size_t i = 0; i < f->why.n; i++)
		json_add_str(list, f->why.v[i]);
}

cJSON *follower_fitness_json(const struct follower *f)
{
	cJSON *json = cJSON_CreateObject();

	json_put_bool(json, "fit", fitness_is_whole(&f->fitness));
	put_why(f, json);
	json_put_bool(json, "api", f->fitness.has_api);
	json_put_bool(json, "avi", f->fitness.has_avi);
	json_put_bool(json, "credentials", f->fitness.has_credentials);
	json_put_bool(json, "copy", f->fitness.is_current);
	json_put_bool(json, "uuid", f->fitness.has_federation);
	json_put_str(json, "controller", site_address(f->site));
	return json;
}

static void put_kind(cJSON *list, const char *kind, enum informer_state state, const char *version, size_t n)
{
	cJSON *row = json_add_object(list);

	json_put_str(row, "kind", kind);
	json_put_str(row, "state", informer_state_name(state));
	json_put_str(row, "resourceVersion", version);
	json_put_int(row, "objects", (int64_t)n);
}

static void put_own(const struct follower *f, cJSON *json)
{
	const struct informer *informer = membership_informer(f->membership);
	cJSON *list = json_put_array(json, "own");
	struct home_state states[HOME_STATES];

	home_states(f->home, states);
	for (size_t i = 0; i < HOME_STATES; i++)
		if (streq(states[i].kind, "GSLBConfig") || streq(states[i].kind, "Secret"))       /* the others are not read */
			put_kind(list, states[i].kind, states[i].state, states[i].resource_version, states[i].n_objects);
	put_kind(list, "AMKOCluster", informer_state(informer), informer_resource_version(informer), informer_count(informer));
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

static void put_cluster(const struct follower *f, cJSON *json)
{
	const struct amkocluster *c = membership_cluster(f->membership);
	cJSON *cluster = json_put_object(json, "amkocluster");

	if (!c)
		return;
	json_put_str(cluster, "name", c->name);
	json_put_str(cluster, "context", c->context);
	json_put_bool(cluster, "isLeader", c->is_leader);
	json_put_str(cluster, "role", text_or_empty(c->role));
	json_put_str(cluster, "leader", text_or_empty(c->status.leader));
	json_put_int(cluster, "epoch", c->status.epoch);
	json_put_str(cluster, "error", text_or_empty(c->error));
}

cJSON *follower_sync_json(const struct follower *f)
{
	cJSON *json = cJSON_CreateObject();
	bool is_settled = membership_is_read(f->membership) && home_has_configs(f->home) && !site_is_asking(f->site);

	json_put_bool(json, "settled", is_settled);
	json_put_str(json, "phase", "following");
	put_cluster(f, json);
	put_own(f, json);
	json_put_bool(json, "fit", fitness_is_whole(&f->fitness));
	put_why(f, json);
	return json;
}
