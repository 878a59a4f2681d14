/* common/base/metrics.h - counters, gauges and histograms of this process, as Prometheus text.
 *
 * A family is a static struct at its place of use; it joins the registry with its first value (or metric_register).
 *   static struct metric requests = METRIC_COUNTER("amko_avi_requests_total", "Requests sent.", "method", "code");
 *   metric_add(&requests, 1, "GET", "200");
 * At most 1000 label sets a family: later ones are counted under "other", so no input can grow the memory.
 */
#pragma once

#include "common/base/buf.h"

#define METRIC_MAX_LABELS 4
#define METRIC_MAX_BUCKETS 16

enum metric_type { METRIC_TYPE_COUNTER, METRIC_TYPE_GAUGE, METRIC_TYPE_HISTOGRAM };
struct metric_series;

struct metric {
	const char *name, *help;
	enum metric_type type;
	const char *labels[METRIC_MAX_LABELS];
	double bounds[METRIC_MAX_BUCKETS];        /* histograms: upper bounds, ascending, ended by 0 */
	struct metric_series *series;
	size_t n_series;
	struct metric *next;
	bool is_registered;
};

#define METRIC_COUNTER(n, h, ...) { .name = n, .help = h, .type = METRIC_TYPE_COUNTER, .labels = { __VA_ARGS__ } }
#define METRIC_GAUGE(n, h, ...) { .name = n, .help = h, .type = METRIC_TYPE_GAUGE, .labels = { __VA_ARGS__ } }
/* Buckets fit what takes milliseconds to minutes. */
#define METRIC_SECONDS(n, h, ...) { .name = n, .help = h, .type = METRIC_TYPE_HISTOGRAM, .labels = { __VA_ARGS__ }, \
	.bounds = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60 } }

/* One value per label, in the order of the declaration, as const char *. */
#define metric_add(m, v, ...) metric_add_at(m, v, (const char *const[METRIC_MAX_LABELS]){ __VA_ARGS__ })
#define metric_set(m, v, ...) metric_set_at(m, v, (const char *const[METRIC_MAX_LABELS]){ __VA_ARGS__ })
#define metric_observe(m, v, ...) metric_observe_at(m, v, (const char *const[METRIC_MAX_LABELS]){ __VA_ARGS__ })
#define metric_drop(m, ...) metric_drop_at(m, (const char *const[METRIC_MAX_LABELS]){ __VA_ARGS__ })
void metric_add_at(struct metric *m, double v, const char *const *labels);
void metric_set_at(struct metric *m, double v, const char *const *labels);
void metric_observe_at(struct metric *m, double v, const char *const *labels);
void metric_drop_at(struct metric *m, const char *const *labels);   /* the series of something that no longer exists */

void metric_register(struct metric *m);
/* Printed instead of the names' "amko_", so that the texts of two processes can be put together. Borrowed. */
void metrics_set_prefix(const char *prefix);
/* All families in the order of their names. False when the text did not fit. */
bool metrics_text(struct buf *out);
void metrics_release(void);                    /* for tests and leak checkers */
