/* tests/sim/avisim/cert.h - a self-signed certificate for localhost, made on the spot; the key stays in memory. */
#pragma once

#include "common/base/err.h"

struct cert {
	char *cert_pem, *key_pem;
};

bool cert_make(struct cert *out, struct err *err);
void cert_release(struct cert *cert);
