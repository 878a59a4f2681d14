#include "tests/sim/kubesim/store.h"

#include <uthash.h>

#include "common/io/backoff.h"
#include "tests/sim/kubesim/text.h"

#define MAX_LEVELS 20
#define MAX_OBJECT_BYTES (64u * 1024 * 1024)

const char *const ks_event_names[] = { [KS_ADDED] = "ADDED", [KS_MODIFIED] = "MODIFIED", [KS_DELETED] = "DELETED" };

/* --- versions -------------------------------------------------------------------------------------------- */

char *ks_key(const char *namespace, const char *name)
{
	return *namespace ? xasprintf("%s/%s", namespace, name) : xstrdup(name);
}

static size_t print_head(const struct ks_kind *kind, const char *version, struct buf *out)
{
	size_t before = out->n;

	buf_printf(out, "{\"apiVersion\":\"%s%s%s\",\"kind\":\"%s\",", kind->group, *kind->group ? "/" : "", version,
		   kind->kind);
	return out->n - before;
}

static char *field_value(const cJSON *object, const char *path)
{
	const cJSON *value = ks_at(object, path);

	/* An Event's source is an object; what is selected is its component. */
	if (cJSON_IsObject(value))
		value = json_get(value, "component");
	return xstrdup(cJSON_IsString(value) ? value->valuestring : "");
}

struct ks_version *ks_version_new(const struct ks_kind *kind, const cJSON *object)
{
	struct ks_version *v = xcalloc(1, sizeof(*v));
	const cJSON *meta = json_get(object, "metadata"), *child;
	struct buf text;

	v->n_refs = 1;
	v->namespace = xstrdup(kind->is_namespaced ? json_str(meta, "namespace") : "");
	v->name = xstrdup(json_str(meta, "name"));
	v->key = ks_key(v->namespace, v->name);
	v->rv = strtoull(json_str(meta, "resourceVersion"), NULL, 10);
	pairs_from_json(json_get(meta, "labels"), &v->labels);
	for (size_t i = 0; kind->fields && kind->fields[i]; i++)
		strs_take(&v->fields, field_value(object, kind->fields[i]));
	buf_init(&text, MAX_OBJECT_BYTES);
	v->n_head = print_head(kind, kind->versions[kind->storage].name, &text);
	cJSON_ArrayForEach(child, object) {
		CLEANUP(freep) char *value = NULL;

		if (streq(child->string, "apiVersion") || streq(child->string, "kind"))
			continue;
		value = json_text(child);
		buf_puts(&text, text.n > v->n_head ? "," : "");
		ks_put_quoted(&text, child->string);
		buf_puts(&text, ":");
		buf_puts(&text, value);
	}
	buf_puts(&text, "}");
	v->n_text = text.n;
	v->text = xrealloc(buf_take(&text), v->n_text + 1);
	return v;
}

struct ks_version *ks_version_ref(struct ks_version *v)
{
	if (v)
		v->n_refs++;
	return v;
}

void ks_version_unref(struct ks_version *v)
{
	if (!v || --v->n_refs)
		return;
	free(v->namespace);
	free(v->name);
	free(v->key);
	pairs_release(&v->labels);
	strs_release(&v->fields);
	free(v->text);
	free(v);
}

cJSON *ks_version_parse(const struct ks_version *v)
{
	cJSON *object = json_parse((struct slice){ v->text, v->n_text }, NULL);

	assert(object);
	return object;
}

void ks_version_print(const struct ks_version *v, const struct ks_kind *kind, const struct ks_kind_version *as,
		      struct buf *out)
{
	size_t from = 0;

	if (as != &kind->versions[kind->storage]) {
		print_head(kind, as->name, out);
		from = v->n_head;
	}
	buf_add(out, (struct slice){ v->text + from, v->n_text - from });
}

/* --- the table: a skip list and a ring ------------------------------------------------------------------- */

struct ks_node {
	struct ks_version *version;
	struct ks_node *next[];
};

struct ks_table {
	struct ks_node *head;          /* MAX_LEVELS, no version */
	size_t n;
	struct ks_event *events;       /* a ring of cap, the oldest at `first` */
	size_t first, n_events, cap;
	uint64_t forgotten_rv;         /* events up to here are not known any more */
};

static struct ks_node *node_new(size_t n_levels)
{
	return xcalloc(1, sizeof(struct ks_node) + n_levels * sizeof(struct ks_node *));
}

struct ks_table *ks_table_new(void)
{
	struct ks_table *t = xcalloc(1, sizeof(*t));

	t->head = node_new(MAX_LEVELS);
	return t;
}

static struct ks_event *event_at(const struct ks_table *t, size_t index)
{
	return &t->events[(t->first + index) % t->cap];
}

static void drop_first_event(struct ks_table *t)
{
	struct ks_event *e = event_at(t, 0);

	t->forgotten_rv = e->rv;
	ks_version_unref(e->object);
	ks_version_unref(e->before);
	t->first = (t->first + 1) % t->cap;
	t->n_events--;
}

void ks_table_free(struct ks_table *t)
{
	struct ks_node *node, *next;

	if (!t)
		return;
	while (t->n_events)
		drop_first_event(t);
	for (node = t->head; node; node = next) {
		next = node->next[0];
		ks_version_unref(node->version);
		free(node);
	}
	free(t->events);
	free(t);
}

size_t ks_table_count(const struct ks_table *t)
{
	return t->n;
}

/* The last node below the key on each level. */
static struct ks_node *find_before(const struct ks_table *t, const char *key, struct ks_node **before)
{
	struct ks_node *node = t->head;

	for (size_t level = MAX_LEVELS; level-- > 0;) {
		while (node->next[level] && strcmp(node->next[level]->version->key, key) < 0)
			node = node->next[level];
		if (before)
			before[level] = node;
	}
	return node->next[0];
}

struct ks_version *ks_table_find(const struct ks_table *t, const char *key)
{
	const struct ks_node *node = find_before(t, key, NULL);

	return node && streq(node->version->key, key) ? node->version : NULL;
}

static const struct ks_event *remember(struct ks_table *t, enum ks_event_type type, struct ks_version *object,
				       struct ks_version *before, size_t max_events)
{
	struct ks_event *e;

	while (t->n_events && t->n_events >= max_events)
		drop_first_event(t);
	if (t->n_events == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 16;
		struct ks_event *events = xcalloc(cap, sizeof(*events));

		for (size_t i = 0; i < t->n_events; i++)
			events[i] = *event_at(t, i);
		free(t->events);
		t->events = events;
		t->cap = cap;
		t->first = 0;
	}
	e = event_at(t, t->n_events++);
	*e = (struct ks_event){ object->rv, type, ks_version_ref(object), before };
	return e;
}

static void insert(struct ks_table *t, struct ks_version *version)
{
	struct ks_node *before[MAX_LEVELS], *node;
	size_t n_levels = 1;

	while (n_levels < MAX_LEVELS && random_below(4) == 0)
		n_levels++;
	find_before(t, version->key, before);
	node = node_new(n_levels);
	node->version = version;
	for (size_t level = 0; level < n_levels; level++) {
		node->next[level] = before[level]->next[level];
		before[level]->next[level] = node;
	}
	t->n++;
}

const struct ks_event *ks_table_put(struct ks_table *t, struct ks_version *version, size_t max_events)
{
	struct ks_node *node = find_before(t, version->key, NULL);

	if (!node || !streq(node->version->key, version->key)) {
		insert(t, version);
		return remember(t, KS_ADDED, version, NULL, max_events);
	} else {
		struct ks_version *before = node->version;

		node->version = version;
		return remember(t, KS_MODIFIED, version, before, max_events);
	}
}

const struct ks_event *ks_table_remove(struct ks_table *t, struct ks_version *last, size_t max_events)
{
	struct ks_node *before[MAX_LEVELS], *node = find_before(t, last->key, before);
	struct ks_version *version = node->version;
	const struct ks_event *event;

	assert(streq(version->key, last->key));
	for (size_t level = 0; level < MAX_LEVELS && before[level]->next[level] == node; level++)
		before[level]->next[level] = node->next[level];
	free(node);
	t->n--;
	event = remember(t, KS_DELETED, last, version, max_events);
	ks_version_unref(last);        /* the event has it */
	return event;
}

const struct ks_node *ks_table_seek(const struct ks_table *t, const char *key)
{
	return find_before(t, key, NULL);
}

const struct ks_node *ks_node_next(const struct ks_node *node)
{
	return node->next[0];
}

struct ks_version *ks_node_version(const struct ks_node *node)
{
	return node->version;
}

/* --- history --------------------------------------------------------------------------------------------- */

bool ks_table_knows(const struct ks_table *t, uint64_t rv)
{
	return rv >= t->forgotten_rv;
}

size_t ks_table_events(const struct ks_table *t)
{
	return t->n_events;
}

size_t ks_table_events_after(const struct ks_table *t, uint64_t rv)
{
	size_t low = 0, high = t->n_events;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (event_at(t, middle)->rv <= rv)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct ks_event *ks_table_event(const struct ks_table *t, size_t index)
{
	return event_at(t, index);
}

void ks_table_forget(struct ks_table *t, uint64_t rv)
{
	while (t->n_events && event_at(t, 0)->rv <= rv)
		drop_first_event(t);
	t->forgotten_rv = MAX(t->forgotten_rv, rv);
}

/* What an object was at an earlier version, where it has changed since. */
struct past {
	const char *key;
	struct ks_version *version;    /* NULL: it was not there */
	UT_hash_handle hh;
};

static int past_compare(const struct past *a, const struct past *b)
{
	return strcmp(a->key, b->key);
}

static struct past *collect_past(const struct ks_table *t, uint64_t rv, const char *prefix, const char *start)
{
	struct past *all = NULL, *p;

	for (size_t i = ks_table_events_after(t, rv); i < t->n_events; i++) {
		const struct ks_event *e = event_at(t, i);
		const char *key = e->object->key;

		if (strncmp(key, prefix, strlen(prefix)) != 0 || strcmp(key, start) < 0)
			continue;
		HASH_FIND_STR(all, key, p);
		if (p)
			continue;
		p = xcalloc(1, sizeof(*p));
		*p = (struct past){ .key = key, .version = e->before };
		HASH_ADD_KEYPTR(hh, all, p->key, strlen(p->key), p);
	}
	HASH_SORT(all, past_compare);
	return all;
}

void ks_table_each_at(const struct ks_table *t, uint64_t rv, const char *prefix, const char *start,
		      bool (*each)(void *arg, struct ks_version *version), void *arg)
{
	struct past *all = collect_past(t, rv, prefix, start), *p = all, *changed, *next;
	const struct ks_node *node = find_before(t, strcmp(start, prefix) > 0 ? start : prefix, NULL);
	bool goes_on = true;

	while (goes_on) {
		bool has_node = node && strncmp(node->version->key, prefix, strlen(prefix)) == 0;
		int order = !p ? 1 : !has_node ? -1 : strcmp(p->key, node->version->key);

		if (!p && !has_node)
			break;
		if (order <= 0) {
			goes_on = !p->version || each(arg, p->version);
			p = p->hh.next;
			node = order == 0 ? node->next[0] : node;
		} else {
			goes_on = each(arg, node->version);
			node = node->next[0];
		}
	}
	HASH_ITER(hh, all, changed, next) {
		HASH_DEL(all, changed);
		free(changed);
	}
}
