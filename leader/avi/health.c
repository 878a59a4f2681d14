#include "leader/avi/health.h"

#include "leader/avi/doubt.h"

#define NOT_LEADER_MS 10000
#define RETRY_MIN_MS 5000
#define RETRY_MAX_MS 30000                     /* nobody wants to wait much longer for a controller that is back */

struct health {
	struct health_options options;
	struct controller *controller;
	int64_t interval_ms;
	uv_timer_t *timer;
	struct backoff backoff;
	struct doubt doubt;
	bool is_checking, is_bad;
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

struct health *health_new(const struct health_options *options)
{
	struct health *health = xcalloc(1, sizeof(*health));

	health->options = *options;
	health->interval_ms = 600 * 1000;
	health->backoff = (struct backoff){ .min_ms = RETRY_MIN_MS, .max_ms = RETRY_MAX_MS };
	doubt_init(&health->doubt);
	health->timer = xcalloc(1, sizeof(*health->timer));
	uv_timer_init(options->loop, health->timer);
	health->timer->data = health;
	return health;
}

void health_free(struct health *health)
{
	if (!health)
		return;
	uv_close((uv_handle_t *)health->timer, close_handle);
	doubt_release(&health->doubt);
	free(health);
}

static void on_due(uv_timer_t *timer)
{
	health_check_now(timer->data);
}

static int64_t next_wait_ms(struct health *health, enum controller_health result)
{
	if (result == CONTROLLER_LEADER || result == CONTROLLER_NOT_LEADER)
		backoff_reset(&health->backoff);
	if (result == CONTROLLER_LEADER)
		return health_doubts_ms(health) ? health_doubts_ms(health) : health->interval_ms;
	if (result == CONTROLLER_NOT_LEADER)
		return NOT_LEADER_MS;
	/* While logins are held back a check would ask nobody. */
	return MAX(backoff_next_ms(&health->backoff), avi_session_held_ms(controller_session(health->controller)));
}

static void on_checked(void *arg, enum controller_health result, const char *why)
{
	struct health *health = arg;

	health->is_checking = false;
	health->is_bad = result != CONTROLLER_LEADER;
	uv_timer_start(health->timer, on_due, (uint64_t)next_wait_ms(health, result), 0);
	health->options.on_health(health->options.arg, result, why);
}

void health_check_now(struct health *health)
{
	uv_timer_stop(health->timer);
	if (!health->controller || health->is_checking)
		return;
	health->is_checking = true;
	controller_check(health->controller, on_checked, health);
}

void health_suspect(struct health *health, const char *name, int64_t retry_after_ms)
{
	bool is_waiting = health->is_checking || health->is_bad || health_doubts_ms(health);

	doubt_raise(&health->doubt, name, !is_waiting, retry_after_ms, uv_now(health->options.loop));
	if (!is_waiting)
		health_check_now(health);
}

void health_trust(struct health *health)
{
	doubt_end(&health->doubt);
}

int64_t health_doubts_ms(const struct health *health)
{
	return doubt_left_ms(&health->doubt, uv_now(health->options.loop));
}

void health_follow(struct health *health, struct controller *controller)
{
	health->controller = controller;
	health->is_checking = false;
	health->is_bad = false;
	backoff_reset(&health->backoff);
	doubt_release(&health->doubt);
	doubt_init(&health->doubt);
	health_check_now(health);
}

void health_set_interval(struct health *health, int64_t interval_s)
{
	health->interval_ms = interval_s * 1000;
}

bool health_is_checking(const struct health *health)
{
	return health->is_checking;
}
