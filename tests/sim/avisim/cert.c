#include "tests/sim/avisim/cert.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#define VALID_S (365l * 24 * 3600)
#define NAMES "DNS:localhost,IP:127.0.0.1,IP:::1"

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

static bool add_extension(X509 *certificate, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool is_added;

	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return is_added;
}

static bool fill(X509 *certificate, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	uint64_t serial;

	/* Another number each time: clients that keep certificates by issuer and number must not mix them up. */
	if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
		return false;
	return X509_set_version(certificate, 2) &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -24 * 3600) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S) && X509_set_pubkey(certificate, key) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0) &&
	       X509_set_issuer_name(certificate, name) && add_extension(certificate, NID_subject_alt_name, NAMES) &&
	       add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE") &&
	       X509_sign(certificate, key, EVP_sha256());
}

bool sim_cert_make(struct sim_cert *out, struct err *err)
{
	CLEANUP(pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
	CLEANUP(x509_freep) X509 *certificate = X509_new();
	BIO *cert_bio, *key_bio;

	if (!key || !certificate || !fill(certificate, key))
		return err_set(err, ERR_TLS, "cannot make a certificate");
	cert_bio = BIO_new(BIO_s_mem());
	key_bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(cert_bio, certificate);
	PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
	*out = (struct sim_cert){ take_text(cert_bio), take_text(key_bio) };
	return true;
}

void sim_cert_release(struct sim_cert *cert)
{
	if (cert->key_pem)
		OPENSSL_cleanse(cert->key_pem, strlen(cert->key_pem));
	free(cert->cert_pem);
	free(cert->key_pem);
	*cert = (struct sim_cert){ 0 };
}
