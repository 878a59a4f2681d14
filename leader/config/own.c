#include "leader/config/own.h"

#include <openssl/evp.h>

#include "common/base/log.h"
#include "leader/watch/host_object.h"

enum { OWN_CONFIGS, OWN_POLICIES, OWN_SECRET, OWN_NAMESPACE };
static const char *const names[OWN_STATES] = { "GSLBConfig", "GlobalDeploymentPolicy", "Secret", "Namespace" };

struct own {
	struct own_options options;
	struct informer *informers[OWN_STATES];
	char *secret_name;
};

static void *project_config(void *arg, const cJSON *object)
{
	(void)arg;
	return gslbconfig_from_json(object);
}

static void *project_policy(void *arg, const cJSON *object)
{
	(void)arg;
	return gdp_from_json(object);
}

/* Empty text where it is absent; NULL where it is not base64. */
static unsigned char *decode_base64(const char *text, size_t *n)
{
	size_t length = text ? strlen(text) : 0;
	unsigned char *bytes = xmalloc(length / 4 * 3 + 1);
	int decoded = length % 4 ? -1 : EVP_DecodeBlock(bytes, (const unsigned char *)(text ? text : ""), (int)length);

	if (decoded < 0) {
		free(bytes);
		return NULL;
	}
	*n = (size_t)decoded;
	for (size_t i = 0; length && i < 2 && text[length - 1 - i] == '='; i++)
		(*n)--;
	bytes[*n] = '\0';
	return bytes;
}

static void credentials_free(void *projection)
{
	struct credentials *credentials = projection;

	free(credentials->username);
	secret_release(&credentials->password);
	free(credentials);
}

static void *project_secret(void *arg, const cJSON *object)
{
	const struct own *own = arg;
	const char *name = json_str(json_get(object, "metadata"), "name");
	const cJSON *values = json_get(object, "data");
	struct credentials *credentials;
	unsigned char *bytes;
	size_t n = 0;

	if (!name || !streq(name, own->secret_name))
		return NULL;
	credentials = xcalloc(1, sizeof(*credentials));
	credentials->username = (char *)decode_base64(json_str(values, "username"), &n);
	if (credentials->username && !*credentials->username)
		free(TAKE(credentials->username));
	bytes = decode_base64(json_str(values, "password"), &n);
	if (bytes && n)
		secret_set(&credentials->password, (struct slice){ (char *)bytes, n });
	if (bytes)
		explicit_bzero(bytes, n);
	free(bytes);
	return credentials;
}

static void *project_namespace(void *arg, const cJSON *object)
{
	const struct own *own = arg;
	const char *name = json_str(json_get(object, "metadata"), "name");

	return name && streq(name, own->options.namespace) ? namespace_from_json(object) : NULL;
}

static bool same_config(const void *a, const void *b)
{
	return gslbconfig_same(a, b);
}

static bool same_policy(const void *a, const void *b)
{
	return gdp_same(a, b);
}

static bool same_secret(const void *a, const void *b)
{
	const struct credentials *left = a, *right = b;

	return streq0(left->username, right->username) && secret_same(&left->password, &right->password);
}

static bool same_namespace(const void *a, const void *b)
{
	return namespace_same(a, b);
}

static void free_config(void *config)
{
	gslbconfig_free(config);
}

static void free_policy(void *policy)
{
	gdp_free(policy);
}

static void free_namespace(void *ns)
{
	namespace_free(ns);
}

static void on_change(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct own *own = arg;

	(void)namespace;
	(void)name;
	(void)before;
	(void)after;
	own->options.on_change(own->options.arg);
}

static void on_policy(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct own *own = arg;

	(void)before;
	if (!after)
		own->options.on_policy_deleted(own->options.arg, namespace, name);
	own->options.on_change(own->options.arg);
}

static void on_state(void *arg, enum informer_state state, const struct err *err)
{
	struct own *own = arg;

	if (err)
		log_warn("own_cluster_trouble", KV("state", informer_state_name(state)), KV("err", (const char *)err->msg));
	own->options.on_change(own->options.arg);
}

static struct informer_options base_options(struct own *own, const struct kube_resource *resource)
{
	return (struct informer_options){
		.kube = own->options.kube,
		.loop = own->options.loop,
		.resource = resource,
		.on_change = on_change,
		.on_state = on_state,
		.arg = own,
	};
}

static void follow_namespace(struct own *own)
{
	CLEANUP(freep) char *selector = xasprintf("metadata.name=%s", own->options.namespace);
	struct informer_options options = base_options(own, &KUBE_NAMESPACES);

	options.field_selector = selector;
	options.project = project_namespace;
	options.same = same_namespace;
	options.free = free_namespace;
	own->informers[OWN_NAMESPACE] = informer_new(&options);
}

struct own *own_new(const struct own_options *options)
{
	struct own *own = xcalloc(1, sizeof(*own));
	struct informer_options configs, policies;

	own->options = *options;
	configs = base_options(own, &KUBE_GSLBCONFIGS);
	configs.project = project_config;
	configs.same = same_config;
	configs.free = free_config;
	own->informers[OWN_CONFIGS] = informer_new(&configs);
	policies = base_options(own, &KUBE_GDPS);
	policies.project = project_policy;
	policies.same = same_policy;
	policies.free = free_policy;
	policies.on_change = on_policy;
	own->informers[OWN_POLICIES] = informer_new(&policies);
	follow_namespace(own);
	return own;
}

void own_free(struct own *own)
{
	if (!own)
		return;
	for (size_t i = 0; i < OWN_STATES; i++)
		informer_free(own->informers[i]);
	free(own->secret_name);
	free(own);
}

void own_follow_secret(struct own *own, const char *name)
{
	CLEANUP(freep) char *selector = NULL;
	struct informer_options options;

	if (own->secret_name && streq(own->secret_name, name))
		return;
	informer_free(own->informers[OWN_SECRET]);
	free(own->secret_name);
	own->secret_name = xstrdup(name);
	selector = xasprintf("metadata.name=%s", name);
	options = base_options(own, &KUBE_SECRETS);
	options.namespace = own->options.namespace;
	options.field_selector = selector;
	options.project = project_secret;
	options.same = same_secret;
	options.free = credentials_free;
	own->informers[OWN_SECRET] = informer_new(&options);
}

static bool is_complete(const struct own *own, int which)
{
	return own->informers[which] && informer_was_synced(own->informers[which]);
}

bool own_has_configs(const struct own *own)
{
	return is_complete(own, OWN_CONFIGS);
}

bool own_has_policies(const struct own *own)
{
	return is_complete(own, OWN_POLICIES);
}

bool own_has_secret(const struct own *own)
{
	return is_complete(own, OWN_SECRET);
}

bool own_has_namespace(const struct own *own)
{
	return is_complete(own, OWN_NAMESPACE);
}

struct collect {
	const void **v;
	size_t n;
};

static void collect(void *arg, const char *namespace, const char *name, const void *projection)
{
	struct collect *to = arg;

	(void)namespace;
	(void)name;
	to->v[to->n++] = projection;
}

static const void **collect_all(const struct own *own, int which, size_t *n)
{
	struct collect all = { xcalloc(informer_count(own->informers[which]), sizeof(void *)), 0 };

	informer_each(own->informers[which], collect, &all);
	*n = all.n;
	return all.v;
}

static int compare_identity(const char *created_a, const char *ns_a, const char *name_a, const char *created_b,
			    const char *ns_b, const char *name_b)
{
	int order = strcmp(created_a ? created_a : "", created_b ? created_b : "");

	if (!order)
		order = strcmp(ns_a ? ns_a : "", ns_b ? ns_b : "");
	return order ? order : strcmp(name_a, name_b);
}

static int compare_configs(const void *left, const void *right)
{
	const struct gslbconfig *a = *(const struct gslbconfig *const *)left, *b = *(const struct gslbconfig *const *)right;

	return compare_identity(a->created, a->namespace, a->name, b->created, b->namespace, b->name);
}

static int compare_policies(const void *left, const void *right)
{
	const struct gdp *a = *(const struct gdp *const *)left, *b = *(const struct gdp *const *)right;

	return compare_identity(a->created, a->namespace, a->name, b->created, b->namespace, b->name);
}

const struct gslbconfig **own_configs(const struct own *own, size_t *n)
{
	const struct gslbconfig **all = (const struct gslbconfig **)collect_all(own, OWN_CONFIGS, n);

	qsort(all, *n, sizeof(void *), compare_configs);
	return all;
}

const struct gdp **own_policies(const struct own *own, size_t *n)
{
	const struct gdp **all = (const struct gdp **)collect_all(own, OWN_POLICIES, n);

	qsort(all, *n, sizeof(void *), compare_policies);
	return all;
}

const struct credentials *own_credentials(const struct own *own)
{
	if (!own->informers[OWN_SECRET])
		return NULL;
	return informer_get(own->informers[OWN_SECRET], own->options.namespace, own->secret_name);
}

const char *own_tenant(const struct own *own)
{
	const struct namespace_info *ns = informer_get(own->informers[OWN_NAMESPACE], NULL, own->options.namespace);

	return ns && ns->tenant && *ns->tenant ? ns->tenant : NULL;
}

const char *own_trouble(const struct own *own)
{
	for (size_t i = 0; i < OWN_STATES; i++)
		if (own->informers[i] && informer_state(own->informers[i]) != INFORMER_SYNCED &&
		    *informer_error(own->informers[i]))
			return informer_error(own->informers[i]);
	return NULL;
}

void own_states(const struct own *own, struct own_state out[OWN_STATES])
{
	for (size_t i = 0; i < OWN_STATES; i++) {
		const struct informer *informer = own->informers[i];

		out[i] = (struct own_state){ names[i], informer ? informer_resource_version(informer) : "",
					     informer ? informer_state(informer) : INFORMER_NEVER,
					     informer ? informer_count(informer) : 0 };
	}
}
