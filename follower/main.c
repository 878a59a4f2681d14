/* amko-follower: stands ready in a cluster whose instance does not lead.
 *
 * May touch: its own cluster's API server (reads AMKOCluster, GSLBConfig and the Secret that it names), the Avi controller (logs in
 * and asks whether it leads). Writes nothing to anybody. Holds the kubeconfig's tokens and keys and the controller's password.
 * Ends with its keeper, or when the lease pipe closes.
 */
#include <signal.h>

#include "common/base/metrics.h"
#include "common/config/flags.h"
#include "common/io/http_routes.h"
#include "common/lease/flags.h"
#include "follower/follower.h"

static const char usage[] =
	"usage: amko-follower [--kubeconfig FILE [--context NAME]] [--members-kubeconfig FILE] [options]\n"
	"\n"
	"Watches its own cluster's AMKOCluster and GSLBConfig, asks the controller whether it leads, and says whether this\n"
	"instance could lead, and if not why. Writes nothing to anybody.\n"
	"\n"
	"  --kubeconfig FILE          the own cluster (default: the pod's service account)\n"
	"  --context NAME             its context in that file (default: current-context)\n"
	"  --members-kubeconfig FILE  one context per member cluster; read again when it changes\n"
	"                             (default: the text in the environment variable GSLB_CONFIG)\n"
	"  --namespace NAME           of AMKOCluster, GSLBConfig and Secret (default: avi-system)\n"
	"  --listen ADDRESS           health, metrics, /api (default: :8080; port 0: any free one, see the log)\n"
	"  --api-open                 serve all of /api to other hosts too\n"
	"  --log-level LEVEL          debug, info, warn, error (default: info)\n"
	"  --log-format FORMAT        logfmt or json (default: logfmt)\n"
	"  --version, --help\n"
	"\n"
	LEASE_FLAGS_USAGE;

static const struct option long_options[] = {
	FLAGS_OPTIONS,
	LEASE_FLAGS_OPTIONS,
	{ 0 },
};

struct process {
	uv_loop_t loop;
	struct follower *follower;
	struct http_routes *routes;
	struct lease *lease;           /* NULL: runs by hand */
	uv_signal_t term, interrupt;
	bool is_stopping;
};

/* ---- flags ---- */

static void parse_options(int argc, char **argv, struct flags *flags, struct lease_flags *lease)
{
	struct err err = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!lease_flags_has(option))
			flags_take(flags, option, optarg);
		else if (!lease_flags_take(lease, option, optarg, &err))
			flags_refuse(flags, &err);
	}
	if (!lease_flags_check(lease, &err))
		flags_refuse(flags, &err);
	flags_end(flags, argc, argv);
}

/* ---- the end ---- */

static void on_stopped(void *arg)
{
	struct process *process = arg;

	follower_free(TAKE(process->follower));
	http_routes_free(TAKE(process->routes));
	lease_free(TAKE(process->lease));
	uv_close((uv_handle_t *)&process->term, NULL);
	uv_close((uv_handle_t *)&process->interrupt, NULL);
}

static void stop(struct process *process)
{
	if (process->is_stopping)
		return;
	process->is_stopping = true;
	follower_stop(process->follower, on_stopped, process);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct process *process = handle->data;

	log_info("stopping", KV("signal", number));
	if (process->is_stopping)
		exit(1);               /* asked twice: at once */
	stop(process);
}

/* A follower has no term: only the end of the pipe says something. */
static void on_lease(void *arg)
{
	struct process *process = arg;

	if (!process->follower || process->is_stopping || lease_state(process->lease) != LEASE_LOST)
		return;
	log_warn("lease_lost", KV("err", lease_why_lost(process->lease)));
	stop(process);
}

/* ---- what is served ---- */

static void serve_health(void *arg, struct http_exchange *exchange)
{
	(void)arg;
	http_answer_text(exchange, 200, "ok\n");
}

static void serve_ready(void *arg, struct http_exchange *exchange)
{
	const struct process *process = arg;
	CLEANUP(freep) char *why = NULL;
	CLEANUP(freep) char *text = NULL;

	if (!process->is_stopping && follower_is_ready(process->follower, &why)) {
		http_answer_text(exchange, 200, "ok\n");
		return;
	}
	text = xasprintf("not ready: %s\n", why ? why : "stopping");
	http_answer_text(exchange, 503, text);
}

static void serve_metrics(void *arg, struct http_exchange *exchange)
{
	(void)arg;
	http_answer_metrics(exchange, (struct slice){ 0 });
}

static void serve_status(void *arg, struct http_exchange *exchange)
{
	const struct process *process = arg;
	cJSON *json = cJSON_CreateObject(), *avi = json_put_object(json, "avi_api");

	json_put_str(avi, "connection_status", follower_is_connected(process->follower) ? "CONNECTED" : "INITIATING");
	json_put_array(avi, "errors");
	http_answer_json(exchange, json);
}

static void serve_sync(void *arg, struct http_exchange *exchange)
{
	http_answer_json(exchange, follower_sync_json(((const struct process *)arg)->follower));
}

static void serve_fitness(void *arg, struct http_exchange *exchange)
{
	http_answer_json(exchange, follower_fitness_json(((const struct process *)arg)->follower));
}

static const struct http_route routes[] = {
	{ "/healthz", true, serve_health },
	{ "/readyz", true, serve_ready },
	{ "/metrics", true, serve_metrics },
	{ "/api/status", true, serve_status },
	{ "/api/sync", false, serve_sync },
	{ "/api/fitness", false, serve_fitness },
	{ 0 },
};

/* ---- the beginning ---- */

static bool open_lease(struct process *process, const struct lease_flags *lease, struct err *err)
{
	if (lease->fd < 0)
		return true;
	lease_tie_to_keeper();
	process->lease = lease_new(&(struct lease_options){
		.loop = &process->loop, .fd = lease->fd, .timing = lease->timing, .holder = lease->holder,
		.on_change = on_lease, .arg = process }, err);
	return process->lease || err_wrap(err, "--lease-fd");
}

static bool start(struct process *process, const struct flags *flags, const struct lease_flags *lease, struct err *err)
{
	if (!open_lease(process, lease, err))
		return false;
	process->follower = follower_new(&(struct follower_options){
		.loop = &process->loop, .kubeconfig = flags->kubeconfig, .context = flags->context,
		.members_kubeconfig = flags->members_kubeconfig, .namespace = flags->namespace }, err);
	if (!process->follower)
		return false;
	process->routes = http_routes_new(&process->loop, &(struct http_routes_options){
		.listen = flags->listen, .is_open = flags->is_api_open, .routes = routes, .arg = process }, err);
	return process->routes || err_wrap(err, "--listen");
}

static void watch_signal(struct process *process, uv_signal_t *handle, int number)
{
	uv_signal_init(&process->loop, handle);
	handle->data = process;
	uv_signal_start(handle, on_signal, number);
}

/* Until everything is closed. */
static void run(struct process *process)
{
	uv_run(&process->loop, UV_RUN_DEFAULT);
	uv_loop_close(&process->loop);
	metrics_release();
}

int main(int argc, char **argv)
{
	struct process process = { 0 };
	struct flags flags = FLAGS_INIT("amko-follower", usage);
	struct lease_flags lease = LEASE_FLAGS_INIT;
	struct err err = { 0 };

	parse_options(argc, argv, &flags, &lease);
	log_init("follower", flags.log_level, flags.log_format);
	json_init();
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&process.loop);
	watch_signal(&process, &process.term, SIGTERM);
	watch_signal(&process, &process.interrupt, SIGINT);
	if (!start(&process, &flags, &lease, &err)) {
		fprintf(stderr, "amko-follower: %s\n", err.msg);
		on_stopped(&process);
		run(&process);
		return 1;
	}
	log_info("listening", KV("listen", flags.listen), KV("port", http_routes_port(process.routes)), KV("version", AMKO_VERSION),
		 KV("lease", process.lease ? "by the keeper" : "none: run by hand"));
	run(&process);
	return 0;
}
