#include "tests/sim/kubesim/patch.h"

#include "tests/sim/kubesim/text.h"

/* --- merge ----------------------------------------------------------------------------------------------- */

void ks_merge_patch(cJSON *target, const cJSON *patch)
{
	const cJSON *change;

	cJSON_ArrayForEach(change, patch) {
		if (cJSON_IsNull(change))
			ks_drop(target, change->string);
		else if (cJSON_IsObject(change))
			ks_merge_patch(ks_need_object(target, change->string), change);
		else
			ks_set(target, change->string, cJSON_Duplicate(change, true));
	}
}

/* --- JSON patch ------------------------------------------------------------------------------------------ */

static char *pointer_part(struct slice part)
{
	struct buf out;

	buf_init(&out, part.n + 1);
	for (size_t i = 0; i < part.n; i++) {
		bool is_escape = part.p[i] == '~' && i + 1 < part.n;
		char c = !is_escape ? part.p[i] : part.p[i + 1] == '1' ? '/' : '~';

		buf_add(&out, (struct slice){ &c, 1 });
		i += is_escape;
	}
	return buf_take(&out);
}

static cJSON *list_item(cJSON *list, const char *part)
{
	char *end;
	long index = strtol(part, &end, 10);

	return *part && !*end && index >= 0 ? cJSON_GetArrayItem(list, (int)index) : NULL;
}

static cJSON *step(cJSON *value, const char *part)
{
	return cJSON_IsArray(value) ? list_item(value, part) : ks_child(value, part);
}

/* The container that the pointer's last part is in; the part is yours to free. NULL: it leads nowhere. */
static cJSON *find_parent(cJSON *root, const char *pointer, char **last)
{
	struct slice rest = slice_of(pointer), part;
	cJSON *at = root;

	*last = NULL;
	if (!slice_split(&rest, '/', &part) || part.n || !rest.p)
		return NULL;
	while (at && slice_split(&rest, '/', &part)) {
		char *name = pointer_part(part);

		if (!rest.p) {
			*last = name;
			return at;
		}
		at = step(at, name);
		free(name);
	}
	return NULL;
}

/* Not by cJSON_InsertItemInArray: some releases of cJSON refuse any place but the first and the last. */
static void insert(cJSON *list, int index, cJSON *value)
{
	int n = cJSON_GetArraySize(list);

	cJSON_AddItemToArray(list, value);
	for (int i = index; i < n; i++)
		cJSON_AddItemToArray(list, cJSON_DetachItemFromArray(list, index));
}

static bool add_at(cJSON *parent, const char *last, cJSON *value, struct err *err)
{
	char *end;
	long index;

	if (cJSON_IsObject(parent)) {
		ks_set(parent, last, value);
		return true;
	}
	index = strtol(last, &end, 10);
	if (cJSON_IsArray(parent) && streq(last, "-"))
		cJSON_AddItemToArray(parent, value);
	else if (cJSON_IsArray(parent) && *last && !*end && index >= 0 && index <= cJSON_GetArraySize(parent))
		insert(parent, (int)index, value);
	else {
		cJSON_Delete(value);
		return err_set(err, ERR_CONFLICT, "the path leads nowhere: %s", last);
	}
	return true;
}

static bool apply_operation(cJSON **target, const char *op, const char *path, const char *from, const cJSON *value,
			    struct err *err);

static bool move_or_copy(cJSON **target, bool is_move, const char *path, const char *from, struct err *err)
{
	CLEANUP(freep) char *last = NULL;
	CLEANUP(cJSON_Deletep) cJSON *copy = NULL;
	cJSON *parent = from ? find_parent(*target, from, &last) : NULL, *item = parent ? step(parent, last) : NULL;

	if (!item)
		return err_set(err, ERR_CONFLICT, "the path leads nowhere: %s", from ? from : "(no from)");
	copy = cJSON_Duplicate(item, true);
	if (is_move)
		cJSON_Delete(cJSON_DetachItemViaPointer(parent, item));
	return apply_operation(target, "add", path, NULL, copy, err);
}

static bool apply_operation(cJSON **target, const char *op, const char *path, const char *from, const cJSON *value,
			    struct err *err)
{
	CLEANUP(freep) char *last = NULL;
	cJSON *parent = find_parent(*target, path, &last), *item = parent ? step(parent, last) : NULL;
	bool is_add = streq(op, "add"), is_replace = streq(op, "replace");

	if (streq(op, "move") || streq(op, "copy"))
		return move_or_copy(target, *op == 'm', path, from, err);
	if (!*path && is_replace && value) {
		cJSON_Delete(*target);
		*target = cJSON_Duplicate(value, true);
		return true;
	}
	if (!parent || (!is_add && !item))
		return err_set(err, ERR_CONFLICT, "the path leads nowhere: %s", path);
	if ((is_add || is_replace || streq(op, "test")) && !value)
		return err_set(err, ERR_INVALID, "%s %s: no value", op, path);
	if (is_add)
		return add_at(parent, last, cJSON_Duplicate(value, true), err);
	if (is_replace && cJSON_IsObject(parent)) {
		ks_set(parent, last, cJSON_Duplicate(value, true));
		return true;
	}
	if (is_replace)
		return cJSON_ReplaceItemViaPointer(parent, item, cJSON_Duplicate(value, true));
	if (streq(op, "test"))
		return ks_same(item, value) || err_set(err, ERR_CONFLICT, "testing value %s failed", path);
	if (!streq(op, "remove"))
		return err_set(err, ERR_INVALID, "unexpected kind: %s", op);
	cJSON_Delete(cJSON_DetachItemViaPointer(parent, item));
	return true;
}

bool ks_json_patch(cJSON **target, const cJSON *patch, struct err *err)
{
	const cJSON *operation;

	if (!cJSON_IsArray(patch))
		return err_set(err, ERR_INVALID, "a JSON patch is a list");
	cJSON_ArrayForEach(operation, patch) {
		const char *op = json_str(operation, "op"), *path = json_str(operation, "path");

		if (!op || !path)
			return err_set(err, ERR_INVALID, "an operation has op and path");
		if (!apply_operation(target, op, path, json_str(operation, "from"), ks_child(operation, "value"), err))
			return false;
	}
	return true;
}

/* --- strategic merge ------------------------------------------------------------------------------------- */

const char *ks_builtin_list_key(const char *path, const char **second)
{
	static const struct {
		const char *end, *key, *second;
	} lists[] = {
		{ "spec.ports", "port", "protocol" },          { "conditions", "type", NULL },
		{ "containers", "name", NULL },                { "initContainers", "name", NULL },
		{ "env", "name", NULL },                       { "volumes", "name", NULL },
		{ "volumeMounts", "mountPath", NULL },         { "imagePullSecrets", "name", NULL },
		{ "secrets", "name", NULL },                   { "ownerReferences", "uid", NULL },
		{ "containers.ports", "containerPort", "protocol" },
	};
	size_t n = strlen(path);

	*second = NULL;
	for (size_t i = ARRAY_SIZE(lists); i-- > 0;) {
		size_t n_end = strlen(lists[i].end);

		if (n < n_end || !streq(path + n - n_end, lists[i].end) || (n > n_end && path[n - n_end - 1] != '.'))
			continue;
		*second = lists[i].second;
		return lists[i].key;
	}
	return NULL;
}

static void merge(cJSON *target, const cJSON *patch, const char *path);

static cJSON *find_element(cJSON *list, const char *key, const cJSON *value)
{
	cJSON *element;

	cJSON_ArrayForEach(element, list)
		if (ks_same(ks_child(element, key), value))
			return element;
	return NULL;
}

static void merge_list(cJSON *target, const cJSON *patch, const char *key, const char *path)
{
	const cJSON *change;

	cJSON_ArrayForEach(change, patch) {
		cJSON *element = find_element(target, key, ks_child(change, key));
		const char *directive = json_str(change, "$patch");

		if (streq0(directive, "delete")) {
			cJSON_Delete(element ? cJSON_DetachItemViaPointer(target, element) : NULL);
		} else if (element) {
			merge(element, change, path);
		} else if (!directive) {
			merge(json_add_object(target), change, path);
		}
	}
}

static int find_index(const cJSON *list, const char *key, const cJSON *element)
{
	const cJSON *other;
	int index = 0;

	cJSON_ArrayForEach(other, list) {
		if (ks_same(ks_child(other, key), ks_child(element, key)))
			return index;
		index++;
	}
	return -1;
}

/* As the real one orders: what the patch names in the patch's order, the rest as it was; where the two meet, the rest
 * goes first only if it did before, too. */
static void order_list(cJSON *list, const cJSON *before, const cJSON *order, const char *key)
{
	CLEANUP(cJSON_Deletep) cJSON *named = cJSON_CreateArray();
	CLEANUP(cJSON_Deletep) cJSON *rest = cJSON_CreateArray();
	const cJSON *wanted;

	cJSON_ArrayForEach(wanted, order) {
		cJSON *element = find_element(list, key, ks_child(wanted, key));

		if (element)
			cJSON_AddItemToArray(named, cJSON_DetachItemViaPointer(list, element));
	}
	while (list->child)
		cJSON_AddItemToArray(rest, cJSON_DetachItemViaPointer(list, list->child));
	while (named->child || rest->child) {
		int of_rest = rest->child ? find_index(before, key, rest->child) : -1;
		int of_named = named->child ? find_index(before, key, named->child) : -1;
		bool is_rest = !named->child || (rest->child && of_rest >= 0 && of_named >= 0 && of_rest < of_named);
		cJSON *from = is_rest ? rest : named;

		cJSON_AddItemToArray(list, cJSON_DetachItemViaPointer(from, from->child));
	}
}

/* Finalizers are a set. */
static bool is_set(const char *path)
{
	return streq(path, "metadata.finalizers");
}

static void merge_set(cJSON *target, const cJSON *patch)
{
	const cJSON *value, *have;

	cJSON_ArrayForEach(value, patch) {
		bool is_there = false;

		cJSON_ArrayForEach(have, target)
			is_there = is_there || ks_same(have, value);
		if (!is_there)
			cJSON_AddItemToArray(target, cJSON_Duplicate(value, true));
	}
}

/* "$retainKeys" and the like. */
static void follow_directive(cJSON *target, const cJSON *directive)
{
	static const char from_list[] = "$deleteFromPrimitiveList/";
	const cJSON *value;
	cJSON *child, *next, *list;

	if (streq(directive->string, "$retainKeys")) {
		CLEANUP(strs_release) struct strs keep = { 0 };

		json_strs(directive, &keep);
		for (child = target->child; child; child = next) {
			next = child->next;
			if (!strs_has(&keep, child->string))
				cJSON_Delete(cJSON_DetachItemViaPointer(target, child));
		}
	} else if (strncmp(directive->string, from_list, sizeof(from_list) - 1) == 0) {
		list = ks_child(target, directive->string + sizeof(from_list) - 1);
		cJSON_ArrayForEach(value, directive)
			for (child = list ? list->child : NULL; child; child = next) {
				next = child->next;
				if (ks_same(child, value))
					cJSON_Delete(cJSON_DetachItemViaPointer(list, child));
			}
	}
}

/* order: "$setElementOrder/..." of the list, or NULL. */
static void merge_keyed_list(cJSON *list, const cJSON *change, const cJSON *order, const char *key, const char *path)
{
	CLEANUP(cJSON_Deletep) cJSON *before = cJSON_Duplicate(list, true);

	merge_list(list, change, key, path);
	order_list(list, before, order ? order : change, key);
}

static void merge_child(cJSON *target, const cJSON *patch, const cJSON *change, const char *path)
{
	CLEANUP(freep) char *order = xasprintf("$setElementOrder/%s", change->string);
	const char *second, *key = ks_builtin_list_key(path, &second);
	cJSON *now = ks_child(target, change->string);

	if (cJSON_IsNull(change)) {
		ks_drop(target, change->string);
	} else if (cJSON_IsObject(change)) {
		merge(ks_need_object(target, change->string), change, path);
	} else if (cJSON_IsArray(change) && (key || is_set(path))) {
		if (!cJSON_IsArray(now))
			ks_set(target, change->string, cJSON_CreateArray());
		now = ks_child(target, change->string);
		if (key)
			merge_keyed_list(now, change, ks_child(patch, order), key, path);
		else
			merge_set(now, change);
	} else {
		ks_set(target, change->string, cJSON_Duplicate(change, true));
	}
}

static void merge(cJSON *target, const cJSON *patch, const char *path)
{
	const cJSON *change;

	if (streq0(json_str(patch, "$patch"), "replace"))
		while (target->child)
			cJSON_Delete(cJSON_DetachItemViaPointer(target, target->child));
	cJSON_ArrayForEach(change, patch)
		if (*change->string == '$')
			follow_directive(target, change);
	cJSON_ArrayForEach(change, patch) {
		CLEANUP(freep) char *at = *path ? xasprintf("%s.%s", path, change->string) : xstrdup(change->string);

		if (*change->string != '$')
			merge_child(target, patch, change, at);
	}
}

void ks_strategic_patch(cJSON *target, const cJSON *patch)
{
	merge(target, patch, "");
}
