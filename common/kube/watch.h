/* common/kube/watch.h - the lines of a watch answer, cut into events. Pure: bytes in, events out.
 *
 * Ownership: the decoder owns what it has not finished; events borrow.
 * Errors:    ERR_LIMIT for an event over WATCH_EVENT_MAX_BYTES, ERR_INVALID for a line that is no watch event; the stream must
 *            be dropped then. An ERROR event is handed on with its code.
 */
#pragma once

#include "common/base/buf.h"
#include "common/base/json.h"

#define WATCH_EVENT_MAX_BYTES (3u * 1024 * 1024)

enum watch_type { WATCH_ADDED, WATCH_MODIFIED, WATCH_DELETED, WATCH_BOOKMARK, WATCH_ERROR };

struct watch_event {
	enum watch_type type;
	const cJSON *object;
	int status_code;               /* WATCH_ERROR: 410, 500, ... */
};

struct watch_decoder {
	struct buf line;
};

void watch_decoder_init(struct watch_decoder *decoder);
void watch_decoder_release(struct watch_decoder *decoder);
/* The last bytes were not the end of a line. */
bool watch_decoder_is_inside(const struct watch_decoder *decoder);
/* Calls event for each complete line; stops early, with ERR_CANCELLED, when it returns false. */
bool watch_decode(struct watch_decoder *decoder, struct slice bytes,
		  bool (*event)(void *arg, const struct watch_event *event), void *arg, struct err *err);
