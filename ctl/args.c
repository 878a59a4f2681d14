#include "ctl/args.h"

#include <getopt.h>

#include "common/base/duration.h"

#define LOOK_MS 10000
#define HANDOVER_MS (3 * 60 * 1000)

static const char *const names[N_COMMANDS] = {
	[COMMAND_STATUS] = "status", [COMMAND_PROMOTE] = "promote", [COMMAND_DEMOTE] = "demote",
	[COMMAND_HELP] = "help", [COMMAND_VERSION] = "version",
};

enum { OPT_KUBECONFIG = 256, OPT_CONTEXT, OPT_TIMEOUT, OPT_FORCE, OPT_FEDERATION_ID, OPT_VERSION };

static const struct option long_options[] = {
	{ "kubeconfig", required_argument, NULL, OPT_KUBECONFIG },
	{ "context", required_argument, NULL, OPT_CONTEXT },
	{ "namespace", required_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "output", required_argument, NULL, 'o' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "yes-federation-id", required_argument, NULL, OPT_FEDERATION_ID },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ 0 },
};

/* What was given, before it is known which command it is for. */
struct given {
	bool wants_help, wants_version, has_output;
};

static bool parse_output(const char *text, enum output *out, struct err *err)
{
	static const char *const outputs[] = { [OUTPUT_WIDE] = "wide", [OUTPUT_JSON] = "json", [OUTPUT_YAML] = "yaml" };

	for (size_t i = OUTPUT_WIDE; i < ARRAY_SIZE(outputs); i++) {
		if (!streq(outputs[i], text))
			continue;
		*out = (enum output)i;
		return true;
	}
	return err_set(err, ERR_INVALID, "-o: \"%.40s\" is none of wide, json, yaml", text);
}

static bool parse_timeout(const char *text, int64_t *out, struct err *err)
{
	if (!duration_parse_ms(text, out, err))
		return err_wrap(err, "--timeout");
	return *out > 0 || err_set(err, ERR_INVALID, "--timeout: 0 is no time to wait");
}

static bool not_understood(char **argv, int option, struct err *err)
{
	/* A short option has no place in argv of its own: "-xo". */
	if (optopt && optopt < 256)
		return err_set(err, ERR_INVALID, "-%c: %s", optopt, option == ':' ? "needs a value" : "no such option");
	return err_set(err, ERR_INVALID, "%.60s: %s", argv[optind - 1], option == ':' ? "needs a value" :
		       optopt ? "takes no value" : "no such option");
}

static bool set_option(struct args *args, struct given *given, char **argv, int option, struct err *err)
{
	switch (option) {
	case OPT_KUBECONFIG:
		args->kubeconfig = optarg;
		return true;
	case OPT_CONTEXT:
		args->context = optarg;
		return true;
	case 'n':
		args->namespace = optarg;
		return true;
	case OPT_TIMEOUT:
		return parse_timeout(optarg, &args->timeout_ms, err);
	case 'o':
		given->has_output = true;
		return parse_output(optarg, &args->output, err);
	case OPT_FORCE:
		args->is_forced = true;
		return true;
	case OPT_FEDERATION_ID:
		args->federation_id = optarg;
		return true;
	case 'h':
		given->wants_help = true;
		return true;
	case OPT_VERSION:
		given->wants_version = true;
		return true;
	default:
		return not_understood(argv, option, err);
	}
}

static bool find_command(const char *name, enum command *out, struct err *err)
{
	for (size_t i = COMMAND_STATUS; i < N_COMMANDS; i++) {
		if (!streq(names[i], name))
			continue;
		*out = (enum command)i;
		return true;
	}
	return err_set(err, ERR_INVALID, "\"%.40s\" is no command: there are status, promote, demote, help, version", name);
}

static bool take_words(struct args *args, char **words, int n, struct err *err)
{
	int most = args->command == COMMAND_PROMOTE || args->command == COMMAND_DEMOTE || args->command == COMMAND_HELP;

	if (n > most)
		return err_set(err, ERR_INVALID, "%s: \"%.40s\" is one argument too many", names[args->command], words[most]);
	if (args->command == COMMAND_HELP)
		return !n || find_command(words[0], &args->topic, err);
	args->target = n ? words[0] : NULL;
	if (args->command == COMMAND_PROMOTE && !n)
		return err_set(err, ERR_INVALID, "promote: which cluster? Give the context of the one that shall lead");
	return true;
}

static bool check_options(const struct args *args, const struct given *given, struct err *err)
{
	if (given->has_output && args->command != COMMAND_STATUS)
		return err_set(err, ERR_INVALID, "-o: %s has no other output", names[args->command]);
	if (args->is_forced && args->command != COMMAND_PROMOTE)
		return err_set(err, ERR_INVALID, "--force: only promote can be forced");
	if (args->federation_id && !args->is_forced)
		return err_set(err, ERR_INVALID, "--yes-federation-id: goes with promote --force only");
	return true;
}

bool args_parse(int argc, char **argv, struct args *out, struct err *err)
{
	struct args args = { .namespace = "avi-system" };
	struct given given = { 0 };
	int option;

	optind = 0;            /* glibc: from the beginning, also when it has parsed before */
	opterr = 0;
	while (optopt = 0, (option = getopt_long(argc, argv, ":n:o:h", long_options, NULL)) != -1)
		if (!set_option(&args, &given, argv, option, err))
			return false;
	if (given.wants_version)
		args.command = COMMAND_VERSION;
	else if (optind == argc)
		args.command = COMMAND_HELP;
	else if (!find_command(argv[optind], &args.command, err))
		return false;
	if (given.wants_help && args.command != COMMAND_HELP) {
		args.topic = args.command;
		args.command = COMMAND_HELP;
	} else if (optind < argc && !given.wants_version &&
		   (!take_words(&args, argv + optind + 1, argc - optind - 1, err) || !check_options(&args, &given, err))) {
		return false;
	}
	if (!args.timeout_ms)
		args.timeout_ms = args.command == COMMAND_STATUS ? LOOK_MS : HANDOVER_MS;
	*out = args;
	return true;
}
