/* Paths that are no resources: discovery, versions, health. */
#include "tests/sim/kubesim/api.h"

#include <utlist.h>

#include "tests/sim/kubesim/text.h"

#define VERSION_TEXT                                                                                                   \
	"{\"major\":\"1\",\"minor\":\"35\",\"gitVersion\":\"v1.35.4\",\"gitCommit\":\"\",\"gitTreeState\":\"clean\","  \
	"\"buildDate\":\"1970-01-01T00:00:00Z\",\"goVersion\":\"none\",\"compiler\":\"gcc\",\"platform\":\"linux/"     \
	"amd64\"}\n"

static void put_list(cJSON *object, const char *key, const struct strs *list)
{
	cJSON *array = list->n ? json_put_array(object, key) : NULL;

	for (size_t i = 0; i < list->n; i++)
		json_add_str(array, list->v[i]);
}

static cJSON *add_resource(cJSON *list, const struct ks_kind *kind, const char *sub, const char *const *verbs,
			   size_t n_verbs)
{
	cJSON *entry = json_add_object(list), *array;
	CLEANUP(freep) char *name = sub ? xasprintf("%s/%s", kind->plural, sub) : xstrdup(kind->plural);

	json_put_str(entry, "name", name);
	json_put_str(entry, "singularName", sub ? "" : kind->singular);
	json_put_bool(entry, "namespaced", kind->is_namespaced);
	json_put_str(entry, "kind", kind->kind);
	array = json_put_array(entry, "verbs");
	for (size_t i = 0; i < n_verbs; i++)
		json_add_str(array, verbs[i]);
	return entry;
}

static void add_kind(cJSON *list, const struct ks_kind *kind, const struct ks_kind_version *version)
{
	static const char *const verbs[] = {"create", "delete", "deletecollection", "get",
					    "list",   "patch",  "update",           "watch"};
	static const char *const status_verbs[] = { "get", "patch", "update" };
	static const char *const finalize_verbs[] = { "update" };
	cJSON *entry = add_resource(list, kind, NULL, verbs, ARRAY_SIZE(verbs));

	put_list(entry, "shortNames", &kind->short_names);
	put_list(entry, "categories", &kind->categories);
	if (kind->is_builtin && streq(kind->plural, "namespaces"))
		add_resource(list, kind, "finalize", finalize_verbs, ARRAY_SIZE(finalize_verbs));
	if (version->has_status)
		add_resource(list, kind, "status", status_verbs, ARRAY_SIZE(status_verbs));
}

static void answer_resources(const struct ks_request *r, struct ks_reply *reply)
{
	CLEANUP(freep) char *api_version = ks_api_version(r->group, r->group_version);
	cJSON *body, *list;
	const struct ks_kind *kind;

	if (!ks_group_is_served(&r->cluster->kinds, r->group, r->group_version)) {
		ks_reply_text(reply, 404, "text/plain; charset=utf-8", xstrdup("404 page not found\n"));
		return;
	}
	body = cJSON_CreateObject();
	json_put_str(body, "kind", "APIResourceList");
	json_put_str(body, "apiVersion", "v1");
	json_put_str(body, "groupVersion", api_version);
	list = json_put_array(body, "resources");
	LL_FOREACH(r->cluster->kinds.first, kind) {
		const struct ks_kind_version *version = ks_kind_version(kind, r->group_version);

		if (!kind->is_gone && version && streq(kind->group, r->group))
			add_kind(list, kind, version);
	}
	ks_reply_json(reply, 200, body);
}

static cJSON *version_entry(const char *group, const char *version)
{
	cJSON *entry = cJSON_CreateObject();
	CLEANUP(freep) char *api_version = ks_api_version(group, version);

	json_put_str(entry, "groupVersion", api_version);
	json_put_str(entry, "version", version);
	return entry;
}

static cJSON *group_entry(const struct ks_kinds *kinds, const char *group)
{
	cJSON *entry = cJSON_CreateObject(), *versions;
	const struct ks_kind *kind;
	CLEANUP(strs_release) struct strs names = { 0 };

	LL_FOREACH(kinds->first, kind)
		for (size_t i = 0; i < kind->n_versions; i++)
			if (!kind->is_gone && streq(kind->group, group) && kind->versions[i].is_served)
				strs_add_once(&names, kind->versions[i].name);
	strs_sort(&names);
	json_put_str(entry, "name", group);
	versions = json_put_array(entry, "versions");
	for (size_t i = names.n; i-- > 0;)     /* the newest first */
		cJSON_AddItemToArray(versions, version_entry(group, names.v[i]));
	json_put(entry, "preferredVersion", version_entry(group, names.v[names.n - 1]));
	return entry;
}

static void answer_group(const struct ks_request *r, struct ks_reply *reply)
{
	cJSON *body;

	if (!*r->group || !ks_group_is_served(&r->cluster->kinds, r->group, NULL)) {
		ks_reply_text(reply, 404, "text/plain; charset=utf-8", xstrdup("404 page not found\n"));
		return;
	}
	body = group_entry(&r->cluster->kinds, r->group);
	json_put_str(body, "kind", "APIGroup");
	json_put_str(body, "apiVersion", "v1");
	ks_reply_json(reply, 200, body);
}

static void answer_groups(const struct ks_request *r, struct ks_reply *reply)
{
	cJSON *body = cJSON_CreateObject(), *list;
	const struct ks_kind *kind;
	CLEANUP(strs_release) struct strs names = { 0 };

	json_put_str(body, "kind", "APIGroupList");
	json_put_str(body, "apiVersion", "v1");
	list = json_put_array(body, "groups");
	LL_FOREACH(r->cluster->kinds.first, kind)
		if (!kind->is_gone && *kind->group)
			strs_add_once(&names, kind->group);
	for (size_t i = 0; i < names.n; i++)
		cJSON_AddItemToArray(list, group_entry(&r->cluster->kinds, names.v[i]));
	ks_reply_json(reply, 200, body);
}

static void answer_core(struct ks_reply *reply)
{
	cJSON *body = cJSON_CreateObject();

	json_put_str(body, "kind", "APIVersions");
	json_add_str(json_put_array(body, "versions"), "v1");
	json_put_array(body, "serverAddressByClientCIDRs");
	ks_reply_json(reply, 200, body);
}

/* --- OpenAPI: only what clients have to know to let the server check fields ------------------------------ */

static char *root_of(const char *group, const char *version)
{
	return *group ? xasprintf("apis/%s/%s", group, version) : xasprintf("api/%s", version);
}

static void answer_openapi_root(const struct ks_request *r, struct ks_reply *reply)
{
	cJSON *body = cJSON_CreateObject(), *paths = json_put_object(body, "paths");
	const struct ks_kind *kind;

	LL_FOREACH(r->cluster->kinds.first, kind)
		for (size_t i = 0; !kind->is_gone && i < kind->n_versions; i++) {
			CLEANUP(freep) char *root = root_of(kind->group, kind->versions[i].name);
			CLEANUP(freep) char *url = xasprintf("/openapi/v3/%s", root);

			if (kind->versions[i].is_served && !json_get(paths, root))
				json_put_str(json_put_object(paths, root), "serverRelativeURL", url);
		}
	ks_reply_json(reply, 200, body);
}

static void add_path(cJSON *paths, const struct ks_kind *kind, const char *root, const char *version)
{
	CLEANUP(freep)
	char *path =
		xasprintf("/%s/%s%s/{name}", root, kind->is_namespaced ? "namespaces/{namespace}/" : "", kind->plural);
	cJSON *patch = json_put_object(json_put_object(paths, path), "patch"), *parameter, *gvk;

	parameter = json_add_object(json_put_array(patch, "parameters"));
	json_put_str(parameter, "name", "fieldValidation");
	json_put_str(parameter, "in", "query");
	json_put_object(patch, "responses");
	gvk = json_put_object(patch, "x-kubernetes-group-version-kind");
	json_put_str(gvk, "group", kind->group);
	json_put_str(gvk, "kind", kind->kind);
	json_put_str(gvk, "version", version);
}

static void answer_openapi(const struct ks_request *r, struct ks_reply *reply)
{
	const char *asked = r->path + strlen("/openapi/v3/");
	cJSON *body = cJSON_CreateObject(), *paths, *info;
	const struct ks_kind *kind;

	json_put_str(body, "openapi", "3.0.0");
	info = json_put_object(body, "info");
	json_put_str(info, "title", "kubesim");
	json_put_str(info, "version", "v1.35.4");
	paths = json_put_object(body, "paths");
	LL_FOREACH(r->cluster->kinds.first, kind)
		for (size_t i = 0; !kind->is_gone && i < kind->n_versions; i++) {
			CLEANUP(freep) char *root = root_of(kind->group, kind->versions[i].name);

			if (kind->versions[i].is_served && streq(root, asked))
				add_path(paths, kind, root, kind->versions[i].name);
		}
	if (paths->child) {
		ks_reply_json(reply, 200, body);
		return;
	}
	cJSON_Delete(body);
	ks_reply_text(reply, 404, "text/plain; charset=utf-8", xstrdup("404 page not found\n"));
}

static bool is_health(const char *path)
{
	static const char *const paths[] = { "/healthz", "/readyz", "/livez" };

	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (strncmp(path, paths[i], strlen(paths[i])) == 0)
			return true;
	return false;
}

void ks_answer_discovery(const struct ks_request *r, struct ks_reply *reply)
{
	if (!streq(r->method, "GET") && !streq(r->method, "HEAD"))
		ks_refuse_method(reply);
	else if (r->group_version)
		answer_resources(r, reply);
	else if (streq(r->path, "/api") || streq(r->path, "/api/"))
		answer_core(reply);
	else if (streq(r->path, "/apis") || streq(r->path, "/apis/"))
		answer_groups(r, reply);
	else if (r->group)
		answer_group(r, reply);
	else if (streq(r->path, "/version") || streq(r->path, "/version/"))
		ks_reply_text(reply, 200, "application/json", xstrdup(VERSION_TEXT));
	else if (streq(r->path, "/openapi/v3") || streq(r->path, "/openapi/v3/"))
		answer_openapi_root(r, reply);
	else if (strncmp(r->path, "/openapi/v3/", 12) == 0)
		answer_openapi(r, reply);
	else if (is_health(r->path))
		ks_reply_text(reply, 200, "text/plain; charset=utf-8", xstrdup("ok"));
	else
		ks_reply_text(reply, 404, "text/plain; charset=utf-8", xstrdup("404 page not found\n"));
}
