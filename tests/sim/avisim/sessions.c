#include "tests/sim/avisim/sessions.h"

#include <openssl/rand.h>

#define MAX_SESSIONS 10000
#define ID_CHARS 32

struct user {
	char *name;
	struct secret password;
	UT_hash_handle hh;
};

struct sessions {
	struct user *users;
	struct session *all;           /* oldest first */
	int64_t idle_ms;
	unsigned n_ever;
};

struct sessions *sessions_new(int64_t idle_s)
{
	struct sessions *s = xcalloc(1, sizeof(*s));

	sessions_set_idle(s, idle_s);
	return s;
}

static void drop(struct sessions *s, struct session *session)
{
	HASH_DEL(s->all, session);
	free(session->id);
	free(session->csrf);
	free(session->user);
	free(session);
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	sessions_expire_all(s);
	while (s->users) {
		struct user *user = s->users;

		HASH_DEL(s->users, user);
		secret_release(&user->password);
		free(user->name);
		free(user);
	}
	free(s);
}

void sessions_set_password(struct sessions *s, const char *name, struct slice password)
{
	struct session *session, *next;
	struct user *user;

	HASH_FIND_STR(s->users, name, user);
	if (!user) {
		user = xcalloc(1, sizeof(*user));
		user->name = xstrdup(name);
		HASH_ADD_KEYPTR(hh, s->users, user->name, strlen(user->name), user);
	}
	secret_set(&user->password, password);
	HASH_ITER(hh, s->all, session, next)
		if (streq(session->user, name))
			drop(s, session);
}

static char *random_id(void)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	unsigned char bytes[ID_CHARS];
	char *id = xmalloc(ID_CHARS + 1);

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		abort();
	for (int i = 0; i < ID_CHARS; i++)
		id[i] = letters[bytes[i] % 32];
	id[ID_CHARS] = '\0';
	return id;
}

static bool password_fits(const struct sessions *s, const char *name, const char *password)
{
	struct secret given = { 0 };
	struct user *user;
	bool fits;

	HASH_FIND_STR(s->users, name, user);
	secret_set(&given, slice_of(password));
	fits = user && secret_same(&user->password, &given);
	secret_release(&given);
	return fits;
}

const struct session *sessions_login(struct sessions *s, const char *user, const char *password, int64_t now_ms)
{
	struct session *session, *next;

	if (!password_fits(s, user, password))
		return NULL;
	HASH_ITER(hh, s->all, session, next)
		if (session->expires_ms <= now_ms || HASH_COUNT(s->all) >= MAX_SESSIONS)
			drop(s, session);
	session = xcalloc(1, sizeof(*session));
	session->id = random_id();
	session->csrf = random_id();
	session->user = xstrdup(user);
	session->number = ++s->n_ever;
	session->expires_ms = now_ms + s->idle_ms;
	HASH_ADD_KEYPTR(hh, s->all, session->id, strlen(session->id), session);
	return session;
}

static struct session *find_live(struct sessions *s, struct slice id, int64_t now_ms)
{
	struct session *session;

	HASH_FIND(hh, s->all, id.p, id.n, session);
	if (session && session->expires_ms <= now_ms) {
		drop(s, session);
		return NULL;
	}
	return session;
}

const struct session *sessions_find(struct sessions *s, const char *cookies, int64_t now_ms)
{
	struct slice rest = slice_of(cookies), cookie, name;

	while (slice_split(&rest, ';', &cookie)) {
		struct slice value = slice_trim(cookie);
		struct session *session;

		slice_split(&value, '=', &name);
		if (!value.n || (!slice_eq(name, "sessionid") && !slice_eq(name, "avi-sessionid")))
			continue;
		session = find_live(s, value, now_ms);
		if (!session)
			continue;
		session->expires_ms = now_ms + s->idle_ms;
		return session;
	}
	return NULL;
}

void sessions_logout(struct sessions *s, const struct session *session)
{
	drop(s, (struct session *)(uintptr_t)session);
}

void sessions_expire_all(struct sessions *s)
{
	while (s->all)
		drop(s, s->all);
}

void sessions_set_idle(struct sessions *s, int64_t idle_s)
{
	s->idle_ms = idle_s * 1000;
}

size_t sessions_count(const struct sessions *s)
{
	return HASH_COUNT(s->all);
}
