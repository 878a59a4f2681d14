/* tests/sim/kubesim/api.h - one request to a cluster's API: what it asks for, and the answer. Watches are answered
 * elsewhere.
 *
 * Ownership: a request borrows what it was made of; ks_request_release() frees what parsing added.
 */
#pragma once

#include "tests/sim/kubesim/cluster.h"
#include "tests/sim/kubesim/select.h"
#include "tests/sim/kubesim/status.h"

struct ks_param {
	const char *key, *value;
};

struct ks_request {
	struct ks_cluster *cluster;
	const char *method, *path, *content_type, *accept, *agent;
	const struct ks_param *params;
	size_t n_params;
	struct slice body;
	const char *user;              /* "" where nobody said who they are */
	bool is_admin;

	/* Out of the path, by ks_request_parse(). */
	bool is_resource;
	const char *verb; /* get, list, watch, create, update, patch, delete, deletecollection; or as the method */
	char *group, *group_version, *plural, *namespace, *name, *sub;      /* NULL where the path has none */
	struct ks_kind *kind;          /* NULL: not served */
	const struct ks_kind_version *version;
};

void ks_request_parse(struct ks_request *request);
void ks_request_release(struct ks_request *request);
const char *ks_param(const struct ks_request *request, const char *key);       /* NULL where absent */
bool ks_param_is_true(const struct ks_request *request, const char *key);

/* May this user do that, and is there something to do it to? false: refused. */
bool ks_request_check(const struct ks_request *request, struct ks_reply *reply);
/* Everything but a watch. The request has been checked. */
void ks_answer(struct ks_request *request, struct ks_reply *reply);

/* Parts of the answer. */
void ks_answer_discovery(const struct ks_request *request, struct ks_reply *reply);
void ks_answer_list(const struct ks_request *request, struct ks_reply *reply);
void ks_answer_write(const struct ks_request *request, struct ks_reply *reply);
/* One object as this request's client sees it. */
void ks_reply_version(const struct ks_request *request, struct ks_reply *reply, int status,
		      const struct ks_version *version);

/* What selects: of a list or a watch. Release also after a failure. */
struct ks_filter {
	char *prefix;                  /* keys begin with this: "namespace/" or "" */
	struct ks_selector labels, fields;
};
bool ks_filter_read(const struct ks_request *request, struct ks_filter *out, struct ks_reply *reply);
bool ks_filter_fits(const struct ks_filter *filter, const struct ks_version *version);
void ks_filter_release(struct ks_filter *filter);
/* A resourceVersion as clients give it. absent: *out is 0 and *is_given false. */
bool ks_read_rv(const struct ks_request *request, uint64_t *out, bool *is_given, struct ks_reply *reply);
