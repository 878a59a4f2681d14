#include "ctl/columns.h"

#include "common/base/buf.h"
#include "ctl/plain.h"

#define GAP 3
#define TEXT_MAX_BYTES (4 * 1024 * 1024)

void columns_begin(struct columns *columns, const char *header)
{
	struct slice rest = slice_of(header), name;

	*columns = (struct columns){ 0 };
	while (slice_split(&rest, ' ', &name))
		strs_take(&columns->cells, slice_dup(name));
	columns->n_columns = columns->cells.n;
}

void columns_add(struct columns *columns, const char *text)
{
	strs_take(&columns->cells, plain(xstrdup(text && *text ? text : "-")));
}

/* Characters, as far as UTF-8 tells them. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static size_t column_width(const struct columns *columns, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < columns->cells.n; i += columns->n_columns)
		width = MAX(width, width_of(columns->cells.v[i]));
	return width;
}

char *columns_text(const struct columns *columns)
{
	CLEANUP(freep) size_t *widths = xcalloc(columns->n_columns, sizeof(*widths));
	CLEANUP(buf_release) struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	for (size_t i = 0; i < columns->n_columns; i++)
		widths[i] = column_width(columns, i);
	for (size_t i = 0; i < columns->cells.n; i++) {
		size_t column = i % columns->n_columns;
		const char *cell = columns->cells.v[i];
		bool is_last = column + 1 == columns->n_columns;

		buf_puts(&out, cell);
		if (is_last)
			buf_puts(&out, "\n");
		else
			buf_printf(&out, "%*s", (int)(widths[column] - width_of(cell)) + GAP, "");
	}
	return buf_take(&out);
}

void columns_release(struct columns *columns)
{
	strs_release(&columns->cells);
}

char *age_text(int64_t seconds)
{
	long long s = MAX(seconds, 0), minutes = s / 60, hours = minutes / 60;

	if (s < 120)
		return xasprintf("%llds", s);
	if (minutes < 10)
		return s % 60 ? xasprintf("%lldm%llds", minutes, s % 60) : xasprintf("%lldm", minutes);
	if (hours < 3)
		return xasprintf("%lldm", minutes);
	return hours < 48 ? xasprintf("%lldh", hours) : xasprintf("%lldd", hours / 24);
}
