/* The keeper's edges: what answers mean, the worker as a process, PID 1's duty. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/record_client.h"
#include "keeper/orphans.h"
#include "keeper/voters.h"
#include "keeper/worker.h"
#include "tests/unit/unit.h"

/* ---- what answers mean ---- */

struct judge_case {
	const char *name;
	enum err_code code;
	int http_status;
	bool is_put;
	enum answer answer;
	enum silence silence;
};

static const struct judge_case judge_cases[] = {
	{ "a Lease that is not there is absent", ERR_NOTFOUND, 404, false, ANSWER_ABSENT, SILENCE_NONE },
	{ "a Lease that has gone meanwhile is not written", ERR_NOTFOUND, 404, true, ANSWER_CONFLICT, SILENCE_NONE },
	{ "a Lease that has changed meanwhile is not written", ERR_CONFLICT, 409, true, ANSWER_CONFLICT, SILENCE_NONE },
	{ "a read has no conflicts", ERR_CONFLICT, 409, false, ANSWER_GARBAGE, SILENCE_NONE },
	{ "401", ERR_AUTH, 401, false, ANSWER_SILENT, SILENCE_UNAUTHORIZED },
	{ "403 leaves a write in doubt", ERR_FORBIDDEN, 403, true, ANSWER_SILENT, SILENCE_FORBIDDEN },
	{ "a certificate that is not accepted", ERR_TLS, 0, false, ANSWER_SILENT, SILENCE_TLS },
	{ "no answer", ERR_RETRY, 0, true, ANSWER_SILENT, SILENCE_TIMEOUT },
	{ "503", ERR_RETRY, 503, false, ANSWER_SILENT, SILENCE_BAD_ANSWER },
	{ "no JSON", ERR_INVALID, 200, false, ANSWER_SILENT, SILENCE_BAD_ANSWER },
};

static void an_error_about_a_lease_means(void **state)
{
	const struct judge_case *c = *state;
	struct err err = { .code = c->code, .http_status = c->http_status };
	enum silence silence;

	assert_int_equal(voters_judge(&err, c->is_put, &silence), c->answer);
	assert_int_equal(silence, c->silence);
}

struct record_case {
	const char *name;
	enum avi_class class;
	bool is_put;
	enum answer answer;
};

static const struct record_case record_cases[] = {
	{ "a record may not be read", AVI_FORBIDDEN, false, ANSWER_REFUSED },
	{ "a record may not be written", AVI_FORBIDDEN, true, ANSWER_REFUSED },
	{ "the controller does not know such objects", AVI_NOTFOUND, false, ANSWER_REFUSED },
	{ "the record has gone meanwhile", AVI_NOTFOUND, true, ANSWER_CONFLICT },
	{ "somebody else made it first", AVI_CONFLICT, true, ANSWER_CONFLICT },
	{ "somebody else changed it first", AVI_CONCURRENT, true, ANSWER_CONFLICT },
	{ "no answer leaves a write in doubt", AVI_NETWORK, true, ANSWER_SILENT },
	{ "5xx", AVI_SERVER, false, ANSWER_SILENT },
	{ "the login is refused", AVI_BAD_CREDENTIALS, false, ANSWER_SILENT },
};

static void an_answer_about_the_record_means(void **state)
{
	const struct record_case *c = *state;

	assert_int_equal(record_client_judge(c->class, c->is_put), c->answer);
}

/* ---- the worker ---- */

struct worker_case {
	const char *name;
	const char *script;            /* of the program; NULL: there is none */
	int signal;                    /* sent after its first report */
	bool has_reported, was_cut_off;
	const char *why;
};

static const struct worker_case worker_cases[] = {
	{ "it reports, is fed, and ends well", "echo report healthy wants >&3; read -r line <&3; "
	  "[ \"$line\" = 'term 7 8 9 fenced' ] || exit 9", 0, true, false, "exit status 0" },
	{ "it is told what it is for", "case \"$*\" in '--lease-fd=3 --holder=east/p/u/r --more x') echo report healthy idle >&3;; esac; "
	  "read -r line <&3", 0, true, false, "exit status 0" },
	{ "any other status may have cut off a write", "exit 4", 0, false, true, "exit status 4" },
	{ "SIGTERM is its own business", "trap 'exit 0' TERM; echo report healthy idle >&3; while :; do sleep 0.05; done", SIGTERM,
	  true, false, "exit status 0" },
	{ "a killed one may have cut off a write", "echo report healthy idle >&3; while :; do sleep 0.05; done", SIGKILL, true, true,
	  "signal 9" },
	{ "nonsense is no report", "echo something else >&3; exit 0", 0, false, false, "exit status 0" },
	{ "a line without end is no report", "head -c 4000 /dev/zero | tr '\\0' x >&3; exit 0", 0, false, false, "exit status 0" },
	{ "nor is its end, when that comes later", "head -c 129 /dev/zero | tr '\\0' x >&3; sleep 0.3; echo report healthy idle >&3; exit 0", 0,
	  false, false, "exit status 0" },
	{ "one that cannot be started has not written", NULL, 0, false, false, "no such file or directory" },
};

struct life {
	const struct worker_case *c;
	struct worker_process *worker;
	bool has_reported, has_ended, was_cut_off;
	char *why;
};

static void on_report(void *arg, bool is_healthy, bool wants_write)
{
	struct life *life = arg;

	(void)wants_write;
	assert_true(is_healthy);
	life->has_reported = true;
	if (life->c->signal)
		worker_signal(life->worker, life->c->signal);
	else
		worker_feed(life->worker, &(struct term){ 7, 8, 9, true });
}

static void on_end(void *arg, bool was_cut_off, const char *why)
{
	struct life *life = arg;

	life->has_ended = true;
	life->was_cut_off = was_cut_off;
	life->why = xstrdup(why);
}

static void write_program(const char *folder, const char *script)
{
	CLEANUP(freep) char *path = xasprintf("%s/amko-leader", folder);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
}

static void a_worker_lives(void **state)
{
	struct life life = { .c = *state };
	char folder[] = "/tmp/keeper-test-XXXXXX";
	CLEANUP(strs_release) struct strs arguments = { 0 };
	CLEANUP(freep) char *path = NULL;
	uv_loop_t loop;

	assert_non_null(mkdtemp(folder));
	if (life.c->script)
		write_program(folder, life.c->script);
	strs_add(&arguments, "--more");
	strs_add(&arguments, "x");
	uv_loop_init(&loop);
	life.worker = worker_new(&(struct worker_options){
		.loop = &loop, .folder = folder, .holder = "east/p/u/r", .silence_ms = 60000, .stuck_ms = 240000,
		.arguments = &arguments, .on_report = on_report,
		.on_end = on_end, .arg = &life });
	worker_start(life.worker, WORKER_LEADER);
	while (!life.has_ended && uv_run(&loop, UV_RUN_ONCE))
		;
	assert_int_equal(worker_pid(life.worker), 0);
	worker_free(life.worker);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(life.has_reported, life.c->has_reported);
	assert_int_equal(life.was_cut_off, life.c->was_cut_off);
	assert_non_null(strstr(life.why, life.c->why));
	free(life.why);
	path = xasprintf("%s/amko-leader", folder);
	unlink(path);
	rmdir(folder);
}

struct silent_life {
	int n_well, n_ill;
	bool has_ended;
	char *why;
};

static void on_any_report(void *arg, bool is_healthy, bool wants_write)
{
	struct silent_life *life = arg;

	(void)wants_write;
	assert_false(life->n_ill);     /* it has said its last word before */
	life->n_well += is_healthy;
	life->n_ill += !is_healthy;
}

static void on_silent_end(void *arg, bool was_cut_off, const char *why)
{
	struct silent_life *life = arg;

	assert_true(was_cut_off);
	life->has_ended = true;
	life->why = xstrdup(why);
}

static void one_that_falls_silent_is_unhealthy_and_then_killed(void **state)
{
	char folder[] = "/tmp/keeper-test-XXXXXX";
	struct silent_life life = { 0 };
	struct worker_process *worker;
	struct strs arguments = { 0 };
	CLEANUP(freep) char *path = NULL;
	uv_loop_t loop;

	(void)state;
	assert_non_null(mkdtemp(folder));
	write_program(folder, "echo report healthy idle >&3; trap '' TERM; while :; do sleep 0.05; done");
	uv_loop_init(&loop);
	worker = worker_new(&(struct worker_options){
		.loop = &loop, .folder = folder, .holder = "east/p/u/r", .silence_ms = 2000, .stuck_ms = 2500,
		.arguments = &arguments, .on_report = on_any_report, .on_end = on_silent_end, .arg = &life });
	worker_start(worker, WORKER_LEADER);
	while (!life.has_ended && uv_run(&loop, UV_RUN_ONCE))
		;
	worker_free(worker);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(life.n_well, 1);
	assert_int_equal(life.n_ill, 1);
	assert_text(life.why, "signal 9");
	free(life.why);
	path = xasprintf("%s/amko-leader", folder);
	unlink(path);
	rmdir(folder);
}

/* ---- orphans ---- */

static void on_exit_of(uv_process_t *process, int64_t status, int number)
{
	(void)status;
	(void)number;
	uv_close((uv_handle_t *)process, NULL);
}

static void what_the_loop_started_is_left_to_it(void **state)
{
	uv_loop_t loop;
	uv_process_t process;
	char *argv[] = { (char *)(uintptr_t)"true", NULL };
	siginfo_t info = { 0 };

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(uv_spawn(&loop, &process, &(uv_process_options_t){ .exit_cb = on_exit_of, .file = "true", .args = argv }), 0);
	assert_int_equal(waitid(P_PID, (id_t)process.pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(orphans_reap(&loop), 0);
	assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);        /* it has heard of the end */
	uv_loop_close(&loop);
}

static void others_are_reaped(void **state)
{
	uv_loop_t loop;
	siginfo_t info = { 0 };
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	uv_loop_init(&loop);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(orphans_reap(&loop), 1);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	uv_loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_loop_started_is_left_to_it),
		cmocka_unit_test(others_are_reaped),
		cmocka_unit_test(one_that_falls_silent_is_unhealthy_and_then_killed),
	};

	signal(SIGPIPE, SIG_IGN);
	return RUN_TABLE(an_error_about_a_lease_means, judge_cases) +
	       RUN_TABLE(an_answer_about_the_record_means, record_cases) + RUN_TABLE(a_worker_lives, worker_cases) +
	       cmocka_run_group_tests(tests, NULL, NULL);
}
