/* common/mirror/carry: what a cluster's API server is asked for, one after the other, and what comes out. */
#include "tests/unit/unit.h"

#include "common/mirror/carry.h"
#include "tests/unit/fake_http.h"

#define PATIENCE_MS 60000

struct world {
	uv_loop_t loop;
	struct http_client *http;
	struct kube_client *kube;
	struct fake_http *fake;
	struct carry *carry;
	int n_done;
	char *told;
};

static const char *const results[] = { "equal", "failed", "gone", "kept", "stubborn" };

static void on_done(void *arg, const struct carry_result *result)
{
	struct world *w = arg;

	w->n_done++;
	free(w->told);
	w->told = xasprintf("%s %s%s%s%s%s", result->key, results[result->result], result->err ? ": " : "",
			    result->err ? result->err->msg : "", result->stamp ? " " : "", result->stamp ? result->stamp : "");
}

static bool is_done(void *arg)
{
	const struct world *w = arg;

	return w->n_done > 0;
}

static void open_world(struct world *w, const struct fake_answer *answers, size_t n)
{
	struct kube_context context = { 0 };

	*w = (struct world){ 0 };
	uv_loop_init(&w->loop);
	w->http = http_client_new(&w->loop, 0);
	w->fake = fake_http_new(&w->loop, answers, n);
	context.name = xstrdup("west");
	context.server = xstrdup(fake_http_url(w->fake));
	w->kube = kube_client_new(w->http, &context);
	free(context.name);
	free(context.server);
	w->carry = carry_new(w->kube, on_done, w);
}

static void close_world(struct world *w)
{
	carry_free(w->carry);
	kube_client_free(w->kube);
	http_client_free(w->http);
	fake_http_free(w->fake);
	finish_loop(&w->loop);
	free(w->told);
}

#define LABEL "\"labels\":{\"amko.vmware.com/federated\":\"true\"}"
#define OBJECT(more, spec) "{\"metadata\":{\"name\":\"r\",\"namespace\":\"shop\",\"uid\":\"u-1\",\"resourceVersion\":\"7\",\"generation\":3" more \
	"},\"spec\":" spec "}"
#define SAME OBJECT("," LABEL, "{\"a\":1}")
#define OTHER OBJECT("," LABEL, "{\"a\":1,\"b\":2}")
#define PATH "/apis/amko.vmware.com/v1alpha1/namespaces/shop/gslbhostrules/r"
#define STATUS(text) "{\"kind\":\"Status\",\"message\":\"" text "\"}"
#define WHO "?fieldManager=amko-federation"

static const struct story {
	const char *name;
	bool is_tombstone;
	const char *actual;
	struct {
		const char *wants;
		int status;
		const char *body;
	} answers[5];
	size_t n_requests;
	const char *told;
} stories[] = {
	{ "as wanted: no request", false, SAME, {}, 0, "GSLBHostRule/shop/r equal" },
	{ "not there: applied", false, NULL, { { "PATCH " PATH WHO "&force=true HTTP", 201, SAME } }, 1, "GSLBHostRule/shop/r equal" },
	{ "an apply is an apply patch of the whole copy", false, NULL,
	  { { "application/apply-patch+yaml", 201, SAME } }, 1, "GSLBHostRule/shop/r equal" },
	{ "without label: labelled by a merge patch", false, OBJECT("", "{\"a\":1}"), { { "application/merge-patch+json", 200, SAME } },
	  1, "GSLBHostRule/shop/r equal" },
	{ "other managers' fields: put after the apply", false, OTHER,
	  { { "PATCH ", 200, OTHER }, { "PUT " PATH WHO " HTTP", 200, SAME } }, 2, "GSLBHostRule/shop/r equal" },
	{ "what a put does not change either", false, OTHER, { { "PATCH ", 200, OTHER }, { "PUT ", 200, OTHER } }, 2,
	  "GSLBHostRule/shop/r stubborn" },
	{ "somebody was first", false, OTHER, { { "PATCH ", 200, OTHER }, { "PUT ", 409, STATUS("changed") } }, 2,
	  "GSLBHostRule/shop/r failed: put GSLBHostRule/shop/r: HTTP 409: changed" },
	{ "deleted before the put: applied again", false, OTHER,
	  { { "PATCH ", 200, OTHER }, { "PUT ", 404, STATUS("gone") }, { "PATCH ", 201, SAME } }, 3, "GSLBHostRule/shop/r equal" },
	{ "a label that is taken away each time", false, OBJECT("", "{\"a\":1}"),
	  { { "PATCH ", 200, OBJECT("", "{\"a\":1}") }, { "PATCH ", 200, OBJECT("", "{\"a\":1}") },
	    { "PATCH ", 200, OBJECT("", "{\"a\":1}") }, { "PATCH ", 200, OBJECT("", "{\"a\":1}") } }, 4,
	  "GSLBHostRule/shop/r stubborn" },
	{ "forbidden", false, NULL, { { "PATCH ", 403, STATUS("no right to patch") } }, 1,
	  "GSLBHostRule/shop/r failed: apply GSLBHostRule/shop/r: HTTP 403: no right to patch" },
	{ "no such namespace", false, NULL, { { "PATCH ", 404, STATUS("namespaces shop not found") } }, 1,
	  "GSLBHostRule/shop/r failed: apply GSLBHostRule/shop/r: HTTP 404: namespaces shop not found" },
	{ "a tombstone of nothing: it is asked for once", true, NULL, { { "GET " PATH " HTTP", 404, STATUS("gone") } }, 1,
	  "GSLBHostRule/shop/r gone uid-r" },
	{ "a tombstone of what was not seen yet", true, NULL, { { "GET ", 200, SAME }, { "DELETE ", 200, STATUS("") } }, 2,
	  "GSLBHostRule/shop/r gone uid-r" },
	{ "a tombstone, and nobody answers", true, NULL, { { "GET ", 403, STATUS("no right") } }, 1,
	  "GSLBHostRule/shop/r failed: look at GSLBHostRule/shop/r: HTTP 403: no right uid-r" },
	{ "a tombstone of an own object: no request", true, OBJECT("", "{}"), {}, 0, "GSLBHostRule/shop/r kept uid-r" },
	{ "a tombstone: this very version is deleted", true, SAME,
	  { { "\"preconditions\":{\"uid\":\"u-1\",\"resourceVersion\":\"7\"}", 200, STATUS("") } }, 1, "GSLBHostRule/shop/r gone uid-r" },
	{ "deleted by somebody else", true, SAME, { { "DELETE " PATH " HTTP", 404, STATUS("gone") } }, 1, "GSLBHostRule/shop/r gone uid-r" },
	{ "changed before it was deleted", true, SAME, { { "DELETE ", 409, STATUS("changed") } }, 1,
	  "GSLBHostRule/shop/r failed: delete GSLBHostRule/shop/r: HTTP 409: changed uid-r" },
	{ "a finalizer holds it", true, SAME, { { "DELETE ", 200, OBJECT(",\"finalizers\":[\"f\"],\"deletionTimestamp\":\"now\"", "{}") } }, 1,
	  "GSLBHostRule/shop/r failed: delete GSLBHostRule/shop/r: waits for its finalizers (f) uid-r" },
};

static struct copies *wanted_of(bool is_tombstone)
{
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(OBJECT("", "{\"a\":1}")), NULL);
	struct copies *copies = copies_new();
	struct copy copy;

	assert_true(copy_from_object(&KUBE_GSLBHOSTRULES, json, &copy, NULL));
	if (is_tombstone)
		assert_true(copies_delete(copies, copy.key, "uid-r", NULL));
	else
		assert_true(copies_put(copies, &copy, NULL));
	copy_release(&copy);
	return copies;
}

static void object_is_carried(void **state)
{
	const struct story *row = *state;
	CLEANUP(copies_freep) struct copies *copies = wanted_of(row->is_tombstone);
	CLEANUP(cJSON_Deletep) cJSON *actual = row->actual ? json_parse(slice_of(row->actual), NULL) : NULL;
	struct fake_answer answers[ARRAY_SIZE(row->answers)] = { 0 };
	struct world w;

	for (size_t i = 0; i < row->n_requests; i++)
		answers[i] = (struct fake_answer){ .wants = row->answers[i].wants, .status = row->answers[i].status, .headers = "",
						   .body = row->answers[i].body };
	open_world(&w, answers, row->n_requests);
	assert_true(carry_start(w.carry, copies_find(copies, "GSLBHostRule/shop/r"), actual));
	assert_true(w.n_done || run_until(&w.loop, is_done, &w, PATIENCE_MS));
	assert_text(w.told, row->told);
	assert_int_equal(fake_http_n_requests(w.fake), row->n_requests);
	assert_text(fake_http_complaint(w.fake), "");
	assert_int_equal(carry_under_way(w.carry), 0);
	close_world(&w);
}

static void no_more_than_some_at_a_time_and_each_object_once(void **state)
{
	static const struct fake_answer silent[CARRY_MAX] = { [0 ... CARRY_MAX - 1] = { .status = -1 } };
	CLEANUP(copies_freep) struct copies *copies = wanted_of(false);
	const struct copies_entry *one = copies_find(copies, "GSLBHostRule/shop/r");
	struct world w;

	(void)state;
	open_world(&w, silent, ARRAY_SIZE(silent));
	assert_true(carry_start(w.carry, one, NULL));
	assert_false(carry_start(w.carry, one, NULL));
	for (int i = 1; i < CARRY_MAX + 2; i++) {
		CLEANUP(freep) char *key = xasprintf("GSLBHostRule/shop/r%d", i);
		struct copies_entry other = *one;

		other.copy.key = key;
		assert_int_equal(carry_start(w.carry, &other, NULL), i < CARRY_MAX);
	}
	assert_int_equal(w.n_done, 0);
	close_world(&w);          /* what is under way is cancelled, and told to nobody */
	assert_int_equal(w.n_done, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_more_than_some_at_a_time_and_each_object_once),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(object_is_carried, stories);
}
