/* common/kube/expiry.h - when a credential ends: certificates, JSON web tokens, timestamps. Pure.
 *
 * All times are Unix times in seconds; 0: it cannot be told. Nothing here verifies a signature: the values are for metrics and
 * for asking in time, and the API server judges.
 */
#pragma once

#include "common/base/slice.h"

int64_t expiry_of_cert(struct slice pem);          /* NotAfter of the first certificate */
int64_t expiry_of_cas(struct slice pem);           /* of the one that lasts longest */
int64_t expiry_of_token(struct slice token);       /* exp of a JSON web token (RFC 7519) */
int64_t expiry_of_timestamp(const char *text);     /* RFC 3339; parts of a second are passed over */
