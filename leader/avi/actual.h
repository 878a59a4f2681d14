/* leader/avi/actual.h - what the controller has of ours, as a model, found by global name.
 *
 * Holds services that we own and monitors named by AMKO ("amko--...") that nobody else has marked. Filled by a listing, kept
 * up to date by the answers to our own writes.
 * Ownership: owns its models; what it returns is borrowed until the next change of that name.
 * Errors:    none.
 */
#pragma once

#include "leader/plan/plan.h"

struct actual;

struct actual *actual_new(const char *owner);              /* "amko-<uuid>" */
void actual_free(struct actual *actual);                   /* NULL is fine */

/* Is this service ours, by created_by (also the mark of releases before the UUID)? */
bool actual_owns_gs(const struct actual *actual, const struct gs *gs);

/* Replaces the one with the same tenant and name. Taken; *x is NULL afterwards. What is not ours is dropped. */
void actual_put_gs(struct actual *actual, struct gs **gs);
void actual_put_monitor(struct actual *actual, struct monitor **monitor);
void actual_drop_gs(struct actual *actual, const char *tenant, const char *name);
void actual_drop_monitor(struct actual *actual, const char *tenant, const char *name);
const struct gs *actual_find_gs(const struct actual *actual, const char *tenant, const char *name);
const struct monitor *actual_find_monitor(const struct actual *actual, const char *tenant, const char *name);
size_t actual_count_gs(const struct actual *actual);
size_t actual_count_monitors(const struct actual *actual);

/* Everything under one global name: its services in all tenants, the monitors made for it and those it refers to. */
struct actual_view {
	const struct gs **gs;
	size_t n_gs;
	const struct monitor **monitors;
	size_t n_monitors;
};
void actual_view_make(const struct actual *actual, const char *name, struct actual_view *out);
/* Also whatever exists under the names of these wanted monitors. */
void actual_view_add_wanted(const struct actual *actual, const struct wanted *wanted, struct actual_view *view);
void actual_view_release(struct actual_view *view);        /* NULL is fine; frees only the view */

/* Every global name that a service or a monitor belongs to, once. each must not change the model. */
void actual_each_name(const struct actual *actual, void (*each)(void *arg, const char *name), void *arg);
/* Becomes what a new listing has shown, but for these names, which were written while it was under way: they stay as they
 * are. Taken; *newer is NULL afterwards. */
void actual_refresh(struct actual *actual, struct actual **newer, const struct strs *keep);
/* Our own last write carried a down response: see gs_same(). */
void actual_mark_down_response(struct actual *actual, const char *tenant, const char *name);
