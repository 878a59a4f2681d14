/* What stays as it is because a cluster is not known: see knowledge.h. */
#include "leader/gslb/member.h"

/* An object that is selected gives its address itself. One that is not speaks for the address only when its cluster is known to
 * the end: as long as it is not, another object there may serve the same name at the same address and be selected. */
static bool speaks(const struct build_input *in, const char *tenant, const struct candidate *candidate)
{
	const char *selected_for = NULL;

	if (knowledge_knows_cluster(in->knowledge, candidate->cluster))
		return true;
	return policy_select(in->policy, candidate->cluster, candidate->ns, candidate->object, candidate->record,
			     in->default_tenant, &selected_for) == SELECTED && streq(selected_for, tenant);
}

/* A known object accounts for this address: what becomes of it is decided by that object, not by what is unknown. */
static bool is_explained(const struct build_input *in, const char *tenant, const struct gs_member *member)
{
	for (size_t i = 0; i < in->n_candidates; i++) {
		const struct host_record *record = in->candidates[i].record;
		bool is_same_vs = record->vs_uuid && *record->vs_uuid && streq0(record->vs_uuid, member->vs_uuid);

		if ((is_same_vs || streq(record->ip, member->ip)) && speaks(in, tenant, &in->candidates[i]))
			return true;
	}
	return false;
}

static bool was_seen_to_go(const struct build_input *in, const struct gs_member *member)
{
	for (size_t i = 0; i < in->n_gone; i++)
		if (streq(in->gone[i].ip, member->ip))
			return true;
	return false;
}

/* What a known object gave up is gone, unless it may be the unknown objects' own too: as many members as there are such
 * objects must be left to account for them. */
static void drop_gone(const struct build_input *in, struct held *out)
{
	size_t n_gone = 0, kept = 0;

	for (size_t i = 0; i < out->n_members; i++)
		if (was_seen_to_go(in, out->members[i].member))
			n_gone++;
	if (out->n_members - n_gone < out->objects.n)
		return;
	for (size_t i = 0; i < out->n_members; i++)
		if (!was_seen_to_go(in, out->members[i].member))
			out->members[kept++] = out->members[i];
	out->n_members = kept;
}

static void hold_members(const struct build_input *in, const struct gs *actual, struct held *out)
{
	out->members = xcalloc(gs_count_members(actual), sizeof(*out->members));
	for (size_t g = 0; g < actual->n_groups; g++) {
		for (size_t m = 0; m < actual->groups[g].n_members; m++) {
			const struct gs_member *member = &actual->groups[g].members[m];

			if (member->ip && !is_explained(in, actual->tenant, member))
				out->members[out->n_members++] = (struct held_member){ member, actual->groups[g].priority };
		}
	}
	drop_gone(in, out);
}

/* "HEAD /cart HTTP/1.0" -> "/cart"; NULL when there is no second word. */
static char *path_of_request(const char *request)
{
	struct slice rest = slice_of(request), word;

	if (!slice_split(&rest, ' ', &word) || !slice_split(&rest, ' ', &word) || !word.n)
		return NULL;
	return slice_dup(word);
}

static void learn_from_monitor(const struct monitor *monitor, struct held *out)
{
	char *path;

	switch (monitor->type) {
	case MONITOR_HTTPS:
		out->is_tls = true;
		/* fall through */
	case MONITOR_HTTP:
		path = monitor->request ? path_of_request(monitor->request) : NULL;
		if (path)
			strs_take(&out->paths, path);
		break;
	case MONITOR_TCP:
	case MONITOR_UDP:
		out->port = monitor->port;
		out->protocol = monitor->type == MONITOR_UDP ? PROTOCOL_UDP : PROTOCOL_TCP;
		break;
	case MONITOR_OTHER:
		break;
	}
}

/* Only monitors of ours tell about the objects; a user's do not. */
static void learn_from_monitors(const struct build_input *in, const struct gs *actual, struct held *out)
{
	out->is_tls = actual->persistence_ref != NULL;
	for (size_t i = 0; i < in->n_actual_monitors; i++) {
		const struct monitor *monitor = in->actual_monitors[i];

		if (streq(monitor->tenant, actual->tenant) && strs_has(&actual->monitor_refs, monitor->name) &&
		    streq0(monitor->owner, in->owner))
			learn_from_monitor(monitor, out);
	}
}

/* A part that cannot be read may stand for an object of any cluster; once all are known, for none. */
static bool is_unknown(const struct build_input *in, const char *text)
{
	struct object_part part;

	if (!knowledge_is_unknown_part(in->knowledge, in->policy, text))
		return false;
	return object_part_parse(text, &part) || !knowledge_is_complete(in->knowledge, in->policy);
}

void hold_unknown(const struct build_input *in, const struct gs *actual, struct held *out)
{
	*out = (struct held){ 0 };
	for (size_t i = 0; i < actual->objects.n; i++)
		if (is_unknown(in, actual->objects.v[i]))
			strs_add(&out->objects, actual->objects.v[i]);
	if (!out->objects.n)
		return;
	out->actual = actual;
	hold_members(in, actual, out);
	learn_from_monitors(in, actual, out);
}

void held_release(struct held *held)
{
	strs_release(&held->objects);
	strs_release(&held->paths);
	free(held->members);
	*held = (struct held){ 0 };
}
