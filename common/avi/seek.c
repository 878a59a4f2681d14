#include "common/avi/seek.h"

#include "common/base/buf.h"

#define SAID_MAX_BYTES 4096

struct avi_seek {
	struct avi_seek_options options;
	struct strs addresses;
	char *version, *username;
	struct secret password;
	size_t at;
	struct avi_session *session;   /* with the address in turn */
	struct avi_check *check;
	bool is_found;
	struct buf said;
	uv_timer_t turn;               /* a session is not freed in its own callbacks */
};

static void on_closed(uv_handle_t *handle)
{
	free(container_of((uv_timer_t *)handle, struct avi_seek, turn));
}

void avi_seek_cancel(struct avi_seek *seek)
{
	if (!seek)
		return;
	avi_check_cancel(seek->check);
	avi_session_free(seek->session);
	strs_release(&seek->addresses);
	free(seek->version);
	free(seek->username);
	secret_release(&seek->password);
	buf_release(&seek->said);
	uv_close((uv_handle_t *)&seek->turn, on_closed);
}

static void finish(struct avi_seek *seek)
{
	CLEANUP(freep) char *leader = seek->is_found ? xstrdup(seek->addresses.v[seek->at]) : NULL;
	CLEANUP(freep) char *said = buf_take(&seek->said);
	struct avi_seek_options options = seek->options;

	avi_seek_cancel(seek);
	options.done(options.arg, leader, said);
}

static void ask(struct avi_seek *seek);

static void on_turn(uv_timer_t *timer)
{
	struct avi_seek *seek = container_of(timer, struct avi_seek, turn);

	avi_session_free(TAKE(seek->session));
	if (!seek->is_found && ++seek->at < seek->addresses.n)
		ask(seek);
	else
		finish(seek);
}

static void next_turn(void *arg)
{
	struct avi_seek *seek = arg;

	uv_timer_start(&seek->turn, on_turn, 0, 0);
}

static void on_checked(void *arg, enum controller_health health, const char *why)
{
	struct avi_seek *seek = arg;

	seek->check = NULL;
	seek->is_found = health == CONTROLLER_LEADER;
	if (!seek->is_found)
		buf_printf(&seek->said, "%s%s: %s", seek->said.n ? "; " : "", seek->addresses.v[seek->at], why);
	avi_session_logout(seek->session, next_turn, seek);
}

static void ask(struct avi_seek *seek)
{
	seek->session = avi_session_new(&(struct avi_session_options){
		.http = seek->options.http, .loop = seek->options.loop, .controller = seek->addresses.v[seek->at],
		.version = seek->version, .username = seek->username, .password = &seek->password,
		.insecure_http_for_tests = seek->options.insecure_http_for_tests });
	seek->check = avi_check_start(seek->session, on_checked, seek);
}

struct avi_seek *avi_seek_start(const struct avi_seek_options *options)
{
	struct avi_seek *seek = xcalloc(1, sizeof(*seek));

	assert(options->addresses->n > 0);
	seek->options = *options;
	strs_copy(&seek->addresses, options->addresses);
	seek->version = xstrdup(options->version);
	seek->username = xstrdup(options->username);
	secret_set(&seek->password, (struct slice){ options->password->bytes, options->password->n });
	buf_init(&seek->said, SAID_MAX_BYTES);
	uv_timer_init(options->loop, &seek->turn);
	ask(seek);
	return seek;
}
