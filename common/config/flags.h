/* common/config/flags.h - the flags that every program of the pod takes, for their getopt tables.
 *
 * Ownership: texts are borrowed from the command line.
 * Errors:    a mistake is told on standard error with the flag's name, and ends the process with 2; --version and --help end it
 *            with 0.
 */
#pragma once

#include <getopt.h>

#include "common/base/err.h"
#include "common/base/log.h"

struct flags {
	const char *program, *usage;
	const char *kubeconfig, *context, *members_kubeconfig;   /* NULL: not given */
	const char *namespace, *listen;
	bool is_api_open;
	const char *log_level_text, *log_format_text;            /* NULL: not given */
	enum log_level log_level;
	enum log_format log_format;
};

#define FLAGS_INIT(name, text) \
	{ .program = (name), .usage = (text), .namespace = "avi-system", .listen = ":8080", .log_level = LOG_INFO }

/* Values of struct option, away from a program's own. */
enum { FLAG_KUBECONFIG = 768, FLAG_CONTEXT, FLAG_MEMBERS, FLAG_NAMESPACE, FLAG_LISTEN, FLAG_API_OPEN, FLAG_LOG_LEVEL,
	FLAG_LOG_FORMAT, FLAG_VERSION, FLAG_HELP };

#define FLAGS_OPTIONS \
	{ "kubeconfig", required_argument, NULL, FLAG_KUBECONFIG }, \
	{ "context", required_argument, NULL, FLAG_CONTEXT }, \
	{ "members-kubeconfig", required_argument, NULL, FLAG_MEMBERS }, \
	{ "namespace", required_argument, NULL, FLAG_NAMESPACE }, \
	{ "listen", required_argument, NULL, FLAG_LISTEN }, \
	{ "api-open", no_argument, NULL, FLAG_API_OPEN }, \
	{ "log-level", required_argument, NULL, FLAG_LOG_LEVEL }, \
	{ "log-format", required_argument, NULL, FLAG_LOG_FORMAT }, \
	{ "version", no_argument, NULL, FLAG_VERSION }, \
	{ "help", no_argument, NULL, FLAG_HELP }

/* What getopt_long returned and is no flag of the program's own, also '?' for what it does not know. */
void flags_take(struct flags *flags, int option, const char *value);
/* After the last of them: nothing may follow. */
void flags_end(const struct flags *flags, int argc, char **argv);
__attribute__((noreturn)) void flags_refuse(const struct flags *flags, const struct err *err);
