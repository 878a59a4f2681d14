#include "common/kube/auth.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "common/kube/exec_plugin.h"
#include "common/kube/expiry.h"

#define TOKEN_MAX_BYTES (64 * 1024)
#define TOKEN_AGE_MAX_MS 10000
#define RENEW_BEFORE_S 60
#define RUN_GAP_MS 10000               /* between runs that nobody needs at once, and how long a failure counts */

struct kube_auth {
	struct kube_auth *prev, *next;
	uv_loop_t *loop;
	const struct kube_context *context;
	kube_auth_fn *on_answer;
	void *arg;
	/* tokenFile */
	struct secret token;           /* the one in use */
	int64_t token_read_ms;         /* INT64_MIN: never */
	/* exec */
	struct exec_run *run;
	struct exec_credential credential;
	unsigned serial;               /* 0: nothing said yet */
	int64_t said_ms, failed_ms, renewed_ms;      /* INT64_MIN: never */
	struct err failure;            /* the last run's */
	uv_timer_t *repeat;            /* tells that failure again */
	char *complaint;
	int64_t token_expiry_s, cert_expiry_s;       /* as shown; 0: not */
};

static struct metric certificate_expiry = METRIC_GAUGE("amko_kube_certificate_expiry_seconds",
	"When the client certificate for an API server expires, Unix time.", "cluster");
static struct metric ca_expiry = METRIC_GAUGE("amko_kube_ca_expiry_seconds",
	"When the last of the CA certificates for an API server expires, Unix time.", "cluster");
static struct metric token_expiry = METRIC_GAUGE("amko_kube_token_expiry_seconds",
	"When the token for an API server expires, Unix time.", "cluster");

/* A client may be replaced by one of the same name, and the own cluster be a member too. */
static struct kube_auth *all;

/* ---- metrics ---- */

static const char *name_of(const struct kube_auth *auth)
{
	return auth->context->name ? auth->context->name : "";
}

static void show_one(struct metric *metric, const struct kube_auth *auth, int64_t expiry_s)
{
	if (expiry_s)
		metric_set(metric, (double)expiry_s, name_of(auth));
	else
		metric_drop(metric, name_of(auth));
}

static void show(const struct kube_auth *auth)
{
	show_one(&certificate_expiry, auth, auth->cert_expiry_s);
	show_one(&token_expiry, auth, auth->token_expiry_s);
	show_one(&ca_expiry, auth, expiry_of_cas(slice_of(auth->context->ca_pem)));
}

static void leave_metrics(struct kube_auth *auth)
{
	const struct kube_auth *other;

	DL_DELETE(all, auth);
	DL_FOREACH(all, other) {
		if (streq(name_of(other), name_of(auth))) {
			show(other);
			return;
		}
	}
	metric_drop(&certificate_expiry, name_of(auth));
	metric_drop(&token_expiry, name_of(auth));
	metric_drop(&ca_expiry, name_of(auth));
}

static struct slice slice_of_secret(const struct secret *s)
{
	return (struct slice){ s->bytes, s->n };
}

static int64_t expiry_of(const struct secret *token)
{
	return secret_is_set(token) ? expiry_of_token(slice_of_secret(token)) : 0;
}

/* ---- tokenFile ---- */

static void complain(struct kube_auth *auth, const char *reason)
{
	free(auth->complaint);
	auth->complaint = reason ? xasprintf("tokenFile %s: %s", auth->context->token_file, reason) : NULL;
}

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* False where the file cannot be read or says nothing: the token in use stays then. */
static bool read_token(struct kube_auth *auth)
{
	CLEANUP(secret_release) struct secret file = { xcalloc(1, TOKEN_MAX_BYTES + 1), TOKEN_MAX_BYTES };
	CLEANUP(closep) int fd = open(auth->context->token_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t n = 0;
	ssize_t got = fd < 0 ? -1 : 1;
	struct slice text;

	while (got > 0 && n < file.n) {
		got = read(fd, file.bytes + n, file.n - n);
		n += got > 0 ? (size_t)got : 0;
	}
	text = slice_trim((struct slice){ file.bytes, n });
	auth->token_read_ms = (int64_t)uv_now(auth->loop);
	if (got < 0)
		complain(auth, strerror(errno));
	else if (n == file.n || text.n == 0)
		complain(auth, text.n ? "too long" : "empty");
	else
		complain(auth, NULL);
	if (auth->complaint)
		return false;
	secret_set(&auth->token, text);
	auth->token_expiry_s = expiry_of(&auth->token);
	show(auth);
	return true;
}

static const struct secret *current_token(struct kube_auth *auth)
{
	int64_t now_ms = (int64_t)uv_now(auth->loop);

	if (!auth->context->token_file)
		return &auth->context->token;
	if (auth->token_read_ms == INT64_MIN || now_ms - auth->token_read_ms >= TOKEN_AGE_MAX_MS)
		read_token(auth);
	return &auth->token;
}

/* The file may have changed since it was read: a 401 with another token now says nothing about that one. */
const struct secret *kube_auth_read_again(struct kube_auth *auth)
{
	CLEANUP(secret_release) struct secret before = { 0 };

	if (!auth->context->token_file || !secret_is_set(&auth->token))
		return NULL;
	secret_set(&before, slice_of_secret(&auth->token));
	return read_token(auth) && !secret_same(&before, &auth->token) ? &auth->token : NULL;
}

/* ---- exec ---- */

static bool is_within(const struct kube_auth *auth, int64_t since_ms, int64_t gap_ms)
{
	return since_ms != INT64_MIN && (int64_t)uv_now(auth->loop) - since_ms < gap_ms;
}

static void take_credential(struct kube_auth *auth, struct exec_credential *credential)
{
	exec_credential_release(&auth->credential);
	auth->credential = *credential;
	*credential = (struct exec_credential){ 0 };
	credential = &auth->credential;
	auth->serial++;
	auth->said_ms = (int64_t)uv_now(auth->loop);
	auth->cert_expiry_s = credential->cert_pem ? expiry_of_cert(slice_of(credential->cert_pem)) : 0;
	auth->token_expiry_s = expiry_of(&credential->token);
	if (secret_is_set(&credential->token) && credential->expires_s)
		auth->token_expiry_s = credential->expires_s;
	show(auth);
}

static void on_plugin(void *arg, struct exec_credential *credential, const struct err *err)
{
	struct kube_auth *auth = arg;
	struct err copy = err ? *err : (struct err){ 0 };

	auth->run = NULL;
	auth->failure = copy;
	free(TAKE(auth->complaint));
	if (err) {
		auth->failed_ms = (int64_t)uv_now(auth->loop);
		auth->complaint = xstrdup(err->msg);
		log_warn("exec_plugin_failed", KV("cluster", name_of(auth)), KV("err", (const char *)copy.msg));
	} else {
		take_credential(auth, credential);
		log_info("exec_plugin_ran", KV("cluster", name_of(auth)), KV("expires", auth->credential.expires_s));
	}
	auth->on_answer(auth->arg, copy.code ? &copy : NULL);
}

static void start_run(struct kube_auth *auth)
{
	if (!auth->run)
		auth->run = exec_run_start(auth->loop, auth->context, EXEC_PLUGIN_LIMIT_MS, on_plugin, auth);
}

static void on_repeat(uv_timer_t *timer)
{
	struct kube_auth *auth = timer->data;
	struct err copy = auth->failure;

	/* A run that began since answers for itself. */
	if (!auth->run)
		auth->on_answer(auth->arg, copy.code ? &copy : NULL);
}

/* Starts what is due. False: nothing that could be used. */
static bool has_credential(struct kube_auth *auth)
{
	const struct exec_credential *c = &auth->credential;
	int64_t left_s = c->expires_s ? c->expires_s - (int64_t)time(NULL) : INT64_MAX;
	bool has_failed = is_within(auth, auth->failed_ms, RUN_GAP_MS);

	/* One that is old when it comes is used all the same: the server judges, and the plugin does not run in circles. */
	if (auth->serial && (left_s > 0 || is_within(auth, auth->said_ms, RUN_GAP_MS))) {
		if (left_s <= RENEW_BEFORE_S && !has_failed && !is_within(auth, auth->said_ms, RUN_GAP_MS))
			start_run(auth);
		return true;
	}
	if (!has_failed)
		start_run(auth);
	else if (!auth->run)
		uv_timer_start(auth->repeat, on_repeat, 1, 0);
	return false;
}

enum kube_refused kube_auth_refused(struct kube_auth *auth, unsigned serial)
{
	if (!auth->context->exec)
		return KUBE_REFUSED_FINAL;
	if (serial != auth->serial)
		return KUBE_REFUSED_AGAIN;
	if (!auth->run && is_within(auth, auth->renewed_ms, RUN_GAP_MS))
		return KUBE_REFUSED_FINAL;
	if (!auth->run)
		auth->renewed_ms = (int64_t)uv_now(auth->loop);
	start_run(auth);
	return KUBE_REFUSED_WAIT;
}

/* ---- public ---- */

bool kube_auth_get(struct kube_auth *auth, struct kube_proof *out)
{
	const struct kube_context *context = auth->context;
	bool is_plugin = context->exec != NULL;

	if (is_plugin && !has_credential(auth))
		return false;
	*out = (struct kube_proof){
		.bearer = is_plugin ? &auth->credential.token : current_token(auth),
		.basic = &context->basic,
		.cert_pem = is_plugin ? auth->credential.cert_pem : context->cert_pem,
		.key_pem = slice_of_secret(is_plugin ? &auth->credential.key_pem : &context->key_pem),
		.serial = auth->serial,
	};
	return true;
}

const char *kube_auth_complaint(const struct kube_auth *auth)
{
	return auth->complaint ? auth->complaint : "";
}

struct kube_auth *kube_auth_new(uv_loop_t *loop, const struct kube_context *context, kube_auth_fn *on_answer, void *arg)
{
	struct kube_auth *auth = xcalloc(1, sizeof(*auth));

	auth->loop = loop;
	auth->context = context;
	auth->on_answer = on_answer;
	auth->arg = arg;
	auth->token_read_ms = auth->said_ms = auth->failed_ms = auth->renewed_ms = INT64_MIN;
	auth->cert_expiry_s = expiry_of_cert(slice_of(context->cert_pem));
	auth->token_expiry_s = expiry_of(&context->token);
	auth->repeat = xcalloc(1, sizeof(*auth->repeat));
	uv_timer_init(loop, auth->repeat);
	auth->repeat->data = auth;
	DL_APPEND(all, auth);
	show(auth);
	return auth;
}

static void free_handle(uv_handle_t *handle)
{
	free(handle);
}

void kube_auth_free(struct kube_auth *auth)
{
	if (!auth)
		return;
	exec_run_cancel(auth->run);
	uv_close((uv_handle_t *)auth->repeat, free_handle);
	leave_metrics(auth);
	exec_credential_release(&auth->credential);
	secret_release(&auth->token);
	free(auth->complaint);
	free(auth);
}
