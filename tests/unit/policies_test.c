/* Which policy is in force, as conversations: what happens in the cluster and at the controller, and what is said.
 *
 * The own cluster and the controller are fakes of this file.
 */
#include "tests/unit/scene.h"

#include "common/base/buf.h"
#include "common/base/log.h"
#include "leader/config/policies.h"

#define MAX_POLICIES 4

/* ---- the own cluster ---- */

struct home {
	struct gdp *v[MAX_POLICIES];   /* oldest first */
	size_t n;
	bool has_policies, has_namespace;
};

const struct gdp **home_policies(const struct home *home, size_t *n)
{
	const struct gdp **out = xcalloc(MAX_POLICIES, sizeof(*out));

	for (*n = 0; *n < home->n; ++*n)
		out[*n] = home->v[*n];
	return out;
}

bool home_has_policies(const struct home *home)
{
	return home->has_policies;
}

bool home_has_namespace(const struct home *home)
{
	return home->has_namespace;
}

const char *home_tenant(const struct home *home)
{
	(void)home;
	return NULL;
}

/* ---- the controller ---- */

struct controller {
	struct lookups *asked;         /* NULL: nothing is open */
	controller_lookup_fn *done;
	void *arg;
	char tenant[32];
};

void controller_lookup(struct controller *controller, const char *tenant, struct lookups *lookups,
	controller_lookup_fn *done, void *arg)
{
	controller->asked = lookups;
	controller->done = done;
	controller->arg = arg;
	snprintf(controller->tenant, sizeof(controller->tenant), "%s", tenant);
}

void controller_lookup_cancel(struct controller *controller)
{
	controller->asked = NULL;
}

static void answer(struct controller *controller, bool is_found)
{
	struct lookups *asked = controller->asked;

	assert_non_null(asked);
	controller->asked = NULL;
	for (size_t i = 0; i < asked->n; i++) {
		asked->v[i].state = is_found ? LOOKUP_FOUND : LOOKUP_ABSENT;
		asked->v[i].has_is_federated = asked->v[i].is_federated = is_found;
	}
	controller->done(controller->arg, NULL);
}

static void fail_to_answer(struct controller *controller, const char *why)
{
	assert_non_null(controller->asked);
	controller->asked = NULL;
	controller->done(controller->arg, why);
}

/* ---- the talk ---- */

struct talk {
	uv_loop_t loop;
	struct home home;
	struct controller controller;
	struct gslbconfig *config;
	struct policies *policies;
	struct buf said;
};

static void say(struct talk *t, const char *text)
{
	buf_printf(&t->said, "%s%s", t->said.n ? "; " : "", text);
}

static void on_change(void *arg)
{
	struct talk *t = arg;
	const struct gdp *gdp = policies_in_force(t->policies);
	CLEANUP(freep) char *text = gdp ? xasprintf("in force: %s ttl %d", gdp->name,
		gdp->ttl_s) : xstrdup("none in force");

	say(t, text);
	assert_int_equal(policies_state(t->policies), gdp ? POLICY_IN_FORCE : POLICY_DELETED);
}

static void on_settled(void *arg)
{
	say(arg, "settled");
}

/* The API server takes it at once. */
static void set_status(void *arg, const struct gdp *gdp, const char *error_status)
{
	struct gdp *object = (struct gdp *)(uintptr_t)gdp;
	CLEANUP(freep) char *text = xasprintf("%s: %s", gdp->name, error_status);

	say(arg, text);
	free(object->error_status);
	object->error_status = xstrdup(error_status);
}

static size_t find(const struct talk *t, const char *name)
{
	size_t i = 0;

	while (i < t->home.n && !streq(t->home.v[i]->name, name))
		i++;
	return i;
}

/* "name ttl [bad] [ref] [marked] [elsewhere]" */
static struct gdp *policy_of(const char *text)
{
	char name[16], *json_text;
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	struct gdp *gdp;
	int ttl_s = 0;

	assert_true(sscanf(text, "%15s %d", name, &ttl_s) >= 1);
	json_text = xasprintf("{'metadata': {'name': '%s', 'namespace': '%s'}, 'spec': {'ttl': %d, %s"
			      "'matchRules': {'appSelector': {'label': {'app': 'gslb'}}},"
			      "'matchClusters': [{'cluster': '%s'}]}%s}",
			      name, strstr(text, "elsewhere") ? "default" : "avi-system", ttl_s,
			      strstr(text, "ref") ? "'healthMonitorRefs': ['hm']," : "", strstr(text,
				"bad") ? "nowhere" : "east",
			      strstr(text, "marked") ? ", 'status': {'errorStatus': 'success'}" : "");
	json = scene_json(json_text);
	free(json_text);
	gdp = gdp_from_json(json);
	assert_text(gdp->error, NULL);
	return gdp;
}

/* An edit keeps what the status shows. */
static void put(struct talk *t, const char *text)
{
	struct gdp *gdp = policy_of(text);
	size_t at = find(t, gdp->name);

	if (at < t->home.n) {
		free(gdp->error_status);
		gdp->error_status = xstrdup(t->home.v[at]->error_status);
		gdp_free(t->home.v[at]);
	} else {
		assert_true(++t->home.n <= MAX_POLICIES);
	}
	t->home.v[at] = gdp;
}

static void take_away(struct talk *t, const char *name)
{
	size_t at = find(t, name);
	CLEANUP(gdp_freep) struct gdp *gdp = t->home.v[at];

	assert_true(at < t->home.n);
	for (t->home.n--; at < t->home.n; at++)
		t->home.v[at] = t->home.v[at + 1];
	t->home.v[t->home.n] = NULL;
	policies_deleted(t->policies, gdp->namespace, gdp->name);
}

/* "put a 30", "delete a", "also put b" (without looking at it yet), "found", "absent", "no answer", "configure",
	"leave" */
static void step(struct talk *t, const char *text)
{
	if (streq(text, "found") || streq(text, "absent"))
		answer(&t->controller, streq(text, "found"));
	else if (streq(text, "no answer"))
		fail_to_answer(&t->controller, "it is away");
	else if (streq(text, "configure"))
		policies_configure(t->policies, t->config, &t->controller);
	else if (streq(text, "leave"))
		policies_configure(t->policies, t->config, NULL);
	else if (streq(text, "listed"))
		t->home.has_policies = t->home.has_namespace = true;
	else if (strncmp(text, "delete ", 7) == 0)
		take_away(t, text + 7);
	else
		put(t, strstr(text, "put ") + 4);
	if (strncmp(text, "put", 3) == 0 || strncmp(text, "delete", 6) == 0 || streq(text, "listed"))
		policies_run(t->policies);
}

#define EXISTS "a GDP object already exists, can't add another"
#define BAD "cluster context nowhere not present in GSLBConfig"

struct talk_case {
	const char *name;
	const char *steps[8];
	const char *said;              /* by the last step */
	const char *in_force;          /* in the end; NULL: none */
	enum policy_state state;
	const char *condition;         /* "True Accepted: " */
};

static const struct talk_case talk_cases[] = {
	{ "nothing is no cause for anything", { "configure", "listed" }, "settled", NULL, POLICY_NONE,
	  "False NoPolicy: no GlobalDeploymentPolicy is in force: nothing is created or removed" },
	{ "nothing is judged before the lists are complete",
	  { "configure", "put a 1" }, "", NULL, POLICY_NONE, .condition = NULL },
	{ "nothing is judged before there is a configuration",
	  { "listed", "put a 1" }, "", NULL, POLICY_NONE, .condition = NULL },
	{ "one that is sound is in force",
	  { "configure", "listed", "put a 1" }, "in force: a ttl 1; a: success; settled", "a", POLICY_IN_FORCE,
	  "True Accepted: " },
	{ "one that is not is told so",
	  { "configure", "listed", "put a bad" }, "a: " BAD "; settled", NULL, POLICY_NONE,
	  "False Refused: " BAD },
	{ "what the status shows is not told again",
	  { "configure", "listed", "put a 1 marked" }, "in force: a ttl 1; settled", "a",
	  POLICY_IN_FORCE, "True Accepted: " },
	{ "a second one is one too many",
	  { "configure", "listed", "put a 1", "put b 2" }, "b: " EXISTS "; settled", "a", POLICY_IN_FORCE,
	  "True Accepted: " },
	{ "a bad second one too",
	  { "configure", "listed", "put a 1", "put b bad" }, "b: " EXISTS "; settled", "a", POLICY_IN_FORCE,
	  "True Accepted: " },
	{ "the oldest first",
	  { "configure", "also put a 1", "also put b 2", "listed" },
	  "in force: a ttl 1; a: success; b: " EXISTS "; settled", "a",
	  POLICY_IN_FORCE, .condition = NULL },
	{ "one that was in force before goes first", { "configure", "also put a 1", "also put b 2 marked", "listed" },
	  "in force: b ttl 2; a: " EXISTS "; settled", "b", POLICY_IN_FORCE, .condition = NULL },
	{ "when the oldest is bad the next is judged", { "configure", "also put a bad", "also put b 2", "listed" },
	  "a: " BAD "; in force: b ttl 2; a: " EXISTS "; b: success; settled", "b", POLICY_IN_FORCE,
	  .condition = NULL },
	{ "another namespace's is not looked at",
	  { "configure", "listed", "put a 1 elsewhere" }, "settled", NULL, POLICY_NONE, .condition = NULL },

	/* edits */
	{ "an edit takes effect",
	  { "configure", "listed", "put a 1", "put a 2" }, "in force: a ttl 2; settled", "a", POLICY_IN_FORCE,
	  .condition = NULL },
	{ "an edit that is refused leaves the last content in force",
	  { "configure", "listed", "put a 1", "put a 2 bad" }, "a: " BAD "; settled",
	  "a", POLICY_IN_FORCE, "False Refused: " BAD },
	{ "an edit back is in force as before", { "configure", "listed", "put a 1", "put a 2 bad", "put a 3" },
	  "in force: a ttl 3; a: success; settled", "a", POLICY_IN_FORCE, "True Accepted: " },
	{ "a refused one that is edited is judged anew", { "configure", "listed", "put a bad", "put a 1" },
	  "in force: a ttl 1; a: success; settled", "a", POLICY_IN_FORCE, .condition = NULL },
	{ "nothing changed: nothing is said",
	  { "configure", "listed", "put a 1", "put a 1" }, "settled", "a", POLICY_IN_FORCE, .condition = NULL },

	/* deletion */
	{ "deleted on purpose: none is in force",
	  { "configure", "listed", "put a 1", "delete a" }, "none in force; settled", NULL,
	  POLICY_DELETED, .condition = NULL },
	{ "deleted with a successor: never without one", { "configure", "listed", "put a 1", "put b 2", "delete a" },
	  "in force: b ttl 2; b: success; settled", "b", POLICY_IN_FORCE, .condition = NULL },
	{ "deleted with a bad successor: none is in force",
	  { "configure", "listed", "put a 1", "put b bad", "delete a" },
	  "b: " BAD "; none in force; settled", NULL, POLICY_DELETED, .condition = NULL },
	{ "a bad one's deletion does not matter",
	  { "configure", "listed", "put a 1", "put b bad", "delete b" }, "settled", "a", POLICY_IN_FORCE,
	  .condition = NULL },
	{ "a refused only one that is deleted deletes nothing",
	  { "configure", "listed", "put a bad", "delete a" }, "settled", NULL, POLICY_NONE,
	  .condition = NULL },
	{ "made again it is in force again", { "configure", "listed", "put a 1", "delete a", "put a 2" },
	  "in force: a ttl 2; a: success; settled", "a", POLICY_IN_FORCE, .condition = NULL },

	/* the controller is asked */
	{ "it waits for the controller's answer",
	  { "configure", "listed", "put a 1 ref" }, "", NULL, POLICY_NONE, .condition = NULL },
	{ "what the controller knows is accepted",
	  { "configure", "listed", "put a 1 ref", "found" }, "in force: a ttl 1; a: success; settled", "a",
	  POLICY_IN_FORCE, .condition = NULL },
	{ "what it does not know is refused",
	  { "configure", "listed", "put a 1 ref", "absent" }, "a: health monitor ref hm is invalid; settled",
	  NULL, POLICY_NONE, .condition = NULL },
	{ "without an answer nothing is decided",
	  { "configure", "listed", "put a 1 ref", "no answer" }, "settled", NULL, POLICY_NONE,
	  "Unknown ControllerUnreachable: it is away" },
	{ "without an answer the last content stays",
	  { "configure", "listed", "put a 1", "put a 2 ref", "no answer" }, "settled", "a",
	  POLICY_IN_FORCE, "Unknown ControllerUnreachable: it is away" },
	{ "an edit meanwhile is another question", { "configure", "listed", "put a 1 ref", "put a 2 ref", "found" },
	  "in force: a ttl 2; a: success; settled", "a", POLICY_IN_FORCE, .condition = NULL },
	{ "an edit meanwhile may need no question", { "configure", "listed", "put a 1 ref", "put a 2" },
	  "in force: a ttl 2; a: success; settled", "a", POLICY_IN_FORCE, .condition = NULL },
	{ "gone meanwhile",
	  { "configure", "listed", "put a 1 ref", "delete a" }, "settled", NULL, POLICY_NONE, .condition = NULL },
	{ "another controller is asked anew", { "configure", "listed", "put a 1 ref", "found", "configure", "absent" },
	  "a: health monitor ref hm is invalid; settled", "a", POLICY_IN_FORCE,
	  "False Refused: health monitor ref hm is invalid" },
	{ "without a controller what is in force stays",
	  { "configure", "listed", "put a 1", "leave", "put a 2" }, "", "a", POLICY_IN_FORCE,
	  .condition = NULL },
	{ "deleted while there is no controller, it is gone when one comes",
	  { "configure", "listed", "put a 1", "leave", "delete a", "configure" },
	  "none in force; settled", NULL, POLICY_DELETED, .condition = NULL },
};

static struct talk *talk_of(void)
{
	struct talk *t = xcalloc(1, sizeof(*t));
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json("{'metadata': {'name': 'gc', 'namespace': 'avi-system'}, 'spec': {"
		"'gslbLeader': {'controllerIP': '10.0.0.5', 'credentials': 'c'},"
		"'memberClusters': [{'clusterContext': 'east'}]}}");

	uv_loop_init(&t->loop);
	buf_init(&t->said, 4096);
	t->config = gslbconfig_from_json(json);
	t->policies = policies_new(&(struct policies_options){
		.loop = &t->loop, .home = &t->home, .namespace = "avi-system", .on_change = on_change, .on_settled = on_settled,
		.set_status = set_status, .arg = t });
	return t;
}

static void talk_end(struct talk *t)
{
	policies_free(t->policies);
	policies_free(NULL);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	for (size_t i = 0; i < t->home.n; i++)
		gdp_free(t->home.v[i]);
	gslbconfig_free(t->config);
	buf_release(&t->said);
	free(t);
}

static void the_talk_goes(void **state)
{
	const struct talk_case *c = *state;
	struct talk *t = talk_of();
	const struct gdp *in_force;
	const char *reason, *message, *value;

	for (size_t i = 0; i < ARRAY_SIZE(c->steps) && c->steps[i]; i++) {
		buf_clear(&t->said);
		step(t, c->steps[i]);
	}
	in_force = policies_in_force(t->policies);
	assert_text(buf_str(&t->said), c->said);
	assert_text(in_force ? in_force->name : NULL, c->in_force);
	assert_int_equal(policies_state(t->policies), c->state);
	value = policies_condition(t->policies, &reason, &message);
	if (c->condition) {
		CLEANUP(freep) char *got = xasprintf("%s %s: %s", value, reason, message);

		assert_text(got, c->condition);
	}
	talk_end(t);
}

static void it_is_settled_when_nothing_is_being_judged(void **state)
{
	struct talk *t = talk_of();

	(void)state;
	step(t, "configure");
	assert_false(policies_is_settled(t->policies));
	step(t, "listed");
	assert_true(policies_is_settled(t->policies));
	step(t, "put a 1 ref");
	assert_false(policies_is_settled(t->policies));
	assert_text(t->controller.tenant, "admin");
	step(t, "no answer");
	assert_true(policies_is_settled(t->policies));
	step(t, "configure");
	step(t, "found");
	assert_true(policies_is_settled(t->policies));
	assert_non_null(lookups_find(policies_lookups(t->policies), LOOKUP_HEALTH_MONITOR, "hm"));
	talk_end(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_is_settled_when_nothing_is_being_judged) };

	json_init();
	log_set_level(LOG_ERROR);
	return RUN_TABLE(the_talk_goes, talk_cases) + cmocka_run_group_tests(tests, NULL, NULL);
}
