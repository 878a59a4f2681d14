/* kubesim: simulated Kubernetes API servers. One process, one loop: a port with HTTPS for each cluster, a control port
 * over plain HTTP.
 *
 * It may touch: its listeners, the definitions (read once), the CA and kubeconfig files (written once). It holds tokens
 * and keys of its own making, good for itself only.
 */
#include <getopt.h>
#include <signal.h>
#include <sys/resource.h>

#include "common/base/log.h"
#include "tests/sim/kubesim/control.h"
#include "tests/sim/kubesim/kubeconfig.h"
#include "tests/sim/kubesim/load.h"
#include "tests/sim/kubesim/text.h"

#define MAX_CLUSTERS 64

static const char help[] =
	"kubesim - simulated Kubernetes API servers, one for each cluster, and a control port for tests\n"
	"\n"
	"usage: kubesim [options]\n"
	"\n"
	"  --clusters NAMES       names with commas, or how many (cluster1, cluster2, ...) (1)\n"
	"  --listen ADDRESS       the first cluster's port, the others follow; port 0 picks free ones (127.0.0.1:0)\n"
	"  --control ADDRESS      the control port, plain HTTP (127.0.0.1:0)\n"
	"  --crds PATH            CustomResourceDefinitions to begin with, a file or a folder; may be repeated\n"
	"  --kubeconfig-out FILE  writes a kubeconfig with a context for each cluster (and FILE.token)\n"
	"  --ca-out FILE          writes the certificate of the authority that was made for this run\n"
	"  --token TEXT           the administrator's token (admin-token); that of nobody is nobody-token\n"
	"  --history N            how many changes of each kind a watch may be behind (10000)\n"
	"  --bookmark-ms N        a bookmark to each watch that wants them so often (60000)\n"
	"  --log-level LEVEL      debug, info, warn or error (info)\n"
	"  --help                 this text\n"
	"\n"
	"Once all ports are open it prints one line:\n"
	"  {\"clusters\":{\"cluster1\":\"127.0.0.1:41001\"},\"control\":\"127.0.0.1:41002\",\"kubeconfig\":\"FILE\"}\n"
	"SIGTERM or SIGINT ends it.\n";

struct options {
	struct strs clusters, crds;
	const char *listen, *control, *kubeconfig, *ca;
	size_t history;
	struct ks_settings settings;
	enum log_level level;
};

enum {
	OPT_CLUSTERS = 1,
	OPT_LISTEN,
	OPT_CONTROL,
	OPT_CRDS,
	OPT_KUBECONFIG,
	OPT_CA,
	OPT_TOKEN,
	OPT_HISTORY,
	OPT_BOOKMARK,
	OPT_LEVEL,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "clusters", required_argument, NULL, OPT_CLUSTERS },   { "listen", required_argument, NULL, OPT_LISTEN },
	{ "control", required_argument, NULL, OPT_CONTROL },     { "crds", required_argument, NULL, OPT_CRDS },
	{ "kubeconfig-out", required_argument, NULL, OPT_KUBECONFIG }, { "ca-out", required_argument, NULL, OPT_CA },
	{ "token", required_argument, NULL, OPT_TOKEN },         { "history", required_argument, NULL, OPT_HISTORY },
	{ "bookmark-ms", required_argument, NULL, OPT_BOOKMARK }, { "log-level", required_argument, NULL, OPT_LEVEL },
	{ "help", no_argument, NULL, OPT_HELP },                 { NULL, 0, NULL, 0 },
};

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *out >= least && *out <= most;
}

static bool read_clusters(struct strs *out, const char *text)
{
	struct slice rest = slice_of(text), name;
	uint64_t n;

	strs_release(out);
	if (read_number(text, 1, MAX_CLUSTERS, &n)) {
		for (uint64_t i = 1; i <= n; i++)
			strs_take(out, xasprintf("cluster%lu", (unsigned long)i));
		return true;
	}
	while (slice_split(&rest, ',', &name)) {
		CLEANUP(freep) char *one = slice_dup(name);

		if (!ks_is_subdomain(one) || strs_has(out, one) || out->n == MAX_CLUSTERS)
			return false;
		strs_add(out, one);
	}
	return true;
}

/* false: a value that cannot be. */
static bool take_option(struct options *o, int option)
{
	uint64_t n = 0;
	bool fits = true;

	switch (option) {
	case OPT_CLUSTERS: return read_clusters(&o->clusters, optarg);
	case OPT_LISTEN: o->listen = optarg; break;
	case OPT_CONTROL: o->control = optarg; break;
	case OPT_CRDS: strs_add(&o->crds, optarg); break;
	case OPT_KUBECONFIG: o->kubeconfig = optarg; break;
	case OPT_CA: o->ca = optarg; break;
	case OPT_TOKEN: o->settings.admin_token = optarg; return *optarg;
	case OPT_LEVEL: return log_level_parse(optarg, &o->level);
	case OPT_HISTORY:
		fits = read_number(optarg, 0, 100000000, &n);
		o->history = n;
		break;
	case OPT_BOOKMARK: return read_number(optarg, 1, 86400000, &o->settings.bookmark_ms);
	}
	return fits;
}

/* -1: go on; else the exit status. */
static int read_options(struct options *o, int argc, char **argv)
{
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "h", long_options, &index)) != -1) {
		if (option == OPT_HELP || option == 'h')
			return fputs(help, stdout) < 0;
		if (option == '?')
			return 2;
		if (!take_option(o, option)) {
			fprintf(stderr, "kubesim: --%s: '%s' cannot be\n", long_options[index].name, optarg);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "kubesim: what is '%s'? See --help.\n", argv[optind]);
	return 2;
}

struct program {
	uv_loop_t loop;
	uv_signal_t signals[2];
	struct ks_pki pki;
	struct ks_journal *journal;
	struct faults faults;
	struct ks_cluster *clusters[MAX_CLUSTERS];
	struct ks_front *fronts[MAX_CLUSTERS];
	size_t n;
	struct ks_control *control;
};

static void on_signal(uv_signal_t *handle, int number)
{
	log_info("stopping", KV("signal", number));
	uv_stop(handle->loop);
}

/* The i-th cluster's: port 0 stays 0. Yours to free. */
static char *nth_address(const char *listen, size_t i)
{
	const char *colon = strrchr(listen, ':');
	long port = colon ? strtol(colon + 1, NULL, 10) : 0;

	return port ? xasprintf("%.*s:%ld", (int)(colon - listen), listen, port + (long)i) : xstrdup(listen);
}

static bool start_cluster(struct program *p, const struct options *o, size_t i, struct err *err)
{
	CLEANUP(freep) char *address = nth_address(o->listen, i);
	struct ks_cluster *cluster = ks_cluster_new(o->clusters.v[i], o->history);

	p->clusters[p->n] = cluster;
	cluster->on_event = ks_watch_on_event;
	cluster->on_kind_gone = ks_watch_on_kind_gone;
	p->n++;
	for (size_t k = 0; k < o->crds.n; k++)
		if (!ks_load_definitions(cluster, o->crds.v[k], err))
			return false;
	p->fronts[i] = ks_front_new(&(struct ks_front_options){ .loop = &p->loop,
							       .cluster = cluster,
							       .settings = &o->settings,
							       .pki = &p->pki,
							       .journal = p->journal,
							       .faults = &p->faults,
							       .listen = address },
				    err);
	return p->fronts[i];
}

static bool start(struct program *p, const struct options *o, struct err *err)
{
	CLEANUP(freep) char *host = NULL;
	const char *colon = strrchr(o->listen, ':');

	if (!colon)
		return err_set(err, ERR_INVALID, "listen on %s: want address:port", o->listen);
	host = xstrndup(o->listen, (size_t)(colon - o->listen));
	if (!ks_pki_make(&p->pki, *host == '[' ? NULL : host, err))
		return false;
	p->journal = ks_journal_new();
	for (size_t i = 0; i < o->clusters.n; i++)
		if (!start_cluster(p, o, i, err))
			return false;
	p->control = ks_control_new(&(struct ks_control_options){ .loop = &p->loop,
								 .fronts = p->fronts,
								 .n_fronts = p->n,
								 .journal = p->journal,
								 .faults = &p->faults,
								 .listen = o->control },
				    err);
	return p->control && (!o->ca || ks_write_file(o->ca, p->pki.ca_pem, err)) &&
	       (!o->kubeconfig || ks_write_kubeconfig(o->kubeconfig, p->fronts, p->n, &p->pki, &o->settings, err));
}

static void announce(const struct program *p, const struct options *o)
{
	CLEANUP(cJSON_Deletep) cJSON *line = cJSON_CreateObject();
	cJSON *clusters = json_put_object(line, "clusters");
	int n_host = (int)(strrchr(o->control, ':') - o->control);
	CLEANUP(freep) char *control = xasprintf("%.*s:%d", n_host ? n_host : 9, n_host ? o->control : "127.0.0.1",
						 ks_control_port(p->control));
	CLEANUP(freep) char *text = NULL;

	for (size_t i = 0; i < p->n; i++)
		json_put_str(clusters, p->clusters[i]->name, ks_front_address(p->fronts[i]));
	json_put_str(line, "control", control);
	if (o->kubeconfig)
		json_put_str(line, "kubeconfig", o->kubeconfig);
	text = json_text(line);
	puts(text);
	fflush(stdout);
	log_info("listening", KV("clusters", (unsigned long)p->n), KV("control_port", ks_control_port(p->control)));
}

static void stop(struct program *p)
{
	ks_control_free(p->control);
	for (size_t i = 0; i < p->n; i++)
		ks_front_free(p->fronts[i]);
	for (size_t i = 0; i < ARRAY_SIZE(p->signals); i++)
		uv_close((uv_handle_t *)&p->signals[i], NULL);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	uv_loop_close(&p->loop);
	for (size_t i = 0; i < p->n; i++)
		ks_cluster_free(p->clusters[i]);
	faults_clear(&p->faults);
	ks_journal_free(p->journal);
	ks_pki_release(&p->pki);
}

/* A thousand watches are a thousand descriptors, and more while they break. */
static void raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int run(const struct options *o)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	struct program p = { .faults.kind = &ks_fault_kind };
	struct err err = { 0 };
	bool is_started;

	json_init();
	log_init("kubesim", o->level, LOG_LOGFMT);
	signal(SIGPIPE, SIG_IGN);
	raise_limits();
	uv_loop_init(&p.loop);
	for (size_t i = 0; i < ARRAY_SIZE(p.signals); i++) {
		uv_signal_init(&p.loop, &p.signals[i]);
		uv_signal_start(&p.signals[i], on_signal, numbers[i]);
	}
	is_started = start(&p, o, &err);
	if (is_started) {
		announce(&p, o);
		uv_run(&p.loop, UV_RUN_DEFAULT);
	} else {
		log_error("start_failed", KV("error", (const char *)err.msg));
	}
	stop(&p);
	return !is_started;
}

int main(int argc, char **argv)
{
	struct options o = {
		.listen = "127.0.0.1:0",
		.control = "127.0.0.1:0",
		.history = 10000,
		.settings = {.admin_token = "admin-token", .nobody_token = "nobody-token", .bookmark_ms = 60000},
		.level = LOG_INFO};
	int status;

	strs_add(&o.clusters, "cluster1");
	status = read_options(&o, argc, argv);
	if (status < 0)
		status = run(&o);
	strs_release(&o.clusters);
	strs_release(&o.crds);
	return status;
}
