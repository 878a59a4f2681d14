#include "tests/sim/kubesim/load.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "common/base/yaml.h"
#include "tests/sim/kubesim/builtin.h"
#include "tests/sim/kubesim/schema.h"
#include "tests/sim/kubesim/text.h"

#define MAX_FILE_BYTES (16u * 1024 * 1024)

static void need_namespace(struct ks_cluster *cluster, const char *name)
{
	struct ks_kind *kind = ks_kind_find(&cluster->kinds, "", "namespaces");
	cJSON *object;

	if (ks_cluster_find(kind, "", name))
		return;
	object = cJSON_CreateObject();
	json_put_str(json_put_object(object, "metadata"), "name", name);
	ks_fill_created(kind, object);
	ks_builtin_default(cluster, kind, object, NULL);
	ks_cluster_put(cluster, kind, object);
}

static struct ks_kind *find_kind(const struct ks_cluster *cluster, const cJSON *object,
				 const struct ks_kind_version **version, struct err *err)
{
	struct ks_kind *kind = ks_kind_of(&cluster->kinds, object, version);

	if (!kind)
		err_set(err, ERR_NOTFOUND, "%s: no kind \"%s\" in \"%s\"", cluster->name,
			json_str(object, "kind") ?: "", json_str(object, "apiVersion") ?: "");
	return kind;
}

static const char *namespace_of(const struct ks_kind *kind, const cJSON *object)
{
	const char *namespace = json_str(json_get(object, "metadata"), "namespace");

	return !kind->is_namespaced ? "" : namespace ? namespace : "default";
}

bool ks_load_object(struct ks_cluster *cluster, const cJSON *given, struct err *err)
{
	static const char *const kept[] = { "uid", "creationTimestamp", "generation" };
	const struct ks_kind_version *version;
	struct ks_kind *kind = find_kind(cluster, given, &version, err);
	const char *name = json_str(json_get(given, "metadata"), "name");
	struct ks_version *now;
	cJSON *object, *meta;

	if (!kind)
		return false;
	if (!name || !*name)
		return err_set(err, ERR_INVALID, "%s: no name", kind->kind);
	if (kind->is_namespaced)
		need_namespace(cluster, namespace_of(kind, given));
	now = ks_cluster_find(kind, namespace_of(kind, given), name);
	object = cJSON_Duplicate(given, true);
	ks_fill_created(kind, object);
	meta = ks_child(object, "metadata");
	if (kind->is_namespaced)
		ks_set_str(meta, "namespace", namespace_of(kind, given));
	if (now) {
		CLEANUP(cJSON_Deletep) cJSON *old = ks_version_parse(now);

		for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
			if (json_at(old, "metadata", kept[i], NULL))
				ks_set(meta, kept[i], cJSON_Duplicate(json_at(old, "metadata", kept[i], NULL), true));
		ks_builtin_default(cluster, kind, object, old);
	} else {
		ks_builtin_default(cluster, kind, object, NULL);
	}
	if (version->schema) {
		ks_schema_prune(version->schema, object, NULL);
		ks_schema_default(version->schema, object);
	}
	ks_cluster_put(cluster, kind, object);
	return true;
}

bool ks_unload_object(struct ks_cluster *cluster, const cJSON *object, struct err *err)
{
	const struct ks_kind_version *version;
	struct ks_kind *kind = find_kind(cluster, object, &version, err);
	const char *name = json_str(json_get(object, "metadata"), "name");
	struct ks_version *now;

	if (!kind)
		return false;
	now = ks_cluster_find(kind, namespace_of(kind, object), name ? name : "");
	if (now)
		ks_version_unref(ks_cluster_delete(cluster, kind, now));
	return true;
}

/* --- files ----------------------------------------------------------------------------------------------- */

static bool read_file(const char *path, struct buf *out, struct err *err)
{
	FILE *file = fopen(path, "r");
	char block[65536];
	bool fits = true;
	size_t n;

	if (!file)
		return err_set(err, ERR_INVALID, "%s: %m", path);
	buf_init(out, MAX_FILE_BYTES);
	while (fits && (n = fread(block, 1, sizeof(block), file)) > 0)
		fits = buf_add(out, (struct slice){ block, n });
	fclose(file);
	return fits || err_set(err, ERR_LIMIT, "%s: over %u bytes", path, MAX_FILE_BYTES);
}

static bool load_definition(struct ks_cluster *cluster, const cJSON *crd, struct err *err)
{
	struct ks_kind *kind = ks_kind_find(&cluster->kinds, "apiextensions.k8s.io", "customresourcedefinitions");
	CLEANUP(cJSON_Deletep) cJSON *whole = cJSON_Duplicate(crd, true);
	struct ks_causes causes = { 0 };

	ks_crd_default(whole);
	ks_builtin_check(kind, whole, NULL, &causes);
	if (causes.n) {
		err_set(err, ERR_INVALID, "%s: %s", json_str(causes.list->child, "field"),
			json_str(causes.list->child, "message"));
		ks_causes_release(&causes);
		return false;
	}
	return ks_load_object(cluster, whole, err);
}

/* The documents of a file are parted by lines of "---". */
static bool next_document(struct slice *rest, struct slice *document)
{
	const char *end;

	if (!rest->p)
		return false;
	end = memmem(rest->p, rest->n, "\n---", 4);
	*document = *rest;
	if (!end) {
		rest->p = NULL;
		return true;
	}
	document->n = (size_t)(end - rest->p) + 1;
	rest->n -= document->n;
	rest->p += document->n;
	end = memchr(rest->p, '\n', rest->n);
	*rest = end ? (struct slice){ end + 1, rest->n - (size_t)(end + 1 - rest->p) } : (struct slice){ NULL, 0 };
	return true;
}

static bool load_file(struct ks_cluster *cluster, const char *path, struct err *err)
{
	CLEANUP(buf_release) struct buf text = { 0 };
	struct slice rest, document;

	if (!read_file(path, &text, err))
		return false;
	rest = buf_slice(&text);
	while (next_document(&rest, &document)) {
		struct err why = { 0 };
		CLEANUP(cJSON_Deletep) cJSON *object = yaml_parse(document, &why);

		if (!object)
			return err_set(err, ERR_INVALID, "%s: %s", path, why.msg);
		if (streq0(json_str(object, "kind"), "CustomResourceDefinition") &&
		    !load_definition(cluster, object, err))
			return err_wrap(err, "%s", path);
	}
	return true;
}

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);

	return n > n_end && streq(name + n - n_end, end);
}

static bool load_folder(struct ks_cluster *cluster, const char *path, struct err *err)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	CLEANUP(strs_release) struct strs names = { 0 };

	if (!folder)
		return err_set(err, ERR_INVALID, "%s: %m", path);
	while ((entry = readdir(folder)))
		if (ends_in(entry->d_name, ".yaml") || ends_in(entry->d_name, ".yml") ||
		    ends_in(entry->d_name, ".json"))
			strs_take(&names, xasprintf("%s/%s", path, entry->d_name));
	closedir(folder);
	strs_sort(&names);
	for (size_t i = 0; i < names.n; i++)
		if (!load_file(cluster, names.v[i], err))
			return false;
	return true;
}

bool ks_load_definitions(struct ks_cluster *cluster, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(err, ERR_INVALID, "%s: %m", path);
	return S_ISDIR(st.st_mode) ? load_folder(cluster, path, err) : load_file(cluster, path, err);
}
