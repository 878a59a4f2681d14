/* tests/model/limits.h - the sizes of the model's build of the protocol: small, so that a state is. Included before all else. */
#pragma once

#define AMKO_MODEL 1
#define ROSTER_MAX 5
#define CONTEXT_MAX 4
#define HOLDER_MAX 12
#define UID_MAX 16
#define REVISION_MAX 8
#define PROMOTE_MAX 12
