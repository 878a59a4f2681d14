/* tests/sim/kubesim/front.h - the HTTPS port of one cluster: who asks, what goes wrong, the answer.
 *
 * Ownership: borrows what it is made of; owns the exchanges that wait and the answers that trickle.
 */
#pragma once

#include "tests/sim/kubesim/journal.h"
#include "tests/sim/kubesim/pki.h"
#include "tests/sim/kubesim/watch.h"

struct ks_settings {
	const char *admin_token, *nobody_token;
	uint64_t bookmark_ms;
};

struct ks_front_options {
	uv_loop_t *loop;
	struct ks_cluster *cluster;
	const struct ks_settings *settings;
	const struct ks_pki *pki;
	struct ks_journal *journal;
	struct faults *faults;
	const char *listen;
};

struct ks_front;
struct ks_front *ks_front_new(const struct ks_front_options *options, struct err *err);
void ks_front_free(struct ks_front *front);                           /* run the loop afterwards; NULL is fine */
const char *ks_front_address(const struct ks_front *front);           /* "127.0.0.1:6443" */
struct ks_cluster *ks_front_cluster(const struct ks_front *front);
size_t ks_front_connections(const struct ks_front *front);
/* Down: the listener and all connections are closed. Up: the same port again. */
bool ks_front_set_down(struct ks_front *front, bool is_down, struct err *err);
bool ks_front_is_down(const struct ks_front *front);
