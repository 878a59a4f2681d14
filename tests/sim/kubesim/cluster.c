#include "tests/sim/kubesim/cluster.h"

#include <utlist.h>

#include "tests/sim/kubesim/builtin.h"
#include "tests/sim/kubesim/schema.h"
#include "tests/sim/kubesim/text.h"

static const char *const kept_namespaces[] = { "default", "kube-node-lease", "kube-public", "kube-system" };

static void make_namespaces(struct ks_cluster *c)
{
	struct ks_kind *kind = ks_kind_find(&c->kinds, "", "namespaces");

	for (size_t i = 0; i < ARRAY_SIZE(kept_namespaces); i++) {
		cJSON *object = cJSON_CreateObject(), *meta = json_put_object(object, "metadata");

		json_put_str(meta, "name", kept_namespaces[i]);
		ks_fill_created(kind, object);
		ks_builtin_default(c, kind, object, NULL);
		ks_cluster_put(c, kind, object);
	}
}

struct ks_cluster *ks_cluster_new(const char *name, size_t max_events)
{
	struct ks_cluster *c = xcalloc(1, sizeof(*c));

	c->name = xstrdup(name);
	c->max_events = max_events;
	ks_kinds_init(&c->kinds);
	make_namespaces(c);
	return c;
}

void ks_cluster_free(struct ks_cluster *c)
{
	if (!c)
		return;
	ks_kinds_release(&c->kinds);
	free(c->name);
	free(c);
}

struct ks_version *ks_cluster_find(const struct ks_kind *kind, const char *namespace, const char *name)
{
	CLEANUP(freep) char *key = ks_key(kind->is_namespaced ? namespace : "", name);

	return ks_table_find(kind->table, key);
}

static bool is_kind(const struct ks_kind *kind, const char *plural)
{
	return kind->is_builtin && streq(kind->plural, plural);
}

static void tell(struct ks_cluster *c, struct ks_kind *kind, const struct ks_event *event)
{
	if (c->on_event)
		c->on_event(c, kind, event);
}

static void set_rv(struct ks_cluster *c, cJSON *object)
{
	CLEANUP(freep) char *rv = xasprintf("%lu", (unsigned long)++c->rv);

	ks_set_str(ks_need_object(object, "metadata"), "resourceVersion", rv);
}

/* What is kept loses the fields that the new schema does not know, as reading it from a real one's storage does. */
static void prune_kept(struct ks_cluster *c, struct ks_kind *kind)
{
	const cJSON *schema = kind->versions[kind->storage].schema;
	CLEANUP(freep) char *from = xstrdup("");
	const struct ks_node *node;

	while (schema && (node = ks_table_seek(kind->table, from))) {
		CLEANUP(strs_release) struct strs unknown = { 0 };
		cJSON *object = ks_version_parse(ks_node_version(node));

		free(from);
		from = xasprintf("%s ", ks_node_version(node)->key);        /* the next one behind it; a blank is in no key */
		ks_schema_prune(schema, object, &unknown);
		if (unknown.n)
			ks_cluster_put(c, kind, object);
		else
			cJSON_Delete(object);
	}
}

static void define_kind(struct ks_cluster *c, const cJSON *crd)
{
	const cJSON *spec = json_get(crd, "spec");
	struct ks_kind *kind = ks_kind_find(&c->kinds, json_str(spec, "group"), json_str(json_get(spec, "names"), "plural"));
	CLEANUP(cJSON_Deletep) cJSON *before = kind ? cJSON_Duplicate(kind->versions[kind->storage].schema, true) : NULL;

	kind = ks_kind_define(&c->kinds, crd);
	if (before && !json_same(before, kind->versions[kind->storage].schema))
		prune_kept(c, kind);
}

struct ks_version *ks_cluster_put(struct ks_cluster *c, struct ks_kind *kind, cJSON *object)
{
	struct ks_version *version;

	set_rv(c, object);
	version = ks_version_new(kind, object);
	tell(c, kind, ks_table_put(kind->table, version, c->max_events));
	if (is_kind(kind, "customresourcedefinitions") && !json_at(object, "metadata", "deletionTimestamp", NULL))
		define_kind(c, object);
	cJSON_Delete(object);
	return version;
}

static bool has_objects(const struct ks_kind *kind, const char *namespace)
{
	CLEANUP(freep) char *prefix = xasprintf("%s/", namespace);
	const struct ks_node *node = kind->is_namespaced ? ks_table_seek(kind->table, prefix) : NULL;

	return node && strncmp(ks_node_version(node)->key, prefix, strlen(prefix)) == 0;
}

/* A namespace that is empty and goes, goes. */
static void finish_namespace(struct ks_cluster *c, const char *name)
{
	struct ks_kind *kind, *namespaces = ks_kind_find(&c->kinds, "", "namespaces");
	struct ks_version *version = ks_cluster_find(namespaces, "", name);
	bool is_terminating;

	if (!ks_namespace_is_there(c, name, &is_terminating) || !is_terminating)
		return;
	LL_FOREACH(c->kinds.first, kind)
		if (!kind->is_gone && has_objects(kind, name))
			return;
	ks_cluster_remove(c, namespaces, version);
}

/* With a definition all of its objects go. */
static void drop_kind(struct ks_cluster *c, const struct ks_version *crd)
{
	CLEANUP(cJSON_Deletep) cJSON *object = ks_version_parse(crd);
	struct ks_kind *kind = ks_kind_find(&c->kinds, json_str(json_get(object, "spec"), "group"),
					    json_str(json_at(object, "spec", "names", NULL), "plural"));
	const struct ks_node *node;

	if (!kind || kind->is_builtin)
		return;
	while ((node = ks_table_seek(kind->table, "")))
		ks_cluster_remove(c, kind, ks_node_version(node));
	kind->is_gone = true;
	if (c->on_kind_gone)
		c->on_kind_gone(c, kind);
}

void ks_cluster_remove(struct ks_cluster *c, struct ks_kind *kind, struct ks_version *version)
{
	CLEANUP(cJSON_Deletep) cJSON *object = ks_version_parse(version);
	struct ks_version *kept = ks_version_ref(version);

	set_rv(c, object);
	tell(c, kind, ks_table_remove(kind->table, ks_version_new(kind, object), c->max_events));
	if (is_kind(kind, "customresourcedefinitions"))
		drop_kind(c, kept);
	if (*kept->namespace)
		finish_namespace(c, kept->namespace);
	ks_version_unref(kept);
}

/* Deletes what is in a namespace; what has finalizers stays, and the namespace with it. */
static void empty_namespace(struct ks_cluster *c, const char *name)
{
	CLEANUP(freep) char *prefix = xasprintf("%s/", name);
	struct ks_kind *kind;

	LL_FOREACH(c->kinds.first, kind) {
		CLEANUP(freep) char *from = xstrdup(prefix);

		while (kind->is_namespaced && !kind->is_gone) {
			const struct ks_node *node = ks_table_seek(kind->table, from);
			struct ks_version *version = node ? ks_node_version(node) : NULL;

			if (!version || strncmp(version->key, prefix, strlen(prefix)) != 0)
				break;
			free(from);
			from = xasprintf("%s ", version->key);      /* the next one behind it; a blank is in no key */
			ks_version_unref(ks_cluster_delete(c, kind, version));
		}
	}
}

static bool has_finalizers(const cJSON *object)
{
	const cJSON *list = json_at(object, "metadata", "finalizers", NULL);

	return list && list->child;
}

static struct ks_version *mark_deleted(struct ks_cluster *c, struct ks_kind *kind, cJSON *object)
{
	CLEANUP(freep) char *now = ks_now(false);
	cJSON *meta = ks_child(object, "metadata");

	ks_set_str(meta, "deletionTimestamp", now);
	ks_set_int(meta, "deletionGracePeriodSeconds", 0);
	if (json_get(meta, "generation"))
		ks_set_int(meta, "generation", json_int(meta, "generation", 0) + 1);
	if (is_kind(kind, "namespaces"))
		ks_set_str(ks_need_object(object, "status"), "phase", "Terminating");
	return ks_cluster_put(c, kind, object);
}

struct ks_version *ks_cluster_delete(struct ks_cluster *c, struct ks_kind *kind, struct ks_version *version)
{
	CLEANUP(cJSON_Deletep) cJSON *object = ks_version_parse(version);
	bool is_namespace = is_kind(kind, "namespaces");

	if (!is_namespace && !has_finalizers(object)) {
		ks_cluster_remove(c, kind, version);
		return NULL;
	}
	if (!json_at(object, "metadata", "deletionTimestamp", NULL))
		version = mark_deleted(c, kind, TAKE(object));
	version = ks_version_ref(version);
	if (is_namespace) {
		empty_namespace(c, version->name);
		finish_namespace(c, version->name);
	}
	return version;
}

bool ks_namespace_is_there(const struct ks_cluster *c, const char *name, bool *is_terminating)
{
	const struct ks_version *version = ks_cluster_find(ks_kind_find(&c->kinds, "", "namespaces"), "", name);

	*is_terminating = version && streq(version->fields.v[0], "Terminating");
	return version;
}

static bool is_kept(const struct ks_kind *kind, const char *name)
{
	if (!is_kind(kind, "namespaces"))
		return is_kind(kind, "customresourcedefinitions");
	for (size_t i = 0; i < ARRAY_SIZE(kept_namespaces); i++)
		if (streq(kept_namespaces[i], name))
			return true;
	return false;
}

void ks_cluster_reset(struct ks_cluster *c)
{
	struct ks_kind *kind;

	LL_FOREACH(c->kinds.first, kind) {
		const struct ks_node *node = ks_table_seek(kind->table, "");

		while (node) {
			struct ks_version *version = ks_node_version(node);
			CLEANUP(freep) char *from = xasprintf("%s ", version->key);

			if (!is_kept(kind, version->name))
				ks_cluster_remove(c, kind, version);
			node = ks_table_seek(kind->table, from);
		}
	}
}

void ks_cluster_compact(struct ks_cluster *c)
{
	struct ks_kind *kind;

	c->rv++;
	LL_FOREACH(c->kinds.first, kind)
		ks_table_forget(kind->table, c->rv);
}
