/* common/kube/client.h - requests to one API server: JSON in, JSON out, HTTP status to err code.
 *
 * Ownership: a client copies its context. Calls end with the client (done is not called any more).
 * Errors:    401 ERR_AUTH, 403 ERR_FORBIDDEN, 404 ERR_NOTFOUND, 409 ERR_CONFLICT, 410 ERR_GONE, 429 and 5xx ERR_RETRY,
 *            other 4xx ERR_INVALID; http_status is set, the message is that of the Status object, bounded.
 *            A 2xx that is not JSON is ERR_INVALID. Where an exec plugin gives the credentials, a call waits for it at most
 *            30 s and fails with ERR_AUTH, as after a 401, and what the plugin said (auth.h). After a 401 the plugin runs
 *            again, a tokenFile is read again, and where that gives another credential the request is repeated once.
 */
#pragma once

#include "common/base/json.h"
#include "common/io/http_client.h"
#include "common/kube/kubeconfig.h"

#define KUBE_ANSWER_MAX_BYTES (32u * 1024 * 1024)
#define KUBE_TIMEOUT_MS 30000

struct kube_client;
struct kube_call;

/* A resource of the API, in static tables. */
struct kube_resource {
	const char *group, *version, *plural, *kind;      /* group "" is the core group */
	bool is_namespaced;
};
extern const struct kube_resource KUBE_NAMESPACES, KUBE_SERVICES, KUBE_INGRESSES, KUBE_ROUTES, KUBE_SECRETS, KUBE_EVENTS,
	KUBE_HOSTRULES, KUBE_MULTICLUSTERINGRESSES, KUBE_LEASES,
	KUBE_GSLBCONFIGS, KUBE_GDPS, KUBE_GSLBHOSTRULES, KUBE_AMKOCLUSTERS;

/* /api/v1/... or /apis/group/version/...; namespace, name, sub (a subresource) may be NULL. Yours to free. */
char *kube_path(const struct kube_resource *resource, const char *namespace, const char *name, const char *sub);

/* json is borrowed for the call (NULL with err, or where the answer had no body). retry_after_ms: -1 or what was asked. */
typedef void kube_done_fn(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms);

enum kube_body { KUBE_BODY_NONE, KUBE_BODY_JSON, KUBE_BODY_MERGE_PATCH, KUBE_BODY_JSON_PATCH, KUBE_BODY_APPLY };

struct kube_request {
	const char *method;
	const char *path;              /* with its query */
	enum kube_body body_type;
	const cJSON *body;
	int64_t timeout_ms;            /* 0: KUBE_TIMEOUT_MS */
	kube_done_fn *done;
	void *arg;
};

struct kube_client *kube_client_new(struct http_client *http, const struct kube_context *context);
void kube_client_free(struct kube_client *client);                 /* NULL is fine */
const char *kube_client_name(const struct kube_client *client);    /* the context's */

/* Never calls done from inside. The call may be given to kube_cancel() until done has returned. */
struct kube_call *kube_start(struct kube_client *client, const struct kube_request *request);
/* done is not called any more. NULL is fine. May be called from inside any callback. */
void kube_cancel(struct kube_call *call);

/* A stream (watch), which must begin within KUBE_TIMEOUT_MS: see http_request's on_status and on_bytes; on_status does not hear of a 401 that an exec plugin may mend.
 * done gets json == NULL. */
struct kube_stream {
	const char *path;
	int64_t idle_timeout_ms;
	bool (*on_status)(void *arg, int status);
	bool (*on_bytes)(void *arg, struct slice bytes);
	kube_done_fn *done;
	void *arg;
};
struct kube_call *kube_stream_start(struct kube_client *client, const struct kube_stream *stream);
