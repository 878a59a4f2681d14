/* common/kube/object.h - what every object of the API says about itself. Pure.
 *
 * Ownership: an id borrows from the JSON it was read from.
 * Errors:    ERR_INVALID: no API server keeps such an object; what it came with is not to be believed.
 */
#pragma once

#include "common/base/json.h"
#include "common/kube/client.h"

#define OBJECT_VERSION_MAX_BYTES 256u

struct object_id {
	const char *namespace, *name;  /* namespace "": the resource has none */
	const char *version;           /* "" where it says none */
	uint64_t uid;                  /* a digest of it; 0 where it says none */
};

bool object_id_read(const struct kube_resource *resource, const cJSON *object, struct object_id *out, struct err *err);

/* metadata.resourceVersion; "" where there is none. */
const char *object_version(const cJSON *object);
/* Clients must not read resourceVersions, with one exception that is worth it: both are decimal numbers, as all API servers
 * count, and a is the smaller one. Never true of anything else. */
bool version_is_older(const char *a, const char *b);
