#include "follower/site.h"

#include "common/avi/seek.h"
#include "common/config/choose.h"
#include "common/io/backoff.h"

#define CHECK_MS 60000
#define RETRY_MIN_MS 5000
#define RETRY_MAX_MS 60000

struct site {
	struct site_options options;
	struct strs addresses;
	char *version, *username;
	struct secret password;
	char *address;                         /* of the session; "" without one */
	struct avi_session *session;
	struct avi_check *check;
	struct avi_seek *seek;
	uv_timer_t *timer;
	struct backoff backoff;
	bool was_checked;
	enum controller_health health;
	char *why;
	void (*stopped)(void *arg);
	void *stopped_arg;
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

static void end_questions(struct site *site)
{
	avi_check_cancel(TAKE(site->check));
	avi_seek_cancel(TAKE(site->seek));
	uv_timer_stop(site->timer);
}

static void ask(struct site *site);

static void on_due(uv_timer_t *timer)
{
	ask(timer->data);
}

static void take_answer(struct site *site, enum controller_health health, const char *why)
{
	int64_t wait_ms = health == CONTROLLER_LEADER ? CHECK_MS : backoff_next_ms(&site->backoff);

	if (health == CONTROLLER_LEADER)
		backoff_reset(&site->backoff);
	site->was_checked = true;
	site->health = health;
	free(site->why);
	site->why = xstrdup(why);
	uv_timer_start(site->timer, on_due, (uint64_t)wait_ms, 0);
	site->options.on_change(site->options.arg);
}

static void use_address(struct site *site, const char *address)
{
	CLEANUP(freep) char *chosen = xstrdup(address);

	end_questions(site);
	avi_session_free(site->session);
	free(site->address);
	site->address = TAKE(chosen);
	site->session = avi_session_new(&(struct avi_session_options){
		.http = site->options.http, .loop = site->options.loop, .controller = site->address, .version = site->version,
		.username = site->username, .password = &site->password });
	ask(site);
}

static void on_sought(void *arg, const char *leader, const char *said)
{
	struct site *site = arg;
	CLEANUP(freep) char *all = NULL;

	site->seek = NULL;
	if (leader) {
		use_address(site, leader);
		return;
	}
	all = xasprintf("%s: %s; %s", site->address, site->why, said);
	take_answer(site, site->health, all);
}

static void on_checked(void *arg, enum controller_health health, const char *why)
{
	struct site *site = arg;
	CLEANUP(strs_release) struct strs others = { 0 };

	site->check = NULL;
	strs_copy(&others, &site->addresses);
	strs_remove(&others, site->address);
	if (health == CONTROLLER_LEADER || !others.n) {
		take_answer(site, health, why);
		return;
	}
	site->health = health;
	free(site->why);
	site->why = xstrdup(why);
	site->seek = avi_seek_start(&(struct avi_seek_options){
		.http = site->options.http, .loop = site->options.loop, .addresses = &others, .version = site->version,
		.username = site->username, .password = &site->password, .done = on_sought, .arg = site });
}

static void ask(struct site *site)
{
	site->check = avi_check_start(site->session, on_checked, site);
}

struct site *site_new(const struct site_options *options)
{
	struct site *site = xcalloc(1, sizeof(*site));

	site->options = *options;
	site->backoff = (struct backoff){ .min_ms = RETRY_MIN_MS, .max_ms = RETRY_MAX_MS };
	site->address = xstrdup("");
	site->why = xstrdup("");
	site->timer = xcalloc(1, sizeof(*site->timer));
	uv_timer_init(options->loop, site->timer);
	site->timer->data = site;
	return site;
}

void site_free(struct site *site)
{
	if (!site)
		return;
	end_questions(site);
	avi_session_free(site->session);
	strs_release(&site->addresses);
	secret_release(&site->password);
	free(site->version);
	free(site->username);
	free(site->address);
	free(site->why);
	uv_close((uv_handle_t *)site->timer, close_handle);
	free(site);
}

static void forget(struct site *site)
{
	end_questions(site);
	avi_session_free(TAKE(site->session));
	strs_release(&site->addresses);
	free(site->address);
	site->address = xstrdup("");
	site->was_checked = false;
}

void site_configure(struct site *site, const struct gslbconfig *config, const struct credentials *credentials)
{
	CLEANUP(strs_release) struct strs addresses = { 0 };
	bool can_log_in = config && credentials && credentials->username && secret_is_set(&credentials->password);

	if (config)
		config_addresses(config, &addresses);
	if (!can_log_in || !addresses.n) {
		forget(site);
		return;
	}
	if (site->session && strs_same_list(&addresses, &site->addresses) && streq0(site->version, config->controller_version) &&
	    streq0(site->username, credentials->username) && secret_same(&site->password, &credentials->password))
		return;
	forget(site);
	strs_copy(&site->addresses, &addresses);
	free(site->version);
	site->version = xstrdup(config->controller_version);
	free(site->username);
	site->username = xstrdup(credentials->username);
	secret_set(&site->password, (struct slice){ credentials->password.bytes, credentials->password.n });
	backoff_reset(&site->backoff);
	use_address(site, addresses.v[0]);
}

static void on_stop_due(uv_timer_t *timer)
{
	struct site *site = timer->data;

	site->stopped(site->stopped_arg);
}

static void on_logged_out(void *arg)
{
	struct site *site = arg;

	site->stopped(site->stopped_arg);
}

void site_stop(struct site *site, void (*stopped)(void *arg), void *arg)
{
	site->stopped = stopped;
	site->stopped_arg = arg;
	end_questions(site);
	if (site->session)
		avi_session_logout(site->session, on_logged_out, site);
	else
		uv_timer_start(site->timer, on_stop_due, 0, 0);
}

bool site_was_checked(const struct site *site)
{
	return site->was_checked;
}

bool site_is_asking(const struct site *site)
{
	return site->check || site->seek;
}

bool site_is_connected(const struct site *site)
{
	return site->session && avi_session_is_connected(site->session);
}

enum controller_health site_health(const struct site *site)
{
	return site->health;
}

const char *site_why(const struct site *site)
{
	return site->why;
}

const char *site_address(const struct site *site)
{
	return site->address;
}
