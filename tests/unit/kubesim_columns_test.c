/* The simulated API server's tables: what a column's path shows, and who gets a table at all. */
#include "tests/unit/unit.h"

#include "tests/sim/kubesim/columns.h"

static const char object[] =
	"{'metadata': {'name': 'a', 'creationTimestamp': '2020-01-01T00:00:00Z'}, 'spec': {'n': 3, 'is': true, 'list': ["
	"{'host': 'x'}, {'host': 'y'}, {}]}, 'status': {'conditions': [{'type': 'Leading', 'status': 'True'}, {'type': 'Fit', "
	"'status': 'False'}]}}";

static cJSON *parse(const char *text)
{
	CLEANUP(freep) char *json = xstrdup(text);
	struct err err = { 0 };
	cJSON *parsed;

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	parsed = json_parse(slice_of(json), &err);
	if (!parsed)
		fail_msg("%s: %s", text, err.msg);
	return parsed;
}

struct path_case {
	const char *name, *path, *shows;
};

static const struct path_case path_cases[] = {
	{ "a text", ".metadata.name", "a" },
	{ "a number", ".spec.n", "3" },
	{ "a truth", ".spec.is", "true" },
	{ "one of a list", ".spec.list[1].host", "y" },
	{ "all of a list, those without are passed over", ".spec.list[*].host", "x,y" },
	{ "by what an element says", ".status.conditions[?(@.type==\"Fit\")].status", "False" },
	{ "nothing says that", ".status.conditions[?(@.type==\"None\")].status", NULL },
	{ "nothing there", ".status.phase", NULL },
	{ "behind the end of a list", ".spec.list[7].host", NULL },
	{ "no list at all", ".spec.n[0].host", NULL },
	{ "brackets without end", ".spec.list[0.host", NULL },
	{ "dots alone", "..", NULL },
};

static void test_path(void **state)
{
	const struct path_case *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = parse(object);
	CLEANUP(freep) char *text = ks_path_text(json, c->path);

	assert_text(text ? text : "(none)", c->shows ? c->shows : "(none)");
}

struct accept_case {
	const char *name, *accept;
	bool wants;
};

static const struct accept_case accept_cases[] = {
	{ "kubectl get", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1,application/json", true },
	{ "kubectl get -o json", "application/json", false },
	{ "JSON before a table", "application/json, application/json;as=Table;v=v1;g=meta.k8s.io", false },
	{ "nothing said", NULL, false },
};

static void test_accept(void **state)
{
	const struct accept_case *c = *state;

	assert_int_equal(ks_wants_table(c->accept), c->wants);
}

static void test_table_of_a_list(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *columns =
		parse("[{'name': 'N', 'type': 'integer', 'jsonPath': '.spec.n'}, {'name': 'Age', 'type': 'date', 'jsonPath': "
		      "'.metadata.creationTimestamp'}]");
	CLEANUP(freep) char *text = xasprintf("{'metadata': {'resourceVersion': '7'}, 'items': [%s]}", object);
	CLEANUP(cJSON_Deletep) cJSON *list = parse(text);
	struct ks_kind_version version = { .name = "v1", .columns = columns };
	struct ks_kind kind = { .kind = "Thing" };
	CLEANUP(cJSON_Deletep) cJSON *table = ks_table_of(list, &kind, &version);
	const cJSON *row = cJSON_GetArrayItem(json_get(table, "rows"), 0), *cells = json_get(row, "cells");

	(void)state;
	assert_text(json_str(json_get(table, "metadata"), "resourceVersion"), "7");
	assert_int_equal(cJSON_GetArraySize(json_get(table, "columnDefinitions")), 3);
	assert_text(cJSON_GetArrayItem(cells, 0)->valuestring, "a");
	assert_text(cJSON_GetArrayItem(cells, 1)->valuestring, "3");
	assert_true(strchr(cJSON_GetArrayItem(cells, 2)->valuestring, 'd'));
	assert_text(json_str(json_at(row, "object", "metadata", NULL), "name"), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_table_of_a_list) };

	json_init();
	return RUN_TABLE(test_path, path_cases) + RUN_TABLE(test_accept, accept_cases) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
