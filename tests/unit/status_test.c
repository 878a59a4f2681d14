/* What our custom resources are told, in talk with an API server. */
#include "tests/unit/scene.h"

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/config/choose.h"
#include "leader/ops/status.h"
#include "tests/unit/fake_http.h"

#define PATIENCE_MS 5000
#define CONFIG_PATH "PATCH /apis/amko.vmware.com/v1alpha1/namespaces/avi-system/gslbconfigs/gc "
#define GDP_PATH "PATCH /apis/amko.vmware.com/v1alpha2/namespaces/avi-system/globaldeploymentpolicies/gdp "
#define OK { .status = 200, .body = "{}" }

struct talk {
	uv_loop_t loop;
	struct http_client *http;
	struct kube_client *kube;
	struct fake_http *fake;
	struct status *status;
	struct gslbconfig *config;
	struct gdp *gdp;
	size_t n_wanted;
};

static struct talk *talk_of(const struct fake_answer *answers, size_t n, bool is_dry_run, const char *shown)
{
	struct talk *t = xcalloc(1, sizeof(*t));
	CLEANUP(freep) char *text = xasprintf("{'metadata': {'name': 'gc', 'namespace': 'avi-system', 'resourceVersion': '1'},"
					      "'spec': {}, 'status': {%s}}", shown);
	CLEANUP(cJSON_Deletep) cJSON *config = scene_json(text);
	CLEANUP(cJSON_Deletep) cJSON *gdp = scene_json("{'metadata': {'name': 'gdp', 'namespace': 'avi-system',"
		"'resourceVersion': '5'}, 'spec': {}, 'status': {'errorStatus': 'old'}}");
	struct kube_context context = { 0 };

	uv_loop_init(&t->loop);
	t->http = http_client_new(&t->loop, 0);
	t->fake = fake_http_new(&t->loop, answers, n);
	context.name = xstrdup("east");
	context.server = xstrdup(fake_http_url(t->fake));
	t->kube = kube_client_new(t->http, &context);
	free(context.name);
	free(context.server);
	t->config = gslbconfig_from_json(config);
	t->gdp = gdp_from_json(gdp);
	t->status = status_new(&(struct status_options){ .kube = t->kube, .loop = &t->loop, .is_dry_run = is_dry_run });
	return t;
}

#define TALK(...) ({ \
	static const struct fake_answer answers_[] = { __VA_ARGS__ }; \
	talk_of(answers_, ARRAY_SIZE(answers_), false, ""); })

static void talk_end(struct talk *t)
{
	assert_text(fake_http_complaint(t->fake), "");
	status_free(t->status);
	kube_client_free(t->kube);
	http_client_free(t->http);
	fake_http_free(t->fake);
	finish_loop(&t->loop);
	gslbconfig_free(t->config);
	gdp_free(t->gdp);
	free(t);
}

static bool is_written(void *arg)
{
	const struct talk *t = arg;

	return fake_http_n_requests(t->fake) >= t->n_wanted && !status_count_pending(t->status);
}

static void wait_for(struct talk *t, size_t n_requests)
{
	t->n_wanted = n_requests;
	assert_true(run_until(&t->loop, is_written, t, PATIENCE_MS));
	assert_int_equal(fake_http_n_requests(t->fake), n_requests);
}

static void assert_request(const struct talk *t, size_t i, const char *head, const char *body)
{
	const char *request = fake_http_request(t->fake, i), *text = strstr(request, "\r\n\r\n");

	assert_int_equal(strncmp(request, head, strlen(head)), 0);
	assert_non_null(strstr(request, "application/merge-patch+json"));
	assert_non_null(text);
	assert_text(text + 4, body);
}

static void states_are_written_one_after_the_other_and_none_is_left_out(void **state)
{
	struct talk *t = TALK(OK, OK, OK);

	(void)state;
	status_observe(t->status, t->config);
	status_state(t->status, STATE_SYNCING);
	status_state(t->status, STATE_SYNCING);
	status_state(t->status, STATE_SYNCED);
	status_state(t->status, STATE_ACCEPTED);
	assert_int_equal(status_count_pending(t->status), 3);
	assert_text(status_last_state(t->status), STATE_ACCEPTED);
	wait_for(t, 3);
	assert_request(t, 0, CONFIG_PATH, "{\"status\":{\"state\":\"" STATE_SYNCING "\",\"conditions\":[]}}");
	assert_request(t, 1, CONFIG_PATH, "{\"status\":{\"state\":\"" STATE_SYNCED "\",\"conditions\":[]}}");
	assert_request(t, 2, CONFIG_PATH, "{\"status\":{\"state\":\"" STATE_ACCEPTED "\",\"conditions\":[]}}");
	talk_end(t);
}

static void what_is_shown_already_is_not_written(void **state)
{
	struct talk *t = talk_of(NULL, 0, false, "'state': '" STATE_ACCEPTED "'");

	(void)state;
	status_observe(t->status, t->config);
	status_state(t->status, STATE_ACCEPTED);
	assert_int_equal(status_count_pending(t->status), 0);
	wait_for(t, 0);
	talk_end(t);
}

static void without_a_configuration_there_is_nothing_to_write_to(void **state)
{
	struct talk *t = TALK(OK);

	(void)state;
	status_state(t->status, STATE_SYNCING);
	status_condition(t->status, "Accepted", "True", "Accepted", "");
	assert_int_equal(status_count_pending(t->status), 0);
	assert_text(status_last_state(t->status), "");
	status_observe(t->status, t->config);
	status_state(t->status, STATE_SYNCING);
	wait_for(t, 1);
	assert_non_null(strstr(fake_http_request(t->fake, 0), "\"type\":\"Accepted\""));
	talk_end(t);
}

static void conditions_that_change_together_are_one_write(void **state)
{
	struct talk *t = TALK(OK);

	(void)state;
	status_observe(t->status, t->config);
	status_condition(t->status, "Accepted", "Unknown", "InProgress", "wait");
	status_condition(t->status, "PolicyAccepted", "False", "NoPolicy", "none");
	status_condition(t->status, "Accepted", "True", "Accepted", "");
	wait_for(t, 1);
	assert_non_null(strstr(fake_http_request(t->fake, 0),
		"{\"type\":\"Accepted\",\"status\":\"True\",\"reason\":\"Accepted\",\"message\":\"\","));
	assert_non_null(strstr(fake_http_request(t->fake, 0),
		"{\"type\":\"PolicyAccepted\",\"status\":\"False\",\"reason\":\"NoPolicy\",\"message\":\"none\","));
	assert_null(strstr(fake_http_request(t->fake, 0), "\"state\""));
	status_condition(t->status, "Accepted", "True", "Accepted", "");
	assert_int_equal(status_count_pending(t->status), 0);
	talk_end(t);
}

/* A restart finds the conditions of the process before it: their times stay as long as their status does. */
static void times_of_transitions_survive_a_restart(void **state)
{
	static const struct fake_answer answers[] = { OK, OK };
	struct talk *t = talk_of(answers, 2, false,
		"'conditions': [{'type': 'Accepted', 'status': 'True', 'reason': 'Accepted',"
				 "'message': '', 'lastTransitionTime': '2026-01-05T09:30:00Z'}]");

	(void)state;
	status_observe(t->status, t->config);
	status_condition(t->status, "Accepted", "True", "Accepted", "");
	assert_int_equal(status_count_pending(t->status), 0);
	status_condition(t->status, "Accepted", "True", "Accepted", "more words");
	wait_for(t, 1);
	assert_non_null(strstr(fake_http_request(t->fake, 0),
		"\"message\":\"more words\",\"lastTransitionTime\":\"2026-01-05T09:30:00Z\""));
	status_condition(t->status, "Accepted", "False", "Invalid", "x");
	wait_for(t, 2);
	assert_null(strstr(fake_http_request(t->fake, 1), "2026-01-05T09:30:00Z"));
	talk_end(t);
}

static void a_write_that_fails_is_repeated(void **state)
{
	struct talk *t = TALK({ .status = 500, .body = "{}" }, OK);

	(void)state;
	status_observe(t->status, t->config);
	status_state(t->status, STATE_SYNCING);
	wait_for(t, 2);
	assert_text(fake_http_request(t->fake, 1), fake_http_request(t->fake, 0));
	talk_end(t);
}

static void a_write_that_is_refused_is_dropped(void **state)
{
	struct talk *t = TALK({ .status = 403, .body = "{\"message\": \"no\"}" }, { .status = 404, .body = "{}" }, OK);

	(void)state;
	status_observe(t->status, t->config);
	status_state(t->status, STATE_SYNCING);
	status_state(t->status, STATE_SYNCED);
	status_state(t->status, STATE_ACCEPTED);
	wait_for(t, 3);
	talk_end(t);
}

static void a_policy_is_told_once_until_it_is_seen(void **state)
{
	struct talk *t = TALK(OK, OK);

	(void)state;
	status_policy(t->status, t->gdp, "old");
	status_policy(t->status, t->gdp, "success");
	status_policy(t->status, t->gdp, "success");
	wait_for(t, 1);
	assert_request(t, 0, GDP_PATH, "{\"status\":{\"errorStatus\":\"success\"}}");
	status_policy(t->status, t->gdp, "success");
	free(t->gdp->resource_version);
	t->gdp->resource_version = xstrdup("6");       /* somebody has written it back */
	status_policy(t->status, t->gdp, "success");
	wait_for(t, 2);
	talk_end(t);
}

static void a_second_configuration_is_refused_once(void **state)
{
	struct talk *t = TALK(OK);

	(void)state;
	status_refuse_config(t->status, t->config, STATE_SECOND);
	status_refuse_config(t->status, t->config, STATE_SECOND);
	wait_for(t, 1);
	assert_request(t, 0, CONFIG_PATH, "{\"status\":{\"state\":\"" STATE_SECOND "\"}}");
	free(t->config->state);
	t->config->state = xstrdup(STATE_SECOND);
	status_refuse_config(t->status, t->config, STATE_SECOND);
	assert_int_equal(status_count_pending(t->status), 0);
	talk_end(t);
}

static void a_status_that_was_lost_is_told_again(void **state)
{
	struct talk *t = TALK(OK, OK);

	(void)state;
	status_observe(t->status, t->config);
	status_state(t->status, STATE_ACCEPTED);
	status_observe(t->status, t->config);          /* the write is under way: not lost */
	wait_for(t, 1);
	status_observe(t->status, t->config);
	wait_for(t, 2);
	assert_request(t, 1, CONFIG_PATH, "{\"status\":{\"state\":\"" STATE_ACCEPTED "\",\"conditions\":[]}}");
	talk_end(t);
}

static void a_dry_run_writes_nothing(void **state)
{
	struct talk *t = talk_of(NULL, 0, true, "");

	(void)state;
	status_observe(t->status, t->config);
	status_state(t->status, STATE_SYNCING);
	status_policy(t->status, t->gdp, "success");
	assert_int_equal(status_count_pending(t->status), 0);
	assert_text(status_last_state(t->status), STATE_SYNCING);
	wait_for(t, 0);
	talk_end(t);
}

static void a_crowd_of_refusals_is_bounded(void **state)
{
	struct talk *t = TALK({ .status = -1 });

	(void)state;
	for (int i = 0; i < 1000; i++) {
		free(t->gdp->name);
		t->gdp->name = xasprintf("gdp-%d", i);
		status_policy(t->status, t->gdp, "success");
	}
	assert_int_equal(status_count_pending(t->status), 256);
	talk_end(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_written_one_after_the_other_and_none_is_left_out),
		cmocka_unit_test(what_is_shown_already_is_not_written),
		cmocka_unit_test(without_a_configuration_there_is_nothing_to_write_to),
		cmocka_unit_test(conditions_that_change_together_are_one_write),
		cmocka_unit_test(times_of_transitions_survive_a_restart),
		cmocka_unit_test(a_write_that_fails_is_repeated),
		cmocka_unit_test(a_write_that_is_refused_is_dropped),
		cmocka_unit_test(a_policy_is_told_once_until_it_is_seen),
		cmocka_unit_test(a_second_configuration_is_refused_once),
		cmocka_unit_test(a_status_that_was_lost_is_told_again),
		cmocka_unit_test(a_dry_run_writes_nothing),
		cmocka_unit_test(a_crowd_of_refusals_is_bounded),
	};

	json_init();
	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
