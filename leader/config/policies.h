/* leader/config/policies.h - which GlobalDeploymentPolicy is in force.
 *
 * One at a time, of the leader's namespace. The one in force stays it while its object exists; an edit that is refused leaves
 * the last accepted content in force. Without one, all are judged, those already marked "success" first, the oldest first,
 * until one is accepted. When the one in force is seen to be deleted and no other is accepted, the policy is deleted: that
 * is a cause for every removal. That none is found in a list is no cause for anything.
 *
 * Ownership: owns the policy in force. What it returns is borrowed until the loop runs again.
 * Errors:    a policy's faults are its status; a controller that does not answer look-ups is asked again, 5 s ... 60 s.
 */
#pragma once

#include "leader/avi/controller.h"
#include "common/config/home.h"

struct policies;

enum policy_state { POLICY_NONE, POLICY_IN_FORCE, POLICY_DELETED };

struct policies_options {
	uv_loop_t *loop;
	const struct home *home;
	const char *namespace;                 /* borrowed */
	void (*on_change)(void *arg);          /* another policy, or content, or none is in force */
	void (*on_settled)(void *arg);         /* nothing is being judged any more */
	void (*set_status)(void *arg, const struct gdp *gdp, const char *error_status);
	void *arg;
};

struct policies *policies_new(const struct policies_options *options);
void policies_free(struct policies *policies);             /* NULL is fine */

/* What they are judged against; all are judged anew. Both borrowed until the next call; before the first nothing is judged.
 * controller NULL: judging stops, what is in force stays. */
void policies_configure(struct policies *policies, const struct gslbconfig *config, struct controller *controller);
/* Something in the own cluster changed. */
void policies_run(struct policies *policies);
void policies_deleted(struct policies *policies, const char *namespace, const char *name);

enum policy_state policies_state(const struct policies *policies);
const struct gdp *policies_in_force(const struct policies *policies);       /* NULL unless POLICY_IN_FORCE */
const struct lookups *policies_lookups(const struct policies *policies);    /* of the one in force */
bool policies_is_settled(const struct policies *policies);
/* The condition PolicyAccepted: "True", "False" or "Unknown". */
const char *policies_condition(const struct policies *policies, const char **reason, const char **message);
