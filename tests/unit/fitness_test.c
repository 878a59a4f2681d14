/* Could this instance lead: what was seen, and what is said of it. */
#include "follower/fitness.h"

#include "tests/unit/scene.h"

#define CONFIG(annotations, spec) \
	"{'metadata': {'name': 'gc', 'namespace': 'avi-system', 'annotations': {" annotations "}}, 'spec': {'gslbLeader': {" spec "}}}"
#define UUID "'amko.vmware.com/amko-uuid': '3f0c7c1e-9a51-11ee-8f4b-0242ac120002'"
#define LEADER "'controllerIP': '10.0.0.5', 'credentials': 'creds'"
#define SOUND CONFIG(UUID, LEADER)

static char admin[] = "admin", password[] = "secret";
static const struct credentials good = { admin, { password, 6 } }, nameless = { NULL, { password, 6 } };

struct fitness_case {
	const char *name;
	const char *config;            /* NULL: none */
	struct observed seen;          /* but the config */
	const char *parts;             /* fitness_text() */
	const char *why;
};

#define READ .has_configs = true
#define SECRET .has_secret = true, .credentials = &good
#define MEMBERS .has_kubeconfig = true
#define SAYS(what, words) .was_checked = true, .controller = what, .controller_why = words
#define LEADS SAYS(CONTROLLER_LEADER, "")
#define ALL READ, SECRET, MEMBERS, LEADS

static const struct fitness_case cases[] = {
	{ "all is well", SOUND, { ALL }, "avi api credentials copy uuid", "" },
	{ "nothing has been read yet", NULL, { .controller_why = "" }, "api copy",
	  "the GSLBConfig has not been read yet; the members' kubeconfig: has not been read yet" },
	{ "no GSLBConfig", NULL, { .has_configs = true, .has_kubeconfig = true }, "api copy", "there is no GSLBConfig" },
	{ "a GSLBConfig without a controller", CONFIG(UUID, "'credentials': 'creds'"), { ALL }, "avi api credentials copy uuid",
	  "spec.gslbLeader.controllerIP is empty" },
	{ "no UUID yet", CONFIG("", LEADER), { ALL }, "avi api credentials copy",
	  "GSLBConfig gc has no amko.vmware.com/amko-uuid yet: the first leader makes it, and it comes with the copy" },
	{ "a UUID that is none", CONFIG("'amko.vmware.com/amko-uuid': 'x'", LEADER), { ALL }, "avi api credentials copy",
	  "metadata.annotations: amko.vmware.com/amko-uuid: \"x\" is no UUID" },
	{ "the Secret has not been read yet", SOUND, { READ, MEMBERS, LEADS }, "api copy uuid",
	  "Secret creds has not been read yet" },
	{ "no Secret", SOUND, { READ, .has_secret = true, MEMBERS, LEADS }, "api copy uuid", "Secret creds does not exist" },
	{ "a Secret without a user", SOUND, { READ, .has_secret = true, .credentials = &nameless, MEMBERS, LEADS }, "api copy uuid",
	  "Secret creds lacks username or password" },
	{ "a kubeconfig that cannot be read", SOUND, { ALL, .kubeconfig_error = "contexts[0].name: missing" }, "avi api copy uuid",
	  "the members' kubeconfig: contexts[0].name: missing" },
	{ "the controller has not been asked yet", SOUND, { READ, SECRET, MEMBERS }, "api credentials copy uuid",
	  "the controller has not been asked yet" },
	{ "the controller does not lead", SOUND,
	  { READ, SECRET, MEMBERS, SAYS(CONTROLLER_NOT_LEADER, "another site's controller is the GSLB leader") },
	  "api credentials copy uuid", "the controller: another site's controller is the GSLB leader" },
	{ "the controller lets nobody in", SOUND, { READ, SECRET, MEMBERS, SAYS(CONTROLLER_UNAUTHORIZED, "HTTP 401") },
	  "api credentials copy uuid", "the controller: HTTP 401" },
	{ "the own API server is away", SOUND, { ALL, .api_trouble = "connect to x:443: timed out" }, "avi credentials copy uuid",
	  "the own cluster: connect to x:443: timed out" },
	{ "several things", NULL, { .has_configs = true, .api_trouble = "a", .kubeconfig_error = "b" }, "copy",
	  "the own cluster: a; there is no GSLBConfig; the members' kubeconfig: b" },
};

static void it_is_said(void **state)
{
	const struct fitness_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = c->config ? scene_json(c->config) : NULL;
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = json ? gslbconfig_from_json(json) : NULL;
	CLEANUP(strs_release) struct strs why = { 0 };
	CLEANUP(freep) char *text = NULL, *parts = NULL;
	struct observed seen = c->seen;
	struct fitness fitness;

	seen.config = config;
	fitness_judge(&seen, &fitness, &why);
	text = strs_join(&why, "; ");
	parts = fitness_text(&fitness);
	assert_text(parts, c->parts);
	assert_text(text, c->why);
}

static void only_the_whole_is_fit(void **state)
{
	struct fitness fitness = { true, true, true, true, true };

	(void)state;
	assert_true(fitness_is_whole(&fitness));
	for (size_t i = 0; i < 5; i++) {
		bool *parts[] = { &fitness.has_avi, &fitness.has_api, &fitness.has_credentials, &fitness.is_current,
				  &fitness.has_federation };

		*parts[i] = false;
		assert_false(fitness_is_whole(&fitness));
		*parts[i] = true;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_whole_is_fit),
	};
	int n_failed;

	json_init();
	n_failed = RUN_TABLE(it_is_said, cases);
	return n_failed + cmocka_run_group_tests(tests, NULL, NULL);
}
