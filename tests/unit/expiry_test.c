/* When credentials end. */
#include "common/kube/expiry.h"

#include <time.h>

#include "tests/unit/certs.h"
#include "tests/unit/unit.h"

static const struct stamp {
	const char *name, *text;
	int64_t expiry_s;
} stamps[] = {
	{ "a time in UTC", "2030-01-02T03:04:05Z", 1893553445 },
	{ "a time east of it", "2030-01-02T05:04:05+02:00", 1893553445 },
	{ "a time west of it", "2030-01-01T21:34:05-05:30", 1893553445 },
	{ "parts of a second", "2030-01-02T03:04:05.999999Z", 1893553445 },
	{ "a day without a time", "2030-01-02", 0 },
	{ "a time without a zone", "2030-01-02T03:04:05", 0 },
	{ "a month that there is not", "2030-13-02T03:04:05Z", 0 },
	{ "something behind it", "2030-01-02T03:04:05Z.", 0 },
	{ "a number", "1893553445", 0 },
	{ "nothing", "", 0 },
};

static void stamp_means(void **state)
{
	const struct stamp *row = *state;

	assert_int_equal(expiry_of_timestamp(row->text), row->expiry_s);
}

/* The claims: {"exp":1893553445}, {"exp":18935534450}, {"exp":"x"}, {"iss":"a?>~"}, [1] */
static const struct token {
	const char *name, *text;
	int64_t expiry_s;
} tokens[] = {
	{ "a web token", "eyJhbGciOiJub25lIn0.eyJleHAiOjE4OTM1NTM0NDV9.c2ln", 1893553445 },
	{ "a web token without a signature", "eyJhbGciOiJub25lIn0.eyJleHAiOjE4OTM1NTM0NDUwfQ.", 18935534450 },
	{ "a time that is text", "e30.eyJleHAiOiJ4In0.", 0 },
	{ "a web token without a time", "e30.eyJpc3MiOiJhPz5-In0.", 0 },
	{ "claims that are a list", "e30.WzFd.", 0 },
	{ "claims that are blanks", "e30.      .", 0 },
	{ "no claims", "e30..", 0 },
	{ "claims that are not base64", "e30.!!!!.", 0 },
	{ "half a web token", "e30.eyJleHAiOjE4OTM1NTM0NDV9", 0 },
	{ "any other token", "abcdef.0123456789", 0 },
	{ "nothing", "", 0 },
};

static void token_means(void **state)
{
	const struct token *row = *state;

	assert_int_equal(expiry_of_token(slice_of(row->text)), row->expiry_s);
}

static void a_certificate_says_when_it_ends(void **state)
{
	struct test_cert cert = cert_new("me", NULL, NULL);
	CLEANUP(freep) char *two = xasprintf("some words\n%s%s", cert.pem, cert.pem);
	int64_t left_s = expiry_of_cert(slice_of(cert.pem)) - (int64_t)time(NULL);

	(void)state;
	assert_in_range(left_s, 3500, 3600);
	assert_int_equal(expiry_of_cas(slice_of(two)), expiry_of_cert(slice_of(cert.pem)));
	assert_int_equal(expiry_of_cert(slice_of("nonsense")), 0);
	assert_int_equal(expiry_of_cert(slice_of(NULL)), 0);
	test_cert_release(&cert);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_certificate_says_when_it_ends) };

	return RUN_TABLE(stamp_means, stamps) + RUN_TABLE(token_means, tokens) + cmocka_run_group_tests(tests, NULL, NULL);
}
