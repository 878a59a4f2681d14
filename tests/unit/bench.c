#include "tests/unit/bench.h"

#include "leader/avi/gs_json.h"

#define LOGIN "POST /login\n"

struct bench *bench_new(void)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	void *talk;

	talk_set_up(&talk);
	b->talk = talk;
	b->actual = actual_new(SCENE_OWNER);
	b->options = (struct apply_options){
		.session = b->talk->session, .actual = b->actual, .owner = SCENE_OWNER, .fqdn = SCENE_FQDN };
	bench_world(b, "", NULL, 0);
	return b;
}

static void drop_answers(struct bench *b)
{
	for (size_t i = 0; i < BENCH_MAX_ANSWERS; i++)
		free(TAKE(b->bodies[i]));
	memset(b->answers, 0, sizeof(b->answers));
}

void bench_free(struct bench *b)
{
	void *talk = b->talk;

	talk_tear_down(&talk);
	actual_free(b->actual);
	drop_answers(b);
	scene_release(&b->scene);
	free(b);
}

void bench_world(struct bench *b, const char *spec, const struct scene_object *rows, size_t max)
{
	scene_release(&b->scene);
	scene_policy(&b->scene, spec);
	scene_know(&b->scene, NULL, "");
	scene_objects(&b->scene, rows, max);
}

static void build(struct bench *b, const char *fqdn, const struct actual_view *view, struct wanted *wanted)
{
	build_wanted(&(struct build_input){
		.fqdn = fqdn, .policy = b->scene.policy, .lookups = &b->scene.lookups, .default_tenant = "admin",
		.owner = SCENE_OWNER, .knowledge = &b->scene.knowledge, .candidates = b->scene.candidates, .n_candidates = b->scene.n,
		.actual = view->gs, .n_actual = view->n_gs, .actual_monitors = view->monitors,
		.n_actual_monitors = view->n_monitors,
	}, wanted);
}

void bench_plan(void *arg, const char *fqdn, struct wanted *wanted, struct plan *plan)
{
	struct bench *b = arg;
	CLEANUP(actual_view_release) struct actual_view view = { 0 };

	actual_view_make(b->actual, fqdn, &view);
	build(b, fqdn, &view, wanted);
	actual_view_add_wanted(b->actual, wanted, &view);
	plan_make(&(struct plan_input){
		.owner = SCENE_OWNER, .policy = b->scene.policy, .knowledge = &b->scene.knowledge, .wanted = wanted,
		.actual = view.gs, .n_actual = view.n_gs, .actual_monitors = view.monitors,
		.n_actual_monitors = view.n_monitors,
		.fqdn = fqdn }, plan);
}

void bench_carry_out(struct bench *b, const char *fqdn)
{
	CLEANUP(wanted_release) struct wanted wanted = { 0 };

	build(b, fqdn, &(struct actual_view){ 0 }, &wanted);
	for (size_t i = 0; i < wanted.n_gs; i++) {
		wanted.gs[i]->uuid = xasprintf("gslbservice-%s", fqdn);
		actual_put_gs(b->actual, &wanted.gs[i]);
	}
	for (size_t i = 0; i < wanted.n_monitors; i++) {
		wanted.monitors[i]->uuid = xasprintf("healthmonitor-%s-%zu", fqdn, i);
		actual_put_monitor(b->actual, &wanted.monitors[i]);
	}
	wanted.n_gs = wanted.n_monitors = 0;   /* given away */
}

char *bench_left(struct bench *b, const char *fqdn)
{
	CLEANUP(wanted_release) struct wanted wanted = { 0 };
	CLEANUP(plan_release) struct plan plan = { 0 };
	struct buf out;

	buf_init(&out, 4096);
	bench_plan(b, fqdn, &wanted, &plan);
	for (size_t i = 0; i < plan.n_ops; i++)
		buf_printf(&out, "%s%s%s%s%s", i ? "; " : "", op_type_name(plan.ops[i].type), plan.ops[i].fields ? "(" : "",
			   plan.ops[i].fields ? plan.ops[i].fields : "", plan.ops[i].fields ? ")" : "");
	return buf_take(&out);
}

static void set_number(cJSON *json, const char *key, int number)
{
	cJSON_DeleteItemFromObjectCaseSensitive(json, key);
	json_put_int(json, key, number);
}

/* As it is wanted now, or else as the controller has it. */
static cJSON *object_named(struct bench *b, const char *fqdn, bool is_gs)
{
	CLEANUP(actual_view_release) struct actual_view view = { 0 };
	CLEANUP(wanted_release) struct wanted wanted = { 0 };

	actual_view_make(b->actual, fqdn, &view);
	build(b, fqdn, &(struct actual_view){ 0 }, &wanted);
	if (is_gs && wanted.n_gs + view.n_gs > 0)
		return gs_to_json(wanted.n_gs ? wanted.gs[0] : view.gs[0]);
	if (!is_gs && wanted.n_monitors + view.n_monitors > 0)
		return monitor_to_json(wanted.n_monitors ? wanted.monitors[0] : view.monitors[0]);
	fail_msg("there is no such object: %s", fqdn);
	return NULL;
}

static void set_text(cJSON *json, const char *key, const char *text)
{
	cJSON_DeleteItemFromObjectCaseSensitive(json, key);
	json_put_str(json, key, text);
}

/* "@gs NAME words" */
static cJSON *object_of(struct bench *b, const char *text)
{
	bool is_gs = strncmp(text, "@gs ", 4) == 0;
	CLEANUP(freep) char *uuid = NULL, *fqdn = NULL;
	struct slice rest = slice_of(strchr(text, ' ') + 1), name;
	cJSON *json;

	slice_split(&rest, ' ', &name);
	fqdn = slice_dup(name);
	json = object_named(b, fqdn, is_gs);
	uuid = is_gs ? xasprintf("gslbservice-%s", fqdn) : xasprintf("healthmonitor-%s-0", fqdn);
	if (!strstr(text, "unreadable"))
		json_put_str(json, "uuid", uuid);
	if (strstr(text, "foreign") || strstr(text, "bare"))
		cJSON_DeleteItemFromObjectCaseSensitive(json, is_gs ? "created_by" : "markers");
	if (strstr(text, "foreign") && is_gs)
		json_put_str(json, "created_by", "amko-77");
	else if (strstr(text, "foreign"))
		json_put(json, "markers", scene_json("[{'key': 'created-by', 'values': ['amko-77']}]"));
	if (strstr(text, "nameless")) {
		cJSON_DeleteItemFromObjectCaseSensitive(json, "health_monitor_refs");
		json_add_str(json_put_array(json, "health_monitor_refs"), "https://c/api/healthmonitor/healthmonitor-1");
	}
	if (strstr(text, "admin"))
		set_text(json, "tenant_ref", "https://c/api/tenant/admin#admin");
	if (strstr(text, "older"))
		set_number(json, is_gs ? "ttl" : "monitor_port", 7);
	return json;
}

static char *body_of(struct bench *b, const char *text)
{
	bool is_list = text[0] == '[';
	CLEANUP(freep) char *inner = NULL;
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;

	if (text[is_list] != '@')
		return xstrdup(text);
	inner = is_list ? xstrndup(text + 1, strlen(text) - 2) : xstrdup(text);
	json = object_of(b, inner);
	if (is_list) {
		cJSON *list = cJSON_CreateObject();

		json_put_int(list, "count", 1);
		cJSON_AddItemToArray(json_put_array(list, "results"), TAKE(json));
		json = list;
	}
	return json_text(json);
}

void bench_answers(struct bench *b, const struct scripted *answers, size_t max)
{
	drop_answers(b);
	for (size_t i = 0; i < max && answers[i].target; i++) {
		assert_true(i + 1 < BENCH_MAX_ANSWERS);
		b->bodies[i] = body_of(b, answers[i].body);
		b->answers[i] = answers[i];
		b->answers[i].body = b->bodies[i];
	}
	b->talk->ctl.answers = b->answers;
}

const char *bench_asked(struct bench *b)
{
	const char *log = buf_str(&b->talk->ctl.log);

	return strncmp(log, LOGIN, strlen(LOGIN)) == 0 ? log + strlen(LOGIN) : log;
}

void bench_forget_asked(struct bench *b)
{
	buf_clear(&b->talk->ctl.log);
}
