#include "tests/model/world.h"

static const char *const choice_names[N_CHOICES] = {
	[CHOICE_TICK] = "tick", [CHOICE_WAKE] = "wakes", [CHOICE_PUT] = "puts", [CHOICE_LOSE] = "PUT is lost",
	[CHOICE_LOSE_ANSWER] = "PUT is done, its answer lost", [CHOICE_DELAY] = "PUT is delayed", [CHOICE_LAND] = "late PUT lands",
	[CHOICE_CUT] = "is cut off", [CHOICE_HEAL] = "is joined again", [CHOICE_CRASH] = "dies", [CHOICE_START] = "starts",
	[CHOICE_FREEZE] = "is stopped", [CHOICE_THAW] = "goes on", [CHOICE_PAUSE] = "is paused with its clock",
	[CHOICE_FAST] = "clock gains a tick", [CHOICE_SLOW] = "clock loses a tick",
	[CHOICE_DELETE] = "Lease is deleted", [CHOICE_ACT] = "a human acts", [CHOICE_END_CLEAN] = "worker ends",
	[CHOICE_END_CUT] = "worker ends, a write is cut off",
};

static const char *target_name(int target)
{
	static const char *const names[TARGETS] = { "a", "b", "c", "d", "e", "record" };

	return names[target];
}

void choice_text(const struct world *w, struct choice choice, char *out, size_t size)
{
	const char *what = choice_names[choice.kind];

	switch (choice.kind) {
	case CHOICE_TICK:
		snprintf(out, size, "%s", what);
		break;
	case CHOICE_LAND:
		snprintf(out, size, "%s: %s", what, target_name(w->late[choice.target].target));
		break;
	case CHOICE_DELETE:
		snprintf(out, size, "%s: %s", what, target_name(choice.target));
		break;
	case CHOICE_ACT:
		snprintf(out, size, "%s: %d", what, choice.target);
		break;
	case CHOICE_PUT: case CHOICE_LOSE: case CHOICE_LOSE_ANSWER: case CHOICE_DELAY: case CHOICE_CUT: case CHOICE_HEAL:
		snprintf(out, size, "k%d %s: %s", choice.keeper, what, target_name(choice.target));
		break;
	default:
		snprintf(out, size, "k%d %s", choice.keeper, what);
		break;
	}
}

static const char *stage_name(enum stage stage)
{
	static const char *const names[N_STAGES] = { "unset", "following", "looking", "taking", "claiming", "yielding", "waiting",
						     "leading", "ending", "releasing", "gone" };

	return names[stage];
}

static void print_claim(const struct store *store, int target)
{
	const struct claim *claim = &store->claim;

	if (!store->exists) {
		printf(" %s:-", target_name(target));
		return;
	}
	printf(" %s:%c%s/%lld.%lld%s", target_name(target), *claim->holder ? claim->holder[0] : '_',
	       *claim->holder ? claim->holder + 6 : "", (long long)(claim->epoch / EPOCHS_PER_PROMOTION),
	       (long long)(claim->epoch % EPOCHS_PER_PROMOTION), claim->is_released ? "!" : claim->is_acquired ? "" : "?");
	if (claim->has_view)
		printf("%c%llx", claim->view.mode == MODE_MANUAL ? 'm' : 'a', (unsigned long long)claim->view.members);
}

void world_print(const struct world *w, const struct scenario *s)
{
	for (int i = 0; i < s->n_keepers; i++) {
		const struct keeper *k = &w->keeper[i];

		if (k->is_up)
			printf("| k%d %s r%d%s%s ", i, stage_name(k->p.stage), k->p.reason, k->is_frozen || k->is_paused ? "*" : "",
			       k->writer.term.starts_before_ms > w->now_ms - k->lag_ms ? " writes" : "");
		else
			printf("| k%d down ", i);
	}
	printf("|");
	for (int i = 0; i < s->n_members; i++)
		print_claim(&w->store[i], i);
	print_claim(&w->store[RECORD_TARGET], RECORD_TARGET);
	printf("%s%s\n", w->violation ? "  <== " : "", w->violation ? w->violation : "");
}
