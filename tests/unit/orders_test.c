/* Order does not matter: the same final objects, whatever came before and in whatever order, give the identical model.
 *
 * Each run plays the life of three clusters: objects and namespaces come, change, go and come again in a random order,
 * through the index and the pure stages, as the leader does it (only names that were touched are looked at again, and what
 * the controller has by then is given to the build). In the end all is as in the tables below, and so must be the model.
 */
#include "tests/unit/scene.h"

#include "common/base/buf.h"
#include "leader/avi/gs_json.h"
#include "leader/watch/index.h"
#include "tests/unit/golden.h"

#define N_RUNS 200
#define MAX_SLOTS 96
#define MAX_SPACES 16
#define MAX_HOSTS 64
#define MAX_INTERMEDIATE 4             /* versions before the final one */
#define TEXT_MAX_BYTES (4 << 20)

/* ---- what there is in the end ---- */

static const char *const clusters[] = { "east", "west", "north" };

/* %d: the cluster's number, so that addresses differ. Hosts: "name=address ...". */
struct row {
	const char *in;                /* first letters of the clusters that have it */
	const char *where;             /* "namespace/name" */
	const char *hosts;
	const char *paths;             /* of an Ingress */
	int port;                      /* of a Service */
	const char *protocol;
	const char *tls;               /* host names, or "*" for the annotation */
	const char *labels;            /* NULL: 'app': 'gslb' */
	const char *tenant;
	bool has_no_identity;
};

static const struct row rows[] = {
	{ "ewn", "web/shop", "shop.example.org=10.%d.0.1 cart.example.org=10.%d.0.1", .paths = "/ /cart",
	  .tls = "cart.example.org" },
	{ "ewn", "web/api", "api.example.org=10.%d.0.2", .paths = "/v1 /v2 /v3" },
	{ "ew", "web/api-more", "api.example.org=10.%d.0.2", .paths = "/v7 /v6 /v5 /v4" },
	{ "ewn", "web/db", "db.example.org=10.%d.0.3", .port = 5432 },
	{ "wn", "web/dns", "dns.example.org=10.%d.0.4", .port = 53, .protocol = "UDP" },
	{ "e", "web/dns", "dns.example.org=10.%d.0.4", .port = 53, .protocol = "TCP" },
	{ "ew", "web/mixed", "mixed.example.org=10.%d.0.5", .paths = "/" },
	{ "n", "web/mixed", "mixed.example.org=10.%d.0.6", .port = 8080 },
	{ "ewn", "web/quiet", "quiet.example.org=10.%d.0.7 shop.example.org=10.%d.0.7", .paths = "/quiet",
	  .labels = "'app': 'other'" },
	{ "ew", "web/waiting", "shop.example.org=10.%d.0.8", .paths = "/waiting", .has_no_identity = true },
	{ "n", "web/waiting", "shop.example.org=10.%d.0.8", .paths = "/bare", .has_no_identity = true },
	{ "ew", "web/six", "six.example.org=2001:db8:%d::1", .paths = "/" },
	{ "ew", "web/dual", "dual.example.org=2001:db8:%d::2 dual.example.org=10.%d.0.9", .paths = "/", .tls = "*" },
	{ "ewn", "web/many", "a.example.org=10.%d.0.10 b.example.org=10.%d.0.11 c.example.org=10.%d.0.12 "
	  "d.example.org=10.%d.0.13", .paths = "" },
	{ "ew", "shop/shop", "shop.example.org=10.%d.1.1", .paths = "/", .tenant = "blue" },
	{ "ew", "shop/pay", "pay.example.org=10.%d.1.2", .paths = "/", .tenant = "blue", .tls = "pay.example.org" },
	{ "e", "shop/stray", "pay.example.org=10.%d.1.3", .paths = "/stray", .tenant = "red" },
	{ "w", "shop/silent", "pay.example.org=10.%d.1.4", .paths = "/silent" },
	{ "n", "shop/pay", "pay.example.org=10.%d.1.2", .paths = "/", .tenant = "red" },
	{ "ewn", "lab/lab", "lab.example.org=10.%d.2.1", .paths = "/ /b /c" },
	{ "ewn", "lab/copy", "lab.example.org=10.%d.2.1 copy.example.org=10.%d.2.2", .paths = "/c /d" },
	{ "ew", "lab/port", "lab.example.org=10.9.2.3", .port = 80 },
	{ "ewn", "dark/shop", "shop.example.org=10.%d.3.1 dark.example.org=10.%d.3.2", .paths = "/dark" },
	{ "ewn", "gone/gone", NULL, .paths = "/gone" },
	{ "ewn", "web/gone", NULL, .port = 4711 },
	{ "ewn", "shop/gone", NULL, .paths = "/gone" },
	{ "w", "web/emptied", "", .paths = "/" },
};

struct space_row {
	const char *in, *name, *labels, *tenant;
};

static const struct space_row space_rows[] = {
	{ "ewn", "web", "'gslb': 'yes'", NULL },
	{ "ew", "shop", "'gslb': 'yes'", "blue" },
	{ "n", "shop", "'gslb': 'yes', 'more': 'x'", "red" },
	{ "ewn", "lab", "'gslb': 'yes'", "admin" },
	{ "ewn", "dark", "'gslb': 'no'", NULL },
};

static const char policy_text[] = "{'metadata': {'name': 'gdp', 'namespace': 'avi-system'}, 'spec': {"
	"'matchRules': {'appSelector': {'label': {'app': 'gslb'}}, 'namespaceSelector': {'label': {'gslb': 'yes'}}},"
	"'matchClusters': [{'cluster': 'east'}, {'cluster': 'west'}, {'cluster': 'north', 'syncVipOnly': true}],"
	"'trafficSplit': [{'cluster': 'west', 'weight': 3, 'priority': 20}, {'cluster': 'north', 'weight': 7, 'priority': 20}],"
	"'ttl': 0, 'sitePersistenceRef': 'gap-1', 'healthMonitorTemplate': 'tpl'}}";

/* ---- dice ---- */

static uint64_t dice;

static unsigned roll(unsigned n)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 33) % n);
}

/* ---- the world ---- */

struct slot {
	const struct row *row;
	int cluster;                   /* index */
	struct host_object *now;       /* NULL: not there */
	unsigned n_left;               /* versions before the final one */
	bool is_done;
};

struct space {
	const struct space_row *row;
	int cluster;
	struct namespace_info *now;
	unsigned n_left;
	bool is_done;
};

struct host {
	char *name;
	struct wanted wanted;          /* as the controller has it */
	bool is_dirty;
};

struct world {
	struct scene scene;            /* policy, look-ups, knowledge */
	struct index *index;
	struct slot slots[MAX_SLOTS];
	struct space spaces[MAX_SPACES];
	struct host hosts[MAX_HOSTS];
	size_t n_slots, n_spaces, n_hosts;
};

/* ---- objects out of rows ---- */

static void put_hosts(const struct row *row, int cluster, struct buf *rules, struct buf *entries, struct buf *map)
{
	struct slice rest = slice_of(row->hosts), word, host, path, paths;

	while (rest.n && slice_split(&rest, ' ', &word)) {
		const char *before = entries->n ? "," : "";
		struct slice ip = word, part;

		slice_split(&ip, '=', &host);
		buf_printf(rules, "%s{'host': '%.*s', 'http': {'paths': [", before, (int)host.n, host.p);
		paths = slice_of(row->paths);
		for (int i = 0; paths.n && slice_split(&paths, ' ', &path); i++)
			buf_printf(rules, "%s{'path': '%.*s'}", i ? "," : "", (int)path.n, path.p);
		buf_puts(rules, "]}}");
		buf_printf(entries, "%s{'hostname': '%.*s', 'ip': '", before, (int)host.n, host.p);
		slice_split(&ip, '%', &part);
		buf_printf(entries, "%.*s", (int)part.n, part.p);
		if (ip.p)              /* "%d..." is left */
			buf_printf(entries, "%d%.*s", cluster + 1, (int)ip.n - 1, ip.p + 1);
		buf_puts(entries, "'}");
		buf_printf(map, "%s\\\"%.*s\\\": \\\"vs-%s-%.*s\\\"", before, (int)host.n, host.p, clusters[cluster],
			   (int)host.n, host.p);
	}
}

static void put_annotations(const struct row *row, int cluster, const char *map, struct buf *out)
{
	buf_puts(out, "'x': 'y'");
	if (!row->has_no_identity)
		buf_printf(out, ",'ako.vmware.com/host-fqdn-vs-uuid-map': '{%s}',"
			   "'ako.vmware.com/controller-cluster-uuid': 'cluster-%s'", map, clusters[cluster]);
	if (row->tenant)
		buf_printf(out, ",'ako.vmware.com/tenant-name': '%s'", row->tenant);
	if (row->tls && streq(row->tls, "*"))
		buf_puts(out, ",'ako.vmware.com/enable-tls': 'x'");
}

static struct host_object *object_of(const struct row *row, int cluster)
{
	CLEANUP(buf_release) struct buf rules, entries, map, annotations;
	CLEANUP(freep) char *text = NULL;
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	const char *slash = strchr(row->where, '/');

	buf_init(&rules, TEXT_MAX_BYTES);
	buf_init(&entries, TEXT_MAX_BYTES);
	buf_init(&map, TEXT_MAX_BYTES);
	buf_init(&annotations, TEXT_MAX_BYTES);
	put_hosts(row, cluster, &rules, &entries, &map);
	put_annotations(row, cluster, buf_str(&map), &annotations);
	text = xasprintf("{'metadata': {'namespace': '%.*s', 'name': '%s', 'labels': {%s}, 'annotations': {%s}},"
			 "'spec': {'type': 'LoadBalancer', 'ports': [{'port': %d, 'protocol': '%s'}],"
			 "'rules': [%s], 'tls': [{'hosts': ['%s']}]},"
			 "'status': {'loadBalancer': {'ingress': [%s]}}}", (int)(slash - row->where), row->where, slash + 1,
			 row->labels ? row->labels : "'app': 'gslb'", buf_str(&annotations), row->port,
			 row->protocol ? row->protocol : "TCP", buf_str(&rules), row->tls ? row->tls : "", buf_str(&entries));
	json = scene_json(text);
	return row->port ? host_object_from_service(json) : host_object_from_ingress(json);
}

/* A version that is not the last one. */
static struct row some_version(const struct row *final)
{
	static const char *const hosts[] = {
		"shop.example.org=10.%d.0.1", "cart.example.org=10.%d.9.9 pay.example.org=10.%d.9.8", "",
		"old.example.org=10.%d.9.7",
		"lab.example.org=10.%d.2.1 api.example.org=10.%d.0.2", "db.example.org=10.9.9.9",
	};
	static const char *const paths[] = { "/", "/old /older", "/v1", "" };
	static const char *const tenants[] = { NULL, "blue", "red", "" };
	struct row row = *final;

	if (!row.hosts || roll(2))
		row.hosts = hosts[roll(ARRAY_SIZE(hosts))];
	if (roll(3) == 0)
		row.paths = paths[roll(ARRAY_SIZE(paths))];
	if (roll(3) == 0)
		row.labels = roll(2) ? "'app': 'gslb'" : "'app': 'x'";
	if (roll(3) == 0)
		row.tenant = tenants[roll(ARRAY_SIZE(tenants))];
	if (roll(4) == 0)
		row.tls = roll(2) ? "*" : NULL;
	if (roll(4) == 0)
		row.has_no_identity = !row.has_no_identity;
	if (row.port)
		row.port = (int)roll(2) ? row.port : 1 + (int)roll(9000);
	return row;
}

static struct namespace_info *space_of(const struct space_row *row)
{
	CLEANUP(freep) char *tenant = row->tenant ? xasprintf("'ako.vmware.com/tenant-name': '%s'", row->tenant) : xstrdup("");
	CLEANUP(freep) char *text = xasprintf("{'metadata': {'name': '%s', 'labels': {%s}, 'annotations': {%s}}}", row->name,
					      row->labels, tenant);
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(text);

	return namespace_from_json(json);
}

static struct space_row some_space(const struct space_row *final)
{
	static const char *const tenants[] = { NULL, "", "blue", "red", "admin" };
	struct space_row row = *final;

	row.labels = roll(2) ? "'gslb': 'yes'" : "'gslb': 'maybe'";
	row.tenant = tenants[roll(ARRAY_SIZE(tenants))];
	return row;
}

/* ---- the life of the clusters ---- */

static struct host *host_of(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->n_hosts; i++)
		if (streq(w->hosts[i].name, name))
			return &w->hosts[i];
	assert_true(w->n_hosts < MAX_HOSTS);
	w->hosts[w->n_hosts] = (struct host){ .name = xstrdup(name) };
	return &w->hosts[w->n_hosts++];
}

static void touch(void *arg, const char *name)
{
	host_of(arg, name)->is_dirty = true;
}

static void change_object(struct world *w, struct slot *slot, struct host_object *after)
{
	index_change(w->index, clusters[slot->cluster], slot->now, after, touch, w);
	host_object_free(slot->now);
	slot->now = after;
}

static void change_space(struct world *w, struct space *space, struct namespace_info *after)
{
	namespace_free(space->now);
	space->now = after;
	for (size_t i = 0; i < w->n_slots; i++) {
		const struct slot *slot = &w->slots[i];

		if (!slot->now || slot->cluster != space->cluster || !streq(slot->now->namespace, space->row->name))
			continue;
		for (size_t r = 0; r < slot->now->n_records; r++)
			touch(w, slot->now->records[r].host);
	}
}

static void live_object(struct world *w, struct slot *slot)
{
	struct row version;

	if (!slot->n_left) {
		change_object(w, slot, slot->row->hosts ? object_of(slot->row, slot->cluster) : NULL);
		slot->is_done = true;
		return;
	}
	slot->n_left--;
	version = some_version(slot->row);
	change_object(w, slot, roll(3) ? object_of(&version, slot->cluster) : NULL);
}

static void live_space(struct world *w, struct space *space)
{
	struct space_row version;

	if (!space->n_left) {
		change_space(w, space, space_of(space->row));
		space->is_done = true;
		return;
	}
	space->n_left--;
	version = some_space(space->row);
	change_space(w, space, roll(4) ? space_of(&version) : NULL);
}

/* ---- what follows ---- */

static const struct namespace_info *namespace_of(const struct world *w, const struct index_entry *entry)
{
	for (size_t i = 0; i < w->n_spaces; i++) {
		const struct space *space = &w->spaces[i];

		if (streq(clusters[space->cluster], entry->cluster) && streq(space->row->name, entry->object->namespace))
			return space->now;
	}
	return NULL;
}

static struct candidate *shuffled_candidates(const struct world *w, const char *name, size_t *n)
{
	const struct index_entry *entries = index_find(w->index, name, n);
	struct candidate *out = xcalloc(*n, sizeof(*out));

	for (size_t i = 0; i < *n; i++) {
		const struct index_entry *entry = &entries[i];
		size_t at = roll((unsigned)i + 1);

		out[i] = out[at];
		out[at] = (struct candidate){ entry->cluster, namespace_of(w, entry), entry->object, entry->record };
	}
	return out;
}

static void look_at(struct world *w, struct host *host)
{
	size_t n;
	CLEANUP(freep) struct candidate *candidates = shuffled_candidates(w, host->name, &n);
	struct wanted wanted;

	build_wanted(&(struct build_input){
		.fqdn = host->name, .policy = w->scene.policy, .lookups = &w->scene.lookups, .default_tenant = "admin",
		.owner = SCENE_OWNER, .default_pki = "pki-default", .knowledge = &w->scene.knowledge, .candidates = candidates,
		.n_candidates = n, .actual = (const struct gs *const *)host->wanted.gs, .n_actual = host->wanted.n_gs,
		.actual_monitors = (const struct monitor *const *)host->wanted.monitors,
		.n_actual_monitors = host->wanted.n_monitors,
	}, &wanted);
	wanted_release(&host->wanted);
	host->wanted = wanted;
	host->is_dirty = false;
}

static void look_at_dirty_ones(struct world *w)
{
	for (size_t i = 0; i < w->n_hosts; i++)
		if (w->hosts[i].is_dirty)
			look_at(w, &w->hosts[i]);
}

/* ---- runs ---- */

static void add_slots(struct world *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int c = 0; c < 3; c++)
			if (strchr(rows[i].in, clusters[c][0]))
				w->slots[w->n_slots++] = (struct slot){ &rows[i], c, .n_left = roll(MAX_INTERMEDIATE) };
	for (size_t i = 0; i < ARRAY_SIZE(space_rows); i++)
		for (int c = 0; c < 3; c++)
			if (strchr(space_rows[i].in, clusters[c][0]))
				w->spaces[w->n_spaces++] = (struct space){ &space_rows[i], c,
									   .n_left = roll(MAX_INTERMEDIATE) };
	assert_true(w->n_slots <= MAX_SLOTS && w->n_spaces <= MAX_SPACES);
}

static struct world *world_new(void)
{
	struct world *w = xcalloc(1, sizeof(*w));
	CLEANUP(cJSON_Deletep) cJSON *json = scene_json(policy_text);

	w->index = index_new();
	scene_policy(&w->scene, NULL);
	w->scene.policy = gdp_from_json(json);
	scene_know(&w->scene, "east west north", "");
	add_slots(w);
	return w;
}

static void world_free(struct world *w)
{
	for (size_t i = 0; i < w->n_slots; i++)
		host_object_free(w->slots[i].now);
	for (size_t i = 0; i < w->n_spaces; i++)
		namespace_free(w->spaces[i].now);
	for (size_t i = 0; i < w->n_hosts; i++) {
		wanted_release(&w->hosts[i].wanted);
		free(w->hosts[i].name);
	}
	index_free(w->index);
	scene_release(&w->scene);
	free(w);
}

static void live(struct world *w)
{
	size_t n = w->n_slots + w->n_spaces, n_done = 0;

	while (n_done < n) {
		size_t at = roll((unsigned)n);
		bool is_slot = at < w->n_slots;
		bool *is_done = is_slot ? &w->slots[at].is_done : &w->spaces[at - w->n_slots].is_done;

		if (*is_done)
			continue;
		if (is_slot)
			live_object(w, &w->slots[at]);
		else
			live_space(w, &w->spaces[at - w->n_slots]);
		n_done += *is_done;
		if (roll(8) == 0)
			look_at_dirty_ones(w);
	}
	look_at_dirty_ones(w);
}

static int compare_hosts(const void *a, const void *b)
{
	return strcmp(((const struct host *)a)->name, ((const struct host *)b)->name);
}

static void put_json(struct buf *out, cJSON *json)
{
	CLEANUP(freep) char *text = json_text(json);

	assert_true(buf_printf(out, "%s\n", text));
	cJSON_Delete(json);
}

static char *model_text(struct world *w)
{
	struct buf out;

	buf_init(&out, TEXT_MAX_BYTES);
	qsort(w->hosts, w->n_hosts, sizeof(w->hosts[0]), compare_hosts);
	for (size_t i = 0; i < w->n_hosts; i++) {
		for (size_t k = 0; k < w->hosts[i].wanted.n_gs; k++)
			put_json(&out, gs_to_json(w->hosts[i].wanted.gs[k]));
		for (size_t k = 0; k < w->hosts[i].wanted.n_monitors; k++)
			put_json(&out, monitor_to_json(w->hosts[i].wanted.monitors[k]));
	}
	return buf_take(&out);
}

static struct world *lived(unsigned seed)
{
	struct world *w;

	dice = 0x9e3779b97f4a7c15u * (seed + 1);
	w = world_new();
	live(w);
	return w;
}

static void every_order_gives_the_same_model(void **state)
{
	CLEANUP(freep) char *first = NULL;

	(void)state;
	for (unsigned seed = 0; seed < N_RUNS; seed++) {
		struct world *w = lived(seed);
		CLEANUP(freep) char *text = model_text(w);

		world_free(w);
		if (!first)
			first = TAKE(text);
		if (text) {
			CLEANUP(freep) char *name = xasprintf("seed %u", seed);

			assert_same_lines(name, text, first);
		}
	}
	assert_golden("orders.txt", first);
}

/* ---- a controller that has it all ---- */

static cJSON *with_uuid(cJSON *json)
{
	json_put_str(json, "uuid", "x-1");
	return json;
}

static void assert_nothing_to_do(const struct world *w, const struct host *host)
{
	CLEANUP(plan_release) struct plan plan = { 0 };
	struct gs *gs[4] = { NULL };
	struct monitor *monitors[16] = { NULL };

	for (size_t i = 0; i < host->wanted.n_gs; i++) {
		CLEANUP(cJSON_Deletep) cJSON *json = with_uuid(gs_to_json(host->wanted.gs[i]));

		gs[i] = gs_from_json(json, "*");
	}
	for (size_t i = 0; i < host->wanted.n_monitors; i++) {
		CLEANUP(cJSON_Deletep) cJSON *json = with_uuid(monitor_to_json(host->wanted.monitors[i]));

		monitors[i] = monitor_from_json(json, "*");
	}
	plan_make(&(struct plan_input){
		.owner = SCENE_OWNER, .policy = w->scene.policy, .knowledge = &w->scene.knowledge, .wanted = &host->wanted,
		.actual = (const struct gs *const *)gs, .n_actual = host->wanted.n_gs,
		.actual_monitors = (const struct monitor *const *)monitors, .n_actual_monitors = host->wanted.n_monitors,
		.fqdn = host->name }, &plan);
	for (size_t i = 0; i < plan.n_ops; i++)
		fail_msg("%s: %s %s (%s)", host->name, op_type_name(plan.ops[i].type), plan.ops[i].name, plan.ops[i].fields);
	for (size_t i = 0; i < host->wanted.n_gs; i++)
		gs_free(gs[i]);
	for (size_t i = 0; i < host->wanted.n_monitors; i++)
		monitor_free(monitors[i]);
}

static void a_controller_that_has_it_all_gets_no_write(void **state)
{
	struct world *w = lived(1);

	(void)state;
	for (size_t i = 0; i < w->n_hosts; i++)
		assert_nothing_to_do(w, &w->hosts[i]);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_gives_the_same_model),
		cmocka_unit_test(a_controller_that_has_it_all_gets_no_write),
	};

	json_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
