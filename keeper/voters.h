/* keeper/voters.h - the member clusters as the protocol asks them: at most one request for a Lease and one for an AMKOCluster at
 * a time each.
 *
 * The own cluster is asked by its own client, the others by the contexts of the members' kubeconfig.
 * Ownership: owns the members' clients and what is under way; borrows the own client, roster and timing, which outlive it.
 * Errors:    by enum answer and silence. Every question is answered exactly once, within timing->request_ms, never from
 *            inside the call that asks.
 */
#pragma once

#include "common/kube/client.h"
#include "keeper/protocol.h"

struct voters;

struct voters_options {
	uv_loop_t *loop;
	struct http_client *http;
	struct kube_client *own;
	int self;                      /* the own cluster's number */
	const char *namespace;         /* of Leases and AMKOClusters, in every cluster */
	const struct timing *timing;
	struct roster *roster;         /* answers add to it */
	/* claim, version, peer: of ANSWER_VALUE, else NULL. items: the AMKOClusters listed, NULL where no list was answered.
	 * why: "" or what was wrong, for people. All borrowed. */
	void (*on_lease)(void *arg, int member, enum answer answer, enum silence silence, const struct claim *claim,
			 const struct version *version, const char *why);
	void (*on_peer)(void *arg, int member, enum answer answer, const struct peer *peer, const cJSON *items, const char *why);
	void *arg;
};

struct voters *voters_new(const struct voters_options *options);
void voters_free(struct voters *voters);                   /* nothing is answered any more; NULL is fine */
/* Other contexts, or other credentials: what is under way by what has changed is answered ANSWER_SILENT. NULL: none. */
void voters_configure(struct voters *voters, const struct kubeconfig *members);

void voters_read_lease(struct voters *voters, int member);
void voters_put_lease(struct voters *voters, int member, const struct claim *claim, const struct version *version);
void voters_read_peer(struct voters *voters, int member);

/* Pure: what an error says about a request; is_put: it was to write. */
enum answer voters_judge(const struct err *err, bool is_put, enum silence *silence);
