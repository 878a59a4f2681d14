#include "common/mirror/copy.h"

#include "common/mirror/canonical.h"

#define UUID_ANNOTATION "amko.vmware.com/amko-uuid"

const struct kube_resource *const copy_kinds[COPY_KINDS] = { &KUBE_GSLBCONFIGS, &KUBE_GDPS, &KUBE_GSLBHOSTRULES };

static const char *const annotations_carried[] = { UUID_ANNOTATION, NULL };
static const char *const labels_carried[] = {
	"app.kubernetes.io/component", "app.kubernetes.io/name", "app.kubernetes.io/part-of", NULL,
};

/* ---- keys ---- */

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A DNS subdomain (RFC 1123), as names of custom resources are. */
static bool put_name(struct slice name, char *out, size_t size)
{
	if (!name.n || name.n >= size || !is_alnum(name.p[0]) || !is_alnum(name.p[name.n - 1]))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!is_alnum(name.p[i]) && name.p[i] != '-' && (name.p[i] != '.' || name.p[i - 1] == '.'))
			return false;
	memcpy(out, name.p, name.n);
	out[name.n] = '\0';
	return true;
}

bool copy_key_parse(struct slice key, struct copy_key *out)
{
	struct copy_key parsed = { 0 };
	struct slice kind, namespace, name, more;

	if (!slice_split(&key, '/', &kind) || !slice_split(&key, '/', &namespace) || !slice_split(&key, '/', &name) ||
	    slice_split(&key, '/', &more))
		return false;
	for (int i = 0; i < COPY_KINDS; i++)
		if (slice_eq(kind, copy_kinds[i]->kind))
			parsed.kind = copy_kinds[i];
	if (!parsed.kind || memchr(namespace.p, '.', namespace.n) ||
	    !put_name(namespace, parsed.namespace, sizeof(parsed.namespace)) || !put_name(name, parsed.name, sizeof(parsed.name)))
		return false;
	*out = parsed;
	return true;
}

char *copy_key_of(const struct kube_resource *kind, const cJSON *object)
{
	const cJSON *metadata = json_get(object, "metadata");
	const char *namespace = json_str(metadata, "namespace"), *name = json_str(metadata, "name");
	CLEANUP(freep) char *key = NULL;
	struct copy_key parsed;

	if (!namespace || !name)
		return NULL;
	key = xasprintf("%s/%s/%s", kind->kind, namespace, name);
	return copy_key_parse(slice_of(key), &parsed) ? TAKE(key) : NULL;
}

/* ---- an object to its copy ---- */

static void put_carried(cJSON *body, const char *name, const cJSON *pairs, const char *const *carried)
{
	cJSON *out = json_put_object(body, name);

	for (; *carried; carried++)
		if (json_str(pairs, *carried))
			json_put_str(out, *carried, json_str(pairs, *carried));
}

/* `metadata` may be a body: it has annotations and labels in the same places. */
static cJSON *carried_part(const cJSON *metadata, const cJSON *spec)
{
	cJSON *body = cJSON_CreateObject();

	put_carried(body, "annotations", json_get(metadata, "annotations"), annotations_carried);
	put_carried(body, "labels", json_get(metadata, "labels"), labels_carried);
	json_put(body, "spec", cJSON_Duplicate(spec, true));
	return body;
}

bool copy_from_object(const struct kube_resource *kind, const cJSON *object, struct copy *out, struct err *err)
{
	CLEANUP(freep) char *key = copy_key_of(kind, object);
	CLEANUP(cJSON_Deletep) cJSON *body = NULL;
	CLEANUP(buf_release) struct buf text;

	buf_init(&text, COPY_BODY_MAX);
	if (!key)
		return err_set(err, ERR_INVALID, "a %s has no name that can be carried", kind->kind);
	if (!cJSON_IsObject(json_get(object, "spec")))
		return err_set(err, ERR_INVALID, "%s: no spec", key);
	body = carried_part(json_get(object, "metadata"), json_get(object, "spec"));
	if (!canonical_put(body, &text, err))
		return err_wrap(err, "%s", key);
	*out = (struct copy){ .key = TAKE(key), .n_body = text.n };
	sha256_of(buf_slice(&text), &out->hash);
	out->body = buf_take(&text);
	return true;
}

bool copy_from_wire(struct slice key, struct slice body, const struct sha256 *hash, struct copy *out, struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	CLEANUP(buf_release) struct buf text;
	struct sha256 got;
	struct copy_key parsed;

	buf_init(&text, COPY_BODY_MAX);
	if (!copy_key_parse(key, &parsed))
		return err_set(err, ERR_INVALID, "a key that names no object that is carried");
	if (body.n > COPY_BODY_MAX)
		return err_set(err, ERR_LIMIT, "%s: more than %u bytes", parsed.name, COPY_BODY_MAX);
	sha256_of(body, &got);
	if (!sha256_same(&got, hash))
		return err_set(err, ERR_INVALID, "%s: has another hash", parsed.name);
	json = json_parse(body, err);
	if (!json || !canonical_put(json, &text, err))
		return err_wrap(err, "%s", parsed.name);
	if (text.n != body.n || memcmp(text.p, body.p, body.n) != 0)
		return err_set(err, ERR_INVALID, "%s: not in the canonical form", parsed.name);
	if (!cJSON_IsObject(json_get(json, "spec")))
		return err_set(err, ERR_INVALID, "%s: no spec", parsed.name);
	*out = (struct copy){ .key = slice_dup(key), .n_body = text.n, .hash = got };
	out->body = buf_take(&text);
	return true;
}

void copy_release(struct copy *copy)
{
	if (!copy)
		return;
	free(copy->key);
	free(copy->body);
	*copy = (struct copy){ 0 };
}

/* ---- a copy and the cluster's object ---- */

bool copy_is_labelled(const cJSON *object)
{
	return streq0(json_str(json_at(object, "metadata", "labels", NULL), COPY_LABEL), "true");
}

static bool pairs_are_in(const cJSON *wanted, const cJSON *actual)
{
	const cJSON *pair;

	cJSON_ArrayForEach(pair, wanted)
		if (!streq0(json_str(actual, pair->string), pair->valuestring))
			return false;
	return true;
}

/* What of a copy this program carries: a newer leader's may have more. */
static cJSON *body_of(const struct copy *copy)
{
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse((struct slice){ copy->body, copy->n_body }, NULL);

	return carried_part(json, json_get(json, "spec"));
}

static bool spec_is_same(const cJSON *a, const cJSON *b)
{
	CLEANUP(buf_release) struct buf left, right;

	buf_init(&left, COPY_BODY_MAX);
	buf_init(&right, COPY_BODY_MAX);
	return a && b && canonical_put(a, &left, NULL) && canonical_put(b, &right, NULL) && left.n == right.n &&
	       memcmp(left.p, right.p, left.n) == 0;
}

bool copy_spec_is_in(const struct copy *copy, const cJSON *object)
{
	CLEANUP(cJSON_Deletep) cJSON *body = body_of(copy);

	return spec_is_same(json_get(body, "spec"), json_get(object, "spec"));
}

bool copy_is_in(const struct copy *copy, const cJSON *object)
{
	CLEANUP(cJSON_Deletep) cJSON *body = body_of(copy);
	const cJSON *metadata = json_get(object, "metadata");

	return pairs_are_in(json_get(body, "annotations"), json_get(metadata, "annotations")) &&
	       pairs_are_in(json_get(body, "labels"), json_get(metadata, "labels")) &&
	       spec_is_same(json_get(body, "spec"), json_get(object, "spec"));
}

static cJSON *object_around(const struct copy_key *key, const cJSON *body)
{
	cJSON *object = cJSON_CreateObject(), *metadata;
	CLEANUP(freep) char *version = xasprintf("%s/%s", key->kind->group, key->kind->version);

	json_put_str(object, "apiVersion", version);
	json_put_str(object, "kind", key->kind->kind);
	metadata = json_put_object(object, "metadata");
	json_put_str(metadata, "name", key->name);
	json_put_str(metadata, "namespace", key->namespace);
	json_put(metadata, "labels", cJSON_Duplicate(json_get(body, "labels"), true));
	json_put(metadata, "annotations", cJSON_Duplicate(json_get(body, "annotations"), true));
	json_put(object, "spec", cJSON_Duplicate(json_get(body, "spec"), true));
	return object;
}

cJSON *copy_to_object(const struct copy *copy, const cJSON *actual)
{
	CLEANUP(cJSON_Deletep) cJSON *body = body_of(copy);
	const char *uuid = json_str(json_at(actual, "metadata", "annotations", NULL), UUID_ANNOTATION);
	struct copy_key key;
	cJSON *object, *metadata, *annotations;

	if (!copy_key_parse(slice_of(copy->key), &key))
		abort();
	object = object_around(&key, body);
	metadata = cJSON_GetObjectItemCaseSensitive(object, "metadata");
	json_put_str(cJSON_GetObjectItemCaseSensitive(metadata, "labels"), COPY_LABEL, "true");
	annotations = cJSON_GetObjectItemCaseSensitive(metadata, "annotations");
	if (uuid && !json_str(annotations, UUID_ANNOTATION))
		json_put_str(annotations, UUID_ANNOTATION, uuid);
	return object;
}
