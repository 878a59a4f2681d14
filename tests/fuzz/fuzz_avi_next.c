/* avi_next: a `next` of any text leads nowhere or to another page of the collection, and fits into a request. */
#include "common/avi/list.c"             /* what is private there */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char collection[] = "/api/gslbservice";
	struct avi_list list = { .collection = collection };
	CLEANUP(freep) char *text = fuzz_text(data, size);
	const char *path = next_path(&list, text);

	if (!path)
		return 0;
	assert(strncmp(path, collection, strlen(collection)) == 0 && strchr("/?", path[strlen(collection)]));
	for (const char *c = path; *c; c++)
		assert(*c > ' ' && *c <= '~');
	return 0;
}
