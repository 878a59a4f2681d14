#include "leader/avi/doubt.h"

#define DOUBT_MIN_MS 1000
#define DOUBT_MAX_MS 10000
#define RETRY_AFTER_MAX_MS 120000

void doubt_init(struct doubt *doubt)
{
	*doubt = (struct doubt){ .backoff = { .min_ms = DOUBT_MIN_MS, .max_ms = DOUBT_MAX_MS } };
}

void doubt_release(struct doubt *doubt)
{
	free(TAKE(doubt->name));
}

void doubt_raise(struct doubt *doubt, const char *name, bool is_first, int64_t retry_after_ms, uint64_t now_ms)
{
	bool is_deeper = is_first && doubt->name && !streq(doubt->name, name);
	int64_t wait_ms = is_deeper ? backoff_next_ms(&doubt->backoff) : 0;

	wait_ms = MAX(wait_ms, MIN(retry_after_ms, RETRY_AFTER_MAX_MS));
	doubt->until_ms = MAX(doubt->until_ms, now_ms + (uint64_t)wait_ms);
	free(doubt->name);
	doubt->name = xstrdup(name);
}

void doubt_end(struct doubt *doubt)
{
	free(TAKE(doubt->name));
	backoff_reset(&doubt->backoff);
}

int64_t doubt_left_ms(const struct doubt *doubt, uint64_t now_ms)
{
	return doubt->until_ms > now_ms ? (int64_t)(doubt->until_ms - now_ms) : 0;
}
