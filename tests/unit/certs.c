#include "tests/unit/certs.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static char *text_of(BIO *bio)
{
	char *bytes;
	long n = BIO_get_mem_data(bio, &bytes);
	char *text = xstrndup(bytes, (size_t)n);

	BIO_free(bio);
	return text;
}

static void add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	if (!extension || !X509_add_ext(cert, extension, -1))
		abort();
	X509_EXTENSION_free(extension);
}

static X509 *unsigned_cert(const char *cn, const char *san, EVP_PKEY *key)
{
	static long serial;
	X509 *cert = X509_new();

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	if (san)
		add_extension(cert, NID_subject_alt_name, san);
	return cert;
}

static void sign(X509 *cert, EVP_PKEY *own_key, const struct test_cert *signer)
{
	BIO *pem = signer ? BIO_new_mem_buf(signer->pem, -1) : NULL,
		*key_pem = signer ? BIO_new_mem_buf(signer->key_pem, -1) : NULL;
	X509 *issuer = pem ? PEM_read_bio_X509(pem, NULL, NULL, NULL) : cert;
	EVP_PKEY *key = key_pem ? PEM_read_bio_PrivateKey(key_pem, NULL, NULL, NULL) : own_key;

	X509_set_issuer_name(cert, X509_get_subject_name(issuer));
	if (!signer)
		add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
	if (!X509_sign(cert, key, EVP_sha256()))
		abort();
	if (!signer)
		return;
	X509_free(issuer);
	EVP_PKEY_free(key);
	BIO_free(pem);
	BIO_free(key_pem);
}

struct test_cert cert_new(const char *cn, const char *san, const struct test_cert *signer)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = unsigned_cert(cn, san, key);
	BIO *pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());

	sign(cert, key, signer);
	PEM_write_bio_X509(pem, cert);
	PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
	return (struct test_cert){ text_of(pem), text_of(key_pem) };
}

void test_cert_release(struct test_cert *cert)
{
	free(TAKE(cert->pem));
	free(TAKE(cert->key_pem));
}
