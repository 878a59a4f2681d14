#include "keeper/teller.h"

#include "common/kube/event.h"
#include "keeper/own_cluster.h"

/* The types that the keeper judges. Nobody carries the configuration from cluster to cluster yet: what AMKO said of the last two is
 * not true any more. */
static const char *const amko_types[] = { CONDITION_VALIDATION, CONDITION_MEMBERS_INITIALISED, CONDITION_MEMBERS_VALIDATED,
					  CONDITION_GSLBCONFIG_FEDERATION, CONDITION_GDP_FEDERATION };

/* One object that is told. */
struct listener {
	char *namespace, *name, *uid;
	struct amkocluster_writer *writer;
	char *said[ARRAY_SIZE(amko_types)];    /* the messages of the last Events; NULL: none */
};

struct teller {
	uv_loop_t *loop;
	struct kube_client *kube;
	struct events *events;
	struct listener *listeners;            /* those of the namespace that counts come first */
	size_t n_listeners;
	/* As of the last Event. */
	enum stage stage;
	enum reason reason;
	bool was_pruned;
	struct {
		enum trouble trouble;
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

	teller->loop = loop;
	teller->kube = kube;
	teller->events = events_new(loop, kube, "amko");
	teller->listeners = xcalloc(OWN_OBJECTS_MAX, sizeof(*teller->listeners));
	return teller;
}

static void listener_release(struct listener *l)
{
	amkocluster_writer_free(l->writer);
	free(l->namespace);
	free(l->name);
	free(l->uid);
	for (size_t i = 0; i < ARRAY_SIZE(l->said); i++)
		free(l->said[i]);
	*l = (struct listener){ 0 };
}

void teller_free(struct teller *teller)
{
	if (!teller)
		return;
	for (size_t i = 0; i < teller->n_listeners; i++)
		listener_release(&teller->listeners[i]);
	events_free(teller->events);
	free(teller->listeners);
	free(teller);
}

/* ---- who is told ---- */

static bool is_about(const struct listener *l, const cJSON *metadata)
{
	return streq0(l->namespace, json_str(metadata, "namespace")) && streq0(l->name, json_str(metadata, "name")) &&
	       streq0(l->uid, json_str(metadata, "uid"));
}

/* Takes the old one over where there was one. */
static struct listener listener_for(struct teller *teller, struct listener *before, size_t n_before, const cJSON *metadata)
{
	struct listener found;

	for (size_t i = 0; i < n_before; i++)
		if (before[i].writer && is_about(&before[i], metadata)) {
			found = before[i];
			before[i] = (struct listener){ 0 };
			return found;
		}
	return (struct listener){
		.namespace = xstrdup(json_str(metadata, "namespace")), .name = xstrdup(json_str(metadata, "name")),
		.uid = xstrdup(json_str(metadata, "uid")),
		.writer = amkocluster_writer_new(&(struct amkocluster_writer_options){ .kube = teller->kube, .loop = teller->loop }),
	};
}

void teller_observe(struct teller *teller, const cJSON *const *objects, size_t n)
{
	struct listener *before = teller->listeners;
	size_t n_before = teller->n_listeners;

	teller->listeners = xcalloc(OWN_OBJECTS_MAX, sizeof(*teller->listeners));
	teller->n_listeners = MIN(n, (size_t)OWN_OBJECTS_MAX);
	for (size_t i = 0; i < teller->n_listeners; i++) {
		teller->listeners[i] = listener_for(teller, before, n_before, json_get(objects[i], "metadata"));
		amkocluster_writer_observe(teller->listeners[i].writer, objects[i]);
	}
	for (size_t i = 0; i < n_before; i++)
		if (before[i].writer)
			listener_release(&before[i]);
	free(before);
}

bool teller_is_pruned(const struct teller *teller)
{
	return teller->n_listeners && amkocluster_writer_is_pruned(teller->listeners[0].writer);
}

/* ---- Events ---- */

static void say(struct teller *teller, const struct listener *l, bool is_warning, const char *reason, const char *message)
{
	struct event_object about = { "amko.vmware.com/v1alpha1", "AMKOCluster", l->namespace, l->name, l->uid };

	if (l->name && l->namespace)
		events_say(teller->events, &about, is_warning, reason, message);
}

/* Only what lasts is news: on the way from one to the other there is nothing to be done about it. */
static bool is_news(enum stage stage)
{
	return stage == STAGE_FOLLOWING || stage == STAGE_LOOKING || stage == STAGE_WAITING || stage == STAGE_LEADING;
}

static void say_stage(struct teller *teller, const struct listener *l, const struct protocol *p, const struct condition_text *leading)
{
	bool is_usual = p->reason == REASON_NONE || p->reason == REASON_NOT_PROMOTED || p->reason == REASON_ROLE_FOLLOWER ||
			p->reason == REASON_DEMOTED || p->reason == REASON_PROMOTED_OTHER;

	if (!is_news(p->stage) || (teller->stage == p->stage && teller->reason == p->reason))
		return;
	teller->stage = p->stage;
	teller->reason = p->reason;
	say(teller, l, !is_usual, leading->reason, leading->message);
}

static void say_members(struct teller *teller, const struct listener *l, const struct protocol *p, const struct told *told)
{
	for (int m = 0; m < ROSTER_MAX; m++) {
		CLEANUP(freep) char *text = NULL;
		enum trouble trouble = member_trouble(p, m);
		enum silence silence = trouble == TROUBLE_SILENT ? p->seat[m].silence : SILENCE_NONE;

		if (trouble == teller->seats[m].trouble && silence == teller->seats[m].silence)
			continue;
		teller->seats[m].trouble = trouble;
		teller->seats[m].silence = silence;
		text = member_trouble_text(p, told, m);
		if (text)
			say(teller, l, true, "MemberInTrouble", text);
	}
}

static void say_definition(struct teller *teller, const struct listener *l, const struct told *told)
{
	if (told->is_pruned && !teller->was_pruned)
		say(teller, l, true, "OldDefinition", DEFINITION_IS_OLD);
	teller->was_pruned = told->is_pruned;
}

static void say_check(struct teller *teller, struct listener *l, size_t type, const struct condition *c, bool is_sound)
{
	static const char *const reasons[] = { "AMKOClusterValidation", "MemberInitialisation", "MemberValidation" };

	if (streq0(l->said[type], c->message))
		return;
	free(l->said[type]);
	l->said[type] = xstrdup(c->message);
	if (*c->message)
		say(teller, l, type > 0 || !is_sound, reasons[type], c->message);
}

/* ---- conditions and fields ---- */

static void put_text(struct listener *l, const char *field, const char *text)
{
	amkocluster_writer_put(l->writer, field, text && *text ? cJSON_CreateString(text) : NULL);
}

static void put_number(struct listener *l, const char *field, int64_t number)
{
	amkocluster_writer_put(l->writer, field, number ? cJSON_CreateNumber((double)number) : NULL);
}

static void tell_condition(struct listener *l, const char *type, struct condition_text *text)
{
	amkocluster_writer_condition(l->writer, type, text->status, text->reason, text->message);
	condition_text_release(text);
}

/* AMKO's conditions; stages that were not reached have none. */
static void tell_checks(struct teller *teller, struct listener *l, const struct protocol *p, const struct told *told,
			const struct amkocluster *object)
{
	struct sanity_verdict verdict;

	census_judge(told->census, p, &told->home, object, &verdict);
	for (size_t i = 0; i < ARRAY_SIZE(amko_types); i++) {
		const struct condition *c = condition_find(verdict.conditions, verdict.n_conditions, amko_types[i]);

		amkocluster_writer_condition(l->writer, amko_types[i], c ? c->status : NULL, c ? c->reason : NULL,
					     c ? c->message : NULL);
		if (c)
			say_check(teller, l, i, c, verdict.is_sound);
	}
	sanity_verdict_release(&verdict);
}

static void tell_fields(struct listener *l, const struct protocol *p, int64_t now_ms)
{
	int leader = protocol_leader(p, now_ms);
	CLEANUP(freep) char *members = members_text(p);
	CLEANUP(freep) char *unfit = unfit_text(&p->fitness);

	put_text(l, "role", role_text(protocol_role(p)));
	put_text(l, "leader", leader == NOBODY ? NULL : p->roster.context[leader]);
	put_number(l, "epoch", leader == p->self.member ? p->tenure.epoch : leader == NOBODY ? 0 : p->seat[leader].claim.epoch);
	put_number(l, "promotion", p->kept.promotion);
	amkocluster_writer_put(l->writer, "fit", cJSON_CreateBool(!unfit));
	put_text(l, "unfitReason", unfit);
	put_text(l, "membersReady", members);
}

static void tell_leadership(struct teller *teller, struct listener *l, const struct protocol *p, const struct told *told,
			    int64_t now_ms)
{
	struct condition_text text;

	if (p)
		tell_fields(l, p, now_ms);
	condition_leading(p, told, now_ms, &text);
	if (p && l == teller->listeners) {
		say_stage(teller, l, p, &text);
		say_members(teller, l, p, told);
		say_definition(teller, l, told);
	}
	tell_condition(l, CONDITION_LEADING, &text);
	if (!p)
		return;
	condition_fence(p, told, &text);
	tell_condition(l, CONDITION_FENCE_UNAVAILABLE, &text);
}

void teller_tell(struct teller *teller, const struct protocol *p, const struct told *told, int64_t now_ms)
{
	for (size_t i = 0; i < teller->n_listeners; i++) {
		struct listener *l = &teller->listeners[i];

		tell_checks(teller, l, p, told, told->home.objects[i]);
		if (streq0(l->namespace, told->home.namespace))
			tell_leadership(teller, l, p, told, now_ms);
	}
}
