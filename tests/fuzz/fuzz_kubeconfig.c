/* kubeconfig: any bytes are refused with a reason and leave nothing, or give contexts each of which says why it cannot be used or
 * can be: an address of an API server, a certificate only with its key, nothing secret over http://. */
#include <fcntl.h>
#include <sys/mman.h>

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
#include "common/kube/kubeconfig.c"      /* NOLINT: its files are replaced */
#undef open

static void check_usable(const struct kube_context *c)
{
	bool is_secure = strncmp(c->server, "https://", 8) == 0;

	assert(is_secure || strncmp(c->server, "http://", 7) == 0);
	assert(strlen(c->server) > 7 && c->server[strlen(c->server) - 1] != '/');
	for (const char *at = c->server; *at; at++)
		assert(*at > ' ' && *at <= '~');
	assert(!c->cert_pem == !secret_is_set(&c->key_pem));
	assert(is_secure || !(c->cert_pem || secret_is_set(&c->token) || c->token_file));
	assert(!c->insecure || !c->ca_pem);
	assert(!c->ca_pem || *c->ca_pem);
	assert(!c->cert_pem || *c->cert_pem);
	assert(!secret_is_set(&c->key_pem) || strlen(c->key_pem.bytes) == c->key_pem.n);
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
