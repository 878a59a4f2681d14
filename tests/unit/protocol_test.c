/* Conversations with the deciding part of leadership. `when` is what happens (keeper_talk.h); `does` is what the keeper in cluster
 * east did of its own, without looks and mere renewals. */
#include "tests/unit/keeper_talk.h"
#include "tests/unit/unit.h"

struct line {
	const char *when, *does;
	int because;                 /* REASON_... + 1; 0: not asked */
};

#define BECAUSE(reason) (REASON_##reason + 1)
#define ANY 0

struct conversation {
	const char *name;
	struct line lines[8];
};

#define EVERYTHING "leads east 1000001, leads west 1000001"

static const struct conversation conversations[] = {
	{ "nobody asks it to lead", { { "wait 200", "", BECAUSE(NOT_PROMOTED) } } },
	{ "a first leader of nobody before writes as soon as the record is made", {
		{ "isLeader", "", ANY },
		{ "wait 0", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING ", starts worker", BECAUSE(NONE) },
		{ "worker wants, wait 0", "records 1000001, may write", BECAUSE(NONE) },
	} },
	{ "the record is claimed only when something is to be written", {
		{ "isLeader, wait 100", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING ", starts worker",
		  BECAUSE(NONE) },
	} },
	{ "a promotion whose number cannot be kept does not begin", {
		{ "own unreadable, isLeader, wait 0", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker", ANY },
	} },
	{ "a member that is silent does not count where a human decided", {
		{ "silent west, isLeader, wait 80", "keeps promotion 1, tries east 1000001, leads east 1000001, starts worker", ANY },
		{ "answers west, wait 80", "leads west 1000001", ANY },
	} },
	{ "the own Lease must answer", { { "silent east, isLeader, wait 100", "keeps promotion 1", BECAUSE(OWN_LEASE) } } },
	{ "a Lease that was there before waits a lease", {
		{ "west-leads 1000001, west-dies, isLeader, wait 59", "keeps promotion 2", BECAUSE(OTHER_LEADS) },
		{ "wait 2", "tries east 2000001, tries west 2000001, records 2000001, leads east 2000001, leads west 2000001, "
		  "starts worker", BECAUSE(NONE) },
		{ "worker wants, wait 9", "", BECAUSE(NONE) },
		{ "wait 2", "may write", BECAUSE(NONE) },
	} },
	{ "a dead leader's Lease is not lost to it while the answer is under way", {
		{ "west-leads 1000001, west-dies, slow east, slow west, isLeader, wait 61", "keeps promotion 2, tries east 2000001, "
		  "tries west 2000001, records 2000001, leads east 2000001, leads west 2000001, starts worker", BECAUSE(NONE) },
	} },
	{ "an absent Lease waits as well once an epoch was seen", {
		{ "west-leads 1000001, west-dies, wait 5, deleted east, deleted west, isLeader, wait 55", "keeps promotion 2",
		  BECAUSE(LEASES_HELD) },
		{ "wait 10", "tries east 2000001, tries west 2000001, records 2000001, leads east 2000001, leads west 2000001, "
		  "starts worker", ANY },
	} },
	{ "a living leader that answers stops a promotion", {
		{ "west-leads 1000001, isLeader, wait 300", "keeps promotion 2", BECAUSE(OTHER_LEADS) },
		{ "west-empties, wait 10", "tries east 2000001, tries west 2000001, records 2000001, leads east 2000001, "
		  "leads west 2000001, starts worker, may write", BECAUSE(NONE) },
	} },
	{ "a failed attempt's empty Leases do not say that nothing is under way", {
		{ "west-leads 1000001, isLeader, wait 300", "keeps promotion 2", ANY },
		{ "west-empties attempt, wait 10", "tries east 2000001, tries west 2000001, records 2000001, leads east 2000001, "
		  "leads west 2000001, starts worker", ANY },
		{ "worker wants, wait 10", "", ANY },
		{ "wait 10", "may write", ANY },
	} },
	{ "Leases whose holder somebody cleared by hand do not say so either", {
		{ "west-leads 1000001, isLeader, wait 300", "keeps promotion 2", ANY },
		{ "west-empties by hand, wait 10", "tries east 2000001, tries west 2000001, records 2000001, leads east 2000001, "
		  "leads west 2000001, starts worker", ANY },
		{ "worker wants, wait 10", "", ANY },
		{ "wait 10", "may write", ANY },
	} },
	{ "one that cannot be seen is waited for longer", {
		{ "west-leads 1000001, wait 5, silent west, west-dies, isLeader, wait 75", "keeps promotion 2, tries east 2000001, "
		  "records 2000001, leads east 2000001, starts worker", ANY },
		{ "worker wants, wait 4", "", ANY },
		{ "wait 10", "may write", ANY },
	} },
	{ "force takes living Leases", {
		{ "west-leads 1000001, isLeader, promote now force, wait 0", "keeps promotion 2 forced, tries east 2000001, "
		  "tries west 2000001, records 2000001, leads east 2000001, leads west 2000001, starts worker", ANY },
		{ "worker wants, wait 20", "", ANY },
		{ "wait 2", "may write", BECAUSE(NONE) },
	} },
	{ "two promotions of one number block each other", {
		{ "west-promoted 1, isLeader, wait 100", "keeps promotion 2, tries east 2000001, tries west 2000001, "
		  "leads east 2000001, leads west 2000001, starts worker", ANY },
	} },
	{ "a promotion is not smaller when it has no number yet", {
		{ "west-promoted 0, isLeader, wait 0", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker", ANY },
	} },
	{ "a leading reference stops everybody", {
		{ "west-promoted 0, unmarked west, isLeader, wait 100", "keeps promotion 1", BECAUSE(REFERENCE_LEADS) },
	} },
	{ "a promotion is used up by a later one", {
		{ "isLeader, worker wants, wait 0", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker", ANY },
		{ "worker wants, wait 0", "records 1000001, may write", ANY },
		{ "west-leads 2000001, wait 5", "may not write, ends worker", ANY },
		{ "worker ends, wait 200", "", BECAUSE(USED_UP) },
		{ "west-dies, wait 200", "", BECAUSE(USED_UP) },
		{ "isLeader false, wait 5, isLeader, wait 100", "keeps promotion 3, tries east 3000001, tries west 3000001, "
		  "records 3000001, leads east 3000001, leads west 3000001, starts worker, may write", ANY },
	} },
	{ "a later epoch in the record alone stops it", {
		{ "isLeader, wait 0, worker wants, wait 0", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "west-records 2000001, wait 5", "may not write, ends worker", ANY },
	} },
	{ "a silent API server ends the epoch after R, and the worker before L", {
		{ "isLeader, wait 0, worker wants, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "silent east, silent west, wait 38", "", BECAUSE(NONE) },
		{ "wait 2", "may not write, ends worker", ANY },
		{ "wait 30", "kills worker", BECAUSE(OWN_LEASE) },
	} },
	{ "a conflict that was not one is renewed over", {
		{ "isLeader, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING ", starts worker", ANY },
		{ "busy east, wait 60", "", BECAUSE(NONE) },
	} },
	{ "demoted, it releases once the worker is gone", {
		{ "isLeader, wait 0, worker wants, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "isLeader false, wait 1", "may not write, ends worker", ANY },
		{ "worker ends, wait 1", "releases east, releases west", BECAUSE(NOT_PROMOTED) },
	} },
	{ "a write that was cut off is waited for before a release", {
		{ "isLeader, wait 0, worker wants, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "sigterm, wait 5", "may not write, ends worker", BECAUSE(TERMINATED) },
		{ "worker dies, wait 9", "", ANY },
		{ "wait 2", "releases east, releases west, exits", ANY },
	} },
	{ "asked to end after its epoch did, it empties its Leases and leaves what they show", {
		{ "isLeader, wait 0, worker wants, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "refused record, wait 5", "may not write, ends worker", ANY },
		{ "sigterm, worker ends, wait 0", "releases east 1000001, releases west 1000001, exits", ANY },
	} },
	{ "a clean restart leads again at once", {
		{ "isLeader, wait 0, worker wants, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "sigterm, wait 0, worker ends, wait 0", "may not write, ends worker, releases east, releases west, exits", ANY },
		{ "restart y, wait 0, worker wants, wait 0", "tries east 1000002, tries west 1000002, leads east 1000002, "
		  "leads west 1000002, starts worker, records 1000002, may write", BECAUSE(NONE) },
	} },
	{ "a new process is a new holder and waits", {
		{ "isLeader, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING ", starts worker", ANY },
		{ "restart y, wait 59", "", BECAUSE(SPARE) },
		{ "wait 5", "tries east 1000002, tries west 1000002, leads east 1000002, leads west 1000002, starts worker", ANY },
	} },
	{ "the own object deleted is a release, unreadable is nothing", {
		{ "isLeader, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING ", starts worker", ANY },
		{ "own unreadable, wait 100", "", ANY },
		{ "own deleted, wait 0, worker ends, wait 0", "ends worker, releases east, releases west", BECAUSE(OWN_OBJECT) },
	} },
	{ "a worker that dies is started again, and writes after M", {
		{ "isLeader, wait 0, worker wants, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "worker dies, wait 2", "starts worker", ANY },
		{ "wait 9", "may write", ANY },
	} },
	{ "a controller that is away: it leads without writing", {
		{ "west-leads 1000001, west-dies, silent record, isLeader, wait 75", "keeps promotion 2, tries east 2000001, "
		  "tries west 2000001, leads east 2000001, leads west 2000001, starts worker", BECAUSE(NONE) },
		{ "answers record, wait 10", "records 2000001", ANY },
		{ "wait 15", "may write", BECAUSE(NONE) },
	} },
	{ "a controller that refuses the record: fenceless, told, and waited for", {
		{ "refused record, isLeader, wait 61", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker", ANY },
		{ "wait 22", "may write fenceless", BECAUSE(NONE) },
		{ "answers record, worker wants, wait 10", "records 1000001", BECAUSE(NONE) },
	} },
	{ "a record that is refused after it was read is a stop", {
		{ "isLeader, wait 0, worker wants, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "refused record, wait 5", "may not write, ends worker", ANY },
	} },
	{ "without a record, an old leader that is not seen needs force", {
		{ "refused record, west-leads 1000001, wait 5, silent west, west-dies, isLeader, wait 100", "keeps promotion 2",
		  BECAUSE(UNSEEN_FENCELESS) },
		{ "promote now force, wait 20", "keeps promotion 3 forced, tries east 3000001, leads east 3000001, starts worker", ANY },
	} },
	{ "without a UUID nothing is written", {
		{ "uuid none, isLeader, wait 100", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker", BECAUSE(NONE) },
		{ "uuid f, wait 1, worker wants, wait 0", "records 1000001, may write", BECAUSE(NONE) },
	} },
	{ "a Lease that does not parse is no vote", {
		{ "garbage west, isLeader, wait 60", "keeps promotion 1, tries east 1000001, leads east 1000001, starts worker", ANY },
	} },

	/* Automatic: three clusters, two make a quorum. */
	{ "automatic: everybody fit stands by itself", {
		{ "failover Automatic, clusters 111, wait 6", "tries east 1, tries north 1, leads east 1, leads north 1, starts worker, "
		  "leads west 1", ANY },
	} },
	{ "automatic: not without our mark on every member", {
		{ "failover Automatic, clusters 111, unmarked north, wait 100", "", BECAUSE(NOT_PROMOTED) },
	} },
	{ "automatic: a minority does not lead", {
		{ "failover Automatic, clusters 111, silent north, silent west, wait 100", "", BECAUSE(NOT_PROMOTED) },
	} },
	{ "automatic: takes over a lease after the last renewal", {
		{ "failover Automatic, clusters 111, west-leads 1, wait 100", "", BECAUSE(LEASES_HELD) },
		{ "west-dies, silent west, wait 54", "", BECAUSE(LEASES_HELD) },
		{ "wait 10", "tries east 2, tries north 2, records 2, leads east 2, leads north 2, starts worker", ANY },
		{ "worker wants, wait 12", "may write", BECAUSE(NONE) },
	} },
	{ "automatic: a copy that is behind waits once more", {
		{ "failover Automatic, clusters 111, west-leads 1, unfit copy, wait 9, west-dies, wait 110", "", BECAUSE(NONE) },
		{ "wait 10", "tries east 2, tries north 2, records 2, leads east 2, leads north 2, leads west 2, starts worker", ANY },
	} },
	{ "automatic: without the controller it does not stand", {
		{ "failover Automatic, clusters 111, west-leads 1, unfit avi, wait 9, west-dies, wait 300", "shows avi is away",
		  BECAUSE(NOT_FIT) },
	} },
	{ "automatic: what is handed to it is taken at once", {
		{ "failover Automatic, clusters 111, west-leads 1, wait 20", "", ANY },
		{ "west-empties east, wait 10", "tries east 2, tries north 2, records 2, leads east 2, leads north 2, starts worker, "
		  "may write, leads west 2", ANY },
	} },
	{ "automatic: what is handed to another waits", {
		{ "failover Automatic, clusters 111, west-leads 1, wait 20", "", ANY },
		{ "west-empties north, wait 58", "", BECAUSE(LEASES_HELD) },
		{ "wait 9", "tries east 2, tries north 2, records 2, leads east 2, leads north 2, leads west 2, starts worker, may write", ANY },
	} },
	{ "automatic: it releases to one that is promoted", {
		{ "failover Automatic, clusters 111, wait 6", "tries east 1, tries north 1, leads east 1, leads north 1, starts worker, "
		  "leads west 1", ANY },
		{ "west-promoted 1, wait 6, worker ends, wait 0", "ends worker, releases east to west, releases north to west, "
		  "releases west to west", ANY },
	} },
	{ "automatic: an ill leader hands over to a fit one after three leases, and stays away", {
		{ "failover Automatic, clusters 111, wait 6", "tries east 1, tries north 1, leads east 1, leads north 1, starts worker, "
		  "leads west 1", ANY },
		{ "worker ill, wait 175", "", ANY },
		{ "wait 10, worker ends, wait 0", "ends worker, releases east to north, releases north to north, "
		  "releases west to north", ANY },
		{ "wait 1700", "", BECAUSE(HANDED_OVER) },
		{ "wait 200", "tries east 2, tries north 2, records 2, leads east 2, leads north 2, records 2, starts worker, "
		  "leads west 2, may write", ANY },
	} },
	{ "automatic: so does one without its own API server, or without the controller", {
		{ "failover Automatic, clusters 111, wait 6", "tries east 1, tries north 1, leads east 1, leads north 1, starts worker, "
		  "leads west 1", ANY },
		{ "unfit api, wait 175", "", ANY },
		{ "unfit avi, wait 175", "shows avi is away", ANY },
		{ "wait 10, worker ends, wait 0", "ends worker, releases east to north, releases north to north, "
		  "releases west to north", ANY },
	} },
	{ "automatic: what is handed back to one that stays away it takes: somebody has to lead", {
		{ "failover Automatic, clusters 111, wait 6", "tries east 1, tries north 1, leads east 1, leads north 1, starts worker, "
		  "leads west 1", ANY },
		{ "worker ill, wait 185, worker ends, wait 0", "ends worker, releases east to north, releases north to north, "
		  "releases west to north", ANY },
		{ "west-leads 2, wait 100", "", ANY },
		{ "west-empties east, wait 10", "tries east 3, tries north 3, records 3, leads east 3, leads north 3, starts worker, "
		  "may write, leads west 3", ANY },
	} },
	{ "automatic: of two clusters the record is the third voter", {
		{ "failover Automatic, clusters 101, west-leads 1, wait 20, silent west, west-dies, wait 55", "", ANY },
		{ "wait 10", "tries east 2, records 2, leads east 2, records 2, starts worker", ANY },
		{ "wait 30, silent record, wait 42", "records 2, may write, records 2, records 2, may not write, ends worker", ANY },
	} },

	/* Views. */
	{ "an edited spec is shown on every Lease", {
		{ "isLeader, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING ", starts worker", ANY },
		{ "clusters 111, wait 66", "shows Manual+ east by 1, shows Manual+ west by 1, leads north 1000001", ANY },
		{ "failover Automatic, wait 1", "shows Automatic+ east by 1, shows Automatic+ north by 1, shows Automatic+ west by 1", ANY },
		{ "failover Manual, wait 1", "shows Manual+ east by 1, shows Manual+ north by 1, shows Manual+ west by 1", ANY },
	} },
	{ "leading when the view turns Manual is a promotion", {
		{ "failover Automatic, clusters 111, wait 6", "tries east 1, tries north 1, leads east 1, leads north 1, starts worker, "
		  "leads west 1", ANY },
		{ "failover Manual, wait 10", "keeps promotion 1, shows Manual+ east by 1, shows Manual+ north by 1, "
		  "shows Manual+ west by 1", ANY },
	} },
	{ "a view turns Automatic only when every member has our mark", {
		{ "isLeader, unmarked west, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker", ANY },
		{ "failover Automatic, wait 100", "", ANY },
		{ "marked west, wait 6", "shows Automatic+ east by 1, shows Automatic+ west by 1, records 1000001, "
		  "records 1000001, may write", ANY },
	} },
	{ "what makes it unfit is shown to the others, and when it is over", {
		{ "wait 10", "", ANY },
		{ "unfit avi, wait 6", "shows avi is away", ANY },
		{ "unfit none, wait 6", "shows avi again", ANY },
		{ "unfit none, wait 20", "", ANY },
	} },
	{ "a candidate needs a quorum in every view it reads, and stands only if the latest names it", {
		{ "failover Automatic, clusters 111, west-leads 1, view Automatic 1 2 north west|Automatic 1 1 east north west, wait 5, "
		  "west-dies, wait 100", "", BECAUSE(NOT_NAMED) },
		{ "view Automatic 1 2 east north west|Automatic 1 1 west, silent west, wait 100", "", BECAUSE(NO_QUORUM) },
		{ "answers west, wait 100", "tries east 2, tries north 2, tries west 2, records 2, leads east 2, leads north 2, leads west 2, "
		  "records 2, starts worker, may write", ANY },
	} },
	{ "an old Manual view needs its quorum still, but no promotion", {
		{ "failover Automatic, clusters 111, west-leads 2, record-view Manual 1 1 east north west, wait 5, west-dies, wait 80",
		  "tries east 3, tries north 3, tries west 3, records 3, leads east 3, leads north 3, leads west 3, records 3, "
		  "records 3, starts worker, may write", ANY },
	} },
	{ "while a view changes the Leases show both", {
		{ "failover Automatic, clusters 111, wait 6", "tries east 1, tries north 1, leads east 1, leads north 1, starts worker, "
		  "leads west 1", ANY },
		{ "silent west, wait 20, clusters 101, wait 20", "shows Automatic+ east by 0, shows Automatic+ north by 0, records 1, "
		  "records 1, may write, records 1, records 1", BECAUSE(NONE) },
	} },
	{ "an older claim over ours: claimed again, and waited for again", {
		{ "isLeader, wait 0, worker wants, wait 1", "keeps promotion 1, tries east 1000001, tries west 1000001, " EVERYTHING
		  ", starts worker, records 1000001, may write", ANY },
		{ "west-records 5, wait 6", "records 1000001, may not write", ANY },
		{ "wait 14", "", ANY },
		{ "wait 10", "may write", ANY },
	} },
};

static void it_does(void **state)
{
	const struct conversation *c = *state;
	static struct keeper_talk t;

	keeper_talk_begin(&t);
	for (size_t i = 0; i < ARRAY_SIZE(c->lines) && c->lines[i].when; i++) {
		keeper_talk_say(&t, c->lines[i].when);
		assert_text(t.log, c->lines[i].does);
		if (c->lines[i].because)
			assert_int_equal(t.p.reason, c->lines[i].because - 1);
	}
}

int main(void)
{
	return RUN_TABLE(it_does, conversations);
}
