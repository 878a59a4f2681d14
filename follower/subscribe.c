#include "follower/subscribe.h"

#include <stdio.h>

#define FEDERATION_MAX 64
#define REASON_MAX 33
#define TEXT_MAX 512
#define FIT_MAX 128

enum state { STATE_NONE, SILENT, GREETING, WELCOMED, LOADING, FOLLOWING, STATES };

struct subscriber {
	char *context, *software;
	char federation[FEDERATION_MAX];
	enum state state;
	uint64_t session, sent, received;
	struct version_pair version;
	uint64_t epoch, epoch_seen;          /* of the session; the highest */
	struct copies *copies, *loading;     /* in force; being collected */
	uint64_t n_snapshots;
	uint32_t beat_ms;
	char refusal[REASON_MAX];
	enum subscriber_wish wish;
};

struct subscriber *subscriber_new(const char *context, const char *software, const char *federation)
{
	struct subscriber *s = xcalloc(1, sizeof(*s));

	s->context = xstrdup(context);
	s->software = xstrdup(software);
	snprintf(s->federation, sizeof(s->federation), "%s", federation);
	s->state = SILENT;
	s->wish = SUBSCRIBER_HELLO_NOW;
	return s;
}

void subscriber_free(struct subscriber *s)
{
	if (!s)
		return;
	copies_free(s->copies);
	copies_free(s->loading);
	free(s->context);
	free(s->software);
	free(s);
}

/* ---- sending ---- */

static void send_message(struct subscriber *s, struct message *m, struct outbox *out)
{
	m->version = s->version;
	m->session = s->session;
	m->epoch = s->epoch;
	m->sequence = ++s->sent;
	m->federation = slice_of(s->federation);
	outbox_add(out, "", m);
}

static void acknowledge(struct subscriber *s, const struct sha256 *hash, struct outbox *out)
{
	struct message m = { .type = MESSAGE_ACK, .up_to = s->received };

	if (hash) {
		m.has = HAS(FIELD_HASH);
		m.hash = *hash;
	}
	send_message(s, &m, out);
}

/* ---- the session ends ---- */

static void end_session(struct subscriber *s, enum subscriber_wish wish)
{
	s->state = SILENT;
	s->session = 0;
	s->wish = wish;
	copies_free(TAKE(s->loading));
}

static enum fault start_over(struct subscriber *s, enum fault fault)
{
	end_session(s, SUBSCRIBER_HELLO_NOW);
	return fault;
}

/* What the leader sends cannot be kept: the next time will be the same. */
static enum fault give_up(struct subscriber *s)
{
	end_session(s, SUBSCRIBER_HELLO_LATER);
	return FAULT_CONTENT;
}

/* ---- messages ---- */

static enum fault on_welcome(struct subscriber *s, const struct message *m, struct outbox *out)
{
	s->version = m->version;
	s->epoch = m->epoch;
	s->epoch_seen = MAX(s->epoch_seen, m->epoch);
	s->beat_ms = m->beat_ms;
	*s->refusal = '\0';
	snprintf(s->federation, sizeof(s->federation), "%.*s", (int)m->federation.n, m->federation.p);
	s->state = WELCOMED;
	acknowledge(s, NULL, out);
	return FAULT_NONE;
}

static enum fault on_begin(struct subscriber *s, const struct message *m, struct outbox *out)
{
	(void)m;
	copies_free(s->loading);
	s->loading = copies_new();
	s->state = LOADING;
	acknowledge(s, NULL, out);
	return FAULT_NONE;
}

static struct copies *target(const struct subscriber *s)
{
	return s->state == LOADING ? s->loading : s->copies;
}

static enum fault on_upsert(struct subscriber *s, const struct message *m, struct outbox *out)
{
	struct copy copy;

	if (!copy_from_wire(m->key, m->body, &m->hash, &copy, NULL) || !copies_put(target(s), &copy, NULL))
		return give_up(s);
	acknowledge(s, NULL, out);
	return FAULT_NONE;
}

static enum fault on_delete(struct subscriber *s, const struct message *m, struct outbox *out)
{
	CLEANUP(freep) char *key = slice_dup(m->key), *stamp = slice_dup(m->stamp);
	struct copy_key parsed;

	if (!copy_key_parse(m->key, &parsed) || !copies_delete(target(s), key, stamp, NULL))
		return give_up(s);
	acknowledge(s, NULL, out);
	return FAULT_NONE;
}

static enum fault on_end(struct subscriber *s, const struct message *m, struct outbox *out)
{
	struct sha256 hash;

	copies_hash(s->loading, &hash);
	if (!sha256_same(&hash, &m->hash))
		return give_up(s);
	copies_free(s->copies);
	s->copies = TAKE(s->loading);
	s->n_snapshots++;
	s->state = FOLLOWING;
	acknowledge(s, &hash, out);
	return FAULT_NONE;
}

static enum fault on_beat(struct subscriber *s, const struct message *m, struct outbox *out)
{
	struct sha256 hash;

	if (s->state != FOLLOWING || !(m->has & HAS(FIELD_HASH))) {
		acknowledge(s, NULL, out);
		return FAULT_NONE;
	}
	copies_hash(s->copies, &hash);
	if (!sha256_same(&hash, &m->hash))
		return start_over(s, FAULT_CONTENT);
	acknowledge(s, &hash, out);
	return FAULT_NONE;
}

static enum fault on_misplaced(struct subscriber *s, const struct message *m, struct outbox *out)
{
	(void)m, (void)out;
	return start_over(s, FAULT_ORDER);
}

typedef enum fault message_fn(struct subscriber *s, const struct message *m, struct outbox *out);

/* Of a session's states; what is refused is looked at before. */
static message_fn *const handlers[STATES][MESSAGE_TYPES] = {
	[GREETING] = {
		[MESSAGE_WELCOME] = on_welcome, [MESSAGE_SNAPSHOT_BEGIN] = on_misplaced, [MESSAGE_SNAPSHOT_END] = on_misplaced,
		[MESSAGE_UPSERT] = on_misplaced, [MESSAGE_DELETE] = on_misplaced, [MESSAGE_BEAT] = on_misplaced,
	},
	[WELCOMED] = {
		[MESSAGE_WELCOME] = on_misplaced, [MESSAGE_SNAPSHOT_BEGIN] = on_begin, [MESSAGE_SNAPSHOT_END] = on_misplaced,
		[MESSAGE_UPSERT] = on_misplaced, [MESSAGE_DELETE] = on_misplaced, [MESSAGE_BEAT] = on_beat,
	},
	[LOADING] = {
		[MESSAGE_WELCOME] = on_misplaced, [MESSAGE_SNAPSHOT_BEGIN] = on_begin, [MESSAGE_SNAPSHOT_END] = on_end,
		[MESSAGE_UPSERT] = on_upsert, [MESSAGE_DELETE] = on_delete, [MESSAGE_BEAT] = on_beat,
	},
	[FOLLOWING] = {
		[MESSAGE_WELCOME] = on_misplaced, [MESSAGE_SNAPSHOT_BEGIN] = on_begin, [MESSAGE_SNAPSHOT_END] = on_misplaced,
		[MESSAGE_UPSERT] = on_upsert, [MESSAGE_DELETE] = on_delete, [MESSAGE_BEAT] = on_beat,
	},
};

static enum fault receive_refusal(struct subscriber *s, const struct message *m)
{
	bool is_over = slice_eq(m->reason, "session");

	snprintf(s->refusal, sizeof(s->refusal), "%.*s", (int)m->reason.n, m->reason.p);
	end_session(s, is_over ? SUBSCRIBER_HELLO_NOW : SUBSCRIBER_HELLO_LATER);
	return FAULT_NONE;
}

/* The version is agreed upon by the welcome. */
static enum fault check_head(const struct subscriber *s, const struct message *m)
{
	bool is_greeting = s->state == GREETING;

	if (!is_greeting && (m->version.major != s->version.major || m->version.minor != s->version.minor))
		return FAULT_VERSION;
	if (*s->federation && !slice_eq(m->federation, s->federation))
		return FAULT_FEDERATION;
	if (m->epoch < s->epoch_seen || (!is_greeting && m->epoch < s->epoch))
		return FAULT_EPOCH;
	return m->sequence <= s->received ? FAULT_REPLAYED : FAULT_NONE;
}

enum fault subscriber_receive(struct subscriber *s, struct slice frame, struct outbox *out)
{
	struct message m;
	enum fault fault = message_decode(frame, SIDE_LEADER, &m);

	if (fault != FAULT_NONE)
		return fault;
	if (m.session != s->session)
		return FAULT_SESSION;
	if (m.type == MESSAGE_REFUSE)
		return receive_refusal(s, &m);
	fault = check_head(s, &m);
	if (fault != FAULT_NONE)
		return fault;
	if (m.sequence > s->received + 1)
		return start_over(s, FAULT_GAP);
	if (s->state != GREETING && m.epoch > s->epoch)
		return start_over(s, FAULT_EPOCH);
	s->received = m.sequence;
	return handlers[s->state][m.type](s, &m, out);
}

/* ---- events ---- */

void subscriber_saw_epoch(struct subscriber *s, uint64_t epoch)
{
	s->epoch_seen = MAX(s->epoch_seen, epoch);
	if (s->session && s->state != GREETING && s->epoch < s->epoch_seen)
		end_session(s, SUBSCRIBER_HELLO_NOW);
}

void subscriber_hello(struct subscriber *s, uint64_t session, struct outbox *out)
{
	struct message m = {
		.type = MESSAGE_HELLO, .version = VERSION_OLDEST, .session = session, .epoch = s->epoch_seen, .sequence = 1,
		.has = *s->federation ? HAS(FIELD_FEDERATION) : 0, .federation = slice_of(s->federation),
		.context = slice_of(s->context), .software = slice_of(s->software), .newest = VERSION_NEWEST,
	};

	end_session(s, SUBSCRIBER_CONTENT);
	s->session = session;
	s->state = GREETING;
	s->sent = 1;
	s->received = 0;
	outbox_add(out, "", &m);
}

void subscriber_silent(struct subscriber *s)
{
	end_session(s, SUBSCRIBER_HELLO_NOW);
}

enum subscriber_wish subscriber_wish(const struct subscriber *s)
{
	return s->wish;
}

bool subscriber_is_following(const struct subscriber *s)
{
	return s->state == FOLLOWING;
}

const struct copies *subscriber_copies(const struct subscriber *s)
{
	return s->copies;
}

uint64_t subscriber_snapshots(const struct subscriber *s)
{
	return s->n_snapshots;
}

uint32_t subscriber_beat_ms(const struct subscriber *s)
{
	return s->beat_ms;
}

const char *subscriber_refusal(const struct subscriber *s)
{
	return s->refusal;
}

const char *subscriber_federation(const struct subscriber *s)
{
	return s->federation;
}

/* ---- reports ---- */

/* As much of a text as a field takes, without what the field does not take; whole characters (UTF-8). */
static struct slice clean(const char *text, char *out, size_t max)
{
	size_t n = 0;

	for (; text && *text && n < max; text++)
		out[n++] = (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text;
	while (text && *text && n && ((unsigned char)*text & 0xc0) == 0x80) {
		text--;
		n--;
	}
	return (struct slice){ out, n };
}

void subscriber_report(struct subscriber *s, const struct subscriber_report *report, struct outbox *out)
{
	const struct copies_entry *entry = s->copies ? copies_find(s->copies, report->key) : NULL;
	bool is_buried = report->outcome == OUTCOME_GONE || report->outcome == OUTCOME_KEPT;
	CLEANUP(freep) char *key = xstrdup(report->key), *stamp = entry ? xstrdup(entry->stamp) : NULL;
	char text[TEXT_MAX];
	struct message m = { .type = MESSAGE_REPORT, .key = slice_of(key), .outcome = (uint8_t)report->outcome };

	/* It is about what is not in force any more. */
	if (s->state < WELCOMED || !entry || (report->outcome != OUTCOME_FAILED && is_buried != copies_is_tombstone(entry)))
		return;
	if (stamp) {
		m.has |= HAS(FIELD_STAMP);
		m.stamp = slice_of(stamp);
	} else {
		m.has |= HAS(FIELD_HASH);
		m.hash = entry->copy.hash;
	}
	if (report->outcome == OUTCOME_EQUAL) {
		m.has |= HAS(FIELD_GENERATION);
		m.generation = report->generation;
	}
	if (report->text) {
		m.has |= HAS(FIELD_TEXT);
		m.text = clean(report->text, text, sizeof(text));
	}
	send_message(s, &m, out);
	if (is_buried)
		copies_forget(s->copies, key, stamp);
}

void subscriber_fitness(struct subscriber *s, const struct subscriber_fitness *fitness, struct outbox *out)
{
	char fit[FIT_MAX];
	struct message m = {
		.type = MESSAGE_FITNESS, .software = slice_of(s->software), .fit = clean(fitness->fit, fit, sizeof(fit)),
		.copies = fitness->copies, .failing = fitness->failing, .foreign = fitness->foreign,
	};

	if (s->state >= WELCOMED)
		send_message(s, &m, out);
}
