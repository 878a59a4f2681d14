#include "ctl/look.h"

/* What is asked of each cluster. */
enum { ASK_OBJECTS, ASK_LEASE, ASK_CONFIGS, N_ASKED };

/* ---- the kubeconfig ---- */

/* As kubectl finds it. */
static bool read_kubeconfig(const char *option, struct kubeconfig *out, struct err *err)
{
	const char *several = getenv("KUBECONFIG"), *home = getenv("HOME");
	CLEANUP(strs_release) struct strs paths = { 0 };
	struct slice rest = slice_of(several), path;

	if (option)
		return kubeconfig_read(option, out, err);
	while (rest.n && slice_split(&rest, ':', &path))
		if (path.n)
			strs_take(&paths, slice_dup(path));
	if (!paths.n)
		strs_take(&paths, xasprintf("%s/.kube/config", home ? home : ""));
	return kubeconfig_read_merged(&paths, out, err);
}

static bool find_entry(struct eye *eye, const struct args *args, struct err *err)
{
	const char *name = args->context ? args->context : args->target && kubeconfig_find(&eye->kubeconfig, args->target) ?
			   args->target : eye->kubeconfig.current;

	if (!name)
		return err_set(err, ERR_INVALID, "the kubeconfig has no current-context: give --context");
	eye->entry = kubeconfig_find(&eye->kubeconfig, name);
	if (!eye->entry)
		return err_set(err, ERR_INVALID, "the kubeconfig has no context \"%s\" (kubectl config get-contexts lists "
			       "what it has)", name);
	eye->entry_name = xstrdup(name);
	return true;
}

bool eye_open(struct eye *eye, const struct args *args, struct err *err)
{
	*eye = (struct eye){ .namespace = args->namespace };
	if (!read_kubeconfig(args->kubeconfig, &eye->kubeconfig, err))
		return err_wrap(err, "kubeconfig");
	if (!find_entry(eye, args, err)) {
		kubeconfig_release(&eye->kubeconfig);
		return false;
	}
	eye->asker = asker_new();
	return true;
}

void eye_close(struct eye *eye)
{
	asker_free(eye->asker);
	free(eye->entry_name);
	kubeconfig_release(&eye->kubeconfig);
}

const struct kube_context *eye_context(const struct eye *eye, const char *member)
{
	return streq(member, eye->entry_name) ? eye->entry : kubeconfig_find(&eye->kubeconfig, member);
}

/* ---- one cluster ---- */

static char *path_of(const struct eye *eye, int what)
{
	switch (what) {
	case ASK_OBJECTS:
		return kube_path(&KUBE_AMKOCLUSTERS, eye->namespace, NULL, NULL);
	case ASK_LEASE:
		return kube_path(&KUBE_LEASES, eye->namespace, LEASE_NAME, NULL);
	default:
		return kube_path(&KUBE_GSLBCONFIGS, eye->namespace, NULL, NULL);
	}
}

static char *unusable(const struct eye *eye, const char *member)
{
	const struct kube_context *context = eye_context(eye, member);

	if (!context)
		return xasprintf("your kubeconfig has no context of that name (kubectl config get-contexts lists what it has)");
	return context->error ? xasprintf("its context in your kubeconfig cannot be used: %s", context->error) : NULL;
}

static void take_answers(struct fleet *fleet, struct site *site, struct question asked[N_ASKED])
{
	struct question *objects = &asked[ASK_OBJECTS], *lease = &asked[ASK_LEASE];

	site_read_objects(site, objects->answer, is_answered(objects) ? NULL : &objects->err);
	if (site->trouble)
		return;
	site_read_lease(fleet, site, lease->answer, is_answered(lease) ? NULL : &lease->err);
	site_read_configs(site, asked[ASK_CONFIGS].answer);
}

/* ---- all of them ---- */

/* What the entry calls itself counts from now on: its name in the federation need not be that of its context. */
static void name_entry(struct eye *eye, struct fleet *fleet)
{
	struct site *site = fleet_find(fleet, eye->entry_name);
	const struct amkocluster *object = site ? site->object : NULL;

	if (!object || !*object->context || streq(object->context, eye->entry_name) || fleet_find(fleet, object->context))
		return;
	free(eye->entry_name);
	eye->entry_name = xstrdup(object->context);
	fleet_rename(fleet, site, eye->entry_name);
}

static void add_named(const struct fleet *fleet, struct strs *out)
{
	for (size_t i = 0; i < fleet->n_sites; i++) {
		const struct amkocluster *object = fleet->sites[i].object;

		for (size_t k = 0; object && k < object->clusters.n; k++)
			if (*object->clusters.v[k] && !fleet_find(fleet, object->clusters.v[k]))
				strs_add_once(out, object->clusters.v[k]);
	}
}

static void ask_sites(struct eye *eye, const struct strs *members, int64_t timeout_ms, struct fleet *fleet)
{
	CLEANUP(freep) struct question *asked = xcalloc(members->n * N_ASKED, sizeof(*asked));
	CLEANUP(strs_release) struct strs reached = { 0 };

	for (size_t i = 0; i < members->n; i++) {
		struct site *site = fleet_add(fleet, members->v[i]);

		if (!site || (site->trouble = unusable(eye, members->v[i])))
			continue;
		for (int what = 0; what < N_ASKED; what++)
			asked[reached.n * N_ASKED + what] = (struct question){ .context = eye_context(eye, members->v[i]),
				.method = "GET", .path = path_of(eye, what) };
		strs_add(&reached, members->v[i]);
	}
	ask(eye->asker, asked, reached.n * N_ASKED, timeout_ms);
	for (size_t i = 0; i < reached.n; i++)
		take_answers(fleet, fleet_find(fleet, reached.v[i]), &asked[i * N_ASKED]);
	for (size_t i = 0; i < reached.n * N_ASKED; i++)
		question_release(&asked[i]);
}

void look(struct eye *eye, int64_t timeout_ms, struct fleet *fleet)
{
	CLEANUP(strs_release) struct strs members = { 0 };
	size_t n_before = 0;

	*fleet = (struct fleet){ 0 };
	strs_add(&members, eye->entry_name);
	for (bool is_more = true; is_more && members.n; is_more = fleet->n_sites > n_before) {
		n_before = fleet->n_sites;
		ask_sites(eye, &members, timeout_ms, fleet);
		name_entry(eye, fleet);
		strs_release(&members);
		add_named(fleet, &members);
	}
}
