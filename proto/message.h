/* proto/message.h - the messages of federation.abnf: one table says who may send what with which fields. Pure.
 *
 * A message is a value whose texts borrow from the frame it was read from (or from whoever fills it in). Reading allocates
 * nothing, looks at each byte once and gives a whole message or none.
 * Errors:    a fault, which names the counter; no text of the frame ever gets into it.
 */
#pragma once

#include "common/base/hash.h"
#include "common/base/buf.h"

#define MESSAGE_BODY_MAX (1536u * 1024)              /* an object: what etcd stores at most */
#define MESSAGE_FRAME_MAX (MESSAGE_BODY_MAX + 4096)  /* of any frame; ZMQ_MAXMSGSIZE cuts the connection above it */
#define MESSAGE_EPOCH_MAX (UINT64_C(1) << 53)

enum side { SIDE_LEADER = 1, SIDE_FOLLOWER };

enum message_type {
	MESSAGE_HELLO = 1,       /* F: I begin a session */
	MESSAGE_WELCOME,         /* L: in this version; a snapshot follows */
	MESSAGE_REFUSE,          /* L: no session, and why */
	MESSAGE_SNAPSHOT_BEGIN,  /* L: forget what you collected; upserts and deletes up to the end are the whole state */
	MESSAGE_SNAPSHOT_END,    /* L: this is the hash of it */
	MESSAGE_UPSERT,          /* L: this object is to be there so */
	MESSAGE_DELETE,          /* L: this object was seen to be deleted */
	MESSAGE_BEAT,            /* L: I am there; with the hash of the whole state when all of it was sent */
	MESSAGE_ACK,             /* F: received up to here; after a beat with a hash, with mine */
	MESSAGE_REPORT,          /* F: what became of one object */
	MESSAGE_FITNESS,         /* F: how I am */
	MESSAGE_TYPES,
};

/* The tags of the fields. */
enum message_field {
	FIELD_FEDERATION = 1, FIELD_CONTEXT, FIELD_SOFTWARE, FIELD_NEWEST, FIELD_BEAT_MS, FIELD_KEY, FIELD_BODY, FIELD_HASH,
	FIELD_STAMP, FIELD_OUTCOME, FIELD_GENERATION, FIELD_REASON, FIELD_TEXT, FIELD_FIT, FIELD_COPIES, FIELD_FAILING,
	FIELD_FOREIGN, FIELD_UP_TO, MESSAGE_FIELDS,
};
#define HAS(field) (UINT32_C(1) << (field))

enum outcome {
	OUTCOME_EQUAL = 1,       /* the copy is as wanted; its generation is told */
	OUTCOME_GONE,            /* deleted, or there was none */
	OUTCOME_FAILED,          /* the text says why */
	OUTCOME_KEPT,            /* deleted at the leader, but what is here is no copy: stays */
};

/* Why a frame or message was refused: the labels of a counter. The first ones are this file's, the others those of the
 * state machines that the messages are for. */
enum fault {
	FAULT_NONE,
	FAULT_MALFORMED,         /* not by the grammar */
	FAULT_OVERSIZED,         /* the frame or a field is over its limit */
	FAULT_VERSION,           /* of a version that is not spoken here, or not the agreed one */
	FAULT_SENDER,            /* this side may not send it, or the key is another one's */
	FAULT_FEDERATION,        /* of another federation */
	FAULT_EPOCH,             /* of an older epoch */
	FAULT_SESSION,           /* of no session, or of one that is over */
	FAULT_REPLAYED,          /* a sequence number that was there already */
	FAULT_GAP,               /* something before it is missing */
	FAULT_ORDER,             /* not at this point of the conversation */
	FAULT_CONTENT,           /* an object that is not what its key and hash say, or more than is held */
	FAULTS,
};
const char *fault_name(enum fault fault);            /* "malformed", ... */

struct version_pair {
	uint8_t major, minor;
};
extern const struct version_pair VERSION_OLDEST, VERSION_NEWEST;      /* that this program speaks */

/* The newest that both speak, each from its oldest to its newest; false: none. */
bool version_agree(struct version_pair oldest_a, struct version_pair newest_a,
		   struct version_pair oldest_b, struct version_pair newest_b, struct version_pair *out);

struct message {
	enum message_type type;
	struct version_pair version;     /* agreed; of hello: the sender's oldest */
	uint64_t session;                /* drawn by the follower for each hello; never 0 */
	uint64_t epoch;                  /* of the leader; of hello and refuse: the highest that was seen, may be 0 */
	uint64_t sequence;               /* counts this sender's messages of the session, from 1 */
	uint32_t has;                    /* HAS() of the fields that are there; optional ones are sent only if it says so */

	struct slice federation;         /* the AMKO UUID */
	struct slice context;            /* the sender's cluster, as the members' kubeconfig calls it */
	struct slice software;           /* version of the sender's program; for people */
	struct version_pair newest;      /* that the sender speaks */
	uint32_t beat_ms;                /* the time between beats */
	struct slice key;                /* "GSLBConfig/avi-system/gc-1" */
	struct slice body;               /* the object, JSON; not looked at here */
	struct sha256 hash;              /* of an object's content, or of the whole state */
	struct slice stamp;              /* which deletion: the uid of the object that was deleted */
	uint8_t outcome;                 /* enum outcome */
	uint64_t generation;             /* of the copy */
	struct slice reason;             /* of a refusal, one word: "version", "federation", "epoch", "busy" */
	struct slice text;               /* for people */
	struct slice fit;                /* words of what holds of this instance */
	uint32_t copies, failing, foreign;
	uint64_t up_to;                  /* the last sequence that was received, nothing before it missing */
};

const char *message_name(enum message_type type);    /* "snapshot-begin"; "none" for none */
/* A message's line in the grammar, for the test that compares both. False: no such message. */
bool message_grammar(enum message_type type, struct buf *out);

/* Reads a frame that `from` sent. Fields of a newer minor version that are not known here are passed over; hello and refuse
 * are read whatever their version. */
enum fault message_decode(struct slice frame, enum side from, struct message *out);
/* Appends the frame. A fault: the message is not one that message_decode() would take; `out` is unchanged then. */
enum fault message_encode(const struct message *message, struct buf *out);
