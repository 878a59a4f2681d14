#include "common/crd/amkocluster_status.h"

static const char *const order[] = {
	CONDITION_VALIDATION, CONDITION_MEMBERS_INITIALISED, CONDITION_MEMBERS_VALIDATED, CONDITION_GSLBCONFIG_FEDERATION,
	CONDITION_GDP_FEDERATION, CONDITION_LEADING, CONDITION_FENCE_UNAVAILABLE, CONDITION_FEDERATED,
	CONDITION_FORCED_PROMOTION,
};

/* Unknown types come last, as they were. */
static size_t rank(const char *type)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(order) && !streq0(order[i], type))
		i++;
	return i;
}

static void put_text(cJSON *object, const char *key, const char *text)
{
	if (text && *text)
		json_put_str(object, key, text);
}

static cJSON *entry_of(const struct condition *condition)
{
	cJSON *entry = cJSON_CreateObject();

	json_put_str(entry, "type", condition->type);
	json_put_str(entry, "status", condition->status);
	put_text(entry, "reason", condition->reason);
	put_text(entry, "message", condition->message);
	put_text(entry, "lastTransitionTime", condition->last_transition);
	return entry;
}

static const cJSON *find_entry(const cJSON *list, const char *type)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, list)
		if (streq0(json_str(entry, "type"), type))
			return entry;
	return NULL;
}

static void fill_transition(const cJSON *shown, struct condition *own, const char *now)
{
	const cJSON *entry = find_entry(shown, own->type);
	const char *since = json_str(entry, "lastTransitionTime");

	if (own->last_transition || !own->status)
		return;
	own->last_transition = xstrdup(since && *since && streq0(json_str(entry, "status"), own->status) ? since : now);
}

static cJSON *merge_conditions(const cJSON *shown, struct condition *own, size_t n_own, const char *now)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *entry;

	for (size_t i = 0; i < n_own; i++)
		fill_transition(shown, &own[i], now);
	for (size_t at = 0; at <= ARRAY_SIZE(order); at++) {
		cJSON_ArrayForEach(entry, shown)
			if (rank(json_str(entry, "type")) == at && !condition_find(own, n_own, json_str(entry, "type")))
				cJSON_AddItemToArray(list, cJSON_Duplicate(entry, true));
		for (size_t i = 0; i < n_own; i++)
			if (rank(own[i].type) == at && own[i].status)
				cJSON_AddItemToArray(list, entry_of(&own[i]));
	}
	return list;
}

static bool is_shown(const cJSON *shown, const cJSON *field)
{
	const cJSON *value = json_get(shown, field->string);

	return cJSON_IsNull(field) ? !value : value && json_same(value, field);
}

cJSON *amkocluster_status_patch(const cJSON *shown, const cJSON *fields, struct condition *own, size_t n_own,
				const char *now)
{
	CLEANUP(cJSON_Deletep) cJSON *patch = cJSON_CreateObject();
	CLEANUP(cJSON_Deletep) cJSON *conditions = NULL;
	const cJSON *before = json_get(shown, "conditions"), *field;

	cJSON_ArrayForEach(field, fields)
		if (!is_shown(shown, field))
			json_put(patch, field->string, cJSON_Duplicate(field, true));
	conditions = merge_conditions(before, own, n_own, now);
	if (before ? !json_same(before, conditions) : cJSON_GetArraySize(conditions) > 0)
		json_put(patch, "conditions", TAKE(conditions));
	return patch->child ? TAKE(patch) : NULL;
}
