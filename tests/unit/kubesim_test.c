/* The simulated API server's pure parts: selectors, schemas, patches, owners of fields, the sorted store and its
 * history. */
#include "tests/unit/unit.h"

#include "tests/sim/kubesim/cluster.h"
#include "tests/sim/kubesim/fields.h"
#include "tests/sim/kubesim/patch.h"
#include "tests/sim/kubesim/proto.h"
#include "tests/sim/kubesim/schema.h"
#include "tests/sim/kubesim/select.h"
#include "tests/sim/kubesim/text.h"

/* Rows are short where the rest is nothing. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static cJSON *parse(const char *text)
{
	struct err err = { 0 };
	cJSON *json = json_parse(slice_of(text), &err);

	if (!json)
		fail_msg("%s: %s", text, err.msg);
	return json;
}

static void assert_json(const cJSON *got, const char *want)
{
	CLEANUP(cJSON_Deletep) cJSON *wanted = parse(want);
	CLEANUP(freep) char *text = json_text(got);

	if (!ks_same(got, wanted))
		assert_text(text, want);
}

/* --- selectors ------------------------------------------------------------------------------------------- */

struct label_case {
	const char *name, *selector, *labels;
	bool selects;
	const char *error;
};

static const struct label_case label_cases[] = {
	{"nothing asked selects everything", "", "{}", true},
	{"equal", "a=1", "{\"a\":\"1\"}", true},
	{"equal with two signs", "a==1", "{\"a\":\"1\"}", true},
	{"another value", "a=1", "{\"a\":\"2\"}", false},
	{"not equal holds where the label is absent", "a!=1", "{}", true},
	{"both have to hold", "a=1,b=2", "{\"a\":\"1\"}", false},
	{"in a set with blanks", "a in ( 1 , 2 )", "{\"a\":\"2\"}", true},
	{"a set with commas is one requirement", "a in (1,2),b", "{\"a\":\"2\",\"b\":\"\"}", true},
	{"not in a set holds where the label is absent", "a notin (1)", "{}", true},
	{"there", "example.org/a", "{\"example.org/a\":\"\"}", true},
	{"not there", "!a", "{\"a\":\"1\"}", false},
	{"greater", "n>5", "{\"n\":\"6\"}", true},
	{"less", "n<5", "{\"n\":\"6\"}", false},
	{"nonsense is refused", "a=b=c", "{}",
	 .error = "unable to parse requirement: found 'a=b=c', expected: a requirement"},
};

static void test_labels(void **state)
{
	const struct label_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = parse(c->labels);
	CLEANUP(ks_selector_release) struct ks_selector selector = { 0 };
	CLEANUP(pairs_release) struct pairs labels = { 0 };
	struct err err = { 0 };

	pairs_from_json(json, &labels);
	assert_int_equal(ks_selector_parse_labels(c->selector, &selector, &err), !c->error);
	if (c->error)
		assert_text(err.msg, c->error);
	else
		assert_int_equal(ks_selector_has_labels(&selector, &labels), c->selects);
}

/* --- schemas --------------------------------------------------------------------------------------------- */

#define SCHEMA                                                                                                         \
	"{\"type\":\"object\",\"required\":[\"spec\"],\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{"  \
	"\"n\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9,\"default\":3},\"s\":{\"type\":\"string\",\"enum\":[" \
	"\"a\",\"b\"]},"                                                                                               \
	"\"p\":{\"type\":\"string\",\"pattern\":\"^x+$\",\"maxLength\":3},\"any\":{\"x-kubernetes-preserve-unknown-"   \
	"fields\":true},"                                                                                              \
	"\"ios\":{\"x-kubernetes-int-or-string\":true},\"map\":{\"type\":\"object\",\"additionalProperties\":{"        \
	"\"type\":\"string\"}},"                                                                                       \
	"\"list\":{\"type\":\"array\",\"maxItems\":2,\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-"      \
	"keys\":[\"k\"],"                                                                                              \
	"\"items\":{\"type\":\"object\",\"required\":[\"k\"],\"properties\":{\"k\":{\"type\":\"string\"},\"d\":{"      \
	"\"type\":\"integer\","                                                                                        \
	"\"default\":1}}}}}}}}"

struct schema_case {
	const char *name, *object, *becomes, *error;
};

static const struct schema_case schema_cases[] = {
	{"a default is filled in", "{\"spec\":{}}", "{\"spec\":{\"n\":3}}"},
	{"a default of elements too", "{\"spec\":{\"n\":1,\"list\":[{\"k\":\"a\"}]}}",
	 "{\"spec\":{\"n\":1,\"list\":[{\"k\":\"a\",\"d\":1}]}}"},
	{"a null takes the default", "{\"spec\":{\"n\":null}}", "{\"spec\":{\"n\":3}}"},
	{"what is unknown goes", "{\"x\":1,\"spec\":{\"n\":1,\"y\":{}}}", "{\"spec\":{\"n\":1}}"},
	{"metadata stays as it is", "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"n\":1}}",
	 "{\"metadata\":{\"name\":\"a\"},\"spec\":{\"n\":1}}"},
	{"free places keep everything", "{\"spec\":{\"n\":1,\"any\":{\"z\":[1]},\"map\":{\"q\":\"1\"}}}",
	 "{\"spec\":{\"n\":1,\"any\":{\"z\":[1]},\"map\":{\"q\":\"1\"}}}"},
	{"a missing field", "{}", .error = "spec: Required value"},
	{"below the least", "{\"spec\":{\"n\":0}}",
	 .error = "spec.n: Invalid value: 0: spec.n in body should be greater than or equal to 1"},
	{"above the most", "{\"spec\":{\"n\":10}}",
	 .error = "spec.n: Invalid value: 10: spec.n in body should be less than or equal to 9"},
	{"no choice", "{\"spec\":{\"s\":\"c\"}}",
	 .error = "spec.s: Unsupported value: \"c\": supported values: \"a\", \"b\""},
	{"another type", "{\"spec\":{\"n\":\"1\"}}",
	 .error = "spec.n: Invalid value: \"string\": spec.n in body must be of type integer: \"string\""},
	{"a pattern", "{\"spec\":{\"p\":\"y\"}}",
	 .error = "spec.p: Invalid value: \"y\": spec.p in body should match '^x+$'"},
	{"too long", "{\"spec\":{\"p\":\"xxxx\"}}", .error = "spec.p: Too long: may not be more than 3 bytes"},
	{"neither number nor text", "{\"spec\":{\"ios\":true}}",
	 .error = "spec.ios: Invalid value: \"boolean\": spec.ios in body must be of type string: \"boolean\""},
	{"an element's field", "{\"spec\":{\"list\":[{\"d\":2}]}}", .error = "spec.list[0].k: Required value"},
	{"a key twice", "{\"spec\":{\"list\":[{\"k\":\"a\"},{\"k\":\"a\"}]}}",
	 .error = "spec.list[1]: Duplicate value: {\"k\":\"a\",\"d\":1}"},
};

static void test_schema(void **state)
{
	const struct schema_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *schema = parse(SCHEMA);
	CLEANUP(cJSON_Deletep) cJSON *object = parse(c->object);
	CLEANUP(freep) char *message = NULL;
	struct ks_causes causes = { 0 };

	ks_schema_prune(schema, object, NULL);
	ks_schema_default(schema, object);
	ks_schema_check(schema, object, &causes);
	if (causes.n)
		message = xasprintf("%s: %s", json_str(causes.list->child, "field"),
				    json_str(causes.list->child, "message"));
	ks_causes_release(&causes);
	assert_text(message, c->error);
	if (c->becomes)
		assert_json(object, c->becomes);
}

/* --- patches --------------------------------------------------------------------------------------------- */

struct patch_case {
	const char *name;
	enum { MERGE, JSON, STRATEGIC } type;
	const char *object, *patch, *becomes;
	enum err_code error;
};

static const struct patch_case patch_cases[] = {
	{"merge: a null takes away", MERGE, "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":null}}", "{\"a\":{\"c\":2}}"},
	{"merge: a list is one value", MERGE, "{\"a\":[1,2]}", "{\"a\":[3]}", "{\"a\":[3]}"},
	{"merge: nulls of what is new are no values", MERGE, "{}", "{\"a\":{\"b\":null}}", "{\"a\":{}}"},
	{"json: add at the end of a list", JSON, "{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/-\",\"value\":2}]",
	 "{\"a\":[1,2]}"},
	{"json: add in a list", JSON, "{\"a\":[1,3]}", "[{\"op\":\"add\",\"path\":\"/a/1\",\"value\":2}]",
	 "{\"a\":[1,2,3]}"},
	{"json: replace keeps the key", JSON, "{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":2}]",
	 "{\"a\":2}"},
	{"json: remove", JSON, "{\"a\":1,\"b\":2}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{\"b\":2}"},
	{"json: keys with slashes and tildes", JSON, "{\"x/y~z\":1}", "[{\"op\":\"remove\",\"path\":\"/x~1y~0z\"}]",
	 "{}"},
	{"json: move", JSON, "{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}]", "{\"b\":1}"},
	{"json: copy", JSON, "{\"a\":{\"c\":1}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}]",
	 "{\"a\":{\"c\":1},\"b\":{\"c\":1}}"},
	{"json: a test that fails", JSON, "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]",
	 .error = ERR_CONFLICT},
	{"json: nothing there to remove", JSON, "{}", "[{\"op\":\"remove\",\"path\":\"/a/b\"}]", .error = ERR_CONFLICT},
	{"json: an index that is none", JSON, "{\"a\":[]}", "[{\"op\":\"add\",\"path\":\"/a/1\",\"value\":1}]",
	 .error = ERR_CONFLICT},
	{"json: no list", JSON, "{}", "{}", .error = ERR_INVALID},
	{"strategic: elements meet by their key", STRATEGIC,
	 "{\"spec\":{\"ports\":[{\"port\":1,\"name\":\"a\"},{\"port\":2}]}}",
	 "{\"spec\":{\"ports\":[{\"port\":2,\"name\":\"b\"}]}}",
	 "{\"spec\":{\"ports\":[{\"port\":1,\"name\":\"a\"},{\"port\":2,\"name\":\"b\"}]}}"},
	{"strategic: what is new comes first", STRATEGIC, "{\"spec\":{\"ports\":[{\"port\":1}]}}",
	 "{\"spec\":{\"ports\":[{\"port\":2}]}}", "{\"spec\":{\"ports\":[{\"port\":2},{\"port\":1}]}}"},
	{"strategic: or where the order says", STRATEGIC, "{\"spec\":{\"ports\":[{\"port\":1}]}}",
	 "{\"spec\":{\"$setElementOrder/ports\":[{\"port\":1},{\"port\":2}],\"ports\":[{\"port\":2}]}}",
	 "{\"spec\":{\"ports\":[{\"port\":1},{\"port\":2}]}}"},
	{"strategic: an element is deleted", STRATEGIC, "{\"spec\":{\"ports\":[{\"port\":1},{\"port\":2}]}}",
	 "{\"spec\":{\"ports\":[{\"port\":1,\"$patch\":\"delete\"}],\"$setElementOrder/ports\":[{\"port\":2}]}}",
	 "{\"spec\":{\"ports\":[{\"port\":2}]}}"},
	{"strategic: other lists are one value", STRATEGIC, "{\"spec\":{\"rules\":[{\"host\":\"a\"}]}}",
	 "{\"spec\":{\"rules\":[{\"host\":\"b\"}]}}", "{\"spec\":{\"rules\":[{\"host\":\"b\"}]}}"},
	{"strategic: a map is replaced", STRATEGIC, "{\"a\":{\"b\":1}}", "{\"a\":{\"$patch\":\"replace\",\"c\":2}}",
	 "{\"a\":{\"c\":2}}"},
	{"strategic: only some keys stay", STRATEGIC, "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"$retainKeys\":[\"c\"]}}",
	 "{\"a\":{\"c\":2}}"},
	{"strategic: finalizers are a set", STRATEGIC, "{\"metadata\":{\"finalizers\":[\"a\"]}}",
	 "{\"metadata\":{\"finalizers\":[\"b\",\"a\"]}}", "{\"metadata\":{\"finalizers\":[\"a\",\"b\"]}}"},
};

static void test_patch(void **state)
{
	const struct patch_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *object = parse(c->object);
	CLEANUP(cJSON_Deletep) cJSON *patch = parse(c->patch);
	struct err err = { 0 };

	if (c->type == MERGE)
		ks_merge_patch(object, patch);
	else if (c->type == STRATEGIC)
		ks_strategic_patch(object, patch);
	else
		ks_json_patch(&object, patch, &err);
	assert_int_equal(err.code, c->error);
	if (c->becomes)
		assert_json(object, c->becomes);
}

/* --- owners ---------------------------------------------------------------------------------------------- */

static void test_fields_of_an_object(void **state)
{
	CLEANUP(cJSON_Deletep)
	cJSON *object = parse(
		"{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"1\"},\"finalizers\":[\"f\"]},"
		"\"spec\":{\"ports\":[{\"port\":80,\"protocol\":\"TCP\"}],\"selector\":{\"app\":\"a\"},\"ips\":[1,2]}"
		"}");
	CLEANUP(cJSON_Deletep) cJSON *set = ks_fields_of((struct ks_shape){ .is_builtin = true }, object);

	(void)state;
	assert_json(
		set,
		"{\"f:metadata\":{\"f:labels\":{\"f:x\":{}},\"f:finalizers\":{\"v:\\\"f\\\"\":{}}},"
		"\"f:spec\":{\"f:ports\":{\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:port\":{},"
		"\"f:protocol\":{}}},\"f:selector\":{},\"f:ips\":{}}}");
}

struct apply_case {
	const char *name, *live, *config, *becomes, *conflict;
	bool is_forced;
};

#define OWNED_BY(manager, operation, fields)                                                                           \
	"\"managedFields\":[{\"manager\":\"" manager "\",\"operation\":\"" operation                                   \
	"\",\"apiVersion\":\"v1\",\"time\":\"T\","                                                                     \
	"\"fieldsType\":\"FieldsV1\",\"fieldsV1\":" fields "}]"

static const struct apply_case apply_cases[] = {
	{"a new object is as it was said", "{}", "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":1}}"},
	{"what others own stays",
	 "{\"metadata\":{" OWNED_BY("x", "Update", "{\"f:spec\":{\"f:b\":{}}}") "},\"spec\":{\"b\":2}}",
	 "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":1,\"b\":2}}"},
	{"another value of others' is a conflict",
	 "{\"metadata\":{" OWNED_BY("x", "Update", "{\"f:spec\":{\"f:a\":{}}}") "},\"spec\":{\"a\":2}}",
	 "{\"spec\":{\"a\":1}}", NULL, ".spec.a: conflict with \"x\" using v1"},
	{"the same value is none",
	 "{\"metadata\":{" OWNED_BY("x", "Apply", "{\"f:spec\":{\"f:a\":{}}}") "},\"spec\":{\"a\":1}}",
	 "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":1}}"},
	{"force takes it",
	 "{\"metadata\":{" OWNED_BY("x", "Apply", "{\"f:spec\":{\"f:a\":{}}}") "},\"spec\":{\"a\":2}}",
	 "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":1}}", .is_forced = true},
	{"what the manager no longer says goes",
	 "{\"metadata\":{" OWNED_BY("me", "Apply",
				    "{\"f:spec\":{\"f:a\":{},\"f:b\":{}}}") "},\"spec\":{\"a\":1,\"b\":2}}",
	 "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":1}}"},
	{"a list is one value where nothing says otherwise",
	 "{\"metadata\":{" OWNED_BY("me", "Apply", "{\"f:spec\":{\"f:l\":{}}}") "},\"spec\":{\"l\":[1,2]}}",
	 "{\"spec\":{\"l\":[3]}}", "{\"spec\":{\"l\":[3]}}"},
	{"an element of a map-like list goes, another's stays",
	 "{\"metadata\":{" OWNED_BY("me", "Apply",
				    "{\"f:spec\":{\"f:ports\":{\"k:{\\\"port\\\":1,\\\"protocol\\\":\\\"TCP\\\"}\":{\"."
				    "\":{},\"f:port\":{}}}}}") "},\"spec\":{\"ports\":[{\"port\":1},{\"port\":2}]}}",
	 "{\"spec\":{}}", "{\"spec\":{\"ports\":[{\"port\":2}]}}"},
};

static void test_apply(void **state)
{
	const struct apply_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *live = parse(c->live);
	CLEANUP(cJSON_Deletep) cJSON *config = parse(c->config);
	CLEANUP(cJSON_Deletep) cJSON *object = NULL;
	CLEANUP(cJSON_Deletep) cJSON *conflicts = NULL;
	CLEANUP(freep) char *conflict = NULL;
	struct err err = { 0 };
	bool is_done = ks_manage_apply((struct ks_shape){.is_builtin = true}, live, config,
				       &(struct ks_manager){.name = "me", .api_version = "v1"}, c->is_forced, &object,
				       &conflicts, &err);

	assert_int_equal(is_done, !c->conflict);
	if (conflicts)
		conflict =
			xasprintf("%s: %s", json_str(conflicts->child, "field"), json_str(conflicts->child, "message"));
	assert_text(conflict, c->conflict);
	if (!is_done)
		return;
	ks_drop(object, "metadata");
	assert_json(object, c->becomes);
}

static void test_a_writer_takes_over_what_it_changes(void **state)
{
	const struct ks_shape shape = { .is_builtin = true };
	CLEANUP(cJSON_Deletep) cJSON *before = parse("{\"spec\":{\"a\":1,\"b\":1}}");
	CLEANUP(cJSON_Deletep) cJSON *now = parse("{\"spec\":{\"a\":2,\"b\":1}}");
	const cJSON *entries;

	(void)state;
	ks_manage_update(shape, NULL, before, &(struct ks_manager){ .name = "one", .api_version = "v1" });
	ks_manage_update(shape, before, now, &(struct ks_manager){ .name = "two", .api_version = "v1" });
	entries = json_at(now, "metadata", "managedFields", NULL);
	assert_int_equal(cJSON_GetArraySize(entries), 2);
	assert_json(json_get(entries->child, "fieldsV1"), "{\"f:spec\":{\"f:b\":{}}}");
	assert_json(json_get(entries->child->next, "fieldsV1"), "{\"f:spec\":{\"f:a\":{}}}");
}

/* --- the store ------------------------------------------------------------------------------------------- */

static struct ks_kind *configmaps(struct ks_cluster *cluster)
{
	return ks_kind_find(&cluster->kinds, "", "configmaps");
}

static void put(struct ks_cluster *cluster, const char *namespace, const char *name)
{
	CLEANUP(freep) char *text = xasprintf("{\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"}}", name, namespace);

	ks_cluster_put(cluster, configmaps(cluster), parse(text));
}

static bool add_key(void *arg, struct ks_version *version)
{
	strs_add(arg, version->key);
	return true;
}

static void assert_keys_at(const struct ks_cluster *cluster, uint64_t rv, const char *prefix, const char *start,
			   const char *want)
{
	const struct ks_kind *kind = ks_kind_find(&cluster->kinds, "", "configmaps");
	CLEANUP(strs_release) struct strs keys = { 0 };
	CLEANUP(freep) char *got = NULL;

	ks_table_each_at(kind->table, rv, prefix, start, add_key, &keys);
	got = strs_join(&keys, " ");
	assert_text(got, want);
}

static void test_a_list_shows_an_earlier_version(void **state)
{
	struct ks_cluster *cluster = ks_cluster_new("c", 100);
	uint64_t rv;

	(void)state;
	put(cluster, "n", "b");
	put(cluster, "n", "d");
	put(cluster, "n2", "a");
	rv = cluster->rv;
	put(cluster, "n", "a");
	put(cluster, "n", "c");
	ks_version_unref(
		ks_cluster_delete(cluster, configmaps(cluster), ks_cluster_find(configmaps(cluster), "n", "b")));
	put(cluster, "n", "d");
	assert_keys_at(cluster, rv, "", "", "n/b n/d n2/a");
	assert_keys_at(cluster, rv, "n/", "", "n/b n/d");
	assert_keys_at(cluster, rv, "n/", "n/c", "n/d");
	assert_keys_at(cluster, cluster->rv, "", "", "n/a n/c n/d n2/a");
	assert_true(ks_table_knows(configmaps(cluster)->table, rv));
	ks_cluster_compact(cluster);
	assert_false(ks_table_knows(configmaps(cluster)->table, rv));
	assert_true(ks_table_knows(configmaps(cluster)->table, cluster->rv));
	ks_cluster_free(cluster);
}

static void test_history_is_bounded(void **state)
{
	struct ks_cluster *cluster = ks_cluster_new("c", 3);
	uint64_t rv = cluster->rv;

	(void)state;
	for (int i = 0; i < 5; i++)
		put(cluster, "n", "a");
	assert_int_equal(ks_table_events(configmaps(cluster)->table), 3);
	assert_false(ks_table_knows(configmaps(cluster)->table, rv + 1));
	assert_true(ks_table_knows(configmaps(cluster)->table, rv + 2));
	assert_int_equal(ks_table_events_after(configmaps(cluster)->table, rv + 4), 2);
	ks_cluster_free(cluster);
}

static void test_order_of_many(void **state)
{
	struct ks_cluster *cluster = ks_cluster_new("c", 10);
	const struct ks_node *node;
	size_t n = 0;
	CLEANUP(freep) char *last = xstrdup("");

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		CLEANUP(freep) char *name = xasprintf("o%u", i * 7919 % 2000);

		put(cluster, "n", name);
	}
	for (unsigned i = 0; i < 2000; i += 2) {
		CLEANUP(freep) char *name = xasprintf("o%u", i);

		ks_cluster_remove(cluster, configmaps(cluster), ks_cluster_find(configmaps(cluster), "n", name));
	}
	for (node = ks_table_seek(configmaps(cluster)->table, ""); node; node = ks_node_next(node), n++) {
		assert_true(strcmp(last, ks_node_version(node)->key) < 0);
		free(last);
		last = xstrdup(ks_node_version(node)->key);
	}
	assert_int_equal(n, 1000);
	assert_int_equal(ks_table_count(configmaps(cluster)->table), 1000);
	ks_cluster_free(cluster);
}

static void test_base64(void **state)
{
	CLEANUP(freep) char *encoded = ks_base64((struct slice){ "a\0b", 3 });
	CLEANUP(freep) char *bytes = NULL;
	size_t n = 0;

	(void)state;
	assert_text(encoded, "YQBi");
	assert_true(ks_unbase64("YQ==", &bytes, &n));
	assert_int_equal(n, 1);
	assert_text(bytes, "a");
	free(TAKE(bytes));
	assert_false(ks_unbase64("%%%", &bytes, &n));
}

/* As sent by "kubectl create namespace web", with an empty label a. */
static const char proto_namespace[] =
	"k8s\0\n\017\n\002v1\022\tNamespace\022\020\n\016\n\003web\022\000Z\005\n\001a\022\000"
	"\032\000\"\000";

static void test_protobuf(void **state)
{
	const struct slice whole = { proto_namespace, sizeof(proto_namespace) - 1 };
	CLEANUP(cJSON_Deletep) cJSON *object = ks_proto_read(whole, NULL);

	(void)state;
	assert_json(
		object,
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"web\",\"generateName\":\"\","
		"\"labels\":{\"a\":\"\"}}}");
	for (size_t n = 0; n < whole.n; n++) {
		CLEANUP(cJSON_Deletep) cJSON *cut = ks_proto_read((struct slice){ whole.p, n }, NULL);

		if (cut && json_get(cut, "metadata"))
			assert_text(json_str(json_get(cut, "metadata"), "name"), "web");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_of_an_object),
		cmocka_unit_test(test_a_writer_takes_over_what_it_changes),
		cmocka_unit_test(test_a_list_shows_an_earlier_version),
		cmocka_unit_test(test_history_is_bounded),
		cmocka_unit_test(test_order_of_many),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_protobuf),
	};

	json_init();
	return RUN_TABLE(test_labels, label_cases) + RUN_TABLE(test_schema, schema_cases) +
	       RUN_TABLE(test_patch, patch_cases) + RUN_TABLE(test_apply, apply_cases) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
