/* common/kube/pages.h - is this answer the next page of a list, and does that list come to an end? Pure.
 *
 * A list is only worth something when it is whole: one page that is not what it should be spoils all of it.
 *
 * Ownership: a struct pages owns its texts. Zero is a list that has not begun.
 * Errors:    ERR_INVALID: no list, a false one, or one that runs in a circle; ERR_LIMIT: over PAGES_MAX pages.
 */
#pragma once

#include "common/kube/object.h"

#define PAGES_MAX 10000u

struct pages {
	/* The first page's. All pages should have the same; where one has not, a watch from there misses nothing. */
	char *version;
	char *token;                   /* of the next page; NULL: the list has not begun, or was whole with the last page */
	size_t n;
	char *mark;                    /* an earlier token: a list that comes by there again runs in a circle */
	size_t mark_at;
};

void pages_release(struct pages *pages);       /* empty afterwards */
/* Judges a page with all its objects, and takes version and token out of it. After false: release. */
bool pages_add(struct pages *pages, const struct kube_resource *resource, const cJSON *page, struct err *err);
