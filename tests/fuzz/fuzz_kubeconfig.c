/* kubeconfig: any bytes are refused with a reason and leave nothing, or give contexts each of which says why it
 * cannot be used or can be: an address of an API server, a certificate only with its key, one way of proving who
 * we are, nothing secret over http://; and a program that gives credentials is told JSON. */
#include <fcntl.h>
#include <sys/mman.h>

#include "common/kube/exec_plugin.h"
#include "tests/fuzz/fuzz.h"

/* No file is opened: one whose name has an 'x' is missing, any other holds its own name. */
static int fuzz_open(const char *path, int flags)
{
	size_t n = strlen(path);
	int fd = strchr(path, 'x') ? -1 : memfd_create("fuzz", MFD_CLOEXEC);

	(void)flags;
	if (fd < 0)
		return -1;
	if (write(fd, path, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

#define open fuzz_open
#include "common/kube/kubeconfig.c"      /* its files are replaced */
#undef open

static void check_exec(const struct kube_context *c)
{
	CLEANUP(freep) char *info = exec_info(c);
	CLEANUP(cJSON_Deletep) cJSON *json = json_parse(slice_of(info), NULL);

	assert(*c->exec->command && cJSON_IsObject(json) && streq(json_str(json, "apiVersion"), c->exec->api_version));
	for (size_t i = 0; i < c->exec->n_env; i++)
		assert(c->exec->env[i].bytes[0] != '=' && strchr(c->exec->env[i].bytes, '='));
}

static void check_usable(const struct kube_context *c)
{
	bool is_secure = strncmp(c->server, "https://", 8) == 0;
	bool is_known = c->cert_pem || secret_is_set(&c->token) || c->token_file || secret_is_set(&c->basic);

	assert(is_secure || strncmp(c->server, "http://", 7) == 0);
	assert(strlen(c->server) > 7 && c->server[strlen(c->server) - 1] != '/');
	for (const char *at = c->server; *at; at++)
		assert(*at > ' ' && *at <= '~');
	assert(!c->cert_pem == !secret_is_set(&c->key_pem));
	assert(is_secure || !(is_known || c->exec));
	assert(!is_known || !c->exec);
	assert(!secret_is_set(&c->basic) || !(secret_is_set(&c->token) || c->token_file));
	assert(!secret_is_set(&c->proxy) || strncmp(c->proxy.bytes, "http", 4) == 0 ||
	       strncmp(c->proxy.bytes, "socks5h://", 10) == 0);
	assert(!c->insecure || !c->ca_pem);
	assert(!c->ca_pem || *c->ca_pem);
	assert(!c->cert_pem || *c->cert_pem);
	assert(!secret_is_set(&c->key_pem) || strlen(c->key_pem.bytes) == c->key_pem.n);
	if (c->exec)
		check_exec(c);
}

static void check_context(const struct kubeconfig *config, const struct kube_context *context)
{
	const struct kube_context *found = kubeconfig_find(config, context->name);
	struct kube_context copy;

	assert(found && found <= context && streq(found->name, context->name));
	if (context->error)
		assert(*context->error);
	else
		check_usable(context);
	kube_context_copy(&copy, context);
	assert(kube_context_same(&copy, context));
	kube_context_release(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(kubeconfig_release) struct kubeconfig config;
	struct err err = { 0 };

	if (!kubeconfig_parse(fuzz_slice(data, size), "dir", &config, &err)) {
		assert(err.code != ERR_NONE && *err.msg);
		assert(!config.contexts && !config.n_contexts && !config.current);
		return 0;
	}
	for (size_t i = 0; i < config.n_contexts; i++)
		check_context(&config, &config.contexts[i]);
	return 0;
}
