/* gdp: a policy of any shape is read, copied and judged. With every look-up answered there is a verdict; with some
 * of them answered there is none yet, or the same one. Input: {"policy": ..., "config": ..., "answers": {<type>:
 * ...}, "known": bits}. */
#include "leader/policy/settings.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

/* Which look-ups are answered: those whose bit is set. */
static void answer(struct lookups *lookups, const cJSON *answers, uint64_t bits)
{
	for (size_t i = 0; i < lookups->n; i++) {
		struct lookup *lookup = &lookups->v[i];

		assert(lookups_find(lookups, lookup->type, lookup->name) == lookup);
		if (!(bits >> (i % 32) & 1))
			continue;
		lookup_from_json(json_get(answers, lookup->type), lookup);
		assert(lookup->state == LOOKUP_FOUND || lookup->state == LOOKUP_ABSENT);
	}
}

static enum validate_result judge(const struct gdp *gdp, const struct gslbconfig *config, const cJSON *answers,
				  uint64_t bits, char **text)
{
	CLEANUP(lookups_release) struct lookups lookups = { 0 };
	enum validate_result result;
	struct settings settings;

	assert(gdp_required_lookups(gdp, config, &lookups) == (lookups.n > 0));
	answer(&lookups, answers, bits);
	result = gdp_validate(gdp, config, &lookups, text);
	assert(!*text == (result == VALIDATE_NEEDS_LOOKUPS));
	assert((result == VALIDATE_ACCEPTED) == streq0(*text, GDP_SUCCESS));
	if (result != VALIDATE_ACCEPTED)
		return result;
	settings_of(gdp, &lookups, &settings);
	assert(!settings.template || settings.template->state == LOOKUP_FOUND);
	return result;
}

static void check_accepted(const struct gdp *gdp, const struct gslbconfig *config)
{
	assert(!gdp->error);
	for (size_t i = 0; i < gdp->n_match_clusters; i++)
		assert(gslbconfig_has_member(config, gdp->match_clusters[i].cluster));
	for (size_t i = 0; i < gdp->n_traffic_split; i++) {
		const struct traffic_split *split = &gdp->traffic_split[i];

		assert(gslbconfig_has_member(config, split->cluster));
		assert(split->weight >= 1 && split->weight <= 20 && split->priority >= 0 && split->priority <= 100);
	}
	assert(!gdp->has_ttl || (gdp->ttl_s >= 0 && gdp->ttl_s <= 86400));
}

static void check_verdicts(const struct gdp *gdp, const struct gslbconfig *config, const cJSON *json)
{
	const cJSON *answers = json_get(json, "answers");
	CLEANUP(freep) char *text = NULL, *early = NULL;
	enum validate_result result = judge(gdp, config, answers, UINT64_MAX, &text);

	assert(result != VALIDATE_NEEDS_LOOKUPS);
	if (result == VALIDATE_ACCEPTED)
		check_accepted(gdp, config);
	if (judge(gdp, config, answers, (uint64_t)json_int(json, "known", 0), &early) != VALIDATE_NEEDS_LOOKUPS)
		assert(streq(text, early));
}

static void check_policy(const struct gdp *gdp)
{
	CLEANUP(gdp_freep) struct gdp *copy = gdp_copy(gdp);

	assert(gdp_same(gdp, copy) && gdp_same_spec(gdp, copy));
	assert(gdp->namespace && gdp->name && gdp->uid && gdp->resource_version && gdp->created);
	for (size_t i = 0; i < gdp->n_match_clusters; i++)
		assert(gdp_match_cluster(gdp, gdp->match_clusters[i].cluster));
	for (size_t i = 0; i < gdp->n_traffic_split; i++)
		assert(gdp_traffic_split(gdp, gdp->traffic_split[i].cluster));
	if (gdp->error)
		assert(strncmp(gdp->error, "spec", 4) == 0 && !gdp->n_match_clusters && !gdp->n_traffic_split &&
		       !gdp->has_ttl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	CLEANUP(gdp_freep) struct gdp *gdp = gdp_from_json(json_get(json, "policy"));
	CLEANUP(gslbconfig_freep) struct gslbconfig *config = gslbconfig_from_json(json_get(json, "config"));

	if (gdp)
		check_policy(gdp);
	if (gdp && config)
		check_verdicts(gdp, config, json);
	return 0;
}
