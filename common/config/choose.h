/* common/config/choose.h - which GSLBConfig is in charge, and what is wrong with it by itself. Pure.
 *
 *   1. the one in charge, while its object exists
 *   2. else one that shows the accepted state, the oldest of them
 *   3. else the oldest
 */
#pragma once

#include "common/crd/gslbconfig.h"

#define STATE_SYNCING "syncing all objects"
#define STATE_SYNCED "synced all objects"
#define STATE_ACCEPTED "success: gslb config accepted"
#define STATE_SECOND "error: can't add another gslbconfig"
#define STATE_NAMESPACE "error: invalid gslb config, namespace can only be avi-system"
#define STATE_NOT_LEADER "error: controller not a leader"

/* all: oldest first. in_charge: name of the one in charge, NULL: none. NULL where there is none in that namespace. */
const struct gslbconfig *config_choose(const struct gslbconfig *const *all, size_t n, const char *namespace,
				       const char *in_charge);

/* What makes it unacceptable whatever the world looks like. reason: for the condition; state: text, yours, NULL: none is shown;
 * message: yours. False when there is nothing to complain of. */
struct complaint {
	const char *reason;
	char *state, *message;
};
bool config_complaint(const struct gslbconfig *config, struct complaint *out);
void complaint_release(struct complaint *complaint);

/* The controller's addresses, each once: controllerIP, then the further ones in their order. */
void config_addresses(const struct gslbconfig *config, struct strs *out);

/* Nothing that needs a new synchronisation differs (the log level does not). */
bool config_same_but_log_level(const struct gslbconfig *a, const struct gslbconfig *b);
/* The same controller and identity: the session and what is known of its objects stay valid. */
bool config_same_controller(const struct gslbconfig *a, const struct gslbconfig *b);
