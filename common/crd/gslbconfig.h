/* common/crd/gslbconfig.h - GSLBConfig (amko.vmware.com/v1alpha1): JSON to struct.
 *
 * Ownership: gslbconfig_from_json gives a new one; gslbconfig_free.
 * Errors:    never NULL for an object with metadata and a name: what the schema would have refused (an API server without
 *            our CRD's schema) is in `error`, with the field's path, and the rest of spec is empty.
 * Source:    spec of the kind: deploy/crds.
 */
#pragma once

#include "common/crd/condition.h"

#define AMKO_NAMESPACE "avi-system"
#define UUID_ANNOTATION "amko.vmware.com/amko-uuid"
#define TENANT_ANNOTATION "ako.vmware.com/tenant-name"     /* AKO's, on namespaces and objects */

struct cluster_ref {
	char *context;                           /* never NULL; "" where absent */
};

struct gslbconfig {
	char *namespace, *name, *uid, *resource_version, *created;   /* never NULL; created: RFC 3339: it sorts */
	int64_t generation;
	char *uuid_annotation;                   /* as written; NULL where absent */
	char *controller_ip, *controller_version, *credentials;      /* NULL where absent */
	struct strs controller_addresses;        /* further ones */
	char *tenant;                            /* never NULL or empty: "admin" by default */
	struct cluster_ref *member_clusters;
	size_t n_member_clusters;
	int refresh_interval_s;                  /* 600 where absent or not positive */
	char *log_level;                         /* any text; NULL where absent */
	bool use_custom_global_fqdn;
	char *state;                             /* status.state, NULL where absent */
	struct condition *conditions;            /* status.conditions */
	size_t n_conditions;
	char *error;                             /* NULL, or what is wrong with spec */
};

struct gslbconfig *gslbconfig_from_json(const cJSON *object);
struct gslbconfig *gslbconfig_copy(const struct gslbconfig *config);
void gslbconfig_free(struct gslbconfig *config);                        /* NULL is fine */
DEFINE_CLEANUP(struct gslbconfig *, gslbconfig_free)
bool gslbconfig_same(const struct gslbconfig *a, const struct gslbconfig *b);       /* everything, resourceVersion too */
/* Equal in what is acted upon: spec and the UUID; not status, labels or resourceVersion. */
bool gslbconfig_same_spec(const struct gslbconfig *a, const struct gslbconfig *b);
bool gslbconfig_has_member(const struct gslbconfig *config, const char *context);
