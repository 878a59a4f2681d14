/* A list by pages: complete, or it says nothing about what is absent. */
#include "common/kube/informer_parts.h"

#define PAGE_SIZE 100

/* A list that is older than what was seen must not remove what is newer. Only where it stays so for long, as after the
 * restoration of a backup, that is how things are. */
static bool is_new_enough(struct informer *in, const cJSON *page, struct err *err)
{
	const char *version = object_version(page), *seen = informer_resource_version(in);

	if (in->pages.token)
		return true;           /* the first page was judged */
	if (!version_is_older(version, seen)) {
		in->older_since_ms = 0;
		return true;
	}
	if (!in->older_since_ms)
		in->older_since_ms = informer_now_ms(in);
	if (informer_now_ms(in) - in->older_since_ms >= in->options.times.older_ms)
		return true;
	return err_set(err, ERR_INVALID, "the list is of version %.40s, older than %.40s that was seen: believed when that stays so "
		       "for %lld s", version, seen, (long long)in->options.times.older_ms / 1000);
}

static bool accept_page(struct informer *in, const cJSON *page, struct err *err)
{
	if (informer_now_ms(in) - in->list_since_ms > in->options.times.list_ms)
		return err_set(err, ERR_RETRY, "not complete after %lld s", (long long)in->options.times.list_ms / 1000);
	return (is_new_enough(in, page, err) && pages_add(&in->pages, in->options.resource, page, err)) ||
	       informer_bad_answer(err);
}

static bool put_items(struct informer *in, const cJSON *items, struct err *err)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, items) {
		struct object_id id;
		enum put put;

		if (in->is_freed)
			return true;
		if (!object_id_read(in->options.resource, item, &id, NULL))
			continue;
		put = informer_put(in, &id, item);
		in->n_listed += put != PUT_NOTHING;
		in->n_left_out += put == PUT_LEFT_OUT;
	}
	if (in->n_listed <= in->options.max_objects)
		return true;
	err_set(err, ERR_LIMIT, "more than %zu objects", in->options.max_objects);
	return informer_bad_answer(err);
}

static void finish_list(struct informer *in)
{
	informer_sweep(in);
	if (in->is_freed)
		return;
	informer_set_version(in, in->pages.version);
	pages_release(&in->pages);
	in->has_restarted_list = false;
	in->older_since_ms = 0;
	if (in->n_left_out) {
		informer_go_on_soon(in);        /* once more: there is room now for what was left out */
		return;
	}
	in->needs_list = false;
	in->has_failed = false;
	in->was_synced = true;
	informer_watch_is_gone(in, false);
	informer_tell(in, LISTED, NULL);
	if (!in->is_freed)
		informer_go_on(in);
}

/* True when this may be about the field selector: it is left out then. */
static bool refuses_selector(struct informer *in, const struct err *err)
{
	if (err->http_status != 400 || !in->field_selector || in->is_selector_refused)
		return false;
	in->is_selector_refused = true;
	return true;
}

static void list_failed(struct informer *in, const struct err *err, int64_t retry_after_ms)
{
	struct err text = *err;
	bool had_token = in->pages.token != NULL;

	pages_release(&in->pages);
	if ((err->code == ERR_GONE || err->http_status == 400) && had_token && !in->has_restarted_list) {
		in->has_restarted_list = true;
		informer_go_on(in);
		return;
	}
	if (refuses_selector(in, err)) {
		informer_go_on(in);
		return;
	}
	/* Perhaps the 400 was not about the selector, and without it we may not even ask (RBAC by name). */
	in->is_selector_refused = false;
	in->has_restarted_list = false;
	err_wrap(&text, "list %s", in->plural);
	informer_fail(in, &text, retry_after_ms);
}

static void on_page(void *arg, const cJSON *json, const struct err *err, int64_t retry_after_ms)
{
	struct informer *in = arg;
	struct err bad = { 0 };

	informer_enter(in);
	in->call = NULL;
	if (!err && (!accept_page(in, json, &bad) || !put_items(in, json_get(json, "items"), &bad)))
		err = &bad;
	if (in->is_freed)
		;
	else if (err)
		list_failed(in, err, retry_after_ms);
	else if (in->pages.token)
		informer_go_on(in);
	else
		finish_list(in);
	informer_leave(in);
}

void informer_list(struct informer *in)
{
	CLEANUP(freep) char *token = in->pages.token ? http_escape(in->pages.token) : NULL;
	CLEANUP(freep) char *query = xasprintf("limit=%d%s%s", PAGE_SIZE, token ? "&continue=" : "", token ? token : "");
	CLEANUP(freep) char *path = informer_path(in, query);

	if (!token) {
		in->store.round++;
		in->list_since_ms = informer_now_ms(in);
		in->n_listed = in->n_left_out = 0;
	}
	in->call = kube_start(in->options.kube, &(struct kube_request){
		.method = "GET", .path = path, .done = on_page, .arg = in,
	});
}
