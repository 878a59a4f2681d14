#include "common/config/flags.h"

#include <stdio.h>

void flags_refuse(const struct flags *flags, const struct err *err)
{
	fprintf(stderr, "%s: %s\n", flags->program, err->msg);
	exit(2);
}

static void set_log_flag(struct flags *flags, int option, const char *value)
{
	struct err err = { 0 };

	if (option == FLAG_LOG_LEVEL) {
		flags->log_level_text = value;
		if (!log_level_parse(value, &flags->log_level))
			err_set(&err, ERR_INVALID, "--log-level: \"%s\" is none of debug, info, warn, error", value);
	} else {
		flags->log_format_text = value;
		if (!log_format_parse(value, &flags->log_format))
			err_set(&err, ERR_INVALID, "--log-format: \"%s\" is neither logfmt nor json", value);
	}
	if (*err.msg)
		flags_refuse(flags, &err);
}

__attribute__((noreturn)) static void end_with(const struct flags *flags, int option)
{
	if (option == FLAG_VERSION)
		printf("%s " AMKO_VERSION "\n", flags->program);
	else if (option == FLAG_HELP)
		fputs(flags->usage, stdout);
	else
		fprintf(stderr, "Try '%s --help'.\n", flags->program);
	exit(option == FLAG_VERSION || option == FLAG_HELP ? 0 : 2);
}

void flags_take(struct flags *flags, int option, const char *value)
{
	const char **texts[] = { &flags->kubeconfig, &flags->context, &flags->members_kubeconfig, &flags->namespace, &flags->listen };

	if (option >= FLAG_KUBECONFIG && option <= FLAG_LISTEN)
		*texts[option - FLAG_KUBECONFIG] = value;
	else if (option == FLAG_API_OPEN)
		flags->is_api_open = true;
	else if (option == FLAG_LOG_LEVEL || option == FLAG_LOG_FORMAT)
		set_log_flag(flags, option, value);
	else
		end_with(flags, option);
}

void flags_end(const struct flags *flags, int argc, char **argv)
{
	if (optind == argc)
		return;
	fprintf(stderr, "%s: unexpected argument \"%s\"\nTry '%s --help'.\n", flags->program, argv[optind], flags->program);
	exit(2);
}
