/* host_object: any object, taken for an Ingress, a Service and a Namespace, is none or one whose records are
 * sound; the same again is the same; the description of a record is read back as the object it came from. */
#include "common/base/ip.h"
#include "leader/watch/knowledge.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static bool is_segment(const char *text)
{
	return text && *text && !strchr(text, '/');
}

static void check_description(const struct host_object *object, const struct host_record *record)
{
	CLEANUP(freep) char *text = host_object_describe(object, "context/of/a@cluster", record->host);
	struct object_part part;

	if (!is_segment(object->namespace) || !is_segment(object->name) || !is_segment(record->host))
		return;
	assert(object_part_parse(text, &part));
	assert(part.kind == object->kind && slice_eq(part.cluster, "context/of/a@cluster"));
	assert(slice_eq(part.namespace, object->namespace) && slice_eq(part.name, object->name));
}

static void check_record(const struct host_object *object, const struct host_record *record)
{
	assert(record->host && *record->host && record->ip && *record->ip);
	assert(host_object_find(object, record->host) == record);
	assert(!record->vs_uuid || object->controller_uuid);
	if (object->kind == KIND_INGRESS)
		assert(ip_is_valid(record->ip) && record->paths.n > 0);
	else
		assert(object->port > 0 && !record->paths.n && !record->is_tls);
	for (size_t i = 0; i < record->paths.n; i++)
		assert(*record->paths.v[i]);
	check_description(object, record);
}

/* Takes both. */
static void check_object(struct host_object *object, struct host_object *again)
{
	assert(!object == !again);
	if (object) {
		assert(object->name && object->port >= 0 && object->port <= 65535);
		assert(host_object_same(object, again));
		for (size_t i = 0; i < object->n_records; i++)
			check_record(object, &object->records[i]);
	}
	host_object_free(object);
	host_object_free(again);
}

/* Takes both. */
static void check_namespace(struct namespace_info *ns, struct namespace_info *again)
{
	assert(!ns == !again);
	assert(!ns || (ns->name && namespace_same(ns, again)));
	namespace_free(ns);
	namespace_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);

	check_object(host_object_from_ingress(json), host_object_from_ingress(json));
	check_object(host_object_from_service(json), host_object_from_service(json));
	check_namespace(namespace_from_json(json), namespace_from_json(json));
	return 0;
}
