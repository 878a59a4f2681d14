/* leader/ops/status.h - what our custom resources say about themselves: states, conditions, refusals.
 *
 * Written by merge patch of `status` alone, one request at a time, only what differs from what the object shows. The states of
 * the GSLBConfig in charge are written one after the other, none is left out; conditions are written as they are by then.
 * Ownership: copies everything.
 * Errors:    a refused write is logged and dropped, a failed one repeated (1 s ... 60 s). At most 256 objects wait.
 */
#pragma once

#include "common/crd/gdp.h"
#include "common/crd/gslbconfig.h"
#include "common/kube/client.h"

struct status;

struct status_options {
	struct kube_client *kube;
	uv_loop_t *loop;
	bool is_dry_run;                       /* writes nothing */
};

struct status *status_new(const struct status_options *options);
void status_free(struct status *status);                   /* NULL is fine */

/* The GSLBConfig in charge, as it was last seen: what it shows is not written again. NULL: none, conditions are kept back. */
void status_observe(struct status *status, const struct gslbconfig *config);
void status_state(struct status *status, const char *state);
/* value: "True", "False", "Unknown". */
void status_condition(struct status *status, const char *type, const char *value, const char *reason, const char *message);

/* Other objects: the refusal they should show. `seen` is what they show now. */
void status_refuse_config(struct status *status, const struct gslbconfig *config, const char *state);
void status_policy(struct status *status, const struct gdp *gdp, const char *error_status);

size_t status_count_pending(const struct status *status);
const char *status_last_state(const struct status *status);        /* the last one given to status_state(); "" */
