#include "common/kube/watch.h"

#define KEEP_BYTES (64 * 1024)      /* a line buffer larger than this is given back after use */

void watch_decoder_init(struct watch_decoder *decoder)
{
	buf_init(&decoder->line, WATCH_EVENT_MAX_BYTES);
}

void watch_decoder_release(struct watch_decoder *decoder)
{
	buf_release(&decoder->line);
}

bool watch_decoder_is_inside(const struct watch_decoder *decoder)
{
	return decoder->line.n > 0;
}

static bool type_of(const char *text, enum watch_type *out)
{
	static const char *const names[] = {
		[WATCH_ADDED] = "ADDED", [WATCH_MODIFIED] = "MODIFIED", [WATCH_DELETED] = "DELETED",
		[WATCH_BOOKMARK] = "BOOKMARK", [WATCH_ERROR] = "ERROR",
	};

	for (size_t i = 0; text && i < ARRAY_SIZE(names); i++) {
		if (!streq(text, names[i]))
			continue;
		*out = (enum watch_type)i;
		return true;
	}
	return false;
}

static bool decode_line(struct slice line, bool (*event)(void *arg, const struct watch_event *event), void *arg,
			struct err *err)
{
	CLEANUP(cJSON_Deletep) cJSON *json = NULL;
	struct watch_event e = { 0 };

	line = slice_trim(line);
	if (line.n == 0)
		return true;
	json = json_parse(line, err);
	if (!json)
		return err_wrap(err, "watch event");
	if (!cJSON_IsObject(json) || !type_of(json_str(json, "type"), &e.type))
		return err_set(err, ERR_INVALID, "watch event: no known type");
	e.object = json_get(json, "object");
	if (!cJSON_IsObject(e.object))
		return err_set(err, ERR_INVALID, "watch event: no object");
	if (e.type == WATCH_ERROR) {
		int64_t code = json_int(e.object, "code", 0);

		e.status_code = code >= 400 && code < 600 ? (int)code : 500;
	}
	return event(arg, &e) || err_set(err, ERR_CANCELLED, "watch given up");
}

static bool add_to_line(struct buf *line, struct slice bytes, struct err *err)
{
	return buf_add(line, bytes) || err_set(err, ERR_LIMIT, "watch event over %u bytes", WATCH_EVENT_MAX_BYTES);
}

/* Takes the finished line out of the decoder, because the event's receiver may release that. */
static bool finish_line(struct buf *line, bool (*event)(void *arg, const struct watch_event *event), void *arg,
	struct err *err)
{
	CLEANUP(buf_release) struct buf whole = *line;
	bool goes_on;

	*line = (struct buf){ .max = whole.max };
	goes_on = decode_line(buf_slice(&whole), event, arg, err);
	if (goes_on && whole.cap <= KEEP_BYTES) {
		*line = whole;
		buf_clear(line);
		whole = (struct buf){ 0 };
	}
	return goes_on;
}

bool watch_decode(struct watch_decoder *decoder, struct slice bytes,
		  bool (*event)(void *arg, const struct watch_event *event), void *arg, struct err *err)
{
	while (bytes.n) {
		const char *end = memchr(bytes.p, '\n', bytes.n);
		size_t n = end ? (size_t)(end - bytes.p) : bytes.n;
		bool is_split = !end || decoder->line.n > 0;

		if (is_split && !add_to_line(&decoder->line, (struct slice){ bytes.p, n }, err))
			return false;
		if (end && is_split && !finish_line(&decoder->line, event, arg, err))
			return false;
		if (end && !is_split && n > WATCH_EVENT_MAX_BYTES)
			return err_set(err, ERR_LIMIT, "watch event over %u bytes", WATCH_EVENT_MAX_BYTES);
		if (end && !is_split && !decode_line((struct slice){ bytes.p, n }, event, arg, err))
			return false;
		bytes.p += n + (end ? 1 : 0);
		bytes.n -= n + (end ? 1 : 0);
	}
	return true;
}
