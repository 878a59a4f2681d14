/* pages: of any answers, taken for the pages of one list, only such are believed whose objects all have names that can
 * stand in a path and in a description and are not newer than their page; version and token stay within their bounds. */
#include "common/kube/pages.h"
#include "tests/fuzz/fuzz.h"

FUZZ_MUTATES_JSON()

static bool is_segment(const char *text)
{
	return text && *text && strlen(text) < 256 && !strpbrk(text, "/%, \n");
}

static void check_page(const struct pages *pages, const cJSON *page)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_get(page, "items")) {
		struct object_id id;

		assert(object_id_read(&KUBE_INGRESSES, item, &id, NULL));
		assert(is_segment(id.namespace) && is_segment(id.name));
		assert(!version_is_older(object_version(page), id.version));
	}
	assert(pages->version && *pages->version && strlen(pages->version) <= OBJECT_VERSION_MAX_BYTES);
	assert(!pages->token || *pages->token);
	assert(!pages->mark || pages->mark_at <= pages->n);
}

/* Of two versions none is older than itself, and at most one than the other. */
static void check_versions(const char *a, const char *b)
{
	assert(!version_is_older(a, a) && !version_is_older(b, b));
	assert(!version_is_older(a, b) || !version_is_older(b, a));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(cJSON_Deletep) cJSON *json = fuzz_json(data, size);
	struct pages pages = { 0 };
	const cJSON *page;

	cJSON_ArrayForEach(page, json) {
		if (!pages_add(&pages, &KUBE_INGRESSES, page, NULL))
			break;
		check_page(&pages, page);
		check_versions(pages.version, object_version(page));
		if (!pages.token)
			break;
	}
	pages_release(&pages);
	return 0;
}
