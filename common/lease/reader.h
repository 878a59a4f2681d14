/* common/lease/reader.h - what comes through a lease pipe, byte by byte, and where a moment lies in a term. Pure.
 *
 * Ownership: plain values; a zeroed reader has read nothing.
 * Errors:    ERR_INVALID for anything that is no line of term.h: nothing after it can be trusted.
 */
#pragma once

#include "common/leadership/term.h"

struct lease_reader {
	struct term term;              /* the last one that counts; epoch 0: none yet */
	char line[TERM_LINE_MAX];      /* begun */
	size_t n;
};

/* Whole lines take effect one after the other, the last one counts; one of an older epoch never does. */
bool lease_reader_feed(struct lease_reader *reader, struct slice bytes, struct err *err);

/*  WAITING ──a time──► OPEN ──t0 + R──► CLOSING ──t0 + L - M──► SHUT     a later term leads back to OPEN;
 *                                                                        a term without a time to CLOSING or WAITING
 *  LOST: the pipe has ended; for ever. */
enum lease_state {
	LEASE_WAITING,                 /* no write yet */
	LEASE_OPEN,                    /* writes start */
	LEASE_CLOSING,                 /* those that have started end */
	LEASE_SHUT,                    /* none is under way any more */
	LEASE_LOST,
};
const char *lease_state_name(enum lease_state state);      /* "waiting", ...: stable words for logs and metrics */
/* Never LEASE_LOST: a term does not know of its pipe. */
enum lease_state lease_state_at(const struct term *term, int64_t now_ms);
/* When it will be another one without a new term; INT64_MAX: never. */
int64_t lease_state_ends_ms(const struct term *term, int64_t now_ms);
