/* Which objects are published, in which tenant, and if not, why. */
#include "tests/unit/scene.h"

struct filter_case {
	const char *name;
	const char *spec;              /* of the policy; NULL: none */
	struct scene_object object;
	enum selection want;
	const char *tenant;            /* NULL: "admin", when selected */
};

#define BOTH "'matchRules': {'appSelector': {'label': {'app': 'gslb'}}, 'namespaceSelector': {'label': {'ns': 'gslb'}}}"
#define NAMESPACES "'matchRules': {'namespaceSelector': {'label': {'ns': 'gslb'}}}"
#define TWO_LABELS "'matchRules': {'appSelector': {'label': {'app': 'gslb', 'tier': 'web'}}}"
#define TWO_NS_LABELS "'matchRules': {'namespaceSelector': {'label': {'ns': 'gslb', 'env': 'prod'}}}"
#define VIP_ONLY "'matchClusters': [{'cluster': 'east', 'syncVipOnly': true}]"
#define SHOP KIND_INGRESS, "east", "web/shop", "10.0.0.1"
#define ELSEWHERE KIND_INGRESS, "south", "web/shop", "10.0.0.1"

static const struct filter_case filter_cases[] = {
	/* selectors */
	{ "an object with the label is selected", "", { SHOP, .paths = "/" }, .want = SELECTED },
	{ "one without it is not", "", { SHOP, .labels = "" }, .want = REFUSED_LABEL },
	{ "another value is not the label", "", { SHOP, .labels = "app=other" }, .want = REFUSED_LABEL },
	{ "more labels do no harm", "", { SHOP, .labels = "a=b app=gslb z=y" }, .want = SELECTED },
	{ "all labels of the selector are required", TWO_LABELS, { SHOP, .labels = "app=gslb" }, .want = REFUSED_LABEL },
	{ "all labels of the selector are there", TWO_LABELS, { SHOP, .labels = "tier=web app=gslb" }, .want = SELECTED },
	{ "a namespace selector alone selects all that is in it", NAMESPACES, { SHOP, .labels = "" }, .want = SELECTED },
	{ "a namespace without the label", NAMESPACES, { SHOP, .ns_labels = "" }, .want = REFUSED_NAMESPACE },
	{ "a namespace with another value", NAMESPACES, { SHOP, .ns_labels = "ns=other" }, .want = REFUSED_NAMESPACE },
	{ "all labels of a namespace are required",
	  TWO_NS_LABELS, { SHOP, .ns_labels = "ns=gslb" }, .want = REFUSED_NAMESPACE },
	{ "all labels of a namespace are there",
	  TWO_NS_LABELS, { SHOP, .ns_labels = "env=prod ns=gslb" }, .want = SELECTED },
	{ "both selectors must agree: label missing", BOTH, { SHOP, .labels = "" }, .want = REFUSED_LABEL },
	{ "both selectors must agree: namespace missing", BOTH, { SHOP, .ns_labels = "" }, .want = REFUSED_NAMESPACE },
	{ "both selectors agree", BOTH, { SHOP, .paths = "/" }, .want = SELECTED },
	{ "neither selector selects nothing", "'matchRules': {}", { SHOP, .paths = "/" }, .want = REFUSED_NO_SELECTOR },
	{ "an empty selector is none",
	  "'matchRules': {'appSelector': {'label': {}}}", { SHOP, .paths = "/" }, .want = REFUSED_NO_SELECTOR },
	{ "no policy selects nothing", NULL, { SHOP, .paths = "/" }, .want = REFUSED_NO_POLICY },
	{ "a cluster that is not matched", "", { ELSEWHERE, .paths = "/" }, .want = REFUSED_CLUSTER },
	{ "a namespace that has not been read", "", { SHOP, .has_no_ns = true }, .want = REFUSED_NAMESPACE_UNKNOWN },

	/* the first rule that refuses is the answer */
	{ "no selector comes before the cluster",
	  "'matchRules': {}", { ELSEWHERE, .labels = "" }, .want = REFUSED_NO_SELECTOR },
	{ "the cluster comes before the namespace", NAMESPACES, { ELSEWHERE, .has_no_ns = true }, .want = REFUSED_CLUSTER },
	{ "the namespace comes before the label",
	  BOTH, { SHOP, .ns_labels = "", .labels = "" }, .want = REFUSED_NAMESPACE },
	{ "the label comes before the tenant", "", { SHOP, .labels = "", .ns_tenant = "blue" }, .want = REFUSED_LABEL },
	{ "the tenant comes before the identity", "", { SHOP, .ns_tenant = "blue", .vs = "" }, .want = REFUSED_TENANT },

	/* the tenant */
	{ "a namespace without tenant means the default one", "", { SHOP, .paths = "/" }, .want = SELECTED },
	{ "a namespace with an empty tenant too", "", { SHOP, .ns_tenant = "" }, .want = SELECTED },
	{ "then the object's own tenant does not matter", "", { SHOP, .tenant = "blue" }, .want = SELECTED },
	{ "namespace and object name the same tenant",
	  "", { SHOP, .ns_tenant = "blue", .tenant = "blue" }, SELECTED, "blue" },
	{ "an object without tenant waits for the namespace's", "", { SHOP, .ns_tenant = "blue" }, .want = REFUSED_TENANT },
	{ "an object without tenant is in the default one", "", { SHOP, .ns_tenant = "admin" }, .want = SELECTED },
	{ "an object of another tenant is not published",
	  "", { SHOP, .ns_tenant = "blue", .tenant = "red" }, .want = REFUSED_TENANT },
	{ "an empty tenant is another one", "", { SHOP, .ns_tenant = "admin", .tenant = "" }, .want = REFUSED_TENANT },

	/* the identity */
	{ "an object without identities waits for them", "", { SHOP, .vs = "" }, .want = REFUSED_IDENTITY },
	{ "addresses alone are enough where the cluster says so", VIP_ONLY, { SHOP, .vs = "" }, .want = SELECTED },
	{ "of two entries of a cluster the first counts",
	  "'matchClusters': [{'cluster': 'east'}, {'cluster': 'east', 'syncVipOnly': true}]", { SHOP, .vs = "" },
	  .want = REFUSED_IDENTITY },
};

static void the_object_is_judged(void **state)
{
	const struct filter_case *c = *state;
	CLEANUP(scene_release) struct scene s = { 0 };
	const char *tenant = NULL;
	enum selection got;

	scene_policy(&s, c->spec);
	scene_objects(&s, &c->object, 1);
	got = policy_select(s.policy, s.candidates[0].cluster, s.candidates[0].ns, s.candidates[0].object,
			    s.candidates[0].record, "admin", &tenant);
	assert_text(selection_reason(got), selection_reason(c->want));
	if (got == SELECTED)
		assert_text(tenant, c->tenant ? c->tenant : "admin");
}

static void assert_waits_for_identity(const struct scene *s)
{
	const struct host_object *object = s->objects[0];
	const char *tenant;

	assert_int_equal(policy_select(s->policy, "east", s->namespaces[0], object, object->records, "admin", &tenant),
			 REFUSED_IDENTITY);
}

static void an_identity_needs_both_halves(void **state)
{
	static const struct scene_object row = { SHOP, .paths = "/" };
	CLEANUP(scene_release) struct scene s = { 0 };
	char *controller, nothing[] = "";

	(void)state;
	scene_policy(&s, "");
	scene_objects(&s, &row, 1);
	controller = TAKE(s.objects[0]->controller_uuid);
	assert_waits_for_identity(&s);
	s.objects[0]->controller_uuid = controller;
	s.objects[0]->records[0].vs_uuid = NULL;
	assert_waits_for_identity(&s);
	s.objects[0]->records[0].vs_uuid = nothing;
	assert_waits_for_identity(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_identity_needs_both_halves),
	};

	json_init();
	return RUN_TABLE(the_object_is_judged, filter_cases) + cmocka_run_group_tests(tests, NULL, NULL);
}
