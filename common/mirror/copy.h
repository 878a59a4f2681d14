/* common/mirror/copy.h - what of an object is carried to other clusters, and how it is told whether two objects carry the same. Pure.
 *
 * Carried are the spec and the labels and annotations of a list. Never carried: owners, finalizers, status, the bookkeeping of Helm
 * and kubectl. A copy has the label amko.vmware.com/federated; only what has it may ever be deleted.
 *
 * Ownership: a copy owns its texts. A zeroed one is empty.
 */
#pragma once

#include "common/base/hash.h"
#include "common/kube/client.h"

#define COPY_LABEL "amko.vmware.com/federated"
#define COPY_BODY_MAX (1536u * 1024)
#define COPY_KINDS 3

struct copy {
	char *key;                 /* "GSLBConfig/avi-system/gc-1" */
	char *body;                /* canonical: {"annotations":{...},"labels":{...},"spec":{...}} */
	size_t n_body;
	struct sha256 hash;        /* of the body */
};

/* The kinds that are carried. */
extern const struct kube_resource *const copy_kinds[COPY_KINDS];

/* Its parts; they are names that an API server takes, so they can stand in a path. */
struct copy_key {
	const struct kube_resource *kind;
	char namespace[64];
	char name[254];
};
bool copy_key_parse(struct slice key, struct copy_key *out);
/* Yours to free; NULL where the object has no name that can be carried. */
char *copy_key_of(const struct kube_resource *kind, const cJSON *object);

/* ERR_INVALID: no name, no spec, or nothing that has a canonical form; ERR_LIMIT: too large. */
bool copy_from_object(const struct kube_resource *kind, const cJSON *object, struct copy *out, struct err *err);
/* What a leader sent. ERR_INVALID unless it has the canonical form, a spec, and this hash. A newer leader may carry more labels
 * and annotations: they count for the hash, and are not written. */
bool copy_from_wire(struct slice key, struct slice body, const struct sha256 *hash, struct copy *out, struct err *err);
void copy_release(struct copy *copy);                      /* NULL is fine */

bool copy_is_labelled(const cJSON *object);
/* Whether an object of the cluster carries what the copy does: the spec, and each of its labels and annotations. */
bool copy_is_in(const struct copy *copy, const cJSON *object);
bool copy_spec_is_in(const struct copy *copy, const cJSON *object);
/* The copy's content with the label, as an object to apply. The AMKO UUID of `actual` (may be NULL) stays where the copy has
 * none: a leader that has none yet must not take the identity from a cluster. Yours to delete. */
cJSON *copy_to_object(const struct copy *copy, const cJSON *actual);
