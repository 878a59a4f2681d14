#include "common/kube/exec_plugin.h"

#include <errno.h>
#include <openssl/evp.h>
#include <signal.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/json.h"
#include "common/kube/expiry.h"

#define STDERR_MAX_BYTES 1200          /* 300 characters of four bytes */
#define MESSAGE_MAX_CHARS 300
#define DRAIN_MS 1000                  /* for pipes that somebody else keeps open once the program has ended */

extern char **environ;

struct output {
	uv_pipe_t pipe;
	struct exec_run *run;
	size_t max_bytes;
	bool is_open;
	struct secret text;            /* n: what was read; room for max_bytes */
	bool is_over;
};

struct exec_run {
	uv_process_t process;
	uv_timer_t timer;
	struct output out, err_out;
	int n_handles;
	bool has_process;              /* the handle is in use */
	bool is_running;               /* the program */
	bool is_told;                  /* done was called, or must not be */
	char *name, *install_hint, *api_version;
	int64_t limit_ms;
	struct err failure;
	int64_t exit_code;
	int exit_signal;
	exec_done_fn *done;
	void *arg;
};

/* ---- what it is told, what it says ---- */

static void put_base64(cJSON *object, const char *key, const char *text)
{
	size_t n = strlen(text);
	CLEANUP(freep) char *packed = xcalloc(n + 3, 2);

	EVP_EncodeBlock((unsigned char *)packed, (const unsigned char *)text, (int)n);
	json_put_str(object, key, packed);
}

static void put_cluster(cJSON *spec, const struct kube_context *context)
{
	cJSON *cluster = json_put_object(spec, "cluster");
	const char *proxy = context->proxy.bytes;

	json_put_str(cluster, "server", context->server);
	if (context->tls_server_name)
		json_put_str(cluster, "tls-server-name", context->tls_server_name);
	if (context->insecure)
		json_put_bool(cluster, "insecure-skip-tls-verify", true);
	if (context->ca_pem)
		put_base64(cluster, "certificate-authority-data", context->ca_pem);
	if (proxy && strncmp(proxy, "socks5h:", 8) == 0) {
		CLEANUP(freep) char *plain = xasprintf("socks5:%s", proxy + 8);

		json_put_str(cluster, "proxy-url", plain);
		explicit_bzero(plain, strlen(plain));
	} else if (proxy) {
		json_put_str(cluster, "proxy-url", proxy);
	}
	if (context->exec->cluster_config)
		json_put(cluster, "config", json_parse(slice_of(context->exec->cluster_config), NULL));
}

char *exec_info(const struct kube_context *context)
{
	CLEANUP(json_wipe_freep) cJSON *info = cJSON_CreateObject();
	cJSON *spec;

	json_put_str(info, "kind", "ExecCredential");
	json_put_str(info, "apiVersion", context->exec->api_version);
	spec = json_put_object(info, "spec");
	if (context->exec->wants_cluster)
		put_cluster(spec, context);
	json_put_bool(spec, "interactive", false);
	return json_text(info);
}

static bool read_status(const cJSON *status, struct exec_credential *out, struct err *err)
{
	const char *token = json_str(status, "token"), *cert = json_str(status, "clientCertificateData"),
		   *key = json_str(status, "clientKeyData"), *expires = json_str(status, "expirationTimestamp");

	cert = cert && *cert ? cert : NULL;
	key = key && *key ? key : NULL;
	if (!cert != !key)
		return err_set(err, ERR_AUTH, "status.%s: missing", cert ? "clientKeyData" : "clientCertificateData");
	if ((!token || !*token) && !cert)
		return err_set(err, ERR_AUTH, "status: neither a token nor a certificate");
	if (expires && *expires && !(out->expires_s = expiry_of_timestamp(expires)))
		return err_set(err, ERR_AUTH, "status.expirationTimestamp: not a time");
	if (token && *token)
		secret_set(&out->token, slice_of(token));
	if (cert) {
		out->cert_pem = xstrdup(cert);
		secret_set(&out->key_pem, slice_of(key));
	}
	return true;
}

bool exec_credential_read(struct slice text, const char *api_version, struct exec_credential *out, struct err *err)
{
	CLEANUP(json_wipe_freep) cJSON *json = json_parse(text, NULL);
	const char *kind = json_str(json, "kind"), *version = json_str(json, "apiVersion");

	*out = (struct exec_credential){ 0 };
	if (!cJSON_IsObject(json) || !kind || !streq(kind, "ExecCredential"))
		return err_set(err, ERR_AUTH, "its output is no ExecCredential");
	if (!version || !streq(version, api_version))
		return err_set(err, ERR_AUTH, "its output is not of version %s", api_version);
	if (!json_get(json, "status"))
		return err_set(err, ERR_AUTH, "status: missing");
	return read_status(json_get(json, "status"), out, err);
}

void exec_credential_release(struct exec_credential *credential)
{
	secret_release(&credential->token);
	free(credential->cert_pem);
	secret_release(&credential->key_pem);
	*credential = (struct exec_credential){ 0 };
}

/* ---- how it ended ---- */

/* For a message: one line of printable characters. */
static char *quote(const struct secret *text)
{
	struct slice s = slice_trim((struct slice){ text->bytes, text->n });
	char *out = slice_dup(s);
	size_t n_chars = 0;

	for (char *c = out; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
		if (((unsigned char)*c & 0xc0) != 0x80 && ++n_chars > MESSAGE_MAX_CHARS) {
			*c = '\0';
			break;
		}
	}
	return out;
}

static bool failed(struct exec_run *run, struct err *err)
{
	CLEANUP(freep) char *said = quote(&run->err_out.text);
	const char *colon = *said ? ": " : "";

	if (run->failure.code)
		return err_set(err, ERR_AUTH, "%s%s%s", run->failure.msg, colon, said);
	if (run->exit_signal)
		return err_set(err, ERR_AUTH, "ended by signal %d%s%s", run->exit_signal, colon, said);
	if (run->exit_code)
		return err_set(err, ERR_AUTH, "exit code %lld%s%s", (long long)run->exit_code, colon, said);
	if (run->out.is_over)
		return err_set(err, ERR_AUTH, "over %zu bytes on its stdout", run->out.max_bytes);
	return true;
}

static void tell(struct exec_run *run)
{
	struct exec_credential credential = { 0 };
	struct err err = { 0 };

	if (run->is_told)
		return;
	run->is_told = true;
	if (failed(run, &err) &&
	    exec_credential_read((struct slice){ run->out.text.bytes, run->out.text.n }, run->api_version, &credential, &err)) {
		run->done(run->arg, &credential, NULL);
		exec_credential_release(&credential);
		return;
	}
	err_wrap(&err, "exec plugin %s", run->name);
	run->done(run->arg, NULL, &err);
}

/* ---- the process ---- */

static void on_closed(uv_handle_t *handle)
{
	struct exec_run *run = handle->data;

	if (--run->n_handles > 0)
		return;
	secret_release(&run->out.text);
	secret_release(&run->err_out.text);
	free(run->name);
	free(run->install_hint);
	free(run->api_version);
	free(run);
}

static void close_output(struct output *output)
{
	if (output->is_open)
		uv_close((uv_handle_t *)&output->pipe, on_closed);
	output->is_open = false;
}

/* The process's handle goes last: closed before its end is seen, it would leave a zombie. */
static void close_rest(struct exec_run *run)
{
	close_output(&run->out);
	close_output(&run->err_out);
	if (!uv_is_closing((uv_handle_t *)&run->timer))
		uv_close((uv_handle_t *)&run->timer, on_closed);
	if (run->has_process && !run->is_running && !uv_is_closing((uv_handle_t *)&run->process))
		uv_close((uv_handle_t *)&run->process, on_closed);
}

static void finish(struct exec_run *run)
{
	close_rest(run);
	tell(run);
}

static void kill_group(struct exec_run *run)
{
	if (run->is_running)
		kill(-run->process.pid, SIGKILL);
}

static void on_timer(uv_timer_t *timer)
{
	struct exec_run *run = timer->data;

	if (run->is_running)
		err_set(&run->failure, ERR_AUTH, "no answer within %lld s", (long long)((run->limit_ms + 999) / 1000));
	kill_group(run);
	finish(run);
}

static void on_exit_of(uv_process_t *process, int64_t code, int number)
{
	struct exec_run *run = process->data;

	run->is_running = false;
	run->exit_code = code;
	run->exit_signal = number;
	if (run->is_told || (!run->out.is_open && !run->err_out.is_open))
		finish(run);
	else
		uv_timer_start(&run->timer, on_timer, DRAIN_MS, 0);
}

static void give_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	static char spare[4096];        /* what is over the limit is read, and lost, so that the program can end */
	struct output *output = container_of((uv_pipe_t *)handle, struct output, pipe);
	size_t room = output->max_bytes - output->text.n;

	(void)wanted;
	*out = room ? uv_buf_init(output->text.bytes + output->text.n, (unsigned)MIN(room, sizeof(spare)))
		    : uv_buf_init(spare, sizeof(spare));
}

static void on_bytes(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
	struct output *output = container_of((uv_pipe_t *)stream, struct output, pipe);
	struct exec_run *run = output->run;
	bool is_spare = output->text.n == output->max_bytes;

	if (n > 0 && is_spare) {
		explicit_bzero(bytes->base, (size_t)n);
		output->is_over = true;
	} else if (n > 0) {
		output->text.n += (size_t)n;
	} else if (n < 0) {
		close_output(output);
		if (!run->is_running && !run->out.is_open && !run->err_out.is_open)
			finish(run);
	}
}

/* A plain pipe, not libuv's socket: a script may open /dev/stderr. Gives the writing end. */
static int open_output(struct exec_run *run, struct output *output, size_t max_bytes)
{
	uv_file ends[2] = { -1, -1 };

	output->run = run;
	output->max_bytes = max_bytes;
	output->text = (struct secret){ xcalloc(1, max_bytes + 1), 0 };
	uv_pipe_init(run->timer.loop, &output->pipe, 0);
	output->pipe.data = run;
	output->is_open = true;
	run->n_handles++;
	if (uv_pipe(ends, UV_NONBLOCK_PIPE, 0) < 0)
		return -1;
	uv_pipe_open(&output->pipe, ends[0]);
	uv_read_start((uv_stream_t *)&output->pipe, give_room, on_bytes);
	return ends[1];
}

/* Ours, then the given ones instead of ours of the same name. Borrowed texts in a list to be freed. */
static char **environment(const struct kube_exec *exec, char *info)
{
	size_t n = 0, n_ours = 0;
	char **out;

	while (environ[n_ours])
		n_ours++;
	out = xcalloc(n_ours + exec->n_env + 2, sizeof(*out));
	out[n++] = info;
	for (size_t i = 0; i < n_ours + exec->n_env; i++) {
		char *pair = i < exec->n_env ? exec->env[exec->n_env - 1 - i].bytes : environ[i - exec->n_env];
		size_t n_name = strcspn(pair, "=") + 1, k = 0;

		while (k < n && strncmp(out[k], pair, n_name) != 0)
			k++;
		if (k == n)
			out[n++] = pair;
	}
	return out;
}

static int spawn(struct exec_run *run, const struct kube_context *context, int out_fd, int err_fd)
{
	const struct kube_exec *exec = context->exec;
	CLEANUP(freep) char **args = xcalloc(exec->args.n + 2, sizeof(*args));
	CLEANUP(freep) char *json = exec_info(context);
	CLEANUP(freep) char *info = xasprintf("KUBERNETES_EXEC_INFO=%s", json);
	CLEANUP(freep) char **env = environment(exec, info);
	uv_stdio_container_t stdio[3] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_INHERIT_FD, .data.fd = out_fd },
		{ .flags = UV_INHERIT_FD, .data.fd = err_fd },
	};
	uv_process_options_t options = {
		.file = exec->command, .args = args, .env = env, .stdio = stdio, .stdio_count = 3,
		.flags = UV_PROCESS_DETACHED, .exit_cb = on_exit_of,
	};
	int code;

	args[0] = exec->command;
	for (size_t i = 0; i < exec->args.n; i++)
		args[i + 1] = exec->args.v[i];
	run->process.data = run;
	run->has_process = true;
	run->n_handles++;
	code = uv_spawn(run->timer.loop, &run->process, &options);
	explicit_bzero(json, strlen(json));
	explicit_bzero(info, strlen(info));
	return code;
}

/* Without a program to wait for, the timer tells. */
static void set_not_started(struct exec_run *run, int code)
{
	if (run->install_hint && (code == UV_ENOENT || code == UV_EACCES))
		err_set(&run->failure, ERR_AUTH, "%s: %.*s", uv_strerror(code), MESSAGE_MAX_CHARS, run->install_hint);
	else
		err_set(&run->failure, ERR_AUTH, "%s", uv_strerror(code));
	uv_timer_start(&run->timer, on_timer, 1, 0);
}

struct exec_run *exec_run_start(uv_loop_t *loop, const struct kube_context *context, int64_t limit_ms, exec_done_fn *done,
				void *arg)
{
	struct exec_run *run = xcalloc(1, sizeof(*run));
	int out_fd, err_fd, code;

	run->name = xstrdup(context->exec->command);
	run->install_hint = xstrdup(context->exec->install_hint);
	run->api_version = xstrdup(context->exec->api_version);
	run->limit_ms = limit_ms;
	run->done = done;
	run->arg = arg;
	run->n_handles = 1;
	uv_timer_init(loop, &run->timer);
	run->timer.data = run;
	out_fd = open_output(run, &run->out, EXEC_PLUGIN_MAX_BYTES);
	err_fd = open_output(run, &run->err_out, STDERR_MAX_BYTES);
	code = out_fd < 0 || err_fd < 0 ? UV_EMFILE : 0;
	if (code == 0)
		code = spawn(run, context, out_fd, err_fd);
	if (out_fd >= 0)
		close(out_fd);
	if (err_fd >= 0)
		close(err_fd);
	run->is_running = code == 0;
	if (code < 0)
		set_not_started(run, code);
	else
		uv_timer_start(&run->timer, on_timer, (uint64_t)limit_ms, 0);
	return run;
}

void exec_run_cancel(struct exec_run *run)
{
	if (!run || run->is_told)
		return;
	run->is_told = true;
	kill_group(run);
	close_rest(run);
}
