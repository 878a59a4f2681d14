#include "leader/plan/plan.h"

#define LEGACY_OWNER "amko-gslb"
#define PASSTHROUGH_PREFIX "amko--passthrough-hm-tcp"

const char *op_type_name(enum op_type type)
{
	static const char *const names[] = {
		[OP_CREATE_MONITOR] = "create monitor", [OP_UPDATE_MONITOR] = "update monitor",
		[OP_CREATE_GS] = "create service", [OP_UPDATE_GS] = "update service",
		[OP_DELETE_GS] = "delete service", [OP_DELETE_MONITOR] = "delete monitor",
	};

	return names[type];
}

static void release_op(struct op *op)
{
	free(op->tenant);
	free(op->name);
	free(op->uuid);
	free(op->fields);
}

struct op *op_copy(const struct op *op)
{
	struct op *copy = xcalloc(1, sizeof(*copy));

	copy->type = op->type;
	copy->tenant = xstrdup(op->tenant);
	copy->name = xstrdup(op->name);
	copy->uuid = xstrdup(op->uuid);
	copy->modified_us = op->modified_us;
	return copy;
}

void op_free(struct op *op)
{
	if (!op)
		return;
	release_op(op);
	free(op);
}

/* What stands between this beginning and this mark, or the end. Names of services have no slash: "--/" begins a path. */
static bool cut_old_name(const char *name, const char *begin, const char *mark, struct slice *gs)
{
	const char *end;

	if (strncmp(name, begin, strlen(begin)) != 0)
		return false;
	name += strlen(begin);
	end = mark ? strstr(name, mark) : name + strlen(name);
	*gs = (struct slice){ name, end ? (size_t)(end - name) : 0 };
	return gs->n > 0;
}

/* "amko--http--<gs>--<path>", "amko--<gs>": the names of releases before 1.6, in which the service is readable. */
static char *gs_of_old_name(const char *name)
{
	struct slice gs;

	if (cut_old_name(name, "amko--http--", "--/", &gs) || cut_old_name(name, "amko--https--", "--/", &gs))
		return slice_dup(gs);
	if (cut_old_name(name, "amko--", NULL, &gs) && memchr(gs.p, '.', gs.n) && !memmem(gs.p, gs.n, "--", 2))
		return slice_dup(gs);
	return NULL;
}

/* "created by: amko, gsname: <gs>[, ...]". */
static char *gs_of_description(const char *description)
{
	const char *at = description ? strstr(description, "gsname: ") : NULL;
	struct slice rest, name;

	if (!at || strstr(at + 1, "gsname: "))
		return NULL;
	rest = slice_of(at + strlen("gsname: "));
	slice_split(&rest, ',', &name);
	name = slice_trim(name);
	return name.n ? slice_dup(name) : NULL;
}

char *monitor_gs_name(const struct monitor *monitor)
{
	char *name = gs_of_description(monitor->description);

	return name ? name : gs_of_old_name(monitor->name);
}

bool monitor_is_foreign(const struct monitor *monitor, const char *owner)
{
	return monitor->owner && !streq(monitor->owner, owner) && !streq(monitor->owner, LEGACY_OWNER);
}

bool monitor_is_ours(const struct monitor *monitor, const char *owner)
{
	CLEANUP(freep) char *old = NULL;

	if (strncmp(monitor->name, PASSTHROUGH_PREFIX, strlen(PASSTHROUGH_PREFIX)) == 0)
		return false;      /* shared by all passthrough services: it never goes */
	if (monitor_is_foreign(monitor, owner))
		return false;
	if (monitor->owner)
		return true;
	old = gs_of_old_name(monitor->name);
	return old != NULL;
}

bool op_is_gs(const struct op *op)
{
	return op->type == OP_CREATE_GS || op->type == OP_UPDATE_GS || op->type == OP_DELETE_GS;
}

bool op_is_creation(const struct op *op)
{
	return op->type == OP_CREATE_GS || op->type == OP_CREATE_MONITOR;
}

bool op_is_deletion(const struct op *op)
{
	return op->type == OP_DELETE_GS || op->type == OP_DELETE_MONITOR;
}

/* uuid: NULL for creations. */
static struct op *add_op(struct plan *plan, enum op_type type, const char *tenant, const char *name, const char *uuid)
{
	struct op *op;

	plan->ops = xrealloc(plan->ops, (plan->n_ops + 1) * sizeof(*plan->ops));
	op = &plan->ops[plan->n_ops++];
	*op = (struct op){ .type = type, .tenant = xstrdup(tenant), .name = xstrdup(name), .uuid = xstrdup(uuid) };
	return op;
}

static void hold(struct plan *plan, const char *what)
{
	plan->n_held++;
	if (!plan->held_because)
		plan->held_because = xstrdup(what);
}

static bool belongs_to(const struct monitor *monitor, const char *gs_name)
{
	CLEANUP(freep) char *name = monitor_gs_name(monitor);

	return name && streq(name, gs_name);
}

/* Ours, made for this service, and not wanted any more. */
static bool is_stale(const struct plan_input *in, const struct monitor *monitor, const char *tenant)
{
	return streq(monitor->tenant, tenant) && monitor_is_ours(monitor, in->owner) && belongs_to(monitor, in->fqdn) &&
	       !wanted_find_monitor(in->wanted, tenant, monitor->name);
}

/* Monitors that a service refers to follow it; those that nothing refers to name no cluster, so all must be known. */
static void plan_stale_monitors(const struct plan_input *in, const char *tenant, const struct gs *actual, struct plan *out)
{
	for (size_t i = 0; i < in->n_actual_monitors; i++) {
		const struct monitor *monitor = in->actual_monitors[i];
		bool is_referred = actual && strs_has(&actual->monitor_refs, monitor->name);

		if (!is_stale(in, monitor, tenant))
			continue;
		if (!is_referred && !knowledge_is_complete(in->knowledge, in->policy)) {
			hold(out, "a monitor that no service refers to stays until every cluster of the policy is known");
			continue;
		}
		add_op(out, OP_DELETE_MONITOR, tenant, monitor->name, monitor->uuid);
	}
}

/* Nothing asks for this service any more. It goes when every object that it was made of can be judged. A description without
 * objects (members of other sites only) is explained by rules that are not read here: it stays. */
static bool may_delete(const struct plan_input *in, const struct gs *actual, struct plan *out)
{
	if (!in->policy)
		return true;
	if (!actual->objects.n) {
		hold(out, "its description names no object");
		return false;
	}
	for (size_t i = 0; i < actual->objects.n; i++) {
		if (!knowledge_is_unknown_part(in->knowledge, in->policy, actual->objects.v[i]))
			continue;
		hold(out, actual->objects.v[i]);
		return false;
	}
	return true;
}

static void plan_gone(const struct plan_input *in, const struct gs *actual, struct plan *out)
{
	if (!may_delete(in, actual, out))
		return;
	add_op(out, OP_DELETE_GS, actual->tenant, actual->name, actual->uuid);
	plan_stale_monitors(in, actual->tenant, actual, out);
}

static const struct monitor *find_actual_monitor(const struct plan_input *in, const char *tenant, const char *name)
{
	for (size_t i = 0; i < in->n_actual_monitors; i++)
		if (streq(in->actual_monitors[i]->tenant, tenant) && streq(in->actual_monitors[i]->name, name))
			return in->actual_monitors[i];
	return NULL;
}

static const struct gs *find_actual(const struct plan_input *in, const char *tenant)
{
	for (size_t i = 0; i < in->n_actual; i++)
		if (streq(in->actual[i]->tenant, tenant))
			return in->actual[i];
	return NULL;
}

static void plan_monitor(const struct plan_input *in, const struct monitor *wanted, struct plan *out)
{
	const struct monitor *actual = find_actual_monitor(in, wanted->tenant, wanted->name);
	CLEANUP(strs_release) struct strs fields = { 0 };
	struct op *op;

	if (actual && monitor_same(wanted, actual, &fields))
		return;
	op = add_op(out, actual ? OP_UPDATE_MONITOR : OP_CREATE_MONITOR, wanted->tenant, wanted->name,
		    actual ? actual->uuid : NULL);
	op->modified_us = actual ? actual->modified_us : 0;
	op->monitor = wanted;
	op->fields = actual ? strs_join(&fields, ",") : NULL;
}

static void plan_gs(const struct gs *wanted, const struct gs *actual, struct plan *out)
{
	CLEANUP(strs_release) struct strs fields = { 0 };
	struct op *op;

	if (actual && gs_same(wanted, actual, &fields))
		return;
	op = add_op(out, actual ? OP_UPDATE_GS : OP_CREATE_GS, wanted->tenant, wanted->name, actual ? actual->uuid : NULL);
	op->modified_us = actual ? actual->modified_us : 0;
	op->gs = wanted;
	op->fields = actual ? strs_join(&fields, ",") : NULL;
}

static void plan_tenant(const struct plan_input *in, const struct gs *wanted, struct plan *out)
{
	const struct gs *actual = find_actual(in, wanted->tenant);

	plan_gs(wanted, actual, out);
	plan_stale_monitors(in, wanted->tenant, actual, out);
}

/* Monitors in tenants that have no service of this name at all, neither wanted nor actual: each tenant once. */
static void plan_orphans(const struct plan_input *in, struct plan *out)
{
	CLEANUP(strs_release) struct strs tenants = { 0 };

	for (size_t i = 0; i < in->n_actual_monitors; i++) {
		const char *tenant = in->actual_monitors[i]->tenant;

		if (strs_has(&tenants, tenant) || wanted_find(in->wanted, tenant) || find_actual(in, tenant))
			continue;
		strs_add(&tenants, tenant);
		plan_stale_monitors(in, tenant, NULL, out);
	}
}

void plan_make(const struct plan_input *in, struct plan *out)
{
	*out = (struct plan){ 0 };
	for (size_t i = 0; i < in->wanted->n_monitors; i++)
		plan_monitor(in, in->wanted->monitors[i], out);
	for (size_t i = 0; i < in->n_actual; i++)
		if (!wanted_find(in->wanted, in->actual[i]->tenant))
			plan_gone(in, in->actual[i], out);
	for (size_t i = 0; i < in->wanted->n_gs; i++)
		plan_tenant(in, in->wanted->gs[i], out);
	plan_orphans(in, out);
}

void plan_release(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n_ops; i++)
		release_op(&plan->ops[i]);
	free(plan->ops);
	free(plan->held_because);
	*plan = (struct plan){ 0 };
}
