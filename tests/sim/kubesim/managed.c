/* Who owns which fields: metadata.managedFields. */
#include "tests/sim/kubesim/fields.h"
#include "tests/sim/kubesim/text.h"

static const cJSON *entries_of(const cJSON *object)
{
	return json_at(object, "metadata", "managedFields", NULL);
}

static bool is_entry(const cJSON *entry, const struct ks_manager *manager, const char *operation)
{
	return streq0(json_str(entry, "manager"), manager->name) && streq0(json_str(entry, "operation"), operation) &&
	       streq0(json_str(entry, "apiVersion"), manager->api_version) &&
	       streq0(json_str(entry, "subresource"), manager->sub);
}

static cJSON *find_entry(cJSON *list, const struct ks_manager *manager, const char *operation)
{
	cJSON *entry;

	cJSON_ArrayForEach(entry, list)
		if (is_entry(entry, manager, operation))
			return entry;
	return NULL;
}

static cJSON *need_entry(cJSON *list, const struct ks_manager *manager, const char *operation)
{
	cJSON *entry = find_entry(list, manager, operation);

	if (entry)
		return entry;
	entry = json_add_object(list);
	json_put_str(entry, "manager", manager->name);
	json_put_str(entry, "operation", operation);
	json_put_str(entry, "apiVersion", manager->api_version);
	json_put_str(entry, "time", "");
	json_put_str(entry, "fieldsType", "FieldsV1");
	json_put_object(entry, "fieldsV1");
	if (manager->sub)
		json_put_str(entry, "subresource", manager->sub);
	return entry;
}

static void set_entry(cJSON *entry, cJSON *fields)
{
	CLEANUP(freep) char *now = ks_now(false);

	ks_set(entry, "fieldsV1", fields);
	ks_set_str(entry, "time", now);
}

/* Entries without fields go; so does an empty list. */
static void tidy(cJSON *object)
{
	cJSON *meta = ks_need_object(object, "metadata"), *list = ks_child(meta, "managedFields"), *entry, *next;

	for (entry = list ? list->child : NULL; entry; entry = next) {
		const cJSON *fields = json_get(entry, "fieldsV1");

		next = entry->next;
		if (!fields || !fields->child)
			cJSON_Delete(cJSON_DetachItemViaPointer(list, entry));
	}
	if (list && !list->child)
		ks_drop(meta, "managedFields");
}

/* The object begins with the entries of another one (or its own). */
static cJSON *take_over(cJSON *object, const cJSON *from)
{
	cJSON *meta = ks_need_object(object, "metadata");
	const cJSON *old = entries_of(from);

	ks_set(meta, "managedFields", old ? cJSON_Duplicate(old, true) : cJSON_CreateArray());
	return ks_child(meta, "managedFields");
}

void ks_manage_update(struct ks_shape shape, const cJSON *before, cJSON *now, const struct ks_manager *manager)
{
	CLEANUP(cJSON_Deletep) cJSON *nothing = cJSON_CreateObject();
	CLEANUP(cJSON_Deletep) cJSON *changed = NULL;
	CLEANUP(cJSON_Deletep) cJSON *gone = NULL;
	const cJSON *asked = entries_of(now);
	bool is_emptied = cJSON_IsArray(asked) && before &&
			  (!asked->child || (!asked->child->next && !asked->child->child));
	/* A client may edit the list itself; an empty entry empties it. */
	cJSON *list = take_over(now, is_emptied ? NULL : asked && asked->child ? now : before), *entry;

	ks_fields_diff(shape, before ? before : nothing, now, &changed, &gone);
	if (manager->ignores_status)
		ks_drop(changed, "f:status");
	cJSON_ArrayForEach(entry, list) {
		cJSON *fields = ks_child(entry, "fieldsV1");

		ks_fields_subtract(fields, gone);
		if (!is_entry(entry, manager, "Update"))
			ks_fields_subtract(fields, changed);
	}
	if (changed->child && !is_emptied) {
		cJSON *fields;

		entry = need_entry(list, manager, "Update");
		fields = cJSON_Duplicate(json_get(entry, "fieldsV1"), true);
		ks_fields_add(fields, changed);
		set_entry(entry, fields);
	}
	tidy(now);
}

/* --- apply ----------------------------------------------------------------------------------------------- */

static char *describe(const cJSON *entry)
{
	const char *sub = json_str(entry, "subresource");
	CLEANUP(freep) char *with = sub ? xasprintf(" with subresource \"%s\"", sub) : xstrdup("");

	if (!streq0(json_str(entry, "operation"), "Update"))
		return xasprintf("\"%s\"%s", json_str(entry, "manager"), with);
	return xasprintf("\"%s\"%s using %s", json_str(entry, "manager"), with, json_str(entry, "apiVersion"));
}

/* false: somebody else has a value that would change. With force it is taken from them. */
static bool settle(cJSON *list, const cJSON *own, const cJSON *wanted, bool is_forced, cJSON *conflicts)
{
	cJSON *entry;

	cJSON_ArrayForEach(entry, list) {
		CLEANUP(strs_release) struct strs both = { 0 };
		CLEANUP(freep) char *who = describe(entry);

		if (entry == own)
			continue;
		if (is_forced) {
			ks_fields_subtract(ks_child(entry, "fieldsV1"), wanted);
			continue;
		}
		ks_fields_common(json_get(entry, "fieldsV1"), wanted, &both);
		for (size_t i = 0; i < both.n; i++) {
			CLEANUP(freep) char *message = xasprintf("conflict with %s", who);
			cJSON *conflict = json_add_object(conflicts);

			json_put_str(conflict, "reason", "FieldManagerConflict");
			json_put_str(conflict, "message", message);
			json_put_str(conflict, "field", both.v[i]);
		}
	}
	return !conflicts->child;
}

/* What the manager had applied and no longer does, and nobody else owns. */
static cJSON *dropped(const cJSON *list, const cJSON *own, const cJSON *fields)
{
	cJSON *set = own ? cJSON_Duplicate(json_get(own, "fieldsV1"), true) : cJSON_CreateObject();
	const cJSON *entry;

	ks_fields_subtract(set, fields);
	cJSON_ArrayForEach(entry, list)
		if (entry != own)
			ks_fields_subtract(set, json_get(entry, "fieldsV1"));
	return set;
}

bool ks_manage_apply(struct ks_shape shape, const cJSON *live, const cJSON *config, const struct ks_manager *manager,
		     bool is_forced, cJSON **out, cJSON **conflicts, struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *bare = cJSON_Duplicate(config, true);
	CLEANUP(cJSON_Deletep) cJSON *object = cJSON_Duplicate(live, true);
	CLEANUP(cJSON_Deletep) cJSON *fields = NULL;
	CLEANUP(cJSON_Deletep) cJSON *changed = NULL;
	CLEANUP(cJSON_Deletep) cJSON *gone = NULL;
	CLEANUP(cJSON_Deletep) cJSON *found = cJSON_CreateArray();
	cJSON *list, *own;

	ks_drop(ks_need_object(bare, "metadata"), "managedFields");
	fields = ks_fields_of(shape, bare);
	ks_fields_merge(shape, object, bare);
	list = take_over(object, live);
	own = find_entry(list, manager, "Apply");
	ks_fields_diff(shape, live, object, &changed, &gone);
	if (!settle(list, own, changed, is_forced, found)) {
		*conflicts = TAKE(found);
		return err_set(err, ERR_CONFLICT, "Apply failed");
	}
	cJSON_Delete(gone);
	gone = dropped(list, own, fields);
	ks_fields_remove_from(shape, object, gone);
	own = need_entry(list, manager, "Apply");
	if (!ks_same(json_get(own, "fieldsV1"), fields))
		set_entry(own, TAKE(fields));
	tidy(object);
	*out = TAKE(object);
	return true;
}
