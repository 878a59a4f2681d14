/* common/io/http_target.h - the target of a request ("/a%20b?c=d"), decoded into a path and parameters. Pure.
 *
 * Ownership: http_target_release(). A zeroed one is empty.
 * Errors:    false for what cannot be kept as text (%00) and for more than HTTP_MAX_PARAMS parameters; release it all the same.
 */
#pragma once

#include "common/base/slice.h"

#define HTTP_MAX_PARAMS 64

struct http_param {
	char *key, *value;
};

struct http_target {
	char *path;                    /* without the query */
	struct http_param *params;     /* in the order of the request */
	size_t n_params;
};

bool http_target_read(const char *target, struct http_target *out);
void http_target_release(struct http_target *target);      /* NULL is fine */
