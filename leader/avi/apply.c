#include "leader/avi/apply.h"

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "leader/avi/gs_json.h"

#define MAX_TURNED_BACK 5              /* of one operation, directly before its sending */

struct apply {
	struct apply_options options;
	char *owner, *fqdn;
	struct wanted wanted;
	struct plan plan;
	size_t at;
	struct avi_call *call;
	struct fence_ticket ticket;    /* of the operation */
	bool is_sent;
	bool is_turned_back;           /* it was let in, and the fence did not let it be sent */
	unsigned n_turned_back;
	size_t ref_at;                 /* which reference of the service is looked for */
	bool is_unsure;                /* what became of the current operation is not known */
	/* A write was not done: what ends the pass when all is read by name that has to be. */
	struct {
		enum apply_end end;
		enum avi_class class;
		char *message;
		int64_t retry_after_ms;
	} failure;
};

static struct metric operations = METRIC_COUNTER("amko_operations_total",
	"Operations on the controller, by kind and result.", "operation", "result");

static void apply_free(struct apply *apply)
{
	avi_cancel(apply->call);
	if (apply->options.fence)
		fence_leave(apply->options.fence, &apply->ticket);
	wanted_release(&apply->wanted);
	plan_release(&apply->plan);
	free(apply->failure.message);
	free(apply->owner);
	free(apply->fqdn);
	free(apply);
}

static const struct op *current(const struct apply *apply)
{
	return &apply->plan.ops[apply->at];
}

void apply_cancel(struct apply *apply)
{
	if (apply)
		apply_free(apply);
}

struct op *apply_cut_off(struct apply *apply)
{
	struct op *unsure = apply->is_sent ? op_copy(current(apply)) : NULL;

	apply_free(apply);
	return unsure;
}

static void finish(struct apply *apply, enum apply_end end, enum avi_class class, const char *message, int64_t retry_after_ms)
{
	apply_done_fn *done = apply->options.done;
	void *arg = apply->options.arg;
	CLEANUP(freep) char *text = xstrdup(message);
	CLEANUP(op_freep) struct op *unsure = apply->is_unsure ? op_copy(current(apply)) : NULL;

	apply_free(apply);
	done(arg, &(struct apply_result){
		.end = end, .class = class, .others = end == APPLY_FENCED ? OTHERS_GO_ON : reaction_others(class),
		.message = text, .retry_after_ms = retry_after_ms, .unsure = unsure });
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
	if (!json || !gs_refs_have_names(json) || !adopt_object(apply, op, json))
		return false;
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

/* --- after a write that was not done: reading by name ------------------------------------------------------------ */

static void end_failed(struct apply *apply)
{
	finish(apply, apply->failure.end, apply->failure.class, apply->failure.message,
	       apply->failure.retry_after_ms);
}

static void ask_by_name(struct apply *apply, bool is_gs, const char *name, avi_done_fn *done)
{
	CLEANUP(freep) char *escaped = http_escape(name);
	CLEANUP(freep) char *path = xasprintf("/api/%s?include_name=&name=%s", is_gs ? "gslbservice" : "healthmonitor",
					      escaped);

	apply->call = avi_start(apply->options.session, &(struct avi_request){
		.method = "GET", .path = path, .tenant = current(apply)->tenant, .done = done, .arg = apply });
}

/* Who asks in one tenant is shown admin's objects too. */
static bool is_object(const cJSON *object, const char *tenant, const char *name)
{
	CLEANUP(freep) char *whose = object_tenant(object, tenant);

	return streq0(json_str(object, "name"), name) && streq(whose, tenant);
}

static void end_unsure(struct apply *apply, enum avi_class class, const char *message, int64_t retry_after_ms)
{
	apply->is_unsure = true;
	finish(apply, APPLY_FAILED, class, message, retry_after_ms);
}

/* The object of that name, NULL where there is none. False: nothing was said, and the pass has ended. */
static bool read_answer(struct apply *apply, const struct avi_reply *reply, const char *name, const cJSON **found)
{
	const cJSON *results = cJSON_GetObjectItemCaseSensitive(reply->json, "results"), *object;

	apply->call = NULL;
	*found = NULL;
	if (reaction_step(DEED_READ, reply->class) != STEP_GO_ON) {
		end_unsure(apply, reply->class, reply->err->msg, reply->retry_after_ms);
		return false;
	}
	/* "results": null is an empty list; without it nothing was said. */
	if (reply->class == AVI_OK && !cJSON_IsArray(results) && !cJSON_IsNull(results)) {
		end_unsure(apply, AVI_UNREADABLE, "an object read by name: an answer without results", -1);
		return false;
	}
	cJSON_ArrayForEach(object, results)
		if (!*found && is_object(object, current(apply)->tenant, name))
			*found = object;
	return true;
}

static void on_ref_read(void *arg, const struct avi_reply *reply);

/* What the service refers to and the controller no longer has is forgotten, so that the next plan makes it. Looked for is what
 * would be ours. */
static void look_for_refs(struct apply *apply)
{
	const struct op *op = current(apply);
	const struct strs *refs = op->gs ? &op->gs->monitor_refs : &(struct strs){ 0 };

	while (apply->ref_at < refs->n &&
	       !actual_find_monitor(apply->options.actual, op->tenant, refs->v[apply->ref_at]))
		apply->ref_at++;
	if (apply->ref_at < refs->n)
		ask_by_name(apply, false, refs->v[apply->ref_at], on_ref_read);
	else
		end_failed(apply);
}

static void on_ref_read(void *arg, const struct avi_reply *reply)
{
	struct apply *apply = arg;
	const struct op *op = current(apply);
	const char *name = op->gs->monitor_refs.v[apply->ref_at];
	const cJSON *found;

	if (!read_answer(apply, reply, name, &found))
		return;
	if (!found) {
		actual_drop_monitor(apply->options.actual, op->tenant, name);
		apply->failure.end = APPLY_AGAIN;
	}
	apply->ref_at++;
	look_for_refs(apply);
}

static void on_read(void *arg, const struct avi_reply *reply)
{
	struct apply *apply = arg;
	const struct op *op = current(apply);
	const cJSON *found;

	if (!read_answer(apply, reply, op->name, &found))
		return;
	if (!found) {
		forget_object(apply, op);
		end_failed(apply);
	} else if (apply->failure.class == AVI_NOTFOUND && streq0(json_str(found, "uuid"), op->uuid)) {
		apply->failure.end = APPLY_FAILED;
		look_for_refs(apply);
	} else if (!gs_refs_have_names(found)) {
		end_unsure(apply, AVI_UNREADABLE, "an object read by name: references without names", -1);
	} else if (!adopt_object(apply, op, found)) {
		finish(apply, APPLY_FOREIGN, AVI_CONFLICT, apply->failure.message, -1);
	} else {
		end_failed(apply);
	}
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void log_failed(const struct apply *apply, const struct op *op, enum avi_class class, const char *message)
{
	metric_add(&operations, 1, op_type_name(op->type), avi_class_name(class));
	log_warn("avi_write_failed", KV("operation", op_type_name(op->type)), KV("fqdn", apply->fqdn),
		 KV("tenant", op->tenant), KV("name", op->name), KV("class", avi_class_name(class)), KV("err", message));
}

static enum deed deed_of(const struct op *op)
{
	return op_is_deletion(op) ? DEED_DELETE : op_is_creation(op) ? DEED_CREATE : DEED_UPDATE;
}

/* What the answer is worth: good is only one with the object. */
static enum avi_class judge(struct apply *apply, const struct op *op, const struct avi_reply *reply)
{
	bool is_good = reply->class == AVI_OK && (op_is_deletion(op) || take_answer(apply, op, reply->json));

	return is_good || reply->class != AVI_OK ? reply->class : AVI_UNREADABLE;
}

static void end_write(struct apply *apply, const struct op *op, const struct avi_reply *reply)
{
	enum avi_class class = judge(apply, op, reply);
	const char *message = reply->err ? reply->err->msg : "the answer to a write could not be read";
	enum next_step step = reaction_step(deed_of(op), class);

	apply->call = NULL;
	if (step == STEP_GO_ON) {
		log_done(apply, op);
		if (op_is_deletion(op))
			forget_object(apply, op);
		apply->at++;
		run(apply);
		return;
	}
	log_failed(apply, op, class, message);
	apply->is_unsure = step == STEP_WAIT_AND_READ;
	apply->failure.end = step == STEP_READ_AND_PLAN ? APPLY_AGAIN : APPLY_FAILED;
	apply->failure.class = class;
	apply->failure.message = xstrdup(message);
	apply->failure.retry_after_ms = reply->retry_after_ms;
	if (step == STEP_WAIT || step == STEP_WAIT_AND_READ)
		end_failed(apply);
	else if (step == STEP_FIND_REFS)
		look_for_refs(apply);
	else
		ask_by_name(apply, op_is_gs(op), op->name, on_read);
}

static void enter(struct apply *apply);

/* Not sent after all: as if it had just been queued, unless that comes to nothing again and again. */
static void queue_anew(struct apply *apply)
{
	apply->call = NULL;
	if (apply->n_turned_back < MAX_TURNED_BACK)
		enter(apply);
	else
		finish(apply, APPLY_FAILED, AVI_UNSENT,
		       "it takes longer to connect than a read of the leadership record is good for", -1);
}

static void on_write(void *arg, const struct avi_reply *reply)
{
	struct apply *apply = arg;
	const struct op *op = current(apply);

	apply->is_sent = false;
	if (apply->options.fence)
		fence_done(apply->options.fence, &apply->ticket, reply->class);
	if (reply->class == AVI_UNSENT && apply->is_turned_back)
		queue_anew(apply);
	else
		end_write(apply, op, reply);
}

static const char *op_method(const struct op *op)
{
	return op_is_deletion(op) ? "DELETE" : op_is_creation(op) ? "POST" : "PUT";
}

/* Collections end in a slash, as the controller asks of POSTs. */
static char *op_path(const struct op *op)
{
	const char *type = op_is_gs(op) ? "gslbservice" : "healthmonitor";

	return xconcat("/api/", type, "/", op->uuid ? op->uuid : "");
}

static bool may_send(void *arg, int64_t *within_ms)
{
	struct apply *apply = arg;

	if (apply->options.fence) {
		apply->is_turned_back = !fence_may_send(apply->options.fence, &apply->ticket, within_ms);
		apply->n_turned_back += apply->is_turned_back;
	}
	apply->is_sent = !apply->is_turned_back;
	return apply->is_sent;
}

/* Another writer may have been there since: then the controller answers 412. Who writes alone overwrites, as ever. */
static cJSON *write_body(const struct apply *apply, const struct op *op)
{
	cJSON *body = op_is_gs(op) ? gs_to_json(op->gs) : monitor_to_json(op->monitor);
	CLEANUP(freep) char *modified = xasprintf("%lld", (long long)op->modified_us);

	if (apply->options.fence && op->modified_us)
		json_put_str(body, "_last_modified", modified);
	return body;
}

static void send_write(struct apply *apply)
{
	const struct op *op = current(apply);
	CLEANUP(cJSON_Deletep) cJSON *body = NULL;
	CLEANUP(freep) char *path = op_path(op);

	if (!op_is_deletion(op))
		body = write_body(apply, op);
	apply->call = avi_start(apply->options.session, &(struct avi_request){
		.method = op_method(op), .path = path, .tenant = op->tenant, .body = body,
		.may_send = may_send, .done = on_write, .arg = apply });
}

static void on_word(struct fence_ticket *ticket, enum fence_word word, const struct avi_reply *reply)
{
	struct apply *apply = container_of(ticket, struct apply, ticket);

	switch (word) {
	case FENCE_GO:
		send_write(apply);
		break;
	case FENCE_WAIT:
		finish(apply, APPLY_FENCED, AVI_UNSENT, "", -1);
		break;
	case FENCE_FAIL:
		finish(apply, APPLY_FAILED, reply->class, reply->err->msg, reply->retry_after_ms);
		break;
	}
}

static void enter(struct apply *apply)
{
	apply->is_turned_back = false;
	if (!apply->options.fence || fence_enter(apply->options.fence, &apply->ticket))
		send_write(apply);
}

static void run(struct apply *apply)
{
	if (apply->at == apply->plan.n_ops) {
		finish(apply, APPLY_DONE, AVI_OK, "", -1);
		return;
	}
	apply->ticket = (struct fence_ticket){ .is_deletion = op_is_deletion(current(apply)), .on_word = on_word };
	apply->n_turned_back = 0;
	enter(apply);
}

static struct apply *apply_new(const struct apply_options *options)
{
	struct apply *apply = xcalloc(1, sizeof(*apply));

	apply->options = *options;
	apply->owner = xstrdup(options->owner);
	apply->fqdn = xstrdup(options->fqdn);
	return apply;
}

struct apply *apply_read(const struct apply_options *options, const struct op *op)
{
	struct apply *apply = apply_new(options);

	apply->plan.ops = op_copy(op);
	apply->plan.n_ops = 1;
	apply->failure.end = APPLY_AGAIN;
	apply->failure.message = xstrdup("an object of this name is somebody else's");
	apply->failure.retry_after_ms = -1;
	ask_by_name(apply, op_is_gs(op), op->name, on_read);
	return apply;
}

struct apply *apply_start(const struct apply_options *options, struct wanted *wanted, struct plan *plan)
{
	struct apply *apply = apply_new(options);

	assert(plan->n_ops > 0);
	apply->wanted = *wanted;
	apply->plan = *plan;
	*wanted = (struct wanted){ 0 };
	*plan = (struct plan){ 0 };
	run(apply);
	return apply;
}
