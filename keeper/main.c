/* amko: the process that is installed in every member cluster, PID 1 of its pod.
 *
 * May touch: the Leases and AMKOClusters of all member clusters, its own cluster's GSLBConfig and the Secret that it names, the
 * leadership record on the Avi controller. Reads no application objects. Holds the kubeconfigs' tokens and keys and the
 * controller's password; runs at most one worker, amko-leader or amko-follower, which reads them for itself.
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/duration.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "keeper/front.h"
#include "keeper/orphans.h"

static const char usage[] =
	"usage: amko [--role=ROLE] [--kubeconfig FILE [--context NAME]] [--members-kubeconfig FILE] [options]\n"
	"\n"
	"Runs in every member cluster. The instances decide by Leases which one of them leads: that one keeps the global\n"
	"services on the Avi GSLB leader controller, the others stand ready.\n"
	"\n"
	"  --role ROLE                auto: as the AMKOCluster says (default); leader: counts as isLeader: true;\n"
	"                             follower: never leads\n"
	"  --kubeconfig FILE          the own cluster (default: the pod's service account)\n"
	"  --context NAME             its context in that file, and what this cluster is called\n"
	"                             (default: current-context, and clusterContext of the AMKOCluster)\n"
	"  --members-kubeconfig FILE  one context per member cluster; read again when it changes\n"
	"                             (default: the text in the environment variable GSLB_CONFIG)\n"
	"  --namespace NAME           of AMKOCluster, Leases, GSLBConfig, Secret (default: avi-system)\n"
	"  --listen ADDRESS           health, metrics, /api (default: :8080; port 0: any free one, see the log)\n"
	"  --api-open                 serve all of /api to other hosts too\n"
	"  --lease-duration TIME      a Lease that does not change for so long is free (default: 60s)\n"
	"  --renew-deadline TIME      a leader that cannot renew for so long stops writing (default: 40s)\n"
	"  --retry-period TIME        from one renewal to the next (default: 5s); all instances need the same three\n"
	"  --log-level LEVEL          debug, info, warn, error (default: info)\n"
	"  --log-format FORMAT        logfmt or json (default: logfmt)\n"
	"  --version, --help\n";

struct options {
	struct keeper_options keeper;
	const char *listen, *log_level_text, *log_format_text;
	bool is_api_open;
	enum log_level log_level;
	enum log_format log_format;
	int64_t lease_ms, renew_ms, retry_ms;
};

enum { OPT_ROLE = 256, OPT_KUBECONFIG, OPT_CONTEXT, OPT_MEMBERS, OPT_NAMESPACE, OPT_LISTEN, OPT_API_OPEN, OPT_LEASE, OPT_RENEW,
	OPT_RETRY, OPT_LOG_LEVEL, OPT_LOG_FORMAT, OPT_VERSION, OPT_HELP };

static const struct option long_options[] = {
	{ "role", required_argument, NULL, OPT_ROLE },
	{ "kubeconfig", required_argument, NULL, OPT_KUBECONFIG },
	{ "context", required_argument, NULL, OPT_CONTEXT },
	{ "members-kubeconfig", required_argument, NULL, OPT_MEMBERS },
	{ "namespace", required_argument, NULL, OPT_NAMESPACE },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "api-open", no_argument, NULL, OPT_API_OPEN },
	{ "lease-duration", required_argument, NULL, OPT_LEASE },
	{ "renew-deadline", required_argument, NULL, OPT_RENEW },
	{ "retry-period", required_argument, NULL, OPT_RETRY },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "log-format", required_argument, NULL, OPT_LOG_FORMAT },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

struct process {
	uv_loop_t loop;
	struct keeper *keeper;
	struct front *front;
	struct http_client *http;              /* to the worker */
	struct orphans *orphans;
	uv_signal_t term, interrupt;
	char *socket_folder, *socket;          /* of the worker's own port */
	bool is_stopping;
};

static void refuse(const char *option, const char *text, const char *wanted)
{
	fprintf(stderr, "amko: %s: \"%s\" is none of %s\n", option, text, wanted);
	exit(2);
}

static enum keeper_role parse_role(const char *text)
{
	if (streq(text, "leader"))
		return KEEPER_LEADER;
	if (streq(text, "follower"))
		return KEEPER_FOLLOWER;
	if (!streq(text, "auto"))
		refuse("--role", text, "auto, leader, follower");
	return KEEPER_AUTO;
}

static int64_t parse_duration(const char *option, const char *text)
{
	struct err err = { 0 };
	int64_t ms;

	if (duration_parse_ms(text, &ms, &err))
		return ms;
	fprintf(stderr, "amko: %s: %s\n", option, err.msg);
	exit(2);
}

static void set_log_option(struct options *options, int option)
{
	if (option == OPT_LOG_LEVEL) {
		options->log_level_text = optarg;
		if (!log_level_parse(optarg, &options->log_level))
			refuse("--log-level", optarg, "debug, info, warn, error");
	} else {
		options->log_format_text = optarg;
		if (!log_format_parse(optarg, &options->log_format))
			refuse("--log-format", optarg, "logfmt, json");
	}
}

static void end_with(int option)
{
	if (option == OPT_VERSION)
		puts("amko " AMKO_VERSION);
	else if (option == OPT_HELP)
		fputs(usage, stdout);
	else
		fputs("Try 'amko --help'.\n", stderr);
	exit(option == OPT_VERSION || option == OPT_HELP ? 0 : 2);
}

/* Exits on --help, --version (0) and on mistakes (2). */
static void set_option(struct options *options, int option)
{
	const char **texts[] = {
		[OPT_KUBECONFIG - OPT_ROLE] = &options->keeper.kubeconfig, [OPT_CONTEXT - OPT_ROLE] = &options->keeper.context,
		[OPT_MEMBERS - OPT_ROLE] = &options->keeper.members_kubeconfig,
		[OPT_NAMESPACE - OPT_ROLE] = &options->keeper.namespace, [OPT_LISTEN - OPT_ROLE] = &options->listen,
	};
	int64_t *durations[] = { &options->lease_ms, &options->renew_ms, &options->retry_ms };

	if (option == OPT_ROLE)
		options->keeper.role = parse_role(optarg);
	else if (option > OPT_ROLE && option <= OPT_LISTEN)
		*texts[option - OPT_ROLE] = optarg;
	else if (option == OPT_API_OPEN)
		options->is_api_open = true;
	else if (option >= OPT_LEASE && option <= OPT_RETRY)
		*durations[option - OPT_LEASE] = parse_duration(long_options[option - OPT_ROLE].name, optarg);
	else if (option == OPT_LOG_LEVEL || option == OPT_LOG_FORMAT)
		set_log_option(options, option);
	else
		end_with(option);
}

static void parse_options(int argc, char **argv, struct options *options)
{
	struct err err = { 0 };
	int option;

	*options = (struct options){ .keeper.namespace = "avi-system", .listen = ":8080", .log_level = LOG_INFO,
				     .lease_ms = 60000, .renew_ms = 40000, .retry_ms = 5000 };
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		set_option(options, option);
	if (optind < argc) {
		fprintf(stderr, "amko: unexpected argument \"%s\"\nTry 'amko --help'.\n", argv[optind]);
		exit(2);
	}
	if (timing_init(&options->keeper.timing, options->lease_ms, options->renew_ms, options->retry_ms, &err))
		return;
	fprintf(stderr, "amko: --lease-duration, --renew-deadline, --retry-period: %s\n", err.msg);
	exit(2);
}

/* ---- what the worker is given ---- */

static void add_text(struct strs *arguments, const char *flag, const char *text)
{
	if (!text)
		return;
	strs_add(arguments, flag);
	strs_add(arguments, text);
}

static void add_ms(struct strs *arguments, const char *flag, int64_t ms)
{
	CLEANUP(freep) char *text = xasprintf("%lldms", (long long)ms);

	add_text(arguments, flag, text);
}

static void fill_arguments(struct strs *arguments, const struct options *options, const char *socket)
{
	const struct keeper_options *k = &options->keeper;
	CLEANUP(freep) char *listen = xasprintf("unix:%s", socket);

	add_text(arguments, "--kubeconfig", k->kubeconfig);
	add_text(arguments, "--context", k->context);
	add_text(arguments, "--members-kubeconfig", k->members_kubeconfig);
	add_text(arguments, "--namespace", k->namespace);
	add_text(arguments, "--listen", listen);
	add_text(arguments, "--log-level", options->log_level_text);
	add_text(arguments, "--log-format", options->log_format_text);
	add_ms(arguments, "--lease-duration", options->lease_ms);
	add_ms(arguments, "--renew-deadline", options->renew_ms);
	add_ms(arguments, "--retry-period", options->retry_ms);
}

/* The folder of this very program: the workers lie beside it. Yours to free. */
static char *own_folder(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return xstrdup(".");
	path[n] = '\0';
	return xstrdup(dirname(path));
}

/* ---- the process ---- */

static void close_all(struct process *process)
{
	front_free(TAKE(process->front));
	keeper_free(TAKE(process->keeper));
	http_client_free(TAKE(process->http));
	orphans_free(TAKE(process->orphans));
	uv_close((uv_handle_t *)&process->term, NULL);
	uv_close((uv_handle_t *)&process->interrupt, NULL);
}

static void on_exit_due(uv_timer_t *timer)
{
	struct process *process = timer->data;

	close_all(process);
	uv_close((uv_handle_t *)timer, (uv_close_cb)free);
}

/* Not from inside of what is freed. */
static void on_exit_wanted(void *arg)
{
	struct process *process = arg;
	uv_timer_t *timer = xcalloc(1, sizeof(*timer));

	uv_timer_init(&process->loop, timer);
	timer->data = process;
	uv_timer_start(timer, on_exit_due, 0, 0);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct process *process = handle->data;

	log_info("stopping", KV("signal", number));
	if (process->is_stopping)
		exit(1);               /* asked twice: at once; the worker dies with us */
	process->is_stopping = true;
	keeper_stop(process->keeper);
}

static void watch_signal(struct process *process, uv_signal_t *handle, int number)
{
	uv_signal_init(&process->loop, handle);
	handle->data = process;
	uv_signal_start(handle, on_signal, number);
}

static bool make_socket_folder(struct process *process, struct err *err)
{
	const char *base = getenv("TMPDIR");
	CLEANUP(freep) char *folder = xasprintf("%s/amko-XXXXXX", base && *base ? base : "/tmp");

	if (!mkdtemp(folder))
		return err_set(err, ERR_INVALID, "a folder %s for the worker's socket cannot be made: %s", folder, strerror(errno));
	process->socket = xasprintf("%s/worker", folder);
	process->socket_folder = TAKE(folder);
	return true;
}

static bool start(struct process *process, const struct options *options, struct err *err)
{
	process->http = http_client_new(&process->loop, 0);
	process->orphans = orphans_new(&process->loop);
	process->keeper = keeper_new(&options->keeper, err);
	if (!process->keeper)
		return false;
	process->front = front_new(&(struct front_options){
		.loop = &process->loop, .http = process->http, .listen = options->listen, .is_open = options->is_api_open,
		.worker_socket = process->socket, .keeper = process->keeper }, err);
	return process->front || err_wrap(err, "--listen");
}

static const char *env_or(const char *name, const char *other)
{
	const char *text = getenv(name);

	return text && *text ? text : other;
}

static void run(struct process *process)
{
	uv_run(&process->loop, UV_RUN_DEFAULT);
	uv_loop_close(&process->loop);
	metrics_release();
	if (process->socket)
		unlink(process->socket);
	if (process->socket_folder)
		rmdir(process->socket_folder);
	free(process->socket);
	free(process->socket_folder);
}

int main(int argc, char **argv)
{
	struct process process = { 0 };
	CLEANUP(strs_release) struct strs arguments = { 0 };
	CLEANUP(freep) char *folder = own_folder();
	struct options options;
	char host[256] = "";
	struct err err = { 0 };

	parse_options(argc, argv, &options);
	log_init("keeper", options.log_level, options.log_format);
	metrics_set_prefix("amko_keeper_");
	json_init();
	signal(SIGPIPE, SIG_IGN);
	gethostname(host, sizeof(host) - 1);
	uv_loop_init(&process.loop);
	watch_signal(&process, &process.term, SIGTERM);
	watch_signal(&process, &process.interrupt, SIGINT);
	options.keeper.loop = &process.loop;
	options.keeper.pod = env_or("POD_NAME", *host ? host : "amko");
	options.keeper.pod_uid = env_or("POD_UID", "-");
	options.keeper.folder = folder;
	options.keeper.worker_arguments = &arguments;
	options.keeper.on_exit = on_exit_wanted;
	options.keeper.arg = &process;
	if (make_socket_folder(&process, &err))
		fill_arguments(&arguments, &options, process.socket);
	if (*err.msg || !start(&process, &options, &err)) {
		fprintf(stderr, "amko: %s\n", err.msg);
		close_all(&process);
		run(&process);
		return 1;
	}
	log_info("listening", KV("listen", options.listen), KV("port", front_port(process.front)), KV("version", AMKO_VERSION));
	run(&process);
	return 0;
}
