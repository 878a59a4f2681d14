#include "common/config/choose.h"

#include "common/config/uuid.h"

const struct gslbconfig *config_choose(const struct gslbconfig *const *all, size_t n, const char *namespace,
				       const char *in_charge)
{
	const struct gslbconfig *accepted = NULL, *oldest = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!streq0(all[i]->namespace, namespace))
			continue;
		if (in_charge && streq(all[i]->name, in_charge))
			return all[i];
		if (!accepted && all[i]->state && streq(all[i]->state, STATE_ACCEPTED))
			accepted = all[i];
		if (!oldest)
			oldest = all[i];
	}
	return accepted ? accepted : oldest;
}

static bool complain(struct complaint *out, const char *reason, char *state, char *message)
{
	*out = (struct complaint){ reason, state, message };
	return true;
}

#define MAX_FURTHER_ADDRESSES 8

/* What is wrong with the further addresses; NULL: nothing. Yours to free. */
static char *address_complaint(const struct strs *addresses)
{
	if (addresses->n > MAX_FURTHER_ADDRESSES)
		return xasprintf("spec.gslbLeader.controllerAddresses: %zu entries, at most %d", addresses->n, MAX_FURTHER_ADDRESSES);
	for (size_t i = 0; i < addresses->n; i++)
		if (!*addresses->v[i])
			return xasprintf("spec.gslbLeader.controllerAddresses[%zu]: is empty", i);
	return NULL;
}

bool config_complaint(const struct gslbconfig *config, struct complaint *out)
{
	CLEANUP(freep) char *bad_address = address_complaint(&config->controller_addresses);
	char uuid[37];

	*out = (struct complaint){ 0 };
	if (config->error)
		return complain(out, "Invalid", xasprintf("error: invalid gslb config, %s", config->error),
				xstrdup(config->error));
	if (config->uuid_annotation && !uuid_normalise(config->uuid_annotation, uuid))
		return complain(out, "BadUUID", NULL, xasprintf("metadata.annotations: %s: \"%s\" is no UUID", UUID_ANNOTATION,
								config->uuid_annotation));
	if (!config->controller_ip || !*config->controller_ip)
		return complain(out, "NoController", xstrdup("error: invalid gslb config with controller IP "),
				xstrdup("spec.gslbLeader.controllerIP is empty"));
	if (bad_address)
		return complain(out, "Invalid", xasprintf("error: invalid gslb config, %s", bad_address), xstrdup(bad_address));
	if (!config->credentials || !*config->credentials)
		return complain(out, "NoCredentials", xstrdup("error: invalid gslb config with leaderSecret "),
				xstrdup("spec.gslbLeader.credentials is empty: it names the Secret with username and password"));
	/* Names come from HostRules in that mode, which are not read yet: going on would find no service wanted at all. */
	if (config->use_custom_global_fqdn)
		return complain(out, "Unsupported", xstrdup("error: invalid gslb config, useCustomGlobalFqdn is not supported"),
				xstrdup("spec.useCustomGlobalFqdn: true is not supported; nothing is changed at the controller"));
	return false;
}

void complaint_release(struct complaint *complaint)
{
	free(complaint->state);
	free(complaint->message);
	*complaint = (struct complaint){ 0 };
}

void config_addresses(const struct gslbconfig *config, struct strs *out)
{
	if (config->controller_ip && *config->controller_ip)
		strs_add_once(out, config->controller_ip);
	for (size_t i = 0; i < config->controller_addresses.n; i++)
		strs_add_once(out, config->controller_addresses.v[i]);
}

bool config_same_controller(const struct gslbconfig *a, const struct gslbconfig *b)
{
	return streq0(a->controller_ip, b->controller_ip) && streq0(a->controller_version, b->controller_version) &&
	       streq0(a->uuid_annotation, b->uuid_annotation);
}

static bool same_members(const struct gslbconfig *a, const struct gslbconfig *b)
{
	if (a->n_member_clusters != b->n_member_clusters)
		return false;
	for (size_t i = 0; i < a->n_member_clusters; i++)
		if (!streq0(a->member_clusters[i].context, b->member_clusters[i].context))
			return false;
	return true;
}

bool config_same_but_log_level(const struct gslbconfig *a, const struct gslbconfig *b)
{
	return streq0(a->name, b->name) && config_same_controller(a, b) && same_members(a, b) &&
	       strs_same_list(&a->controller_addresses, &b->controller_addresses) &&
	       streq0(a->credentials, b->credentials) && streq(a->tenant, b->tenant) &&
	       a->refresh_interval_s == b->refresh_interval_s && a->use_custom_global_fqdn == b->use_custom_global_fqdn;
}
