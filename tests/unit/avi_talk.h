/* tests/unit/avi_talk.h - a session of common/avi in talk with a scripted controller, both on one loop. */
#pragma once

#include "tests/unit/unit.h"

#include "common/avi/internal.h"
#include "common/base/buf.h"
#include "common/io/http_server.h"

#define AVI_PASSWORD "s3cret-Passw0rd"
#define MAX_HELD 64

struct scripted {
	const char *target;            /* "GET /api/cluster"; NULL ends the list */
	int status;                    /* 0: hangs up */
	const char *body;
	const char *header;
};

struct controller {
	struct http_server *server;
	struct buf log;                /* "POST /login\n..." */
	const char *password;
	int n_logins, n_requests;      /* requests: all but logins and logouts */
	int valid;                     /* session "id-<valid>" is known; 0: none */
	int login_status;              /* answers logins with it, unless 0 */
	const char *login_body;
	bool has_no_cookies, knows_nobody;
	const char *hold;              /* requests with this target are kept until release() */
	struct http_exchange *held[MAX_HELD];
	size_t n_held;
	const struct scripted *answers;
	char tenant[64], version[64], referer[64], cookie[256], csrf[64], type[64];
};

struct talk {
	uv_loop_t loop;
	uv_timer_t guard;
	struct http_client *client;
	struct avi_session *session;
	struct controller ctl;
	struct secret password;
	size_t n_done, n_of_class[AVI_REFUSED + 1], n_sends;
	bool may_send;
	int64_t within_ms;             /* what may_send leaves for the answer; 0: as long as it takes */
	struct avi_reply last;
	struct err last_err;
	char *last_json;
	struct strs names;             /* of a list */
	struct avi_list *list;
	size_t n_logged_out;
};

/* The parts, for talks that need other ones than talk_set_up() makes (version 22.1.3, plain HTTP). */
struct talk *talk_new(void);
void talk_server(struct talk *t, const char *cert_pem, const char *key_pem);
void talk_session(struct talk *t, int port, const char *version, bool is_plain, const char *ca_pem);
int talk_set_up(void **state);
int talk_tear_down(void **state);
#define TALK(fn) cmocka_unit_test_setup_teardown(fn, talk_set_up, talk_tear_down)
/* What every talk program does first. */
void talks_begin(void);

void talk_on_done(void *arg, const struct avi_reply *reply);       /* arg: the talk */
struct avi_call *talk_ask(struct talk *t, const char *method, const char *path);
void talk_ask_and_wait(struct talk *t, const char *method, const char *path);
void talk_run(struct talk *t, size_t n_done);                      /* until so many answers came, and no more */
void talk_run_until_held(struct talk *t, size_t n);
void talk_run_a_while(struct talk *t);
/* Answers what was held and holds nothing more. */
void controller_release(struct controller *ctl);

void assert_class(const struct talk *t, enum avi_class class);
void assert_contains(const char *text, const char *part);
