/* follower/fitness.h - could this instance lead now, and if not why. Pure.
 *
 * The parts are those that its keeper shows (common/leadership/marks.h); the reasons are for people.
 * Ownership: borrows what was observed. Errors: none.
 */
#pragma once

#include "common/avi/check.h"
#include "common/config/home.h"
#include "common/leadership/marks.h"

/* What was seen of this cluster and its controller. */
struct observed {
	const char *api_trouble;               /* the own cluster's API server; NULL: it answers */
	bool has_configs;                      /* the list of GSLBConfigs is complete */
	const struct gslbconfig *config;       /* the one that would be in charge; NULL: there is none */
	bool has_secret;                       /* the Secret that it names was asked for and answered */
	const struct credentials *credentials; /* NULL: no such Secret */
	bool has_kubeconfig;                   /* of the members */
	const char *kubeconfig_error;          /* NULL: it could be read */
	bool was_checked;                      /* the controller */
	enum controller_health controller;
	const char *controller_why;
};

/* why: a sentence for each thing that is missing; empty when it is fit. Zeroed before. */
void fitness_judge(const struct observed *seen, struct fitness *out, struct strs *why);
bool fitness_is_whole(const struct fitness *fitness);
