#include "common/kube/object.h"

#define NAME_MAX_BYTES 253

/* FNV-1a. Two uids of one name with one digest would only make an old deletion count. */
static uint64_t digest(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return text ? hash : 0;
}

/* What can be a segment of a path and an element of a list that is separated by commas, as descriptions are. */
static bool is_name(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == 0x7f || strchr("/%,", name[i]))
			return false;
	return n <= NAME_MAX_BYTES && !streq(name, ".") && !streq(name, "..");
}

static bool read_name(const struct kube_resource *resource, const cJSON *metadata, struct object_id *out, struct err *err)
{
	out->name = json_str(metadata, "name");
	out->namespace = resource->is_namespaced ? json_str(metadata, "namespace") : "";
	if (!out->name || !*out->name)
		return err_set(err, ERR_INVALID, "an object has no metadata.name");
	if (!out->namespace || (resource->is_namespaced && !*out->namespace))
		return err_set(err, ERR_INVALID, "object %.100s has no metadata.namespace", out->name);
	if (!is_name(out->name) || !is_name(out->namespace))
		return err_set(err, ERR_INVALID, "an object has a metadata.name or namespace that is none");
	return true;
}

bool object_id_read(const struct kube_resource *resource, const cJSON *object, struct object_id *out, struct err *err)
{
	const cJSON *metadata = json_get(object, "metadata");
	const char *kind = json_str(object, "kind");

	/* In the lists of built-in kinds the items do not say what they are. */
	if (kind && *kind && !streq(kind, resource->kind))
		return err_set(err, ERR_INVALID, "an object is of kind %.100s, not %s", kind, resource->kind);
	if (!read_name(resource, metadata, out, err))
		return false;
	out->version = object_version(object);
	if (strlen(out->version) > OBJECT_VERSION_MAX_BYTES)
		return err_set(err, ERR_INVALID, "object %s has a resourceVersion of over %u bytes", out->name,
			       OBJECT_VERSION_MAX_BYTES);
	out->uid = digest(json_str(metadata, "uid"));
	return true;
}

const char *object_version(const cJSON *object)
{
	const char *version = json_str(json_get(object, "metadata"), "resourceVersion");

	return version ? version : "";
}

static bool is_number(const char *text)
{
	return *text >= '1' && *text <= '9' && text[strspn(text, "0123456789")] == '\0';
}

bool version_is_older(const char *a, const char *b)
{
	size_t n_a = strlen(a), n_b = strlen(b);

	if (!is_number(a) || !is_number(b))
		return false;
	return n_a != n_b ? n_a < n_b : strcmp(a, b) < 0;
}
