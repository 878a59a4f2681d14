#include "ctl/act.h"
#include "ctl/commands.h"

#define TRIES 5        /* an object that changes under us more often is in somebody else's hands */

/* EXIT_DONE: it was ordered, or there is nothing to order. */
static int order(struct act *act, const struct args *args, struct err *err)
{
	const char *target;
	int status;

	*err = (struct err){ 0 };
	act_look(act, args);
	handover_from(&act->fleet, act->target, &act->handover, &target);
	free(act->target);
	act->target = xstrdup(target);
	status = act_verdict(act);
	if (status != EXIT_DONE || act->handover.verdict == HANDOVER_DONE || act_clear(act, err))
		return status;
	return EXIT_FAILED;
}

static int demote(struct act *act, const struct args *args)
{
	struct err err = { 0 };
	int status = order(act, args, &err);

	for (int i = 1; err.code == ERR_CONFLICT && i < TRIES; i++)
		status = order(act, args, &err);
	if (err.code)
		fprintf(stderr, "error: %s\n", err.msg);
	if (status != EXIT_DONE || act->handover.verdict == HANDOVER_DONE)
		return status;
	status = act_wait(act);
	if (status == EXIT_DONE)
		printf("%s is no leader any more\n", act->target);
	return status;
}

int demote_command(const struct args *args)
{
	struct act act;
	int status = act_begin(&act, args, "demote");

	if (status != EXIT_DONE)
		return status;
	status = demote(&act, args);
	act_end(&act);
	return status;
}
