/* object_part: any part of a description is refused, or cut into pieces that lie in it, one behind the other. */
#include "leader/watch/knowledge.h"
#include "tests/fuzz/fuzz.h"

static bool has_slash(struct slice text)
{
	return text.n && memchr(text.p, '/', text.n);
}

static void check_part(const char *text, const struct object_part *part)
{
	size_t n_kind = strlen(host_kind_name(part->kind));
	bool has_host = part->kind == KIND_INGRESS || part->kind == KIND_MCI;
	const char *end = part->name.p + part->name.n;

	assert(strncmp(text, host_kind_name(part->kind), n_kind) == 0);
	assert(part->cluster.p == text + n_kind + 1 && part->cluster.n);
	assert(part->namespace.p == part->cluster.p + part->cluster.n + 1);
	assert(part->name.p == part->namespace.p + part->namespace.n + 1);
	assert(!has_slash(part->namespace) && !has_slash(part->name));
	assert(has_host ? *end == '/' && !strchr(end + 1, '/') : *end == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = fuzz_text(data, size);
	struct knowledge nobody = { 0 };
	struct gdp policy = { 0 };
	struct object_part part;
	bool is_part = object_part_parse(text, &part);

	if (is_part)
		check_part(text, &part);
	/* A cluster that is no member is known to be none; what cannot be read is unknown. */
	assert(knowledge_is_unknown_part(&nobody, &policy, text) == !is_part);
	return 0;
}
