/* What the controller has of ours, found by global name. */
#include "tests/unit/scene.h"

#include "common/base/buf.h"
#include "leader/avi/actual.h"

#define OURS SCENE_OWNER

static void put_gs(struct actual *actual, const char *tenant, const char *name, const char *owner, const char *refs)
{
	struct gs *gs = gs_new(tenant, name);
	struct slice rest = slice_of(refs), word;

	gs->created_by = xstrdup(owner);
	gs->uuid = xasprintf("gslbservice-%s-%s", tenant, name);
	while (rest.n && slice_split(&rest, ' ', &word))
		strs_take(&gs->monitor_refs, slice_dup(word));
	actual_put_gs(actual, &gs);
	assert_null(gs);
}

static void put_monitor(struct actual *actual, const char *tenant, const char *name, const char *owner,
			const char *description)
{
	struct monitor *monitor = monitor_new(tenant, name);

	monitor->owner = xstrdup(owner);
	monitor->description = xstrdup(description);
	actual_put_monitor(actual, &monitor);
	assert_null(monitor);
}

/* "admin blue | admin/amko--1 blue/amko--2" */
static char *view_text(const struct actual *actual, const char *name, const struct wanted *wanted)
{
	CLEANUP(actual_view_release) struct actual_view view = { 0 };
	struct buf out;

	buf_init(&out, 4096);
	actual_view_make(actual, name, &view);
	if (wanted)
		actual_view_add_wanted(actual, wanted, &view);
	for (size_t i = 0; i < view.n_gs; i++)
		buf_printf(&out, "%s ", view.gs[i]->tenant);
	buf_puts(&out, "|");
	for (size_t i = 0; i < view.n_monitors; i++)
		buf_printf(&out, " %s/%s", view.monitors[i]->tenant, view.monitors[i]->name);
	return buf_take(&out);
}

static void assert_view(const struct actual *actual, const char *name, const char *want)
{
	CLEANUP(freep) char *got = view_text(actual, name, NULL);

	assert_text(got, want);
}

static void add_name(void *arg, const char *name)
{
	assert_false(strs_has(arg, name));
	strs_add(arg, name);
}

static void assert_names(const struct actual *actual, const char *want)
{
	CLEANUP(strs_release) struct strs names = { 0 };
	CLEANUP(freep) char *got = NULL;

	actual_each_name(actual, add_name, &names);
	strs_sort(&names);
	got = strs_join(&names, " ");
	assert_text(got, want);
}

static void a_name_shows_all_tenants_and_their_monitors(void **state)
{
	struct actual *actual = actual_new(OURS);

	(void)state;
	put_gs(actual, "blue", "a.org", OURS, "amko--2");
	put_gs(actual, "admin", "a.org", OURS, "amko--1 hm-of-user");
	put_monitor(actual, "blue", "amko--2", OURS, "created by: amko, gsname: a.org, path: /");
	put_monitor(actual, "admin", "amko--1", OURS, "created by: amko, gsname: a.org, path: /");
	put_monitor(actual, "admin", "amko--0", OURS, "created by: amko, gsname: a.org, path: /old");
	put_monitor(actual, "admin", "amko--3", OURS, "created by: amko, gsname: b.org");
	assert_view(actual, "a.org", "admin blue | admin/amko--0 admin/amko--1 blue/amko--2");
	assert_view(actual, "b.org", "| admin/amko--3");
	assert_view(actual, "c.org", "|");
	assert_names(actual, "a.org b.org");
	assert_int_equal(actual_count_gs(actual), 2);
	assert_int_equal(actual_count_monitors(actual), 4);
	actual_free(actual);
}

static void a_monitor_that_is_referred_to_is_shown_whosever_it_says_it_is(void **state)
{
	struct actual *actual = actual_new(OURS);

	(void)state;
	put_gs(actual, "admin", "a.org", OURS, "amko--1 amko--2 amko--2");
	put_monitor(actual, "admin", "amko--1", OURS, "created by: amko");
	put_monitor(actual, "admin", "amko--2", NULL, "created by: amko, gsname: b.org");
	put_monitor(actual, "blue", "amko--1", OURS, "created by: amko");
	assert_view(actual, "a.org", "admin | admin/amko--1 admin/amko--2");
	assert_view(actual, "b.org", "| admin/amko--2");
	actual_free(actual);
}

static void a_wanted_name_is_looked_for_too(void **state)
{
	struct actual *actual = actual_new(OURS);
	struct monitor *monitors[] = { monitor_new("admin", "amko--1"), monitor_new("admin", "amko--7") };
	const struct wanted wanted = { .monitors = monitors, .n_monitors = 2 };
	CLEANUP(freep) char *got = NULL;

	(void)state;
	put_monitor(actual, "admin", "amko--1", NULL, "made by hand");
	got = view_text(actual, "a.org", &wanted);
	assert_text(got, "| admin/amko--1");
	monitor_free(monitors[0]);
	monitor_free(monitors[1]);
	actual_free(actual);
}

struct owner_case {
	const char *name, *owner;
	bool is_ours;
};

static const struct owner_case gs_owner_cases[] = {
	{ "ours", OURS, true },
	{ "an older release's", "amko-gslb", true },
	{ "another installation's", "amko-77", false },
	{ "a user's", "admin", false },
	{ "nobody's", NULL, false },
};

static void a_service_is_kept_if_it_is_ours(void **state)
{
	const struct owner_case *c = *state;
	struct actual *actual = actual_new(OURS);

	put_gs(actual, "admin", "a.org", c->owner, "");
	assert_int_equal(actual_find_gs(actual, "admin", "a.org") != NULL, c->is_ours);
	assert_int_equal(actual_count_gs(actual), c->is_ours);
	actual_free(actual);
}

/* Somebody else has made it theirs: what we knew of it is not true any more. */
static void a_service_that_was_ours_is_kept_if_it_still_is(void **state)
{
	const struct owner_case *c = *state;
	struct actual *actual = actual_new(OURS);

	put_gs(actual, "admin", "a.org", OURS, "");
	put_gs(actual, "admin", "a.org", c->owner, "");
	assert_int_equal(actual_find_gs(actual, "admin", "a.org") != NULL, c->is_ours);
	assert_int_equal(actual_count_gs(actual), c->is_ours);
	assert_names(actual, c->is_ours ? "a.org" : "");
	actual_free(actual);
}

struct monitor_owner_case {
	const char *name, *monitor, *owner;
	bool is_kept;
};

static const struct monitor_owner_case monitor_owner_cases[] = {
	{ "ours", "amko--1", OURS, true },
	{ "an older release's", "amko--1", "amko-gslb", true },
	{ "nobody's", "amko--1", NULL, true },
	{ "another installation's", "amko--1", "amko-77", false },
	{ "a user's, by its name", "my-hm", NULL, false },
	{ "a user's, though marked as ours", "my-hm", OURS, false },
};

static void a_monitor_is_kept_if_it_may_be_ours(void **state)
{
	const struct monitor_owner_case *c = *state;
	struct actual *actual = actual_new(OURS);

	put_monitor(actual, "admin", c->monitor, c->owner, "created by: amko, gsname: a.org");
	assert_int_equal(actual_find_monitor(actual, "admin", c->monitor) != NULL, c->is_kept);
	put_monitor(actual, "admin", "amko--2", OURS, "created by: amko, gsname: a.org");
	put_monitor(actual, "admin", "amko--2", c->owner, "created by: amko, gsname: a.org");
	assert_int_equal(actual_find_monitor(actual, "admin", "amko--2") != NULL,
			 !c->owner || streq(c->owner, OURS) || streq(c->owner, "amko-gslb"));
	actual_free(actual);
}

static void what_is_put_replaces_what_was(void **state)
{
	struct actual *actual = actual_new(OURS);

	(void)state;
	put_gs(actual, "admin", "a.org", OURS, "amko--1");
	put_gs(actual, "admin", "a.org", "amko-gslb", "amko--2");
	assert_int_equal(actual_count_gs(actual), 1);
	assert_text(actual_find_gs(actual, "admin", "a.org")->monitor_refs.v[0], "amko--2");
	put_monitor(actual, "admin", "amko--1", OURS, "gsname: a.org");
	put_monitor(actual, "admin", "amko--1", OURS, "gsname: b.org");
	assert_int_equal(actual_count_monitors(actual), 1);
	assert_view(actual, "a.org", "admin |");
	assert_view(actual, "b.org", "| admin/amko--1");
	actual_free(actual);
}

static void what_is_dropped_is_gone(void **state)
{
	struct actual *actual = actual_new(OURS);

	(void)state;
	put_gs(actual, "admin", "a.org", OURS, "amko--1");
	put_gs(actual, "blue", "a.org", OURS, "");
	put_monitor(actual, "admin", "amko--1", OURS, "gsname: a.org");
	actual_drop_gs(actual, "red", "a.org");
	actual_drop_gs(actual, "admin", "b.org");
	actual_drop_monitor(actual, "admin", "amko--9");
	actual_drop_monitor(actual, "blue", "amko--1");
	assert_view(actual, "a.org", "admin blue | admin/amko--1");
	actual_drop_gs(actual, "admin", "a.org");
	assert_view(actual, "a.org", "blue | admin/amko--1");
	actual_drop_monitor(actual, "admin", "amko--1");
	actual_drop_gs(actual, "blue", "a.org");
	assert_names(actual, "");
	assert_int_equal(actual_count_gs(actual) + actual_count_monitors(actual), 0);
	actual_free(actual);
}

static void names_and_tenants_do_not_run_together(void **state)
{
	struct actual *actual = actual_new(OURS);

	(void)state;
	put_monitor(actual, "a", "amko--b", OURS, "gsname: a.org");
	put_monitor(actual, "a/amko--b", "amko--b", OURS, "gsname: a.org");
	assert_int_equal(actual_count_monitors(actual), 2);
	actual_free(actual);
}

static void a_listing_replaces_all_but_what_was_written_meanwhile(void **state)
{
	struct actual *actual = actual_new(OURS), *newer = actual_new(OURS);
	CLEANUP(strs_release) struct strs keep = { 0 };

	(void)state;
	strs_add(&keep, "kept.org");
	strs_add(&keep, "made.org");
	strs_add(&keep, "dropped.org");
	strs_add(&keep, "x.org");
	put_gs(actual, "admin", "kept.org", OURS, "amko--new");
	put_monitor(actual, "admin", "amko--new", OURS, "gsname: kept.org");
	put_gs(actual, "admin", "made.org", OURS, "");
	put_gs(actual, "admin", "gone.org", OURS, "");
	put_monitor(actual, "admin", "amko--gone", OURS, "gsname: gone.org");
	put_gs(newer, "admin", "kept.org", OURS, "amko--old");
	put_gs(newer, "blue", "kept.org", OURS, "");
	put_monitor(newer, "admin", "amko--old", OURS, "gsname: kept.org");
	put_gs(newer, "admin", "dropped.org", OURS, "");
	put_monitor(newer, "admin", "amko--dropped", OURS, "gsname: dropped.org");
	put_gs(newer, "admin", "shown.org", OURS, "");
	actual_refresh(actual, &newer, &keep);
	assert_null(newer);
	assert_names(actual, "kept.org made.org shown.org");
	assert_view(actual, "kept.org", "admin | admin/amko--new");
	assert_int_equal(actual_count_gs(actual), 3);
	assert_int_equal(actual_count_monitors(actual), 1);
	actual_free(actual);
}

static void a_down_response_of_ours_is_remembered(void **state)
{
	struct actual *actual = actual_new(OURS);

	(void)state;
	put_gs(actual, "admin", "a.org", OURS, "");
	assert_false(actual_find_gs(actual, "admin", "a.org")->is_down_response_ours);
	actual_mark_down_response(actual, "admin", "a.org");
	actual_mark_down_response(actual, "admin", "b.org");
	assert_true(actual_find_gs(actual, "admin", "a.org")->is_down_response_ours);
	actual_free(actual);
	actual_free(NULL);
	actual_view_release(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_shows_all_tenants_and_their_monitors),
		cmocka_unit_test(a_monitor_that_is_referred_to_is_shown_whosever_it_says_it_is),
		cmocka_unit_test(a_wanted_name_is_looked_for_too),
		cmocka_unit_test(what_is_put_replaces_what_was),
		cmocka_unit_test(what_is_dropped_is_gone),
		cmocka_unit_test(names_and_tenants_do_not_run_together),
		cmocka_unit_test(a_listing_replaces_all_but_what_was_written_meanwhile),
		cmocka_unit_test(a_down_response_of_ours_is_remembered),
	};
	int n_failed = 0;

	n_failed += RUN_TABLE(a_service_is_kept_if_it_is_ours, gs_owner_cases);
	n_failed += RUN_TABLE(a_service_that_was_ours_is_kept_if_it_still_is, gs_owner_cases);
	n_failed += RUN_TABLE(a_monitor_is_kept_if_it_may_be_ours, monitor_owner_cases);
	n_failed += cmocka_run_group_tests(tests, NULL, NULL);
	return n_failed;
}
