/* common/leadership/lease.h - the Lease `amko-leader` of one member cluster as JSON, and what it says.
 *
 * Source: coordination.k8s.io/v1 Lease. renewTime and leaseDurationSeconds are for people: nobody compares them with a clock.
 */
#pragma once

#include "common/base/json.h"
#include "common/leadership/claim.h"
#include "common/leadership/timing.h"

#define LEASE_NAME "amko-leader"

/* What a Lease shows of its holder besides the claim: where that cluster's follower finds the leader. */
struct lease_contact {
	const char *endpoint, *public_key;      /* NULL: not shown */
};

/* Reads a Lease. `contact`, where wanted, borrows from `lease`. ERR_INVALID: it does not parse, and is no vote. Contexts are
 * added to the roster. */
bool lease_from_json(const cJSON *lease, struct roster *roster, struct claim *out, struct version *version,
		     struct lease_contact *contact, struct err *err);

/* The whole Lease to PUT or, where version->uid is empty, to POST: it carries resourceVersion *and* uid, as a PUT on a Lease
 * that is gone would otherwise make a new one. now_us: wall clock, microseconds since 1970. Yours to delete. */
cJSON *lease_to_json(const struct claim *claim, const struct version *version, const struct roster *roster,
		     const struct lease_contact *contact, const struct timing *timing, const char *namespace,
		     int64_t now_us);

#define MICROTIME_MAX 32
void microtime_text(int64_t us, char out[MICROTIME_MAX]);        /* "2026-01-05T09:30:00.000000Z" */
