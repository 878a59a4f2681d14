/* Kubernetes Events: what may be said when, and how it looks. */
#include "common/kube/event.h"
#include "tests/unit/unit.h"

struct budget_case {
	const char *name;
	/* What happens: "a" says a, "+60" lets so many seconds pass, "x20" says twenty that are all different. */
	const char *happens[8];
	unsigned said;
};

static const struct budget_case budget_cases[] = {
	{ "the same is said once", { "a", "a", "a" }, 1 },
	{ "other things are said too", { "a", "b", "c" }, 3 },
	{ "after ten minutes it is said again", { "a", "+599", "a", "+1", "a" }, 2 },
	{ "not more than a burst at once", { "x30" }, EVENT_BURST },
	{ "then one every five seconds", { "x30", "+5", "x30", "+10", "x30" }, EVENT_BURST + 3 },
	{ "and a burst after a rest", { "x30", "+1000", "x30" }, 2 * EVENT_BURST },
};

static void events_are_said_within_a_budget(void **state)
{
	const struct budget_case *c = *state;
	struct event_budget budget = { 0 };
	uint64_t now_ms = 1000000, other = 1000;
	unsigned said = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c->happens) && c->happens[i]; i++) {
		const char *what = c->happens[i];
		long n = strtol(what + 1, NULL, 10);

		if (*what == '+')
			now_ms += (uint64_t)n * 1000;
		for (long k = 0; *what == 'x' && k < n; k++)
			said += event_budget_take(&budget, other++, now_ms);
		if (*what >= 'a' && *what < 'x')
			said += event_budget_take(&budget, (uint64_t)*what, now_ms);
	}
	assert_int_equal(said, c->said);
}

static void an_event_names_its_object(void **state)
{
	struct event_object about = { "amko.vmware.com/v1alpha1", "AMKOCluster", "avi-system", "federation", "u-1" };
	CLEANUP(cJSON_Deletep) cJSON *event = event_to_json(&about, true, "amko", "NoQuorum", "two do not answer", 1767605400);
	const cJSON *object = json_get(event, "involvedObject");

	(void)state;
	assert_text(json_str(json_get(event, "metadata"), "namespace"), "avi-system");
	assert_int_equal(strncmp(json_str(json_get(event, "metadata"), "name"), "federation.", 11), 0);
	assert_text(json_str(object, "kind"), "AMKOCluster");
	assert_text(json_str(object, "uid"), "u-1");
	assert_text(json_str(event, "type"), "Warning");
	assert_text(json_str(event, "reason"), "NoQuorum");
	assert_text(json_str(event, "message"), "two do not answer");
	assert_text(json_str(event, "lastTimestamp"), "2026-01-05T09:30:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(an_event_names_its_object) };

	json_init();
	return RUN_TABLE(events_are_said_within_a_budget, budget_cases) + cmocka_run_group_tests(tests, NULL, NULL);
}
