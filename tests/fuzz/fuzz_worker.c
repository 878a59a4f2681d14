/* worker: whatever a worker says, in whatever parts it arrives: the same reports are told, one for each line that is one, and no line
 * without end is kept. */
#include "keeper/worker.c"
#include "tests/fuzz/fuzz.h"

struct heard {
	int n, n_healthy, n_wanting;
};

static void hear(void *arg, bool is_healthy, bool wants_write)
{
	struct heard *heard = arg;

	heard->n++;
	heard->n_healthy += is_healthy;
	heard->n_wanting += wants_write;
}

/* In parts of so many bytes. */
static struct heard feed(uv_loop_t *loop, const uint8_t *data, size_t size, size_t n_part)
{
	struct heard heard = { 0 };
	struct worker_process *w = worker_new(&(struct worker_options){
		.loop = loop, .silence_ms = 1000, .stuck_ms = 2000, .on_report = hear, .arg = &heard });
	uv_stream_t stream = { .data = w };

	for (size_t at = 0; at < size; at += n_part) {
		size_t n = MIN(n_part, size - at);
		uv_buf_t part = uv_buf_init((char *)(uintptr_t)(data + at), (unsigned)n);

		on_read(&stream, (ssize_t)n, &part);
		assert(w->in.n <= TERM_LINE_MAX);
	}
	worker_free(w);
	uv_run(loop, UV_RUN_DEFAULT);
	return heard;
}

static int count_reports(const uint8_t *data, size_t size)
{
	struct slice rest = fuzz_slice(data, size);
	int n = 0;

	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct slice line = { rest.p, end ? (size_t)(end - rest.p) : 0 };
		struct report report;

		if (!end)
			break;
		n += report_parse(line, &report, NULL);
		rest = (struct slice){ end + 1, rest.n - line.n - 1 };
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heard whole, parts;
	uv_loop_t loop;

	log_init("fuzz", LOG_ERROR + 1, LOG_LOGFMT);
	uv_loop_init(&loop);
	whole = feed(&loop, data, size, MAX(size, (size_t)1));
	parts = feed(&loop, data, size, 1);
	assert(memcmp(&whole, &parts, sizeof(whole)) == 0);
	assert(whole.n == count_reports(data, size));
	assert(uv_loop_close(&loop) == 0);
	return 0;
}
