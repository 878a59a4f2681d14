/* leader/watch/knowledge.h - how much is known of each member cluster, and what follows for what the controller has. Pure.
 *
 * Promise P1: unknown is not absent. A service's description at the controller names the objects it was made of; as long as a
 * cluster that it names has not been listed completely, nothing may be concluded from that object's absence.
 */
#pragma once

#include "common/crd/gdp.h"
#include "leader/watch/host_object.h"

/* Of one member cluster; the list is in the order of memberClusters, which is also the order of members. */
struct cluster_knowledge {
	const char *name;
	bool is_complete[N_HOST_KINDS];        /* was listed to its end since the process started, or is not served at all */
	bool has_namespaces;
};
struct knowledge {
	const struct cluster_knowledge *v;
	size_t n;
};
/* One that owns its list and the names in it; empty afterwards. */
void knowledge_release(struct knowledge *knowledge);

/* A part of a description. Names are read from the right, so contexts may contain slashes. */
struct object_part {
	enum host_kind kind;
	struct slice cluster, namespace, name;
};
bool object_part_parse(const char *text, struct object_part *out);

/* Position in memberClusters; n where it is no member. */
size_t knowledge_position(const struct knowledge *knowledge, const char *cluster);
/* The object that this part names cannot be judged: its cluster is a member that the policy matches and is not known
 * completely, or the part cannot be read. policy NULL (deleted on purpose): everything can be judged. */
bool knowledge_is_unknown_part(const struct knowledge *knowledge, const struct gdp *policy, const char *part);
/* This cluster is known completely, or is no member: nothing of it is still to come. */
bool knowledge_knows_cluster(const struct knowledge *knowledge, const char *cluster);
/* Every cluster that the policy matches is known completely: what refers to no cluster may be judged. */
bool knowledge_is_complete(const struct knowledge *knowledge, const struct gdp *policy);
/* Every member cluster is known completely, matched or not. */
bool knowledge_is_whole(const struct knowledge *knowledge);
