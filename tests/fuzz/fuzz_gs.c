/* gs: any object of the controller's is none or a service; writing that and reading it again gives the same
 * service. */
#include "leader/avi/gs_json.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static bool has_address_twice(const struct gs_group *group)
{
	for (size_t i = 0; i < group->n_members; i++)
		for (size_t k = 0; k < i; k++)
			if (streq(group->members[i].ip, group->members[k].ip))
				return true;
	return false;
}

/* A service that we want has each address once in a group, and a fallback only with a down response. */
static bool can_be_wanted(const struct gs *gs)
{
	for (size_t i = 0; i < gs->n_groups; i++)
		if (has_address_twice(&gs->groups[i]))
			return false;
	return gs->down_response || !gs->fallback_ip;
}

/* What we write is enabled. */
static void enable_all(struct gs *gs)
{
	for (size_t i = 0; i < gs->n_groups; i++)
		for (size_t k = 0; k < gs->groups[i].n_members; k++)
			gs->groups[i].members[k].is_disabled = false;
}

static struct gs *write_and_read(const struct gs *gs)
{
	CLEANUP(cJSON_Deletep) cJSON *json = gs_to_json(gs), *sent = NULL;
	CLEANUP(freep) char *text = NULL;

	json_put_str(json, "uuid", gs->uuid);
	text = json_text(json);
	sent = json_parse(slice_of(text), NULL);
	assert(sent);
	return gs_from_json(sent, "*");
}

static void check_gs(struct gs *gs)
{
	CLEANUP(strs_release) struct strs fields = { 0 };
	CLEANUP(gs_freep) struct gs *again = NULL, *copy = gs_copy(gs);

	assert(*gs->tenant && *gs->name && *gs->uuid);
	enable_all(gs);
	again = write_and_read(gs);
	assert(again && streq(again->name, gs->name) && streq(again->tenant, gs->tenant));
	assert(!again->deviations.n);
	for (size_t i = 1; i < gs->n_groups; i++)
		assert(gs->groups[i - 1].priority > gs->groups[i].priority);
	if (!can_be_wanted(gs))
		return;
	assert(gs_same(gs, again, &fields) && !fields.n);
	assert(gs_same(again, copy, NULL) == (gs_same(gs, copy, &fields) && !fields.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const tenants[] = { NULL, "", "*", "team" };
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	CLEANUP(gs_freep) struct gs *gs = gs_from_json(json, tenants[size % ARRAY_SIZE(tenants)]);

	gs_refs_have_names(json);
	if (gs)
		check_gs(gs);
	return 0;
}
