#include "ctl/ask.h"

struct client {
	const struct kube_context *context;
	struct kube_client *kube;
};

struct asker {
	uv_loop_t loop;
	struct http_client *http;
	struct client *clients;
	size_t n_clients;
};

struct asker *asker_new(void)
{
	struct asker *asker = xcalloc(1, sizeof(*asker));

	uv_loop_init(&asker->loop);
	asker->http = http_client_new(&asker->loop, 0);
	return asker;
}

void asker_free(struct asker *asker)
{
	if (!asker)
		return;
	for (size_t i = 0; i < asker->n_clients; i++)
		kube_client_free(asker->clients[i].kube);
	http_client_free(asker->http);
	uv_run(&asker->loop, UV_RUN_DEFAULT);
	uv_loop_close(&asker->loop);
	free(asker->clients);
	free(asker);
}

static struct kube_client *client_of(struct asker *asker, const struct kube_context *context)
{
	struct client *client;

	for (size_t i = 0; i < asker->n_clients; i++)
		if (asker->clients[i].context == context)
			return asker->clients[i].kube;
	asker->clients = xrealloc(asker->clients, (asker->n_clients + 1) * sizeof(*asker->clients));
	client = &asker->clients[asker->n_clients++];
	*client = (struct client){ context, kube_client_new(asker->http, context) };
	return client->kube;
}

static void on_answer(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct question *question = arg;

	(void)retry_after_ms;
	question->call = NULL;
	question->answer = json ? cJSON_Duplicate(json, true) : NULL;
	if (err)
		question->err = *err;
	else if (!json)
		err_set(&question->err, ERR_INVALID, "an empty answer");
}

static bool is_waiting(const struct question *questions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (questions[i].call)
			return true;
	return false;
}

void ask(struct asker *asker, struct question *questions, size_t n, int64_t timeout_ms)
{
	for (size_t i = 0; i < n; i++) {
		struct question *question = &questions[i];

		question->call = kube_start(client_of(asker, question->context), &(struct kube_request){
			.method = question->method, .path = question->path, .body_type = question->body_type,
			.body = question->body, .timeout_ms = timeout_ms, .done = on_answer, .arg = question });
	}
	/* Each call has a time limit, so this ends. */
	while (is_waiting(questions, n))
		uv_run(&asker->loop, UV_RUN_ONCE);
}

bool is_answered(const struct question *question)
{
	return question->answer != NULL;
}

void question_release(struct question *question)
{
	free(question->path);
	cJSON_Delete(question->body);
	cJSON_Delete(question->answer);
	*question = (struct question){ 0 };
}

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

static void on_time(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
	uv_close((uv_handle_t *)timer, close_handle);
}

void asker_sleep(struct asker *asker, int64_t ms)
{
	uv_timer_t *timer = xcalloc(1, sizeof(*timer));
	bool is_over = false;

	uv_timer_init(&asker->loop, timer);
	timer->data = &is_over;
	uv_update_time(&asker->loop);
	uv_timer_start(timer, on_time, (uint64_t)ms, 0);
	while (!is_over)
		uv_run(&asker->loop, UV_RUN_ONCE);
}

int64_t asker_now_ms(const struct asker *asker)
{
	(void)asker;
	return (int64_t)(uv_hrtime() / 1000000);
}
