/* kubeconfig files: contexts, credentials, and what is wrong with them. */
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/kube/kubeconfig.h"

/* "CA", "CERT", "KEY" in base64. */
#define CA64 "Q0E="
#define CERT64 "Q0VSVA=="
#define KEY64 "S0VZ"
#define V1 "apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, "
#define BETA "apiVersion: client.authentication.k8s.io/v1beta1, "

static const char whole[] =
	"apiVersion: v1\nkind: Config\ncurrent-context: east\npreferences: {}\n"
	"clusters:\n"
	"- name: c1\n  cluster:\n    server: https://10.0.0.1:6443/\n    certificate-authority-data: " CA64 "\n"
	"- name: c2\n  cluster: {server: \"https://[fd00::1]/k8s/clusters/x//\", insecure-skip-tls-verify: true, tls-server-name: api.example.org}\n"
	"- name: c1\n  cluster: {server: \"https://later.example.org\"}\n"
	"users:\n"
	"- name: u1\n  user:\n    client-certificate-data: " CERT64 "\n    client-key-data: |\n      S0\n      VZ\n"
	"- name: u2\n  user: {token: abc, tokenFile: tokens/t}\n"
	"contexts:\n"
	"- name: east\n  context: {cluster: c1, user: u1, namespace: shop}\n"
	"- name: arn:aws:eks/west\n  context: {cluster: c2, user: u2}\n"
	"- name: east\n  context: {cluster: c2, user: u2}\n"
	"- name: nobody\n  context: {cluster: c2}\n";

static void every_field_arrives(void **state)
{
	struct kubeconfig k;
	const struct kube_context *east, *west, *nobody;

	(void)state;
	assert_true(kubeconfig_parse(slice_of(whole), "/etc/amko", &k, NULL));
	assert_int_equal(k.n_contexts, 3);
	assert_text(k.current, "east");
	east = kubeconfig_find(&k, "east");
	assert_null(east->error);
	assert_text(east->server, "https://10.0.0.1:6443");
	assert_text(east->namespace, "shop");
	assert_text(east->ca_pem, "CA");
	assert_text(east->cert_pem, "CERT");
	assert_text(east->key_pem.bytes, "KEY");
	assert_false(east->insecure || secret_is_set(&east->token));
	west = kubeconfig_find(&k, "arn:aws:eks/west");
	assert_null(west->error);
	assert_text(west->server, "https://[fd00::1]/k8s/clusters/x");
	assert_text(west->tls_server_name, "api.example.org");
	assert_true(west->insecure);
	assert_text(west->token.bytes, "abc");
	assert_text(west->token_file, "/etc/amko/tokens/t");
	assert_null(west->ca_pem);
	nobody = kubeconfig_find(&k, "nobody");
	assert_null(nobody->error);
	assert_false(secret_is_set(&nobody->token) || secret_is_set(&nobody->key_pem) || nobody->token_file);
	assert_null(kubeconfig_find(&k, "west"));
	kubeconfig_release(&k);
}

static const char proving[] =
	"clusters:\n"
	"- name: c\n  cluster:\n    server: https://h\n    proxy-url: socks5://me:geheim@[::1]:1080/\n    extensions:\n"
	"    - {name: other, extension: 1}\n"
	"    - {name: client.authentication.k8s.io/exec, extension: {audience: shop, n: [1]}}\n"
	"- name: d\n  cluster: {server: \"https://d\", proxy-url: \"https://proxy\"}\n"
	"users:\n"
	"- name: file\n  user: {exec: {" V1 "command: ./bin/login, args: [-a, \"b c\"], installHint: get it,\n"
	"      provideClusterInfo: true, env: [{name: A, value: one=1}, {name: B}]}}\n"
	"- name: path\n  user: {exec: {" BETA "command: login}}\n"
	"- name: token\n  user: {token: t, exec: {" V1 "command: login}}\n"
	"- name: password\n  user: {username: me, password: \"a:b\", exec: {" V1 "command: login}}\n"
	"contexts:\n"
	"- {name: file, context: {cluster: c, user: file}}\n- {name: path, context: {cluster: d, user: path}}\n"
	"- {name: token, context: {cluster: d, user: token}}\n- {name: password, context: {cluster: d, user: password}}\n";

static void programs_passwords_and_proxies_arrive(void **state)
{
	const struct kube_context *file, *path, *token, *password;
	struct kubeconfig k;

	(void)state;
	assert_true(kubeconfig_parse(slice_of(proving), "/etc/amko", &k, NULL));
	file = kubeconfig_find(&k, "file");
	assert_text(file->error, NULL);
	assert_text(file->proxy.bytes, "socks5h://me:geheim@[::1]:1080");
	assert_text(file->exec->command, "/etc/amko/./bin/login");
	assert_int_equal(file->exec->args.n, 2);
	assert_text(file->exec->args.v[1], "b c");
	assert_int_equal(file->exec->n_env, 2);
	assert_text(file->exec->env[0].bytes, "A=one=1");
	assert_text(file->exec->env[1].bytes, "B=");
	assert_text(file->exec->api_version, "client.authentication.k8s.io/v1");
	assert_text(file->exec->install_hint, "get it");
	assert_text(file->exec->cluster_config, "{\"audience\":\"shop\",\"n\":[1]}");
	assert_true(file->exec->wants_cluster);
	path = kubeconfig_find(&k, "path");
	assert_text(path->proxy.bytes, "https://proxy");
	assert_text(path->exec->command, "login");
	assert_false(path->exec->wants_cluster || path->exec->cluster_config || path->exec->install_hint);
	token = kubeconfig_find(&k, "token");
	assert_null(token->exec);
	assert_text(token->token.bytes, "t");
	password = kubeconfig_find(&k, "password");
	assert_null(password->exec);
	assert_text(password->basic.bytes, "me:a:b");
	kubeconfig_release(&k);
}

static const struct proof_change {
	const char *name, *context, *from, *to;
} proof_changes[] = {
	{ "the proxy's password", "file", "geheim", "gehein" },
	{ "the program", "file", "bin/login", "bin/logon" },
	{ "an argument", "file", "b c", "b d" },
	{ "a variable", "file", "one=1", "one=2" },
	{ "what the cluster says to programs", "file", "shop", "shoq" },
	{ "whether it is told the cluster", "file", "provideClusterInfo: true", "provideClusterInfo: false" },
	{ "the program's version", "path", "v1beta1", "v1, interactiveMode: Never" },
	{ "a password", "password", "a:b", "a:c" },
};

static void proof_change_counts(void **state)
{
	const struct proof_change *row = *state;
	const char *at = strstr(proving, row->from);
	CLEANUP(freep) char *text = xasprintf("%.*s%s%s", (int)(at - proving), proving, row->to, at + strlen(row->from));
	struct kube_context copy;
	struct kubeconfig a, b;

	assert_true(kubeconfig_parse(slice_of(proving), NULL, &a, NULL));
	assert_true(kubeconfig_parse(slice_of(text), NULL, &b, NULL));
	assert_false(kube_context_same(kubeconfig_find(&a, row->context), kubeconfig_find(&b, row->context)));
	kube_context_copy(&copy, kubeconfig_find(&b, row->context));
	assert_true(kube_context_same(&copy, kubeconfig_find(&b, row->context)));
	kube_context_release(&copy);
	kubeconfig_release(&a);
	kubeconfig_release(&b);
}

static void a_kubeconfig_in_json_is_read(void **state)
{
	struct kubeconfig k;

	(void)state;
	assert_true(kubeconfig_parse(slice_of("{\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"https:\\/\\/h\"}}],"
					      "\"contexts\":[{\"name\":\"x\",\"context\":{\"cluster\":\"c\",\"user\":\"\"}}]}\n"),
				     NULL, &k, NULL));
	assert_text(kubeconfig_find(&k, "x")->error, NULL);
	assert_text(kubeconfig_find(&k, "x")->server, "https://h");
	assert_null(k.current);
	kubeconfig_release(&k);
}

static const struct malformed {
	const char *name, *text, *error;
} malformeds[] = {
	{ "an empty file", "", "empty" },
	{ "only a comment", "# none\n", "empty" },
	{ "a text", "kubeconfig", "not a kubeconfig: no fields in it" },
	{ "a list", "- a\n", "not a kubeconfig: no fields in it" },
	{ "bad YAML", "clusters:\n- name: c\n  cluster: {server: \"x\n", "line 4: found unexpected end of stream" },
	{ "clusters that are text", "clusters: none\n", "clusters: expected a list, found text" },
	{ "a cluster that is text", "clusters: [c]\n", "clusters[0]: expected an object, found text" },
	{ "a cluster without a name", "clusters: [{name: a}, {cluster: {}}]\n", "clusters[1].name: missing" },
	{ "a server that is a list", "clusters: [{name: a, cluster: {server: []}}]\n",
	  "clusters[0].cluster.server: expected text, found a list" },
	{ "a token that is a number", "users: [{name: a, user: {token: 12345}}]\n",
	  "users[0].user.token: expected text, found a number" },
	{ "a truth in quotes", "clusters: [{name: a, cluster: {insecure-skip-tls-verify: \"true\"}}]\n",
	  "clusters[0].cluster.insecure-skip-tls-verify: expected true or false, found text" },
	{ "a context that is text", "contexts: [{name: a, context: b}]\n", "contexts[0].context: expected an object, found text" },
	{ "a key that is not base64", "users: [{name: a}, {name: b}, {name: c, user: {client-key-data: \"!!\"}}]\n",
	  "users[2].user.client-key-data: not base64" },
	{ "base64 without its padding", "users: [{name: a, user: {client-certificate-data: Q0VSVA}}]\n",
	  "users[0].user.client-certificate-data: not base64" },
	{ "padding inside", "users: [{name: a, user: {client-key-data: \"Q0E=Q0E=\"}}]\n", "users[0].user.client-key-data: not base64" },
	{ "three signs of padding", "users: [{name: a, user: {client-key-data: \"Q===\"}}]\n", "users[0].user.client-key-data: not base64" },
	{ "blanks around base64", "clusters: [{name: a, cluster: {certificate-authority-data: \" Q0E= \"}}]\n",
	  "clusters[0].cluster.certificate-authority-data: not base64" },
	{ "a NUL behind base64", "clusters: [{name: a, cluster: {certificate-authority-data: QQBB}}]\n",
	  "clusters[0].cluster.certificate-authority-data: not base64" },
	{ "nothing but line ends in base64", "clusters: [{name: a, cluster: {certificate-authority-data: \"\\n\"}}]\n",
	  "clusters[0].cluster.certificate-authority-data: not base64" },
};

static void is_malformed(void **state)
{
	const struct malformed *row = *state;
	struct err err = { 0 };
	struct kubeconfig k;

	assert_false(kubeconfig_parse(slice_of(row->text), NULL, &k, &err));
	assert_int_equal(err.code, ERR_INVALID);
	assert_text(err.msg, row->error);
	assert_int_equal(k.n_contexts, 0);
}

#define CLUSTER "clusters: [{name: c, cluster: {server: \"https://h\"}}]\n"
#define CONTEXT "contexts: [{name: x, context: {cluster: c, user: u}}, {name: good, context: {cluster: g}}]\n"
#define GOOD "clusters: [{name: g, cluster: {server: \"https://g\"}}, {name: c, cluster: "
#define USER "clusters: [{name: g, cluster: {server: \"https://g\"}}, {name: c, cluster: {server: \"https://h\"}}]\n" CONTEXT \
	"users: [{name: v, user: {}}, {name: u, user: "

#define PROXY_ERROR "clusters[1].cluster.proxy-url: not an http://, https:// or socks5:// address"

/* One context has a fault of its own; the other is read all the same. */
static const struct faulty {
	const char *name, *text, *error;
} faultys[] = {
	{ "none", USER "{}}]\n", NULL },
	{ "a cluster that is not there", "clusters: [{name: g, cluster: {server: \"https://g\"}}]\n" CONTEXT,
	  "contexts[0].context.cluster: no cluster \"c\"" },
	{ "no cluster named", "clusters: [{name: g, cluster: {server: \"https://g\"}}]\n"
	  "contexts: [{name: x}, {name: good, context: {cluster: g}}]\n", "contexts[0].context.cluster: missing" },
	{ "a user that is not there", GOOD "{server: \"https://h\"}}]\n" CONTEXT, "contexts[0].context.user: no user \"u\"" },
	{ "no server", GOOD "{}}]\nusers: [{name: u}]\n" CONTEXT, "clusters[1].cluster.server: missing" },
	{ "a server without a scheme", GOOD "{server: \"h:6443\"}}]\nusers: [{name: u}]\n" CONTEXT,
	  "clusters[1].cluster.server: not an https:// address" },
	{ "a server without a host", GOOD "{server: \"https://:6443\"}}]\nusers: [{name: u}]\n" CONTEXT,
	  "clusters[1].cluster.server: not an https:// address" },
	{ "a server with a line end", GOOD "{server: \"https://h\\r\\nX: y\"}}]\nusers: [{name: u}]\n" CONTEXT,
	  "clusters[1].cluster.server: not an https:// address" },
	{ "a server with a password", GOOD "{server: \"https://a:b@h\"}}]\nusers: [{name: u}]\n" CONTEXT,
	  "clusters[1].cluster.server: not an https:// address" },
	{ "http without a secret", GOOD "{server: \"http://h\"}}]\nusers: [{name: u}]\n" CONTEXT, NULL },
	{ "http with a token", GOOD "{server: \"http://h\"}}]\nusers: [{name: u, user: {token: t}}]\n" CONTEXT,
	  "clusters[1].cluster.server: credentials are sent over https:// only" },
	{ "a proxy", GOOD "{server: \"https://h\", proxy-url: \"http://p\"}}]\nusers: [{name: u}]\n" CONTEXT, NULL },
	{ "a proxy without a scheme", GOOD "{server: \"https://h\", proxy-url: \"p:3128\"}}]\nusers: [{name: u}]\n" CONTEXT, PROXY_ERROR },
	{ "a proxy of another kind", GOOD "{server: \"https://h\", proxy-url: \"socks4://p\"}}]\nusers: [{name: u}]\n" CONTEXT, PROXY_ERROR },
	{ "a proxy without a host", GOOD "{server: \"https://h\", proxy-url: \"http://a:b@\"}}]\nusers: [{name: u}]\n" CONTEXT, PROXY_ERROR },
	{ "a proxy with a path", GOOD "{server: \"https://h\", proxy-url: \"http://p/x\"}}]\nusers: [{name: u}]\n" CONTEXT, PROXY_ERROR },
	{ "a CA where none is asked for", GOOD "{server: \"https://h\", insecure-skip-tls-verify: true, certificate-authority-data: " CA64
	  "}}]\nusers: [{name: u}]\n" CONTEXT,
	  "clusters[1].cluster.insecure-skip-tls-verify: not together with a certificate authority" },
	{ "a CA file that is not there", GOOD "{server: \"https://h\", certificate-authority: no/ca}}]\nusers: [{name: u}]\n" CONTEXT,
	  "clusters[1].cluster.certificate-authority: read /nowhere/no/ca: No such file or directory" },
	{ "a certificate that is a device", USER "{client-certificate: /dev/zero}}]\n",
	  "users[1].user.client-certificate: read /dev/zero: not a file" },
	{ "a certificate that is a folder", USER "{client-certificate: /}}]\n",
	  "users[1].user.client-certificate: read /: not a file" },
	{ "a certificate without a key", USER "{client-certificate-data: " CERT64 "}}]\n", "users[1].user.client-key: missing" },
	{ "a key without a certificate", USER "{client-key-data: " KEY64 "}}]\n", "users[1].user.client-certificate: missing" },
	{ "a program", USER "{exec: {" V1 "command: aws}}}]\n", NULL },
	{ "a program of the older version", USER "{exec: {" BETA "command: aws}}}]\n", NULL },
	{ "a program of no version", USER "{exec: {command: aws}}}]\n", "users[1].user.exec.apiVersion: missing" },
	{ "a program of a version that is gone", USER "{exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: aws}}}]\n",
	  "users[1].user.exec.apiVersion: neither client.authentication.k8s.io/v1 nor v1beta1" },
	{ "a program without a name", USER "{exec: {" V1 "args: [a]}}}]\n", "users[1].user.exec.command: missing" },
	{ "a program that says nothing about a terminal", USER "{exec: {apiVersion: client.authentication.k8s.io/v1, command: a}}}]\n",
	  "users[1].user.exec.interactiveMode: missing" },
	{ "a program that needs a terminal", USER "{exec: {" BETA "command: a, interactiveMode: Always}}}]\n",
	  "users[1].user.exec.interactiveMode: Always, but nobody sits here" },
	{ "a program of an unknown mode", USER "{exec: {" BETA "command: a, interactiveMode: never}}}]\n",
	  "users[1].user.exec.interactiveMode: not Never, IfAvailable or Always" },
	{ "a variable without a name", USER "{exec: {" V1 "command: a, env: [{value: v}]}}}]\n",
	  "users[1].user.exec.env: a name is missing or has a =" },
	{ "a program over http", GOOD "{server: \"http://h\"}}]\nusers: [{name: u, user: {exec: {" V1 "command: a}}}]\n" CONTEXT,
	  "clusters[1].cluster.server: credentials are sent over https:// only" },
	{ "a password over http", GOOD "{server: \"http://h\"}}]\nusers: [{name: u, user: {username: a}}]\n" CONTEXT,
	  "clusters[1].cluster.server: credentials are sent over https:// only" },
	{ "a provider", USER "{auth-provider: {name: gcp}}}]\n", "users[1].user.auth-provider: not supported" },
	{ "a user name", USER "{username: a, password: b}}]\n", NULL },
	{ "a user name beside a token", USER "{username: a, token: b}}]\n", "users[1].user.username: not together with a token" },
	{ "a password beside a tokenFile", USER "{password: a, tokenFile: b}}]\n", "users[1].user.username: not together with a token" },
	{ "somebody else", USER "{as: admin, token: t}}]\n", "users[1].user.as: not supported" },
	{ "empty fields are absent", USER "{username: \"\", exec: null, client-key-data: \"\", token: \"\", tokenFile: \"\"}}]\n", NULL },
};

static void only_that_context_is_spoilt(void **state)
{
	const struct faulty *row = *state;
	struct kubeconfig k;
	struct err err = { 0 };
	bool is_good = kubeconfig_parse(slice_of(row->text), "/nowhere", &k, &err);

	assert_text(*err.msg ? err.msg : NULL, NULL);
	assert_true(is_good);
	assert_text(kubeconfig_find(&k, "x")->error, row->error);
	assert_int_equal(!kubeconfig_find(&k, "x")->server, row->error != NULL);
	assert_text(kubeconfig_find(&k, "good")->error, NULL);
	kubeconfig_release(&k);
}

/* A folder of its own for each test that needs files. */
static void write_file(const char *dir, const char *name, const char *text)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void remove_files(const char *dir, const char *const *names)
{
	for (; *names; names++) {
		CLEANUP(freep) char *path = xasprintf("%s/%s", dir, *names);

		unlink(path);
	}
	rmdir(dir);
}

static void files_are_found_beside_the_kubeconfig(void **state)
{
	char dir[] = "/tmp/kubeconfig-test-XXXXXX";
	CLEANUP(freep) char *path = NULL, *token = NULL;
	struct err err = { 0 };
	struct kubeconfig k;

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_file(dir, "ca.pem", "the CA");
	write_file(dir, "cert.pem", "the certificate");
	write_file(dir, "key.pem", "the key");
	write_file(dir, "config", "clusters: [{name: c, cluster: {server: \"https://h\", certificate-authority: ca.pem}}]\n"
		   "users: [{name: u, user: {client-certificate: ./cert.pem, client-key: key.pem, tokenFile: tok,"
		   "client-certificate-data: " CERT64 "}}]\n"
		   "contexts: [{name: x, context: {cluster: c, user: u}}]\n");
	path = xasprintf("%s/config", dir);
	token = xasprintf("%s/tok", dir);
	assert_true(kubeconfig_read(path, &k, &err));
	assert_text(k.contexts[0].error, NULL);
	assert_text(k.contexts[0].ca_pem, "the CA");
	assert_text(k.contexts[0].cert_pem, "CERT");
	assert_text(k.contexts[0].key_pem.bytes, "the key");
	assert_text(k.contexts[0].token_file, token);
	kubeconfig_release(&k);
	remove_files(dir, (const char *const[]){ "ca.pem", "cert.pem", "key.pem", "config", NULL });
}

static void a_missing_file_says_so(void **state)
{
	struct err err = { 0 };
	struct kubeconfig k;

	(void)state;
	assert_false(kubeconfig_read("/nowhere/config", &k, &err));
	assert_int_equal(err.code, ERR_NOTFOUND);
	assert_text(err.msg, "read /nowhere/config: No such file or directory");
	assert_false(kubeconfig_read("/", &k, &err));
	assert_text(err.msg, "read /: Is a directory");
	assert_false(kubeconfig_read("/dev/zero", &k, &err));
	assert_int_equal(err.code, ERR_LIMIT);
}

static void a_pod_is_its_service_account(void **state)
{
	char dir[] = "/tmp/kubeconfig-test-XXXXXX";
	CLEANUP(freep) char *token = NULL;
	struct err err = { 0 };
	struct kubeconfig k;

	(void)state;
	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_non_null(mkdtemp(dir));
	assert_false(kubeconfig_in_cluster_at(dir, "own", &k, &err));
	assert_int_equal(err.code, ERR_NOTFOUND);
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_false(kubeconfig_in_cluster_at(dir, "own", &k, &err));
	write_file(dir, "token", "t");
	write_file(dir, "ca.crt", "the CA");
	assert_true(kubeconfig_in_cluster_at(dir, "own", &k, &err));
	assert_text(k.contexts->namespace, NULL);
	kubeconfig_release(&k);
	write_file(dir, "namespace", "avi-system\n");
	assert_true(kubeconfig_in_cluster_at(dir, "own", &k, &err));
	token = xasprintf("%s/token", dir);
	assert_text(k.current, "own");
	assert_text(k.contexts->server, "https://[fd00::1]:443");
	assert_text(k.contexts->token_file, token);
	assert_text(k.contexts->ca_pem, "the CA");
	assert_text(k.contexts->namespace, "avi-system");
	assert_false(secret_is_set(&k.contexts->token));
	kubeconfig_release(&k);
	remove_files(dir, (const char *const[]){ "token", "ca.crt", "namespace", NULL });
}

static const struct change {
	const char *name, *from, *to;
	bool is_same;
} changes[] = {
	{ "nothing", "kind", "kind", true },
	{ "the server", "10.0.0.1", "10.0.0.2", false },
	{ "the namespace", "shop", "shoq", false },
	{ "the CA", CA64, "Q0I=", false },
	{ "the certificate", CERT64, "Q0VSVQ==", false },
	{ "the key", "VZ\n", "Va\n", false },
	{ "another user's token", "abc", "abd", true },
};

static void change_counts(void **state)
{
	const struct change *row = *state;
	const char *at = strstr(whole, row->from);
	CLEANUP(freep) char *text = xasprintf("%.*s%s%s", (int)(at - whole), whole, row->to, at + strlen(row->from));
	struct kubeconfig a, b;
	struct kube_context copy;

	assert_true(kubeconfig_parse(slice_of(whole), NULL, &a, NULL));
	assert_true(kubeconfig_parse(slice_of(text), NULL, &b, NULL));
	assert_int_equal(kube_context_same(kubeconfig_find(&a, "east"), kubeconfig_find(&b, "east")), row->is_same);
	kube_context_copy(&copy, kubeconfig_find(&b, "east"));
	assert_true(kube_context_same(&copy, kubeconfig_find(&b, "east")));
	kubeconfig_release(&b);
	assert_int_equal(kube_context_same(&copy, kubeconfig_find(&a, "east")), row->is_same);
	kube_context_release(&copy);
	kubeconfig_release(&a);
}

static void one_key_in_many_contexts_has_a_limit(void **state)
{
	struct err err = { 0 };
	struct kubeconfig k;
	struct buf text;

	(void)state;
	buf_init(&text, KUBECONFIG_MAX_BYTES);
	buf_puts(&text, CLUSTER "users: [{name: u, user: {token: ");
	for (size_t i = 0; i < 100000; i++)
		buf_puts(&text, "0123456789abcdef");
	buf_puts(&text, "}}]\ncontexts:\n");
	for (int i = 0; i < 4000; i++)
		buf_printf(&text, "- {name: x%d, context: {cluster: c, user: u}}\n", i);
	assert_false(kubeconfig_parse(buf_slice(&text), NULL, &k, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	for (int i = 4000; i < 5000; i++)
		buf_printf(&text, "- {name: x%d, context: {cluster: c, user: u}}\n", i);
	assert_false(kubeconfig_parse(buf_slice(&text), NULL, &k, &err));
	assert_text(err.msg, "more than 4096 clusters, users or contexts");
	text.n = KUBECONFIG_MAX_BYTES + 1;
	assert_false(kubeconfig_parse(buf_slice(&text), NULL, &k, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_arrives),
		cmocka_unit_test(programs_passwords_and_proxies_arrive),
		cmocka_unit_test(a_kubeconfig_in_json_is_read),
		cmocka_unit_test(files_are_found_beside_the_kubeconfig),
		cmocka_unit_test(a_missing_file_says_so),
		cmocka_unit_test(a_pod_is_its_service_account),
		cmocka_unit_test(one_key_in_many_contexts_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) | RUN_TABLE(is_malformed, malformeds) |
	       RUN_TABLE(only_that_context_is_spoilt, faultys) | RUN_TABLE(change_counts, changes) |
	       RUN_TABLE(proof_change_counts, proof_changes);
}
