/* ref: any reference gives a name; the name in one that we have written is the one it was written for. */
#include "common/io/http_client.h"
#include "leader/avi/gs_json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = fuzz_text(data, size), *escaped = http_escape(text), *name = ref_name(text);
	CLEANUP(freep) char *ref = xasprintf("/api/healthmonitor?name=%s", escaped), *read = ref_name(ref);

	assert(name && strlen(name) <= strlen(text));
	for (const char *c = escaped; *c; c++)
		assert(*c > ' ' && *c <= '~' && !strchr("/?#&=+\"", *c));
	assert(!*text || streq(read, text));
	return 0;
}
