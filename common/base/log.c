#include "common/base/log.h"

#include <time.h>

#include "common/base/buf.h"

#define VALUE_MAX_BYTES 2048
#define LINE_MAX_BYTES (64 * 1024)

static struct {
	const char *proc;
	enum log_level level;
	enum log_format format;
	FILE *stream;
} log_state = { "amko", LOG_INFO, LOG_LOGFMT, NULL };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_init(const char *proc, enum log_level level, enum log_format format)
{
	log_state.proc = proc;
	log_state.level = level;
	log_state.format = format;
}

void log_set_level(enum log_level level)
{
	log_state.level = level;
}

enum log_level log_level(void)
{
	return log_state.level;
}

void log_set_stream(FILE *stream)
{
	log_state.stream = stream;
}

bool log_level_parse(const char *text, enum log_level *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++)
		if (strcasecmp(text, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

bool log_format_parse(const char *text, enum log_format *out)
{
	if (!streq(text, "logfmt") && !streq(text, "json"))
		return false;
	*out = streq(text, "json") ? LOG_JSON : LOG_LOGFMT;
	return true;
}

/* Both formats quote alike: a quoted logfmt value is a JSON string. */
static void add_quoted(struct buf *line, const char *text)
{
	size_t n = strnlen(text, VALUE_MAX_BYTES + 1);

	buf_puts(line, "\"");
	for (size_t i = 0; i < n && i < VALUE_MAX_BYTES; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			buf_printf(line, "\\%c", c);
		else if (c == '\n')
			buf_puts(line, "\\n");
		else if (c < 0x20 || c == 0x7f)
			buf_printf(line, "\\u%04x", c);
		else
			buf_add(line, (struct slice){ text + i, 1 });
	}
	buf_puts(line, n > VALUE_MAX_BYTES ? "...\"" : "\"");
}

static bool is_plain(const char *text)
{
	if (!*text || strlen(text) > VALUE_MAX_BYTES)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' || *text == 0x7f)
			return false;
	return true;
}

static void add_value(struct buf *line, const struct log_field *f)
{
	switch (f->type) {
	case LOG_FIELD_STR:
		if (log_state.format == LOG_LOGFMT && is_plain(f->v.str))
			buf_puts(line, f->v.str);
		else
			add_quoted(line, f->v.str);
		break;
	case LOG_FIELD_INT:
		buf_printf(line, "%lld", f->v.i);
		break;
	case LOG_FIELD_UINT:
		buf_printf(line, "%llu", f->v.u);
		break;
	case LOG_FIELD_DOUBLE:
		buf_printf(line, "%.6g", f->v.d);
		break;
	case LOG_FIELD_BOOL:
		buf_puts(line, f->v.b ? "true" : "false");
		break;
	}
}

static void add_field(struct buf *line, const struct log_field *f)
{
	if (log_state.format == LOG_JSON) {
		buf_puts(line, line->n > 1 ? "," : "");
		add_quoted(line, f->key);
		buf_puts(line, ":");
	} else {
		buf_puts(line, line->n ? " " : "");
		buf_puts(line, f->key);
		buf_puts(line, "=");
	}
	add_value(line, f);
}

static void timestamp(char *out, size_t size)
{
	struct timespec now;
	struct tm tm;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, size, "%s.%03ldZ", date, now.tv_nsec / 1000000);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	FILE *out = log_state.stream ? log_state.stream : stderr;
	char ts[48] = "";
	const struct log_field head[] = {
		KV("ts", (const char *)ts), KV("level", level_names[level]), KV("proc", log_state.proc), KV("event", event),
	};
	struct buf line;

	timestamp(ts, sizeof(ts));
	buf_init(&line, LINE_MAX_BYTES);
	buf_puts(&line, log_state.format == LOG_JSON ? "{" : "");
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		add_field(&line, &head[i]);
	for (; fields->key; fields++)
		add_field(&line, fields);
	buf_puts(&line, log_state.format == LOG_JSON ? "}\n" : "\n");
	/* One write a line, so that lines of several processes on one pipe do not mix. */
	fwrite(line.p, 1, line.n, out);
	fflush(out);
	buf_release(&line);
}
