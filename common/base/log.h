/* common/base/log.h - one event a line, on standard error: logfmt or JSON.
 *
 * An event has a stable name, then key=value. Values are escaped and cut at 2 KiB. struct secret has no KV.
 *   log_info("gs_synced", KV("fqdn", name), KV("members", n));
 *   ts=2026-01-05T09:30:00.123Z level=info proc=leader event=gs_synced fqdn=app.example.org members=3
 */
#pragma once

#include "common/base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_LOGFMT, LOG_JSON };

struct log_field {
	const char *key;      /* NULL ends the list */
	enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_UINT, LOG_FIELD_DOUBLE, LOG_FIELD_BOOL } type;
	union {
		const char *str;
		long long i;
		unsigned long long u;
		double d;
		bool b;
	} v;
};

void log_init(const char *proc, enum log_level level, enum log_format format);   /* proc is borrowed for ever */
void log_set_level(enum log_level level);                /* takes effect with the next event */
enum log_level log_level(void);
/* "DEBUG", "debug", "WARN", ...: false for anything else. */
bool log_level_parse(const char *text, enum log_level *out);
bool log_format_parse(const char *text, enum log_format *out);
/* Lines go to this stream instead; for tests. NULL: standard error. */
void log_set_stream(FILE *stream);

void log_write(enum log_level level, const char *event, const struct log_field *fields);

#define log_at_(level, event, ...) do { \
	if ((level) >= log_level()) \
		log_write(level, event, (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(,) { .key = NULL } }); \
	} while (0)
#define log_debug(event, ...) log_at_(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) log_at_(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) log_at_(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) log_at_(LOG_ERROR, event, __VA_ARGS__)

static inline struct log_field log_kv_str(const char *key, const char *v)
{
	return (struct log_field){ key, LOG_FIELD_STR, { .str = v ? v : "" } };
}

static inline struct log_field log_kv_int(const char *key, long long v)
{
	return (struct log_field){ key, LOG_FIELD_INT, { .i = v } };
}

static inline struct log_field log_kv_uint(const char *key, unsigned long long v)
{
	return (struct log_field){ key, LOG_FIELD_UINT, { .u = v } };
}

static inline struct log_field log_kv_double(const char *key, double v)
{
	return (struct log_field){ key, LOG_FIELD_DOUBLE, { .d = v } };
}

static inline struct log_field log_kv_bool(const char *key, bool v)
{
	return (struct log_field){ key, LOG_FIELD_BOOL, { .b = v } };
}

#define KV(key, value) _Generic((value), \
	char *: log_kv_str, const char *: log_kv_str, bool: log_kv_bool, \
	int: log_kv_int, long: log_kv_int, long long: log_kv_int, \
	unsigned: log_kv_uint, unsigned long: log_kv_uint, unsigned long long: log_kv_uint, \
	double: log_kv_double)(key, value)
