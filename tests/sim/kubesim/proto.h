/* tests/sim/kubesim/proto.h - application/vnd.kubernetes.protobuf, as far as kubectl insists on it: its short forms
 * ("kubectl create namespace web") send some built-in kinds so. Pure. */
#pragma once

#include "common/base/json.h"

#define KS_PROTOBUF_TYPE "application/vnd.kubernetes.protobuf"

/* The object in JSON; NULL with ERR_INVALID (malformed) or ERR_NOTFOUND (a kind that is not known here). Yours to
 * delete. */
cJSON *ks_proto_read(struct slice bytes, struct err *err);
