#include "tests/sim/kubesim/fault.h"

#include <utlist.h>

#include "tests/sim/kubesim/api.h"

#define RV_KEY "\"resourceVersion\":\""

static char *text_of(const cJSON *object, const char *key)
{
	return xstrdup(json_str(object, key));
}

static void rule_free(struct ks_rule *rule)
{
	cJSON_Delete(rule->given);
	free(rule->cluster);
	free(rule->method);
	free(rule->path);
	free(rule->resource);
	free(rule->verb);
	free(rule->user);
	free(rule->body);
	free(rule->reason);
	free(rule->message);
	free(rule->lie);
	free(rule->first_told);
	free(rule);
}

struct ks_rule *ks_rule_ref(struct ks_rule *rule)
{
	if (rule)
		rule->n_refs++;
	return rule;
}

void ks_rule_unref(struct ks_rule *rule)
{
	if (rule && --rule->n_refs == 0)
		rule_free(rule);
}

static bool check_keys(const cJSON *object, const char *what, const char *const *known, struct err *err)
{
	const cJSON *child;

	if (object && !cJSON_IsObject(object))
		return err_set(err, ERR_INVALID, "%s: want an object", what);
	cJSON_ArrayForEach(child, object) {
		size_t i = 0;

		while (known[i] && !streq(known[i], child->string))
			i++;
		if (!known[i])
			return err_set(err, ERR_INVALID, "%s.%s: no such key", what, child->string);
	}
	return true;
}

static void read_match(struct ks_rule *rule, const cJSON *match)
{
	rule->cluster = text_of(match, "cluster");
	rule->method = text_of(match, "method");
	rule->path = text_of(match, "path");
	rule->resource = text_of(match, "resource");
	rule->verb = text_of(match, "verb");
	rule->user = text_of(match, "user");
}

static bool read_lie(struct ks_rule *rule, const cJSON *action, struct err *err)
{
	const char *how = json_str(action, "resource_version");

	if (!how)
		return true;
	if (!streq(how, "old") && !streq(how, "same") && !streq(how, "text"))
		return err_set(err, ERR_INVALID, "do.resource_version: want old, same or text");
	rule->lie = xstrdup(*how == 'o' ? "1" : *how == 's' ? "=" : "not-a-number");
	return true;
}

static bool read_action(struct ks_rule *rule, const cJSON *action, struct err *err)
{
	const cJSON *body = json_get(action, "body"), *gone = json_get(action, "gone");

	rule->status = (int)json_int(action, "status", 0);
	rule->body = !body ? NULL : cJSON_IsString(body) ? xstrdup(body->valuestring) : json_text(body);
	rule->reason = text_of(action, "reason");
	rule->message = text_of(action, "message");
	rule->retry_after_s = json_int(action, "retry_after_s", -1);
	rule->delay_ms = json_int(action, "delay_ms", 0);
	rule->bytes_per_s = json_int(action, "bytes_per_second", 0);
	rule->is_half = json_bool(action, "half", false);
	rule->is_closed = json_bool(action, "close", false);
	rule->is_endless = json_bool(action, "endless", false);
	rule->is_silent = json_bool(action, "silent", false);
	rule->is_malformed = json_bool(action, "malformed", false);
	rule->gone = cJSON_IsTrue(gone)                          ? KS_GONE_HTTP
		     : streq0(json_str(action, "gone"), "event") ? KS_GONE_EVENT
								 : KS_GONE_NOT;
	if (rule->status && (rule->status < 200 || rule->status > 599))
		return err_set(err, ERR_INVALID, "do.status: want 200 to 599");
	if (rule->delay_ms < 0 || rule->bytes_per_s < 0)
		return err_set(err, ERR_INVALID, "do: want no negative numbers");
	return read_lie(rule, action, err);
}

static struct ks_rule *read_rule(const cJSON *json, struct err *err)
{
	static const char *const keys[] = { "match", "skip", "times", "do", NULL };
	static const char *const match_keys[] = { "cluster", "method", "path", "resource", "verb", "user", NULL };
	static const char *const action_keys[] = {
		"status", "body",  "reason",  "message", "retry_after_s", "delay_ms", "bytes_per_second",
		"half",   "close", "endless", "silent",  "malformed",     "gone",     "resource_version",
		NULL};
	struct ks_rule *rule;

	if (!check_keys(json, "rule", keys, err) || !check_keys(json_get(json, "match"), "match", match_keys, err) ||
	    !check_keys(json_get(json, "do"), "do", action_keys, err))
		return NULL;
	rule = xcalloc(1, sizeof(*rule));
	rule->n_refs = 1;
	rule->given = cJSON_Duplicate(json, true);
	rule->skip = json_int(json, "skip", 0);
	rule->times = json_int(json, "times", -1);
	read_match(rule, json_get(json, "match"));
	if (read_action(rule, json_get(json, "do"), err))
		return rule;
	rule_free(rule);
	return NULL;
}

bool ks_faults_add(struct ks_faults *faults, const cJSON *json, struct err *err)
{
	const cJSON *one = cJSON_IsArray(json) ? json->child : json;
	struct ks_rule *added = NULL, *rule, *next;

	for (; one; one = cJSON_IsArray(json) ? one->next : NULL) {
		rule = read_rule(one, err);
		if (!rule) {
			LL_FOREACH_SAFE(added, rule, next)
				ks_rule_unref(rule);
			return false;
		}
		LL_APPEND(added, rule);
	}
	LL_FOREACH_SAFE(added, rule, next) {
		rule->next = NULL;
		rule->id = ++faults->last_id;
		LL_APPEND(faults->first, rule);
	}
	return true;
}

void ks_faults_clear(struct ks_faults *faults)
{
	struct ks_rule *rule, *next;

	LL_FOREACH_SAFE(faults->first, rule, next)
		ks_rule_unref(rule);
	faults->first = NULL;
}

cJSON *ks_faults_show(const struct ks_faults *faults)
{
	cJSON *list = cJSON_CreateArray();
	const struct ks_rule *rule;

	LL_FOREACH(faults->first, rule) {
		cJSON *entry = json_add_object(list);

		json_put_int(entry, "id", rule->id);
		json_put_int(entry, "seen", rule->n_seen);
		json_put_int(entry, "done", rule->n_done);
		json_put(entry, "rule", cJSON_Duplicate(rule->given, true));
	}
	return list;
}

static bool fits(const char *want, const char *got)
{
	return !want || streq0(want, got);
}

static bool rule_fits(const struct ks_rule *rule, const struct ks_request *r)
{
	return fits(rule->cluster, r->cluster->name) && fits(rule->method, r->method) && fits(rule->verb, r->verb) &&
	       fits(rule->resource, r->plural) && fits(rule->user, r->user) &&
	       (!rule->path || strncmp(rule->path, r->path, strlen(rule->path)) == 0);
}

struct ks_rule *ks_faults_match(struct ks_faults *faults, const struct ks_request *r)
{
	struct ks_rule *rule;

	LL_FOREACH(faults->first, rule) {
		if (!rule_fits(rule, r))
			continue;
		if (rule->n_seen++ < rule->skip || (rule->times >= 0 && rule->n_done >= rule->times))
			continue;
		rule->n_done++;
		return rule;
	}
	return NULL;
}

char *ks_lie(struct ks_rule *rule, const char *text)
{
	const char *at = strstr(text, RV_KEY), *value = at ? at + strlen(RV_KEY) : NULL;
	const char *told = rule->lie;
	size_t n = value ? strcspn(value, "\"") : 0;

	if (!value)
		return xstrdup(text);
	if (streq(told, "=") && !rule->first_told)
		rule->first_told = xstrndup(value, n);
	if (streq(told, "="))
		told = rule->first_told;
	return xasprintf("%.*s%s%s", (int)(value - text), text, told, value + n);
}
