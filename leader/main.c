/* amko-leader: the whole reconciler in one process.
 *
 * May touch: the member clusters' API servers (read), its own cluster's (read; status of our custom resources, the UUID
 * annotation), the Avi controller (services and monitors that it owns). Holds two secrets: the kubeconfig and the controller's
 * password. Under a keeper it writes only what the lease allows, dies with the keeper, and ends with a status of enum lease_exit
 * (1: it could not start, 2: a mistake in the flags). Without a lease pipe it runs alone: nothing but the operator prevents a
 * second writer.
 */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

#include "common/base/metrics.h"
#include "common/config/flags.h"
#include "common/lease/flags.h"
#include "leader/leader.h"
#include "leader/ops/api.h"

static const char usage[] =
	"usage: amko-leader [--kubeconfig FILE [--context NAME]] [--members-kubeconfig FILE] [options]\n"
	"\n"
	"Watches Ingresses and LoadBalancer Services in the member clusters and keeps one GslbService per global\n"
	"host name on the Avi GSLB leader controller. Run by hand it leads alone, without a lease.\n"
	"\n"
	"  --kubeconfig FILE          the own cluster, where GSLBConfig and policy live (default: the pod's account)\n"
	"  --context NAME             its context in that file (default: current-context)\n"
	"  --members-kubeconfig FILE  one context per member cluster; read again when it changes\n"
	"                             (default: the text in the environment variable GSLB_CONFIG)\n"
	"  --namespace NAME           of GSLBConfig, policy and Secret (default: avi-system)\n"
	"  --listen ADDRESS           health, metrics, /api (default: :8080; port 0: any free one, see the log)\n"
	"  --api-open                 serve /api/sync to other hosts too\n"
	"  --dry-run                  write nothing anywhere, log what would be written\n"
	"  --log-level LEVEL          debug, info, warn, error (default: info, then the GSLBConfig's logLevel)\n"
	"  --log-format FORMAT        logfmt or json (default: logfmt)\n"
	"  --version, --help\n"
	"\n"
	LEASE_FLAGS_USAGE;

enum { OPT_DRY_RUN = 256 };

static const struct option long_options[] = {
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	FLAGS_OPTIONS,
	LEASE_FLAGS_OPTIONS,
	{ 0 },
};

struct options {
	struct flags flags;
	struct lease_flags lease;
	bool is_dry_run;
};

struct process {
	uv_loop_t loop;
	struct leader *leader;
	struct api *api;
	struct lease *lease;           /* NULL: runs alone */
	uv_signal_t term, interrupt;
	bool is_stopping;
	int exit_status;
};

static void parse_options(int argc, char **argv, struct options *options)
{
	struct err err = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPT_DRY_RUN)
			options->is_dry_run = true;
		else if (!lease_flags_has(option))
			flags_take(&options->flags, option, optarg);
		else if (!lease_flags_take(&options->lease, option, optarg, &err))
			flags_refuse(&options->flags, &err);
	}
	if (!lease_flags_check(&options->lease, &err))
		flags_refuse(&options->flags, &err);
	flags_end(&options->flags, argc, argv);
}

static void on_stopped(void *arg)
{
	struct process *process = arg;

	if (!leader_is_quiet(process->leader) && !process->exit_status)
		process->exit_status = LEASE_EXIT_CUT_OFF;
	leader_free(TAKE(process->leader));
	api_free(TAKE(process->api));
	lease_free(TAKE(process->lease));
	uv_close((uv_handle_t *)&process->term, NULL);
	uv_close((uv_handle_t *)&process->interrupt, NULL);
}

static void stop(struct process *process)
{
	if (process->is_stopping)
		return;
	process->is_stopping = true;
	leader_stop(process->leader, on_stopped, process);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct process *process = handle->data;

	log_info("stopping", KV("signal", number));
	if (process->is_stopping)
		exit(1);           /* asked twice: at once */
	stop(process);
}

static void on_lease(void *arg)
{
	struct process *process = arg;

	if (!process->leader)
		return;
	leader_lease_changed(process->leader);
	if (lease_state(process->lease) != LEASE_LOST || process->is_stopping)
		return;
	log_error("lease_lost", KV("err", lease_why_lost(process->lease)));
	stop(process);
}

static void on_overtaken(void *arg)
{
	struct process *process = arg;

	process->exit_status = LEASE_EXIT_OVERTAKEN;
	stop(process);
}

static bool is_ready(void *arg, char **why)
{
	const struct process *process = arg;

	if (process->leader && !process->is_stopping)
		return leader_is_ready(process->leader, why);
	*why = xstrdup("stopping");
	return false;
}

static bool is_connected(void *arg)
{
	const struct process *process = arg;

	return process->leader && leader_is_connected(process->leader);
}

static cJSON *sync_json(void *arg)
{
	const struct process *process = arg;

	return process->leader ? leader_sync_json(process->leader) : cJSON_CreateObject();
}

/* A keeper's worker does not outlive it. */
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

static bool start(struct process *process, const struct options *options, struct err *err)
{
	const struct flags *flags = &options->flags;

	if (!open_lease(process, &options->lease, err))
		return false;
	process->api = api_new(&(struct api_options){
		.loop = &process->loop, .listen = flags->listen, .is_open = flags->is_api_open,
		.is_ready = is_ready, .is_connected = is_connected, .sync = sync_json, .arg = process }, err);
	if (!process->api)
		return err_wrap(err, "--listen");
	process->leader = leader_new(&(struct leader_options){
		.loop = &process->loop, .kubeconfig = flags->kubeconfig, .context = flags->context,
		.members_kubeconfig = flags->members_kubeconfig, .namespace = flags->namespace,
		.is_dry_run = options->is_dry_run, .has_log_level = flags->log_level_text != NULL,
		.lease = process->lease, .on_overtaken = on_overtaken, .arg = process }, err);
	return process->leader != NULL;
}

static void watch_signal(struct process *process, uv_signal_t *handle, int number)
{
	uv_signal_init(&process->loop, handle);
	handle->data = process;
	uv_signal_start(handle, on_signal, number);
}

/* Three watches a cluster over HTTP/1.1 are three descriptors. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_warn("file_limit", KV("err", strerror(errno)));
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
	struct options options = { .flags = FLAGS_INIT("amko-leader", usage), .lease = LEASE_FLAGS_INIT };
	struct err err = { 0 };

	parse_options(argc, argv, &options);
	log_init("leader", options.flags.log_level, options.flags.log_format);
	json_init();
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	uv_loop_init(&process.loop);
	if (!start(&process, &options, &err)) {
		fprintf(stderr, "amko-leader: %s\n", err.msg);
		api_free(process.api);
		lease_free(process.lease);
		run(&process);
		return 1;
	}
	watch_signal(&process, &process.term, SIGTERM);
	watch_signal(&process, &process.interrupt, SIGINT);
	log_info("listening", KV("listen", options.flags.listen), KV("port", api_port(process.api)), KV("version", AMKO_VERSION),
		 KV("lease", process.lease ? "by the keeper" : "none: run by hand, leads alone"));
	run(&process);
	return process.exit_status;
}
