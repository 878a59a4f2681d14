/* follower/stock.h - what the own cluster has of the kinds that are carried: all of each object, watched.
 *
 * Ownership: owns three informers; run the loop after stock_free().
 */
#pragma once

#include "common/kube/informer.h"
#include "common/mirror/copy.h"

struct stock;

struct stock_options {
	struct kube_client *kube;
	uv_loop_t *loop;
	void (*on_change)(void *arg, const char *key);         /* an object came, changed or went */
	void (*on_state)(void *arg);                           /* a kind is known now, or is not any more */
	void *arg;
};

struct stock *stock_new(const struct stock_options *options);
void stock_free(struct stock *stock);                      /* NULL is fine */
/* Whether the kind of this key is known: listed to its end and watched. */
bool stock_knows(const struct stock *stock, const char *key);
/* The object; NULL: there is none. Yours to delete. */
cJSON *stock_get(const struct stock *stock, const char *key);
void stock_each(const struct stock *stock, void (*each)(void *arg, const char *key), void *arg);
