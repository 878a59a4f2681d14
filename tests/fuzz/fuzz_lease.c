/* lease: whatever comes through the pipe, in whatever parts, the epoch never falls, what is refused in one part is refused in
 * many, and a term or report that was read says the same when it is written and read again. */
#include "common/lease/reader.h"
#include "tests/fuzz/fuzz.h"

static bool same_term(const struct term *a, const struct term *b)
{
	return a->epoch == b->epoch && a->starts_before_ms == b->starts_before_ms && a->ends_by_ms == b->ends_by_ms &&
	       a->is_fenced == b->is_fenced;
}

static void check_written(const struct term *term)
{
	char line[TERM_LINE_MAX];
	struct term again = { 0 };

	term_line(term, line);
	assert(strlen(line) < sizeof(line) - 1 && line[strlen(line) - 1] == '\n');
	assert(term_parse((struct slice){ line, strlen(line) - 1 }, &again, NULL) && same_term(term, &again));
}

static void check_states(const struct term *term)
{
	int64_t ends_ms = lease_state_ends_ms(term, 0);
	enum lease_state first = lease_state_at(term, 0);

	assert(ends_ms == INT64_MAX || lease_state_at(term, ends_ms) != first);
	assert(ends_ms == INT64_MAX || lease_state_at(term, ends_ms - 1) == first);
}

static void check_report(struct slice line)
{
	char text[TERM_LINE_MAX];
	struct report report;

	if (!report_parse(line, &report, NULL))
		return;
	report_line(&report, text);
	assert(line.n + 1 == strlen(text) && memcmp(line.p, text, line.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lease_reader whole = { 0 }, parts = { 0 };
	bool is_good = lease_reader_feed(&whole, fuzz_slice(data, size), NULL), is_good_in_parts = true;
	int64_t epoch = 0;

	for (size_t i = 0; i < size && is_good_in_parts; i++) {
		is_good_in_parts = lease_reader_feed(&parts, fuzz_slice(data + i, 1), NULL);
		assert(parts.term.epoch >= epoch);
		epoch = parts.term.epoch;
	}
	assert(is_good == is_good_in_parts && same_term(&whole.term, &parts.term));
	check_report(fuzz_slice(data, size));
	if (whole.term.epoch) {
		check_written(&whole.term);
		check_states(&whole.term);
	}
	return 0;
}
