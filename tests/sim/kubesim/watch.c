#include "tests/sim/kubesim/watch.h"

#include <utlist.h>

#include "common/io/backoff.h"
#include "tests/sim/kubesim/text.h"

#define QUEUE_BYTES (64u * 1024 * 1024)        /* what a client may be behind, besides what it gets at the beginning */
#define LEAST_S 1800                           /* without timeoutSeconds: this to twice this */
#define MALFORMED "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\n"

struct ks_watch {
	struct ks_watch *prev, *next;
	struct ks_kind *kind;
	struct http_exchange *x;       /* NULL: gone */
	char *version;                 /* as which the objects are shown */
	struct ks_filter filter;
	struct ks_rule *rule;          /* NULL: nothing goes wrong */
	uv_timer_t timer, drip;
	int n_open;                    /* of the two */
	struct buf pending;            /* what is still to be sent drop by drop */
	bool wants_bookmarks;
	uint64_t after_rv;             /* only what is newer */
};

static void on_closed(uv_handle_t *handle)
{
	struct ks_watch *w = handle->data;

	if (--w->n_open)
		return;
	ks_filter_release(&w->filter);
	ks_rule_unref(w->rule);
	buf_release(&w->pending);
	free(w->version);
	free(w);
}

/* Nothing more is sent; the exchange is somebody else's business. */
static void watch_drop(struct ks_watch *w)
{
	DL_DELETE(w->kind->watches, w);
	w->x = NULL;
	uv_close((uv_handle_t *)&w->timer, on_closed);
	uv_close((uv_handle_t *)&w->drip, on_closed);
}

static void watch_end(struct ks_watch *w)
{
	struct http_exchange *x = w->x;

	watch_drop(w);
	http_stream_end(x);
}

static void on_gone(void *arg)
{
	watch_drop(arg);
}

static void on_timeout(uv_timer_t *timer)
{
	watch_end(container_of(timer, struct ks_watch, timer));
}

/* --- lines ----------------------------------------------------------------------------------------------- */

static void on_drip(uv_timer_t *timer)
{
	struct ks_watch *w = container_of(timer, struct ks_watch, drip);
	uint64_t tick_ms;
	size_t n = MIN(ks_drip(w->rule, &tick_ms), w->pending.n);

	if (!n)
		return;
	http_stream_send(w->x, (struct slice){ w->pending.p, n });
	buf_drop(&w->pending, n);
}

/* What is more than may wait is lost. */
static void send_bytes(struct ks_watch *w, struct slice bytes)
{
	if (w->rule && w->rule->bytes_per_s)
		buf_add(&w->pending, bytes);
	else
		http_stream_send(w->x, bytes);
}

static void send_line(struct ks_watch *w, const struct buf *line)
{
	CLEANUP(freep) char *other = NULL;

	if (!w->rule || !w->rule->lie) {
		send_bytes(w, buf_slice(line));
		return;
	}
	other = ks_lie(w->rule, buf_str(line));
	send_bytes(w, slice_of(other));
}

static void print_event(struct buf *out, const char *type, const struct ks_version *version, const struct ks_kind *kind,
			const struct ks_kind_version *as)
{
	buf_clear(out);
	buf_printf(out, "{\"type\":\"%s\",\"object\":", type);
	ks_version_print(version, kind, as, out);
	buf_puts(out, "}\n");
}

/* What a change means to a watch with a selector: objects come and go by what is selected. */
static bool event_type(const struct ks_filter *filter, const struct ks_event *event, enum ks_event_type *type)
{
	bool is = event->type != KS_DELETED && ks_filter_fits(filter, event->object);
	bool was = event->before && ks_filter_fits(filter, event->before);

	*type = is ? was ? KS_MODIFIED : KS_ADDED : KS_DELETED;
	return is || was;
}

/* An object that is selected no longer: its last selected state, at the version of the change. */
static struct ks_version *left_behind(const struct ks_kind *kind, const struct ks_event *event)
{
	CLEANUP(cJSON_Deletep) cJSON *object = ks_version_parse(event->before);
	CLEANUP(freep) char *rv = xasprintf("%lu", (unsigned long)event->rv);

	ks_set_str(ks_need_object(object, "metadata"), "resourceVersion", rv);
	return ks_version_new(kind, object);
}

/* A line that was made already, for the next watch that wants the same. */
struct line {
	struct buf text;
	enum ks_event_type type;
	const struct ks_kind_version *as;
	const struct ks_event *event;
};

static void make_line(struct line *line, const struct ks_kind *kind, const struct ks_event *event,
		      enum ks_event_type type, const struct ks_kind_version *as)
{
	struct ks_version *left = NULL;

	if (line->event == event && line->type == type && line->as == as)
		return;
	if (type == KS_DELETED && event->type != KS_DELETED)
		left = left_behind(kind, event);
	print_event(&line->text, ks_event_names[type], left ? left : event->object, kind, as);
	ks_version_unref(left);
	line->event = event;
	line->type = type;
	line->as = as;
}

static void tell(struct ks_watch *w, const struct ks_event *event, struct line *line)
{
	const struct ks_kind_version *as = ks_kind_version(w->kind, w->version);
	enum ks_event_type type;

	if (event->rv <= w->after_rv || !as || (w->rule && w->rule->is_silent) || !event_type(&w->filter, event, &type))
		return;
	make_line(line, w->kind, event, type, as);
	send_line(w, &line->text);
}

void ks_watch_on_event(struct ks_cluster *cluster, struct ks_kind *kind, const struct ks_event *event)
{
	struct ks_watch *w, *next;
	struct line line = { 0 };

	(void)cluster;
	buf_init(&line.text, KS_ANSWER_MAX_BYTES);
	DL_FOREACH_SAFE(kind->watches, w, next)
		tell(w, event, &line);
	buf_release(&line.text);
}

/* --- beginnings ------------------------------------------------------------------------------------------ */

struct beginning {
	struct ks_watch *watch;
	const struct ks_kind_version *as;
	struct buf lines, line;
};

static bool add_object(void *arg, struct ks_version *version)
{
	struct beginning *b = arg;

	if (!ks_filter_fits(&b->watch->filter, version))
		return true;
	print_event(&b->line, "ADDED", version, b->watch->kind, b->as);
	return buf_add(&b->lines, buf_slice(&b->line));
}

static void add_bookmark(const struct ks_watch *w, uint64_t rv, bool is_end_of_beginning, struct buf *out)
{
	CLEANUP(freep) char *api_version = ks_api_version(w->kind->group, w->version);

	buf_printf(out,
		   "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{"
		   "\"resourceVersion\":\"%lu\","
		   "\"creationTimestamp\":null%s}}}\n",
		   w->kind->kind, api_version, (unsigned long)rv,
		   is_end_of_beginning ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "");
}

static void add_history(struct beginning *b, uint64_t rv)
{
	const struct ks_table *table = b->watch->kind->table;
	struct line line = { 0 };
	enum ks_event_type type;

	buf_init(&line.text, KS_ANSWER_MAX_BYTES);
	for (size_t i = ks_table_events_after(table, rv); i < ks_table_events(table); i++) {
		const struct ks_event *event = ks_table_event(table, i);

		if (!event_type(&b->watch->filter, event, &type))
			continue;
		line.event = NULL;
		make_line(&line, b->watch->kind, event, type, b->as);
		buf_add(&b->lines, buf_slice(&line.text));
	}
	buf_release(&line.text);
}

static void add_expired(struct buf *out, uint64_t rv, uint64_t now)
{
	CLEANUP(freep) char *message =
		xasprintf("too old resource version: %lu (%lu)", (unsigned long)rv, (unsigned long)now);
	CLEANUP(cJSON_Deletep) cJSON *status = ks_status(410, "Expired", message, NULL);
	CLEANUP(freep) char *text = json_text(status);

	buf_printf(out, "{\"type\":\"ERROR\",\"object\":%s}\n", text);
}

/* A bookmark of that many bytes, and some. */
static void add_long_line(const struct ks_watch *w, uint64_t rv, struct buf *out)
{
	CLEANUP(buf_release) struct buf line;
	CLEANUP(freep) char *padded = NULL;

	buf_init(&line, 4096);
	add_bookmark(w, rv, false, &line);
	padded = ks_pad(w->rule, buf_str(&line));
	buf_puts(out, padded);
}

/* What the stream begins with; true when it also ends with that. */
static bool make_beginning(struct beginning *b, const struct ks_request *r, uint64_t rv, bool is_given)
{
	struct ks_watch *w = b->watch;
	bool wants_all = ks_param_is_true(r, "sendInitialEvents");
	const struct ks_rule *rule = w->rule;

	if (rule && rule->is_malformed)
		buf_puts(&b->lines, MALFORMED);
	if (rule && rule->pad_bytes)
		add_long_line(w, r->cluster->rv, &b->lines);
	if (rule && rule->gone == KS_GONE_EVENT) {
		add_expired(&b->lines, rv, r->cluster->rv);
		return true;
	}
	if (rule && rule->is_silent)
		return false;
	if (wants_all || !is_given || rv == 0) {
		ks_table_each_at(w->kind->table, r->cluster->rv, w->filter.prefix, "", add_object, b);
		if (wants_all && w->wants_bookmarks)
			add_bookmark(w, r->cluster->rv, true, &b->lines);
	} else if (!ks_table_knows(w->kind->table, rv)) {
		add_expired(&b->lines, rv, r->cluster->rv);
		return true;
	} else {
		add_history(b, rv);
		w->after_rv = MAX(rv, r->cluster->rv);
	}
	return false;
}

static int64_t lifetime_ms(const struct ks_request *r)
{
	const char *text = ks_param(r, "timeoutSeconds");
	int64_t seconds = text ? strtoll(text, NULL, 10) : 0;

	return 1000 * (seconds > 0 ? MIN(seconds, (int64_t)86400) : LEAST_S + (int64_t)random_below(LEAST_S));
}

/* A watch of one object. */
static bool select_name(const struct ks_request *r, struct ks_filter *filter, struct ks_reply *reply)
{
	CLEANUP(freep) char *text = r->name ? xasprintf("metadata.name=%s", r->name) : NULL;
	struct err err = { 0 };

	return ks_selector_parse_fields(text, r->kind, &filter->fields, &err) ||
	       ks_refuse(reply, 400, "BadRequest", "%s", err.msg);
}

static void watch_init_timers(uv_loop_t *loop, struct ks_watch *w)
{
	uint64_t tick_ms;

	uv_timer_init(loop, &w->timer);
	uv_timer_init(loop, &w->drip);
	w->timer.data = w->drip.data = w;
	w->n_open = 2;
	buf_init(&w->pending, QUEUE_BYTES);
	if (!w->rule || !w->rule->bytes_per_s)
		return;
	ks_drip(w->rule, &tick_ms);
	uv_timer_start(&w->drip, on_drip, 0, tick_ms);
}

bool ks_watch_start(uv_loop_t *loop, const struct ks_request *r, struct http_exchange *x, struct ks_rule *rule,
		    struct ks_reply *reply)
{
	struct ks_filter filter = { 0 };
	struct ks_watch *w;
	struct beginning b = { .as = r->version };
	uint64_t rv;
	bool is_given, is_over;

	if (!ks_filter_read(r, &filter, reply) || !select_name(r, &filter, reply) ||
	    !ks_read_rv(r, &rv, &is_given, reply)) {
		ks_filter_release(&filter);
		return false;
	}
	w = xcalloc(1, sizeof(*w));
	*w = (struct ks_watch){.kind = r->kind,
			       .x = x,
			       .version = xstrdup(r->version->name),
			       .filter = filter,
			       .rule = ks_rule_ref(rule),
			       .wants_bookmarks = ks_param_is_true(r, "allowWatchBookmarks")};
	watch_init_timers(loop, w);
	DL_APPEND(w->kind->watches, w);
	b.watch = w;
	buf_init(&b.lines, KS_ANSWER_MAX_BYTES);
	buf_init(&b.line, KS_ANSWER_MAX_BYTES);
	is_over = make_beginning(&b, r, rv, is_given);
	http_stream_begin(x, 200, "application/json", b.lines.n + QUEUE_BYTES, on_gone, w);
	if (b.lines.n)
		send_line(w, &b.lines);
	buf_release(&b.lines);
	buf_release(&b.line);
	if (is_over)
		watch_end(w);
	else
		uv_timer_start(&w->timer, on_timeout, (uint64_t)lifetime_ms(r), 0);
	return true;
}

/* --- all of a cluster ------------------------------------------------------------------------------------ */

void ks_watch_on_kind_gone(struct ks_cluster *cluster, struct ks_kind *kind)
{
	struct ks_watch *w, *next;

	(void)cluster;
	DL_FOREACH_SAFE(kind->watches, w, next)
		watch_end(w);
}

void ks_watch_bookmark_all(struct ks_cluster *cluster)
{
	struct ks_kind *kind;
	struct ks_watch *w, *next;
	struct buf line;

	buf_init(&line, 4096);
	LL_FOREACH(cluster->kinds.first, kind)
		DL_FOREACH_SAFE(kind->watches, w, next) {
			if (!w->wants_bookmarks || (w->rule && w->rule->is_silent))
				continue;
			buf_clear(&line);
			add_bookmark(w, cluster->rv, false, &line);
			send_line(w, &line);
		}
	buf_release(&line);
}

static void for_all(struct ks_cluster *cluster, void (*visit)(struct ks_watch *w))
{
	struct ks_kind *kind;
	struct ks_watch *w, *next;

	LL_FOREACH(cluster->kinds.first, kind)
		DL_FOREACH_SAFE(kind->watches, w, next)
			visit(w);
}

void ks_watch_drop_all(struct ks_cluster *cluster)
{
	for_all(cluster, watch_drop);
}

void ks_watch_end_all(struct ks_cluster *cluster)
{
	for_all(cluster, watch_end);
}

size_t ks_watch_count(const struct ks_cluster *cluster)
{
	const struct ks_kind *kind;
	const struct ks_watch *w;
	size_t n = 0;

	LL_FOREACH(cluster->kinds.first, kind)
		DL_FOREACH(kind->watches, w)
			n++;
	return n;
}
