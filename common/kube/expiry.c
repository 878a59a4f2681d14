#include "common/kube/expiry.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <time.h>

#include "common/base/json.h"
#include "common/base/secret.h"

#define CLAIMS_MAX_BYTES (64 * 1024)
#define MAX_CERTS 1000

static int64_t end_of(const X509 *cert)
{
	struct tm tm = { 0 };

	return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* The latest end among the first max certificates. */
static int64_t latest_end(struct slice pem, int max)
{
	BIO *bio = pem.n ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	int64_t latest = 0;
	X509 *cert;

	while (bio && max-- > 0 && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		latest = MAX(latest, end_of(cert));
		X509_free(cert);
	}
	BIO_free(bio);
	ERR_clear_error();           /* that there is no further one */
	return latest;
}

int64_t expiry_of_cert(struct slice pem)
{
	return latest_end(pem, 1);
}

int64_t expiry_of_cas(struct slice pem)
{
	return latest_end(pem, MAX_CERTS);
}

/* base64url without padding (RFC 7515) */
static bool claims_decode(struct slice part, struct secret *out)
{
	struct secret packed = { xmalloc(part.n + 4), part.n };
	bool is_good;
	int n;

	for (size_t i = 0; i < part.n; i++)
		packed.bytes[i] = (char)(part.p[i] == '-' ? '+' : part.p[i] == '_' ? '/' : part.p[i]);
	while (packed.n % 4)
		packed.bytes[packed.n++] = '=';
	packed.bytes[packed.n] = '\0';
	*out = (struct secret){ xcalloc(1, packed.n + 1), packed.n };
	n = EVP_DecodeBlock((unsigned char *)out->bytes, (const unsigned char *)packed.bytes, (int)packed.n);
	is_good = n >= (int)(packed.n - part.n);       /* it passes over blanks around the text */
	out->n = is_good ? (size_t)n - (packed.n - part.n) : 0;
	out->bytes[out->n] = '\0';
	secret_release(&packed);
	return is_good;
}

int64_t expiry_of_token(struct slice token)
{
	CLEANUP(secret_release) struct secret claims = { 0 };
	CLEANUP(json_wipe_freep) cJSON *json = NULL;
	struct slice header, body;

	if (!token.p || !slice_split(&token, '.', &header) || !token.p || !slice_split(&token, '.', &body) || !token.p ||
	    body.n == 0 || body.n % 4 == 1 || body.n > CLAIMS_MAX_BYTES)
		return 0;
	if (!claims_decode(body, &claims))
		return 0;
	json = json_parse((struct slice){ claims.bytes, claims.n }, NULL);
	return json ? MAX(json_int(json, "exp", 0), (int64_t)0) : 0;
}

static bool read_number(const char **at, int n_digits, char end, int *out)
{
	for (*out = 0; n_digits > 0 && isdigit((unsigned char)**at); n_digits--)
		*out = *out * 10 + *(*at)++ - '0';
	if (n_digits > 0)
		return false;
	return !end || *(*at)++ == end;
}

/* "Z" or "+02:00", in seconds east of Greenwich. */
static bool read_zone(const char *at, int *out)
{
	int sign = *at == '-' ? -1 : 1, hours, minutes;

	*out = 0;
	if (*at == 'Z' || *at == 'z')
		return at[1] == '\0';
	if (*at != '+' && *at != '-')
		return false;
	at++;
	if (!read_number(&at, 2, ':', &hours) || !read_number(&at, 2, '\0', &minutes) || *at)
		return false;
	*out = sign * (hours * 3600 + minutes * 60);
	return true;
}

int64_t expiry_of_timestamp(const char *text)
{
	struct tm tm = { 0 };
	int zone_s;

	if (!read_number(&text, 4, '-', &tm.tm_year) || !read_number(&text, 2, '-', &tm.tm_mon) ||
	    !read_number(&text, 2, '\0', &tm.tm_mday) || (*text != 'T' && *text != 't'))
		return 0;
	text++;
	if (!read_number(&text, 2, ':', &tm.tm_hour) || !read_number(&text, 2, ':', &tm.tm_min) ||
	    !read_number(&text, 2, '\0', &tm.tm_sec))
		return 0;
	if (*text == '.')
		for (text++; isdigit((unsigned char)*text); text++)
			;
	if (!read_zone(text, &zone_s) || tm.tm_year < 1970 || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	return (int64_t)timegm(&tm) - zone_s;
}
