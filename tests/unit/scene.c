#include "tests/unit/scene.h"

#include "common/base/buf.h"

#define TEXT_MAX_BYTES (64 << 10)

cJSON *scene_json(const char *text)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	struct err err = { 0 };
	cJSON *json;

	for (char *p = copy; (p = strchr(p, '\'')); )
		*p = '"';
	json = json_parse(slice_of(copy), &err);
	if (!json)
		fail_msg("%s: %s", err.msg, copy);
	return json;
}

/* ---- making a scene ---- */

static void add_template(struct lookups *lookups)
{
	struct lookup *lookup = lookups_need(lookups, LOOKUP_HEALTH_MONITOR, "tpl");

	if (lookup->state == LOOKUP_FOUND)
		return;
	lookup->state = LOOKUP_FOUND;
	lookup->hm_type = xstrdup("HEALTH_MONITOR_HTTP");
	lookup->http_request = xstrdup("GET /x HTTP/1.1");
	strs_add(&lookup->response_codes, "HTTP_4XX");
}

void scene_policy(struct scene *s, const char *spec)
{
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	CLEANUP(freep) char *text = NULL;

	gdp_free(TAKE(s->policy));
	add_template(&s->lookups);
	if (!spec)
		return;
	/* The first of equal keys counts. */
	text = xasprintf("{'metadata': {'name': 'gdp', 'namespace': 'avi-system'}, 'spec': {%s%s"
			 "'matchRules': {'appSelector': {'label': {'app': 'gslb'}}},"
			 "'matchClusters': [{'cluster': 'east'}, {'cluster': 'west'}, {'cluster': 'north'}]}}",
			 spec, *spec ? "," : "");
	json = scene_json(text);
	s->policy = gdp_from_json(json);
	assert_non_null(s->policy);
	assert_text(s->policy->error, NULL);
}

static void forget(struct cluster_knowledge *cluster, const char *kind)
{
	if (!*kind || streq(kind, ":namespaces"))
		cluster->has_namespaces = false;
	for (enum host_kind k = 0; k < N_HOST_KINDS; k++)
		if (!*kind || streq(kind + 1, host_kind_name(k)))
			cluster->is_complete[k] = false;
}

void scene_know(struct scene *s, const char *members, const char *unknown)
{
	struct slice rest, name;
	char *p = s->names;

	snprintf(s->names, sizeof(s->names), "%s", members ? members : "east west north");
	rest = slice_of(s->names);
	s->knowledge = (struct knowledge){ s->known, 0 };
	while (rest.n && slice_split(&rest, ' ', &name)) {
		struct cluster_knowledge *cluster = &s->known[s->knowledge.n++];
		size_t n = name.n;

		*cluster = (struct cluster_knowledge){
			.name = p, .is_complete = { true, true, true, true }, .has_namespaces = true };
		p[n] = '\0';
		if (unknown && strncmp(unknown, p, n) == 0 && (!unknown[n] || unknown[n] == ':'))
			forget(cluster, unknown + n);
		p += n + 1;
	}
}

static void add_pairs(struct pairs *out, const char *text)
{
	CLEANUP(cJSON_Deletep) cJSON *json = cJSON_CreateObject();
	struct slice rest = slice_of(text), word;

	while (rest.n && slice_split(&rest, ' ', &word)) {
		struct slice value = word, key;
		CLEANUP(freep) char *k = NULL, *v = NULL;

		slice_split(&value, '=', &key);
		k = slice_dup(key);
		v = slice_dup(value);
		json_put_str(json, k, v);
	}
	pairs_from_json(json, out);
}

static struct host_object *object_of(const struct scene_object *row)
{
	struct host_object *object = xcalloc(1, sizeof(*object));
	const char *slash = strchr(row->where, '/');
	struct slice rest = slice_of(row->paths ? row->paths : row->kind == KIND_INGRESS ? "/" : ""), path;
	bool has_identity = !row->vs || *row->vs;
	struct host_record *record = xcalloc(1, sizeof(*record));

	object->kind = row->kind;
	object->namespace = xstrndup(row->where, (size_t)(slash - row->where));
	object->name = xstrdup(slash + 1);
	object->tenant = xstrdup(row->tenant);
	object->controller_uuid = has_identity ? xasprintf("cluster-%s", row->cluster) : NULL;
	object->port = row->port;
	object->protocol = row->protocol;
	add_pairs(&object->labels, row->labels ? row->labels : "app=gslb");
	object->records = record;
	object->n_records = 1;
	record->host = xstrdup(SCENE_FQDN);
	record->ip = xstrdup(row->ip);
	record->is_tls = row->is_tls;
	record->vs_uuid = !has_identity ? NULL : row->vs ? xstrdup(row->vs) : xasprintf("vs-%s", row->ip);
	while (rest.n && slice_split(&rest, ' ', &path))
		strs_take(&record->paths, slice_dup(path));
	return host_object_pack(object);
}

static struct namespace_info *namespace_of(const struct scene_object *row, const struct host_object *object)
{
	struct namespace_info *ns = xcalloc(1, sizeof(*ns));

	ns->name = xstrdup(object->namespace);
	ns->tenant = xstrdup(row->ns_tenant);
	add_pairs(&ns->labels, row->ns_labels ? row->ns_labels : "ns=gslb");
	return ns;
}

void scene_objects(struct scene *s, const struct scene_object *rows, size_t max)
{
	for (size_t i = 0; i < max && rows[i].cluster; i++) {
		assert_true(s->n < SCENE_MAX);
		s->objects[s->n] = object_of(&rows[i]);
		s->namespaces[s->n] = rows[i].has_no_ns ? NULL : namespace_of(&rows[i], s->objects[s->n]);
		s->candidates[s->n] = (struct candidate){ rows[i].cluster, s->namespaces[s->n], s->objects[s->n],
							  s->objects[s->n]->records };
		s->n++;
	}
}

void scene_build(struct scene *s)
{
	build_wanted(&(struct build_input){
		.fqdn = SCENE_FQDN,
		.policy = s->policy,
		.lookups = &s->lookups,
		.default_tenant = "admin",
		.owner = SCENE_OWNER,
		.default_pki = "pki-default",
		.knowledge = &s->knowledge,
		.candidates = s->candidates,
		.n_candidates = s->n,
		.gone = s->gone,
		.n_gone = s->n_gone,
		.actual = (const struct gs *const *)s->actual,
		.n_actual = s->n_actual,
		.actual_monitors = (const struct monitor *const *)s->actual_monitors,
		.n_actual_monitors = s->n_actual_monitors,
	}, &s->wanted);
}

void scene_plan(struct scene *s)
{
	plan_make(&(struct plan_input){
		.owner = SCENE_OWNER,
		.policy = s->policy,
		.knowledge = &s->knowledge,
		.wanted = &s->wanted,
		.actual = (const struct gs *const *)s->actual,
		.n_actual = s->n_actual,
		.actual_monitors = (const struct monitor *const *)s->actual_monitors,
		.n_actual_monitors = s->n_actual_monitors,
		.fqdn = SCENE_FQDN,
	}, &s->plan);
}

static void release_objects(struct scene *s)
{
	for (size_t i = 0; i < s->n; i++) {
		host_object_free(s->objects[i]);
		namespace_free(s->namespaces[i]);
	}
	s->n = 0;
	wanted_release(&s->wanted);
	plan_release(&s->plan);
}

void scene_carry_out(struct scene *s)
{
	for (size_t i = 0; i < s->wanted.n_gs; i++) {
		s->actual[s->n_actual] = gs_copy(s->wanted.gs[i]);
		s->actual[s->n_actual++]->uuid = xasprintf("gslbservice-%zu", i);
	}
	for (size_t i = 0; i < s->wanted.n_monitors; i++) {
		s->actual_monitors[s->n_actual_monitors] = monitor_copy(s->wanted.monitors[i]);
		s->actual_monitors[s->n_actual_monitors++]->uuid = xasprintf("healthmonitor-%zu", i);
	}
	release_objects(s);
}

void scene_release(struct scene *s)
{
	release_objects(s);
	for (size_t i = 0; i < s->n_actual; i++)
		gs_free(s->actual[i]);
	for (size_t i = 0; i < s->n_actual_monitors; i++)
		monitor_free(s->actual_monitors[i]);
	gdp_free(s->policy);
	lookups_release(&s->lookups);
	*s = (struct scene){ 0 };
}

/* ---- showing it ---- */

static void put_tenant(struct buf *out, const char *tenant)
{
	if (!streq(tenant, "admin"))
		buf_printf(out, "%s ", tenant);
}

char *scene_groups(const struct scene *s)
{
	struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	for (size_t i = 0; i < s->wanted.n_gs; i++) {
		const struct gs *gs = s->wanted.gs[i];

		buf_puts(&out, i ? "; " : "");
		put_tenant(&out, gs->tenant);
		for (size_t g = 0; g < gs->n_groups; g++) {
			buf_printf(&out, "%s%d:", g ? " | " : "", gs->groups[g].priority);
			for (size_t m = 0; m < gs->groups[g].n_members; m++)
				buf_printf(&out, " %s*%d", gs->groups[g].members[m].ip, gs->groups[g].members[m].ratio);
		}
	}
	return buf_take(&out);
}

static void put_member(struct buf *out, const struct gs_member *member)
{
	buf_printf(out, "%s%s", out->n ? " " : "", member->ip);
	if (member->vs_uuid || member->cluster_uuid)
		buf_printf(out, "=%s@%s", member->vs_uuid ? member->vs_uuid : "",
			   member->cluster_uuid ? member->cluster_uuid : "");
}

char *scene_members(const struct scene *s)
{
	struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	for (size_t i = 0; i < s->wanted.n_gs; i++)
		for (size_t g = 0; g < s->wanted.gs[i]->n_groups; g++)
			for (size_t m = 0; m < s->wanted.gs[i]->groups[g].n_members; m++)
				put_member(&out, &s->wanted.gs[i]->groups[g].members[m]);
	return buf_take(&out);
}

char *scene_description(const struct scene *s)
{
	struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	for (size_t i = 0; i < s->wanted.n_gs; i++) {
		CLEANUP(freep) char *parts = strs_join(&s->wanted.gs[i]->objects, " ");

		buf_printf(&out, "%s%s", i ? "; " : "", parts);
	}
	return buf_take(&out);
}

/* "http /cart", "tcp 8080". */
static void put_monitor(struct buf *out, const struct monitor *monitor)
{
	static const char *const types[] = { "other", "http", "https", "tcp", "udp" };
	struct slice rest = slice_of(monitor->request), path = { "", 0 };

	buf_puts(out, types[monitor->type]);
	if (!monitor->request) {
		buf_printf(out, " %d", monitor->port);
		return;
	}
	slice_split(&rest, ' ', &path);
	slice_split(&rest, ' ', &path);
	buf_printf(out, " %.*s", (int)path.n, path.p);
}

static const struct monitor *find_monitor(struct monitor *const *all, size_t n, const char *tenant, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (streq(all[i]->tenant, tenant) && streq(all[i]->name, name))
			return all[i];
	return NULL;
}

char *scene_monitors(const struct scene *s)
{
	struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	for (size_t i = 0; i < s->wanted.n_gs; i++) {
		const struct gs *gs = s->wanted.gs[i];

		for (size_t r = 0; r < gs->monitor_refs.n; r++) {
			const struct monitor *monitor = find_monitor(s->wanted.monitors, s->wanted.n_monitors, gs->tenant,
								     gs->monitor_refs.v[r]);

			buf_puts(&out, out.n ? ", " : "");
			if (monitor)
				put_monitor(&out, monitor);
			else
				buf_puts(&out, gs->monitor_refs.v[r]);
		}
	}
	return buf_take(&out);
}

static void put_word(struct buf *out, const char *key, const char *value)
{
	if (value)
		buf_printf(out, " %s=%s", key, value);
}

char *scene_settings(const struct scene *s)
{
	const struct gs *gs = s->wanted.n_gs ? s->wanted.gs[0] : NULL;
	struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	for (size_t g = 0; gs && g < gs->n_groups; g++) {
		const struct gs_group *group = &gs->groups[g];

		buf_printf(&out, "%s%s", g ? " | " : "", group->algorithm + strlen("GSLB_ALGORITHM_"));
		if (group->fallback_algorithm)
			buf_printf(&out, "/%s", group->fallback_algorithm + strlen("GSLB_ALGORITHM_"));
		if (group->has_hash_mask)
			buf_printf(&out, ":%d", group->hash_mask);
		buf_printf(&out, " up=%d", group->min_monitors_up);
	}
	if (gs && gs->has_ttl)
		buf_printf(&out, " ttl=%d", gs->ttl_s);
	put_word(&out, "persistence", gs ? gs->persistence_ref : NULL);
	put_word(&out, "pki", gs ? gs->pki_ref : NULL);
	put_word(&out, "down", gs && gs->down_response ? gs->down_response + strlen("GSLB_SERVICE_DOWN_RESPONSE_") : NULL);
	put_word(&out, "fallback", gs ? gs->fallback_ip : NULL);
	return buf_take(&out);
}

static void put_op(struct buf *out, const struct scene *s, const struct op *op)
{
	bool is_admin = streq(op->tenant, "admin");

	buf_printf(out, "%s%s%s%s", out->n ? "; " : "", op_type_name(op->type), is_admin ? "" : " ",
		   is_admin ? "" : op->tenant);
	if (!op_is_gs(op)) {           /* services all have the scene's name */
		buf_puts(out, " ");
		put_monitor(out, op->monitor ? op->monitor :
			    find_monitor(s->actual_monitors, s->n_actual_monitors, op->tenant, op->name));
	}
	if (op->fields)
		buf_printf(out, "(%s)", op->fields);
}

char *scene_plan_text(const struct scene *s)
{
	struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	for (size_t i = 0; i < s->plan.n_ops; i++) {
		const struct op *op = &s->plan.ops[i];

		assert_int_equal(op_is_creation(op), op->uuid == NULL);
		assert_int_equal(op_is_deletion(op), op->gs == NULL && op->monitor == NULL);
		put_op(&out, s, op);
	}
	if (s->plan.n_held)
		buf_printf(&out, "%sheld %zu: %s", out.n ? "; " : "", s->plan.n_held, s->plan.held_because);
	return buf_take(&out);
}
