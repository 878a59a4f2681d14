#include "leader/config/policies.h"

#include "common/base/log.h"
#include "common/io/backoff.h"

#define RETRY_MIN_MS 5000
#define RETRY_MAX_MS 60000

/* What came out of judging one content of one object; kept so that it is not judged again and again. */
struct verdict {
	struct gdp *gdp;               /* as it was judged */
	char *text;                    /* errorStatus */
	bool is_accepted;
};

struct policies {
	struct policies_options options;
	const struct gslbconfig *config;
	struct controller *controller;
	struct verdict *verdicts;
	size_t n_verdicts, cap_verdicts;
	struct gdp *in_force;
	struct lookups in_force_lookups;
	enum policy_state state;
	bool is_deletion_seen;         /* of the one in force; takes effect when no successor is accepted */
	/* Being judged: the controller is asked. */
	struct gdp *judged;
	struct lookups lookups;
	char *lookup_error;
	struct backoff backoff;
	uv_timer_t *retry;
	bool is_waiting;               /* for the retry */
};

static void close_handle(uv_handle_t *handle)
{
	free(handle);
}

struct policies *policies_new(const struct policies_options *options)
{
	struct policies *p = xcalloc(1, sizeof(*p));

	p->options = *options;
	p->backoff = (struct backoff){ .min_ms = RETRY_MIN_MS, .max_ms = RETRY_MAX_MS };
	p->retry = xcalloc(1, sizeof(*p->retry));
	uv_timer_init(options->loop, p->retry);
	p->retry->data = p;
	return p;
}

static void stop_judging(struct policies *p)
{
	uv_timer_stop(p->retry);
	p->is_waiting = false;
	if (p->judged && p->controller)
		controller_lookup_cancel(p->controller);
	gdp_free(TAKE(p->judged));
	lookups_release(&p->lookups);
	free(TAKE(p->lookup_error));
}

static void forget_verdicts(struct policies *p)
{
	while (p->n_verdicts) {
		struct verdict *verdict = &p->verdicts[--p->n_verdicts];

		gdp_free(verdict->gdp);
		free(verdict->text);
	}
}

void policies_free(struct policies *p)
{
	if (!p)
		return;
	stop_judging(p);
	forget_verdicts(p);
	free(p->verdicts);
	gdp_free(p->in_force);
	lookups_release(&p->in_force_lookups);
	uv_close((uv_handle_t *)p->retry, close_handle);
	free(p);
}

static bool is_object(const struct gdp *a, const struct gdp *b)
{
	return a && b && streq0(a->namespace, b->namespace) && streq(a->name, b->name);
}

static struct verdict *find_verdict(const struct policies *p, const struct gdp *gdp)
{
	for (size_t i = 0; i < p->n_verdicts; i++)
		if (is_object(p->verdicts[i].gdp, gdp) && gdp_same_spec(p->verdicts[i].gdp, gdp))
			return &p->verdicts[i];
	return NULL;
}

static void drop_verdicts_of(struct policies *p, const struct gdp *gdp)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n_verdicts; i++) {
		if (is_object(p->verdicts[i].gdp, gdp)) {
			gdp_free(p->verdicts[i].gdp);
			free(p->verdicts[i].text);
		} else {
			p->verdicts[kept++] = p->verdicts[i];
		}
	}
	p->n_verdicts = kept;
}

static void put_in_force(struct policies *p, const struct gdp *gdp)
{
	gdp_free(p->in_force);
	p->in_force = gdp_copy(gdp);
	lookups_release(&p->in_force_lookups);
	p->in_force_lookups = p->lookups;
	p->lookups = (struct lookups){ 0 };
	p->state = POLICY_IN_FORCE;
	p->is_deletion_seen = false;
	log_info("policy_in_force", KV("policy", gdp->name), KV("generation", (long long)gdp->generation));
	p->options.on_change(p->options.arg);
}

static void put_out_of_force(struct policies *p)
{
	log_warn("policy_deleted", KV("policy", p->in_force->name));
	gdp_free(TAKE(p->in_force));
	lookups_release(&p->in_force_lookups);
	p->state = POLICY_DELETED;
	p->is_deletion_seen = false;
	p->options.on_change(p->options.arg);
}

static void decide(struct policies *p, enum validate_result result, char *text)
{
	struct gdp *gdp = TAKE(p->judged);

	drop_verdicts_of(p, gdp);
	p->verdicts = grow(p->verdicts, &p->cap_verdicts, p->n_verdicts, sizeof(*p->verdicts));
	p->verdicts[p->n_verdicts++] = (struct verdict){ gdp, text, result == VALIDATE_ACCEPTED };
	backoff_reset(&p->backoff);
	if (result == VALIDATE_ACCEPTED)
		put_in_force(p, gdp);
	else
		log_warn("policy_refused", KV("policy", gdp->name), KV("err", text));
	stop_judging(p);
	policies_run(p);
}

static void on_lookups(void *arg, const char *why);

static void ask(struct policies *p)
{
	const char *tenant = home_tenant(p->options.home);

	p->is_waiting = false;
	controller_lookup(p->controller, tenant ? tenant : p->config->tenant, &p->lookups, on_lookups, p);
}

static void on_retry(uv_timer_t *timer)
{
	ask(timer->data);
}

static void on_lookups(void *arg, const char *why)
{
	struct policies *p = arg;
	enum validate_result result;
	char *text = NULL;

	if (why) {
		if (!p->lookup_error || !streq(p->lookup_error, why))
			log_warn("policy_lookup_failed", KV("policy", p->judged->name), KV("err", why));
		free(p->lookup_error);
		p->lookup_error = xstrdup(why);
		p->is_waiting = true;
		uv_timer_start(p->retry, on_retry, (uint64_t)backoff_next_ms(&p->backoff), 0);
		p->options.on_settled(p->options.arg);
		return;
	}
	result = gdp_validate(p->judged, p->config, &p->lookups, &text);
	assert(result != VALIDATE_NEEDS_LOOKUPS);
	decide(p, result, text);
}

static void judge(struct policies *p, const struct gdp *gdp)
{
	enum validate_result result;
	char *text = NULL;

	stop_judging(p);
	p->judged = gdp_copy(gdp);
	gdp_required_lookups(p->judged, p->config, &p->lookups);
	result = gdp_validate(p->judged, p->config, &p->lookups, &text);
	if (result == VALIDATE_NEEDS_LOOKUPS)
		ask(p);
	else
		decide(p, result, text);
}

/* Those of our namespace: marked "success" first, then by age. Yours to free. */
static const struct gdp **candidates(const struct policies *p, size_t *n)
{
	size_t n_all, kept = 0;
	const struct gdp **all = home_policies(p->options.home, &n_all);
	const struct gdp **out = xcalloc(n_all, sizeof(*out));

	for (int marked = 1; marked >= 0; marked--) {
		for (size_t i = 0; i < n_all; i++) {
			bool is_marked = all[i]->error_status && streq(all[i]->error_status, GDP_SUCCESS);

			if (streq0(all[i]->namespace, p->options.namespace) && is_marked == (marked == 1))
				out[kept++] = all[i];
		}
	}
	free(all);
	*n = kept;
	return out;
}

static void tell_status(struct policies *p, const struct gdp *gdp, const char *text)
{
	if (!streq0(gdp->error_status, text))
		p->options.set_status(p->options.arg, gdp, text);
}

/* The one to judge now; NULL when there is nothing left to judge. */
static const struct gdp *next_to_judge(const struct policies *p, const struct gdp *const *all, size_t n)
{
	for (size_t i = 0; i < n && p->in_force; i++)
		if (is_object(all[i], p->in_force) && !p->is_deletion_seen)
			return find_verdict(p, all[i]) ? NULL : all[i];
	for (size_t i = 0; i < n; i++)
		if (!find_verdict(p, all[i]))
			return all[i];
	return NULL;
}

static void tell_all(struct policies *p, const struct gdp *const *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct verdict *verdict = find_verdict(p, all[i]);

		if (p->in_force && !p->is_deletion_seen && !is_object(all[i], p->in_force))
			tell_status(p, all[i], GDP_ALREADY_EXISTS);
		else if (verdict)
			tell_status(p, all[i], verdict->text);
	}
}

void policies_run(struct policies *p)
{
	CLEANUP(freep) const struct gdp **all = NULL;
	const struct gdp *next;
	size_t n;

	if (!p->config || !p->controller || !home_has_policies(p->options.home) || !home_has_namespace(p->options.home))
		return;
	all = candidates(p, &n);
	next = next_to_judge(p, all, n);
	tell_all(p, all, n);
	if (next && p->judged && is_object(next, p->judged) && gdp_same_spec(next, p->judged))
		return;            /* it is being judged */
	if (next) {
		judge(p, next);
		return;
	}
	stop_judging(p);
	if (p->is_deletion_seen)
		put_out_of_force(p);
	p->options.on_settled(p->options.arg);
}

void policies_deleted(struct policies *p, const char *namespace, const char *name)
{
	const struct gdp gone = { .namespace = (char *)(uintptr_t)namespace, .name = (char *)(uintptr_t)name };

	/* One of this name that is made anew is another object: what was said of this one says nothing about it. */
	drop_verdicts_of(p, &gone);
	if (!is_object(p->in_force, &gone))
		return;
	p->is_deletion_seen = true;
	/* Refused ones get another chance, the oldest first. */
	forget_verdicts(p);
}

void policies_configure(struct policies *p, const struct gslbconfig *config, struct controller *controller)
{
	stop_judging(p);
	forget_verdicts(p);
	p->config = config;
	p->controller = controller;
	policies_run(p);
}

enum policy_state policies_state(const struct policies *p)
{
	return p->state;
}

const struct gdp *policies_in_force(const struct policies *p)
{
	return p->in_force;
}

const struct lookups *policies_lookups(const struct policies *p)
{
	return &p->in_force_lookups;
}

bool policies_is_settled(const struct policies *p)
{
	return home_has_policies(p->options.home) && home_has_namespace(p->options.home) && (!p->judged || p->is_waiting);
}

static const struct verdict *any_refusal(const struct policies *p)
{
	for (size_t i = 0; i < p->n_verdicts; i++)
		if (!p->verdicts[i].is_accepted && (!p->in_force || is_object(p->verdicts[i].gdp, p->in_force)))
			return &p->verdicts[i];
	return NULL;
}

const char *policies_condition(const struct policies *p, const char **reason, const char **message)
{
	const struct verdict *refusal = any_refusal(p);

	if (p->lookup_error) {
		*reason = "ControllerUnreachable";
		*message = p->lookup_error;
		return "Unknown";
	}
	if (refusal) {
		*reason = "Refused";
		*message = refusal->text;
		return "False";
	}
	if (p->in_force) {
		*reason = "Accepted";
		*message = p->in_force->app_labels.n || p->in_force->namespace_labels.n ? "" :
			   "neither appSelector nor namespaceSelector is set: nothing is selected";
		return "True";
	}
	*reason = p->state == POLICY_DELETED ? "Deleted" : "NoPolicy";
	*message = p->state == POLICY_DELETED ? "the policy was deleted: its services are removed" :
		   "no GlobalDeploymentPolicy is in force: nothing is created or removed";
	return "False";
}
