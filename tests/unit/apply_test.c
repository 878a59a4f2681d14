/* One name's plan in talk with a controller: what each answer leads to, and what is known of the controller afterwards. */
#include "tests/unit/bench.h"

#define ING KIND_INGRESS
#define SHOP_BLUE { ING, "east", "web/shop", "10.0.0.1", .paths = "/", .tenant = "blue", .ns_tenant = "blue" }
#define SHOP { ING, "east", "web/shop", "10.0.0.1", .paths = "/" }

struct apply_case {
	const char *name;
	const char *was_spec;          /* of the policy when the controller got what it has; NULL: it has nothing */
	struct scene_object was[2];
	const char *spec;              /* now; NULL: nothing special */
	struct scene_object now[2];
	struct scripted answers[6];
	const char *asked;
	enum apply_end end;
	enum avi_class class;
	/* Where it is not known what became of a write: how the reading of its object ends. 0: all is known. */
	enum apply_end then;
	enum avi_class then_class;
	const char *left;              /* what the next plan would do */
	int64_t retry_after_ms;        /* 0: nothing is asked for */
	const char *tenant;            /* NULL: admin */
};

#define ALONE "'controlPlaneHmOnly': true"         /* no monitors */
#define TTL "'ttl': 30," ALONE
#define GS "/api/gslbservice/"
#define GS_UUID "/api/gslbservice/gslbservice-shop.example.org"
#define GS_BY_NAME "GET /api/gslbservice?include_name=&name=shop.example.org"
#define HM "/api/healthmonitor/"
#define HM_UUID "/api/healthmonitor/healthmonitor-shop.example.org-0"
#define HM_BY_NAME "GET /api/healthmonitor?include_name=&name=amko--886b4dbb333f808691b22c2b55734773a8c3f37e"
#define AT_SHOP " shop.example.org"
#define EXISTS "{\"error\": \"Health monitor with this Name and Tenant ref already exists\"}"

static const struct apply_case apply_cases[] = {
	/* all goes well */
	{ "everything is carried out, in order", .now = { SHOP },
	  .answers = { { "POST " HM, 201, "@monitor" AT_SHOP, NULL }, { "POST " GS, 201, "@gs" AT_SHOP, NULL } },
	  .asked = "POST " HM "\nPOST " GS "\n", .end = APPLY_DONE, .class = AVI_OK, .left = "" },
	{ "an update goes to the object", .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 200, "@gs" AT_SHOP, NULL } }, .asked = "PUT " GS_UUID "\n", .end = APPLY_DONE,
	  .class = AVI_OK,
	  .left = "" },
	{ "a deletion needs no answer but its status", .was_spec = "", .was = { SHOP },
	  .answers = { { "DELETE " GS_UUID, 204, "", NULL }, { "DELETE " HM_UUID, 200, "{}", NULL } },
	  .asked = "DELETE " GS_UUID "\nDELETE " HM_UUID "\n", .end = APPLY_DONE, .class = AVI_OK, .left = "" },
	{ "the answer is what counts", .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 200, "@gs" AT_SHOP " older", NULL } }, .asked = "PUT " GS_UUID "\n",
	  .end = APPLY_DONE, .class = AVI_OK,
	  .left = "update service(ttl)" },

	/* it is not there */
	{ "what is to be deleted and is not there is deleted", .was_spec = "", .was = { SHOP },
	  .answers = { { "DELETE " GS_UUID, 404, "{\"error\": \"object not found!\"}", NULL },
	  { "DELETE " HM_UUID, 404, "{}", NULL } },
	  .asked = "DELETE " GS_UUID "\nDELETE " HM_UUID "\n", .end = APPLY_DONE, .class = AVI_OK, .left = "" },
	{ "what is to be updated and is not there is forgotten",
	  .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 404, "{}", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_NOTFOUND,
	  .left = "create service" },
	{ "what is to be updated and is there refers to what is not",
	  .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 404, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " older]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_NOTFOUND,
	  .left = "update service(ttl)" },
	{ "a creation that finds nothing fails",
	  .spec = ALONE, .now = { SHOP }, .answers = { { "POST " GS, 404, "{}", NULL } },
	  .asked = "POST " GS "\n", .end = APPLY_FAILED, .class = AVI_NOTFOUND, .left = "create service" },

	{ "a creation that refers to a monitor that is gone makes that anew", .now = { SHOP },
	  .answers = { { "POST " HM, 201, "@monitor" AT_SHOP, NULL }, { "POST " GS, 404, "{}", NULL } },
	  .asked = "POST " HM "\nPOST " GS "\n" HM_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_NOTFOUND,
	  .left = "create monitor; create service" },
	{ "an update that refers to a monitor that is gone makes that anew",
	  .was_spec = "", .was = { SHOP }, .spec = "'ttl': 30", .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 404, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " older]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n" HM_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_NOTFOUND,
	  .left = "create monitor; update service(ttl)" },
	{ "an update that refers to what is there, as far as it is ours, fails",
	  .was_spec = "", .was = { SHOP }, .spec = "'ttl': 30", .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 404, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " older]", NULL },
		       { HM_BY_NAME, 200, "[@monitor" AT_SHOP "]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n" HM_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_NOTFOUND,
	  .left = "update service(ttl)" },
	{ "a monitor that cannot be looked for is not gone",
	  .was_spec = "", .was = { SHOP }, .spec = "'ttl': 30", .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 404, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " older]", NULL },
		       { HM_BY_NAME, 503, "", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n" HM_BY_NAME "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_AGAIN, .then_class = AVI_OK, .left = "update service(ttl)" },
	/* it is there already */
	{ "a service of ours that was not known is adopted", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 409, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP "]", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_CONFLICT, .left = "" },
	{ "adopted, it is compared", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 409, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " older]", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_CONFLICT,
	  .left = "update service(ttl)" },
	{ "somebody else's service is left alone", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 409, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " foreign]", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_FOREIGN, .class = AVI_CONFLICT, .left = "create service" },
	{ "nobody's service is somebody else's", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 409, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " bare]", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_FOREIGN, .class = AVI_CONFLICT, .left = "create service" },
	{ "what exists and is not found is tried again",
	  .spec = ALONE, .now = { SHOP }, .answers = { { "POST " GS, 409, "{}", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_CONFLICT, .left = "create service" },
	{ "an empty list may be a null", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 409, "{}", NULL }, { GS_BY_NAME, 200, "{\"count\": 0, \"results\": null}", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_CONFLICT, .left = "create service" },
	{ "another name in the answer is not it", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 409, "{}", NULL }, { GS_BY_NAME, 200, "[@gs www.shop.example.org]", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_CONFLICT, .left = "create service" },
	{ "a monitor of ours is adopted", .now = { SHOP },
	  .answers = { { "POST " HM, 409, "{}", NULL }, { HM_BY_NAME, 200, "[@monitor" AT_SHOP "]", NULL } },
	  .asked = "POST " HM "\n" HM_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_CONFLICT, .left = "create service" },
	{ "a monitor of nobody is adopted and marked (Q46)", .now = { SHOP },
	  .answers = { { "POST " HM, 400, EXISTS, NULL }, { HM_BY_NAME, 200, "[@monitor" AT_SHOP " bare]", NULL } },
	  .asked = "POST " HM "\n" HM_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_CONFLICT,
	  .left = "update monitor(markers); create service" },
	{ "somebody else's monitor is left alone", .now = { SHOP },
	  .answers = { { "POST " HM, 409, "{}", NULL }, { HM_BY_NAME, 200, "[@monitor" AT_SHOP " foreign]", NULL } },
	  .asked = "POST " HM "\n" HM_BY_NAME "\n", .end = APPLY_FOREIGN, .class = AVI_CONFLICT,
	  .left = "create monitor; create service" },
	{ "a service that was ours and is not any more is forgotten",
	  .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 412, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " foreign]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FOREIGN, .class = AVI_CONFLICT,
	  .left = "create service" },

	/* it is not known what became of it: its object is read by name, later */
	{ "an update without an answer was carried out", .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 503, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP "]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_AGAIN, .then_class = AVI_OK, .left = "" },
	{ "an update without an answer was not carried out",
	  .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 500, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " older]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_AGAIN, .then_class = AVI_OK, .left = "update service(ttl)" },
	{ "a creation without an answer was carried out", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 502, "<html>", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP "]", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_AGAIN, .then_class = AVI_OK, .left = "" },
	{ "a creation without an answer was not carried out", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 502, "<html>", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_AGAIN, .then_class = AVI_OK, .left = "create service" },
	{ "a deletion without an answer was carried out",
	  .was_spec = "", .was = { SHOP }, .answers = { { "DELETE " GS_UUID, 503, "{}", NULL } },
	  .asked = "DELETE " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_AGAIN, .then_class = AVI_OK, .left = "delete monitor" },
	{ "a deletion without an answer was not carried out", .was_spec = ALONE, .was = { SHOP },
	  .answers = { { "DELETE " GS_UUID, 503, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP "]", NULL } },
	  .asked = "DELETE " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_AGAIN, .then_class = AVI_OK, .left = "delete service" },
	{ "when it cannot be read either, nothing is known to have changed",
	  .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 503, "{}", NULL }, { GS_BY_NAME, 503, "{}", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_FAILED, .then_class = AVI_SERVER, .left = "update service(ttl)" },
	{ "an answer of another shape does not say that it is not there",
	  .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 503, "{}", NULL }, { GS_BY_NAME, 200, "[]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_FAILED, .then_class = AVI_UNREADABLE, .left = "update service(ttl)" },
	{ "what is not known is somebody else's meanwhile", .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 503, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " foreign]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_FOREIGN, .then_class = AVI_CONFLICT, .left = "create service" },
	{ "a creation whose answer cannot be read and that cannot be looked for",
	  .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 201, "", NULL }, { GS_BY_NAME, 503, "", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_FAILED, .then_class = AVI_SERVER, .left = "create service" },
	{ "somebody else wrote at the same time", .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 412, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " older]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_CONCURRENT,
	  .left = "update service(ttl)" },
	{ "an update whose answer cannot be read is read by name",
	  .was_spec = ALONE, .was = { SHOP }, .spec = TTL, .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 200, "{}", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP "]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_UNREADABLE, .left = "" },
	{ "a creation whose answer is empty is read by name", .now = { SHOP },
	  .answers = { { "POST " HM, 201, "", NULL }, { HM_BY_NAME, 200, "[@monitor" AT_SHOP "]", NULL } },
	  .asked = "POST " HM "\n" HM_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_UNREADABLE, .left = "create service" },
	{ "an answer without uuid cannot be read", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 201, "@gs" AT_SHOP " unreadable", NULL },
	  { GS_BY_NAME, 200, "[@gs" AT_SHOP "]", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_UNREADABLE, .left = "" },

	{ "an answer whose references have no names cannot be compared", .was_spec = "", .was = { SHOP }, .spec = "'ttl': 30", .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 200, "@gs" AT_SHOP " nameless", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP "]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_AGAIN, .class = AVI_UNREADABLE, .left = "" },
	{ "nor what was read", .was_spec = "", .was = { SHOP }, .spec = "'ttl': 30", .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 503, "", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " nameless]", NULL } },
	  .asked = "PUT " GS_UUID "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER,
	  .then = APPLY_FAILED, .then_class = AVI_UNREADABLE, .left = "update service(ttl)" },
	{ "admin's service of the same name is another one", .spec = ALONE, .now = { SHOP_BLUE },
	  .answers = { { "POST " GS, 502, "", NULL }, { GS_BY_NAME, 200, "[@gs" AT_SHOP " admin]", NULL } },
	  .asked = "POST " GS "\n" GS_BY_NAME "\n", .end = APPLY_FAILED, .class = AVI_SERVER, .then = APPLY_AGAIN, .then_class = AVI_OK,
	  .tenant = "blue", .left = "create service" },

	/* it is refused: the pass stops there */
	{ "a refusal",
	  .now = { SHOP }, .answers = { { "POST " HM, 400, "{\"error\": \"no\"}", NULL } }, .asked = "POST " HM "\n",
	  .end = APPLY_FAILED, .class = AVI_REFUSED, .left = "create monitor; create service" },
	{ "what came before a refusal is known", .now = { SHOP },
	  .answers = { { "POST " HM, 201, "@monitor" AT_SHOP, NULL }, { "POST " GS, 422, "{\"error\": \"no\"}", NULL } },
	  .asked = "POST " HM "\nPOST " GS "\n", .end = APPLY_FAILED, .class = AVI_REFUSED, .left = "create service" },
	{ "a monitor that is still referred to",
	  .was_spec = "", .was = { SHOP }, .spec = "'healthMonitorRefs': ['hm']", .now = { SHOP },
	  .answers = { { "PUT " GS_UUID, 200, "@gs" AT_SHOP, NULL },
	  { "DELETE " HM_UUID, 403, "{\"error\": \"Cannot delete, object is "
		"referred by: ['GslbService x']\"}", NULL } },
	  .asked = "PUT " GS_UUID "\nDELETE " HM_UUID "\n", .end = APPLY_FAILED, .class = AVI_REFERRED,
	  .left = "delete monitor" },
	{ "too many requests", .spec = ALONE, .now = { SHOP }, .answers = { { "POST " GS, 429, "{}", "Retry-After: 7" } },
	  .asked = "POST " GS "\n", .end = APPLY_FAILED, .class = AVI_THROTTLED, .left = "create service",
	  .retry_after_ms = 7000 },
	{ "no leader any more", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 400, "{\"error\": \"Config Operations can be done ONLY on leader\"}", NULL } },
	  .asked = "POST " GS "\n", .end = APPLY_FAILED, .class = AVI_NOT_LEADER, .left = "create service" },
	{ "in maintenance", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 400, "{\"error\": \"GSLB system is in maintenance mode.\"}", NULL } },
	  .asked = "POST " GS "\n", .end = APPLY_FAILED, .class = AVI_MAINTENANCE, .left = "create service" },
	{ "the domain is another service's", .spec = ALONE, .now = { SHOP },
	  .answers = { { "POST " GS, 400, "{\"error\": \"domain name conflicting with existing domain name\"}", NULL } },
	  .asked = "POST " GS "\n", .end = APPLY_FAILED, .class = AVI_DOMAIN_CONFLICT, .left = "create service" },
};

struct result {
	struct talk *talk;
	size_t n;
	enum apply_end end;
	enum avi_class class;
	int64_t retry_after_ms;
	struct op *unsure;
};

static void on_done(void *arg, const struct apply_result *got)
{
	struct result *result = arg;

	assert_non_null(got->message);
	assert_int_equal(got->others, reaction_others(got->class));
	*result = (struct result){ result->talk, result->n + 1, got->end, got->class, got->retry_after_ms,
				   got->unsure ? op_copy(got->unsure) : NULL };
	uv_stop(&result->talk->loop);
}

static struct apply *start(struct bench *b, struct result *result)
{
	struct apply_options options = b->options;
	struct wanted wanted = { 0 };
	struct plan plan = { 0 };
	struct apply *apply;

	*result = (struct result){ .talk = b->talk };
	options.done = on_done;
	options.arg = result;
	bench_plan(b, SCENE_FQDN, &wanted, &plan);
	apply = apply_start(&options, &wanted, &plan);
	assert_int_equal(result->n, 0);
	assert_null(wanted.gs);
	assert_null(plan.ops);
	return apply;
}

static void wait_for_end(struct bench *b, struct result *result)
{
	while (!result->n)
		uv_run(&b->talk->loop, UV_RUN_ONCE);
}

/* Once more what is not known; it stays unknown when it could not be read. */
static void read_unsure(struct bench *b, struct result *result, const struct apply_case *c)
{
	CLEANUP(op_freep) struct op *unsure = TAKE(result->unsure);
	struct apply_options options = b->options;

	assert_true((unsure != NULL) == (c->then != 0));
	if (!unsure)
		return;
	result->n = 0;
	options.done = on_done;
	options.arg = result;
	apply_read(&options, unsure);
	wait_for_end(b, result);
	assert_int_equal(result->end, c->then);
	assert_text(avi_class_name(result->class), avi_class_name(c->then_class));
	assert_true((result->unsure != NULL) == (c->then == APPLY_FAILED));
	op_free(result->unsure);
}

static void the_pass_ends(void **state)
{
	const struct apply_case *c = *state;
	struct bench *b = bench_new();
	CLEANUP(freep) char *left = NULL;
	struct result result;

	if (c->was_spec) {
		bench_world(b, c->was_spec, c->was, ARRAY_SIZE(c->was));
		bench_carry_out(b, SCENE_FQDN);
	}
	bench_world(b, c->spec ? c->spec : "", c->now, ARRAY_SIZE(c->now));
	bench_answers(b, c->answers, ARRAY_SIZE(c->answers));
	start(b, &result);
	wait_for_end(b, &result);
	assert_int_equal(result.end, c->end);
	assert_text(avi_class_name(result.class), avi_class_name(c->class));
	assert_int_equal(result.retry_after_ms, c->retry_after_ms ? c->retry_after_ms : -1);
	read_unsure(b, &result, c);
	left = bench_left(b, SCENE_FQDN);
	assert_text(bench_asked(b), c->asked);
	assert_text(left, c->left);
	assert_text(b->talk->ctl.tenant, c->tenant ? c->tenant : "admin");
	bench_free(b);
}

static const struct scene_object shop[] = { SHOP };

static void a_cancelled_pass_says_nothing(void **state)
{
	struct bench *b = bench_new();
	struct result result;
	struct apply *apply;

	(void)state;
	bench_world(b, ALONE, shop, 1);
	b->talk->ctl.hold = "/api/gslbservice/";
	apply = start(b, &result);
	talk_run_until_held(b->talk, 1);
	apply_cancel(apply);
	apply_cancel(NULL);
	controller_release(&b->talk->ctl);
	talk_run_a_while(b->talk);
	assert_int_equal(result.n, 0);
	bench_free(b);
}

static void a_down_response_of_ours_is_remembered(void **state)
{
	static const struct scripted answers[] = { { "POST " GS, 201, "@gs" AT_SHOP, NULL } };
	struct bench *b = bench_new();
	struct result result;

	(void)state;
	bench_world(b, "'downResponse': {'type': 'GSLB_SERVICE_DOWN_RESPONSE_NONE'}," ALONE, shop, 1);
	bench_answers(b, answers, 1);
	start(b, &result);
	wait_for_end(b, &result);
	assert_true(actual_find_gs(b->actual, "admin", SCENE_FQDN)->is_down_response_ours);
	bench_free(b);
}

static void each_tenant_is_asked_in_its_own_name(void **state)
{
	static const struct scene_object blue[] = {
		{ ING, "east", "web/shop", "10.0.0.1", .tenant = "blue", .ns_tenant = "blue" },
	};
	static const struct scripted answers[] = { { "POST " GS, 201, "@gs" AT_SHOP, NULL } };
	struct bench *b = bench_new();
	struct result result;

	(void)state;
	bench_world(b, ALONE, blue, 1);
	bench_answers(b, answers, 1);
	start(b, &result);
	wait_for_end(b, &result);
	assert_text(b->talk->ctl.tenant, "blue");
	assert_non_null(actual_find_gs(b->actual, "blue", SCENE_FQDN));
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cancelled_pass_says_nothing),
		cmocka_unit_test(a_down_response_of_ours_is_remembered),
		cmocka_unit_test(each_tenant_is_asked_in_its_own_name),
	};
	int n_failed;

	talks_begin();
	n_failed = RUN_TABLE(the_pass_ends, apply_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
