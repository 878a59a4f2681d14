/* tests/fuzz/fuzz.h - what fuzz targets share. A target is one file, fuzz_<name>.c, which begins with its property.
 *
 * A property that does not hold is a failed assert(); crashes, leaks and undefined behaviour are for the sanitizers.
 * A target whose functions are private to a file includes that file.
 */
#pragma once

#include "common/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static inline struct slice fuzz_slice(const uint8_t *data, size_t size)
{
	return (struct slice){ (const char *)data, size };
}

/* The input as a text: it ends where a NUL is. Yours to free. */
char *fuzz_text(const uint8_t *data, size_t size);
/* The input as JSON; NULL where it is none. Yours to delete. */
cJSON *fuzz_json(const uint8_t *data, size_t size);

/* For targets that read JSON: changes whole values more often than bytes, so that most inputs still are JSON. */
#define FUZZ_MUTATES_JSON() \
	size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) \
	{ return fuzz_mutate_json(data, size, max_size, seed); }
size_t fuzz_mutate_json(uint8_t *data, size_t size, size_t max_size, unsigned seed);
