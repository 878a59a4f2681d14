#include "leader/watch/host_object.h"

#include <uthash.h>

#include "common/base/ip.h"
#include "common/crd/gslbconfig.h"

/* More paths than any service gets monitors for, and so many that it can be said how many are left out. */
#define MAX_PATHS 64

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

static int compare_records(const void *a, const void *b)
{
	return strcmp(((const struct host_record *)a)->host, ((const struct host_record *)b)->host);
}

struct host_object *host_object_pack(struct host_object *loose)
{
	size_t n = packed_size(loose);
	char *block = xmalloc(n), *at = block;
	struct host_object *object;

	if (loose->n_records)
		qsort(loose->records, loose->n_records, sizeof(*loose->records), compare_records);
	object = move_bytes(&at, loose, sizeof(*loose));
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

static void add_record(struct host_object *object, const char *host, const char *ip)
{
	size_t n = object->n_records;

	if ((n & (n - 1)) == 0)        /* full at 0, 1, 2, 4, ... */
		object->records = xrealloc(object->records, (n ? 2 * n : 1) * sizeof(*object->records));
	object->records[object->n_records++] = (struct host_record){ .host = xstrdup(host), .ip = xstrdup(ip) };
}

/* The load balancer's identities. The controller's alone says nothing; a map that does not parse leaves only the controller.
 * Yours to delete. */
static cJSON *read_controller(struct host_object *object, const cJSON *json)
{
	const cJSON *annotations = json_at(json, "metadata", "annotations", NULL);
	const char *map_text = json_str(annotations, VS_MAP_ANNOTATION);
	const char *controller = json_str(annotations, CONTROLLER_ANNOTATION);

	if (!map_text || !controller)
		return NULL;
	object->controller_uuid = xstrdup(controller);
	return json_parse(slice_of(map_text), NULL);
}

/* ---- Ingresses: a pass over each list, however long an API server makes it ---- */

/* A host of the rules. */
struct named_host {
	const char *name;              /* in the JSON */
	size_t at;                     /* its record; NO_RECORD: none */
	bool is_identified;            /* the map had it */
	UT_hash_handle hh;
};
#define NO_RECORD SIZE_MAX

static struct named_host *find_host(struct named_host *hosts, const char *name)
{
	struct named_host *host = NULL;

	if (name && *name)
		HASH_FIND_STR(hosts, name, host);
	return host;
}

static struct host_record *record_of(struct host_object *object, struct named_host *hosts, const char *name)
{
	const struct named_host *host = find_host(hosts, name);

	return host && host->at != NO_RECORD ? &object->records[host->at] : NULL;
}

static struct named_host *hosts_of(const cJSON *rules)
{
	struct named_host *hosts = NULL, *host;
	const cJSON *rule;

	cJSON_ArrayForEach(rule, rules) {
		const char *name = json_str(rule, "host");

		if (!name || !*name || find_host(hosts, name))
			continue;
		host = xcalloc(1, sizeof(*host));
		host->name = name;
		host->at = NO_RECORD;
		HASH_ADD_KEYPTR(hh, hosts, host->name, strlen(host->name), host);
	}
	return hosts;
}

static void free_hosts(struct named_host *hosts)
{
	struct named_host *host, *next;

	HASH_ITER(hh, hosts, host, next) {
		HASH_DEL(hosts, host);
		free(host);
	}
}

/* Several addresses for one host (dual stack): the first valid one, an IPv4 before any IPv6. */
static void read_status(struct host_object *object, struct named_host *hosts, const cJSON *entries)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, entries) {
		const char *ip = json_str(entry, "ip");
		struct named_host *host = find_host(hosts, json_str(entry, "hostname"));
		struct host_record *known;

		if (!host || !ip_is_valid(ip))
			continue;
		if (host->at == NO_RECORD) {
			host->at = object->n_records;
			add_record(object, host->name, ip);
			continue;
		}
		known = &object->records[host->at];
		if (ip_is_v6(known->ip) && !ip_is_v6(ip)) {
			free(known->ip);
			known->ip = xstrdup(ip);
		}
	}
}

/* Where there are too many, the first in bytewise order stay: monitors are made for these. */
static void add_path(struct strs *paths, const char *path)
{
	size_t last = 0;

	if (strs_has(paths, path))
		return;
	if (paths->n < MAX_PATHS) {
		strs_add(paths, path);
		return;
	}
	for (size_t i = 1; i < paths->n; i++)
		if (strcmp(paths->v[i], paths->v[last]) > 0)
			last = i;
	if (strcmp(path, paths->v[last]) > 0)
		return;
	free(paths->v[last]);
	paths->v[last] = xstrdup(path);
}

/* All rules of a host count; a path that is empty means "/", none at all too. */
static void read_paths(struct host_object *object, struct named_host *hosts, const cJSON *rules)
{
	const cJSON *rule, *path;

	cJSON_ArrayForEach(rule, rules) {
		struct host_record *record = record_of(object, hosts, json_str(rule, "host"));

		if (!record)
			continue;
		cJSON_ArrayForEach(path, json_at(rule, "http", "paths", NULL)) {
			const char *text = json_str(path, "path");

			add_path(&record->paths, text && *text ? text : "/");
		}
	}
	for (size_t i = 0; i < object->n_records; i++)
		if (!object->records[i].paths.n)
			strs_add(&object->records[i].paths, "/");
}

static void read_tls(struct host_object *object, struct named_host *hosts, const cJSON *json)
{
	/* Its presence counts, whatever it says: so the raw look-up, which sees "" too. */
	bool is_for_all = json_get(json_at(json, "metadata", "annotations", NULL), TLS_ANNOTATION) != NULL;
	const cJSON *tls, *name;

	for (size_t i = 0; i < object->n_records; i++)
		object->records[i].is_tls = is_for_all;
	cJSON_ArrayForEach(tls, json_at(json, "spec", "tls", NULL))
		cJSON_ArrayForEach(name, json_get(tls, "hosts")) {
			struct host_record *record = record_of(object, hosts, cJSON_GetStringValue(name));

			if (record)
				record->is_tls = true;
		}
}

/* Of two entries of one host the first counts. */
static void read_identities(struct host_object *object, struct named_host *hosts, const cJSON *json)
{
	CLEANUP(cJSON_Deletep) cJSON *map = read_controller(object, json);
	const cJSON *entry;

	cJSON_ArrayForEach(entry, map) {
		struct named_host *host = find_host(hosts, entry->string);

		if (!host || host->at == NO_RECORD || host->is_identified)
			continue;
		host->is_identified = true;
		object->records[host->at].vs_uuid = xstrdup(cJSON_GetStringValue(entry));
	}
}

struct host_object *host_object_from_ingress(const cJSON *json)
{
	struct host_object *object = object_new(KIND_INGRESS, json);
	const cJSON *rules = json_at(json, "spec", "rules", NULL);
	struct named_host *hosts;

	if (!object)
		return NULL;
	hosts = hosts_of(rules);
	read_status(object, hosts, json_at(json, "status", "loadBalancer", "ingress", NULL));
	read_paths(object, hosts, rules);
	read_tls(object, hosts, json);
	read_identities(object, hosts, json);
	free_hosts(hosts);
	return host_object_pack(object);
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
	CLEANUP(cJSON_Deletep) cJSON *map = NULL;
	struct host_object *object;

	if (!type || !streq(type, "LoadBalancer"))
		return NULL;
	object = object_new(KIND_LBSVC, json);
	if (!object)
		return NULL;
	read_port(object, json_at(json, "spec", "ports", NULL));
	if (ip && *ip && host && *host && object->port)
		add_record(object, host, ip);
	map = read_controller(object, json);
	for (size_t i = 0; i < object->n_records; i++)
		object->records[i].vs_uuid = xstrdup(json_str(map, object->records[i].host));
	return host_object_pack(object);
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
	const struct host_record wanted = { .host = (char *)(uintptr_t)host };

	return object->n_records ? bsearch(&wanted, object->records, object->n_records, sizeof(wanted), compare_records) : NULL;
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
