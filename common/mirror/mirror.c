#include "common/mirror/mirror.h"

#include <uthash.h>

void mirror_step_release(struct mirror_step *step)
{
	if (!step)
		return;
	cJSON_Delete(step->body);
	*step = (struct mirror_step){ 0 };
}

/* ---- bodies ---- */

/* The cluster's object with the copy's content in it: its status, its managers and its version stay. */
static cJSON *body_of_put(const struct copy *copy, const cJSON *actual)
{
	CLEANUP(cJSON_Deletep) cJSON *wanted = copy_to_object(copy, actual);
	cJSON *body = cJSON_Duplicate(actual, true), *metadata = cJSON_GetObjectItemCaseSensitive(body, "metadata");
	static const char *const maps[] = { "labels", "annotations" };

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		cJSON *all = cJSON_GetObjectItemCaseSensitive(metadata, maps[i]);
		const cJSON *pair;

		if (!cJSON_IsObject(all)) {
			cJSON_DeleteItemFromObjectCaseSensitive(metadata, maps[i]);
			all = json_put_object(metadata, maps[i]);
		}
		cJSON_ArrayForEach(pair, json_at(wanted, "metadata", maps[i], NULL)) {
			cJSON_DeleteItemFromObjectCaseSensitive(all, pair->string);
			json_put_str(all, pair->string, pair->valuestring);
		}
	}
	cJSON_DeleteItemFromObjectCaseSensitive(body, "spec");
	json_put(body, "spec", cJSON_DetachItemFromObjectCaseSensitive(wanted, "spec"));
	return body;
}

static cJSON *body_of_label(void)
{
	cJSON *body = cJSON_CreateObject();

	json_put_str(json_put_object(json_put_object(body, "metadata"), "labels"), COPY_LABEL, "true");
	return body;
}

static cJSON *body_of_delete(const cJSON *actual)
{
	cJSON *body = cJSON_CreateObject(), *preconditions;
	const cJSON *metadata = json_get(actual, "metadata");

	json_put_str(body, "apiVersion", "v1");
	json_put_str(body, "kind", "DeleteOptions");
	preconditions = json_put_object(body, "preconditions");
	if (json_str(metadata, "uid"))
		json_put_str(preconditions, "uid", json_str(metadata, "uid"));
	if (json_str(metadata, "resourceVersion"))
		json_put_str(preconditions, "resourceVersion", json_str(metadata, "resourceVersion"));
	return body;
}

/* ---- one object ---- */

static void decide_copy(const struct copy *copy, const cJSON *actual, enum mirror_done done, struct mirror_step *out)
{
	bool is_equal = actual && copy_is_in(copy, actual);

	out->result = MIRROR_PENDING;
	if (is_equal && copy_is_labelled(actual)) {
		out->result = MIRROR_EQUAL;
	} else if (is_equal) {
		out->verb = MIRROR_LABEL;
		out->body = body_of_label();
	} else if (!actual || done == MIRROR_DONE_NOTHING) {
		out->verb = MIRROR_APPLY;
		out->body = copy_to_object(copy, actual);
	} else if (done == MIRROR_DONE_APPLY) {
		out->verb = MIRROR_PUT;
		out->body = body_of_put(copy, actual);
	} else {
		out->result = MIRROR_STUBBORN;
	}
}

static void decide_tombstone(const cJSON *actual, struct mirror_step *out)
{
	if (!actual) {
		out->result = MIRROR_GONE;
	} else if (!copy_is_labelled(actual)) {
		out->result = MIRROR_KEPT;
	} else {
		out->result = MIRROR_PENDING;
		out->verb = MIRROR_DELETE;
		out->body = body_of_delete(actual);
	}
}

void mirror_decide(const struct copies_entry *wanted, const cJSON *actual, enum mirror_done done, struct mirror_step *out)
{
	*out = (struct mirror_step){ .key = wanted->copy.key };
	if (copies_is_tombstone(wanted))
		decide_tombstone(actual, out);
	else
		decide_copy(&wanted->copy, actual, done, out);
}

/* ---- all of them ---- */

struct found {
	char *key;
	const cJSON *object;
	UT_hash_handle hh;
};

static void index_kind(const struct copies *wanted, const struct kube_resource *kind, const cJSON *const *objects, size_t n,
		       struct found **index, struct strs *foreign)
{
	for (size_t i = 0; i < n; i++) {
		char *key = copy_key_of(kind, objects[i]);
		struct found *found = NULL;

		if (key && !copies_find(wanted, key))
			strs_add(foreign, key);
		if (key)
			HASH_FIND_STR(*index, key, found);
		if (!key || found) {
			free(key);
			continue;
		}
		found = xcalloc(1, sizeof(*found));
		*found = (struct found){ .key = key, .object = objects[i] };
		HASH_ADD_KEYPTR(hh, *index, found->key, strlen(found->key), found);
	}
}

static void index_free(struct found *index)
{
	struct found *found, *next;

	HASH_ITER(hh, index, found, next) {
		HASH_DEL(index, found);
		free(found->key);
		free(found);
	}
}
DEFINE_CLEANUP(struct found *, index_free)

static bool kind_is_listed(const struct mirror_view *view, const char *key)
{
	struct copy_key parsed;

	if (!copy_key_parse(slice_of(key), &parsed))
		return false;
	for (int i = 0; i < COPY_KINDS; i++)
		if (copy_kinds[i] == parsed.kind)
			return view->kinds[i].is_listed;
	return false;
}

void mirror_plan(const struct copies *wanted, const struct mirror_view *view, struct mirror_plan *out)
{
	size_t n;
	CLEANUP(freep) const struct copies_entry **sorted = copies_sorted(wanted, &n);
	CLEANUP(index_freep) struct found *index = NULL;

	*out = (struct mirror_plan){ .steps = xcalloc(n + 1, sizeof(*out->steps)) };
	for (int i = 0; i < COPY_KINDS; i++)
		if (view->kinds[i].is_listed)
			index_kind(wanted, copy_kinds[i], view->kinds[i].objects, view->kinds[i].n, &index, &out->foreign);
	for (size_t i = 0; i < n; i++) {
		struct found *found;

		if (!kind_is_listed(view, sorted[i]->copy.key))
			continue;
		HASH_FIND_STR(index, sorted[i]->copy.key, found);
		mirror_decide(sorted[i], found ? found->object : NULL, MIRROR_DONE_NOTHING, &out->steps[out->n++]);
	}
}

void mirror_plan_release(struct mirror_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->n; i++)
		mirror_step_release(&plan->steps[i]);
	free(plan->steps);
	strs_release(&plan->foreign);
	*plan = (struct mirror_plan){ 0 };
}
