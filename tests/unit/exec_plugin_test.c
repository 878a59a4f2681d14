/* Programs that give credentials: what they are told, what they say, and how they end. */
#include "common/kube/exec_plugin.h"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 10000
#define LIMIT_MS 5000
#define V1 "client.authentication.k8s.io/v1"
#define SAYS(status) "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":{" status "}}'"

static char script[] = "/tmp/amko-plugin-XXXXXX";

struct bench {
	uv_loop_t loop;
	struct buf heard;
	struct exec_run *run;
};

static void hear(void *arg, struct exec_credential *credential, const struct err *err)
{
	struct bench *b = arg;

	assert_true(!credential == !!err);
	b->run = NULL;
	if (err)
		buf_printf(&b->heard, "%s: %s", err_code_name(err->code), err->msg);
	else
		buf_printf(&b->heard, "token %s, cert %s, key %s, expires %lld",
			   credential->token.bytes ? credential->token.bytes : "none",
			   credential->cert_pem ? credential->cert_pem : "none",
			   credential->key_pem.bytes ? credential->key_pem.bytes : "none", (long long)credential->expires_s);
}

static bool has_heard(void *arg)
{
	return ((struct bench *)arg)->heard.n > 0;
}

static void write_script(const char *text)
{
	FILE *f = fopen(script, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", text);
	fclose(f);
	chmod(script, 0700);
}

static void run_context(struct bench *b, const struct kube_context *context, int64_t limit_ms)
{
	*b = (struct bench){ 0 };
	uv_loop_init(&b->loop);
	buf_init(&b->heard, 10000);
	b->run = exec_run_start(&b->loop, context, limit_ms, hear, b);
	assert_false(has_heard(b));
	assert_true(run_until(&b->loop, has_heard, b, PATIENCE_MS));
	finish_loop(&b->loop);
}

static const struct run {
	const char *name, *text;
	const char *heard;             /* SCRIPT stands for its path */
	int64_t limit_ms;
} runs[] = {
	{ "a token", SAYS("\"token\":\"abc\""), .heard = "token abc, cert none, key none, expires 0" },
	{ "a token that expires", SAYS("\"token\":\"abc\",\"expirationTimestamp\":\"2030-01-02T03:04:05Z\""),
	  .heard = "token abc, cert none, key none, expires 1893553445" },
	{ "a certificate", SAYS("\"clientCertificateData\":\"C\",\"clientKeyData\":\"K\""), .heard = "token none, cert C, key K, expires 0" },
	{ "both", SAYS("\"token\":\"abc\",\"clientCertificateData\":\"C\",\"clientKeyData\":\"K\""),
	  .heard = "token abc, cert C, key K, expires 0" },
	{ "a certificate without its key", SAYS("\"clientCertificateData\":\"C\""),
	  .heard = "auth: exec plugin SCRIPT: status.clientKeyData: missing" },
	{ "neither", SAYS("\"token\":\"\""), .heard = "auth: exec plugin SCRIPT: status: neither a token nor a certificate" },
	{ "no time", SAYS("\"token\":\"abc\",\"expirationTimestamp\":\"soon\""),
	  .heard = "auth: exec plugin SCRIPT: status.expirationTimestamp: not a time" },
	{ "another version", "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "beta1\",\"status\":{\"token\":\"geheim\"}}'",
	  .heard = "auth: exec plugin SCRIPT: its output is not of version " V1 },
	{ "no status", "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}'", .heard = "auth: exec plugin SCRIPT: status: missing" },
	{ "what is no JSON is not told", "echo geheim", .heard = "auth: exec plugin SCRIPT: its output is no ExecCredential" },
	{ "nothing at all", ":", .heard = "auth: exec plugin SCRIPT: its output is no ExecCredential" },
	{ "a failure says what it said to us", "echo geheim; printf ' not\\tlogged in:\\nrun login\\n' >/dev/stderr; exit 3",
	  .heard = "auth: exec plugin SCRIPT: exit code 3: not logged in: run login" },
	{ "a failure that speaks at length is cut", "i=0; while [ $i -lt 500 ]; do printf ä >&2; i=$((i+1)); done; exit 1",
	  .heard = "auth: exec plugin SCRIPT: exit code 1: ä" },
	{ "a signal", "kill -9 $$", .heard = "auth: exec plugin SCRIPT: ended by signal 9" },
	{ "too much output", "head -c 1048577 /dev/zero", .heard = "auth: exec plugin SCRIPT: over 1048576 bytes on its stdout" },
	{ "what it warns of on the way does not matter", "echo careful >&2; " SAYS("\"token\":\"abc\""),
	  .heard = "token abc, cert none, key none, expires 0" },
	{ "one that takes too long is killed, and what it started too", "echo wait >&2; sleep 60; :",
	  .heard = "auth: exec plugin SCRIPT: no answer within 1 s: wait", .limit_ms = 500 },
	{ "what stays in the background is not waited for", SAYS("\"token\":\"abc\"") "; sleep 4 &",
	  .heard = "token abc, cert none, key none, expires 0" },
	{ "nothing is on its stdin", "cat; " SAYS("\"token\":\"abc\""), .heard = "token abc, cert none, key none, expires 0" },
	{ "our variables and the given ones, which win", "[ \"$OURS$BOTH$GIVEN\" = o22 ] || exit 9; " SAYS("\"token\":\"abc\""),
	  .heard = "token abc, cert none, key none, expires 0" },
	{ "its arguments are not a shell's", "[ \"$#/$1/$2\" = '2/a b/$HOME;exit' ] || exit 9; " SAYS("\"token\":\"abc\""),
	  .heard = "token abc, cert none, key none, expires 0" },
	{ "what it is told", "[ \"$KUBERNETES_EXEC_INFO\" = '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
	  "\",\"spec\":{\"interactive\":false}}' ] || exit 9; " SAYS("\"token\":\"abc\""), .heard = "token abc, cert none, key none, expires 0" },
};

static void program_gives(void **state)
{
	const struct run *row = *state;
	struct secret env[2] = { 0 };
	char *args[] = { (char[]){ "a b" }, (char[]){ "$HOME;exit" } };
	struct kube_exec exec = { .command = script, .args = { args, 2, 2 }, .env = env, .n_env = 2, .api_version = (char[]){ V1 } };
	const char *at = strstr(row->heard, "SCRIPT");
	CLEANUP(freep) char *want = at ? xasprintf("%.*s%s%s", (int)(at - row->heard), row->heard, script, at + 6) : xstrdup(row->heard);
	struct bench b;

	setenv("OURS", "o", 1);
	setenv("BOTH", "1", 1);
	secret_set(&env[0], slice_of("BOTH=2"));
	secret_set(&env[1], slice_of("GIVEN=2"));
	write_script(row->text);
	run_context(&b, &(struct kube_context){ .exec = &exec }, row->limit_ms ? row->limit_ms : LIMIT_MS);
	if (strstr(row->name, "at length")) {
		size_t n = strlen(want) - strlen("ä");

		assert_memory_equal(buf_str(&b.heard), want, n);
		assert_true(strlen(buf_str(&b.heard) + n) <= 300 * strlen("ä"));
		assert_true(strlen(buf_str(&b.heard) + n) >= 200 * strlen("ä"));
	} else {
		assert_text(buf_str(&b.heard), want);
	}
	secret_release(&env[0]);
	secret_release(&env[1]);
	buf_release(&b.heard);
}

static const struct absent {
	const char *name, *command, *hint, *heard;
} absents[] = {
	{ "a program that is not in PATH", "amko-no-such-login", NULL, "auth: exec plugin amko-no-such-login: no such file or directory" },
	{ "a file that is not there says how to get it", "/nowhere/login", "get it from our shop",
	  "auth: exec plugin /nowhere/login: no such file or directory: get it from our shop" },
	{ "a file that cannot be run", "/etc/passwd", NULL, "auth: exec plugin /etc/passwd: permission denied" },
	{ "a program in PATH is found", "false", "get it", "auth: exec plugin false: exit code 1" },
};

static void program_is_absent(void **state)
{
	const struct absent *row = *state;
	CLEANUP(freep) char *command = xstrdup(row->command), *hint = xstrdup(row->hint);
	struct kube_exec exec = { .command = command, .install_hint = hint, .api_version = (char[]){ V1 } };
	struct bench b;

	run_context(&b, &(struct kube_context){ .exec = &exec }, LIMIT_MS);
	assert_text(buf_str(&b.heard), row->heard);
	buf_release(&b.heard);
}

static void a_program_is_told_its_cluster_where_it_asks(void **state)
{
	struct kube_exec exec = { .command = script, .api_version = (char[]){ V1 }, .wants_cluster = true,
		.cluster_config = (char[]){ "{\"a\":1}" } };
	struct kube_context context = { .server = (char[]){ "https://h" }, .tls_server_name = (char[]){ "api" }, .insecure = true,
		.ca_pem = (char[]){ "CA" }, .exec = &exec };
	CLEANUP(freep) char *text = NULL;

	(void)state;
	secret_set(&context.proxy, slice_of("socks5h://p:1"));
	text = exec_info(&context);
	assert_text(text, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"spec\":{\"cluster\":{\"server\":\"https://h\","
		    "\"tls-server-name\":\"api\",\"insecure-skip-tls-verify\":true,\"certificate-authority-data\":\"Q0E=\","
		    "\"proxy-url\":\"socks5://p:1\",\"config\":{\"a\":1}},\"interactive\":false}}");
	secret_release(&context.proxy);
}

static bool is_gone(void *arg)
{
	return kill(*(pid_t *)arg, 0) < 0;
}

static bool has_pid(void *arg)
{
	FILE *f = fopen(script, "r");
	bool is_there = f && fscanf(f, "%d", (int *)arg) == 1;

	if (f)
		fclose(f);
	return is_there;
}

/* The script writes its process id over itself. */
static void a_cancelled_run_is_killed_and_says_nothing(void **state)
{
	struct kube_exec exec = { .command = script, .api_version = (char[]){ V1 } };
	struct bench b = { 0 };
	pid_t pid = 0;

	(void)state;
	write_script("echo $$ >\"$0.pid\"; mv \"$0.pid\" \"$0\"; sleep 60; :");
	uv_loop_init(&b.loop);
	b.run = exec_run_start(&b.loop, &(struct kube_context){ .exec = &exec }, 60000, hear, &b);
	assert_true(run_until(&b.loop, has_pid, &pid, PATIENCE_MS));
	exec_run_cancel(b.run);
	assert_true(run_until(&b.loop, is_gone, &pid, PATIENCE_MS));
	finish_loop(&b.loop);
	assert_int_equal(b.heard.n, 0);
	exec_run_cancel(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_is_told_its_cluster_where_it_asks),
		cmocka_unit_test(a_cancelled_run_is_killed_and_says_nothing),
	};
	int fd = mkstemp(script), n_failed;

	if (fd < 0 || close(fd) < 0)
		abort();
	n_failed = RUN_TABLE(program_gives, runs) + RUN_TABLE(program_is_absent, absents) + cmocka_run_group_tests(tests, NULL, NULL);
	unlink(script);
	return n_failed;
}
