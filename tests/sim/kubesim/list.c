/* A list of objects, whole or in pages. All pages of a list show the objects as they were at its first one. */
#include "tests/sim/kubesim/api.h"

#include "tests/sim/kubesim/text.h"

static const char expired[] = "The provided continue parameter is too old to display a consistent list result. You can "
			      "start a new list without "
			      "the continue parameter.";

struct page {
	const struct ks_request *request;
	struct ks_filter filter;
	struct buf items;
	uint64_t rv;
	size_t limit, n, n_left;       /* limit 0: none; n_left: behind this page */
	char *start;                   /* the key to begin with */
	char *next;                    /* the key that the next page begins with; NULL: this is the last one */
};

static void print_item(struct page *page, const struct ks_version *version)
{
	const struct ks_kind *kind = page->request->kind;

	buf_puts(&page->items, page->n++ ? "," : "");
	if (kind->is_builtin) {        /* a typed list says once what its items are */
		buf_puts(&page->items, "{");
		buf_add(&page->items,
			(struct slice){version->text + version->n_head, version->n_text - version->n_head});
	} else {
		ks_version_print(version, kind, page->request->version, &page->items);
	}
}

static bool add_item(void *arg, struct ks_version *version)
{
	struct page *page = arg;

	if (!ks_filter_fits(&page->filter, version))
		return true;
	if (page->limit && page->n == page->limit) {
		if (!page->next)
			page->next = xstrdup(version->key);
		page->n_left++;
		/* How many are left is told only where no selector has to be asked. */
		return !page->filter.labels.n && !page->filter.fields.n;
	}
	print_item(page, version);
	return true;
}

static bool read_continue(struct page *page, const char *token, struct ks_reply *reply)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	size_t n;

	if (ks_unbase64(token, &text, &n))
		json = json_parse((struct slice){ text, n }, NULL);
	if (!json || !json_str(json, "start"))
		return ks_refuse(reply, 400, "BadRequest", "continue key is not valid: %s", token);
	page->rv = (uint64_t)json_int(json, "rv", 0);
	page->start = xstrdup(json_str(json, "start"));
	if (!ks_table_knows(page->request->kind->table, page->rv))
		return ks_refuse(reply, 410, "Expired", "%s", expired);
	return true;
}

static bool refuse_future(const struct ks_request *r, uint64_t rv, struct ks_reply *reply)
{
	cJSON *details = cJSON_CreateObject(), *cause;
	CLEANUP(freep)
	char *message = xasprintf("Timeout: Too large resource version: %lu, current: %lu", (unsigned long)rv,
				  (unsigned long)r->cluster->rv);

	cause = json_add_object(json_put_array(details, "causes"));
	json_put_str(cause, "reason", "ResourceVersionTooLarge");
	json_put_str(cause, "message", "Too large resource version");
	json_put_int(details, "retryAfterSeconds", 1);
	ks_reply_json(reply, 504, ks_status(504, "Timeout", message, details));
	return false;
}

/* The version that is listed. */
static bool read_version(struct page *page, struct ks_reply *reply)
{
	const struct ks_request *r = page->request;
	const char *match = ks_param(r, "resourceVersionMatch"), *token = ks_param(r, "continue");
	uint64_t rv;
	bool is_given;

	if (!ks_read_rv(r, &rv, &is_given, reply))
		return false;
	if (token && *token)
		return read_continue(page, token, reply);
	page->rv = r->cluster->rv;
	if (rv > r->cluster->rv)
		return refuse_future(r, rv, reply);
	if (match && *match && !is_given)
		return ks_refuse(reply, 422, "Invalid",
				 "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: "
				 "resourceVersionMatch is "
				 "forbidden unless resourceVersion is provided");
	if (!is_given || rv == 0)
		return true;
	/* Exactly that version; otherwise one not older: the newest is. */
	if ((match && streq(match, "Exact")) || (!match && page->limit)) {
		page->rv = rv;
		if (!ks_table_knows(r->kind->table, rv))
			return ks_refuse(reply, 410, "Expired",
					 "The resourceVersion for the provided list is too old.");
	}
	return true;
}

static void print_token(const struct page *page, struct buf *out)
{
	CLEANUP(freep)
	char *text = xasprintf("{\"v\":\"meta.k8s.io/v1\",\"rv\":%lu,\"start\":\"%s\"}", (unsigned long)page->rv,
			       page->next);
	CLEANUP(freep) char *token = ks_base64(slice_of(text));

	buf_printf(out, ",\"continue\":\"%s\"", token);
	if (!page->filter.labels.n && !page->filter.fields.n)
		buf_printf(out, ",\"remainingItemCount\":%zu", page->n_left);
}

static void reply_page(struct page *page, struct ks_reply *reply)
{
	const struct ks_request *r = page->request;
	CLEANUP(freep) char *api_version = ks_api_version(r->group, r->group_version);
	struct buf out;

	buf_init(&out, KS_ANSWER_MAX_BYTES);
	buf_printf(&out, "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":\"%lu\"",
		   r->kind->list_kind, api_version, (unsigned long)page->rv);
	if (page->next)
		print_token(page, &out);
	buf_puts(&out, "},\"items\":[");
	buf_add(&out, buf_slice(&page->items));
	buf_puts(&out, "]}\n");
	ks_reply_release(reply);
	*reply = (struct ks_reply){ .status = 200, .content_type = "application/json", .n_body = out.n };
	reply->body = buf_take(&out);
}

void ks_answer_list(const struct ks_request *r, struct ks_reply *reply)
{
	const char *limit = ks_param(r, "limit");
	struct page page = { .request = r, .limit = limit ? strtoul(limit, NULL, 10) : 0 };

	/* From the server's cache there are no pages. */
	if (streq0(ks_param(r, "resourceVersion"), "0") && !ks_param(r, "continue"))
		page.limit = 0;
	buf_init(&page.items, KS_ANSWER_MAX_BYTES);
	if (ks_filter_read(r, &page.filter, reply) && read_version(&page, reply)) {
		ks_table_each_at(r->kind->table, page.rv, page.filter.prefix, page.start ? page.start : "", add_item,
				 &page);
		reply_page(&page, reply);
	}
	ks_filter_release(&page.filter);
	buf_release(&page.items);
	free(page.start);
	free(page.next);
}
