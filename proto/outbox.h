/* proto/outbox.h - frames that are to be sent, in this order: what a state machine answers. A zeroed one is empty. */
#pragma once

#include "proto/message.h"

struct outbox {
	struct outbox_frame {
		char *peer;            /* the member's context; "" where there is one peer only */
		struct buf bytes;
	} *frames;
	size_t n, cap;
};

/* Bytes of the frame. The message must be sound: one that message_decode() would not take is a bug of this program. */
size_t outbox_add(struct outbox *outbox, const char *peer, const struct message *message);
void outbox_release(struct outbox *outbox);                /* NULL is fine */
