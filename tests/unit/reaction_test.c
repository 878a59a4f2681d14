/* What follows from the controller's answers to writes: every line of the specification's decision table (section 12.1), for each
 * operation that can meet it. */
#include "tests/unit/unit.h"

#include "leader/avi/reaction.h"

#define ERROR(text) "{\"error\": \"" text "\"}"
#define HM_EXISTS ERROR("Health monitor with this Name and Tenant ref already exists.")
#define GS_EXISTS ERROR("Gslb service with this Name and Tenant ref already exists.")
#define GS_GONE ERROR("GslbService object not found!")
#define HM_GONE ERROR("HealthMonitor object not found!")
#define REFERRED ERROR("Cannot delete, object is referred by: ['GslbService a.example.org']")
#define DENIED ERROR("User does not have permission to perform this operation")
#define NOT_LEADER ERROR("Config Operations can be done ONLY on leader")
#define MAINTENANCE ERROR("GSLB system is in maintenance mode.")
#define DOMAIN_TAKEN ERROR("GslbService a.example.org domain name conflicting with existing domain name a.example.org")
#define NO_SESSION "{\"detail\": \"Authentication credentials were not provided.\"}"
#define HTML "<html><body>Bad Gateway</body></html>"

/* status 0: no answer; the class of a lost session or a refused login is that of the 401 behind it. */
static const struct reaction_case {
	const char *name;
	enum deed deed;
	int status;
	const char *body;
	enum next_step step;
	enum others others;
} cases[] = {
	/* 2xx */
	{ "a creation that was carried out", DEED_CREATE, 201, "{}", STEP_GO_ON, OTHERS_GO_ON },
	{ "an update that was carried out", DEED_UPDATE, 200, "{}", STEP_GO_ON, OTHERS_GO_ON },
	{ "a deletion that was carried out", DEED_DELETE, 204, NULL, STEP_GO_ON, OTHERS_GO_ON },
	{ "an object that was read", DEED_READ, 200, "{}", STEP_GO_ON, OTHERS_GO_ON },

	/* no answer: network, time-out, half an answer */
	{ "a creation without an answer may have been carried out", DEED_CREATE, 0, NULL, STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "an update without an answer may have been carried out", DEED_UPDATE, 0, NULL, STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a deletion without an answer may have been carried out", DEED_DELETE, 0, NULL, STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "what cannot be read is not known", DEED_READ, 0, NULL, STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },

	/* 419, 5xx, a proxy's HTML */
	{ "a creation and 419", DEED_CREATE, 419, "", STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "an update and 500", DEED_UPDATE, 500, ERROR("Internal Server Error"), STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a creation and a proxy", DEED_CREATE, 502, HTML, STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "an update and a controller that starts", DEED_UPDATE, 503, "", STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a deletion and a gateway time-out", DEED_DELETE, 504, NULL, STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "an update and the last server error", DEED_UPDATE, 599, "", STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a redirect", DEED_CREATE, 302, "", STEP_WAIT_AND_READ, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a reading and 503", DEED_READ, 503, HTML, STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },

	/* "already exists", 409 */
	{ "a monitor exists", DEED_CREATE, 409, HM_EXISTS, STEP_READ_AND_PLAN, OTHERS_GO_ON },
	{ "a monitor exists, said with 400", DEED_CREATE, 400, HM_EXISTS, STEP_READ_AND_PLAN, OTHERS_GO_ON },
	{ "a monitor exists, said with 500", DEED_CREATE, 500, HM_EXISTS, STEP_READ_AND_PLAN, OTHERS_GO_ON },
	{ "a service exists", DEED_CREATE, 409, GS_EXISTS, STEP_READ_AND_PLAN, OTHERS_GO_ON },
	{ "409 in other words", DEED_CREATE, 409, ERROR("no"), STEP_READ_AND_PLAN, OTHERS_GO_ON },
	{ "an update and 409", DEED_UPDATE, 409, ERROR("no"), STEP_WAIT_AND_READ, OTHERS_GO_ON },
	{ "a deletion and 409", DEED_DELETE, 409, ERROR("no"), STEP_WAIT_AND_READ, OTHERS_GO_ON },

	/* 400 */
	{ "a creation on a follower", DEED_CREATE, 400, NOT_LEADER, STEP_WAIT, OTHERS_WAIT },
	{ "an update on a follower", DEED_UPDATE, 400, NOT_LEADER, STEP_WAIT, OTHERS_WAIT },
	{ "a deletion on a follower", DEED_DELETE, 400, NOT_LEADER, STEP_WAIT, OTHERS_WAIT },
	{ "a creation in maintenance", DEED_CREATE, 400, MAINTENANCE, STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "an update in maintenance", DEED_UPDATE, 400, MAINTENANCE, STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a deletion in maintenance", DEED_DELETE, 400, MAINTENANCE, STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a creation of a domain name that is taken", DEED_CREATE, 400, DOMAIN_TAKEN, STEP_WAIT, OTHERS_GO_ON },
	{ "an update to a domain name that is taken", DEED_UPDATE, 400, DOMAIN_TAKEN, STEP_WAIT, OTHERS_GO_ON },
	{ "a creation that is refused", DEED_CREATE, 400, ERROR("ttl: 90000 is not in 0..86400"), STEP_WAIT, OTHERS_GO_ON },
	{ "an update that is refused", DEED_UPDATE, 400, ERROR("ttl: 90000 is not in 0..86400"), STEP_WAIT, OTHERS_GO_ON },
	{ "a deletion that is refused", DEED_DELETE, 400, ERROR("no"), STEP_WAIT, OTHERS_GO_ON },

	/* 401: after a login that works the request was repeated, so these are refused ones */
	{ "a creation and a refused login", DEED_CREATE, 401, ERROR("Invalid credentials"), STEP_WAIT, OTHERS_WAIT },
	{ "an update and a refused login", DEED_UPDATE, 401, ERROR("Invalid credentials"), STEP_WAIT, OTHERS_WAIT },
	{ "a deletion and a refused login", DEED_DELETE, 401, ERROR("Invalid credentials"), STEP_WAIT, OTHERS_WAIT },
	{ "a login that does not help", DEED_UPDATE, 401, NO_SESSION, STEP_WAIT, OTHERS_WAIT },

	/* 404 */
	{ "a creation that refers to nothing", DEED_CREATE, 404, HM_GONE, STEP_FIND_REFS, OTHERS_GO_ON },
	{ "an update of a service that is not there", DEED_UPDATE, 404, GS_GONE, STEP_READ_AND_PLAN, OTHERS_GO_ON },
	{ "an update of a monitor that is not there", DEED_UPDATE, 404, HM_GONE, STEP_READ_AND_PLAN, OTHERS_GO_ON },
	{ "a deletion of what is not there", DEED_DELETE, 404, GS_GONE, STEP_GO_ON, OTHERS_GO_ON },
	{ "a read name that is not there", DEED_READ, 404, "", STEP_GO_ON, OTHERS_GO_ON },

	/* 403, 405, 412, 422, 429, anything else */
	{ "a creation that is not permitted", DEED_CREATE, 403, DENIED, STEP_WAIT, OTHERS_GO_ON },
	{ "an update that is not permitted", DEED_UPDATE, 403, DENIED, STEP_WAIT, OTHERS_GO_ON },
	{ "a deletion that is not permitted", DEED_DELETE, 403, DENIED, STEP_WAIT, OTHERS_GO_ON },
	{ "a deletion of a monitor in use", DEED_DELETE, 403, REFERRED, STEP_WAIT, OTHERS_GO_ON },
	{ "a method that is not allowed", DEED_UPDATE, 405, "{\"detail\": \"Method \\\"PUT\\\" not allowed.\"}", STEP_WAIT, OTHERS_GO_ON },
	{ "somebody else wrote in between", DEED_UPDATE, 412, ERROR("Concurrent Update Error: object was changed since it was read"),
	  STEP_READ_AND_PLAN, OTHERS_GO_ON },
	{ "an object that makes no sense", DEED_CREATE, 422, "", STEP_WAIT, OTHERS_GO_ON },
	{ "a teapot", DEED_UPDATE, 418, "", STEP_WAIT, OTHERS_GO_ON },
	{ "a creation too many", DEED_CREATE, 429, ERROR("Too many requests"), STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "an update too many", DEED_UPDATE, 429, "", STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a deletion too many", DEED_DELETE, 429, HTML, STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
	{ "a reading too many", DEED_READ, 429, "", STEP_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
};

static void the_answer_leads_to(void **state)
{
	const struct reaction_case *c = *state;
	enum avi_class class = avi_classify(c->status, c->body);

	assert_int_equal(reaction_step(c->deed, class), c->step);
	assert_int_equal(reaction_others(class), c->others);
}

static const struct unclassified_case {
	const char *name;
	enum avi_class class;
	enum next_step write, read;
	enum others others;
} unclassified_cases[] = {
	{ "a good answer that cannot be read was carried out, it is read by name", AVI_UNREADABLE, STEP_READ_AND_PLAN, STEP_WAIT, OTHERS_WAIT },
	{ "what was not sent is not read either", AVI_UNSENT, STEP_WAIT, STEP_WAIT, OTHERS_WAIT },
};

static void an_answer_that_is_none_leads_to(void **state)
{
	const struct unclassified_case *c = *state;

	for (enum deed deed = DEED_CREATE; deed < DEED_READ; deed++)
		assert_int_equal(reaction_step(deed, c->class), c->write);
	assert_int_equal(reaction_step(DEED_READ, c->class), c->read);
	assert_int_equal(reaction_others(c->class), c->others);
}

static void every_cell_is_filled(void **state)
{
	(void)state;
	for (enum avi_class class = AVI_OK; class < N_AVI_CLASSES; class++) {
		assert_true(*avi_class_name(class));
		assert_true(reaction_others(class) >= OTHERS_GO_ON && reaction_others(class) <= OTHERS_WAIT_AND_SLOW_DOWN);
		for (enum deed deed = DEED_CREATE; deed < N_DEEDS; deed++)
			assert_true(reaction_step(deed, class) >= STEP_GO_ON && reaction_step(deed, class) <= STEP_WAIT);
	}
}

/* A read is the last thing of a pass: it leads to no other. */
static void no_read_leads_to_a_read(void **state)
{
	(void)state;
	for (enum avi_class class = AVI_OK; class < N_AVI_CLASSES; class++)
		assert_true(reaction_step(DEED_READ, class) == STEP_GO_ON || reaction_step(DEED_READ, class) == STEP_WAIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cell_is_filled),
		cmocka_unit_test(no_read_leads_to_a_read),
	};

	return RUN_TABLE(the_answer_leads_to, cases) + RUN_TABLE(an_answer_that_is_none_leads_to, unclassified_cases) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
