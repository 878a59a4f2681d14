/* common/base/json_memory.h - where cJSON's values live: chunks that are given out from front to back, given back whole.
 *
 * A page of a list is tens of thousands of small values that come and go together; with malloc and free they were a third
 * of the work of reading it. A chunk counts what of it is in use, and is free when that is nothing. So a value that stays
 * keeps 32 KiB; a process that stores values must not use this. With the address sanitizer each value is malloc's, so that
 * it sees misuse.
 *
 * Private to json.c. For one thread.
 */
#pragma once

#include "common/base/base.h"

void *json_alloc(size_t n);                /* aborts when memory runs out */
void json_dealloc(void *p);                /* only json_alloc()'s; NULL is fine */
