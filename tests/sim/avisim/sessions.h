/* tests/sim/avisim/sessions.h - users, and who is logged in. Passwords and cookies never leave it for a log. */
#pragma once

#include <uthash.h>

#include "common/base/secret.h"

struct session {
	char *id, *csrf, *user;        /* id and csrf are secrets of the client */
	unsigned number;               /* how logs call it */
	int64_t expires_ms;
	UT_hash_handle hh;
};

struct sessions;
/* idle_s: a session that is not used for so long expires. */
struct sessions *sessions_new(int64_t idle_s);
void sessions_free(struct sessions *sessions);                        /* NULL is fine */

/* Adds the user or changes the password; whoever is logged in as this user is out. */
void sessions_set_password(struct sessions *sessions, const char *user, struct slice password);
/* NULL when the credentials are wrong. */
const struct session *sessions_login(struct sessions *sessions, const char *user, const char *password, int64_t now_ms);
/* The session of a Cookie header ("sessionid" or "avi-sessionid"), used now; NULL: unknown or expired. */
const struct session *sessions_find(struct sessions *sessions, const char *cookies, int64_t now_ms);
void sessions_logout(struct sessions *sessions, const struct session *session);
void sessions_expire_all(struct sessions *sessions);
void sessions_set_idle(struct sessions *sessions, int64_t idle_s);    /* from the next use on */
size_t sessions_count(const struct sessions *sessions);
