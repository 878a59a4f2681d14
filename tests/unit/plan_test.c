/* What must change at the controller, in which order, and what may not go without a cause. */
#include "tests/unit/scene.h"

#define ING KIND_INGRESS
#define SVC KIND_LBSVC
#define EAST ING, "east", "web/shop", "10.0.0.1"
#define WEST ING, "west", "web/shop", "10.0.0.2"

/* ---- one name, then and now ---- */

struct plan_case {
	const char *name;
	const char *was_spec;          /* of the policy then; NULL: nothing special */
	struct scene_object was[4];
	const char *description;       /* at the controller, parts separated by blanks; NULL: as it was written */
	bool is_emptied;               /* somebody has taken its members away there */
	const char *owner;             /* what the controller's objects are marked with; NULL: ours */
	const char *spec;              /* of the policy now; NULL: nothing special */
	bool is_policy_deleted;        /* on purpose */
	const char *members, *unknown;
	struct scene_object now[4];
	const char *plan;
};

#define UNKNOWN_MONITOR "a monitor that no service refers to stays until every cluster of the policy is known"

static const struct plan_case plan_cases[] = {
	/* nothing, creation, update */
	{ "nothing to nothing", NULL, { { .cluster = NULL } }, .plan = "" },
	{ "nothing changed",
	  NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .now = { { WEST, .paths = "/" }, { EAST, .paths = "/" } },
	  .plan = "" },
	{ "monitors come before the service that refers to them",
	  NULL, { { .cluster = NULL } }, .now = { { EAST, .paths = "/ /cart" } },
	  .plan = "create monitor http /; create monitor http /cart; create service" },
	{ "a service without monitors",
	  NULL, { { .cluster = NULL } }, .spec = "'controlPlaneHmOnly': true", .now = { { EAST, .paths = "/" } },
	  .plan = "create service" },
	{ "the service changes before the monitors that it leaves go",
	  NULL, { { EAST, .paths = "/" } }, .now = { { EAST, .paths = "/cart" } },
	  .plan = "create monitor http /cart; update service(health_monitor_refs); delete monitor http /" },
	{ "a member comes", NULL, { { EAST, .paths = "/" } }, .now = { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .plan = "update service(members,description)" },
	{ "an address changes alone (Q23)",
	  NULL, { { EAST, .vs = "vs" } }, .now = { { ING, "east", "web/shop", "10.0.0.9", .vs = "vs" } },
	  .plan = "update service(members)" },
	{ "TLS comes", NULL, { { EAST, .paths = "/" } }, .now = { { EAST, .is_tls = true } },
	  .plan = "create monitor https /; update service(health_monitor_refs); delete monitor http /" },
	{ "a monitor changes in its place (Q42)", NULL, { { SVC, "east", "web/db", "10.0.0.1", .port = 80 } },
	  .now = { { SVC, "east", "web/db", "10.0.0.1", .port = 53, .protocol = PROTOCOL_UDP } },
	  .plan = "update monitor udp 53(type,monitor_port)" },
	{ "a template comes",
	  NULL, { { EAST, .paths = "/" } }, .spec = "'healthMonitorTemplate': 'tpl'", .now = { { EAST, .paths = "/" } },
	  .plan = "update monitor http /(description,http_request,http_response_code)" },
	{ "user monitors come", NULL, { { EAST, .paths = "/ /cart" } }, .spec = "'healthMonitorRefs': ['hm1', 'hm2']",
	  .now = { { EAST, .paths = "/ /cart" } },
	  .plan = "update service(min_health_monitors_up,health_monitor_refs); delete monitor http /; "
	  "delete monitor http /cart" },
	{ "user monitors go, they themselves stay", "'healthMonitorRefs': ['hm1', 'hm2']", { { EAST, .paths = "/" } },
	  .now = { { EAST, .paths = "/" } },
	  .plan = "create monitor http /; update service(min_health_monitors_up,health_monitor_refs)" },
	{ "a ttl of nothing is a change",
	  NULL, { { EAST, .paths = "/" } }, .spec = "'ttl': 0", .now = { { EAST, .paths = "/" } },
	  .plan = "update service(ttl)" },

	/* tenants */
	{ "in the old tenant it goes before it comes in the new one, but after that one took a monitor",
	  NULL, { { EAST, .tenant = "blue", .ns_tenant = "blue" } },
	  .now = { { EAST, .paths = "/" } },
	  .plan = "create monitor http /; delete service blue; delete monitor blue http /; create service" },
	{ "one tenant's service does not touch another's", NULL,
	  { { EAST, .paths = "/" }, { WEST, .tenant = "blue", .ns_tenant = "blue" } }, .now = { { EAST, .paths = "/" } },
	  .plan = "delete service blue; delete monitor blue http /" },

	/* an older installation */
	{ "what an older release has marked becomes ours",
	  NULL, { { EAST, .paths = "/" } }, .owner = "amko-gslb", .now = { { EAST, .paths = "/" } },
	  .plan = "update monitor http /(markers); update service(created_by)" },
	{ "what an older release has marked may go", NULL, { { EAST, .paths = "/" } }, .owner = "amko-gslb",
	  .plan = "delete service; delete monitor http /" },

	/* deletions need a cause */
	{ "the object is gone from a list that is complete",
	  NULL, { { EAST, .paths = "/" } }, .plan = "delete service; delete monitor http /" },
	{ "the object has lost its label", NULL, { { EAST, .paths = "/" } }, .now = { { EAST, .labels = "" } },
	  .plan = "delete service; delete monitor http /" },
	{ "its namespace has lost its label",
	  "'matchRules': {'namespaceSelector': {'label': {'ns': 'gslb'}}}", { { EAST, .paths = "/" } },
	  .spec = "'matchRules': {'namespaceSelector': {'label': {'ns': 'gslb'}}}", .now = { { EAST, .ns_labels = "" } },
	  .plan = "delete service; delete monitor http /" },
	{ "its identities are gone",
	  NULL, { { EAST, .paths = "/" } }, .now = { { EAST, .vs = "" } },
	  .plan = "delete service; delete monitor http /" },
	{ "its tenant does not match any more: no member, also if it was one", NULL, { { EAST, .paths = "/" } },
	  .now = { { EAST, .ns_tenant = "blue" } }, .plan = "delete service; delete monitor http /" },
	{ "the policy was edited",
	  NULL, { { EAST, .paths = "/" } }, .spec = "'matchRules': {'appSelector': {'label': {'app': 'x'}}}",
	  .now = { { EAST, .paths = "/" } }, .plan = "delete service; delete monitor http /" },
	{ "the cluster left matchClusters, known or not",
	  NULL, { { WEST, .paths = "/" } }, .spec = "'matchClusters': [{'cluster': 'east'}]",
	  .unknown = "west", .plan = "delete service; delete monitor http /" },
	{ "the cluster left memberClusters",
	  NULL, { { WEST, .paths = "/" } }, .members = "east north", .plan = "delete service; delete monitor http /" },
	{ "one of its clusters is not known: no cause", NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } },
	  .is_emptied = true, .unknown = "west", .now = { { EAST, .labels = "" } },
	  .plan = "held 1: INGRESS/west/web/shop/shop.example.org" },
	{ "its kind is not known: no cause", NULL, { { SVC, "east", "web/db", "10.0.0.1", .port = 53 } },
	  .is_emptied = true, .unknown = "east:LBSVC", .plan = "held 1: LBSVC/east/web/db" },
	{ "the namespaces of its cluster are not known: no cause, the members stay", NULL, { { EAST, .paths = "/" } },
	  .unknown = "east:namespaces", .now = { { EAST, .has_no_ns = true } }, .plan = "" },
	{ "its namespace is not there though all are known",
	  NULL, { { EAST, .paths = "/" } }, .now = { { EAST, .has_no_ns = true } },
	  .plan = "delete service; delete monitor http /" },
	{ "other kinds of its cluster are not asked for",
	  NULL, { { SVC, "east", "web/db", "10.0.0.1", .port = 53 } }, .unknown = "east:INGRESS",
	  .plan = "delete service; delete monitor tcp 53" },
	{ "an empty description is explained by rules that are not read: no cause",
	  NULL, { { EAST, .paths = "/" } }, .description = "",
	  .plan = "held 1: its description names no object" },
	{ "a description that cannot be read: no cause",
	  NULL, { { EAST, .paths = "/" } }, .description = "INGRESS/east/web/shop/shop.example.org x/y",
	  .now = { { EAST, .labels = "" } }, .plan = "held 1: x/y" },
	{ "the policy was deleted on purpose: everything goes", NULL, { { EAST, .paths = "/" } }, .is_policy_deleted = true,
	  .now = { { EAST, .paths = "/" } }, .plan = "delete service; delete monitor http /" },
	{ "also of clusters that are not known",
	  NULL, { { EAST, .paths = "/" }, { WEST, .paths = "/" } }, .is_policy_deleted = true,
	  .unknown = "west", .plan = "delete service; delete monitor http /" },
	{ "also with an empty description", NULL, { { EAST, .paths = "/" } }, .description = "", .is_policy_deleted = true,
	  .plan = "delete service; delete monitor http /" },
	{ "a held service keeps its monitors", NULL, { { EAST, .paths = "/" } }, .description = "", .unknown = "west",
	  .plan = "held 1: its description names no object" },
};

static void put_back(char **text, const char *with)
{
	free(*text);
	*text = xstrdup(with);
}

static void empty(struct gs *gs)
{
	for (size_t g = 0; g < gs->n_groups; g++)
		for (size_t m = 0; m < gs->groups[g].n_members; m++)
			free(TAKE(gs->groups[g].members[m].ip));
}

/* What the controller shows is not what we would have written. */
static void disguise(struct scene *s, const struct plan_case *c)
{
	for (size_t i = 0; i < s->n_actual; i++) {
		struct slice rest = slice_of(c->description), part;

		if (c->owner)
			put_back(&s->actual[i]->created_by, c->owner);
		if (c->is_emptied)
			empty(s->actual[i]);
		if (!c->description)
			continue;
		strs_release(&s->actual[i]->objects);
		while (rest.n && slice_split(&rest, ' ', &part))
			strs_take(&s->actual[i]->objects, slice_dup(part));
	}
	for (size_t i = 0; i < s->n_actual_monitors && c->owner; i++)
		put_back(&s->actual_monitors[i]->owner, c->owner);
}

static void the_plan_is(void **state)
{
	const struct plan_case *c = *state;
	CLEANUP(scene_release) struct scene s = { 0 };
	CLEANUP(freep) char *got = NULL;

	scene_policy(&s, c->was_spec ? c->was_spec : "");
	scene_know(&s, NULL, "");
	scene_objects(&s, c->was, ARRAY_SIZE(c->was));
	scene_build(&s);
	scene_carry_out(&s);
	disguise(&s, c);
	scene_policy(&s, c->is_policy_deleted ? NULL : c->spec ? c->spec : "");
	scene_know(&s, c->members, c->unknown ? c->unknown : "");
	scene_objects(&s, c->now, ARRAY_SIZE(c->now));
	scene_build(&s);
	scene_plan(&s);
	got = scene_plan_text(&s);
	assert_text(got, c->plan);
}

/* ---- monitors that no service refers to ---- */

struct stray_case {
	const char *name;
	const char *monitor;           /* its name */
	const char *description, *owner, *tenant;      /* tenant: NULL is admin */
	const char *unknown;
	bool has_service;              /* the service is there, wanted and converged */
	bool is_policy_deleted;
	const char *plan;
};

#define OURS SCENE_OWNER
#define OF_SHOP "created by: amko, gsname: shop.example.org, path: /old, protocol: http"
#define HASHED "amko--0123456789012345678901234567890123456789"

static const struct stray_case stray_cases[] = {
	{ "ours, of a service that is gone", HASHED, OF_SHOP, OURS, .plan = "delete monitor http /old" },
	{ "ours, of a service that does not use it",
	  HASHED, OF_SHOP, OURS, .has_service = true, .plan = "delete monitor http /old" },
	{ "ours, in a tenant without the service",
	  HASHED, OF_SHOP, OURS, "blue", .has_service = true, .plan = "delete monitor blue http /old" },
	{ "it names no cluster, so all must be known",
	  HASHED, OF_SHOP, OURS, .unknown = "west", .plan = "held 1: " UNKNOWN_MONITOR },
	{ "also beside its service",
	  HASHED, OF_SHOP, OURS, .unknown = "west", .has_service = true, .plan = "held 1: " UNKNOWN_MONITOR },
	{ "all kinds must be known", HASHED, OF_SHOP, OURS, .unknown = "west:LBSVC", .plan = "held 1: " UNKNOWN_MONITOR },
	{ "the policy was deleted on purpose", HASHED, OF_SHOP, OURS, .unknown = "west", .is_policy_deleted = true,
	  .plan = "delete monitor http /old" },
	{ "marked by an older release", HASHED, OF_SHOP, "amko-gslb", .plan = "delete monitor http /old" },
	{ "marked by somebody else", HASHED, OF_SHOP, "amko-77", .plan = "" },
	{ "marked by nobody, with a name of today", HASHED, OF_SHOP, .owner = NULL, .plan = "" },
	{ "of a longer name (Q44)",
	  HASHED, "created by: amko, gsname: shop.example.org.au, path: /, protocol: http", OURS, .plan = "" },
	{ "of a shorter name", HASHED, "created by: amko, gsname: shop.example", OURS, .plan = "" },
	{ "of no service", HASHED, "created by: amko", OURS, .plan = "" },
	{ "the shared one of passthrough services never goes",
	  "amko--passthrough-hm-tcp-3f0c7c1e-9a51-11ee-8f4b-0242ac120002",
	  OF_SHOP, OURS, .plan = "" },
	{ "nor an older one of them",
	  "amko--passthrough-hm-tcp", OF_SHOP, "amko-gslb", .is_policy_deleted = true, .plan = "" },
	{ "an old name of a path, marked by nobody",
	  "amko--http--shop.example.org--/old", "x", .owner = NULL, .plan = "delete monitor http /old" },
	{ "an old name of a TLS path",
	  "amko--https--shop.example.org--/old", "", .owner = NULL, .plan = "delete monitor http /old" },
	{ "an old name of a path with dashes",
	  "amko--http--shop.example.org--/old--one", "", .owner = NULL, .plan = "delete monitor http /old" },
	{ "an old name of a port", "amko--shop.example.org", "", .owner = NULL, .plan = "delete monitor http /old" },
	{ "an old name marked by somebody else", "amko--http--shop.example.org--/old", "", "amko-77", .plan = "" },
	{ "an old name of a longer service", "amko--http--shop.example.org.au--/old", "", .owner = NULL, .plan = "" },
	{ "a user's name that looks alike (Q45)", "my--shop.example.org", "", .owner = NULL, .plan = "" },
	{ "a user's name in four parts", "my--http--shop.example.org--/old", "", .owner = NULL, .plan = "" },
};

static void the_stray_monitor(void **state)
{
	const struct stray_case *c = *state;
	static const struct scene_object shop = { EAST, .paths = "/" };
	CLEANUP(scene_release) struct scene s = { 0 };
	CLEANUP(freep) char *got = NULL;
	struct monitor *monitor = monitor_new(c->tenant ? c->tenant : "admin", c->monitor);

	scene_policy(&s, "");
	scene_know(&s, NULL, "");
	if (c->has_service) {
		scene_objects(&s, &shop, 1);
		scene_build(&s);
		scene_carry_out(&s);
		scene_objects(&s, &shop, 1);
	}
	monitor->description = xstrdup(c->description);
	monitor->owner = xstrdup(c->owner);
	monitor->type = MONITOR_HTTP;
	monitor->request = xstrdup("HEAD /old HTTP/1.0");
	monitor->uuid = xstrdup("healthmonitor-9");
	s.actual_monitors[s.n_actual_monitors++] = monitor;
	if (c->is_policy_deleted)
		scene_policy(&s, NULL);
	scene_know(&s, NULL, c->unknown ? c->unknown : "");
	scene_build(&s);
	scene_plan(&s);
	got = scene_plan_text(&s);
	assert_text(got, c->plan);
}

/* ---- whose is it, and what for ---- */

struct gs_name_case {
	const char *name, *monitor, *description;
	const char *want;              /* the service; NULL: none */
};

static const struct gs_name_case gs_name_cases[] = {
	{ "its description says it", HASHED, OF_SHOP, "shop.example.org" },
	{ "a description without a path", HASHED, "created by: amko, gsname: a.org", "a.org" },
	{ "blanks do not count", HASHED, "created by: amko, gsname:  a.org , x", "a.org" },
	{ "a description that says it twice says nothing", HASHED, "gsname: a.org, gsname: b.org", NULL },
	{ "a description that names nothing says nothing", HASHED, "gsname: , path: /", NULL },
	{ "then its old name says it", "amko--http--b.org--/", "gsname: ", "b.org" },
	{ "the description goes before the name", "amko--http--b.org--/", "gsname: a.org", "a.org" },
	{ "an old name of a path", "amko--http--a.org--/x", NULL, "a.org" },
	{ "an old name of a path, some text in it", "amko--https--a.org--/", "x", "a.org" },
	{ "an old name of a service with two dashes", "amko--http--a--b.org--/x", NULL, "a--b.org" },
	{ "an old name of a port", "amko--a.org", NULL, "a.org" },
	{ "a name of today", HASHED, NULL, NULL },
	{ "three parts", "amko--a.org--b", NULL, NULL },
	{ "another scheme", "amko--ftp--a.org--/", NULL, NULL },
	{ "another maker", "my--a.org", NULL, NULL },
	{ "the prefix alone", "amko--", NULL, NULL },
	{ "no name to speak of", "x", "", NULL },
};

static void it_was_made_for(void **state)
{
	const struct gs_name_case *c = *state;
	CLEANUP(monitor_freep) struct monitor *monitor = monitor_new("admin", c->monitor);
	CLEANUP(freep) char *got = NULL;

	monitor->description = xstrdup(c->description);
	got = monitor_gs_name(monitor);
	assert_text(got, c->want);
}

static void operations_have_names(void **state)
{
	const struct op creation = { .type = OP_CREATE_GS }, deletion = { .type = OP_DELETE_MONITOR };

	(void)state;
	assert_text(op_type_name(OP_CREATE_MONITOR), "create monitor");
	assert_text(op_type_name(OP_DELETE_MONITOR), "delete monitor");
	assert_true(op_is_creation(&creation) && op_is_gs(&creation) && !op_is_deletion(&creation));
	assert_true(op_is_deletion(&deletion) && !op_is_gs(&deletion) && !op_is_creation(&deletion));
	plan_release(NULL);
	wanted_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(operations_have_names) };
	int n_failed = 0;

	json_init();
	n_failed += RUN_TABLE(the_plan_is, plan_cases);
	n_failed += RUN_TABLE(the_stray_monitor, stray_cases);
	n_failed += RUN_TABLE(it_was_made_for, gs_name_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
