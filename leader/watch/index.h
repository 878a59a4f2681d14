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
/* Takes `before`'s records out and puts `after`'s in (either may be NULL); touched is told each host of both once. */
void index_change(struct index *index, const char *cluster, const struct host_object *before,
		  const struct host_object *after, void (*touched)(void *arg, const char *host), void *arg);
/* The entries of a host, in no order; *n = 0 where there is none. Borrowed until the next index_change(). */
const struct index_entry *index_find(const struct index *index, const char *host, size_t *n);
void index_each_host(const struct index *index, void (*each)(void *arg, const char *host), void *arg);
