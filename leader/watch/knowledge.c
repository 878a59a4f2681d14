#include "leader/watch/knowledge.h"

#include "common/base/slice.h"

/* Cuts the last segment off: "a/b/c" -> "a/b", "c". */
static bool cut_last(struct slice *rest, struct slice *last)
{
	for (size_t i = rest->n; i > 0; i--) {
		if (rest->p[i - 1] != '/')
			continue;
		*last = (struct slice){ rest->p + i, rest->n - i };
		rest->n = i - 1;
		return true;
	}
	return false;
}

bool object_part_parse(const char *text, struct object_part *out)
{
	for (enum host_kind kind = 0; kind < N_HOST_KINDS; kind++) {
		struct slice rest = slice_of(text), host;
		size_t n = strlen(host_kind_name(kind));

		if (!slice_starts(rest, host_kind_name(kind)) || rest.p[n] != '/')
			continue;
		rest = (struct slice){ rest.p + n + 1, rest.n - n - 1 };
		out->kind = kind;
		if ((kind == KIND_INGRESS || kind == KIND_MCI) && !cut_last(&rest, &host))
			return false;
		if (!cut_last(&rest, &out->name) || !cut_last(&rest, &out->namespace))
			return false;
		out->cluster = rest;
		return rest.n > 0;
	}
	return false;
}

void knowledge_release(struct knowledge *knowledge)
{
	for (size_t i = 0; i < knowledge->n; i++)
		free((void *)(uintptr_t)knowledge->v[i].name);
	free((void *)(uintptr_t)knowledge->v);
	*knowledge = (struct knowledge){ 0 };
}

size_t knowledge_position(const struct knowledge *knowledge, const char *cluster)
{
	size_t i = 0;

	while (i < knowledge->n && !streq(knowledge->v[i].name, cluster))
		i++;
	return i;
}

static bool is_known(const struct cluster_knowledge *cluster, enum host_kind kind)
{
	return cluster->is_complete[kind] && cluster->has_namespaces;
}

bool knowledge_is_unknown_part(const struct knowledge *knowledge, const struct gdp *policy, const char *text)
{
	struct object_part part;

	if (!policy)
		return false;
	if (!object_part_parse(text, &part))
		return true;
	for (size_t i = 0; i < knowledge->n; i++) {
		if (!slice_eq(part.cluster, knowledge->v[i].name))
			continue;
		return gdp_match_cluster(policy, knowledge->v[i].name) && !is_known(&knowledge->v[i], part.kind);
	}
	return false;
}

static bool is_wholly_known(const struct cluster_knowledge *cluster)
{
	for (enum host_kind kind = 0; kind < N_HOST_KINDS; kind++)
		if (!is_known(cluster, kind))
			return false;
	return true;
}

bool knowledge_knows_cluster(const struct knowledge *knowledge, const char *cluster)
{
	size_t at = knowledge_position(knowledge, cluster);

	return at == knowledge->n || is_wholly_known(&knowledge->v[at]);
}

bool knowledge_is_whole(const struct knowledge *knowledge)
{
	for (size_t i = 0; i < knowledge->n; i++)
		if (!is_wholly_known(&knowledge->v[i]))
			return false;
	return true;
}

bool knowledge_is_complete(const struct knowledge *knowledge, const struct gdp *policy)
{
	for (size_t i = 0; policy && i < knowledge->n; i++)
		if (gdp_match_cluster(policy, knowledge->v[i].name) && !is_wholly_known(&knowledge->v[i]))
			return false;
	return true;
}
