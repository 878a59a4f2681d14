/* tests/unit/fake_proxy.h - a proxy on the test's own loop: CONNECT or SOCKS5 with a name, always to the same port of this host. */
#pragma once

#include <uv.h>

#include "common/base/base.h"

enum fake_proxy_type { FAKE_PROXY_CONNECT = 1, FAKE_PROXY_SOCKS5, FAKE_PROXY_REFUSES };

struct fake_proxy;

struct fake_proxy *fake_proxy_new(uv_loop_t *loop, enum fake_proxy_type type, int target_port);
void fake_proxy_free(struct fake_proxy *proxy);            /* run the loop afterwards; NULL is fine */
int fake_proxy_port(const struct fake_proxy *proxy);
/* What the last client asked it for: the head of its request, or "host:port". */
const char *fake_proxy_asked(const struct fake_proxy *proxy);
