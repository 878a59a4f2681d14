/* tests/sim/avisim/front.h - the HTTPS side of the controller: between an exchange and the API.
 *
 * A request passes on_request() -> handle() -> send_reply(); one that meets a fault rule goes by steps that wait and cut.
 */
#pragma once

#include "common/io/http_server.h"
#include "tests/sim/avisim/sim.h"

struct front;
/* Borrows sim and the certificate. */
struct front *front_new(uv_loop_t *loop, struct sim *sim, const char *listen, const char *cert_pem, const char *key_pem,
			struct err *err);
void front_free(struct front *front);                                 /* run the loop afterwards; NULL is fine */
int front_port(const struct front *front);
size_t front_connections(const struct front *front);
size_t front_most_connections(const struct front *front);

/* Refusing closes the listener and all connections; nothing that was sent before gets an answer. */
bool front_set_refusing(struct front *front, bool is_refusing, struct err *err);
bool front_is_refusing(const struct front *front);
/* Hanging takes requests in and does nothing with them; afterwards those whose client still waits are handled. */
void front_set_hanging(struct front *front, bool is_hanging);
/* What is under way is cut, not done and not told: requests that are late or held. */
void front_hang_up_all(struct front *front);
bool front_is_hanging(const struct front *front);
size_t front_n_held(const struct front *front);
/* New connections are accepted and closed before the TLS handshake; those that are open go on. */
void front_set_turning_away(struct front *front, bool is_turning_away);
bool front_is_turning_away(const struct front *front);
