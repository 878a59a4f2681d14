/* common/kube/auth.h - what a client proves itself with: what the context holds, its tokenFile, or what its exec plugin says.
 *
 * A plugin's answer is used until 60 s before it expires; then the plugin runs again, and what is there is used meanwhile, to
 * its end. One run at a time. When it fails, everybody who asks within 10 s hears why without another run.
 * A tokenFile is read anew at most every 10 s and after a 401.
 * Ownership: borrows the context, which must outlive it.
 * Metrics:   amko_kube_certificate_expiry_seconds, amko_kube_ca_expiry_seconds, amko_kube_token_expiry_seconds, by cluster.
 */
#pragma once

#include <uv.h>

#include "common/kube/kubeconfig.h"

struct kube_auth;

/* Borrowed until the loop turns. */
struct kube_proof {
	const struct secret *bearer, *basic;
	const char *cert_pem;          /* NULL: none */
	struct slice key_pem;
	unsigned serial;               /* which answer of the plugin this is */
};

/* After kube_auth_get() or kube_auth_refused() said that the plugin runs, never from inside: err NULL: there is a proof now. */
typedef void kube_auth_fn(void *arg, const struct err *err);

enum kube_refused {
	KUBE_REFUSED_FINAL = 1,        /* there is nothing better */
	KUBE_REFUSED_AGAIN,            /* there is another proof by now */
	KUBE_REFUSED_WAIT,             /* the plugin runs */
};

struct kube_auth *kube_auth_new(uv_loop_t *loop, const struct kube_context *context, kube_auth_fn *on_answer, void *arg);
void kube_auth_free(struct kube_auth *auth);           /* NULL is fine; ends a run */
/* False: there is none yet; on_answer() follows. */
bool kube_auth_get(struct kube_auth *auth, struct kube_proof *out);
/* The proof of that serial got a 401. Runs the plugin for it at most every 10 s. */
enum kube_refused kube_auth_refused(struct kube_auth *auth, unsigned serial);
/* After a 401 to a tokenFile's token: another one that is in it by now, or NULL. Borrowed. */
const struct secret *kube_auth_read_again(struct kube_auth *auth);
/* What is wrong with tokenFile or plugin, to be put before a refusal; "". Borrowed. */
const char *kube_auth_complaint(const struct kube_auth *auth);
