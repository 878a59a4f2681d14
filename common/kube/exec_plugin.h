/* common/kube/exec_plugin.h - one run of a program that gives credentials, on the loop: no shell, nothing on its stdin.
 *
 * The program gets our environment, what the kubeconfig adds, and KUBERNETES_EXEC_INFO. It is a process group of its own, which
 * is killed when the time is up. Its stdout is never told to anybody; the first 300 characters of its stderr are part of the
 * message when it fails.
 * Ownership: a run copies what it needs of the context, and frees itself once its process has ended.
 * Errors:    ERR_AUTH, always: "exec plugin aws: exit code 1: ...", with the installHint where the program is not there.
 * Source:    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
#pragma once

#include <uv.h>

#include "common/kube/kubeconfig.h"

#define EXEC_PLUGIN_LIMIT_MS 30000
#define EXEC_PLUGIN_MAX_BYTES (1024 * 1024)        /* of its stdout */

/* A token, or a certificate with its key, or both. */
struct exec_credential {
	struct secret token;
	char *cert_pem;                /* NULL where absent */
	struct secret key_pem;
	int64_t expires_s;             /* Unix time; 0: it does not say */
};

struct exec_run;
/* Once, never from inside exec_run_start(). Exactly one of them is set; what is in the credential may be taken. */
typedef void exec_done_fn(void *arg, struct exec_credential *credential, const struct err *err);

/* limit_ms: EXEC_PLUGIN_LIMIT_MS. context->exec must be there. */
struct exec_run *exec_run_start(uv_loop_t *loop, const struct kube_context *context, int64_t limit_ms, exec_done_fn *done,
				void *arg);
void exec_run_cancel(struct exec_run *run);        /* kills it; done is not called any more. NULL is fine */

/* The content of KUBERNETES_EXEC_INFO. Yours to free; the proxy's password may be in it. */
char *exec_info(const struct kube_context *context);
/* Reads what a program said. out: uninitialised; empty on failure. */
bool exec_credential_read(struct slice text, const char *api_version, struct exec_credential *out, struct err *err);
void exec_credential_release(struct exec_credential *credential);
