/* common/io/zserver.h - a ROUTER with CURVE: one frame in, from a peer whose key is known by a name; one frame out, to a name.
 *
 * A peer is known by the key that ZAP reported for its connection (User-Id metadata), looked up in the allow-list for each message
 * anew. What it is sent goes to the connection that its last message came by. Routing ids are libzmq's own: a peer that brings
 * one of its choice could take another one's place.
 *
 * Ownership: zserver_free() closes everything; run the loop afterwards.
 */
#pragma once

#include "common/base/pairs.h"
#include "common/io/zkeys.h"

#include <uv.h>

struct zserver;

enum zserver_refusal {
	ZSERVER_UNKNOWN_KEY,       /* a connection with a key that is not on the list */
	ZSERVER_REVOKED_KEY,       /* a message by a connection whose key is not on the list any more */
	ZSERVER_ROUTING_ID,        /* a peer that brings its own routing id */
	ZSERVER_PARTS,             /* a message of several frames */
};

struct zserver_events {
	/* frame is borrowed for the call. May call zserver_send(), not zserver_free(). */
	void (*on_message)(void *arg, const char *name, struct slice frame);
	/* To be logged with restraint and counted. key "": none; name "": not known. */
	void (*on_refused)(void *arg, enum zserver_refusal refusal, const char *key, const char *name);
	void *arg;
};

/* endpoint: "tcp://<address, or an asterisk>:<port, or an asterisk: a free one>". max_bytes: of a frame; ZeroMQ drops the
 * connection of a peer that sends more.
 * NULL with ERR_RETRY: the address is taken; ERR_INVALID: it is none. */
struct zserver *zserver_new(uv_loop_t *loop, const char *endpoint, const struct zkeys *keys, size_t max_bytes,
			    const struct zserver_events *events, struct err *err);
void zserver_free(struct zserver *server);                 /* NULL is fine; not from inside its events */
/* As it is bound, with its port: "tcp://[::ffff:127.0.0.1]:40211"; "" while new keys wait for the port. */
const char *zserver_endpoint(const struct zserver *server);

/* Public keys to names; a name may have two, while it changes its key. Takes effect with the next message. */
void zserver_allow(struct zserver *server, const struct pairs *names_by_key);
/* Another key pair of its own: all connections end, peers that know the new public key come back. The port stays. */
void zserver_set_keys(struct zserver *server, const struct zkeys *keys);
/* False: no connection, its queue is full, or its key was revoked. Nothing is kept then. */
bool zserver_send(struct zserver *server, const char *name, struct slice frame);
