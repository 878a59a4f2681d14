/* Requests that change objects: create, update, patch, apply, delete. */
#include "tests/sim/kubesim/api.h"

#include "common/base/yaml.h"
#include "tests/sim/kubesim/builtin.h"
#include "tests/sim/kubesim/fields.h"
#include "tests/sim/kubesim/patch.h"
#include "tests/sim/kubesim/proto.h"
#include "tests/sim/kubesim/schema.h"
#include "tests/sim/kubesim/text.h"

#define APPLY_TYPE "application/apply-patch+yaml"

struct change {
	const struct ks_request *r;
	struct ks_reply *reply;
	struct ks_kind *kind;
	const char *namespace, *name;
	struct ks_version *current;    /* borrowed; NULL: none */
	cJSON *old;                    /* current, parsed */
	cJSON *object;                 /* what it becomes */
	bool is_dry, is_status, is_finalize;
	bool is_applied;               /* managedFields are done already */
	struct strs unknown;           /* fields that were pruned */
};

static void change_release(struct change *c)
{
	cJSON_Delete(c->old);
	cJSON_Delete(c->object);
	strs_release(&c->unknown);
}

static bool is_type(const struct ks_request *r, const char *type)
{
	size_t n = strlen(type);

	return r->content_type && strncmp(r->content_type, type, n) == 0 && strchr("; ", r->content_type[n]);
}

static bool refuse_media(struct ks_reply *reply)
{
	return ks_refuse(
		reply, 415, "UnsupportedMediaType",
		"the body of the request was in an unknown format - accepted media types include: application/json, "
		"application/yaml, " KS_PROTOBUF_TYPE);
}

static bool read_body(const struct ks_request *r, cJSON **out, struct ks_reply *reply)
{
	bool is_yaml = is_type(r, "application/yaml") || is_type(r, APPLY_TYPE),
	     is_proto = is_type(r, KS_PROTOBUF_TYPE);
	struct err err = { 0 };

	if (r->content_type && !strstr(r->content_type, "json") && !is_yaml && !is_proto)
		return refuse_media(reply);
	if (!r->body.n)
		return ks_refuse(reply, 400, "BadRequest", "EOF");
	if (is_proto)
		*out = ks_proto_read(r->body, &err);
	else
		*out = is_yaml && *r->body.p != '{' ? yaml_parse(r->body, &err) : json_parse(r->body, &err);
	if (err.code == ERR_NOTFOUND)
		return refuse_media(reply);
	return *out || ks_refuse(reply, 400, "BadRequest", "couldn't get version/kind; json parse error: %s", err.msg);
}

/* --- checks of what was sent ------------------------------------------------------------------------------ */

static bool check_type(struct change *c, cJSON *object)
{
	const struct ks_request *r = c->r;
	CLEANUP(freep) char *want = ks_api_version(r->group, r->group_version);
	const char *api_version = json_str(object, "apiVersion"), *kind = json_str(object, "kind");

	if (!cJSON_IsObject(object))
		return ks_refuse(c->reply, 400, "BadRequest", "the body is not an object");
	if ((api_version && !streq(api_version, want)) || (kind && !streq(kind, r->kind->kind)))
		return ks_refuse(c->reply, 400, "BadRequest",
				 "%s in version \"%s\" cannot be handled as a %s: no kind \"%s\" is registered for "
				 "version \"%s\"",
				 kind ? kind : r->kind->kind, api_version ? api_version : want, r->kind->kind,
				 kind ? kind : r->kind->kind, api_version ? api_version : want);
	return ks_builtin_decode(r->kind, object, c->reply);
}

static bool check_place(struct change *c)
{
	cJSON *meta = ks_need_object(c->object, "metadata");
	const char *namespace = json_str(meta, "namespace"), *name = json_str(meta, "name"),
		   *prefix = json_str(meta, "generateName");

	if (!c->kind->is_namespaced)
		ks_drop(meta, "namespace");
	else if (namespace && *namespace && !streq(namespace, c->namespace))
		return ks_refuse(
			c->reply, 400, "BadRequest",
			"the namespace of the provided object does not match the namespace sent on the request");
	else
		ks_set_str(meta, "namespace", c->namespace);
	if (c->name && name && *name && !streq(name, c->name))
		return ks_refuse(c->reply, 400, "BadRequest",
				 "the name of the object (%s) does not match the name on the URL (%s)", name, c->name);
	if (c->name)
		ks_set_str(meta, "name", c->name);
	else if ((!name || !*name) && prefix && *prefix) {
		CLEANUP(freep) char *made = ks_generated_name(prefix);

		ks_set_str(meta, "name", made);
	}
	return true;
}

static bool check_namespace(struct change *c)
{
	const struct ks_kind *namespaces = ks_kind_find(&c->r->cluster->kinds, "", "namespaces");
	bool is_terminating;
	CLEANUP(freep) char *full = NULL;
	const char *name;

	if (!c->kind->is_namespaced)
		return true;
	if (!ks_namespace_is_there(c->r->cluster, c->namespace, &is_terminating))
		return ks_refuse_not_found(c->reply, namespaces, c->namespace);
	if (!is_terminating)
		return true;
	full = *c->kind->group ? xasprintf("%s.%s", c->kind->plural, c->kind->group) : xstrdup(c->kind->plural);
	name = json_str(json_get(c->object, "metadata"), "name");
	return ks_refuse(
		c->reply, 403, "Forbidden",
		"%s \"%s\" is forbidden: unable to create new content in namespace %s because it is being terminated",
		full, name ? name : "", c->namespace);
}

/* --- shaping --------------------------------------------------------------------------------------------- */

static struct ks_shape shape_of(const struct change *c)
{
	return (struct ks_shape){ c->r->version->schema, c->kind->is_builtin };
}

static bool is_strict(const struct change *c)
{
	return streq0(ks_param(c->r, "fieldValidation"), "Strict");
}

/* A patch that makes something unknown is invalid as a whole. */
static void refuse_patch(struct change *c, const char *problem)
{
	CLEANUP(freep) char *object = json_text(c->object);
	CLEANUP(freep) char *message = NULL;
	cJSON *details = cJSON_CreateObject(), *cause = json_add_object(json_put_array(details, "causes"));
	struct buf quoted;

	buf_init(&quoted, KS_ANSWER_MAX_BYTES);
	ks_put_quoted(&quoted, object);
	message = xasprintf("Invalid value: %s: strict decoding error: %s", quoted.p, problem);
	buf_release(&quoted);
	json_put_str(cause, "reason", "FieldValueInvalid");
	json_put_str(cause, "message", message);
	json_put_str(cause, "field", "patch");
	free(message);
	message = xasprintf(" \"\" is invalid: patch: %s", json_str(cause, "message"));
	ks_reply_json(c->reply, 422, ks_status(422, "Invalid", message, details));
}

static bool refuse_unknown(struct change *c)
{
	struct buf text;

	buf_init(&text, 4096);
	for (size_t i = 0; i < c->unknown.n; i++)
		if (!buf_printf(&text, "%sunknown field \"%s\"", i ? ", " : "", c->unknown.v[i]))
			break;
	if (streq(c->r->verb, "patch") && !c->is_applied)
		refuse_patch(c, buf_str(&text));
	else
		ks_refuse(c->reply, 400, "BadRequest",
			  "%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s", c->kind->kind,
			  c->r->version->name, c->kind->kind, buf_str(&text));
	buf_release(&text);
	return false;
}

/* Prunes, fills in and checks: what every object goes through on its way into the store. */
static bool shape(struct change *c)
{
	const cJSON *schema = c->r->version->schema;
	const char *name = json_str(json_get(c->object, "metadata"), "name");
	struct ks_causes causes = { 0 };

	ks_prune_metadata(ks_need_object(c->object, "metadata"), &c->unknown);
	if (c->kind->is_builtin)
		ks_drop_empty(c->object);
	else if (json_get(c->object, "metadata"))
		ks_drop_empty(ks_child(c->object, "metadata"));
	if (schema)
		ks_schema_prune(schema, c->object, &c->unknown);
	if (c->unknown.n && is_strict(c))
		return refuse_unknown(c);
	if (schema)
		ks_schema_default(schema, c->object);
	ks_builtin_default(c->r->cluster, c->kind, c->object, c->old);
	ks_builtin_check(c->kind, c->object, c->old, &causes);
	if (schema)
		ks_schema_check(schema, c->object, &causes);
	name = name ? name : json_str(json_get(c->object, "metadata"), "name");
	return !causes.n || ks_refuse_invalid(c->reply, c->kind, name ? name : "", &causes);
}

static char *manager_name(const struct ks_request *r)
{
	const char *given = ks_param(r, "fieldManager"), *agent = r->agent ? r->agent : "unknown";

	if (given && *given)
		return xstrdup(given);
	return xstrndup(agent, strcspn(agent, "/"));
}

static void manage(struct change *c)
{
	CLEANUP(freep) char *name = manager_name(c->r);
	CLEANUP(freep) char *api_version = ks_api_version(c->r->group, c->r->group_version);

	if (c->is_applied)
		return;
	ks_manage_update(shape_of(c), c->old, c->object,
			 &(struct ks_manager){.name = name,
					      .api_version = api_version,
					      .sub = c->is_status ? "status" : NULL,
					      .ignores_status = c->r->version->has_status && !c->is_status});
}

static void copy_key(cJSON *to, const cJSON *from, const char *key)
{
	const cJSON *value = json_get(from, key);

	if (value)
		ks_set(to, key, cJSON_Duplicate(value, true));
	else
		ks_drop(to, key);
}

/* The metadata that only the server writes. */
static void keep_metadata(struct change *c)
{
	static const char *const keys[] = {"uid",
					   "creationTimestamp",
					   "generation",
					   "deletionTimestamp",
					   "resourceVersion",
					   "deletionGracePeriodSeconds",
					   "selfLink",
					   "generateName"};
	cJSON *meta = ks_need_object(c->object, "metadata");

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		copy_key(meta, json_get(c->old, "metadata"), keys[i]);
}

/* Of a status subresource only the status counts, of the object everything else. */
static void keep_other_part(struct change *c)
{
	cJSON *managed;

	if (c->is_status) {
		cJSON *whole = cJSON_Duplicate(c->old, true);

		copy_key(whole, c->object, "status");
		managed = ks_child(ks_child(c->object, "metadata"), "managedFields");
		if (managed)
			ks_set(ks_need_object(whole, "metadata"), "managedFields", cJSON_Duplicate(managed, true));
		cJSON_Delete(c->object);
		c->object = whole;
	} else if (c->r->version->has_status) {
		copy_key(c->object, c->old, "status");
	}
	if (c->kind->is_builtin && streq(c->kind->plural, "namespaces") && !c->is_finalize)
		copy_key(c->object, c->old, "spec");
}

static bool is_same_but(const cJSON *a, const cJSON *b, bool without_status, bool without_metadata)
{
	CLEANUP(cJSON_Deletep) cJSON *x = cJSON_Duplicate(a, true);
	CLEANUP(cJSON_Deletep) cJSON *y = cJSON_Duplicate(b, true);

	if (without_status) {
		ks_drop(x, "status");
		ks_drop(y, "status");
	}
	if (without_metadata) {
		ks_drop(x, "metadata");
		ks_drop(y, "metadata");
	}
	ks_drop(x, "apiVersion");
	ks_drop(y, "apiVersion");
	return ks_same(x, y);
}

static bool has_changed(const struct change *c)
{
	CLEANUP(cJSON_Deletep) cJSON *x = cJSON_Duplicate(c->old, true);
	CLEANUP(cJSON_Deletep) cJSON *y = cJSON_Duplicate(c->object, true);

	/* When something was written does not matter if nothing was. */
	if (!c->is_applied) {
		ks_drop(ks_need_object(x, "metadata"), "managedFields");
		ks_drop(ks_need_object(y, "metadata"), "managedFields");
	}
	return !is_same_but(x, y, false, false);
}

static void count_generation(struct change *c)
{
	cJSON *meta = ks_child(c->object, "metadata");
	bool has_status = c->kind->is_builtin || c->r->version->has_status;

	if (c->kind->has_generation && !is_same_but(c->old, c->object, has_status, true))
		ks_set_int(meta, "generation", json_int(meta, "generation", 0) + 1);
}

/* --- storing --------------------------------------------------------------------------------------------- */

static void add_warnings(const struct change *c)
{
	if (streq0(ks_param(c->r, "fieldValidation"), "Ignore"))
		return;
	for (size_t i = 0; i < c->unknown.n && i < 10; i++)
		strs_take(&c->reply->headers,
			  xasprintf("Warning: 299 - \"unknown field \\\"%s\\\"\"", c->unknown.v[i]));
}

static void reply_dry(struct change *c, int status)
{
	struct ks_version *version;

	if (!json_at(c->object, "metadata", "resourceVersion", NULL))
		ks_set_str(ks_need_object(c->object, "metadata"), "resourceVersion", "");
	version = ks_version_new(c->kind, c->object);
	ks_reply_version(c->r, c->reply, status, version);
	ks_version_unref(version);
}

static void store(struct change *c, int status)
{
	if (c->is_dry)
		reply_dry(c, status);
	else
		ks_reply_version(c->r, c->reply, status, ks_cluster_put(c->r->cluster, c->kind, TAKE(c->object)));
	add_warnings(c);
}

static bool create(struct change *c)
{
	cJSON *meta = ks_need_object(c->object, "metadata");
	const char *rv = json_str(meta, "resourceVersion"), *name;

	if (c->kind->is_namespaced && !c->namespace)
		return ks_refuse(c->reply, 405, "MethodNotAllowed",
				 "the server does not allow this method on the requested resource");
	if (!check_place(c) || !check_namespace(c))
		return false;
	if (rv && *rv && !streq(rv, "0"))
		return ks_refuse(c->reply, 400, "BadRequest",
				 "resourceVersion should not be set on objects to be created");
	if (c->r->version->has_status)
		ks_drop(c->object, "status");
	ks_fill_created(c->kind, c->object);
	if (!shape(c))
		return false;
	name = json_str(json_get(c->object, "metadata"), "name");
	if (ks_cluster_find(c->kind, c->namespace ? c->namespace : "", name))
		return ks_refuse_exists(c->reply, c->kind, name);
	manage(c);
	store(c, 201);
	return true;
}

/* old_uid: "" where there is no object. */
static bool check_uid(struct change *c, const char *old_uid)
{
	const char *uid = json_str(json_get(c->object, "metadata"), "uid");
	CLEANUP(freep) char *why = NULL;

	if (!uid || !*uid || streq(uid, old_uid))
		return true;
	why = xasprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", uid, old_uid);
	return ks_refuse_conflict(c->reply, c->kind, c->name, why);
}

static bool check_versions(struct change *c)
{
	const cJSON *meta = json_get(c->object, "metadata"), *old = json_get(c->old, "metadata");
	const char *rv = json_str(meta, "resourceVersion");
	struct ks_causes causes = { 0 };

	if (!check_uid(c, json_str(old, "uid")))
		return false;
	if (rv && *rv && !streq(rv, "0"))
		return streq(rv, json_str(old, "resourceVersion")) ||
		       ks_refuse_conflict(c->reply, c->kind, c->name, NULL);
	if ((c->kind->is_builtin && !streq(c->kind->plural, "leases")) || !streq(c->r->verb, "update"))
		return true;
	ks_cause(&causes, "FieldValueInvalid", "metadata.resourceVersion",
		 "Invalid value: 0: must be specified for an update");
	return ks_refuse_invalid(c->reply, c->kind, c->name, &causes);
}

static bool is_finished(const struct change *c)
{
	const cJSON *meta = json_get(c->object, "metadata"), *left = json_get(meta, "finalizers");
	const cJSON *spec = json_at(c->object, "spec", "finalizers", NULL);

	if (!json_get(meta, "deletionTimestamp") || (left && left->child))
		return false;
	return !c->kind->is_builtin || !streq(c->kind->plural, "namespaces") ||
	       (c->is_finalize && (!spec || !spec->child));
}

/* c->object is what the client wants, c->old what there is. */
static bool update(struct change *c)
{
	if (!check_place(c) || !check_versions(c))
		return false;
	keep_metadata(c);
	keep_other_part(c);
	if (!shape(c))
		return false;
	count_generation(c);
	manage(c);
	if (!has_changed(c)) {
		ks_reply_version(c->r, c->reply, 200, c->current);
		add_warnings(c);
		return true;
	}
	if (!is_finished(c)) {
		store(c, 200);
		return true;
	}
	reply_dry(c, 200);
	if (!c->is_dry)
		ks_cluster_remove(c->r->cluster, c->kind, c->current);
	return true;
}

static void do_create(struct change *c)
{
	if (c->r->name) {
		ks_refuse_method(c->reply);
		return;
	}
	if (read_body(c->r, &c->object, c->reply) && check_type(c, c->object))
		create(c);
}

/* Kinds that a PUT may make. */
static bool may_put_new(const struct ks_kind *kind)
{
	return kind->is_builtin && (streq(kind->plural, "leases") || streq(kind->plural, "events") ||
				    streq(kind->plural, "endpoints"));
}

/* No new object can have the uid that was asked for; the version means nothing here. */
static void put_new(struct change *c)
{
	if (!check_uid(c, ""))
		return;
	ks_drop(ks_need_object(c->object, "metadata"), "resourceVersion");
	create(c);
}

static void do_update(struct change *c)
{
	if (!c->r->name) {
		ks_refuse_method(c->reply);
		return;
	}
	if (!read_body(c->r, &c->object, c->reply) || !check_type(c, c->object))
		return;
	if (c->current)
		update(c);
	else if (may_put_new(c->kind) && !c->is_status)
		put_new(c);
	else
		ks_refuse_not_found(c->reply, c->kind, c->name);
}

/* --- patches --------------------------------------------------------------------------------------------- */

static bool refuse_conflicts(struct change *c, cJSON *conflicts)
{
	int n = cJSON_GetArraySize(conflicts);
	cJSON *details = cJSON_CreateObject();
	const cJSON *conflict;
	struct buf text;

	buf_init(&text, 65536);
	buf_printf(&text, "Apply failed with %d conflict%s: ", n, n == 1 ? "" : "s");
	cJSON_ArrayForEach(conflict, conflicts) {
		const char *who = json_str(conflict, "message"), *before = json_str(conflict->prev, "message");
		bool is_first = conflict == conflicts->child || !streq0(who, before);

		if (n == 1)
			buf_printf(&text, "%s: %s", who, json_str(conflict, "field"));
		else if (is_first)
			buf_printf(&text, "%sconflicts%s:\n- %s", conflict == conflicts->child ? "" : "\n",
				   who + strlen("conflict"), json_str(conflict, "field"));
		else
			buf_printf(&text, "\n- %s", json_str(conflict, "field"));
	}
	json_put(details, "causes", conflicts);
	ks_reply_json(c->reply, 409, ks_status(409, "Conflict", buf_str(&text), details));
	buf_release(&text);
	return false;
}

static bool apply(struct change *c, cJSON *config)
{
	CLEANUP(freep) char *api_version = ks_api_version(c->r->group, c->r->group_version);
	CLEANUP(cJSON_Deletep) cJSON *empty = cJSON_CreateObject();
	CLEANUP(cJSON_Deletep) cJSON *mine = cJSON_Duplicate(config, true);
	const char *manager = ks_param(c->r, "fieldManager"), *rv;
	cJSON *conflicts = NULL;
	struct err err;

	if (!manager || !*manager)
		return ks_refuse(c->reply, 422, "Invalid",
				 "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required "
				 "for apply patch");
	if (!check_type(c, config))
		return false;
	rv = json_str(json_get(mine, "metadata"), "resourceVersion");
	if (rv && c->old && !streq(rv, json_str(json_get(c->old, "metadata"), "resourceVersion")))
		return ks_refuse_conflict(c->reply, c->kind, c->name, NULL);
	/* Of an object with a status subresource each half has its own owners. */
	if (c->r->version->has_status && !c->is_status)
		ks_drop(mine, "status");
	if (c->kind->is_builtin)
		ks_drop_empty(mine);
	else if (c->r->version->schema)
		ks_schema_prune(c->r->version->schema, mine, &c->unknown);
	if (!ks_manage_apply(shape_of(c), c->old ? c->old : empty, mine,
			     &(struct ks_manager){.name = manager,
						  .api_version = api_version,
						  .sub = c->is_status ? "status" : NULL},
			     ks_param_is_true(c->r, "force"), &c->object, &conflicts, &err))
		return refuse_conflicts(c, conflicts);
	c->is_applied = true;
	return c->old ? update(c) : create(c);
}

static bool patched(struct change *c, const cJSON *patch)
{
	struct err err = { 0 };

	c->object = cJSON_Duplicate(c->old, true);
	if (is_type(c->r, "application/json-patch+json")) {
		if (!ks_json_patch(&c->object, patch, &err))
			return err.code == ERR_INVALID
				       ? ks_refuse(c->reply, 400, "BadRequest", "%s", err.msg)
				       : ks_refuse(c->reply, 422, "Invalid",
						   "the server rejected our request due to an error in our request");
	} else if (!cJSON_IsObject(patch)) {
		return ks_refuse(c->reply, 400, "BadRequest", "a patch is an object");
	} else if (is_type(c->r, "application/merge-patch+json")) {
		ks_merge_patch(c->object, patch);
	} else {
		ks_strategic_patch(c->object, patch);
	}
	return check_type(c, c->object) && update(c);
}

static bool is_patch_type(const struct change *c)
{
	return is_type(c->r, "application/json-patch+json") || is_type(c->r, "application/merge-patch+json") ||
	       (is_type(c->r, "application/strategic-merge-patch+json") && c->kind->is_builtin);
}

static void do_patch(struct change *c)
{
	CLEANUP(cJSON_Deletep) cJSON *patch = NULL;

	if (!c->r->name) {
		ks_refuse_method(c->reply);
	} else if (!is_type(c->r, APPLY_TYPE) && !is_patch_type(c)) {
		ks_refuse(c->reply, 415, "UnsupportedMediaType",
			  "the body of the request was in an unknown format - accepted media types include: "
			  "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml");
	} else if (read_body(c->r, &patch, c->reply)) {
		if (is_type(c->r, APPLY_TYPE) && (c->current || !c->is_status))
			apply(c, patch);
		else if (c->current)
			patched(c, patch);
		else
			ks_refuse_not_found(c->reply, c->kind, c->name);
	}
}

/* --- deletion -------------------------------------------------------------------------------------------- */

static bool check_preconditions(struct change *c, const cJSON *options)
{
	const cJSON *want = json_get(options, "preconditions"), *meta = json_get(c->old, "metadata");
	const char *uid = json_str(want, "uid"), *rv = json_str(want, "resourceVersion");
	CLEANUP(freep) char *why = NULL;

	if (uid && !streq(uid, json_str(meta, "uid")))
		why = xasprintf("Precondition failed: UID in precondition: %s, UID in object meta: %s", uid,
				json_str(meta, "uid"));
	else if (rv && !streq(rv, json_str(meta, "resourceVersion")))
		why = xasprintf(
			"Precondition failed: ResourceVersion in precondition: %s, ResourceVersion in object meta: %s",
			rv, json_str(meta, "resourceVersion"));
	return !why || ks_refuse_conflict(c->reply, c->kind, c->name, why);
}

static void reply_deleted(struct change *c)
{
	cJSON *details = cJSON_CreateObject();

	json_put_str(details, "name", c->name);
	if (*c->kind->group)
		json_put_str(details, "group", c->kind->group);
	json_put_str(details, "kind", c->kind->plural);
	json_put_str(details, "uid", json_str(json_get(c->old, "metadata"), "uid"));
	ks_reply_json(c->reply, 200, ks_status(200, NULL, NULL, details));
}

static bool is_dry(const struct change *c, const cJSON *options)
{
	const cJSON *dry = json_get(options, "dryRun");

	return c->is_dry || (dry && dry->child);
}

static void do_delete(struct change *c)
{
	CLEANUP(cJSON_Deletep) cJSON *options = NULL;
	struct ks_version *left = NULL;

	if (c->r->body.n && !read_body(c->r, &options, c->reply))
		return;
	if (!c->current || c->r->sub) {
		ks_refuse_not_found(c->reply, c->kind, c->name);
		return;
	}
	if (!check_preconditions(c, options))
		return;
	if (!is_dry(c, options))
		left = ks_cluster_delete(c->r->cluster, c->kind, c->current);
	if (left)
		ks_reply_version(c->r, c->reply, 200, left);
	else
		reply_deleted(c);
	ks_version_unref(left);
}

struct collected {
	const struct ks_filter *filter;
	struct ks_version **v;
	size_t n, cap;
};

static bool collect(void *arg, struct ks_version *version)
{
	struct collected *all = arg;

	if (!ks_filter_fits(all->filter, version))
		return true;
	all->v = grow(all->v, &all->cap, all->n, sizeof(*all->v));
	all->v[all->n++] = ks_version_ref(version);
	return true;
}

static void do_delete_collection(struct change *c)
{
	const struct ks_request *r = c->r;
	struct ks_filter filter = { 0 };
	struct collected all = { .filter = &filter };

	if (ks_filter_read(r, &filter, c->reply)) {
		ks_table_each_at(c->kind->table, r->cluster->rv, filter.prefix, "", collect, &all);
		ks_answer_list(r, c->reply);
	}
	for (size_t i = 0; i < all.n; i++) {
		struct ks_version *now = ks_table_find(c->kind->table, all.v[i]->key);

		if (now && !c->is_dry)
			ks_version_unref(ks_cluster_delete(r->cluster, c->kind, now));
		ks_version_unref(all.v[i]);
	}
	free(all.v);
	ks_filter_release(&filter);
}

/* What is kept, as clients of the request's version see it. */
static cJSON *parse_as(const struct change *c, const struct ks_version *version)
{
	CLEANUP(freep) char *api_version = ks_api_version(c->r->group, c->r->group_version);
	cJSON *object = ks_version_parse(version);

	ks_set_str(object, "apiVersion", api_version);
	return object;
}

void ks_answer_write(const struct ks_request *r, struct ks_reply *reply)
{
	static const struct {
		const char *verb;
		void (*run)(struct change *c);
	} verbs[] = {
		{ "create", do_create }, { "update", do_update }, { "patch", do_patch }, { "delete", do_delete },
		{ "deletecollection", do_delete_collection },
	};
	struct change c = { .r = r, .reply = reply, .kind = r->kind, .namespace = r->namespace, .name = r->name };

	c.is_dry = streq0(ks_param(r, "dryRun"), "All");
	c.is_status = streq0(r->sub, "status");
	c.is_finalize = streq0(r->sub, "finalize");
	if (r->name)
		c.current = ks_cluster_find(r->kind, r->namespace ? r->namespace : "", r->name);
	if (c.current)
		c.old = parse_as(&c, c.current);
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (streq(verbs[i].verb, r->verb)) {
			verbs[i].run(&c);
			change_release(&c);
			return;
		}
	change_release(&c);
	ks_refuse_method(reply);
}
