#include "keeper/voters.h"

#include <time.h>

#include "common/leadership/lease.h"

enum topic { TOPIC_LEASE, TOPIC_PEER, N_TOPICS };

/* A question under way, or one whose answer is known already and is told when the loop turns. */
struct question {
	struct voters *voters;
	int member;
	enum topic topic;
	bool is_put;
	struct kube_client *kube;      /* by which it is asked; NULL: by none */
	struct kube_call *call;
	enum silence silence;          /* without a call: why */
	bool is_open;
};

struct voter {
	struct kube_context context;
	struct kube_client *kube;      /* NULL: its context cannot be used */
};

struct voters {
	struct voters_options options;
	struct voter *v;
	size_t n;
	struct question questions[ROSTER_MAX][N_TOPICS];
	uv_timer_t *later;             /* tells what needs no request */
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

/* ---- answers ---- */

enum answer voters_judge(const struct err *err, bool is_put, enum silence *silence)
{
	*silence = SILENCE_NONE;
	switch (err->code) {
	case ERR_NOTFOUND:
		return is_put ? ANSWER_CONFLICT : ANSWER_ABSENT;
	case ERR_CONFLICT:
		return is_put ? ANSWER_CONFLICT : ANSWER_GARBAGE;
	case ERR_AUTH:
		*silence = SILENCE_UNAUTHORIZED;
		break;
	case ERR_FORBIDDEN:
		*silence = SILENCE_FORBIDDEN;
		break;
	case ERR_TLS:
		*silence = SILENCE_TLS;
		break;
	default:
		*silence = err->http_status ? SILENCE_BAD_ANSWER : SILENCE_TIMEOUT;
	}
	return ANSWER_SILENT;
}

static void close_question(struct question *q)
{
	q->call = NULL;
	q->kube = NULL;
	q->is_open = false;
}

/* Nothing but the refusal is told: the value is that of ANSWER_VALUE only. */
static void tell_failure(struct question *q, enum answer answer, enum silence silence, const char *why)
{
	const struct voters_options *o = &q->voters->options;

	close_question(q);
	if (q->topic == TOPIC_LEASE)
		o->on_lease(o->arg, q->member, answer, silence, NULL, NULL, why);
	else
		o->on_peer(o->arg, q->member, answer, NULL, NULL, why);
}

static void on_lease(struct question *q, const cJSON *json)
{
	const struct voters_options *o = &q->voters->options;
	struct claim claim;
	struct version version;
	struct err bad = { 0 };

	if (!lease_from_json(json, o->roster, &claim, &version, NULL, &bad)) {
		tell_failure(q, ANSWER_GARBAGE, SILENCE_NONE, bad.msg);
		return;
	}
	close_question(q);
	o->on_lease(o->arg, q->member, ANSWER_VALUE, SILENCE_NONE, &claim, &version, "");
}

static void tell_peer(struct question *q, enum answer answer, const struct peer *peer, const cJSON *items, const char *why)
{
	const struct voters_options *o = &q->voters->options;

	close_question(q);
	o->on_peer(o->arg, q->member, answer, peer, items, why);
}

/* The one AMKOCluster in a list; more than one says as little as none. */
static void on_peer(struct question *q, const cJSON *json)
{
	const struct voters_options *o = &q->voters->options;
	const cJSON *items = cJSON_GetObjectItemCaseSensitive(json, "items");
	struct peer peer;
	struct err bad = { 0 };

	if (!cJSON_IsArray(items) && !cJSON_IsNull(items))
		tell_failure(q, ANSWER_GARBAGE, SILENCE_NONE, "the answer is no list of AMKOClusters");
	else if (cJSON_GetArraySize(items) > 1)
		tell_peer(q, ANSWER_GARBAGE, NULL, items, "more than one AMKOCluster");
	else if (cJSON_GetArraySize(items) == 0)
		tell_peer(q, ANSWER_ABSENT, NULL, items, "");
	else if (peer_from_json(cJSON_GetArrayItem(items, 0), o->roster->context[q->member], &peer, &bad))
		tell_peer(q, ANSWER_VALUE, &peer, items, "");
	else
		tell_peer(q, ANSWER_GARBAGE, NULL, items, bad.msg);
}

static void on_answer(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct question *q = arg;

	(void)retry_after_ms;
	if (err) {
		enum silence silence;
		enum answer answer = voters_judge(err, q->is_put, &silence);

		tell_failure(q, answer, silence, err->msg);
	} else if (q->topic == TOPIC_LEASE) {
		on_lease(q, json);
	} else {
		on_peer(q, json);
	}
}

static void on_later(uv_timer_t *timer)
{
	struct voters *voters = timer->data;

	for (int member = 0; member < ROSTER_MAX; member++)
		for (int topic = 0; topic < N_TOPICS; topic++) {
			struct question *q = &voters->questions[member][topic];

			if (q->is_open && !q->call)
				tell_failure(q, ANSWER_SILENT, q->silence, "");
		}
}

static void tell_later(struct question *q, enum silence silence)
{
	q->silence = silence;
	uv_timer_start(q->voters->later, on_later, 0, 0);
}

/* ---- questions ---- */

static struct voter *find_voter(const struct voters *voters, const char *context)
{
	for (size_t i = 0; i < voters->n; i++)
		if (streq(voters->v[i].context.name, context))
			return &voters->v[i];
	return NULL;
}

static struct kube_client *client_of(const struct voters *voters, int member)
{
	const struct voter *voter;

	if (member == voters->options.self)
		return voters->options.own;
	voter = find_voter(voters, voters->options.roster->context[member]);
	return voter ? voter->kube : NULL;
}

static void ask(struct voters *voters, int member, enum topic topic, const char *method, const char *path, const cJSON *body)
{
	struct question *q = &voters->questions[member][topic];

	assert(!q->is_open);
	*q = (struct question){ .voters = voters, .member = member, .topic = topic, .is_put = body != NULL, .is_open = true,
				.kube = client_of(voters, member) };
	if (!q->kube) {
		tell_later(q, SILENCE_UNKNOWN_CONTEXT);
		return;
	}
	q->call = kube_start(q->kube, &(struct kube_request){
		.method = method, .path = path, .body_type = body ? KUBE_BODY_JSON : KUBE_BODY_NONE, .body = body,
		.timeout_ms = voters->options.timing->request_ms, .done = on_answer, .arg = q });
}

void voters_read_lease(struct voters *voters, int member)
{
	CLEANUP(freep) char *path = kube_path(&KUBE_LEASES, voters->options.namespace, LEASE_NAME, NULL);

	ask(voters, member, TOPIC_LEASE, "GET", path, NULL);
}

static int64_t wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void voters_put_lease(struct voters *voters, int member, const struct claim *claim, const struct version *version)
{
	const struct voters_options *o = &voters->options;
	bool is_new = !*version->uid;
	CLEANUP(cJSON_Deletep) cJSON *body = lease_to_json(claim, version, o->roster, NULL, o->timing, o->namespace, wall_us());
	CLEANUP(freep) char *path = kube_path(&KUBE_LEASES, o->namespace, is_new ? NULL : LEASE_NAME, NULL);

	ask(voters, member, TOPIC_LEASE, is_new ? "POST" : "PUT", path, body);
}

void voters_read_peer(struct voters *voters, int member)
{
	CLEANUP(freep) char *path = kube_path(&KUBE_AMKOCLUSTERS, voters->options.namespace, NULL, NULL);
	CLEANUP(freep) char *query = xasprintf("%s?limit=2", path);

	ask(voters, member, TOPIC_PEER, "GET", query, NULL);
}

/* ---- the members' kubeconfig ---- */

/* A client that goes takes its calls along without a word. */
static void drop_voter(struct voters *voters, struct voter *voter)
{
	for (int member = 0; member < ROSTER_MAX; member++)
		for (int topic = 0; topic < N_TOPICS; topic++) {
			struct question *q = &voters->questions[member][topic];

			if (!q->is_open || !q->call || q->kube != voter->kube)
				continue;
			kube_cancel(TAKE(q->call));
			q->kube = NULL;
			tell_later(q, SILENCE_UNKNOWN_CONTEXT);
		}
	kube_client_free(voter->kube);
	kube_context_release(&voter->context);
}

static void add_voter(struct voters *voters, const struct kube_context *context, struct voter *old)
{
	struct voter *voter = &voters->v[voters->n++];

	if (old && kube_context_same(&old->context, context)) {
		*voter = *old;
		*old = (struct voter){ 0 };
		return;
	}
	kube_context_copy(&voter->context, context);
	voter->kube = context->error ? NULL : kube_client_new(voters->options.http, &voter->context);
}

void voters_configure(struct voters *voters, const struct kubeconfig *members)
{
	struct voters before = { .v = voters->v, .n = voters->n };
	size_t n = members ? members->n_contexts : 0;

	voters->v = xcalloc(n ? n : 1, sizeof(*voters->v));
	voters->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct voter *old = NULL;

		for (size_t k = 0; k < before.n && !old; k++)
			if (before.v[k].context.name && streq(before.v[k].context.name, members->contexts[i].name))
				old = &before.v[k];
		add_voter(voters, &members->contexts[i], old);
	}
	for (size_t k = 0; k < before.n; k++)
		if (before.v[k].context.name)
			drop_voter(voters, &before.v[k]);
	free(before.v);
}

struct voters *voters_new(const struct voters_options *options)
{
	struct voters *voters = xcalloc(1, sizeof(*voters));

	voters->options = *options;
	voters->later = xcalloc(1, sizeof(*voters->later));
	uv_timer_init(options->loop, voters->later);
	voters->later->data = voters;
	return voters;
}

void voters_free(struct voters *voters)
{
	if (!voters)
		return;
	for (int member = 0; member < ROSTER_MAX; member++)
		for (int topic = 0; topic < N_TOPICS; topic++)
			kube_cancel(TAKE(voters->questions[member][topic].call));
	voters_configure(voters, NULL);
	free(voters->v);
	uv_close((uv_handle_t *)voters->later, close_handle);
	free(voters);
}
