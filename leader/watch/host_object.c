#include "leader/watch/host_object.h"

#include "common/base/ip.h"
#include "common/crd/gslbconfig.h"

#define VS_MAP_ANNOTATION "ako.vmware.com/host-fqdn-vs-uuid-map"
#define CONTROLLER_ANNOTATION "ako.vmware.com/controller-cluster-uuid"
#define TLS_ANNOTATION "ako.vmware.com/enable-tls"

static const char *const kind_names[] = {
	[KIND_INGRESS] = "INGRESS", [KIND_LBSVC] = "LBSVC", [KIND_ROUTE] = "ROUTE", [KIND_MCI] = "MCI",
};

const char *host_kind_name(enum host_kind kind)
{
	return kind_names[kind];
}

/* ---- one block ----
 * An object is kept as long as it exists and never changes, so it lies in one piece: arrays first, for their alignment, then
 * the texts. With a dozen labels that is half of what the parts would take one by one. */

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static size_t packed_size(const struct host_object *object)
{
	size_t n = sizeof(*object) + object->n_records * sizeof(*object->records) + object->labels.n * sizeof(*object->labels.v);

	n += text_size(object->namespace) + text_size(object->name) + text_size(object->controller_uuid) + text_size(object->tenant);
	for (size_t i = 0; i < object->labels.n; i++)
		n += text_size(object->labels.v[i].key) + text_size(object->labels.v[i].value);
	for (size_t i = 0; i < object->n_records; i++) {
		const struct host_record *record = &object->records[i];

		n += text_size(record->host) + text_size(record->ip) + text_size(record->vs_uuid);
		for (size_t k = 0; k < record->paths.n; k++)
			n += sizeof(char *) + text_size(record->paths.v[k]);
	}
	return n;
}

static void *move_bytes(char **at, void *bytes, size_t n)
{
	void *moved = *at;

	if (n)
		memcpy(moved, bytes, n);
	*at += n;
	free(bytes);
	return moved;
}

static void move_text(char **at, char **text)
{
	*text = *text ? move_bytes(at, *text, strlen(*text) + 1) : NULL;
}

static void move_record_texts(char **at, struct host_record *record)
{
	move_text(at, &record->host);
	move_text(at, &record->ip);
	move_text(at, &record->vs_uuid);
	for (size_t i = 0; i < record->paths.n; i++)
		move_text(at, &record->paths.v[i]);
}

/* Takes the object, whose parts are allocated one by one. */
static struct host_object *pack(struct host_object *loose)
{
	size_t n = packed_size(loose);
	char *block = xmalloc(n), *at = block;
	struct host_object *object = move_bytes(&at, loose, sizeof(*loose));

	object->records = move_bytes(&at, object->records, object->n_records * sizeof(*object->records));
	object->labels.v = move_bytes(&at, object->labels.v, object->labels.n * sizeof(*object->labels.v));
	for (size_t i = 0; i < object->n_records; i++) {
		struct strs *paths = &object->records[i].paths;

		paths->v = move_bytes(&at, paths->v, paths->n * sizeof(*paths->v));
		paths->cap = paths->n;
	}
	move_text(&at, &object->namespace);
	move_text(&at, &object->name);
	move_text(&at, &object->controller_uuid);
	move_text(&at, &object->tenant);
	for (size_t i = 0; i < object->labels.n; i++) {
		move_text(&at, &object->labels.v[i].key);
		move_text(&at, &object->labels.v[i].value);
	}
	for (size_t i = 0; i < object->n_records; i++)
		move_record_texts(&at, &object->records[i]);
	assert(at == block + n);
	return object;
}

/* Labels, tenant and identity; NULL when it has no name. */
static struct host_object *object_new(enum host_kind kind, const cJSON *json)
{
	const cJSON *meta = json_get(json, "metadata");
	struct host_object *object;

	if (!json_str(meta, "name"))
		return NULL;
	object = xcalloc(1, sizeof(*object));
	object->kind = kind;
	object->namespace = xstrdup(json_str(meta, "namespace"));
	object->name = xstrdup(json_str(meta, "name"));
	object->tenant = xstrdup(json_str(json_get(meta, "annotations"), TENANT_ANNOTATION));
	pairs_from_json(json_get(meta, "labels"), &object->labels);
	return object;
}

static struct host_record *add_record(struct host_object *object, const char *host, const char *ip)
{
	struct host_record *record;

	object->records = xrealloc(object->records, (object->n_records + 1) * sizeof(*object->records));
	record = &object->records[object->n_records++];
	*record = (struct host_record){ .host = xstrdup(host), .ip = xstrdup(ip) };
	return record;
}

/* The load balancer's identities. The controller's alone says nothing; a map that does not parse leaves only the controller. */
static void read_identities(struct host_object *object, const cJSON *json)
{
	const cJSON *annotations = json_at(json, "metadata", "annotations", NULL);
	const char *map_text = json_str(annotations, VS_MAP_ANNOTATION);
	const char *controller = json_str(annotations, CONTROLLER_ANNOTATION);
	CLEANUP(cJSON_Deletep) cJSON *map = NULL;

	if (!map_text || !controller)
		return;
	object->controller_uuid = xstrdup(controller);
	map = json_parse(slice_of(map_text), NULL);
	for (size_t i = 0; i < object->n_records; i++)
		object->records[i].vs_uuid = xstrdup(json_str(map, object->records[i].host));
}

static bool has_rule(const cJSON *rules, const char *host)
{
	const cJSON *rule;

	cJSON_ArrayForEach(rule, rules) {
		const char *name = json_str(rule, "host");

		if (name && *name && streq(name, host))
			return true;
	}
	return false;
}

/* All rules of that host count; a path that is empty means "/", none at all too. */
static void read_paths(const cJSON *rules, const char *host, struct strs *out)
{
	const cJSON *rule, *path;

	cJSON_ArrayForEach(rule, rules) {
		const char *name = json_str(rule, "host");

		if (!name || !streq(name, host))
			continue;
		cJSON_ArrayForEach(path, json_at(rule, "http", "paths", NULL)) {
			const char *text = json_str(path, "path");

			strs_add_once(out, text && *text ? text : "/");
		}
	}
	if (!out->n)
		strs_add(out, "/");
}

static bool is_tls_host(const cJSON *json, const char *host)
{
	const cJSON *tls, *name;

	/* Its presence counts, whatever it says: so the raw look-up, which sees "" too. */
	if (json_get(json_at(json, "metadata", "annotations", NULL), TLS_ANNOTATION))
		return true;
	cJSON_ArrayForEach(tls, json_at(json, "spec", "tls", NULL))
		cJSON_ArrayForEach(name, json_get(tls, "hosts"))
			if (cJSON_IsString(name) && streq(name->valuestring, host))
				return true;
	return false;
}

/* Several addresses for one host (dual stack): the first valid one, an IPv4 before any IPv6. */
static void read_status(struct host_object *object, const cJSON *rules, const cJSON *entries)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, entries) {
		const char *ip = json_str(entry, "ip"), *host = json_str(entry, "hostname");
		struct host_record *known;

		if (!ip_is_valid(ip) || !host || !*host || !has_rule(rules, host))
			continue;
		known = (struct host_record *)(uintptr_t)host_object_find(object, host);
		if (!known) {
			add_record(object, host, ip);
		} else if (ip_is_v6(known->ip) && !ip_is_v6(ip)) {
			free(known->ip);
			known->ip = xstrdup(ip);
		}
	}
}

struct host_object *host_object_from_ingress(const cJSON *json)
{
	struct host_object *object = object_new(KIND_INGRESS, json);
	const cJSON *rules = json_at(json, "spec", "rules", NULL);

	if (!object)
		return NULL;
	read_status(object, rules, json_at(json, "status", "loadBalancer", "ingress", NULL));
	for (size_t i = 0; i < object->n_records; i++) {
		struct host_record *record = &object->records[i];

		read_paths(rules, record->host, &record->paths);
		record->is_tls = is_tls_host(json, record->host);
	}
	read_identities(object, json);
	return pack(object);
}

/* The smallest port, the first of equal ones. A protocol other than TCP and UDP ends the search: that port, as TCP. */
static void read_port(struct host_object *object, const cJSON *ports)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, ports) {
		const char *protocol = json_str(item, "protocol");
		int64_t port = json_int(item, "port", 0);

		if (port < 1 || port > 65535)
			continue;
		if (protocol && *protocol && !streq(protocol, "TCP") && !streq(protocol, "UDP")) {
			object->port = (int)port;
			object->protocol = PROTOCOL_TCP;
			return;
		}
		if (object->port && port >= object->port)
			continue;
		object->port = (int)port;
		object->protocol = protocol && streq(protocol, "UDP") ? PROTOCOL_UDP : PROTOCOL_TCP;
	}
}

struct host_object *host_object_from_service(const cJSON *json)
{
	const char *type = json_str(json_get(json, "spec"), "type");
	const cJSON *entry = cJSON_GetArrayItem(json_at(json, "status", "loadBalancer", "ingress", NULL), 0);
	const char *ip = json_str(entry, "ip"), *host = json_str(entry, "hostname");
	struct host_object *object;

	if (!type || !streq(type, "LoadBalancer"))
		return NULL;
	object = object_new(KIND_LBSVC, json);
	if (!object)
		return NULL;
	read_port(object, json_at(json, "spec", "ports", NULL));
	if (ip && *ip && host && *host && object->port)
		add_record(object, host, ip);
	read_identities(object, json);
	return pack(object);
}

void host_object_free(struct host_object *object)
{
	free(object);
}

static bool record_same(const struct host_record *a, const struct host_record *b)
{
	return streq(a->host, b->host) && streq(a->ip, b->ip) && streq0(a->vs_uuid, b->vs_uuid) &&
	       a->is_tls == b->is_tls && strs_same_list(&a->paths, &b->paths);
}

bool host_object_same(const struct host_object *a, const struct host_object *b)
{
	if (a->kind != b->kind || !streq0(a->namespace, b->namespace) || !streq(a->name, b->name) ||
	    !pairs_same(&a->labels, &b->labels) || !streq0(a->controller_uuid, b->controller_uuid) ||
	    !streq0(a->tenant, b->tenant) || a->port != b->port || a->protocol != b->protocol ||
	    a->n_records != b->n_records)
		return false;
	for (size_t i = 0; i < a->n_records; i++)
		if (!record_same(&a->records[i], &b->records[i]))
			return false;
	return true;
}

const struct host_record *host_object_find(const struct host_object *object, const char *host)
{
	for (size_t i = 0; i < object->n_records; i++)
		if (streq(object->records[i].host, host))
			return &object->records[i];
	return NULL;
}

char *host_object_describe(const struct host_object *object, const char *cluster, const char *host)
{
	bool has_host = object->kind == KIND_INGRESS || object->kind == KIND_MCI;

	return xconcat(kind_names[object->kind], "/", cluster, "/", object->namespace, "/", object->name,
		       has_host ? "/" : "", has_host ? host : "");
}

struct namespace_info *namespace_from_json(const cJSON *json)
{
	const cJSON *meta = json_get(json, "metadata");
	struct namespace_info *ns;

	if (!json_str(meta, "name"))
		return NULL;
	ns = xcalloc(1, sizeof(*ns));
	ns->name = xstrdup(json_str(meta, "name"));
	ns->tenant = xstrdup(json_str(json_get(meta, "annotations"), TENANT_ANNOTATION));
	pairs_from_json(json_get(meta, "labels"), &ns->labels);
	return ns;
}

void namespace_free(struct namespace_info *ns)
{
	if (!ns)
		return;
	free(ns->name);
	free(ns->tenant);
	pairs_release(&ns->labels);
	free(ns);
}

bool namespace_same(const struct namespace_info *a, const struct namespace_info *b)
{
	return streq(a->name, b->name) && streq0(a->tenant, b->tenant) && pairs_same(&a->labels, &b->labels);
}
