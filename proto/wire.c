#include "proto/wire.h"

struct slice wire_bytes(struct wire_reader *r, size_t n)
{
	struct slice taken = { r->rest.p, n };

	if (r->is_short || n > r->rest.n) {
		*r = (struct wire_reader){ .is_short = true };
		return (struct slice){ 0 };
	}
	if (n)
		r->rest = (struct slice){ r->rest.p + n, r->rest.n - n };
	return taken;
}

static uint64_t number(struct wire_reader *r, size_t n)
{
	struct slice bytes = wire_bytes(r, n);
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.n; i++)
		value = value << 8 | (unsigned char)bytes.p[i];
	return value;
}

uint8_t wire_u8(struct wire_reader *r)
{
	return (uint8_t)number(r, 1);
}

uint32_t wire_u32(struct wire_reader *r)
{
	return (uint32_t)number(r, 4);
}

uint64_t wire_u64(struct wire_reader *r)
{
	return number(r, 8);
}

void wire_put_bytes(struct wire_writer *w, struct slice bytes)
{
	if (!w->is_full && !buf_add(w->out, bytes))
		w->is_full = true;
}

static void put_number(struct wire_writer *w, uint64_t value, size_t n)
{
	char bytes[8];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(value >> 8 * (n - 1 - i));
	wire_put_bytes(w, (struct slice){ bytes, n });
}

void wire_put_u8(struct wire_writer *w, uint8_t value)
{
	put_number(w, value, 1);
}

void wire_put_u32(struct wire_writer *w, uint32_t value)
{
	put_number(w, value, 4);
}

void wire_put_u64(struct wire_writer *w, uint64_t value)
{
	put_number(w, value, 8);
}
