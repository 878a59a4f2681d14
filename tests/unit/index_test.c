/* Host name -> the objects that serve it. */
#include "tests/unit/scene.h"

#include "leader/watch/index.h"

/* "a.org b.org=10.0.0.2": hosts of one object, and addresses (10.0.0.1); several objects may serve a host. */
static struct host_object *object_of(const char *name, const char *hosts)
{
	struct host_object *object = xcalloc(1, sizeof(*object));
	struct slice rest = slice_of(hosts), host;

	object->namespace = xstrdup("web");
	object->name = xstrdup(name);
	while (rest.n && slice_split(&rest, ' ', &host)) {
		struct slice ip = host;

		slice_split(&ip, '=', &host);
		object->records = xrealloc(object->records, (object->n_records + 1) * sizeof(*object->records));
		object->records[object->n_records++] = (struct host_record){
			.host = slice_dup(host), .ip = ip.p ? slice_dup(ip) : xstrdup("10.0.0.1") };
	}
	return host_object_pack(object);
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
	{ "an object lets one host go", "b.org a.org", "a.org", "a.org b.org", "east/other east/shop", "" },
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

/* ---- what was seen to go ---- */

struct gone_case {
	const char *name, *before, *after;     /* "host=address ..."; NULL: no object */
	bool remembers_not, is_dropped;        /* dropped: not known any more, instead of changed */
	const char *want;                      /* addresses of a.org that are known to be gone */
};

static const struct gone_case gone_cases[] = {
	{ "an object that goes leaves its address behind", "a.org=10.0.0.1 b.org=10.0.0.2", NULL, .want = "10.0.0.1" },
	{ "nothing is remembered while all is known", "a.org=10.0.0.1", NULL, .remembers_not = true, .want = "" },
	{ "an object that changes its address", "a.org=10.0.0.1", "a.org=10.0.0.2", .want = "10.0.0.1" },
	{ "an object that changes its host", "a.org=10.0.0.1", "b.org=10.0.0.1", .want = "10.0.0.1" },
	{ "an object that stays", "a.org=10.0.0.1", "a.org=10.0.0.1 b.org=10.0.0.2", .want = "" },
	{ "an object that comes", NULL, "a.org=10.0.0.1", .want = "" },
	{ "an object that is not known any more is not gone", "a.org=10.0.0.1", NULL, .is_dropped = true, .want = "" },
};

static char *gone_text(const struct index *index, const char *host)
{
	CLEANUP(strs_release) struct strs addresses = { 0 };
	const struct gone_address *gone;
	size_t n;

	gone = index_gone(index, host, &n);
	for (size_t i = 0; i < n; i++)
		strs_add(&addresses, gone[i].ip);
	return strs_join(&addresses, " ");
}

static void what_goes_is_remembered(void **state)
{
	const struct gone_case *c = *state;
	struct host_object *before = c->before ? object_of("shop", c->before) : NULL;
	struct host_object *after = c->after ? object_of("shop", c->after) : NULL;
	CLEANUP(strs_release) struct strs ignored = { 0 }, hosts = { 0 };
	CLEANUP(freep) char *got = NULL, *later = NULL;
	struct index *index = index_new();

	index_remember_gone(index, !c->remembers_not);
	assert_int_equal(index_remembers_gone(index), !c->remembers_not);
	index_change(index, "east", NULL, before, touch, &ignored);
	if (c->is_dropped)
		index_drop(index, before, touch, &ignored);
	else
		index_change(index, "east", before, after, touch, &ignored);
	got = gone_text(index, "a.org");
	assert_text(got, c->want);
	index_each_host(index, touch, &hosts);
	assert_int_equal(hosts.n, after ? after->n_records : 0);
	index_remember_gone(index, false);
	later = gone_text(index, "a.org");
	assert_text(later, "");
	index_free(index);
	host_object_free(before);
	host_object_free(after);
}

static void a_host_does_not_remember_without_end(void **state)
{
	struct index *index = index_new();
	CLEANUP(strs_release) struct strs ignored = { 0 };
	size_t n;

	(void)state;
	index_remember_gone(index, true);
	for (int i = 0; i < 200; i++) {
		CLEANUP(freep) char *hosts = xasprintf("a.org=10.0.0.%d", i);
		struct host_object *object = object_of("shop", hosts);

		index_change(index, "east", NULL, object, touch, &ignored);
		index_change(index, "east", object, NULL, touch, &ignored);
		host_object_free(object);
	}
	index_gone(index, "a.org", &n);
	assert_int_equal(n, 64);
	index_free(index);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_seen_to_go_is_remembered_while_that_matters),
		cmocka_unit_test(a_host_does_not_remember_without_end),
		cmocka_unit_test(clusters_serve_side_by_side),
	};
	int n_failed = 0;

	n_failed += RUN_TABLE(each_host_is_touched_once, change_cases);
	n_failed += RUN_TABLE(what_goes_is_remembered, gone_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
