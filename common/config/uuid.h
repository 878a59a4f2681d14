/* common/config/uuid.h - the identity of an installation, as it stands in an annotation. */
#pragma once

#include "common/base/base.h"

/* Reads the canonical form, "urn:uuid:...", "{...}" and 32 hex digits, in any case; writes lower-case canonical. */
bool uuid_normalise(const char *text, char out[37]);
void uuid_generate_new(char out[37]);      /* version 1, time based */
