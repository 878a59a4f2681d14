#include "keeper/teller.h"

#include "common/kube/event.h"

struct teller {
	struct amkocluster_writer *writer;
	struct events *events;
	char *namespace, *name, *uid;          /* of the object; NULL: there is none */
	/* As of the last Event. */
	enum stage stage;
	enum reason reason;
	struct {
		enum answer answer;
		enum silence silence;
	} seats[ROSTER_MAX];
};

const char *role_text(enum role role)
{
	static const char *const names[] = {
		[ROLE_NONE] = "none", [ROLE_FOLLOWER] = "follower", [ROLE_CANDIDATE] = "candidate", [ROLE_LEADER] = "leader",
		[ROLE_STANDING_DOWN] = "standing-down",
	};

	return names[role];
}

struct teller *teller_new(uv_loop_t *loop, struct kube_client *kube)
{
	struct teller *teller = xcalloc(1, sizeof(*teller));

	teller->writer = amkocluster_writer_new(&(struct amkocluster_writer_options){ .kube = kube, .loop = loop });
	teller->events = events_new(loop, kube, "amko");
	return teller;
}

void teller_free(struct teller *teller)
{
	if (!teller)
		return;
	amkocluster_writer_free(teller->writer);
	events_free(teller->events);
	free(teller->namespace);
	free(teller->name);
	free(teller->uid);
	free(teller);
}

static void take_text(char **to, const cJSON *metadata, const char *key)
{
	free(*to);
	*to = xstrdup(json_str(metadata, key));
}

void teller_observe(struct teller *teller, const cJSON *object)
{
	const cJSON *metadata = json_get(object, "metadata");

	amkocluster_writer_observe(teller->writer, object);
	take_text(&teller->namespace, metadata, "namespace");
	take_text(&teller->name, metadata, "name");
	take_text(&teller->uid, metadata, "uid");
}

/* ---- Events ---- */

static void say(struct teller *teller, bool is_warning, const char *reason, const char *message)
{
	struct event_object about = { "amko.vmware.com/v1alpha1", "AMKOCluster", teller->namespace, teller->name, teller->uid };

	if (teller->name && teller->namespace)
		events_say(teller->events, &about, is_warning, reason, message);
}

/* Only what lasts is news: on the way from one to the other there is nothing to be done about it. */
static bool is_news(enum stage stage)
{
	return stage == STAGE_FOLLOWING || stage == STAGE_LOOKING || stage == STAGE_WAITING || stage == STAGE_LEADING;
}

static void say_stage(struct teller *teller, const struct protocol *p, const struct condition_text *leading)
{
	bool is_usual = p->reason == REASON_NONE || p->reason == REASON_NOT_PROMOTED || p->reason == REASON_ROLE_FOLLOWER ||
			p->reason == REASON_DEMOTED || p->reason == REASON_PROMOTED_OTHER;

	if (!is_news(p->stage) || (teller->stage == p->stage && teller->reason == p->reason))
		return;
	teller->stage = p->stage;
	teller->reason = p->reason;
	say(teller, !is_usual, leading->reason, leading->message);
}

static void say_members(struct teller *teller, const struct protocol *p, const struct told *told)
{
	for (int m = 0; m < ROSTER_MAX; m++) {
		CLEANUP(freep) char *trouble = member_trouble(p, told, m);
		enum answer answer = trouble ? p->seat[m].lease : ANSWER_NONE;
		enum silence silence = trouble ? p->seat[m].silence : SILENCE_NONE;

		if (answer == teller->seats[m].answer && silence == teller->seats[m].silence)
			continue;
		teller->seats[m].answer = answer;
		teller->seats[m].silence = silence;
		if (trouble)
			say(teller, true, "MemberInTrouble", trouble);
	}
}

static void put_text(struct teller *teller, const char *field, const char *text)
{
	amkocluster_writer_put(teller->writer, field, text && *text ? cJSON_CreateString(text) : NULL);
}

static void put_number(struct teller *teller, const char *field, int64_t number)
{
	amkocluster_writer_put(teller->writer, field, number ? cJSON_CreateNumber((double)number) : NULL);
}

static void tell_condition(struct teller *teller, const char *type, struct condition_text *text)
{
	amkocluster_writer_condition(teller->writer, type, text->status, text->reason, text->message);
	condition_text_release(text);
}

void teller_tell(struct teller *teller, const struct protocol *p, const struct told *told, int64_t now_ms)
{
	int leader = protocol_leader(p, now_ms);
	CLEANUP(freep) char *members = members_text(p);
	CLEANUP(freep) char *unfit = unfit_text(&p->fitness);
	struct condition_text text;

	put_text(teller, "role", role_text(protocol_role(p)));
	put_text(teller, "leader", leader == NOBODY ? NULL : p->roster.context[leader]);
	put_number(teller, "epoch", leader == p->self.member ? p->tenure.epoch : leader == NOBODY ? 0 : p->seat[leader].claim.epoch);
	put_number(teller, "promotion", p->kept.promotion);
	amkocluster_writer_put(teller->writer, "fit", cJSON_CreateBool(!unfit));
	put_text(teller, "unfitReason", unfit);
	put_text(teller, "membersReady", members);
	condition_leading(p, told, now_ms, &text);
	say_stage(teller, p, &text);
	say_members(teller, p, told);
	tell_condition(teller, CONDITION_LEADING, &text);
	condition_fence(p, told, &text);
	tell_condition(teller, CONDITION_FENCE_UNAVAILABLE, &text);
}
