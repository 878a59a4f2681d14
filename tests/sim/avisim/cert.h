/* tests/sim/avisim/cert.h - a self-signed certificate for localhost, made on the spot; the key stays in memory. */
#pragma once

#include "common/base/err.h"

struct sim_cert {
	char *cert_pem, *key_pem;
};

bool sim_cert_make(struct sim_cert *out, struct err *err);
void sim_cert_release(struct sim_cert *cert);
