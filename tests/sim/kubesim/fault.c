#include "tests/sim/kubesim/fault.h"

#include <limits.h>

#include "tests/sim/kubesim/api.h"

#define DRIP_MS 100
#define RV_KEY "\"resourceVersion\":\""

static const struct field match_fields[] = {
	{ "cluster", STR_AT(struct ks_rule, cluster) },
	{ "method", STR_AT(struct ks_rule, method) },
	{ "path", STR_AT(struct ks_rule, path) },
	{ "resource", STR_AT(struct ks_rule, resource) },
	{ "verb", STR_AT(struct ks_rule, verb) },
	{ "user", STR_AT(struct ks_rule, user) },
	{ "param", STR_AT(struct ks_rule, param) },
	{ 0 },
};

static const char *const lies[] = { "old", "same", "text", NULL };

static const struct field action_fields[] = {
	{ "status", INT_AT(struct ks_rule, status), .min = 200, .max = 599 },
	{ "reason", STR_AT(struct ks_rule, reason) },
	{ "message", STR_AT(struct ks_rule, message) },
	{ "retry_after_s", INT_AT(struct ks_rule, retry_after_s), .max = INT_MAX, .absent = -1 },
	{ "delay_ms", INT_AT(struct ks_rule, delay_ms), .max = INT_MAX },
	{ "bytes_per_second", INT_AT(struct ks_rule, bytes_per_s), .max = INT_MAX },
	{ "pad_bytes", INT_AT(struct ks_rule, pad_bytes), .max = 256 * 1024 * 1024 },
	{ "half", BOOL_AT(struct ks_rule, is_half) },
	{ "close", BOOL_AT(struct ks_rule, is_closed) },
	{ "endless", BOOL_AT(struct ks_rule, is_endless) },
	{ "silent", BOOL_AT(struct ks_rule, is_silent) },
	{ "malformed", BOOL_AT(struct ks_rule, is_malformed) },
	{ "resource_version", STR_AT(struct ks_rule, lie), .choices = lies },
	{ 0 },
};

static const char *const untyped[] = { "body", "gone", NULL };

static bool rule_finish(struct fault_rule *base, const cJSON *action, struct err *err)
{
	struct ks_rule *rule = container_of(base, struct ks_rule, rule);
	const cJSON *body = json_get(action, "body"), *gone = json_get(action, "gone");

	rule->body = !body ? NULL : cJSON_IsString(body) ? xstrdup(body->valuestring) : json_text(body);
	rule->gone = cJSON_IsTrue(gone)                          ? KS_GONE_HTTP
		     : streq0(json_str(action, "gone"), "event") ? KS_GONE_EVENT
								 : KS_GONE_NOT;
	return !gone || cJSON_IsFalse(gone) || rule->gone != KS_GONE_NOT ||
	       err_set(err, ERR_INVALID, "do.gone: want true, false or \"event\"");
}

static void rule_release(struct fault_rule *base)
{
	struct ks_rule *rule = container_of(base, struct ks_rule, rule);

	free(rule->body);
	free(rule->first_told);
}

static bool fits(const char *want, const char *got)
{
	return !want || streq0(want, got);
}

static bool rule_fits(const struct fault_rule *base, const void *request)
{
	const struct ks_rule *rule = (const struct ks_rule *)base;
	const struct ks_request *r = request;

	return fits(rule->cluster, r->cluster->name) && fits(rule->method, r->method) && fits(rule->verb, r->verb) &&
	       fits(rule->resource, r->plural) && fits(rule->user, r->user) &&
	       (!rule->param || ks_param(r, rule->param)) &&
	       (!rule->path || strncmp(rule->path, r->path, strlen(rule->path)) == 0);
}

const struct fault_kind ks_fault_kind = {
	.size = sizeof(struct ks_rule),
	.match = match_fields,
	.action = action_fields,
	.also = untyped,
	.finish = rule_finish,
	.release = rule_release,
	.fits = rule_fits,
};

size_t ks_drip(const struct ks_rule *rule, uint64_t *tick_ms)
{
	*tick_ms = rule->bytes_per_s < 1000 / DRIP_MS ? 1000 / (uint64_t)rule->bytes_per_s : DRIP_MS;
	return MAX((size_t)rule->bytes_per_s * DRIP_MS / 1000, (size_t)1);
}

char *ks_pad(const struct ks_rule *rule, const char *text)
{
	return xasprintf("{%*s%s", rule->pad_bytes, "", *text == '{' ? text + 1 : text);
}

char *ks_lie(struct ks_rule *rule, const char *text)
{
	const char *at = strstr(text, RV_KEY), *value = at ? at + strlen(RV_KEY) : NULL;
	const char *told = streq(rule->lie, "old") ? "1" : "not-a-number";
	size_t n = value ? strcspn(value, "\"") : 0;

	if (!value)
		return xstrdup(text);
	if (streq(rule->lie, "same")) {
		if (!rule->first_told)
			rule->first_told = xstrndup(value, n);
		told = rule->first_told;
	}
	return xasprintf("%.*s%s%s", (int)(value - text), text, told, value + n);
}
