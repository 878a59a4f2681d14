#include "common/crd/amkocluster_writer.h"

#include <time.h>
#include <uv.h>

#include "common/base/log.h"
#include "common/crd/amkocluster_status.h"
#include "common/io/backoff.h"

#define TOGETHER_MS 100                /* several things change at once */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000

struct amkocluster_writer {
	struct amkocluster_writer_options options;
	cJSON *seen;                   /* the object; NULL: none */
	cJSON *fields;
	struct condition *conditions;
	size_t n_conditions;
	cJSON *residue;                /* what the last write left to do: pruned, or refused. NULL: nothing */
	bool is_pruned;                /* the last answer lacked fields or messages of what it answered */
	uv_timer_t *again;             /* tries the residue once more */
	bool is_changed;               /* we have something new to say */
	uint64_t may_restore_ms;       /* on the loop's clock */
	struct kube_call *call;
	uv_timer_t *timer;
	struct backoff backoff;
};

/* ---- what is to be written ---- */

static const char *now_text(char *out, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	return out;
}

/* AMKO's own conditions say in their reasons what there is to say. */
static bool is_ours(const struct condition *c)
{
	return streq0(c->status, "True") || streq0(c->status, "False") || streq0(c->status, "Unknown");
}

static void release_all(struct condition *conditions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		condition_release(&conditions[i]);
	free(conditions);
}

/* As they are written; yours to release. */
static struct condition *conditions_shown(const struct amkocluster_writer *w)
{
	struct condition *shown = xcalloc(w->n_conditions + 1, sizeof(*shown));

	for (size_t i = 0; i < w->n_conditions; i++) {
		const struct condition *c = &w->conditions[i];
		bool is_moved = w->is_pruned && is_ours(c) && c->message && *c->message;

		shown[i] = (struct condition){
			.type = xstrdup(c->type), .status = xstrdup(c->status), .message = xstrdup(c->message),
			.reason = is_moved ? xasprintf("%s: %s", c->reason ? c->reason : "", c->message) : xstrdup(c->reason),
			.last_transition = xstrdup(c->last_transition) };
	}
	return shown;
}

/* NULL: nothing, or nothing that would be kept. Yours to delete. */
static cJSON *due_patch(struct amkocluster_writer *w)
{
	CLEANUP(cJSON_Deletep) cJSON *patch = NULL;
	struct condition *conditions;
	char now[32];

	if (!w->seen || w->options.is_dry_run)
		return NULL;
	conditions = conditions_shown(w);
	patch = amkocluster_status_patch(json_get(w->seen, "status"), w->fields, conditions, w->n_conditions,
					 now_text(now, sizeof(now)));
	for (size_t i = 0; i < w->n_conditions; i++)
		if (!w->conditions[i].last_transition)
			w->conditions[i].last_transition = xstrdup(conditions[i].last_transition);
	release_all(conditions, w->n_conditions);
	if (patch && !w->is_changed && w->residue && json_same(patch, w->residue))
		return NULL;
	return TAKE(patch);
}

static cJSON *body_of(const cJSON *seen, cJSON *patch)
{
	cJSON *body = cJSON_CreateObject();
	const char *version = json_str(json_get(seen, "metadata"), "resourceVersion");

	if (version)
		json_put_str(json_put_object(body, "metadata"), "resourceVersion", version);
	json_put(body, "status", patch);
	return body;
}

static char *path_of(const cJSON *seen, const char *sub)
{
	const cJSON *metadata = json_get(seen, "metadata");

	return kube_path(&KUBE_AMKOCLUSTERS, json_str(metadata, "namespace"), json_str(metadata, "name"), sub);
}

/* ---- requests ---- */

static void on_due(uv_timer_t *timer);

static void schedule(struct amkocluster_writer *w)
{
	CLEANUP(cJSON_Deletep) cJSON *patch = NULL;
	uint64_t now_ms = uv_now(w->options.loop), at_ms = now_ms + TOGETHER_MS;

	if (w->call || (uv_is_active((uv_handle_t *)w->timer) && (w->backoff.n_failures || !w->is_changed)))
		return;
	patch = due_patch(w);
	if (!patch) {
		w->is_changed = w->is_changed && !w->seen;
		return;
	}
	if (!w->is_changed)
		at_ms = MAX(at_ms, w->may_restore_ms);
	uv_timer_start(w->timer, on_due, at_ms - now_ms, 0);
}

/* Numbers on every API server; where they are not, the later one to arrive counts. */
static bool is_older(const cJSON *a, const cJSON *b)
{
	const cJSON *left = json_get(a, "metadata"), *right = json_get(b, "metadata");
	const char *x = json_str(left, "resourceVersion"), *y = json_str(right, "resourceVersion");

	if (!x || !y || !streq0(json_str(left, "uid"), json_str(right, "uid")))
		return false;
	return strlen(x) != strlen(y) ? strlen(x) < strlen(y) : strcmp(x, y) < 0;
}

static void see(struct amkocluster_writer *w, const cJSON *object)
{
	cJSON *copy;

	if (w->seen && object && is_older(object, w->seen))
		return;
	copy = object ? cJSON_Duplicate(object, true) : NULL;
	cJSON_Delete(w->seen);
	w->seen = copy;
}

static bool is_kept(const cJSON *status, const cJSON *field)
{
	return cJSON_IsNull(field) || json_get(status, field->string);
}

static bool is_message_kept(const cJSON *status, const struct condition *c)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, json_get(status, "conditions"))
		if (streq0(json_str(entry, "type"), c->type))
			return json_str(entry, "message");
	return true;
}

/* What the answer to a write lacks of it was pruned. */
static bool lacks_ours(const struct amkocluster_writer *w, const cJSON *status)
{
	const cJSON *field;

	cJSON_ArrayForEach(field, w->fields)
		if (!is_kept(status, field))
			return true;
	for (size_t i = 0; i < w->n_conditions; i++) {
		const struct condition *c = &w->conditions[i];

		if (c->status && c->message && *c->message && !is_message_kept(status, c))
			return true;
	}
	return false;
}

static void on_again(uv_timer_t *timer)
{
	struct amkocluster_writer *w = timer->data;

	cJSON_Delete(TAKE(w->residue));
	schedule(w);
}

/* A write was answered with the object as it is now. */
static void judge_written(struct amkocluster_writer *w, const cJSON *json)
{
	bool was_pruned = w->is_pruned;

	see(w, json);
	/* What was said meanwhile is not in it. */
	if (w->is_changed)
		return;
	w->is_pruned = lacks_ours(w, json_get(json, "status"));
	w->is_changed = w->is_pruned != was_pruned;
	if (w->is_pruned)
		uv_timer_start(w->again, on_again, (uint64_t)w->options.pruned_ms, 0);
}

static void try_again(struct amkocluster_writer *w, int64_t retry_after_ms)
{
	int64_t wait_ms = MAX(backoff_next_ms(&w->backoff), MIN(retry_after_ms, (int64_t)RETRY_MAX_MS));

	uv_timer_start(w->timer, on_due, (uint64_t)wait_ms, 0);
}

static void log_failure(const struct amkocluster_writer *w, const struct err *err, bool is_final)
{
	CLEANUP(freep) char *path = w->seen ? path_of(w->seen, "status") : xstrdup("");

	if (is_final)
		log_error("status_write_refused", KV("path", path), KV("err", (const char *)err->msg));
	else
		log_warn("status_write_failed", KV("path", path), KV("err", (const char *)err->msg));
}

static bool is_passing(const struct err *err)
{
	return err->code == ERR_RETRY || err->code == ERR_AUTH || err->code == ERR_TLS;
}

static void on_read(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct amkocluster_writer *w = arg;

	w->call = NULL;
	if (json)
		see(w, json);
	else if (err && err->code == ERR_NOTFOUND)
		see(w, NULL);
	w->is_changed = true;
	try_again(w, retry_after_ms);
}

/* Somebody was faster: what is shown now decides. */
static void read_again(struct amkocluster_writer *w)
{
	CLEANUP(freep) char *path = path_of(w->seen, NULL);

	w->call = kube_start(w->options.kube, &(struct kube_request){ .method = "GET", .path = path, .done = on_read, .arg = w });
}

static void on_written(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct amkocluster_writer *w = arg;

	w->call = NULL;
	if (err && err->code == ERR_CONFLICT && w->seen) {
		read_again(w);
		return;
	}
	if (err && is_passing(err)) {
		log_failure(w, err, false);
		w->is_changed = true;
		try_again(w, retry_after_ms);
		return;
	}
	if (err && err->code != ERR_NOTFOUND)
		log_failure(w, err, true);
	backoff_reset(&w->backoff);
	if (json)
		judge_written(w, json);
	cJSON_Delete(TAKE(w->residue));
	w->residue = w->is_changed ? NULL : due_patch(w);
	schedule(w);
}

static void on_due(uv_timer_t *timer)
{
	struct amkocluster_writer *w = timer->data;
	CLEANUP(cJSON_Deletep) cJSON *body = NULL;
	CLEANUP(freep) char *path = NULL;
	cJSON *patch = due_patch(w);

	w->is_changed = w->is_changed && !w->seen;
	if (!patch)
		return;
	body = body_of(w->seen, patch);
	path = path_of(w->seen, "status");
	w->may_restore_ms = uv_now(w->options.loop) + (uint64_t)w->options.restore_ms;
	w->call = kube_start(w->options.kube, &(struct kube_request){
		.method = "PATCH", .path = path, .body_type = KUBE_BODY_MERGE_PATCH, .body = body, .done = on_written, .arg = w });
}

/* ---- what is said ---- */

void amkocluster_writer_observe(struct amkocluster_writer *w, const cJSON *object)
{
	see(w, object);
	schedule(w);
}

void amkocluster_writer_put(struct amkocluster_writer *w, const char *field, cJSON *value)
{
	const cJSON *before = cJSON_GetObjectItemCaseSensitive(w->fields, field);

	if (!value)
		value = cJSON_CreateNull();
	if (before && json_same(before, value)) {
		cJSON_Delete(value);
		return;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(w->fields, field);
	json_put(w->fields, field, value);
	w->is_changed = true;
	schedule(w);
}

static struct condition *need_condition(struct amkocluster_writer *w, const char *type)
{
	for (size_t i = 0; i < w->n_conditions; i++)
		if (streq(w->conditions[i].type, type))
			return &w->conditions[i];
	w->conditions = xrealloc(w->conditions, (w->n_conditions + 1) * sizeof(*w->conditions));
	w->conditions[w->n_conditions] = (struct condition){ .type = xstrdup(type) };
	w->is_changed = true;
	return &w->conditions[w->n_conditions++];
}

static void replace(char **text, const char *with)
{
	char *copy = xstrdup(with);

	free(*text);
	*text = copy;
}

void amkocluster_writer_condition(struct amkocluster_writer *w, const char *type, const char *status, const char *reason,
				  const char *message)
{
	struct condition *c = need_condition(w, type);
	bool is_other = !streq0(c->status, status);

	if (is_other || !streq0(c->reason, reason) || !streq0(c->message, message))
		w->is_changed = true;
	if (is_other)
		replace(&c->last_transition, NULL);
	if (status && (is_other || !streq0(c->reason, reason)))
		log_info("condition", KV("type", type), KV("status", status), KV("reason", reason ? reason : ""),
			 KV("message", message ? message : ""));
	replace(&c->status, status);
	replace(&c->reason, reason);
	replace(&c->message, message);
	if (w->is_changed)
		schedule(w);
}

bool amkocluster_writer_is_pruned(const struct amkocluster_writer *w)
{
	return w->is_pruned;
}

bool amkocluster_writer_is_idle(const struct amkocluster_writer *w)
{
	return !w->call && !uv_is_active((uv_handle_t *)w->timer);
}

static uv_timer_t *make_timer(struct amkocluster_writer *w)
{
	uv_timer_t *timer = xcalloc(1, sizeof(*timer));

	uv_timer_init(w->options.loop, timer);
	timer->data = w;
	return timer;
}

struct amkocluster_writer *amkocluster_writer_new(const struct amkocluster_writer_options *options)
{
	struct amkocluster_writer *w = xcalloc(1, sizeof(*w));

	w->options = *options;
	if (!w->options.restore_ms)
		w->options.restore_ms = AMKOCLUSTER_RESTORE_MS;
	if (!w->options.pruned_ms)
		w->options.pruned_ms = AMKOCLUSTER_PRUNED_MS;
	w->fields = cJSON_CreateObject();
	w->backoff = (struct backoff){ .min_ms = RETRY_MIN_MS, .max_ms = RETRY_MAX_MS };
	w->timer = make_timer(w);
	w->again = make_timer(w);
	return w;
}

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

void amkocluster_writer_free(struct amkocluster_writer *w)
{
	if (!w)
		return;
	kube_cancel(w->call);
	cJSON_Delete(w->seen);
	cJSON_Delete(w->fields);
	cJSON_Delete(w->residue);
	release_all(w->conditions, w->n_conditions);
	uv_close((uv_handle_t *)w->timer, close_handle);
	uv_close((uv_handle_t *)w->again, close_handle);
	free(w);
}
