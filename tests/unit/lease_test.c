/* The lease pipe: what is read from it, and what a worker may do at any moment. */
#include "common/lease/lease.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/boot_alarm.h"
#include "tests/unit/fake_http.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS 5000

/* ---- bytes ---- */

struct reader_case {
	const char *name;
	const char *parts[4];          /* as they are read */
	struct term term;
	const char *error;
};

static const struct reader_case reader_cases[] = {
	{ "a line is a term", { "term 5 100 200 fenced\n" }, { 5, 100, 200, true }, NULL },
	{ "half a line is none yet", { "term 5 100 200 fen" }, { 0 }, NULL },
	{ "a line may come in parts", { "term 5 1", "00 200 fenced", "\nterm 5" }, { 5, 100, 200, true }, NULL },
	{ "the last line counts", { "term 5 100 200 fenced\nterm 5 150 250 fenced\n" }, { 5, 150, 250, true }, NULL },
	{ "a later line may take time away", { "term 5 100 200 fenced\n", "term 5 0 0 fenced\n" }, { 5, 0, 0, true }, NULL },
	{ "a line of a greater epoch counts", { "term 5 100 200 fenced\n", "term 6 0 0 fenced\n" }, { 6, 0, 0, true }, NULL },
	{ "a line of an older epoch never does", { "term 5 100 200 fenced\n", "term 4 900 999 fenced\n" },
	  { 5, 100, 200, true }, NULL },
	{ "the fence may fall", { "term 5 100 200 fenced\n", "term 5 100 200 fenceless\n" }, { 5, 100, 200, false }, NULL },
	{ "what is no term is an error", { "hello\n" }, { 0 }, "lease pipe: not a term" },
	{ "so is an empty line", { "term 5 100 200 fenced\n\n" }, { 5, 100, 200, true }, "lease pipe: not a term" },
	{ "a term has an epoch", { "term 0 100 200 fenced\n" }, { 0 }, "lease pipe: a term without an epoch" },
	{ "a line has an end",
	  { "term 5 100 200 fenced                                                                                      ",
	    "                                                                                                  " },
	  { 0 }, "lease pipe: a line of more than 128 bytes" },
};

static void is_read(void **state)
{
	const struct reader_case *c = *state;
	struct lease_reader reader = { 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(c->parts) && c->parts[i]; i++)
		if (!lease_reader_feed(&reader, slice_of(c->parts[i]), &err))
			break;
	assert_text(err.code ? err.msg : NULL, c->error);
	assert_int_equal(reader.term.epoch, c->term.epoch);
	assert_int_equal(reader.term.starts_before_ms, c->term.starts_before_ms);
	assert_int_equal(reader.term.ends_by_ms, c->term.ends_by_ms);
	assert_int_equal(reader.term.is_fenced, c->term.is_fenced);
}

/* ---- moments ---- */

struct state_case {
	const char *name;
	struct term term;
	int64_t now_ms;
	enum lease_state state;
	int64_t ends_ms;
};

static const struct state_case state_cases[] = {
	{ "without a term it waits", { 0 }, 50, LEASE_WAITING, INT64_MAX },
	{ "without a time it waits", { 5, 0, 0, true }, 50, LEASE_WAITING, INT64_MAX },
	{ "before the deadline it is open", { 5, 100, 200, true }, 99, LEASE_OPEN, 100 },
	{ "at the deadline it closes", { 5, 100, 200, true }, 100, LEASE_CLOSING, 200 },
	{ "the last moment belongs to nobody", { 5, 100, 200, true }, 200, LEASE_SHUT, INT64_MAX },
	{ "no more starts, but what runs may end", { 5, 0, 200, true }, 50, LEASE_CLOSING, 200 },
};

static void is_in_state(void **state)
{
	const struct state_case *c = *state;

	assert_text(lease_state_name(lease_state_at(&c->term, c->now_ms)), lease_state_name(c->state));
	assert_int_equal(lease_state_ends_ms(&c->term, c->now_ms), c->ends_ms);
}

/* ---- the pipe ---- */

static int64_t fake_now_ms;

static int64_t fake_clock(void)
{
	return fake_now_ms;
}

struct bench {
	uv_loop_t loop;
	struct lease *lease;
	int keeper;                    /* its end; -1: closed */
	char told[256];                /* "open 5;closing 5;" */
};

static void on_change(void *arg)
{
	struct bench *b = arg;
	size_t n = strlen(b->told);

	snprintf(b->told + n, sizeof(b->told) - n, "%s %lld;", lease_state_name(lease_state(b->lease)),
		 (long long)lease_term(b->lease)->epoch);
}

static void open_bench(struct bench *b, int64_t (*clock_ms)(void))
{
	struct err err = { 0 };
	int fds[2];

	*b = (struct bench){ 0 };
	uv_loop_init(&b->loop);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	b->keeper = fds[0];
	b->lease = lease_new(&(struct lease_options){
		.loop = &b->loop, .fd = fds[1], .timing = { .write_ms = 500, .fresh_ms = 100, .retry_ms = 20 }, .holder = "east/a/b/c",
		.clock_ms = clock_ms, .on_change = on_change, .arg = b }, &err);
	assert_non_null(b->lease);
	assert_true(fcntl(fds[1], F_GETFD) & FD_CLOEXEC);
}

static void hang_up(struct bench *b)
{
	close(b->keeper);
	b->keeper = -1;
}

static void close_bench(struct bench *b)
{
	if (b->keeper >= 0)
		hang_up(b);
	lease_free(b->lease);
	finish_loop(&b->loop);
}

static void says(struct bench *b, const char *text)
{
	assert_int_equal(write(b->keeper, text, strlen(text)), strlen(text));
}

static bool is_told(void *arg)
{
	return *((struct bench *)arg)->told != '\0';
}

static void assert_told(struct bench *b, const char *want)
{
	assert_true(run_until(&b->loop, is_told, b, PATIENCE_MS));
	assert_text(b->told, want);
	*b->told = '\0';
}

static void a_worker_without_a_term_may_not_write(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	fake_now_ms = 1000;
	assert_int_equal(lease_state(b.lease), LEASE_WAITING);
	assert_int_equal(lease_write_ms(b.lease, 1000), 0);
	close_bench(&b);
}

static void what_is_left_is_asked_of_the_clock_each_time(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	fake_now_ms = 1000;
	says(&b, "term 5 3000 3500 fenceless\n");
	assert_told(&b, "open 5;");
	assert_int_equal(lease_write_ms(b.lease, 0), 500);
	fake_now_ms = 2999;
	assert_int_equal(lease_write_ms(b.lease, 0), 500);
	fake_now_ms = 3000;
	assert_int_equal(lease_write_ms(b.lease, 0), 0);
	assert_int_equal(lease_state(b.lease), LEASE_CLOSING);
	close_bench(&b);
}

static void a_term_that_is_read_late_is_as_old_as_it_is(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	fake_now_ms = 1000;
	says(&b, "term 5 3000 3500 fenceless\n");
	fake_now_ms = 5000;
	assert_told(&b, "shut 5;");
	assert_int_equal(lease_write_ms(b.lease, 0), 0);
	close_bench(&b);
}

static void a_fenced_term_needs_a_fresh_read_of_the_record(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	fake_now_ms = 1000;
	says(&b, "term 5 3000 3500 fenced\n");
	assert_told(&b, "open 5;");
	assert_int_equal(lease_write_ms(b.lease, 0), 0);
	assert_int_equal(lease_write_ms(b.lease, 900), 500);
	assert_int_equal(lease_write_ms(b.lease, 899), 0);
	close_bench(&b);
}

static void the_end_of_the_pipe_is_the_end(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	fake_now_ms = 1000;
	says(&b, "term 5 3000 3500 fenceless\n");
	assert_told(&b, "open 5;");
	hang_up(&b);
	assert_told(&b, "lost 5;");
	assert_text(lease_why_lost(b.lease), "the keeper has closed the lease pipe");
	assert_int_equal(lease_write_ms(b.lease, 0), 0);
	close_bench(&b);
}

static void nonsense_is_the_end(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	fake_now_ms = 1000;
	says(&b, "term 5 3000 3500 fenceless\nterm x\n");
	assert_told(&b, "lost 5;");
	assert_text(lease_why_lost(b.lease), "lease pipe: not a term");
	assert_int_equal(lease_write_ms(b.lease, 0), 0);
	close_bench(&b);
}

static void deadlines_are_told_when_they_come(void **state)
{
	int64_t now_ms = boottime_ms();
	CLEANUP(freep) char *line = xasprintf("term 7 %lld %lld fenced\n", (long long)now_ms + 200, (long long)now_ms + 300);
	struct bench b;

	(void)state;
	open_bench(&b, NULL);
	says(&b, line);
	assert_told(&b, "open 7;");
	assert_told(&b, "closing 7;");
	assert_true(boottime_ms() >= now_ms + 200);
	assert_told(&b, "shut 7;");
	assert_true(boottime_ms() >= now_ms + 300);
	close_bench(&b);
}

/* A process that stood still: what it reads first is the new term, long before the alarm of the old one is looked at. */
static void a_lapse_is_told_before_the_renewal_that_ends_it(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	fake_now_ms = 1000000001000;           /* the alarm asks the real clock: that is not so far */
	says(&b, "term 5 1000000003000 1000000003500 fenceless\n");
	assert_told(&b, "open 5;");
	fake_now_ms = 1000000004000;
	says(&b, "term 5 1000000006000 1000000006500 fenceless\n");
	assert_told(&b, "shut 5;open 5;");
	close_bench(&b);
}

static void hears(struct bench *b, const char *want)
{
	CLEANUP(freep) char *heard = xcalloc(1, strlen(want) + 1);

	for (size_t n = 0; n < strlen(want); ) {
		ssize_t got = recv(b->keeper, heard + n, strlen(want) - n, MSG_DONTWAIT);

		n += got > 0 ? (size_t)got : 0;
		uv_run(&b->loop, UV_RUN_NOWAIT);
	}
	assert_text(heard, want);
}

static void a_keeper_hears_of_changes_at_once(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	lease_report(b.lease, &(struct report){ .is_healthy = true });
	lease_report(b.lease, &(struct report){ .is_healthy = true, .wants_write = true });
	lease_report(b.lease, &(struct report){ .is_healthy = false, .wants_write = true });
	hears(&b, "report healthy wants\nreport unhealthy wants\n");
	hang_up(&b);
	lease_report(b.lease, &(struct report){ .is_healthy = true });
	close_bench(&b);
}

static void a_keeper_hears_every_retry_period(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, fake_clock);
	hears(&b, "report healthy idle\nreport healthy idle\nreport healthy idle\n");
	close_bench(&b);
}

static void a_plain_pipe_will_do(void **state)
{
	uv_loop_t loop;
	struct err err = { 0 };
	struct lease *lease;
	int fds[2];

	(void)state;
	uv_loop_init(&loop);
	assert_int_equal(pipe(fds), 0);
	lease = lease_new(&(struct lease_options){ .loop = &loop, .fd = fds[0], .timing = { .retry_ms = 20 }, .holder = "h",
		.on_change = on_change }, &err);
	assert_non_null(lease);
	lease_report(lease, &(struct report){ .is_healthy = true });
	lease_free(lease);
	close(fds[1]);
	finish_loop(&loop);
}

static void a_file_will_not(void **state)
{
	uv_loop_t loop;
	struct err err = { 0 };
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	uv_loop_init(&loop);
	assert_null(lease_new(&(struct lease_options){ .loop = &loop, .fd = fd, .holder = "h" }, &err));
	assert_int_equal(err.code, ERR_INVALID);
	close(fd);
	assert_null(lease_new(&(struct lease_options){ .loop = &loop, .fd = 1000, .holder = "h" }, &err));
	assert_text(err.msg, "descriptor 1000: Bad file descriptor");
	finish_loop(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_without_a_term_may_not_write),
		cmocka_unit_test(what_is_left_is_asked_of_the_clock_each_time),
		cmocka_unit_test(a_term_that_is_read_late_is_as_old_as_it_is),
		cmocka_unit_test(a_fenced_term_needs_a_fresh_read_of_the_record),
		cmocka_unit_test(the_end_of_the_pipe_is_the_end),
		cmocka_unit_test(nonsense_is_the_end),
		cmocka_unit_test(deadlines_are_told_when_they_come),
		cmocka_unit_test(a_lapse_is_told_before_the_renewal_that_ends_it),
		cmocka_unit_test(a_keeper_hears_of_changes_at_once),
		cmocka_unit_test(a_keeper_hears_every_retry_period),
		cmocka_unit_test(a_plain_pipe_will_do),
		cmocka_unit_test(a_file_will_not),
	};
	int n_failed = RUN_TABLE(is_read, reader_cases);

	n_failed += RUN_TABLE(is_in_state, state_cases);
	return n_failed + cmocka_run_group_tests(tests, NULL, NULL);
}
