/* common/avi/session.h - one login to an Avi controller, shared by all requests: cookies, CSRF token, tenant per request.
 *
 * The first request logs in. A 401 causes one re-login, however many requests met it, and each of them is repeated once;
 * a 401 met with cookies older than the present ones is only repeated. A refused login is not tried again before
 * avi_session_set_credentials() or its back-off (5 s ... 60 s), one that had no answer not before 1 s ... 30 s: no login
 * storm. At most 10000 requests wait for a login; while logins are held back requests fail at once, with the class,
 * code and text of the login that failed.
 * Ownership: the session copies its options but not http and loop, which must outlive it. Freeing it cancels its
 *            requests and lists (done is not called); run the loop afterwards. avi_session_logout() before is a clean end.
 * Errors:    enum avi_class, by status and text (spec of the controller, section 12.1); err has code, HTTP status and
 *            "<METHOD> <path>: HTTP <status>: <the controller's own text>", never a password, cookie or token.
 */
#pragma once

#include "common/base/json.h"
#include "common/io/http_client.h"

enum avi_class {
	AVI_OK,
	AVI_UNREADABLE,                /* a 2xx that is not JSON; for who asked: not what was asked for */
	AVI_UNSENT,                    /* nothing was sent: may_send said no, logged out, too many wait for the login */
	AVI_NETWORK,                   /* no answer */
	AVI_SERVER,                    /* 5xx, 419, a redirect, or more than 16 MiB */
	AVI_THROTTLED,                 /* 429 */
	AVI_BAD_CREDENTIALS,           /* the login was refused */
	AVI_UNAUTHORIZED,              /* 401 although the login works */
	AVI_FORBIDDEN,                 /* 403 */
	AVI_REFERRED,                  /* 403: cannot delete, still referred to */
	AVI_NOTFOUND,                  /* 404 */
	AVI_CONFLICT,                  /* 409, or any error that says that the object exists already */
	AVI_CONCURRENT,                /* 412 */
	AVI_NOT_LEADER,                /* 400 Config Operations can be done ONLY on leader */
	AVI_MAINTENANCE,               /* 400 GSLB system is in maintenance mode. */
	AVI_DOMAIN_CONFLICT,           /* 400 domain name conflicting with existing domain name */
	AVI_REFUSED,                   /* 400, 422, other 4xx; a version that the controller does not know */
	N_AVI_CLASSES
};
/* "network", "bad_credentials", ...: stable words for logs and metrics. */
const char *avi_class_name(enum avi_class class);
/* What a caller of err can do about it; ERR_NONE for AVI_OK. */
enum err_code avi_class_code(enum avi_class class);
/* Pure: what an answer means. `text` is the body, NULL is an empty one. A status of 0 is no answer. */
enum avi_class avi_classify(int http_status, const char *text);

struct avi_session;

struct avi_session_options {
	struct http_client *http;
	uv_loop_t *loop;
	const char *controller;        /* "10.0.0.5", "ctl.example.org:8443", "2001:db8::5" */
	const char *version;           /* X-Avi-Version; NULL or "": asked from the controller (GET /api/initial-data) */
	const char *username;
	const struct secret *password;
	const char *ca_pem;            /* the controller's certificate must follow from it; NULL: not verified, as the reference */
	bool insecure_http_for_tests;  /* http:// instead of https:// */
};

struct avi_reply {
	enum avi_class class;
	const cJSON *json;             /* NULL where the answer has no body, or with err */
	int64_t retry_after_ms;        /* what the controller or the held back login asks for; -1: nothing */
	const struct err *err;         /* NULL with AVI_OK */
};
/* Never from inside the call that starts it; everything is borrowed. */
typedef void avi_done_fn(void *arg, const struct avi_reply *reply);

struct avi_session *avi_session_new(const struct avi_session_options *options);
void avi_session_free(struct avi_session *session);                    /* NULL is fine */
/* Other credentials: forgets cookies and back-off, also after a logout. The ones in force already: changes nothing. */
void avi_session_set_credentials(struct avi_session *session, const char *username, const struct secret *password);
const char *avi_session_version(const struct avi_session *session);    /* "" until known */
int64_t avi_session_held_ms(const struct avi_session *session);        /* so long no login is tried; 0: not held back */
bool avi_session_is_connected(const struct avi_session *session);      /* a login succeeded and was not refused since */

struct avi_request {
	const char *method;
	const char *path;              /* "/api/gslbservice/gslbservice-1?..." escaped */
	const char *tenant;            /* "*" for all; NULL or "": no header */
	const cJSON *body;             /* NULL: none */
	bool (*may_send)(void *arg, int64_t *within_ms);   /* as http_request's, for each sending; may be NULL */
	int64_t timeout_ms;            /* of each sending; 0: 20 s */
	avi_done_fn *done;
	void *arg;
};
/* Lives until done was called or it was cancelled. */
struct avi_call;
struct avi_call *avi_start(struct avi_session *session, const struct avi_request *request);
void avi_cancel(struct avi_call *call);                                /* NULL is fine */

/* All pages of a collection. each gets every element of `results`, borrowed; then done, once: err NULL when the list is
 * complete. `path` has the filters: "/api/gslbservice?created_by=amko-1&include_name=&page_size=100".
 * `results` missing: AVI_SERVER. Elements that are no objects are passed over. A `next` outside the collection, a page that
 * repeats itself, more than 100000 objects or 2000 pages: AVI_SERVER with ERR_INVALID. */
struct avi_list;
struct avi_list *avi_list_start(struct avi_session *session, const char *path, const char *tenant,
				void (*each)(void *arg, const cJSON *object),
				void (*done)(void *arg, const struct avi_reply *reply), void *arg);
void avi_list_cancel(struct avi_list *list);                           /* NULL is fine */

/* POST /logout without waiting for more than 2 s; done may be NULL, and comes never from inside. No login follows: what
 * waits for one and what comes later fails with ERR_CANCELLED until there are other credentials. Once at a time. */
void avi_session_logout(struct avi_session *session, void (*done)(void *arg), void *arg);
