/* monitor: any object of the controller's is none or a health monitor; writing that and reading it again gives the
 * same monitor. */
#include "leader/avi/gs_json.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static struct monitor *write_and_read(const struct monitor *monitor)
{
	CLEANUP(cJSON_Deletep) cJSON *json = monitor_to_json(monitor), *sent = NULL;
	CLEANUP(freep) char *text = NULL;

	json_put_str(json, "uuid", monitor->uuid);
	text = json_text(json);
	sent = json_parse(slice_of(text), NULL);
	assert(sent);
	return monitor_from_json(sent, "*");
}

static void check_monitor(const struct monitor *monitor)
{
	CLEANUP(strs_release) struct strs fields = { 0 };
	CLEANUP(monitor_freep) struct monitor *again = write_and_read(monitor);

	assert(*monitor->tenant && *monitor->name && *monitor->uuid);
	assert(again && streq(again->name, monitor->name) && streq(again->tenant, monitor->tenant));
	assert(!again->deviations.n);
	/* Codes without a request are not ours to write. */
	if (monitor->request || !monitor->response_codes.n)
		assert(monitor_same(monitor, again, &fields) && !fields.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const tenants[] = { NULL, "", "*", "team" };
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	CLEANUP(monitor_freep) struct monitor *monitor = monitor_from_json(json, tenants[size % ARRAY_SIZE(tenants)]);

	if (monitor)
		check_monitor(monitor);
	return 0;
}
