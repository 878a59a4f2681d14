/* leader/avi/health.h - keeps asking the controller whether it is there and leads: every refresh interval while it does,
 * every 10 s while another one leads, with back-off 5 s ... 30 s while it cannot be asked, at once when a write raised doubts,
 * and again when writes have waited for as long as these doubts ask for (doubt.h).
 *
 * Ownership: borrows the controller, which health_follow() may replace.
 * Errors:    told by on_health.
 */
#pragma once

#include "leader/avi/controller.h"

struct health;

struct health_options {
	uv_loop_t *loop;
	/* After each check. */
	void (*on_health)(void *arg, enum controller_health health, const char *why);
	void *arg;
};

struct health *health_new(const struct health_options *options);
void health_free(struct health *health);                   /* NULL is fine */
/* From now on this one, checked at once. NULL: none. */
void health_follow(struct health *health, struct controller *controller);
void health_set_interval(struct health *health, int64_t interval_s);
/* This name's write failed by the controller's fault: check now, unless one is under way or waits for its time. */
void health_suspect(struct health *health, const char *name, int64_t retry_after_ms);
void health_trust(struct health *health);                  /* a write went well */
int64_t health_doubts_ms(const struct health *health);     /* how long writes have to wait yet; 0: not */
void health_check_now(struct health *health);              /* check now, whatever waits */
bool health_is_checking(const struct health *health);
