/* Several kubeconfig files as one. */
#include "common/base/yaml.h"
#include "common/kube/kubeconfig_parts.h"

static const char *const lists[] = { "clusters", "users", "contexts" };

/* A path in a file is relative to that file's folder. */
static void settle_path(const char *dir, cJSON *object, const char *field)
{
	const char *path = json_str(object, field);
	CLEANUP(freep) char *whole = path && *path ? kubeconfig_path_in(dir, path) : NULL;

	if (whole)
		cJSON_ReplaceItemInObjectCaseSensitive(object, field, cJSON_CreateString(whole));
}

static cJSON *part_of(cJSON *entry, const char *name)
{
	cJSON *part = cJSON_GetObjectItemCaseSensitive(entry, name);

	return cJSON_IsObject(part) ? part : NULL;
}

static void settle_paths(const char *dir, cJSON *entry)
{
	cJSON *cluster = part_of(entry, "cluster"), *user = part_of(entry, "user"), *exec = part_of(user, "exec");
	const char *command = json_str(exec, "command");

	settle_path(dir, cluster, "certificate-authority");
	settle_path(dir, user, "client-certificate");
	settle_path(dir, user, "client-key");
	settle_path(dir, user, "tokenFile");
	if (command && strchr(command, '/'))
		settle_path(dir, exec, "command");
}

static void move_list(const char *dir, cJSON *from, cJSON *to)
{
	while (from && from->child) {
		cJSON *entry = cJSON_DetachItemViaPointer(from, from->child);

		settle_paths(dir, entry);
		cJSON_AddItemToArray(to, entry);
	}
}

/* ERR_INVALID where one of the lists is none: said with the file's name, which the whole does not have any more. */
static bool add(const char *dir, cJSON *file, cJSON *all, struct err *err)
{
	const char *current = json_str(file, "current-context");

	if (!cJSON_IsObject(file))
		return cJSON_IsNull(file) || err_set(err, ERR_INVALID, "not a kubeconfig: no fields in it");
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		cJSON *list = cJSON_GetObjectItemCaseSensitive(file, lists[i]);

		if (list && !cJSON_IsNull(list) && !cJSON_IsArray(list))
			return err_set(err, ERR_INVALID, "%s: expected a list", lists[i]);
		move_list(dir, list, cJSON_GetObjectItemCaseSensitive(all, lists[i]));
	}
	if (current && *current && !json_get(all, "current-context"))
		json_put_str(all, "current-context", current);
	return true;
}

static bool add_file(const char *path, cJSON *all, size_t *n_found, struct err *err)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(freep) char *dir = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	CLEANUP(secret_release) struct secret text = { 0 };
	CLEANUP(json_wipe_freep) cJSON *json = NULL;
	struct err why = { 0 };

	if (!kubeconfig_read_file(path, KUBECONFIG_MAX_BYTES, true, &text, &why)) {
		if (why.code == ERR_NOTFOUND)
			return true;
		*err = why;
		return false;
	}
	(*n_found)++;
	json = yaml_parse((struct slice){ text.bytes, text.n }, err);
	return (json && add(dir, json, all, err)) || err_wrap(err, "%s", path);
}

bool kubeconfig_read_merged(const struct strs *paths, struct kubeconfig *out, struct err *err)
{
	CLEANUP(json_wipe_freep) cJSON *all = cJSON_CreateObject();
	CLEANUP(freep) char *names = strs_join(paths, ":");
	size_t n_found = 0;

	*out = (struct kubeconfig){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		json_put_array(all, lists[i]);
	for (size_t i = 0; i < paths->n; i++)
		if (!add_file(paths->v[i], all, &n_found, err))
			return false;
	if (!n_found)
		return err_set(err, ERR_NOTFOUND, "%s: not there", names);
	return kubeconfig_from_json(all, NULL, out, err) || err_wrap(err, "%s", names);
}
