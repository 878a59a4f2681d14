#include "leader/ops/status.h"

#include <time.h>
#include <utlist.h>

#include "common/base/log.h"
#include "common/io/backoff.h"

#define MAX_WAITING 256
#define CONDITIONS_AFTER_MS 100        /* several of them change together */
#define RESTORE_EVERY_MS 5000
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000

struct write {
	char *path;
	cJSON *body;
	struct write *prev, *next;
};

struct status {
	struct status_options options;
	/* The GSLBConfig in charge. */
	char *path;                    /* NULL: none */
	char *shown_state;
	struct condition *conditions;  /* wanted */
	size_t n_conditions;
	bool has_new_conditions;
	char *last_state;
	struct write *queue;
	size_t n_queue;
	uint64_t may_restore_ms;       /* on the loop's clock */
	struct kube_call *call;
	uv_timer_t *timer, *restore;
	struct backoff backoff;
	/* What was last written for other objects, so that it is not written again before it is seen. */
	struct strs recent;
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

struct status *status_new(const struct status_options *options)
{
	struct status *s = xcalloc(1, sizeof(*s));

	s->options = *options;
	s->last_state = xstrdup("");
	s->backoff = (struct backoff){ .min_ms = RETRY_MIN_MS, .max_ms = RETRY_MAX_MS };
	s->timer = xcalloc(1, sizeof(*s->timer));
	uv_timer_init(options->loop, s->timer);
	s->timer->data = s;
	s->restore = xcalloc(1, sizeof(*s->restore));
	uv_timer_init(options->loop, s->restore);
	s->restore->data = s;
	return s;
}

static void write_free(struct status *s, struct write *write)
{
	DL_DELETE(s->queue, write);
	s->n_queue--;
	cJSON_Delete(write->body);
	free(write->path);
	free(write);
}

void status_free(struct status *s)
{
	if (!s)
		return;
	kube_cancel(s->call);
	while (s->queue)
		write_free(s, s->queue);
	for (size_t i = 0; i < s->n_conditions; i++)
		condition_release(&s->conditions[i]);
	free(s->conditions);
	strs_release(&s->recent);
	free(s->path);
	free(s->shown_state);
	free(s->last_state);
	uv_close((uv_handle_t *)s->timer, close_handle);
	uv_close((uv_handle_t *)s->restore, close_handle);
	free(s);
}

static void send_next(struct status *s);

static void on_due(uv_timer_t *timer)
{
	send_next(timer->data);
}

static void on_written(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct status *s = arg;

	(void)json;
	s->call = NULL;
	if (err && (err->code == ERR_RETRY || err->code == ERR_AUTH || err->code == ERR_TLS)) {
		int64_t wait = MAX(backoff_next_ms(&s->backoff), MIN(retry_after_ms, (int64_t)RETRY_MAX_MS));

		log_warn("status_write_failed", KV("path", s->queue->path), KV("err", (const char *)err->msg));
		uv_timer_start(s->timer, on_due, (uint64_t)wait, 0);
		return;
	}
	if (err && err->code != ERR_NOTFOUND)
		log_error("status_write_refused", KV("path", s->queue->path), KV("err", (const char *)err->msg));
	backoff_reset(&s->backoff);
	write_free(s, s->queue);
	send_next(s);
}

static void enqueue(struct status *s, const char *path, cJSON *body)
{
	struct write *write;

	if (s->options.is_dry_run) {
		cJSON_Delete(body);
		return;
	}
	write = xcalloc(1, sizeof(*write));
	write->path = xstrdup(path);
	write->body = body;
	DL_APPEND(s->queue, write);
	s->n_queue++;
}

static const char *now_text(char *out, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return out;
}

static cJSON *conditions_json(const struct status *s)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < s->n_conditions; i++) {
		cJSON *item = json_add_object(list);

		json_put_str(item, "type", s->conditions[i].type);
		json_put_str(item, "status", s->conditions[i].status);
		json_put_str(item, "reason", s->conditions[i].reason);
		json_put_str(item, "message", s->conditions[i].message);
		json_put_str(item, "lastTransitionTime", s->conditions[i].last_transition);
	}
	return list;
}

static void enqueue_conditions(struct status *s)
{
	cJSON *body = cJSON_CreateObject();

	json_put(json_put_object(body, "status"), "conditions", conditions_json(s));
	s->has_new_conditions = false;
	enqueue(s, s->path, body);
}

static void send_next(struct status *s)
{
	if (s->call || uv_is_active((uv_handle_t *)s->timer))
		return;
	if (!s->queue && s->has_new_conditions && s->path)
		enqueue_conditions(s);
	if (!s->queue)
		return;
	s->call = kube_start(s->options.kube, &(struct kube_request){
		.method = "PATCH", .path = s->queue->path, .body_type = KUBE_BODY_MERGE_PATCH, .body = s->queue->body,
		.done = on_written, .arg = s });
}

static struct condition *find_condition(struct status *s, const char *type)
{
	for (size_t i = 0; i < s->n_conditions; i++)
		if (streq(s->conditions[i].type, type))
			return &s->conditions[i];
	return NULL;
}

static struct condition *need_condition(struct status *s, const char *type)
{
	struct condition *c = find_condition(s, type);

	if (c)
		return c;
	s->conditions = xrealloc(s->conditions, (s->n_conditions + 1) * sizeof(*s->conditions));
	c = &s->conditions[s->n_conditions++];
	*c = (struct condition){ .type = xstrdup(type) };
	return c;
}

static void replace(char **text, const char *with)
{
	char *copy = xstrdup(with);

	free(*text);
	*text = copy;
}

/* What an earlier process left is where we start from: times of transitions survive a restart. */
static void adopt_conditions(struct status *s, const struct gslbconfig *config)
{
	for (size_t i = 0; i < config->n_conditions; i++) {
		const struct condition *shown = &config->conditions[i];
		struct condition *c = need_condition(s, shown->type);

		replace(&c->status, shown->status ? shown->status : "Unknown");
		replace(&c->reason, shown->reason ? shown->reason : "");
		replace(&c->message, shown->message ? shown->message : "");
		replace(&c->last_transition, shown->last_transition ? shown->last_transition : "");
	}
}

static void enqueue_state(struct status *s)
{
	cJSON *body = cJSON_CreateObject(), *values = json_put_object(body, "status");

	json_put_str(values, "state", s->last_state);
	json_put(values, "conditions", conditions_json(s));
	s->has_new_conditions = false;
	enqueue(s, s->path, body);
	send_next(s);
}

static void on_restore_due(uv_timer_t *timer);

/* Made anew, replaced without its status, or overwritten by somebody: it is told again. The latter not more often than every
 * few seconds, or two writers would never end. Writes that are under way will show by themselves. */
static void restore_lost(struct status *s)
{
	uint64_t now_ms = uv_now(s->options.loop);

	if (s->queue || !s->path || !*s->last_state || streq0(s->shown_state, s->last_state))
		return;
	if (s->shown_state && now_ms < s->may_restore_ms) {
		uv_timer_start(s->restore, on_restore_due, s->may_restore_ms - now_ms, 0);
		return;
	}
	s->may_restore_ms = now_ms + RESTORE_EVERY_MS;
	enqueue_state(s);
}

static void on_restore_due(uv_timer_t *timer)
{
	restore_lost(timer->data);
}

void status_observe(struct status *s, const struct gslbconfig *config)
{
	CLEANUP(freep) char *path = NULL;

	if (!config) {
		free(TAKE(s->path));
		return;
	}
	path = kube_path(&KUBE_GSLBCONFIGS, config->namespace, config->name, NULL);
	replace(&s->shown_state, config->state);
	if (s->path && streq(s->path, path)) {
		restore_lost(s);
		return;
	}
	free(s->path);
	s->path = TAKE(path);
	replace(&s->last_state, "");
	adopt_conditions(s, config);
	s->has_new_conditions = s->n_conditions > 0 && !config->n_conditions;
}

void status_state(struct status *s, const char *state)
{
	if (!s->path || streq(s->last_state, state))
		return;
	log_info("state", KV("state", state));
	/* The first state of this process may be what the object shows already. */
	if (!*s->last_state && s->shown_state && streq(s->shown_state, state)) {
		replace(&s->last_state, state);
		return;
	}
	replace(&s->last_state, state);
	enqueue_state(s);
}

void status_condition(struct status *s, const char *type, const char *value, const char *reason, const char *message)
{
	struct condition *c = need_condition(s, type);
	char now[32];

	if (streq0(c->status, value) && streq0(c->reason, reason) && streq0(c->message, message))
		return;
	if (!streq0(c->status, value))
		replace(&c->last_transition, now_text(now, sizeof(now)));
	if (!streq0(c->status, value) || !streq0(c->reason, reason))
		log_info("condition", KV("type", type), KV("status", value), KV("reason", reason), KV("message", message));
	replace(&c->status, value);
	replace(&c->reason, reason);
	replace(&c->message, message);
	s->has_new_conditions = true;
	if (!s->call && !uv_is_active((uv_handle_t *)s->timer))
		uv_timer_start(s->timer, on_due, CONDITIONS_AFTER_MS, 0);
}

/* An object's own watch event comes after our write; until then it must not look as if the write were still to do. */
static bool is_recent(struct status *s, const char *path, const char *resource_version, const char *text)
{
	CLEANUP(freep) char *key = xasprintf("%s %s %s", path, resource_version ? resource_version : "", text);

	if (strs_has(&s->recent, key))
		return true;
	strs_add(&s->recent, key);
	if (s->recent.n > MAX_WAITING) {
		CLEANUP(freep) char *oldest = xstrdup(s->recent.v[0]);

		strs_remove(&s->recent, oldest);
	}
	return false;
}

/* False: it was not news, or too much waits. */
static bool enqueue_text(struct status *s, const char *path, const char *resource_version, const char *key, const char *text)
{
	cJSON *body;

	if (s->n_queue >= MAX_WAITING || is_recent(s, path, resource_version, text))
		return false;
	body = cJSON_CreateObject();
	json_put_str(json_put_object(body, "status"), key, text);
	enqueue(s, path, body);
	send_next(s);
	return true;
}

void status_refuse_config(struct status *s, const struct gslbconfig *config, const char *state)
{
	CLEANUP(freep) char *path = kube_path(&KUBE_GSLBCONFIGS, config->namespace, config->name, NULL);
	CLEANUP(freep) char *name = xasprintf("%s/%s", config->namespace ? config->namespace : "", config->name);

	if (!streq0(config->state, state) && enqueue_text(s, path, config->resource_version, "state", state))
		log_warn("gslbconfig_refused", KV("gslbconfig", name), KV("err", state));
}

void status_policy(struct status *s, const struct gdp *gdp, const char *error_status)
{
	CLEANUP(freep) char *path = kube_path(&KUBE_GDPS, gdp->namespace, gdp->name, NULL);

	if (!streq0(gdp->error_status, error_status))
		enqueue_text(s, path, gdp->resource_version, "errorStatus", error_status);
}

size_t status_count_pending(const struct status *s)
{
	return s->n_queue + (s->has_new_conditions && s->path ? 1 : 0);
}

const char *status_last_state(const struct status *s)
{
	return s->last_state;
}
