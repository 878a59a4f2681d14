/* What the pure stages want of a state of the world: the oracle of the fault matrix.
 *
 * Reads states from standard input and writes what follows to standard output, one line of JSON each, until the input ends:
 *
 *   {"owner": "amko-<uuid>", "config": GSLBConfig, "policy": GlobalDeploymentPolicy or null, "default_pki": name or null,
 *    "controller": {"<type>": [what policies refer to]}, "clusters": {"<context>": [Ingress, Service, Namespace, ...]}}
 *   {"policy": its errorStatus, "gslbservice": [{"tenant", "body"}], "healthmonitor": [{"tenant", "body"}]}
 *
 * Everything is known and nothing is there yet, so nothing is held. A policy that is refused wants nothing. Only
 * watch/host_object, watch/index and the stages behind them take part: no informer, no queue, no controller, which are
 * under test.
 * Errors:    a line that is no such state ends it, with the reason on standard error.
 */
#include "leader/avi/gs_json.h"
#include "leader/gslb/build.h"
#include "leader/watch/index.h"

struct space {
	const char *cluster;
	struct namespace_info *ns;
};

struct state {
	struct gslbconfig *config;
	struct gdp *policy;
	struct lookups lookups;
	const char *owner, *default_pki;   /* borrowed from the line */
	struct index *index;
	struct host_object **objects;
	size_t n_objects, cap_objects;
	struct space *spaces;
	size_t n_spaces, cap_spaces;
	struct cluster_knowledge *known;
	cJSON *services, *monitors;        /* what comes out */
};

static void die(const char *what)
{
	fprintf(stderr, "oracle: %s\n", what);
	exit(2);
}

static void ignore_host(void *arg, const char *host)
{
	(void)arg;
	(void)host;
}

/* ---- a state out of its line ---- */

static void add_object(struct state *s, const char *cluster, struct host_object *object)
{
	if (!object)
		return;
	s->objects = grow(s->objects, &s->cap_objects, s->n_objects, sizeof(*s->objects));
	s->objects[s->n_objects++] = object;
	index_change(s->index, cluster, NULL, object, ignore_host, NULL);
}

static void read_object(struct state *s, const char *cluster, const cJSON *json)
{
	const char *kind = json_str(json, "kind");

	if (!kind)
		die("an object without a kind");
	if (streq(kind, "Ingress")) {
		add_object(s, cluster, host_object_from_ingress(json));
	} else if (streq(kind, "Service")) {
		add_object(s, cluster, host_object_from_service(json));
	} else if (streq(kind, "Namespace")) {
		s->spaces = grow(s->spaces, &s->cap_spaces, s->n_spaces, sizeof(*s->spaces));
		s->spaces[s->n_spaces++] = (struct space){ cluster, namespace_from_json(json) };
	}
}

static void read_clusters(struct state *s, const cJSON *clusters)
{
	s->known = xcalloc(s->config->n_member_clusters, sizeof(*s->known));
	for (size_t i = 0; i < s->config->n_member_clusters; i++) {
		const char *name = s->config->member_clusters[i].context;
		const cJSON *json;

		s->known[i] = (struct cluster_knowledge){
			.name = name, .is_complete = { true, true, true, true }, .has_namespaces = true };
		cJSON_ArrayForEach(json, json_get(clusters, name))
			read_object(s, name, json);
	}
}

/* What the controller would answer to the questions that the policy's references raise. */
static void look_up(struct state *s, const cJSON *controller)
{
	gdp_required_lookups(s->policy, s->config, &s->lookups);
	for (size_t i = 0; i < s->lookups.n; i++) {
		CLEANUP(cJSON_Deletep) cJSON *answer = cJSON_CreateObject();
		const cJSON *known = json_get(controller, s->lookups.v[i].type);

		json_put(answer, "results", known ? cJSON_Duplicate(known, true) : cJSON_CreateArray());
		lookup_from_json(answer, &s->lookups.v[i]);
	}
}

/* Its errorStatus; a policy that is refused is none afterwards. Yours to free. */
static char *judge_policy(struct state *s, const cJSON *controller)
{
	char *text;

	look_up(s, controller);
	if (gdp_validate(s->policy, s->config, &s->lookups, &text) == VALIDATE_ACCEPTED)
		return text;
	gdp_free(TAKE(s->policy));
	return text;
}

/* ---- what follows ---- */

static const struct namespace_info *namespace_of(const struct state *s, const struct index_entry *entry)
{
	for (size_t i = 0; i < s->n_spaces; i++)
		if (streq(s->spaces[i].cluster, entry->cluster) && streq(s->spaces[i].ns->name, entry->object->namespace))
			return s->spaces[i].ns;
	return NULL;
}

static void put(cJSON *list, const char *tenant, cJSON *body)
{
	cJSON *entry = json_add_object(list);

	json_put_str(entry, "tenant", tenant);
	json_put(entry, "body", body);
}

static void want(void *arg, const char *host)
{
	struct state *s = arg;
	size_t n;
	const struct index_entry *entries = index_find(s->index, host, &n);
	CLEANUP(freep) struct candidate *candidates = xcalloc(n, sizeof(*candidates));
	CLEANUP(wanted_release) struct wanted wanted = { 0 };

	for (size_t i = 0; i < n; i++)
		candidates[i] = (struct candidate){ entries[i].cluster, namespace_of(s, &entries[i]), entries[i].object,
						    entries[i].record };
	build_wanted(&(struct build_input){
		.fqdn = host, .policy = s->policy, .lookups = &s->lookups, .default_tenant = s->config->tenant,
		.owner = s->owner, .default_pki = s->default_pki,
		.knowledge = &(struct knowledge){ s->known, s->config->n_member_clusters },
		.candidates = candidates, .n_candidates = n }, &wanted);
	for (size_t i = 0; i < wanted.n_gs; i++)
		put(s->services, wanted.gs[i]->tenant, gs_to_json(wanted.gs[i]));
	for (size_t i = 0; i < wanted.n_monitors; i++)
		put(s->monitors, wanted.monitors[i]->tenant, monitor_to_json(wanted.monitors[i]));
}

static void state_release(struct state *s)
{
	for (size_t i = 0; i < s->n_objects; i++)
		host_object_free(s->objects[i]);
	for (size_t i = 0; i < s->n_spaces; i++)
		namespace_free(s->spaces[i].ns);
	free(s->objects);
	free(s->spaces);
	free(s->known);
	index_free(s->index);
	gdp_free(s->policy);
	lookups_release(&s->lookups);
	gslbconfig_free(s->config);
}

static cJSON *answer(const cJSON *line)
{
	const cJSON *policy = json_get(line, "policy");
	CLEANUP(state_release) struct state s = { .index = index_new() };
	CLEANUP(freep) char *text = NULL;
	cJSON *out = cJSON_CreateObject();

	s.owner = json_str(line, "owner");
	s.default_pki = json_str(line, "default_pki");
	s.config = gslbconfig_from_json(json_get(line, "config"));
	s.policy = policy ? gdp_from_json(policy) : NULL;
	if (!s.owner || !s.config || s.config->error || (policy && !s.policy))
		die("want owner, a sound config, and a policy or null");
	text = s.policy ? judge_policy(&s, json_get(line, "controller")) : xstrdup("");
	json_put_str(out, "policy", text);
	s.services = json_put_array(out, "gslbservice");
	s.monitors = json_put_array(out, "healthmonitor");
	read_clusters(&s, json_get(line, "clusters"));
	index_each_host(s.index, want, &s);
	return out;
}

int main(void)
{
	CLEANUP(freep) char *line = NULL;
	size_t size = 0;
	ssize_t n;

	json_init();
	while ((n = getline(&line, &size, stdin)) > 0) {
		struct err err = { 0 };
		CLEANUP(cJSON_Deletep) cJSON *json = json_parse((struct slice){ line, (size_t)n }, &err);
		CLEANUP(cJSON_Deletep) cJSON *out = NULL;
		CLEANUP(freep) char *text = NULL;

		if (!json)
			die(err.msg);
		out = answer(json);
		text = json_text(out);
		puts(text);
		fflush(stdout);
	}
	return 0;
}
