/* keeper/protocol.h - the deciding part of leadership: what was observed, and the time -> what to do. docs/leadership.md
 *
 * Pure: no I/O, clock, log, dice or allocation. A struct protocol is a plain value: copy it, compare it, run it in a model.
 * Who uses it turns answers into protocol_saw_*(), then calls protocol_decide() and carries out the actions in their order:
 *
 *  - After any number of protocol_saw_*(), and at the latest at actions.wake_ms, protocol_decide() is called.
 *  - Every action ACTION_READ_* and ACTION_PUT_* is answered exactly once, within timing.request_ms, by protocol_saw_lease(),
 *    _peer() or _record(); ACTION_KEEP by _kept(). A request that times out is hung up and answered ANSWER_SILENT.
 *  - A request counts from the now_ms of the protocol_decide() that asked for it: never later than it was sent.
 *  - now_ms is CLOCK_BOOTTIME, read once per turn of the loop, never falling.
 *  - A worker is one process; it is reaped before protocol_saw_worker_end().
 *  - What lease.h, record.h and marks.h read into p->roster is handed to protocol_saw_*() before the next decision.
 *
 * What the values mean, and how they look as JSON: common/leadership. What is told to people: keeper/conditions.h.
 */
#pragma once

#include "common/leadership/claim.h"
#include "common/leadership/marks.h"
#include "common/leadership/term.h"
#include "common/leadership/timing.h"

/* ---- what is observed ---- */

enum answer {
	ANSWER_NONE,         /* not asked yet */
	ANSWER_VALUE,        /* 200, 201: claim and version are those of the answer, of a PUT too */
	ANSWER_ABSENT,       /* 404; the record: an empty list */
	ANSWER_CONFLICT,     /* of a PUT: 409, 412: nothing was written */
	ANSWER_REFUSED,      /* the record: 403, or the controller does not know the type */
	ANSWER_GARBAGE,      /* it does not parse */
	ANSWER_SILENT,       /* everything else. Of a PUT: it may have been written, or be written yet */
};

/* Why a member is silent: for the condition only. */
enum silence { SILENCE_NONE, SILENCE_TIMEOUT, SILENCE_UNKNOWN_CONTEXT, SILENCE_UNAUTHORIZED, SILENCE_FORBIDDEN, SILENCE_TLS,
	       SILENCE_BAD_ANSWER };

enum own_state {
	OWN_UNREAD,
	OWN_FOUND,
	OWN_MISSING,         /* none in the list */
	OWN_DELETED,         /* none, and its deletion was seen */
	OWN_DOUBLED,         /* more than one */
	OWN_UNREADABLE,      /* it does not parse, or the list cannot be read */
};

/* ---- what to do ---- */

enum action_kind {
	ACTION_READ_LEASE,   /* member */
	ACTION_PUT_LEASE,    /* member, claim, version: PUT if it is still this one; an empty uid: POST */
	ACTION_READ_PEER,    /* member: its AMKOCluster; never the own one, which is watched */
	ACTION_READ_RECORD,  /* by name, on the controller that leads */
	ACTION_PUT_RECORD,   /* claim, version: likewise */
	ACTION_KEEP,         /* role, kept, fitness: into the own AMKOCluster's annotations */
	ACTION_START_WORKER, /* worker; a leader's term.epoch */
	ACTION_FEED,         /* term: a line into the worker's pipe */
	ACTION_END_WORKER,   /* SIGTERM */
	ACTION_KILL_WORKER,  /* SIGKILL */
	ACTION_EXIT,         /* after SIGTERM: nothing is left to do */
};

enum worker { WORKER_NONE, WORKER_LEADER, WORKER_FOLLOWER };
enum role { ROLE_NONE, ROLE_FOLLOWER, ROLE_CANDIDATE, ROLE_LEADER, ROLE_STANDING_DOWN };

struct action {
	enum action_kind kind;
	int member;
	struct claim claim;
	struct version version;
	struct term term;
	enum worker worker;
	enum role role;
	struct kept kept;
	struct fitness fitness;
};

#define ACTIONS_MAX (2 * ROSTER_MAX + 8)

struct actions {
	int64_t wake_ms;     /* when to decide again, at the latest */
	int n;
	struct action v[ACTIONS_MAX];
};

/* ---- the state: public to be copied, printed and tested; nobody else writes it ---- */

/*            +----------------------------- no --------------------------------+
 *            v                                                                 |
 *        FOLLOWING --stand--> LOOKING --free--> TAKING --quorum--> CLAIMING ---+--claimed--> WAITING --first--> LEADING
 *            ^                   ^                 |                  |                        |                  |
 *            |                   |               failed             failed                     +---- over, leave -+
 *            |                   |                 v                  v                                 v
 *            |                   +---done------ YIELDING <------------+                               ENDING
 *            |                                                                    over, reaped          |
 *            +--------------------------------------------------------------------------------<--------+
 *            +------------------------------------------ done --- RELEASING <------------ leave, reaped +
 *                                                                     |
 *                                                                     +--- done, SIGTERM ---> GONE
 */
enum stage {
	STAGE_UNSET,
	STAGE_FOLLOWING,     /* may not stand */
	STAGE_LOOKING,       /* may stand: looks whether a quorum is free; writes nothing */
	STAGE_TAKING,        /* takes one Lease after the other */
	STAGE_CLAIMING,      /* has a quorum; claims the record where that is due */
	STAGE_YIELDING,      /* an attempt failed: empties what it took */
	STAGE_WAITING,       /* leads; the first write is not allowed yet */
	STAGE_LEADING,       /* leads; the worker may write */
	STAGE_ENDING,        /* the worker ends */
	STAGE_RELEASING,     /* empties its Leases */
	STAGE_GONE,          /* after SIGTERM */
	N_STAGES,
};

/* Why an epoch ended, an attempt failed, or none was made: for conditions. */
enum reason {
	REASON_NONE,
	REASON_NOT_PROMOTED,         /* Manual, and no human act asks for it */
	REASON_USED_UP,              /* a later promotion led */
	REASON_ROLE_FOLLOWER,        /* --role=follower */
	REASON_OWN_OBJECT,           /* AMKOCluster missing, doubled, unreadable, or of another context */
	REASON_NOT_NAMED,            /* the view in force does not name this cluster */
	REASON_NOT_FIT,              /* Automatic: controller, credentials or UUID */
	REASON_REFERENCE_LEADS,      /* a member says isLeader: true without our mark */
	REASON_OTHER_LEADS,          /* another member's instance leads, is alive, or was promoted not earlier */
	REASON_LEASES_HELD,          /* no quorum is free yet */
	REASON_NO_QUORUM,            /* too few Leases answer */
	REASON_OWN_LEASE,            /* Manual: the own Lease does not answer, or is no vote */
	REASON_UNSEEN_FENCELESS,     /* no record, and the old leader's own Lease unseen: only by force */
	REASON_TOO_MANY_VIEWS,       /* more views at once than one can need */
	REASON_CONFLICT,             /* somebody else was first */
	REASON_RECORD_GREATER,       /* the record names a later epoch */
	REASON_RECORD_SILENT,        /* Automatic: the record cannot be read or claimed */
	REASON_EXPIRED,              /* renewals were not answered in time */
	REASON_OVERTAKEN,            /* a later epoch was seen */
	REASON_LEASE_LOST,           /* Manual: the own Lease is held by another */
	REASON_RECORD_REFUSED,       /* the controller refuses a record that this epoch has read */
	REASON_DEMOTED,              /* isLeader: false */
	REASON_PROMOTED_OTHER,       /* Automatic: another member was promoted */
	REASON_DELETED,              /* the own AMKOCluster was deleted */
	REASON_UNHEALTHY,            /* Automatic: handed over, see struct fitness and the worker */
	REASON_TERMINATED,           /* SIGTERM */
	REASON_HANDED_OVER,          /* Automatic: not back yet */
	REASON_SPARE,                /* another keeper of this cluster holds its Lease */
	REASON_NOT_KEPT,             /* the promotion's number is not on the AMKOCluster yet */
	REASON_EPOCHS_USED,          /* the next epoch would be above EPOCH_MAX */
};

enum request { REQUEST_NONE, REQUEST_READ, REQUEST_PUT };

/* One member cluster. */
struct seat {
	enum answer lease;           /* the last answer about its Lease that told its state; ANSWER_SILENT keeps claim */
	enum silence silence;
	struct claim claim;          /* as last seen */
	struct version version;      /* of it; empty: absent */
	int64_t changed_ms;          /* when its last change was seen */
	int64_t looked_ms;           /* when the last answered request was asked */
	enum request request;        /* in flight */
	int64_t asked_ms;
	int64_t next_ms;             /* when the next renewal, or look, is due */
	bool must_read;              /* what it says is not known: a PUT failed */
	int64_t held_ms;             /* when the last PUT of this attempt or epoch was asked that was done; 0: not held */
	int64_t shown_serial;        /* which of the tenure's views that PUT carried, with is_acquired; 0: none */
	enum answer peer_answer;
	struct peer peer;            /* as last seen */
	bool is_peer_asked;          /* in flight */
	int64_t peer_looked_ms, peer_asked_ms, peer_next_ms;
};

/* The record, seen likewise. */
struct record_seat {
	enum answer answer;
	struct claim claim;
	struct version version;
	int64_t changed_ms, looked_ms, asked_ms, next_ms;
	enum request request;
	bool must_read;              /* after a PUT: it is ours when a read shows it */
	int64_t put_ms;              /* when the last PUT of this attempt or epoch was asked */
	bool was_absent;             /* that PUT was to create it */
	int64_t held_ms;             /* as a voter: when the renewal was asked that it is held by; 0: not held */
};

/* An attempt to lead, and the epoch that comes of it. */
struct tenure {
	int64_t epoch, promotion;
	struct view target;                     /* what its Leases show; serial counts from 1 */
	struct view needed[VIEWS_MAX];          /* it needs a quorum in each */
	int n_needed;
	bool needs_promotion;                   /* the mode in force is Manual */
	bool is_promoted, is_forced;
	bool follows_spec;                      /* the view becomes that of the own spec */
	bool is_fenceless;
	bool must_claim;                        /* the record, at acquisition; not only before the first write */
	uint64_t tried;                         /* Leases whose PUT was answered, somehow */
	uint64_t touched;                       /* Leases that it took, or may have taken */
	uint64_t free_members;                  /* Leases that were free at its start and have not changed since */
	uint64_t still_members;                 /* Leases that were unchanged for L then */
	bool is_record_still;                   /* and so was the record */
	uint64_t released_members;              /* Leases that the last epoch emptied itself */
	int old_member;                         /* whose instance led last; NOBODY: not known */
	bool is_first;                          /* nobody ever led */
	bool was_ended;                         /* its start was not by a promotion in force: demoting it needs a new act */
	bool is_claimed;                        /* a read has shown the record as ours */
	int64_t wait_from_ms;                   /* the wait before the first write: since the claim, or the quorum; 0: not yet */
	int64_t wait_ms;
};

struct worker_state {
	enum worker kind;                       /* what runs */
	bool is_ending;                         /* it is to end */
	bool is_ended, is_killed;               /* SIGTERM, SIGKILL was sent */
	bool wants_write;                       /* a leader's: it has something to write */
	bool is_healthy;
	int64_t started_ms;
	int64_t quiet_from_ms;                  /* nothing of a reaped worker can reach the controller from here on */
	int64_t kill_ms;                        /* when ending */
	int64_t backoff_ms, due_ms;             /* the next start after a failure */
	struct term fed;
};

struct self {
	int member;                             /* own context */
	char holder[HOLDER_MAX];
	bool forced_leader, never_stands;       /* --role=leader, --role=follower */
};

struct protocol {
	struct timing timing;
	struct self self;
	struct roster roster;
	enum stage stage;
	enum reason reason;                     /* why not leading, or why it ended */
	int reason_member;                      /* about whom; NOBODY: nobody in particular */
	enum reason ended;                      /* why the last epoch ended, or the last attempt failed */
	struct seat seat[ROSTER_MAX];
	struct record_seat record;
	enum own_state own_state;
	struct own own;                         /* as last read */
	struct own own_at_start;                /* of the epoch: what its view came from */
	struct kept kept;                       /* what is, or is about to be, kept */
	struct kept kept_sent;                  /* the last that was sent */
	enum role role_sent;
	struct fitness fitness_sent;
	bool is_keeping;                        /* ACTION_KEEP is in flight */
	bool must_keep_again;                   /* it was not done */
	int64_t keep_ms;                        /* not before */
	bool is_promotion_due;                  /* a human act without a number yet */
	bool is_used_up;
	struct fitness fitness;
	int64_t unfit_ms[3];                    /* since when: worker unhealthy, without Avi, without own API; 0: it is not */
	char federation[UID_MAX];
	bool is_terminated;
	int64_t look_ms;                        /* a look is complete when everything was asked at or after it */
	int64_t stand_ms;                       /* LOOKING: when the attempt may begin; 0: no quorum was free */
	int64_t retry_ms;                       /* an attempt failed: none before */
	int64_t not_before_ms;                  /* handed over: does not stand before */
	int64_t deadline_ms;                    /* YIELDING, RELEASING: no longer than this */
	int handover;                           /* RELEASING: to whom */
	int64_t yielded_to;                     /* Automatic: the last promotion that it released to; not twice to the same */
	bool is_leave;                          /* ENDING: to release */
	int64_t epoch_seen, promotion_seen;     /* the highest anywhere, ever */
	int64_t epoch_tried;                    /* of the last attempt */
	int64_t promotion_led;                  /* the highest that led */
	struct tenure tenure;
	struct worker_state worker;
};

/* context, pod, pod_uid, random: the identity, see holder_make(). Aborts where they make none. */
void protocol_init(struct protocol *p, const struct timing *timing, const char *context, const char *pod,
		   const char *pod_uid, const char *random, int64_t now_ms);

/* The own AMKOCluster, whenever it changes or cannot be read any more. `own` where OWN_FOUND. */
void protocol_saw_own(struct protocol *p, enum own_state state, const struct own *own);
void protocol_saw_kept(struct protocol *p, bool is_done);                  /* the answer to ACTION_KEEP */
void protocol_saw_federation(struct protocol *p, const char *uuid);        /* "": none yet */
void protocol_saw_fitness(struct protocol *p, const struct fitness *fitness, int64_t now_ms);
void protocol_saw_lease(struct protocol *p, int member, enum answer answer, enum silence silence,
			const struct claim *claim, const struct version *version, int64_t now_ms);
void protocol_saw_peer(struct protocol *p, int member, enum answer answer, const struct peer *peer);
void protocol_saw_record(struct protocol *p, enum answer answer, const struct claim *claim,
			 const struct version *version, int64_t now_ms);
void protocol_saw_worker(struct protocol *p, bool is_healthy, bool wants_write, int64_t now_ms);
/* was_cut_off: it did not end by itself with all writes answered, so that one may reach the controller yet. */
void protocol_saw_worker_end(struct protocol *p, bool was_cut_off, int64_t now_ms);
void protocol_saw_termination(struct protocol *p);                         /* SIGTERM */

/* What to do now. permille: a random number in 0..999. */
void protocol_decide(struct protocol *p, int64_t now_ms, int permille, struct actions *out);

enum role protocol_role(const struct protocol *p);
/* The member whose instance leads as far as is known, NOBODY where none is seen alive. */
int protocol_leader(const struct protocol *p, int64_t now_ms);
