/* kubectl-amko: the command line, also as kubectl's plugin (kubectl amko ...).
 *
 * May touch: the AMKOClusters of the member clusters (spec.isLeader, annotation promote, one condition), Events about them;
 * reads Leases and GSLBConfigs there. Holds one secret: the user's kubeconfig. Runs no loop of its own but in ctl/ask.
 */
#include <signal.h>

#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/metrics.h"
#include "ctl/commands.h"

static int run(const struct args *args)
{
	switch (args->command) {
	case COMMAND_STATUS:
		return status_command(args);
	case COMMAND_PROMOTE:
		return promote_command(args);
	case COMMAND_DEMOTE:
		return demote_command(args);
	case COMMAND_VERSION:
		puts("kubectl-amko " AMKO_VERSION);
		return EXIT_DONE;
	default:
		fputs(help_text(args->topic), stdout);
		return EXIT_DONE;
	}
}

int main(int argc, char **argv)
{
	struct args args;
	struct err err = { 0 };
	int status;

	if (!args_parse(argc, argv, &args, &err)) {
		fprintf(stderr, "error: %s\nTry 'kubectl amko help'.\n", err.msg);
		return EXIT_USAGE;
	}
	/* What goes wrong is said by the commands, in their words. */
	log_init("kubectl-amko", LOG_ERROR, LOG_LOGFMT);
	json_init();
	signal(SIGPIPE, SIG_IGN);
	status = run(&args);
	metrics_release();
	if (fflush(stdout) != 0 || ferror(stdout))
		return EXIT_FAILED;
	return status;
}
