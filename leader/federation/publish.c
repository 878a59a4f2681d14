#include "leader/federation/publish.h"

#include <uthash.h>

#define RING 128                     /* a power of two above everything that can be under way: the window, beats, a welcome */
#define SOFTWARE_MAX 65
#define FIT_MAX 129

static_assert(RING > PUBLISH_WINDOW + PUBLISH_BEATS_MAX + 4, "the ring holds what may be under way");

struct peer {
	char *context;
	uint64_t session;            /* 0: none */
	struct version_pair version;
	uint64_t sent, acked, received;      /* sequences */
	uint32_t bytes[RING];        /* of what is under way, by sequence */
	size_t n_bytes;
	bool has_begun, is_loading;  /* the snapshot: its begin was sent; its end was not */
	uint64_t cursor;             /* serial of the last change that was sent */
	uint64_t hash_sequence;      /* of the last message with a hash */
	struct sha256 hash;
	bool is_current;
	int unanswered;              /* beats */
	char software[SOFTWARE_MAX], fit[FIT_MAX];
	uint32_t copies, failing, foreign;
	struct publisher_result results[PUBLISH_RESULTS_MAX];
	size_t n_results;
};

/* Which members have buried what a tombstone is of. */
struct grave {
	char *key, *stamp;
	uint64_t members;            /* a bit for each peer */
	UT_hash_handle hh;
};

struct publisher {
	char *federation, *context, *software;
	uint64_t epoch;
	uint32_t beat_ms;
	struct copies *copies;
	bool is_ready;
	struct peer *peers[PUBLISH_MEMBERS_MAX];     /* a place stays a member's while it is one */
	struct grave *graves;
};

struct publisher *publisher_new(const struct publisher_options *options, struct copies *copies)
{
	struct publisher *p = xcalloc(1, sizeof(*p));

	p->federation = xstrdup(options->federation);
	p->context = xstrdup(options->context);
	p->software = xstrdup(options->software);
	p->epoch = options->epoch;
	p->beat_ms = options->beat_ms;
	p->copies = copies;
	return p;
}

/* ---- results ---- */

static void result_release(struct publisher_result *result)
{
	free(result->key);
	free(result->text);
}

static void forget_results(struct peer *peer)
{
	for (size_t i = 0; i < peer->n_results; i++)
		result_release(&peer->results[i]);
	peer->n_results = 0;
}

static bool is_worth_keeping(const struct publisher_result *result)
{
	bool is_fine = result->outcome == OUTCOME_EQUAL || result->outcome == OUTCOME_GONE;

	return !is_fine || (result->outcome == OUTCOME_EQUAL && !slice_starts(slice_of(result->key), "GSLBHostRule/"));
}

/* Takes the result over. */
static void keep_result(struct peer *peer, struct publisher_result *result)
{
	for (size_t i = 0; i < peer->n_results; i++)
		if (streq(peer->results[i].key, result->key)) {
			result_release(&peer->results[i]);
			peer->results[i] = peer->results[--peer->n_results];
			break;
		}
	if (is_worth_keeping(result) && peer->n_results < PUBLISH_RESULTS_MAX)
		peer->results[peer->n_results++] = *result;
	else
		result_release(result);
}

/* ---- sending ---- */

static void send_message(struct publisher *p, struct peer *peer, struct message *m, struct outbox *out)
{
	size_t n;

	m->version = peer->version;
	m->session = peer->session;
	m->epoch = p->epoch;
	m->sequence = ++peer->sent;
	m->federation = slice_of(p->federation);
	n = outbox_add(out, peer->context, m);
	peer->bytes[peer->sent % RING] = (uint32_t)n;
	peer->n_bytes += n;
}

static void send_entry(struct publisher *p, struct peer *peer, const struct copies_entry *entry, struct outbox *out)
{
	struct message m = { .key = slice_of(entry->copy.key) };

	if (copies_is_tombstone(entry)) {
		m.type = MESSAGE_DELETE;
		m.stamp = slice_of(entry->stamp);
	} else {
		m.type = MESSAGE_UPSERT;
		m.body = (struct slice){ entry->copy.body, entry->copy.n_body };
		m.hash = entry->copy.hash;
	}
	send_message(p, peer, &m, out);
	peer->cursor = entry->serial;
	peer->is_current = false;
}

static void send_hash(struct publisher *p, struct peer *peer, enum message_type type, struct outbox *out)
{
	struct message m = { .type = type, .has = HAS(FIELD_HASH) };

	copies_hash(p->copies, &m.hash);
	send_message(p, peer, &m, out);
	peer->hash = m.hash;
	peer->hash_sequence = peer->sent;
}

static bool window_is_open(const struct peer *peer)
{
	return peer->sent - peer->acked < PUBLISH_WINDOW && peer->n_bytes < PUBLISH_WINDOW_BYTES;
}

/* Sends what this follower lacks, as far as the window allows. */
static void pump(struct publisher *p, struct peer *peer, struct outbox *out)
{
	while (peer->session && window_is_open(peer)) {
		const struct copies_entry *entry = copies_after(p->copies, peer->cursor);

		if (peer->is_loading && !peer->has_begun) {
			send_message(p, peer, &(struct message){ .type = MESSAGE_SNAPSHOT_BEGIN }, out);
			peer->has_begun = true;
		} else if (entry) {
			send_entry(p, peer, entry, out);
		} else if (peer->is_loading) {
			send_hash(p, peer, MESSAGE_SNAPSHOT_END, out);
			peer->is_loading = false;
		} else {
			return;
		}
	}
}

static void begin_snapshot(struct peer *peer)
{
	peer->is_loading = true;
	peer->has_begun = false;
	peer->is_current = false;
	peer->cursor = 0;
	peer->hash_sequence = 0;
}

static void end_session(struct peer *peer)
{
	peer->session = 0;
	peer->is_current = false;
	peer->sent = peer->acked = peer->received = 0;
	peer->n_bytes = 0;
	forget_results(peer);
}

static void refuse(const struct publisher *p, const char *context, const struct message *about, const char *reason,
		   const char *text, struct outbox *out)
{
	const struct message m = {
		.type = MESSAGE_REFUSE, .version = VERSION_NEWEST, .session = about->session, .epoch = p->epoch, .sequence = 1,
		.has = HAS(FIELD_FEDERATION) | HAS(FIELD_TEXT), .federation = slice_of(p->federation), .reason = slice_of(reason),
		.text = slice_of(text),
	};

	outbox_add(out, context, &m);
}

/* ---- receiving ---- */

/* NULL: it may have a session. */
static const char *reason_against(const struct publisher *p, const struct message *hello, struct version_pair *version,
				  const char **text)
{
	if (!version_agree(VERSION_OLDEST, VERSION_NEWEST, hello->version, hello->newest, version)) {
		*text = "the leader speaks another version of the protocol";
		return "version";
	}
	if ((hello->has & HAS(FIELD_FEDERATION)) && !slice_eq(hello->federation, p->federation)) {
		*text = "the cluster has the UUID of another installation";
		return "federation";
	}
	if (hello->epoch > p->epoch) {
		*text = "there is a newer leader";
		return "epoch";
	}
	*text = "the leader has not read its own objects yet";
	return p->is_ready ? NULL : "busy";
}

static enum fault fault_of(const char *reason)
{
	return streq(reason, "version") ? FAULT_VERSION : streq(reason, "federation") ? FAULT_FEDERATION :
	       streq(reason, "epoch") ? FAULT_EPOCH : FAULT_ORDER;
}

static enum fault receive_hello(struct publisher *p, struct peer *peer, const struct message *hello, struct outbox *out)
{
	struct message welcome = { .type = MESSAGE_WELCOME, .context = slice_of(p->context), .software = slice_of(p->software),
				   .beat_ms = p->beat_ms };
	struct version_pair version;
	const char *text, *reason;

	if (!slice_eq(hello->context, peer->context))
		return FAULT_SENDER;
	if (hello->session == peer->session)
		return FAULT_REPLAYED;
	if (hello->sequence != 1)
		return FAULT_ORDER;
	reason = reason_against(p, hello, &version, &text);
	if (reason) {
		refuse(p, peer->context, hello, reason, text, out);
		return fault_of(reason);
	}
	end_session(peer);
	peer->session = hello->session;
	peer->version = version;
	peer->received = 1;
	peer->unanswered = 0;
	snprintf(peer->software, sizeof(peer->software), "%.*s", (int)hello->software.n, hello->software.p);
	send_message(p, peer, &welcome, out);
	begin_snapshot(peer);
	pump(p, peer, out);
	return FAULT_NONE;
}

static enum fault receive_ack(const struct publisher *p, struct peer *peer, const struct message *ack)
{
	if (ack->up_to > peer->sent)
		return FAULT_ORDER;
	if (ack->up_to > peer->acked)
		peer->unanswered = 0;
	for (; peer->acked < ack->up_to; peer->acked++)
		peer->n_bytes -= peer->bytes[(peer->acked + 1) % RING];
	if (!(ack->has & HAS(FIELD_HASH)) || ack->up_to != peer->hash_sequence)
		return FAULT_NONE;
	if (!sha256_same(&ack->hash, &peer->hash)) {
		begin_snapshot(peer);
		return FAULT_CONTENT;
	}
	/* What changed since then was sent, or will be: then it is not current any more. */
	peer->is_current = !peer->is_loading && !copies_after(p->copies, peer->cursor);
	return FAULT_NONE;
}

static enum fault receive_report(struct publisher *p, struct peer *peer, const struct message *report, struct strs *ended)
{
	struct publisher_result result = { slice_dup(report->key), report->outcome, report->generation, slice_dup(report->text) };
	CLEANUP(freep) char *stamp = slice_dup(report->stamp), *key = xstrdup(result.key);
	bool is_buried = report->outcome == OUTCOME_GONE || report->outcome == OUTCOME_KEPT;

	keep_result(peer, &result);
	if (is_buried && publisher_buried(p, peer->context, key, stamp))
		strs_take(ended, TAKE(key));
	return FAULT_NONE;
}

static enum fault receive_fitness(struct peer *peer, const struct message *fitness)
{
	snprintf(peer->software, sizeof(peer->software), "%.*s", (int)fitness->software.n, fitness->software.p);
	snprintf(peer->fit, sizeof(peer->fit), "%.*s", (int)fitness->fit.n, fitness->fit.n ? fitness->fit.p : "");
	peer->copies = fitness->copies;
	peer->failing = fitness->failing;
	peer->foreign = fitness->foreign;
	return FAULT_NONE;
}

static enum fault check_head(const struct publisher *p, const struct peer *peer, const struct message *m)
{
	if (m->version.major != peer->version.major || m->version.minor != peer->version.minor)
		return FAULT_VERSION;
	if (!slice_eq(m->federation, p->federation))
		return FAULT_FEDERATION;
	if (m->epoch != p->epoch)
		return FAULT_EPOCH;
	return m->sequence <= peer->received ? FAULT_REPLAYED : FAULT_NONE;
}

static enum fault receive_in_session(struct publisher *p, struct peer *peer, const struct message *m, struct outbox *out,
				     struct strs *ended)
{
	enum fault fault = check_head(p, peer, m);
	bool is_gap = m->sequence > peer->received + 1;

	if (fault != FAULT_NONE)
		return fault;
	peer->received = m->sequence;
	switch (m->type) {
	case MESSAGE_ACK:
		fault = receive_ack(p, peer, m);
		break;
	case MESSAGE_REPORT:
		fault = receive_report(p, peer, m, ended);
		break;
	default:
		fault = receive_fitness(peer, m);
	}
	/* A report may be lost: after a snapshot everything is reported again. */
	if (is_gap)
		begin_snapshot(peer);
	pump(p, peer, out);
	return fault == FAULT_NONE && is_gap ? FAULT_GAP : fault;
}

static struct peer *peer_of(const struct publisher *p, const char *context, int *at)
{
	for (int i = 0; i < PUBLISH_MEMBERS_MAX; i++)
		if (p->peers[i] && streq(p->peers[i]->context, context)) {
			if (at)
				*at = i;
			return p->peers[i];
		}
	return NULL;
}

enum fault publisher_receive(struct publisher *p, const char *context, struct slice frame, struct outbox *out, struct strs *ended)
{
	struct peer *peer = peer_of(p, context, NULL);
	struct message m;
	enum fault fault = message_decode(frame, SIDE_FOLLOWER, &m);

	if (fault != FAULT_NONE)
		return fault;
	if (!peer)
		return FAULT_SENDER;
	if (m.type == MESSAGE_HELLO)
		return receive_hello(p, peer, &m, out);
	if (m.session != peer->session) {
		refuse(p, context, &m, "session", "no such session", out);
		return FAULT_SESSION;
	}
	return receive_in_session(p, peer, &m, out, ended);
}

/* ---- events ---- */

void publisher_set_ready(struct publisher *p)
{
	p->is_ready = true;
}

void publisher_changed(struct publisher *p, struct outbox *out)
{
	for (int i = 0; i < PUBLISH_MEMBERS_MAX; i++)
		if (p->peers[i])
			pump(p, p->peers[i], out);
}

static void beat(struct publisher *p, struct peer *peer, struct outbox *out)
{
	if (!peer->session)
		return;
	/* The second: one that acknowledges one message in several beats. */
	if (peer->unanswered >= PUBLISH_BEATS_MAX || peer->sent - peer->acked >= RING) {
		end_session(peer);
		return;
	}
	peer->unanswered++;
	/* While something is on its way or waits, there is no state to compare. */
	if (peer->is_loading || copies_after(p->copies, peer->cursor))
		send_message(p, peer, &(struct message){ .type = MESSAGE_BEAT }, out);
	else
		send_hash(p, peer, MESSAGE_BEAT, out);
}

void publisher_beat(struct publisher *p, struct outbox *out)
{
	for (int i = 0; i < PUBLISH_MEMBERS_MAX; i++)
		if (p->peers[i])
			beat(p, p->peers[i], out);
}

void publisher_lost(struct publisher *p, const char *context)
{
	struct peer *peer = peer_of(p, context, NULL);

	if (peer)
		end_session(peer);
}

/* ---- members and tombstones ---- */

static void grave_free(struct publisher *p, struct grave *grave)
{
	HASH_DEL(p->graves, grave);
	free(grave->key);
	free(grave->stamp);
	free(grave);
}

static bool all_have_buried(const struct publisher *p, const struct grave *grave)
{
	for (int i = 0; i < PUBLISH_MEMBERS_MAX; i++)
		if (p->peers[i] && !(grave->members >> i & 1))
			return false;
	return true;
}

/* Ends the tombstone when nobody is waited for any more. */
static bool close_grave(struct publisher *p, struct grave *grave)
{
	bool is_over = all_have_buried(p, grave);

	if (is_over) {
		copies_forget(p->copies, grave->key, grave->stamp);
		grave_free(p, grave);
	}
	return is_over;
}

/* The grave of this very tombstone; NULL: there is no such tombstone. */
static struct grave *grave_of(struct publisher *p, const char *key, const char *stamp)
{
	const struct copies_entry *entry = copies_find(p->copies, key);
	struct grave *grave;

	HASH_FIND_STR(p->graves, key, grave);
	if (grave && (!entry || !streq0(entry->stamp, grave->stamp))) {
		grave_free(p, grave);
		grave = NULL;
	}
	if (!entry || !streq0(entry->stamp, stamp))
		return NULL;
	if (!grave) {
		grave = xcalloc(1, sizeof(*grave));
		grave->key = xstrdup(key);
		grave->stamp = xstrdup(stamp);
		HASH_ADD_KEYPTR(hh, p->graves, grave->key, strlen(grave->key), grave);
	}
	return grave;
}

bool publisher_buried(struct publisher *p, const char *context, const char *key, const char *stamp)
{
	int at;
	struct grave *grave = peer_of(p, context, &at) ? grave_of(p, key, stamp) : NULL;

	if (!grave)
		return false;
	grave->members |= UINT64_C(1) << at;
	return close_grave(p, grave);
}

static void peer_free(struct peer *peer)
{
	if (!peer)
		return;
	forget_results(peer);
	free(peer->context);
	free(peer);
}

static void remove_peer(struct publisher *p, int at)
{
	struct grave *grave, *next;

	HASH_ITER(hh, p->graves, grave, next)
		grave->members &= ~(UINT64_C(1) << at);
	peer_free(TAKE(p->peers[at]));
}

static bool add_peer(struct publisher *p, const char *context)
{
	for (int i = 0; i < PUBLISH_MEMBERS_MAX; i++)
		if (!p->peers[i]) {
			p->peers[i] = xcalloc(1, sizeof(*p->peers[i]));
			p->peers[i]->context = xstrdup(context);
			return true;
		}
	return false;
}

/* Without members nobody is waited for. */
static void close_graves(struct publisher *p, struct strs *ended)
{
	size_t n;
	CLEANUP(freep) const struct copies_entry **sorted = copies_sorted(p->copies, &n);

	for (size_t i = 0; i < n; i++) {
		CLEANUP(freep) char *key = xstrdup(sorted[i]->copy.key);

		if (copies_is_tombstone(sorted[i]) && close_grave(p, grave_of(p, key, sorted[i]->stamp)))
			strs_take(ended, TAKE(key));
	}
}

bool publisher_set_members(struct publisher *p, const struct strs *contexts, struct strs *ended)
{
	bool is_whole = true;

	for (int i = 0; i < PUBLISH_MEMBERS_MAX; i++)
		if (p->peers[i] && !strs_has(contexts, p->peers[i]->context))
			remove_peer(p, i);
	for (size_t i = 0; i < contexts->n; i++)
		if (!peer_of(p, contexts->v[i], NULL) && !add_peer(p, contexts->v[i]))
			is_whole = false;
	close_graves(p, ended);
	return is_whole;
}

void publisher_free(struct publisher *p)
{
	struct grave *grave, *next;

	if (!p)
		return;
	HASH_ITER(hh, p->graves, grave, next)
		grave_free(p, grave);
	for (int i = 0; i < PUBLISH_MEMBERS_MAX; i++)
		peer_free(p->peers[i]);
	free(p->federation);
	free(p->context);
	free(p->software);
	free(p);
}

bool publisher_view(const struct publisher *p, const char *context, struct publisher_view *out)
{
	const struct peer *peer = peer_of(p, context, NULL);

	if (!peer)
		return false;
	*out = (struct publisher_view){
		.context = peer->context, .has_session = peer->session != 0, .is_current = peer->is_current && !copies_after(p->copies, peer->cursor),
		.unacked = peer->sent - peer->acked, .behind = copies_serial(p->copies) - peer->cursor,
		.software = peer->software, .fit = peer->fit, .copies = peer->copies, .failing = peer->failing,
		.foreign = peer->foreign, .results = peer->results, .n_results = peer->n_results,
	};
	return true;
}
