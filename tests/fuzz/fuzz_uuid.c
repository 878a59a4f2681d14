/* uuid: any text is refused or becomes the canonical form, which every other form of the same UUID becomes too. */
#include "common/config/uuid.h"
#include "tests/fuzz/fuzz.h"

static void check_form(const char *canonical, const char *form)
{
	char out[37];

	assert(uuid_normalise(form, out) && streq(out, canonical));
}

static void check_forms(const char *canonical)
{
	CLEANUP(freep) char *urn = xasprintf("urn:uuid:%s", canonical), *braced = xasprintf("{%s}", canonical);
	CLEANUP(freep) char *bare = xstrdup(canonical);
	size_t n = 0;

	for (const char *c = canonical; *c; c++)
		if (*c != '-')
			bare[n++] = *c;
	bare[n] = '\0';
	assert(n == 32);
	check_form(canonical, canonical);
	check_form(canonical, urn);
	check_form(canonical, braced);
	check_form(canonical, bare);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = fuzz_text(data, size);
	char out[37];

	if (!uuid_normalise(text, out))
		return 0;
	assert(strlen(out) == 36 && strspn(out, "0123456789abcdef-") == 36);
	check_forms(out);
	return 0;
}
