/* tests/sim/kubesim/control.h - the control port, plain HTTP: log, faults, switches, many objects at once. */
#pragma once

#include "tests/sim/kubesim/front.h"

struct ks_control_options {
	uv_loop_t *loop;
	struct ks_front *const *fronts;
	size_t n_fronts;
	struct ks_journal *journal;
	struct faults *faults;
	const char *listen;
};

struct ks_control;
struct ks_control *ks_control_new(const struct ks_control_options *options, struct err *err);
void ks_control_free(struct ks_control *control);                     /* run the loop afterwards; NULL is fine */
int ks_control_port(const struct ks_control *control);
