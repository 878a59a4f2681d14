#include "common/lease/reader.h"

static bool take_line(struct lease_reader *reader, struct err *err)
{
	struct term term;

	if (!term_parse((struct slice){ reader->line, reader->n }, &term, err))
		return false;
	if (!term.epoch)
		return err_set(err, ERR_INVALID, "lease pipe: a term without an epoch");
	reader->n = 0;
	if (term.epoch >= reader->term.epoch)
		reader->term = term;
	return true;
}

bool lease_reader_feed(struct lease_reader *reader, struct slice bytes, struct err *err)
{
	for (size_t i = 0; i < bytes.n; i++) {
		if (bytes.p[i] == '\n') {
			if (!take_line(reader, err))
				return false;
		} else if (reader->n < sizeof(reader->line)) {
			reader->line[reader->n++] = bytes.p[i];
		} else {
			return err_set(err, ERR_INVALID, "lease pipe: a line of more than %zu bytes", sizeof(reader->line));
		}
	}
	return true;
}

const char *lease_state_name(enum lease_state state)
{
	static const char *const names[] = {
		[LEASE_WAITING] = "waiting", [LEASE_OPEN] = "open", [LEASE_CLOSING] = "closing", [LEASE_SHUT] = "shut",
		[LEASE_LOST] = "lost",
	};

	return names[state];
}

enum lease_state lease_state_at(const struct term *term, int64_t now_ms)
{
	if (!term->starts_before_ms && !term->ends_by_ms)
		return LEASE_WAITING;
	if (now_ms < term->starts_before_ms)
		return LEASE_OPEN;
	return now_ms < term->ends_by_ms ? LEASE_CLOSING : LEASE_SHUT;
}

int64_t lease_state_ends_ms(const struct term *term, int64_t now_ms)
{
	switch (lease_state_at(term, now_ms)) {
	case LEASE_OPEN:
		return term->starts_before_ms;
	case LEASE_CLOSING:
		return term->ends_by_ms;
	default:
		return INT64_MAX;
	}
}
