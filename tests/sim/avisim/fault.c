#include "tests/sim/avisim/fault.h"

#include <fnmatch.h>
#include <limits.h>

#include "tests/sim/avisim/listing.h"
#include "tests/sim/avisim/refs.h"

#define SAYS_SO "{\"error\":\"a fault rule says so\"}"

static const struct field match_fields[] = {
	{ "method", STR_AT(struct fault, method) },
	{ "path", STR_AT(struct fault, path) },
	{ "name", STR_AT(struct fault, name) },
	{ "tenant", STR_AT(struct fault, tenant) },
	{ 0 },
};

static const char *const closings[] = { "before", "after", NULL };

static const struct field action_fields[] = {
	{ "status", INT_AT(struct fault, status), .min = 200, .max = 599 },
	{ "content_type", STR_AT(struct fault, content_type) },
	{ "retry_after_s", INT_AT(struct fault, retry_after_s), .max = INT_MAX, .absent = -1 },
	{ "delay_ms", INT_AT(struct fault, delay_ms), .max = INT_MAX },
	{ "delay_answer_ms", INT_AT(struct fault, delay_answer_ms), .max = INT_MAX },
	{ "delay_body_ms", INT_AT(struct fault, delay_body_ms), .max = INT_MAX },
	{ "close", STR_AT(struct fault, close), .choices = closings },
	{ "truncate", BOOL_AT(struct fault, is_truncated) },
	{ "omit", STRS_AT(struct fault, omit) },
	{ "count", INT_AT(struct fault, count), HAS_AT(struct fault, has_count) },
	{ "endless", BOOL_AT(struct fault, is_endless) },
	{ 0 },
};

static const char *const untyped[] = { "body", NULL };

static bool fault_finish(struct fault_rule *rule, const cJSON *action, struct err *err)
{
	struct fault *fault = container_of(rule, struct fault, rule);
	const cJSON *body = json_get(action, "body");

	for (size_t i = 0; i < fault->omit.n; i++)
		if (!streq(fault->omit.v[i], "url") && !streq(fault->omit.v[i], "ref_names"))
			return err_set(err, ERR_INVALID, "do.omit[%zu]: \"%.60s\" is not one of url, ref_names", i,
				       fault->omit.v[i]);
	if (body)
		fault->body = cJSON_IsString(body) ? xstrdup(body->valuestring) : json_text(body);
	else if (fault->status && fault->status != 204)
		fault->body = xstrdup(SAYS_SO);
	if (!fault->content_type)
		fault->content_type = xstrdup(cJSON_IsString(body) ? "text/plain" : "application/json");
	return true;
}

static void fault_release(struct fault_rule *rule)
{
	free(container_of(rule, struct fault, rule)->body);
}

/* A name is none where the request is about no single object. */
static bool fault_fits(const struct fault_rule *rule, const void *subject)
{
	const struct fault *fault = (const struct fault *)rule;
	const struct api_reply *about = subject;

	return (!fault->method || streq(fault->method, about->method)) &&
	       (!fault->path || strncmp(about->path, fault->path, strlen(fault->path)) == 0) &&
	       (!fault->tenant || streq(fault->tenant, about->tenant)) &&
	       (!fault->name || (about->name && fnmatch(fault->name, about->name, 0) == 0));
}

const struct fault_kind fault_kind = {
	.size = sizeof(struct fault),
	.match = match_fields,
	.action = action_fields,
	.also = untyped,
	.finish = fault_finish,
	.release = fault_release,
	.fits = fault_fits,
};

struct fault *fault_find(struct sim *sim, const struct api_request *request)
{
	struct api_reply about;
	struct fault_rule *rule;

	if (!sim->faults.first)
		return NULL;
	api_look(sim, request, &about);
	rule = faults_match(&sim->faults, &about);
	api_reply_release(&about);
	return (struct fault *)rule;
}

bool fault_closes_before(const struct fault *fault)
{
	return streq0(fault->close, "before");
}

bool fault_cuts(const struct fault *fault)
{
	return fault->close || fault->is_truncated;
}

static void bend_object(const struct fault *fault, cJSON *object)
{
	if (strs_has(&fault->omit, "url"))
		cJSON_DeleteItemFromObjectCaseSensitive(object, "url");
	if (strs_has(&fault->omit, "ref_names"))
		refs_cut_names(object);
}

static size_t page_of(const struct api_request *request)
{
	const char *page = listing_param(request, "page");

	return page ? strtoul(page, NULL, 10) : 1;
}

static void put_next(cJSON *body, const struct api_request *request, const char *type)
{
	CLEANUP(freep) char *base = api_base(request);
	CLEANUP(freep) char *next = listing_next(kind_find(slice_of(type)), request, base, page_of(request) + 1);

	cJSON_DeleteItemFromObjectCaseSensitive(body, "next");
	json_put_str(body, "next", next);
}

static void bend_list(const struct fault *fault, const struct api_request *request, struct api_reply *reply,
		      cJSON *results)
{
	cJSON *object;

	cJSON_ArrayForEach(object, results)
		bend_object(fault, object);
	if (fault->has_count) {
		cJSON_DeleteItemFromObjectCaseSensitive(reply->body, "count");
		json_put_int(reply->body, "count", fault->count);
	}
	if (fault->is_endless && reply->type)
		put_next(reply->body, request, reply->type);
}

/* The pages that there are, over and over again: each asks for the first one. */
static void answer_endless(struct sim *sim, const struct api_request *request, struct api_reply *reply)
{
	struct api_param *params = xcalloc(request->n_params + 1, sizeof(*params));
	struct api_request first = *request;

	for (size_t i = 0; i < request->n_params; i++) {
		params[i] = request->params[i];
		if (streq(params[i].key, "page"))
			params[i].value = "1";
	}
	first.params = params;
	api_answer(sim, &first, reply);
	free(params);
}

static void answer_bent(const struct fault *fault, struct sim *sim, const struct api_request *request,
			struct api_reply *reply)
{
	cJSON *results;

	if (fault->is_endless)
		answer_endless(sim, request, reply);
	else
		api_answer(sim, request, reply);
	results = cJSON_GetObjectItemCaseSensitive(reply->body, "results");
	if (results)
		bend_list(fault, request, reply, results);
	else if (reply->body)
		bend_object(fault, reply->body);
	/* What has a body says so. */
	if (fault->body && reply->status == 204)
		reply->status = 200;
}

void fault_answer(const struct fault *fault, struct sim *sim, const struct api_request *request,
		  struct api_reply *reply)
{
	if (fault->status || fault_closes_before(fault)) {
		api_look(sim, request, reply);
		reply->status = fault->status;
	} else {
		answer_bent(fault, sim, request, reply);
	}
	reply->fault = fault->rule.id;
	reply->text = xstrdup(fault->body);
	reply->content_type = fault->content_type;
	if (fault->retry_after_s >= 0)
		strs_take(&reply->headers, xasprintf("Retry-After: %d", fault->retry_after_s));
}
