#include "common/kube/kubeconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/table.h"
#include "common/base/yaml.h"
#include "common/kube/kubeconfig_parts.h"

#define WORD_COST_BYTES 64             /* of an argument, beside its text */
#define EXEC_GROUP "client.authentication.k8s.io"
#define SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* The file as it is written. */
struct cluster_entry {
	char *name, *server, *tls_server_name, *proxy_url;
	char *ca_file, *ca_data;
	bool insecure;
};

struct env_entry {
	char *name, *value;
};

struct exec_entry {
	char *command, *api_version, *install_hint, *interactive_mode;
	struct strs args;
	struct env_entry *env;
	size_t n_env;
	bool wants_cluster;
};

struct user_entry {
	char *name;
	char *cert_file, *cert_data, *key_file, *key_data;
	char *token, *token_file;
	char *username, *password, *as;
	struct exec_entry exec;
	bool has_exec, has_auth_provider;
};

struct context_entry {
	char *name, *cluster, *user, *namespace;
};

struct file {
	char *current;
	struct cluster_entry *clusters;
	struct user_entry *users;
	struct context_entry *contexts;
	size_t n_clusters, n_users, n_contexts;
	const cJSON *json;             /* what it was read from, borrowed: extensions have any form */
};

static const struct field no_fields[] = { { 0 } };

static const struct field cluster_fields[] = {
	{ "server",                     STR_AT(struct cluster_entry, server), .never_null = true },
	{ "certificate-authority",      STR_AT(struct cluster_entry, ca_file) },
	{ "certificate-authority-data", STR_AT(struct cluster_entry, ca_data) },
	{ "insecure-skip-tls-verify",   BOOL_AT(struct cluster_entry, insecure) },
	{ "tls-server-name",            STR_AT(struct cluster_entry, tls_server_name) },
	{ "proxy-url",                  STR_AT(struct cluster_entry, proxy_url) },
	{ 0 },
};

static const struct field env_fields[] = {
	{ "name",  STR_AT(struct env_entry, name), .never_null = true },
	{ "value", STR_AT(struct env_entry, value), .never_null = true },
	{ 0 },
};

static const struct field exec_fields[] = {
	{ "apiVersion",         STR_AT(struct exec_entry, api_version), .never_null = true },
	{ "command",            STR_AT(struct exec_entry, command), .never_null = true },
	{ "args",               STRS_AT(struct exec_entry, args) },
	{ "env",                LIST_AT(struct exec_entry, env, n_env, struct env_entry, env_fields) },
	{ "installHint",        STR_AT(struct exec_entry, install_hint) },
	{ "interactiveMode",    STR_AT(struct exec_entry, interactive_mode), .never_null = true },
	{ "provideClusterInfo", BOOL_AT(struct exec_entry, wants_cluster) },
	{ 0 },
};

static const struct field user_fields[] = {
	{ "client-certificate",      STR_AT(struct user_entry, cert_file) },
	{ "client-certificate-data", STR_AT(struct user_entry, cert_data) },
	{ "client-key",              STR_AT(struct user_entry, key_file) },
	{ "client-key-data",         STR_AT(struct user_entry, key_data) },
	{ "token",                   STR_AT(struct user_entry, token) },
	{ "tokenFile",               STR_AT(struct user_entry, token_file) },
	{ "username",                STR_AT(struct user_entry, username) },
	{ "password",                STR_AT(struct user_entry, password) },
	{ "as",                      STR_AT(struct user_entry, as) },
	{ "exec",                    OBJECT_AT(struct user_entry, exec, exec_fields), HAS_AT(struct user_entry, has_exec) },
	{ "auth-provider",           FLAT(no_fields), HAS_AT(struct user_entry, has_auth_provider) },
	{ 0 },
};

static const struct field context_fields[] = {
	{ "cluster",   STR_AT(struct context_entry, cluster), .never_null = true },
	{ "user",      STR_AT(struct context_entry, user), .never_null = true },
	{ "namespace", STR_AT(struct context_entry, namespace) },
	{ 0 },
};

static const struct field named_cluster_fields[] = {
	{ "name",    STR_AT(struct cluster_entry, name), .is_required = true },
	{ "cluster", FLAT(cluster_fields) },
	{ 0 },
};

static const struct field named_user_fields[] = {
	{ "name", STR_AT(struct user_entry, name), .is_required = true },
	{ "user", FLAT(user_fields) },
	{ 0 },
};

static const struct field named_context_fields[] = {
	{ "name",    STR_AT(struct context_entry, name), .is_required = true },
	{ "context", FLAT(context_fields) },
	{ 0 },
};

static const struct field file_fields[] = {
	{ "current-context", STR_AT(struct file, current) },
	{ "clusters",        LIST_AT(struct file, clusters, n_clusters, struct cluster_entry, named_cluster_fields) },
	{ "users",           LIST_AT(struct file, users, n_users, struct user_entry, named_user_fields) },
	{ "contexts",        LIST_AT(struct file, contexts, n_contexts, struct context_entry, named_context_fields) },
	{ 0 },
};

static bool is_given(const char *text)
{
	return text && *text;
}

/* What may be secret is wiped before it is freed. */
static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
}

static void file_release(struct file *file)
{
	for (size_t i = 0; i < file->n_users; i++) {
		wipe(file->users[i].key_data);
		wipe(file->users[i].token);
		wipe(file->users[i].password);
		for (size_t e = 0; e < file->users[i].exec.n_env; e++)
			wipe(file->users[i].exec.env[e].value);
	}
	for (size_t i = 0; i < file->n_clusters; i++)
		wipe(file->clusters[i].proxy_url);
	table_release(file_fields, file);
}

/* Base64 as Go's decoder takes it: padded, line ends anywhere. EVP_DecodeBlock alone would also take
 * blanks and early '='. */
static bool base64_decode(const char *text, struct secret *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct secret packed = { 0 }, bytes = { 0 };
	size_t n = 0, n_pads, n_digits;
	int size = 0;

	secret_set(&packed, slice_of(text));
	for (const char *c = text; *c; c++)
		if (*c != '\r' && *c != '\n')
			packed.bytes[n++] = *c;
	packed.bytes[n] = '\0';
	n_digits = strspn(packed.bytes, alphabet);
	n_pads = strspn(packed.bytes + n_digits, "=");
	if (n_digits + n_pads == n && n % 4 == 0 && n_pads <= 2) {
		secret_set(&bytes, slice_of(packed.bytes));       /* room enough: three for four */
		size = EVP_DecodeBlock((unsigned char *)bytes.bytes, (unsigned char *)packed.bytes, (int)n);
		secret_set(out, (struct slice){ bytes.bytes, size > 0 ? (size_t)size - n_pads : 0 });
	} else {
		size = -1;
	}
	secret_release(&packed);
	secret_release(&bytes);
	return size >= 0;
}

bool kubeconfig_read_file(const char *path, size_t max_bytes, bool is_any, struct secret *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | (is_any ? 0 : O_NONBLOCK)), failed;
	struct stat st = { 0 };
	char *bytes;
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0)
		return err_set(err, errno == ENOENT ? ERR_NOTFOUND : ERR_INVALID, "read %s: %s", path, strerror(errno));
	if (!is_any && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		return err_set(err, ERR_INVALID, "read %s: not a file", path);
	}
	bytes = xmalloc(max_bytes + 1);
	while (n <= max_bytes && ((got = read(fd, bytes + n, max_bytes + 1 - n)) > 0 || (got < 0 && errno == EINTR)))
		n += got > 0 ? (size_t)got : 0;
	failed = errno;
	close(fd);
	if (got >= 0 && n <= max_bytes)
		secret_set(out, (struct slice){ bytes, n });
	explicit_bzero(bytes, n);
	free(bytes);
	if (got < 0)
		return err_set(err, ERR_INVALID, "read %s: %s", path, strerror(failed));
	return n <= max_bytes || err_set(err, ERR_LIMIT, "read %s: over %zu bytes", path, max_bytes);
}

char *kubeconfig_path_in(const char *dir, const char *path)
{
	return *path == '/' || !dir ? xstrdup(path) : xasprintf("%s/%s", dir, path);
}

/* One of a pair like client-key and client-key-data; data wins. Absent: *out stays empty. */
static bool pem_read(const char *data, const char *file, const char *dir, struct secret *out, struct err *err)
{
	CLEANUP(freep) char *path = NULL;

	if (is_given(data)) {
		base64_decode(data, out);            /* check_file() has seen that it can be */
		return true;
	}
	if (!is_given(file))
		return true;
	path = kubeconfig_path_in(dir, file);
	if (!kubeconfig_read_file(path, KUBECONFIG_PEM_MAX_BYTES, false, out, err))
		return false;
	return (out->n && strlen(out->bytes) == out->n) || err_set(err, ERR_INVALID, "%s: empty or not text", path);
}

static bool check_base64(const char *data, const char *list, size_t index, const char *field, struct err *err)
{
	struct secret bytes = { 0 };
	bool is_good = !is_given(data) ||
		       (base64_decode(data, &bytes) && bytes.n && strlen(bytes.bytes) == bytes.n);

	secret_release(&bytes);
	return is_good || err_set(err, ERR_INVALID, "%s[%zu].%s: not base64", list, index, field);
}

static bool check_file(const struct file *f, struct err *err)
{
	if (f->n_clusters > KUBECONFIG_MAX_ENTRIES || f->n_users > KUBECONFIG_MAX_ENTRIES ||
	    f->n_contexts > KUBECONFIG_MAX_ENTRIES)
		return err_set(err, ERR_LIMIT, "more than %d clusters, users or contexts", KUBECONFIG_MAX_ENTRIES);
	for (size_t i = 0; i < f->n_clusters; i++)
		if (!check_base64(f->clusters[i].ca_data, "clusters", i, "cluster.certificate-authority-data", err))
			return false;
	for (size_t i = 0; i < f->n_users; i++)
		if (!check_base64(f->users[i].cert_data, "users", i, "user.client-certificate-data", err) ||
		    !check_base64(f->users[i].key_data, "users", i, "user.client-key-data", err))
			return false;
	return true;
}

/* Without a slash at the end; NULL where it is no address of an API server. */
static char *server_url(const char *server)
{
	size_t n = strlen(server), scheme = strncmp(server, "https://", 8) == 0 ? 8 : 7;

	if (scheme == 7 && strncmp(server, "http://", 7) != 0)
		return NULL;
	for (const char *c = server; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("@?#\\\"<>^`{|}", *c))
			return NULL;
	while (n > scheme && server[n - 1] == '/')
		n--;
	return n > scheme && server[scheme] != '/' && server[scheme] != ':' ? xstrndup(server, n) : NULL;
}

/* Without a slash at the end, and for curl: "socks5h" has the proxy resolve the name, as "socks5" means elsewhere. */
static bool proxy_read(const char *url, struct secret *out)
{
	static const char *const schemes[][2] = {
		{ "http://", "http://" }, { "https://", "https://" }, { "socks5://", "socks5h://" },
	};
	size_t n = strlen(url), i = 0;
	char *address;

	while (i < ARRAY_SIZE(schemes) && strncmp(url, schemes[i][0], strlen(schemes[i][0])) != 0)
		i++;
	if (i == ARRAY_SIZE(schemes))
		return false;
	url += strlen(schemes[i][0]);
	n -= strlen(schemes[i][0]);
	while (n > 0 && url[n - 1] == '/')
		n--;
	for (size_t c = 0; c < n; c++)
		if ((unsigned char)url[c] <= ' ' || (unsigned char)url[c] >= 0x7f || strchr("/?#\\\"<>^`{|}", url[c]))
			return false;
	if (n == 0 || *url == ':' || url[n - 1] == '@')
		return false;
	address = xasprintf("%s%.*s", schemes[i][1], (int)n, url);
	secret_set(out, slice_of(address));
	wipe(address);
	free(address);
	return true;
}

static bool resolve_cluster(const struct cluster_entry *c, size_t index, const char *dir, struct kube_context *out,
			    struct err *err)
{
	CLEANUP(secret_release) struct secret ca = { 0 };

	out->server = server_url(c->server);
	if (!out->server)
		return err_set(err, ERR_INVALID, "clusters[%zu].cluster.server: %s", index,
			       *c->server ? "not an https:// address" : "missing");
	if (is_given(c->proxy_url) && !proxy_read(c->proxy_url, &out->proxy))
		return err_set(err, ERR_INVALID, "clusters[%zu].cluster.proxy-url: not an http://, https:// or socks5:// address",
			       index);
	if (c->insecure && (is_given(c->ca_data) || is_given(c->ca_file)))
		return err_set(err, ERR_INVALID, "clusters[%zu].cluster.insecure-skip-tls-verify: not together with a "
			       "certificate authority", index);
	if (!pem_read(c->ca_data, c->ca_file, dir, &ca, err))
		return err_wrap(err, "clusters[%zu].cluster.certificate-authority", index);
	out->ca_pem = TAKE(ca.bytes);
	out->insecure = c->insecure;
	out->tls_server_name = is_given(c->tls_server_name) ? xstrdup(c->tls_server_name) : NULL;
	return true;
}

/* The name of a field we cannot do. Passing over one of them would make us somebody else. */
static const char *unsupported(const struct user_entry *u)
{
	return u->has_auth_provider ? "auth-provider" : is_given(u->as) ? "as" : NULL;
}

/* What is wrong with it, in the form "field: reason"; NULL: nothing. As kubectl judges. */
static const char *exec_fault(const struct exec_entry *exec)
{
	bool is_v1 = streq(exec->api_version, EXEC_GROUP "/v1"), is_beta = streq(exec->api_version, EXEC_GROUP "/v1beta1");
	const char *mode = exec->interactive_mode;

	if (!*exec->command)
		return "command: missing";
	if (!is_v1 && !is_beta)
		return *exec->api_version ? "apiVersion: neither " EXEC_GROUP "/v1 nor v1beta1" : "apiVersion: missing";
	if (streq(mode, "Always"))
		return "interactiveMode: Always, but nobody sits here";
	if (!*mode && is_v1)
		return "interactiveMode: missing";
	if (*mode && !streq(mode, "Never") && !streq(mode, "IfAvailable"))
		return "interactiveMode: not Never, IfAvailable or Always";
	if (exec->n_env > KUBECONFIG_MAX_WORDS || exec->args.n > KUBECONFIG_MAX_WORDS)
		return "args, env: too many";
	for (size_t i = 0; i < exec->n_env; i++)
		if (!*exec->env[i].name || strchr(exec->env[i].name, '='))
			return "env: a name is missing or has a =";
	return NULL;
}

/* What the cluster's entry says to such programs. */
static char *exec_config(const struct file *f, size_t cluster)
{
	const cJSON *named = cJSON_GetArrayItem(json_get(f->json, "clusters"), (int)cluster), *extension;

	cJSON_ArrayForEach(extension, json_at(named, "cluster", "extensions", NULL)) {
		const char *name = json_str(extension, "name");
		const cJSON *config = json_get(extension, "extension");

		if (name && streq(name, EXEC_GROUP "/exec") && config)
			return json_text(config);
	}
	return NULL;
}

static void resolve_exec(const struct file *f, const struct exec_entry *entry, size_t cluster, const char *dir,
			 struct kube_context *out)
{
	struct kube_exec *exec = out->exec = xcalloc(1, sizeof(*exec));

	exec->command = strchr(entry->command, '/') ? kubeconfig_path_in(dir, entry->command) : xstrdup(entry->command);
	strs_copy(&exec->args, &entry->args);
	exec->env = xcalloc(entry->n_env, sizeof(*exec->env));
	for (; exec->n_env < entry->n_env; exec->n_env++) {
		char *pair = xasprintf("%s=%s", entry->env[exec->n_env].name, entry->env[exec->n_env].value);

		secret_set(&exec->env[exec->n_env], slice_of(pair));
		wipe(pair);
		free(pair);
	}
	exec->api_version = xstrdup(entry->api_version);
	exec->install_hint = is_given(entry->install_hint) ? xstrdup(entry->install_hint) : NULL;
	exec->wants_cluster = entry->wants_cluster;
	exec->cluster_config = exec_config(f, cluster);
}

static bool resolve_basic(const struct user_entry *u, size_t index, struct kube_context *out, struct err *err)
{
	char *pair;

	if (!is_given(u->username) && !is_given(u->password))
		return true;
	if (is_given(u->token) || is_given(u->token_file))
		return err_set(err, ERR_INVALID, "users[%zu].user.username: not together with a token", index);
	pair = xasprintf("%s:%s", u->username ? u->username : "", u->password ? u->password : "");
	secret_set(&out->basic, slice_of(pair));
	wipe(pair);
	free(pair);
	return true;
}

static bool resolve_user(const struct user_entry *u, size_t index, const char *dir, struct kube_context *out,
			 struct err *err)
{
	CLEANUP(secret_release) struct secret cert = { 0 };

	if (unsupported(u))
		return err_set(err, ERR_INVALID, "users[%zu].user.%s: not supported", index, unsupported(u));
	if (!pem_read(u->cert_data, u->cert_file, dir, &cert, err))
		return err_wrap(err, "users[%zu].user.client-certificate", index);
	out->cert_pem = TAKE(cert.bytes);
	if (!pem_read(u->key_data, u->key_file, dir, &out->key_pem, err))
		return err_wrap(err, "users[%zu].user.client-key", index);
	if (!out->cert_pem != !secret_is_set(&out->key_pem))
		return err_set(err, ERR_INVALID, "users[%zu].user.%s: missing", index,
			       out->cert_pem ? "client-key" : "client-certificate");
	if (is_given(u->token))
		secret_set(&out->token, slice_of(u->token));
	if (is_given(u->token_file))
		out->token_file = kubeconfig_path_in(dir, u->token_file);
	return resolve_basic(u, index, out, err);
}

static bool is_somebody(const struct kube_context *c)
{
	return c->cert_pem || secret_is_set(&c->token) || c->token_file || secret_is_set(&c->basic);
}

static bool resolve_entry(const struct file *f, size_t index, const char *dir, struct kube_context *out,
			  struct err *err)
{
	const struct context_entry *entry = &f->contexts[index];
	size_t c = 0, u = 0;

	if (!*entry->cluster)
		return err_set(err, ERR_INVALID, "contexts[%zu].context.cluster: missing", index);
	while (c < f->n_clusters && !streq(f->clusters[c].name, entry->cluster))
		c++;
	if (c == f->n_clusters)
		return err_set(err, ERR_INVALID, "contexts[%zu].context.cluster: no cluster \"%s\"", index, entry->cluster);
	while (u < f->n_users && !streq(f->users[u].name, entry->user))
		u++;
	if (u == f->n_users && *entry->user)
		return err_set(err, ERR_INVALID, "contexts[%zu].context.user: no user \"%s\"", index, entry->user);
	if (!resolve_cluster(&f->clusters[c], c, dir, out, err))
		return false;
	if (u < f->n_users && !resolve_user(&f->users[u], u, dir, out, err))
		return false;
	if (u < f->n_users && f->users[u].has_exec && exec_fault(&f->users[u].exec))
		return err_set(err, ERR_INVALID, "users[%zu].user.exec.%s", u, exec_fault(&f->users[u].exec));
	if (u < f->n_users && f->users[u].has_exec && !is_somebody(out))
		resolve_exec(f, &f->users[u].exec, c, dir, out);
	if (out->server[4] == ':' && (is_somebody(out) || out->exec))
		return err_set(err, ERR_INVALID, "clusters[%zu].cluster.server: credentials are sent over https:// only", c);
	return true;
}

static void resolve(const struct file *f, size_t index, const char *dir, struct kube_context *out)
{
	const struct context_entry *entry = &f->contexts[index];
	struct err err = { 0 };

	*out = (struct kube_context){ 0 };
	if (!resolve_entry(f, index, dir, out, &err)) {
		kube_context_release(out);
		out->error = xstrdup(err.msg);
	}
	out->name = xstrdup(entry->name);
	out->namespace = is_given(entry->namespace) ? xstrdup(entry->namespace) : NULL;
}

static size_t text_bytes(const char *text)
{
	return text ? strlen(text) : 0;
}

static size_t context_bytes(const struct kube_context *context)
{
	const struct kube_exec *exec = context->exec;
	size_t n = text_bytes(context->ca_pem) + text_bytes(context->cert_pem) + context->key_pem.n + context->token.n +
		   context->basic.n + context->proxy.n;

	if (!exec)
		return n;
	n += text_bytes(exec->cluster_config) + text_bytes(exec->install_hint);
	for (size_t i = 0; i < exec->args.n; i++)
		n += strlen(exec->args.v[i]) + WORD_COST_BYTES;
	for (size_t i = 0; i < exec->n_env; i++)
		n += exec->env[i].n + WORD_COST_BYTES;
	return n;
}

static bool resolve_all(const struct file *f, const char *dir, struct kubeconfig *out, struct err *err)
{
	size_t bytes = 0;

	out->contexts = xcalloc(f->n_contexts, sizeof(*out->contexts));
	for (size_t i = 0; i < f->n_contexts; i++) {
		struct kube_context *context = &out->contexts[out->n_contexts];

		if (kubeconfig_find(out, f->contexts[i].name))
			continue;
		resolve(f, i, dir, context);
		out->n_contexts++;
		bytes += context_bytes(context);
		if (bytes > KUBECONFIG_MAX_RESOLVED_BYTES)
			return err_set(err, ERR_LIMIT, "credentials of all contexts together over %d bytes",
				       KUBECONFIG_MAX_RESOLVED_BYTES);
	}
	return true;
}

bool kubeconfig_from_json(const cJSON *json, const char *dir, struct kubeconfig *out, struct err *err)
{
	struct file file = { .json = json };
	bool is_good;

	*out = (struct kubeconfig){ 0 };
	if (!cJSON_IsObject(json))
		return err_set(err, ERR_INVALID, cJSON_IsNull(json) ? "empty" : "not a kubeconfig: no fields in it");
	is_good = table_read(file_fields, json, "", &file, err) && check_file(&file, err) &&
		  resolve_all(&file, dir, out, err);
	if (is_good)
		out->current = is_given(file.current) ? xstrdup(file.current) : NULL;
	else
		kubeconfig_release(out);
	file_release(&file);
	return is_good;
}

bool kubeconfig_parse(struct slice text, const char *dir, struct kubeconfig *out, struct err *err)
{
	CLEANUP(json_wipe_freep) cJSON *json = NULL;

	*out = (struct kubeconfig){ 0 };
	if (text.n > KUBECONFIG_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "over %d bytes", KUBECONFIG_MAX_BYTES);
	json = yaml_parse(text, err);
	return json && kubeconfig_from_json(json, dir, out, err);
}

bool kubeconfig_read(const char *path, struct kubeconfig *out, struct err *err)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(freep) char *dir = slash ? xstrndup(path, (size_t)(slash - path)) : NULL;
	CLEANUP(secret_release) struct secret text = { 0 };

	*out = (struct kubeconfig){ 0 };
	if (!kubeconfig_read_file(path, KUBECONFIG_MAX_BYTES, true, &text, err))
		return false;
	if (!kubeconfig_parse((struct slice){ text.bytes, text.n }, dir, out, err))
		return err_wrap(err, "%s", path);
	return true;
}

static bool fill_in_cluster(const char *dir, struct kube_context *context, struct err *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
	CLEANUP(freep) char *ca_path = kubeconfig_path_in(dir, "ca.crt"), *namespace_path = kubeconfig_path_in(dir, "namespace");
	CLEANUP(secret_release) struct secret token = { 0 }, namespace = { 0 };
	CLEANUP(secret_release) struct secret ca = { 0 };
	struct slice name;

	if (!is_given(host) || !is_given(port))
		return err_set(err, ERR_NOTFOUND, "not in a pod: KUBERNETES_SERVICE_HOST or _PORT is not set");
	context->server = xasprintf(strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	context->token_file = kubeconfig_path_in(dir, "token");
	/* The token changes and is read by the client; here it only has to be there. */
	if (!kubeconfig_read_file(context->token_file, KUBECONFIG_PEM_MAX_BYTES, false, &token, err) ||
	    !kubeconfig_read_file(ca_path, KUBECONFIG_PEM_MAX_BYTES, false, &ca, err))
		return false;
	context->ca_pem = TAKE(ca.bytes);
	if (kubeconfig_read_file(namespace_path, KUBECONFIG_PEM_MAX_BYTES, false, &namespace, NULL)) {
		name = slice_trim((struct slice){ namespace.bytes, namespace.n });
		context->namespace = name.n ? slice_dup(name) : NULL;
	}
	return true;
}

bool kubeconfig_in_cluster_at(const char *dir, const char *name, struct kubeconfig *out, struct err *err)
{
	*out = (struct kubeconfig){ .contexts = xcalloc(1, sizeof(*out->contexts)), .n_contexts = 1 };
	if (!fill_in_cluster(dir, out->contexts, err)) {
		kubeconfig_release(out);
		return false;
	}
	out->contexts->name = xstrdup(name);
	out->current = xstrdup(name);
	return true;
}

bool kubeconfig_in_cluster(const char *name, struct kubeconfig *out, struct err *err)
{
	return kubeconfig_in_cluster_at(SERVICE_ACCOUNT_DIR, name, out, err);
}

const struct kube_context *kubeconfig_find(const struct kubeconfig *config, const char *name)
{
	for (size_t i = 0; i < config->n_contexts; i++)
		if (streq(config->contexts[i].name, name))
			return &config->contexts[i];
	return NULL;
}

void kubeconfig_release(struct kubeconfig *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_contexts; i++)
		kube_context_release(&config->contexts[i]);
	free(config->contexts);
	free(config->current);
	*config = (struct kubeconfig){ 0 };
}

static bool exec_same(const struct kube_exec *a, const struct kube_exec *b)
{
	if (!a || !b)
		return a == b;
	if (a->n_env != b->n_env)
		return false;
	for (size_t i = 0; i < a->n_env; i++)
		if (!secret_same(&a->env[i], &b->env[i]))
			return false;
	return streq(a->command, b->command) && strs_same_list(&a->args, &b->args) && streq(a->api_version, b->api_version) &&
	       streq0(a->install_hint, b->install_hint) && a->wants_cluster == b->wants_cluster &&
	       streq0(a->cluster_config, b->cluster_config);
}

bool kube_context_same(const struct kube_context *a, const struct kube_context *b)
{
	return streq0(a->name, b->name) && streq0(a->server, b->server) && streq0(a->namespace, b->namespace) &&
	       streq0(a->tls_server_name, b->tls_server_name) && a->insecure == b->insecure &&
	       streq0(a->ca_pem, b->ca_pem) && streq0(a->cert_pem, b->cert_pem) &&
	       secret_same(&a->key_pem, &b->key_pem) && secret_same(&a->token, &b->token) &&
	       streq0(a->token_file, b->token_file) && secret_same(&a->basic, &b->basic) &&
	       secret_same(&a->proxy, &b->proxy) && exec_same(a->exec, b->exec) && streq0(a->error, b->error);
}

static void secret_copy(struct secret *to, const struct secret *from)
{
	*to = (struct secret){ 0 };
	if (secret_is_set(from))
		secret_set(to, (struct slice){ from->bytes, from->n });
}

static struct kube_exec *exec_copy(const struct kube_exec *from)
{
	struct kube_exec *to;

	if (!from)
		return NULL;
	to = xcalloc(1, sizeof(*to));
	to->command = xstrdup(from->command);
	strs_copy(&to->args, &from->args);
	to->env = xcalloc(from->n_env, sizeof(*to->env));
	for (; to->n_env < from->n_env; to->n_env++)
		secret_copy(&to->env[to->n_env], &from->env[to->n_env]);
	to->api_version = xstrdup(from->api_version);
	to->install_hint = xstrdup(from->install_hint);
	to->wants_cluster = from->wants_cluster;
	to->cluster_config = xstrdup(from->cluster_config);
	return to;
}

static void exec_free(struct kube_exec *exec)
{
	if (!exec)
		return;
	for (size_t i = 0; i < exec->n_env; i++)
		secret_release(&exec->env[i]);
	free(exec->env);
	strs_release(&exec->args);
	free(exec->command);
	free(exec->api_version);
	free(exec->install_hint);
	free(exec->cluster_config);
	free(exec);
}

void kube_context_copy(struct kube_context *to, const struct kube_context *from)
{
	*to = (struct kube_context){
		.name = xstrdup(from->name),
		.server = xstrdup(from->server),
		.namespace = xstrdup(from->namespace),
		.tls_server_name = xstrdup(from->tls_server_name),
		.insecure = from->insecure,
		.ca_pem = xstrdup(from->ca_pem),
		.cert_pem = xstrdup(from->cert_pem),
		.token_file = xstrdup(from->token_file),
		.exec = exec_copy(from->exec),
		.error = xstrdup(from->error),
	};
	secret_copy(&to->key_pem, &from->key_pem);
	secret_copy(&to->token, &from->token);
	secret_copy(&to->basic, &from->basic);
	secret_copy(&to->proxy, &from->proxy);
}

void kube_context_release(struct kube_context *context)
{
	if (!context)
		return;
	free(context->name);
	free(context->server);
	free(context->namespace);
	free(context->tls_server_name);
	free(context->ca_pem);
	free(context->cert_pem);
	secret_release(&context->key_pem);
	secret_release(&context->token);
	free(context->token_file);
	secret_release(&context->basic);
	secret_release(&context->proxy);
	exec_free(context->exec);
	free(context->error);
	*context = (struct kube_context){ 0 };
}
