#include "tests/sim/kubesim/status.h"

#include <stdarg.h>

#include "tests/sim/kubesim/text.h"

#define MAX_CAUSES 100

void ks_reply_text(struct ks_reply *reply, int status, const char *content_type, char *body)
{
	ks_reply_release(reply);
	*reply =
		(struct ks_reply){.status = status, .content_type = content_type, .body = body, .n_body = strlen(body)};
}

void ks_reply_json(struct ks_reply *reply, int status, cJSON *body)
{
	ks_reply_text(reply, status, "application/json", json_text(body));
	cJSON_Delete(body);
}

void ks_reply_release(struct ks_reply *reply)
{
	if (!reply)
		return;
	free(reply->body);
	strs_release(&reply->headers);
	*reply = (struct ks_reply){ 0 };
}

cJSON *ks_status(int code, const char *reason, const char *message, cJSON *details)
{
	cJSON *status = cJSON_CreateObject();

	json_put_str(status, "kind", "Status");
	json_put_str(status, "apiVersion", "v1");
	json_put_object(status, "metadata");
	json_put_str(status, "status", code < 400 ? "Success" : "Failure");
	if (message)
		json_put_str(status, "message", message);
	if (reason)
		json_put_str(status, "reason", reason);
	if (details)
		json_put(status, "details", details);
	if (code >= 400)
		json_put_int(status, "code", code);
	return status;
}

bool ks_refuse(struct ks_reply *reply, int code, const char *reason, const char *fmt, ...)
{
	char message[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	ks_reply_json(reply, code, ks_status(code, reason, message, NULL));
	return false;
}

/* "ingresses.networking.k8s.io" or "services". Yours to free. */
static char *full_name(const char *word, const char *group)
{
	return *group ? xasprintf("%s.%s", word, group) : xstrdup(word);
}

static bool refuse_about(struct ks_reply *reply, int code, const char *reason, const struct ks_kind *kind,
			 const char *name, const char *message)
{
	cJSON *details = cJSON_CreateObject();

	json_put_str(details, "name", name);
	if (*kind->group)
		json_put_str(details, "group", kind->group);
	json_put_str(details, "kind", kind->plural);
	ks_reply_json(reply, code, ks_status(code, reason, message, details));
	return false;
}

bool ks_refuse_not_found(struct ks_reply *reply, const struct ks_kind *kind, const char *name)
{
	CLEANUP(freep) char *full = full_name(kind->plural, kind->group);
	CLEANUP(freep) char *message = xasprintf("%s \"%s\" not found", full, name);

	return refuse_about(reply, 404, "NotFound", kind, name, message);
}

bool ks_refuse_exists(struct ks_reply *reply, const struct ks_kind *kind, const char *name)
{
	CLEANUP(freep) char *full = full_name(kind->plural, kind->group);
	CLEANUP(freep) char *message = xasprintf("%s \"%s\" already exists", full, name);

	return refuse_about(reply, 409, "AlreadyExists", kind, name, message);
}

bool ks_refuse_conflict(struct ks_reply *reply, const struct ks_kind *kind, const char *name, const char *why)
{
	static const char stale[] =
		"the object has been modified; please apply your changes to the latest version and try again";
	CLEANUP(freep) char *full = full_name(kind->plural, kind->group);
	CLEANUP(freep) char *message =
		xasprintf("Operation cannot be fulfilled on %s \"%s\": %s", full, name, why ? why : stale);

	return refuse_about(reply, 409, "Conflict", kind, name, message);
}

bool ks_refuse_method(struct ks_reply *reply)
{
	return ks_refuse(reply, 405, "MethodNotAllowed",
			 "the server does not allow this method on the requested resource");
}

void ks_cause(struct ks_causes *causes, const char *reason, const char *field, const char *fmt, ...)
{
	char message[1024];
	cJSON *cause;
	va_list ap;

	if (++causes->n > MAX_CAUSES)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (!causes->list)
		causes->list = cJSON_CreateArray();
	cause = json_add_object(causes->list);
	json_put_str(cause, "reason", reason);
	json_put_str(cause, "message", message);
	json_put_str(cause, "field", field);
}

bool ks_refuse_invalid(struct ks_reply *reply, const struct ks_kind *kind, const char *name, struct ks_causes *causes)
{
	CLEANUP(freep) char *full = full_name(kind->kind, kind->group);
	cJSON *details = cJSON_CreateObject();
	const cJSON *cause;
	struct buf text;

	buf_init(&text, 1024 * 1024);
	buf_printf(&text, "%s \"%s\" is invalid: %s", full, name, causes->n > 1 ? "[" : "");
	cJSON_ArrayForEach(cause, causes->list)
		buf_printf(&text, "%s%s: %s", cause == causes->list->child ? "" : ", ", json_str(cause, "field"),
			   json_str(cause, "message"));
	buf_puts(&text, causes->n > 1 ? "]" : "");
	json_put_str(details, "name", name);
	if (*kind->group)
		json_put_str(details, "group", kind->group);
	json_put_str(details, "kind", kind->kind);
	json_put(details, "causes", TAKE(causes->list));
	ks_reply_json(reply, 422, ks_status(422, "Invalid", text.p, details));
	buf_release(&text);
	ks_causes_release(causes);
	return false;
}

void ks_causes_release(struct ks_causes *causes)
{
	cJSON_Delete(causes->list);
	*causes = (struct ks_causes){ 0 };
}
