#include "leader/policy/validate.h"

#include "common/base/ip.h"


#define WEIGHT_MIN 1
#define WEIGHT_MAX 20
#define PRIORITY_MAX 100

static void lookup_clear(struct lookup *lookup)
{
	freep(&lookup->hm_type);
	freep(&lookup->http_request);
	strs_release(&lookup->response_codes);
	*lookup = (struct lookup){ .type = lookup->type, .name = lookup->name };
}

struct lookup *lookups_find(const struct lookups *set, const char *type, const char *name)
{
	for (size_t i = 0; i < set->n; i++)
		if (streq(set->v[i].type, type) && streq(set->v[i].name, name))
			return &set->v[i];
	return NULL;
}

struct lookup *lookups_need(struct lookups *set, const char *type, const char *name)
{
	struct lookup *found = lookups_find(set, type, name);

	if (found)
		return found;
	set->v = grow(set->v, &set->cap, set->n, sizeof(*set->v));
	set->v[set->n] = (struct lookup){ .type = type, .name = xstrdup(name) };
	return &set->v[set->n++];
}

void lookups_release(struct lookups *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++) {
		lookup_clear(&set->v[i]);
		free(set->v[i].name);
	}
	free(set->v);
	*set = (struct lookups){ 0 };
}

static const cJSON *element_named(const cJSON *answer, const char *name)
{
	const cJSON *results = json_get(answer, "results"), *item;

	if (!cJSON_IsArray(results))
		return NULL;
	cJSON_ArrayForEach(item, results)
		if (streq0(json_str(item, "name"), name))
			return item;
	return NULL;
}

void lookup_from_json(const cJSON *answer, struct lookup *lookup)
{
	const cJSON *element = element_named(answer, lookup->name), *http;
	const char *type;

	lookup_clear(lookup);
	lookup->state = element ? LOOKUP_FOUND : LOOKUP_ABSENT;
	if (!element)
		return;
	lookup->has_is_federated = cJSON_IsBool(json_get(element, "is_federated"));
	lookup->is_federated = json_bool(element, "is_federated", false);
	type = json_str(element, "type");
	lookup->hm_type = xstrdup(type);
	http = json_get(element, streq0(type, "HEALTH_MONITOR_HTTPS") ? "https_monitor" : "http_monitor");
	lookup->http_request = xstrdup(json_str(http, "http_request"));
	json_strs(json_get(http, "http_response_code"), &lookup->response_codes);
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static char *geo_fallback_error(const struct pool_algorithm *a)
{
	const char *name = or_empty(a->fallback_algorithm);

	if (!a->has_fallback)
		return xstrdup("geoFallback has to be set for Geo, available choices: RoundRobin, ConsistentHash");
	if (streq(name, "GSLB_ALGORITHM_ROUND_ROBIN"))
		return a->has_fallback_hash_mask
			? xasprintf("hashMask is not allowed with %s as geoFallback algorithm", name) : NULL;
	if (streq(name, "GSLB_ALGORITHM_CONSISTENT_HASH"))
		return a->has_fallback_hash_mask
			? NULL : xasprintf("hashMask is required for %s as the geoFallback algorithm", name);
	return xasprintf("unsupported algorithm %s for geoFallback", name);
}

char *pool_algorithm_error(const struct pool_algorithm *a)
{
	const char *name = or_empty(a->algorithm);

	if (!a->is_set)
		return NULL;
	if (streq(name, "GSLB_ALGORITHM_ROUND_ROBIN") || streq(name, "GSLB_ALGORITHM_TOPOLOGY")) {
		if (a->has_fallback)
			return xasprintf("geoFallback not allowed for %s", name);
		return a->has_hash_mask ? xasprintf("hashMask not allowed for %s", name) : NULL;
	}
	if (streq(name, "GSLB_ALGORITHM_CONSISTENT_HASH")) {
		if (a->has_fallback)
			return xstrdup("geoFallback is not allowed with ConsistentHash");
		return a->has_hash_mask ? NULL : xstrdup("hashMask is required for ConsistentHash");
	}
	if (streq(name, "GSLB_ALGORITHM_GEO"))
		return geo_fallback_error(a);
	return xasprintf("unsupported lbAlgorithm %s", name);
}

char *down_response_error(const struct down_response *r)
{
	const char *type = or_empty(r->type), *ip = or_empty(r->fallback_ip);

	if (!r->is_set)
		return NULL;
	if (!streq(type, "GSLB_SERVICE_DOWN_RESPONSE_FALLBACK_IP"))
		return *ip ? xasprintf("Fallback IP is not allowed for %s", type) : NULL;
	if (!*ip)
		return xasprintf("Fallback IP is required for %s", type);
	return ip_is_valid(ip) ? NULL : xasprintf("Fallback IP %s is not valid", ip);
}

static bool has_three_words(const char *line)
{
	struct slice rest = slice_of(line), word;
	size_t n = 0;

	while (slice_split(&rest, ' ', &word))
		n++;
	return n == 3;
}

char *monitor_template_error(const struct lookup *t)
{
	if (t->state != LOOKUP_FOUND)
		return xasprintf("health monitor template %s not found", t->name);
	if (t->has_is_federated && !t->is_federated)
		return xasprintf("health monitor template %s not federated", t->name);
	if (!streq0(t->hm_type, "HEALTH_MONITOR_HTTP") && !streq0(t->hm_type, "HEALTH_MONITOR_HTTPS"))
		return xstrdup("health monitor template is not supported for non-path based health monitors");
	if (!has_three_words(or_empty(t->http_request)))
		return xasprintf("client request header in health monitor template %s is invalid", t->name);
	return NULL;
}

bool monitor_ref_is_usable(const struct lookup *monitor)
{
	return monitor->state == LOOKUP_FOUND && monitor->is_federated;
}

/* One run through the rules. */
struct run {
	const struct gdp *gdp;
	const struct gslbconfig *config;
	const struct lookups *known;   /* NULL: nothing is known, see wanted */
	struct lookups *wanted;        /* what was asked for without an answer; NULL: only the fact counts */
	bool is_pending;
};

/* NULL: no answer yet. An empty name names nothing; that is known without asking. */
static const struct lookup *ask(struct run *run, const char *type, const char *name)
{
	static const struct lookup nameless = { .type = "", .name = "", .state = LOOKUP_ABSENT };
	const struct lookup *found = run->known ? lookups_find(run->known, type, name) : NULL;

	if (!*name)
		return &nameless;
	if (found && found->state != LOOKUP_PENDING)
		return found;
	if (run->wanted)
		lookups_need(run->wanted, type, name);
	run->is_pending = true;
	return NULL;
}

/* The rules, in the order in which the first failure is the answer. Each returns NULL or that answer. */

/* 1. The reference exchanged key and value in these texts. */
static char *check_app_selector(struct run *run)
{
	const struct pairs *labels = &run->gdp->app_labels;

	for (size_t i = 0; i < labels->n; i++) {
		if (!*labels->v[i].key)
			return xstrdup("label value is missing for key  for appSelector");
		if (!*labels->v[i].value)
			return xstrdup("label key is missing for value  for appSelector");
	}
	return NULL;
}

/* 2. One blank fewer than above. */
static char *check_namespace_selector(struct run *run)
{
	const struct pairs *labels = &run->gdp->namespace_labels;

	for (size_t i = 0; i < labels->n; i++) {
		if (!*labels->v[i].key)
			return xstrdup("label value is missing for key for namespaceSelector");
		if (!*labels->v[i].value)
			return xstrdup("label key is missing for value for namespaceSelector");
	}
	return NULL;
}

/* 3. */
static char *check_match_clusters(struct run *run)
{
	for (size_t i = 0; i < run->gdp->n_match_clusters; i++) {
		const char *cluster = run->gdp->match_clusters[i].cluster;

		if (!gslbconfig_has_member(run->config, cluster))
			return xasprintf("cluster context %s not present in GSLBConfig", cluster);
	}
	return NULL;
}

/* 4. to 6., element by element. A priority of 0 is fine, whatever the text says. */
static char *check_traffic_split(struct run *run)
{
	for (size_t i = 0; i < run->gdp->n_traffic_split; i++) {
		const struct traffic_split *split = &run->gdp->traffic_split[i];

		if (!gslbconfig_has_member(run->config, split->cluster))
			return xasprintf("cluster %s in traffic policy not present in GSLBConfig", split->cluster);
		if (split->weight < WEIGHT_MIN || split->weight > WEIGHT_MAX)
			return xasprintf("traffic weight %d must be between %d and %d", split->weight, WEIGHT_MIN, WEIGHT_MAX);
		if (split->priority < 0 || split->priority > PRIORITY_MAX)
			return xasprintf("priority %d must be between 1 and %d", split->priority, PRIORITY_MAX);
	}
	return NULL;
}

/* 7. and 8. */
static char *check_template(struct run *run)
{
	const char *name = run->gdp->health_monitor_template;
	const struct lookup *template;

	if (!name)
		return NULL;
	if (run->gdp->health_monitor_refs.n)
		return xstrdup("health monitor reference and template cannot be specified together");
	template = ask(run, LOOKUP_HEALTH_MONITOR, name);
	return template ? monitor_template_error(template) : NULL;
}

/* 9. */
static char *check_monitor_refs(struct run *run)
{
	const struct strs *refs = &run->gdp->health_monitor_refs;

	for (size_t i = 0; i < refs->n; i++) {
		const struct lookup *monitor = ask(run, LOOKUP_HEALTH_MONITOR, refs->v[i]);

		if (monitor && !monitor_ref_is_usable(monitor))
			return xasprintf("health monitor ref %s is invalid", refs->v[i]);
		if (!monitor && !run->wanted)
			return NULL;
	}
	return NULL;
}

/* 10. */
static char *check_pool_algorithm(struct run *run)
{
	CLEANUP(freep) char *text = pool_algorithm_error(&run->gdp->pool_algorithm);

	return text ? xasprintf("invalid pool algorithm: %s", text) : NULL;
}

/* 11. and 12. */
static char *check_persistence(struct run *run)
{
	const char *name = run->gdp->site_persistence_ref;
	const struct lookup *profile;

	if (!name)
		return NULL;
	if (!*name)
		return xstrdup("empty string as site persistence reference not supported");
	profile = ask(run, LOOKUP_PERSISTENCE, name);
	return profile && profile->state == LOOKUP_ABSENT ? xasprintf("site persistence ref %s not present", name) : NULL;
}

/* 13. and 14. */
static char *check_pki_profile(struct run *run)
{
	const char *name = run->gdp->pki_profile_ref;
	const struct lookup *profile;

	if (!name)
		return NULL;
	if (!*name)
		return xstrdup("empty string as pki profile reference not supported");
	profile = ask(run, LOOKUP_PKI, name);
	return profile && profile->state == LOOKUP_ABSENT ? xasprintf("pki profile ref %s not present", name) : NULL;
}

/* 15. */
static char *check_down_response(struct run *run)
{
	CLEANUP(freep) char *text = down_response_error(&run->gdp->down_response);

	return text ? xasprintf("invalid down response configuration: %s", text) : NULL;
}

typedef char *rule_fn(struct run *run);

static rule_fn *const rules[] = {
	check_app_selector, check_namespace_selector, check_match_clusters, check_traffic_split, check_template,
	check_monitor_refs, check_pool_algorithm, check_persistence, check_pki_profile, check_down_response,
};

bool gdp_required_lookups(const struct gdp *gdp, const struct gslbconfig *config, struct lookups *out)
{
	struct run run = { .gdp = gdp, .config = config, .wanted = out };
	size_t before = out->n;

	for (size_t i = 0; i < ARRAY_SIZE(rules) && !gdp->error; i++) {
		CLEANUP(freep) char *text = rules[i](&run);

		if (text)
			break;
	}
	return out->n > before;
}

enum validate_result gdp_validate(const struct gdp *gdp, const struct gslbconfig *config, const struct lookups *lookups,
				  char **text)
{
	struct run run = { .gdp = gdp, .config = config, .known = lookups };

	*text = xstrdup(gdp->error);
	for (size_t i = 0; i < ARRAY_SIZE(rules) && !*text; i++) {
		*text = rules[i](&run);
		if (run.is_pending)
			return VALIDATE_NEEDS_LOOKUPS;
	}
	if (*text)
		return VALIDATE_REFUSED;
	*text = xstrdup(GDP_SUCCESS);
	return VALIDATE_ACCEPTED;
}
