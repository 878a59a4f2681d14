/* Parts of descriptions, and what may be judged by what is known. */
#include "tests/unit/scene.h"

struct part_case {
	const char *name, *part;
	const char *want;              /* "kind cluster|namespace|name"; NULL: cannot be read */
};

static const struct part_case part_cases[] = {
	{ "an Ingress", "INGRESS/east/web/shop/shop.example.org", "INGRESS east|web|shop" },
	{ "a Service has no host", "LBSVC/east/web/shop", "LBSVC east|web|shop" },
	{ "a Route has no host", "ROUTE/east/web/shop", "ROUTE east|web|shop" },
	{ "a MultiClusterIngress has one", "MCI/east/web/shop/shop.example.org", "MCI east|web|shop" },
	{ "contexts may have slashes",
	  "INGRESS/default/api-east:6443/kube:admin/web/shop/a.org", "INGRESS default/api-east:6443/kube:admin|web|shop" },
	{ "a Service of such a context",
	  "LBSVC/arn:aws:eks:eu-1:1:cluster/east/web/db", "LBSVC arn:aws:eks:eu-1:1:cluster/east|web|db" },
	{ "an unknown kind", "THING/east/web/shop", NULL },
	{ "a kind in small letters", "ingress/east/web/shop/a.org", NULL },
	{ "a longer kind", "INGRESSES/east/web/shop/a.org", NULL },
	{ "a kind alone", "INGRESS", NULL },
	{ "a kind and a slash", "INGRESS/", NULL },
	{ "too few segments", "INGRESS/web/shop/a.org", NULL },
	{ "too few segments of a Service", "LBSVC/web/db", NULL },
	{ "a context of nothing", "LBSVC//web/db", NULL },
	{ "nothing", "", NULL },
};

static void a_part_is_read_from_the_right(void **state)
{
	const struct part_case *c = *state;
	CLEANUP(freep) char *got = NULL;
	struct object_part part;

	if (object_part_parse(c->part, &part))
		got = xasprintf("%s %.*s|%.*s|%.*s", host_kind_name(part.kind), (int)part.cluster.n, part.cluster.p,
				(int)part.namespace.n, part.namespace.p, (int)part.name.n, part.name.p);
	assert_text(got, c->want);
}

struct unknown_case {
	const char *name;
	const char *spec;              /* NULL: the policy was deleted on purpose */
	const char *members, *unknown, *part;
	bool is_unknown;               /* the part */
	bool is_complete;              /* all there is */
};

#define INGRESS_WEST "INGRESS/west/web/shop/shop.example.org"
#define ONLY_EAST "'matchClusters': [{'cluster': 'east'}]"

static const struct unknown_case unknown_cases[] = {
	{ "everything is known", "", NULL, "", INGRESS_WEST, .is_complete = true },
	{ "its cluster is not known", "", NULL, "west", INGRESS_WEST, .is_unknown = true },
	{ "another cluster is not known", "", NULL, "east", INGRESS_WEST, .is_complete = false },
	{ "its kind is not known", "", NULL, "west:INGRESS", INGRESS_WEST, .is_unknown = true },
	{ "another kind is not known", "", NULL, "west:LBSVC", INGRESS_WEST, .is_complete = false },
	{ "its namespaces are not known", "", NULL, "west:namespaces", INGRESS_WEST, .is_unknown = true },
	{ "its cluster is not matched any more", ONLY_EAST, NULL, "west", INGRESS_WEST, .is_complete = true },
	{ "its cluster is no member any more", "", "east north", "west", INGRESS_WEST, .is_complete = true },
	{ "the policy was deleted on purpose", NULL, NULL, "west", INGRESS_WEST, .is_complete = true },
	{ "what cannot be read cannot be judged", "", NULL, "", "GSLBHOSTRULE/x", true, true },
	{ "a context with slashes is known by its whole name",
	  "'matchClusters': [{'cluster': 'a/west'}]", "a/west west", "a/west",
	  "LBSVC/a/west/web/db", .is_unknown = true },
	{ "its last segment is another cluster",
	  "'matchClusters': [{'cluster': 'a/west'}, {'cluster': 'west'}]", "a/west west", "west",
	  "LBSVC/a/west/web/db", .is_unknown = false },
};

static void it_can_be_judged_or_not(void **state)
{
	const struct unknown_case *c = *state;
	CLEANUP(scene_release) struct scene s = { 0 };

	scene_policy(&s, c->spec);
	scene_know(&s, c->members, c->unknown);
	assert_int_equal(knowledge_is_unknown_part(&s.knowledge, s.policy, c->part), c->is_unknown);
	assert_int_equal(knowledge_is_complete(&s.knowledge, s.policy), c->is_complete);
}

static void the_whole_is_known_when_every_cluster_is_matched_or_not(void **state)
{
	static const char *const unknowns[] = { "west", "west:LBSVC", "north:namespaces" };
	CLEANUP(scene_release) struct scene s = { 0 };

	(void)state;
	scene_know(&s, NULL, "");
	assert_true(knowledge_is_whole(&s.knowledge));
	for (size_t i = 0; i < ARRAY_SIZE(unknowns); i++) {
		scene_know(&s, NULL, unknowns[i]);
		assert_false(knowledge_is_whole(&s.knowledge));
	}
}

static void positions_are_those_of_memberClusters(void **state)
{
	CLEANUP(scene_release) struct scene s = { 0 };

	(void)state;
	scene_know(&s, "north east", "");
	assert_int_equal(knowledge_position(&s.knowledge, "north"), 0);
	assert_int_equal(knowledge_position(&s.knowledge, "east"), 1);
	assert_int_equal(knowledge_position(&s.knowledge, "west"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_is_known_when_every_cluster_is_matched_or_not),
		cmocka_unit_test(positions_are_those_of_memberClusters),
	};
	int n_failed = 0;

	json_init();
	n_failed += RUN_TABLE(a_part_is_read_from_the_right, part_cases);
	n_failed += RUN_TABLE(it_can_be_judged_or_not, unknown_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
