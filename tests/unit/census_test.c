/* AMKO's checks fed with what the keeper knows: whose isLeader counts, what was listed of whom. */
#include "keeper/census.h"
#include "tests/unit/scene.h"

/* Three clusters: we are east. */
enum { EAST, WEST, NORTH };

#define OBJECT(context, leader) "{'metadata':{'name':'a','namespace':'avi-system','uid':'u'},'spec':{'isLeader':" leader \
	",'clusterContext':'" context "','version':'1.13.1','clusters':['east','west']}}"

static const struct row {
	const char *name;
	const char *own;
	const char *west;              /* items of its list; NULL: it failed; "": it was not asked */
	int64_t west_promotion;        /* number of its isLeader: true; 0: none was given yet */
	int64_t led;                   /* the promotion of the Lease that led last */
	bool is_used_up;               /* the own one */
	bool is_follower, is_forced;   /* --role=follower, --role=leader */
	const char *shown;             /* statuses and reasons, in their order */
} rows[] = {
	{ .name = "a leader and a follower", .own = OBJECT("east", "true"), .west = "[" OBJECT("west", "false") "]",
	  .shown = "valid AMKOCluster object: | all cluster clients fetched: | validated all member clusters: | " },
	{ .name = "a follower judges nobody", .own = OBJECT("east", "false"), .west = "[" OBJECT("west", "true") "]",
	  .shown = "won't federate objects: AMKO not a leader | " },
	{ .name = "one whose promotion was overtaken is a follower", .own = OBJECT("east", "true"), .west = "[" OBJECT("west", "true") "]",
	  .is_used_up = true, .shown = "won't federate objects: AMKO not a leader | " },
	{ .name = "--role=follower is one too", .own = OBJECT("east", "true"), .west = "[]", .is_follower = true,
	  .shown = "won't federate objects: AMKO not a leader | " },
	{ .name = "--role=leader is a leader", .own = OBJECT("east", "false"), .west = "[" OBJECT("west", "false") "]", .is_forced = true,
	  .shown = "valid AMKOCluster object: | all cluster clients fetched: | validated all member clusters: | " },
	{ .name = "two leaders", .own = OBJECT("east", "true"), .west = "[" OBJECT("west", "true") "]", .west_promotion = 2, .led = 1,
	  .shown = "valid AMKOCluster object: | all cluster clients fetched: | "
		   "member cluster clients invalid: AMKO in cluster west is also a leader, conflicting state | " },
	{ .name = "the other's promotion was overtaken", .own = OBJECT("east", "true"), .west = "[" OBJECT("west", "true") "]",
	  .west_promotion = 1, .led = 2,
	  .shown = "valid AMKOCluster object: | all cluster clients fetched: | validated all member clusters: | " },
	{ .name = "the list failed", .own = OBJECT("east", "true"), .west = NULL,
	  .shown = "valid AMKOCluster object: | all cluster clients fetched: | error in validating some member clusters: error in getting "
		   "AMKOCluster list for cluster west: refused | " },
	{ .name = "nobody was asked yet", .own = OBJECT("east", "true"), .west = "",
	  .shown = "valid AMKOCluster object: | all cluster clients fetched: | " },
	{ .name = "more objects than are kept are too many", .own = OBJECT("east", "true"),
	  .west = "[" OBJECT("west", "false") "," OBJECT("west", "false") "," OBJECT("west", "false") "]",
	  .shown = "valid AMKOCluster object: | all cluster clients fetched: | error in validating some member clusters: more than one "
		   "AMKOCluster objects present in cluster west, can't federate | " },
};

static struct protocol *protocol_of(const struct row *row)
{
	struct protocol *p = xcalloc(1, sizeof(*p));
	struct seat *west;

	for (int i = 0; i < 3; i++)
		roster_add(&p->roster, slice_of(((const char *[]){ "east", "west", "north" })[i]));
	p->stage = STAGE_FOLLOWING;
	p->is_used_up = row->is_used_up;
	p->self.never_stands = row->is_follower;
	p->self.forced_leader = row->is_forced;
	west = &p->seat[WEST];
	west->peer.kept = (struct kept){ .is_kept = row->west_promotion, .is_leader = true, .promotion = row->west_promotion };
	p->seat[NORTH].lease = ANSWER_VALUE;
	p->seat[NORTH].claim = (struct claim){ .is_acquired = true, .promotion = row->led, .holder = "north/p/u/r" };
	snprintf(p->seat[NORTH].version.uid, UID_MAX, "uid");
	return p;
}

static void note_west(struct census *census, const struct row *row)
{
	CLEANUP(cJSON_Deletep) cJSON *items = row->west && *row->west ? scene_json(row->west) : NULL;

	if (!row->west || *row->west)
		census_note(census, "west", WEST, items, "refused");
}

static void is_judged(void **state)
{
	const struct row *row = *state;
	CLEANUP(freep) struct protocol *p = protocol_of(row);
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(row->own);
	CLEANUP(amkocluster_freep) struct amkocluster *own = amkocluster_from_json(json);
	struct kube_context contexts[] = { { .name = (char[]){ "east" } }, { .name = (char[]){ "west" } } };
	struct kubeconfig kubeconfig = { .contexts = contexts, .n_contexts = 2 };
	struct home_view home = { .namespace = "avi-system", .objects = (const struct amkocluster *const *)&own, .n_objects = 1,
				  .has_kubeconfig = true, .kubeconfig = &kubeconfig };
	struct sanity_verdict verdict;
	struct census census = { 0 };
	char shown[1024] = "";

	note_west(&census, row);
	census_judge(&census, p, &home, own, &verdict);
	for (size_t i = 0; i < verdict.n_conditions; i++)
		snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown), "%s:%s%s | ", verdict.conditions[i].status,
			 *verdict.conditions[i].reason ? " " : "", verdict.conditions[i].reason);
	assert_text(shown, row->shown);
	sanity_verdict_release(&verdict);
	census_release(&census);
}

static void a_number_that_was_given_to_another_context_is_not_taken_for_it(void **state)
{
	struct census census = { 0 };
	CLEANUP(cJSON_Deletep) cJSON *items = scene_json("[]");

	(void)state;
	census_note(&census, "west", WEST, items, "");
	census_note(&census, "south", WEST, items, "");
	assert_text(census.v[WEST].context, "south");
	census_release(&census);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_number_that_was_given_to_another_context_is_not_taken_for_it) };

	return RUN_TABLE(is_judged, rows) + cmocka_run_group_tests(tests, NULL, NULL);
}
