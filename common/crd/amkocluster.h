/* common/crd/amkocluster.h - AMKOCluster (amko.vmware.com/v1alpha1): JSON to struct. As gslbconfig.h.
 *
 * For people and for what is copied: spec, status, and annotations as texts. What leadership decides on is read by
 * common/leadership/marks.h.
 */
#pragma once

#include "common/crd/condition.h"
#include "common/leadership/marks.h"

#define ROLE_ANNOTATION MARK_PREFIX "role"
#define PROMOTION_ANNOTATION MARK_PREFIX "promotion"
#define FIT_ANNOTATION MARK_PREFIX "fit"
#define PROMOTE_ANNOTATION MARK_PREFIX "promote"
#define ENDPOINT_ANNOTATION MARK_PREFIX "endpoint"             /* tcp://host:port, where followers reach this instance */
#define PUBLIC_KEY_ANNOTATION MARK_PREFIX "public-key"         /* of this instance: CURVE, Z85 */

/* Types of conditions, in the order in which they are listed. The first five are AMKO's, its free texts their status. */
#define CONDITION_VALIDATION "current AMKOCluster Validation"
#define CONDITION_MEMBERS_INITIALISED "member cluster initialisation"
#define CONDITION_MEMBERS_VALIDATED "member cluster validation"
#define CONDITION_GSLBCONFIG_FEDERATION "GSLBConfig Federation"
#define CONDITION_GDP_FEDERATION "GDP Federation"
#define CONDITION_LEADING "Leading"
#define CONDITION_FENCE_UNAVAILABLE "FenceUnavailable"
#define CONDITION_FEDERATED "Federated"
#define CONDITION_FORCED_PROMOTION "ForcedPromotion"           /* kubectl amko promote --force: by whom, past whom */

/* How a member gets its copies. */
#define TRANSPORT_ZEROMQ "zeromq"
#define TRANSPORT_API "api"
#define TRANSPORT_NONE "none"

/* One cluster as the leader sees it. */
struct amkocluster_member {
	char *context;                                 /* never NULL */
	bool is_reachable, is_fit;
	char *transport, *version, *hash, *error, *last_seen;      /* NULL where absent */
	int lag_s;                                     /* age of the oldest change that it has not got */
	int64_t gslbconfig_generation, gdp_generation; /* of its copies, for information */
};

struct amkocluster_status {
	char *role, *leader, *endpoint, *public_key;   /* NULL where absent */
	int64_t epoch, promotion;
	bool has_fit, is_fit;
	char *unfit_reason;                            /* NULL where absent */
	char *members_ready;                           /* "2/3", for a column */
	struct amkocluster_member *members;
	size_t n_members;
	struct condition *conditions;
	size_t n_conditions;
};

struct amkocluster {
	char *namespace, *name, *uid, *resource_version, *created;     /* never NULL */
	int64_t generation;
	/* Annotations, as written; NULL where absent. */
	char *role, *promotion, *fit, *promote, *endpoint, *public_key;
	bool is_leader;
	char *context;                                 /* spec.clusterContext; never NULL */
	char *version;                                 /* never NULL */
	struct strs clusters;
	bool is_automatic;                             /* spec.failover: Automatic */
	char *failover;                                /* as written; NULL where absent */
	struct amkocluster_status status;
	char *error;                                   /* NULL, or what is wrong with spec; spec is empty then */
};

struct amkocluster *amkocluster_from_json(const cJSON *object);
struct amkocluster *amkocluster_copy(const struct amkocluster *cluster);
void amkocluster_free(struct amkocluster *cluster);                    /* NULL is fine */
DEFINE_CLEANUP(struct amkocluster *, amkocluster_free)
bool amkocluster_same(const struct amkocluster *a, const struct amkocluster *b);   /* everything, resourceVersion too */
/* Equal in what is acted upon: spec and annotations; not status or resourceVersion. */
bool amkocluster_same_spec(const struct amkocluster *a, const struct amkocluster *b);
