/* Which monitors a service gets:
 *   1. control plane only: none
 *   2. user monitors named: those, none of ours
 *   3. any member with paths: one HTTP(S) monitor a path; HTTPS when any member is TLS
 *   4. else one TCP or UDP monitor on the smallest port
 *   5. nothing known of any member: what the service has
 */
#include "common/base/hash.h"
#include "leader/gslb/member.h"

bool members_any_tls(const struct member *members, size_t n_members, const struct held *held)
{
	for (size_t i = 0; i < n_members; i++)
		if (members[i].record->is_tls)
			return true;
	return held->is_tls;
}

static char *hashed_name(const char *text)
{
	char hex[41];

	sha1_hex(slice_of(text), hex);
	return xconcat("amko--", hex);
}

static struct monitor *add_monitor(const struct build_input *in, struct gs *gs, char *name, struct wanted *out)
{
	struct monitor *monitor = monitor_new(gs->tenant, name);

	monitor->owner = xstrdup(in->owner);
	strs_take(&gs->monitor_refs, name);
	out->monitors = xrealloc(out->monitors, (out->n_monitors + 1) * sizeof(struct monitor *));
	out->monitors[out->n_monitors++] = monitor;
	return monitor;
}

/* The template's request line with this path in it. Validation has seen to the three words. */
static char *request_from_template(const char *line, const char *path)
{
	struct slice rest = slice_of(line), method = { 0 }, old = { 0 };

	slice_split(&rest, ' ', &method);
	slice_split(&rest, ' ', &old);
	return xasprintf("%.*s %s %.*s", (int)method.n, method.p, path, (int)rest.n, rest.p ? rest.p : "");
}

static void add_path_monitor(const struct build_input *in, const struct settings *settings, bool is_tls, const char *path,
			     struct gs *gs, struct wanted *out)
{
	const char *scheme = is_tls ? "https" : "http";
	CLEANUP(freep) char *key = xconcat(scheme, "--", gs->name, "--", path);
	struct monitor *monitor = add_monitor(in, gs, hashed_name(key), out);

	monitor->type = is_tls ? MONITOR_HTTPS : MONITOR_HTTP;
	monitor->port = is_tls ? 443 : 80;
	monitor->description = xconcat("created by: amko, gsname: ", gs->name, ", path: ", path, ", protocol: ", scheme,
				       settings->template ? ", created from: " : "",
				       settings->template ? settings->template->name : "");
	if (settings->template) {
		monitor->request = request_from_template(settings->template->http_request, path);
		strs_copy(&monitor->response_codes, &settings->template->response_codes);
		return;
	}
	monitor->request = xconcat("HEAD ", path, " HTTP/1.0");
	strs_add(&monitor->response_codes, "HTTP_2XX");
	strs_add(&monitor->response_codes, "HTTP_3XX");
}

/* In the order in which the members name them; the first six in bytewise order when there are more. */
static void collect_paths(const struct member *members, size_t n_members, const struct held *held, struct strs *paths,
			  struct wanted *out)
{
	for (size_t i = 0; i < n_members; i++)
		for (size_t p = 0; p < members[i].record->paths.n; p++)
			strs_add_once(paths, members[i].record->paths.v[p]);
	for (size_t p = 0; p < held->paths.n; p++)
		strs_add_once(paths, held->paths.v[p]);
	if (paths->n <= MAX_MONITORS_PER_GS)
		return;
	strs_sort(paths);
	out->n_paths_dropped += paths->n - MAX_MONITORS_PER_GS;
	while (paths->n > MAX_MONITORS_PER_GS)
		free(paths->v[--paths->n]);
}

static int smallest_port(const struct member *members, size_t n_members, const struct held *held, enum host_protocol *protocol)
{
	int port = held->port;

	*protocol = held->protocol;
	for (size_t i = 0; i < n_members; i++) {
		if (!members[i].object->port || (port && members[i].object->port >= port))
			continue;
		port = members[i].object->port;
		*protocol = members[i].object->protocol;
	}
	return port;
}

static void add_port_monitor(const struct build_input *in, int port, enum host_protocol protocol, struct gs *gs,
			     struct wanted *out)
{
	struct monitor *monitor = add_monitor(in, gs, hashed_name(gs->name), out);

	monitor->type = protocol == PROTOCOL_UDP ? MONITOR_UDP : MONITOR_TCP;
	monitor->port = port;
	monitor->description = xasprintf("created by: amko, gsname: %s", gs->name);
}

/* Only held members, whose monitors were a user's or none: nothing is known of what would answer, so they keep what they have. */
static void keep_monitors(const struct gs *actual, struct gs *gs)
{
	strs_copy(&gs->monitor_refs, &actual->monitor_refs);
	for (size_t i = 0; i < gs->n_groups && actual->n_groups; i++)
		gs->groups[i].min_monitors_up = actual->groups[0].min_monitors_up;
}

void build_monitors(const struct build_input *in, const struct settings *settings, const struct member *members,
		    size_t n_members, const struct held *held, struct gs *gs, struct wanted *out)
{
	bool is_tls = members_any_tls(members, n_members, held);
	CLEANUP(strs_release) struct strs paths = { 0 };
	enum host_protocol protocol;
	int port;

	if (settings->is_control_plane_only)
		return;
	if (settings->monitor_refs) {
		strs_copy(&gs->monitor_refs, settings->monitor_refs);
		return;
	}
	collect_paths(members, n_members, held, &paths, out);
	port = smallest_port(members, n_members, held, &protocol);
	if (!paths.n && port) {
		add_port_monitor(in, port, protocol, gs, out);
		return;
	}
	if (!paths.n && held->actual) {
		keep_monitors(held->actual, gs);
		return;
	}
	for (size_t i = 0; i < paths.n; i++)
		add_path_monitor(in, settings, is_tls, paths.v[i], gs, out);
}
