#include "follower/fitness.h"

#include "common/config/choose.h"
#include "common/config/uuid.h"

/* The configuration says whom to log in to, and who we are. */
static void judge_config(const struct observed *seen, struct fitness *out, struct strs *why)
{
	CLEANUP(complaint_release) struct complaint complaint = { 0 };
	char uuid[37];

	if (!seen->has_configs) {
		strs_add(why, "the GSLBConfig has not been read yet");
		return;
	}
	if (!seen->config) {
		strs_add(why, "there is no GSLBConfig");
		return;
	}
	if (config_complaint(seen->config, &complaint))
		strs_add(why, complaint.message);
	if (!seen->config->uuid_annotation)
		strs_take(why, xasprintf("GSLBConfig %s has no %s yet: the first leader makes it, and it comes with the copy",
					 seen->config->name, UUID_ANNOTATION));
	else
		out->has_federation = uuid_normalise(seen->config->uuid_annotation, uuid);
}

static bool judge_secret(const struct observed *seen, struct strs *why)
{
	const struct credentials *credentials = seen->credentials;
	const char *name = seen->config ? seen->config->credentials : NULL;

	if (!name || !*name)
		return false;          /* has been said */
	if (!seen->has_secret)
		strs_take(why, xasprintf("Secret %s has not been read yet", name));
	else if (!credentials)
		strs_take(why, xasprintf("Secret %s does not exist", name));
	else if (!credentials->username || !secret_is_set(&credentials->password))
		strs_take(why, xasprintf("Secret %s lacks username or password", name));
	else
		return true;
	return false;
}

static bool judge_kubeconfig(const struct observed *seen, struct strs *why)
{
	if (seen->has_kubeconfig && !seen->kubeconfig_error)
		return true;
	strs_take(why, xasprintf("the members' kubeconfig: %s",
				 seen->kubeconfig_error ? seen->kubeconfig_error : "has not been read yet"));
	return false;
}

static bool judge_controller(const struct observed *seen, struct strs *why)
{
	if (!seen->was_checked)
		strs_add(why, "the controller has not been asked yet");
	else if (seen->controller != CONTROLLER_LEADER)
		strs_take(why, xasprintf("the controller: %s", seen->controller_why));
	return seen->was_checked && seen->controller == CONTROLLER_LEADER;
}

void fitness_judge(const struct observed *seen, struct fitness *out, struct strs *why)
{
	bool has_secret;

	/* Its copies are what an earlier leader has left there: nothing newer is known here yet. */
	*out = (struct fitness){ .has_api = !seen->api_trouble, .is_current = true };
	if (seen->api_trouble)
		strs_take(why, xasprintf("the own cluster: %s", seen->api_trouble));
	judge_config(seen, out, why);
	has_secret = judge_secret(seen, why);
	out->has_credentials = judge_kubeconfig(seen, why) && has_secret;
	/* Without them nobody can be asked. */
	out->has_avi = has_secret && judge_controller(seen, why);
}

bool fitness_is_whole(const struct fitness *fitness)
{
	return fitness->has_api && fitness->has_avi && fitness->has_credentials && fitness->is_current && fitness->has_federation;
}
