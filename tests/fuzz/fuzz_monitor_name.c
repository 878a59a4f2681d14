/* monitor_name: a monitor of any name, description and owner (the lines of the input) belongs to no service or to
 * one whose name stands in it; what somebody else has marked is not ours. */
#include "leader/plan/plan.h"
#include "tests/fuzz/fuzz.h"

#define OWNER "amko-3f0c7c1e"

/* NULL where the input has no such line. */
static char *take_line(struct slice *rest)
{
	struct slice line;

	return slice_split(rest, '\n', &line) ? slice_dup(line) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = fuzz_slice(data, size);
	CLEANUP(freep) char *name = take_line(&rest), *description = take_line(&rest), *owner = take_line(&rest);
	CLEANUP(freep) char *gs = NULL;
	const struct monitor monitor = { .name = name ? name : "", .description = description, .owner = owner };
	bool is_foreign = monitor_is_foreign(&monitor, OWNER);

	gs = monitor_gs_name(&monitor);
	assert(!gs || *gs);
	assert(!gs || strstr(monitor.name, gs) || (description && strstr(description, gs)));
	assert(!(is_foreign && monitor_is_ours(&monitor, OWNER)));
	assert(!owner || !streq(owner, OWNER) || !is_foreign);
	return 0;
}
