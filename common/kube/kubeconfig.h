/* common/kube/kubeconfig.h - a kubeconfig's contexts, each resolved to where its API server is and how to prove who we are.
 *
 * Ownership: a struct kubeconfig owns its contexts. Files it names (certificates) are read while parsing; tokenFile is
 *            remembered and read by the client, because the token in it changes.
 * Errors:    ERR_INVALID with line or field path ("line 7: ...", "users[2].user.client-key-data: not base64") for what is
 *            malformed. A context that refers to a missing cluster, user or file, or to a way of proving who we are that we
 *            do not have (auth-provider, impersonation), does not spoil the others: it carries its own error. Of equal
 *            names the first counts.
 * Source:    https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 */
#pragma once

#include "common/base/err.h"
#include "common/base/secret.h"
#include "common/base/strs.h"

/* A program that gives the credentials (client.authentication.k8s.io). */
struct kube_exec {
	char *command;                 /* with a slash in it: a file; without: to be found in PATH */
	struct strs args;
	struct secret *env;            /* each "NAME=value" */
	size_t n_env;
	char *api_version;             /* "client.authentication.k8s.io/v1" or ".../v1beta1" */
	char *install_hint;            /* NULL where absent */
	bool wants_cluster;            /* provideClusterInfo */
	char *cluster_config;          /* JSON of the cluster's extension for such programs; NULL where absent */
};

struct kube_context {
	char *name;
	char *server;                  /* https://host:port, without a slash at the end; may have a path. http:// only where
					  nothing secret would be sent */
	char *namespace;               /* NULL where absent */
	char *tls_server_name;         /* NULL where absent */
	bool insecure;
	char *ca_pem;                  /* NULL: the system's CAs */
	char *cert_pem;
	struct secret key_pem, token;
	char *token_file;              /* NULL where absent; wins over token */
	struct secret basic;           /* "name:password" */
	struct secret proxy;           /* as http_request's; its address may have a password */
	struct kube_exec *exec;        /* NULL where absent, or where one of the others is there: they win */
	char *error;                   /* NULL, or why this context cannot be used, with the field's path */
};

struct kubeconfig {
	struct kube_context *contexts;
	size_t n_contexts;
	char *current;                 /* current-context, NULL where absent */
};

#define KUBECONFIG_MAX_BYTES (4 * 1024 * 1024)
#define KUBECONFIG_MAX_ENTRIES 4096                        /* clusters, users, contexts: each */
#define KUBECONFIG_MAX_WORDS 1000                          /* args, env of a program: each */
#define KUBECONFIG_MAX_RESOLVED_BYTES (64 * 1024 * 1024)   /* credentials of all contexts: each has its own copy */
#define KUBECONFIG_PEM_MAX_BYTES (1024 * 1024)             /* of a file that it names */

/* out: uninitialised; empty on failure. dir: what relative file names in it are relative to; NULL: the current directory. */
bool kubeconfig_parse(struct slice text, const char *dir, struct kubeconfig *out, struct err *err);
bool kubeconfig_read(const char *path, struct kubeconfig *out, struct err *err);
/* Several files as one, as kubectl takes those of KUBECONFIG: what is named in an earlier one counts, also its
 * current-context; files that are not there are passed over, ERR_NOTFOUND where none is. In errors, the entries of all files
 * are counted through. */
bool kubeconfig_read_merged(const struct strs *paths, struct kubeconfig *out, struct err *err);
/* The service account of this pod, as a context of that name: /var/run/secrets/kubernetes.io/serviceaccount and
 * KUBERNETES_SERVICE_HOST/PORT. ERR_NOTFOUND where this is no pod. */
bool kubeconfig_in_cluster(const char *name, struct kubeconfig *out, struct err *err);
/* The same from another folder, for tests. */
bool kubeconfig_in_cluster_at(const char *dir, const char *name, struct kubeconfig *out, struct err *err);
/* The own cluster, as --kubeconfig and --context say: a context of that file (NULL: its current one), without a file the pod's
 * service account. *context is borrowed from *out, which is empty on failure. Messages name the flags. */
bool kubeconfig_read_own(const char *path, const char *name, struct kubeconfig *out, const struct kube_context **context,
			 struct err *err);
/* NULL where there is no such context. Borrowed. */
const struct kube_context *kubeconfig_find(const struct kubeconfig *config, const char *name);
void kubeconfig_release(struct kubeconfig *config);       /* NULL is fine */

bool kube_context_same(const struct kube_context *a, const struct kube_context *b);   /* every field */
void kube_context_copy(struct kube_context *to, const struct kube_context *from);     /* to: uninitialised */
void kube_context_release(struct kube_context *context);
