/* tests/sim/kubesim/pki.h - an authority made for this run, and what it signs: the servers' certificate and a client's.
 */
#pragma once

#include "common/base/err.h"

struct ks_pki {
	char *ca_pem;
	char *server_cert_pem, *server_key_pem;    /* for localhost, 127.0.0.1, ::1 */
	char *client_cert_pem, *client_key_pem;    /* O=system:masters, CN=admin */
};

/* host: an address or name besides; may be NULL. */
bool ks_pki_make(struct ks_pki *out, const char *host, struct err *err);
void ks_pki_release(struct ks_pki *pki);
