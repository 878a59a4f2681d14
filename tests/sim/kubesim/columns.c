#include "tests/sim/kubesim/columns.h"

#include <time.h>

#include "common/base/buf.h"
#include "tests/sim/kubesim/text.h"

#define CELL_MAX_BYTES (64u * 1024)

struct column {
	const char *name, *type, *path;
	int64_t priority;
};

/* --- paths ----------------------------------------------------------------------------------------------- */

static void add_value(struct buf *out, const cJSON *value)
{
	CLEANUP(freep) char *text = NULL;

	if (!value || cJSON_IsNull(value))
		return;
	if (!cJSON_IsString(value))
		text = json_text(value);
	buf_puts(out, out->n ? "," : "");
	buf_puts(out, text ? text : value->valuestring);
}

static void walk(const cJSON *value, struct slice path, struct buf *out);

/* [0], [*], [?(@.type=="Ready")]: what the brackets hold, without them. */
static void walk_items(const cJSON *list, struct slice inside, struct slice rest, struct buf *out)
{
	CLEANUP(freep) char *text = slice_dup(inside);
	char key[64], want[128];
	const cJSON *item;
	bool is_filter = sscanf(text, "?(@.%63[A-Za-z]==\"%127[^\"]\")", key, want) == 2;
	int wanted = *text == '*' || is_filter ? -1 : (int)strtol(text, NULL, 10), at = 0;

	cJSON_ArrayForEach(item, list) {
		const char *found = is_filter ? json_str(item, key) : NULL;

		if (is_filter ? streq0(found, want) : wanted < 0 || wanted == at)
			walk(item, rest, out);
		at++;
	}
}

/* The end of brackets that may hold a filter. */
static const char *closing(struct slice path)
{
	const char *end = NULL;

	if (slice_starts(path, "[?("))
		end = memmem(path.p, path.n, ")]", 2);
	return end ? end + 1 : memchr(path.p, ']', path.n);
}

static void walk(const cJSON *value, struct slice path, struct buf *out)
{
	CLEANUP(freep) char *key = NULL;
	size_t n = 0;

	if (!path.n) {
		add_value(out, value);
		return;
	}
	if (*path.p == '[') {
		const char *end = closing(path);

		if (end)
			walk_items(value, (struct slice){ path.p + 1, (size_t)(end - path.p) - 1 },
				   (struct slice){ end + 1, path.n - (size_t)(end - path.p) - 1 }, out);
		return;
	}
	path.p += *path.p == '.';
	path.n -= path.p[-1] == '.';
	while (n < path.n && path.p[n] != '.' && path.p[n] != '[')
		n++;
	key = slice_dup((struct slice){ path.p, n });
	walk(json_get(value, key), (struct slice){ path.p + n, path.n - n }, out);
}

char *ks_path_text(const cJSON *object, const char *path)
{
	struct buf out;

	buf_init(&out, CELL_MAX_BYTES);
	walk(object, slice_of(path), &out);
	if (out.n)
		return buf_take(&out);
	buf_release(&out);
	return NULL;
}

/* --- columns --------------------------------------------------------------------------------------------- */

#define AGE { "Age", "date", ".metadata.creationTimestamp", 0 }

static const struct builtin_columns {
	const char *kind;
	struct column columns[6];
} builtin_columns[] = {
	{ "Namespace", { { "Status", "string", ".status.phase", 0 }, AGE } },
	{ "Service", { { "Type", "string", ".spec.type", 0 }, { "Cluster-IP", "string", ".spec.clusterIP", 0 },
		       { "External-IP", "string", ".status.loadBalancer.ingress[*].ip", 0 },
		       { "Port(s)", "string", ".spec.ports[*].port", 0 }, AGE } },
	{ "Ingress", { { "Class", "string", ".spec.ingressClassName", 0 }, { "Hosts", "string", ".spec.rules[*].host", 0 },
		       { "Address", "string", ".status.loadBalancer.ingress[*].ip", 0 }, AGE } },
	{ "Lease", { { "Holder", "string", ".spec.holderIdentity", 0 }, AGE } },
	{ "Secret", { { "Type", "string", ".type", 0 }, AGE } },
};

static const struct column only_age[] = { AGE };

static size_t given_columns(const cJSON *given, struct column *out, size_t max)
{
	const cJSON *column;
	size_t n = 0;

	cJSON_ArrayForEach(column, given) {
		if (n == max)
			break;
		out[n++] = (struct column){ json_str(column, "name"), json_str(column, "type"), json_str(column, "jsonPath"),
					    json_int(column, "priority", 0) };
	}
	return n;
}

static size_t columns_of(const struct ks_kind *kind, const struct ks_kind_version *version, struct column *out, size_t max)
{
	size_t n = 0;

	if (version->columns)
		return given_columns(version->columns, out, max);
	for (size_t i = 0; kind->is_builtin && i < ARRAY_SIZE(builtin_columns); i++)
		if (streq(builtin_columns[i].kind, kind->kind))
			for (; n < max && n < ARRAY_SIZE(builtin_columns[i].columns) && builtin_columns[i].columns[n].name; n++)
				out[n] = builtin_columns[i].columns[n];
	if (!n)
		out[n++] = only_age[0];
	return n;
}

/* --- tables ---------------------------------------------------------------------------------------------- */

bool ks_wants_table(const char *accept)
{
	const char *end = accept ? strchrnul(accept, ',') : NULL;
	const char *table = accept ? strstr(accept, "as=Table") : NULL;

	return table && table < end && strncmp(accept, "application/json", 16) == 0;
}

static void add_definition(cJSON *definitions, const struct column *column)
{
	cJSON *definition = json_add_object(definitions);

	json_put_str(definition, "name", column->name);
	json_put_str(definition, "type", column->type);
	json_put_str(definition, "format", streq(column->name, "Name") ? "name" : "");
	json_put_str(definition, "description", "");
	json_put_int(definition, "priority", column->priority);
}

/* "5s", "12m", "3h", "8d": as old as kubectl shows it. */
static char *age_of(const char *timestamp)
{
	struct tm then = { 0 };
	int64_t s;

	if (!strptime(timestamp, "%Y-%m-%dT%H:%M:%SZ", &then))
		return xstrdup("<invalid>");
	s = (int64_t)time(NULL) - (int64_t)timegm(&then);
	s = MAX(s, (int64_t)0);
	if (s < 120)
		return xasprintf("%llds", (long long)s);
	if (s < 2 * 3600)
		return xasprintf("%lldm", (long long)s / 60);
	return s < 48 * 3600 ? xasprintf("%lldh", (long long)s / 3600) : xasprintf("%lldd", (long long)s / 86400);
}

static cJSON *cell_of(const cJSON *object, const struct column *column)
{
	CLEANUP(freep) char *text = column->path ? ks_path_text(object, column->path) : NULL;
	CLEANUP(freep) char *age = text && streq0(column->type, "date") ? age_of(text) : NULL;

	return cJSON_CreateString(age ? age : text ? text : "");
}

static void add_row(cJSON *rows, const cJSON *object, const struct column *columns, size_t n)
{
	cJSON *row = json_add_object(rows), *cells = json_put_array(row, "cells"), *partial;

	json_add_str(cells, json_str(json_get(object, "metadata"), "name"));
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToArray(cells, cell_of(object, &columns[i]));
	partial = json_put_object(row, "object");
	json_put_str(partial, "kind", "PartialObjectMetadata");
	json_put_str(partial, "apiVersion", "meta.k8s.io/v1");
	json_put(partial, "metadata", cJSON_Duplicate(json_get(object, "metadata"), true));
}

cJSON *ks_table_of(const cJSON *answer, const struct ks_kind *kind, const struct ks_kind_version *version)
{
	static const struct column name = { "Name", "string", NULL, 0 };
	struct column columns[16];
	size_t n = columns_of(kind, version, columns, ARRAY_SIZE(columns));
	cJSON *table = cJSON_CreateObject(), *definitions, *rows, *metadata;
	const cJSON *items = cJSON_GetObjectItemCaseSensitive(answer, "items"), *item;

	json_put_str(table, "kind", "Table");
	json_put_str(table, "apiVersion", "meta.k8s.io/v1");
	metadata = items ? cJSON_Duplicate(json_get(answer, "metadata"), true) : cJSON_CreateObject();
	json_put(table, "metadata", metadata);
	if (!items)
		json_put_str(metadata, "resourceVersion", json_str(json_get(answer, "metadata"), "resourceVersion"));
	definitions = json_put_array(table, "columnDefinitions");
	add_definition(definitions, &name);
	for (size_t i = 0; i < n; i++)
		add_definition(definitions, &columns[i]);
	rows = json_put_array(table, "rows");
	cJSON_ArrayForEach(item, items)
		add_row(rows, item, columns, n);
	if (!items)
		add_row(rows, answer, columns, n);
	return table;
}
