#include "leader/avi/pace.h"

#define SECOND_MS 1000
#define LEAST 8
#define MOST 4096

static size_t limit_of(const struct pace *pace)
{
	return MAX(pace->limit, (size_t)LEAST);
}

uint64_t pace_due_ms(const struct pace *pace, uint64_t now_ms)
{
	return pace->n < limit_of(pace) ? now_ms : MAX(pace->second_ms + SECOND_MS, now_ms);
}

bool pace_take(struct pace *pace, uint64_t now_ms)
{
	if (now_ms >= pace->second_ms + SECOND_MS) {
		pace->second_ms = now_ms;
		pace->n = 0;
	}
	if (pace_due_ms(pace, now_ms) > now_ms)
		return false;
	pace->n++;
	return true;
}

void pace_note(struct pace *pace, bool is_good)
{
	pace->limit = is_good ? MIN(limit_of(pace) * 2, (size_t)MOST) : LEAST;
}
