#include "common/kube/client.h"

#include <utlist.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/kube/auth.h"

#define MESSAGE_MAX_CHARS 300

struct kube_client {
	struct http_client *http;
	struct kube_context context;
	struct kube_auth *auth;
	struct kube_call *calls;
	unsigned n_answers;            /* of auth, so far */
	bool *is_gone;                 /* set when the client goes while it hands on an answer */
};

/* Waits for a proof of who we are, is with the HTTP client, or runs done. It may outlive the client by a moment (client is
 * NULL then): inside a callback of the HTTP client's, or of its own done. */
struct kube_call {
	struct kube_call *prev, *next;
	struct kube_client *client;
	struct http_call *http;        /* NULL: it waits, or done runs */
	bool is_waiting, is_delivered;
	unsigned waits_for;            /* the answer's number */
	unsigned serial;               /* of the proof that was sent */
	bool is_repeated;              /* after a 401 */
	char *verb, *method, *path;
	enum kube_body body_type;
	struct secret body;            /* unset: none */
	int64_t timeout_ms, idle_timeout_ms;
	bool is_stream, is_counted;
	bool (*on_status)(void *arg, int status);
	bool (*on_bytes)(void *arg, struct slice bytes);
	kube_done_fn *done;
	void *arg;
};

static struct metric requests = METRIC_COUNTER("amko_kube_requests_total",
	"Requests to API servers, by answer.", "cluster", "verb", "code");

#define CORE(name, plural_, kind_, namespaced) \
	const struct kube_resource name = { "", "v1", plural_, kind_, namespaced }
#define GROUP(name, group_, version_, plural_, kind_) \
	const struct kube_resource name = { group_, version_, plural_, kind_, true }

CORE(KUBE_NAMESPACES, "namespaces", "Namespace", false);
CORE(KUBE_SERVICES, "services", "Service", true);
CORE(KUBE_SECRETS, "secrets", "Secret", true);
CORE(KUBE_EVENTS, "events", "Event", true);
GROUP(KUBE_INGRESSES, "networking.k8s.io", "v1", "ingresses", "Ingress");
GROUP(KUBE_ROUTES, "route.openshift.io", "v1", "routes", "Route");
GROUP(KUBE_LEASES, "coordination.k8s.io", "v1", "leases", "Lease");
GROUP(KUBE_HOSTRULES, "ako.vmware.com", "v1beta1", "hostrules", "HostRule");
GROUP(KUBE_MULTICLUSTERINGRESSES, "ako.vmware.com", "v1alpha1", "multiclusteringresses", "MultiClusterIngress");
GROUP(KUBE_GSLBCONFIGS, "amko.vmware.com", "v1alpha1", "gslbconfigs", "GSLBConfig");
GROUP(KUBE_GSLBHOSTRULES, "amko.vmware.com", "v1alpha1", "gslbhostrules", "GSLBHostRule");
GROUP(KUBE_AMKOCLUSTERS, "amko.vmware.com", "v1alpha1", "amkoclusters", "AMKOCluster");
GROUP(KUBE_GDPS, "amko.vmware.com", "v1alpha2", "globaldeploymentpolicies", "GlobalDeploymentPolicy");

/* ---- answers ---- */

static enum err_code code_of(int status)
{
	switch (status) {
	case 401: return ERR_AUTH;
	case 403: return ERR_FORBIDDEN;
	case 404: return ERR_NOTFOUND;
	case 409: case 412: return ERR_CONFLICT;
	case 410: return ERR_GONE;
	case 408: case 429: return ERR_RETRY;
	default: return status >= 500 ? ERR_RETRY : ERR_INVALID;
	}
}

static void set_refusal(const struct kube_call *call, const struct http_reply *reply, struct err *err)
{
	const struct kube_client *client = call->client;
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(reply->body, NULL);
	const char *message = json_str(json, "message");

	if (message && *message)
		err_set(err, code_of(reply->status), "HTTP %d: %.*s", reply->status, MESSAGE_MAX_CHARS, message);
	else
		err_set(err, code_of(reply->status), "HTTP %d", reply->status);
	err->http_status = reply->status;
	if (client && *kube_auth_complaint(client->auth) && (reply->status == 401 || reply->status == 403))
		err_wrap(err, "%s", kube_auth_complaint(client->auth));
}

/* Puts the status before what was wrong with the rest of the answer; 0: there was none. */
static void name_status(int status, struct err *err)
{
	if (status)
		err_wrap(err, "HTTP %d", status);
	err->http_status = status;
}

static void count(struct kube_call *call, const char *code)
{
	if (!call->is_counted && call->client)
		metric_add(&requests, 1, kube_client_name(call->client), call->verb, code);
	call->is_counted = true;
}

static void count_status(struct kube_call *call, int status)
{
	char code[16];

	snprintf(code, sizeof(code), "%d", status);
	count(call, code);
}

static void leave_client(struct kube_call *call)
{
	if (call->client)
		DL_DELETE(call->client->calls, call);
	call->client = NULL;
}

static void free_call(struct kube_call *call)
{
	leave_client(call);
	secret_release(&call->body);
	free(call->verb);
	free(call->method);
	free(call->path);
	free(call);
}

static void on_dropped(void *arg)
{
	free_call(arg);
}

/* done may free the client, and give the call to kube_cancel() once more. */
static void deliver(struct kube_call *call, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	leave_client(call);
	call->http = NULL;
	call->is_delivered = true;
	call->done(call->arg, json, err, retry_after_ms);
	free_call(call);
}

static void send_or_wait(struct kube_call *call);     /* on_done() may do it again */

static void wait_for_proof(struct kube_call *call)
{
	call->is_waiting = true;
	call->waits_for = call->client->n_answers;
}

static bool is_mendable(const struct kube_call *call, int status)
{
	return status == 401 && call->client && call->client->context.exec && !call->is_repeated;
}

/* True: the call goes on, with another proof. */
static bool mend(struct kube_call *call)
{
	enum kube_refused refused = kube_auth_refused(call->client->auth, call->serial);

	if (refused == KUBE_REFUSED_FINAL)
		return false;
	call->http = NULL;
	call->is_repeated = true;
	call->is_counted = false;
	if (refused == KUBE_REFUSED_AGAIN)
		send_or_wait(call);
	else
		wait_for_proof(call);
	return true;
}

static void on_done(void *arg, const struct http_reply *reply, const struct err *failure)
{
	struct kube_call *call = arg;
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	struct err err = { 0 };

	if (failure)
		count(call, err_code_name(failure->code));
	else
		count_status(call, reply->status);
	log_debug("kube_request", KV("cluster", call->client ? kube_client_name(call->client) : ""), KV("method", call->verb),
		  KV("path", call->path), KV("status", reply ? reply->status : 0), KV("err", failure ? (const char *)failure->msg : ""));
	if (reply && is_mendable(call, reply->status) && mend(call))
		return;
	if (failure) {
		err = *failure;
		name_status(failure->http_status, &err);
	} else if (reply->status / 100 != 2) {
		set_refusal(call, reply, &err);
	} else if (!call->is_stream && reply->body.n && !(json = json_parse(reply->body, &err))) {
		name_status(reply->status, &err);
	}
	deliver(call, json, err.code ? &err : NULL, reply ? reply->retry_after_ms : -1);
}

static bool on_status(void *arg, int status)
{
	struct kube_call *call = arg;

	count_status(call, status);
	return is_mendable(call, status) || !call->on_status || call->on_status(call->arg, status);
}

static bool on_bytes(void *arg, struct slice bytes)
{
	struct kube_call *call = arg;

	return call->on_bytes(call->arg, bytes);
}

/* ---- requests ---- */

static const char *content_type_of(enum kube_body type)
{
	static const char *const headers[] = {
		[KUBE_BODY_NONE] = NULL,
		[KUBE_BODY_JSON] = "Content-Type: application/json",
		[KUBE_BODY_MERGE_PATCH] = "Content-Type: application/merge-patch+json",
		[KUBE_BODY_JSON_PATCH] = "Content-Type: application/json-patch+json",
		[KUBE_BODY_APPLY] = "Content-Type: application/apply-patch+yaml",
	};

	return headers[type];
}

static const struct secret *token_after_401(void *arg)
{
	struct kube_call *call = arg;

	return call->client ? kube_auth_read_again(call->client->auth) : NULL;
}

static void set_headers(const struct kube_call *call, struct strs *headers)
{
	strs_add(headers, "Accept: application/json");
	if (content_type_of(call->body_type))
		strs_add(headers, content_type_of(call->body_type));
}

static void send_as(struct kube_call *call, const struct kube_proof *proof)
{
	const struct kube_context *context = &call->client->context;
	CLEANUP(freep) char *url = xconcat(context->server ? context->server : "", call->path);
	CLEANUP(strs_release) struct strs headers = { 0 };
	struct http_tls tls = {
		.ca_pem = slice_of(context->ca_pem),
		.cert_pem = slice_of(proof->cert_pem),
		.key_pem = proof->key_pem,
		.server_name = context->tls_server_name,
		.insecure = context->insecure,
	};

	set_headers(call, &headers);
	call->is_waiting = false;
	call->serial = proof->serial;
	call->http = http_start(call->client->http, &(struct http_request){
		.method = call->method, .url = url, .headers = &headers, .bearer = proof->bearer, .basic = proof->basic,
		.proxy = &context->proxy, .tls = &tls, .want_http2 = true, .max_body_bytes = KUBE_ANSWER_MAX_BYTES,
		.body = { call->body.bytes, call->body.n },
		.timeout_ms = call->timeout_ms, .idle_timeout_ms = call->idle_timeout_ms,
		.begin_timeout_ms = call->is_stream ? KUBE_TIMEOUT_MS : 0,
		.on_status = call->is_stream ? on_status : NULL, .on_bytes = call->is_stream ? on_bytes : NULL,
		.new_bearer = context->token_file ? token_after_401 : NULL,
		.done = on_done, .dropped = on_dropped, .arg = call });
}

static void send_or_wait(struct kube_call *call)
{
	struct kube_proof proof;

	if (kube_auth_get(call->client->auth, &proof))
		send_as(call, &proof);
	else
		wait_for_proof(call);
}

/* One that has waited since before the answer; what done() starts meanwhile waits for the next. */
static struct kube_call *next_answered(const struct kube_client *client)
{
	struct kube_call *call;

	DL_FOREACH(client->calls, call)
		if (call->is_waiting && call->waits_for != client->n_answers)
			return call;
	return NULL;
}

static void on_proof(void *arg, const struct err *err)
{
	struct kube_client *client = arg;
	struct kube_call *call;
	struct err refusal = err ? *err : (struct err){ 0 };
	bool is_gone = false;

	refusal.http_status = 401;     /* what the server would say to nobody: callers judge by it */
	client->is_gone = &is_gone;
	client->n_answers++;
	while (!is_gone && (call = next_answered(client))) {
		call->is_waiting = false;
		if (!err) {
			send_or_wait(call);
			continue;
		}
		count(call, err_code_name(err->code));
		deliver(call, NULL, &refusal, -1);
	}
	if (!is_gone)
		client->is_gone = NULL;
}

static struct kube_call *call_new(struct kube_client *client, const char *method, const char *path)
{
	struct kube_call *call = xcalloc(1, sizeof(*call));

	call->client = client;
	call->method = xstrdup(method);
	call->path = xstrdup(path);
	DL_APPEND(client->calls, call);
	return call;
}

static char *verb_of(const char *method)
{
	char *verb = xstrdup(method);

	for (char *p = verb; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	return verb;
}

struct kube_call *kube_start(struct kube_client *client, const struct kube_request *request)
{
	struct kube_call *call = call_new(client, request->method, request->path);

	if (request->body) {
		CLEANUP(freep) char *body = json_text(request->body);

		secret_set(&call->body, slice_of(body));
	}
	call->body_type = request->body_type;
	call->timeout_ms = request->timeout_ms ? request->timeout_ms : KUBE_TIMEOUT_MS;
	call->verb = verb_of(request->method);
	call->done = request->done;
	call->arg = request->arg;
	send_or_wait(call);
	return call;
}

struct kube_call *kube_stream_start(struct kube_client *client, const struct kube_stream *stream)
{
	struct kube_call *call = call_new(client, "GET", stream->path);

	call->verb = xstrdup("watch");
	call->is_stream = true;
	call->idle_timeout_ms = stream->idle_timeout_ms;
	call->on_status = stream->on_status;
	call->on_bytes = stream->on_bytes;
	call->done = stream->done;
	call->arg = stream->arg;
	send_or_wait(call);
	return call;
}

void kube_cancel(struct kube_call *call)
{
	if (!call || call->is_delivered)
		return;
	if (call->http)
		http_cancel(call->http);       /* on_dropped() frees it */
	else
		free_call(call);
}

struct kube_client *kube_client_new(struct http_client *http, const struct kube_context *context)
{
	struct kube_client *client = xcalloc(1, sizeof(*client));

	client->http = http;
	kube_context_copy(&client->context, context);
	client->auth = kube_auth_new(http_loop(http), &client->context, on_proof, client);
	return client;
}

void kube_client_free(struct kube_client *client)
{
	if (!client)
		return;
	while (client->calls) {
		struct kube_call *call = client->calls;

		/* Inside a callback of the HTTP client the call lives on for a moment, without us. */
		leave_client(call);
		kube_cancel(call);
	}
	if (client->is_gone)
		*client->is_gone = true;
	kube_auth_free(client->auth);
	kube_context_release(&client->context);
	free(client);
}

const char *kube_client_name(const struct kube_client *client)
{
	return client->context.name ? client->context.name : "";
}

char *kube_path(const struct kube_resource *resource, const char *namespace, const char *name, const char *sub)
{
	CLEANUP(freep) char *root = *resource->group ? xasprintf("/apis/%s/%s", resource->group, resource->version)
						     : xasprintf("/api/%s", resource->version);
	CLEANUP(freep) char *space = namespace ? http_escape(namespace) : NULL;
	CLEANUP(freep) char *object = name ? http_escape(name) : NULL;

	return xasprintf("%s%s%s/%s%s%s%s%s", root, space ? "/namespaces/" : "", space ? space : "", resource->plural,
			 object ? "/" : "", object ? object : "", sub ? "/" : "", sub ? sub : "");
}
