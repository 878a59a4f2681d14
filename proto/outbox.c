#include "proto/outbox.h"

size_t outbox_add(struct outbox *outbox, const char *peer, const struct message *message)
{
	struct outbox_frame frame = { .peer = xstrdup(peer) };

	buf_init(&frame.bytes, MESSAGE_FRAME_MAX);
	if (message_encode(message, &frame.bytes) != FAULT_NONE)
		abort();
	outbox->frames = grow(outbox->frames, &outbox->cap, outbox->n, sizeof(*outbox->frames));
	outbox->frames[outbox->n++] = frame;
	return frame.bytes.n;
}

void outbox_release(struct outbox *outbox)
{
	if (!outbox)
		return;
	for (size_t i = 0; i < outbox->n; i++) {
		free(outbox->frames[i].peer);
		buf_release(&outbox->frames[i].bytes);
	}
	free(outbox->frames);
	*outbox = (struct outbox){ 0 };
}
