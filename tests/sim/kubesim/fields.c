#include "tests/sim/kubesim/fields.h"

#include "tests/sim/kubesim/patch.h"
#include "tests/sim/kubesim/schema.h"
#include "tests/sim/kubesim/text.h"

/* --- shapes ---------------------------------------------------------------------------------------------- */

/* A place in an object. */
struct place {
	struct ks_shape shape;         /* its schema is that of this place */
	char path[256];                /* keys between dots, without indices; for well-known lists */
};

static struct place root_of(struct ks_shape shape)
{
	return (struct place){ .shape = shape };
}

static struct place below(const struct place *at, const char *key)
{
	struct place next = { .shape = { key || at->shape.schema ? ks_schema_child(at->shape.schema, key) : NULL,
					 at->shape.is_builtin } };

	/* A path that is cut is none of the well-known ones. */
	if ((size_t)snprintf(next.path, sizeof(next.path), "%s%s%s", at->path, key && *at->path ? "." : "",
			     key ? key : "") >= sizeof(next.path))
		snprintf(next.path, sizeof(next.path), "...");
	return next;
}

static bool is_atomic_map(const char *path)
{
	return streq(path, "spec.selector") || streq(path, "spec.podSelector");
}

static enum ks_node_type node_type(const struct place *at, const cJSON *value, struct strs *keys)
{
	const char *key, *second;

	if (at->shape.schema && strncmp(at->path, "metadata", 8) != 0)
		return ks_schema_node(at->shape.schema, value, keys);
	if (cJSON_IsObject(value))
		return at->shape.is_builtin && is_atomic_map(at->path) ? KS_ATOMIC : KS_GRANULAR;
	if (streq(at->path, "metadata.finalizers"))
		return KS_LIST_SET;
	key = at->shape.is_builtin || strncmp(at->path, "metadata", 8) == 0 ? ks_builtin_list_key(at->path, &second)
									    : NULL;
	if (!cJSON_IsArray(value) || !key)
		return KS_ATOMIC;
	strs_add(keys, key);
	if (second)
		strs_add(keys, second);
	return KS_LIST_MAP;
}

/* "k:{...}" or "v:...": how an element is called. Yours to free. */
static char *element_name(enum ks_node_type type, const cJSON *element, const struct strs *keys)
{
	CLEANUP(cJSON_Deletep) cJSON *named = cJSON_CreateObject();
	CLEANUP(freep) char *text = NULL;

	for (size_t i = 0; type == KS_LIST_MAP && i < keys->n; i++) {
		const cJSON *value = ks_child(element, keys->v[i]);

		if (value)
			json_put(named, keys->v[i], cJSON_Duplicate(value, true));
		else if (streq(keys->v[i], "protocol"))
			json_put_str(named, "protocol", "TCP");      /* the one key that has a default */
	}
	text = json_text(type == KS_LIST_MAP ? named : element);
	return xasprintf("%c:%s", type == KS_LIST_MAP ? 'k' : 'v', text);
}

static cJSON *find_element(enum ks_node_type type, cJSON *list, const char *name, const struct strs *keys)
{
	cJSON *element;

	cJSON_ArrayForEach(element, list) {
		CLEANUP(freep) char *other = element_name(type, element, keys);

		if (streq(other, name))
			return element;
	}
	return NULL;
}

/* --- sets ------------------------------------------------------------------------------------------------ */

static bool is_the_servers(const struct place *at, const char *key)
{
	static const char *const keys[] = {
		"name",        "namespace",     "uid",      "resourceVersion",   "creationTimestamp",
		"generation",  "managedFields", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
		"generateName"};

	if (!*at->path)
		return streq(key, "apiVersion") || streq(key, "kind");
	for (size_t i = 0; streq(at->path, "metadata") && i < ARRAY_SIZE(keys); i++)
		if (streq(key, keys[i]))
			return true;
	return false;
}

static void collect(const struct place *at, const cJSON *value, cJSON *set)
{
	CLEANUP(strs_release) struct strs keys = { 0 };
	enum ks_node_type type = node_type(at, value, &keys);
	const cJSON *child;

	if (type == KS_ATOMIC)
		return;
	cJSON_ArrayForEach(child, value) {
		bool is_field = type == KS_GRANULAR;
		CLEANUP(freep)
		char *name = is_field ? xasprintf("f:%s", child->string) : element_name(type, child, &keys);
		struct place next = below(at, is_field ? child->string : NULL);
		cJSON *node;

		if (is_field && is_the_servers(at, child->string))
			continue;
		node = ks_need_object(set, name);
		if (type == KS_LIST_MAP)
			ks_need_object(node, ".");
		if (type != KS_LIST_SET)
			collect(&next, child, node);
	}
}

/* Nobody owns metadata as such. */
static void drop_bare_metadata(cJSON *set)
{
	const cJSON *meta = ks_child(set, "f:metadata");

	if (meta && !meta->child)
		ks_drop(set, "f:metadata");
}

cJSON *ks_fields_of(struct ks_shape shape, const cJSON *object)
{
	cJSON *set = cJSON_CreateObject();
	struct place root = root_of(shape);

	collect(&root, object, set);
	drop_bare_metadata(set);
	return set;
}

static bool is_member(const cJSON *node)
{
	return node && (!node->child || ks_child(node, "."));
}

void ks_fields_add(cJSON *to, const cJSON *set)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, set) {
		cJSON *mine = ks_child(to, child->string);

		if (!mine) {
			json_put(to, child->string, cJSON_Duplicate(child, true));
			continue;
		}
		/* One says "the node", the other says what is in it: both then. */
		if (!mine->child && child->child && !streq(mine->string, "."))
			ks_need_object(mine, ".");
		if (mine->child && !child->child)
			ks_need_object(mine, ".");
		ks_fields_add(mine, child);
	}
}

void ks_fields_subtract(cJSON *from, const cJSON *set)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, set) {
		cJSON *mine = ks_child(from, child->string);

		if (!mine || (!mine->child && child->child && !ks_child(child, ".")))
			continue;
		if (mine->child && !child->child)
			ks_drop(mine, ".");
		else if (mine->child)
			ks_fields_subtract(mine, child);
		else
			mine = NULL;
		if (!mine || !mine->child)
			ks_drop(from, child->string);
	}
}

static void diff(const struct place *at, const cJSON *before, const cJSON *now, cJSON *changed, cJSON *gone);

static void diff_child(const struct place *next, const cJSON *before, const cJSON *now, const char *name,
		       cJSON *changed, cJSON *gone)
{
	CLEANUP(strs_release) struct strs keys = { 0 };
	CLEANUP(strs_release) struct strs other_keys = { 0 };
	bool has_parts = before && now && (before->type & 0xff) == (now->type & 0xff) &&
			 node_type(next, now, &keys) != KS_ATOMIC && node_type(next, before, &other_keys) != KS_ATOMIC;

	if (before && now && ks_same(before, now))
		return;
	if (has_parts) {
		cJSON *below_changed = cJSON_CreateObject(), *below_gone = cJSON_CreateObject();

		diff(next, before, now, below_changed, below_gone);
		if (below_changed->child)
			json_put(changed, name, TAKE(below_changed));
		if (below_gone->child)
			json_put(gone, name, TAKE(below_gone));
		cJSON_Delete(below_changed);
		cJSON_Delete(below_gone);
		return;
	}
	if (before) {
		collect(next, before, ks_need_object(gone, name));
		if (now && !ks_child(gone, name)->child)
			ks_drop(gone, name);   /* it is still there, with another value */
	}
	if (now)
		collect(next, now, ks_need_object(changed, name));
}

static void diff(const struct place *at, const cJSON *before, const cJSON *now, cJSON *changed, cJSON *gone)
{
	CLEANUP(strs_release) struct strs keys = { 0 };
	enum ks_node_type type = node_type(at, now, &keys);
	bool is_map = type == KS_GRANULAR;

	for (int pass = 0; pass < 2; pass++) {
		const cJSON *from = pass ? before : now, *to = pass ? now : before, *child;

		cJSON_ArrayForEach(child, from) {
			CLEANUP(freep)
			char *name = is_map ? xasprintf("f:%s", child->string) : element_name(type, child, &keys);
			const cJSON *other = is_map ? ks_child(to, child->string)
						    : find_element(type, (cJSON *)(uintptr_t)to, name, &keys);
			struct place next = below(at, is_map ? child->string : NULL);

			if ((is_map && is_the_servers(at, child->string)) || (pass && other))
				continue;
			diff_child(&next, pass ? child : other, pass ? NULL : child, name, changed, gone);
			if (type == KS_LIST_MAP && !other)
				ks_need_object(ks_need_object(pass ? gone : changed, name), ".");
		}
	}
}

void ks_fields_diff(struct ks_shape shape, const cJSON *before, const cJSON *now, cJSON **changed, cJSON **gone)
{
	struct place root = root_of(shape);

	*changed = cJSON_CreateObject();
	*gone = cJSON_CreateObject();
	diff(&root, before, now, *changed, *gone);
	drop_bare_metadata(*changed);
	drop_bare_metadata(*gone);
}

/* "f:a" -> ".a", "k:{"a":1}" -> "[a=1]", "v:"x"" -> "[="x"]". Yours to free. */
static char *path_part(const char *name)
{
	CLEANUP(cJSON_Deletep) cJSON *keys = NULL;
	const cJSON *key;
	struct buf out;

	if (*name == 'f')
		return xasprintf(".%s", name + 2);
	if (*name == 'v')
		return xasprintf("[=%s]", name + 2);
	keys = json_parse(slice_of(name + 2), NULL);
	buf_init(&out, 4096);
	cJSON_ArrayForEach(key, keys) {
		CLEANUP(freep) char *value = json_text(key);

		buf_printf(&out, "%s%s=%s", out.n ? "," : "[", key->string, value);
	}
	buf_puts(&out, "]");
	return buf_take(&out);
}

static void add_common(const cJSON *a, const cJSON *b, const char *path, struct strs *out)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, a) {
		const cJSON *other = ks_child(b, child->string);
		CLEANUP(freep) char *part = NULL;
		CLEANUP(freep) char *at = NULL;

		if (!other || streq(child->string, "."))
			continue;
		part = path_part(child->string);
		at = xasprintf("%s%s", path, part);
		if (is_member(child) && is_member(other))
			strs_add(out, at);
		add_common(child, other, at, out);
	}
}

void ks_fields_common(const cJSON *a, const cJSON *b, struct strs *out)
{
	add_common(a, b, "", out);
}

/* --- objects --------------------------------------------------------------------------------------------- */

static void remove_from(const struct place *at, cJSON *value, const cJSON *set)
{
	CLEANUP(strs_release) struct strs keys = { 0 };
	enum ks_node_type type = node_type(at, value, &keys);
	const cJSON *child;

	cJSON_ArrayForEach(child, set) {
		bool is_map = type == KS_GRANULAR;
		cJSON *mine = streq(child->string, ".") || type == KS_ATOMIC ? NULL
			    : is_map ? ks_child(value, child->string + 2)
				     : find_element(type, value, child->string, &keys);
		struct place next = below(at, is_map ? child->string + 2 : NULL);

		if (!mine)
			continue;
		if (child->child && !(type == KS_LIST_MAP && ks_child(child, ".")))
			remove_from(&next, mine, child);
		else
			cJSON_Delete(cJSON_DetachItemViaPointer(value, mine));
	}
}

void ks_fields_remove_from(struct ks_shape shape, cJSON *object, const cJSON *set)
{
	struct place root = root_of(shape);

	remove_from(&root, object, set);
}

static void merge(const struct place *at, cJSON *to, const cJSON *from)
{
	CLEANUP(strs_release) struct strs keys = { 0 };
	enum ks_node_type type = node_type(at, from, &keys);
	bool is_map = type == KS_GRANULAR;
	const cJSON *child;

	cJSON_ArrayForEach(child, from) {
		CLEANUP(freep) char *name = is_map ? NULL : element_name(type, child, &keys);
		cJSON *mine = is_map ? ks_child(to, child->string) : find_element(type, to, name, &keys);
		struct place next = below(at, is_map ? child->string : NULL);
		CLEANUP(strs_release) struct strs unused = { 0 };
		bool has_parts = mine && (mine->type & 0xff) == (child->type & 0xff) &&
				 node_type(&next, child, &unused) != KS_ATOMIC;

		if (has_parts)
			merge(&next, mine, child);
		else if (is_map)
			ks_set(to, child->string, cJSON_Duplicate(child, true));
		else if (!mine)
			cJSON_AddItemToArray(to, cJSON_Duplicate(child, true));
	}
}

void ks_fields_merge(struct ks_shape shape, cJSON *object, const cJSON *config)
{
	struct place root = root_of(shape);

	merge(&root, object, config);
}
