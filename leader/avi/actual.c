#include "leader/avi/actual.h"

#include <uthash.h>

#define LEGACY_OWNER "amko-gslb"
#define MONITOR_PREFIX "amko--"

struct held_monitor {
	char *key;                     /* "<tenant>\n<name>" */
	char *gs_name;                 /* "" for a monitor that belongs to no service (shared ones) */
	struct monitor *monitor;
	UT_hash_handle hh;
};

struct name {
	char *name;
	struct gs **gs;
	size_t n_gs;
	struct held_monitor **monitors;
	size_t n_monitors;
	UT_hash_handle hh;
};

struct actual {
	char *owner;
	struct name *names;
	struct held_monitor *monitors;
	size_t n_gs;
};

struct actual *actual_new(const char *owner)
{
	struct actual *actual = xcalloc(1, sizeof(*actual));

	actual->owner = xstrdup(owner);
	return actual;
}

static struct name *find_name(const struct actual *actual, const char *text)
{
	struct name *name;

	HASH_FIND_STR(actual->names, text, name);
	return name;
}

static struct name *need_name(struct actual *actual, const char *text)
{
	struct name *name = find_name(actual, text);

	if (name)
		return name;
	name = xcalloc(1, sizeof(*name));
	name->name = xstrdup(text);
	HASH_ADD_KEYPTR(hh, actual->names, name->name, strlen(name->name), name);
	return name;
}

static void drop_if_empty(struct actual *actual, struct name *name)
{
	if (name->n_gs || name->n_monitors)
		return;
	HASH_DEL(actual->names, name);
	free(name->gs);
	free(name->monitors);
	free(name->name);
	free(name);
}

bool actual_owns_gs(const struct actual *actual, const struct gs *gs)
{
	return gs->created_by && (streq(gs->created_by, actual->owner) || streq(gs->created_by, LEGACY_OWNER));
}

void actual_drop_gs(struct actual *actual, const char *tenant, const char *text)
{
	struct name *name = find_name(actual, text);

	for (size_t i = 0; name && i < name->n_gs; i++) {
		if (!streq(name->gs[i]->tenant, tenant))
			continue;
		gs_free(name->gs[i]);
		name->gs[i] = name->gs[--name->n_gs];
		actual->n_gs--;
		break;
	}
	if (name)
		drop_if_empty(actual, name);
}

void actual_put_gs(struct actual *actual, struct gs **gs)
{
	CLEANUP(gs_freep) struct gs *taken = TAKE(*gs);
	struct name *name;

	actual_drop_gs(actual, taken->tenant, taken->name);
	if (!actual_owns_gs(actual, taken))
		return;
	name = need_name(actual, taken->name);
	name->gs = xrealloc(name->gs, (name->n_gs + 1) * sizeof(struct gs *));
	name->gs[name->n_gs++] = TAKE(taken);
	actual->n_gs++;
}

static char *monitor_key(const char *tenant, const char *name)
{
	return xconcat(tenant, "\n", name);
}

static struct held_monitor *find_monitor(const struct actual *actual, const char *tenant, const char *name)
{
	CLEANUP(freep) char *key = monitor_key(tenant, name);
	struct held_monitor *held;

	HASH_FIND_STR(actual->monitors, key, held);
	return held;
}

static void forget_monitor(struct actual *actual, struct held_monitor *held)
{
	struct name *name = find_name(actual, held->gs_name);

	for (size_t i = 0; name && i < name->n_monitors; i++) {
		if (name->monitors[i] != held)
			continue;
		name->monitors[i] = name->monitors[--name->n_monitors];
		break;
	}
	if (name)
		drop_if_empty(actual, name);
	HASH_DEL(actual->monitors, held);
	monitor_free(held->monitor);
	free(held->gs_name);
	free(held->key);
	free(held);
}

void actual_drop_monitor(struct actual *actual, const char *tenant, const char *text)
{
	struct held_monitor *held = find_monitor(actual, tenant, text);

	if (held)
		forget_monitor(actual, held);
}

static void attach_monitor(struct actual *actual, struct held_monitor *held)
{
	struct name *name = need_name(actual, held->gs_name);

	name->monitors = xrealloc(name->monitors, (name->n_monitors + 1) * sizeof(struct held_monitor *));
	name->monitors[name->n_monitors++] = held;
}

void actual_put_monitor(struct actual *actual, struct monitor **monitor)
{
	CLEANUP(monitor_freep) struct monitor *taken = TAKE(*monitor);
	struct held_monitor *held;

	actual_drop_monitor(actual, taken->tenant, taken->name);
	if (strncmp(taken->name, MONITOR_PREFIX, strlen(MONITOR_PREFIX)) != 0 || monitor_is_foreign(taken, actual->owner))
		return;
	held = xcalloc(1, sizeof(*held));
	held->key = monitor_key(taken->tenant, taken->name);
	held->gs_name = monitor_gs_name(taken);
	if (!held->gs_name)
		held->gs_name = xstrdup("");
	held->monitor = TAKE(taken);
	HASH_ADD_KEYPTR(hh, actual->monitors, held->key, strlen(held->key), held);
	if (*held->gs_name)
		attach_monitor(actual, held);
}

void actual_free(struct actual *actual)
{
	struct held_monitor *held, *next_held;
	struct name *name, *next_name;

	if (!actual)
		return;
	HASH_ITER(hh, actual->monitors, held, next_held)
		forget_monitor(actual, held);
	HASH_ITER(hh, actual->names, name, next_name) {
		while (name->n_gs)
			gs_free(name->gs[--name->n_gs]);
		drop_if_empty(actual, name);
	}
	free(actual->owner);
	free(actual);
}

const struct gs *actual_find_gs(const struct actual *actual, const char *tenant, const char *text)
{
	const struct name *name = find_name(actual, text);

	for (size_t i = 0; name && i < name->n_gs; i++)
		if (streq(name->gs[i]->tenant, tenant))
			return name->gs[i];
	return NULL;
}

const struct monitor *actual_find_monitor(const struct actual *actual, const char *tenant, const char *name)
{
	const struct held_monitor *held = find_monitor(actual, tenant, name);

	return held ? held->monitor : NULL;
}

size_t actual_count_gs(const struct actual *actual)
{
	return actual->n_gs;
}

size_t actual_count_monitors(const struct actual *actual)
{
	return HASH_COUNT(actual->monitors);
}

static void view_add(struct actual_view *view, const struct monitor *monitor)
{
	for (size_t i = 0; i < view->n_monitors; i++)
		if (view->monitors[i] == monitor)
			return;
	view->monitors = xrealloc(view->monitors, (view->n_monitors + 1) * sizeof(struct monitor *));
	view->monitors[view->n_monitors++] = monitor;
}

static int compare_gs(const void *a, const void *b)
{
	return strcmp((*(const struct gs *const *)a)->tenant, (*(const struct gs *const *)b)->tenant);
}

static int compare_monitors(const void *a, const void *b)
{
	const struct monitor *left = *(const struct monitor *const *)a, *right = *(const struct monitor *const *)b;
	int order = strcmp(left->tenant, right->tenant);

	return order ? order : strcmp(left->name, right->name);
}

void actual_view_make(const struct actual *actual, const char *text, struct actual_view *out)
{
	const struct name *name = find_name(actual, text);

	*out = (struct actual_view){ 0 };
	if (!name)
		return;
	out->gs = xcalloc(name->n_gs, sizeof(struct gs *));
	for (size_t i = 0; i < name->n_gs; i++)
		out->gs[out->n_gs++] = name->gs[i];
	for (size_t i = 0; i < name->n_monitors; i++)
		view_add(out, name->monitors[i]->monitor);
	for (size_t i = 0; i < name->n_gs; i++) {
		for (size_t r = 0; r < name->gs[i]->monitor_refs.n; r++) {
			const struct held_monitor *held = find_monitor(actual, name->gs[i]->tenant, name->gs[i]->monitor_refs.v[r]);

			if (held)
				view_add(out, held->monitor);
		}
	}
	qsort(out->gs, out->n_gs, sizeof(struct gs *), compare_gs);
	if (out->n_monitors)
		qsort(out->monitors, out->n_monitors, sizeof(struct monitor *), compare_monitors);
}

void actual_view_add_wanted(const struct actual *actual, const struct wanted *wanted, struct actual_view *view)
{
	for (size_t i = 0; i < wanted->n_monitors; i++) {
		const struct held_monitor *held =
			find_monitor(actual, wanted->monitors[i]->tenant, wanted->monitors[i]->name);

		if (held)
			view_add(view, held->monitor);
	}
}

void actual_view_release(struct actual_view *view)
{
	if (!view)
		return;
	free(view->gs);
	free(view->monitors);
	*view = (struct actual_view){ 0 };
}

void actual_each_name(const struct actual *actual, void (*each)(void *arg, const char *name), void *arg)
{
	struct name *name, *next;

	HASH_ITER(hh, actual->names, name, next)
		each(arg, name->name);
}

static void forget_name(struct actual *actual, const char *text)
{
	struct name *name;

	while ((name = find_name(actual, text)) && name->n_monitors)
		forget_monitor(actual, name->monitors[0]);
	while ((name = find_name(actual, text)) && name->n_gs)
		actual_drop_gs(actual, name->gs[0]->tenant, text);
}

static void keep_name(struct actual *newer, const struct actual *older, const char *text)
{
	const struct name *name = find_name(older, text);

	forget_name(newer, text);
	for (size_t i = 0; name && i < name->n_gs; i++) {
		struct gs *gs = gs_copy(name->gs[i]);

		actual_put_gs(newer, &gs);
	}
	for (size_t i = 0; name && i < name->n_monitors; i++) {
		struct monitor *monitor = monitor_copy(name->monitors[i]->monitor);

		actual_put_monitor(newer, &monitor);
	}
}

void actual_refresh(struct actual *actual, struct actual **newer, const struct strs *keep)
{
	struct actual *taken = TAKE(*newer), shown;

	for (size_t i = 0; i < keep->n; i++)
		keep_name(taken, actual, keep->v[i]);
	shown = *taken;
	*taken = *actual;
	*actual = shown;
	actual_free(taken);
}

void actual_mark_down_response(struct actual *actual, const char *tenant, const char *name)
{
	struct gs *gs = (struct gs *)(uintptr_t)actual_find_gs(actual, tenant, name);

	if (gs)
		gs->is_down_response_ours = true;
}
