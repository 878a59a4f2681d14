/* Unknown is not absent: what stays at the controller while a cluster is not known, and what goes.
 *
 * Each row is a story: what was true once is what the controller has; then the process starts again, sees what is true now,
 * and does not know all of it.
 */
#include "tests/unit/scene.h"

#define ING KIND_INGRESS
#define SVC KIND_LBSVC
#define EAST ING, "east", "web/shop", "10.0.0.1"
#define WEST ING, "west", "web/shop", "10.0.0.2"

struct story {
	const char *name;
	const char *was_spec;          /* of the policy then; NULL: nothing special */
	struct scene_object was[4];
	const char *spec;              /* of the policy now; NULL: nothing special */
	const char *members;           /* memberClusters now; NULL: east west north */
	const char *unknown;
	struct scene_object now[4];
	const char *gone;              /* an address that was seen to go */
	const char *plan, *groups, *monitors, *description;    /* the latter three: NULL: not looked at */
};

static const struct story stories[] = {
	/* members */
	{ "nothing is seen of a cluster that is not known: nothing happens",
	  NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .unknown = "west", .now = { { EAST, .paths = "/" } }, .plan = "", .groups = "10: 10.0.0.1*1 10.0.0.2*1",
	  .description = "INGRESS/east/web/shop/shop.example.org INGRESS/west/web/shop/shop.example.org" },
	{ "a service that lives only there stays whole",
	  NULL, { { WEST, .paths = "/ /cart" } }, .unknown = "west", .plan = "",
	  .monitors = "http /, http /cart" },
	{ "when it is known its member goes", NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } }, .unknown = "",
	  .now = { { EAST, .paths = "/" } }, .plan = "update service(members,description)", .groups = "10: 10.0.0.1*1" },
	{ "a member whose object is gone from a known cluster stays: its address may be the other's", NULL,
	  { { EAST, .paths = "/" }, { WEST, .paths = "/" } }, .unknown = "west", .plan = "update service(description)",
	  .groups = "10: 10.0.0.1*1 10.0.0.2*1", .description = "INGRESS/west/web/shop/shop.example.org" },
	{ "a member whose object was seen to go goes", NULL,
	  { { EAST, .paths = "/" }, { WEST, .paths = "/" } }, .unknown = "west", .gone = "10.0.0.1",
	  .plan = "update service(members,description)", .groups = "10: 10.0.0.2*1",
	  .description = "INGRESS/west/web/shop/shop.example.org" },
	{ "an address that was seen to go stays while it may be the unknown object's too", NULL,
	  { { EAST, .paths = "/" }, { ING, "west", "web/shop", "10.0.0.1", .paths = "/" } }, .unknown = "west",
	  .gone = "10.0.0.1",
	  .plan = "update service(description)", .groups = "10: 10.0.0.1*1" },
	{ "a member whose object is there but not selected goes",
	  NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } }, .unknown = "west",
	  .now = { { EAST, .labels = "" } }, .plan = "update service(members,description)", .groups = "10: 10.0.0.2*1" },
	{ "its address stays while it may be the unknown object's too", NULL,
	  { { EAST, .paths = "/" }, { ING, "west", "web/shop", "10.0.0.1", .paths = "/" },
	    { ING, "north", "web/shop", "10.0.0.3", .paths = "/" } },
	  .unknown = "west", .now = { { EAST, .labels = "" }, { ING, "north", "web/shop", "10.0.0.3", .paths = "/" } },
	  .plan = "update service(description)", .groups = "10: 10.0.0.3*1 10.0.0.1*1" },
	{ "a member whose object has another address goes, the new one comes", NULL,
	  { { EAST, .vs = "vs-e" }, { WEST, .paths = "/" } }, .unknown = "west",
	  .now = { { ING, "east", "web/shop", "10.0.0.9", .vs = "vs-e" } },
	  .plan = "update service(members)", .groups = "10: 10.0.0.9*1 10.0.0.2*1" },
	{ "a new member of a known cluster comes",
	  NULL, { { WEST, .paths = "/" } }, .unknown = "west", .now = { { EAST, .paths = "/" } },
	  .plan = "update service(members,description)", .groups = "10: 10.0.0.1*1 10.0.0.2*1",
	  .description = "INGRESS/east/web/shop/shop.example.org INGRESS/west/web/shop/shop.example.org" },
	{ "a member that has been listed already is not held twice",
	  NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .unknown = "west", .now = { { EAST, .paths = "/" }, { WEST, .paths = "/" } }, .plan = "",
	  .groups = "10: 10.0.0.1*1 10.0.0.2*1" },
	{ "a held member keeps its weight and priority though the policy was edited",
	  "'trafficSplit': [{'cluster': 'west', 'weight': 8, 'priority': 20}]",
	  { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .spec = "'trafficSplit': [{'cluster': 'east', 'weight': 2}]", .unknown = "west",
	  .now = { { EAST, .paths = "/" } },
	  .plan = "update service(members)", .groups = "20: 10.0.0.2*8 | 10: 10.0.0.1*2" },
	{ "a bare address is held too", "'matchClusters': [{'cluster': 'east'}, {'cluster': 'west', 'syncVipOnly': true}]",
	  { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .spec = "'matchClusters': [{'cluster': 'east'}, {'cluster': 'west', 'syncVipOnly': true}]",
	  .unknown = "west", .now = { { EAST, .paths = "/" } }, .plan = "", .groups = "10: 10.0.0.1*1 10.0.0.2*1" },

	/* what is known enough */
	{ "only the kind that is not known is held", NULL, { { WEST, .paths = "/" } }, .unknown = "west:LBSVC",
	  .plan = "delete service; delete monitor http /" },
	{ "a kind that is not known",
	  NULL, { { SVC, "west", "web/db", "10.0.0.2", .port = 53 } }, .unknown = "west:LBSVC", .plan = "" },
	{ "namespaces that are not known", NULL, { { WEST, .paths = "/" } }, .unknown = "west:namespaces", .plan = "" },
	{ "an object that is listed before its namespace explains nothing yet", NULL,
	  { { EAST, .paths = "/" }, { WEST, .paths = "/" } }, .unknown = "west:namespaces",
	  .now = { { EAST, .paths = "/" }, { WEST, .paths = "/", .has_no_ns = true } }, .plan = "",
	  .groups = "10: 10.0.0.1*1 10.0.0.2*1" },
	{ "an object that is not selected explains nothing while its cluster is being listed", NULL,
	  { { EAST, .paths = "/" }, { WEST, .paths = "/" } }, .unknown = "west",
	  .now = { { EAST, .paths = "/" }, { ING, "west", "web/copy", "10.0.0.2", .labels = "" } }, .plan = "",
	  .groups = "10: 10.0.0.1*1 10.0.0.2*1" },
	{ "nor while another kind of its cluster is unknown", NULL,
	  { { EAST, .paths = "/" }, { SVC, "west", "web/db", "10.0.0.2", .port = 53 } }, .unknown = "west:LBSVC",
	  .now = { { EAST, .paths = "/" }, { ING, "west", "web/copy", "10.0.0.2", .vs = "vs-10.0.0.2", .labels = "" } }, .plan = "",
	  .groups = "10: 10.0.0.1*1 10.0.0.2*1" },
	{ "nor does one that is selected for another tenant", NULL,
	  { { WEST, .paths = "/" } }, .unknown = "west:LBSVC",
	  .now = { { ING, "west", "web/shop", "10.0.0.2", .tenant = "blue", .ns_tenant = "blue" } },
	  .plan = "create monitor blue http /; delete service; delete monitor http /; create service blue",
	  .groups = "blue 10: 10.0.0.2*1" },
	{ "one that is selected explains its own address there, also the one that it had", NULL,
	  { { ING, "west", "web/shop", "10.0.0.2", .vs = "vs-w" }, { SVC, "west", "web/db", "10.0.0.3", .port = 53 } },
	  .unknown = "west:LBSVC", .now = { { ING, "west", "web/shop", "10.0.0.9", .vs = "vs-w" } },
	  .plan = "update service(members)", .groups = "10: 10.0.0.9*1 10.0.0.3*1" },
	{ "a cluster that the policy does not match any more is left on purpose",
	  NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .spec = "'matchClusters': [{'cluster': 'east'}]", .unknown = "west", .now = { { EAST, .paths = "/" } },
	  .plan = "update service(members,description)", .groups = "10: 10.0.0.1*1" },
	{ "a cluster that is no member any more is left on purpose",
	  NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .members = "east north", .unknown = "west", .now = { { EAST, .paths = "/" } },
	  .plan = "update service(members,description)",
	  .groups = "10: 10.0.0.1*1" },
	{ "another cluster that is not known does not matter to this service",
	  NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .unknown = "north", .now = { { EAST, .paths = "/" } }, .plan = "update service(members,description)",
	  .groups = "10: 10.0.0.1*1" },

	/* monitors */
	{ "the paths of held members stay", NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/cart" } }, .unknown = "west",
	  .now = { { EAST, .paths = "/" } }, .plan = "", .monitors = "http /, http /cart" },
	{ "the paths of held members stay beside new ones", NULL, { { WEST, .paths = "/cart" } }, .unknown = "west",
	  .now = { { EAST, .paths = "/new" } },
	  .plan = "create monitor http /new; update service(members,description,health_monitor_refs)",
	  .monitors = "http /new, http /cart" },
	{ "TLS of held members stays", NULL, { { EAST, .paths = "/" }, { WEST, .is_tls = true } }, .unknown = "west",
	  .now = { { EAST, .paths = "/" } }, .plan = "", .monitors = "https /" },
	{ "TLS of held members keeps the persistence", "'sitePersistenceRef': 'gap', 'healthMonitorRefs': ['hm']",
	  { { EAST, .paths = "/" }, { WEST, .is_tls = true } },
	  .spec = "'sitePersistenceRef': 'gap', 'healthMonitorRefs': ['hm']",
	  .unknown = "west", .now = { { EAST, .paths = "/" } }, .plan = "", .monitors = "hm" },
	{ "the port of held Services stays", NULL,
	  { { SVC, "east", "web/db", "10.0.0.1", .port = 8080 },
	  { SVC, "west", "web/db", "10.0.0.2", .port = 53, .protocol = PROTOCOL_UDP } },
	  .unknown = "west", .now = { { SVC, "east", "web/db", "10.0.0.1", .port = 8080 } }, .plan = "",
	  .monitors = "udp 53" },
	{ "a smaller port of a new Service wins",
	  NULL, { { SVC, "west", "web/db", "10.0.0.2", .port = 53, .protocol = PROTOCOL_UDP } },
	  .unknown = "west", .now = { { SVC, "east", "web/db", "10.0.0.1", .port = 52 } },
	  .plan = "update monitor tcp 52(type,monitor_port); update service(members,description)", .monitors = "tcp 52" },
	{ "user monitors stay the policy's",
	  "'healthMonitorRefs': ['hm']", { { WEST, .paths = "/" } }, .spec = "'healthMonitorRefs': ['hm']",
	  .unknown = "west", .plan = "", .monitors = "hm" },
	{ "user monitors that were taken back stay while nothing is known of what would answer instead", "'healthMonitorRefs': ['hm']",
	  { { SVC, "west", "web/db", "10.0.0.2", .port = 53 } }, .unknown = "west", .plan = "", .monitors = "hm" },
	{ "the same when there were none", "'controlPlaneHmOnly': true", { { WEST, .paths = "/" } }, .unknown = "west", .plan = "",
	  .monitors = "" },

	/* tenants */
	{ "a tenant's service is held by itself", NULL,
	  { { EAST, .tenant = "blue", .ns_tenant = "blue" }, { WEST, .tenant = "blue", .ns_tenant = "blue" } },
	  .unknown = "west",
	  .now = { { EAST, .paths = "/" } },
	  .plan = "create monitor http /; create service; update service blue(members,description)",
	  .groups = "10: 10.0.0.1*1; blue 10: 10.0.0.2*1" },
};

static void it_stays_or_goes(void **state)
{
	const struct story *c = *state;
	CLEANUP(scene_release) struct scene s = { 0 };
	CLEANUP(freep) char *plan = NULL, *groups = NULL, *monitors = NULL, *description = NULL;

	scene_policy(&s, c->was_spec ? c->was_spec : "");
	scene_know(&s, NULL, "");
	scene_objects(&s, c->was, ARRAY_SIZE(c->was));
	scene_build(&s);
	scene_carry_out(&s);
	scene_policy(&s, c->spec ? c->spec : "");
	scene_know(&s, c->members, c->unknown);
	scene_objects(&s, c->now, ARRAY_SIZE(c->now));
	if (c->gone)
		s.gone[s.n_gone++].ip = (char *)(uintptr_t)c->gone;
	scene_build(&s);
	scene_plan(&s);
	plan = scene_plan_text(&s);
	groups = scene_groups(&s);
	monitors = scene_monitors(&s);
	description = scene_description(&s);
	assert_text(plan, c->plan);
	assert_text(groups, c->groups ? c->groups : groups);
	assert_text(monitors, c->monitors ? c->monitors : monitors);
	assert_text(description, c->description ? c->description : description);
}

/* When all is known again, what was held is judged like everything else: one write leads to what follows from the objects. */
static void what_was_held_is_judged_later(void **state)
{
	static const struct scene_object was[] = { { EAST, .paths = "/" }, { WEST, .paths = "/cart", .is_tls = true } };
	static const struct scene_object now[] = { { EAST, .paths = "/" } };
	CLEANUP(scene_release) struct scene s = { 0 };
	CLEANUP(freep) char *plan = NULL;

	(void)state;
	scene_policy(&s, "");
	scene_know(&s, NULL, "");
	scene_objects(&s, was, ARRAY_SIZE(was));
	scene_build(&s);
	scene_carry_out(&s);
	scene_objects(&s, now, ARRAY_SIZE(now));
	scene_know(&s, NULL, "west");
	scene_build(&s);
	assert_int_equal(s.wanted.n_members_held, 1);
	wanted_release(&s.wanted);
	scene_know(&s, NULL, "");
	scene_build(&s);
	assert_int_equal(s.wanted.n_members_held, 0);
	scene_plan(&s);
	plan = scene_plan_text(&s);
	assert_text(plan, "create monitor http /; update service(members,description,health_monitor_refs); "
		    "delete monitor https /; delete monitor https /cart");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_held_is_judged_later) };

	json_init();
	return RUN_TABLE(it_stays_or_goes, stories) + cmocka_run_group_tests(tests, NULL, NULL);
}
