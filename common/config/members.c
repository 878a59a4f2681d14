#include "common/config/members.h"

#include "common/base/log.h"

/* A mounted Secret changes by a swapped symlink, which only polling sees reliably. */
#define POLL_MS 2000

struct members {
	char *path;
	struct kubeconfig config;
	bool has_config;
	char *error;
	uv_fs_poll_t *poll;
	void (*on_change)(void *arg);
	void *arg;
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

static bool read_text(const struct members *members, struct kubeconfig *out, struct err *err)
{
	const char *text;

	if (members->path)
		return kubeconfig_read(members->path, out, err);
	text = getenv("GSLB_CONFIG");
	if (!text || !*text)
		return err_set(err, ERR_INVALID, "neither --members-kubeconfig nor the environment variable GSLB_CONFIG is set");
	return kubeconfig_parse(slice_of(text), NULL, out, err) || err_wrap(err, "GSLB_CONFIG");
}

static void read_again(struct members *members)
{
	struct kubeconfig config = { 0 };
	struct err err = { 0 };

	free(TAKE(members->error));
	if (!read_text(members, &config, &err)) {
		members->error = xstrdup(err.msg);
		log_error("members_kubeconfig_unreadable", KV("path", members->path ? members->path : "GSLB_CONFIG"),
			  KV("err", (const char *)err.msg), KV("last_good_stays", members->has_config));
		return;
	}
	kubeconfig_release(&members->config);
	members->config = config;
	members->has_config = true;
	log_info("members_kubeconfig_read", KV("path", members->path ? members->path : "GSLB_CONFIG"),
		 KV("contexts", config.n_contexts));
}

static void on_poll(uv_fs_poll_t *poll, int status, const uv_stat_t *before, const uv_stat_t *now)
{
	struct members *members = poll->data;

	(void)status;
	(void)before;
	(void)now;
	read_again(members);
	members->on_change(members->arg);
}

struct members *members_new(uv_loop_t *loop, const char *path, void (*on_change)(void *arg), void *arg)
{
	struct members *members = xcalloc(1, sizeof(*members));

	members->path = xstrdup(path);
	members->on_change = on_change;
	members->arg = arg;
	members->poll = xcalloc(1, sizeof(*members->poll));
	uv_fs_poll_init(loop, members->poll);
	members->poll->data = members;
	if (path)
		uv_fs_poll_start(members->poll, on_poll, path, POLL_MS);
	read_again(members);
	return members;
}

void members_free(struct members *members)
{
	if (!members)
		return;
	uv_close((uv_handle_t *)members->poll, close_handle);
	kubeconfig_release(&members->config);
	free(members->error);
	free(members->path);
	free(members);
}

const struct kubeconfig *members_kubeconfig(const struct members *members)
{
	return members->has_config ? &members->config : NULL;
}

const char *members_error(const struct members *members)
{
	return members->error;
}

bool members_is_given(const struct members *members)
{
	const char *text = getenv("GSLB_CONFIG");

	return members->path || (text && *text);
}
