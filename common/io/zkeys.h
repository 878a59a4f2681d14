/* common/io/zkeys.h - CURVE key pairs of the federation, and the Secret that keeps one.
 *
 * Keys are in Z85, 40 characters, as ZeroMQ's tools show them. The Secret is
 *   {"apiVersion":"v1","kind":"Secret","metadata":{"name":"amko-federation-keys",...},"type":"Opaque",
 *    "data":{"public-key":<base64 of the Z85 text>,"secret-key":...}}
 *
 * Ownership: a pair owns its secret half, which is wiped on release. A zeroed one is none.
 */
#pragma once

#include "common/base/err.h"
#include "common/base/json.h"
#include "common/base/secret.h"

#define ZKEYS_SECRET_NAME "amko-federation-keys"
#define ZKEY_MAX 41                /* with the NUL */

struct zkeys {
	char public_key[ZKEY_MAX];
	struct secret secret_key;
};

/* A new pair. ERR_INVALID: this libzmq was built without CURVE. */
bool zkeys_make(struct zkeys *out, struct err *err);
/* ERR_INVALID: a half is missing, or they are no pair. */
bool zkeys_from_secret(const cJSON *secret, struct zkeys *out, struct err *err);
/* Holds the secret half: json_wipe_free() it. */
cJSON *zkeys_to_secret(const struct zkeys *keys, const char *namespace);
void zkeys_release(struct zkeys *keys);                    /* NULL is fine */

/* 40 characters that stand for a key. */
bool zkey_is_sound(const char *text);
