/* Logging in at a controller: once for all, not for ever, and to the right one. */
#include "tests/unit/avi_talk.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- logging in ---- */

static void one_login_serves_many_requests(void **state)
{
	struct talk *t = *state;

	for (int i = 0; i < 200; i++)
		talk_ask(t, "GET", "/api/cluster");
	assert_false(avi_session_is_connected(t->session));
	talk_run(t, 200);
	assert_int_equal(t->n_of_class[AVI_OK], 200);
	assert_int_equal(t->ctl.n_logins, 1);
	assert_int_equal(t->ctl.n_requests, 200);
	assert_true(avi_session_is_connected(t->session));
}

static void every_request_carries_the_session(void **state)
{
	struct talk *t = *state;
	CLEANUP(freep) char *referer = xasprintf("http://127.0.0.1:%d/", http_server_port(t->ctl.server));

	t->ctl.hold = "/login";
	talk_ask(t, "GET", "/api/cluster");
	talk_run_until_held(t, 1);
	assert_text(t->ctl.type, "application/json");
	assert_text(t->ctl.version, "22.1.3");
	assert_text(t->ctl.tenant, "admin");
	assert_text(t->ctl.cookie, "(none)");
	assert_text(t->ctl.csrf, "(none)");
	controller_release(&t->ctl);
	talk_run(t, 1);
	assert_text(t->ctl.type, "application/json");
	assert_text(t->ctl.version, "22.1.3");
	assert_text(t->ctl.tenant, "blue");
	assert_text(t->ctl.referer, referer);
	assert_text(t->ctl.csrf, "csrf-1");
	assert_text(t->ctl.cookie, "csrftoken=csrf-1; sessionid=id-1; avi-sessionid=id-1");
	assert_text(buf_str(&t->ctl.log), "POST /login\nGET /api/cluster\n");
}

struct host_case {
	const char *name, *controller, *referer;
};

static const struct host_case host_cases[] = {
	{ "an IPv4 address stays as it is", "10.0.0.5", "Referer: https://10.0.0.5/" },
	{ "a name keeps its port", "ctl.example.org:8443", "Referer: https://ctl.example.org:8443/" },
	{ "a bare IPv6 address gets brackets", "2001:db8::5", "Referer: https://[2001:db8::5]/" },
	{ "an IPv6 address with brackets keeps its port", "[2001:db8::5]:8443", "Referer: https://[2001:db8::5]:8443/" },
};

static void the_host_is_written(void **state)
{
	const struct host_case *c = *state;
	struct strs headers = { 0 };
	struct secret password = { 0 };
	uv_loop_t loop;

	uv_loop_init(&loop);
	struct avi_session *session = avi_session_new(&(struct avi_session_options){
		.loop = &loop, .controller = c->controller, .username = "admin", .password = &password });
	assert_true(avi_headers(session, "", false, &headers, NULL));
	assert_true(strs_has(&headers, c->referer));
	assert_int_equal(headers.n, 2);        /* neither version nor tenant */
	strs_release(&headers);
	avi_session_free(session);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_lost_session_costs_one_login_and_each_request_is_repeated(void **state)
{
	struct talk *t = *state;

	talk_ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.valid = 0;
	for (int i = 0; i < 20; i++)
		talk_ask(t, "POST", "/api/gslbservice/");
	talk_run(t, 21);
	assert_int_equal(t->n_of_class[AVI_OK], 21);
	assert_int_equal(t->ctl.n_logins, 2);
	assert_true(t->n_sends <= 1 + 2 * 20);
}

static void a_late_401_is_repeated_without_a_login(void **state)
{
	struct talk *t = *state;

	talk_ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/api/gslb";
	talk_ask(t, "GET", "/api/gslb");
	talk_run_until_held(t, 1);
	t->ctl.valid = 0;
	talk_ask_and_wait(t, "GET", "/api/cluster");        /* logs in again */
	assert_int_equal(t->ctl.n_logins, 2);
	controller_release(&t->ctl);                              /* the old cookies: 401 */
	talk_run(t, 3);
	assert_int_equal(t->n_of_class[AVI_OK], 3);
	assert_int_equal(t->ctl.n_logins, 2);
	assert_int_equal(t->n_sends, 5);
}

static void a_401_after_a_good_login_is_told_and_causes_no_more_logins(void **state)
{
	struct talk *t = *state;

	t->ctl.knows_nobody = true;
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_UNAUTHORIZED);
	assert_int_equal(t->last_err.code, ERR_AUTH);
	assert_int_equal(t->last_err.http_status, 401);
	assert_text(t->last_err.msg, "GET /api/cluster: HTTP 401: Authentication credentials were not provided.");
	assert_int_equal(t->ctl.n_logins, 2);
	for (int i = 0; i < 30; i++)
		talk_ask(t, "GET", "/api/cluster");
	talk_run(t, 31);
	assert_int_equal(t->n_of_class[AVI_UNAUTHORIZED], 31);
	assert_int_equal(t->ctl.n_logins, 2);
}

static void a_refused_login_is_no_storm(void **state)
{
	struct talk *t = *state;

	t->ctl.password = "another";
	for (int i = 0; i < 50; i++)
		talk_ask(t, "GET", "/api/cluster");
	talk_run(t, 50);
	for (int i = 0; i < 50; i++)
		talk_ask(t, "GET", "/api/cluster");
	talk_run(t, 100);
	assert_int_equal(t->n_of_class[AVI_BAD_CREDENTIALS], 100);
	assert_text(t->last_err.msg, "POST /login: HTTP 401: Invalid credentials");
	assert_int_equal(t->last_err.code, ERR_AUTH);
	assert_true(t->last.retry_after_ms > 4000 && t->last.retry_after_ms <= 10000);
	assert_in_range(avi_session_held_ms(t->session), 4000, 10000);
	assert_int_equal(t->ctl.n_logins, 1);
	assert_int_equal(t->ctl.n_requests, 0);
	assert_false(avi_session_is_connected(t->session));
}

static void other_credentials_work_at_once(void **state)
{
	CLEANUP(secret_release) struct secret password = { 0 };
	struct talk *t = *state;

	t->ctl.password = "another";
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_BAD_CREDENTIALS);
	avi_session_set_credentials(t->session, "admin", &t->password);
	talk_ask_and_wait(t, "GET", "/api/cluster");        /* the same again change nothing */
	assert_class(t, AVI_BAD_CREDENTIALS);
	assert_int_equal(t->ctl.n_logins, 1);
	secret_set(&password, slice_of("another"));
	avi_session_set_credentials(t->session, "admin", &password);
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_OK);
	assert_int_equal(avi_session_held_ms(t->session), 0);
	assert_int_equal(t->ctl.n_logins, 2);
}

static void credentials_that_change_during_a_login_start_another(void **state)
{
	CLEANUP(secret_release) struct secret password = { 0 };
	struct talk *t = *state;

	t->ctl.password = "another";
	t->ctl.hold = "/login";
	talk_ask(t, "GET", "/api/cluster");
	talk_run_until_held(t, 1);
	secret_set(&password, slice_of("another"));
	avi_session_set_credentials(t->session, "admin", &password);
	controller_release(&t->ctl);
	talk_run(t, 1);
	assert_class(t, AVI_OK);
	assert_int_equal(t->ctl.n_logins, 2);
}

static void requests_of_the_old_credentials_are_repeated_with_the_new(void **state)
{
	CLEANUP(secret_release) struct secret password = { 0 };
	struct talk *t = *state;

	talk_ask_and_wait(t, "GET", "/api/cluster");
	t->ctl.hold = "/api/gslb";
	talk_ask(t, "GET", "/api/gslb");
	talk_run_until_held(t, 1);
	t->ctl.valid = 0;
	t->ctl.password = "another";
	secret_set(&password, slice_of("another"));
	avi_session_set_credentials(t->session, "admin", &password);
	controller_release(&t->ctl);
	talk_run(t, 2);
	assert_class(t, AVI_OK);
	assert_int_equal(t->ctl.n_logins, 2);
}

struct login_case {
	const char *name;
	int status;
	const char *body;
	enum avi_class class;
	enum err_code code;
	const char *msg;
};

static const struct login_case login_cases[] = {
	{ "a locked user is refused", 403, "{\"error\": \"User account locked\"}", AVI_BAD_CREDENTIALS, ERR_AUTH,
	  "POST /login: HTTP 403: User account locked" },
	{ "an unknown version is refused", 400, "{\"error\": \"Invalid version 99.1.1\"}", AVI_REFUSED, ERR_INVALID,
	  "POST /login: HTTP 400: Invalid version 99.1.1" },
	{ "a login that is not found is not the object that was asked for", 404, "<html></html>", AVI_SERVER, ERR_RETRY,
	  "POST /login: HTTP 404" },
	{ "a conflict at login neither", 409, "{\"error\": \"x\"}", AVI_SERVER, ERR_RETRY, "POST /login: HTTP 409: x" },
	{ "a controller that starts", 503, "", AVI_SERVER, ERR_RETRY, "POST /login: HTTP 503" },
	{ "too many logins", 429, "{\"error\": \"Too many requests\"}", AVI_THROTTLED, ERR_RETRY,
	  "POST /login: HTTP 429: Too many requests" },
	{ "a text that repeats the password is left out", 401, "{\"error\": \"no user with " AVI_PASSWORD "\"}",
	  AVI_BAD_CREDENTIALS, ERR_AUTH, "POST /login: HTTP 401" },
	{ "a redirect is no login", 302, "", AVI_SERVER, ERR_RETRY, "POST /login: HTTP 302" },
};

static void a_failed_login_is_the_answer_to_all(void **state)
{
	const struct login_case *c = *state;
	void *made;

	talk_set_up(&made);
	struct talk *t = made;
	t->ctl.login_status = c->status;
	t->ctl.login_body = c->body;
	talk_ask(t, "GET", "/api/cluster");
	talk_ask(t, "POST", "/api/gslbservice/");
	talk_run(t, 2);
	assert_int_equal(t->n_of_class[c->class], 2);
	assert_text(err_code_name(t->last_err.code), err_code_name(c->code));
	assert_text(t->last_err.msg, c->msg);
	assert_int_equal(t->ctl.n_logins, 1);
	assert_int_equal(t->ctl.n_requests, 0);
	talk_tear_down(&made);
}

static void a_login_that_failed_is_tried_again_after_its_back_off(void **state)
{
	struct talk *t = *state;

	t->ctl.login_status = 503;
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_SERVER);
	t->ctl.login_status = 0;
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_SERVER);
	assert_true(t->last.retry_after_ms > 0 && t->last.retry_after_ms <= 2000);
	uv_sleep((unsigned)t->last.retry_after_ms + 1);
	uv_update_time(&t->loop);
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_OK);
	assert_int_equal(t->ctl.n_logins, 2);
}

static void a_login_without_json_and_cookies_is_accepted(void **state)
{
	struct talk *t = *state;

	t->ctl.has_no_cookies = true;
	t->ctl.login_body = "<html>welcome</html>";
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, AVI_OK);
	assert_text(t->ctl.cookie, "(none)");
}

static void at_most_ten_thousand_requests_wait_for_a_login(void **state)
{
	struct talk *t = *state;

	t->ctl.hold = "/login";
	for (int i = 0; i < 10001; i++)
		avi_start(t->session, &(struct avi_request){
			.method = "GET", .path = "/api/cluster", .done = talk_on_done, .arg = t });
	talk_run(t, 1);
	assert_class(t, AVI_UNSENT);
	assert_int_equal(t->last_err.code, ERR_LIMIT);
}

static void no_controller_is_no_answer(void **state)
{
	struct talk *t = talk_new();
	void *made = t;

	(void)state;
	talk_session(t, 1, "22.1.3", true, NULL);
	talk_ask(t, "GET", "/api/cluster");
	talk_ask(t, "GET", "/api/cluster");
	talk_run(t, 2);
	assert_class(t, AVI_NETWORK);
	assert_int_equal(t->last_err.code, ERR_RETRY);
	assert_contains(t->last_err.msg, "POST /login: ");
	talk_tear_down(&made);
}

/* ---- the version ---- */

static void an_empty_version_is_asked_from_the_controller(void **state)
{
	static const struct scripted answers[] = {
		{ "GET /api/initial-data", 200, "{\"version\": {\"Version\": \"30.1.2\", \"build\": 9096}}", NULL },
		{ 0 },
	};
	struct talk *t = talk_new();
	void *made = t;

	(void)state;
	talk_server(t, NULL, NULL);
	talk_session(t, http_server_port(t->ctl.server), NULL, true, NULL);
	t->ctl.answers = answers;
	assert_text(avi_session_version(t->session), "");
	talk_ask(t, "GET", "/api/cluster");
	talk_ask(t, "GET", "/api/cluster");
	talk_run(t, 2);
	assert_class(t, AVI_OK);
	assert_text(t->ctl.version, "30.1.2");
	assert_text(avi_session_version(t->session), "30.1.2");
	assert_text(buf_str(&t->ctl.log), "POST /login\nGET /api/initial-data\nGET /api/cluster\nGET /api/cluster\n");
	talk_tear_down(&made);
}

struct version_case {
	const char *name;
	struct scripted answers[2];
	enum avi_class class;
	const char *msg;
};

static const struct version_case version_cases[] = {
	{ "a controller without a version", { { "GET /api/initial-data", 200, "{\"version\": 7}", NULL } }, AVI_SERVER,
	  "GET /api/initial-data: the controller does not tell its version" },
	{ "a controller without that path", { { "GET /api/initial-data", 404, "{\"error\": \"nothing here\"}", NULL } },
	  AVI_SERVER, "GET /api/initial-data: HTTP 404: nothing here" },
};

static void without_a_version_nothing_is_sent(void **state)
{
	const struct version_case *c = *state;
	struct talk *t = talk_new();
	void *made = t;

	talk_server(t, NULL, NULL);
	talk_session(t, http_server_port(t->ctl.server), "", true, NULL);
	t->ctl.answers = c->answers;
	talk_ask_and_wait(t, "DELETE", "/api/gslbservice/gslbservice-1");
	assert_class(t, c->class);
	assert_text(t->last_err.msg, c->msg);
	assert_text(buf_str(&t->ctl.log), "POST /login\nGET /api/initial-data\n");
	talk_tear_down(&made);
}

/* ---- TLS ---- */

static char *bio_text(BIO *bio)
{
	char *bytes;
	long n = BIO_get_mem_data(bio, &bytes);
	char *text = xstrndup(bytes, (size_t)n);

	BIO_free(bio);
	return text;
}

/* A key and a certificate for 127.0.0.1 that signs itself. */
static void make_certificate(char **cert_pem, char **key_pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), (long)random_below(1 << 30));
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"controller", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, san, -1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	PEM_write_bio_X509(cert_bio, cert);
	PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL);
	X509_EXTENSION_free(san);
	X509_free(cert);
	EVP_PKEY_free(key);
	*cert_pem = bio_text(cert_bio);
	*key_pem = bio_text(key_bio);
}

struct tls_case {
	const char *name;
	enum { TRUST_ANY, TRUST_IT, TRUST_ANOTHER } trust;
	enum avi_class class;
};

static const struct tls_case tls_cases[] = {
	{ "without a CA every certificate is accepted", TRUST_ANY, AVI_OK },
	{ "with its own CA the controller is accepted", TRUST_IT, AVI_OK },
	{ "with another CA the controller is refused", TRUST_ANOTHER, AVI_NETWORK },
};

/* A controller in a process of its own; both ends of a handshake on one loop would have to wait for each other. */
static pid_t fork_controller(const char *cert_pem, const char *key_pem, int *port)
{
	int pipe_fds[2];
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct talk *t = talk_new();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		talk_server(t, cert_pem, key_pem);
		*port = http_server_port(t->ctl.server);
		if (write(pipe_fds[1], port, sizeof(*port)) != sizeof(*port))
			_exit(1);
		uv_run(&t->loop, UV_RUN_DEFAULT);
		_exit(0);
	}
	assert_int_equal(read(pipe_fds[0], port, sizeof(*port)), sizeof(*port));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	return pid;
}

static void the_certificate_is_checked(void **state)
{
	const struct tls_case *c = *state;
	CLEANUP(freep) char *cert = NULL, *key = NULL, *other_cert = NULL, *other_key = NULL;
	const char *ca = NULL;
	int port;
	pid_t pid;

	make_certificate(&cert, &key);
	make_certificate(&other_cert, &other_key);
	pid = fork_controller(cert, key, &port);
	struct talk *t = talk_new();
	void *made = t;
	if (c->trust != TRUST_ANY)
		ca = c->trust == TRUST_IT ? cert : other_cert;
	talk_session(t, port, "22.1.3", false, ca);
	talk_ask_and_wait(t, "GET", "/api/cluster");
	assert_class(t, c->class);
	if (c->class != AVI_OK)
		assert_int_equal(t->last_err.code, ERR_TLS);
	talk_tear_down(&made);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest talks[] = {
		TALK(one_login_serves_many_requests),
		TALK(every_request_carries_the_session),
		TALK(a_lost_session_costs_one_login_and_each_request_is_repeated),
		TALK(a_late_401_is_repeated_without_a_login),
		TALK(a_401_after_a_good_login_is_told_and_causes_no_more_logins),
		TALK(a_refused_login_is_no_storm),
		TALK(other_credentials_work_at_once),
		TALK(credentials_that_change_during_a_login_start_another),
		TALK(requests_of_the_old_credentials_are_repeated_with_the_new),
		TALK(a_login_that_failed_is_tried_again_after_its_back_off),
		TALK(a_login_without_json_and_cookies_is_accepted),
		TALK(at_most_ten_thousand_requests_wait_for_a_login),
		cmocka_unit_test(no_controller_is_no_answer),
		cmocka_unit_test(an_empty_version_is_asked_from_the_controller),
	};
	int n_failed;

	talks_begin();
	n_failed = cmocka_run_group_tests(talks, NULL, NULL);
	n_failed += RUN_TABLE(the_host_is_written, host_cases);
	n_failed += RUN_TABLE(a_failed_login_is_the_answer_to_all, login_cases);
	n_failed += RUN_TABLE(without_a_version_nothing_is_sent, version_cases);
	n_failed += RUN_TABLE(the_certificate_is_checked, tls_cases);
	return n_failed;
}
