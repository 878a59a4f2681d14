#include "proto/message.h"

#include "proto/wire.h"

#define MAGIC "AMKO"

const struct version_pair VERSION_OLDEST = { 1, 0 }, VERSION_NEWEST = { 1, 0 };

const char *fault_name(enum fault fault)
{
	static const char *const names[FAULTS] = {
		"none", "malformed", "oversized", "version", "sender", "federation", "epoch", "session", "replayed", "gap",
		"order", "content",
	};

	return names[fault];
}

/* ---- the table ---- */

static bool is_word(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || c == '-';
}

static bool is_id(unsigned char c)
{
	return is_word(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_key(unsigned char c)
{
	return is_id(c) || c == '.' || c == '/';
}

static bool is_text(unsigned char c)
{
	return c >= 0x20 && c != 0x7f;
}

enum field_kind { KIND_TEXT, KIND_U8, KIND_U32, KIND_U64, KIND_HASH, KIND_VERSION };

struct field_row {
	const char *name;
	enum field_kind kind;
	size_t offset;
	uint32_t min, max;              /* bytes of a text, values of a number of 8 or 32 bits */
	bool (*is_allowed)(unsigned char c);
};

#define AT(member) offsetof(struct message, member)

static const struct field_row fields[MESSAGE_FIELDS] = {
	[FIELD_FEDERATION] = { "federation", KIND_TEXT, AT(federation), 1, 63, is_id },
	[FIELD_CONTEXT] = { "context", KIND_TEXT, AT(context), 1, 255, is_text },
	[FIELD_SOFTWARE] = { "software", KIND_TEXT, AT(software), 1, 64, is_text },
	[FIELD_NEWEST] = { "newest", KIND_VERSION, AT(newest), 0, 0, NULL },
	[FIELD_BEAT_MS] = { "beat-ms", KIND_U32, AT(beat_ms), 1, 3600000, NULL },
	[FIELD_KEY] = { "key", KIND_TEXT, AT(key), 5, 400, is_key },
	[FIELD_BODY] = { "body", KIND_TEXT, AT(body), 2, MESSAGE_BODY_MAX, NULL },
	[FIELD_HASH] = { "hash", KIND_HASH, AT(hash), 0, 0, NULL },
	[FIELD_STAMP] = { "stamp", KIND_TEXT, AT(stamp), 1, 63, is_id },
	[FIELD_OUTCOME] = { "outcome", KIND_U8, AT(outcome), OUTCOME_EQUAL, OUTCOME_KEPT, NULL },
	[FIELD_GENERATION] = { "generation", KIND_U64, AT(generation), 0, 0, NULL },
	[FIELD_REASON] = { "reason", KIND_TEXT, AT(reason), 1, 32, is_word },
	[FIELD_TEXT] = { "text", KIND_TEXT, AT(text), 0, 512, is_text },
	[FIELD_FIT] = { "fit", KIND_TEXT, AT(fit), 0, 128, is_text },
	[FIELD_COPIES] = { "copies", KIND_U32, AT(copies), 0, UINT32_MAX, NULL },
	[FIELD_FAILING] = { "failing", KIND_U32, AT(failing), 0, UINT32_MAX, NULL },
	[FIELD_FOREIGN] = { "foreign", KIND_U32, AT(foreign), 0, UINT32_MAX, NULL },
	[FIELD_UP_TO] = { "up-to", KIND_U64, AT(up_to), 0, 0, NULL },
};

struct message_row {
	const char *name;
	enum side from;                 /* the only side that may send it */
	uint32_t required, optional;
	bool is_frozen;                 /* can be read in every version: how versions are agreed upon */
};

#define F HAS(FIELD_FEDERATION)

static const struct message_row messages[MESSAGE_TYPES] = {
	[MESSAGE_HELLO] = { "hello", SIDE_FOLLOWER, HAS(FIELD_CONTEXT) | HAS(FIELD_SOFTWARE) | HAS(FIELD_NEWEST), F, true },
	[MESSAGE_WELCOME] = { "welcome", SIDE_LEADER, F | HAS(FIELD_CONTEXT) | HAS(FIELD_SOFTWARE) | HAS(FIELD_BEAT_MS), 0, false },
	[MESSAGE_REFUSE] = { "refuse", SIDE_LEADER, HAS(FIELD_REASON), F | HAS(FIELD_TEXT), true },
	[MESSAGE_SNAPSHOT_BEGIN] = { "snapshot-begin", SIDE_LEADER, F, 0, false },
	[MESSAGE_SNAPSHOT_END] = { "snapshot-end", SIDE_LEADER, F | HAS(FIELD_HASH), 0, false },
	[MESSAGE_UPSERT] = { "upsert", SIDE_LEADER, F | HAS(FIELD_KEY) | HAS(FIELD_BODY) | HAS(FIELD_HASH), 0, false },
	[MESSAGE_DELETE] = { "delete", SIDE_LEADER, F | HAS(FIELD_KEY) | HAS(FIELD_STAMP), 0, false },
	[MESSAGE_BEAT] = { "beat", SIDE_LEADER, F, HAS(FIELD_HASH), false },
	[MESSAGE_ACK] = { "ack", SIDE_FOLLOWER, F | HAS(FIELD_UP_TO), HAS(FIELD_HASH), false },
	[MESSAGE_REPORT] = { "report", SIDE_FOLLOWER, F | HAS(FIELD_KEY) | HAS(FIELD_OUTCOME),
			     HAS(FIELD_HASH) | HAS(FIELD_STAMP) | HAS(FIELD_GENERATION) | HAS(FIELD_TEXT), false },
	[MESSAGE_FITNESS] = { "fitness", SIDE_FOLLOWER, F | HAS(FIELD_SOFTWARE) | HAS(FIELD_FIT) | HAS(FIELD_COPIES) |
			      HAS(FIELD_FAILING) | HAS(FIELD_FOREIGN), 0, false },
};

static const struct message_row *row_of(unsigned type)
{
	return type > 0 && type < MESSAGE_TYPES ? &messages[type] : NULL;
}

const char *message_name(enum message_type type)
{
	const struct message_row *row = row_of(type);

	return row ? row->name : "none";
}

bool message_grammar(enum message_type type, struct buf *out)
{
	const struct message_row *row = row_of(type);
	bool is_whole = row && buf_printf(out, "%s = magic version %%x%02X ids", row->name, type);

	for (int tag = 1; is_whole && tag < MESSAGE_FIELDS; tag++)
		if (row->required & HAS(tag))
			is_whole = buf_printf(out, " %s", fields[tag].name);
		else if (row->optional & HAS(tag))
			is_whole = buf_printf(out, " [ %s ]", fields[tag].name);
	return is_whole;
}

/* ---- versions ---- */

static int version_compare(struct version_pair a, struct version_pair b)
{
	return a.major != b.major ? CMP(a.major, b.major) : CMP(a.minor, b.minor);
}

bool version_agree(struct version_pair oldest_a, struct version_pair newest_a,
		   struct version_pair oldest_b, struct version_pair newest_b, struct version_pair *out)
{
	struct version_pair newest = version_compare(newest_a, newest_b) < 0 ? newest_a : newest_b;

	if (version_compare(newest, oldest_a) < 0 || version_compare(newest, oldest_b) < 0)
		return false;
	*out = newest;
	return true;
}

static bool is_newer(struct version_pair version)
{
	return version_compare(version, VERSION_NEWEST) > 0;
}

/* A newer minor version only adds fields, so what is not known in it can be passed over. */
static bool is_readable(const struct message_row *row, struct version_pair version)
{
	return row->is_frozen || (version_compare(version, VERSION_OLDEST) >= 0 && version.major <= VERSION_NEWEST.major);
}

/* ---- both ways ---- */

static const void *value_of(const struct message *message, const struct field_row *field)
{
	return (const char *)message + field->offset;
}

static enum fault check_text(const struct field_row *field, struct slice text)
{
	if (text.n > field->max)
		return FAULT_OVERSIZED;
	if (text.n < field->min)
		return FAULT_MALFORMED;
	for (size_t i = 0; field->is_allowed && i < text.n; i++)
		if (!field->is_allowed((unsigned char)text.p[i]))
			return FAULT_MALFORMED;
	return FAULT_NONE;
}

/* Kind, namespace and name, none of them empty. */
static bool key_is_whole(struct slice key)
{
	struct slice part;
	int n = 0;

	while (slice_split(&key, '/', &part)) {
		if (!part.n)
			return false;
		n++;
	}
	return n == 3;
}

static enum fault check_field(const struct message *message, int tag)
{
	const struct field_row *field = &fields[tag];
	const void *value = value_of(message, field);
	uint32_t number = 0;
	enum fault fault;

	switch (field->kind) {
	case KIND_TEXT:
		fault = check_text(field, *(const struct slice *)value);
		return fault == FAULT_NONE && tag == FIELD_KEY && !key_is_whole(message->key) ? FAULT_MALFORMED : fault;
	case KIND_U8:
		number = *(const uint8_t *)value;
		break;
	case KIND_U32:
		number = *(const uint32_t *)value;
		break;
	default:
		return FAULT_NONE;
	}
	return number >= field->min && number <= field->max ? FAULT_NONE : FAULT_MALFORMED;
}

static bool ids_are_sound(const struct message *message, const struct message_row *row)
{
	return message->session && message->sequence && message->epoch <= MESSAGE_EPOCH_MAX &&
	       (message->epoch || row->is_frozen);
}

/* ---- reading ---- */

static bool read_value(const struct field_row *field, struct slice bytes, struct message *out)
{
	struct wire_reader r = { .rest = bytes };
	void *value = (char *)out + field->offset;

	switch (field->kind) {
	case KIND_TEXT:
		*(struct slice *)value = wire_bytes(&r, bytes.n);
		break;
	case KIND_U8:
		*(uint8_t *)value = wire_u8(&r);
		break;
	case KIND_U32:
		*(uint32_t *)value = wire_u32(&r);
		break;
	case KIND_U64:
		*(uint64_t *)value = wire_u64(&r);
		break;
	case KIND_HASH:
		bytes = wire_bytes(&r, sizeof(struct sha256));
		if (bytes.n)
			memcpy(value, bytes.p, bytes.n);
		break;
	case KIND_VERSION:
		((struct version_pair *)value)->major = wire_u8(&r);
		((struct version_pair *)value)->minor = wire_u8(&r);
		break;
	}
	return !r.is_short && !r.rest.n;
}

static enum fault read_field(const struct message_row *row, int tag, struct slice bytes, struct message *out)
{
	/* Hello shows the sender's oldest version: its fields may be of its newest. */
	if (tag >= MESSAGE_FIELDS || !((row->required | row->optional) & HAS(tag)))
		return row->is_frozen || is_newer(out->version) ? FAULT_NONE : FAULT_MALFORMED;
	if (fields[tag].kind == KIND_TEXT && bytes.n > fields[tag].max)
		return FAULT_OVERSIZED;
	if (!read_value(&fields[tag], bytes, out))
		return FAULT_MALFORMED;
	out->has |= HAS(tag);
	return check_field(out, tag);
}

/* Tags ascend, so none is there twice and a message has one encoding. */
static enum fault read_fields(const struct message_row *row, struct wire_reader *r, struct message *out)
{
	int last = 0;

	while (r->rest.n) {
		int tag = wire_u8(r);
		struct slice bytes = wire_bytes(r, wire_u32(r));
		enum fault fault;

		if (r->is_short || tag <= last)
			return FAULT_MALFORMED;
		fault = read_field(row, tag, bytes, out);
		if (fault != FAULT_NONE)
			return fault;
		last = tag;
	}
	return (out->has & row->required) == row->required ? FAULT_NONE : FAULT_MALFORMED;
}

static enum fault read_message(struct slice frame, enum side from, struct message *out)
{
	struct wire_reader r = { .rest = frame };
	const struct message_row *row;
	enum fault fault;

	if (frame.n > MESSAGE_FRAME_MAX)
		return FAULT_OVERSIZED;
	if (!slice_eq(wire_bytes(&r, strlen(MAGIC)), MAGIC))
		return FAULT_MALFORMED;
	out->version.major = wire_u8(&r);
	out->version.minor = wire_u8(&r);
	out->type = wire_u8(&r);
	out->session = wire_u64(&r);
	out->epoch = wire_u64(&r);
	out->sequence = wire_u64(&r);
	if (r.is_short)
		return FAULT_MALFORMED;
	row = row_of(out->type);
	if (!row)
		return is_newer(out->version) ? FAULT_VERSION : FAULT_MALFORMED;
	if (row->from != from)
		return FAULT_SENDER;
	if (!is_readable(row, out->version))
		return FAULT_VERSION;
	fault = read_fields(row, &r, out);
	return fault != FAULT_NONE ? fault : ids_are_sound(out, row) ? FAULT_NONE : FAULT_MALFORMED;
}

enum fault message_decode(struct slice frame, enum side from, struct message *out)
{
	struct message message = { 0 };
	enum fault fault = read_message(frame, from, &message);

	if (fault == FAULT_NONE)
		*out = message;
	return fault;
}

/* ---- writing ---- */

static void write_value(const struct field_row *field, const void *value, struct wire_writer *w)
{
	switch (field->kind) {
	case KIND_TEXT:
		wire_put_u32(w, (uint32_t)((const struct slice *)value)->n);
		wire_put_bytes(w, *(const struct slice *)value);
		break;
	case KIND_U8:
		wire_put_u32(w, 1);
		wire_put_u8(w, *(const uint8_t *)value);
		break;
	case KIND_U32:
		wire_put_u32(w, 4);
		wire_put_u32(w, *(const uint32_t *)value);
		break;
	case KIND_U64:
		wire_put_u32(w, 8);
		wire_put_u64(w, *(const uint64_t *)value);
		break;
	case KIND_HASH:
		wire_put_u32(w, sizeof(struct sha256));
		wire_put_bytes(w, (struct slice){ value, sizeof(struct sha256) });
		break;
	case KIND_VERSION:
		wire_put_u32(w, 2);
		wire_put_u8(w, ((const struct version_pair *)value)->major);
		wire_put_u8(w, ((const struct version_pair *)value)->minor);
		break;
	}
}

static uint32_t fields_sent(const struct message *message, const struct message_row *row)
{
	return row->required | (row->optional & message->has);
}

static enum fault check_message(const struct message *message, const struct message_row *row)
{
	for (int tag = 1; tag < MESSAGE_FIELDS; tag++) {
		enum fault fault = fields_sent(message, row) & HAS(tag) ? check_field(message, tag) : FAULT_NONE;

		if (fault != FAULT_NONE)
			return fault;
	}
	return ids_are_sound(message, row) && is_readable(row, message->version) ? FAULT_NONE : FAULT_MALFORMED;
}

enum fault message_encode(const struct message *message, struct buf *out)
{
	const struct message_row *row = row_of(message->type);
	struct wire_writer w = { .out = out };
	const size_t before = out->n;
	enum fault fault = row ? check_message(message, row) : FAULT_MALFORMED;

	if (fault != FAULT_NONE)
		return fault;
	wire_put_bytes(&w, slice_of(MAGIC));
	wire_put_u8(&w, message->version.major);
	wire_put_u8(&w, message->version.minor);
	wire_put_u8(&w, (uint8_t)message->type);
	wire_put_u64(&w, message->session);
	wire_put_u64(&w, message->epoch);
	wire_put_u64(&w, message->sequence);
	for (int tag = 1; tag < MESSAGE_FIELDS; tag++)
		if (fields_sent(message, row) & HAS(tag)) {
			wire_put_u8(&w, (uint8_t)tag);
			write_value(&fields[tag], value_of(message, &fields[tag]), &w);
		}
	if (!w.is_full)
		return FAULT_NONE;
	out->n = before;
	if (out->p)
		out->p[before] = '\0';
	return FAULT_OVERSIZED;
}
