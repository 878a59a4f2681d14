/* common/avi/seek.h - which of several controllers leads the GSLB: each is asked in turn until one says that it does.
 *
 * Ownership: the seek copies its options but not http and loop; its sessions, one at a time, are its own and are logged out.
 * Errors:    none of its own: what each address said is told.
 */
#pragma once

#include "common/avi/check.h"

struct avi_seek_options {
	struct http_client *http;
	uv_loop_t *loop;
	const struct strs *addresses;  /* in the order in which they are asked */
	const char *version, *username;
	const struct secret *password;
	bool insecure_http_for_tests;  /* as a session's */
	/* Once, never from inside avi_seek_start(); the seek is gone afterwards. leader: the address that leads, NULL: none does.
	 * said: "10.0.0.6: another site's controller is the GSLB leader; ..." of those that do not lead. Both are borrowed. */
	void (*done)(void *arg, const char *leader, const char *said);
	void *arg;
};

struct avi_seek;
struct avi_seek *avi_seek_start(const struct avi_seek_options *options);
void avi_seek_cancel(struct avi_seek *seek);               /* nothing is called back; NULL is fine */
