/* message: a frame of either side is one message or a fault; what was taken is written again as the same octets, or, where it
 * had fields that are passed over, reads as the same message. */
#include "proto/message.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct message *message, enum side from, struct slice frame)
{
	CLEANUP(buf_release) struct buf out;
	struct message again;

	buf_init(&out, MESSAGE_FRAME_MAX);
	assert(message_encode(message, &out) == FAULT_NONE);
	assert(out.n <= frame.n);
	assert(out.n < frame.n || memcmp(out.p, frame.p, out.n) == 0);
	assert(message_decode(buf_slice(&out), from, &again) == FAULT_NONE);
	assert(again.type == message->type && again.has == message->has && again.sequence == message->sequence);
	assert(sha256_same(&again.hash, &message->hash) && again.text.n == message->text.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice frame = fuzz_slice(data, size);
	struct message message;

	for (enum side from = SIDE_LEADER; from <= SIDE_FOLLOWER; from++) {
		enum fault fault = message_decode(frame, from, &message);

		assert(fault_name(fault));
		if (fault == FAULT_NONE)
			check_again(&message, from, frame);
	}
	return 0;
}
