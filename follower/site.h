/* follower/site.h - the controller that this instance would write to: asked again and again whether it is there and leads, never
 * anything else. Where the GSLBConfig names several, the one that leads is asked.
 *
 * Asked every minute while it leads, after 5 s ... 60 s else.
 * Ownership: owns its session, which site_stop() logs out; borrows the client.
 * Errors:    told by what it says.
 */
#pragma once

#include "common/avi/check.h"
#include "common/config/home.h"

struct site;

struct site_options {
	uv_loop_t *loop;
	struct http_client *http;
	void (*on_change)(void *arg);          /* after each check */
	void *arg;
};

struct site *site_new(const struct site_options *options);
void site_free(struct site *site);                         /* NULL is fine */
/* Whom to ask; the same again changes nothing. NULL: nobody. */
void site_configure(struct site *site, const struct gslbconfig *config, const struct credentials *credentials);
/* Logs out; stopped comes never from inside. */
void site_stop(struct site *site, void (*stopped)(void *arg), void *arg);

bool site_was_checked(const struct site *site);
bool site_is_asking(const struct site *site);
bool site_is_connected(const struct site *site);
enum controller_health site_health(const struct site *site);
const char *site_why(const struct site *site);             /* "" while it leads */
const char *site_address(const struct site *site);         /* of the one in use; "" while nobody is asked */
