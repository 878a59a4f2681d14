/* watch: the events of a stream and how it ends are the same however its bytes are cut; a receiver may give up,
 * and release the decoder, at any event. The first two bytes say how to cut and when to give up, the others are
 * the stream. */
#include "common/kube/watch.h"
#undef WATCH_EVENT_MAX_BYTES
#define WATCH_EVENT_MAX_BYTES 256u       /* so that inputs reach the limit */
#include "common/kube/watch.c"
#include "tests/fuzz/fuzz.h"

struct receiver {
	struct watch_decoder decoder;
	struct buf told;               /* what came, as text */
	size_t n_events, give_up_at;
};

static bool on_event(void *arg, const struct watch_event *event)
{
	struct receiver *receiver = arg;
	CLEANUP(freep) char *object = json_text(event->object);

	assert(cJSON_IsObject(event->object));
	assert(event->status_code == 0 || (event->status_code >= 400 && event->status_code < 600));
	assert((event->type == WATCH_ERROR) == (event->status_code != 0));
	buf_printf(&receiver->told, "%d %d %s\n", event->type, event->status_code, object);
	if (++receiver->n_events < receiver->give_up_at)
		return true;
	watch_decoder_release(&receiver->decoder);
	return false;
}

static bool feed(struct receiver *receiver, struct slice bytes, unsigned cut, struct err *err)
{
	while (bytes.n) {
		size_t n = cut ? MIN(1 + (size_t)rand_r(&cut) % 64, bytes.n) : bytes.n;
		/* Of its own, so that reading behind a part is seen. */
		CLEANUP(freep) char *part = xmalloc(n);

		memcpy(part, bytes.p, n);
		if (!watch_decode(&receiver->decoder, (struct slice){ part, n }, on_event, receiver, err))
			return false;
		bytes.p += n;
		bytes.n -= n;
	}
	return true;
}

static enum err_code run(struct receiver *receiver, struct slice bytes, unsigned cut)
{
	struct err err = { 0 };
	bool is_good;

	watch_decoder_init(&receiver->decoder);
	buf_init(&receiver->told, 1 << 20);
	is_good = feed(receiver, bytes, cut, &err);
	assert(is_good == (err.code == ERR_NONE));
	assert(is_good || err.code == ERR_INVALID || err.code == ERR_LIMIT || err.code == ERR_CANCELLED);
	assert(receiver->n_events < receiver->give_up_at || err.code == ERR_CANCELLED);
	watch_decoder_release(&receiver->decoder);
	return err.code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct receiver whole = { 0 }, parts = { 0 };
	enum err_code code_of_whole, code_of_parts;

	if (size < 2)
		return 0;
	whole.give_up_at = parts.give_up_at = data[1] ? data[1] : SIZE_MAX;
	code_of_whole = run(&whole, fuzz_slice(data + 2, size - 2), 0);
	code_of_parts = run(&parts, fuzz_slice(data + 2, size - 2), 1u + data[0]);
	assert(streq(buf_str(&whole.told), buf_str(&parts.told)));
	assert(code_of_whole == code_of_parts);
	buf_release(&whole.told);
	buf_release(&parts.told);
	return 0;
}
