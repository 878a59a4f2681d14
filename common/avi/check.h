/* common/avi/check.h - one question to a controller: can it be reached, and does it lead the GSLB?
 *
 * Asked are /api/cloud (login, version and address are usable), /api/cluster (who it is) and /api/gslb (who leads).
 * Ownership: borrows the session, which must outlive the check or be freed after avi_check_cancel().
 */
#pragma once

#include "common/avi/session.h"

enum controller_health {
	CONTROLLER_UNREACHABLE,                /* no usable answer */
	CONTROLLER_UNAUTHORIZED,               /* the login was refused */
	CONTROLLER_NO_LEADER_DATA,             /* reachable, but does not say who leads */
	CONTROLLER_NOT_LEADER,
	CONTROLLER_LEADER,
};

/* Once, never from inside avi_check_start(). why: "" for CONTROLLER_LEADER; borrowed. The check is gone afterwards. */
typedef void controller_check_fn(void *arg, enum controller_health health, const char *why);

struct avi_check;
struct avi_check *avi_check_start(struct avi_session *session, controller_check_fn *done, void *arg);
void avi_check_cancel(struct avi_check *check);                        /* nothing is called back; NULL is fine */
