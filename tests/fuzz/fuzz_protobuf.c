/* protobuf: any body in protobuf is refused with a reason, or is an object with its kind. */
#include "tests/sim/kubesim/proto.c"     /* of the simulated API servers, which no archive has */
#include "tests/sim/kubesim/text.c"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	CLEANUP(cJSON_Deletep) cJSON *object = ks_proto_read(fuzz_slice(data, size), &err);

	assert(!object == (err.code != ERR_NONE));
	assert(object ? json_str(object, "kind") != NULL : err.code == ERR_INVALID || err.code == ERR_NOTFOUND);
	return 0;
}
