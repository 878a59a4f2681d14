/* tests/sim/kubesim/kubeconfig.h - files for the clients of this run. */
#pragma once

#include "tests/sim/kubesim/front.h"

/* A context for each cluster, named like it; the first one is current. Who one is is proved by a token, a client
 * certificate and a token file in turns; the token file lies beside, as <path>.token. Written in one step, for the
 * owner's eyes only. */
bool ks_write_kubeconfig(const char *path, struct ks_front *const *fronts, size_t n_fronts, const struct ks_pki *pki,
			 const struct ks_settings *settings, struct err *err);
bool ks_write_file(const char *path, const char *text, struct err *err);
