/* What people are told of leadership. */
#include "keeper/conditions.h"
#include "tests/unit/unit.h"

/* Three clusters: we are east. */
enum { EAST, WEST, NORTH };

struct leading_case {
	const char *name;
	enum stage stage;
	enum reason reason;
	int about;
	enum own_state own_state;
	enum answer west;              /* what is known of its Lease; ANSWER_NONE: it answers */
	enum silence silence;
	const char *why;               /* what it said */
	const char *status, *condition_reason, *message;
};

#define NOT_PROMOTED "nobody has promoted this cluster: kubectl amko promote does, or spec.isLeader: true"

static const struct leading_case leading_cases[] = {
	{ "it leads", STAGE_LEADING, REASON_NONE, NOBODY, OWN_FOUND, 0, 0, NULL, "True", "Leading", "epoch 2000001 leads" },
	{ "it leads and does not write yet", STAGE_WAITING, REASON_NONE, NOBODY, OWN_FOUND, 0, 0, NULL, "True", "Waiting",
	  "epoch 2000001 leads; it writes in 8 s, when nothing of the one before can arrive any more" },
	{ "nobody asked for it", STAGE_FOLLOWING, REASON_NOT_PROMOTED, NOBODY, OWN_FOUND, 0, 0, NULL, "False", "NotPromoted",
	  NOT_PROMOTED },
	{ "it looks around", STAGE_LOOKING, REASON_NONE, NOBODY, OWN_FOUND, 0, 0, NULL, "False", "Looking", "looking who leads" },
	{ "two were promoted", STAGE_FOLLOWING, REASON_OTHER_LEADS, WEST, OWN_FOUND, 0, 0, NULL, "False", "OtherLeads",
	  "cluster west leads, or was promoted not earlier than this one: decide for one of them (kubectl amko promote), or set "
	  "isLeader to false there" },
	{ "AMKO leads still", STAGE_FOLLOWING, REASON_REFERENCE_LEADS, NORTH, OWN_FOUND, 0, 0, NULL, "False", "ReferenceLeads",
	  "cluster north says isLeader: true and runs no amko yet: upgrade it, or set its isLeader to false" },
	{ "no AMKOCluster", STAGE_FOLLOWING, REASON_OWN_OBJECT, NOBODY, OWN_MISSING, 0, 0, NULL, "False", "BadAMKOCluster",
	  "there is no AMKOCluster in namespace avi-system: make one whose spec.clusterContext is east" },
	{ "two of them", STAGE_FOLLOWING, REASON_OWN_OBJECT, NOBODY, OWN_DOUBLED, 0, 0, NULL, "False", "BadAMKOCluster",
	  "there is more than one AMKOCluster in namespace avi-system: delete all but one" },
	{ "one that says nonsense", STAGE_FOLLOWING, REASON_OWN_OBJECT, NOBODY, OWN_UNREADABLE, 0, 0, NULL, "False", "BadAMKOCluster",
	  "the AMKOCluster cannot be used: spec.failover: Sometimes is neither Manual nor Automatic" },
	{ "one of another cluster", STAGE_FOLLOWING, REASON_OWN_OBJECT, NOBODY, OWN_FOUND, 0, 0, NULL, "False", "BadAMKOCluster",
	  "spec.clusterContext of the AMKOCluster is not east, the context of this cluster" },
	{ "what is missing is named", STAGE_FOLLOWING, REASON_NOT_FIT, NOBODY, OWN_FOUND, 0, 0, NULL, "False", "NotFit",
	  "this instance could not lead now: it lacks a controller that answers and leads, UUID on the GSLBConfig" },
	{ "a right is missing in one member", STAGE_LEADING, REASON_NONE, NOBODY, OWN_FOUND, ANSWER_SILENT, SILENCE_FORBIDDEN,
	  "HTTP 403: leases is forbidden", "True", "Leading",
	  "epoch 2000001 leads; cluster west: its context may not get, create and update leases.coordination.k8s.io and list "
	  "amkoclusters there: bind the Role amko-member of deploy/manifests/rbac-member.yaml to its user (HTTP 403: leases is forbidden)" },
	{ "a context is missing", STAGE_FOLLOWING, REASON_NOT_PROMOTED, NOBODY, OWN_FOUND, ANSWER_SILENT, SILENCE_UNKNOWN_CONTEXT, NULL,
	  "False", "NotPromoted", NOT_PROMOTED "; cluster west: the members' kubeconfig has no context of that name: add it to the "
	  "Secret, or take the cluster out of spec.clusters" },
	{ "garbage in a Lease", STAGE_FOLLOWING, REASON_NOT_PROMOTED, NOBODY, OWN_FOUND, ANSWER_GARBAGE, 0, "spec.holderIdentity is no",
	  "False", "NotPromoted", NOT_PROMOTED "; cluster west: its Lease amko-leader does not parse, and "
	  "counts for nothing: delete it if no instance leads (spec.holderIdentity is no)" },
};

static struct protocol *scene(const struct leading_case *c)
{
	struct protocol *p = xcalloc(1, sizeof(*p));

	roster_add(&p->roster, slice_of("east"));
	roster_add(&p->roster, slice_of("west"));
	roster_add(&p->roster, slice_of("north"));
	p->own.members = 7;
	p->own_state = c->own_state;
	p->stage = c->stage;
	p->reason = c->reason;
	p->reason_member = c->about;
	p->tenure.epoch = 2000001;
	p->tenure.wait_from_ms = 1000;
	p->tenure.wait_ms = 10000;
	p->fitness = (struct fitness){ .has_api = true, .has_credentials = true, .is_current = true };
	p->seat[EAST].lease = p->seat[NORTH].lease = ANSWER_ABSENT;
	p->seat[WEST].lease = c->west ? c->west : ANSWER_VALUE;
	p->seat[WEST].silence = c->silence;
	return p;
}

static void the_condition_leading_says(void **state)
{
	const struct leading_case *c = *state;
	CLEANUP(freep) struct protocol *p = scene(c);
	const char *why[ROSTER_MAX] = { [WEST] = c->why };
	CLEANUP(condition_text_release) struct condition_text text = { 0 };
	CLEANUP(freep) char *members = members_text(p);

	condition_leading(p, &(struct told){ .home = { .namespace = "avi-system" }, .member_why = why,
					     .own_why = "spec.failover: Sometimes is neither Manual nor Automatic" }, 3000, &text);
	assert_text(text.status, c->status);
	assert_text(text.reason, c->condition_reason);
	assert_text(text.message, c->message);
	assert_text(members, c->west ? "2/3" : "3/3");
}

struct fence_case {
	const char *name;
	enum answer answer;
	const char *why, *status, *reason, *message;
};

static const struct fence_case fence_cases[] = {
	{ "a record that is there", ANSWER_VALUE, NULL, "False", "Available", "" },
	{ "none yet, but it may be made", ANSWER_ABSENT, NULL, "False", "Available", "" },
	{ "the controller refuses it", ANSWER_REFUSED, "HTTP 403", "True", "RecordRefused",
	  "the controller refuses the leadership record, a StringGroup in tenant admin (HTTP 403): give its user the right to write "
	  "string groups; until then nothing at the controller stops a writer that is late" },
	{ "the controller is away", ANSWER_SILENT, "connect to 10.0.0.1: timed out", "Unknown", "NotRead",
	  "connect to 10.0.0.1: timed out" },
	{ "nobody has asked yet", ANSWER_NONE, NULL, "Unknown", "NotRead", "the leadership record has not been read yet" },
};

static void the_condition_about_the_record_says(void **state)
{
	const struct fence_case *c = *state;
	CLEANUP(freep) struct protocol *p = xcalloc(1, sizeof(*p));
	CLEANUP(condition_text_release) struct condition_text text = { 0 };

	p->record.answer = c->answer;
	condition_fence(p, &(struct told){ .record_why = c->why }, &text);
	assert_text(text.status, c->status);
	assert_text(text.reason, c->reason);
	assert_text(text.message, c->message);
}

/* A Lease that can be read and is no vote all the same. */
struct voteless_case {
	const char *name;
	const char *federation;        /* on west's Lease */
	bool has_other_context, is_twin;
	const char *message;
};

static const struct voteless_case voteless_cases[] = {
	{ "one that votes", "ours", false, false, NULL },
	{ "one before there was a UUID", "", false, false, NULL },
	{ "one of another federation", "theirs", false, false,
	  "cluster west: its Lease amko-leader is of another federation, theirs, and counts for nothing: all members' GSLBConfigs have one "
	  "UUID; delete the Lease if that federation is gone, or take the cluster out of spec.clusters" },
	{ "one that is called otherwise", "ours", true, false,
	  "cluster west: its AMKOCluster says that it is another cluster, and its Lease counts for nothing: correct spec.clusterContext "
	  "there, or the context in the members' kubeconfig" },
	{ "the own cluster under another name", "ours", false, true,
	  "cluster west: it is the same cluster as another context, and counts once: take one of the two out of spec.clusters" },
};

static void a_member_without_a_vote_is_told(void **state)
{
	const struct voteless_case *c = *state;
	CLEANUP(freep) struct protocol *p = scene(&(struct leading_case){ .stage = STAGE_LEADING, .about = NOBODY });
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *members = NULL;

	snprintf(p->federation, sizeof(p->federation), "ours");
	snprintf(p->seat[WEST].claim.federation, sizeof(p->seat[WEST].claim.federation), "%s", c->federation);
	snprintf(p->seat[WEST].version.uid, sizeof(p->seat[WEST].version.uid), "uid-1");
	snprintf(p->seat[EAST].version.uid, sizeof(p->seat[EAST].version.uid), "%s", c->is_twin ? "uid-1" : "uid-0");
	p->seat[WEST].peer.has_other_context = c->has_other_context;
	text = member_trouble_text(p, &(struct told){ 0 }, WEST);
	members = members_text(p);
	assert_text(text, c->message);
	assert_text(members, c->message ? "2/3" : "3/3");
}

/* Leading, or not standing at all: what else is told then. */
struct further_case {
	const char *name;
	bool is_cut, is_pruned, is_ill;
	const char *message;
};

static const struct further_case further_cases[] = {
	{ "more clusters than there is room for", true, false, false,
	  "spec.clusters of the AMKOCluster names more than 64 clusters: take some out" },
	{ "AMKO's definition is still there", false, true, false, "epoch 2000001 leads; " DEFINITION_IS_OLD },
	{ "its worker does not get on", false, false, true,
	  "epoch 2000001 leads; its worker cannot do its work: the conditions of the GSLBConfig and the log say why" },
};

static void it_says_besides(void **state)
{
	const struct further_case *c = *state;
	struct leading_case usual = { .stage = c->is_cut ? STAGE_FOLLOWING : STAGE_LEADING, .about = NOBODY, .own_state = OWN_FOUND,
				      .reason = c->is_cut ? REASON_OWN_OBJECT : REASON_NONE };
	CLEANUP(freep) struct protocol *p = scene(&usual);
	CLEANUP(condition_text_release) struct condition_text text = { 0 };

	p->own.is_cut = c->is_cut;
	p->unfit_ms[0] = c->is_ill;
	condition_leading(p, &(struct told){ .is_pruned = c->is_pruned }, 3000, &text);
	assert_text(text.message, c->message);
}

static void before_a_context_is_known(void **state)
{
	CLEANUP(condition_text_release) struct condition_text text = { 0 };

	(void)state;
	condition_leading(NULL, &(struct told){ .home = { .namespace = "avi-system" } }, 0, &text);
	assert_text(text.status, "False");
	assert_text(text.reason, "BadAMKOCluster");
	assert_text(text.message, "what this cluster is called is not known: there must be one AMKOCluster in namespace avi-system, with "
		    "spec.clusterContext set");
}

static void every_reason_has_a_name(void **state)
{
	(void)state;
	for (int reason = REASON_NONE + 1; reason <= REASON_EPOCHS_USED; reason++)
		assert_true(*reason_name((enum reason)reason));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_reason_has_a_name), cmocka_unit_test(before_a_context_is_known) };

	return RUN_TABLE(the_condition_leading_says, leading_cases) + RUN_TABLE(it_says_besides, further_cases) +
	       RUN_TABLE(a_member_without_a_vote_is_told, voteless_cases) +
	       RUN_TABLE(the_condition_about_the_record_says, fence_cases) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
