#include "leader/avi/apply.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "leader/avi/gs_json.h"

struct apply {
	struct apply_options options;
	char *owner, *fqdn;
	struct wanted wanted;
	struct plan plan;
	size_t at;
	struct avi_call *call;
	/* While an object is read by name: what ends the pass when it is read. */
	struct {
		enum apply_end end;
		enum avi_class class;
		char *message;
		int64_t retry_after_ms;
	} after_read;
};

static struct metric operations = METRIC_COUNTER("amko_operations_total",
	"Operations on the controller, by kind and result.", "operation", "result");

static void apply_free(struct apply *apply)
{
	avi_cancel(apply->call);
	wanted_release(&apply->wanted);
	plan_release(&apply->plan);
	free(apply->after_read.message);
	free(apply->owner);
	free(apply->fqdn);
	free(apply);
}

void apply_cancel(struct apply *apply)
{
	if (apply)
		apply_free(apply);
}

static void finish(struct apply *apply, enum apply_end end, enum avi_class class, const char *message, int64_t retry_after_ms)
{
	apply_done_fn *done = apply->options.done;
	void *arg = apply->options.arg;
	CLEANUP(freep) char *text = xstrdup(message);

	apply_free(apply);
	done(arg, end, class, text, retry_after_ms);
}

static const struct op *current(const struct apply *apply)
{
	return &apply->plan.ops[apply->at];
}

static void forget_object(struct apply *apply, const struct op *op)
{
	if (op_is_gs(op))
		actual_drop_gs(apply->options.actual, op->tenant, op->name);
	else
		actual_drop_monitor(apply->options.actual, op->tenant, op->name);
}

/* Takes what the controller shows; false when it is not ours (then actual has none of that name). */
static bool adopt_object(struct apply *apply, const struct op *op, const cJSON *json)
{
	if (op_is_gs(op)) {
		struct gs *gs = gs_from_json(json, op->tenant);
		bool is_ours = gs && actual_owns_gs(apply->options.actual, gs);

		if (gs)
			actual_put_gs(apply->options.actual, &gs);
		return is_ours;
	}
	struct monitor *monitor = monitor_from_json(json, op->tenant);
	bool is_free = monitor && !monitor_is_foreign(monitor, apply->owner);

	if (monitor)
		actual_put_monitor(apply->options.actual, &monitor);
	return is_free;
}

static void run(struct apply *apply);

/* False when the answer to a write cannot be read as the object. */
static bool take_answer(struct apply *apply, const struct op *op, const cJSON *json)
{
	if (!json || !adopt_object(apply, op, json)) {
		log_warn("avi_answer_unreadable", KV("operation", op_type_name(op->type)), KV("name", op->name));
		return false;
	}
	if (op->gs && op->gs->down_response)
		actual_mark_down_response(apply->options.actual, op->gs->tenant, op->gs->name);
	return true;
}

static void log_done(const struct apply *apply, const struct op *op)
{
	log_info("avi_write", KV("operation", op_type_name(op->type)), KV("fqdn", apply->fqdn), KV("tenant", op->tenant),
		 KV("name", op->name), KV("fields", op->fields));
	metric_add(&operations, 1, op_type_name(op->type), "ok");
}

static void on_read(void *arg, const struct avi_reply *reply)
{
	struct apply *apply = arg;
	const struct op *op = current(apply);
	const cJSON *results = cJSON_GetObjectItemCaseSensitive(reply->json, "results"), *object;
	bool is_found = false, is_ours = false;

	apply->call = NULL;
	if (reply->class != AVI_OK && reply->class != AVI_NOTFOUND) {
		finish(apply, APPLY_FAILED, reply->class, reply->err->msg, reply->retry_after_ms);
		return;
	}
	/* "results": null is an empty list; without it nothing was said. */
	if (reply->class == AVI_OK && !cJSON_IsArray(results) && !cJSON_IsNull(results)) {
		finish(apply, APPLY_FAILED, AVI_SERVER, "an object read by name: an answer without results", -1);
		return;
	}
	cJSON_ArrayForEach(object, results) {
		const char *name = json_str(object, "name");

		if (!name || !streq(name, op->name) || is_found)
			continue;
		is_found = true;
		is_ours = adopt_object(apply, op, object);
		/* It is there: what the controller did not find is something that the object refers to. */
		if (apply->after_read.class == AVI_NOTFOUND && streq0(json_str(object, "uuid"), op->uuid))
			apply->after_read.end = APPLY_FAILED;
	}
	if (!is_found)
		forget_object(apply, op);
	if (is_found && !is_ours)
		finish(apply, APPLY_FOREIGN, AVI_CONFLICT, apply->after_read.message, -1);
	else
		finish(apply, apply->after_read.end, apply->after_read.class, apply->after_read.message,
		       apply->after_read.retry_after_ms);
}

/* Reads the object of the operation, then ends the pass. */
static void read_object(struct apply *apply, enum apply_end end, const struct avi_reply *reply)
{
	const struct op *op = current(apply);
	CLEANUP(freep) char *name = http_escape(op->name);
	CLEANUP(freep) char *path = xasprintf("/api/%s?include_name=&name=%s",
					      op_is_gs(op) ? "gslbservice" : "healthmonitor", name);

	apply->after_read.end = end;
	apply->after_read.class = reply->class;
	apply->after_read.message = xstrdup(reply->err ? reply->err->msg : "the answer to a write could not be read");
	apply->after_read.retry_after_ms = reply->retry_after_ms;
	apply->call = avi_start(apply->options.session, &(struct avi_request){
		.method = "GET", .path = path, .tenant = op->tenant, .done = on_read, .arg = apply });
}

static bool already_exists(const struct avi_reply *reply)
{
	return reply->class == AVI_CONFLICT ||
	       strstr(reply->err->msg, "with this Name and Tenant ref already exists") != NULL;
}

static void on_failure(struct apply *apply, const struct avi_reply *reply)
{
	const struct op *op = current(apply);

	metric_add(&operations, 1, op_type_name(op->type), avi_class_name(reply->class));
	log_warn("avi_write_failed", KV("operation", op_type_name(op->type)), KV("fqdn", apply->fqdn),
		 KV("tenant", op->tenant), KV("name", op->name), KV("class", avi_class_name(reply->class)),
		 KV("err", (const char *)reply->err->msg));
	if (reply->class == AVI_NOTFOUND && op->uuid) {
		read_object(apply, APPLY_AGAIN, reply);
	} else if (op_is_creation(op) && already_exists(reply)) {
		read_object(apply, APPLY_AGAIN, reply);
	} else if (reply->class == AVI_CONCURRENT) {
		read_object(apply, APPLY_AGAIN, reply);
	} else if (reply->class == AVI_NETWORK || reply->class == AVI_SERVER) {
		/* Nothing is read while the controller is away: the next listing or pass does it. */
		if (reply->err->code == ERR_CANCELLED)
			finish(apply, APPLY_FAILED, reply->class, reply->err->msg, -1);
		else
			read_object(apply, APPLY_FAILED, reply);
	} else {
		finish(apply, APPLY_FAILED, reply->class, reply->err->msg, reply->retry_after_ms);
	}
}

static void on_write(void *arg, const struct avi_reply *reply)
{
	struct apply *apply = arg;
	const struct op *op = current(apply);

	apply->call = NULL;
	if (op_is_deletion(op) && (reply->class == AVI_OK || reply->class == AVI_NOTFOUND)) {
		log_done(apply, op);
		forget_object(apply, op);
	} else if (reply->class == AVI_OK) {
		log_done(apply, op);
		if (!take_answer(apply, op, reply->json)) {
			read_object(apply, APPLY_AGAIN, reply);
			return;
		}
	} else {
		on_failure(apply, reply);
		return;
	}
	apply->at++;
	run(apply);
}

static const char *op_method(const struct op *op)
{
	return op_is_deletion(op) ? "DELETE" : op_is_creation(op) ? "POST" : "PUT";
}

/* Collections end in a slash, as the controller asks of POSTs. */
static char *op_path(const struct op *op)
{
	const char *type = op_is_gs(op) ? "gslbservice" : "healthmonitor";

	return xasprintf("/api/%s/%s", type, op->uuid ? op->uuid : "");
}

static void run(struct apply *apply)
{
	CLEANUP(cJSON_Deletep) cJSON *body = NULL;
	CLEANUP(freep) char *path = NULL;
	const struct op *op;

	if (apply->at == apply->plan.n_ops) {
		finish(apply, APPLY_DONE, AVI_OK, "", -1);
		return;
	}
	op = current(apply);
	if (!op_is_deletion(op))
		body = op_is_gs(op) ? gs_to_json(op->gs) : monitor_to_json(op->monitor);
	path = op_path(op);
	apply->call = avi_start(apply->options.session, &(struct avi_request){
		.method = op_method(op), .path = path, .tenant = op->tenant, .body = body,
		.may_send = apply->options.may_send, .done = on_write, .arg = apply });
}

struct apply *apply_start(const struct apply_options *options, struct wanted *wanted, struct plan *plan)
{
	struct apply *apply = xcalloc(1, sizeof(*apply));

	assert(plan->n_ops > 0);
	apply->options = *options;
	apply->owner = xstrdup(options->owner);
	apply->fqdn = xstrdup(options->fqdn);
	apply->wanted = *wanted;
	apply->plan = *plan;
	*wanted = (struct wanted){ 0 };
	*plan = (struct plan){ 0 };
	run(apply);
	return apply;
}
