/* YAML to cJSON, and what hostile YAML gets. */
#include "tests/unit/unit.h"

#include "common/base/buf.h"
#include "common/base/yaml.h"

static const struct good {
	const char *name, *yaml, *json;
} goods[] = {
	{ "an empty text is null", "", "null" },
	{ "a comment alone is null", "# nothing\n", "null" },
	{ "a mapping", "a: 1\nb:\n  c: x\n", "{\"a\":1,\"b\":{\"c\":\"x\"}}" },
	{ "a list at the key's own column", "a:\n- b: c\n  d: e\n-\n", "{\"a\":[{\"b\":\"c\",\"d\":\"e\"},null]}" },
	{ "JSON is YAML", "{\"a\":[1,-2.5e3,{\"b\":null}],\t\"c\\/d\":\"\\u00e9\\n\"}", "{\"a\":[1,-2500,{\"b\":null}],\"c/d\":\"é\\n\"}" },
	{ "JSON with tabs as blanks", "{\n\t\"a\": {\n\t\t\"b\": true\n\t}\n}\n", "{\"a\":{\"b\":true}}" },
	{ "nothing between two commas", "[1, , 2]", NULL },
	{ "nulls of four sorts", "[~, null, Null, NULL, nULL]", "[null,null,null,null,\"nULL\"]" },
	{ "truths", "[true, True, TRUE, false, yes, on, y]", "[true,true,true,false,\"yes\",\"on\",\"y\"]" },
	{ "numbers", "[0, -1, 1.5, 1e3]", "[0,-1,1.5,1000]" },
	{ "what only looks like a number", "[012, 0x1f, 1., .5, 1e, +1, -, 1_000, .inf, 1:30]",
	  "[\"012\",\"0x1f\",\"1.\",\".5\",\"1e\",\"+1\",\"-\",\"1_000\",\".inf\",\"1:30\"]" },
	{ "quoted is text", "['1', \"true\", !!str 2, 'null']", "[\"1\",\"true\",\"2\",\"null\"]" },
	{ "blocks of text", "a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}" },
	{ "a key of any plain type is text", "1: a\ntrue: b\n", "{\"1\":\"a\",\"true\":\"b\"}" },
	{ "aliases are copied", "a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n",
	  "{\"a\":{\"b\":[1]},\"c\":{\"b\":[1]},\"d\":[{\"b\":[1]},{\"b\":[1]}]}" },
	{ "the last anchor of a name counts", "[&a 1, &a 2, *a]", "[1,2,2]" },
	{ "the first document counts", "---\na: 1\n---\nb: 2\n", "{\"a\":1}" },
	{ "a byte order mark is passed over", "\xEF\xBB\xBF" "a: 1\n", "{\"a\":1}" },
};

static void becomes(void **state)
{
	const struct good *row = *state;
	struct err err = { 0 };
	cJSON *value = yaml_parse(slice_of(row->yaml), &err);
	CLEANUP(freep) char *text = value ? json_text(value) : NULL;

	assert_text(text, row->json);
	assert_int_equal(err.code, row->json ? ERR_NONE : ERR_INVALID);
	cJSON_Delete(value);
}

static const struct bad {
	const char *name, *yaml, *error;
} bads[] = {
	{ "a key without a value in front of a list", "a: 1\nb\nc: [\n", "line 3: could not find expected ':'" },
	{ "an open list", "a:\n  b: [1, 2\n", "line 3: did not find expected ',' or ']'" },
	{ "a tab for indentation", "a:\n\tb: 1\n", "line 2: found character that cannot start any token" },
	{ "two values in a line", "a: b: c\n", "line 1: mapping values are not allowed in this context" },
	{ "an open quote", "a: 1\nb: \"x\n", "line 3: found unexpected end of stream" },
	{ "bytes that are no text", "a: 1\nb: 2\nc: \xff\n", "line 3: invalid leading UTF-8 octet" },
	{ "a control character", "a: 1\nb: \x01\n", "line 2: control characters are not allowed" },
	{ "a NUL in a text", "a: \"x\\0y\"\n", "line 1: text with a NUL in it" },
	{ "a NUL in a key", "a: 1\n\"x\\0y\": 1\n", "line 2: text with a NUL in it" },
	{ "an unknown alias", "a: 1\nb: *x\n", "line 2: an alias without its anchor" },
	{ "a value that holds itself", "a: &x [*x]\n", "line 1: an alias without its anchor" },
	{ "a list as key", "? [a]\n: b\n", "line 1: a key must be text" },
	{ "an alias as key", "a: &x y\n*x : z\n", "line 2: a key must be text" },
	{ "a merge key", "a: &x {b: 1}\nc:\n  <<: *x\n", "line 3: merge keys (<<) are not supported" },
	{ "something behind the document", "[a]\n[b]\n", "line 2: did not find expected <document start>" },
	{ "an unknown directive handle", "!x!y z\n", "line 1: found undefined tag handle" },
};

static void is_refused(void **state)
{
	const struct bad *row = *state;
	struct err err = { 0 };

	assert_null(yaml_parse(slice_of(row->yaml), &err));
	assert_int_equal(err.code, ERR_INVALID);
	assert_text(err.msg, row->error);
}

/* n times `part`, then `end`. */
static const struct bomb {
	const char *name, *part;
	size_t n;
	const char *end, *error;
} bombs[] = {
	{ "sixty-three lists in each other are read", "[", 63, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", NULL },
	{ "a million lists in each other", "[", 1000000, "", "line 1: nested too deep" },
	{ "a million mappings in each other", "{a: ", 1000000, "", "line 1: nested too deep" },
	{ "a million lists in blocks", "- ", 1000000, "", "line 1: nested too deep" },
	{ "a million keys that are lists", "[? ", 1000000, "", "line 1: a key must be text" },
	{ "two million elements", "- a\n", 2000000, "", "line 828504: too large" },
	{ "two thousand anchors", "- &a 1\n", 2000, "", "line 1001: too many anchors" },
	{ "a million directives", "%", 1000000, "", "line 1: could not find expected directive name" },
};

static void bomb_is_refused(void **state)
{
	const struct bomb *row = *state;
	struct buf text;
	struct err err = { 0 };
	cJSON *value;

	buf_init(&text, 64u << 20);
	for (size_t i = 0; i < row->n; i++)
		buf_puts(&text, row->part);
	buf_puts(&text, row->end);
	value = yaml_parse(buf_slice(&text), &err);
	assert_int_equal(!value, row->error != NULL);
	assert_text(*err.msg ? err.msg : NULL, row->error);
	cJSON_Delete(value);
	buf_release(&text);
}

static void a_billion_laughs_are_too_many(void **state)
{
	struct buf text;
	struct err err = { 0 };

	(void)state;
	buf_init(&text, 4096);
	buf_puts(&text, "l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
	for (int i = 1; i < 20; i++)
		buf_printf(&text, "l%d: &l%d [*l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d, *l%d]\n", i, i,
			   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	assert_null(yaml_parse(buf_slice(&text), &err));
	assert_text(strchr(err.msg, ' '), " 6: too large");
	buf_release(&text);
}

static void aliases_do_not_nest_deeper_than_text(void **state)
{
	struct buf text;
	struct err err = { 0 };

	(void)state;
	buf_init(&text, 1 << 16);
	buf_puts(&text, "l0: &l0 [x]\n");
	for (int i = 1; i < 200; i++)
		buf_printf(&text, "l%d: &l%d [*l%d]\n", i, i, i - 1);
	assert_null(yaml_parse(buf_slice(&text), &err));
	assert_text(err.msg, "line 63: nested too deep");
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_billion_laughs_are_too_many),
		cmocka_unit_test(aliases_do_not_nest_deeper_than_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(becomes, goods) | RUN_TABLE(is_refused, bads) |
	       RUN_TABLE(bomb_is_refused, bombs);
}
