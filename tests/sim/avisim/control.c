#include "tests/sim/avisim/control.h"

#include "tests/sim/avisim/text.h"

#define MAX_BODY_BYTES (256l * 1024 * 1024)    /* a whole state of 10^4 services */
#define SHOWN_BASE "https://avisim"
#define OTHER_CLUSTER_UUID "cluster-bbbbbbbb"

struct control {
	struct sim *sim;
	struct front *front;
	struct http_server *server;
};

struct visit {
	struct control *control;
	struct http_exchange *exchange;
	const struct kind *kind;       /* with /objects/<type> */
	char *uuid;                    /* NULL: none in the path */
	cJSON *body;                   /* NULL: none */
};

static void answer_text(struct visit *v, int status, const char *text, const char *const *headers)
{
	http_answer(v->exchange, status, "application/json", slice_of(text), headers);
}

/* body is taken over. */
static void answer(struct visit *v, int status, cJSON *body)
{
	CLEANUP(freep) char *text = json_text(body);

	answer_text(v, status, text, NULL);
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

static void refuse_err(struct visit *v, const struct err *err)
{
	refuse(v, err->code == ERR_CONFLICT ? 409 : 400, err->msg);
}

/* --- log ------------------------------------------------------------------------------------------------- */

static uint64_t query_number(const struct visit *v, const char *key)
{
	const char *text = http_query(v->exchange, key);

	return text ? strtoull(text, NULL, 10) : 0;
}

static void get_log(struct visit *v)
{
	const struct journal *journal = v->control->sim->journal;
	CLEANUP(freep) char *text = journal_since(journal, query_number(v, "since"), query_number(v, "limit"));
	char dropped[64], last[64];

	snprintf(dropped, sizeof(dropped), "X-Log-Dropped: %lu", (unsigned long)journal_n_dropped(journal));
	snprintf(last, sizeof(last), "X-Log-Last: %lu", (unsigned long)journal_last_n(journal));
	answer_text(v, 200, text, (const char *const[]){ dropped, last, NULL });
}

static void clear_log(struct visit *v)
{
	journal_clear(v->control->sim->journal);
	answer_ok(v);
}

/* --- objects --------------------------------------------------------------------------------------------- */

static cJSON *show(const struct control *control, const struct object *object)
{
	return sim_show(control->sim, object, SHOWN_BASE, true);
}

static cJSON *show_written(const struct control *control, const struct object *object)
{
	cJSON *entry = cJSON_CreateObject();

	json_put_str(entry, "tenant", object->tenant);
	json_put_str(entry, "uuid", object->uuid);
	json_put_str(entry, "name", object->name);
	/* It was JSON when it came. */
	json_put(entry, "body", object->written ? cJSON_CreateRaw(object->written) : cJSON_CreateNull());
	json_put_bool(entry, "seeded", object->is_seeded);
	json_put_bool(entry, "by_client", object->is_by_client);
	json_put(entry, "object", show(control, object));
	return entry;
}

static void get_objects(struct visit *v)
{
	const char *name = http_query(v->exchange, "name");
	bool is_written = http_query(v->exchange, "written");
	cJSON *list = cJSON_CreateArray();
	size_t n;
	struct object *const *all = store_sorted(v->control->sim->store, v->kind, &n);

	for (size_t i = 0; i < n; i++)
		if (!name || streq(name, all[i]->name))
			cJSON_AddItemToArray(list,
					     is_written ? show_written(v->control, all[i]) : show(v->control, all[i]));
	answer(v, 200, list);
}

static void put_objects(struct visit *v)
{
	bool is_list = cJSON_IsArray(v->body);
	const cJSON *given = is_list ? v->body->child : v->body;
	CLEANUP(cJSON_Deletep) cJSON *list = cJSON_CreateArray();
	struct err err = { 0 };

	for (; given; given = is_list ? given->next : NULL) {
		const struct object *object = sim_seed(v->control->sim, v->kind, given, &err);

		if (!object) {
			refuse_err(v, &err);
			return;
		}
		cJSON_AddItemToArray(list, show(v->control, object));
	}
	answer(v, 200, TAKE(list));
}

static struct object *find_object(struct visit *v)
{
	struct object *object = store_by_uuid(v->control->sim->store, v->kind, v->uuid);

	if (!object)
		refuse(v, 404, "no such object");
	return object;
}

static void get_object(struct visit *v)
{
	const struct object *object = find_object(v);

	if (object)
		answer(v, 200, show(v->control, object));
}

static void patch_object(struct visit *v)
{
	struct object *object = find_object(v);
	struct err err = { 0 };

	if (!object)
		return;
	if (!cJSON_IsObject(v->body))
		refuse(v, 400, "want an object with what is to change");
	else if (!sim_edit(v->control->sim, object, v->body, &err))
		refuse_err(v, &err);
	else
		get_object(v);
}

static void delete_object(struct visit *v)
{
	struct object *object = find_object(v);

	if (!object)
		return;
	store_remove(v->control->sim->store, object);
	answer_ok(v);
}

/* --- faults ---------------------------------------------------------------------------------------------- */

static void get_faults(struct visit *v)
{
	answer(v, 200, faults_show(&v->control->sim->faults));
}

static void add_faults(struct visit *v)
{
	struct err err = { 0 };

	if (!v->body || !faults_add(&v->control->sim->faults, v->body, &err))
		refuse(v, 400, v->body ? err.msg : "want a rule or a list of them");
	else
		get_faults(v);
}

static void clear_faults(struct visit *v)
{
	faults_clear(&v->control->sim->faults);
	answer_ok(v);
}

/* --- toggles --------------------------------------------------------------------------------------------- */

struct toggle {
	const char *key;
	bool (*fits)(const cJSON *value);
	void (*apply)(struct control *control, const cJSON *value);
};

static bool is_bool(const cJSON *value)
{
	return cJSON_IsBool(value);
}

static bool is_true(const cJSON *value)
{
	return cJSON_IsTrue(value);
}

static bool is_text(const cJSON *value)
{
	return cJSON_IsString(value) && *value->valuestring;
}

static bool is_text_or_bool(const cJSON *value)
{
	return is_text(value) || is_bool(value);
}

static bool is_version(const cJSON *value)
{
	return cJSON_IsString(value) && version_is_valid(value->valuestring);
}

static bool is_list(const cJSON *value)
{
	return cJSON_IsArray(value);
}

static bool is_object(const cJSON *value)
{
	return cJSON_IsObject(value);
}

static bool is_seconds(const cJSON *value)
{
	return cJSON_IsNumber(value) && value->valuedouble >= 1 && value->valuedouble <= 1e9;
}

static void set_text(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
}

static void set_list(struct strs *to, const cJSON *list)
{
	strs_release(to);
	json_strs(list, to);
}

static void set_leader(struct control *c, const cJSON *value)
{
	const char *uuid = cJSON_IsTrue(value) ? OWN_CLUSTER_UUID : OTHER_CLUSTER_UUID;

	set_text(&c->sim->settings.leader_uuid, cJSON_IsString(value) ? value->valuestring : uuid);
}

static void set_maintenance(struct control *c, const cJSON *value)
{
	c->sim->settings.maintenance = cJSON_IsTrue(value);
}

static void set_check_domains(struct control *c, const cJSON *value)
{
	c->sim->settings.checks_domains = cJSON_IsTrue(value);
}

static void set_check_subdomains(struct control *c, const cJSON *value)
{
	c->sim->settings.checks_subdomains = cJSON_IsTrue(value);
}

static void set_strict(struct control *c, const cJSON *value)
{
	c->sim->settings.is_strict = cJSON_IsTrue(value);
}

static void set_strict_tenants(struct control *c, const cJSON *value)
{
	c->sim->settings.strict_tenants = cJSON_IsTrue(value);
}

static void set_version(struct control *c, const cJSON *value)
{
	set_text(&c->sim->settings.version, value->valuestring);
}

static void set_subdomains(struct control *c, const cJSON *value)
{
	set_list(&c->sim->settings.subdomains, value);
}

static void set_third_party_sites(struct control *c, const cJSON *value)
{
	set_list(&c->sim->settings.third_party_sites, value);
}

static void set_deny(struct control *c, const cJSON *value)
{
	cJSON_Delete(c->sim->settings.deny);
	c->sim->settings.deny = cJSON_Duplicate(value, true);
}

static void set_password(struct control *c, const cJSON *value)
{
	sessions_set_password(c->sim->sessions, c->sim->user, slice_of(value->valuestring));
}

static void set_session_seconds(struct control *c, const cJSON *value)
{
	sessions_set_idle(c->sim->sessions, (int64_t)value->valuedouble);
}

static void expire_sessions(struct control *c, const cJSON *value)
{
	(void)value;
	sessions_expire_all(c->sim->sessions);
}

static void set_hang(struct control *c, const cJSON *value)
{
	front_set_hanging(c->front, cJSON_IsTrue(value));
}

static void set_reject_tls(struct control *c, const cJSON *value)
{
	front_set_turning_away(c->front, cJSON_IsTrue(value));
}

static const struct toggle toggles[] = {
	{ "leader", is_text_or_bool, set_leader },
	{ "maintenance", is_bool, set_maintenance },
	{ "check_domains", is_bool, set_check_domains },
	{ "check_subdomains", is_bool, set_check_subdomains },
	{ "strict", is_bool, set_strict },
	{ "strict_tenants", is_bool, set_strict_tenants },
	{ "version", is_version, set_version },
	{ "subdomains", is_list, set_subdomains },
	{ "third_party_sites", is_list, set_third_party_sites },
	{ "deny", is_object, set_deny },
	{ "password", is_text, set_password },
	{ "session_seconds", is_seconds, set_session_seconds },
	{ "expire_sessions", is_true, expire_sessions },
	{ "refuse", is_bool, NULL },           /* may fail: see toggle() */
	{ "reject_tls", is_bool, set_reject_tls },
	{ "hang", is_bool, set_hang },
};

static const struct toggle *find_toggle(const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(toggles); i++)
		if (streq(key, toggles[i].key))
			return &toggles[i];
	return NULL;
}

static void put_list(cJSON *object, const char *key, const struct strs *list)
{
	cJSON *array = json_put_array(object, key);

	for (size_t i = 0; i < list->n; i++)
		json_add_str(array, list->v[i]);
}

static void get_toggles(struct visit *v)
{
	const struct settings *s = &v->control->sim->settings;
	cJSON *body = cJSON_CreateObject();

	json_put_str(body, "leader", s->leader_uuid);
	json_put_bool(body, "maintenance", s->maintenance);
	json_put_bool(body, "check_domains", s->checks_domains);
	json_put_bool(body, "check_subdomains", s->checks_subdomains);
	json_put_bool(body, "strict", s->is_strict);
	json_put_bool(body, "strict_tenants", s->strict_tenants);
	json_put_str(body, "version", s->version);
	put_list(body, "subdomains", &s->subdomains);
	put_list(body, "third_party_sites", &s->third_party_sites);
	json_put(body, "deny", s->deny ? cJSON_Duplicate(s->deny, true) : cJSON_CreateObject());
	json_put_bool(body, "refuse", front_is_refusing(v->control->front));
	json_put_bool(body, "reject_tls", front_is_turning_away(v->control->front));
	json_put_bool(body, "hang", front_is_hanging(v->control->front));
	answer(v, 200, body);
}

/* All or nothing, but for a port that somebody else has taken meanwhile. */
static void toggle(struct visit *v)
{
	const cJSON *value;
	struct err err = { 0 };

	if (!cJSON_IsObject(v->body)) {
		refuse(v, 400, "want an object of toggles");
		return;
	}
	cJSON_ArrayForEach(value, v->body) {
		const struct toggle *t = find_toggle(value->string);
		const char *problem = t ? "not such a value" : "no such toggle";
		CLEANUP(freep) char *reason = xasprintf("%s: %s", value->string, problem);

		if (!t || !t->fits(value)) {
			refuse(v, 400, reason);
			return;
		}
	}
	cJSON_ArrayForEach(value, v->body) {
		const struct toggle *t = find_toggle(value->string);

		if (t->apply) {
			t->apply(v->control, value);
		} else if (!front_set_refusing(v->control->front, cJSON_IsTrue(value), &err)) {
			refuse(v, 500, err.msg);
			return;
		}
	}
	get_toggles(v);
}

/* --- the rest -------------------------------------------------------------------------------------------- */

static void reset(struct visit *v)
{
	struct err err = { 0 };

	if (!sim_reset(v->control->sim, v->body, &err)) {
		refuse_err(v, &err);
		return;
	}
	/* A request of before must not be done to the new state, nor get into the new log. */
	front_hang_up_all(v->control->front);
	front_set_hanging(v->control->front, false);
	front_set_turning_away(v->control->front, false);
	if (front_set_refusing(v->control->front, false, &err))
		answer_ok(v);
	else
		refuse(v, 500, err.msg);
}

static void get_stats(struct visit *v)
{
	const struct sim *sim = v->control->sim;
	const struct front *front = v->control->front;
	cJSON *body = cJSON_CreateObject(), *objects, *log;

	json_put(body, "endpoints", sim_counts(sim));
	json_put_int(body, "requests", (int64_t)sim->counters.n_requests);
	json_put_int(body, "logins", (int64_t)sim->counters.n_logins);
	json_put_int(body, "logins_refused", (int64_t)sim->counters.n_logins_refused);
	json_put_int(body, "sessions", (int64_t)sessions_count(sim->sessions));
	json_put_int(body, "open", (int64_t)sim->counters.n_open);
	json_put_int(body, "max_parallel", (int64_t)sim->counters.n_most_open);
	json_put_int(body, "connections", (int64_t)front_connections(front));
	json_put_int(body, "max_connections", (int64_t)front_most_connections(front));
	objects = json_put_object(body, "objects");
	for (size_t i = 0; i < N_KINDS; i++)
		json_put_int(objects, kinds[i].type, (int64_t)store_count(sim->store, &kinds[i]));
	log = json_put_object(body, "log");
	json_put_int(log, "entries", (int64_t)journal_count(sim->journal));
	json_put_int(log, "dropped", (int64_t)journal_n_dropped(sim->journal));
	json_put_int(log, "last", (int64_t)journal_last_n(sim->journal));
	answer(v, 200, body);
}

static const struct route {
	const char *method, *path;
	void (*visit)(struct visit *v);
} routes[] = {
	{ "GET", "/_sim/health", answer_ok },
	{ "GET", "/_sim/log", get_log },
	{ "POST", "/_sim/log/clear", clear_log },
	{ "GET", "/_sim/objects/<type>", get_objects },
	{ "PUT", "/_sim/objects/<type>", put_objects },
	{ "GET", "/_sim/objects/<type>/<uuid>", get_object },
	{ "PATCH", "/_sim/objects/<type>/<uuid>", patch_object },
	{ "DELETE", "/_sim/objects/<type>/<uuid>", delete_object },
	{ "GET", "/_sim/faults", get_faults },
	{ "POST", "/_sim/faults", add_faults },
	{ "DELETE", "/_sim/faults", clear_faults },
	{ "POST", "/_sim/reset", reset },
	{ "GET", "/_sim/toggle", get_toggles },
	{ "POST", "/_sim/toggle", toggle },
	{ "GET", "/_sim/stats", get_stats },
};

static const char *find_shape(struct visit *v)
{
	static const char prefix[] = "/_sim/objects/";
	const char *path = http_path(v->exchange);
	struct slice rest, type;

	if (strncmp(path, prefix, sizeof(prefix) - 1) != 0)
		return path;
	rest = slice_of(path + sizeof(prefix) - 1);
	slice_split(&rest, '/', &type);
	v->kind = kind_find(type);
	if (!v->kind)
		return path;
	if (!rest.n)
		return "/_sim/objects/<type>";
	v->uuid = slice_dup(rest);
	return "/_sim/objects/<type>/<uuid>";
}

static void dispatch(struct visit *v)
{
	const char *shape = find_shape(v);
	bool is_known_path = false;

	for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
		is_known_path = is_known_path || streq(routes[i].path, shape);
		if (streq(routes[i].path, shape) && streq(routes[i].method, http_method(v->exchange))) {
			routes[i].visit(v);
			return;
		}
	}
	refuse(v, is_known_path ? 405 : 404, is_known_path ? "not with this method" : "no such path");
}

static void on_request(void *arg, struct http_exchange *x)
{
	struct visit v = { .control = arg, .exchange = x };
	struct slice body = http_body(x);
	struct err err = { 0 };

	if (body.n)
		v.body = json_parse(body, &err);
	if (body.n && !v.body)
		refuse(&v, 400, err.msg);
	else if (utf8_valid_bytes(body) < body.n)
		refuse(&v, 400, "not UTF-8");
	else
		dispatch(&v);
	cJSON_Delete(v.body);
	free(v.uuid);
}

struct control *control_new(uv_loop_t *loop, struct sim *sim, struct front *front, const char *listen, struct err *err)
{
	struct control *control = xcalloc(1, sizeof(*control));
	const struct http_server_options options = {
		.listen = listen, .max_body_bytes = MAX_BODY_BYTES, .handler = on_request, .arg = control
	};

	*control = (struct control){ .sim = sim, .front = front, .server = http_server_new(loop, &options, err) };
	if (!control->server) {
		free(control);
		return NULL;
	}
	return control;
}

int control_port(const struct control *control)
{
	return http_server_port(control->server);
}

void control_free(struct control *control)
{
	if (!control)
		return;
	http_server_free(control->server);
	free(control);
}
