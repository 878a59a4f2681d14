#include "leader/avi/controller.h"

#include "leader/avi/gs_json.h"

#define FIRST_RELEASE_WITH_PKI 22, 1, 3

enum { LIST_MONITORS, LIST_PKI, LIST_LEGACY, LIST_OWN, N_LISTS };

struct controller {
	struct avi_session *session;
	char *owner;
	struct {
		struct avi_check *check;
		controller_check_fn *done;
		void *arg;
	} check;
	struct {
		struct avi_list *lists[N_LISTS];
		size_t n_open;
		struct actual *actual;
		char *pki;
		controller_list_fn *done;
		void *arg;
	} list;
	struct {
		struct avi_call *call;
		char *tenant;
		struct lookups *lookups;
		size_t at;
		controller_lookup_fn *done;
		void *arg;
	} lookup;
};

struct controller *controller_new(const struct controller_options *options)
{
	struct controller *c = xcalloc(1, sizeof(*c));

	c->owner = xstrdup(options->owner);
	c->session = avi_session_new(&(struct avi_session_options){
		.http = options->http,
		.loop = options->loop,
		.controller = options->address,
		.version = options->version,
		.username = options->username,
		.password = options->password,
	});
	return c;
}

struct avi_session *controller_session(struct controller *c)
{
	return c->session;
}

static void list_end(struct controller *c)
{
	for (size_t i = 0; i < N_LISTS; i++) {
		avi_list_cancel(c->list.lists[i]);
		c->list.lists[i] = NULL;
	}
	actual_free(TAKE(c->list.actual));
	free(TAKE(c->list.pki));
	c->list.n_open = 0;
}

void controller_free(struct controller *c)
{
	if (!c)
		return;
	avi_check_cancel(c->check.check);
	avi_cancel(c->lookup.call);
	list_end(c);
	avi_session_free(c->session);
	free(c->lookup.tenant);
	free(c->owner);
	free(c);
}

static const char *reason(const struct avi_reply *reply)
{
	return reply->err ? reply->err->msg : "";
}

static void on_checked(void *arg, enum controller_health health, const char *why)
{
	struct controller *c = arg;

	c->check.check = NULL;
	c->check.done(c->check.arg, health, why);
}

void controller_check(struct controller *c, controller_check_fn *done, void *arg)
{
	avi_check_cancel(c->check.check);
	c->check.done = done;
	c->check.arg = arg;
	c->check.check = avi_check_start(c->session, on_checked, c);
}

static void each_monitor(void *arg, const cJSON *object)
{
	struct controller *c = arg;
	struct monitor *monitor = monitor_from_json(object, "*");

	if (monitor)
		actual_put_monitor(c->list.actual, &monitor);
}

static void each_gs(void *arg, const cJSON *object)
{
	struct controller *c = arg;
	struct gs *gs = gs_from_json(object, "*");

	if (gs)
		actual_put_gs(c->list.actual, &gs);
}

static void each_pki(void *arg, const cJSON *object)
{
	struct controller *c = arg;
	const char *name = json_str(object, "name");

	if (!name || (c->list.pki && strcmp(c->list.pki, name) <= 0))
		return;
	free(c->list.pki);
	c->list.pki = xstrdup(name);
}

/* "22.1.3" and later; an unreadable version counts as new. */
static bool has_pki_field(const char *version)
{
	const long first[] = { FIRST_RELEASE_WITH_PKI };

	for (size_t i = 0; i < ARRAY_SIZE(first); i++) {
		char *end;
		long part = strtol(version, &end, 10);

		if (end == version || part > first[i])
			return true;
		if (part < first[i])
			return false;
		version = *end == '.' ? end + 1 : end;
	}
	return true;
}

static void list_done(struct controller *c, const char *why)
{
	struct actual *actual = TAKE(c->list.actual);
	CLEANUP(freep) char *pki = TAKE(c->list.pki);

	list_end(c);
	if (why || !has_pki_field(avi_session_version(c->session)))
		free(TAKE(pki));
	if (why)
		actual_free(TAKE(actual));
	c->list.done(c->list.arg, &actual, pki, why);
	actual_free(actual);
}

static void on_list(struct controller *c, size_t which, const struct avi_reply *reply)
{
	char why[sizeof(reply->err->msg)];

	c->list.lists[which] = NULL;
	if (reply->err) {
		snprintf(why, sizeof(why), "%s", reason(reply));
		list_done(c, why);
	} else if (--c->list.n_open == 0) {
		list_done(c, NULL);
	}
}

static void on_monitors(void *arg, const struct avi_reply *reply)
{
	on_list(arg, LIST_MONITORS, reply);
}

static void on_pki(void *arg, const struct avi_reply *reply)
{
	on_list(arg, LIST_PKI, reply);
}

static void on_legacy(void *arg, const struct avi_reply *reply)
{
	on_list(arg, LIST_LEGACY, reply);
}

static void on_own(void *arg, const struct avi_reply *reply)
{
	on_list(arg, LIST_OWN, reply);
}

void controller_list(struct controller *c, controller_list_fn *done, void *arg)
{
	CLEANUP(freep) char *own = xasprintf("/api/gslbservice?created_by=%s&include_name=&page_size=100", c->owner);
	struct avi_session *session = c->session;

	list_end(c);
	c->list.done = done;
	c->list.arg = arg;
	c->list.actual = actual_new(c->owner);
	c->list.n_open = N_LISTS;
	c->list.lists[LIST_MONITORS] = avi_list_start(session,
		"/api/healthmonitor?include_name=&is_federated=true&page_size=100", "*", each_monitor, on_monitors, c);
	c->list.lists[LIST_PKI] = avi_list_start(session,
		"/api/pkiprofile?include_name=&is_federated=true&page_size=100", "*", each_pki, on_pki, c);
	c->list.lists[LIST_LEGACY] = avi_list_start(session,
		"/api/gslbservice?created_by=amko-gslb&include_name=&page_size=100", "*", each_gs, on_legacy, c);
	c->list.lists[LIST_OWN] = avi_list_start(session, own, "*", each_gs, on_own, c);
}

static void on_lookup(void *arg, const struct avi_reply *reply);

static void lookup_next(struct controller *c)
{
	struct lookups *set = c->lookup.lookups;
	CLEANUP(freep) char *name = NULL;
	CLEANUP(freep) char *path = NULL;

	while (c->lookup.at < set->n && set->v[c->lookup.at].state != LOOKUP_PENDING)
		c->lookup.at++;
	if (c->lookup.at == set->n) {
		c->lookup.done(c->lookup.arg, NULL);
		return;
	}
	name = http_escape(set->v[c->lookup.at].name);
	path = xasprintf("/api/%s?name=%s", set->v[c->lookup.at].type, name);
	c->lookup.call = avi_start(c->session, &(struct avi_request){
		.method = "GET", .path = path, .tenant = c->lookup.tenant, .done = on_lookup, .arg = c });
}

static void on_lookup(void *arg, const struct avi_reply *reply)
{
	struct controller *c = arg;

	c->lookup.call = NULL;
	if (reply->class != AVI_OK && reply->class != AVI_NOTFOUND) {
		c->lookup.done(c->lookup.arg, reason(reply));
		return;
	}
	lookup_from_json(reply->class == AVI_OK ? reply->json : NULL, &c->lookup.lookups->v[c->lookup.at]);
	lookup_next(c);
}

void controller_lookup_cancel(struct controller *c)
{
	avi_cancel(TAKE(c->lookup.call));
}

void controller_lookup(struct controller *c, const char *tenant, struct lookups *lookups, controller_lookup_fn *done, void *arg)
{
	controller_lookup_cancel(c);
	free(c->lookup.tenant);
	c->lookup.tenant = xstrdup(tenant);
	c->lookup.lookups = lookups;
	c->lookup.at = 0;
	c->lookup.done = done;
	c->lookup.arg = arg;
	lookup_next(c);
}
