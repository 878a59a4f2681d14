/* tests/sim/kubesim/journal.h - the requests of all clusters in their order. The newest 200000 are kept; numbers never
 * start again. Bodies and credentials are not in it. */
#pragma once

#include "tests/sim/kubesim/api.h"

#define KS_JOURNAL_MAX_ENTRIES 200000

struct ks_journal;
struct ks_journal *ks_journal_new(void);
void ks_journal_free(struct ks_journal *journal);                     /* NULL is fine */
/* status 0: the connection was cut. fault: the rule's id, 0 for none. */
void ks_journal_add(struct ks_journal *journal, const struct ks_request *request, int status, int64_t fault);
void ks_journal_clear(struct ks_journal *journal);
/* A JSON list of the entries above n, at most `limit` of them (0: all). Yours to free. */
char *ks_journal_since(const struct ks_journal *journal, uint64_t n, size_t limit);
uint64_t ks_journal_last_n(const struct ks_journal *journal);
