/* tests/unit/certs.h - keys and certificates made on the spot. */
#pragma once

#include "common/base/base.h"

struct test_cert {
	char *pem, *key_pem;
};

/* signer NULL: signs itself, and may sign others. san: "IP:127.0.0.1", "DNS:api.internal", may be NULL. Valid for an hour. */
struct test_cert cert_new(const char *cn, const char *san, const struct test_cert *signer);
void test_cert_release(struct test_cert *cert);
