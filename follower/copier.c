#include "follower/copier.h"

#include <sys/random.h>
#include <uthash.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/io/backoff.h"
#include "common/io/zclient.h"
#include "common/mirror/carry.h"
#include "follower/stock.h"
#include "follower/subscribe.h"

#define BEATS_OF_SILENCE 3

/* An object that is not known to be as wanted. */
struct task {
	char *key;
	int64_t due_ms;
	struct backoff backoff;
	bool is_running, is_again;     /* under way; it changed meanwhile */
	UT_hash_handle hh;
};

struct copier {
	struct copier_options options;
	struct subscriber *subscriber;
	struct stock *stock;
	struct carry *carry;
	struct zclient *client;
	struct task *tasks;
	char *fit;
	uint64_t snapshots, serial;    /* how much of the subscriber's set was made into tasks */
	struct backoff hello_backoff;
	uv_timer_t *work, *hello, *silence;
};

static struct metric refused = METRIC_COUNTER("amko_federation_refused_total", "Messages of the leader that were refused, by fault.",
					      "fault");
static struct metric writes = METRIC_COUNTER("amko_federation_objects_total", "Objects looked at in the own cluster, by what came out.",
					     "result");

/* ---- timers: each is closed by itself ---- */

static uv_timer_t *timer_new(struct copier *c)
{
	uv_timer_t *timer = xcalloc(1, sizeof(*timer));

	uv_timer_init(c->options.loop, timer);
	timer->data = c;
	return timer;
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

static void timer_free(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, free_handle);
}

static void work(uv_timer_t *timer);

static void work_in(struct copier *c, int64_t wait_ms)
{
	uv_timer_start(c->work, work, (uint64_t)MAX(wait_ms, (int64_t)0), 0);
}

/* ---- talking to the leader ---- */

static void send_out(struct copier *c, struct outbox *out)
{
	for (size_t i = 0; i < out->n && c->client; i++)
		if (!zclient_send(c->client, buf_slice(&out->frames[i].bytes)))
			break;         /* the leader sees the gap, or its silence: then there is a snapshot */
	outbox_release(out);
}

static void on_hello(uv_timer_t *timer)
{
	struct copier *c = timer->data;
	struct outbox out = { 0 };
	uint64_t session = 0;

	while (!session)
		if (getrandom(&session, sizeof(session), 0) != (ssize_t)sizeof(session))
			abort();
	subscriber_hello(c->subscriber, session, &out);
	send_out(c, &out);
}

static void on_silence(uv_timer_t *timer);

static void listen_on(struct copier *c)
{
	int64_t beat_ms = subscriber_beat_ms(c->subscriber);

	uv_timer_start(c->silence, on_silence, (uint64_t)(beat_ms ? BEATS_OF_SILENCE * beat_ms : c->options.silence_ms), 0);
}

static void do_as_wished(struct copier *c)
{
	enum subscriber_wish wish = subscriber_wish(c->subscriber);
	bool is_first = c->hello_backoff.n_failures == 0;
	int64_t wait_ms;

	if (!c->client || wish == SUBSCRIBER_CONTENT || uv_is_active((uv_handle_t *)c->hello))
		return;
	/* At once only the first time: whatever goes wrong may go wrong again. */
	wait_ms = backoff_next_ms(&c->hello_backoff);
	uv_timer_start(c->hello, on_hello, wish == SUBSCRIBER_HELLO_NOW && is_first ? 0 : (uint64_t)wait_ms, 0);
}

static void on_silence(uv_timer_t *timer)
{
	struct copier *c = timer->data;

	subscriber_silent(c->subscriber);
	listen_on(c);
	do_as_wished(c);
	c->options.on_change(c->options.arg);
}

static void report(struct copier *c, const struct carry_result *result)
{
	static const enum outcome outcomes[] = {
		[MIRROR_EQUAL] = OUTCOME_EQUAL, [MIRROR_PENDING] = OUTCOME_FAILED, [MIRROR_GONE] = OUTCOME_GONE,
		[MIRROR_KEPT] = OUTCOME_KEPT, [MIRROR_STUBBORN] = OUTCOME_FAILED,
	};
	struct outbox out = { 0 };

	subscriber_report(c->subscriber, &(struct subscriber_report){
		.key = result->key, .outcome = outcomes[result->result], .generation = (uint64_t)result->generation,
		.text = result->err ? result->err->msg : result->result == MIRROR_STUBBORN ? "the cluster changes what is written" : NULL,
	}, &out);
	send_out(c, &out);
}

static void tell_fitness(struct copier *c)
{
	struct copier_view view;
	struct outbox out = { 0 };

	copier_view(c, &view);
	subscriber_fitness(c->subscriber, &(struct subscriber_fitness){ .fit = c->fit, .copies = view.copies, .failing = view.failing,
									.foreign = view.foreign }, &out);
	send_out(c, &out);
}

/* ---- tasks ---- */

static void task_free(struct copier *c, struct task *task)
{
	HASH_DEL(c->tasks, task);
	free(task->key);
	free(task);
}

static void add_task(struct copier *c, const char *key)
{
	struct task *task;

	HASH_FIND_STR(c->tasks, key, task);
	if (!task) {
		task = xcalloc(1, sizeof(*task));
		task->key = xstrdup(key);
		task->backoff = (struct backoff){ .min_ms = c->options.backoff_min_ms, .max_ms = c->options.backoff_max_ms };
		HASH_ADD_KEYPTR(hh, c->tasks, task->key, strlen(task->key), task);
	}
	task->is_again = task->is_running;
	task->due_ms = 0;
	work_in(c, 0);
}

/* What the leader said since the last time. After a snapshot that is everything. */
static void add_wanted(struct copier *c)
{
	const struct copies *copies = subscriber_copies(c->subscriber);
	const struct copies_entry *entry;

	if (!subscriber_is_following(c->subscriber))
		return;
	if (c->snapshots != subscriber_snapshots(c->subscriber)) {
		c->serial = 0;
		c->snapshots = subscriber_snapshots(c->subscriber);
		tell_fitness(c);
	}
	while ((entry = copies_after(copies, c->serial))) {
		add_task(c, entry->copy.key);
		c->serial = entry->serial;
	}
}

/* False: no more at this time. */
static bool start_task(struct copier *c, struct task *task)
{
	const struct copies_entry *entry = copies_find(subscriber_copies(c->subscriber), task->key);
	CLEANUP(cJSON_Deletep) cJSON *actual = NULL;
	CLEANUP(freep) char *key = xstrdup(task->key);

	if (!entry) {
		task_free(c, task);
		return true;
	}
	if (!stock_knows(c->stock, key))
		return true;
	actual = stock_get(c->stock, key);
	task->is_running = true;
	if (carry_start(c->carry, entry, actual))
		return true;
	task->is_running = false;
	return false;
}

static void work(uv_timer_t *timer)
{
	struct copier *c = timer->data;
	struct task *task, *next;
	int64_t now = (int64_t)uv_now(c->options.loop), wait_ms = INT64_MAX;

	if (!subscriber_is_following(c->subscriber))
		return;
	HASH_ITER(hh, c->tasks, task, next) {
		if (task->is_running)
			continue;
		if (task->due_ms > now)
			wait_ms = MIN(wait_ms, task->due_ms - now);
		else if (!start_task(c, task))
			return;        /* the next one that ends goes on */
	}
	if (wait_ms < INT64_MAX)
		work_in(c, wait_ms);
}

static void on_carried(void *arg, const struct carry_result *result)
{
	static const char *const names[] = { "equal", "failed", "gone", "kept", "stubborn" };
	struct copier *c = arg;
	struct task *task;

	metric_add(&writes, 1, names[result->result]);
	HASH_FIND_STR(c->tasks, result->key, task);
	/* What changed meanwhile is looked at again: what came out is not about what is wanted now. */
	if (!task->is_again)
		report(c, result);
	if (result->result == MIRROR_PENDING || result->result == MIRROR_STUBBORN) {
		log_warn("copy_failed", KV("key", result->key), KV("err", result->err ? (const char *)result->err->msg : "stubborn"));
		task->due_ms = (int64_t)uv_now(c->options.loop) + MAX(backoff_next_ms(&task->backoff), result->retry_after_ms);
		task->is_running = task->is_again = false;
	} else if (task->is_again) {
		task->is_running = task->is_again = false;
	} else {
		task_free(c, task);
	}
	work_in(c, 0);
	if (carry_under_way(c->carry) == 0)
		tell_fitness(c);
	c->options.on_change(c->options.arg);
}

/* ---- events ---- */

static void on_message(void *arg, struct slice frame)
{
	struct copier *c = arg;
	struct outbox out = { 0 };
	enum fault fault = subscriber_receive(c->subscriber, frame, &out);

	send_out(c, &out);
	if (fault != FAULT_NONE)
		metric_add(&refused, 1, fault_name(fault));
	else
		listen_on(c);
	if (subscriber_is_following(c->subscriber))
		backoff_reset(&c->hello_backoff);
	add_wanted(c);
	work_in(c, 0);
	do_as_wished(c);
	c->options.on_change(c->options.arg);
}

/* Somebody changed an object here: a copy is looked at again. */
static void on_object(void *arg, const char *key)
{
	struct copier *c = arg;
	const struct copies *copies = subscriber_copies(c->subscriber);

	if (copies && copies_find(copies, key))
		add_task(c, key);
}

static void on_stock(void *arg)
{
	work_in(arg, 0);
}

struct copier *copier_new(const struct copier_options *options)
{
	struct copier *c = xcalloc(1, sizeof(*c));

	c->options = *options;
	c->fit = xstrdup("");
	c->hello_backoff = (struct backoff){ .min_ms = options->backoff_min_ms, .max_ms = options->backoff_max_ms };
	c->work = timer_new(c);
	c->hello = timer_new(c);
	c->silence = timer_new(c);
	c->subscriber = subscriber_new(options->context, options->software, options->federation);
	c->carry = carry_new(options->kube, on_carried, c);
	c->stock = stock_new(&(struct stock_options){ .kube = options->kube, .loop = options->loop, .on_change = on_object,
						      .on_state = on_stock, .arg = c });
	return c;
}

void copier_free(struct copier *c)
{
	struct task *task, *next;

	if (!c)
		return;
	zclient_free(c->client);
	stock_free(c->stock);
	carry_free(c->carry);
	subscriber_free(c->subscriber);
	HASH_ITER(hh, c->tasks, task, next)
		task_free(c, task);
	timer_free(c->work);
	timer_free(c->hello);
	timer_free(c->silence);
	free(c->fit);
	free(c);
}

bool copier_follow(struct copier *c, const char *endpoint, const char *leader_key, uint64_t epoch, const struct zkeys *keys,
		   struct err *err)
{
	zclient_free(TAKE(c->client));
	uv_timer_stop(c->hello);
	uv_timer_stop(c->silence);
	subscriber_silent(c->subscriber);
	subscriber_saw_epoch(c->subscriber, epoch);
	backoff_reset(&c->hello_backoff);
	if (endpoint) {
		c->client = zclient_new(c->options.loop, endpoint, leader_key, keys, MESSAGE_FRAME_MAX, on_message, c, err);
		if (!c->client)
			return false;
		listen_on(c);
		do_as_wished(c);
	}
	c->options.on_change(c->options.arg);
	return true;
}

void copier_set_fit(struct copier *c, const char *words)
{
	if (streq(c->fit, words))
		return;
	free(c->fit);
	c->fit = xstrdup(words);
	tell_fitness(c);
}

/* ---- what is told ---- */

struct count {
	const struct copies *copies;
	uint32_t foreign;
};

static void count_foreign(void *arg, const char *key)
{
	struct count *count = arg;

	count->foreign += !copies_find(count->copies, key);
}

void copier_view(const struct copier *c, struct copier_view *out)
{
	struct count count = { subscriber_copies(c->subscriber), 0 };

	*out = (struct copier_view){
		.is_following = subscriber_is_following(c->subscriber), .refusal = subscriber_refusal(c->subscriber),
		.federation = subscriber_federation(c->subscriber),
	};
	if (!count.copies)
		return;
	stock_each(c->stock, count_foreign, &count);
	out->copies = (uint32_t)copies_count(count.copies);
	out->failing = (uint32_t)HASH_COUNT(c->tasks);
	out->foreign = count.foreign;
}
