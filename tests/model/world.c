#include "tests/model/world.h"

enum mutation mutation = MUTATION_NONE;

/* ---- names ---- */

void revision_put(struct version *out, int target, int revision)
{
	memset(out, 0, sizeof(*out));
	if (!revision)
		return;
	out->uid[0] = (char)('A' + target);
	out->revision[0] = (char)(1 + revision % 250);
	out->revision[1] = (char)(1 + revision / 250);
	assert(revision < 250 * 250);
}

int revision_get(const struct version *version)
{
	const unsigned char *text = (const unsigned char *)version->revision;

	return *text ? text[0] - 1 + 250 * (text[1] - 1) : 0;
}

static void context_of(int member, char out[CONTEXT_MAX])
{
	out[0] = (char)('a' + member);
	out[1] = '\0';
}

static uint64_t all_members(const struct scenario *s)
{
	return s->members ? s->members : (UINT64_C(1) << s->n_members) - 1;
}

static void version_of(const struct store *store, int target, struct version *out)
{
	revision_put(out, target, store->exists ? store->revision : 0);
}

/* Every keeper numbers the contexts alike, so that claims need no translation. */
static void admit(struct protocol *p, uint64_t members)
{
	for (int i = 0; i < ROSTER_MAX; i++)
		if (members & member_bit(i))
			context_of(i, p->roster.context[i]);
}

static void admit_claim(struct protocol *p, const struct claim *claim)
{
	admit(p, (claim->has_view ? claim->view.members : 0) | member_bit(claim->handover));
	for (int i = 0; i < claim->n_before; i++)
		admit(p, claim->before[i].members);
}

/* ---- one keeper and what it talks to ---- */

static int64_t local_now(const struct world *w, const struct keeper *k)
{
	return w->now_ms - k->lag_ms;
}

static void lose(struct world *w, const struct scenario *s, struct keeper *k, int target)
{
	k->silent_ms[target] = w->now_ms + s->request;
}

static void tell_lease(struct world *w, struct keeper *k, int target, enum answer answer)
{
	const struct store *store = &w->store[target];
	int64_t now_ms = local_now(w, k);
	struct version version;

	version_of(store, target, &version);
	if (answer == ANSWER_VALUE)
		admit_claim(&k->p, &store->claim);
	if (target == RECORD_TARGET)
		protocol_saw_record(&k->p, answer, &store->claim, &version, now_ms);
	else
		protocol_saw_lease(&k->p, target, answer, SILENCE_TIMEOUT, &store->claim, &version, now_ms);
}

static void read_target(struct world *w, const struct scenario *s, struct keeper *k, int target)
{
	const struct store *store = &w->store[target];
	int index = (int)(k - w->keeper);

	if (w->is_cut[index][target])
		lose(w, s, k, target);
	else if (store->is_refused)
		tell_lease(w, k, target, ANSWER_REFUSED);
	else
		tell_lease(w, k, target, store->exists ? ANSWER_VALUE : ANSWER_ABSENT);
}

static void read_peer(struct world *w, const struct scenario *s, struct keeper *k, int member)
{
	const struct cluster *cluster = &w->cluster[member];
	struct peer peer = { .is_leader = cluster->is_leader, .is_marked = cluster->is_marked, .kept = cluster->kept,
			     .fitness = { true, true, true, true, true } };

	snprintf(peer.uid, sizeof(peer.uid), "%c", 'a' + member);
	if (w->is_cut[k - w->keeper][member])
		k->peer_silent_ms[member] = w->now_ms + s->request;
	else
		protocol_saw_peer(&k->p, member, ANSWER_VALUE, &peer);
}

static void tell_own(struct world *w, struct keeper *k)
{
	const struct cluster *cluster = &w->cluster[k->p.self.member];
	struct own own = { .is_leader = cluster->is_leader, .mode = cluster->mode, .kept = cluster->kept };

	if (k->was_told || w->is_cut[k - w->keeper][k->p.self.member])
		return;
	own.members = cluster->members | member_bit(k->p.self.member);
	memcpy(own.promote, cluster->promote, sizeof(own.promote));
	admit(&k->p, own.members);
	protocol_saw_own(&k->p, OWN_FOUND, &own);
	k->was_told = true;
}

static void change_cluster(struct world *w, int member)
{
	for (int i = 0; i < KEEPERS_MAX; i++)
		if (w->keeper[i].p.self.member == member)
			w->keeper[i].was_told = false;
}

static void do_keep(struct world *w, struct keeper *k, const struct action *action)
{
	struct cluster *cluster = &w->cluster[k->p.self.member];
	bool is_cut = w->is_cut[k - w->keeper][k->p.self.member];

	if (!is_cut) {
		cluster->kept = action->kept;
		cluster->is_marked = true;
		change_cluster(w, k->p.self.member);
	}
	protocol_saw_kept(&k->p, !is_cut);
	tell_own(w, k);
}

static void add_ghost(struct world *w, const struct keeper *k)
{
	struct ghost *ghost;

	if (k->writer.land_ms <= w->now_ms || w->n_ghosts == GHOSTS_MAX)
		return;
	ghost = &w->ghost[w->n_ghosts++];
	ghost->epoch = k->writer.epoch;
	ghost->land_ms = k->writer.land_ms;
	memcpy(ghost->holder, k->p.self.holder, HOLDER_MAX);
}

/* The worker is gone: what was under way lands within S, or has ended with it. */
static void end_writer(struct world *w, const struct scenario *s, struct keeper *k, bool was_cut_off)
{
	struct writer *writer = &k->writer;

	writer->land_ms = MIN(writer->land_ms, w->now_ms + (was_cut_off ? s->late : 0));
	add_ghost(w, k);
	memset(writer, 0, sizeof(*writer));
	protocol_saw_worker_end(&k->p, was_cut_off, local_now(w, k));
}

static void start_writer(struct world *w, struct keeper *k, const struct action *action)
{
	k->writer = (struct writer){ .runs = true, .kind = action->worker, .epoch = action->term.epoch };
	if (action->worker == WORKER_LEADER)
		protocol_saw_worker(&k->p, true, true, local_now(w, k));
}

static void stop_keeper(struct world *w, const struct scenario *s, struct keeper *k)
{
	k->writer.land_ms = MIN(k->writer.land_ms, w->now_ms + s->late);
	add_ghost(w, k);
	memset(&k->writer, 0, sizeof(k->writer));
	k->is_up = k->is_due = k->is_frozen = k->is_paused = false;
	k->n_puts = 0;
	memset(k->silent_ms, 0, sizeof(k->silent_ms));
	memset(k->peer_silent_ms, 0, sizeof(k->peer_silent_ms));
}

static void queue_put(struct keeper *k, int target, const struct action *action)
{
	struct put *put = &k->puts[k->n_puts++];

	assert(k->n_puts <= PENDING_MAX);
	*put = (struct put){ .target = target, .claim = action->claim, .revision = revision_get(&action->version) };
}

/* Carries one action out. True: it was answered at once, so that there is more to decide. */
static bool act_on(struct world *w, const struct scenario *s, struct keeper *k, const struct action *action)
{
	switch (action->kind) {
	case ACTION_READ_LEASE:
		read_target(w, s, k, action->member);
		return true;
	case ACTION_READ_RECORD:
		read_target(w, s, k, RECORD_TARGET);
		return true;
	case ACTION_READ_PEER:
		read_peer(w, s, k, action->member);
		return true;
	case ACTION_PUT_LEASE:
		queue_put(k, action->member, action);
		return false;
	case ACTION_PUT_RECORD:
		queue_put(k, RECORD_TARGET, action);
		return false;
	case ACTION_KEEP:
		do_keep(w, k, action);
		return true;
	case ACTION_START_WORKER:
		start_writer(w, k, action);
		return true;
	case ACTION_FEED:
		k->writer.term = action->term;
		return false;
	case ACTION_END_WORKER:
		k->writer.is_ending = true;
		if (k->writer.kind == WORKER_FOLLOWER)
			end_writer(w, s, k, false);
		return !k->writer.runs;
	case ACTION_KILL_WORKER:
		end_writer(w, s, k, true);
		return true;
	case ACTION_EXIT:
		stop_keeper(w, s, k);
		return false;
	}
	return false;
}

static void run_keeper(struct world *w, const struct scenario *s, struct keeper *k)
{
	struct actions actions;
	bool goes_on = true;

	tell_own(w, k);
	for (int i = 0; goes_on && k->is_up; i++) {
		assert(i < 100);
		goes_on = false;
		protocol_decide(&k->p, local_now(w, k), 333 * (int)(k - w->keeper), &actions);
		for (int j = 0; j < actions.n && k->is_up; j++)
			goes_on |= act_on(w, s, k, &actions.v[j]);
	}
	k->is_due = false;
}

static void wake_keeper(struct world *w, const struct scenario *s, struct keeper *k)
{
	for (int i = 0; i < TARGETS; i++) {
		if (!k->silent_ms[i] || w->now_ms < k->silent_ms[i])
			continue;
		k->silent_ms[i] = 0;
		tell_lease(w, k, i, ANSWER_SILENT);
	}
	for (int i = 0; i < ROSTER_MAX; i++) {
		if (!k->peer_silent_ms[i] || w->now_ms < k->peer_silent_ms[i])
			continue;
		k->peer_silent_ms[i] = 0;
		protocol_saw_peer(&k->p, i, ANSWER_SILENT, NULL);
	}
	run_keeper(w, s, k);
}

static void start_keeper(struct world *w, const struct scenario *s, int index)
{
	static const struct timing none;
	struct keeper *k = &w->keeper[index];
	struct timing timing = none;
	char context[CONTEXT_MAX], pod[2] = { (char)('0' + index) }, random[2] = { (char)('1' + k->incarnation) };

	timing.lease_ms = s->lease;
	timing.renew_ms = s->renew;
	timing.retry_ms = s->retry;
	timing.write_ms = MUTATED(MUTATION_LONG_WRITES) ? s->lease - s->renew : s->write;
	timing.margin_ms = MUTATED(MUTATION_LONG_WRITES) ? 0 : s->margin;
	timing.fresh_ms = s->fresh;
	timing.request_ms = s->request;
	if (MUTATED(MUTATION_SAME_HOLDER))
		pod[0] = random[0] = '1';
	context_of(s->member_of[index], context);
	protocol_init(&k->p, &timing, context, pod, "u", random, local_now(w, k));
	memset(k->p.roster.context, 0, sizeof(k->p.roster.context));
	k->p.self.member = s->member_of[index];
	admit(&k->p, member_bit(k->p.self.member));
	k->incarnation++;
	k->is_up = k->is_due = true;
	k->was_told = false;
	protocol_saw_federation(&k->p, s->has_no_federation ? "" : "f");
	protocol_saw_fitness(&k->p, &(struct fitness){ true, true, true, true, true }, local_now(w, k));
}

/* ---- stores ---- */

static bool would_write(const struct world *w, const struct scenario *s, const struct put *put)
{
	const struct store *store = &w->store[put->target];

	if (store->is_refused)
		return false;
	if (!store->exists || !put->revision)
		return !store->exists && !put->revision;
	return store->revision == put->revision || (s->is_lax && put->target == RECORD_TARGET);
}

static void write_store(struct world *w, const struct put *put)
{
	struct store *store = &w->store[put->target];

	store->exists = true;
	store->claim = put->claim;
	store->revision = ++store->last_revision;
}

static enum answer do_put(struct world *w, const struct scenario *s, const struct put *put)
{
	const struct store *store = &w->store[put->target];

	if (would_write(w, s, put)) {
		write_store(w, put);
		return ANSWER_VALUE;
	}
	if (store->is_refused)
		return ANSWER_REFUSED;
	return store->exists ? ANSWER_CONFLICT : ANSWER_ABSENT;
}

static struct put take_put(struct keeper *k)
{
	struct put put = k->puts[0];

	k->n_puts--;
	memmove(k->puts, k->puts + 1, (size_t)k->n_puts * sizeof(put));
	return put;
}

static void step_put(struct world *w, const struct scenario *s, int index)
{
	struct keeper *k = &w->keeper[index];
	struct put put = take_put(k);

	if (w->is_cut[index][put.target]) {
		lose(w, s, k, put.target);
		return;
	}
	tell_lease(w, k, put.target, do_put(w, s, &put));
	run_keeper(w, s, k);
}

static void fail_put(struct world *w, const struct scenario *s, struct choice choice)
{
	struct keeper *k = &w->keeper[choice.keeper];
	struct put put = take_put(k);

	lose(w, s, k, put.target);
	if (choice.kind == CHOICE_LOSE_ANSWER)
		do_put(w, s, &put);
	if (choice.kind == CHOICE_DELAY) {
		put.until_ms = w->now_ms + s->request + s->late;
		w->late[w->n_late++] = put;
	}
}

static void land(struct world *w, const struct scenario *s, int i)
{
	if (would_write(w, s, &w->late[i]))
		write_store(w, &w->late[i]);
	w->n_late--;
	memmove(w->late + i, w->late + i + 1, (size_t)(w->n_late - i) * sizeof(*w->late));
}

/* ---- the invariant ---- */

static int order(int64_t epoch, const char *holder, int64_t other_epoch, const char *other_holder)
{
	int by_holder = strcmp(holder, other_holder);

	return epoch != other_epoch ? CMP(epoch, other_epoch) : CMP(by_holder, 0);
}

/* By the world's clock: until when a write that starts now can land; 0: none may start. */
static int64_t write_until(const struct world *w, const struct scenario *s, const struct keeper *k)
{
	struct term term = k->writer.term;
	int64_t until_ms;

	if (!k->writer.runs || k->writer.kind != WORKER_LEADER || k->writer.is_ending || k->is_paused ||
	    w->is_cut[k - w->keeper][RECORD_TARGET])
		return 0;
	term.is_fenced &= !MUTATED(MUTATION_NO_READ);
	until_ms = term_write_until(&term, &k->p.timing, local_now(w, k), k->writer.record_ms);
	return until_ms ? until_ms + k->lag_ms + s->late : 0;
}

static void note_record(const struct world *w, struct keeper *k)
{
	const struct store *record = &w->store[RECORD_TARGET];

	if (k->writer.runs && !k->is_paused && !w->is_cut[k - w->keeper][RECORD_TARGET] && record->exists &&
	    !record->is_refused && record->claim.epoch == k->writer.epoch &&
	    streq(record->claim.holder, k->p.self.holder))
		k->writer.record_ms = local_now(w, k);
}

static bool may_land_after(const struct world *w, const struct keeper *k)
{
	for (int i = 0; i < KEEPERS_MAX; i++) {
		const struct keeper *other = &w->keeper[i];

		if (other != k && other->writer.land_ms > w->now_ms &&
		    order(other->writer.epoch, other->p.self.holder, k->writer.epoch, k->p.self.holder) < 0)
			return true;
	}
	for (int i = 0; i < w->n_ghosts; i++)
		if (w->ghost[i].land_ms > w->now_ms &&
		    order(w->ghost[i].epoch, w->ghost[i].holder, k->writer.epoch, k->p.self.holder) < 0)
			return true;
	return false;
}

static void check_writer(struct world *w, const struct scenario *s, struct keeper *k)
{
	int64_t until_ms;
	int against_first;

	note_record(w, k);
	until_ms = write_until(w, s, k);
	if (!until_ms)
		return;
	against_first = order(k->writer.epoch, k->p.self.holder, w->max_epoch, w->max_holder);
	if (against_first < 0)
		w->violation = "a write of an older epoch may start after the first one of a newer";
	if (may_land_after(w, k))
		w->violation = "a write of an older epoch may land after the first one of a newer";
	if (against_first > 0) {
		w->max_epoch = k->writer.epoch;
		memcpy(w->max_holder, k->p.self.holder, HOLDER_MAX);
	}
	k->writer.land_ms = MAX(k->writer.land_ms, until_ms);
}

static void check_writers(struct world *w, const struct scenario *s)
{
	for (int i = 0; i < s->n_keepers; i++)
		check_writer(w, s, &w->keeper[i]);
}

/* ---- time and trouble ---- */

static void tick(struct world *w, const struct scenario *s)
{
	w->now_ms++;
	for (int i = 0; i < s->n_keepers; i++) {
		struct keeper *k = &w->keeper[i];

		k->lag_ms += k->is_paused;
		k->is_due = k->is_up && !k->is_frozen && !k->is_paused;
	}
	for (int i = w->n_late - 1; i >= 0; i--)
		if (w->now_ms > w->late[i].until_ms) {
			w->n_late--;
			memmove(w->late + i, w->late + i + 1, (size_t)(w->n_late - i) * sizeof(*w->late));
		}
	for (int i = w->n_ghosts - 1; i >= 0; i--)
		if (w->ghost[i].land_ms <= w->now_ms) {
			w->n_ghosts--;
			memmove(w->ghost + i, w->ghost + i + 1, (size_t)(w->n_ghosts - i) * sizeof(*w->ghost));
		}
}

static void pause_keeper(struct keeper *k)
{
	k->is_paused = true;
	/* Not promised: what was under way, and writes within P/5 of its own running time after the thaw. */
	k->writer.land_ms = 0;
	k->writer.record_ms = 0;
}

/* A clock gains or loses a tick. What its worker has under way ends by that clock. */
static void drift(const struct world *w, struct keeper *k, bool is_slow)
{
	k->lag_ms += is_slow ? 1 : -1;
	if (is_slow && k->writer.land_ms > w->now_ms)
		k->writer.land_ms++;
}

static void promote(struct world *w, int member, const char *suffix)
{
	struct cluster *cluster = &w->cluster[member];
	int n = *cluster->promote ? cluster->promote[0] - '0' : 0;

	if (cluster->is_leader || *suffix)
		snprintf(cluster->promote, sizeof(cluster->promote), "%d%s", (n + 1) % 10, suffix);
	cluster->is_leader = true;
}

static void do_act(struct world *w, const struct scenario *s, int index)
{
	const struct act *act = &s->acts[index];
	struct store *store = &w->store[act->member];

	if (!s->acts_repeat)
		w->acts_done |= 1u << index;
	switch (act->kind) {
	case ACT_PROMOTE:
		promote(w, act->member, "");
		break;
	case ACT_FORCE:
		promote(w, act->member, " force");
		break;
	case ACT_DEMOTE:
		w->cluster[act->member].is_leader = false;
		break;
	case ACT_SPEC:
		w->cluster[act->member].mode = act->mode;
		w->cluster[act->member].members = act->members;
		break;
	case ACT_REFUSE:
	case ACT_ALLOW:
		w->store[RECORD_TARGET].is_refused = act->kind == ACT_REFUSE;
		break;
	case ACT_EDIT_LEASE:
		if (store->exists) {
			store->claim = act->claim;
			store->revision = ++store->last_revision;
		}
		break;
	case ACT_CLEAR_HOLDER:
		if (store->exists) {
			store->claim.holder[0] = '\0';
			store->revision = ++store->last_revision;
		}
		break;
	case ACT_TERMINATE:
		for (int i = 0; i < s->n_keepers; i++)
			if (s->member_of[i] == act->member && w->keeper[i].is_up)
				protocol_saw_termination(&w->keeper[i].p);
		break;
	case ACT_NONE:
		break;
	}
	change_cluster(w, act->member);
}

/* ---- turns ---- */

static bool is_turn(enum choice_kind kind)
{
	return kind == CHOICE_WAKE || kind == CHOICE_PUT || kind == CHOICE_LOSE || kind == CHOICE_LOSE_ANSWER ||
		kind == CHOICE_DELAY;
}

static void take_turn(struct world *w, const struct scenario *s, struct choice choice)
{
	if (choice.kind == CHOICE_TICK)
		w->current = NOBODY;
	if (!is_turn(choice.kind))
		return;
	if (world_turn(w, s) != choice.keeper)
		w->budget[RACES]--;
	w->current = choice.keeper;
}

void world_apply(struct world *w, const struct scenario *s, struct choice choice)
{
	struct keeper *k = &w->keeper[choice.keeper];

	take_turn(w, s, choice);
	switch (choice.kind) {
	case CHOICE_TICK: tick(w, s); break;
	case CHOICE_WAKE: wake_keeper(w, s, k); break;
	case CHOICE_PUT: step_put(w, s, choice.keeper); break;
	case CHOICE_LOSE: case CHOICE_LOSE_ANSWER:
		w->budget[LOSSES]--;
		fail_put(w, s, choice);
		break;
	case CHOICE_DELAY:
		w->budget[LATES]--;
		fail_put(w, s, choice);
		break;
	case CHOICE_LAND: land(w, s, choice.target); break;
	case CHOICE_CUT:
		w->budget[CUTS]--;
		w->is_cut[choice.keeper][choice.target] = true;
		break;
	case CHOICE_HEAL: w->is_cut[choice.keeper][choice.target] = false; break;
	case CHOICE_CRASH:
		w->budget[CRASHES]--;
		stop_keeper(w, s, k);
		break;
	case CHOICE_START: start_keeper(w, s, choice.keeper); break;
	case CHOICE_FREEZE:
		w->budget[FREEZES]--;
		k->is_frozen = true;
		break;
	case CHOICE_PAUSE:
		w->budget[PAUSES]--;
		pause_keeper(k);
		break;
	case CHOICE_THAW:
		k->is_frozen = k->is_paused = false;
		k->is_due = true;
		break;
	case CHOICE_FAST: case CHOICE_SLOW:
		w->budget[DRIFTS]--;
		drift(w, k, choice.kind == CHOICE_SLOW);
		break;
	case CHOICE_DELETE:
		w->budget[DELETIONS]--;
		w->store[choice.target].exists = false;
		break;
	case CHOICE_ACT:
		w->budget[ACTS]--;
		do_act(w, s, choice.target);
		break;
	case CHOICE_END_CLEAN: case CHOICE_END_CUT:
		end_writer(w, s, k, choice.kind == CHOICE_END_CUT);
		run_keeper(w, s, k);
		break;
	case N_CHOICES: break;
	}
	check_writers(w, s);
}

/* ---- after the faults ---- */

bool world_writes(const struct world *w, const struct scenario *s)
{
	for (int i = 0; i < s->n_keepers; i++)
		if (w->keeper[i].is_up && write_until(w, s, &w->keeper[i]))
			return true;
	return false;
}

static bool needs_a_human(const struct keeper *k)
{
	switch (k->p.reason) {
	case REASON_NOT_PROMOTED:
	case REASON_USED_UP:
	case REASON_OTHER_LEADS:
	case REASON_UNSEEN_FENCELESS:
		return k->p.stage == STAGE_LOOKING;
	default:
		return false;
	}
}

static void calm_tick(struct world *w, const struct scenario *s)
{
	tick(w, s);
	for (int j = 0; j < s->n_keepers; j++) {
		int i = w->now_ms % 2 ? j : s->n_keepers - 1 - j;
		struct keeper *k = &w->keeper[i];

		if (k->is_up)
			wake_keeper(w, s, k);
		if (k->is_up && k->writer.is_ending)
			world_apply(w, s, (struct choice){ CHOICE_END_CLEAN, i, 0 });
		while (k->n_puts)
			step_put(w, s, i);
	}
	check_writers(w, s);
}

bool world_recovers(struct world *w, const struct scenario *s)
{
	bool all_wait = true;

	memset(w->is_cut, 0, sizeof(w->is_cut));
	w->n_late = 0;
	w->store[RECORD_TARGET].is_refused = s->is_fence_refused;
	for (int i = 0; i < s->n_keepers; i++) {
		w->keeper[i].is_frozen = w->keeper[i].is_paused = false;
		if (!w->keeper[i].is_up)
			start_keeper(w, s, i);
	}
	for (int64_t end_ms = w->now_ms + 6 * s->lease; w->now_ms < end_ms && !w->violation;) {
		calm_tick(w, s);
		if (world_writes(w, s))
			return true;
		for (int i = 0; i < s->n_keepers; i++)
			if (!w->keeper[i].is_up)
				start_keeper(w, s, i);
	}
	for (int i = 0; i < s->n_keepers; i++)
		all_wait &= needs_a_human(&w->keeper[i]);
	return !s->must_lead && all_wait;
}

/* ---- the beginning ---- */

void world_init(struct world *w, const struct scenario *s)
{
	memset(w, 0, sizeof(*w));
	w->now_ms = BASE_MS;
	w->current = NOBODY;
	memcpy(w->budget, s->budget, sizeof(w->budget));
	for (int i = 0; i < s->n_members; i++) {
		w->cluster[i].mode = s->mode;
		w->cluster[i].members = all_members(s);
		w->cluster[i].is_leader = s->leaders >> i & 1;
		w->cluster[i].is_marked = true;
	}
	for (int i = 0; i < TARGETS; i++)
		w->store[i].claim.handover = NOBODY;
	w->store[RECORD_TARGET].is_refused = s->is_fence_refused;
	for (int i = 0; i < s->n_keepers; i++) {
		start_keeper(w, s, i);
		if (s->down_at_first >> i & 1)
			stop_keeper(w, s, &w->keeper[i]);
	}
	for (int i = 0; s->starts_led && i < 8 * s->lease; i++)
		calm_tick(w, s);
	assert(!s->starts_led || world_writes(w, s));
	for (int i = 0; i < s->n_keepers; i++)
		for (int j = 0; j < TARGETS; j++)
			w->is_cut[i][j] = s->cut_at_first[i] >> j & 1;
}
