#include "common/kube/kubeconfig.h"

static const struct kube_context *choose(const struct kubeconfig *config, const char *path, const char *name, struct err *err)
{
	const struct kube_context *context = name ? kubeconfig_find(config, name) : NULL;

	if (!name)
		err_set(err, ERR_INVALID, "--kubeconfig %s has no current-context: name one with --context", path);
	else if (!context)
		err_set(err, ERR_INVALID, "--context %s is not in %s", name, path);
	else if (context->error)
		err_set(err, ERR_INVALID, "context %s: %s", name, context->error);
	else
		return context;
	return NULL;
}

bool kubeconfig_read_own(const char *path, const char *name, struct kubeconfig *out, const struct kube_context **context,
			 struct err *err)
{
	if (!path && !kubeconfig_in_cluster("in-cluster", out, err))
		return err_wrap(err, "no --kubeconfig, and not in a cluster");
	if (path && !kubeconfig_read(path, out, err))
		return err_wrap(err, "--kubeconfig %s", path);
	*context = choose(out, path ? path : "the pod", !path ? "in-cluster" : name ? name : out->current, err);
	if (*context)
		return true;
	kubeconfig_release(out);
	return false;
}
