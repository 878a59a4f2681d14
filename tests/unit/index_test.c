/* Host name -> the objects that serve it. */
#include "tests/unit/scene.h"

#include "leader/watch/index.h"

/* "a.org b.org": hosts of one object; several objects may serve a host. */
static struct host_object *object_of(const char *name, const char *hosts)
{
	struct host_object *object = xcalloc(1, sizeof(*object));
	struct slice rest = slice_of(hosts), host;

	object->namespace = xstrdup("web");
	object->name = xstrdup(name);
	while (rest.n && slice_split(&rest, ' ', &host)) {
		object->records = xrealloc(object->records, (object->n_records + 1) * sizeof(*object->records));
		object->records[object->n_records++] = (struct host_record){
			.host = slice_dup(host), .ip = xstrdup("10.0.0.1") };
	}
	return object;
}

static void touch(void *arg, const char *host)
{
	strs_add(arg, host);
}

/* "east/shop west/shop": who serves the host. */
static char *serving(const struct index *index, const char *host)
{
	CLEANUP(strs_release) struct strs names = { 0 };
	const struct index_entry *entries;
	size_t n;

	entries = index_find(index, host, &n);
	for (size_t i = 0; i < n; i++) {
		assert_text(entries[i].record->host, host);
		strs_take(&names, xasprintf("%s/%s", entries[i].cluster, entries[i].object->name));
	}
	strs_sort(&names);
	return strs_join(&names, " ");
}

static void assert_serving(const struct index *index, const char *host, const char *want)
{
	CLEANUP(freep) char *got = serving(index, host);

	assert_text(got, want);
}

struct change_case {
	const char *name, *before, *after;     /* hosts; NULL: no object */
	const char *touched, *a, *b;           /* who serves a.org, b.org afterwards */
};

static const struct change_case change_cases[] = {
	{ "an object comes", NULL, "a.org", "a.org", "east/other east/shop", "" },
	{ "an object goes", "a.org", NULL, "a.org", "east/other", "" },
	{ "an object stays", "a.org", "a.org", "a.org", "east/other east/shop", "" },
	{ "an object changes its host", "a.org", "b.org", "a.org b.org", "east/other", "east/shop" },
	{ "an object takes one host more", "a.org", "a.org b.org", "a.org b.org", "east/other east/shop", "east/shop" },
	{ "an object lets one host go", "b.org a.org", "a.org", "b.org a.org", "east/other east/shop", "" },
	{ "an object appears without hosts", NULL, "", "", "east/other", "" },
	{ "an object loses its address", "a.org b.org", "", "a.org b.org", "east/other", "" },
	{ "nothing at all", NULL, NULL, "", "east/other", "" },
};

static void each_host_is_touched_once(void **state)
{
	const struct change_case *c = *state;
	struct host_object *before = c->before ? object_of("shop", c->before) : NULL;
	struct host_object *after = c->after ? object_of("shop", c->after) : NULL, *other = object_of("other", "a.org");
	CLEANUP(strs_release) struct strs touched = { 0 }, ignored = { 0 };
	struct index *index = index_new();
	CLEANUP(freep) char *got = NULL;

	index_change(index, "east", NULL, other, touch, &ignored);
	index_change(index, "east", NULL, before, touch, &ignored);
	index_change(index, "east", before, after, touch, &touched);
	host_object_free(before);
	got = strs_join(&touched, " ");
	assert_text(got, c->touched);
	assert_serving(index, "a.org", c->a);
	assert_serving(index, "b.org", c->b);
	assert_serving(index, "c.org", "");
	index_free(index);
	host_object_free(after);
	host_object_free(other);
}

static size_t count_gone(const struct index *index, const char *host)
{
	size_t n;

	index_gone(index, host, &n);
	return n;
}

static void what_was_seen_to_go_is_remembered_while_that_matters(void **state)
{
	struct host_object *object = object_of("shop", "a.org b.org"), *left = object_of("shop", "b.org");
	CLEANUP(strs_release) struct strs ignored = { 0 };
	struct index *index = index_new();

	(void)state;
	index_remember_gone(index, true);
	index_change(index, "east", NULL, object, touch, &ignored);
	index_change(index, "east", object, left, touch, &ignored);
	assert_int_equal(count_gone(index, "a.org"), 1);
	assert_int_equal(count_gone(index, "b.org"), 0);       /* still served at the same address */
	index_drop(index, left, touch, &ignored);
	assert_int_equal(count_gone(index, "b.org"), 0);       /* not known any more is not gone */
	assert_serving(index, "b.org", "");
	index_remember_gone(index, false);
	assert_int_equal(count_gone(index, "a.org"), 0);
	index_change(index, "east", NULL, left, touch, &ignored);
	index_change(index, "east", left, NULL, touch, &ignored);
	assert_int_equal(count_gone(index, "b.org"), 0);
	index_free(index);
	host_object_free(object);
	host_object_free(left);
}

static void clusters_serve_side_by_side(void **state)
{
	struct host_object *east = object_of("shop", "a.org b.org"), *west = object_of("shop", "a.org");
	CLEANUP(strs_release) struct strs touched = { 0 }, hosts = { 0 };
	struct index *index = index_new();
	CLEANUP(freep) char *got = NULL;

	(void)state;
	index_change(index, "east", NULL, east, touch, &touched);
	index_change(index, "west", NULL, west, touch, &touched);
	assert_serving(index, "a.org", "east/shop west/shop");
	index_each_host(index, touch, &hosts);
	strs_sort(&hosts);
	got = strs_join(&hosts, " ");
	assert_text(got, "a.org b.org");
	index_change(index, "east", east, NULL, touch, &touched);
	assert_serving(index, "a.org", "west/shop");
	index_change(index, "west", west, NULL, touch, &touched);
	strs_release(&hosts);
	index_each_host(index, touch, &hosts);
	assert_int_equal(hosts.n, 0);
	index_free(index);
	index_free(NULL);
	host_object_free(east);
	host_object_free(west);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_was_seen_to_go_is_remembered_while_that_matters),
		cmocka_unit_test(clusters_serve_side_by_side) };

	return RUN_TABLE(each_host_is_touched_once, change_cases) + cmocka_run_group_tests(tests, NULL, NULL);
}
