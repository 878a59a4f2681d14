/* The ground: errors, slices, buffers, lists of strings. */
#include "tests/unit/unit.h"

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/strs.h"

static void an_error_keeps_its_code_while_levels_add_what_they_know(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_false(err_set(&err, ERR_FORBIDDEN, "HTTP %d", 403));
	assert_false(err_wrap(&err, "list ingresses"));
	assert_false(err_wrap(&err, "cluster %s", "east"));
	assert_int_equal(err.code, ERR_FORBIDDEN);
	assert_text(err.msg, "cluster east: list ingresses: HTTP 403");
}

static void a_long_message_is_cut_at_a_whole_character(void **state)
{
	char text[2 * sizeof(((struct err *)0)->msg)];
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "é", 2);
	text[sizeof(text) - 2] = '\0';
	err_set(&err, ERR_INVALID, "x%s", text);
	assert_int_equal(strlen(err.msg) % 2, 1);
	assert_true(strlen(err.msg) > sizeof(err.msg) - 4);
}

static void splitting_gives_the_empty_last_part_too(void **state)
{
	struct slice rest = slice_of("a,,b,"), part;
	char seen[16] = "";

	(void)state;
	while (slice_split(&rest, ',', &part)) {
		strncat(seen, part.p ? part.p : "", part.n);
		strncat(seen, "|", 2);
	}
	assert_text(seen, "a||b||");
}

static void an_addition_over_the_limit_changes_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	assert_true(buf_puts(&b, "abc"));
	assert_false(buf_puts(&b, "def"));
	assert_false(buf_printf(&b, "%d", 123));
	assert_text(buf_str(&b), "abc");
	assert_true(buf_puts(&b, "de"));
	buf_drop(&b, 2);
	assert_text(buf_str(&b), "cde");
	buf_release(&b);
}

static void order_and_repetition_do_not_count_in_a_set(void **state)
{
	struct strs a = { 0 }, b = { 0 };

	(void)state;
	strs_add(&a, "x");
	strs_add(&a, "y");
	strs_add(&b, "y");
	strs_add(&b, "x");
	strs_add(&b, "x");
	assert_true(strs_same_set(&a, &b));
	assert_false(strs_same_list(&a, &b));
	strs_remove(&b, "x");
	assert_false(strs_same_set(&a, &b));
	strs_release(&a);
	strs_release(&b);
}

static void texts_are_put_one_after_the_other(void **state)
{
	CLEANUP(freep) char *none = xconcat("");
	CLEANUP(freep) char *some = xconcat("a", "", "bc", "d");

	(void)state;
	assert_string_equal(none, "");
	assert_string_equal(some, "abcd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_keeps_its_code_while_levels_add_what_they_know),
		cmocka_unit_test(a_long_message_is_cut_at_a_whole_character),
		cmocka_unit_test(splitting_gives_the_empty_last_part_too),
		cmocka_unit_test(texts_are_put_one_after_the_other),
		cmocka_unit_test(an_addition_over_the_limit_changes_nothing),
		cmocka_unit_test(order_and_repetition_do_not_count_in_a_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
