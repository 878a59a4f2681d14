/* keeper/conditions.h - what people are told of leadership: conditions Leading and FenceUnavailable of the own AMKOCluster. Pure.
 *
 * A message says why, names the cluster, and what to do about it.
 * Ownership: condition_text_release() frees the message.
 */
#pragma once

#include "common/base/base.h"
#include "keeper/census.h"

#define DEFINITION_IS_OLD "the definition of AMKOClusters here is AMKO's, which keeps neither role nor message nor spec.failover: " \
	"apply deploy/crds/amkoclusters.yaml"

struct condition_text {
	const char *status, *reason;           /* "True", "Leading" */
	char *message;
};

/* What the edges know besides. */
struct told {
	const char *own_why;                   /* what is wrong with the own AMKOCluster; NULL: nothing */
	const char *const *member_why;         /* by member: what the last answer about its Lease said; NULL: it went well */
	const char *record_why;                /* what the controller said of the record; NULL: nothing */
	bool is_pruned;                        /* the definition of AMKOClusters is AMKO's, which does not keep all of our status */
	const struct census *census;
	struct home_view home;
};

/* p NULL: what this cluster is called is not known yet. */
void condition_leading(const struct protocol *p, const struct told *told, int64_t now_ms, struct condition_text *out);
void condition_fence(const struct protocol *p, const struct told *told, struct condition_text *out);
void condition_text_release(struct condition_text *text);          /* NULL is fine */

/* Why a member is no vote. */
enum trouble { TROUBLE_NONE, TROUBLE_SILENT, TROUBLE_GARBAGE, TROUBLE_FOREIGN, TROUBLE_OTHER_CONTEXT, TROUBLE_TWIN };
enum trouble member_trouble(const struct protocol *p, int member);
/* That, and what to do about it: "cluster west: ..."; NULL: nothing is wrong. Yours to free. */
char *member_trouble_text(const struct protocol *p, const struct told *told, int member);
const char *reason_name(enum reason reason);   /* "NotPromoted": the condition's reason; "" for none */
/* "credentials or kubeconfig; UUID": what is missing; NULL: nothing is. Yours to free. */
char *unfit_text(const struct fitness *fitness);
/* "2/3": members whose Lease answers, of all that the own AMKOCluster names. Yours to free. */
char *members_text(const struct protocol *p);
