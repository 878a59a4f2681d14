#include "common/avi/check.h"

struct avi_check {
	struct avi_session *session;
	struct avi_call *call;
	controller_check_fn *done;
	void *arg;
	char *cluster_uuid;
};

void avi_check_cancel(struct avi_check *c)
{
	if (!c)
		return;
	avi_cancel(c->call);
	free(c->cluster_uuid);
	free(c);
}

static const char *reason_of(const struct avi_reply *reply)
{
	return reply->err ? reply->err->msg : "";
}

static void finish(struct avi_check *c, enum controller_health health, const char *why)
{
	controller_check_fn *done = c->done;
	void *arg = c->arg;
	CLEANUP(freep) char *text = xstrdup(why);

	avi_check_cancel(c);
	done(arg, health, text);
}

/* A failure that says nothing about who leads. */
static bool has_failed(struct avi_check *c, const struct avi_reply *reply)
{
	c->call = NULL;
	if (reply->class == AVI_BAD_CREDENTIALS)
		finish(c, CONTROLLER_UNAUTHORIZED, reason_of(reply));
	else if (reply->class == AVI_NETWORK || reply->class == AVI_UNSENT)
		finish(c, CONTROLLER_UNREACHABLE, reason_of(reply));
	else
		return false;
	return true;
}

static void ask(struct avi_check *c, const char *path, const char *tenant, avi_done_fn *done)
{
	c->call = avi_start(c->session, &(struct avi_request){
		.method = "GET", .path = path, .tenant = tenant, .done = done, .arg = c });
}

static void on_gslb(void *arg, const struct avi_reply *reply)
{
	struct avi_check *c = arg;
	const char *leader = json_str(cJSON_GetArrayItem(json_get(reply->json, "results"), 0), "leader_cluster_uuid");

	if (has_failed(c, reply))
		return;
	if (reply->class != AVI_OK || !leader || !*leader)
		finish(c, CONTROLLER_NO_LEADER_DATA, "error in finding the GSLB leader's uuid");
	else if (!streq(leader, c->cluster_uuid))
		finish(c, CONTROLLER_NOT_LEADER, "another site's controller is the GSLB leader");
	else
		finish(c, CONTROLLER_LEADER, "");
}

/* What is missing in the answer of /api/cluster; NULL when nothing is. */
static const char *cluster_complaint(const struct avi_reply *reply)
{
	if (reply->class != AVI_OK)
		return reason_of(reply);
	if (!reply->json || cJSON_IsNull(reply->json))
		return "unexpected response for get cluster";
	if (!cJSON_IsObject(reply->json))
		return "response can't be parsed to map[string]interface";
	if (!json_str(reply->json, "name"))
		return "name not present in the cluster response";
	return json_str(reply->json, "uuid") ? NULL : "uuid not present in the cluster response";
}

static void on_cluster(void *arg, const struct avi_reply *reply)
{
	struct avi_check *c = arg;
	const char *complaint = cluster_complaint(reply);

	if (has_failed(c, reply))
		return;
	if (complaint) {
		finish(c, CONTROLLER_NO_LEADER_DATA, complaint);
		return;
	}
	c->cluster_uuid = xstrdup(json_str(reply->json, "uuid"));
	ask(c, "/api/gslb", "admin", on_gslb);
}

/* Only success matters: it shows that the login, the version and the address are usable. */
static void on_cloud(void *arg, const struct avi_reply *reply)
{
	struct avi_check *c = arg;

	if (has_failed(c, reply))
		return;
	if (reply->class != AVI_OK)
		finish(c, CONTROLLER_UNREACHABLE, reason_of(reply));
	else
		ask(c, "/api/cluster", "admin", on_cluster);
}

struct avi_check *avi_check_start(struct avi_session *session, controller_check_fn *done, void *arg)
{
	struct avi_check *c = xcalloc(1, sizeof(*c));

	*c = (struct avi_check){ .session = session, .done = done, .arg = arg };
	ask(c, "/api/cloud", "*", on_cloud);
	return c;
}
