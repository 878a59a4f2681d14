/* What stays as it is because a cluster is not known: see knowledge.h. */
#include "leader/gslb/member.h"

/* What is known of an address that the service has. */
enum account {
	OPEN,                          /* nothing: it may be an unknown object's */
	SPOKEN_FOR,                    /* an object that is known, or was, and does not give it any more; yet it may be an unknown one's too */
	GIVEN,                         /* an object that is selected gives it, or gives another one instead: no question */
};

static bool was_seen_to_go(const struct build_input *in, const struct gs_member *member)
{
	for (size_t i = 0; i < in->n_gone; i++)
		if (streq(in->gone[i].ip, member->ip))
			return true;
	return false;
}

static bool is_of(const struct gs_member *member, const struct host_record *record)
{
	return streq(record->ip, member->ip) ||
	       (record->vs_uuid && *record->vs_uuid && streq0(record->vs_uuid, member->vs_uuid));
}

static bool is_selected_for(const struct build_input *in, const char *tenant, const struct candidate *candidate)
{
	const char *selected_for = NULL;

	return policy_select(in->policy, candidate->cluster, candidate->ns, candidate->object, candidate->record,
			     in->default_tenant, &selected_for) == SELECTED && streq(selected_for, tenant);
}

/* One that is not selected says something only when its cluster is known to the end: as long as it is being listed, whether it is
 * selected may be open, and so is who else serves the name there, often at the same address. */
static enum account account_for(const struct build_input *in, const char *tenant, const struct gs_member *member)
{
	enum account account = was_seen_to_go(in, member) ? SPOKEN_FOR : OPEN;

	for (size_t i = 0; i < in->n_candidates; i++) {
		const struct candidate *candidate = &in->candidates[i];

		if (!is_of(member, candidate->record))
			continue;
		if (is_selected_for(in, tenant, candidate))
			return GIVEN;
		if (knowledge_knows_cluster(in->knowledge, candidate->cluster))
			account = SPOKEN_FOR;
	}
	return account;
}

static size_t count_open(const struct build_input *in, const struct gs *actual)
{
	size_t n = 0;

	for (size_t g = 0; g < actual->n_groups; g++)
		for (size_t m = 0; m < actual->groups[g].n_members; m++)
			if (actual->groups[g].members[m].ip &&
			    account_for(in, actual->tenant, &actual->groups[g].members[m]) == OPEN)
				n++;
	return n;
}

/* What known objects do not give any more goes, if enough is left to account for each unknown object. */
static void hold_members(const struct build_input *in, const struct gs *actual, struct held *out)
{
	enum account most = count_open(in, actual) >= out->objects.n ? OPEN : SPOKEN_FOR;

	out->members = xcalloc(gs_count_members(actual), sizeof(*out->members));
	for (size_t g = 0; g < actual->n_groups; g++) {
		for (size_t m = 0; m < actual->groups[g].n_members; m++) {
			const struct gs_member *member = &actual->groups[g].members[m];

			if (member->ip && account_for(in, actual->tenant, member) <= most)
				out->members[out->n_members++] = (struct held_member){ member, actual->groups[g].priority };
		}
	}
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
