/* common/mirror: what of an object is carried, its canonical form, and when a cluster has it. */
#include "tests/unit/unit.h"

#include "common/mirror/canonical.h"
#include "common/mirror/copy.h"

static cJSON *parse(const char *text)
{
	cJSON *json = json_parse(slice_of(text), NULL);

	assert_non_null(json);
	return json;
}

/* ---- the canonical form ---- */

static const struct form {
	const char *name, *text, *want;      /* NULL: none */
} forms[] = {
	{ "keys are sorted, blanks go", "{\"b\": 1, \"a\" : {\"d\":[1, 2],\"c\":null}}", "{\"a\":{\"d\":[1,2]},\"b\":1}" },
	{ "the order of a list stays", "[3,1,2]", "[3,1,2]" },
	{ "null stays in a list", "[null,true,false]", "[null,true,false]" },
	{ "of equal keys the first counts", "{\"a\":1,\"a\":2}", "{\"a\":1}" },
	{ "a first of equal keys that is null", "{\"a\":null,\"a\":2}", "{}" },
	{ "keys that differ in case are two", "{\"a\":1,\"A\":2}", "{\"A\":2,\"a\":1}" },
	{ "one spelling of a whole number", "[1.0, 1e2, -0, 9007199254740992]", "[1,100,0,9007199254740992]" },
	{ "a fraction", "[0.5, 0.1]", "[0.5,0.10000000000000001]" },
	{ "one spelling of a text", "\"\\u0041\\/\\n\\\"\\\\\\u00e9\"", "\"A/\\u000a\\\"\\\\\xc3\xa9\"" },
	{ "empty ones", "{\"a\":{},\"b\":[],\"c\":\"\"}", "{\"a\":{},\"b\":[],\"c\":\"\"}" },
	{ "a number without an end", "[1e999]", NULL },
};

static void canonical_form_is(void **state)
{
	const struct form *row = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = parse(row->text), *again = NULL;
	CLEANUP(buf_release) struct buf out, twice;

	buf_init(&out, 200);
	buf_init(&twice, 200);
	assert_int_equal(canonical_put(json, &out, NULL), row->want != NULL);
	if (!row->want)
		return;
	assert_text(buf_str(&out), row->want);
	again = parse(row->want);
	assert_true(canonical_put(again, &twice, NULL));
	assert_text(buf_str(&twice), row->want);
}

static void what_nests_too_deeply_or_is_too_long_has_none(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *deep = cJSON_CreateArray(), *text = cJSON_CreateString("0123456789");
	CLEANUP(buf_release) struct buf out;
	struct err err;

	(void)state;
	for (int i = 1; i < CANONICAL_DEPTH_MAX; i++) {
		cJSON *around = cJSON_CreateArray();

		cJSON_AddItemToArray(around, deep);
		deep = around;
	}
	buf_init(&out, 1000);
	assert_true(canonical_put(deep, &out, NULL));
	{
		CLEANUP(cJSON_Deletep) cJSON *deeper = cJSON_CreateArray();

		cJSON_AddItemToArray(deeper, TAKE(deep));
		assert_false(canonical_put(deeper, &out, &err));
		assert_int_equal(err.code, ERR_INVALID);
	}
	out.max = out.n + 11;
	assert_false(canonical_put(text, &out, &err));
	assert_int_equal(err.code, ERR_LIMIT);
}

/* ---- what is carried ---- */

#define UUID "\"amko.vmware.com/amko-uuid\":\"u-1\""
#define OBJECT(metadata, spec) "{\"metadata\":{\"name\":\"gc-1\",\"namespace\":\"avi-system\"" metadata "}" spec "}"

static const struct carried {
	const char *name, *object, *body;     /* NULL: refused */
} carrieds[] = {
	{ "the spec", OBJECT("", ",\"spec\":{\"b\":2,\"a\":1}"), "{\"annotations\":{},\"labels\":{},\"spec\":{\"a\":1,\"b\":2}}" },
	{ "the UUID", OBJECT(",\"annotations\":{" UUID "}", ",\"spec\":{}"),
	  "{\"annotations\":{" UUID "},\"labels\":{},\"spec\":{}}" },
	{ "no bookkeeping of Helm and kubectl",
	  OBJECT(",\"annotations\":{\"meta.helm.sh/release-name\":\"amko\",\"kubectl.kubernetes.io/last-applied-configuration\":\"{}\"},"
		 "\"labels\":{\"app.kubernetes.io/managed-by\":\"Helm\",\"helm.sh/chart\":\"amko\"}", ",\"spec\":{}"),
	  "{\"annotations\":{},\"labels\":{},\"spec\":{}}" },
	{ "labels that say what it is", OBJECT(",\"labels\":{\"app.kubernetes.io/name\":\"amko\",\"mine\":\"1\"}", ",\"spec\":{}"),
	  "{\"annotations\":{},\"labels\":{\"app.kubernetes.io/name\":\"amko\"},\"spec\":{}}" },
	{ "no owners, finalizers, status", OBJECT(",\"ownerReferences\":[{\"uid\":\"1\"}],\"finalizers\":[\"f\"],\"uid\":\"2\"",
						  ",\"spec\":{},\"status\":{\"state\":\"success\"}"),
	  "{\"annotations\":{},\"labels\":{},\"spec\":{}}" },
	{ "not the mark of a copy", OBJECT(",\"labels\":{\"amko.vmware.com/federated\":\"true\"}", ",\"spec\":{}"),
	  "{\"annotations\":{},\"labels\":{},\"spec\":{}}" },
	{ "an annotation that is no text", OBJECT(",\"annotations\":{\"amko.vmware.com/amko-uuid\":1}", ",\"spec\":{}"),
	  "{\"annotations\":{},\"labels\":{},\"spec\":{}}" },
	{ "nothing without a spec", OBJECT("", ""), NULL },
	{ "nothing with a spec that is none", OBJECT("", ",\"spec\":[]"), NULL },
	{ "nothing without a name", "{\"metadata\":{\"namespace\":\"avi-system\"},\"spec\":{}}", NULL },
	{ "nothing without a namespace", "{\"metadata\":{\"name\":\"gc-1\"},\"spec\":{}}", NULL },
	{ "nothing whose name is a path", "{\"metadata\":{\"name\":\"../x\",\"namespace\":\"avi-system\"},\"spec\":{}}", NULL },
};

static void object_carries(void **state)
{
	const struct carried *row = *state;
	CLEANUP(cJSON_Deletep) cJSON *object = parse(row->object);
	CLEANUP(copy_release) struct copy copy = { 0 }, again = { 0 };
	struct err err;

	assert_int_equal(copy_from_object(&KUBE_GSLBCONFIGS, object, &copy, &err), row->body != NULL);
	assert_text(copy.body, row->body);
	if (!row->body)
		return;
	assert_text(copy.key, "GSLBConfig/avi-system/gc-1");
	assert_true(copy_from_wire(slice_of(copy.key), slice_of(copy.body), &copy.hash, &again, &err));
	assert_text(again.body, row->body);
}

static const struct named {
	const char *name, *key;
	bool is_key;
} nameds[] = {
	{ "a GSLBConfig", "GSLBConfig/avi-system/gc-1", true },
	{ "a policy", "GlobalDeploymentPolicy/avi-system/global.gdp", true },
	{ "a host rule of any namespace", "GSLBHostRule/shop/a.b-c", true },
	{ "a kind that is not carried", "Secret/avi-system/gslb-avi-secret", false },
	{ "a kind in another case", "gslbconfig/avi-system/gc-1", false },
	{ "no kind", "/avi-system/gc-1", false },
	{ "two parts", "GSLBConfig/gc-1", false },
	{ "four parts", "GSLBConfig/avi-system/gc-1/status", false },
	{ "a name that goes up", "GSLBConfig/avi-system/..", false },
	{ "a namespace that goes up", "GSLBConfig/../gc-1", false },
	{ "a namespace with a dot", "GSLBConfig/a.b/gc-1", false },
	{ "two dots within", "GSLBConfig/a/b..c", false },
	{ "an escape", "GSLBConfig/avi-system/%2e%2e", false },
	{ "upper case", "GSLBConfig/avi-system/GC", false },
	{ "a namespace of 64 bytes", "GSLBConfig/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef/gc", false },
};

static void key_is_read(void **state)
{
	const struct named *row = *state;
	struct copy_key key;

	assert_int_equal(copy_key_parse(slice_of(row->key), &key), row->is_key);
}

static const struct foreign {
	const char *name, *body;
	bool is_taken;
} foreigns[] = {
	{ "what is canonical", "{\"annotations\":{},\"labels\":{},\"spec\":{\"a\":1}}", true },
	{ "more than we carry: a newer leader's", "{\"annotations\":{\"new\":\"1\"},\"labels\":{},\"more\":1,\"spec\":{}}", true },
	{ "less than we carry: an older leader's", "{\"spec\":{}}", true },
	{ "blanks", "{\"annotations\":{}, \"labels\":{},\"spec\":{}}", false },
	{ "another order", "{\"spec\":{},\"labels\":{}}", false },
	{ "equal keys", "{\"spec\":{\"a\":1,\"a\":1}}", false },
	{ "no spec", "{\"labels\":{}}", false },
	{ "a spec that is a list", "{\"spec\":[]}", false },
	{ "no JSON", "{\"spec\":{}", false },
	{ "two values", "{\"spec\":{}}{}", false },
	{ "a text that is cut", "{\"spec\":{\"a\":\"b\\u0000c\"}}", false },
};

static void body_is_taken(void **state)
{
	const struct foreign *row = *state;
	CLEANUP(copy_release) struct copy copy = { 0 };
	struct sha256 hash;
	struct err err = { 0 };

	sha256_of(slice_of(row->body), &hash);
	assert_int_equal(copy_from_wire(slice_of("GSLBHostRule/shop/r"), slice_of(row->body), &hash, &copy, &err), row->is_taken);
	assert_true(row->is_taken || *err.msg);
	copy_release(&copy);
	hash.bytes[31] ^= 1;
	assert_false(copy_from_wire(slice_of("GSLBHostRule/shop/r"), slice_of(row->body), &hash, &copy, &err));
}

/* ---- is it there? ---- */

static struct copy copy_of(const char *metadata, const char *spec)
{
	CLEANUP(freep) char *text = xasprintf(OBJECT("%s", ",\"spec\":%s"), metadata, spec);
	CLEANUP(cJSON_Deletep) cJSON *object = parse(text);
	struct copy copy;

	assert_true(copy_from_object(&KUBE_GSLBCONFIGS, object, &copy, NULL));
	return copy;
}

static const struct presence {
	const char *name, *wanted, *metadata, *spec;
	bool is_in;
} presences[] = {
	{ "the same", ",\"annotations\":{" UUID "}", ",\"annotations\":{" UUID "}", "{\"a\":{\"b\":1,\"c\":2}}", true },
	{ "written in another order", "", "", "{\"a\":{\"c\":2,\"b\":1}}", true },
	{ "with more annotations", "", ",\"annotations\":{\"x\":\"y\"}", "{\"a\":{\"b\":1,\"c\":2}}", true },
	{ "its own UUID where the leader has none", "", ",\"annotations\":{" UUID "}", "{\"a\":{\"b\":1,\"c\":2}}", true },
	{ "another UUID", ",\"annotations\":{" UUID "}", ",\"annotations\":{\"amko.vmware.com/amko-uuid\":\"u-2\"}",
	  "{\"a\":{\"b\":1,\"c\":2}}", false },
	{ "no UUID where the leader has one", ",\"annotations\":{" UUID "}", "", "{\"a\":{\"b\":1,\"c\":2}}", false },
	{ "another value", "", "", "{\"a\":{\"b\":1,\"c\":3}}", false },
	{ "a field more", "", "", "{\"a\":{\"b\":1,\"c\":2},\"d\":1}", false },
	{ "a field less", "", "", "{\"a\":{\"b\":1}}", false },
};

static void cluster_has_it(void **state)
{
	const struct presence *row = *state;
	CLEANUP(copy_release) struct copy copy = copy_of(row->wanted, "{\"a\":{\"b\":1,\"c\":2}}");
	CLEANUP(freep) char *text = xasprintf(OBJECT("%s", ",\"spec\":%s"), row->metadata, row->spec);
	CLEANUP(cJSON_Deletep) cJSON *object = parse(text);

	assert_int_equal(copy_is_in(&copy, object), row->is_in);
}

static void the_object_to_apply_is_whole_and_keeps_a_uuid(void **state)
{
	CLEANUP(copy_release) struct copy copy = copy_of("", "{\"a\":1}");
	CLEANUP(cJSON_Deletep) cJSON *actual = parse(OBJECT(",\"annotations\":{" UUID ",\"x\":\"y\"}", "")),
				     *object = copy_to_object(&copy, actual), *fresh = copy_to_object(&copy, NULL);
	CLEANUP(freep) char *text = json_text(object), *fresh_text = json_text(fresh);

	(void)state;
	assert_text(text, "{\"apiVersion\":\"amko.vmware.com/v1alpha1\",\"kind\":\"GSLBConfig\",\"metadata\":{\"name\":\"gc-1\","
		    "\"namespace\":\"avi-system\",\"labels\":{\"amko.vmware.com/federated\":\"true\"},\"annotations\":{" UUID "}},"
		    "\"spec\":{\"a\":1}}");
	assert_text(fresh_text, "{\"apiVersion\":\"amko.vmware.com/v1alpha1\",\"kind\":\"GSLBConfig\",\"metadata\":{\"name\":\"gc-1\","
		    "\"namespace\":\"avi-system\",\"labels\":{\"amko.vmware.com/federated\":\"true\"},\"annotations\":{}},\"spec\":{\"a\":1}}");
}

static void what_only_a_newer_leader_carries_is_not_written(void **state)
{
	static const char body[] = "{\"annotations\":{\"meta.helm.sh/release-name\":\"x\"},\"labels\":{\"new\":\"1\"},\"spec\":{\"a\":1}}";
	CLEANUP(copy_release) struct copy copy = { 0 };
	CLEANUP(cJSON_Deletep) cJSON *object = NULL, *actual = parse(OBJECT("", ",\"spec\":{\"a\":1}"));
	struct sha256 hash;

	(void)state;
	sha256_of(slice_of(body), &hash);
	assert_true(copy_from_wire(slice_of("GSLBConfig/avi-system/gc-1"), slice_of(body), &hash, &copy, NULL));
	object = copy_to_object(&copy, NULL);
	assert_int_equal(cJSON_GetArraySize(json_at(object, "metadata", "annotations", NULL)), 0);
	assert_int_equal(cJSON_GetArraySize(json_at(object, "metadata", "labels", NULL)), 1);
	assert_true(copy_is_in(&copy, actual));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nests_too_deeply_or_is_too_long_has_none),
		cmocka_unit_test(the_object_to_apply_is_whole_and_keeps_a_uuid),
		cmocka_unit_test(what_only_a_newer_leader_carries_is_not_written),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(canonical_form_is, forms) |
	       RUN_TABLE(object_carries, carrieds) | RUN_TABLE(key_is_read, nameds) | RUN_TABLE(body_is_taken, foreigns) |
	       RUN_TABLE(cluster_has_it, presences);
}
