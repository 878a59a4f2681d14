#include "leader/avi/reconcile.h"

#include <uthash.h>
#include <utlist.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/io/backoff.h"
#include "leader/avi/pace.h"

#define MAX_WIDTH 8
#define PASSES_A_TURN 64               /* keeps the loop answering while thousands of names are looked at */
#define MAX_SAME 3                     /* then controller and plan disagree, and more writes would not help */
#define MAX_ROUNDS 20                  /* the same, in turns: more than a service and its monitors need that all are gone */
#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 120000

enum name_state { NAME_IDLE, NAME_PENDING, NAME_IN_FLIGHT, NAME_WAITING, NAME_FENCED };

struct name {
	struct reconcile *reconcile;
	char *fqdn;
	enum name_state state;
	bool is_marked_again;          /* in flight, and something changed meanwhile */
	unsigned n_rounds;             /* passes with operations since the last change of its inputs or wait */
	unsigned n_same;               /* of these, the last ones that began with the same operation */
	char *first_op;                /* the operation that the last one began with; NULL: none yet */
	struct backoff backoff;
	uint64_t due_ms;               /* waiting: on the loop's clock */
	char *problem;
	struct op *unsure;             /* the last write, when its fate is not known: read before the next plan */
	char *answer;                  /* what the controller said last that led to another pass at once; NULL: nothing */
	struct apply *apply;
	uint64_t marked_ns;            /* for the latency of the change */
	struct name *prev, *next;      /* in the list of its state */
	UT_hash_handle hh;
};

struct reconcile {
	struct reconcile_options options;
	struct apply_options target;
	bool has_target, is_paused, is_turning;
	struct name *names;
	struct name *pending, *in_flight, *waiting, *fenced;
	size_t n_pending, n_in_flight, n_waiting, n_fenced;
	size_t width;
	struct pace pace;              /* of what is tried again */
	uint64_t n_passes;
	struct strs noted;
	bool is_noting;
	uv_timer_t *retry;
	uv_idle_t *turn;
};

static struct metric event_to_avi = METRIC_SECONDS("amko_event_to_controller_seconds",
	"From the change of a name's inputs until the controller has it.");
static struct metric passes = METRIC_COUNTER("amko_passes_total", "Passes over names with operations, by result.", "result");

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

static void start_turning(struct reconcile *r);

static void list_out(struct name *name)
{
	struct reconcile *r = name->reconcile;

	switch (name->state) {
	case NAME_PENDING:
		DL_DELETE(r->pending, name);
		r->n_pending--;
		break;
	case NAME_IN_FLIGHT:
		DL_DELETE(r->in_flight, name);
		r->n_in_flight--;
		break;
	case NAME_WAITING:
		DL_DELETE(r->waiting, name);
		r->n_waiting--;
		break;
	case NAME_FENCED:
		DL_DELETE(r->fenced, name);
		r->n_fenced--;
		break;
	case NAME_IDLE:
		break;
	}
}

/* The only place that assigns state. */
static void set_state(struct name *name, enum name_state state)
{
	struct reconcile *r = name->reconcile;

	list_out(name);
	name->state = state;
	switch (state) {
	case NAME_PENDING:
		DL_APPEND(r->pending, name);
		r->n_pending++;
		break;
	case NAME_IN_FLIGHT:
		DL_APPEND(r->in_flight, name);
		r->n_in_flight++;
		break;
	case NAME_WAITING:
		DL_APPEND(r->waiting, name);
		r->n_waiting++;
		break;
	case NAME_FENCED:
		DL_APPEND(r->fenced, name);
		r->n_fenced++;
		break;
	case NAME_IDLE:
		break;
	}
}

static void forget(struct name *name)
{
	set_state(name, NAME_IDLE);
	HASH_DEL(name->reconcile->names, name);
	apply_cancel(name->apply);
	free(name->problem);
	op_free(name->unsure);
	free(name->answer);
	free(name->first_op);
	free(name->fqdn);
	free(name);
}

static void try_again(struct name *name)
{
	name->n_rounds = name->n_same = 0;
	set_state(name, NAME_PENDING);
}

static void set_retry_timer(struct reconcile *r);

static void on_retry_due(uv_timer_t *timer)
{
	struct reconcile *r = timer->data;
	uint64_t now = uv_now(r->options.loop);
	struct name *name, *next;

	DL_FOREACH_SAFE(r->waiting, name, next) {
		if (name->due_ms > now)
			continue;
		if (!pace_take(&r->pace, now))
			break;
		try_again(name);
	}
	set_retry_timer(r);
	start_turning(r);
}

static void set_retry_timer(struct reconcile *r)
{
	uint64_t now = uv_now(r->options.loop), due = UINT64_MAX;
	const struct name *name;

	DL_FOREACH(r->waiting, name)
		due = MIN(due, name->due_ms);
	if (due == UINT64_MAX)
		uv_timer_stop(r->retry);
	else
		uv_timer_start(r->retry, on_retry_due, MAX(due, pace_due_ms(&r->pace, now)) - now, 0);
}

static void wait_for_retry(struct name *name, const char *message, int64_t retry_after_ms)
{
	struct reconcile *r = name->reconcile;
	int64_t wait = backoff_next_ms(&name->backoff);

	wait = MIN(MAX(wait, retry_after_ms), RETRY_MAX_MS);
	if (!name->problem || !streq(name->problem, message))
		log_warn("name_failing", KV("fqdn", name->fqdn), KV("err", message), KV("retry_in_ms", (long long)wait));
	free(name->problem);
	name->problem = xstrdup(message);
	name->due_ms = uv_now(r->options.loop) + (uint64_t)wait;
	set_state(name, NAME_WAITING);
	set_retry_timer(r);
}

static void adapt_width(struct reconcile *r, const struct apply_result *result)
{
	if (result->others == OTHERS_WAIT_AND_SLOW_DOWN)
		r->width = MAX(r->width / 2, (size_t)1);
	else if (result->end == APPLY_DONE)
		r->width = MIN(r->width + 1, (size_t)MAX_WIDTH);
}

static const char *end_name(enum apply_end end)
{
	static const char *const names[] = {
		[APPLY_DONE] = "done", [APPLY_AGAIN] = "again", [APPLY_FAILED] = "failed", [APPLY_FOREIGN] = "foreign",
		[APPLY_FENCED] = "fenced",
	};

	return names[end];
}

static void on_applied(void *arg, const struct apply_result *result)
{
	struct name *name = arg;
	struct reconcile *r = name->reconcile;
	CLEANUP(freep) char *fqdn = xstrdup(name->fqdn);

	name->apply = NULL;
	op_free(name->unsure);
	name->unsure = result->unsure ? op_copy(result->unsure) : NULL;
	adapt_width(r, result);
	if (name->problem && result->end != APPLY_AGAIN)
		pace_note(&r->pace, result->end == APPLY_DONE);
	metric_add(&passes, 1, end_name(result->end));
	if (r->is_noting)
		strs_add_once(&r->noted, fqdn);
	/* A read after a wait says nothing new. */
	if (result->end != APPLY_AGAIN || result->class != AVI_OK) {
		free(name->answer);
		name->answer = result->end == APPLY_AGAIN ? xstrdup(result->message) : NULL;
	}
	if (result->end == APPLY_DONE)
		metric_observe(&event_to_avi, (double)(uv_hrtime() - name->marked_ns) / 1e9);
	if (name->is_marked_again)
		try_again(name);
	else if (result->end == APPLY_FAILED || result->end == APPLY_FOREIGN)
		wait_for_retry(name, result->message, result->retry_after_ms);
	else if (result->end == APPLY_FENCED)
		try_again(name);       /* plan and fence are looked at once more */
	else
		set_state(name, NAME_PENDING);    /* looked at once more: the pass that finds nothing to do ends it */
	r->options.on_result(r->options.arg, fqdn, result);
	start_turning(r);
}

static struct apply_options fly(struct name *name)
{
	struct apply_options options = name->reconcile->target;

	set_state(name, NAME_IN_FLIGHT);
	name->is_marked_again = false;
	options.fqdn = name->fqdn;
	options.done = on_applied;
	options.arg = name;
	return options;
}

/* True when this plan would lead nowhere: it has been tried, and the controller is still as it was. */
static bool is_in_circles(struct name *name, const struct op *op)
{
	CLEANUP(freep) char *first_op = xasprintf("%s %s", op_type_name(op->type), op->name);

	name->n_same = streq0(name->first_op, first_op) ? name->n_same : 0;
	free(name->first_op);
	name->first_op = TAKE(first_op);
	return name->n_same == MAX_SAME || name->n_rounds == MAX_ROUNDS;
}

static void disagree(struct name *name, const struct op *op)
{
	CLEANUP(freep) char *fields = op->fields ? xasprintf(" (%s)", op->fields) : xstrdup("");
	CLEANUP(freep) char *problem =
		xasprintf("after %u passes the controller still differs: %s %s%s%s%s", name->n_rounds,
			  op_type_name(op->type), op->name, fields, name->answer ? ": " : "", name->answer ? name->answer : "");

	wait_for_retry(name, problem, -1);
}

static bool may_write(const struct reconcile *r)
{
	return !r->options.may_write || r->options.may_write(r->options.arg);
}

/* One pass. */
static void pass(struct name *name)
{
	struct reconcile *r = name->reconcile;
	struct apply_options options;
	CLEANUP(wanted_release) struct wanted wanted = { 0 };
	CLEANUP(plan_release) struct plan plan = { 0 };

	if (name->unsure) {
		options = fly(name);
		name->apply = apply_read(&options, name->unsure);
		return;
	}
	r->options.make_plan(r->options.arg, name->fqdn, &wanted, &plan);
	if (!plan.n_ops) {
		if (name->problem)
			log_info("name_recovered", KV("fqdn", name->fqdn));
		forget(name);
		return;
	}
	if (!may_write(r)) {
		set_state(name, NAME_FENCED);
		return;
	}
	if (is_in_circles(name, &plan.ops[0])) {
		disagree(name, &plan.ops[0]);
		return;
	}
	name->n_rounds++;
	name->n_same++;
	r->n_passes++;
	options = fly(name);
	name->apply = apply_start(&options, &wanted, &plan);
}

static bool may_turn(const struct reconcile *r)
{
	return r->has_target && !r->is_paused && r->pending && r->n_in_flight < r->width;
}

static void on_turn(uv_idle_t *idle)
{
	struct reconcile *r = idle->data;

	for (int i = 0; i < PASSES_A_TURN && may_turn(r); i++)
		pass(r->pending);
	if (may_turn(r))
		return;
	uv_idle_stop(r->turn);
	r->is_turning = false;
	if (!r->n_pending && !r->n_in_flight)
		r->options.on_idle(r->options.arg);
}

static void start_turning(struct reconcile *r)
{
	if (r->is_turning)
		return;
	r->is_turning = true;
	uv_idle_start(r->turn, on_turn);
}

struct reconcile *reconcile_new(const struct reconcile_options *options)
{
	struct reconcile *r = xcalloc(1, sizeof(*r));

	r->options = *options;
	r->width = MAX_WIDTH;
	r->is_paused = true;
	r->retry = xcalloc(1, sizeof(*r->retry));
	r->turn = xcalloc(1, sizeof(*r->turn));
	uv_timer_init(options->loop, r->retry);
	uv_idle_init(options->loop, r->turn);
	r->retry->data = r;
	r->turn->data = r;
	return r;
}

void reconcile_free(struct reconcile *r)
{
	struct name *name, *next;

	if (!r)
		return;
	HASH_ITER(hh, r->names, name, next)
		forget(name);
	uv_close((uv_handle_t *)r->retry, close_handle);
	uv_close((uv_handle_t *)r->turn, close_handle);
	strs_release(&r->noted);
	free(r);
}

void reconcile_cut_off(struct reconcile *r)
{
	struct name *name, *next;

	DL_FOREACH_SAFE(r->in_flight, name, next) {
		struct op *unsure = apply_cut_off(TAKE(name->apply));

		if (unsure) {
			op_free(name->unsure);
			name->unsure = unsure;
		}
		set_state(name, NAME_PENDING);
	}
	if (r->pending)
		start_turning(r);
}

void reconcile_set_target(struct reconcile *r, const struct apply_options *target)
{
	struct name *name, *next;

	DL_FOREACH_SAFE(r->in_flight, name, next) {
		apply_cancel(TAKE(name->apply));
		set_state(name, NAME_PENDING);
	}
	r->has_target = target != NULL;
	if (target)
		r->target = *target;
	r->is_paused = true;
	r->width = MAX_WIDTH;
}

void reconcile_pause(struct reconcile *r)
{
	r->is_paused = true;
}

void reconcile_resume(struct reconcile *r)
{
	r->is_paused = false;
	start_turning(r);
}

bool reconcile_is_paused(const struct reconcile *r)
{
	return r->is_paused;
}

void reconcile_mark(struct reconcile *r, const char *fqdn)
{
	struct name *name;

	HASH_FIND_STR(r->names, fqdn, name);
	if (!name) {
		name = xcalloc(1, sizeof(*name));
		name->reconcile = r;
		name->fqdn = xstrdup(fqdn);
		name->backoff = (struct backoff){ .min_ms = RETRY_MIN_MS, .max_ms = RETRY_MAX_MS };
		HASH_ADD_KEYPTR(hh, r->names, name->fqdn, strlen(name->fqdn), name);
	}
	switch (name->state) {
	case NAME_IN_FLIGHT:
		name->is_marked_again = true;
		return;
	case NAME_PENDING:
		name->n_rounds = name->n_same = 0;
		return;
	case NAME_IDLE:
	case NAME_WAITING:
	case NAME_FENCED:
		name->marked_ns = uv_hrtime();
		try_again(name);
		start_turning(r);
	}
}

void reconcile_retry_all(struct reconcile *r)
{
	struct name *name, *next;

	DL_FOREACH_SAFE(r->waiting, name, next)
		try_again(name);
	set_retry_timer(r);
	start_turning(r);
}

void reconcile_lift_fence(struct reconcile *r)
{
	while (r->fenced)
		try_again(r->fenced);
	start_turning(r);
}

void reconcile_counts(const struct reconcile *r, struct reconcile_counts *out)
{
	*out = (struct reconcile_counts){ r->n_pending, r->n_in_flight, r->n_waiting, r->n_fenced, r->n_passes };
}

void reconcile_note_start(struct reconcile *r)
{
	const struct name *name;

	strs_release(&r->noted);
	r->is_noting = true;
	DL_FOREACH(r->in_flight, name)
		strs_add(&r->noted, name->fqdn);
}

void reconcile_noted(struct reconcile *r, struct strs *out)
{
	const struct name *name;

	r->is_noting = false;
	*out = r->noted;
	r->noted = (struct strs){ 0 };
	DL_FOREACH(r->in_flight, name)
		strs_add_once(out, name->fqdn);
}

void reconcile_each_failing(const struct reconcile *r, size_t max, void (*each)(void *arg, const char *fqdn, const char *message),
			    void *arg)
{
	const struct name *name;

	DL_FOREACH(r->waiting, name) {
		if (!max--)
			return;
		each(arg, name->fqdn, name->problem ? name->problem : "");
	}
}
