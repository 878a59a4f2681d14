/* leader/ops/illness.h - does this leader get on with its work? The keeper is told, and in Automatic hands over to another
 * instance when it does not for three leases. Pure.
 *
 * What another instance could not do better is no illness: a member cluster that is away, a name that the controller refuses, a lease
 * that does not allow a write. Neither is what is still under way for the first time.
 */
#pragma once

#include <stdbool.h>

struct work {
	const char *own_trouble;               /* why the own cluster cannot be read; NULL: it can */
	bool has_none;                         /* there is no GSLBConfig, for all that is known */
	bool has_config;                       /* one is in charge, maybe an older one */
	const char *complaint;                 /* why the newest is not; NULL: it is, or there is none */
	bool has_kubeconfig;                   /* a members' kubeconfig is in force, maybe an older one */
	const char *kubeconfig_error;          /* why the newest is not; NULL: it is */
	bool was_checked;                      /* the controller has been asked */
	bool leads;                            /* it is there, lets us in and leads the GSLB */
	const char *controller_why;            /* why it does not */
	bool is_listing_bad;                   /* the controller's objects could not be read */
};

/* NULL: it does, or begins to. Else why not, in words; borrowed. */
const char *illness_of(const struct work *work);
