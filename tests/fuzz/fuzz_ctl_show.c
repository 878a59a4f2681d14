/* ctl_show: whatever a cluster answers, status can be printed; what is printed obeys no terminal's escape sequences, has a
 * line for the cluster, and as YAML reads back as what it was as JSON. */
#include "common/base/yaml.h"
#include "ctl/plain.h"
#include "ctl/show.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static void build(const cJSON *input, struct fleet *fleet)
{
	struct site *site = fleet_add(fleet, "east");

	site_read_objects(site, json_get(input, "objects"), NULL);
	if (site->trouble)
		return;
	site_read_lease(fleet, site, json_get(input, "lease"), NULL);
	site_read_configs(site, json_get(input, "configs"));
}

static void check_table(const struct fleet *fleet, bool is_wide)
{
	CLEANUP(freep) char *text = show_table(fleet, "avi-system", 1767605400, is_wide), *printed = xstrdup(text);

	for (char *p = text; *p; p++)
		if (*p == '\n')
			*p = ' ';
	for (char *p = printed; *p; p++)
		if (*p == '\n')
			*p = ' ';
	assert(streq(plain(printed), text));
	assert(strstr(text, " east  "));
}

static void make_plain(cJSON *value)
{
	for (cJSON *item = value->child; item; item = item->next)
		make_plain(item);
	plain(value->valuestring);
}

static void check_yaml(const struct fleet *fleet)
{
	CLEANUP(cJSON_Deletep) cJSON *json = show_json(fleet, "avi-system", 1767605400), *again = NULL;
	CLEANUP(freep) char *text = yaml_text(json);

	again = yaml_parse(slice_of(text), NULL);
	make_plain(json);
	assert(again && json_same(json, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *input = fuzz_json(data, size);
	struct fleet fleet = { 0 };

	if (!input)
		return 0;
	build(input, &fleet);
	check_table(&fleet, false);
	check_table(&fleet, true);
	check_yaml(&fleet);
	fleet_release(&fleet);
	return 0;
}
