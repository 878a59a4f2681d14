/* tests/model/world.h - a federation in a box: keepers that run the product's protocol, their workers, the Leases, the record,
 * AMKOClusters, links that fail, and a clock that goes by ticks.
 *
 * A world is a value. world_choices() lists all that can happen next, world_apply() lets one of it happen. Time passes only when
 * everybody has had a turn and no write is under way, so that within a tick every order of steps is a path of its own. Reads are
 * answered at once; a PUT is a step of its own, which can be lost, answered too late, or land late.
 *
 * Who writes to the controller is not chosen: of each worker the model keeps until when a write that it may have started can
 * still land, which covers all it could have done.
 */
#pragma once

#include "keeper/mutation.h"
#include "keeper/protocol.h"

#define KEEPERS_MAX 5
#define RECORD_TARGET ROSTER_MAX             /* links lead to the members' API servers, and to the controller */
#define TARGETS (ROSTER_MAX + 1)
#define PENDING_MAX 6
#define LATE_MAX 2
#define GHOSTS_MAX 4
#define CHOICES_MAX 256
#define BASE_MS 100000                       /* "now" of a world that was just decoded */

enum budget { CUTS, CRASHES, LOSSES, LATES, DELETIONS, FREEZES, PAUSES, DRIFTS, ACTS, RACES, N_BUDGETS };

/* What people do, each at most once a path, when the budget of acts allows and what it needs has happened. */
enum act_kind { ACT_NONE, ACT_PROMOTE, ACT_DEMOTE, ACT_FORCE, ACT_SPEC, ACT_REFUSE, ACT_ALLOW, ACT_EDIT_LEASE, ACT_CLEAR_HOLDER, ACT_TERMINATE };
struct act {
	enum act_kind kind;
	int member;
	enum mode mode;                      /* ACT_SPEC */
	uint64_t members;
	struct claim claim;                  /* ACT_EDIT_LEASE */
};
#define ACTS_MAX 6

struct scenario {
	const char *name;
	int n_keepers, n_members;            /* members without a keeper have only an API server */
	int member_of[KEEPERS_MAX];          /* whose cluster a keeper lives in */
	enum mode mode;
	uint64_t members;                    /* of everybody's spec at first; 0: all */
	uint64_t leaders;                    /* who says isLeader: true at first */
	int lease, renew, retry, write, margin, fresh, request, late;      /* in ticks; late: S */
	int budget[N_BUDGETS];
	struct act acts[ACTS_MAX];
	bool has_no_federation;
	bool is_fence_refused;               /* at first: 403 on the record */
	bool is_lax;                         /* the controller does not enforce _last_modified */
	uint64_t cut_targets;                /* links that may be cut; 0: all */
	enum mutation mutation;              /* a rule left out: a violation must be found */
	bool starts_led;                     /* begins with a leader that writes, not with a first start */
	uint64_t cut_at_first[KEEPERS_MAX];  /* after that: links that are cut, by target */
	uint64_t down_at_first;              /* keepers that start later, or never */
	bool acts_repeat;
	int max_states;                      /* a search: stops there; 0: at ten million */
	int walk_steps, n_walks;             /* random walks instead of a search */
	bool is_deep;                        /* only when asked for */
	bool must_lead;                      /* after the faults somebody leads, without a human act */
	int liveness_every;                  /* one state of so many is asked; 0: none */
};

struct put {                                 /* a PUT on its way */
	int target;
	struct claim claim;
	int revision;                        /* that it replaces; 0: it creates */
	int64_t until_ms;                    /* of one that lands late: not after */
};

struct store {                               /* a Lease, or the record */
	bool exists, is_refused;
	struct claim claim;
	int revision, last_revision;
};

struct cluster {                             /* an AMKOCluster */
	bool is_leader, is_marked;
	enum mode mode;
	uint64_t members;
	char promote[PROMOTE_MAX];
	struct kept kept;
};

struct writer {                              /* a worker, and what it may have under way */
	bool runs, is_ending;
	enum worker kind;
	int64_t epoch;
	struct term term;
	int64_t record_ms;                   /* by its keeper's clock: the last moment the record showed it */
	int64_t land_ms;                     /* by the world's clock: a write may land before */
};

struct keeper {
	bool is_up, is_frozen, is_paused, is_due;
	int incarnation;
	int64_t lag_ms;                      /* how far its clock is behind, after pauses */
	struct protocol p;
	int n_puts;
	struct put puts[PENDING_MAX];
	int64_t silent_ms[TARGETS];          /* a request without an answer: when it times out; 0: none */
	int64_t peer_silent_ms[ROSTER_MAX];
	struct writer writer;
	bool was_told;                       /* of its AMKOCluster as it is */
};

struct ghost {                               /* what a dead worker may have under way */
	int64_t epoch, land_ms;
	char holder[HOLDER_MAX];
};

struct world {
	int64_t now_ms;
	struct keeper keeper[KEEPERS_MAX];
	struct cluster cluster[ROSTER_MAX];
	struct store store[TARGETS];
	bool is_cut[KEEPERS_MAX][TARGETS];
	int n_late;
	struct put late[LATE_MAX];
	int n_ghosts;
	struct ghost ghost[GHOSTS_MAX];
	int budget[N_BUDGETS];
	int current;                         /* whose turn has begun; NOBODY: nobody's in this tick */
	uint32_t acts_done;
	int64_t max_epoch;                   /* of the latest first write, and its holder */
	char max_holder[HOLDER_MAX];
	const char *violation;               /* NULL: none */
};

enum choice_kind { CHOICE_TICK, CHOICE_WAKE, CHOICE_PUT, CHOICE_LOSE, CHOICE_LOSE_ANSWER, CHOICE_DELAY, CHOICE_LAND, CHOICE_CUT,
		   CHOICE_HEAL, CHOICE_CRASH, CHOICE_START, CHOICE_FREEZE, CHOICE_THAW, CHOICE_PAUSE, CHOICE_FAST, CHOICE_SLOW, CHOICE_DELETE,
		   CHOICE_ACT, CHOICE_END_CLEAN, CHOICE_END_CUT, N_CHOICES };
struct choice {
	enum choice_kind kind;
	int keeper, target;
};

void world_init(struct world *w, const struct scenario *s);
/* choices.c: what can happen next; how many. */
int world_choices(const struct world *w, const struct scenario *s, struct choice out[CHOICES_MAX]);
/* Whose turn it is while nobody cuts in: of him who has begun, else of the first; NOBODY. */
int world_turn(const struct world *w, const struct scenario *s);
void world_apply(struct world *w, const struct scenario *s, struct choice choice);
/* Whether somebody may write, or a human has to act, within a bound once all faults have ended. Changes w. */
bool world_recovers(struct world *w, const struct scenario *s);
/* Does some keeper's worker write now? */
bool world_writes(const struct world *w, const struct scenario *s);

void choice_text(const struct world *w, struct choice choice, char *out, size_t size);
void world_print(const struct world *w, const struct scenario *s);

/* A revision is two bytes, a uid is its target's letter: whole texts would cost most of the time. */
void revision_put(struct version *out, int target, int revision);        /* 0: absent */
int revision_get(const struct version *version);

/* codec.c: a world as bytes that are equal for worlds that behave alike; and back. */
size_t world_encode(const struct world *w, const struct scenario *s, uint8_t *out);
void world_decode(struct world *w, const struct scenario *s, const uint8_t *bytes);
#define ENCODED_MAX 4096                     /* far more than the largest */
