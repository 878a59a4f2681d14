#include "common/kube/client.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <utlist.h>

#include "common/base/log.h"
#include "common/base/metrics.h"

#define TOKEN_MAX_BYTES (64 * 1024)
#define TOKEN_AGE_MAX_MS 10000
#define MESSAGE_MAX_CHARS 300

struct kube_client {
	struct http_client *http;
	struct kube_context context;
	struct secret token;           /* the one in use */
	int64_t token_read_ms;         /* INT64_MIN: never */
	char token_error[128];         /* why the tokenFile says nothing; "" */
	struct kube_call *calls;
};

/* Lives as long as its http_call, which may outlive the client by a moment: client is NULL then. */
struct kube_call {
	struct kube_call *prev, *next;
	struct kube_client *client;
	struct http_call *http;
	char *verb, *path;
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

/* ---- the token ---- */

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* False where the file cannot be read or says nothing: the token in use stays then. */
static bool read_token(struct kube_client *client)
{
	CLEANUP(secret_release) struct secret file = { xcalloc(1, TOKEN_MAX_BYTES + 1), TOKEN_MAX_BYTES };
	CLEANUP(closep) int fd = open(client->context.token_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n = 0;
	ssize_t got = fd < 0 ? -1 : 1;
	struct slice text;

	while (got > 0 && n < file.n) {
		got = read(fd, file.bytes + n, file.n - n);
		n += got > 0 ? (size_t)got : 0;
	}
	text = slice_trim((struct slice){ file.bytes, n });
	*client->token_error = '\0';
	if (got < 0)
		snprintf(client->token_error, sizeof(client->token_error), "%s", strerror(errno));
	else if (n == file.n || text.n == 0)
		snprintf(client->token_error, sizeof(client->token_error), text.n ? "too long" : "empty");
	else
		secret_set(&client->token, text);
	return !*client->token_error;
}

static const struct secret *current_token(struct kube_client *client)
{
	int64_t now_ms = http_now_ms(client->http);

	if (!client->context.token_file)
		return &client->context.token;
	if (client->token_read_ms == INT64_MIN || now_ms - client->token_read_ms >= TOKEN_AGE_MAX_MS) {
		read_token(client);
		client->token_read_ms = now_ms;
	}
	return &client->token;
}

/* The file may have changed since it was read: a 401 with another token now says nothing about that one. */
static const struct secret *token_after_401(void *arg)
{
	struct kube_call *call = arg;
	struct kube_client *client = call->client;
	CLEANUP(secret_release) struct secret before = { 0 };

	if (!client || !client->context.token_file || !secret_is_set(&client->token))
		return NULL;
	secret_set(&before, (struct slice){ client->token.bytes, client->token.n });
	client->token_read_ms = http_now_ms(client->http);
	return read_token(client) && !secret_same(&before, &client->token) ? &client->token : NULL;
}

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
	if (client && *client->token_error && (reply->status == 401 || reply->status == 403))
		err_wrap(err, "tokenFile %s: %s", client->context.token_file, client->token_error);
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

static void free_call(struct kube_call *call)
{
	if (call->client)
		DL_DELETE(call->client->calls, call);
	free(call->verb);
	free(call->path);
	free(call);
}

static void on_dropped(void *arg)
{
	free_call(arg);
}

static void on_done(void *arg, const struct http_reply *reply, const struct err *failure)
{
	struct kube_call *call = arg;
	kube_done_fn *done = call->done;
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	struct err err = { 0 };

	if (failure)
		count(call, err_code_name(failure->code));
	else
		count_status(call, reply->status);
	log_debug("kube_request", KV("cluster", call->client ? kube_client_name(call->client) : ""), KV("method", call->verb),
		  KV("path", call->path), KV("status", reply ? reply->status : 0), KV("err", failure ? (const char *)failure->msg : ""));
	arg = call->arg;
	if (failure)
		err = *failure;
	else if (reply->status / 100 != 2)
		set_refusal(call, reply, &err);
	else if (!call->is_stream && reply->body.n && !(json = json_parse(reply->body, &err)))
		err.http_status = reply->status;
	free_call(call);
	done(arg, json, err.code ? &err : NULL, reply ? reply->retry_after_ms : -1);
}

static bool on_status(void *arg, int status)
{
	struct kube_call *call = arg;

	count_status(call, status);
	return !call->on_status || call->on_status(call->arg, status);
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

/* Fills in what every request of this client has in common, and sends it. */
static struct http_call *start(struct kube_client *client, struct kube_call *call, struct http_request *request,
			       const char *path, enum kube_body type)
{
	const struct kube_context *context = &client->context;
	CLEANUP(freep) char *url = xasprintf("%s%s", context->server ? context->server : "", path);
	CLEANUP(strs_release) struct strs headers = { 0 };
	struct http_tls tls = {
		.ca_pem = slice_of(context->ca_pem),
		.cert_pem = slice_of(context->cert_pem),
		.key_pem = { context->key_pem.bytes, context->key_pem.n },
		.server_name = context->tls_server_name,
		.insecure = context->insecure,
	};

	strs_add(&headers, "Accept: application/json");
	strs_add(&headers, "User-Agent: amko/" AMKO_VERSION);
	if (content_type_of(type))
		strs_add(&headers, content_type_of(type));
	request->url = url;
	request->headers = &headers;
	request->bearer = current_token(client);
	request->tls = &tls;
	request->want_http2 = true;
	request->max_body_bytes = KUBE_ANSWER_MAX_BYTES;
	request->new_bearer = token_after_401;
	request->done = on_done;
	request->dropped = on_dropped;
	request->arg = call;
	call->path = xstrdup(path);
	call->client = client;
	DL_APPEND(client->calls, call);
	call->http = http_start(client->http, request);
	return call->http;
}

static char *verb_of(const char *method)
{
	char *verb = xstrdup(method);

	for (char *p = verb; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	return verb;
}

struct http_call *kube_start(struct kube_client *client, const struct kube_request *request)
{
	CLEANUP(freep) char *body = request->body ? json_text(request->body) : NULL;
	struct kube_call *call = xcalloc(1, sizeof(*call));
	struct http_request http = {
		.method = request->method,
		.body = slice_of(body),
		.timeout_ms = request->timeout_ms ? request->timeout_ms : KUBE_TIMEOUT_MS,
	};

	call->verb = verb_of(request->method);
	call->done = request->done;
	call->arg = request->arg;
	return start(client, call, &http, request->path, request->body_type);
}

struct http_call *kube_stream_start(struct kube_client *client, const struct kube_stream *stream)
{
	struct kube_call *call = xcalloc(1, sizeof(*call));
	struct http_request http = {
		.method = "GET",
		.idle_timeout_ms = stream->idle_timeout_ms,
		.on_status = on_status,
		.on_bytes = on_bytes,
	};

	call->verb = xstrdup("watch");
	call->is_stream = true;
	call->on_status = stream->on_status;
	call->on_bytes = stream->on_bytes;
	call->done = stream->done;
	call->arg = stream->arg;
	return start(client, call, &http, stream->path, KUBE_BODY_NONE);
}

struct kube_client *kube_client_new(struct http_client *http, const struct kube_context *context)
{
	struct kube_client *client = xcalloc(1, sizeof(*client));

	client->http = http;
	client->token_read_ms = INT64_MIN;
	kube_context_copy(&client->context, context);
	return client;
}

void kube_client_free(struct kube_client *client)
{
	if (!client)
		return;
	while (client->calls) {
		struct kube_call *call = client->calls;

		/* Inside a callback of the HTTP client the call lives on for a moment, without us. */
		DL_DELETE(client->calls, call);
		call->client = NULL;
		http_cancel(call->http);
	}
	secret_release(&client->token);
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
