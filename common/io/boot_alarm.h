/* common/io/boot_alarm.h - alarms on the loop by CLOCK_BOOTTIME, which goes on while the machine sleeps; uv_timer's clock stops.
 *
 * Ownership: boot_alarm_free() closes it; run the loop afterwards.
 * Errors:    none; a kernel without timerfd aborts.
 */
#pragma once

#include <uv.h>

#include "common/base/base.h"

/* Now, in ms. Asks the kernel each time. */
int64_t boottime_ms(void);

struct boot_alarm;

struct boot_alarm *boot_alarm_new(uv_loop_t *loop, void (*on_due)(void *arg), void *arg);
/* on_due is called once, in the loop's next turn at or after at_ms (at once when that is past). Replaces an earlier time. */
void boot_alarm_set(struct boot_alarm *alarm, int64_t at_ms);
void boot_alarm_clear(struct boot_alarm *alarm);
void boot_alarm_free(struct boot_alarm *alarm);            /* NULL is fine */
