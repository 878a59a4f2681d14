#include "tests/sim/kubesim/builtin.h"

#include <time.h>

#include "tests/sim/kubesim/text.h"

#define FIRST_PORT 30000u
#define N_PORTS 2768u

static const char subdomain_rule[] = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
				     "characters, '-' or '.', and must start and end "
				     "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
				     "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
static const char label_rule[] = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
				 "'-', and must start and end with an "
				 "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
				 "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/* --- metadata -------------------------------------------------------------------------------------------- */

void ks_fill_created(const struct ks_kind *kind, cJSON *object)
{
	static const char *const not_the_clients[] = { "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
						       "generation", "resourceVersion" };
	CLEANUP(freep) char *uid = ks_new_uid();
	CLEANUP(freep) char *now = ks_now(false);
	cJSON *meta = ks_need_object(object, "metadata");

	for (size_t i = 0; i < ARRAY_SIZE(not_the_clients); i++)
		ks_drop(meta, not_the_clients[i]);
	ks_set_str(meta, "uid", uid);
	ks_set_str(meta, "creationTimestamp", now);
	if (kind->has_generation)
		ks_set_int(meta, "generation", 1);
}

void ks_prune_metadata(cJSON *meta, struct strs *unknown)
{
	static const char *const keys[] = { "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion",
					    "generation", "creationTimestamp", "deletionTimestamp",
					    "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences",
					    "finalizers", "managedFields" };
	cJSON *child, *next;

	for (child = meta->child; child; child = next) {
		size_t i = 0;

		next = child->next;
		while (i < ARRAY_SIZE(keys) && !streq(keys[i], child->string))
			i++;
		if (i < ARRAY_SIZE(keys))
			continue;
		strs_take(unknown, xasprintf("metadata.%s", child->string));
		cJSON_Delete(cJSON_DetachItemViaPointer(meta, child));
	}
}

/* ClusterRole and the like may be called anything that is a path segment. */
static bool is_path_name(const struct ks_kind *kind)
{
	return streq(kind->group, "rbac.authorization.k8s.io");
}

void ks_check_metadata(const struct ks_kind *kind, const cJSON *object, struct ks_causes *causes)
{
	const cJSON *meta = json_get(object, "metadata"), *label;
	const char *name = json_str(meta, "name");
	bool is_label = kind->is_builtin && (streq(kind->plural, "namespaces") || streq(kind->plural, "services"));
	CLEANUP(freep) char *shown = NULL;

	if (!name || !*name) {
		ks_cause(causes, "FieldValueRequired", "metadata.name",
			 "Required value: name or generateName is required");
		return;
	}
	if (is_path_name(kind) ? strchr(name, '/') || streq(name, ".") || streq(name, "..")
			       : is_label ? !ks_is_label(name) : !ks_is_subdomain(name))
		ks_cause(causes, "FieldValueInvalid", "metadata.name", "Invalid value: \"%s\": %s", name,
			 is_label ? label_rule : subdomain_rule);
	cJSON_ArrayForEach(label, json_get(meta, "labels"))
		if (!cJSON_IsString(label) || strlen(label->valuestring) > 63)
			ks_cause(causes, "FieldValueInvalid", "metadata.labels",
				 "Invalid value: \"%s\": must be no more than 63 bytes", label->string);
}

/* --- defaults -------------------------------------------------------------------------------------------- */

static void default_str(cJSON *object, const char *key, const char *value)
{
	if (!json_get(object, key))
		ks_set_str(object, key, value);
}

static void keep(cJSON *object, const cJSON *old, const char *key)
{
	const cJSON *value = json_get(old, key);

	if (value && !json_get(object, key))
		ks_set(object, key, cJSON_Duplicate(value, true));
}

static void default_ports(struct ks_cluster *cluster, cJSON *spec, const cJSON *old, bool wants_node_ports)
{
	cJSON *port;
	const cJSON *old_port = json_get(json_get(old, "spec"), "ports");

	old_port = old_port ? old_port->child : NULL;
	cJSON_ArrayForEach(port, ks_child(spec, "ports")) {
		default_str(port, "protocol", "TCP");
		if (!json_get(port, "targetPort") && json_get(port, "port"))
			ks_set(port, "targetPort", cJSON_Duplicate(json_get(port, "port"), true));
		if (wants_node_ports)
			keep(port, old_port, "nodePort");
		if (wants_node_ports && !json_get(port, "nodePort"))
			ks_set_int(port, "nodePort", FIRST_PORT + cluster->next_port++ % N_PORTS);
		old_port = old_port ? old_port->next : NULL;
	}
}

static void default_service(struct ks_cluster *cluster, cJSON *object, const cJSON *old)
{
	cJSON *spec = ks_need_object(object, "spec");
	const cJSON *old_spec = json_get(old, "spec");
	const char *type;
	unsigned n;

	default_str(spec, "type", "ClusterIP");
	default_str(spec, "sessionAffinity", "None");
	type = json_str(spec, "type");
	if (streq0(type, "LoadBalancer") && !json_get(spec, "allocateLoadBalancerNodePorts"))
		ks_set(spec, "allocateLoadBalancerNodePorts", cJSON_CreateTrue());
	default_ports(cluster, spec, old, streq0(type, "NodePort") || (streq0(type, "LoadBalancer") &&
		      json_bool(spec, "allocateLoadBalancerNodePorts", true)));
	if (streq0(type, "NodePort") || streq0(type, "LoadBalancer"))
		default_str(spec, "externalTrafficPolicy", "Cluster");
	if (streq0(type, "ExternalName"))
		return;
	default_str(spec, "internalTrafficPolicy", "Cluster");
	keep(spec, old_spec, "clusterIP");
	keep(spec, old_spec, "clusterIPs");
	if (!json_get(spec, "clusterIP")) {
		CLEANUP(freep) char *ip = NULL;

		n = cluster->next_ip++ % 65000;
		ip = xasprintf("10.96.%u.%u", n / 250, n % 250 + 2);
		ks_set_str(spec, "clusterIP", ip);
	}
	if (!json_get(spec, "clusterIPs"))
		json_add_str(json_put_array(spec, "clusterIPs"), json_str(spec, "clusterIP"));
	if (!json_get(spec, "ipFamilies"))
		json_add_str(json_put_array(spec, "ipFamilies"), "IPv4");
	default_str(spec, "ipFamilyPolicy", "SingleStack");
}

static void default_namespace(cJSON *object, const cJSON *old)
{
	cJSON *meta = ks_need_object(object, "metadata");
	const char *name = json_str(meta, "name");

	if (name)
		ks_set_str(ks_need_object(meta, "labels"), "kubernetes.io/metadata.name", name);
	if (!old)
		ks_drop(object, "spec");
	if (!json_at(object, "spec", "finalizers", NULL) && !old)
		json_add_str(json_put_array(ks_need_object(object, "spec"), "finalizers"), "kubernetes");
	default_str(ks_need_object(object, "status"), "phase", "Active");
}

static void default_secret(cJSON *object)
{
	const cJSON *value;

	default_str(object, "type", "Opaque");
	cJSON_ArrayForEach(value, json_get(object, "stringData")) {
		CLEANUP(freep) char *encoded = ks_base64(slice_of(cJSON_IsString(value) ? value->valuestring : ""));

		ks_set_str(ks_need_object(object, "data"), value->string, encoded);
	}
	ks_drop(object, "stringData");
}

static void default_names(cJSON *spec)
{
	cJSON *names = ks_need_object(spec, "names");
	const char *kind = json_str(names, "kind");
	CLEANUP(freep) char *singular = xstrdup(kind ? kind : "");
	CLEANUP(freep) char *list = xasprintf("%sList", kind ? kind : "");

	for (char *p = singular; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
	default_str(names, "singular", singular);
	default_str(names, "listKind", list);
	if (!json_get(spec, "conversion"))
		json_put_str(json_put_object(spec, "conversion"), "strategy", "None");
}

static void add_condition(cJSON *conditions, const char *type, const char *reason, const char *message, const char *now)
{
	cJSON *condition = json_add_object(conditions);

	json_put_str(condition, "lastTransitionTime", now);
	json_put_str(condition, "message", message);
	json_put_str(condition, "reason", reason);
	json_put_str(condition, "status", "True");
	json_put_str(condition, "type", type);
}

void ks_crd_default(cJSON *crd)
{
	cJSON *spec = ks_need_object(crd, "spec"), *status = ks_need_object(crd, "status"), *conditions, *stored;
	CLEANUP(freep) char *now = ks_now(false);
	const cJSON *version;

	default_names(spec);
	ks_set(status, "acceptedNames", cJSON_Duplicate(json_get(spec, "names"), true));
	if (!json_get(status, "conditions")) {
		ks_set(status, "conditions", conditions = cJSON_CreateArray());
		add_condition(conditions, "NamesAccepted", "NoConflicts", "no conflicts found", now);
		add_condition(conditions, "Established", "InitialNamesAccepted", "the initial names have been accepted",
			      now);
	}
	if (!json_get(status, "storedVersions")) {
		ks_set(status, "storedVersions", stored = cJSON_CreateArray());
		cJSON_ArrayForEach(version, json_get(spec, "versions"))
			if (json_bool(version, "storage", false) && json_str(version, "name"))
				json_add_str(stored, json_str(version, "name"));
	}
}

void ks_builtin_default(struct ks_cluster *cluster, const struct ks_kind *kind, cJSON *object, const cJSON *old)
{
	const char *plural = kind->plural;

	if (!kind->is_builtin)
		return;
	if (streq(plural, "services"))
		default_service(cluster, object, old);
	if (streq(plural, "services") || streq(plural, "ingresses"))
		ks_need_object(ks_need_object(object, "status"), "loadBalancer");
	if (streq(plural, "leases"))
		ks_need_object(object, "spec");
	if (streq(plural, "namespaces"))
		default_namespace(object, old);
	if (streq(plural, "secrets"))
		default_secret(object);
	if (streq(plural, "pods"))
		default_str(ks_need_object(object, "status"), "phase", "Pending");
	if (streq(plural, "customresourcedefinitions"))
		ks_crd_default(object);
}

/* --- checks ---------------------------------------------------------------------------------------------- */

static void check_port(const cJSON *port, size_t index, size_t n_ports, struct ks_causes *causes)
{
	CLEANUP(freep) char *at = xasprintf("spec.ports[%zu].port", index);
	CLEANUP(freep) char *name = xasprintf("spec.ports[%zu].name", index);
	int64_t number = json_int(port, "port", 0);

	if (number < 1 || number > 65535)
		ks_cause(causes, "FieldValueInvalid", at, "Invalid value: %ld: must be between 1 and 65535, inclusive",
			 (long)number);
	if (n_ports > 1 && !json_str(port, "name"))
		ks_cause(causes, "FieldValueRequired", name, "Required value");
}

static void check_service(const cJSON *object, struct ks_causes *causes)
{
	static const char *const types[] = { "ClusterIP", "ExternalName", "LoadBalancer", "NodePort" };
	const cJSON *spec = json_get(object, "spec"), *ports = json_get(spec, "ports"), *port;
	const char *type = json_str(spec, "type");
	size_t n = (size_t)cJSON_GetArraySize(ports), index = 0;
	bool is_known = false;

	for (size_t i = 0; type && i < ARRAY_SIZE(types); i++)
		is_known = is_known || streq(type, types[i]);
	if (!is_known)
		ks_cause(causes, "FieldValueNotSupported", "spec.type",
			 "Unsupported value: \"%s\": supported values: \"ClusterIP\", \"ExternalName\", "
			 "\"LoadBalancer\", \"NodePort\"",
			 type ? type : "");
	if (!n && !streq0(type, "ExternalName") && !streq0(json_str(spec, "clusterIP"), "None"))
		ks_cause(causes, "FieldValueRequired", "spec.ports", "Required value");
	cJSON_ArrayForEach(port, ports)
		check_port(port, index++, n, causes);
}

static void check_paths(const cJSON *rule, size_t index, struct ks_causes *causes)
{
	const cJSON *path;
	size_t n = 0;

	cJSON_ArrayForEach(path, json_at(rule, "http", "paths", NULL)) {
		CLEANUP(freep) char *type = xasprintf("spec.rules[%zu].http.paths[%zu].pathType", index, n);
		CLEANUP(freep) char *text = xasprintf("spec.rules[%zu].http.paths[%zu].path", index, n++);
		const char *value = json_str(path, "path");

		if (!json_str(path, "pathType"))
			ks_cause(causes, "FieldValueRequired", type, "Required value: pathType must be specified");
		else if (!streq(json_str(path, "pathType"), "ImplementationSpecific") && (!value || *value != '/'))
			ks_cause(causes, "FieldValueInvalid", text, "Invalid value: \"%s\": must be an absolute path",
				 value ? value : "");
	}
}

static void check_ingress(const cJSON *object, struct ks_causes *causes)
{
	const cJSON *spec = json_get(object, "spec"), *rules = json_get(spec, "rules"), *rule;
	size_t index = 0;

	if (!cJSON_GetArraySize(rules) && !json_get(spec, "defaultBackend"))
		ks_cause(causes, "FieldValueInvalid", "spec",
			 "Invalid value: null: either `defaultBackend` or `rules` must be specified");
	cJSON_ArrayForEach(rule, rules) {
		const char *host = json_str(rule, "host");
		CLEANUP(freep) char *at = xasprintf("spec.rules[%zu].host", index);

		if (host && *host && !ks_is_subdomain(strncmp(host, "*.", 2) == 0 ? host + 2 : host))
			ks_cause(causes, "FieldValueInvalid", at, "Invalid value: \"%s\": %s", host, subdomain_rule);
		check_paths(rule, index++, causes);
	}
}

static void check_crd(const cJSON *object, struct ks_causes *causes)
{
	const cJSON *spec = json_get(object, "spec"), *names = json_get(spec, "names"), *version;
	const char *plural = json_str(names, "plural"), *group = json_str(spec, "group");
	CLEANUP(freep) char *want = xasprintf("%s.%s", plural ? plural : "", group ? group : "");
	size_t n_stored = 0;

	if (!group || !plural)
		ks_cause(causes, "FieldValueRequired", !group ? "spec.group" : "spec.names.plural", "Required value");
	else if (!streq0(json_str(json_get(object, "metadata"), "name"), want))
		ks_cause(causes, "FieldValueInvalid", "metadata.name",
			 "Invalid value: \"%s\": must be spec.names.plural+\".\"+spec.group",
			 json_str(json_get(object, "metadata"), "name"));
	if (!json_str(names, "kind") || !*json_str(names, "kind"))
		ks_cause(causes, "FieldValueRequired", "spec.names.kind", "Required value");
	if (!streq0(json_str(spec, "scope"), "Namespaced") && !streq0(json_str(spec, "scope"), "Cluster"))
		ks_cause(causes, "FieldValueRequired", "spec.scope", "Required value");
	cJSON_ArrayForEach(version, json_get(spec, "versions")) {
		n_stored += json_bool(version, "storage", false);
		if (!json_str(version, "name"))
			ks_cause(causes, "FieldValueRequired", "spec.versions[0].name", "Required value");
	}
	if (n_stored != 1)
		ks_cause(causes, "FieldValueInvalid", "spec.versions",
			 "Invalid value: must have exactly one version marked as storage version");
}

static void check_secret(const cJSON *object, const cJSON *old, struct ks_causes *causes)
{
	const cJSON *value;

	cJSON_ArrayForEach(value, json_get(object, "data")) {
		CLEANUP(freep) char *bytes = NULL;
		CLEANUP(freep) char *at = xasprintf("data[%s]", value->string);
		size_t n;

		if (!cJSON_IsString(value) || !ks_unbase64(value->valuestring, &bytes, &n))
			ks_cause(causes, "FieldValueInvalid", at, "Invalid value: illegal base64 data");
	}
	if (old && !streq0(json_str(object, "type"), json_str(old, "type")))
		ks_cause(causes, "FieldValueInvalid", "type", "Invalid value: \"%s\": field is immutable",
			 json_str(object, "type"));
}

static void check_lease(const cJSON *object, struct ks_causes *causes)
{
	const cJSON *seconds = json_at(object, "spec", "leaseDurationSeconds", NULL);

	if (cJSON_IsNumber(seconds) && seconds->valuedouble <= 0)
		ks_cause(causes, "FieldValueInvalid", "spec.leaseDurationSeconds", "Invalid value: %d: must be greater than 0",
			 seconds->valueint);
}

/* RFC 3339 with six digits behind the second, no more and no less. */
static bool is_microtime(const char *text)
{
	struct tm tm;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest || *rest != '.' || strspn(rest + 1, "0123456789") != 6)
		return false;
	rest += 7;
	return streq(rest, "Z") || ((*rest == '+' || *rest == '-') && strlen(rest) == 6 && rest[3] == ':');
}

bool ks_builtin_decode(const struct ks_kind *kind, const cJSON *object, struct ks_reply *reply)
{
	static const char *const times[] = { "acquireTime", "renewTime" };

	if (!kind->is_builtin || !streq(kind->plural, "leases"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		const char *text = json_str(json_get(object, "spec"), times[i]);

		if (text && !is_microtime(text))
			return ks_refuse(reply, 400, "BadRequest",
					 "Lease in version \"v1\" cannot be handled as a Lease: parsing time \"%.100s\" as "
					 "\"2006-01-02T15:04:05.000000Z07:00\"", text);
	}
	return true;
}

void ks_builtin_check(const struct ks_kind *kind, const cJSON *object, const cJSON *old, struct ks_causes *causes)
{
	ks_check_metadata(kind, object, causes);
	if (!kind->is_builtin)
		return;
	if (streq(kind->plural, "services"))
		check_service(object, causes);
	if (streq(kind->plural, "ingresses"))
		check_ingress(object, causes);
	if (streq(kind->plural, "leases"))
		check_lease(object, causes);
	if (streq(kind->plural, "secrets"))
		check_secret(object, old, causes);
	if (streq(kind->plural, "customresourcedefinitions"))
		check_crd(object, causes);
}
