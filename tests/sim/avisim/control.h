/* tests/sim/avisim/control.h - the side port (plain HTTP): what tests read from the controller and do to it.
 *
 * See docs/avisim.md for the paths. Everything here happens behind the clients' backs and is not in the log.
 */
#pragma once

#include "tests/sim/avisim/front.h"

struct control;
/* Borrows sim and front. */
struct control *control_new(uv_loop_t *loop, struct sim *sim, struct front *front, const char *listen, struct err *err);
int control_port(const struct control *control);
void control_free(struct control *control);                           /* run the loop afterwards; NULL is fine */
