#include "tests/sim/avisim/refs.h"

#include "tests/sim/avisim/text.h"

#define DEFAULT_TENANT "admin"

static char *name_in_query(struct slice query)
{
	struct slice pair, key;

	while (slice_split(&query, '&', &pair)) {
		slice_split(&pair, '=', &key);
		if (slice_eq(key, "name"))
			return url_decode(pair, false);       /* a plus in a name was never escaped */
	}
	return NULL;
}

void ref_parse(const char *text, struct ref *out)
{
	const char *at = strstr(text, "/api/");
	struct slice rest = slice_of(at ? at + strlen("/api/") : ""), path, type;

	*out = (struct ref){ 0 };
	rest.n = strcspn(rest.p, "#");
	slice_split(&rest, '?', &path);
	slice_split(&path, '/', &type);
	out->kind = kind_find(type);
	if (out->kind && rest.n)
		out->name = name_in_query(rest);
	else if (out->kind && path.n)
		out->uuid = slice_dup(path);
	if (!out->uuid && !out->name)
		out->kind = NULL;
}

void ref_release(struct ref *ref)
{
	free(ref->uuid);
	free(ref->name);
}

static const struct object *ref_target(const struct store *store, const char *tenant, const struct ref *ref)
{
	const struct object *target;

	if (ref->uuid)
		return store_by_uuid(store, ref->kind, ref->uuid);
	/* Tenants themselves live in admin. */
	target = store_by_name(store, ref->kind, tenant, ref->name);
	return target ? target : store_by_name(store, ref->kind, DEFAULT_TENANT, ref->name);
}

/* Walks over every reference of a body. The visitor may set another text. */
struct walk {
	const struct store *store;
	const char *tenant, *base;
	bool with_names;
	struct strs *uuids;
	struct err *err;
	bool (*visit)(struct walk *walk, cJSON *text);
};

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && streq(text + n - m, end);
}

static bool walk_over(struct walk *walk, cJSON *value)
{
	cJSON *item, *text;

	cJSON_ArrayForEach(item, value) {
		bool is_member = cJSON_IsObject(value);

		if (is_member && ends_in(item->string, "_ref") && cJSON_IsString(item) &&
		    !streq(item->string, "tenant_ref")) {
			if (!walk->visit(walk, item))
				return false;
		} else if (is_member && ends_in(item->string, "_refs") && cJSON_IsArray(item)) {
			cJSON_ArrayForEach(text, item)
				if (cJSON_IsString(text) && !walk->visit(walk, text))
					return false;
		} else if ((cJSON_IsObject(item) || cJSON_IsArray(item)) && !walk_over(walk, item)) {
			return false;
		}
	}
	return true;
}

static void set_text(cJSON *item, char *text)
{
	cJSON_SetValuestring(item, text);
	free(text);
}

static bool resolve_one(struct walk *walk, cJSON *text)
{
	CLEANUP(ref_release) struct ref ref;
	const struct object *target;

	ref_parse(text->valuestring, &ref);
	if (!ref.kind)
		return true;
	target = ref_target(walk->store, walk->tenant, &ref);
	if (!target)
		return !walk->err || err_set(walk->err, ERR_NOTFOUND, "%s object not found!", ref.kind->title);
	strs_add_once(walk->uuids, target->uuid);
	set_text(text, ref_show(target, "", false));
	return true;
}

bool refs_resolve(const struct store *store, const char *tenant, cJSON *body, struct strs *uuids, struct err *err)
{
	struct walk walk = { .store = store, .tenant = tenant, .uuids = uuids, .err = err, .visit = resolve_one };

	return walk_over(&walk, body);
}

static bool show_one(struct walk *walk, cJSON *text)
{
	CLEANUP(ref_release) struct ref ref;
	const struct object *target;

	ref_parse(text->valuestring, &ref);
	if (!ref.kind || !ref.uuid)
		return true;
	target = store_by_uuid(walk->store, ref.kind, ref.uuid);
	if (target)
		set_text(text, ref_show(target, walk->base, walk->with_names));
	else
		set_text(text, xasprintf("%s/api/%s/%s", walk->base, ref.kind->type, ref.uuid));
	return true;
}

void refs_show(const struct store *store, cJSON *body, const char *base, bool with_names)
{
	struct walk walk = { .store = store, .base = base, .with_names = with_names, .visit = show_one };

	walk_over(&walk, body);
}

static bool cut_one(struct walk *walk, cJSON *text)
{
	(void)walk;
	set_text(text, xstrndup(text->valuestring, strcspn(text->valuestring, "#")));
	return true;
}

void refs_cut_names(cJSON *body)
{
	struct walk walk = { .visit = cut_one };
	cJSON *tenant = cJSON_GetObjectItemCaseSensitive(body, "tenant_ref");

	walk_over(&walk, body);
	if (cJSON_IsString(tenant))
		cut_one(&walk, tenant);
}

char *ref_show(const struct object *object, const char *base, bool with_name)
{
	return xasprintf("%s/api/%s/%s%s%s", base, object->kind->type, object->uuid, with_name ? "#" : "",
			 with_name ? object->name : "");
}
