/* leader/plan/plan.h - what must change at the controller so that actual becomes wanted, for one name. Pure.
 *
 * A plan is data: build, print, count and test it without a controller. Order: monitors before the service that refers to them
 * (first of all, so that a tenant that takes none stops the plan while an old service still stands); services that go (with
 * their monitors) before services that come (a domain name must be free first); the service before the monitors that it no
 * longer uses.
 * Ownership: borrows the wanted models, which must outlive it, but nothing of the actual ones; plan_release() frees the plan.
 * Errors:    none. Equal inputs give an equal plan, in the same order.
 */
#pragma once

#include "leader/gslb/build.h"

enum op_type { OP_CREATE_MONITOR, OP_UPDATE_MONITOR, OP_CREATE_GS, OP_UPDATE_GS, OP_DELETE_GS, OP_DELETE_MONITOR };
const char *op_type_name(enum op_type type);               /* "create monitor", ... */

struct op {
	enum op_type type;
	char *tenant, *name;               /* of the object */
	char *uuid;                        /* updates and deletions: of the actual object */
	int64_t modified_us;               /* updates: of the actual object, when it was read; 0: not known */
	const struct gs *gs;               /* what is written; NULL for deletions and monitors */
	const struct monitor *monitor;     /* what is written; NULL for deletions and services */
	char *fields;                      /* updates: what differs, "members,ttl" */
};
bool op_is_gs(const struct op *op);
bool op_is_creation(const struct op *op);
bool op_is_deletion(const struct op *op);
/* The same operation on the same object, without what is written. */
struct op *op_copy(const struct op *op);
void op_free(struct op *op);                               /* NULL is fine */
DEFINE_CLEANUP(struct op *, op_free)

struct plan {
	struct op *ops;
	size_t n_ops;
	/* Deletions that have no cause yet: the objects stay. */
	size_t n_held;
	char *held_because;                /* NULL; "cluster west is not known" */
};

struct plan_input {
	const char *owner;
	const struct gdp *policy;              /* as in build_input: NULL after it was deleted on purpose */
	const struct knowledge *knowledge;
	const struct wanted *wanted;
	const struct gs *const *actual;        /* ours, of this name, all tenants */
	size_t n_actual;
	/* Monitors that say they belong to this name, and whatever exists under the name of a wanted one. */
	const struct monitor *const *actual_monitors;
	size_t n_actual_monitors;
	const char *fqdn;
};

void plan_make(const struct plan_input *in, struct plan *out);
void plan_release(struct plan *plan);                      /* NULL is fine */

/* Written by AMKO on behalf of this service, in this or an old release: may be deleted with it. `owner`: "amko-<uuid>". */
bool monitor_is_ours(const struct monitor *monitor, const char *owner);
/* The service that a monitor was made for: out of its description, or of a name as releases before 1.6 gave; NULL: none.
 * Yours to free. */
char *monitor_gs_name(const struct monitor *monitor);
/* Has somebody else's mark. */
bool monitor_is_foreign(const struct monitor *monitor, const char *owner);
