/* One member cluster in talk with an API server that answers by path: what counts as known, and what is told. */
#include "leader/watch/cluster.h"

#include "common/base/metrics.h"
#include "common/io/http_server.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 5000
#define MAX_WATCHES 8

#define GROUP(name, version) "{\"name\":\"" name "\",\"versions\":[{\"groupVersion\":\"" name "/" version "\",\"version\":\"" version "\"}]}"
#define GROUPS(list) "{\"kind\":\"APIGroupList\",\"groups\":[" list "]}"
#define RESOURCES(list) "{\"kind\":\"APIResourceList\",\"resources\":[" list "]}"
#define NETWORKING GROUP("networking.k8s.io", "v1")
#define OPENSHIFT GROUP("route.openshift.io", "v1")
#define INGRESS_API { "/apis/networking.k8s.io/v1", 200, RESOURCES("{\"name\":\"ingresses\"}") }
#define LIST(kind, items) "{\"kind\":\"" kind "List\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" items "]}"
#define SHOP "{\"metadata\":{\"namespace\":\"web\",\"name\":\"shop\",\"resourceVersion\":\"5\"}}"

struct answer {
	const char *path;              /* NULL ends a list */
	int status;
	const char *body;
};

/* For what a test does not answer itself. */
static const struct answer usual[] = {
	{ "/apis", 200, GROUPS(NETWORKING) },
	INGRESS_API,
	{ "/api/v1/namespaces", 200, LIST("Namespace", "{\"metadata\":{\"name\":\"web\",\"resourceVersion\":\"4\"}}") },
	{ "/api/v1/services", 200, LIST("Service", "") },
	{ "/apis/networking.k8s.io/v1/ingresses", 200, LIST("Ingress", SHOP) },
	{ 0 },
};

struct bench {
	uv_loop_t loop;
	struct http_server *server;
	struct http_client *http;
	const struct answer *answers;
	struct http_exchange *watches[MAX_WATCHES];
	size_t n_watches, n_objects, n_discoveries;
	struct cluster *cluster;
	const char *awaited;           /* in the trouble's message; "": no trouble */
};

static const struct answer *find_answer(const struct answer *answers, const char *path)
{
	for (; answers && answers->path; answers++)
		if (streq(answers->path, path))
			return answers;
	return NULL;
}

static void on_gone(void *arg)
{
	(void)arg;
}

static void on_request(void *arg, struct http_exchange *x)
{
	struct bench *b = arg;
	const struct answer *a = find_answer(b->answers, http_path(x));

	a = a ? a : find_answer(usual, http_path(x));
	b->n_discoveries += streq(http_path(x), "/apis");
	if (http_query(x, "watch") && (!a || a->status == 200)) {
		assert_true(b->n_watches < MAX_WATCHES);
		b->watches[b->n_watches++] = x;
		http_stream_begin(x, 200, "application/json", 100000, on_gone, NULL);
	} else {
		http_answer(x, a ? a->status : 404, "application/json", slice_of(a ? a->body : "{}"), NULL);
	}
}

static void on_object(void *arg, struct cluster *cluster, const struct host_object *before, const struct host_object *after)
{
	struct bench *b = arg;

	(void)cluster;
	b->n_objects += (after != NULL) - (before != NULL);
}

static void on_namespace(void *arg, struct cluster *cluster, const char *name)
{
	(void)arg, (void)cluster, (void)name;
}

static void on_state(void *arg, struct cluster *cluster)
{
	(void)arg, (void)cluster;
}

static void open_bench(struct bench *b, const struct answer *answers)
{
	struct kube_context context = { .name = (char[]){ "east" } };

	*b = (struct bench){ .answers = answers };
	uv_loop_init(&b->loop);
	b->http = http_client_new(&b->loop, 0);
	b->server = http_server_new(&b->loop, &(struct http_server_options){
		.listen = "127.0.0.1:0", .handler = on_request, .arg = b }, NULL);
	assert_non_null(b->server);
	context.server = xasprintf("http://127.0.0.1:%d", http_server_port(b->server));
	b->cluster = cluster_new(&(struct cluster_options){
		.http = b->http, .loop = &b->loop, .context = &context, .name = "east",
		.on_object = on_object, .on_namespace = on_namespace, .on_state = on_state, .arg = b,
		.times = { .backoff_min_ms = 10, .backoff_max_ms = 20, .stale_ms = 100, .proof_ms = 20, .spread_ms = 5 } });
	free(context.server);
}

static void close_bench(struct bench *b)
{
	cluster_free(b->cluster);
	http_client_free(b->http);
	http_server_free(b->server);
	finish_loop(&b->loop);
}

static bool is_told(void *arg)
{
	struct bench *b = arg;
	CLEANUP(freep) char *message = NULL;
	enum cluster_trouble trouble = cluster_trouble(b->cluster, &message);

	if (!*b->awaited)
		return trouble == CLUSTER_FINE;
	return trouble != CLUSTER_SYNCING && trouble != CLUSTER_FINE && strstr(message, b->awaited);
}

static bool awaits(struct bench *b, const char *message)
{
	b->awaited = message;
	return run_until(&b->loop, is_told, b, PATIENCE_MS);
}

/* ---- at start ---- */

static const struct row {
	const char *name;
	struct answer answers[4];
	const char *says;              /* the trouble's message; "": none */
	enum cluster_trouble trouble;
	const char *known;             /* Ingress, Service, Route, Namespace: their first letters */
} rows[] = {
	{ "on plain Kubernetes Routes are absent", .answers = { { 0 } }, .says = "", .known = "isrn" },
	{ "where Routes are served, Ingresses are not watched", { { "/apis", 200, GROUPS(NETWORKING "," OPENSHIFT) },
	  { "/apis/route.openshift.io/v1", 200, RESOURCES("{\"name\":\"routes\"},{\"name\":\"routes/status\"}") } },
	  .says = "", .known = "isn" },
	{ "a group whose version is another one is absent", { { "/apis", 200, GROUPS(NETWORKING "," GROUP("route.openshift.io", "v2")) } },
	  .says = "", .known = "isrn" },
	{ "a version without that resource has it not", { { "/apis/networking.k8s.io/v1", 200, RESOURCES("{\"name\":\"ingressclasses\"}") } },
	  .says = "", .known = "isrn" },
	{ "what is neither listed nor there is absent", { { "/apis", 200, GROUPS("") }, { "/apis/networking.k8s.io/v1", 404, "{}" } },
	  .says = "", .known = "isrn" },
	{ "what is not listed and cannot be asked for is not", { { "/apis", 200, GROUPS("") }, { "/apis/networking.k8s.io/v1", 503, "{}" } },
	  "cluster east: discover ingresses: HTTP 503", CLUSTER_UNREACHABLE, "r" },
	{ "a version that is listed and then not found is not absent", { { "/apis/networking.k8s.io/v1", 404, "{}" } },
	  "cluster east: discover ingresses: HTTP 404", CLUSTER_BAD_ANSWER, "r" },
	{ "nor is one whose server is away", { { "/apis", 200, GROUPS(NETWORKING "," OPENSHIFT) }, { "/apis/route.openshift.io/v1", 503, "{}" } },
	  "cluster east: discover routes: HTTP 503", CLUSTER_UNREACHABLE, "" },
	{ "groups that are not found say nothing", { { "/apis", 404, "not found" } },
	  "cluster east: discover API groups: HTTP 404", CLUSTER_BAD_ANSWER, "" },
	{ "a page of a gateway says nothing", { { "/apis", 200, "<html>" } },
	  "cluster east: discover API groups: HTTP 200: not JSON: stopped at byte 0 of 6", CLUSTER_BAD_ANSWER, "" },
	{ "an empty answer says nothing", { { "/apis", 200, "" } },
	  "cluster east: discover API groups: HTTP 200: the answer is no APIGroupList", CLUSTER_BAD_ANSWER, "" },
	{ "a list of groups is no list of resources", { { "/apis/networking.k8s.io/v1", 200, GROUPS("") } },
	  "cluster east: discover ingresses: HTTP 200: the answer is no APIResourceList", CLUSTER_BAD_ANSWER, "r" },
	{ "forbidden Namespaces leave the rest to be listed", { { "/api/v1/namespaces", 403, "{\"kind\":\"Status\",\"message\":\"not you\"}" } },
	  "cluster east: Namespace: list namespaces: HTTP 403: not you", CLUSTER_FORBIDDEN, "isr" },
	{ "a list of another kind is none", { { "/api/v1/services", 200, LIST("Pod", "") } },
	  "cluster east: Service: list services: HTTP 200: the answer is no list", CLUSTER_BAD_ANSWER, "irn" },
};

static bool both_are_listed(void *arg)
{
	struct bench *b = arg;

	return b->n_watches >= 2 && b->n_objects == 1;
}

static void shows(void **state)
{
	const struct row *row = *state;
	CLEANUP(freep) char *message = NULL;
	struct cluster_knowledge known;
	char letters[5] = "", *at = letters;
	struct bench b;

	open_bench(&b, row->answers);
	assert_true(awaits(&b, row->says));
	if (strlen(row->known) == 3 && row->trouble)
		assert_true(run_until(&b.loop, both_are_listed, &b, PATIENCE_MS));
	assert_int_equal(cluster_trouble(b.cluster, &message), row->trouble);
	assert_text(message ? message : "", row->says);
	assert_true(cluster_is_settled(b.cluster));
	cluster_knowledge(b.cluster, &known);
	for (size_t i = 0; i < 3; i++)
		if (known.is_complete[(enum host_kind[]){ KIND_INGRESS, KIND_LBSVC, KIND_ROUTE }[i]])
			*at++ = "isr"[i];
	if (known.has_namespaces)
		*at++ = 'n';
	assert_text(letters, row->known);
	close_bench(&b);
}

/* An API server that starts lists next to nothing at first; one of an old aggregator may never list what it serves. */
static void a_group_that_is_served_and_not_listed_is_not_absent(void **state)
{
	static const struct answer starting[] = { { "/apis", 200, GROUPS("") }, { 0 } };
	struct cluster_knowledge known;
	struct bench b;

	(void)state;
	open_bench(&b, starting);
	assert_true(awaits(&b, ""));
	assert_int_equal(b.n_objects, 1);
	cluster_knowledge(b.cluster, &known);
	assert_true(known.is_complete[KIND_ROUTE]);    /* neither listed nor there */
	close_bench(&b);
}

/* ---- later ---- */

static void end_watches(struct bench *b)
{
	while (b->n_watches)
		http_stream_end(b->watches[--b->n_watches]);
}

static bool is_discovered_again(void *arg)
{
	return ((struct bench *)arg)->n_discoveries >= 2;
}

static bool nothing(void *arg)
{
	(void)arg;
	return false;
}

/* Its objects were seen, and nobody saw them go. */
static void a_kind_that_is_gone_is_stale_not_empty(void **state)
{
	static const struct answer gone[] = {
		{ "/apis", 200, GROUPS("") },
		{ "/apis/networking.k8s.io/v1/ingresses", 404, "{}" },
		{ 0 },
	};
	struct cluster_knowledge known;
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	assert_true(awaits(&b, ""));
	assert_int_equal(b.n_objects, 1);
	b.answers = gone;
	end_watches(&b);
	assert_true(awaits(&b, "cluster east: Ingress: "));
	assert_true(run_until(&b.loop, is_discovered_again, &b, PATIENCE_MS));
	run_until(&b.loop, nothing, NULL, 50);
	assert_int_equal(b.n_objects, 1);
	cluster_knowledge(b.cluster, &known);
	assert_true(known.is_complete[KIND_INGRESS]);
	b.answers = NULL;
	assert_true(awaits(&b, ""));
	assert_int_equal(b.n_objects, 1);
	close_bench(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_that_is_served_and_not_listed_is_not_absent),
		cmocka_unit_test(a_kind_that_is_gone_is_stale_not_empty),
	};
	int n_failed = RUN_TABLE(shows, rows);

	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	metrics_release();
	return n_failed;
}
