/* What can happen next. */
#include "tests/model/world.h"

struct list {
	struct choice *v;
	int n;
};

static void add(struct list *list, enum choice_kind kind, int keeper, int target)
{
	assert(list->n < CHOICES_MAX);
	list->v[list->n++] = (struct choice){ kind, keeper, target };
}

static bool runs(const struct keeper *k)
{
	return k->is_up && !k->is_frozen && !k->is_paused;
}

static bool has_turn(const struct keeper *k)
{
	return runs(k) && (k->is_due || k->n_puts);
}

static void add_turn(const struct world *w, struct list *list, int i)
{
	const struct keeper *k = &w->keeper[i];

	if (k->is_due) {
		add(list, CHOICE_WAKE, i, 0);
		return;
	}
	add(list, CHOICE_PUT, i, k->puts[0].target);
	if (w->budget[LOSSES] > 0) {
		add(list, CHOICE_LOSE, i, k->puts[0].target);
		add(list, CHOICE_LOSE_ANSWER, i, k->puts[0].target);
	}
	if (w->budget[LATES] > 0 && w->n_late < LATE_MAX)
		add(list, CHOICE_DELAY, i, k->puts[0].target);
}

int world_turn(const struct world *w, const struct scenario *s)
{
	if (w->current != NOBODY && has_turn(&w->keeper[w->current]))
		return w->current;
	for (int i = 0; i < s->n_keepers; i++)
		if (has_turn(&w->keeper[i]))
			return i;
	return NOBODY;
}

/* Keepers take their turns one after the other; cutting in, and going first, is a race, of which a path has a budget. */
static void add_turns(const struct world *w, const struct scenario *s, struct list *list)
{
	int turn = world_turn(w, s);

	if (turn != NOBODY)
		add_turn(w, list, turn);
	for (int i = 0; i < s->n_keepers && w->budget[RACES] > 0; i++)
		if (i != turn && has_turn(&w->keeper[i]))
			add_turn(w, list, i);
}

static void add_ends(const struct world *w, struct list *list, int i)
{
	const struct keeper *k = &w->keeper[i];

	if (!runs(k) || k->is_due || !k->writer.runs || !k->writer.is_ending)
		return;
	add(list, CHOICE_END_CLEAN, i, 0);
	if (k->writer.land_ms > w->now_ms)
		add(list, CHOICE_END_CUT, i, 0);
}

/* Trouble of a keeper's own, at moments that make a difference: it is at rest, or has a write under way. */
static void add_trouble(const struct world *w, const struct scenario *s, struct list *list, int i, bool is_settled)
{
	const struct keeper *k = &w->keeper[i];
	uint64_t targets = s->cut_targets ? s->cut_targets : UINT64_MAX;

	if (!k->is_up && is_settled)
		add(list, CHOICE_START, i, 0);
	if (k->is_up && !k->is_due && w->budget[CRASHES] > 0)
		add(list, CHOICE_CRASH, i, 0);
	if (!is_settled)
		return;
	if (runs(k) && w->budget[FREEZES] > 0)
		add(list, CHOICE_FREEZE, i, 0);
	if (runs(k) && w->budget[PAUSES] > 0)
		add(list, CHOICE_PAUSE, i, 0);
	if (k->is_up && !runs(k))
		add(list, CHOICE_THAW, i, 0);
	if (k->is_up && w->budget[DRIFTS] > 0) {
		add(list, CHOICE_FAST, i, 0);
		add(list, CHOICE_SLOW, i, 0);
	}
	for (int target = 0; target < TARGETS; target++) {
		if ((target >= s->n_members && target != RECORD_TARGET) || !(targets >> target & 1))
			continue;
		if (w->is_cut[i][target])
			add(list, CHOICE_HEAL, i, target);
		else if (w->budget[CUTS] > 0)
			add(list, CHOICE_CUT, i, target);
	}
}

static void add_deeds(const struct world *w, const struct scenario *s, struct list *list)
{
	for (int target = 0; target < s->n_members && w->budget[DELETIONS] > 0; target++)
		if (w->store[target].exists)
			add(list, CHOICE_DELETE, 0, target);
	for (int i = 0; i < ACTS_MAX && w->budget[ACTS] > 0; i++)
		if (s->acts[i].kind != ACT_NONE && !(w->acts_done >> i & 1))
			add(list, CHOICE_ACT, 0, i);
}

int world_choices(const struct world *w, const struct scenario *s, struct choice out[CHOICES_MAX])
{
	struct list list = { out, 0 };
	bool is_settled = true, is_due = false;

	for (int i = 0; i < s->n_keepers; i++) {
		is_due |= w->keeper[i].is_due && runs(&w->keeper[i]);
		is_settled &= !has_turn(&w->keeper[i]);
	}
	add_turns(w, s, &list);
	if (is_settled)
		add(&list, CHOICE_TICK, 0, 0);
	for (int i = 0; i < s->n_keepers; i++)
		add_ends(w, &list, i);
	for (int i = 0; i < w->n_late; i++)
		add(&list, CHOICE_LAND, 0, i);
	for (int i = 0; i < s->n_keepers; i++)
		add_trouble(w, s, &list, i, is_settled);
	if (!is_due)
		add_deeds(w, s, &list);
	return list.n;
}
