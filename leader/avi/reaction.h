/* leader/avi/reaction.h - what follows from an answer of the controller: for the operation that got it, and for
 * everybody. One table, pure. The words for people are docs/operations.md, "Retries".
 *
 * What an answer means is its class (common/avi/session.h); the table has a row for each, and a cell for each kind of
 * operation.
 */
#pragma once

#include "common/avi/session.h"

enum deed { DEED_CREATE, DEED_UPDATE, DEED_DELETE, DEED_READ, N_DEEDS };

/* What happens to the operation, and so to the pass over its name. A read is of one object by name. */
enum next_step {
	STEP_UNSET,
	STEP_GO_ON,                    /* it is done: the next one. A read: look at what was found, perhaps nothing */
	STEP_READ_AND_PLAN,            /* the controller is not as was thought: read it by name, plan anew at once */
	STEP_WAIT_AND_READ,            /* what became of it is not known: back off, then read it by name, plan anew */
	STEP_FIND_REFS,                /* what it refers to is missing: read that by name. Gone: plan anew, else back off */
	STEP_WAIT,                     /* nothing was done: back off, plan anew */
};

/* What happens to the other names. */
enum others {
	OTHERS_UNSET,
	OTHERS_GO_ON,
	OTHERS_WAIT,                   /* until a check shows that the controller is there, leads and lets us in */
	OTHERS_WAIT_AND_SLOW_DOWN,     /* and with fewer writes at once afterwards */
};

enum next_step reaction_step(enum deed deed, enum avi_class class);
enum others reaction_others(enum avi_class class);
