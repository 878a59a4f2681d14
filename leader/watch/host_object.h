/* leader/watch/host_object.h - Ingress and Service reduced to one shape: what a global service can be made of.
 *
 * Pure and in time n log n, whatever the object's size: an API object in, a projection out; only what matters is kept (well under 1 KiB an object).
 * Ownership: results are the caller's, host_object_free()/namespace_free(). An object is one block that never changes.
 * Errors:    none. What is malformed or not yet filled in by the load balancer gives an object without records; an object of
 *            the wrong shape altogether (no metadata.name) gives NULL.
 */
#pragma once

#include "common/base/json.h"
#include "common/base/pairs.h"

enum host_kind { KIND_INGRESS, KIND_LBSVC, KIND_ROUTE, KIND_MCI, N_HOST_KINDS };     /* in member order */
const char *host_kind_name(enum host_kind kind);          /* "INGRESS", "LBSVC", ... as in descriptions */

enum host_protocol { PROTOCOL_TCP, PROTOCOL_UDP };

/* One host name that the object serves. */
struct host_record {
	char *host, *ip;
	char *vs_uuid;                 /* NULL: not (yet) annotated */
	bool is_tls;
	struct strs paths;             /* without repetitions, 64 at most; empty for Services */
};

struct host_object {
	enum host_kind kind;
	char *namespace, *name;
	struct pairs labels;
	char *controller_uuid;         /* NULL: not (yet) annotated */
	char *tenant;                  /* the annotation; NULL where absent, "" kept */
	int port;                      /* Services: the smallest; 0: none */
	enum host_protocol protocol;
	struct host_record *records;   /* sorted by host */
	size_t n_records;
};

struct host_object *host_object_from_ingress(const cJSON *object);
struct host_object *host_object_from_service(const cJSON *object);    /* NULL also for other types than LoadBalancer */
void host_object_free(struct host_object *object);                    /* NULL is fine */
/* One whose parts were allocated one by one, in one block, its records sorted; what they lay in is freed. */
struct host_object *host_object_pack(struct host_object *loose);
bool host_object_same(const struct host_object *a, const struct host_object *b);
const struct host_record *host_object_find(const struct host_object *object, const char *host);

/* "INGRESS/<cluster>/<namespace>/<name>/<host>" or "LBSVC/<cluster>/<namespace>/<name>". Yours to free. */
char *host_object_describe(const struct host_object *object, const char *cluster, const char *host);

struct namespace_info {
	char *name;
	struct pairs labels;
	char *tenant;                  /* the annotation; NULL where absent */
};
struct namespace_info *namespace_from_json(const cJSON *object);
void namespace_free(struct namespace_info *ns);
bool namespace_same(const struct namespace_info *a, const struct namespace_info *b);

/* One record of one object under a host name, with its surroundings: what may become a member. All borrowed. */
struct candidate {
	const char *cluster;
	const struct namespace_info *ns;       /* NULL: not seen (yet) */
	const struct host_object *object;
	const struct host_record *record;
};

/* An address that some object served under a host name and was seen to serve no more. */
struct gone_address {
	char *ip, *vs_uuid;                    /* vs_uuid: NULL where there was none */
};
