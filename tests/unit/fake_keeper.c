#include "tests/unit/fake_keeper.h"

#include <sys/socket.h>
#include <unistd.h>

int64_t keeper_now_ms, keeper_step_ms;

static int64_t clock_ms(void)
{
	return keeper_now_ms += keeper_step_ms;
}

void keeper_says(struct fake_keeper *keeper, const char *line)
{
	assert_int_equal(write(keeper->fd, line, strlen(line)), strlen(line));
	for (int i = 0; i < 3; i++)
		uv_run(keeper->loop, UV_RUN_NOWAIT);
}

void keeper_open(struct fake_keeper *keeper, uv_loop_t *loop, void (*on_change)(void *arg), void *arg)
{
	struct timing timing;
	int fds[2];

	keeper_now_ms = 1000;
	keeper_step_ms = 0;
	keeper->loop = loop;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	keeper->fd = fds[0];
	assert_true(timing_init(&timing, 3000, 2000, 500, NULL));
	keeper->lease = lease_new(&(struct lease_options){
		.loop = loop, .fd = fds[1], .timing = timing, .holder = KEEPER_HOLDER, .clock_ms = clock_ms,
		.on_change = on_change, .arg = arg }, NULL);
	assert_non_null(keeper->lease);
}

void keeper_close(struct fake_keeper *keeper)
{
	lease_free(keeper->lease);
	close(keeper->fd);
}

char *keeper_record(int epoch, const char *holder)
{
	if (!holder)
		return xstrdup("{\"count\":0,\"results\":[]}");
	return xasprintf("{\"results\":[{\"name\":\"amko-" KEEPER_UUID "-leadership\",\"uuid\":\"sg-1\",\"_last_modified\":\"1\","
			 "\"kv\":[{\"key\":\"epoch\",\"value\":\"%d\"},{\"key\":\"holder\",\"value\":\"%s\"},"
			 "{\"key\":\"promotion\",\"value\":\"1\"},{\"key\":\"counter\",\"value\":\"0\"}]}]}", epoch, holder);
}
