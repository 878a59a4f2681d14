/* common/avi/internal.h - what the files of this folder share. Nobody else includes it.
 *
 *          need a login    good answer   bad answer   credentials   logout
 *  NONE    -> RUNNING          -              -            NONE       ENDED
 *  RUNNING    wait          -> GOOD        -> HELD        RUNNING     ENDED     (NONE when nobody waits)
 *  GOOD       send             -              -            NONE       ENDED     (401: NONE)
 *  HELD       fail (*)         -              -            NONE       ENDED     (*) RUNNING when the back-off is over
 *  ENDED      fail             -              -            NONE       ENDED
 */
#pragma once

#include "common/avi/session.h"
#include "common/io/backoff.h"

enum login_state { LOGIN_UNSET, LOGIN_NONE, LOGIN_RUNNING, LOGIN_GOOD, LOGIN_HELD, LOGIN_ENDED };

/* Where a call is; each place is a queue. CALL_DUE: its result is known, done is called in the loop's next turn. */
enum call_place { CALL_NOWHERE, CALL_WAITING, CALL_SENT, CALL_DUE, N_CALL_PLACES };

struct call_queue {
	struct avi_call *first, *last;
	size_t n;
};

struct avi_call {
	struct avi_session *session;
	enum call_place place;
	struct avi_call *prev, *next;
	char *method, *path, *tenant;
	char *body;                    /* NULL: none */
	int64_t timeout_ms;
	bool (*may_send)(void *arg, int64_t *within_ms);
	avi_done_fn *done;
	void *arg;
	struct http_call *http;        /* CALL_SENT */
	uint64_t generation;           /* of the cookies it was sent with last */
	unsigned n_repeats;
	uint64_t sent_at_ns;
	enum avi_class class;          /* CALL_DUE: the result, never AVI_OK */
	int64_t retry_after_ms;
	struct err err;
};

struct avi_session {
	struct http_client *http;
	uv_loop_t *loop;
	uv_timer_t turn;               /* for what must not happen inside a call */
	char *base;                    /* "https://[2001:db8::5]:8443" */
	char *version, *username;
	struct secret password;
	char *ca_pem;

	enum login_state login;
	struct http_call *login_call;
	uint64_t login_sent_at_ns;
	struct secret csrf_token, session_id;
	uint64_t generation;           /* counts the good logins and the changes of credentials */
	bool is_connected;
	struct backoff refused, unreachable, unhelpful;
	uint64_t held_until_ms;        /* LOGIN_HELD, of the loop's clock */
	uint64_t no_relogin_until_ms;  /* logins did not help against a 401: none because of a 401 before */
	enum avi_class held_class;     /* LOGIN_HELD, LOGIN_ENDED: what calls fail with */
	struct err held_err;

	struct http_call *logout_call;
	bool is_logging_out;
	void (*logout_done)(void *arg);
	void *logout_arg;

	struct call_queue calls[N_CALL_PLACES];
	struct avi_list *lists;        /* under way; they are freed with the session */
};

/* session.c */

/* Everything that every request carries; false when a value does not fit into a header. */
bool avi_headers(const struct avi_session *session, const char *tenant, bool with_session, struct strs *headers,
		 struct err *err);
/* The controller's side of a request: URL, trust, limits. request->url is the caller's to free. */
struct http_call *avi_send(struct avi_session *session, const char *path, struct http_request *request);
/* Counts an answer or a failure. */
void avi_count(const char *method, const char *path, const struct http_reply *reply, const struct err *err,
	       uint64_t sent_at_ns);
/* The class of an answer, and err when that is not AVI_OK. */
enum avi_class avi_judge(const struct avi_session *session, const char *method, const char *path,
			 const struct http_reply *reply, struct err *err);
/* The class of what never became an answer; err is `why` with method and path before it. */
enum avi_class avi_judge_failure(const char *method, const char *path, const struct err *why, struct err *err);
/* The login is good: sends what waits. */
void avi_calls_send(struct avi_session *session);
/* The login failed: what waits gets the class, text and wait of the login. */
void avi_calls_fail(struct avi_session *session);
void avi_next_turn(struct avi_session *session);

/* login.c */

/* Is there a login to send with? Otherwise starts one (LOGIN_RUNNING) or not (LOGIN_HELD, LOGIN_ENDED). */
enum login_state avi_login_need(struct avi_session *session);
/* A 401 with the present cookies: true when they were given up and asking again makes sense. */
bool avi_login_expired(struct avi_session *session);
/* A login was good and the request got 401 again: no further logins because of a 401 for a while. */
void avi_login_unhelpful(struct avi_session *session);
int64_t avi_login_held_ms(const struct avi_session *session);
void avi_login_free(struct avi_session *session);
void avi_logout_turn(struct avi_session *session);

/* list.c */
void avi_lists_free(struct avi_session *session);
