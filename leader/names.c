/* What each global name should be now, and what that takes: the pure stages, fed with what the parts hold. */
#include <uthash.h>

#include "common/base/log.h"
#include "common/base/metrics.h"
#include "leader/fqdn/fqdn.h"
#include "leader/leader_parts.h"

struct held_name {
	char *fqdn, *because;
	UT_hash_handle hh;
};

static struct metric held_gauge = METRIC_GAUGE("amko_held_deletes", "Names with deletions that wait for a cause.");

static void forget_held(struct leader *leader, const char *fqdn)
{
	struct held_name *held;

	HASH_FIND_STR(leader->held, fqdn, held);
	if (!held)
		return;
	HASH_DEL(leader->held, held);
	free(held->fqdn);
	free(held->because);
	free(held);
}

static void note_held(struct leader *leader, const char *fqdn, const struct plan *plan)
{
	struct held_name *held;

	HASH_FIND_STR(leader->held, fqdn, held);
	if (!plan->n_held && !held)
		return;
	if (held && plan->held_because && streq(held->because, plan->held_because))
		return;
	forget_held(leader, fqdn);
	if (plan->n_held) {
		held = xcalloc(1, sizeof(*held));
		held->fqdn = xstrdup(fqdn);
		held->because = xstrdup(plan->held_because);
		HASH_ADD_KEYPTR(hh, leader->held, held->fqdn, strlen(held->fqdn), held);
		log_warn("deletion_held", KV("fqdn", fqdn), KV("because", plan->held_because));
	}
	metric_set(&held_gauge, HASH_COUNT(leader->held));
}

size_t names_count_held(const struct leader *leader)
{
	return HASH_COUNT(leader->held);
}

const char *names_why_held(const struct leader *leader)
{
	return leader->held ? leader->held->because : "";
}

void names_release(struct leader *leader)
{
	while (leader->held)
		forget_held(leader, leader->held->fqdn);
	knowledge_release(&leader->knowledge);
}

static void log_dry_run(const char *fqdn, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_ops; i++)
		log_info("would_write", KV("operation", op_type_name(plan->ops[i].type)), KV("fqdn", fqdn),
			 KV("tenant", plan->ops[i].tenant), KV("name", plan->ops[i].name), KV("fields", plan->ops[i].fields));
}

/* At debug level: why each object under this name is not published. */
static void log_unpublished(const struct leader *leader, const char *fqdn, const struct candidate *candidates, size_t n)
{
	for (size_t i = 0; i < n && log_level() == LOG_DEBUG; i++) {
		const struct candidate *c = &candidates[i];
		const char *tenant = NULL;
		enum selection selection = policy_select(policies_in_force(leader->policies), c->cluster, c->ns, c->object,
							 c->record, leader->config->tenant, &tenant);

		if (selection != SELECTED)
			log_debug("not_published", KV("fqdn", fqdn), KV("cluster", c->cluster),
				  KV("kind", host_kind_name(c->object->kind)), KV("namespace", c->object->namespace),
				  KV("name", c->object->name), KV("because", selection_reason(selection)));
	}
}

static void build(const struct leader *leader, const char *fqdn, const struct actual_view *view, struct wanted *wanted)
{
	size_t n;
	CLEANUP(freep) struct candidate *candidates = inventory_candidates(leader->inventory, fqdn, &n);
	size_t n_gone;
	const struct gone_address *gone = inventory_gone(leader->inventory, fqdn, &n_gone);

	build_wanted(&(struct build_input){
		.fqdn = fqdn,
		.policy = policies_in_force(leader->policies),
		.lookups = policies_lookups(leader->policies),
		.default_tenant = leader->config->tenant,
		.owner = leader->owner,
		.default_pki = leader->default_pki,
		.knowledge = &leader->knowledge,
		.candidates = candidates,
		.n_candidates = n,
		.gone = gone,
		.n_gone = n_gone,
		.actual = view->gs,
		.n_actual = view->n_gs,
		.actual_monitors = view->monitors,
		.n_actual_monitors = view->n_monitors,
	}, wanted);
	log_unpublished(leader, fqdn, candidates, n);
	if (wanted->n_paths_dropped)
		log_warn("monitors_dropped", KV("fqdn", fqdn), KV("paths_not_monitored", wanted->n_paths_dropped),
			 KV("limit", MAX_MONITORS_PER_GS));
}

void names_make_plan(void *arg, const char *fqdn, struct wanted *wanted, struct plan *plan)
{
	struct leader *leader = arg;
	CLEANUP(actual_view_release) struct actual_view view = { 0 };

	/* No policy was ever in force: no cause for anything. */
	if (policies_state(leader->policies) == POLICY_NONE)
		return;
	actual_view_make(leader->actual, fqdn, &view);
	build(leader, fqdn, &view, wanted);
	actual_view_add_wanted(leader->actual, wanted, &view);
	plan_make(&(struct plan_input){
		.owner = leader->owner,
		.policy = policies_in_force(leader->policies),
		.knowledge = &leader->knowledge,
		.wanted = wanted,
		.actual = view.gs,
		.n_actual = view.n_gs,
		.actual_monitors = view.monitors,
		.n_actual_monitors = view.n_monitors,
		.fqdn = fqdn,
	}, plan);
	note_held(leader, fqdn, plan);
	if (!leader->options.is_dry_run)
		return;
	log_dry_run(fqdn, plan);
	plan_release(plan);
}

void names_mark(void *arg, const char *host)
{
	struct leader *leader = arg;

	reconcile_mark(leader->reconcile, fqdn_global(host));
}

void names_mark_all(struct leader *leader)
{
	struct held_name *held, *next;

	inventory_each_host(leader->inventory, names_mark, leader);
	if (leader->actual)
		actual_each_name(leader->actual, names_mark, leader);
	/* What was held and is nowhere any more. */
	HASH_ITER(hh, leader->held, held, next)
		names_mark(leader, held->fqdn);
}

static bool same_knowledge(const struct knowledge *a, const struct knowledge *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!streq(a->v[i].name, b->v[i].name) || a->v[i].has_namespaces != b->v[i].has_namespaces ||
		    memcmp(a->v[i].is_complete, b->v[i].is_complete, sizeof(a->v[i].is_complete)) != 0)
			return false;
	return true;
}

bool names_renew_knowledge(struct leader *leader)
{
	struct knowledge now;
	bool is_same;

	inventory_knowledge(leader->inventory, &now);
	is_same = same_knowledge(&leader->knowledge, &now);
	knowledge_release(&leader->knowledge);
	leader->knowledge = now;
	inventory_remember_gone(leader->inventory, !knowledge_is_whole(&now));
	return !is_same;
}
