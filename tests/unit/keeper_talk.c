#include "tests/unit/keeper_talk.h"

#include "tests/unit/unit.h"

static const char *const names[MEMBERS + 1] = { "east", "north", "west", "record" };

static void logs(struct keeper_talk *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void logs(struct keeper_talk *t, const char *fmt, ...)
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

static void answer(struct keeper_talk *t, int at, enum answer answer)
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

static void do_read(struct keeper_talk *t, int at)
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

static void log_put(struct keeper_talk *t, int at, const struct claim *claim)
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

static void answer_put(struct keeper_talk *t, int at, enum answer is)
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
static bool answer_slow_ones(struct keeper_talk *t)
{
	bool is_more = false;

	for (int i = 0; i <= MEMBERS; i++) {
		if (t->place[i].slow_turns && --t->place[i].slow_turns == 0)
			answer(t, i, t->place[i].slow_answer);
		is_more |= t->place[i].slow_turns > 0;
	}
	return is_more;
}

static void do_put(struct keeper_talk *t, int at, const struct action *action)
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

static void do_keep(struct keeper_talk *t, const struct action *action)
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

static void do_worker(struct keeper_talk *t, const struct action *action)
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

static void do_feed(struct keeper_talk *t, const struct term *term)
{
	if ((term->starts_before_ms != 0) != (t->fed_ms != 0))
		logs(t, term->starts_before_ms ? "may write%s" : "may not write", term->is_fenced ? "" : " fenceless");
	if (term->starts_before_ms)
		assert_true(term->ends_by_ms == term->starts_before_ms + 10 * SECOND);
	t->fed_ms = term->starts_before_ms;
}

static bool act(struct keeper_talk *t, const struct action *action)
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

static int64_t decide(struct keeper_talk *t)
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

static int64_t time_out(struct keeper_talk *t, int64_t wake_ms)
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

static void rival_renews(struct keeper_talk *t)
{
	for (int i = 0; i < MEMBERS; i++)
		if (strncmp(t->place[i].claim.holder, "west/", 5) == 0)
			t->place[i].revision++;
	t->rival_ms = t->now_ms + 5 * SECOND;
}

static void wait_for(struct keeper_talk *t, int64_t ms)
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

static void say_wait(struct keeper_talk *t, const char *arg)
{
	wait_for(t, (int64_t)(strtod(arg, NULL) * SECOND));
}

static void say_is_leader(struct keeper_talk *t, const char *arg)
{
	t->own.is_leader = !streq(arg, "false");
	t->is_told = false;
}

static void say_promote(struct keeper_talk *t, const char *arg)
{
	snprintf(t->own.promote, sizeof(t->own.promote), "%s", arg);
	t->is_told = false;
}

static void say_failover(struct keeper_talk *t, const char *arg)
{
	t->own.mode = streq(arg, "Automatic") ? MODE_AUTOMATIC : MODE_MANUAL;
	t->is_told = false;
}

static void say_clusters(struct keeper_talk *t, const char *arg)
{
	t->own.members = (uint64_t)strtol(arg, NULL, 2);
	t->is_told = false;
}

static void say_silent(struct keeper_talk *t, const char *arg)
{
	t->place[place_of(arg)].is_silent = true;
}

static void say_answers(struct keeper_talk *t, const char *arg)
{
	struct place *place = &t->place[place_of(arg)];

	place->is_silent = place->is_refused = place->is_garbage = false;
}

static void say_refused(struct keeper_talk *t, const char *arg)
{
	t->place[place_of(arg)].is_refused = true;
}

static void say_garbage(struct keeper_talk *t, const char *arg)
{
	t->place[place_of(arg)].is_garbage = true;
}

static void say_busy(struct keeper_talk *t, const char *arg)
{
	t->place[place_of(arg)].is_busy_once = true;
}

static void say_slow(struct keeper_talk *t, const char *arg)
{
	t->place[place_of(arg)].is_slow = true;
}

static void say_deleted(struct keeper_talk *t, const char *arg)
{
	struct place *place = &t->place[place_of(arg)];

	place->exists = false;
	memset(&place->claim, 0, sizeof(place->claim));
	place->claim.handover = NOBODY;
}

/* West's instance leads by an epoch: on all Leases and the record, in the view of east's spec. */
static void say_west_leads(struct keeper_talk *t, const char *arg)
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
static void say_view(struct keeper_talk *t, const char *arg)
{
	for (int i = 0; i <= MEMBERS; i++) {
		if (!t->place[i].exists)
			continue;
		assert_true(views_parse(slice_of(arg), &t->p.roster, &t->place[i].claim));
		t->place[i].revision++;
	}
}

static void say_record_view(struct keeper_talk *t, const char *arg)
{
	assert_true(views_parse(slice_of(arg), &t->p.roster, &t->place[RECORD].claim));
	t->place[RECORD].revision++;
}

static void say_west_dies(struct keeper_talk *t, const char *arg)
{
	(void)arg;
	t->rival_renews = false;
}

/* West's instance empties what it holds; "east" or "west" to whom, "attempt" as one that never led, "by hand": it was not west. */
static void say_west_empties(struct keeper_talk *t, const char *arg)
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

static void say_west_records(struct keeper_talk *t, const char *arg)
{
	struct place *record = &t->place[RECORD];

	record->exists = true;
	record->revision++;
	record->claim.epoch = strtoll(arg, NULL, 10);
	record->claim.promotion = record->claim.epoch / EPOCHS_PER_PROMOTION;
	snprintf(record->claim.holder, sizeof(record->claim.holder), "west/pod/uid/x");
	record->claim.is_acquired = true;
}

static void say_west_promoted(struct keeper_talk *t, const char *arg)
{
	struct peer *peer = &t->place[2].peer;

	peer->is_leader = true;
	peer->kept = (struct kept){ .is_kept = true, .is_leader = true, .promotion = strtoll(arg, NULL, 10) };
}

static void say_west_demoted(struct keeper_talk *t, const char *arg)
{
	(void)arg;
	t->place[2].peer.is_leader = t->place[2].peer.kept.is_leader = false;
}

static void say_unmarked(struct keeper_talk *t, const char *arg)
{
	t->place[place_of(arg)].peer.is_marked = false;
}

static void say_marked(struct keeper_talk *t, const char *arg)
{
	t->place[place_of(arg)].peer.is_marked = true;
}

static void say_unfit(struct keeper_talk *t, const char *arg)
{
	struct fitness fitness = { true, true, true, true, true };

	fitness.has_avi = !streq(arg, "avi");
	fitness.has_api = !streq(arg, "api");
	fitness.is_current = !streq(arg, "copy");
	protocol_saw_fitness(&t->p, &fitness, t->now_ms);
}

static void say_worker(struct keeper_talk *t, const char *arg)
{
	if (streq(arg, "wants") || streq(arg, "ill")) {
		protocol_saw_worker(&t->p, !streq(arg, "ill"), streq(arg, "wants"), t->now_ms);
		return;
	}
	t->worker = WORKER_NONE;
	t->fed_ms = 0;
	protocol_saw_worker_end(&t->p, streq(arg, "dies"), t->now_ms);
}

static void say_uuid(struct keeper_talk *t, const char *arg)
{
	protocol_saw_federation(&t->p, streq(arg, "none") ? "" : arg);
}

static void say_own(struct keeper_talk *t, const char *arg)
{
	t->is_told = true;
	protocol_saw_own(&t->p, streq(arg, "deleted") ? OWN_DELETED : OWN_UNREADABLE, NULL);
}

static void say_sigterm(struct keeper_talk *t, const char *arg)
{
	(void)arg;
	protocol_saw_termination(&t->p);
}

static void say_restart(struct keeper_talk *t, const char *arg)
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
	void (*say)(struct keeper_talk *t, const char *arg);
} words[] = {
	{ "wait", say_wait }, { "isLeader", say_is_leader }, { "promote", say_promote }, { "failover", say_failover },
	{ "clusters", say_clusters }, { "silent", say_silent }, { "answers", say_answers }, { "refused", say_refused },
	{ "garbage", say_garbage }, { "busy", say_busy }, { "slow", say_slow },
	{ "deleted", say_deleted }, { "west-leads", say_west_leads },
	{ "west-dies", say_west_dies }, { "view", say_view }, { "record-view", say_record_view }, { "west-empties", say_west_empties },
	{ "west-records", say_west_records },
	{ "west-promoted", say_west_promoted }, { "west-demoted", say_west_demoted }, { "unmarked", say_unmarked },
	{ "marked", say_marked }, { "unfit", say_unfit }, { "worker", say_worker }, { "uuid", say_uuid }, { "own", say_own },
	{ "sigterm", say_sigterm }, { "restart", say_restart },
};

static void say(struct keeper_talk *t, struct slice text)
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

void keeper_talk_say(struct keeper_talk *t, const char *what)
{
	struct slice rest = slice_of(what), part;

	t->log[0] = '\0';
	while (slice_split(&rest, ',', &part))
		say(t, part);
}

void keeper_talk_begin(struct keeper_talk *t)
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
