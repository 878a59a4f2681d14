/* The command line of kubectl-amko. */
#include "tests/unit/unit.h"

#include "common/base/slice.h"
#include "ctl/args.h"

static const struct row {
	const char *name, *line;
	const char *error;             /* NULL: understood */
	enum command command, topic;
	const char *target, *context, *federation_id;
	const char *namespace;         /* NULL: avi-system */
	enum output output;
	bool is_forced;
	int64_t timeout_ms;            /* 0: ten seconds */
} rows[] = {
	{ .name = "nothing asks for help", .line = "", .command = COMMAND_HELP, .timeout_ms = 180000 },
	{ .name = "status", .line = "status", .command = COMMAND_STATUS },
	{ .name = "options before the command", .line = "-o json --context east status", .command = COMMAND_STATUS,
	  .output = OUTPUT_JSON, .context = "east" },
	{ .name = "options behind it", .line = "status --output=yaml -n gslb --timeout 500ms", .command = COMMAND_STATUS,
	  .output = OUTPUT_YAML, .namespace = "gslb", .timeout_ms = 500 },
	{ .name = "a handover may take its time", .line = "promote west", .command = COMMAND_PROMOTE, .target = "west",
	  .timeout_ms = 180000 },
	{ .name = "unless it is told", .line = "promote west --timeout=5m", .command = COMMAND_PROMOTE, .target = "west",
	  .timeout_ms = 300000 },
	{ .name = "by force", .line = "promote --force west --yes-federation-id 3f0c", .command = COMMAND_PROMOTE, .target = "west",
	  .is_forced = true, .federation_id = "3f0c", .timeout_ms = 180000 },
	{ .name = "a context that looks like an option", .line = "promote -- --force", .command = COMMAND_PROMOTE,
	  .target = "--force", .timeout_ms = 180000 },
	{ .name = "demote whoever leads", .line = "demote", .command = COMMAND_DEMOTE, .timeout_ms = 180000 },
	{ .name = "demote one", .line = "demote east", .command = COMMAND_DEMOTE, .target = "east", .timeout_ms = 180000 },
	{ .name = "help on a command", .line = "help demote", .command = COMMAND_HELP, .topic = COMMAND_DEMOTE,
	  .timeout_ms = 180000 },
	{ .name = "a command's help needs none of its arguments", .line = "promote --help", .command = COMMAND_HELP,
	  .topic = COMMAND_PROMOTE, .timeout_ms = 180000 },
	{ .name = "the version", .line = "--version", .command = COMMAND_VERSION, .timeout_ms = 180000 },

	{ .name = "an unknown command", .line = "stats",
	  .error = "\"stats\" is no command: there are status, promote, demote, help, version" },
	{ .name = "an unknown option", .line = "status --frobnicate", .error = "--frobnicate: no such option" },
	{ .name = "an unknown short option", .line = "status -xo json", .error = "-x: no such option" },
	{ .name = "an option without its value", .line = "status --context", .error = "--context: needs a value" },
	{ .name = "a short option without its value", .line = "status -o", .error = "-o: needs a value" },
	{ .name = "a value that is not wanted", .line = "promote west --force=yes", .error = "--force=yes: takes no value" },
	{ .name = "an unknown output", .line = "status -o table", .error = "-o: \"table\" is none of wide, json, yaml" },
	{ .name = "a duration without a unit", .line = "status --timeout 10",
	  .error = "--timeout: \"10\" is no duration up to a day: want a whole number and ms, s, m or h, as in 60s" },
	{ .name = "no time at all", .line = "status --timeout 0s", .error = "--timeout: 0 is no time to wait" },
	{ .name = "promote whom", .line = "promote",
	  .error = "promote: which cluster? Give the context of the one that shall lead" },
	{ .name = "promote two", .line = "promote east west", .error = "promote: \"west\" is one argument too many" },
	{ .name = "status of one", .line = "status east", .error = "status: \"east\" is one argument too many" },
	{ .name = "a demotion by force", .line = "demote --force", .error = "--force: only promote can be forced" },
	{ .name = "an id without force", .line = "promote west --yes-federation-id 3f0c",
	  .error = "--yes-federation-id: goes with promote --force only" },
	{ .name = "another output of promote", .line = "promote west -o json", .error = "-o: promote has no other output" },
	{ .name = "help on nothing there is", .line = "help me",
	  .error = "\"me\" is no command: there are status, promote, demote, help, version" },
};

#define WORDS_MAX 12

static void is_understood(void **state)
{
	const struct row *row = *state;
	char *argv[WORDS_MAX + 2] = { xstrdup("kubectl-amko") };
	struct slice rest = slice_of(row->line), word;
	struct err err = { 0 };
	struct args args;
	int argc = 1;

	while (rest.n && slice_split(&rest, ' ', &word))
		argv[argc++] = slice_dup(word);
	assert_int_equal(args_parse(argc, argv, &args, &err), !row->error);
	assert_text(err.msg, row->error ? row->error : "");
	if (!row->error) {
		assert_int_equal(args.command, row->command);
		assert_int_equal(args.topic, row->topic);
		assert_text(args.target, row->target);
		assert_text(args.context, row->context);
		assert_text(args.federation_id, row->federation_id);
		assert_text(args.namespace, row->namespace ? row->namespace : "avi-system");
		assert_int_equal(args.output, row->output);
		assert_int_equal(args.is_forced, row->is_forced);
		assert_int_equal(args.timeout_ms, row->timeout_ms ? row->timeout_ms : 10000);
	}
	for (int i = 0; i < argc; i++)
		free(argv[i]);
}

int main(void)
{
	return RUN_TABLE(is_understood, rows);
}
