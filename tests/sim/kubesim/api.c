#include "tests/sim/kubesim/api.h"

#include "tests/sim/kubesim/columns.h"
#include "tests/sim/kubesim/text.h"

const char *ks_param(const struct ks_request *r, const char *key)
{
	for (size_t i = 0; i < r->n_params; i++)
		if (streq(r->params[i].key, key))
			return r->params[i].value;
	return NULL;
}

bool ks_param_is_true(const struct ks_request *r, const char *key)
{
	const char *value = ks_param(r, key);

	return value && (streq(value, "true") || streq(value, "1") || streq(value, "True"));
}

/* --- what is asked for ----------------------------------------------------------------------------------- */

/* The next segment; NULL at the end. Yours to free. */
static char *next_segment(struct slice *rest)
{
	struct slice part;

	return rest->p && slice_split(rest, '/', &part) && part.n ? slice_dup(part) : NULL;
}

static const char *verb_of(const struct ks_request *r)
{
	if (streq(r->method, "GET") || streq(r->method, "HEAD"))
		return ks_param_is_true(r, "watch") ? "watch" : r->name ? "get" : "list";
	if (streq(r->method, "POST"))
		return "create";
	if (streq(r->method, "PUT"))
		return "update";
	if (streq(r->method, "PATCH"))
		return "patch";
	return streq(r->method, "DELETE") ? r->name ? "delete" : "deletecollection" : r->method;
}

static bool is_namespace_sub(const char *word)
{
	return streq(word, "status") || streq(word, "finalize");
}

/* After the group and version: plural, name, subresource, with "namespaces/X" before them where it is one. */
static void parse_resource(struct ks_request *r, struct slice rest)
{
	r->plural = next_segment(&rest);
	if (!r->plural)
		return;
	r->name = next_segment(&rest);
	r->sub = next_segment(&rest);
	r->is_resource = true;
	if (!streq(r->plural, "namespaces") || !r->sub || is_namespace_sub(r->sub))
		return;
	free(r->plural);
	r->plural = TAKE(r->sub);
	r->namespace = TAKE(r->name);
	r->name = next_segment(&rest);
	r->sub = next_segment(&rest);
}

void ks_request_parse(struct ks_request *r)
{
	struct slice rest = slice_of(r->path), first;
	CLEANUP(freep) char *root = NULL;

	slice_split(&rest, '/', &first);
	root = next_segment(&rest);
	r->verb = r->method;
	if (!root || (!streq(root, "api") && !streq(root, "apis")))
		return;
	r->group = streq(root, "api") ? xstrdup("") : next_segment(&rest);
	r->group_version = r->group ? next_segment(&rest) : NULL;
	if (r->group_version)
		parse_resource(r, rest);
	if (!r->is_resource)
		return;
	r->verb = verb_of(r);
	r->kind = ks_kind_find(&r->cluster->kinds, r->group, r->plural);
	r->version = r->kind ? ks_kind_version(r->kind, r->group_version) : NULL;
	if (r->kind && (!r->version || (r->namespace && !r->kind->is_namespaced)))
		r->kind = NULL;
}

void ks_request_release(struct ks_request *r)
{
	free(TAKE(r->group));
	free(TAKE(r->group_version));
	free(TAKE(r->plural));
	free(TAKE(r->namespace));
	free(TAKE(r->name));
	free(TAKE(r->sub));
}

/* --- who may --------------------------------------------------------------------------------------------- */

static bool refuse_user(const struct ks_request *r, struct ks_reply *reply)
{
	const char *user = *r->user ? r->user : "system:anonymous";
	CLEANUP(freep) char *full = *r->group ? xasprintf("%s.%s", r->plural, r->group) : xstrdup(r->plural);
	CLEANUP(freep) char *resource = r->sub ? xasprintf("%s/%s", r->plural, r->sub) : xstrdup(r->plural);
	CLEANUP(freep) char *where = r->namespace ? xasprintf("in the namespace \"%s\"", r->namespace)
						  : xstrdup("at the cluster scope");
	CLEANUP(freep) char *which = r->name ? xasprintf(" \"%s\"", r->name) : xstrdup("");
	CLEANUP(freep)
	char *message = xasprintf("%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s",
				  full, which, user, r->verb, resource, r->group, where);
	cJSON *details = cJSON_CreateObject();

	if (r->name)
		json_put_str(details, "name", r->name);
	if (*r->group)
		json_put_str(details, "group", r->group);
	json_put_str(details, "kind", r->plural);
	ks_reply_json(reply, 403, ks_status(403, "Forbidden", message, details));
	return false;
}

static bool refuse_path(const struct ks_request *r, struct ks_reply *reply)
{
	const char *user = *r->user ? r->user : "system:anonymous";

	return ks_refuse(reply, 403, "Forbidden", "forbidden: User \"%s\" cannot %s path \"%s\"", user,
			 streq(r->method, "GET") ? "get" : r->method, r->path);
}

/* What the discovery role and the public one allow to everybody. */
static bool is_public(const struct ks_request *r)
{
	static const char *const paths[] = { "/version", "/healthz", "/readyz", "/livez" };

	if (!streq(r->method, "GET"))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (strncmp(r->path, paths[i], strlen(paths[i])) == 0)
			return true;
	return *r->user && (strncmp(r->path, "/api", 4) == 0 || strncmp(r->path, "/openapi", 8) == 0);
}

bool ks_request_check(const struct ks_request *r, struct ks_reply *reply)
{
	bool may = r->is_admin;

	if (!r->is_resource && !may && !is_public(r))
		return refuse_path(r, reply);
	if (!r->is_resource)
		return true;
	if (!may)
		return refuse_user(r, reply);
	if (!r->kind) {
		ks_reply_text(reply, 404, "text/plain; charset=utf-8", xstrdup("404 page not found\n"));
		return false;
	}
	return true;
}

/* --- answers --------------------------------------------------------------------------------------------- */

void ks_reply_version(const struct ks_request *r, struct ks_reply *reply, int status, const struct ks_version *version)
{
	struct buf text;

	buf_init(&text, KS_ANSWER_MAX_BYTES);
	ks_version_print(version, r->kind, r->version, &text);
	ks_reply_release(reply);
	*reply = (struct ks_reply){ .status = status, .content_type = "application/json", .n_body = text.n };
	reply->body = buf_take(&text);
}

static void answer_get(const struct ks_request *r, struct ks_reply *reply)
{
	const struct ks_version *version = ks_cluster_find(r->kind, r->namespace ? r->namespace : "", r->name);

	if (!version)
		ks_refuse_not_found(reply, r->kind, r->name);
	else
		ks_reply_version(r, reply, 200, version);
}

static bool is_served_sub(const struct ks_request *r)
{
	if (!r->sub)
		return true;
	return (streq(r->sub, "status") && r->version->has_status) ||
	       (streq(r->sub, "finalize") && streq(r->plural, "namespaces") && streq(r->verb, "update"));
}

/* What was read, as a table where the client would rather have one. */
static void make_table(const struct ks_request *r, struct ks_reply *reply)
{
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;

	if (reply->status != 200 || !ks_wants_table(r->accept))
		return;
	json = json_parse((struct slice){ reply->body, reply->n_body }, NULL);
	ks_reply_release(reply);
	ks_reply_json(reply, 200, ks_table_of(json, r->kind, r->version));
}

static void answer_read(const struct ks_request *r, struct ks_reply *reply)
{
	if (streq(r->verb, "get"))
		answer_get(r, reply);
	else
		ks_answer_list(r, reply);
	make_table(r, reply);
}

void ks_answer(struct ks_request *r, struct ks_reply *reply)
{
	if (!r->is_resource)
		ks_answer_discovery(r, reply);
	else if (!is_served_sub(r))
		ks_reply_text(reply, 404, "text/plain; charset=utf-8", xstrdup("404 page not found\n"));
	else if (r->kind->is_namespaced && r->name && !r->namespace)
		ks_reply_text(reply, 404, "text/plain; charset=utf-8", xstrdup("404 page not found\n"));
	else if (streq(r->verb, "get") || streq(r->verb, "list"))
		answer_read(r, reply);
	else
		ks_answer_write(r, reply);
}

/* --- what lists and watches have in common --------------------------------------------------------------- */

bool ks_filter_read(const struct ks_request *r, struct ks_filter *out, struct ks_reply *reply)
{
	const char *labels = ks_param(r, "labelSelector"), *fields = ks_param(r, "fieldSelector");
	struct err err = { 0 };

	out->prefix = r->namespace ? xasprintf("%s/", r->namespace) : xstrdup("");
	if (!ks_selector_parse_labels(labels, &out->labels, &err))
		return ks_refuse(reply, 400, "BadRequest", "%s", err.msg);
	if (!ks_selector_parse_fields(fields, r->kind, &out->fields, &err))
		return ks_refuse(reply, 400, "BadRequest", "%s", err.msg);
	return true;
}

bool ks_filter_fits(const struct ks_filter *filter, const struct ks_version *version)
{
	return strncmp(version->key, filter->prefix, strlen(filter->prefix)) == 0 &&
	       ks_selector_has_labels(&filter->labels, &version->labels) &&
	       ks_selector_has_fields(&filter->fields, version);
}

void ks_filter_release(struct ks_filter *filter)
{
	if (!filter)
		return;
	free(TAKE(filter->prefix));
	ks_selector_release(&filter->labels);
	ks_selector_release(&filter->fields);
}

bool ks_read_rv(const struct ks_request *r, uint64_t *out, bool *is_given, struct ks_reply *reply)
{
	const char *text = ks_param(r, "resourceVersion");
	char *end;

	*is_given = text && *text;
	*out = *is_given ? strtoull(text, &end, 10) : 0;
	if (*is_given && (*end || *text < '0' || *text > '9'))
		return ks_refuse(reply, 400, "BadRequest",
				 "invalid resource version \"%s\": strconv.ParseUint: parsing \"%s\": invalid syntax",
				 text, text);
	return true;
}
