#include "common/config/home.h"

#include <openssl/evp.h>

#include "common/base/log.h"

enum { HOME_CONFIGS, HOME_POLICIES, HOME_SECRET, HOME_NAMESPACE };
static const char *const names[HOME_STATES] = { "GSLBConfig", "GlobalDeploymentPolicy", "Secret", "Namespace" };

struct home {
	struct home_options options;
	struct informer *informers[HOME_STATES];
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
	const struct home *home = arg;
	const char *name = json_str(json_get(object, "metadata"), "name");
	const cJSON *values = json_get(object, "data");
	struct credentials *credentials;
	unsigned char *bytes;
	size_t n = 0;

	if (!name || !streq(name, home->secret_name))
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

/* All that counts of the own namespace. */
struct home_tenant {
	char *name;                            /* NULL: none */
};

static struct home_tenant *tenant_from_json(const cJSON *object)
{
	struct home_tenant *tenant = xcalloc(1, sizeof(*tenant));

	tenant->name = xstrdup(json_str(json_at(object, "metadata", "annotations", NULL), TENANT_ANNOTATION));
	return tenant;
}

static void *project_namespace(void *arg, const cJSON *object)
{
	const struct home *home = arg;
	const char *name = json_str(json_get(object, "metadata"), "name");

	return name && streq(name, home->options.namespace) ? tenant_from_json(object) : NULL;
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
	const struct home_tenant *left = a, *right = b;

	return streq0(left->name, right->name);
}

static void free_config(void *config)
{
	gslbconfig_free(config);
}

static void free_policy(void *policy)
{
	gdp_free(policy);
}

static void free_namespace(void *projection)
{
	struct home_tenant *tenant = projection;

	free(tenant->name);
	free(tenant);
}

static void on_change(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct home *home = arg;

	(void)namespace;
	(void)name;
	(void)before;
	(void)after;
	home->options.on_change(home->options.arg);
}

static void on_policy(void *arg, const char *namespace, const char *name, const void *before, const void *after)
{
	struct home *home = arg;

	(void)before;
	if (!after)
		home->options.on_policy_deleted(home->options.arg, namespace, name);
	home->options.on_change(home->options.arg);
}

static void on_state(void *arg, enum informer_state state, const struct err *err)
{
	struct home *home = arg;

	if (err)
		log_warn("own_cluster_trouble", KV("state", informer_state_name(state)), KV("err", (const char *)err->msg));
	home->options.on_change(home->options.arg);
}

static struct informer_options base_options(struct home *home, const struct kube_resource *resource)
{
	return (struct informer_options){
		.kube = home->options.kube,
		.loop = home->options.loop,
		.resource = resource,
		.on_change = on_change,
		.on_state = on_state,
		.arg = home,
	};
}

static void follow_namespace(struct home *home)
{
	CLEANUP(freep) char *selector = xasprintf("metadata.name=%s", home->options.namespace);
	struct informer_options options = base_options(home, &KUBE_NAMESPACES);

	options.field_selector = selector;
	options.project = project_namespace;
	options.same = same_namespace;
	options.free = free_namespace;
	home->informers[HOME_NAMESPACE] = informer_new(&options);
}

static void follow_configs(struct home *home)
{
	struct informer_options options = base_options(home, &KUBE_GSLBCONFIGS);

	options.project = project_config;
	options.same = same_config;
	options.free = free_config;
	home->informers[HOME_CONFIGS] = informer_new(&options);
}

static void follow_policies(struct home *home)
{
	struct informer_options options = base_options(home, &KUBE_GDPS);

	options.project = project_policy;
	options.same = same_policy;
	options.free = free_policy;
	options.on_change = on_policy;
	home->informers[HOME_POLICIES] = informer_new(&options);
}

struct home *home_new(const struct home_options *options)
{
	struct home *home = xcalloc(1, sizeof(*home));

	home->options = *options;
	follow_configs(home);
	if (options->wants_policies)
		follow_policies(home);
	if (options->wants_namespace)
		follow_namespace(home);
	return home;
}

void home_free(struct home *home)
{
	if (!home)
		return;
	for (size_t i = 0; i < HOME_STATES; i++)
		informer_free(home->informers[i]);
	free(home->secret_name);
	free(home);
}

void home_follow_secret(struct home *home, const char *name)
{
	CLEANUP(freep) char *selector = NULL;
	struct informer_options options;

	if (home->secret_name && streq(home->secret_name, name))
		return;
	informer_free(home->informers[HOME_SECRET]);
	free(home->secret_name);
	home->secret_name = xstrdup(name);
	selector = xasprintf("metadata.name=%s", name);
	options = base_options(home, &KUBE_SECRETS);
	options.namespace = home->options.namespace;
	options.field_selector = selector;
	options.project = project_secret;
	options.same = same_secret;
	options.free = credentials_free;
	home->informers[HOME_SECRET] = informer_new(&options);
}

static bool is_complete(const struct home *home, int which)
{
	return home->informers[which] && informer_was_synced(home->informers[which]);
}

bool home_has_configs(const struct home *home)
{
	return is_complete(home, HOME_CONFIGS);
}

bool home_has_policies(const struct home *home)
{
	return is_complete(home, HOME_POLICIES);
}

bool home_has_secret(const struct home *home)
{
	return is_complete(home, HOME_SECRET);
}

bool home_has_namespace(const struct home *home)
{
	return is_complete(home, HOME_NAMESPACE);
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

static const void **collect_all(const struct home *home, int which, size_t *n)
{
	struct collect all = { xcalloc(informer_count(home->informers[which]), sizeof(void *)), 0 };

	informer_each(home->informers[which], collect, &all);
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

const struct gslbconfig **home_configs(const struct home *home, size_t *n)
{
	const struct gslbconfig **all = (const struct gslbconfig **)collect_all(home, HOME_CONFIGS, n);

	qsort(all, *n, sizeof(void *), compare_configs);
	return all;
}

const struct gdp **home_policies(const struct home *home, size_t *n)
{
	const struct gdp **all = (const struct gdp **)collect_all(home, HOME_POLICIES, n);

	qsort(all, *n, sizeof(void *), compare_policies);
	return all;
}

const struct credentials *home_credentials(const struct home *home)
{
	if (!home->informers[HOME_SECRET])
		return NULL;
	return informer_get(home->informers[HOME_SECRET], home->options.namespace, home->secret_name);
}

const char *home_tenant(const struct home *home)
{
	const struct home_tenant *tenant = informer_get(home->informers[HOME_NAMESPACE], NULL, home->options.namespace);

	return tenant && tenant->name && *tenant->name ? tenant->name : NULL;
}

const char *home_trouble(const struct home *home)
{
	for (size_t i = 0; i < HOME_STATES; i++)
		if (home->informers[i] && informer_state(home->informers[i]) != INFORMER_SYNCED &&
		    *informer_error(home->informers[i]))
			return informer_error(home->informers[i]);
	return NULL;
}

void home_states(const struct home *home, struct home_state out[HOME_STATES])
{
	for (size_t i = 0; i < HOME_STATES; i++) {
		const struct informer *informer = home->informers[i];

		out[i] = (struct home_state){ names[i], informer ? informer_resource_version(informer) : "",
					     informer ? informer_state(informer) : INFORMER_NEVER,
					     informer ? informer_count(informer) : 0 };
	}
}
