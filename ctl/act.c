#include "ctl/act.h"

#include <pwd.h>
#include <time.h>
#include <unistd.h>

#include "common/io/backoff.h"
#include "ctl/plain.h"
#include "ctl/problems.h"

#define REQUEST_MS 10000
#define LOOK_EVERY_MS 500
#define LOOK_MS 3000           /* a silent member does not hold up the others' news for longer */
#define LOOK_MIN_MS 500

static char *who_text(const char *command)
{
	const struct passwd *user = getpwuid(getuid());
	char host[64] = "";

	gethostname(host, sizeof(host) - 1);
	return xasprintf("%s@%s (kubectl amko %s)", user ? user->pw_name : "somebody", *host ? host : "somewhere", command);
}

int act_begin(struct act *act, const struct args *args, const char *command)
{
	struct err err = { 0 };

	*act = (struct act){ 0 };
	if (!eye_open(&act->eye, args, &err)) {
		fprintf(stderr, "error: %s\n", err.msg);
		return EXIT_FAILED;
	}
	act->who = who_text(command);
	act->until_ms = asker_now_ms(act->eye.asker) + args->timeout_ms;
	return EXIT_DONE;
}

static void forget(struct act *act)
{
	fleet_release(&act->fleet);
	handover_release(&act->handover);
	free(TAKE(act->target));
}

void act_end(struct act *act)
{
	forget(act);
	free(act->order);
	free(act->who);
	eye_close(&act->eye);
}

void act_look(struct act *act, const struct args *args)
{
	forget(act);
	look(&act->eye, REQUEST_MS, &act->fleet);
	/* A context's name in the kubeconfig will do for the cluster where we began: it has told us what it is called. */
	if (args->target)
		act->target = xstrdup(streq(args->target, act->eye.entry->name) ? act->eye.entry_name : args->target);
}

int act_verdict(const struct act *act)
{
	const struct handover *h = &act->handover;

	for (size_t i = 0; h->verdict == HANDOVER_GO && i < h->warnings.n; i++)
		fprintf(stderr, "warning: %s\n", h->warnings.v[i]);
	if (h->verdict == HANDOVER_DONE)
		puts(h->why);
	else if (h->verdict != HANDOVER_GO)
		fprintf(stderr, "error: %s\n", h->why);
	return h->verdict == HANDOVER_REFUSED ? EXIT_REFUSED : h->verdict == HANDOVER_IMPOSSIBLE ? EXIT_FAILED : EXIT_DONE;
}

/* ---- writing ---- */

static cJSON *request(struct act *act, const struct site *site, const char *method, char *path, cJSON *body, struct err *err)
{
	struct question question = { .context = eye_context(&act->eye, site->context), .method = method, .path = path,
		.body = body, .body_type = streq(method, "PATCH") ? KUBE_BODY_MERGE_PATCH : KUBE_BODY_JSON };
	cJSON *answer;

	ask(act->eye.asker, &question, 1, REQUEST_MS);
	answer = TAKE(question.answer);
	*err = question.err;
	question_release(&question);
	return answer;
}

cJSON *act_patch(struct act *act, const struct site *site, cJSON *patch, const char *sub, struct err *err)
{
	char *path = kube_path(&KUBE_AMKOCLUSTERS, act->eye.namespace, site->object->name, sub);
	cJSON *answer = request(act, site, "PATCH", path, patch, err);

	if (!answer) {
		err_wrap(err, "cluster %s: AMKOCluster %s", site->context, site->object->name);
		plain(err->msg);
	}
	return answer;
}

void act_note(struct act *act, const struct site *site, const cJSON *object, const char *reason, const char *message,
	      bool is_warning)
{
	CLEANUP(freep) char *id = xasprintf("%llx%04llx", (unsigned long long)time(NULL),
					    (unsigned long long)random_below(1 << 16));
	struct event_text text = { reason, message, id, is_warning };
	CLEANUP(cJSON_Deletep) cJSON *answer = NULL;
	struct err err = { 0 };
	char now[32];

	answer = request(act, site, "POST", kube_path(&KUBE_EVENTS, act->eye.namespace, NULL, NULL),
		      event_json(object, &text, act_now(now, sizeof(now))), &err);
	if (!answer)
		fprintf(stderr, "warning: cluster %s: no Event about it could be made: %s\n", site->context, plain(err.msg));
}

bool act_clear(struct act *act, struct err *err)
{
	CLEANUP(freep) char *why = xasprintf("isLeader set to false by %s", act->who);

	for (size_t i = 0; i < act->handover.cleared.n; i++) {
		const struct site *site = fleet_find(&act->fleet, act->handover.cleared.v[i]);
		CLEANUP(cJSON_Deletep) cJSON *object = act_patch(act, site, demotion_patch(site), NULL, err);

		if (!object)
			return false;
		printf("%s: isLeader is false now (generation %lld)\n", site->context,
		       (long long)json_int(json_get(object, "metadata"), "generation", 0));
		act_note(act, site, object, "Demoted", why, false);
	}
	return true;
}

/* ---- waiting ---- */

/* Says it where it is news. Takes text; NULL: nothing to say. */
static void say(char **last, char *text)
{
	if (!plain(text) || streq0(*last, text)) {
		free(text);
		return;
	}
	free(*last);
	*last = text;
	puts(text);
	fflush(stdout);
}

static bool look_again(struct act *act, char **last_old, char **last_new)
{
	int64_t left_ms = act->until_ms - asker_now_ms(act->eye.asker);

	fleet_release(&act->fleet);
	look(&act->eye, MAX(MIN(left_ms, LOOK_MS), LOOK_MIN_MS), &act->fleet);
	say(last_old, old_leader_text(&act->fleet, &act->handover));
	say(last_new, target_text(&act->fleet, act->target, act->order));
	return act->order ? promotion_is_done(&act->fleet, act->target, &act->handover)
			  : demotion_is_done(&act->fleet, act->target);
}

/* What may be in the way. */
static void say_problems(const struct act *act)
{
	for (size_t i = 0; i < act->fleet.n_sites; i++) {
		const struct site *site = &act->fleet.sites[i];
		CLEANUP(strs_release) struct strs found = { 0 };

		problems_of(&act->fleet, site, act->eye.namespace, (int64_t)time(NULL), &found);
		for (size_t k = 0; k < found.n; k++)
			fprintf(stderr, "%s: %s\n", site->context, found.v[k]);
	}
}

int act_wait(struct act *act)
{
	CLEANUP(freep) char *last_old = NULL, *last_new = NULL;

	while (!look_again(act, &last_old, &last_new)) {
		if (asker_now_ms(act->eye.asker) >= act->until_ms) {
			fputs("error: not done in time; the order stands, and kubectl amko status shows how it goes on\n",
			      stderr);
			say_problems(act);
			return EXIT_TIMED_OUT;
		}
		asker_sleep(act->eye.asker, LOOK_EVERY_MS);
	}
	return EXIT_DONE;
}

const char *act_now(char *out, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return out;
}
