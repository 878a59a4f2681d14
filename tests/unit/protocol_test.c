/* Conversations with the deciding part of leadership: what happens around one keeper, and what it does about it. Timing is the
 * default: L 60 s, R 40 s, P 5 s, so A and M are 10 s, P/5 is 1 s.
 *
 * The keeper is in cluster east. `when` has words of the table `words`, separated by commas; `does` is what the keeper did of
 * its own, without looks and mere renewals. */
#include "keeper/protocol.h"
#include "tests/unit/unit.h"

#define SECOND 1000
#define MEMBERS 3
#define RECORD MEMBERS

static const char *const names[MEMBERS + 1] = { "east", "north", "west", "record" };

struct place {                       /* a member's API server, or the controller: what it stores, and whether it answers */
	bool exists, is_silent, is_refused, is_garbage, is_busy;
	struct claim claim;
	int revision;
	struct peer peer;
	bool is_busy_once;           /* the next PUT meets a conflict */
	bool is_slow;                /* it answers a PUT one turn later: others answer first */
	enum answer slow_answer;
	int slow_turns;              /* left until it does */
};

struct talk {
	struct protocol p;
	int64_t now_ms;
	struct place place[MEMBERS + 1];
	struct own own;
	bool is_told, loses_keeps, is_gone;
	bool shows_avi;                /* in the annotation */
	enum worker worker;
	int64_t fed_ms;              /* starts_before of the last line */
	bool rival_renews;           /* west's instance renews what it holds, every 5 s */
	int64_t rival_ms;
	int64_t lost_ms[MEMBERS + 1], lost_peer_ms[MEMBERS];
	char log[2048];
};

static void logs(struct talk *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void logs(struct talk *t, const char *fmt, ...)
{
	size_t n = strlen(t->log);
	va_list ap;

	if (n)
		n += (size_t)snprintf(t->log + n, sizeof(t->log) - n, ", ");
	va_start(ap, fmt);
	vsnprintf(t->log + n, sizeof(t->log) - n, fmt, ap);
	va_end(ap);
}

/* ---- the world around the keeper ---- */

static int place_of(const char *name)
{
	for (int i = 0; i <= MEMBERS; i++)
		if (streq(names[i], name))
			return i;
	fail_msg("no such place: %s", name);
	return 0;
}

static void answer(struct talk *t, int at, enum answer answer)
{
	struct place *place = &t->place[at];
	struct version version = { 0 };
	struct claim claim = place->claim;

	if (place->exists) {
		snprintf(version.uid, sizeof(version.uid), "uid-%d", at);
		snprintf(version.revision, sizeof(version.revision), "%d", place->revision);
	}
	if (claim.has_view)
		for (int i = 0; i < MEMBERS; i++)
			snprintf(t->p.roster.context[i], CONTEXT_MAX, "%s", names[i]);
	if (at == RECORD)
		protocol_saw_record(&t->p, answer, &claim, &version, t->now_ms);
	else
		protocol_saw_lease(&t->p, at, answer, SILENCE_TIMEOUT, &claim, &version, t->now_ms);
}

static void do_read(struct talk *t, int at)
{
	struct place *place = &t->place[at];

	if (place->is_silent)
		t->lost_ms[at] = t->now_ms + t->p.timing.request_ms;
	else if (place->is_refused)
		answer(t, at, ANSWER_REFUSED);
	else if (place->is_garbage)
		answer(t, at, ANSWER_GARBAGE);
	else
		answer(t, at, place->exists ? ANSWER_VALUE : ANSWER_ABSENT);
}

static void log_put(struct talk *t, int at, const struct claim *claim)
{
	const struct claim *was = &t->place[at].claim;
	const char *to = claim->handover == NOBODY ? "" : names[claim->handover];

	if (at == RECORD)
		logs(t, "records %lld", (long long)claim->epoch);
	else if (!*claim->holder)
		logs(t, claim->epoch == t->p.tenure.epoch ? "%s %s%s%s" : "%s %s%s%s %lld", claim->is_released ? "releases" : "gives back",
		     names[at], *to ? " to " : "", to, (long long)claim->epoch);
	else if (!claim->is_acquired)
		logs(t, "tries %s %lld", names[at], (long long)claim->epoch);
	else if (claim->epoch != was->epoch || !was->is_acquired || !streq(claim->holder, was->holder))
		logs(t, "leads %s %lld", names[at], (long long)claim->epoch);
	else if (!view_same(&claim->view, &was->view) || claim->promotion != was->promotion)
		logs(t, "shows %s%s %s by %lld", claim->view.mode == MODE_MANUAL ? "Manual" : "Automatic",
		     claim->n_before ? "+" : "", names[at], (long long)claim->promotion);
}

static void answer_put(struct talk *t, int at, enum answer is)
{
	struct place *place = &t->place[at];

	if (!place->is_slow) {
		answer(t, at, is);
		return;
	}
	place->slow_answer = is;
	place->slow_turns = 2;
}

/* True: some are still to come. */
static bool answer_slow_ones(struct talk *t)
{
	bool is_more = false;

	for (int i = 0; i <= MEMBERS; i++) {
		if (t->place[i].slow_turns && --t->place[i].slow_turns == 0)
			answer(t, i, t->place[i].slow_answer);
		is_more |= t->place[i].slow_turns > 0;
	}
	return is_more;
}

static void do_put(struct talk *t, int at, const struct action *action)
{
	struct place *place = &t->place[at];
	int revision = 0;

	if (place->is_silent) {
		t->lost_ms[at] = t->now_ms + t->p.timing.request_ms;
		return;
	}
	if (*action->version.uid)
		revision = (int)strtol(action->version.revision, NULL, 10);
	if (place->is_refused) {
		answer(t, at, ANSWER_REFUSED);
		return;
	}
	if (place->exists != (revision != 0) || (revision && revision != place->revision) || place->is_busy_once) {
		place->is_busy_once = false;
		answer_put(t, at, ANSWER_CONFLICT);
		return;
	}
	log_put(t, at, &action->claim);
	place->exists = true;
	place->claim = action->claim;
	place->revision++;
	answer_put(t, at, ANSWER_VALUE);
}

static void do_keep(struct talk *t, const struct action *action)
{
	if (action->kept.promotion != t->own.kept.promotion)
		logs(t, "keeps promotion %lld%s", (long long)action->kept.promotion, action->kept.is_forced ? " forced" : "");
	if (action->fitness.has_avi != t->shows_avi)
		logs(t, "shows avi %s", action->fitness.has_avi ? "again" : "is away");
	t->shows_avi = action->fitness.has_avi;
	if (!t->loses_keeps)
		t->own.kept = action->kept;
	protocol_saw_kept(&t->p, !t->loses_keeps);
	t->is_told = false;
}

static void do_worker(struct talk *t, const struct action *action)
{
	if (action->kind == ACTION_START_WORKER) {
		t->worker = action->worker;
		t->fed_ms = 0;
		if (action->worker == WORKER_LEADER)
			logs(t, "starts worker");
		return;
	}
	if (t->worker == WORKER_FOLLOWER) {
		t->worker = WORKER_NONE;
		protocol_saw_worker_end(&t->p, false, t->now_ms);
		return;
	}
	logs(t, action->kind == ACTION_END_WORKER ? "ends worker" : "kills worker");
	if (action->kind == ACTION_KILL_WORKER) {
		t->worker = WORKER_NONE;
		protocol_saw_worker_end(&t->p, true, t->now_ms);
	}
}

static void do_feed(struct talk *t, const struct term *term)
{
	if ((term->starts_before_ms != 0) != (t->fed_ms != 0))
		logs(t, term->starts_before_ms ? "may write%s" : "may not write", term->is_fenced ? "" : " fenceless");
	if (term->starts_before_ms)
		assert_true(term->ends_by_ms == term->starts_before_ms + 10 * SECOND);
	t->fed_ms = term->starts_before_ms;
}

static bool act(struct talk *t, const struct action *action)
{
	switch (action->kind) {
	case ACTION_READ_LEASE: do_read(t, action->member); return true;
	case ACTION_READ_RECORD: do_read(t, RECORD); return true;
	case ACTION_READ_PEER:
		if (t->place[action->member].is_silent)
			t->lost_peer_ms[action->member] = t->now_ms + t->p.timing.request_ms;
		else
			protocol_saw_peer(&t->p, action->member, ANSWER_VALUE, &t->place[action->member].peer);
		return true;
	case ACTION_PUT_LEASE: do_put(t, action->member, action); return true;
	case ACTION_PUT_RECORD: do_put(t, RECORD, action); return true;
	case ACTION_KEEP: do_keep(t, action); return true;
	case ACTION_FEED: do_feed(t, &action->term); return false;
	case ACTION_EXIT:
		logs(t, "exits");
		t->is_gone = true;
		return false;
	default: do_worker(t, action); return true;
	}
}

static int64_t decide(struct talk *t)
{
	static struct actions actions;
	bool goes_on = true;

	for (int i = 0; goes_on; i++) {
		assert_true(i < 200);
		goes_on = answer_slow_ones(t);
		if (!t->is_told)
			protocol_saw_own(&t->p, OWN_FOUND, &t->own);
		t->is_told = true;
		protocol_decide(&t->p, t->now_ms, 0, &actions);
		for (int j = 0; j < actions.n; j++)
			goes_on |= act(t, &actions.v[j]);
	}
	return actions.wake_ms;
}

static int64_t time_out(struct talk *t, int64_t wake_ms)
{
	for (int i = 0; i <= MEMBERS; i++)
		if (t->lost_ms[i] && t->lost_ms[i] <= t->now_ms) {
			t->lost_ms[i] = 0;
			answer(t, i, ANSWER_SILENT);
		} else if (t->lost_ms[i]) {
			wake_ms = MIN(wake_ms, t->lost_ms[i]);
		}
	for (int i = 0; i < MEMBERS; i++)
		if (t->lost_peer_ms[i] && t->lost_peer_ms[i] <= t->now_ms) {
			t->lost_peer_ms[i] = 0;
			protocol_saw_peer(&t->p, i, ANSWER_SILENT, NULL);
		} else if (t->lost_peer_ms[i]) {
			wake_ms = MIN(wake_ms, t->lost_peer_ms[i]);
		}
	return wake_ms;
}

static void rival_renews(struct talk *t)
{
	for (int i = 0; i < MEMBERS; i++)
		if (strncmp(t->place[i].claim.holder, "west/", 5) == 0)
			t->place[i].revision++;
	t->rival_ms = t->now_ms + 5 * SECOND;
}

static void wait_for(struct talk *t, int64_t ms)
{
	int64_t end_ms = t->now_ms + ms, wake_ms;

	for (;;) {
		if (t->rival_renews && t->now_ms >= t->rival_ms)
			rival_renews(t);
		time_out(t, INT64_MAX);
		wake_ms = time_out(t, decide(t));
		if (t->rival_renews)
			wake_ms = MIN(wake_ms, t->rival_ms);
		if (wake_ms > end_ms)
			break;
		t->now_ms = wake_ms;
	}
	t->now_ms = end_ms;
	time_out(t, INT64_MAX);
	decide(t);
}

/* ---- the words of a conversation ---- */

static void say_wait(struct talk *t, const char *arg)
{
	wait_for(t, (int64_t)(strtod(arg, NULL) * SECOND));
}

static void say_is_leader(struct talk *t, const char *arg)
{
	t->own.is_leader = !streq(arg, "false");
	t->is_told = false;
}

static void say_promote(struct talk *t, const char *arg)
{
	snprintf(t->own.promote, sizeof(t->own.promote), "%s", arg);
	t->is_told = false;
}

static void say_failover(struct talk *t, const char *arg)
{
	t->own.mode = streq(arg, "Automatic") ? MODE_AUTOMATIC : MODE_MANUAL;
	t->is_told = false;
}

static void say_clusters(struct talk *t, const char *arg)
{
	t->own.members = (uint64_t)strtol(arg, NULL, 2);
	t->is_told = false;
}

static void say_silent(struct talk *t, const char *arg)
{
	t->place[place_of(arg)].is_silent = true;
}

static void say_answers(struct talk *t, const char *arg)
{
	struct place *place = &t->place[place_of(arg)];

	place->is_silent = place->is_refused = place->is_garbage = false;
}

static void say_refused(struct talk *t, const char *arg)
{
	t->place[place_of(arg)].is_refused = true;
}

static void say_garbage(struct talk *t, const char *arg)
{
	t->place[place_of(arg)].is_garbage = true;
}

static void say_busy(struct talk *t, const char *arg)
{
	t->place[place_of(arg)].is_busy_once = true;
}

static void say_slow(struct talk *t, const char *arg)
{
	t->place[place_of(arg)].is_slow = true;
}

static void say_deleted(struct talk *t, const char *arg)
{
	struct place *place = &t->place[place_of(arg)];

	place->exists = false;
	memset(&place->claim, 0, sizeof(place->claim));
	place->claim.handover = NOBODY;
}

/* West's instance leads by an epoch: on all Leases and the record, in the view of east's spec. */
static void say_west_leads(struct talk *t, const char *arg)
{
	struct claim claim = { .holder = "west/pod/uid/x", .is_acquired = true, .has_view = true, .handover = NOBODY };

	claim.epoch = strtoll(arg, NULL, 10);
	claim.promotion = claim.epoch / EPOCHS_PER_PROMOTION;
	claim.view = (struct view){ t->own.mode, t->own.members, claim.epoch, 1 };
	for (int i = 0; i <= MEMBERS; i++) {
		if (i < MEMBERS && !(t->own.members & member_bit(i)))
			continue;
		t->place[i].exists = true;
		t->place[i].claim = claim;
		t->place[i].revision++;
	}
	t->rival_renews = true;
}

/* What the Leases and the record show as views. */
static void say_view(struct talk *t, const char *arg)
{
	for (int i = 0; i <= MEMBERS; i++) {
		if (!t->place[i].exists)
			continue;
		assert_true(views_parse(slice_of(arg), &t->p.roster, &t->place[i].claim));
		t->place[i].revision++;
	}
}

static void say_record_view(struct talk *t, const char *arg)
{
	assert_true(views_parse(slice_of(arg), &t->p.roster, &t->place[RECORD].claim));
	t->place[RECORD].revision++;
}

static void say_west_dies(struct talk *t, const char *arg)
{
	(void)arg;
	t->rival_renews = false;
}

/* West's instance empties what it holds; "east" or "west" to whom, "attempt" as one that never led, "by hand": it was not west. */
static void say_west_empties(struct talk *t, const char *arg)
{
	t->rival_renews = false;
	for (int i = 0; i < MEMBERS; i++) {
		struct claim *claim = &t->place[i].claim;

		if (strncmp(claim->holder, "west/", 5) != 0)
			continue;
		claim->holder[0] = '\0';
		claim->is_acquired = !streq(arg, "attempt");
		claim->is_released = claim->is_acquired && !streq(arg, "by hand");
		claim->handover = *arg && claim->is_released ? place_of(arg) : NOBODY;
		t->place[i].revision++;
	}
}

static void say_west_records(struct talk *t, const char *arg)
{
	struct place *record = &t->place[RECORD];

	record->exists = true;
	record->revision++;
	record->claim.epoch = strtoll(arg, NULL, 10);
	record->claim.promotion = record->claim.epoch / EPOCHS_PER_PROMOTION;
	snprintf(record->claim.holder, sizeof(record->claim.holder), "west/pod/uid/x");
	record->claim.is_acquired = true;
}

static void say_west_promoted(struct talk *t, const char *arg)
{
	struct peer *peer = &t->place[2].peer;

	peer->is_leader = true;
	peer->kept = (struct kept){ .is_kept = true, .is_leader = true, .promotion = strtoll(arg, NULL, 10) };
}

static void say_west_demoted(struct talk *t, const char *arg)
{
	(void)arg;
	t->place[2].peer.is_leader = t->place[2].peer.kept.is_leader = false;
}

static void say_unmarked(struct talk *t, const char *arg)
{
	t->place[place_of(arg)].peer.is_marked = false;
}

static void say_marked(struct talk *t, const char *arg)
{
	t->place[place_of(arg)].peer.is_marked = true;
}

static void say_unfit(struct talk *t, const char *arg)
{
	struct fitness fitness = { true, true, true, true, true };

	fitness.has_avi = !streq(arg, "avi");
	fitness.has_api = !streq(arg, "api");
	fitness.is_current = !streq(arg, "copy");
	protocol_saw_fitness(&t->p, &fitness, t->now_ms);
}

static void say_worker(struct talk *t, const char *arg)
{
	if (streq(arg, "wants") || streq(arg, "ill")) {
		protocol_saw_worker(&t->p, !streq(arg, "ill"), streq(arg, "wants"), t->now_ms);
		return;
	}
	t->worker = WORKER_NONE;
	t->fed_ms = 0;
	protocol_saw_worker_end(&t->p, streq(arg, "dies"), t->now_ms);
}

static void say_uuid(struct talk *t, const char *arg)
{
	protocol_saw_federation(&t->p, streq(arg, "none") ? "" : arg);
}

static void say_own(struct talk *t, const char *arg)
{
	t->is_told = true;
	protocol_saw_own(&t->p, streq(arg, "deleted") ? OWN_DELETED : OWN_UNREADABLE, NULL);
}

static void say_sigterm(struct talk *t, const char *arg)
{
	(void)arg;
	protocol_saw_termination(&t->p);
}

static void say_restart(struct talk *t, const char *arg)
{
	struct timing timing = t->p.timing;

	protocol_init(&t->p, &timing, "east", "pod", "uid", arg, t->now_ms);
	protocol_saw_federation(&t->p, "f");
	protocol_saw_fitness(&t->p, &(struct fitness){ true, true, true, true, true }, t->now_ms);
	for (int i = 0; i < MEMBERS; i++)
		snprintf(t->p.roster.context[i], CONTEXT_MAX, "%s", names[i]);
	t->is_told = t->is_gone = false;
	t->worker = WORKER_NONE;
	t->fed_ms = 0;
}

static const struct {
	const char *word;
	void (*say)(struct talk *t, const char *arg);
} words[] = {
	{ "wait", say_wait }, { "isLeader", say_is_leader }, { "promote", say_promote }, { "failover", say_failover },
	{ "clusters", say_clusters }, { "silent", say_silent }, { "answers", say_answers }, { "refused", say_refused },
	{ "garbage", say_garbage }, { "busy", say_busy }, { "slow", say_slow },
	{ "deleted", say_deleted }, { "west-leads", say_west_leads },
	{ "west-dies", say_west_dies }, { "view", say_view }, { "record-view", say_record_view }, { "west-empties", say_west_empties }, { "west-records", say_west_records },
	{ "west-promoted", say_west_promoted }, { "west-demoted", say_west_demoted }, { "unmarked", say_unmarked },
	{ "marked", say_marked }, { "unfit", say_unfit }, { "worker", say_worker }, { "uuid", say_uuid }, { "own", say_own },
	{ "sigterm", say_sigterm }, { "restart", say_restart },
};

static void say(struct talk *t, struct slice text)
{
	struct slice word, rest = slice_trim(text);
	CLEANUP(freep) char *arg = NULL;

	if (rest.n == 0)
		return;
	slice_split(&rest, ' ', &word);
	arg = slice_dup(rest);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (slice_eq(word, words[i].word)) {
			words[i].say(t, arg);
			return;
		}
	fail_msg("no such word: %.*s", (int)word.n, word.p);
}

/* ---- the conversations ---- */

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

static void begin(struct talk *t)
{
	struct timing timing;

	memset(t, 0, sizeof(*t));
	t->now_ms = 1000 * SECOND;
	for (int i = 0; i <= MEMBERS; i++) {
		t->place[i].claim.handover = NOBODY;
		t->place[i].peer = (struct peer){ .is_marked = true, .fitness = { true, true, true, true, true } };
	}
	assert_true(timing_init(&timing, 60 * SECOND, 40 * SECOND, 5 * SECOND, NULL));
	t->p.timing = timing;
	say_restart(t, "x");
	t->own.members = 5;
	t->shows_avi = true;
}

static void it_does(void **state)
{
	const struct conversation *c = *state;
	static struct talk t;

	begin(&t);
	for (size_t i = 0; i < ARRAY_SIZE(c->lines) && c->lines[i].when; i++) {
		struct slice rest = slice_of(c->lines[i].when), part;

		t.log[0] = '\0';
		while (slice_split(&rest, ',', &part))
			say(&t, part);
		assert_text(t.log, c->lines[i].does);
		if (c->lines[i].because)
			assert_int_equal(t.p.reason, c->lines[i].because - 1);
	}
}

int main(void)
{
	return RUN_TABLE(it_does, conversations);
}
