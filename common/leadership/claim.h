/* common/leadership/claim.h - what a Lease or the leadership record says: who leads, by which epoch, under which view.
 *
 * Values only: no pointer, nothing to free. Contexts are numbered by a roster, so that a set of members is a bit mask and a
 * claim does not grow with their number.
 * Errors:    a text that is too long or malformed makes no claim; whoever reads it says so (see lease.h, record.h).
 */
#pragma once

#include "common/base/slice.h"

#ifndef ROSTER_MAX                  /* the model builds all of this with smaller limits */
#define ROSTER_MAX 64               /* contexts known at one time; a bit each */
#define CONTEXT_MAX 256             /* bytes, with the NUL: a context */
#define HOLDER_MAX 640              /* an identity: <context>/<pod>/<pod uid>/<random> */
#define UID_MAX 64                  /* a Kubernetes uid, a controller's uuid, a federation */
#define REVISION_MAX 64             /* resourceVersion, _last_modified */
#endif

#define NOBODY (-1)                 /* no member */
#define EPOCH_MAX (1LL << 53)       /* above it JSON numbers are not exact: garbage */
#define EPOCHS_PER_PROMOTION 1000000LL
#define PROMOTION_MAX (EPOCH_MAX / EPOCHS_PER_PROMOTION)

/* Contexts by number. A number stays what it is until the owner frees it by emptying the text. */
struct roster {
	char context[ROSTER_MAX][CONTEXT_MAX];
};

int roster_find(const struct roster *roster, struct slice context);      /* NOBODY where unknown */
int roster_add(struct roster *roster, struct slice context);             /* finds or adds; NOBODY: empty, too long, full */
/* The next of `members` after `after` (NOBODY: the first) in the order of their contexts; NOBODY at the end. */
int roster_next(const struct roster *roster, uint64_t members, int after);

static inline uint64_t member_bit(int member)
{
	return member == NOBODY ? 0 : UINT64_C(1) << member;
}

enum mode { MODE_MANUAL, MODE_AUTOMATIC };

/* The members that leadership is among, and how it passes from one to another. (epoch, serial) says which of two is later. */
struct view {
	enum mode mode;
	uint64_t members;
	int64_t epoch;              /* of the leader that showed it */
	int64_t serial;             /* which one of that epoch */
};

bool view_same(const struct view *a, const struct view *b);              /* mode and members */
/* "Automatic 3000001 0 east west": mode, epoch, serial, contexts in order, blanks, % and | escaped (%20). Yours to free. */
char *view_text(const struct view *view, const struct roster *roster);
/* False: malformed, or more contexts than the roster has room for. Adds contexts to the roster. */
bool view_parse(struct slice text, struct roster *roster, struct view *out);

#define VIEWS_MAX 4                 /* that one epoch can need a quorum in */

struct claim {
	char holder[HOLDER_MAX];    /* "": nobody */
	int64_t epoch;              /* 0: none */
	int64_t promotion;          /* the number of the last human act that this epoch is under; 0: none */
	bool is_acquired;           /* the holder leads, or led; false: an attempt */
	bool is_released;           /* an empty Lease: its holder emptied it at the end of an epoch, with no write under way */
	bool is_fenceless;          /* the epoch goes without a record */
	bool has_view;
	struct view view;
	int n_before;               /* while the view changes: those that it comes after, each still needs its quorum */
	struct view before[VIEWS_MAX - 1];
	int handover;               /* an empty Lease: the member that should take it; NOBODY: anyone */
	int64_t counter;            /* the record: counts the holder's renewals */
	char federation[UID_MAX];   /* "": none yet */
};

/* The views of a claim, the one in force first: "Manual 4000001 2 east|Manual 3000001 1 east west". Yours to free. */
char *views_text(const struct claim *claim, const struct roster *roster);
bool views_parse(struct slice text, struct roster *roster, struct claim *out);

/* Which version of a stored object a value was read from, so that a write can say "if it is still this one". Compared only
 * for equality. An empty uid: the object did not exist. */
struct version {
	char uid[UID_MAX];
	char revision[REVISION_MAX];
};

bool version_same(const struct version *a, const struct version *b);

/* The context in a holder's identity: what stands before the last three segments. Empty where it is no identity. */
struct slice holder_context(const char *holder);
/* False: a part is empty or has a slash (the context may), or all is too long; *out is untouched then. */
bool holder_make(char out[HOLDER_MAX], const char *context, const char *pod, const char *pod_uid, const char *random);

/* The order of all claims of a federation: by epoch, then by holder. -1, 0, 1. */
int claim_compare(const struct claim *a, const struct claim *b);
/* A whole number from 0 to EPOCH_MAX in decimal digits, or false. */
bool epoch_parse(const char *text, int64_t *out);
