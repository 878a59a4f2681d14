/* common/io/zclient.h - a DEALER with CURVE: one connection to one server whose public key is known.
 *
 * libzmq connects, and connects again, by itself. Another endpoint, server key or own key pair is another client.
 * Ownership: zclient_free() closes it; run the loop afterwards.
 */
#pragma once

#include "common/io/zkeys.h"

#include <uv.h>

struct zclient;

/* on_message: frame is borrowed for the call; may call zclient_send(), not zclient_free(). max_bytes: of a frame that is received.
 * NULL with ERR_INVALID: the endpoint or the server's key is none. */
struct zclient *zclient_new(uv_loop_t *loop, const char *endpoint, const char *server_key, const struct zkeys *keys,
			    size_t max_bytes, void (*on_message)(void *arg, struct slice frame), void *arg, struct err *err);
void zclient_free(struct zclient *client);                 /* NULL is fine */
/* False: the queue is full. It holds what is sent before the connection is there. */
bool zclient_send(struct zclient *client, struct slice frame);
