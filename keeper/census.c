#include "keeper/census.h"

#include "keeper/promotion.h"

static void forget(struct census_cluster *cluster)
{
	for (size_t i = 0; i < cluster->n_objects; i++)
		amkocluster_free(cluster->objects[i]);
	free(cluster->unreachable);
	*cluster = (struct census_cluster){ 0 };
}

void census_note(struct census *census, const char *context, int member, const cJSON *items, const char *why)
{
	struct census_cluster *cluster = &census->v[member];
	const cJSON *item;

	forget(cluster);
	snprintf(cluster->context, sizeof(cluster->context), "%s", context);
	cluster->unreachable = items ? NULL : xstrdup(why);
	cJSON_ArrayForEach(item, items) {
		struct amkocluster *object = cluster->n_objects < CENSUS_OBJECTS_MAX ? amkocluster_from_json(item) : NULL;

		if (object)
			cluster->objects[cluster->n_objects++] = object;
	}
}

void census_release(struct census *census)
{
	for (size_t i = 0; i < ARRAY_SIZE(census->v); i++)
		forget(&census->v[i]);
}

/* ---- the case ---- */

static const struct census_cluster *find_cluster(const struct census *census, const char *context)
{
	for (size_t i = 0; i < ARRAY_SIZE(census->v); i++)
		if (streq(census->v[i].context, context))
			return &census->v[i];
	return NULL;
}

static bool is_used_up(const struct protocol *p, const char *context)
{
	int member = p ? roster_find(&p->roster, slice_of(context)) : NOBODY;
	const struct kept *kept = member == NOBODY ? NULL : &p->seat[member].peer.kept;

	return kept && kept->is_kept && kept->is_leader && (kept->is_ended || promotion_is_used_up(p, kept->promotion, member));
}

static void fill_member(const struct census *census, const struct protocol *p, const struct kubeconfig *kubeconfig,
			const char *name, struct sanity_member *out)
{
	const struct kube_context *context = kubeconfig ? kubeconfig_find(kubeconfig, name) : NULL;
	const struct census_cluster *cluster = find_cluster(census, name);

	*out = (struct sanity_member){ .context = name, .is_unknown = kubeconfig && !context,
				       .unusable = context ? context->error : NULL };
	if (!context || context->error || !cluster)
		return;
	out->unreachable = cluster->unreachable;
	out->is_listed = !cluster->unreachable;
	out->objects = (const struct amkocluster *const *)cluster->objects;
	out->n_objects = cluster->n_objects;
	out->is_used_up = is_used_up(p, name);
}

/* It leads, or would if nothing were in the way. */
static bool is_leading(const struct protocol *p, const struct amkocluster *object)
{
	enum role role = p ? protocol_role(p) : ROLE_NONE;

	if (role == ROLE_LEADER || role == ROLE_CANDIDATE)
		return true;
	if (!p)
		return object->is_leader;
	return (object->is_leader || p->self.forced_leader) && !p->self.never_stands && !p->is_used_up;
}

void census_judge(const struct census *census, const struct protocol *p, const struct home_view *home,
		  const struct amkocluster *object, struct sanity_verdict *out)
{
	CLEANUP(freep) struct sanity_member *members = xcalloc(object->clusters.n + 1, sizeof(*members));
	CLEANUP(strs_release) struct strs contexts = { 0 };
	struct sanity_case sanity = {
		.object = object, .objects = home->objects, .n_objects = home->n_objects, .namespace = home->namespace,
		.running_version = AMKO_VERSION, .is_leading = is_leading(p, object), .has_kubeconfig = home->has_kubeconfig,
		.kubeconfig_error = home->kubeconfig_error, .contexts = &contexts, .members = members,
	};

	for (size_t i = 0; home->kubeconfig && i < home->kubeconfig->n_contexts; i++)
		strs_add(&contexts, home->kubeconfig->contexts[i].name);
	for (size_t i = 0; i < object->clusters.n; i++)
		if (!streq(object->clusters.v[i], object->context))
			fill_member(census, p, home->kubeconfig, object->clusters.v[i], &members[sanity.n_members++]);
	sanity_judge(&sanity, out);
	out->second_leader = NULL;             /* borrowed from the case */
}
