/* common/io/zsock.h - one ZeroMQ socket on the loop.
 *
 * ZMQ_FD tells of edges: one wake-up may stand for many messages, and any call on the socket, a send as well, may use it up. So
 * the descriptor only wakes the loop; whether there is something to read is asked (ZMQ_EVENTS) in every turn, before the loop
 * would sleep.
 *
 * Ownership: zsock_free() closes the socket at once and unlinks it from the loop; run the loop afterwards.
 */
#pragma once

#include <uv.h>
#include <zmq.h>

#include "common/base/err.h"
#include "common/base/slice.h"

struct zsock;

/* on_readable: something is there. It should receive a bounded number of messages; it is called again in the next turn. */
struct zsock *zsock_new(uv_loop_t *loop, void *context, int type, void (*on_readable)(void *arg), void *arg);
void zsock_free(struct zsock *sock);                       /* NULL is fine; not from inside on_readable */
void *zsock_handle(struct zsock *sock);                    /* for zmq_setsockopt() and the like */

bool zsock_set_int(struct zsock *sock, int option, int value);
bool zsock_set_text(struct zsock *sock, int option, const char *text);

/* The next part of a message. False: there is none. `message` must be initialised; is_last: the message ends with it. */
bool zsock_receive(struct zsock *sock, zmq_msg_t *message, bool *is_last);
/* False: not now (the queue is full), or nobody is there; nothing was sent. */
bool zsock_send(struct zsock *sock, struct slice part, bool is_last);
