/* follower/membership.h - the AMKOCluster of the own cluster: what this instance is in its federation, and who leads.
 *
 * Ownership: owns its informer; what it returns is borrowed until the loop runs again.
 * Errors:    none reach the caller but as "not read" and trouble.
 */
#pragma once

#include "common/crd/amkocluster.h"
#include "common/kube/informer.h"

struct membership;

struct membership_options {
	struct kube_client *kube;
	uv_loop_t *loop;
	const char *namespace;                 /* borrowed */
	void (*on_change)(void *arg);          /* it changed, or can or cannot be read any more */
	void *arg;
};

struct membership *membership_new(const struct membership_options *options);
void membership_free(struct membership *membership);       /* NULL is fine */
bool membership_is_read(const struct membership *membership);          /* the list is complete */
size_t membership_count(const struct membership *membership);          /* AMKOClusters in the namespace: one, if all is well */
/* The one; NULL where there is none, or more than one. */
const struct amkocluster *membership_cluster(const struct membership *membership);
const char *membership_trouble(const struct membership *membership);   /* why it cannot be read now; NULL: it can */
const struct informer *membership_informer(const struct membership *membership);
