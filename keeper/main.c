/* amko: the process that is installed in every member cluster, PID 1 of its pod.
 *
 * May touch: the Leases and AMKOClusters of all member clusters, its own cluster's GSLBConfig and the Secret that it names, the
 * leadership record on the Avi controller. Reads no application objects. Holds the kubeconfigs' tokens and keys and the
 * controller's password; runs at most one worker, amko-leader or amko-follower, which reads them for itself.
 */
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/duration.h"
#include "common/base/metrics.h"
#include "common/config/flags.h"
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
	struct flags flags;
	enum keeper_role role;
	struct timing timing;
	int64_t lease_ms, renew_ms, retry_ms;
};

enum { OPT_ROLE = 256, OPT_LEASE, OPT_RENEW, OPT_RETRY };

static const struct option long_options[] = {
	{ "role", required_argument, NULL, OPT_ROLE },
	{ "lease-duration", required_argument, NULL, OPT_LEASE },
	{ "renew-deadline", required_argument, NULL, OPT_RENEW },
	{ "retry-period", required_argument, NULL, OPT_RETRY },
	FLAGS_OPTIONS,
	{ 0 },
};

struct process {
	uv_loop_t loop;
	struct keeper *keeper;
	struct front *front;
	struct http_client *http;              /* to the worker */
	struct orphans *orphans;
	uv_signal_t term, interrupt;
	char host[256];
	struct strs worker_arguments;
	char *own_folder;                      /* where the workers' programs lie */
	char *socket_folder, *socket;          /* of the worker's own port */
	bool is_stopping;
};

static bool parse_role(const char *text, enum keeper_role *out, struct err *err)
{
	static const char *const names[] = { [KEEPER_AUTO] = "auto", [KEEPER_LEADER] = "leader", [KEEPER_FOLLOWER] = "follower" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!streq(text, names[i]))
			continue;
		*out = (enum keeper_role)i;
		return true;
	}
	return err_set(err, ERR_INVALID, "--role: \"%s\" is none of auto, leader, follower", text);
}

static bool set_option(struct options *options, int option, struct err *err)
{
	int64_t *durations[] = { &options->lease_ms, &options->renew_ms, &options->retry_ms };

	if (option == OPT_ROLE)
		return parse_role(optarg, &options->role, err);
	if (option >= OPT_LEASE && option <= OPT_RETRY)
		return duration_parse_ms(optarg, durations[option - OPT_LEASE], err) ||
		       err_wrap(err, "--%s", long_options[option - OPT_ROLE].name);
	flags_take(&options->flags, option, optarg);
	return true;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	struct err err = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!set_option(options, option, &err))
			flags_refuse(&options->flags, &err);
	flags_end(&options->flags, argc, argv);
	if (timing_init(&options->timing, options->lease_ms, options->renew_ms, options->retry_ms, &err))
		return;
	err_wrap(&err, "--lease-duration, --renew-deadline, --retry-period");
	flags_refuse(&options->flags, &err);
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
	const struct flags *flags = &options->flags;
	CLEANUP(freep) char *listen = xasprintf("unix:%s", socket);

	add_text(arguments, "--kubeconfig", flags->kubeconfig);
	add_text(arguments, "--context", flags->context);
	add_text(arguments, "--members-kubeconfig", flags->members_kubeconfig);
	add_text(arguments, "--namespace", flags->namespace);
	add_text(arguments, "--listen", listen);
	add_text(arguments, "--log-level", flags->log_level_text);
	add_text(arguments, "--log-format", flags->log_format_text);
	add_ms(arguments, "--lease-duration", options->lease_ms);
	add_ms(arguments, "--renew-deadline", options->renew_ms);
	add_ms(arguments, "--retry-period", options->retry_ms);
}

/* The folder of this very program. Yours to free. */
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

	if (strlen(folder) + strlen("/worker") >= sizeof((struct sockaddr_un){ 0 }.sun_path))
		return err_set(err, ERR_INVALID, "TMPDIR is too long for the worker's socket: %s/worker", folder);
	if (!mkdtemp(folder))
		return err_set(err, ERR_INVALID, "a folder %s for the worker's socket cannot be made: %s", folder, strerror(errno));
	process->socket = xasprintf("%s/worker", folder);
	process->socket_folder = TAKE(folder);
	return true;
}

static const char *env_or(const char *name, const char *other)
{
	const char *text = getenv(name);

	return text && *text ? text : other;
}

static bool start(struct process *process, const struct options *options, struct err *err)
{
	const struct flags *flags = &options->flags;

	if (!make_socket_folder(process, err))
		return false;
	fill_arguments(&process->worker_arguments, options, process->socket);
	process->own_folder = own_folder();
	gethostname(process->host, sizeof(process->host) - 1);
	process->http = http_client_new(&process->loop, 0);
	process->orphans = orphans_new(&process->loop);
	process->keeper = keeper_new(&(struct keeper_options){
		.loop = &process->loop, .role = options->role, .kubeconfig = flags->kubeconfig, .context = flags->context,
		.members_kubeconfig = flags->members_kubeconfig, .namespace = flags->namespace, .timing = options->timing,
		.pod = env_or("POD_NAME", *process->host ? process->host : "amko"), .pod_uid = env_or("POD_UID", "-"), .folder = process->own_folder,
		.worker_arguments = &process->worker_arguments, .on_exit = on_exit_wanted, .arg = process }, err);
	if (!process->keeper)
		return false;
	process->front = front_new(&(struct front_options){
		.loop = &process->loop, .http = process->http, .listen = flags->listen, .is_open = flags->is_api_open,
		.worker_socket = process->socket, .keeper = process->keeper }, err);
	return process->front || err_wrap(err, "--listen");
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
	free(process->own_folder);
	strs_release(&process->worker_arguments);
}

int main(int argc, char **argv)
{
	struct process process = { 0 };
	struct options options = { .flags = FLAGS_INIT("amko", usage), .lease_ms = 60000, .renew_ms = 40000, .retry_ms = 5000 };
	struct err err = { 0 };

	parse_options(argc, argv, &options);
	log_init("keeper", options.flags.log_level, options.flags.log_format);
	metrics_set_prefix("amko_keeper_");
	json_init();
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&process.loop);
	watch_signal(&process, &process.term, SIGTERM);
	watch_signal(&process, &process.interrupt, SIGINT);
	if (!start(&process, &options, &err)) {
		fprintf(stderr, "amko: %s\n", err.msg);
		close_all(&process);
		run(&process);
		return 1;
	}
	log_info("listening", KV("listen", options.flags.listen), KV("port", front_port(process.front)), KV("version", AMKO_VERSION));
	run(&process);
	return 0;
}
