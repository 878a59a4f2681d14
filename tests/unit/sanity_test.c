/* AMKO's checks of AMKOClusters: its texts, and what we say besides. */
#include "tests/unit/unit.h"

#include "common/base/buf.h"
#include "common/crd/sanity.h"

#define MEMBERS_MAX 4

static const struct row {
	const char *name;
	const char *own;               /* "namespace/name isLeader context version cluster cluster ...", "-" where empty */
	const char *second;            /* another object of this cluster; NULL: none */
	/* "west": a good follower; "west leader", "west used-up", "west none", "west two", "west 1.12.1" (its version),
	 * "west unknown", "west unusable", "west down", "west unasked" */
	const char *members[MEMBERS_MAX];
	const char *contexts;          /* NULL: no members' kubeconfig */
	const char *broken;            /* the kubeconfig's error */
	bool is_follower;
	/* What is shown: "status | reason | message" of each type, in AMKO's order. */
	const char *shown[3];
	const char *valid;             /* members that may be federated to */
	bool is_unsound;
} rows[] = {
	{ .name = "a sound federation", .own = "avi-system/a true east 1.13.1 east west", .members = { "west" },
	  .contexts = "east west", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ", "validated all member "
											  "clusters | | " } },
	{ .name = "no other cluster is a sound federation too", .own = "avi-system/a true east 1.13.1 east",
	 .contexts = "east",
	  .valid = "",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ", "validated all member "
											  "clusters | | " } },
	{ .name = "a follower federates nothing", .own = "avi-system/a false east 1.13.1 east west",
	 .members = { "west" },
	  .contexts = "east west", .valid = "", .is_follower = true,
	  .shown = { "won't federate objects | AMKO not a leader | " } },
	{ .name = "a follower that could not lead says so before the disaster", .own = "avi-system/a false - 1.13.1 "
										       "east west",
	  .contexts = "east west", .valid = "", .is_follower = true, .is_unsound = true,
	  .shown = { "won't federate objects | AMKO not a leader | it could not lead: set spec.clusterContext of "
		     "AMKOCluster a to "
		     "this cluster's context in the members' kubeconfig, one of east, west" } },

	{ .name = "an object in another namespace counts for nothing", .own = "web/a true east 1.13.1 east",
	  .second = "avi-system/b true east 1.13.1 east", .contexts = "east", .valid = "", .is_unsound = true,
	  .shown = { "invalid AMKOCluster object | AMKOCluster's namespace is not avi-system | AMKOCluster web/a "
		     "counts for nothing: "
		     "only one in namespace avi-system does" } },
	{ .name = "and does not make the right one a second", .own = "avi-system/b true east 1.13.1 east",
	  .second = "web/a true east 1.13.1 east", .contexts = "east", .valid = "",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ", "validated all member "
											  "clusters | | " } },
	{ .name = "two objects are one too many, for a follower too", .own = "avi-system/b false east 1.13.1 east",
	  .second = "avi-system/a true east 1.13.1 east", .contexts = "east", .valid = "", .is_unsound = true,
	  .is_follower = true,
	  .shown = { "invalid AMKOCluster object | only one AMKOClusterObject allowed per cluster | namespace "
		     "avi-system has 2 "
		     "AMKOClusters: delete all but one of a, b" } },
	{ .name = "the own context is missing", .own = "avi-system/a true - 1.13.1 east", .contexts = "east west",
	 .valid = "",
	  .is_unsound = true,
	  .shown = { "invalid AMKOCluster object | clusterContext field can't be empty in AMKOCluster object | set "
		     "spec.clusterContext of AMKOCluster a to this cluster's context in the members' kubeconfig, one "
		     "of east, west" } },
	{ .name = "the version is missing", .own = "avi-system/a true east - east", .contexts = "east", .valid = "",
	  .is_unsound = true,
	  .shown = { "invalid AMKOCluster object | version field can't be empty in AMKOCluster object | set "
		     "spec.version of "
		     "AMKOCluster a to 1.13.1, which runs here" } },
	{ .name = "the version is not the one that runs", .own = "avi-system/a true east 1.12.1 east",
	 .contexts = "east",
	  .valid = "",
	  .shown = { "valid AMKOCluster object | | spec.version of AMKOCluster a is 1.12.1, but 1.13.1 runs here: the "
		     "others compare "
		     "with the former",
		     "all cluster clients fetched | | ", "validated all member clusters | | " } },

	{ .name = "no members' kubeconfig", .own = "avi-system/a true east 1.13.1 east west", .members = { "west" },
	 .valid = "",
	  .is_unsound = true,
	  .shown = { "valid AMKOCluster object | | ",
		     "member cluster clients invalid | error in fetching the GSLB_CONFIG env variable, this contains "
		     "the members kube "
		     "config, check gslb-avi-secret | there is no members' kubeconfig: it belongs into Secret "
		     "gslb-config-secret (key "
		     "gslb-members), or --members-kubeconfig" } },
	{ .name = "a members' kubeconfig that is none", .own = "avi-system/a true east 1.13.1 east west",
	 .members = { "west" },
	  .contexts = "", .broken = "line 7: a tab", .valid = "", .is_unsound = true,
	  .shown = { "valid AMKOCluster object | | ",
		     "member cluster clients invalid | error in initialising member cluster contexts: error in "
		     "building context config "
		     "for kubernetes cluster west: line 7: a tab | correct the members' kubeconfig in Secret "
		     "gslb-config-secret (key "
		     "gslb-members): line 7: a tab" } },
	{ .name = "the own context is nowhere", .own = "avi-system/a true invalid-context 1.13.1 east west",
	  .members = { "east", "west" }, .contexts = "east west", .valid = "", .is_unsound = true,
	  .shown = { "valid AMKOCluster object | | ",
		     "member cluster clients invalid | error in initialising member cluster contexts: current cluster "
		     "context "
		     "invalid-context not part of member clusters | spec.clusterContext of AMKOCluster a is "
		     "invalid-context, which "
		     "neither spec.clusters nor the members' kubeconfig has: it has east, west" } },
	{ .name = "the own context need not be among the clusters", .own = "avi-system/a true east 1.13.1 west",
	  .members = { "west" }, .contexts = "east west", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ", "validated all member "
											  "clusters | | " } },
	{ .name = "nor in the kubeconfig, which is worth a word", .own = "avi-system/a true east 1.13.1 east west",
	  .members = { "west" }, .contexts = "west", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ",
		     "all cluster clients fetched | | cluster east: the members' kubeconfig does not have this cluster's own context: "
		     "where it is among memberClusters its objects are not read, and instances with the same kubeconfig cannot ask "
		     "it: add it to Secret gslb-config-secret (key gslb-members)", "validated all member clusters | | " } },
	{ .name = "an unknown context keeps no other cluster from anything",
	  .own = "avi-system/a true east 1.13.1 east west invalid-cluster", .members = { "west", "invalid-cluster "
												 "unknown" },
	  .contexts = "east west", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ",
		     "some member cluster clients couldn't be fetched | error in initialising member cluster contexts: "
		     "error in "
		     "building context config for kubernetes cluster invalid-cluster: context \"invalid-cluster\" does "
		     "not exist | "
		     "cluster invalid-cluster: the members' kubeconfig has no such context, only east, west: add it to "
		     "Secret "
		     "gslb-config-secret (key gslb-members), or take it out of spec.clusters",
		     "validated all member clusters | | " } },
	{ .name = "a context that cannot be used", .own = "avi-system/a true east 1.13.1 east west",
	 .members = { "west unusable" },
	  .contexts = "east west", .valid = "",
	  .shown = { "valid AMKOCluster object | | ",
		     "some member cluster clients couldn't be fetched | error in initializing member custer context "
		     "west: error in "
		     "getting client: users[0]: not base64 | cluster west: correct its context in Secret "
		     "gslb-config-secret (key "
		     "gslb-members)",
		     "validated all member clusters | | " } },

	{ .name = "a second leader stops the federation", .own = "avi-system/a true east 1.13.1 east west north",
	  .members = { "north", "west leader" }, .contexts = "east west north", .valid = "",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ",
		     "member cluster clients invalid | AMKO in cluster west is also a leader, conflicting state | "
		     "AMKOCluster "
		     "avi-system/amkocluster-federation of cluster west says isLeader: true too: set it to false there "
		     "or here" } },
	{ .name = "it is seen though others were not asked yet", .own = "avi-system/a true east 1.13.1 east west north",
	  .members = { "north unasked", "west leader" }, .contexts = "east west north", .valid = "",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ",
		     "member cluster clients invalid | AMKO in cluster west is also a leader, conflicting state | "
		     "AMKOCluster "
		     "avi-system/amkocluster-federation of cluster west says isLeader: true too: set it to false there "
		     "or here" } },
	{ .name = "one whose promotion was overtaken is no second leader", .own = "avi-system/a true east 1.13.1 east "
										  "west",
	  .members = { "west used-up" }, .contexts = "east west", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ", "validated all member "
											  "clusters | | " } },
	{ .name = "a cluster that cannot be asked", .own = "avi-system/a true east 1.13.1 east north west",
	  .members = { "north down", "west" }, .contexts = "east west north", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ",
		     "error in validating some member clusters | error in getting AMKOCluster list for cluster north: "
		     "connection "
		     "refused | cluster north cannot be asked: see that its API server and its context in the members' "
		     "kubeconfig are "
		     "right" } },
	{ .name = "one without and one with too many objects, in the order of the clusters",
	  .own = "avi-system/a true east 1.13.1 east west north", .members = { "west none", "north two" },
	  .contexts = "east west north", .valid = "",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ",
		     "error in validating some member clusters | no AMKOCluster object present in cluster west, can't "
		     "federate,more "
		     "than one AMKOCluster objects present in cluster north, can't federate | cluster west: install "
		     "amko there, or "
		     "take it out of spec.clusters; cluster north: delete all but one AMKOCluster in namespace "
		     "avi-system" } },
	{ .name = "another version is told and federated to", .own = "avi-system/a true east 1.13.1 east west",
	  .members = { "west 1.12.1" }, .contexts = "east west", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ",
		     "error in validating some member clusters | version mismatch, current AMKO: 1.13.1, AMKO in "
		     "cluster west: 1.12.1 "
		     "| cluster west says version 1.12.1, this one 1.13.1: it gets its copies all the same, upgrade "
		     "the older one" } },
	{ .name = "a version far away is told in other words", .own = "avi-system/a true east 1.13.1 east west",
	  .members = { "west 1.11.1" }, .contexts = "east west", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | ",
		     "error in validating some member clusters | version mismatch, current AMKO: 1.13.1, AMKO in "
		     "cluster west: 1.11.1 "
		     "| cluster west says version 1.11.1, this one 1.13.1, more than one minor version apart: upgrade "
		     "the older one "
		     "before you rely on it" } },
	{ .name = "clusters that were not asked yet are no verdict", .own = "avi-system/a true east 1.13.1 east west "
									    "north",
	  .members = { "west", "north unasked" }, .contexts = "east west north", .valid = "west",
	  .shown = { "valid AMKOCluster object | | ", "all cluster clients fetched | | " } },
};

static struct amkocluster *object_of(const char *text)
{
	CLEANUP(cJSON_Deletep) cJSON *json = cJSON_CreateObject();
	cJSON *metadata = json_put_object(json, "metadata"), *spec = json_put_object(json, "spec"), *clusters;
	char place[40], name[40], leader[8], context[40], version[16], list[80] = "";
	struct slice rest, word;

	assert_true(sscanf(text, "%39[^/]/%39s %7s %39s %15s %79[^\n]", place, name, leader, context, version,
			   list) >= 5);
	json_put_str(metadata, "namespace", place);
	json_put_str(metadata, "name", name);
	json_put_bool(spec, "isLeader", streq(leader, "true"));
	json_put_str(spec, "clusterContext", streq(context, "-") ? "" : context);
	json_put_str(spec, "version", streq(version, "-") ? "" : version);
	clusters = json_put_array(spec, "clusters");
	for (rest = slice_of(list); rest.n && slice_split(&rest, ' ', &word);) {
		CLEANUP(freep) char *cluster = slice_dup(word);

		json_add_str(clusters, cluster);
	}
	return amkocluster_from_json(json);
}

/* A case and all that it borrows. */
struct scene {
	struct sanity_case sanity;
	struct amkocluster *own[2], *theirs[MEMBERS_MAX];
	const struct amkocluster *twice[MEMBERS_MAX][2];
	struct sanity_member members[MEMBERS_MAX];
	char contexts_of_members[MEMBERS_MAX][40];
	struct strs contexts;
};

static void add_member(struct scene *s, const char *text)
{
	size_t i = s->sanity.n_members++;
	char *context = s->contexts_of_members[i], how[16] = "";
	struct sanity_member *member = &s->members[i];
	CLEANUP(freep) char *object = NULL;
	bool has_version, is_leader;

	sscanf(text, "%39s %15s", context, how);
	has_version = *how >= '0' && *how <= '9';
	is_leader = streq(how, "leader") || streq(how, "used-up");
	object = xasprintf("avi-system/amkocluster-federation %s %s %s", is_leader ? "true" : "false", context,
			   has_version ? how : "1.13.1");
	s->theirs[i] = object_of(object);
	s->twice[i][0] = s->twice[i][1] = s->theirs[i];
	*member = (struct sanity_member){ .context = context, .objects = s->twice[i],
		.n_objects = streq(how, "none") ? 0 : streq(how, "two") ? 2 : 1, .is_unknown = streq(how, "unknown"),
		.unusable = streq(how, "unusable") ? "users[0]: not base64" : NULL,
		.unreachable = streq(how, "down") ? "connection refused" : NULL,
		.is_used_up = streq(how, "used-up") };
	member->is_listed = !member->is_unknown && !member->unusable && !member->unreachable && !streq(how, "unasked");
	if (!member->is_listed)
		member->n_objects = 0;
}

static void build(const struct row *row, struct scene *s)
{
	struct slice rest = slice_of(row->contexts), word;

	*s = (struct scene){ 0 };
	s->own[0] = object_of(row->own);
	s->own[1] = row->second ? object_of(row->second) : NULL;
	while (rest.n && slice_split(&rest, ' ', &word))
		strs_take(&s->contexts, slice_dup(word));
	s->sanity = (struct sanity_case){ .object = s->own[0], .objects = (const struct amkocluster *const *)s->own,
		.n_objects = row->second ? 2 : 1, .namespace = "avi-system", .running_version = "1.13.1",
		.is_leading = !row->is_follower, .has_kubeconfig = row->contexts != NULL,
		.kubeconfig_error = row->broken,
		.contexts = &s->contexts, .members = s->members };
	for (size_t i = 0; i < MEMBERS_MAX && row->members[i]; i++)
		add_member(s, row->members[i]);
}

static void scene_release(struct scene *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->own); i++)
		amkocluster_free(s->own[i]);
	for (size_t i = 0; i < MEMBERS_MAX; i++)
		amkocluster_free(s->theirs[i]);
	strs_release(&s->contexts);
}

static void assert_shown(const struct sanity_verdict *verdict, const char *const shown[3])
{
	static const char *const types[] = { "current AMKOCluster Validation", "member cluster initialisation",
					     "member cluster validation" };
	size_t n = 0;

	for (size_t i = 0; i < 3 && shown[i]; i++, n++) {
		const struct condition *c = &verdict->conditions[i];
		CLEANUP(freep) char *text = NULL;

		assert_true(i < verdict->n_conditions);
		text = xasprintf("%s |%s%s | %s", c->status, *c->reason ? " " : "", c->reason, c->message);
		assert_text(text, shown[i]);
		assert_text(c->type, types[i]);
	}
	assert_int_equal(verdict->n_conditions, n);
}

static void is_judged(void **state)
{
	const struct row *row = *state;
	struct sanity_verdict verdict;
	CLEANUP(freep) char *valid = NULL;
	struct scene scene;

	build(row, &scene);
	sanity_judge(&scene.sanity, &verdict);
	assert_shown(&verdict, row->shown);
	valid = strs_join(&verdict.valid, " ");
	assert_text(valid, row->valid);
	assert_int_equal(verdict.is_sound, !row->is_unsound);
	sanity_verdict_release(&verdict);
	scene_release(&scene);
}

static void the_second_leader_is_named(void **state)
{
	const struct row row = { .own = "avi-system/a true east 1.13.1 east west", .members = { "west leader" },
				 .contexts = "east west" };
	struct sanity_verdict verdict;
	struct scene scene;

	(void)state;
	build(&row, &scene);
	sanity_judge(&scene.sanity, &verdict);
	assert_text(verdict.second_leader, "west");
	sanity_verdict_release(&verdict);
	scene_release(&scene);
}

static void an_unreadable_spec_is_told_with_its_path(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of("{\"metadata\": {\"name\": \"a\", \"namespace\": "
								 "\"avi-system\"},"
		"\"spec\": {\"failover\": \"automatic\"}}"), NULL);
	CLEANUP(amkocluster_freep) struct amkocluster *object = amkocluster_from_json(json);
	const struct amkocluster *objects[] = { object };
	struct sanity_case sanity = { .object = object, .objects = objects, .n_objects = 1, .namespace = "avi-system",
				      .running_version = "1.13.1", .is_leading = true };
	struct sanity_verdict verdict;

	(void)state;
	sanity_judge(&sanity, &verdict);
	assert_text(verdict.conditions[0].reason, "spec.failover: \"automatic\" is not one of Automatic, Manual");
	assert_text(verdict.conditions[0].message, "correct AMKOCluster a");
	assert_false(verdict.is_sound);
	sanity_verdict_release(&verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_leader_is_named),
		cmocka_unit_test(an_unreadable_spec_is_told_with_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(is_judged, rows);
}
