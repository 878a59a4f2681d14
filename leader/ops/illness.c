#include "leader/ops/illness.h"

#include "common/base/base.h"

static const char *or_else(const char *text, const char *other)
{
	return text ? text : other;
}

const char *illness_of(const struct work *work)
{
	if (work->own_trouble)                                         /* 1. the own API server */
		return work->own_trouble;
	if (!work->has_config)                                         /* 2. nothing says what to do */
		return work->complaint ? work->complaint : work->has_none ? "there is no GSLBConfig" : NULL;
	if (!work->has_kubeconfig)                                     /* 3. nor where the clusters are */
		return or_else(work->kubeconfig_error, "there is no members' kubeconfig");
	if (work->was_checked && !work->leads)                         /* 4. nowhere to write to */
		return or_else(work->controller_why, "the controller does not lead");
	if (work->is_listing_bad)                                      /* 5. what is there is not known */
		return "the controller's objects cannot be read";
	return NULL;
}
