/* keeper/lead.h - an epoch from its first moment to its end: renewals, record, view, the first write, why it stops. Pure. */
#pragma once

#include "keeper/protocol.h"

void lead_begin(struct protocol *p, int64_t now_ms);
/* What the epoch does about promotions, its view and the record, before anything is asked. */
void lead_tend(struct protocol *p, int64_t now_ms);
/* May the worker write now? */
bool lead_may_write(const struct protocol *p, int64_t now_ms);
/* When it may, as far as that is known; INT64_MAX: it depends on an answer. */
int64_t lead_first_write_ms(const struct protocol *p);

/* The epoch is over, whatever answers later; REASON_NONE: it is not. */
enum reason lead_over(const struct protocol *p, int64_t now_ms);
/* The epoch is to be released, and to whom; REASON_NONE: it is not. */
enum reason lead_leave(const struct protocol *p, int64_t now_ms, int *heir);

/* What a renewal writes into a Lease, and into the record. */
struct claim lead_claim(const struct protocol *p);
struct claim lead_record(const struct protocol *p);
/* Does the epoch want the record to say what lead_record() says, and it does not? */
bool lead_must_put_record(const struct protocol *p, int64_t now_ms);
/* Is it ours as last seen: this epoch and holder? */
bool lead_has_record(const struct protocol *p);
