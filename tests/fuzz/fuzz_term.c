/* term: any line is a term or a report, or neither, never both; either says the same when it is written and read again; and no term
 * lets a write start at or after its end, end later than it says, or start without a fresh record where it is fenced. */
#include "common/leadership/term.h"
#include "tests/fuzz/fuzz.h"

static void check_term(const struct term *term)
{
	char line[TERM_LINE_MAX];
	struct term again = { 0 };

	term_line(term, line);
	assert(strlen(line) < sizeof(line) - 1);
	assert(term_parse((struct slice){ line, strlen(line) - 1 }, &again, NULL));
	assert(again.epoch == term->epoch && again.starts_before_ms == term->starts_before_ms &&
	       again.ends_by_ms == term->ends_by_ms && again.is_fenced == term->is_fenced);
}

static void check_report(const struct report *report, struct slice line)
{
	char text[TERM_LINE_MAX];

	report_line(report, text);
	assert(line.n + 1 == strlen(text) && memcmp(line.p, text, line.n) == 0);
}

static void check_writes(const struct term *term)
{
	struct timing timing = { .lease_ms = 60000, .renew_ms = 40000, .retry_ms = 5000, .request_ms = 10000, .write_ms = 10000,
				 .margin_ms = 10000, .fresh_ms = 1000 };
	int64_t starts_ms = term->starts_before_ms, times_ms[] = { 0, 1, starts_ms - 1, starts_ms, starts_ms + 1 };

	for (size_t i = 0; i < ARRAY_SIZE(times_ms); i++) {
		int64_t now_ms = MAX(times_ms[i], (int64_t)0), until_ms = term_write_until(term, &timing, now_ms, now_ms);

		assert(!until_ms || (now_ms < starts_ms && until_ms <= term->ends_by_ms && until_ms <= now_ms + timing.write_ms));
		assert(!term->is_fenced || !term_write_until(term, &timing, now_ms, 0));
		assert(!term->is_fenced || now_ms <= timing.fresh_ms ||
		       !term_write_until(term, &timing, now_ms, now_ms - timing.fresh_ms - 1));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice line = fuzz_slice(data, size);
	struct report report;
	struct term term;
	bool is_term = term_parse(line, &term, NULL), is_report = report_parse(line, &report, NULL);

	assert(!is_term || !is_report);
	if (is_term) {
		check_term(&term);
		check_writes(&term);
	}
	if (is_report)
		check_report(&report, line);
	return 0;
}
