/* leader/avi/gs_json.h - model <-> the controller's JSON for GslbService and HealthMonitor.
 *
 * Writing gives exactly the fields that AMKO 1.13.1 writes; reading takes lists and answers alike and never fails on missing
 * or odd fields: they count as absent. References are reduced to names: "…#name", "…?name=name" (decoded), else the last
 * segment (a uuid). tenant_ref likewise.
 * Ownership: results are the caller's.
 * Source:    controller API, GslbService and HealthMonitor.
 */
#pragma once

#include "common/base/json.h"
#include "leader/gslb/gs.h"

/* Body for POST and PUT. tenant_ref is "/api/tenant/?name=<escaped>"; refs "/api/<type>?name=<escaped>". V6 addresses say so.
 * Members without vs_uuid and cluster_uuid carry neither. Constants: enabled, is_federated, controller_health_status_enabled
 * true; health_monitor_scope, pool_algorithm, min_members, resolve_cname, use_edns_client_subnet, wildcard_match. */
cJSON *gs_to_json(const struct gs *gs);
cJSON *monitor_to_json(const struct monitor *monitor);

/* NULL when it has no name or uuid (nothing can be done with it), or when it cannot be told whose it is. `tenant`: of the
 * request, for objects without tenant_ref ("*" gives "admin") and for those whose tenant_ref is a uuid ("*": cannot be told). */
struct gs *gs_from_json(const cJSON *object, const char *tenant);
struct monitor *monitor_from_json(const cJSON *object, const char *tenant);

/* Whose it is, as above. NULL: it cannot be told, with "*" only. Yours to free. */
char *object_tenant(const cJSON *object, const char *tenant);
/* False: a service that refers to something by uuid only, so that it cannot be compared. */
bool gs_refs_have_names(const cJSON *object);

/* "…/api/x/uuid#name" -> "name"; see above. Yours to free; NULL for NULL. */
char *ref_name(const char *ref);
