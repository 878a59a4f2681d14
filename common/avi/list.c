#include "common/avi/internal.h"

#include <uthash.h>

#define LIST_MAX_OBJECTS 100000
#define LIST_MAX_PAGES 2000            /* we ask for 100 objects a page */

/* A page that was asked for. */
struct page {
	char *path;
	UT_hash_handle hh;
};

struct avi_list {
	struct avi_session *session;
	struct avi_list *prev, *next;
	char *collection;              /* the path without the query */
	char *tenant;
	void (*each)(void *arg, const cJSON *object);
	avi_done_fn *done;
	void *arg;
	struct avi_call *call;
	struct page *pages;
	size_t n_objects;
	bool is_delivering, is_cancelled;
};

static void list_free(struct avi_list *list)
{
	struct page *page, *next;

	avi_cancel(list->call);
	HASH_ITER(hh, list->pages, page, next) {
		HASH_DEL(list->pages, page);
		free(page->path);
		free(page);
	}
	free(list->collection);
	free(list->tenant);
	free(list);
}

static void list_unlink(struct avi_list *list)
{
	if (!list->session)
		return;
	*(list->prev ? &list->prev->next : &list->session->lists) = list->next;
	if (list->next)
		list->next->prev = list->prev;
	list->session = NULL;
}

/* The last thing done with a list. */
static void list_end(struct avi_list *list, const struct avi_reply *reply)
{
	avi_done_fn *done = list->done;
	void *arg = list->arg;

	list_unlink(list);
	list_free(list);
	done(arg, reply);
}

static void list_fail(struct avi_list *list, enum err_code code, const char *what)
{
	struct err err;

	err_set(&err, code, "GET %s: %s", list->collection, what);
	list_end(list, &(struct avi_reply){ .class = AVI_SERVER, .retry_after_ms = -1, .err = &err });
}

/* The path of the next page: `next` from the collection's path on, as host and scheme in it are not ours. NULL: it leads
 * elsewhere, or is no text for a URL. */
static const char *next_path(const struct avi_list *list, const char *next)
{
	const char *path = strstr(next, list->collection);

	if (!path || !strchr("?/", path[strlen(list->collection)]))
		return NULL;
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f)
			return NULL;
	return path;
}

static bool remember_page(struct avi_list *list, const char *path)
{
	struct page *page;

	HASH_FIND_STR(list->pages, path, page);
	if (page)
		return false;
	page = xcalloc(1, sizeof(*page));
	page->path = xstrdup(path);
	HASH_ADD_KEYPTR(hh, list->pages, page->path, strlen(page->path), page);
	return true;
}

/* False when the list was cancelled in between; it is freed then. */
static bool deliver(struct avi_list *list, const cJSON *results)
{
	const cJSON *object;

	list->is_delivering = true;
	cJSON_ArrayForEach(object, results) {
		if (!cJSON_IsObject(object))
			continue;
		list->each(list->arg, object);
		if (list->is_cancelled) {
			list_free(list);
			return false;
		}
	}
	list->is_delivering = false;
	return true;
}

static void list_ask(struct avi_list *list, const char *path);

static void list_on_page(void *arg, const struct avi_reply *reply)
{
	struct avi_list *list = arg;
	const cJSON *results = cJSON_GetObjectItemCaseSensitive(reply->json, "results");
	const char *next = json_str(reply->json, "next"), *path;

	list->call = NULL;
	if (reply->class != AVI_OK) {
		list_end(list, reply);
		return;
	}
	if (!cJSON_IsArray(results) && !cJSON_IsNull(results)) {
		list_fail(list, ERR_RETRY, "an answer without results");
		return;
	}
	list->n_objects += (size_t)cJSON_GetArraySize(results);
	if (list->n_objects > LIST_MAX_OBJECTS) {
		list_fail(list, ERR_INVALID, "more than 100000 objects");
		return;
	}
	if (!deliver(list, results))
		return;
	if (!next || !*next) {
		list_end(list, reply);
		return;
	}
	path = next_path(list, next);
	if (!path)
		list_fail(list, ERR_INVALID, "the next page is outside of the collection");
	else if (!remember_page(list, path))
		list_fail(list, ERR_INVALID, "a page repeats itself");
	else if (HASH_COUNT(list->pages) > LIST_MAX_PAGES)
		list_fail(list, ERR_INVALID, "more than 2000 pages");
	else
		list_ask(list, path);
}

static void list_ask(struct avi_list *list, const char *path)
{
	list->call = avi_start(list->session, &(struct avi_request){
		.method = "GET", .path = path, .tenant = list->tenant, .done = list_on_page, .arg = list });
}

struct avi_list *avi_list_start(struct avi_session *session, const char *path, const char *tenant,
				void (*each)(void *arg, const cJSON *object),
				void (*done)(void *arg, const struct avi_reply *reply), void *arg)
{
	struct avi_list *list = xcalloc(1, sizeof(*list));

	list->session = session;
	list->next = session->lists;
	if (list->next)
		list->next->prev = list;
	session->lists = list;
	list->collection = xstrndup(path, strcspn(path, "?"));
	list->tenant = xstrdup(tenant);
	list->each = each;
	list->done = done;
	list->arg = arg;
	remember_page(list, path);
	list_ask(list, path);
	return list;
}

void avi_list_cancel(struct avi_list *list)
{
	if (!list)
		return;
	list_unlink(list);
	if (list->is_delivering)
		list->is_cancelled = true;      /* each() called us; list_on_page frees it */
	else
		list_free(list);
}

void avi_lists_free(struct avi_session *session)
{
	while (session->lists)
		avi_list_cancel(session->lists);
}
