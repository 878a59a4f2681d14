/* common/leadership/marks.h - what an AMKOCluster says about leadership: spec, and annotations amko.vmware.com/...
 *
 * What must survive or be trusted stands in annotations: a CRD of the reference prunes unknown status fields.
 *
 * | annotation  | written by             | value                                                                        |
 * |-------------|------------------------|------------------------------------------------------------------------------|
 * | role        | this cluster's keeper  | follower, candidate, leader, standing-down; any value is the mark of amko      |
 * | promotion   | this cluster's keeper  | JSON: what it keeps about human acts, see struct kept                          |
 * | fit         | this cluster's keeper  | words of struct fitness that hold: "avi api credentials copy uuid"             |
 * | promote     | people, kubectl amko   | any text; a new one is a promotion. Ends with " force": take living Leases too |
 */
#pragma once

#include "common/base/json.h"
#include "common/leadership/claim.h"

#define MARK_PREFIX "amko.vmware.com/"
#ifndef PROMOTE_MAX
#define PROMOTE_MAX 128
#endif

/* What a keeper remembers on its own AMKOCluster. */
struct kept {
	bool is_kept;                /* false: nothing was ever kept: first start */
	bool is_leader;              /* spec.isLeader, as last seen */
	char promote[PROMOTE_MAX];   /* annotation promote, as last seen */
	int64_t promotion;           /* number of this cluster's last promotion; 0: never promoted */
	bool is_ended;               /* isLeader went back to false since */
	bool is_forced;              /* it was made with force */
	bool has_led;                /* this cluster has led under it */
	int64_t epoch;               /* the highest epoch this cluster has seen */
};

/* Whether an instance could lead now, part by part. */
struct fitness {
	bool has_avi;                /* the controller answers and leads */
	bool has_api;                /* its own API server answers */
	bool has_credentials;        /* credentials and kubeconfig are valid */
	bool is_current;             /* its copy of the configuration is the leader's */
	bool has_federation;         /* a UUID is there */
};

/* The AMKOCluster of a member, as far as leadership asks. */
struct peer {
	bool is_leader;              /* spec.isLeader */
	bool is_marked;              /* annotation role: amko runs there */
	bool has_other_context;      /* its clusterContext is not the one it is reached by */
	char uid[UID_MAX];
	struct kept kept;
	struct fitness fitness;
};

/* The own AMKOCluster. */
struct own {
	bool is_leader;
	bool has_other_context;      /* clusterContext is empty or not the own context */
	enum mode mode;              /* spec.failover */
	uint64_t members;            /* spec.clusters; the own context is always among them */
	bool is_cut;                 /* more clusters than a roster has room for: some are missing */
	char promote[PROMOTE_MAX];
	struct kept kept;
};

/* Both return ERR_INVALID where spec or annotations have another shape; `out` is untouched then. */
bool peer_from_json(const cJSON *cluster, const char *context, struct peer *out, struct err *err);
bool own_from_json(const cJSON *cluster, const char *context, struct roster *roster, struct own *out, struct err *err);

char *kept_text(const struct kept *kept);                       /* yours to free */
bool kept_parse(struct slice text, struct kept *out);
char *fitness_text(const struct fitness *fitness);              /* yours to free */
void fitness_parse(struct slice text, struct fitness *out);     /* unknown words are passed over */
