#include "keeper/keeper.h"

#include <signal.h>
#include <sys/random.h>

#include "common/base/log.h"
#include "common/config/choose.h"
#include "common/config/members.h"
#include "common/config/uuid.h"
#include "common/io/backoff.h"
#include "common/io/boot_alarm.h"
#include "keeper/record_client.h"
#include "keeper/own_cluster.h"
#include "keeper/teller.h"
#include "keeper/voters.h"
#include "keeper/worker.h"

#define CONTROLLER_CONNECTIONS 2
#define SILENCE_PERIODS 4              /* without a report, and a worker counts as unhealthy */
#define STUCK_LEASES 4                 /* and as stuck: later than it is handed over for (lead.c) */

struct keeper {
	struct keeper_options options;
	struct http_client *kube_http, *avi_http;
	struct kubeconfig own_kubeconfig;
	struct kube_client *kube;
	struct members *members;
	struct home *home;
	struct own_cluster *own;
	/* From here on only once the own context is known. */
	bool has_protocol;
	char *context;
	struct protocol protocol;
	struct voters *voters;
	struct record_client *record;
	struct worker_process *worker;
	struct teller *teller;

	char *config_name;                     /* of the GSLBConfig in charge; NULL: none was */
	enum controller_health health;
	char *controller_why, *own_why, *record_why;   /* NULL: nothing to complain of */
	char *member_why[ROSTER_MAX];          /* what the last answer about a member's Lease said; NULL: it went well */
	struct census census;
	struct amkocluster *objects[OWN_OBJECTS_MAX];  /* of the own cluster, as the teller has them */
	size_t n_objects;
	struct boot_alarm *turn;               /* decides: now, or when the protocol wants to */
	bool is_stopping;
};

static const char *stage_name(enum stage stage)
{
	static const char *const names[N_STAGES] = {
		[STAGE_UNSET] = "unset", [STAGE_FOLLOWING] = "following", [STAGE_LOOKING] = "looking", [STAGE_TAKING] = "taking",
		[STAGE_CLAIMING] = "claiming", [STAGE_YIELDING] = "yielding", [STAGE_WAITING] = "waiting",
		[STAGE_LEADING] = "leading", [STAGE_ENDING] = "ending", [STAGE_RELEASING] = "releasing", [STAGE_GONE] = "gone",
	};

	return names[stage];
}

static void decide_soon(struct keeper *k);

/* ---- actions ---- */

static void carry_out(struct keeper *k, const struct action *action)
{
	switch (action->kind) {
	case ACTION_READ_LEASE:
		voters_read_lease(k->voters, action->member);
		return;
	case ACTION_PUT_LEASE:
		voters_put_lease(k->voters, action->member, &action->claim, &action->version);
		return;
	case ACTION_READ_PEER:
		voters_read_peer(k->voters, action->member);
		return;
	case ACTION_READ_RECORD:
		record_client_read(k->record);
		return;
	case ACTION_PUT_RECORD:
		record_client_put(k->record, &action->claim, &action->version);
		return;
	case ACTION_KEEP:
		own_cluster_keep(k->own, role_text(action->role), &action->kept, &action->fitness);
		return;
	case ACTION_START_WORKER:
		worker_start(k->worker, action->worker);
		return;
	case ACTION_FEED:
		worker_feed(k->worker, &action->term);
		return;
	case ACTION_END_WORKER:
		worker_signal(k->worker, SIGTERM);
		return;
	case ACTION_KILL_WORKER:
		worker_signal(k->worker, SIGKILL);
		return;
	case ACTION_EXIT:
		k->options.on_exit(k->options.arg);
		return;
	}
}

static void log_change(const struct keeper *k, enum stage before, enum reason reason_before)
{
	const struct protocol *p = &k->protocol;

	if (p->stage == before && p->reason == reason_before)
		return;
	log_info("leadership", KV("stage", stage_name(p->stage)), KV("was", stage_name(before)),
		 KV("role", role_text(protocol_role(p))), KV("epoch", (long long)p->tenure.epoch), KV("reason", (int)p->reason),
		 KV("about", p->reason_member == NOBODY ? "" : p->roster.context[p->reason_member]));
}

static void tell(struct keeper *k, int64_t now)
{
	teller_tell(k->teller, k->has_protocol ? &k->protocol : NULL, &(struct told){
		.own_why = k->own_why, .member_why = (const char *const *)k->member_why, .record_why = k->record_why,
		.is_pruned = teller_is_pruned(k->teller), .census = &k->census,
		.home = { .namespace = k->options.namespace, .objects = (const struct amkocluster *const *)k->objects,
			  .n_objects = k->n_objects, .has_kubeconfig = members_is_given(k->members),
			  .kubeconfig = members_kubeconfig(k->members), .kubeconfig_error = members_error(k->members) } }, now);
}

static void on_turn(void *arg)
{
	struct keeper *k = arg;
	static struct actions actions;         /* large, and used by this function alone */
	enum stage stage = k->protocol.stage;
	enum reason reason = k->protocol.reason;
	int64_t now = boottime_ms();

	if (!k->has_protocol) {
		tell(k, now);
		return;
	}
	protocol_decide(&k->protocol, now, (int)random_below(1000), &actions);
	log_change(k, stage, reason);
	/* Before the actions: their answers may want an earlier turn. */
	boot_alarm_set(k->turn, actions.wake_ms);
	for (int i = 0; i < actions.n; i++)
		carry_out(k, &actions.v[i]);
	tell(k, now);
}

static void decide_soon(struct keeper *k)
{
	boot_alarm_set(k->turn, 0);
}

/* ---- answers ---- */

static void note(char **to, const char *why)
{
	free(*to);
	*to = why && *why ? xstrdup(why) : NULL;
}

static void on_lease(void *arg, int member, enum answer answer, enum silence silence, const struct claim *claim,
		     const struct version *version, const char *why)
{
	struct keeper *k = arg;

	note(&k->member_why[member], why);
	protocol_saw_lease(&k->protocol, member, answer, silence, claim, version, boottime_ms());
	decide_soon(k);
}

static void on_peer(void *arg, int member, enum answer answer, const struct peer *peer, const cJSON *items, const char *why)
{
	struct keeper *k = arg;

	census_note(&k->census, k->protocol.roster.context[member], member, items, why);
	protocol_saw_peer(&k->protocol, member, answer, peer);
	decide_soon(k);
}

static void on_record(void *arg, enum answer answer, const struct claim *claim, const struct version *version, const char *why)
{
	struct keeper *k = arg;

	note(&k->record_why, why);
	protocol_saw_record(&k->protocol, answer, claim, version, boottime_ms());
	decide_soon(k);
}

static void on_kept(void *arg, bool is_done)
{
	struct keeper *k = arg;

	protocol_saw_kept(&k->protocol, is_done);
	decide_soon(k);
}

static void on_report(void *arg, bool is_healthy, bool wants_write)
{
	struct keeper *k = arg;

	protocol_saw_worker(&k->protocol, is_healthy, wants_write, boottime_ms());
	decide_soon(k);
}

static void on_worker_end(void *arg, bool was_cut_off, const char *why)
{
	struct keeper *k = arg;

	(void)why;
	protocol_saw_worker_end(&k->protocol, was_cut_off, boottime_ms());
	decide_soon(k);
}

/* ---- the own cluster, the controller, the kubeconfig ---- */

static void see_fitness(struct keeper *k, const char *federation)
{
	struct fitness fitness = {
		.has_avi = k->health == CONTROLLER_LEADER,
		.has_api = own_cluster_is_live(k->own),
		.has_credentials = home_credentials(k->home) && members_kubeconfig(k->members) && !members_error(k->members),
		.is_current = true,
		.has_federation = *federation,
	};

	protocol_saw_fitness(&k->protocol, &fitness, boottime_ms());
}

static const struct gslbconfig *config_in_charge(struct keeper *k)
{
	CLEANUP(freep) const struct gslbconfig **all = NULL;
	const struct gslbconfig *chosen;
	size_t n;

	if (!home_has_configs(k->home))
		return NULL;
	all = home_configs(k->home, &n);
	chosen = config_choose(all, n, k->options.namespace, k->config_name);
	if (chosen)
		note(&k->config_name, chosen->name);
	return chosen;
}

/* GSLBConfig: who the federation is, and where its controller. The last one read stays in force. */
static void see_config(struct keeper *k)
{
	const struct gslbconfig *config = config_in_charge(k);
	char uuid[37] = "";

	if (!config || config->error)
		return;
	if (config->credentials && *config->credentials)
		home_follow_secret(k->home, config->credentials);
	if (config->uuid_annotation && !uuid_normalise(config->uuid_annotation, uuid))
		*uuid = '\0';
	if (*uuid)
		protocol_saw_federation(&k->protocol, uuid);
	if (home_credentials(k->home))
		record_client_configure(k->record, config, home_credentials(k->home), k->protocol.federation);
	see_fitness(k, k->protocol.federation);
}

static void on_controller(void *arg, enum controller_health health, const char *why)
{
	struct keeper *k = arg;

	if (health != k->health || !streq0(k->controller_why, *why ? why : NULL))
		log_info("controller", KV("leads", (bool)(health == CONTROLLER_LEADER)), KV("why", why));
	k->health = health;
	note(&k->controller_why, why);
	see_fitness(k, k->protocol.federation);
	decide_soon(k);
}

static void make_identity(struct keeper *k)
{
	unsigned char bytes[8];
	char random[2 * sizeof(bytes) + 1];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort();
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(random + 2 * i, 3, "%02x", bytes[i]);
	protocol_init(&k->protocol, &k->options.timing, k->context, k->options.pod, k->options.pod_uid, random, boottime_ms());
	http_client_set_agent(k->kube_http, k->protocol.self.holder);
	http_client_set_agent(k->avi_http, k->protocol.self.holder);
	k->protocol.self.forced_leader = k->options.role == KEEPER_LEADER;
	k->protocol.self.never_stands = k->options.role == KEEPER_FOLLOWER;
	log_info("identity", KV("holder", (const char *)k->protocol.self.holder));
}

/* What this instance is called is known now: everything else can begin. */
static void begin(struct keeper *k, const char *context)
{
	k->context = xstrdup(context);
	make_identity(k);
	k->has_protocol = true;
	k->voters = voters_new(&(struct voters_options){
		.loop = k->options.loop, .http = k->kube_http, .own = k->kube, .self = k->protocol.self.member,
		.namespace = k->options.namespace, .timing = &k->protocol.timing, .roster = &k->protocol.roster,
		.on_lease = on_lease, .on_peer = on_peer, .arg = k });
	voters_configure(k->voters, members_kubeconfig(k->members));
	k->record = record_client_new(&(struct record_client_options){
		.loop = k->options.loop, .http = k->avi_http, .timing = &k->protocol.timing, .roster = &k->protocol.roster,
		.on_record = on_record, .on_controller = on_controller, .arg = k });
	k->worker = worker_new(&(struct worker_options){
		.loop = k->options.loop, .folder = k->options.folder, .holder = k->protocol.self.holder,
		.silence_ms = SILENCE_PERIODS * k->options.timing.retry_ms, .stuck_ms = STUCK_LEASES * k->options.timing.lease_ms,
		.arguments = k->options.worker_arguments,
		.on_report = on_report, .on_end = on_worker_end, .arg = k });
	if (k->is_stopping)
		protocol_saw_termination(&k->protocol);
}

static void forget_objects(struct keeper *k)
{
	for (size_t i = 0; i < k->n_objects; i++)
		amkocluster_free(k->objects[i]);
	k->n_objects = 0;
}

static void see_objects(struct keeper *k)
{
	const cJSON *json[OWN_OBJECTS_MAX];
	size_t n = own_cluster_objects(k->own, json), n_read = 0;

	forget_objects(k);
	for (size_t i = 0; i < n; i++) {
		k->objects[n_read] = amkocluster_from_json(json[i]);
		if (k->objects[n_read])
			json[n_read++] = json[i];
	}
	k->n_objects = n_read;
	teller_observe(k->teller, json, n_read);
}

static void on_own(void *arg)
{
	struct keeper *k = arg;
	const char *context = k->options.context ? k->options.context : own_cluster_context(k->own);
	enum own_state state;
	struct own own;
	char *why;

	see_objects(k);
	decide_soon(k);
	if (!k->has_protocol && context)
		begin(k, context);
	if (!k->has_protocol)
		return;
	state = own_cluster_read(k->own, k->context, &k->protocol.roster, &own, &why);
	free(k->own_why);
	k->own_why = why;
	protocol_saw_own(&k->protocol, state, state == OWN_FOUND ? &own : NULL);
	see_config(k);
}

static void on_home(void *arg)
{
	struct keeper *k = arg;

	if (!k->has_protocol)
		return;
	see_config(k);
	decide_soon(k);
}

static void on_members(void *arg)
{
	struct keeper *k = arg;

	decide_soon(k);
	if (!k->has_protocol)
		return;
	voters_configure(k->voters, members_kubeconfig(k->members));
	see_fitness(k, k->protocol.federation);
}

/* ---- beginning and end ---- */

struct keeper *keeper_new(const struct keeper_options *options, struct err *err)
{
	struct keeper *k = xcalloc(1, sizeof(*k));
	const struct kube_context *context;

	k->options = *options;
	k->health = CONTROLLER_UNREACHABLE;
	k->kube_http = http_client_new(options->loop, 0);
	k->avi_http = http_client_new(options->loop, CONTROLLER_CONNECTIONS);
	http_client_deliver_nothing_late(k->avi_http, options->timing.write_ms);
	if (!kubeconfig_read_own(options->kubeconfig, options->context, &k->own_kubeconfig, &context, err)) {
		keeper_free(k);
		return NULL;
	}
	k->kube = kube_client_new(k->kube_http, context);
	k->turn = boot_alarm_new(options->loop, on_turn, k);
	k->teller = teller_new(options->loop, k->kube);
	k->members = members_new(options->loop, options->members_kubeconfig, on_members, k);
	k->home = home_new(&(struct home_options){
		.kube = k->kube, .loop = options->loop, .namespace = options->namespace, .on_change = on_home, .arg = k });
	k->own = own_cluster_new(&(struct own_cluster_options){
		.loop = options->loop, .kube = k->kube, .namespace = options->namespace,
		.request_ms = options->timing.request_ms, .on_change = on_own, .on_kept = on_kept, .arg = k });
	return k;
}

void keeper_stop(struct keeper *k)
{
	k->is_stopping = true;
	if (!k->has_protocol) {
		k->options.on_exit(k->options.arg);
		return;
	}
	protocol_saw_termination(&k->protocol);
	decide_soon(k);
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	teller_free(k->teller);
	worker_free(k->worker);
	record_client_free(k->record);
	voters_free(k->voters);
	own_cluster_free(k->own);
	home_free(k->home);
	members_free(k->members);
	boot_alarm_free(k->turn);
	kube_client_free(k->kube);
	kubeconfig_release(&k->own_kubeconfig);
	http_client_free(k->kube_http);
	http_client_free(k->avi_http);
	for (int member = 0; member < ROSTER_MAX; member++)
		free(k->member_why[member]);
	census_release(&k->census);
	forget_objects(k);
	free(k->controller_why);
	free(k->own_why);
	free(k->record_why);
	free(k->config_name);
	free(k->context);
	free(k);
}

/* ---- what is told ---- */

cJSON *keeper_status_json(const struct keeper *k)
{
	const struct protocol *p = &k->protocol;
	int leader = k->has_protocol ? protocol_leader(p, boottime_ms()) : NOBODY;
	cJSON *json = cJSON_CreateObject();

	json_put_str(json, "context", k->context ? k->context : "");
	json_put_str(json, "role", role_text(k->has_protocol ? protocol_role(p) : ROLE_FOLLOWER));
	json_put_str(json, "stage", stage_name(p->stage));
	json_put_int(json, "epoch", p->tenure.epoch);
	json_put_str(json, "leader", leader == NOBODY ? "" : p->roster.context[leader]);
	json_put_str(json, "holder", p->self.holder);
	json_put_int(json, "worker_pid", k->worker ? worker_pid(k->worker) : 0);
	return json;
}

bool keeper_is_ready(const struct keeper *k, char **why)
{
	if (k->has_protocol && k->protocol.own_state != OWN_UNREAD && !k->is_stopping)
		return true;
	*why = xstrdup(k->is_stopping     ? "stopping"
		       : !k->has_protocol ? "no AMKOCluster says what this cluster is called"
					  : "the AMKOCluster has not been read");
	return false;
}
