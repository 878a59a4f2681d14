/* What objects say of themselves, and pages of lists: which are believed, and where a list must end. */
#include "common/kube/pages.h"

#include "tests/unit/unit.h"

#define ITEM(name, version) "{\"metadata\":{\"namespace\":\"web\",\"name\":\"" name "\",\"resourceVersion\":\"" version "\"}}"
#define PAGE(version, token, items) "{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" token "\"}," \
	"\"items\":[" items "]}"

static const struct {
	const char *name, *a, *b;
	bool is_older;
} versions[] = {
	{ "a smaller number is older", "7", "8", .is_older = true },
	{ "numbers are no texts", "9", "10", .is_older = true },
	{ "the same is not older", "7", .b = "7" },
	{ "a larger number is not older", "10", .b = "9" },
	{ "numbers have no bounds", "99999999999999999999999998", "99999999999999999999999999", .is_older = true },
	{ "a text is not compared", "a7", .b = "a8" },
	{ "a text is not compared with a number", "7", .b = "abc" },
	{ "a number with a sign is a text", "-7", .b = "8" },
	{ "leading zeros make a text", "07", .b = "8" },
	{ "nothing is not older than something", "", .b = "8" },
	{ "something is not older than nothing", "8", .b = "" },
};

static void is_older(void **state)
{
	const __typeof__(versions[0]) *c = *state;

	assert_int_equal(version_is_older(c->a, c->b), c->is_older);
}

static const struct {
	const char *name, *json;
	const char *error;
} objects[] = {
	{ "an object has a namespace and a name", .json = "{\"metadata\":{\"namespace\":\"web\",\"name\":\"a.b-c\"}}" },
	{ "it may say of what kind it is", .json = "{\"kind\":\"Service\",\"metadata\":{\"namespace\":\"web\",\"name\":\"a\"}}" },
	{ "it must not be of another kind", "{\"kind\":\"Status\",\"metadata\":{\"namespace\":\"web\",\"name\":\"a\"}}",
	  "an object is of kind Status, not Service" },
	{ "a text is no object", "\"a\"", "an object has no metadata.name" },
	{ "an empty name is none", .json = "{\"metadata\":{\"namespace\":\"web\",\"name\":\"\"}}", "an object has no metadata.name" },
	{ "a namespace is missing", .json = "{\"metadata\":{\"name\":\"a\"}}", "object a has no metadata.namespace" },
	{ "a slash would make two names of it", "{\"metadata\":{\"namespace\":\"web\",\"name\":\"a/b\"}}",
	  "an object has a metadata.name or namespace that is none" },
	{ "a comma would make two parts of a description", "{\"metadata\":{\"namespace\":\"web,x\",\"name\":\"a\"}}",
	  "an object has a metadata.name or namespace that is none" },
	{ "a line end is in no name", "{\"metadata\":{\"namespace\":\"web\",\"name\":\"a\\nb\"}}",
	  "an object has a metadata.name or namespace that is none" },
	{ "two dots are no name", "{\"metadata\":{\"namespace\":\"..\",\"name\":\"a\"}}",
	  "an object has a metadata.name or namespace that is none" },
};

static void object_is_read(void **state)
{
	const __typeof__(objects[0]) *c = *state;
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(c->json), NULL);
	struct object_id id;
	struct err err = { 0 };

	assert_int_equal(object_id_read(&KUBE_SERVICES, json, &id, &err), !c->error);
	assert_text(err.msg, c->error ? c->error : "");
}

static void a_uid_tells_one_object_from_the_next(void **state)
{
	struct object_id id[3];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(id); i++) {
		static const char *const texts[] = { "{\"metadata\":{\"name\":\"a\",\"uid\":\"u1\"}}",
						     "{\"metadata\":{\"name\":\"a\",\"uid\":\"u2\"}}", "{\"metadata\":{\"name\":\"a\"}}" };
		CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(texts[i]), NULL);

		assert_true(object_id_read(&KUBE_NAMESPACES, json, &id[i], NULL));
	}
	assert_true(id[0].uid && id[1].uid && id[0].uid != id[1].uid);
	assert_true(id[2].uid == 0);
}

static const struct {
	const char *name;
	const char *pages[6];
	const char *version;           /* of the whole list; NULL: it is not whole */
	const char *error;
} lists[] = {
	{ "a list of one page", { PAGE("7", "", ITEM("a", "5")) }, .version = "7" },
	{ "the version of a list is that of its first page", { PAGE("7", "t", ITEM("a", "5")), PAGE("9", "", ITEM("b", "8")) }, .version = "7" },
	{ "an empty page may come in between", { PAGE("7", "t", ""), PAGE("7", "u", ""), PAGE("7", "", ITEM("b", "5")) }, .version = "7" },
	{ "items may be null", { "{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"5\"},\"items\":null}" }, .version = "5" },
	{ "a list that goes on is not whole", .pages = { PAGE("7", "t", "") } },
	{ "a list of other objects", { "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}" },
	  .error = "the answer is no list" },
	{ "a kind that only begins like ours", { "{\"kind\":\"ServiceLists\",\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}" },
	  .error = "the answer is no list" },
	{ "a list without items", { "{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"5\"}}" },
	  .error = "the answer is no list" },
	{ "an object that is newer than its list", { PAGE("7", "", ITEM("a", "8")) },
	  .error = "the list is of version 7, but object a of version 8" },
	{ "versions that are texts are not compared", { PAGE("x7", "", ITEM("a", "x8")) }, .version = "x7" },
	{ "an object without a name", { PAGE("7", "", ITEM("a", "5") ",{}") }, .error = "an object has no metadata.name" },
	{ "a page that comes again at once", { PAGE("7", "t", ""), PAGE("7", "t", "") },
	  .error = "the list runs in a circle: after page 2 comes one that was there before" },
	{ "a page that comes again after others", { PAGE("7", "t", ""), PAGE("7", "u", ""), PAGE("7", "v", ""), PAGE("7", "u", "") },
	  .error = "the list runs in a circle: after page 4 comes one that was there before" },
};

static void list_ends(void **state)
{
	const __typeof__(lists[0]) *c = *state;
	struct pages pages = { 0 };
	struct err err = { 0 };
	bool is_good = true;

	for (size_t i = 0; is_good && i < ARRAY_SIZE(c->pages) && c->pages[i]; i++) {
		CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(c->pages[i]), NULL);

		is_good = pages_add(&pages, &KUBE_SERVICES, json, &err);
	}
	assert_text(err.msg, c->error ? c->error : "");
	assert_int_equal(is_good, !c->error);
	if (is_good)
		assert_text(pages.token ? NULL : pages.version, c->version);
	pages_release(&pages);
}

static cJSON *page_with_token(const char *token)
{
	CLEANUP(freep) char *text = xasprintf("{\"kind\":\"ServiceList\",\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"%s\"},"
					      "\"items\":[]}", token);

	return json_parse(slice_of(text), NULL);
}

/* Whatever the length of the circle and of the way into it. */
static void every_circle_is_noticed(void **state)
{
	(void)state;
	for (size_t n_way = 0; n_way < 20; n_way++)
		for (size_t n_circle = 1; n_circle < 20; n_circle++) {
			struct pages pages = { 0 };
			bool is_good = true;

			for (size_t i = 0; is_good; i++) {
				CLEANUP(freep) char *token = xasprintf("t%zu", i < n_way ? i : n_way + (i - n_way) % n_circle);
				CLEANUP(cJSON_Deletep) cJSON *json = page_with_token(token);

				assert_true(i < 4 * (n_way + n_circle) + 4);
				is_good = pages_add(&pages, &KUBE_SERVICES, json, NULL);
			}
			assert_true(pages.n > n_circle);
			pages_release(&pages);
		}
}

static void a_list_has_an_end(void **state)
{
	struct pages pages = { 0 };
	struct err err = { 0 };
	bool is_good = true;

	(void)state;
	for (size_t i = 0; is_good; i++) {
		CLEANUP(freep) char *token = xasprintf("t%zu", i);
		CLEANUP(cJSON_Deletep) cJSON *json = page_with_token(token);

		assert_true(i < PAGES_MAX);
		is_good = pages_add(&pages, &KUBE_SERVICES, json, &err);
	}
	assert_int_equal(err.code, ERR_LIMIT);
	assert_text(err.msg, "the list does not end after 10000 pages");
	pages_release(&pages);
}

static void a_token_and_a_version_have_a_length(void **state)
{
	CLEANUP(freep) char *token = xcalloc(1, 70000);
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	struct pages pages = { 0 };
	struct err err = { 0 };

	(void)state;
	memset(token, 'x', 69999);
	json = page_with_token(token);
	assert_false(pages_add(&pages, &KUBE_SERVICES, json, &err));
	assert_text(err.msg, "the list goes on with a token of over 65536 bytes");
	cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "metadata"), "resourceVersion",
					       cJSON_CreateString(token));
	assert_false(pages_add(&pages, &KUBE_SERVICES, json, &err));
	assert_text(err.msg, "the list has a resourceVersion of over 256 bytes");
	pages_release(&pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uid_tells_one_object_from_the_next),
		cmocka_unit_test(every_circle_is_noticed),
		cmocka_unit_test(a_list_has_an_end),
		cmocka_unit_test(a_token_and_a_version_have_a_length),
	};
	int n_failed = RUN_TABLE(is_older, versions);

	n_failed += RUN_TABLE(object_is_read, objects);
	n_failed += RUN_TABLE(list_ends, lists);
	return n_failed + cmocka_run_group_tests(tests, NULL, NULL);
}
