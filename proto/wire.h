/* proto/wire.h - a reader that cannot leave the frame and a writer that cannot pass its limit. Pure.
 *
 * Numbers are unsigned and big-endian. Both remember that something did not fit: whoever uses them asks once, at the end.
 * Ownership: what is read borrows from the frame.
 */
#pragma once

#include "common/base/buf.h"

struct wire_reader {
	struct slice rest;
	bool is_short;          /* more was asked for than there was; everything after is 0 or empty */
};

uint8_t wire_u8(struct wire_reader *r);
uint32_t wire_u32(struct wire_reader *r);
uint64_t wire_u64(struct wire_reader *r);
struct slice wire_bytes(struct wire_reader *r, size_t n);

struct wire_writer {
	struct buf *out;
	bool is_full;           /* something did not fit; nothing after it was written */
};

void wire_put_u8(struct wire_writer *w, uint8_t number);
void wire_put_u32(struct wire_writer *w, uint32_t number);
void wire_put_u64(struct wire_writer *w, uint64_t number);
void wire_put_bytes(struct wire_writer *w, struct slice bytes);
