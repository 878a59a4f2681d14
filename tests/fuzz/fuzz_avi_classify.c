/* avi_classify: any status (two bytes) and body have a class with a name; only a 2xx is good, only no status is no
 * answer, and the body changes nothing but refusals. */
#include "common/avi/session.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = size > 2 ? fuzz_text(data + 2, size - 2) : NULL;
	int status = size < 2 ? 0 : (int16_t)(data[0] << 8 | data[1]) % 700;
	enum avi_class class = avi_classify(status, text);

	assert(class >= AVI_OK && class <= AVI_REFUSED && *avi_class_name(class));
	assert((class == AVI_OK) == (status >= 200 && status < 300));
	assert((class == AVI_NETWORK) == (status <= 0));
	assert((avi_class_code(class) == ERR_NONE) == (class == AVI_OK));
	assert(class == avi_classify(status, NULL) || status >= 400);
	return 0;
}
