/* tests/sim/kubesim/watch.h - streams of events. A line is encoded once and goes to every watch that wants it.
 *
 * Ownership: a watch belongs to its kind's list until its client leaves, its time is over, or it is ended from here.
 */
#pragma once

#include "common/io/http_server.h"
#include "tests/sim/kubesim/api.h"
#include "tests/sim/kubesim/fault.h"

/* Begins the stream, or fills the reply: false. rule: what is to go wrong; NULL: nothing. */
bool ks_watch_start(uv_loop_t *loop, const struct ks_request *request, struct http_exchange *x, struct ks_rule *rule,
		    struct ks_reply *reply);
/* For struct ks_cluster. */
void ks_watch_on_event(struct ks_cluster *cluster, struct ks_kind *kind, const struct ks_event *event);
void ks_watch_on_kind_gone(struct ks_cluster *cluster, struct ks_kind *kind);
/* To all of the cluster that want bookmarks. */
void ks_watch_bookmark_all(struct ks_cluster *cluster);
/* The server has gone with all exchanges: forget them. */
void ks_watch_drop_all(struct ks_cluster *cluster);
/* Ends all watches of the cluster as a server does whose time is over. */
void ks_watch_end_all(struct ks_cluster *cluster);
size_t ks_watch_count(const struct ks_cluster *cluster);
