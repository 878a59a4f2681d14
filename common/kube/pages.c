#include "common/kube/pages.h"

#define TOKEN_MAX_BYTES (64u * 1024)

void pages_release(struct pages *pages)
{
	free(pages->version);
	free(pages->token);
	free(pages->mark);
	*pages = (struct pages){ 0 };
}

static bool is_list_of(const struct kube_resource *resource, const cJSON *page)
{
	const cJSON *items = cJSON_GetObjectItemCaseSensitive(page, "items");
	const char *kind = json_str(page, "kind");
	size_t n = strlen(resource->kind);

	/* Some servers answer an empty list with "items": null; a missing "items" is no list. */
	return kind && strncmp(kind, resource->kind, n) == 0 && streq(kind + n, "List") &&
	       (cJSON_IsArray(items) || cJSON_IsNull(items));
}

/* An object cannot be newer than the list that shows it: then the version is not the list's. */
static bool check_items(const struct kube_resource *resource, const cJSON *page, const char *version, struct err *err)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_get(page, "items")) {
		struct object_id id;

		if (!object_id_read(resource, item, &id, err))
			return false;
		if (version_is_older(version, id.version))
			return err_set(err, ERR_INVALID, "the list is of version %s, but object %s of version %s", version, id.name,
				       id.version);
	}
	return true;
}

/* Brent: a mark that moves on to the 1st, 2nd, 4th, ... page is met again in every circle. */
static bool is_circle(struct pages *pages)
{
	if (pages->mark && streq(pages->mark, pages->token))
		return true;
	if (pages->n < 2 * pages->mark_at)
		return false;
	free(pages->mark);
	pages->mark = xstrdup(pages->token);
	pages->mark_at = pages->n;
	return false;
}

static bool take_token(struct pages *pages, const cJSON *page, struct err *err)
{
	const char *token = json_str(json_get(page, "metadata"), "continue");

	free(TAKE(pages->token));
	if (!token || !*token)
		return true;
	if (strlen(token) > TOKEN_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "the list goes on with a token of over %u bytes", TOKEN_MAX_BYTES);
	pages->token = xstrdup(token);
	if (is_circle(pages))
		return err_set(err, ERR_INVALID, "the list runs in a circle: after page %zu comes one that was there before",
			       pages->n);
	if (pages->n >= PAGES_MAX)
		return err_set(err, ERR_LIMIT, "the list does not end after %u pages", PAGES_MAX);
	return true;
}

bool pages_add(struct pages *pages, const struct kube_resource *resource, const cJSON *page, struct err *err)
{
	const char *version = object_version(page);

	if (!is_list_of(resource, page))
		return err_set(err, ERR_INVALID, "the answer is no list");
	if (!*version)
		return err_set(err, ERR_INVALID, "the list has no resourceVersion");
	if (strlen(version) > OBJECT_VERSION_MAX_BYTES)
		return err_set(err, ERR_INVALID, "the list has a resourceVersion of over %u bytes", OBJECT_VERSION_MAX_BYTES);
	if (!check_items(resource, page, version, err))
		return false;
	pages->n++;
	if (!pages->version)
		pages->version = xstrdup(version);
	return take_token(pages, page, err);
}
