/* leader/watch/index.h - host name -> the objects of all clusters that serve it. Pure: no I/O.
 *
 * Ownership: borrows the objects: index_change() must be told before one dies. The index owns only its entries.
 * Errors:    none.
 */
#pragma once

#include "leader/watch/host_object.h"

struct index;

struct index_entry {
	const char *cluster;                  /* borrowed from whoever called index_change() */
	const struct host_object *object;
	const struct host_record *record;
};

struct index *index_new(void);
void index_free(struct index *index);                     /* NULL is fine */
/* While it remembers, an address that an object served and does not serve any more is kept for its host: what was seen to go
 * is known to be gone, whoever else is not known. Not remembering forgets all of them. */
void index_remember_gone(struct index *index, bool remembers);
bool index_remembers_gone(const struct index *index);
/* Of a host; *n = 0 where there is none. Borrowed until the next change. */
const struct gone_address *index_gone(const struct index *index, const char *host, size_t *n);

/* Takes `before`'s records out and puts `after`'s in (either may be NULL); touched is told each host of both once. */
void index_change(struct index *index, const char *cluster, const struct host_object *before,
		  const struct host_object *after, void (*touched)(void *arg, const char *host), void *arg);
/* Takes an object's records out because it is not known any more, which is not the same as gone. */
void index_drop(struct index *index, const struct host_object *object, void (*touched)(void *arg, const char *host), void *arg);
/* The entries of a host, in no order; *n = 0 where there is none. Borrowed until the next index_change(). */
const struct index_entry *index_find(const struct index *index, const char *host, size_t *n);
void index_each_host(const struct index *index, void (*each)(void *arg, const char *host), void *arg);
