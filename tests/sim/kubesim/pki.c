#include "tests/sim/kubesim/pki.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#define VALID_S (365l * 24 * 3600)
#define NAMES "DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:::1"

static void pkey_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void x509_freep(X509 **certificate)
{
	X509_free(*certificate);
}

static char *take_text(BIO *bio)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	char *text = xstrndup(p ? p : "", (size_t)n);

	BIO_free(bio);
	return text;
}

static char *cert_text(X509 *certificate)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_X509(bio, certificate);
	return take_text(bio);
}

static char *key_text(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	return take_text(bio);
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool is_added;

	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

static bool add_name(X509 *certificate, const char *key, const char *value)
{
	return !value || X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), key, MBSTRING_ASC,
						    (const unsigned char *)value, -1, -1, 0) == 1;
}

/* Everything but extensions and signature. Another number each time: clients that keep certificates by issuer and
 * number must not mix them up. */
static X509 *new_certificate(EVP_PKEY *key, const char *organisation, const char *name)
{
	CLEANUP(x509_freep) X509 *certificate = X509_new();
	uint64_t serial;

	if (!certificate || RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
		return NULL;
	if (!X509_set_version(certificate, 2) ||
	    !ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) ||
	    !X509_gmtime_adj(X509_getm_notBefore(certificate), -24 * 3600) ||
	    !X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S) || !X509_set_pubkey(certificate, key) ||
	    !add_name(certificate, "O", organisation) || !add_name(certificate, "CN", name))
		return NULL;
	return TAKE(certificate);
}

struct authority {
	EVP_PKEY *key;
	X509 *certificate;
};

static bool make_authority(struct authority *ca)
{
	CLEANUP(freep) char *name = NULL;
	unsigned number;

	if (RAND_bytes((unsigned char *)&number, sizeof(number)) != 1)
		return false;
	/* A name of its own for each run, for the same reason. */
	name = xasprintf("kubesim-%08x", number);
	ca->key = EVP_EC_gen("P-256");
	ca->certificate = ca->key ? new_certificate(ca->key, NULL, name) : NULL;
	return ca->certificate && X509_set_issuer_name(ca->certificate, X509_get_subject_name(ca->certificate)) &&
	       add_extension(ca->certificate, ca->certificate, NID_basic_constraints, "critical,CA:TRUE") &&
	       add_extension(ca->certificate, ca->certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(ca->certificate, ca->certificate, NID_subject_key_identifier, "hash") &&
	       X509_sign(ca->certificate, ca->key, EVP_sha256());
}

static bool sign(const struct authority *ca, const char *organisation, const char *name, const char *usage,
		 const char *names, char **cert_pem, char **key_pem)
{
	CLEANUP(pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
	CLEANUP(x509_freep) X509 *certificate = key ? new_certificate(key, organisation, name) : NULL;

	if (!certificate || !X509_set_issuer_name(certificate, X509_get_subject_name(ca->certificate)) ||
	    !add_extension(certificate, ca->certificate, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(certificate, ca->certificate, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(certificate, ca->certificate, NID_ext_key_usage, usage) ||
	    !add_extension(certificate, ca->certificate, NID_authority_key_identifier, "keyid") ||
	    (names && !add_extension(certificate, ca->certificate, NID_subject_alt_name, names)) ||
	    !X509_sign(certificate, ca->key, EVP_sha256()))
		return false;
	*cert_pem = cert_text(certificate);
	*key_pem = key_text(key);
	return true;
}

static bool is_address(const char *host)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

bool ks_pki_make(struct ks_pki *out, const char *host, struct err *err)
{
	struct authority ca = { 0 };
	CLEANUP(freep) char *names = host && *host ? xasprintf("%s,%s:%s", NAMES, is_address(host) ? "IP" : "DNS", host)
						   : xstrdup(NAMES);
	bool is_made =
		make_authority(&ca) &&
		sign(&ca, NULL, "kube-apiserver", "serverAuth", names, &out->server_cert_pem, &out->server_key_pem) &&
		sign(&ca, "system:masters", "admin", "clientAuth", NULL, &out->client_cert_pem, &out->client_key_pem);

	if (is_made)
		out->ca_pem = cert_text(ca.certificate);
	EVP_PKEY_free(ca.key);
	X509_free(ca.certificate);
	return is_made || err_set(err, ERR_TLS, "cannot make certificates");
}

static void wipe(char *text)
{
	if (text)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

void ks_pki_release(struct ks_pki *pki)
{
	free(pki->ca_pem);
	free(pki->server_cert_pem);
	free(pki->client_cert_pem);
	wipe(pki->server_key_pem);
	wipe(pki->client_key_pem);
	*pki = (struct ks_pki){ 0 };
}
