#include "common/base/json_memory.h"

#ifndef __has_feature
#define __has_feature(feature) 0           /* clang's way to say what gcc defines a macro for */
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)

void *json_alloc(size_t n)
{
	return xmalloc(n);
}

void json_dealloc(void *p)
{
	free(p);
}

#else

#define CHUNK_BYTES 32768                  /* and its alignment, by which a value finds its chunk */
#define ALIGNMENT 8

/* A page's worth of chunks is kept for the next page: between what stays there would soon be no room for their alignment. */
#define SPARES_MAX 32

/* The header; what is given out follows. What is larger than a chunk gets one of its own that is as long as need be. */
struct chunk {
	size_t n_in_use;
	size_t n_bytes;                    /* given out, with the header */
	struct chunk *next;                /* of the spares */
};

static struct chunk *current;              /* the one with room at its end */
static struct chunk *spares;
static size_t n_spares;

static struct chunk *new_chunk(size_t n)
{
	size_t size = (sizeof(struct chunk) + n + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES;
	struct chunk *chunk = n < SIZE_MAX - 2 * CHUNK_BYTES ? aligned_alloc(CHUNK_BYTES, size) : NULL;

	return chunk ? chunk : xmalloc(SIZE_MAX);      /* which says so */
}

static void drop_chunk(struct chunk *chunk)
{
	if (chunk->n_bytes > CHUNK_BYTES || n_spares == SPARES_MAX) {
		free(chunk);
		return;
	}
	chunk->next = spares;
	spares = chunk;
	n_spares++;
}

static struct chunk *open_chunk(size_t n)
{
	struct chunk *chunk = spares;

	if (chunk && sizeof(*chunk) + n <= CHUNK_BYTES) {
		spares = chunk->next;
		n_spares--;
	} else {
		chunk = new_chunk(n);
	}
	*chunk = (struct chunk){ .n_bytes = sizeof(*chunk) };
	if (current && !current->n_in_use)
		drop_chunk(current);
	return current = chunk;
}

void *json_alloc(size_t n)
{
	struct chunk *chunk = current;
	char *p;

	n = (n + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!chunk || n > CHUNK_BYTES || chunk->n_bytes + n > CHUNK_BYTES)
		chunk = open_chunk(n);
	p = (char *)chunk + chunk->n_bytes;
	chunk->n_bytes += n;
	chunk->n_in_use++;
	return p;
}

void json_dealloc(void *p)
{
	struct chunk *chunk = (struct chunk *)((uintptr_t)p & ~(uintptr_t)(CHUNK_BYTES - 1));

	if (!p || --chunk->n_in_use)
		return;
	if (chunk == current && chunk->n_bytes <= CHUNK_BYTES) {
		chunk->n_bytes = sizeof(*chunk);   /* from the front again */
		return;
	}
	if (chunk == current)
		current = NULL;
	drop_chunk(chunk);
}

#endif
