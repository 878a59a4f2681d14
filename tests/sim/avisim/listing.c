#include "tests/sim/avisim/listing.h"

#include "tests/sim/avisim/text.h"

#define DEFAULT_PAGE_SIZE 25
#define MAX_PAGE_SIZE 200
#define MAX_TARGET_BYTES (64 * 1024)

static const char *const not_filters[] = { "include_name", "page", "page_size", "fields", "sort", "skip_default", NULL };

const char *listing_param(const struct api_request *request, const char *key)
{
	for (size_t i = 0; i < request->n_params; i++)
		if (streq(request->params[i].key, key))
			return request->params[i].value;
	return NULL;
}

bool listing_sees(const char *tenant, const struct object *object)
{
	return streq(tenant, ALL_TENANTS) || streq(tenant, object->tenant) || streq(ADMIN_TENANT, object->tenant);
}

static bool is_filter(const struct api_param *param)
{
	for (const char *const *name = not_filters; *name; name++)
		if (streq(param->key, *name))
			return false;
	return true;
}

static bool value_matches(const cJSON *value, const char *wanted)
{
	char number[32];
	const cJSON *item;

	if (cJSON_IsString(value))
		return streq(value->valuestring, wanted);
	if (!value || cJSON_IsBool(value))             /* a missing boolean is false */
		return strcasecmp(wanted, cJSON_IsTrue(value) ? "true" : "false") == 0;
	if (cJSON_IsNumber(value)) {
		snprintf(number, sizeof(number), "%.15g", value->valuedouble);
		return streq(number, wanted);
	}
	if (cJSON_IsArray(value))
		cJSON_ArrayForEach(item, value)
			if (value_matches(item, wanted))
				return true;
	return false;
}

static bool matches(const struct object *object, const char *tenant, const struct api_request *request)
{
	if (!listing_sees(tenant, object))
		return false;
	for (size_t i = 0; i < request->n_params; i++) {
		const struct api_param *param = &request->params[i];

		if (is_filter(param) && !value_matches(json_get(object->body, param->key), param->value))
			return false;
	}
	return true;
}

static void add(struct selection *s, const struct object *object)
{
	s->objects = grow(s->objects, &s->cap, s->n, sizeof(*s->objects));
	s->objects[s->n++] = object;
}

/* What makes two listings the same: whose, and the filters. */
static char *selection_key(const char *tenant, const struct api_request *request)
{
	struct buf key;

	buf_init(&key, MAX_TARGET_BYTES);
	buf_printf(&key, "%s\n", tenant);
	for (size_t i = 0; i < request->n_params; i++)
		if (is_filter(&request->params[i]))
			buf_printf(&key, "%s=%s\n", request->params[i].key, request->params[i].value);
	return buf_take(&key);
}

/* A name is looked up in the index, once a tenant. */
static void select_by_name(struct sim *sim, const struct kind *kind, const char *tenant,
			   const struct api_request *request, const char *name, struct selection *s)
{
	struct object *const *tenants;
	size_t n;

	tenants = store_sorted(sim->store, &kinds[KIND_TENANT], &n);
	for (size_t i = 0; i < n; i++) {
		const struct object *object;

		if (!streq(tenant, ALL_TENANTS) && !streq(tenant, tenants[i]->name) &&
		    !streq(ADMIN_TENANT, tenants[i]->name))
			continue;
		object = store_by_name(sim->store, kind, tenants[i]->name, name);
		if (object && matches(object, tenant, request))
			add(s, object);
	}
}

static const struct selection *selection_find(struct sim *sim, const struct kind *kind, const char *tenant,
					      const struct api_request *request)
{
	struct selection *s = &sim->selections[kind_id(kind)];
	CLEANUP(freep) char *key = selection_key(tenant, request);
	const char *name = listing_param(request, "name");
	struct object *const *all;
	size_t n;

	if (s->key && streq(s->key, key) && s->generation == store_generation(sim->store, kind))
		return s;
	free(s->key);
	s->key = TAKE(key);
	s->generation = store_generation(sim->store, kind);
	s->n = 0;
	if (name) {
		select_by_name(sim, kind, tenant, request, name, s);
		return s;
	}
	all = store_sorted(sim->store, kind, &n);
	for (size_t i = 0; i < n; i++)
		if (matches(all[i], tenant, request))
			add(s, all[i]);
	return s;
}

static bool read_number(const struct api_request *request, const char *key, size_t absent, size_t *out, struct err *err)
{
	const char *text = listing_param(request, key);
	size_t n = text ? strlen(text) : 0;

	*out = absent;
	if (!text)
		return true;
	if (!n || n > 9 || strspn(text, "0123456789") != n)
		return err_set(err, ERR_INVALID, "%s: want a number", key);
	*out = strtoul(text, NULL, 10);
	return *out > 0 || err_set(err, ERR_INVALID, "%s: want a number above 0", key);
}

char *listing_next(const struct kind *kind, const struct api_request *request, const char *base, size_t page)
{
	struct buf url;

	buf_init(&url, MAX_TARGET_BYTES);
	buf_printf(&url, "%s/api/%s?", base, kind->type);
	for (size_t i = 0; i < request->n_params; i++) {
		if (streq(request->params[i].key, "page"))
			continue;
		url_encode(&url, request->params[i].key);
		buf_puts(&url, "=");
		url_encode(&url, request->params[i].value);
		buf_puts(&url, "&");
	}
	buf_printf(&url, "page=%zu", page);
	return buf_take(&url);
}

cJSON *listing_answer(struct sim *sim, const struct kind *kind, const char *tenant, const struct api_request *request,
		      const char *base, struct err *err)
{
	bool with_names = listing_param(request, "include_name");
	const struct selection *s;
	size_t page, page_size;
	cJSON *answer, *results;

	if (!read_number(request, "page", 1, &page, err) ||
	    !read_number(request, "page_size", DEFAULT_PAGE_SIZE, &page_size, err))
		return NULL;
	page_size = MIN(page_size, (size_t)MAX_PAGE_SIZE);
	s = selection_find(sim, kind, tenant, request);
	if (page > 1 && (page - 1) * page_size >= s->n) {
		err_set(err, ERR_NOTFOUND, "That page contains no results");
		return NULL;
	}
	answer = cJSON_CreateObject();
	json_put_int(answer, "count", (int64_t)s->n);
	results = json_put_array(answer, "results");
	for (size_t i = (page - 1) * page_size; i < MIN(page * page_size, s->n); i++)
		cJSON_AddItemToArray(results, sim_show(sim, s->objects[i], base, with_names));
	if (page * page_size < s->n) {
		CLEANUP(freep) char *next = listing_next(kind, request, base, page + 1);

		json_put_str(answer, "next", next);
	}
	return answer;
}
