#include "tests/sim/kubesim/proto.h"

#include "tests/sim/kubesim/text.h"

#define MAX_DEPTH 16

enum type { TEXT, NUMBER, BOOL, MESSAGE, INT_OR_STRING, TEXT_MAP, BYTES_MAP };

struct field {
	unsigned number;
	const char *name;              /* NULL: the fields of the message belong to what is around it */
	enum type type;
	bool is_list;
	const struct field *message;
};

static const struct field meta_fields[] = {
	{ 1, "name", TEXT, false, NULL },        { 2, "generateName", TEXT, false, NULL },
	{ 3, "namespace", TEXT, false, NULL },   { 5, "uid", TEXT, false, NULL },
	{ 6, "resourceVersion", TEXT, false, NULL }, { 11, "labels", TEXT_MAP, false, NULL },
	{ 12, "annotations", TEXT_MAP, false, NULL }, { 14, "finalizers", TEXT, true, NULL },
	{ 0, NULL, TEXT, false, NULL },
};
#define META { 1, "metadata", MESSAGE, false, meta_fields }
#define END { 0, NULL, TEXT, false, NULL }

static const struct field meta_only[] = { META, END };
static const struct field secret_fields[] = {META,
					     {2, "data", BYTES_MAP, false, NULL},
					     {3, "type", TEXT, false, NULL},
					     {4, "stringData", TEXT_MAP, false, NULL},
					     {5, "immutable", BOOL, false, NULL},
					     END};
static const struct field configmap_fields[] = {
	META, { 2, "data", TEXT_MAP, false, NULL }, { 3, "binaryData", BYTES_MAP, false, NULL },
	{ 4, "immutable", BOOL, false, NULL }, END
};
static const struct field port_fields[] = {
	{ 1, "name", TEXT, false, NULL }, { 2, "protocol", TEXT, false, NULL }, { 3, "port", NUMBER, false, NULL },
	{ 4, "targetPort", INT_OR_STRING, false, NULL }, { 5, "nodePort", NUMBER, false, NULL },
	{ 6, "appProtocol", TEXT, false, NULL }, END
};
static const struct field service_spec_fields[] = {{1, "ports", MESSAGE, true, port_fields},
						   {2, "selector", TEXT_MAP, false, NULL},
						   {3, "clusterIP", TEXT, false, NULL},
						   {4, "type", TEXT, false, NULL},
						   {5, "externalIPs", TEXT, true, NULL},
						   {7, "sessionAffinity", TEXT, false, NULL},
						   {8, "loadBalancerIP", TEXT, false, NULL},
						   {10, "externalName", TEXT, false, NULL},
						   END};
static const struct field service_fields[] = { META, { 2, "spec", MESSAGE, false, service_spec_fields }, END };
static const struct field backend_port_fields[] = {
	{1, "name", TEXT, false, NULL}, {2, "number", NUMBER, false, NULL}, END};
static const struct field backend_service_fields[] = {
	{ 1, "name", TEXT, false, NULL }, { 2, "port", MESSAGE, false, backend_port_fields }, END
};
static const struct field backend_fields[] = { { 4, "service", MESSAGE, false, backend_service_fields }, END };
static const struct field path_fields[] = {{1, "path", TEXT, false, NULL},
					   {2, "backend", MESSAGE, false, backend_fields},
					   {3, "pathType", TEXT, false, NULL},
					   END};
static const struct field http_fields[] = { { 1, "paths", MESSAGE, true, path_fields }, END };
static const struct field rule_value_fields[] = { { 1, "http", MESSAGE, false, http_fields }, END };
static const struct field rule_fields[] = {
	{ 1, "host", TEXT, false, NULL }, { 2, NULL, MESSAGE, false, rule_value_fields }, END
};
static const struct field tls_fields[] = {{1, "hosts", TEXT, true, NULL}, {2, "secretName", TEXT, false, NULL}, END};
static const struct field ingress_spec_fields[] = {
	{ 1, "defaultBackend", MESSAGE, false, backend_fields }, { 2, "tls", MESSAGE, true, tls_fields },
	{ 3, "rules", MESSAGE, true, rule_fields }, { 4, "ingressClassName", TEXT, false, NULL }, END
};
static const struct field ingress_fields[] = { META, { 2, "spec", MESSAGE, false, ingress_spec_fields }, END };

static const struct {
	const char *kind;
	const struct field *fields;
} kinds[] = {
	{ "Namespace", meta_only },       { "ServiceAccount", meta_only }, { "Secret", secret_fields },
	{ "ConfigMap", configmap_fields }, { "Service", service_fields },  { "Ingress", ingress_fields },
};

/* --- the wire -------------------------------------------------------------------------------------------- */

static bool take_varint(struct slice *rest, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 64 && rest->n; shift += 7) {
		unsigned char byte = (unsigned char)*rest->p++;

		rest->n--;
		*out |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool take_bytes(struct slice *rest, uint64_t n, struct slice *out)
{
	if (n > rest->n)
		return false;
	*out = (struct slice){ rest->p, (size_t)n };
	rest->p += n;
	rest->n -= (size_t)n;
	return true;
}

/* One field: its number, and its value as a number or as bytes. */
static bool take_field(struct slice *rest, unsigned *number, uint64_t *value, struct slice *bytes)
{
	uint64_t tag;

	*value = 0;
	*bytes = (struct slice){ "", 0 };
	if (!take_varint(rest, &tag))
		return false;
	*number = (unsigned)(tag >> 3);
	switch (tag & 7) {
	case 0: return take_varint(rest, value);
	case 1: return take_bytes(rest, 8, bytes);
	case 2: return take_varint(rest, value) && take_bytes(rest, *value, bytes);
	case 5: return take_bytes(rest, 4, bytes);
	}
	return false;
}

static cJSON *text_of(struct slice bytes)
{
	CLEANUP(freep) char *text = slice_dup(bytes);

	return cJSON_CreateString(text);
}

static bool read_entry(struct slice bytes, bool is_bytes, cJSON *map)
{
	struct slice key = { "", 0 }, value = { "", 0 }, found;
	CLEANUP(freep) char *name = NULL;
	CLEANUP(freep) char *text = NULL;
	unsigned number;
	uint64_t ignored;

	while (bytes.n) {
		if (!take_field(&bytes, &number, &ignored, &found))
			return false;
		key = number == 1 ? found : key;
		value = number == 2 ? found : value;
	}
	name = slice_dup(key);
	text = is_bytes ? ks_base64(value) : slice_dup(value);
	ks_set_str(map, name, text);
	return true;
}

static bool read_int_or_string(struct slice bytes, cJSON **out)
{
	uint64_t value, type = 0, n = 0;
	struct slice found, text = { "", 0 };
	unsigned number;

	while (bytes.n) {
		if (!take_field(&bytes, &number, &value, &found))
			return false;
		type = number == 1 ? value : type;
		n = number == 2 ? value : n;
		text = number == 3 ? found : text;
	}
	*out = type ? text_of(text) : cJSON_CreateNumber((double)(int32_t)n);
	return true;
}

static bool read_message(struct slice bytes, const struct field *fields, unsigned depth, cJSON *out);

static bool read_value(const struct field *field, uint64_t number, struct slice bytes, unsigned depth, cJSON **out)
{
	*out = NULL;
	switch (field->type) {
	case TEXT: *out = text_of(bytes); return true;
	case NUMBER: *out = cJSON_CreateNumber((double)(int32_t)number); return true;
	case BOOL: *out = cJSON_CreateBool(number != 0); return true;
	case INT_OR_STRING: return read_int_or_string(bytes, out);
	case MESSAGE: *out = cJSON_CreateObject(); return read_message(bytes, field->message, depth + 1, *out);
	case TEXT_MAP: case BYTES_MAP: break;
	}
	return false;
}

static bool read_field(const struct field *field, uint64_t number, struct slice bytes, unsigned depth, cJSON *out)
{
	CLEANUP(cJSON_Deletep) cJSON *value = NULL;

	if (field->type == TEXT_MAP || field->type == BYTES_MAP)
		return read_entry(bytes, field->type == BYTES_MAP, ks_need_object(out, field->name));
	if (!field->name)
		return read_message(bytes, field->message, depth + 1, out);
	/* A number that is not set is sent as 0. */
	if (field->type == NUMBER && !number)
		return true;
	if (!read_value(field, number, bytes, depth, &value))
		return false;
	if (!field->is_list) {
		ks_set(out, field->name, TAKE(value));
		return true;
	}
	if (!ks_child(out, field->name))
		json_put_array(out, field->name);
	cJSON_AddItemToArray(ks_child(out, field->name), TAKE(value));
	return true;
}

static bool read_message(struct slice bytes, const struct field *fields, unsigned depth, cJSON *out)
{
	while (bytes.n) {
		const struct field *field = fields;
		struct slice found;
		unsigned number;
		uint64_t value;

		if (depth > MAX_DEPTH || !take_field(&bytes, &number, &value, &found))
			return false;
		while (field->number && field->number != number)
			field++;
		if (field->number && !read_field(field, value, found, depth, out))
			return false;
	}
	return true;
}

/* --- the envelope ---------------------------------------------------------------------------------------- */

static const struct field type_fields[] = {{1, "apiVersion", TEXT, false, NULL}, {2, "kind", TEXT, false, NULL}, END};

/* Four bytes, then runtime.Unknown: the type and the object's own bytes. */
static bool read_envelope(struct slice bytes, cJSON *out, struct slice *raw)
{
	struct slice found;
	unsigned number;
	uint64_t value;

	if (bytes.n < 4 || memcmp(bytes.p, "k8s\0", 4) != 0)
		return false;
	bytes = (struct slice){ bytes.p + 4, bytes.n - 4 };
	*raw = (struct slice){ "", 0 };
	while (bytes.n) {
		if (!take_field(&bytes, &number, &value, &found) ||
		    (number == 1 && !read_message(found, type_fields, 0, out)))
			return false;
		if (number == 2)
			*raw = found;
	}
	return true;
}

cJSON *ks_proto_read(struct slice bytes, struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *object = cJSON_CreateObject();
	struct slice raw;

	if (!read_envelope(bytes, object, &raw)) {
		err_set(err, ERR_INVALID, "not in Kubernetes' protobuf");
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!streq0(json_str(object, "kind"), kinds[i].kind))
			continue;
		if (read_message(raw, kinds[i].fields, 0, object))
			return TAKE(object);
		err_set(err, ERR_INVALID, "malformed protobuf");
		return NULL;
	}
	err_set(err, ERR_NOTFOUND, "kind");
	return NULL;
}
