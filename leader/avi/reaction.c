#include "leader/avi/reaction.h"

#define ALL_WAIT { STEP_WAIT, STEP_WAIT, STEP_WAIT, STEP_WAIT }
#define ALL_IN_DOUBT { STEP_WAIT_AND_READ, STEP_WAIT_AND_READ, STEP_WAIT_AND_READ, STEP_WAIT }

static const struct {
	enum next_step steps[N_DEEDS];
	enum others others;
} reactions[N_AVI_CLASSES] = {
	/*                         creation            update              deletion            read */
	[AVI_OK]              = { { STEP_GO_ON,         STEP_GO_ON,         STEP_GO_ON,         STEP_GO_ON }, OTHERS_GO_ON },
	/* It was most likely carried out: what is read is taken for the answer. */
	[AVI_UNREADABLE]      = { { STEP_READ_AND_PLAN, STEP_READ_AND_PLAN, STEP_READ_AND_PLAN, STEP_WAIT }, OTHERS_WAIT },
	[AVI_UNSENT]          = { ALL_WAIT, OTHERS_WAIT },
	[AVI_NETWORK]         = { ALL_IN_DOUBT, OTHERS_WAIT_AND_SLOW_DOWN },
	[AVI_SERVER]          = { ALL_IN_DOUBT, OTHERS_WAIT_AND_SLOW_DOWN },
	[AVI_THROTTLED]       = { ALL_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
	[AVI_BAD_CREDENTIALS] = { ALL_WAIT, OTHERS_WAIT },
	[AVI_UNAUTHORIZED]    = { ALL_WAIT, OTHERS_WAIT },
	[AVI_FORBIDDEN]       = { ALL_WAIT, OTHERS_GO_ON },
	[AVI_REFERRED]        = { ALL_WAIT, OTHERS_GO_ON },
	[AVI_NOTFOUND]        = { { STEP_FIND_REFS,     STEP_READ_AND_PLAN, STEP_GO_ON,         STEP_GO_ON }, OTHERS_GO_ON },
	/* It exists: what is there may be ours. An update or a deletion has no such conflict with a name of ours. */
	[AVI_CONFLICT]        = { { STEP_READ_AND_PLAN, STEP_WAIT_AND_READ, STEP_WAIT_AND_READ, STEP_WAIT }, OTHERS_GO_ON },
	[AVI_CONCURRENT]      = { { STEP_READ_AND_PLAN, STEP_READ_AND_PLAN, STEP_READ_AND_PLAN, STEP_WAIT }, OTHERS_GO_ON },
	[AVI_NOT_LEADER]      = { ALL_WAIT, OTHERS_WAIT },
	/* It is the whole system's. */
	[AVI_MAINTENANCE]     = { ALL_WAIT, OTHERS_WAIT_AND_SLOW_DOWN },
	[AVI_DOMAIN_CONFLICT] = { ALL_WAIT, OTHERS_GO_ON },
	[AVI_REFUSED]         = { ALL_WAIT, OTHERS_GO_ON },
};

enum next_step reaction_step(enum deed deed, enum avi_class class)
{
	enum next_step step = reactions[class].steps[deed];

	assert(step);
	return step;
}

enum others reaction_others(enum avi_class class)
{
	enum others others = reactions[class].others;

	assert(others);
	return others;
}
