#include "common/leadership/term.h"

#include "common/leadership/claim.h"

#include <inttypes.h>

void term_line(const struct term *term, char out[TERM_LINE_MAX])
{
	snprintf(out, TERM_LINE_MAX, "term %" PRId64 " %" PRId64 " %" PRId64 " %s\n", term->epoch, term->starts_before_ms,
		 term->ends_by_ms, term->is_fenced ? "fenced" : "fenceless");
}

static bool take_number(struct slice *rest, int64_t *out)
{
	char digits[20];
	struct slice word;

	if (!slice_split(rest, ' ', &word) || word.n >= sizeof(digits))
		return false;
	memcpy(digits, word.p, word.n);
	digits[word.n] = '\0';
	return epoch_parse(digits, out);
}

bool term_parse(struct slice line, struct term *out, struct err *err)
{
	struct slice rest = line, word;
	struct term t = { 0 };

	if (!slice_split(&rest, ' ', &word) || !slice_eq(word, "term") || !take_number(&rest, &t.epoch) ||
	    !take_number(&rest, &t.starts_before_ms) || !take_number(&rest, &t.ends_by_ms))
		return err_set(err, ERR_INVALID, "lease pipe: not a term");
	t.is_fenced = rest.p && slice_eq(rest, "fenced");
	if (!t.is_fenced && !(rest.p && slice_eq(rest, "fenceless")))
		return err_set(err, ERR_INVALID, "lease pipe: neither fenced nor fenceless");
	*out = t;
	return true;
}

void report_line(const struct report *report, char out[TERM_LINE_MAX])
{
	snprintf(out, TERM_LINE_MAX, "report %s %s\n", report->is_healthy ? "healthy" : "unhealthy",
		 report->wants_write ? "wants" : "idle");
}

bool report_parse(struct slice line, struct report *out, struct err *err)
{
	struct slice rest = line, word, health;

	if (!slice_split(&rest, ' ', &word) || !slice_eq(word, "report") || !slice_split(&rest, ' ', &health) || !rest.p)
		return err_set(err, ERR_INVALID, "lease pipe: not a report");
	if ((!slice_eq(health, "healthy") && !slice_eq(health, "unhealthy")) || (!slice_eq(rest, "wants") && !slice_eq(rest, "idle")))
		return err_set(err, ERR_INVALID, "lease pipe: a report with other words");
	*out = (struct report){ slice_eq(health, "healthy"), slice_eq(rest, "wants") };
	return true;
}

int64_t term_write_until(const struct term *term, const struct timing *timing, int64_t now_ms, int64_t record_ms)
{
	if (now_ms >= term->starts_before_ms)
		return 0;
	if (term->is_fenced && (!record_ms || now_ms - record_ms > timing->fresh_ms))
		return 0;
	return MIN(now_ms + timing->write_ms, term->ends_by_ms);
}
