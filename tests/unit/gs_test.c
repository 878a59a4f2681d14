/* The model: what is a difference between wanted and actual, and what is none. */
#include "tests/unit/scene.h"

static struct scene scene;             /* what change functions alter: actual[0], actual_monitors[0] and [1] */

static void put_back(char **text, const char *with)
{
	free(*text);
	*text = xstrdup(with);
}

static struct gs *actual(void)
{
	return scene.actual[0];
}

/* ---- services ---- */

static void nothing(void)
{
}

static void members_in_another_order(void)
{
	struct gs_group *group = &actual()->groups[1];
	struct gs_member first = group->members[0];

	group->members[0] = group->members[1];
	group->members[1] = first;
}

static void groups_in_another_order(void)
{
	struct gs_group first = actual()->groups[0];

	actual()->groups[0] = actual()->groups[1];
	actual()->groups[1] = first;
}

static void lists_in_another_order(void)
{
	struct strs *const lists[] = { &actual()->monitor_refs, &actual()->objects };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		char *first = lists[i]->v[0];

		lists[i]->v[0] = lists[i]->v[1];
		lists[i]->v[1] = first;
	}
}

static void another_address(void) { put_back(&actual()->groups[0].members[0].ip, "10.9.9.9"); }
static void another_identity(void) { put_back(&actual()->groups[0].members[0].vs_uuid, "vs-9"); }
static void no_identity(void) { put_back(&actual()->groups[0].members[0].vs_uuid, NULL); }
static void another_site(void) { put_back(&actual()->groups[0].members[0].cluster_uuid, "cluster-9"); }
static void a_public_address(void) { put_back(&actual()->groups[0].members[0].public_ip, "192.0.2.1"); }
static void an_empty_public_address(void) { put_back(&actual()->groups[0].members[0].public_ip, ""); }
static void another_ratio(void) { actual()->groups[0].members[0].ratio++; }
static void a_member_switched_off(void) { actual()->groups[0].members[0].is_disabled = true; }
static void add_stranger(int priority)
{
	gs_add_member(actual(), priority, &(struct gs_member){ .ip = (char[]){ "10.9.9.9" }, .ratio = 1 });
}

static void one_more_member(void) { add_stranger(10); }
static void one_more_group(void) { add_stranger(3); }
static void another_priority(void) { actual()->groups[0].priority++; }
static void another_algorithm(void) { put_back(&actual()->groups[0].algorithm, "GSLB_ALGORITHM_GEO"); }
static void a_fallback(void) { put_back(&actual()->groups[1].fallback_algorithm, "GSLB_ALGORITHM_ROUND_ROBIN"); }
static void a_mask(void) { actual()->groups[0].has_hash_mask = true; }
static void another_owner(void) { put_back(&actual()->created_by, "amko-gslb"); }
static void one_more_domain(void) { strs_add(&actual()->domain_names, "www.example.org"); }
static void one_more_object(void) { strs_add(&actual()->objects, "INGRESS/a/b/c/d"); }
static void one_more_monitor(void) { strs_add(&actual()->monitor_refs, "hm"); }
static void a_ttl(void) { actual()->has_ttl = true; }
static void a_persistence(void) { put_back(&actual()->persistence_ref, "gap"); }
static void a_pki(void) { put_back(&actual()->pki_ref, "pki"); }
static void a_down_response(void) { put_back(&actual()->down_response, "GSLB_SERVICE_DOWN_RESPONSE_EMPTY"); }
static void the_controllers_default_down_response(void)
{
	put_back(&actual()->down_response, "GSLB_SERVICE_DOWN_RESPONSE_NONE");
}

static void a_down_response_that_we_wrote(void)
{
	the_controllers_default_down_response();
	actual()->is_down_response_ours = true;
}
static void a_constant_that_was_changed(void) { strs_add(&actual()->deviations, "enabled"); }
static void thresholds_of_an_older_release(void) { actual()->groups[1].min_monitors_up = 2; }
static void thresholds_of_an_older_release_on_the_first(void) { actual()->groups[0].min_monitors_up = 2; }
static void thresholds_all_too_small(void)
{
	actual()->groups[0].min_monitors_up = 2;
	actual()->groups[1].min_monitors_up = 2;
}
static void a_threshold_of_nobody(void) { actual()->groups[1].min_monitors_up = 1; }
static void two_at_once(void)
{
	another_ratio();
	a_ttl();
}

struct gs_case {
	const char *name;
	void (*change)(void);
	const char *want;              /* the fields that differ */
};

static const struct gs_case gs_cases[] = {
	{ "nothing", nothing, "" },
	{ "members in another order", members_in_another_order, "" },
	{ "groups in another order", groups_in_another_order, "" },
	{ "monitors and objects in another order", lists_in_another_order, "" },
	{ "an empty public address is none", an_empty_public_address, "" },
	{ "the controller's default down response", the_controllers_default_down_response, "" },
	{ "user monitors: refs+1 on one group only, as 1.13.1 wrote it", thresholds_of_an_older_release, "" },
	{ "user monitors: on whichever group it fell", thresholds_of_an_older_release_on_the_first, "" },
	{ "user monitors: on no group at all", thresholds_all_too_small, "min_health_monitors_up" },
	{ "a threshold of nobody", a_threshold_of_nobody, "min_health_monitors_up" },
	{ "another address", another_address, "members" },
	{ "another identity", another_identity, "members" },
	{ "no identity", no_identity, "members" },
	{ "another site", another_site, "members" },
	{ "a public address", a_public_address, "members" },
	{ "another ratio", another_ratio, "members" },
	{ "a member switched off", a_member_switched_off, "members" },
	{ "one more member", one_more_member, "members" },
	{ "one more group", one_more_group, "groups" },
	{ "another priority", another_priority, "groups" },
	{ "another algorithm", another_algorithm, "algorithm" },
	{ "a fallback", a_fallback, "algorithm" },
	{ "a mask", a_mask, "consistent_hash_mask" },
	{ "another owner", another_owner, "created_by" },
	{ "one more domain", one_more_domain, "domain_names" },
	{ "one more object", one_more_object, "description" },
	{ "one more monitor", one_more_monitor, "health_monitor_refs" },
	{ "a ttl", a_ttl, "ttl" },
	{ "a persistence profile", a_persistence, "application_persistence_profile_ref" },
	{ "a PKI profile", a_pki, "pki_profile_ref" },
	{ "a down response", a_down_response, "down_response" },
	{ "a down response that we wrote and do not want any more", a_down_response_that_we_wrote, "down_response" },
	{ "a constant that somebody changed", a_constant_that_was_changed, "enabled" },
	{ "two at once", two_at_once, "members ttl" },
};

static void set_scene(const char *spec)
{
	static const struct scene_object objects[] = {
		{ KIND_INGRESS, "east", "web/shop", "10.0.0.1", .paths = "/ /cart" },
		{ KIND_INGRESS, "west", "web/shop", "10.0.0.2", .paths = "/" },
		{ KIND_INGRESS, "west", "web/more", "10.0.0.3", .paths = "/" },
	};
	CLEANUP(freep) char *split = xasprintf("%s'trafficSplit': [{'cluster': 'east', 'priority': 20}]", spec);

	scene_policy(&scene, split);
	scene_know(&scene, NULL, "");
	scene_objects(&scene, objects, ARRAY_SIZE(objects));
	scene_build(&scene);
	scene_carry_out(&scene);
	scene_objects(&scene, objects, ARRAY_SIZE(objects));
	scene_build(&scene);
}

static void a_service_differs_in(void **state)
{
	const struct gs_case *c = *state;
	CLEANUP(strs_release) struct strs fields = { 0 };
	CLEANUP(freep) char *got = NULL;

	set_scene("'healthMonitorRefs': ['hm1', 'hm2'],");
	c->change();
	assert_int_equal(gs_same(scene.wanted.gs[0], actual(), &fields), !*c->want);
	assert_int_equal(gs_same(scene.wanted.gs[0], actual(), NULL), !*c->want);
	got = strs_join(&fields, " ");
	assert_text(got, c->want);
	scene_release(&scene);
}

/* ---- monitors ---- */

static struct monitor *monitor(void)
{
	return scene.actual_monitors[0];
}

static void codes_in_another_order(void)
{
	char *first = monitor()->response_codes.v[0];

	monitor()->response_codes.v[0] = monitor()->response_codes.v[1];
	monitor()->response_codes.v[1] = first;
}

static void another_type(void) { monitor()->type = MONITOR_OTHER; }
static void another_port(void) { monitor()->port = 81; }
static void another_description(void) { put_back(&monitor()->description, "x"); }
static void no_mark(void) { put_back(&monitor()->owner, NULL); }
static void another_request(void) { put_back(&monitor()->request, "GET / HTTP/1.0"); }
static void one_more_code(void) { strs_add(&monitor()->response_codes, "HTTP_4XX"); }
static void another_interval(void) { strs_add(&monitor()->deviations, "send_interval"); }

static const struct gs_case monitor_cases[] = {
	{ "nothing", nothing, "" },
	{ "codes in another order", codes_in_another_order, "" },
	{ "another type", another_type, "type" },
	{ "another port", another_port, "monitor_port" },
	{ "another description", another_description, "description" },
	{ "no mark", no_mark, "markers" },
	{ "another request", another_request, "http_request" },
	{ "one more code", one_more_code, "http_response_code" },
	{ "a constant that somebody changed", another_interval, "send_interval" },
};

static void a_monitor_differs_in(void **state)
{
	const struct gs_case *c = *state;
	CLEANUP(strs_release) struct strs fields = { 0 };
	CLEANUP(freep) char *got = NULL;

	set_scene("");
	c->change();
	assert_int_equal(monitor_same(scene.wanted.monitors[0], monitor(), &fields), !*c->want);
	got = strs_join(&fields, " ");
	assert_text(got, c->want);
	scene_release(&scene);
}

/* ---- the structs ---- */

static void members_join_the_group_of_their_priority(void **state)
{
	static const int priorities[] = { 5, 20, 10, 20, 0, 5 };
	CLEANUP(gs_freep) struct gs *gs = gs_new("admin", "a.org");
	int priority = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(priorities); i++) {
		CLEANUP(freep) char *ip = xasprintf("10.0.0.%zu", i);

		gs_add_member(gs, priorities[i], &(struct gs_member){ .ip = ip, .ratio = 1 });
	}
	assert_int_equal(gs->n_groups, 4);
	for (size_t i = 1; i < gs->n_groups; i++)
		assert_true(gs->groups[i - 1].priority > gs->groups[i].priority);
	assert_int_equal(gs_count_members(gs), 6);
	assert_text(gs->groups[0].members[0].ip, "10.0.0.1");
	assert_text(gs->groups[0].members[1].ip, "10.0.0.3");
	assert_non_null(gs_find_member(gs, "10.0.0.5", &priority));
	assert_int_equal(priority, 5);
	assert_null(gs_find_member(gs, "10.0.0.9", NULL));
}

static void a_copy_is_the_same_and_its_own(void **state)
{
	struct gs *copy;

	(void)state;
	set_scene("'ttl': 9, 'downResponse': {'type': 'GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP', 'fallbackIP': '192.0.2.1'},"
		  "'poolAlgorithmSettings': {'lbAlgorithm': 'GSLB_ALGORITHM_CONSISTENT_HASH', 'hashMask': 3},");
	copy = gs_copy(scene.wanted.gs[0]);
	assert_true(gs_same(scene.wanted.gs[0], copy, NULL));
	put_back(&copy->groups[0].members[0].ip, "10.9.9.9");
	assert_false(gs_same(scene.wanted.gs[0], copy, NULL));
	gs_free(copy);
	scene_release(&scene);
	gs_free(NULL);
	monitor_free(NULL);
}

static void types_have_names(void **state)
{
	(void)state;
	for (enum monitor_type type = MONITOR_HTTP; type <= MONITOR_UDP; type++)
		assert_int_equal(monitor_type_of(monitor_type_name(type)), type);
	assert_null(monitor_type_name(MONITOR_OTHER));
	assert_int_equal(monitor_type_of("HEALTH_MONITOR_PING"), MONITOR_OTHER);
	assert_int_equal(monitor_type_of(NULL), MONITOR_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_join_the_group_of_their_priority),
		cmocka_unit_test(a_copy_is_the_same_and_its_own),
		cmocka_unit_test(types_have_names),
	};
	int n_failed = 0;

	json_init();
	n_failed += RUN_TABLE(a_service_differs_in, gs_cases);
	n_failed += RUN_TABLE(a_monitor_differs_in, monitor_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
