/* amko-leader: the whole reconciler in one process.
 *
 * May touch: the member clusters' API servers (read), its own cluster's (read; status of our custom resources, the UUID
 * annotation), the Avi controller (services and monitors that it owns). Holds two secrets: the kubeconfig and the controller's
 * password. Under a keeper it writes only what the lease allows, dies with the keeper, and ends with a status of enum lease_exit
 * (1: it could not start, 2: a mistake in the flags). Without a lease pipe it runs alone: nothing but the operator prevents a
 * second writer.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sys/resource.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
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

struct options {
	struct leader_options leader;
	struct lease_flags lease;
	const char *listen;
	bool is_api_open;
	enum log_level log_level;
	enum log_format log_format;
};

enum { OPT_KUBECONFIG = 256, OPT_CONTEXT, OPT_MEMBERS, OPT_NAMESPACE, OPT_LISTEN, OPT_API_OPEN, OPT_DRY_RUN, OPT_LOG_LEVEL,
	OPT_LOG_FORMAT, OPT_VERSION, OPT_HELP };

static const struct option long_options[] = {
	{ "kubeconfig", required_argument, NULL, OPT_KUBECONFIG },
	{ "context", required_argument, NULL, OPT_CONTEXT },
	{ "members-kubeconfig", required_argument, NULL, OPT_MEMBERS },
	{ "namespace", required_argument, NULL, OPT_NAMESPACE },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "api-open", no_argument, NULL, OPT_API_OPEN },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
	LEASE_FLAGS_OPTIONS,
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
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

__attribute__((noreturn)) static void refuse(const struct err *err)
{
	fprintf(stderr, "amko-leader: %s\n", err->msg);
	exit(2);
}

/* Exits on --help, --version (0) and on mistakes (2). */
static void set_option(struct options *options, int option)
{
	switch (option) {
	case OPT_KUBECONFIG:
		options->leader.kubeconfig = optarg;
		return;
	case OPT_CONTEXT:
		options->leader.context = optarg;
		return;
	case OPT_MEMBERS:
		options->leader.members_kubeconfig = optarg;
		return;
	case OPT_NAMESPACE:
		options->leader.namespace = optarg;
		return;
	case OPT_LISTEN:
		options->listen = optarg;
		return;
	case OPT_API_OPEN:
		options->is_api_open = true;
		return;
	case OPT_DRY_RUN:
		options->leader.is_dry_run = true;
		return;
	case OPT_LOG_LEVEL:
		options->leader.has_log_level = true;
		if (log_level_parse(optarg, &options->log_level))
			return;
		fprintf(stderr, "amko-leader: --log-level: \"%s\" is none of debug, info, warn, error\n", optarg);
		exit(2);
	case OPT_LOG_FORMAT:
		if (log_format_parse(optarg, &options->log_format))
			return;
		fprintf(stderr, "amko-leader: --log-format: \"%s\" is neither logfmt nor json\n", optarg);
		exit(2);
	case OPT_VERSION:
		puts("amko-leader " AMKO_VERSION);
		exit(0);
	case OPT_HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		fputs("Try 'amko-leader --help'.\n", stderr);
		exit(2);
	}
}

static void parse_options(int argc, char **argv, struct options *options)
{
	struct err err = { 0 };
	int option;

	*options = (struct options){
		.leader.namespace = "avi-system", .lease = LEASE_FLAGS_INIT, .listen = ":8080", .log_level = LOG_INFO };
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!lease_flags_has(option))
			set_option(options, option);
		else if (!lease_flags_take(&options->lease, option, optarg, &err))
			refuse(&err);
	}
	if (!lease_flags_check(&options->lease, &err))
		refuse(&err);
	if (optind == argc)
		return;
	fprintf(stderr, "amko-leader: unexpected argument \"%s\"\nTry 'amko-leader --help'.\n", argv[optind]);
	exit(2);
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
static bool open_lease(struct process *process, struct options *options, struct err *err)
{
	if (options->lease.fd < 0)
		return true;
	lease_tie_to_keeper();
	process->lease = lease_new(&(struct lease_options){
		.loop = &process->loop, .fd = options->lease.fd, .timing = options->lease.timing, .holder = options->lease.holder,
		.on_change = on_lease, .arg = process }, err);
	options->leader.lease = process->lease;
	options->leader.on_overtaken = on_overtaken;
	options->leader.arg = process;
	return process->lease || err_wrap(err, "--lease-fd");
}

static bool start(struct process *process, struct options *options, struct err *err)
{
	if (!open_lease(process, options, err))
		return false;
	process->api = api_new(&(struct api_options){
		.loop = &process->loop, .listen = options->listen, .is_open = options->is_api_open,
		.is_ready = is_ready, .is_connected = is_connected, .sync = sync_json, .arg = process }, err);
	if (!process->api)
		return err_wrap(err, "--listen");
	process->leader = leader_new(&options->leader, err);
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
	struct options options;
	struct err err = { 0 };

	parse_options(argc, argv, &options);
	log_init("leader", options.log_level, options.log_format);
	json_init();
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();
	uv_loop_init(&process.loop);
	options.leader.loop = &process.loop;
	if (!start(&process, &options, &err)) {
		fprintf(stderr, "amko-leader: %s\n", err.msg);
		api_free(process.api);
		lease_free(process.lease);
		run(&process);
		return 1;
	}
	watch_signal(&process, &process.term, SIGTERM);
	watch_signal(&process, &process.interrupt, SIGINT);
	log_info("listening", KV("listen", options.listen), KV("port", api_port(process.api)), KV("version", AMKO_VERSION),
		 KV("lease", process.lease ? "by the keeper" : "none: run by hand, leads alone"));
	run(&process);
	return process.exit_status;
}
