/* tests/unit/scene.h - a small world for tests of the pure stages: objects of clusters, a policy, what is known, what the
 * controller has. Objects are rows; results are short texts.
 *
 * The controller's objects are made by the product itself out of an earlier scene: what was true then, it has now.
 * Ownership: a scene owns all of it, scene_release(). Texts that are returned are the caller's.
 */
#pragma once

#include "tests/unit/unit.h"

#include "leader/plan/plan.h"

#define SCENE_FQDN "shop.example.org"
#define SCENE_OWNER "amko-3f0c7c1e-9a51-11ee-8f4b-0242ac120002"
#define SCENE_MAX 12

/* JSON with ' in place of "; the test fails when it is none. Yours to cJSON_Delete. */
cJSON *scene_json(const char *text);

/* One object that serves SCENE_FQDN. Lists are separated by blanks. */
struct scene_object {
	enum host_kind kind;
	const char *cluster;           /* NULL ends a list of rows */
	const char *where;             /* "namespace/name" */
	const char *ip;
	const char *paths;             /* NULL: "/", for Ingresses */
	int port;                      /* of Services */
	enum host_protocol protocol;
	bool is_tls;
	const char *vs;                /* NULL: "vs-<ip>"; "": the load balancer has not written its identities */
	const char *labels;            /* NULL: "app=gslb" */
	const char *tenant;            /* its annotation */
	const char *ns_labels;         /* of its namespace; NULL: "ns=gslb" */
	const char *ns_tenant;
	bool has_no_ns;                /* the namespace has not been read */
};

struct scene {
	const char *members;           /* memberClusters; NULL: "east west north" */
	const char *unknown;           /* "west", "west:LBSVC", "west:namespaces"; "": all is known */
	struct gdp *policy;
	struct lookups lookups;        /* the monitor "tpl": GET /x HTTP/1.1, HTTP_4XX */
	struct cluster_knowledge known[3];
	char names[64];
	struct knowledge knowledge;
	struct host_object *objects[SCENE_MAX];
	struct namespace_info *namespaces[SCENE_MAX];
	struct candidate candidates[SCENE_MAX];
	size_t n;
	struct gone_address gone[SCENE_MAX];   /* borrowed texts */
	size_t n_gone;
	struct gs *actual[SCENE_MAX];
	size_t n_actual;
	struct monitor *actual_monitors[SCENE_MAX];
	size_t n_actual_monitors;
	struct wanted wanted;
	struct plan plan;
};

/* `spec` comes before the usual fields of the policy, whose place it takes: matchRules (app=gslb), matchClusters (east, west,
 * north). NULL: no policy at all. */
void scene_policy(struct scene *s, const char *spec);
void scene_know(struct scene *s, const char *members, const char *unknown);
void scene_objects(struct scene *s, const struct scene_object *rows, size_t max);
void scene_build(struct scene *s);     /* fills wanted */
void scene_plan(struct scene *s);      /* fills plan; wanted has been built */
/* What was wanted is what the controller has, with uuids; then everything else is empty again. */
void scene_carry_out(struct scene *s);
void scene_release(struct scene *s);

/* "20: 10.0.0.1*8 | 10: 10.0.0.2*1 10.0.0.3*1", tenants other than admin before it: "blue 10: ..."; services by "; ". */
char *scene_groups(const struct scene *s);
/* "10.0.0.1=vs-1@cluster-east" for each member, a bare address alone; all services. */
char *scene_members(const struct scene *s);
char *scene_description(const struct scene *s);        /* parts separated by blanks; services by "; " */
/* "http:80 /, https:443 /cart, tcp:8080, my-hm": what each service refers to. */
char *scene_monitors(const struct scene *s);
/* "ttl=30 GSLB_ALGORITHM_GEO/... up=2 persistence=... pki=... down=...": what else there is, of the first service. */
char *scene_settings(const struct scene *s);
/* "update service(members,description); delete monitor http /cart; held 1: LBSVC/west/web/db". Tenants other than admin
 * before the object: "delete service blue". */
char *scene_plan_text(const struct scene *s);
