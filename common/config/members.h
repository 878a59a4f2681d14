/* common/config/members.h - the members' kubeconfig: a file that is read again when it changes, or the text of GSLB_CONFIG.
 *
 * Ownership: owns the last good one. Borrowed until on_change.
 * Errors:    a kubeconfig that cannot be read leaves the last good one in force; members_error() says why.
 */
#pragma once

#include <uv.h>

#include "common/kube/kubeconfig.h"

struct members;

/* path NULL: the environment variable GSLB_CONFIG. on_change: another content, or another error. */
struct members *members_new(uv_loop_t *loop, const char *path, void (*on_change)(void *arg), void *arg);
void members_free(struct members *members);                /* NULL is fine */
const struct kubeconfig *members_kubeconfig(const struct members *members);     /* NULL: there was never a good one */
const char *members_error(const struct members *members);                       /* NULL: the last reading went well */
bool members_is_given(const struct members *members);                              /* there is one, readable or not */
