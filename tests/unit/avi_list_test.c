/* Collections by pages. */
#include "tests/unit/avi_talk.h"

static void on_object(void *arg, const cJSON *object)
{
	struct talk *t = arg;

	strs_add(&t->names, json_str(object, "name"));
	if (streq(json_str(object, "name"), "stop"))
		avi_list_cancel(t->list);
	if (streq(json_str(object, "name"), "free"))
		avi_session_free(TAKE(t->session));
}

#define LIST "/api/gslbservice?created_by=amko-1&page_size=2"
struct list_case {
	const char *name;
	struct scripted answers[4];
	const char *names, *log;
	enum avi_class class;
	const char *msg;
};

static const struct list_case list_cases[] = {
	{ "three pages are one list",
	  { { "GET " LIST, 200, "{\"count\": 5, \"next\": \"https://10.0.0.5" LIST "&page=2\", "
		"\"results\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}", NULL },
	    { "GET " LIST "&page=2", 200, "{\"count\": 5, \"next\": \"/api/gslbservice?page=3\", "
		"\"results\": [{\"name\": \"c\"}, {\"name\": \"d\"}]}", NULL },
	    { "GET /api/gslbservice?page=3", 200, "{\"count\": 5, \"next\": \"\", \"results\": [{\"name\": \"e\"}]}", NULL } },
	  "a b c d e", "GET " LIST "\nGET " LIST "&page=2\nGET /api/gslbservice?page=3\n", AVI_OK, "" },
	{ "an empty list", { { "GET " LIST, 200, "{\"count\": 0, \"results\": null}", NULL } }, "", "GET " LIST "\n", AVI_OK,
	  "" },
	{ "what is no object is passed over",
	  { { "GET " LIST, 200, "{\"results\": [1, null, \"x\", {\"name\": \"a\"}, []]}", NULL } }, "a", "GET " LIST "\n",
	  AVI_OK, "" },
	{ "a page that repeats itself",
	  { { "GET " LIST, 200, "{\"next\": \"https://10.0.0.5" LIST "&page=2\", \"results\": [{\"name\": \"a\"}]}", NULL },
	    { "GET " LIST "&page=2", 200, "{\"next\": \"https://10.0.0.5" LIST "\", \"results\": []}", NULL } },
	  "a", "GET " LIST "\nGET " LIST "&page=2\n", AVI_SERVER, "GET /api/gslbservice: a page repeats itself" },
	{ "a next page elsewhere",
	  { { "GET " LIST, 200, "{\"next\": \"https://10.0.0.5/api/gslbservices?page=2\", \"results\": []}", NULL } }, "",
	  "GET " LIST "\n", AVI_SERVER, "GET /api/gslbservice: the next page is outside of the collection" },
	{ "a next page that is no URL",
	  { { "GET " LIST, 200, "{\"next\": \"/api/gslbservice?a b\", \"results\": []}", NULL } }, "", "GET " LIST "\n",
	  AVI_SERVER, "GET /api/gslbservice: the next page is outside of the collection" },
	{ "an answer without results", { { "GET " LIST, 200, "{\"count\": 3}", NULL } }, "", "GET " LIST "\n", AVI_SERVER,
	  "GET /api/gslbservice: an answer without results" },
	{ "an answer that is no object", { { "GET " LIST, 200, "[]", NULL } }, "", "GET " LIST "\n", AVI_SERVER,
	  "GET /api/gslbservice: an answer without results" },
	{ "a page that fails ends the list",
	  { { "GET " LIST, 200, "{\"next\": \"/api/gslbservice?page=2\", \"results\": [{\"name\": \"a\"}]}", NULL },
	    { "GET /api/gslbservice?page=2", 500, "{\"error\": \"Internal Server Error\"}", NULL } },
	  "a", "GET " LIST "\nGET /api/gslbservice?page=2\n", AVI_SERVER,
	  "GET /api/gslbservice: HTTP 500: Internal Server Error" },
};

static void the_list_is_read(void **state)
{
	const struct list_case *c = *state;
	CLEANUP(freep) char *names = NULL;
	void *made;

	talk_set_up(&made);
	struct talk *t = made;
	t->ctl.answers = c->answers;
	avi_list_start(t->session, LIST, "*", on_object, talk_on_done, t);
	talk_run(t, 1);
	assert_class(t, c->class);
	assert_text(t->last_err.msg, c->msg);
	names = strs_join(&t->names, " ");
	assert_text(names, c->names);
	assert_text(buf_str(&t->ctl.log) + strlen("POST /login\n"), c->log);
	assert_text(t->ctl.tenant, "*");
	talk_tear_down(&made);
}

static void a_list_ends_from_inside(struct talk *t, const struct scripted *answers)
{
	t->ctl.answers = answers;
	t->list = avi_list_start(t->session, LIST, "*", on_object, talk_on_done, t);
	while (t->names.n < 2)
		uv_run(&t->loop, UV_RUN_ONCE);
	talk_run_a_while(t);
	assert_int_equal(t->names.n, 2);
	assert_int_equal(t->n_done, 0);
	assert_int_equal(t->ctl.n_requests, 1);
}

static void a_list_may_be_cancelled_in_the_middle_of_a_page(void **state)
{
	static const struct scripted answers[] = {
		{ "GET " LIST, 200, "{\"next\": \"/api/gslbservice?page=2\", "
		  "\"results\": [{\"name\": \"a\"}, {\"name\": \"stop\"}, {\"name\": \"b\"}]}", NULL },
		{ 0 },
	};

	a_list_ends_from_inside(*state, answers);
}

static void a_session_may_be_freed_in_the_middle_of_a_page(void **state)
{
	static const struct scripted answers[] = {
		{ "GET " LIST, 200, "{\"results\": [{\"name\": \"a\"}, {\"name\": \"free\"}, {\"name\": \"b\"}]}", NULL },
		{ 0 },
	};

	a_list_ends_from_inside(*state, answers);
}

static void a_list_that_never_ends_is_given_up(void **state)
{
	struct talk *t = *state;
	struct scripted answers[3] = { { 0 } };
	CLEANUP(freep) char *one = xmalloc(1 << 20), *two = NULL;
	size_t n = 0;

	n += (size_t)snprintf(one, 1 << 20, "{\"next\": \"" LIST "&page=2\", \"results\": [0");
	for (int i = 1; i < 60000; i++)
		n += (size_t)snprintf(one + n, (1 << 20) - n, ",0");
	snprintf(one + n, (1 << 20) - n, "]}");
	two = xstrdup(one);
	answers[0] = (struct scripted){ "GET " LIST, 200, one, NULL };
	answers[1] = (struct scripted){ "GET " LIST "&page=2", 200, two, NULL };
	t->ctl.answers = answers;
	avi_list_start(t->session, LIST, "*", on_object, talk_on_done, t);
	talk_run(t, 1);
	assert_int_equal(t->last_err.code, ERR_INVALID);
	assert_text(t->last_err.msg, "GET /api/gslbservice: more than 100000 objects");
}

int main(void)
{
	const struct CMUnitTest talks[] = {
		TALK(a_list_may_be_cancelled_in_the_middle_of_a_page),
		TALK(a_session_may_be_freed_in_the_middle_of_a_page),
		TALK(a_list_that_never_ends_is_given_up),
	};
	int n_failed;

	talks_begin();
	n_failed = cmocka_run_group_tests(talks, NULL, NULL);
	n_failed += RUN_TABLE(the_list_is_read, list_cases);
	return n_failed;
}
