#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#include "common/io/backoff.h"
#include "ctl/act.h"
#include "ctl/commands.h"

#define TRIES 5        /* an object that changes under us more often is in somebody else's hands */

/* ---- force ---- */

static bool read_line(char *out, size_t size)
{
	if (!fgets(out, (int)size, stdin))
		return false;
	out[strcspn(out, "\r\n")] = '\0';
	return true;
}

/* A person who knows the federation's id has looked at it. */
static int confirm(const struct act *act, const struct args *args)
{
	const char *id = fleet_id(&act->fleet);
	char line[128] = "";

	if (!id) {
		fputs("error: the federation has no id yet, so nobody ever led it: promote without --force\n", stderr);
		return EXIT_REFUSED;
	}
	if (!args->federation_id && !isatty(STDIN_FILENO)) {
		fputs("error: --force asks for the federation's id, and there is nobody to ask: give --yes-federation-id\n",
		      stderr);
		return EXIT_REFUSED;
	}
	if (!args->federation_id) {
		fprintf(stderr, "%s will take Leases that may be alive%s%s. If that instance still runs, two may write to the\n"
			"controller. To go on, type the federation's id (kubectl amko status shows it): ", act->target,
			act->handover.old_leader ? ", past " : "", act->handover.old_leader ? act->handover.old_leader : "");
		if (!read_line(line, sizeof(line)))
			fputs("\n", stderr);
	}
	if (streq(args->federation_id ? args->federation_id : line, id))
		return EXIT_DONE;
	fputs("error: that is not this federation's id: nothing was changed\n", stderr);
	return EXIT_REFUSED;
}

static void note_force(struct act *act, const struct site *site, const cJSON *object, const char *note)
{
	char now[32];
	cJSON *status = forced_note_patch(object, note, act_now(now, sizeof(now))), *patch;
	CLEANUP(cJSON_Deletep) cJSON *answer = NULL;
	struct err err = { 0 };

	if (!status)
		return;
	patch = cJSON_CreateObject();
	json_put(patch, "status", status);
	answer = act_patch(act, site, patch, "status", &err);
	if (!answer)
		fprintf(stderr, "warning: it could not be noted in the status: %s\n", err.msg);
}

/* ---- the order ---- */

static char *new_id(void)
{
	char now[32];

	return xasprintf("%s-%08llx", act_now(now, sizeof(now)), (unsigned long long)random_below(UINT64_C(1) << 32));
}

static void note_promotion(struct act *act, const struct site *site, const cJSON *object, bool is_forced)
{
	const char *old = act->handover.old_leader;
	CLEANUP(freep) char *past = old ? xasprintf(", past %s, which was seen to lead", old) : xstrdup("");
	CLEANUP(freep) char *plain = xasprintf("promoted by %s", act->who);
	CLEANUP(freep) char *forced = xasprintf("promoted with --force by %s%s", act->who, past);

	act_note(act, site, object, is_forced ? "ForcedPromotion" : "Promoted", is_forced ? forced : plain, is_forced);
	note_force(act, site, object, is_forced ? forced : NULL);
}

static bool promote_target(struct act *act, bool is_forced, struct err *err)
{
	const struct site *site = fleet_find(&act->fleet, act->target);
	CLEANUP(cJSON_Deletep) cJSON *object = NULL;
	CLEANUP(freep) char *id = new_id();

	free(act->order);
	act->order = promotion_order(id, is_forced);
	object = act_patch(act, site, promotion_patch(site, act->order), NULL, err);
	if (!object)
		return false;
	printf("%s: promoted (generation %" PRId64 ")\n", act->target, json_int(json_get(object, "metadata"), "generation", 0));
	note_promotion(act, site, object, is_forced);
	return true;
}

/* EXIT_DONE: it was ordered, or there is nothing to order. */
static int order(struct act *act, const struct args *args, bool *is_confirmed, struct err *err)
{
	int status;

	*err = (struct err){ 0 };
	act_look(act, args);
	handover_to(&act->fleet, act->target, args->is_forced, &act->handover);
	status = act_verdict(act);
	if (status != EXIT_DONE || act->handover.verdict == HANDOVER_DONE)
		return status;
	if (args->is_forced && !*is_confirmed && (status = confirm(act, args)) != EXIT_DONE)
		return status;
	*is_confirmed = true;
	return act_clear(act, err) && promote_target(act, args->is_forced, err) ? EXIT_DONE : EXIT_FAILED;
}

static int promote(struct act *act, const struct args *args)
{
	bool is_confirmed = false;
	struct err err = { 0 };
	int status = order(act, args, &is_confirmed, &err);

	for (int i = 1; err.code == ERR_CONFLICT && i < TRIES; i++)
		status = order(act, args, &is_confirmed, &err);
	if (err.code)
		fprintf(stderr, "error: %s: %s was not promoted; what was written before stands, so promote again\n", err.msg,
			act->target);
	if (status != EXIT_DONE || act->handover.verdict == HANDOVER_DONE)
		return status;
	return act_wait(act);
}

int promote_command(const struct args *args)
{
	struct act act;
	int status = act_begin(&act, args, "promote");

	if (status != EXIT_DONE)
		return status;
	status = promote(&act, args);
	act_end(&act);
	return status;
}
