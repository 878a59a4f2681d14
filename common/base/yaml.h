/* common/base/yaml.h - YAML text to cJSON, bounded. JSON is YAML too.
 *
 * Only the first document is read. Types are those of YAML 1.2's core schema, with JSON's numbers: an unquoted null (or
 * nothing), true, false and numbers are that, everything else is text; of two equal keys the first counts (see json.h).
 * Aliases are copied out. Merge keys are refused.
 * Errors:    ERR_INVALID, "line 7: could not find expected ':'".
 */
#pragma once

#include "common/base/json.h"

#define YAML_MAX_DEPTH 64
#define YAML_MAX_ANCHORS 1000
#define YAML_MAX_VALUE_BYTES (64u * 1024 * 1024)      /* of the whole value in memory, aliases copied out */

/* The caller has bounded text.n. NULL with err; an empty text is null. Yours to cJSON_Delete. */
cJSON *yaml_parse(struct slice text, struct err *err);
