#include "tests/unit/informer_talk.h"

static void *project(void *arg, const cJSON *object)
{
	const char *text = json_str(object, "text");

	(void)arg;
	return text && !streq(text, "dull") ? xstrdup(text) : NULL;
}

static bool is_same(const void *a, const void *b)
{
	return streq(a, b);
}

/* "+web/a=one", "~web/a=one>two", "-web/a=two" */
static void on_change(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct talk *b = arg;

	assert_true(informer_get(b->informer, namespace, name) == after);
	buf_printf(&b->heard, "%s%s/%s=%s%s%s ", !before ? "+" : after ? "~" : "-", namespace, name,
		   before ? (const char *)before : "", before && after ? ">" : "", after ? (const char *)after : "");
	if (b->frees_on_change)
		informer_free(TAKE(b->informer));
}

static void on_state(void *arg, enum informer_state state, const struct err *err)
{
	struct talk *b = arg;

	assert_int_equal(state, informer_state(b->informer));
	assert_text(informer_error(b->informer), err ? err->msg : "");
	buf_printf(&b->heard, err ? "[%s: %s] " : "[%s] ", informer_state_name(state), err ? err->msg : "");
	if (b->frees_on_state)
		informer_free(TAKE(b->informer));
}

struct informer_options talk_options(struct talk *b)
{
	return (struct informer_options){
		.kube = b->kube, .loop = &b->loop, .resource = &KUBE_SERVICES,
		.project = project, .same = is_same, .free = free, .on_change = on_change, .on_state = on_state, .arg = b,
		.times = { .backoff_min_ms = 10, .backoff_max_ms = 20, .proof_ms = 30, .spread_ms = 5 },
	};
}

void talk_open(struct talk *b, const struct fake_answer *answers, size_t n)
{
	struct kube_context context = { .name = (char[]){ "east" } };

	*b = (struct talk){ 0 };
	uv_loop_init(&b->loop);
	b->http = http_client_new(&b->loop, 0);
	b->fake = fake_http_new(&b->loop, answers, n);
	context.server = xstrdup(fake_http_url(b->fake));
	b->kube = kube_client_new(b->http, &context);
	free(context.server);
	buf_init(&b->heard, 65536);
}

void talk_close(struct talk *b)
{
	assert_text(fake_http_complaint(b->fake), "");
	informer_free(b->informer);
	kube_client_free(b->kube);
	http_client_free(b->http);
	fake_http_free(b->fake);
	finish_loop(&b->loop);
	buf_release(&b->heard);
}

bool talk_is_heard(void *arg)
{
	struct talk *b = arg;

	return streq(buf_str(&b->heard), b->wanted) && fake_http_n_requests(b->fake) >= b->n_requests;
}

bool talk_never(void *arg)
{
	(void)arg;
	return false;
}

/* Those that are given. */
void talk_set_times(struct informer_times *times, const struct informer_times *given)
{
	int64_t *to = (int64_t *)times;
	const int64_t *from = (const int64_t *)given;

	for (size_t i = 0; i < sizeof(*times) / sizeof(*to); i++)
		to[i] = from[i] ? from[i] : to[i];
}

void talk_goes(void **state)
{
	const struct conversation *c = *state;
	struct informer_options options;
	struct talk b;
	size_t n = 0;

	while (n < MAX_ANSWERS && (c->answers[n].status || c->answers[n].wants))
		n++;
	talk_open(&b, c->answers, n);
	b.wanted = c->heard;
	b.n_requests = n;
	options = talk_options(&b);
	options.field_selector = c->field_selector;
	options.max_objects = c->max_objects;
	talk_set_times(&options.times, &c->times);
	b.informer = informer_new(&options);
	run_until(&b.loop, talk_is_heard, &b, PATIENCE_MS);
	run_until(&b.loop, talk_never, NULL, 20);     /* nothing more may come */
	assert_text(buf_str(&b.heard), c->heard);
	assert_true(fake_http_n_requests(b.fake) >= n);
	talk_close(&b);
}
