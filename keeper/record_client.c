#include "keeper/record_client.h"

#include "common/avi/seek.h"
#include "common/config/choose.h"
#include "common/leadership/record.h"

#define CHECK_MS 10000                 /* like the leader's, while another controller leads */
#define CHECK_MIN_MS 1000

struct record_client {
	struct record_client_options options;
	struct avi_session *session;           /* NULL: no controller is known */
	struct strs addresses;                 /* of the GSLBConfig */
	char *address, *version, *username;    /* address: of the session */
	struct secret password;
	struct avi_seek *seek;                 /* does another one lead? */
	char name[RECORD_NAME_MAX];            /* "": whose record is not known */
	struct avi_check *check;
	enum controller_health health;
	int64_t checked_ms;                    /* loop's clock; 0: never */
	uv_timer_t *check_timer;
	/* The question under way. */
	bool is_open, is_put;
	struct avi_call *call;
	uv_timer_t *call_timer;                /* ends it in time; at once where nobody can be asked */
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

static uv_timer_t *make_timer(struct record_client *client)
{
	uv_timer_t *timer = xcalloc(1, sizeof(*timer));

	uv_timer_init(client->options.loop, timer);
	timer->data = client;
	return timer;
}

/* ---- does it lead ---- */

/* Often enough that a lost controller is noticed within a lease. */
static int64_t check_period_ms(const struct record_client *client)
{
	return MIN((int64_t)CHECK_MS, MAX((int64_t)CHECK_MIN_MS, client->options.timing->lease_ms / 4));
}

static bool leads(const struct record_client *client)
{
	int64_t age_ms = (int64_t)uv_now(client->options.loop) - client->checked_ms;

	return client->session && client->checked_ms && client->health == CONTROLLER_LEADER &&
	       age_ms <= 2 * check_period_ms(client) + client->options.timing->request_ms;
}

static void use_address(struct record_client *client, const char *address);

static void on_sought(void *arg, const char *leader, const char *said)
{
	struct record_client *client = arg;

	(void)said;
	client->seek = NULL;
	if (leader)
		use_address(client, leader);
}

static void seek_another(struct record_client *client)
{
	CLEANUP(strs_release) struct strs others = { 0 };

	strs_copy(&others, &client->addresses);
	strs_remove(&others, client->address);
	if (!others.n || client->seek)
		return;
	client->seek = avi_seek_start(&(struct avi_seek_options){
		.http = client->options.http, .loop = client->options.loop, .addresses = &others, .version = client->version,
		.username = client->username, .password = &client->password, .done = on_sought, .arg = client });
}

static void on_checked(void *arg, enum controller_health health, const char *why)
{
	struct record_client *client = arg;

	client->check = NULL;
	client->health = health;
	client->checked_ms = (int64_t)uv_now(client->options.loop);
	if (health != CONTROLLER_LEADER)
		seek_another(client);
	client->options.on_controller(client->options.arg, health, why);
}

/* A check that does not come to its end is none: it is left behind by the next. */
static void on_check_due(uv_timer_t *timer)
{
	struct record_client *client = timer->data;
	bool is_late = client->check != NULL;

	avi_check_cancel(TAKE(client->check));
	if (is_late)
		on_checked(client, CONTROLLER_UNREACHABLE, "the controller does not answer in time");
	if (client->session)
		client->check = avi_check_start(client->session, on_checked, client);
}

/* ---- the record ---- */

enum answer record_client_judge(enum avi_class class, bool is_put)
{
	switch (class) {
	case AVI_FORBIDDEN:
		return ANSWER_REFUSED;
	case AVI_NOTFOUND:             /* of a read: it does not know the type; of a write: the object has gone */
		return is_put ? ANSWER_CONFLICT : ANSWER_REFUSED;
	case AVI_CONFLICT:
	case AVI_CONCURRENT:
		return is_put ? ANSWER_CONFLICT : ANSWER_SILENT;
	default:
		return ANSWER_SILENT;
	}
}

static void tell(struct record_client *client, enum answer answer, const struct claim *claim, const struct version *version, const char *why)
{
	client->is_open = false;
	uv_timer_stop(client->call_timer);
	client->options.on_record(client->options.arg, answer, claim, version, why);
}

static void on_answer(void *arg, const struct avi_reply *reply)
{
	static const enum answer answers[] = {
		[RECORD_FOUND] = ANSWER_VALUE, [RECORD_ABSENT] = ANSWER_ABSENT, [RECORD_GARBAGE] = ANSWER_GARBAGE,
	};
	struct record_client *client = arg;
	struct roster *roster = client->options.roster;
	struct claim claim;
	struct version version;
	struct err bad = { 0 };
	enum record_state state;

	client->call = NULL;
	if (reply->class != AVI_OK) {
		tell(client, record_client_judge(reply->class, client->is_put), NULL, NULL, reply->err->msg);
		return;
	}
	state = client->is_put ? record_from_json(reply->json, roster, &claim, &version, &bad)
			      : record_from_list(reply->json, client->name, roster, &claim, &version, &bad);
	if (state == RECORD_FOUND)
		tell(client, ANSWER_VALUE, &claim, &version, "");
	else
		tell(client, answers[state], NULL, NULL, bad.msg);
}

static void on_call_due(uv_timer_t *timer)
{
	struct record_client *client = timer->data;
	bool was_asked = client->call != NULL;

	avi_cancel(TAKE(client->call));
	tell(client, ANSWER_SILENT, NULL, NULL, was_asked ? "the controller does not answer in time" : "no controller that leads");
}

static void ask(struct record_client *client, const char *method, const char *path, const cJSON *body)
{
	bool can_ask = leads(client) && *client->name;

	assert(!client->is_open);
	client->is_open = true;
	client->is_put = body != NULL;
	if (can_ask)
		client->call = avi_start(client->session, &(struct avi_request){
			.method = method, .path = path, .tenant = "admin", .body = body,
			.timeout_ms = client->options.timing->request_ms, .done = on_answer, .arg = client });
	uv_timer_start(client->call_timer, on_call_due, can_ask ? (uint64_t)client->options.timing->request_ms : 0, 0);
}

void record_client_read(struct record_client *client)
{
	CLEANUP(freep) char *path = xasprintf(RECORD_PATH "?name=%s", client->name);

	ask(client, "GET", path, NULL);
}

void record_client_put(struct record_client *client, const struct claim *claim, const struct version *version)
{
	CLEANUP(cJSON_Deletep) cJSON *body = record_to_json(claim, version, client->options.roster, client->name);
	CLEANUP(freep) char *path = *version->uid ? xasprintf(RECORD_PATH "/%s", version->uid) : xstrdup(RECORD_PATH "/");

	ask(client, *version->uid ? "PUT" : "POST", path, body);
}

/* ---- which controller ---- */

static void drop_session(struct record_client *client)
{
	avi_check_cancel(TAKE(client->check));
	avi_seek_cancel(TAKE(client->seek));
	if (client->call) {
		avi_cancel(TAKE(client->call));
		uv_timer_start(client->call_timer, on_call_due, 0, 0);
	}
	avi_session_free(TAKE(client->session));
	client->checked_ms = 0;
	uv_timer_stop(client->check_timer);
}

static void use_address(struct record_client *client, const char *address)
{
	CLEANUP(freep) char *chosen = xstrdup(address);

	drop_session(client);
	free(client->address);
	client->address = TAKE(chosen);
	client->session = avi_session_new(&(struct avi_session_options){
		.http = client->options.http, .loop = client->options.loop, .controller = client->address,
		.version = client->version, .username = client->username, .password = &client->password });
	uv_timer_start(client->check_timer, on_check_due, 0, (uint64_t)check_period_ms(client));
}

static void keep_credentials(struct record_client *client, const struct credentials *credentials)
{
	free(client->username);
	client->username = xstrdup(credentials->username);
	secret_set(&client->password, (struct slice){ credentials->password.bytes, credentials->password.n });
}

void record_client_configure(struct record_client *client, const struct gslbconfig *config, const struct credentials *credentials,
		     const char *federation)
{
	CLEANUP(strs_release) struct strs addresses = { 0 };
	const char *version = config ? config->controller_version : NULL;
	bool can_log_in = credentials && credentials->username && secret_is_set(&credentials->password);

	if (config)
		config_addresses(config, &addresses);

	if (!federation || !record_name(federation, client->name))
		*client->name = '\0';
	if (can_log_in)
		keep_credentials(client, credentials);
	if (client->session && can_log_in && strs_same_list(&addresses, &client->addresses) && streq0(version, client->version)) {
		avi_session_set_credentials(client->session, client->username, &client->password);
		return;
	}
	drop_session(client);
	strs_copy(&client->addresses, &addresses);
	free(client->version);
	client->version = xstrdup(version);
	if (addresses.n && can_log_in)
		use_address(client, addresses.v[0]);
}

struct record_client *record_client_new(const struct record_client_options *options)
{
	struct record_client *client = xcalloc(1, sizeof(*client));

	client->options = *options;
	client->check_timer = make_timer(client);
	client->call_timer = make_timer(client);
	return client;
}

void record_client_free(struct record_client *client)
{
	if (!client)
		return;
	avi_cancel(TAKE(client->call));
	drop_session(client);
	uv_close((uv_handle_t *)client->check_timer, close_handle);
	uv_close((uv_handle_t *)client->call_timer, close_handle);
	strs_release(&client->addresses);
	free(client->address);
	free(client->version);
	free(client->username);
	secret_release(&client->password);
	free(client);
}
