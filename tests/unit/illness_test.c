/* What a leader tells its keeper about its health. */
#include "leader/ops/illness.h"
#include "tests/unit/unit.h"

#define SOUND .has_config = true, .has_kubeconfig = true, .was_checked = true, .leads = true

static const struct row {
	const char *name;
	struct work work;
	const char *illness;           /* NULL: none */
} rows[] = {
	{ "all is well", { SOUND }, NULL },
	{ "it has just begun: nothing is known yet", { 0 }, NULL },
	{ "the controller has not been asked yet", { .has_config = true, .has_kubeconfig = true }, NULL },
	{ "its API server does not answer", { SOUND, .own_trouble = "connect to 10.0.0.1: refused" }, "connect to 10.0.0.1: refused" },
	{ "there is no GSLBConfig", { .has_none = true }, "there is no GSLBConfig" },
	{ "there is one, and its Secret is still being read", { 0 }, NULL },
	{ "the only one is refused", { .complaint = "spec.gslbLeader.controllerIP is empty" },
	  "spec.gslbLeader.controllerIP is empty" },
	{ "a newer one is refused, and the one before is in charge", { SOUND, .complaint = "Secret x does not exist" }, NULL },
	{ "there is no members' kubeconfig", { .has_config = true }, "there is no members' kubeconfig" },
	{ "it was never readable", { .has_config = true, .kubeconfig_error = "line 3: a tab" }, "line 3: a tab" },
	{ "a newer one is not readable, and the one before is in force", { SOUND, .kubeconfig_error = "line 3: a tab" }, NULL },
	{ "the controller is away", { .has_config = true, .has_kubeconfig = true, .was_checked = true,
				      .controller_why = "connect to 10.0.0.9: timed out" }, "connect to 10.0.0.9: timed out" },
	{ "its objects cannot be read", { SOUND, .is_listing_bad = true }, "the controller's objects cannot be read" },
};

static void it_is(void **state)
{
	const struct row *row = *state;

	assert_text(illness_of(&row->work), row->illness);
}

int main(void)
{
	return RUN_TABLE(it_is, rows);
}
