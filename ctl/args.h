/* ctl/args.h - the command line of kubectl-amko as a struct. Pure.
 *
 * Ownership: borrows argv.
 * Errors:    ERR_INVALID with what is wrong with which argument; the caller says where help is.
 */
#pragma once

#include "common/base/err.h"

/* Exit statuses, as --help tells them. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_TIMED_OUT = 4 };

enum command { COMMAND_NONE, COMMAND_STATUS, COMMAND_PROMOTE, COMMAND_DEMOTE, COMMAND_HELP, COMMAND_VERSION, N_COMMANDS };
enum output { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_YAML };

struct args {
	enum command command;
	enum command topic;            /* COMMAND_HELP: on which; COMMAND_NONE: in general */
	const char *kubeconfig;        /* NULL: KUBECONFIG, then ~/.kube/config */
	const char *context;           /* NULL: current-context, or the target */
	const char *namespace;
	int64_t timeout_ms;
	enum output output;
	const char *target;            /* promote, demote; NULL: not given */
	bool is_forced;
	const char *federation_id;     /* --yes-federation-id; NULL: ask */
};

bool args_parse(int argc, char **argv, struct args *out, struct err *err);
const char *help_text(enum command topic);     /* borrowed, with a newline at its end */
