/* common/io/zguard.h - who may connect: the ZAP handler (RFC 27) of a ZeroMQ context, an allow-list of CURVE public keys.
 *
 * ZAP is asked once for each connection, so a key that is taken off the list still has its connection: whoever receives must look
 * its key up again (zguard_name()).
 */
#pragma once

#include "common/base/pairs.h"
#include "common/io/zkeys.h"
#include "common/io/zsock.h"

struct zguard;

/* on_refused: of each connection that was not let in; key is "" where it has none, address as libzmq has it. */
struct zguard *zguard_new(uv_loop_t *loop, void *context, void (*on_refused)(void *arg, const char *key, const char *address),
			  void *arg);
void zguard_free(struct zguard *guard);                    /* NULL is fine; before the context's end */
/* Public key to name. Takes effect at once for new connections. */
void zguard_allow(struct zguard *guard, const struct pairs *names_by_key);
/* NULL: not on the list. Borrowed until the list changes. */
const char *zguard_name(const struct zguard *guard, const char *key);
