/* avisim: a simulated Avi controller. One process, one loop: the API over HTTPS, a control port over plain HTTP.
 *
 * It may touch: its two listeners, the state file (read once), the certificate file (written once). It holds one password, a
 * test's.
 */
#include <getopt.h>
#include <signal.h>

#include "common/base/log.h"
#include "tests/sim/avisim/cert.h"
#include "tests/sim/avisim/control.h"

#define MAX_STATE_BYTES (256l * 1024 * 1024)

static const char help[] =
	"avisim - a simulated Avi controller: its REST API over HTTPS, and a control port for tests\n"
	"\n"
	"usage: avisim [options]\n"
	"\n"
	"  --listen ADDRESS      the API; port 0 picks a free one (127.0.0.1:18443)\n"
	"  --control ADDRESS     the control port, plain HTTP (127.0.0.1:18080)\n"
	"  --state FILE          objects and settings to begin with (JSON, as for POST /_sim/reset)\n"
	"  --user NAME           who may log in (admin)\n"
	"  --password TEXT       and with which password (secret)\n"
	"  --version VERSION     the release that it claims to be (22.1.3)\n"
	"  --session-seconds N   an unused session expires after so long (900)\n"
	"  --strict-tenants      an unknown tenant is an error; else it comes into being with its first object\n"
	"  --cert-out FILE       writes the certificate that was made for this run\n"
	"  --log-level LEVEL     debug, info, warn or error (info)\n"
	"  --help                this text\n"
	"\n"
	"Once both ports are open it prints one line: {\"listen\":\"127.0.0.1:18443\",\"control\":\"127.0.0.1:18080\"}\n"
	"SIGTERM or SIGINT ends it.\n";

struct options {
	const char *listen, *control, *state, *user, *password, *version, *cert_out;
	int64_t session_s;
	bool strict_tenants;
	enum log_level level;
};

enum {
	OPT_LISTEN = 1,
	OPT_CONTROL,
	OPT_STATE,
	OPT_USER,
	OPT_PASSWORD,
	OPT_VERSION,
	OPT_SESSION,
	OPT_TENANTS,
	OPT_CERT,
	OPT_LEVEL,
	OPT_HELP
};

static const struct option long_options[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },       { "control", required_argument, NULL, OPT_CONTROL },
	{ "state", required_argument, NULL, OPT_STATE },         { "user", required_argument, NULL, OPT_USER },
	{ "password", required_argument, NULL, OPT_PASSWORD },   { "version", required_argument, NULL, OPT_VERSION },
	{ "session-seconds", required_argument, NULL, OPT_SESSION }, { "strict-tenants", no_argument, NULL, OPT_TENANTS },
	{ "cert-out", required_argument, NULL, OPT_CERT },       { "log-level", required_argument, NULL, OPT_LEVEL },
	{ "help", no_argument, NULL, OPT_HELP },                 { NULL, 0, NULL, 0 },
};

/* false: a value that cannot be. */
static bool take_option(struct options *o, int option)
{
	char *end = NULL;

	switch (option) {
	case OPT_LISTEN: o->listen = optarg; return true;
	case OPT_CONTROL: o->control = optarg; return true;
	case OPT_STATE: o->state = optarg; return true;
	case OPT_USER: o->user = optarg; return *optarg;
	case OPT_PASSWORD: o->password = optarg; return *optarg;
	case OPT_VERSION: o->version = optarg; return version_is_valid(optarg);
	case OPT_CERT: o->cert_out = optarg; return true;
	case OPT_TENANTS: return o->strict_tenants = true;
	case OPT_LEVEL: return log_level_parse(optarg, &o->level);
	case OPT_SESSION:
		o->session_s = strtol(optarg, &end, 10);
		return *optarg && !*end && o->session_s > 0 && o->session_s < 1000000000;
	}
	return false;
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
			fprintf(stderr, "avisim: --%s: '%s' cannot be\n", long_options[index].name, optarg);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "avisim: what is '%s'? See --help.\n", argv[optind]);
	return 2;
}

static cJSON *read_state(const char *path, struct err *err)
{
	FILE *file = fopen(path, "r");
	char block[65536];
	struct buf text;
	cJSON *state = NULL;
	bool fits = true;
	size_t n;

	if (!file) {
		err_set(err, ERR_INVALID, "%s: %m", path);
		return NULL;
	}
	buf_init(&text, MAX_STATE_BYTES);
	while (fits && (n = fread(block, 1, sizeof(block), file)) > 0)
		fits = buf_add(&text, (struct slice){ block, n });
	fclose(file);
	if (fits)
		state = json_parse(buf_slice(&text), err);
	else
		err_set(err, ERR_LIMIT, "over %ld bytes", MAX_STATE_BYTES);
	buf_release(&text);
	if (!state)
		err_wrap(err, "%s", path);
	return state;
}

static bool prepare(struct sim *sim, const struct options *o, struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *state = NULL;

	free(sim->settings.version);
	sim->settings.version = xstrdup(o->version);
	sim->settings.strict_tenants = o->strict_tenants;
	sim_keep_defaults(sim);
	if (!o->state)
		return true;
	state = read_state(o->state, err);
	return state && (sim_reset(sim, state, err) || err_wrap(err, "%s", o->state));
}

static bool write_file(const char *path, const char *text, struct err *err)
{
	FILE *file = fopen(path, "w");
	bool is_written = file && fputs(text, file) >= 0;

	if (file && fclose(file) != 0)
		is_written = false;
	return is_written || err_set(err, ERR_INVALID, "%s: %m", path);
}

struct program {
	uv_loop_t loop;
	uv_signal_t signals[2];
	struct sim_cert cert;
	struct sim *sim;
	struct front *front;
	struct control *control;
};

static void on_signal(uv_signal_t *handle, int number)
{
	log_info("stopping", KV("signal", number));
	uv_stop(handle->loop);
}

static bool start(struct program *p, const struct options *o, struct err *err)
{
	if (!sim_cert_make(&p->cert, err) || (o->cert_out && !write_file(o->cert_out, p->cert.cert_pem, err)))
		return false;
	p->sim = sim_new(o->user, slice_of(o->password), o->session_s);
	if (!prepare(p->sim, o, err))
		return false;
	p->front = front_new(&p->loop, p->sim, o->listen, p->cert.cert_pem, p->cert.key_pem, err);
	if (!p->front)
		return false;
	p->control = control_new(&p->loop, p->sim, p->front, o->control, err);
	return p->control;
}

static void add_address(cJSON *line, const char *key, const char *asked, int port)
{
	int n_host = (int)(strrchr(asked, ':') - asked);
	CLEANUP(freep) char *address = xasprintf("%.*s:%d", n_host ? n_host : 9, n_host ? asked : "127.0.0.1", port);

	json_put_str(line, key, address);
}

static void announce(const struct program *p, const struct options *o)
{
	CLEANUP(cJSON_Deletep) cJSON *line = cJSON_CreateObject();
	CLEANUP(freep) char *text = NULL;

	add_address(line, "listen", o->listen, front_port(p->front));
	add_address(line, "control", o->control, control_port(p->control));
	text = json_text(line);
	puts(text);
	fflush(stdout);
	log_info("listening", KV("port", front_port(p->front)), KV("control_port", control_port(p->control)));
}

static void stop(struct program *p)
{
	control_free(p->control);
	front_free(p->front);
	for (size_t i = 0; i < ARRAY_SIZE(p->signals); i++)
		uv_close((uv_handle_t *)&p->signals[i], NULL);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	uv_loop_close(&p->loop);
	sim_free(p->sim);
	sim_cert_release(&p->cert);
}

int main(int argc, char **argv)
{
	static const int numbers[] = { SIGTERM, SIGINT };
	struct options o = { .listen = "127.0.0.1:18443",
			    .control = "127.0.0.1:18080",
			    .user = "admin",
			    .password = "secret",
			    .version = "22.1.3",
			    .session_s = 900,
			    .level = LOG_INFO };
	struct program p = { 0 };
	struct err err = { 0 };
	int status = read_options(&o, argc, argv);
	bool is_started;

	if (status >= 0)
		return status;
	json_init();
	log_init("avisim", o.level, LOG_LOGFMT);
	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&p.loop);
	for (size_t i = 0; i < ARRAY_SIZE(p.signals); i++) {
		uv_signal_init(&p.loop, &p.signals[i]);
		uv_signal_start(&p.signals[i], on_signal, numbers[i]);
	}
	is_started = start(&p, &o, &err);
	if (is_started) {
		announce(&p, &o);
		uv_run(&p.loop, UV_RUN_DEFAULT);
	} else {
		log_error("start_failed", KV("error", (const char *)err.msg));
	}
	stop(&p);
	return !is_started;
}
