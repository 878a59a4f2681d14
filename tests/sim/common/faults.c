#include "tests/sim/common/faults.h"

#include <limits.h>
#include <utlist.h>

static const struct field counts[] = {
	{ "skip", INT_AT(struct fault_rule, skip), .max = INT_MAX },
	{ "times", INT_AT(struct fault_rule, times), .max = INT_MAX, .absent = -1 },
	{ 0 },
};

static bool has_name(const char *const *names, const char *name)
{
	while (names && *names && !streq(*names, name))
		names++;
	return names && *names;
}

static bool has_field(const struct field *table, const char *name)
{
	while (table->name && !streq(table->name, name))
		table++;
	return table->name != NULL;
}

static bool check_keys(const cJSON *object, const char *path, const struct field *table, const char *const *also,
		       struct err *err)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, object)
		if (cJSON_IsObject(object) && !has_field(table, child->string) && !has_name(also, child->string))
			return err_set(err, ERR_INVALID, "%s.%s: no such key", path, child->string);
	return true;
}

static bool read_part(const cJSON *object, const char *path, const struct field *table, const char *const *also,
		      struct fault_rule *rule, struct err *err)
{
	return check_keys(object, path, table, also, err) && table_read(table, object, path, rule, err);
}

static bool read_into(struct fault_rule *rule, const cJSON *json, struct err *err)
{
	static const char *const parts[] = { "match", "do", NULL };
	const struct fault_kind *kind = rule->kind;
	const cJSON *action = json_get(json, "do");

	if (!cJSON_IsObject(json))
		return err_set(err, ERR_INVALID, "rule: want an object");
	return read_part(json, "rule", counts, parts, rule, err) &&
	       read_part(json_get(json, "match"), "match", kind->match, NULL, rule, err) &&
	       read_part(action, "do", kind->action, kind->also, rule, err) &&
	       (!kind->finish || kind->finish(rule, action, err));
}

static struct fault_rule *read_rule(const struct fault_kind *kind, const cJSON *json, struct err *err)
{
	struct fault_rule *rule = xcalloc(1, kind->size);

	rule->kind = kind;
	rule->n_refs = 1;
	rule->given = cJSON_Duplicate(json, true);
	if (read_into(rule, json, err))
		return rule;
	fault_rule_unref(rule);
	return NULL;
}

static void free_list(struct fault_rule *first)
{
	struct fault_rule *rule, *next;

	LL_FOREACH_SAFE(first, rule, next)
		fault_rule_unref(rule);
}

bool faults_add(struct faults *faults, const cJSON *json, struct err *err)
{
	bool is_list = cJSON_IsArray(json);
	const cJSON *one = is_list ? json->child : json;
	struct fault_rule *added = NULL, *rule;

	for (unsigned i = 0; one; one = is_list ? one->next : NULL, i++) {
		rule = read_rule(faults->kind, one, err);
		if (!rule) {
			free_list(added);
			return is_list ? err_wrap(err, "[%u]", i) : false;
		}
		LL_APPEND(added, rule);
	}
	LL_FOREACH(added, rule)
		rule->id = ++faults->last_id;
	LL_CONCAT(faults->first, added);
	return true;
}

void faults_clear(struct faults *faults)
{
	free_list(TAKE(faults->first));
}

cJSON *faults_show(const struct faults *faults)
{
	cJSON *list = cJSON_CreateArray();
	const struct fault_rule *rule;

	LL_FOREACH(faults->first, rule) {
		cJSON *entry = json_add_object(list);

		json_put_int(entry, "id", rule->id);
		json_put_int(entry, "seen", rule->n_seen);
		json_put_int(entry, "done", rule->n_done);
		json_put(entry, "rule", cJSON_Duplicate(rule->given, true));
	}
	return list;
}

struct fault_rule *faults_match(struct faults *faults, const void *request)
{
	struct fault_rule *rule;

	LL_FOREACH(faults->first, rule) {
		if (!faults->kind->fits(rule, request))
			continue;
		if (rule->n_seen++ < rule->skip || (rule->times >= 0 && rule->n_done >= rule->times))
			continue;
		rule->n_done++;
		return rule;
	}
	return NULL;
}

struct fault_rule *fault_rule_ref(struct fault_rule *rule)
{
	if (rule)
		rule->n_refs++;
	return rule;
}

void fault_rule_unref(struct fault_rule *rule)
{
	if (!rule || --rule->n_refs)
		return;
	if (rule->kind->release)
		rule->kind->release(rule);
	table_release(rule->kind->match, rule);
	table_release(rule->kind->action, rule);
	cJSON_Delete(rule->given);
	free(rule);
}
