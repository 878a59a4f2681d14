#include "common/io/zkeys.h"

#include <openssl/evp.h>
#include <zmq.h>

#define BASE64_MAX 128u

bool zkey_is_sound(const char *text)
{
	unsigned char key[32];

	/* zmq_z85_decode() asserts nothing about characters that are none of its own before 4.3.3. */
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("\"'`,;_~\\|", *c))
			return false;
	return strlen(text) == ZKEY_MAX - 1 && zmq_z85_decode(key, text);
}

bool zkeys_make(struct zkeys *out, struct err *err)
{
	char secret_key[ZKEY_MAX];

	if (zmq_curve_keypair(out->public_key, secret_key) != 0)
		return err_set(err, ERR_INVALID, "libzmq has no CURVE: %s", zmq_strerror(zmq_errno()));
	secret_set(&out->secret_key, slice_of(secret_key));
	explicit_bzero(secret_key, sizeof(secret_key));
	return true;
}

/* A key out of the base64 of its text. */
static bool decode(const char *base64, char out[ZKEY_MAX])
{
	unsigned char text[BASE64_MAX];
	size_t n = base64 ? strlen(base64) : 0;
	int got = n && n < BASE64_MAX ? EVP_DecodeBlock(text, (const unsigned char *)base64, (int)n) : -1;

	/* 40 octets are 56 characters, the last two of them padding, which counts as zeros. */
	if (n != 56 || base64[55] != '=' || base64[54] != '=' || got < ZKEY_MAX - 1)
		return false;
	memcpy(out, text, ZKEY_MAX - 1);
	out[ZKEY_MAX - 1] = '\0';
	explicit_bzero(text, sizeof(text));
	return zkey_is_sound(out);
}

bool zkeys_from_secret(const cJSON *secret, struct zkeys *out, struct err *err)
{
	const cJSON *data = json_get(secret, "data");
	char public_key[ZKEY_MAX], secret_key[ZKEY_MAX], derived[ZKEY_MAX] = "";
	bool is_pair;

	if (!decode(json_str(data, "public-key"), public_key))
		return err_set(err, ERR_INVALID, "Secret %s: public-key is no CURVE key", ZKEYS_SECRET_NAME);
	if (!decode(json_str(data, "secret-key"), secret_key))
		return err_set(err, ERR_INVALID, "Secret %s: secret-key is no CURVE key", ZKEYS_SECRET_NAME);
	is_pair = zmq_curve_public(derived, secret_key) == 0 && streq(derived, public_key);
	if (is_pair) {
		memcpy(out->public_key, public_key, sizeof(public_key));
		secret_set(&out->secret_key, slice_of(secret_key));
	}
	explicit_bzero(secret_key, sizeof(secret_key));
	return is_pair || err_set(err, ERR_INVALID, "Secret %s: the two keys are no pair", ZKEYS_SECRET_NAME);
}

static void put_base64(cJSON *data, const char *name, const char *text)
{
	unsigned char base64[BASE64_MAX];

	EVP_EncodeBlock(base64, (const unsigned char *)text, ZKEY_MAX - 1);
	json_put_str(data, name, (const char *)base64);
	explicit_bzero(base64, sizeof(base64));
}

cJSON *zkeys_to_secret(const struct zkeys *keys, const char *namespace)
{
	cJSON *secret = cJSON_CreateObject(), *metadata, *data;

	json_put_str(secret, "apiVersion", "v1");
	json_put_str(secret, "kind", "Secret");
	metadata = json_put_object(secret, "metadata");
	json_put_str(metadata, "name", ZKEYS_SECRET_NAME);
	json_put_str(metadata, "namespace", namespace);
	json_put_str(secret, "type", "Opaque");
	data = json_put_object(secret, "data");
	put_base64(data, "public-key", keys->public_key);
	put_base64(data, "secret-key", keys->secret_key.bytes);
	return secret;
}

void zkeys_release(struct zkeys *keys)
{
	if (!keys)
		return;
	secret_release(&keys->secret_key);
	*keys = (struct zkeys){ 0 };
}
