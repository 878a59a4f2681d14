#include "tests/sim/kubesim/control.h"

#include <utlist.h>

#include "tests/sim/kubesim/load.h"

#define MAX_BODY_BYTES (256u * 1024 * 1024)

struct ks_control {
	struct ks_control_options o;
	struct http_server *server;
};

struct visit {
	struct ks_control *control;
	struct http_exchange *x;
	cJSON *body;                   /* NULL: none */
};

static void answer(struct visit *v, int status, cJSON *body)
{
	CLEANUP(freep) char *text = json_text(body);

	http_answer(v->x, status, "application/json", slice_of(text), NULL);
	cJSON_Delete(body);
}

static void answer_ok(struct visit *v)
{
	answer(v, 200, cJSON_CreateObject());
}

static void refuse(struct visit *v, int status, const char *reason)
{
	cJSON *body = cJSON_CreateObject();

	json_put_str(body, "error", reason);
	answer(v, status, body);
}

static struct ks_front *find_front(const struct visit *v, const char *name)
{
	for (size_t i = 0; name && i < v->control->o.n_fronts; i++)
		if (streq(ks_front_cluster(v->control->o.fronts[i])->name, name))
			return v->control->o.fronts[i];
	return NULL;
}

/* --- log ------------------------------------------------------------------------------------------------- */

static uint64_t query_number(const struct visit *v, const char *key)
{
	const char *text = http_query(v->x, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

static void get_log(struct visit *v)
{
	const struct ks_journal *journal = v->control->o.journal;
	CLEANUP(freep) char *text = ks_journal_since(journal, query_number(v, "since"), query_number(v, "limit"));
	char last[64];

	snprintf(last, sizeof(last), "X-Log-Last: %lu", (unsigned long)ks_journal_last_n(journal));
	http_answer(v->x, 200, "application/json", slice_of(text), (const char *const[]){ last, NULL });
}

static void clear_log(struct visit *v)
{
	ks_journal_clear(v->control->o.journal);
	answer_ok(v);
}

/* --- faults ---------------------------------------------------------------------------------------------- */

static void get_faults(struct visit *v)
{
	answer(v, 200, faults_show(v->control->o.faults));
}

static void add_faults(struct visit *v)
{
	struct err err = { 0 };

	if (!v->body || !faults_add(v->control->o.faults, v->body, &err))
		refuse(v, 400, v->body ? err.msg : "want a rule or a list of them");
	else
		get_faults(v);
}

static void clear_faults(struct visit *v)
{
	faults_clear(v->control->o.faults);
	answer_ok(v);
}

/* --- switches -------------------------------------------------------------------------------------------- */

static cJSON *show_cluster(const struct ks_front *front)
{
	const struct ks_cluster *cluster = ks_front_cluster(front);
	cJSON *entry = cJSON_CreateObject(), *objects;
	const struct ks_kind *kind;

	json_put_str(entry, "address", ks_front_address(front));
	json_put_bool(entry, "down", ks_front_is_down(front));
	json_put_int(entry, "resourceVersion", (int64_t)cluster->rv);
	json_put_int(entry, "connections", (int64_t)ks_front_connections(front));
	json_put_int(entry, "watches", (int64_t)ks_watch_count(cluster));
	objects = json_put_object(entry, "objects");
	LL_FOREACH(cluster->kinds.first, kind)
		if (!kind->is_gone)
			json_put_int(objects, kind->plural, (int64_t)ks_table_count(kind->table));
	return entry;
}

static void get_stats(struct visit *v)
{
	cJSON *body = cJSON_CreateObject(), *clusters = json_put_object(body, "clusters");

	for (size_t i = 0; i < v->control->o.n_fronts; i++)
		json_put(clusters, ks_front_cluster(v->control->o.fronts[i])->name,
			 show_cluster(v->control->o.fronts[i]));
	json_put_int(json_put_object(body, "log"), "last", (int64_t)ks_journal_last_n(v->control->o.journal));
	answer(v, 200, body);
}

static bool toggle_one(struct ks_front *front, const cJSON *body, struct err *err)
{
	const cJSON *down = json_get(body, "down");

	if (json_bool(body, "compact", false))
		ks_cluster_compact(ks_front_cluster(front));
	if (json_bool(body, "end_watches", false))
		ks_watch_end_all(ks_front_cluster(front));
	return !down || ks_front_set_down(front, cJSON_IsTrue(down), err);
}

static bool check_toggle(const cJSON *body, struct err *err)
{
	static const char *const switches[] = { "down", "compact", "end_watches" };
	const cJSON *value;

	cJSON_ArrayForEach(value, body) {
		size_t i = 0;

		if (streq(value->string, "cluster"))
			continue;
		while (i < ARRAY_SIZE(switches) && !streq(value->string, switches[i]))
			i++;
		if (i == ARRAY_SIZE(switches) || !cJSON_IsBool(value))
			return err_set(err, ERR_INVALID, "%s: want down, compact or end_watches, true or false",
				       value->string);
	}
	return true;
}

/* Without a cluster: all of them. */
static void toggle(struct visit *v)
{
	const char *name = json_str(v->body, "cluster");
	struct ks_front *front = find_front(v, name);
	struct err err = { 0 };

	if (!cJSON_IsObject(v->body) || (name && !front)) {
		refuse(v, 400, name ? "no such cluster" : "want an object");
		return;
	}
	if (!check_toggle(v->body, &err)) {
		refuse(v, 400, err.msg);
		return;
	}
	for (size_t i = 0; i < v->control->o.n_fronts; i++)
		if ((!front || front == v->control->o.fronts[i]) &&
		    !toggle_one(v->control->o.fronts[i], v->body, &err)) {
			refuse(v, 500, err.msg);
			return;
		}
	get_stats(v);
}

static void reset(struct visit *v)
{
	struct err err = { 0 };

	faults_clear(v->control->o.faults);
	ks_journal_clear(v->control->o.journal);
	for (size_t i = 0; i < v->control->o.n_fronts; i++) {
		if (!ks_front_set_down(v->control->o.fronts[i], false, &err)) {
			refuse(v, 500, err.msg);
			return;
		}
		ks_cluster_reset(ks_front_cluster(v->control->o.fronts[i]));
	}
	answer_ok(v);
}

/* --- many objects ---------------------------------------------------------------------------------------- */

static bool for_each(struct ks_cluster *cluster, const cJSON *list, int64_t *n, struct err *err,
		     bool (*run)(struct ks_cluster *cluster, const cJSON *object, struct err *err))
{
	const cJSON *object;

	cJSON_ArrayForEach(object, list) {
		if (!run(cluster, object, err))
			return err_wrap(err, "object %lld", (long long)*n);
		++*n;
	}
	return true;
}

static void bulk(struct visit *v)
{
	struct ks_front *front = find_front(v, json_str(v->body, "cluster"));
	struct err err = { 0 };
	int64_t n_put = 0, n_deleted = 0;
	cJSON *body;

	if (!front) {
		refuse(v, 400, "want {\"cluster\": name, \"objects\": [...], \"delete\": [...]}");
		return;
	}
	if (!for_each(ks_front_cluster(front), json_get(v->body, "objects"), &n_put, &err, ks_load_object) ||
	    !for_each(ks_front_cluster(front), json_get(v->body, "delete"), &n_deleted, &err, ks_unload_object)) {
		refuse(v, 400, err.msg);
		return;
	}
	body = cJSON_CreateObject();
	json_put_int(body, "put", n_put);
	json_put_int(body, "deleted", n_deleted);
	json_put_int(body, "resourceVersion", (int64_t)ks_front_cluster(front)->rv);
	answer(v, 200, body);
}

/* --- the port -------------------------------------------------------------------------------------------- */

static const struct route {
	const char *method, *path;
	void (*visit)(struct visit *v);
} routes[] = {
	{ "GET", "/_sim/health", answer_ok },
	{ "GET", "/_sim/log", get_log },
	{ "POST", "/_sim/log/clear", clear_log },
	{ "GET", "/_sim/stats", get_stats },
	{ "GET", "/_sim/faults", get_faults },
	{ "POST", "/_sim/faults", add_faults },
	{ "DELETE", "/_sim/faults", clear_faults },
	{ "POST", "/_sim/toggle", toggle },
	{ "POST", "/_sim/reset", reset },
	{ "POST", "/_sim/bulk", bulk },
};

static void dispatch(struct visit *v)
{
	bool is_known_path = false;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		is_known_path = is_known_path || streq(routes[i].path, http_path(v->x));
		if (streq(routes[i].path, http_path(v->x)) && streq(routes[i].method, http_method(v->x))) {
			routes[i].visit(v);
			return;
		}
	}
	refuse(v, is_known_path ? 405 : 404, is_known_path ? "not with this method" : "no such path");
}

static void on_request(void *arg, struct http_exchange *x)
{
	struct visit v = { .control = arg, .x = x };
	struct slice body = http_body(x);
	struct err err = { 0 };

	if (body.n)
		v.body = json_parse(body, &err);
	if (body.n && !v.body)
		refuse(&v, 400, err.msg);
	else
		dispatch(&v);
	cJSON_Delete(v.body);
}

struct ks_control *ks_control_new(const struct ks_control_options *options, struct err *err)
{
	struct ks_control *control = xcalloc(1, sizeof(*control));
	const struct http_server_options server = {
		.listen = options->listen, .max_body_bytes = MAX_BODY_BYTES, .handler = on_request, .arg = control
	};

	control->o = *options;
	control->server = http_server_new(options->loop, &server, err);
	if (control->server)
		return control;
	free(control);
	return NULL;
}

void ks_control_free(struct ks_control *control)
{
	if (!control)
		return;
	http_server_free(control->server);
	free(control);
}

int ks_control_port(const struct ks_control *control)
{
	return http_server_port(control->server);
}
