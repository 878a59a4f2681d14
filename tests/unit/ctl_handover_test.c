/* Moving leadership: may it be done, what is patched, how far is it. Fleets are rows of a line a cluster. */
#include "tests/unit/scene.h"

#include "ctl/handover.h"

#define SITES_MAX 3

/* "east leader spec:true lease:east@4000002 kept:order ..." Words: the role ("-": no mark), "spec:true", "down" (cannot be
 * reached), "automatic", "fenceless", "trying" (its Lease is not acquired), "lease:HOLDER@EPOCH", "lease:@EPOCH" (empty),
 * "kept:ORDER", "kept-leader" (isLeader as kept), "other" (another clusterContext), "two" (AMKOClusters), "unfit". */
static bool has_word(const char *line, const char *word)
{
	const char *at = strstr(line, word);
	size_t n = strlen(word);

	return at && (at == line || at[-1] == ' ') && (at[n] == '\0' || at[n] == ' ');
}

/* What stands behind a word's colon. Yours to free; NULL: no such word. */
static char *value_of(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	return at ? xstrndup(at + strlen(key), strcspn(at + strlen(key), " ")) : NULL;
}

static cJSON *object_of(const char *context, const char *line)
{
	CLEANUP(freep) char *kept = value_of(line, "kept:"), *role = xstrndup(line, strcspn(line, " ")), *text = NULL;
	CLEANUP(freep) char *marks = NULL;

	if (!streq(role, "-"))
		marks = xasprintf("'amko.vmware.com/role':'%s','amko.vmware.com/fit':'%s','amko.vmware.com/promotion':"
				  "'{\\\"isLeader\\\":%s,\\\"promote\\\":\\\"%s\\\",\\\"number\\\":4,\\\"epoch\\\":0}'", role,
				  has_word(line, "unfit") ? "api credentials uuid" : "avi api credentials copy uuid",
				  has_word(line, "kept-leader") ? "true" : "false", kept ? kept : "");
	text = xasprintf("{'metadata':{'name':'a','namespace':'avi-system','uid':'u','resourceVersion':'7','annotations':{%s}},"
			 "'spec':{'isLeader':%s,'clusterContext':'%s','version':'1','clusters':['east','north','west'],"
			 "'failover':'%s'}}", marks ? marks : "", has_word(line, "spec:true") ? "true" : "false",
			 has_word(line, "other") ? "elsewhere" : context, has_word(line, "automatic") ? "Automatic" : "Manual");
	return scene_json(text);
}

static void add_objects(struct site *site, const char *line)
{
	CLEANUP(cJSON_Deletep) cJSON *list = cJSON_CreateObject();
	cJSON *items = json_put_array(list, "items");

	cJSON_AddItemToArray(items, object_of(site->context, line));
	if (has_word(line, "two"))
		cJSON_AddItemToArray(items, object_of(site->context, line));
	site_read_objects(site, list, NULL);
}

static void add_lease(struct fleet *fleet, struct site *site, const char *line)
{
	CLEANUP(freep) char *held = value_of(line, "lease:"), *text = NULL;
	CLEANUP(cJSON_Deletep) cJSON *lease = NULL;
	const struct err absent = { .code = ERR_NOTFOUND };
	const char *epoch = held ? strchr(held, '@') : NULL;

	if (!epoch) {
		site_read_lease(fleet, site, NULL, &absent);
		return;
	}
	text = xasprintf("{'metadata':{'uid':'u','resourceVersion':'1','annotations':{'amko.vmware.com/epoch':'%s',"
			 "'amko.vmware.com/promotion':'9','amko.vmware.com/acquired':'%s','amko.vmware.com/fence':'%s',"
			 "'amko.vmware.com/federation':'3f0c'}},'spec':{'holderIdentity':'%.*s%s'}}", epoch + 1,
			 has_word(line, "trying") ? "false" : "true", has_word(line, "fenceless") ? "none" : "record",
			 (int)(epoch - held), held, epoch == held ? "" : "/amko-0/u/r");
	lease = scene_json(text);
	site_read_lease(fleet, site, lease, NULL);
}

static void add_site(struct fleet *fleet, const char *row)
{
	CLEANUP(freep) char *context = xstrndup(row, strcspn(row, " "));
	struct site *site = fleet_add(fleet, context);
	const char *line = row + strlen(context) + 1;
	struct err err = { 0 };

	if (has_word(line, "down")) {
		err_set(&err, ERR_RETRY, "connection refused");
		site_read_objects(site, NULL, &err);
		return;
	}
	add_objects(site, line);
	add_lease(fleet, site, line);
}

static void build(const char *const rows[SITES_MAX], struct fleet *fleet)
{
	*fleet = (struct fleet){ 0 };
	for (size_t i = 0; i < SITES_MAX && rows[i]; i++)
		add_site(fleet, rows[i]);
}

#define EAST "east leader spec:true lease:east@4000002"
#define NORTH "north follower lease:east@4000002"
#define WEST "west follower lease:east@4000002"
#define UNREACHABLE "cluster east, whose instance leads, cannot be reached"

static const struct judged {
	const char *name;
	const char *sites[SITES_MAX];
	const char *target;            /* NULL: whoever leads, of a demotion */
	bool is_demotion, is_forced;
	int verdict;
	const char *why;               /* its beginning; NULL: HANDOVER_GO */
	const char *cleared;           /* in this order */
	const char *warning;           /* the beginning of the only one; NULL: none */
} judgeds[] = {
	{ .name = "a planned handover", .sites = { EAST, NORTH, WEST }, .target = "west", .cleared = "east" },
	{ .name = "everybody else who says that it leads is cleared",
	  .sites = { EAST, "north follower spec:true lease:east@4000002", WEST }, .target = "west", .cleared = "east north" },
	{ .name = "nobody led yet", .sites = { "east follower", "north follower", "west follower" }, .target = "west", .cleared = "" },
	{ .name = "who leads already", .sites = { EAST, NORTH, WEST }, .target = "east", .verdict = HANDOVER_DONE,
	  .why = "east leads already, in epoch 4000002", .cleared = "" },
	{ .name = "who leads already may be forced to lead anew", .sites = { EAST, NORTH, WEST }, .target = "east", .is_forced = true,
	  .cleared = "" },
	{ .name = "who says that it leads and was overtaken is promoted anew",
	  .sites = { "east follower spec:true lease:west@5000001", NORTH, "west leader spec:true lease:west@5000001" },
	  .target = "east", .cleared = "west" },
	{ .name = "who only tries to lead does not lead", .sites = { "east candidate spec:true lease:east@4000002 trying", NORTH, WEST },
	  .target = "east", .cleared = "" },
	{ .name = "the leader's cluster is lost", .sites = { "east down", NORTH, WEST }, .target = "west", .cleared = "",
	  .warning = UNREACHABLE ": west leads once its Leases have run out" },
	{ .name = "lost, and without a record", .sites = { "east down", NORTH, "west follower lease:east@4000003 fenceless" },
	  .target = "west", .verdict = HANDOVER_REFUSED, .cleared = "",
	  .why = UNREACHABLE ", and there is no record on the controller that would stop it" },
	{ .name = "by force that goes too", .sites = { "east down", NORTH, "west follower lease:east@4000003 fenceless" },
	  .target = "west", .is_forced = true, .cleared = "" },
	{ .name = "another cluster's loss is no obstacle", .sites = { EAST, "north down", WEST }, .target = "west", .cleared = "east" },
	{ .name = "no member", .sites = { EAST, NORTH, WEST }, .target = "south", .verdict = HANDOVER_REFUSED, .cleared = "",
	  .why = "south is no member of this federation, whose members are east, north, west" },
	{ .name = "the target is lost", .sites = { EAST, NORTH, "west down" }, .target = "west", .verdict = HANDOVER_IMPOSSIBLE,
	  .cleared = "", .why = "cluster west cannot be reached: connection refused" },
	{ .name = "two AMKOClusters", .sites = { EAST, NORTH, "west follower two" }, .target = "west", .verdict = HANDOVER_REFUSED,
	  .cleared = "", .why = "cluster west has 2 AMKOClusters, and must have one" },
	{ .name = "of another context", .sites = { EAST, NORTH, "west follower other" }, .target = "west",
	  .verdict = HANDOVER_REFUSED, .cleared = "", .why = "cluster west: AMKOCluster a says clusterContext: \"elsewhere\"" },
	{ .name = "no amko runs there", .sites = { EAST, NORTH, "west - lease:east@4000002" }, .target = "west",
	  .verdict = HANDOVER_REFUSED, .cleared = "", .why = "cluster west: AMKOCluster a has no annotation amko.vmware.com/role" },
	{ .name = "AMKO leads elsewhere", .sites = { "east - spec:true", NORTH, WEST }, .target = "west",
	  .verdict = HANDOVER_REFUSED, .cleared = "east", .why = "cluster east: AMKO leads there, and writes on for up to a minute" },
	{ .name = "past AMKO by force", .sites = { "east - spec:true", "north follower", "west follower" }, .target = "west",
	  .is_forced = true, .cleared = "east", .warning = "cluster east: AMKO leads there: it writes on" },
	{ .name = "one that is not fit", .sites = { EAST, NORTH, "west follower unfit lease:east@4000002" }, .target = "west",
	  .cleared = "east", .warning = "west says that it is not fit to lead: the controller does not answer; its copy of the "
	  "configuration is behind;" },

	{ .name = "the leader stands down", .sites = { EAST, NORTH, WEST }, .is_demotion = true, .cleared = "east",
	  .warning = "failover is Manual: nobody leads from then on" },
	{ .name = "with automatic failover somebody follows", .sites = { EAST " automatic", NORTH, WEST }, .is_demotion = true,
	  .cleared = "east" },
	{ .name = "nobody leads", .sites = { "east follower lease:@4000002", "north follower", WEST " trying" }, .is_demotion = true,
	  .verdict = HANDOVER_DONE, .cleared = "", .why = "nobody leads, as far as can be seen" },
	{ .name = "nobody leads where a later epoch was given up",
	  .sites = { "east follower lease:@4000003", "north follower lease:north@4000002", "west follower" }, .is_demotion = true,
	  .verdict = HANDOVER_DONE, .cleared = "", .why = "nobody leads, as far as can be seen" },
	{ .name = "a mere attempt ends no leadership",
	  .sites = { EAST, NORTH, "west candidate lease:west@5000001 trying" }, .is_demotion = true, .cleared = "east",
	  .warning = "failover is Manual: nobody leads from then on" },
	{ .name = "a follower stands down", .sites = { EAST, NORTH, WEST }, .target = "west", .is_demotion = true,
	  .verdict = HANDOVER_DONE, .cleared = "", .why = "west follows already" },
	{ .name = "one that was overtaken", .sites = { EAST, NORTH, WEST " spec:true automatic" }, .target = "west",
	  .is_demotion = true, .cleared = "west" },
	{ .name = "one that leads after a failover", .sites = { "east leader automatic lease:east@4000002", NORTH, WEST },
	  .is_demotion = true, .verdict = HANDOVER_REFUSED, .cleared = "", .why = "east leads without isLeader: true" },
	{ .name = "a leader that cannot be reached", .sites = { "east down", NORTH, WEST }, .is_demotion = true,
	  .verdict = HANDOVER_IMPOSSIBLE, .cleared = "", .why = "cluster east cannot be reached" },
};

static bool begins(const char *text, const char *with)
{
	return text && strncmp(text, with, strlen(with)) == 0;
}

static void is_judged(void **state)
{
	const struct judged *row = *state;
	CLEANUP(freep) char *cleared = NULL;
	struct handover h;
	struct fleet fleet;
	const char *target;

	build(row->sites, &fleet);
	if (row->is_demotion)
		handover_from(&fleet, row->target, &h, &target);
	else
		handover_to(&fleet, row->target, row->is_forced, &h);
	assert_int_equal(h.verdict, row->verdict);
	if (row->why && !begins(h.why, row->why))
		assert_text(h.why, row->why);
	assert_true(row->why || !h.why);
	cleared = strs_join(&h.cleared, " ");
	assert_text(cleared, row->cleared);
	assert_int_equal(h.warnings.n, row->warning ? 1 : 0);
	if (row->warning && !begins(h.warnings.v[0], row->warning))
		assert_text(h.warnings.v[0], row->warning);
	handover_release(&h);
	fleet_release(&fleet);
}

/* ---- how far it is ---- */

static const struct progress {
	const char *name;
	const char *sites[SITES_MAX];
	const char *order;             /* NULL: the demotion of east */
	const char *old, *target;      /* what is said */
	bool is_done;
} progresses[] = {
	{ "nothing has happened", { EAST, NORTH, WEST }, "o", "east leads in epoch 4000002", "west has not seen its promotion yet",
	  false },
	{ "the old one finishes", { "east standing-down lease:east@4000002", NORTH, WEST " kept:o" }, "o",
	  "east stands down: it finishes its writes", "west has seen its promotion", false },
	{ "the old one has given its Lease up", { "east standing-down lease:@4000002", NORTH, "west candidate kept:o lease:east@4000002" },
	  "o", "east has given its Lease up", "west stands, and waits until the Leases are free", false },
	{ "the new one takes the Leases", { "east follower lease:west@5000001 trying", NORTH, "west candidate kept:o "
	  "lease:west@5000001 trying" }, "o", "east follows: its epoch is over", "west takes the Leases, for epoch 5000001", false },
	{ "the new one leads", { "east follower lease:west@5000001", NORTH, "west leader kept:o lease:west@5000001" }, "o",
	  "east follows: its epoch is over", "west leads in epoch 5000001", true },
	{ "an earlier leadership of its own is not the new one", { EAST, NORTH, "west leader kept:earlier lease:west@4000002" }, "o",
	  "east leads in epoch 4000002", "west has not seen its promotion yet", false },
	{ "the old one is lost", { "east down", NORTH, "west candidate kept:o lease:east@4000002" }, "o", "east does not answer",
	  "west stands, and waits until the Leases are free", false },
	{ "the new one is lost on the way", { EAST, NORTH, "west down" }, "o", "east leads in epoch 4000002", "west does not answer",
	  false },
	{ "a demotion that was not seen", { "east leader kept-leader lease:east@4000002", NORTH, WEST }, NULL,
	  "east leads in epoch 4000002", "east has not seen it yet", false },
	{ "a demotion that was seen", { "east standing-down lease:east@4000002", NORTH, WEST }, NULL,
	  "east stands down: it finishes its writes", "east has seen it", false },
	{ "a demotion that is done", { "east follower lease:@4000002", NORTH, WEST }, NULL, "east follows: its epoch is over",
	  "east has seen it", true },
	{ "a demotion that is done, and another leads", { "east follower lease:north@4000003", NORTH, WEST }, NULL,
	  "east follows: its epoch is over", "east has seen it", true },
};

static void is_told(void **state)
{
	const struct progress *row = *state;
	const char *target = row->order ? "west" : "east";
	struct handover h = { .old_leader = (char[]){ "east" }, .old_epoch = 4000002 };
	CLEANUP(freep) char *old = NULL, *new = NULL;
	struct fleet fleet;

	build(row->sites, &fleet);
	old = old_leader_text(&fleet, &h);
	new = target_text(&fleet, target, row->order);
	assert_text(old, row->old);
	assert_text(new, row->target);
	assert_int_equal(row->order ? promotion_is_done(&fleet, target, &h) : demotion_is_done(&fleet, target), row->is_done);
	fleet_release(&fleet);
}

/* ---- what is written ---- */

static void assert_json(const cJSON *json, const char *want)
{
	CLEANUP(freep) char *text = json ? json_text(json) : NULL;

	assert_text(text, want);
}

static void patches_are_of_the_version_that_was_judged(void **state)
{
	static const char *const rows[SITES_MAX] = { EAST };
	CLEANUP(cJSON_Deletep) cJSON *promotion = NULL, *demotion = NULL;
	CLEANUP(freep) char *plain = promotion_order("id", false), *forced = promotion_order("id", true);
	struct fleet fleet;

	(void)state;
	build(rows, &fleet);
	promotion = promotion_patch(&fleet.sites[0], plain);
	demotion = demotion_patch(&fleet.sites[0]);
	assert_json(promotion, "{\"metadata\":{\"resourceVersion\":\"7\",\"annotations\":{\"amko.vmware.com/promote\":\"id\"}},"
			       "\"spec\":{\"isLeader\":true}}");
	assert_json(demotion, "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"isLeader\":false}}");
	assert_text(forced, "id force");
	fleet_release(&fleet);
}

static void force_is_noted_and_the_note_goes_again(void **state)
{
	CLEANUP(cJSON_Deletep) cJSON *object = scene_json("{'status':{'role':'leader','conditions':[{'type':'Leading',"
							  "'status':'True'}]}}");
	CLEANUP(cJSON_Deletep) cJSON *noted = forced_note_patch(object, "by alice", "2026-01-05T09:30:00Z");
	CLEANUP(cJSON_Deletep) cJSON *whole = cJSON_CreateObject(), *gone = NULL, *nothing = NULL;

	(void)state;
	assert_json(noted, "{\"conditions\":[{\"type\":\"Leading\",\"status\":\"True\"},{\"type\":\"ForcedPromotion\","
			   "\"status\":\"True\",\"reason\":\"Forced\",\"message\":\"by alice\","
			   "\"lastTransitionTime\":\"2026-01-05T09:30:00Z\"}]}");
	json_put(whole, "status", cJSON_Duplicate(noted, true));
	gone = forced_note_patch(whole, NULL, "2026-01-05T09:30:00Z");
	assert_json(gone, "{\"conditions\":[{\"type\":\"Leading\",\"status\":\"True\"}]}");
	nothing = forced_note_patch(object, NULL, "2026-01-05T09:30:00Z");
	assert_null(nothing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patches_are_of_the_version_that_was_judged),
		cmocka_unit_test(force_is_noted_and_the_note_goes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(is_judged, judgeds) | RUN_TABLE(is_told, progresses);
}
