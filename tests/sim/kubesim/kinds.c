#include "tests/sim/kubesim/kinds.h"

#include <utlist.h>

#include "tests/sim/kubesim/store.h"
#include "tests/sim/kubesim/text.h"

static const char *const namespace_fields[] = { "status.phase", NULL };
static const char *const service_fields[] = { "spec.clusterIP", "spec.type", NULL };
static const char *const secret_fields[] = { "type", NULL };
static const char *const pod_fields[] = { "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
					  "spec.serviceAccountName", "status.phase", "status.podIP", NULL };
static const char *const event_fields[] = { "involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
					    "involvedObject.uid", "involvedObject.apiVersion", "reason",
					    "reportingComponent", "source", "type", NULL };

static const struct builtin {
	const char *group, *version, *plural, *singular, *kind, *short_name, *category;
	bool is_namespaced, has_status, has_generation;
	const char *const *fields;
} builtins[] = {
	{"", "v1", "namespaces", "namespace", "Namespace", "ns", NULL, false, true, false, namespace_fields},
	{"", "v1", "services", "service", "Service", "svc", "all", true, true, false, service_fields},
	{"", "v1", "secrets", "secret", "Secret", NULL, NULL, true, false, false, secret_fields},
	{"", "v1", "configmaps", "configmap", "ConfigMap", "cm", NULL, true, false, false, NULL},
	{"", "v1", "events", "event", "Event", "ev", NULL, true, false, false, event_fields},
	{"", "v1", "pods", "pod", "Pod", "po", "all", true, true, true, pod_fields},
	{"", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", "sa", NULL, true, false, false, NULL},
	{"", "v1", "endpoints", "endpoints", "Endpoints", "ep", NULL, true, false, false, NULL},
	{"networking.k8s.io", "v1", "ingresses", "ingress", "Ingress", "ing", NULL, true, true, true, NULL},
	{"networking.k8s.io", "v1", "ingressclasses", "ingressclass", "IngressClass", NULL, NULL, false, false, true,
	 NULL},
	{"coordination.k8s.io", "v1", "leases", "lease", "Lease", NULL, NULL, true, false, false, NULL},
	{"apps", "v1", "deployments", "deployment", "Deployment", "deploy", "all", true, true, true, NULL},
	{"rbac.authorization.k8s.io", "v1", "clusterroles", "clusterrole", "ClusterRole", NULL, NULL, false, false,
	 false, NULL},
	{"rbac.authorization.k8s.io", "v1", "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", NULL,
	 NULL, false, false, false, NULL},
	{"rbac.authorization.k8s.io", "v1", "roles", "role", "Role", NULL, NULL, true, false, false, NULL},
	{"rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding", "RoleBinding", NULL, NULL, true, false,
	 false, NULL},
	{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "customresourcedefinition",
	 "CustomResourceDefinition", "crd", "api-extensions", false, true, true, NULL},
};

static struct ks_kind *kind_new(struct ks_kinds *kinds, const char *group, const char *plural)
{
	struct ks_kind *kind = xcalloc(1, sizeof(*kind));

	kind->group = xstrdup(group);
	kind->plural = xstrdup(plural);
	kind->table = ks_table_new();
	LL_APPEND(kinds->first, kind);
	return kind;
}

static void release_versions(struct ks_kind *kind)
{
	for (size_t i = 0; i < kind->n_versions; i++) {
		free(kind->versions[i].name);
		cJSON_Delete(kind->versions[i].schema);
		cJSON_Delete(kind->versions[i].columns);
	}
	free(TAKE(kind->versions));
	kind->n_versions = 0;
}

static void release_names(struct ks_kind *kind)
{
	free(kind->singular);
	free(kind->kind);
	free(kind->list_kind);
	strs_release(&kind->short_names);
	strs_release(&kind->categories);
}

static void kind_free(struct ks_kind *kind)
{
	release_versions(kind);
	release_names(kind);
	free(kind->group);
	free(kind->plural);
	ks_table_free(kind->table);
	free(kind);
}

void ks_kinds_init(struct ks_kinds *kinds)
{
	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++) {
		const struct builtin *b = &builtins[i];
		struct ks_kind *kind = kind_new(kinds, b->group, b->plural);

		kind->is_builtin = true;
		kind->is_namespaced = b->is_namespaced;
		kind->has_generation = b->has_generation;
		kind->fields = b->fields;
		kind->singular = xstrdup(b->singular);
		kind->kind = xstrdup(b->kind);
		kind->list_kind = xasprintf("%sList", b->kind);
		if (b->short_name)
			strs_add(&kind->short_names, b->short_name);
		if (b->category)
			strs_add(&kind->categories, b->category);
		kind->versions = xcalloc(1, sizeof(*kind->versions));
		kind->n_versions = 1;
		kind->versions[0] = (struct ks_kind_version){ .name = xstrdup(b->version),
							      .is_served = true, .has_status = b->has_status };
	}
}

void ks_kinds_release(struct ks_kinds *kinds)
{
	struct ks_kind *kind, *next;

	LL_FOREACH_SAFE(kinds->first, kind, next)
		kind_free(kind);
	kinds->first = NULL;
}

struct ks_kind *ks_kind_find(const struct ks_kinds *kinds, const char *group, const char *plural)
{
	struct ks_kind *kind;

	LL_FOREACH(kinds->first, kind)
		if (!kind->is_gone && streq(kind->plural, plural) && streq(kind->group, group))
			return kind;
	return NULL;
}

const struct ks_kind_version *ks_kind_version(const struct ks_kind *kind, const char *name)
{
	for (size_t i = 0; i < kind->n_versions; i++)
		if (kind->versions[i].is_served && streq(kind->versions[i].name, name))
			return &kind->versions[i];
	return NULL;
}

struct ks_kind *ks_kind_of(const struct ks_kinds *kinds, const cJSON *object, const struct ks_kind_version **version)
{
	const char *api_version = json_str(object, "apiVersion"), *name = json_str(object, "kind");
	const char *slash = api_version ? strchr(api_version, '/') : NULL;
	CLEANUP(freep) char *group = slash ? xstrndup(api_version, (size_t)(slash - api_version)) : xstrdup("");
	struct ks_kind *kind;

	if (!api_version || !name)
		return NULL;
	LL_FOREACH(kinds->first, kind)
		if (!kind->is_gone && streq(kind->kind, name) && streq(kind->group, group) &&
		    (*version = ks_kind_version(kind, slash ? slash + 1 : api_version)))
			return kind;
	return NULL;
}

char *ks_api_version(const char *group, const char *version)
{
	return *group ? xasprintf("%s/%s", group, version) : xstrdup(version);
}

bool ks_group_is_served(const struct ks_kinds *kinds, const char *group, const char *version)
{
	const struct ks_kind *kind;

	LL_FOREACH(kinds->first, kind)
		if (!kind->is_gone && streq(kind->group, group) && (!version || ks_kind_version(kind, version)))
			return true;
	return false;
}

static void define_version(struct ks_kind_version *version, const cJSON *given)
{
	const cJSON *schema = json_at(given, "schema", "openAPIV3Schema", NULL);
	const cJSON *columns = json_get(given, "additionalPrinterColumns");

	*version = (struct ks_kind_version){
		.name = xstrdup(json_str(given, "name")),
		.is_served = json_bool(given, "served", false),
		.has_status = json_at(given, "subresources", "status", NULL),
		.schema = schema ? cJSON_Duplicate(schema, true) : NULL,
		.columns = columns ? cJSON_Duplicate(columns, true) : NULL,
	};
}

static char *name_or(const cJSON *names, const char *key, const char *other)
{
	const char *name = json_str(names, key);

	return xstrdup(name ? name : other);
}

struct ks_kind *ks_kind_define(struct ks_kinds *kinds, const cJSON *crd)
{
	const cJSON *spec = json_get(crd, "spec"), *names = json_get(spec, "names"), *given;
	const char *group = json_str(spec, "group"), *plural = json_str(names, "plural");
	struct ks_kind *kind = ks_kind_find(kinds, group, plural);
	size_t cap = 0;

	if (!kind)
		kind = kind_new(kinds, group, plural);
	release_versions(kind);
	release_names(kind);
	kind->kind = xstrdup(json_str(names, "kind"));
	kind->singular = name_or(names, "singular", plural);
	kind->list_kind = name_or(names, "listKind", "List");
	kind->is_namespaced = streq0(json_str(spec, "scope"), "Namespaced");
	kind->has_generation = true;
	kind->short_names = kind->categories = (struct strs){ 0 };
	json_strs(json_get(names, "shortNames"), &kind->short_names);
	json_strs(json_get(names, "categories"), &kind->categories);
	cJSON_ArrayForEach(given, json_get(spec, "versions")) {
		kind->versions = grow(kind->versions, &cap, kind->n_versions, sizeof(*kind->versions));
		define_version(&kind->versions[kind->n_versions], given);
		if (json_bool(given, "storage", false))
			kind->storage = kind->n_versions;
		kind->n_versions++;
	}
	return kind;
}
