/* leader/avi/controller.h - one Avi controller as the leader asks it: is it reachable and the GSLB leader, what does it have
 * of ours, does it know the objects that the policy names.
 *
 * Ownership: the controller owns its session; controller_free() cancels what is under way (nothing is called back).
 * Errors:    each question is answered once, never from inside the call that asks. Asking again while the same question is
 *            open replaces it: only the last one is answered.
 */
#pragma once

#include "common/avi/check.h"
#include "leader/avi/actual.h"
#include "leader/policy/validate.h"

struct controller;

struct controller_options {
	struct http_client *http;
	uv_loop_t *loop;
	const char *address, *version, *username;
	const struct secret *password;
	const char *owner;                     /* "amko-<uuid>" */
};

struct controller *controller_new(const struct controller_options *options);
void controller_free(struct controller *controller);       /* NULL is fine */
struct avi_session *controller_session(struct controller *controller);

void controller_check(struct controller *controller, controller_check_fn *done, void *arg);

/* *actual is given away when why is NULL. default_pki: the federated PKI profile of the lowest name, NULL: none, or a release
 * before 22.1.3, which has no such field. */
typedef void controller_list_fn(void *arg, struct actual **actual, const char *default_pki, const char *why);
void controller_list(struct controller *controller, controller_list_fn *done, void *arg);

/* Fills every pending look-up of the set (at least one is), one by one, in this tenant. why NULL: all are answered. The set is
 * borrowed until then, or until it is cancelled. */
typedef void controller_lookup_fn(void *arg, const char *why);
void controller_lookup(struct controller *controller, const char *tenant, struct lookups *lookups,
		       controller_lookup_fn *done, void *arg);
void controller_lookup_cancel(struct controller *controller);
