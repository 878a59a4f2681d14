#include "common/base/metrics.h"

#include <uthash.h>

#define MAX_SERIES 1000
#define LABELS_MAX_BYTES 4096

struct metric_series {
	char *labels;                 /* name="value",... as printed; the key */
	double value;                 /* histograms: the sum */
	uint64_t count;
	uint64_t buckets[METRIC_MAX_BUCKETS];
	UT_hash_handle hh;
};

#define USUAL_PREFIX "amko_"

static struct metric *registry;
static const char *prefix = USUAL_PREFIX;

void metric_register(struct metric *m)
{
	struct metric **at = &registry;

	if (m->is_registered)
		return;
	while (*at && strcmp((*at)->name, m->name) < 0)
		at = &(*at)->next;
	m->next = *at;
	*at = m;
	m->is_registered = true;
}

static void add_label(struct buf *out, const char *name, const char *value)
{
	buf_puts(out, out->n ? "," : "");
	buf_puts(out, name);
	buf_puts(out, "=\"");
	while (value && *value) {
		size_t n = strcspn(value, "\"\\\n");

		buf_add(out, (struct slice){ value, n });
		value += n;
		if (!*value)
			break;
		buf_puts(out, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
		value++;
	}
	buf_puts(out, "\"");
}

static char *labels_text(const struct metric *m, const char *const *values)
{
	struct buf text;

	buf_init(&text, LABELS_MAX_BYTES);
	for (size_t i = 0; i < METRIC_MAX_LABELS && m->labels[i]; i++)
		add_label(&text, m->labels[i], values ? values[i] : "other");
	return buf_take(&text);
}

static struct metric_series *series_of(struct metric *m, const char *const *values)
{
	CLEANUP(freep) char *key = labels_text(m, values);
	struct metric_series *s;

	metric_register(m);
	HASH_FIND_STR(m->series, key, s);
	if (s)
		return s;
	if (m->n_series >= MAX_SERIES && values)
		return series_of(m, NULL);
	s = xcalloc(1, sizeof(*s));
	s->labels = TAKE(key);
	HASH_ADD_KEYPTR(hh, m->series, s->labels, strlen(s->labels), s);
	m->n_series++;
	return s;
}

void metric_add_at(struct metric *m, double v, const char *const *labels)
{
	series_of(m, labels)->value += v;
}

void metric_set_at(struct metric *m, double v, const char *const *labels)
{
	series_of(m, labels)->value = v;
}

void metric_observe_at(struct metric *m, double v, const char *const *labels)
{
	struct metric_series *s = series_of(m, labels);

	s->value += v;
	s->count++;
	for (size_t i = 0; i < METRIC_MAX_BUCKETS && m->bounds[i] > 0; i++)
		if (v <= m->bounds[i])
			s->buckets[i]++;
}

static void series_free(struct metric *m, struct metric_series *s)
{
	HASH_DEL(m->series, s);
	m->n_series--;
	free(s->labels);
	free(s);
}

void metric_drop_at(struct metric *m, const char *const *labels)
{
	CLEANUP(freep) char *key = labels_text(m, labels);
	struct metric_series *s;

	HASH_FIND_STR(m->series, key, s);
	if (s)
		series_free(m, s);
}

static bool print_histogram(struct buf *out, const char *name, const struct metric *m, const struct metric_series *s)
{
	const char *comma = *s->labels ? "," : "";

	for (size_t i = 0; i < METRIC_MAX_BUCKETS && m->bounds[i] > 0; i++)
		buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, s->labels, comma, m->bounds[i],
			   (unsigned long long)s->buckets[i]);
	buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, s->labels, comma, (unsigned long long)s->count);
	buf_printf(out, "%s_sum{%s} %.9g\n", name, s->labels, s->value);
	return buf_printf(out, "%s_count{%s} %llu\n", name, s->labels, (unsigned long long)s->count);
}

static bool print_family(struct buf *out, const struct metric *m)
{
	static const char *const types[] = { "counter", "gauge", "histogram" };
	size_t n_usual = strncmp(m->name, USUAL_PREFIX, strlen(USUAL_PREFIX)) == 0 ? strlen(USUAL_PREFIX) : 0;
	CLEANUP(freep) char *name = xasprintf("%s%s", n_usual ? prefix : "", m->name + n_usual);
	bool fits = buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, m->help, name, types[m->type]);

	for (const struct metric_series *s = m->series; s; s = s->hh.next) {
		if (m->type == METRIC_TYPE_HISTOGRAM)
			fits = print_histogram(out, name, m, s) && fits;
		else if (*s->labels)
			fits = buf_printf(out, "%s{%s} %.15g\n", name, s->labels, s->value) && fits;
		else
			fits = buf_printf(out, "%s %.15g\n", name, s->value) && fits;
	}
	return fits;
}

void metrics_set_prefix(const char *text)
{
	prefix = text;
}

bool metrics_text(struct buf *out)
{
	bool fits = true;

	for (const struct metric *m = registry; m; m = m->next)
		fits = print_family(out, m) && fits;
	return fits;
}

void metrics_release(void)
{
	while (registry) {
		struct metric *m = registry;
		struct metric_series *s, *next;

		HASH_ITER(hh, m->series, s, next)
			series_free(m, s);
		registry = m->next;
		m->next = NULL;
		m->is_registered = false;
	}
}
